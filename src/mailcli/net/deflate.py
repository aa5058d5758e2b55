"""Compression of a whole connection, both ways (RFC 4978): raw deflate (RFC 1951). No IO."""

import zlib

from mailcli.errors import ProtocolViolation

EMPTY_CAP = 1024 * 1024
"""Octets that may come in without one octet coming out."""


class Deflate:
    """Both directions of a connection; `received` is what came in already."""

    def __init__(self, received: bytes = b"") -> None:
        self._out = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        self._in = zlib.decompressobj(-zlib.MAX_WBITS)
        self._received = received
        self._empty = 0

    def deflate(self, data: bytes) -> bytes:
        """Compress what is sent, so that the other side can read all of it at once."""
        return self._out.compress(data) + self._out.flush(zlib.Z_SYNC_FLUSH)

    def feed(self, received: bytes) -> None:
        """Take what came in.

        Raises: ProtocolViolation when very much came that holds nothing.
        """
        self._received += received
        self._empty += len(received)
        if self._empty > EMPTY_CAP:
            raise ProtocolViolation("compressed data that hold nothing")

    def inflate(self, most: int) -> bytes:
        """Return up to `most` octets of what came in; none until more comes.

        However well they were compressed, no more than these are kept in memory.

        Raises: ProtocolViolation when it is not compressed, or the compression ended.
        """
        try:
            data = self._in.decompress(self._received, most)
        except zlib.error as exc:
            raise ProtocolViolation(f"the compressed data are damaged: {exc}") from exc
        self._received = self._in.unconsumed_tail
        if data:
            self._empty = 0
        elif self._in.eof:
            raise ProtocolViolation("the compression ended")
        return data
