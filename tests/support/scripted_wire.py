"""One connection of the scripted server: octets in, octets out, TLS on demand.

The socket stays a plain one and TLS runs beside it in memory, so that this end
decides what a well-behaved library does not let it: which octets leave in one
segment, whether TLS is closed before TCP is, and what was said before TLS.
Never raises for a client that has left; `left` tells.
"""

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from typing import Final

_CHUNK: Final = 65_536
_HANDSHAKE_RECORD: Final = b"\x16"  # ContentType handshake (RFC 8446 §5.1)
LONGEST_LINE: Final = 1_000_000  # octets; no client command is as long


class Cues:
    """What the threads of a server tell each other: named events, and that the test is over."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._given: set[str] = set()
        self._over = False
        self._awake, self._waker = socket.socketpair()

    @property
    def over(self) -> bool:
        """Whether the test has left the server's context."""
        return self._over

    def fileno(self) -> int:
        """Return a descriptor that is readable from the end of the test on."""
        return self._awake.fileno()

    def give(self, name: str) -> None:
        """Let all that wait for this event go on, now and later."""
        with self._changed:
            self._given.add(name)
            self._changed.notify_all()

    def wait(self, name: str, seconds: float) -> bool:
        """Wait for an event; return whether it came."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or name in self._given, seconds)
            return name in self._given

    def pause(self, seconds: float | None) -> None:
        """Wait for that long, or until the end of the test."""
        with self._changed:
            self._changed.wait_for(lambda: self._over, seconds)

    def end(self) -> None:
        """End every wait and every pause."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._waker.send(b"!")

    def close(self) -> None:
        """Give the descriptors back."""
        self._awake.close()
        self._waker.close()


class Wire:
    """The server's end of one TCP connection. `patience` bounds each wait, in seconds."""

    def __init__(self, connection: socket.socket, cues: Cues, *, patience: float) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(patience)
        self._socket = connection
        self._cues = cues
        self._patience = patience
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.buffer = bytearray()
        self.before_tls = bytearray()
        self.tls_established = False
        self.left = False  # a client may still read, but says no more
        self._unreachable = False  # nor does it read
        self.aborted = False
        self.gap = 0.0

    def line(self) -> bytes | None:
        """Return the client's next line with its end, without taking it; `None` once it left.

        Raises: `TimeoutError`.
        """
        deadline = time.monotonic() + self._patience
        while b"\n" not in self.buffer and len(self.buffer) < LONGEST_LINE:
            if self.left:
                return None
            self.fill(deadline)
        return bytes(self.buffer[: self.buffer.find(b"\n") + 1 or LONGEST_LINE])

    def take(self, octets: int) -> bytes:
        """Take that many octets, or as many as came before the client left.

        Raises: `TimeoutError`.
        """
        while len(self.buffer) < octets and not self.left:
            self.fill(time.monotonic() + self._patience)
        taken = bytes(self.buffer[:octets])
        del self.buffer[:octets]
        return taken

    def fill(self, deadline: float) -> None:
        """Wait for anything from the client.

        Raises: `TimeoutError` when nothing came by the deadline (monotonic seconds).
        """
        self._decrypt(self._receive(deadline))

    def linger(self, deadline: float | None = None, *, only_ready: bool = False) -> None:
        """Take in what the client says until it leaves, the deadline, or the end of the test."""
        while not self.left:
            seconds = None if deadline is None else max(0.0, deadline - time.monotonic())
            watched = (self._socket.fileno(), self._cues.fileno())
            ready = select.select(watched, [], [], 0 if only_ready else seconds)[0]
            if watched[0] not in ready:
                return
            self.fill(time.monotonic())

    def send(self, raw: bytes) -> None:
        """Send octets: in one piece, or one by one with a gap between them.

        Raises: `TimeoutError` when the client does not read.
        """
        for piece in self._pieces(raw):
            if self._tls is None:
                self._put(piece)
            else:
                with contextlib.suppress(ssl.SSLError):
                    self._tls.write(piece)
                self._put(self._outgoing.read())

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Shake hands. What the client sent already counts as the beginning of that.

        Raises: `ssl.SSLError` with the reason; `TimeoutError`.
        """
        early = bytes(self.buffer)
        self.buffer.clear()
        self._incoming.write(early)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        shaken = bytearray(early)
        try:
            self._shake_hands(self._tls, shaken)
        except ssl.SSLError:
            # A client that talks on in the clear must not get away with it.
            if not shaken.startswith(_HANDSHAKE_RECORD):
                self.before_tls += shaken[len(early) :]
            raise
        self.tls_established = True
        if early:
            del self.before_tls[-len(early) :]
        self._decrypt(None)

    def finish(self, *, notify: bool) -> None:
        """Say no more: FIN, under TLS after close_notify if asked (RFC 8446 §6.1)."""
        if self._tls is not None and notify:
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
            self._put(self._outgoing.read())
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close with RST, which throws away what the client has not read."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()
        self.left = self._unreachable = True

    def abort(self) -> None:
        """End every wait for the client; for another thread."""
        self.aborted = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _shake_hands(self, tls: ssl.SSLObject, shaken: bytearray) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                self._put_paced(self._outgoing.read())
                raw = self._receive(deadline)
                if not raw:
                    raise ssl.SSLEOFError("the client left during the handshake") from None
                shaken += raw
                self._incoming.write(raw)
            except ssl.SSLError:
                self._put(self._outgoing.read())  # the alert
                raise
            else:
                self._put_paced(self._outgoing.read())
                return

    def _receive(self, deadline: float) -> bytes:
        """Return what came, nothing once the client has left."""
        seconds = max(0.0, deadline - time.monotonic())
        if not select.select([self._socket], [], [], seconds)[0]:
            raise TimeoutError
        try:
            raw = self._socket.recv(_CHUNK)
        except OSError:  # a reset is one way to leave
            raw = b""
        self.left = self.left or not raw
        return raw

    def _decrypt(self, raw: bytes | None) -> None:
        """Put what the octets say into the buffer; `None` looks only at what came before."""
        if self._tls is None:
            self.before_tls += raw or b""
            self.buffer += raw or b""
            return
        if raw:
            self._incoming.write(raw)
        elif raw is not None:
            self._incoming.write_eof()
        try:
            while plain := self._tls.read(_CHUNK):
                self.buffer += plain
            self.left = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:  # close_notify, or an end without one
            self.left = True

    def _pieces(self, raw: bytes) -> Iterator[bytes]:
        if not self.gap:
            yield raw
            return
        for at in range(len(raw)):
            if self._unreachable:
                return
            yield raw[at : at + 1]
            self._cues.pause(self.gap)

    def _put_paced(self, raw: bytes) -> None:
        for piece in self._pieces(raw):
            self._put(piece)

    def _put(self, raw: bytes) -> None:
        if self._unreachable or not raw:
            return
        try:
            self._socket.sendall(raw)
        except TimeoutError:
            raise
        except OSError:
            self.left = self._unreachable = True
