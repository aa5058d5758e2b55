"""A TCP proxy on loopback that makes a good network bad, and counts what crosses it.

It delays (with full bandwidth), cuts, resets, stalls or dribbles at an exact
octet. It never reads what it carries: with TLS the positions are those of
the encrypted stream. Positions count per connection and direction.
"""

import contextlib
import queue
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_CHUNK = 1 << 16
_UNDER_WAY = 1024
"""Chunks that may be under way in each direction: more than any bandwidth times delay here."""

_RST_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for no time (socket(7))."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """What happens to one direction of a connection."""

    cut: int | None = None
    stall: int | None = None
    dribble: float | None = None


class FaultProxy:
    """Forward loopback connections to a port, with faults; a context manager.

    `delay` is one way, in seconds: a round trip grows by twice that; what comes before
    turn `near` of a connection, such as TLS and the login, is not delayed. A cut
    ends the connection once so many octets of one direction have passed, by
    FIN, or by RST with `reset`. A stall lets that many pass, then nothing
    more, and keeps the connection open. `dribble` forwards the server's
    octets one by one, so many seconds apart. With `faulty`, only that many
    connections, the first ones, suffer a fault, and with `spared` the first so many do not; all
    are delayed.

    `client_bytes` and `server_bytes` count what was forwarded, `turns` how
    often a client spoke after its server had: with a delay, the round trips.
    `tripped` is set when a cut or a stall has struck.
    """

    def __init__(
        self,
        target_port: int,
        *,
        delay: float = 0.0,
        near: int = 0,
        cut_after_client: int | None = None,
        cut_after_server: int | None = None,
        stall_after_client: int | None = None,
        stall_after_server: int | None = None,
        dribble: float | None = None,
        reset: bool = False,
        faulty: int | None = None,
        spared: int = 0,
    ) -> None:
        self.client_bytes = 0
        self.server_bytes = 0
        self.turns = 0
        self.connections = 0
        self.tripped = threading.Event()
        self.delay = delay
        self.near = near
        self.reset = reset
        self._client_fault = _Fault(cut_after_client, stall_after_client)
        self._server_fault = _Fault(cut_after_server, stall_after_server, dribble)
        self._faulty, self._spared = faulty, spared
        self._target_port = target_port
        self._lock = threading.Lock()
        self._open: set[_Connection] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # ends the accept that waits
        self._threads[0].join()
        self._listener.close()
        self.sever()
        for thread in self._threads:
            thread.join()

    def sever(self) -> None:
        """Cut every connection that is open now."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            connection.cut(reset=False)

    def count(self, *, client: int = 0, server: int = 0, turns: int = 0) -> None:
        """Add to the counters; called by the connections."""
        with self._lock:
            self.client_bytes += client
            self.server_bytes += server
            self.turns += turns

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._carry(near)

    def _carry(self, near: socket.socket) -> None:
        self.connections += 1
        suffers = self._faulty is None or self.connections <= self._faulty
        suffers = suffers and self.connections > self._spared
        try:
            far = socket.create_connection(("127.0.0.1", self._target_port))
        except OSError:
            near.close()
            return
        faults = (self._client_fault, self._server_fault) if suffers else (_Fault(), _Fault())
        connection = _Connection(self, near, far, faults=faults)
        with self._lock:
            self._open.add(connection)
        self._spawn(lambda: self._run(connection))

    def _run(self, connection: "_Connection") -> None:
        connection.run()
        with self._lock:
            self._open.discard(connection)

    def _spawn(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name="fault-proxy", daemon=True)
        self._threads.append(thread)
        thread.start()


class _Connection:
    """One client's connection and the one to the server that belongs to it."""

    def __init__(
        self,
        proxy: FaultProxy,
        near: socket.socket,
        far: socket.socket,
        *,
        faults: tuple[_Fault, _Fault],
    ) -> None:
        self.proxy = proxy
        self.over = threading.Event()
        self._ends = (near, far)
        self._server_spoke = True
        self._turns = 0
        for end in self._ends:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._directions = (
            _Direction(self, near, far, fault=faults[0], is_client=True),
            _Direction(self, far, near, fault=faults[1], is_client=False),
        )

    def run(self) -> None:
        """Carry both directions until both have ended, then close."""
        steps = [step for way in self._directions for step in (way.read, way.deliver)]
        threads = [
            threading.Thread(target=step, name="fault-proxy", daemon=True) for step in steps
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for end in self._ends:
            end.close()

    def cut(self, *, reset: bool) -> None:
        """End both sides now. A reset goes out when the last thread has let go."""
        self.over.set()
        for end in self._ends:
            with contextlib.suppress(OSError):
                if reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
                end.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)

    @property
    def delay(self) -> float:
        """How long what is read now is kept, in seconds."""
        return self.proxy.delay if self._turns >= self.proxy.near else 0.0

    def heard(self, *, is_client: bool) -> None:
        """Note who spoke, to count the turns."""
        if is_client and self._server_spoke:
            self._turns += 1
            self.proxy.count(turns=1)
        self._server_spoke = not is_client


class _Direction:
    """One direction: what is read is delivered `delay` later, until a fault strikes."""

    def __init__(
        self,
        connection: _Connection,
        source: socket.socket,
        sink: socket.socket,
        *,
        fault: _Fault,
        is_client: bool,
    ) -> None:
        self._connection = connection
        self._source = source
        self._sink = sink
        self._fault = fault
        self._is_client = is_client
        self._passed = 0
        self._stalled = False
        self._chunks: queue.Queue[tuple[float, bytes]] = queue.Queue(_UNDER_WAY)

    def read(self) -> None:
        """Queue what arrives, with the time when it is due; nothing means the end."""
        chunk = b"-"
        while chunk:
            try:
                chunk = self._source.recv(_CHUNK)
            except OSError:
                chunk = b""
            if chunk:
                self._connection.heard(is_client=self._is_client)
            self._chunks.put((time.monotonic() + self._connection.delay, chunk))

    def deliver(self) -> None:
        """Forward what is due; once a fault has struck, take and forget."""
        self._strike()
        while (item := self._chunks.get())[1]:
            self._wait_until(item[0])
            for piece in self._pieces(item[1]):
                self._forward(piece)
        self._wait_until(item[0])
        if not self._is_deaf():
            with contextlib.suppress(OSError):
                self._sink.shutdown(socket.SHUT_WR)

    def _is_deaf(self) -> bool:
        return self._stalled or self._connection.over.is_set()

    def _wait_until(self, due: float) -> None:
        remaining = due - time.monotonic()
        if remaining > 0:
            self._connection.over.wait(remaining)

    def _pieces(self, chunk: bytes) -> list[bytes]:
        if self._fault.dribble is None:
            return [chunk]
        return [chunk[at : at + 1] for at in range(len(chunk))]

    def _forward(self, piece: bytes) -> None:
        if self._is_deaf():
            return
        positions = [at for at in (self._fault.cut, self._fault.stall) if at is not None]
        piece = piece[: min(positions, default=self._passed + len(piece)) - self._passed]
        try:
            self._sink.sendall(piece)
        except OSError:
            self._connection.cut(reset=False)
            return
        self._passed += len(piece)
        self._connection.proxy.count(**{"client" if self._is_client else "server": len(piece)})
        self._strike()
        if self._fault.dribble is not None:
            self._connection.over.wait(self._fault.dribble)

    def _strike(self) -> None:
        proxy = self._connection.proxy
        if self._passed == self._fault.cut:
            self._connection.cut(reset=proxy.reset)
            proxy.tripped.set()
        elif self._passed == self._fault.stall:
            self._stalled = True
            proxy.tripped.set()
