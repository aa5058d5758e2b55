"""Synchronisation as a pure decision: what both sides were and are goes in, actions come out."""
