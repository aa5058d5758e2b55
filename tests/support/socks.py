"""A SOCKS5 proxy on loopback (RFC 1928): no login, CONNECT to a name or an address."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class SocksProxy:
    """A running proxy: where it listens, and which names and ports it was asked for."""

    port: int
    asked: list[tuple[str, int]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"socks5://127.0.0.1:{self.port}"


@contextmanager
def socks_proxy(target_host: str = "127.0.0.1") -> Iterator[SocksProxy]:
    """Run a proxy that sends every connection to `target_host`, whatever name was asked for."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = SocksProxy(listener.getsockname()[1])
        threads: list[threading.Thread] = []

        def accept() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                thread = threading.Thread(target=_serve, args=(client, proxy, target_host))
                thread.start()
                threads.append(thread)

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for thread in threads:
                thread.join()


def _serve(client: socket.socket, proxy: SocksProxy, target_host: str) -> None:
    with client:
        _version, methods = _exactly(client, 2)
        _exactly(client, methods)
        client.sendall(b"\x05\x00")
        host, port = _request(client)
        proxy.asked.append((host, port))
        with socket.create_connection((target_host, port)) as server:
            client.sendall(b"\x05\x00\x00\x01" + bytes(6))
            back = threading.Thread(target=_pump, args=(server, client))
            back.start()
            _pump(client, server)
            back.join()


def _request(client: socket.socket) -> tuple[str, int]:
    _, _, _, kind = _exactly(client, 4)
    if kind == 3:
        host = _exactly(client, _exactly(client, 1)[0]).decode("ascii")
    else:
        host = socket.inet_ntoa(_exactly(client, 4))
    (port,) = struct.unpack("!H", _exactly(client, 2))
    return host, port


def _exactly(source: socket.socket, size: int) -> bytes:
    octets = b""
    while len(octets) < size:
        chunk = source.recv(size - len(octets))
        if not chunk:
            raise ConnectionError("the client went away")
        octets += chunk
    return octets


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other side is gone: so is this one
