"""Multi-line responses as exact octets (RFC 1939 §3). Pure.

A response ends with a line that holds one dot; lines that begin with a dot
have it doubled. Only that is undone: a bare CR or LF inside stays what it is.
"""


class Unstuffer:
    """Takes a multi-line response in chunks of any size and gives its content back.

    `rest` is None until the end was seen, then what came behind it.
    """

    __slots__ = ("_foreign", "_held", "rest")

    def __init__(self) -> None:
        self._held = b"\r\n"  # the status line's end: the content may begin with the final dot
        self._foreign = len(self._held)  # octets of it that are still to be left out
        self.rest: bytes | None = None

    def feed(self, chunk: bytes) -> bytes:
        """Return the content that this chunk completes.

        Up to four octets are held back, since they may belong to the final CRLF.CRLF.
        """
        text = self._held + chunk
        end = text.find(b"\r\n.\r\n")
        if end >= 0:
            self.rest = text[end + 5 :]
            content = text[: end + 2]
        else:
            keep = _undecided(text)
            self._held = text[len(text) - keep :]
            content = text[: len(text) - keep]
        content = content.replace(b"\r\n..", b"\r\n.")
        left_out = min(self._foreign, len(content))
        self._foreign -= left_out
        return content[left_out:]


def _undecided(text: bytes) -> int:
    """Return how many octets at the end could begin CRLF.CRLF or a doubled dot."""
    for size in (4, 3, 2, 1):
        if text.endswith(b"\r\n.\r\n"[:size]):
            return size
    return 0
