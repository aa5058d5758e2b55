"""Clients that say exactly what a test wants."""

import contextlib
import socket
import ssl
from collections.abc import Iterator

from tests.support.certificates import Authority
from tests.support.scripted import Scripted


@contextlib.contextmanager
def connected(server: Scripted) -> Iterator[socket.socket]:
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        yield client


def all_of(client: socket.socket) -> bytes:
    """Return everything up to the end of the connection."""
    return b"".join(iter(lambda: client.recv(65_536), b""))


def talk(server: Scripted, said: bytes) -> bytes:
    """Say everything at once, as a client that pipelines; return all that came back."""
    with connected(server) as client:
        client.sendall(said)
        client.shutdown(socket.SHUT_WR)
        return all_of(client)


def within_tls(authority: Authority, client: socket.socket) -> ssl.SSLSocket:
    return authority.context().wrap_socket(client, server_hostname="localhost")
