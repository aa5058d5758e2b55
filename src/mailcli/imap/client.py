"""imaplib's client on our wire: of imaplib remain the life of a connection and the tags."""

import imaplib

from mailcli.net import Wire


class Client(imaplib.IMAP4):
    """imaplib's client, connected already; nothing but `tag` is asked of it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        super().__init__(wire.endpoint.host, wire.endpoint.port)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """Take the wire instead of connecting; it keeps its own time."""
        del host, port, timeout
        self.sock = self._wire  # type: ignore[assignment]  # all of a socket that is used

    def _connect(self) -> None:
        self.tagpre = "m"  # the greeting is read, and judged, by the connection

    def tag(self) -> bytes:
        """Return the next command's tag."""
        self.tagnum += 1
        return b"%s%d" % (self.tagpre.encode(), self.tagnum)
