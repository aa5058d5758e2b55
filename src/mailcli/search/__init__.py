"""Searching: what people type becomes a query, and a query the search keys of a server. Pure."""
