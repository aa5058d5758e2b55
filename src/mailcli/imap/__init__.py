"""IMAP4rev1 (RFC 3501): mail stays on the server, in folders that many devices share."""
