"""mailcli: one command-line mail client for SMTP, POP3 and IMAP."""

__version__ = "0.1.0"
