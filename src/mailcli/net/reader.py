"""The reader of a wire: whole lines and literals, capped and traced, as mail clients want them.

It keeps what came too early, and can tell whether anything did; the wire fills it.
"""

import contextlib
import io
from collections.abc import Iterator
from typing import Protocol

from mailcli.errors import MailError
from mailcli.net.trace import Trace


class Source(Protocol):
    """What a reader reads from: a wire."""

    trace: Trace

    def receive_into(self, buffer: memoryview) -> int:
        """Fill a buffer with at least one octet."""

    def receive_soon(self, buffer: memoryview, seconds: float) -> int | None:
        """Fill a buffer with at least one octet; None where nothing comes in time."""

    def violation(self, why: str) -> MailError:
        """Return the error for a server that breaks the protocol."""

    def close(self) -> None:
        """Close the connection."""


class _Raw(io.RawIOBase):
    """What BufferedReader reads from; can be told to stop at what is buffered, or to wait less."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.patience: float | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int | None:
        assert isinstance(buffer, memoryview | bytearray)  # noqa: S101 - BufferedReader's own
        if self.patience is None:
            return self._source.receive_into(memoryview(buffer))
        if not self.patience:
            return None
        return self._source.receive_soon(memoryview(buffer), self.patience)


class Reader:
    """The reader that the standard library's clients see: lines are traced and capped."""

    def __init__(self, source: Source, *, buffer: int, line_cap: int) -> None:
        self._raw = _Raw(source)
        self._buffered = io.BufferedReader(self._raw, buffer)
        self._source = source
        self._line_cap = line_cap

    def readline(self, limit: int = -1) -> bytes:
        """Return one whole line with its CRLF.

        The caller's limit is ignored: smtplib's and poplib's are below what servers send.

        Raises: ProtocolViolation (76) above the cap.
        """
        del limit
        line = self.read_line_quietly()
        self._source.trace.received(line)
        return line

    def read_line_quietly(self) -> bytes:
        """Return one line of a transfer, which the trace does not show."""
        line = self._buffered.readline(self._line_cap + 1)
        if len(line) > self._line_cap:
            self._source.close()
            raise self._source.violation(f"a line is longer than {self._line_cap:,} octets")
        return line

    def read(self, size: int) -> bytes:
        """Return exactly `size` octets."""
        return self._buffered.read(size)

    def read_some(self, size: int) -> bytes:
        """Return between one and `size` octets, whatever comes first."""
        return self._buffered.read1(size)

    def pending(self) -> bool:
        """Return whether octets are buffered that nobody has read."""
        return self.arrives_within(0)

    def arrives_within(self, seconds: float) -> bool:
        """Wait until something is buffered, or the seconds are over; return whether it is."""
        with self._patient(seconds):
            return bool(self._buffered.peek(1))

    def take_pending(self) -> bytes:
        """Return what is buffered, and keep nothing."""
        with self._patient(0):
            return self._buffered.read(len(self._buffered.peek(1)))

    def close(self) -> None:
        """Do nothing: the wire owns the socket."""

    @contextlib.contextmanager
    def _patient(self, seconds: float) -> Iterator[None]:
        self._raw.patience = seconds
        try:
            yield
        finally:
            self._raw.patience = None
