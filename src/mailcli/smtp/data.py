"""Message data as DATA wants it: CRLF everywhere, dots doubled, a dot to end. Pure.

RFC 5321 §2.3.8 and §4.5.2. A bare CR or LF is taken as a line end, because a
server may take it as one too (SMTP smuggling, CVE-2023-51764). Works on chunks
of any size, so that no message is ever held whole.
"""

from collections.abc import Iterable, Iterator


def with_crlf(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same text with every line end, bare ones too, as CRLF."""
    held = b""
    for chunk in chunks:
        text = held + chunk
        held = b"\r" if text.endswith(b"\r") else b""  # its LF may open the next chunk
        ended = text[: len(text) - len(held)]
        yield ended.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if held:
        yield b"\r\n"


def as_data(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what follows DATA's 354 for a message with CRLF line ends, without the final dot.

    The last line is ended where the message did not end it.
    """
    tail = b"\r\n"
    for chunk in chunks:
        text = tail + chunk
        stuffed = text.replace(b"\r\n.", b"\r\n..")
        yield stuffed[len(tail) :]
        tail = text[-2:]
        if tail[-1:] != b"\n":  # only "\r\n" or a "\r" can begin what is looked for
            tail = b"\r" if tail[-1:] == b"\r" else b"x"
    if tail != b"\r\n":
        yield b"\r\n"


END = b".\r\n"
"""What ends the data (RFC 5321 §4.1.1.4)."""
