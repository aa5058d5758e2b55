"""A first try without an account: loopback servers for all three protocols, and a tour.

SMTP is aiosmtpd's, the certificates are trustme's; POP3 and IMAP are our own
and do the least that a mail client needs. Nothing here is meant to serve
anybody but the person who started it: one mailbox, one user, 127.0.0.1 only,
and everything is removed at the end.
"""
