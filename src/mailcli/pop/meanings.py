"""What the lines of a POP3 conversation mean, for the trace."""

MEANINGS = {
    "C:CAPA": "ask what the server can do (RFC 2449)",
    "C:STLS": "ask to continue inside TLS (RFC 2595)",
    "C:AUTH": "prove who we are; the credential is masked (RFC 5034)",
    "C:USER": "the user's name (RFC 1939 §7)",
    "C:PASS": "the password, masked here",
    "C:APOP": "the user's name and a proof of the password (RFC 1939 §7)",
    "C:UTF8": "send messages as they are, not rewritten for ASCII (RFC 6856)",
    "C:STAT": "how many messages, how many octets (§5)",
    "C:LIST": "the size of each message (§5)",
    "C:UIDL": "the lasting name of each message: how a client knows what it has (§7)",
    "C:RETR": "fetch one message; it stays on the server (§5)",
    "C:DELE": "mark one for removal; nothing happens before QUIT (§5)",
    "C:RSET": "take all such marks back",
    "C:QUIT": "goodbye; only now does the server remove what was marked (§6)",
    "S:+OK": "yes",
    "S:-ERR": "no",
}
