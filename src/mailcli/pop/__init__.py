"""POP3 (RFC 1939): takes mail home from one maildrop; knows no folders and no flags."""
