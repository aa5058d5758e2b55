"""A proxy between mailcli and a real IMAP server that changes what either of them says.

What a server would never say, or only a broken one, said at one place of a
conversation that is otherwise real. Lines are changed; literals pass as they are.
Loopback without TLS.
"""

import contextlib
import re
import socket
import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import BinaryIO, Self

Change = Callable[[bytes], bytes]
"""Takes a line with its CRLF and returns what goes on in its place; may raise Hangup."""

_LITERAL = re.compile(rb"\{(\d+)\+?\}\r\n$")


class Hangup(Exception):
    """Ends a connection: raised by a Change with the octets that are still to be sent."""


def unchanged(line: bytes) -> bytes:
    """Let a line pass as it is."""
    return line


class Liar:
    """Forwards loopback connections to a port; a context manager.

    `told` changes what the server says, `asked` what the client says; both may be replaced
    between runs.
    """

    def __init__(self, target_port: int) -> None:
        self.told: Change = unchanged
        self.asked: Change = unchanged
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _end(self._listener)  # ends the accept that waits
        self._threads[0].join()
        for each in self._sockets:
            _end(each)
        for thread in self._threads:
            thread.join()
        for each in (*self._sockets, self._listener):
            each.close()

    def honest(self) -> None:
        """Change nothing any more."""
        self.told = self.asked = unchanged

    def _tell(self, line: bytes) -> bytes:
        return self.told(line)

    def _ask(self, line: bytes) -> bytes:
        return self.asked(line)

    def _start(self, work: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=work, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target_port))
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += [client, server]
            self._start(partial(_carry, server, client, self._tell))
            self._start(partial(_carry, client, server, self._ask))


def _carry(source: socket.socket, sink: socket.socket, change: Change) -> None:
    """Carry one direction of a connection until it ends."""
    with contextlib.suppress(OSError), source.makefile("rb") as stream:
        try:
            for line in iter(stream.readline, b""):
                sink.sendall(change(line))
                _pass_literal(line, stream, sink)
        except Hangup as end:
            sink.sendall(end.args[0])
    _end(sink)
    _end(source)


def _pass_literal(line: bytes, stream: BinaryIO, sink: socket.socket) -> None:
    announced = _LITERAL.search(line)
    left = int(announced[1]) if announced else 0
    while left and (chunk := stream.read(min(left, 65_536))):
        sink.sendall(chunk)
        left -= len(chunk)


def _end(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
