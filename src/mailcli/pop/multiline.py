"""Multi-line responses as exact octets (RFC 1939 §3). Pure.

A response ends with a line that holds one dot; lines that begin with a dot
have it doubled. Only that is undone: a bare CR or LF inside stays what it is.
"""

_END = b"\r\n.\r\n"


class Unstuffer:
    """Takes a multi-line response in chunks of any size and gives its content back.

    It begins with the CRLF of the status line, since the content may begin with the final
    dot. `end` is None until the end was seen, then where it is in the chunk given last.
    """

    __slots__ = ("_foreign", "_held", "end")

    def __init__(self) -> None:
        self._held = b""
        self._foreign = 2  # octets that are to be left out: the status line's CRLF
        self.end: int | None = None

    def feed(self, chunk: bytes, start: int = 0) -> bytes:
        """Return the content that the chunk completes from `start` on.

        Up to four octets are held back, since they may belong to the final CRLF.CRLF.
        """
        held = len(self._held)
        text = self._held + chunk[start:] if held else chunk
        begin = 0 if held else start
        found = text.find(_END, begin)
        if found >= 0:
            stop = found + 2
            self.end = found + len(_END) + (start - held if held else 0)
        else:
            stop = len(text) - _undecided(text, begin)
            self._held = text[stop:]
        content = text[begin:stop].replace(b"\r\n..", b"\r\n.")
        left_out = min(self._foreign, len(content))
        self._foreign -= left_out
        return content[left_out:]


def _undecided(text: bytes, begin: int) -> int:
    """Return how many octets at the end could begin CRLF.CRLF or a doubled dot."""
    for size in (4, 3, 2, 1):
        if text.endswith(_END[:size], begin):
            return size
    return 0
