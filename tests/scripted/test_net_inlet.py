"""Octets that come over TLS: those that are there are read together, and what follows is told."""

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Thread

import pytest

from mailcli.net.inlet import Inlet
from tests.scripted.sessions import NEVER
from tests.support.certificates import Authority

PIECE = b"0123456789"


class Pair:
    """Both ends of a connection: what the server has sent, the client can read at once."""

    def __init__(self, client: ssl.SSLSocket, server: ssl.SSLSocket) -> None:
        self.client, self.server = client, server
        self.inlet = Inlet()
        self.buffer = memoryview(bytearray(1000))

    def send(self, times: int) -> None:
        """Send so many TLS records."""
        for _ in range(times):
            self.server.sendall(PIECE)

    def receive(self) -> bytes:
        """Wait for the first octets that come."""
        return bytes(self.buffer[: self.inlet.receive(self.client, self.buffer, NEVER)])

    def receive_more(self, most: int = 1000) -> bytes:
        """Read what else is there."""
        return bytes(self.buffer[: self.inlet.receive_more(self.client, self.buffer[:most])])


@pytest.fixture
def pair(authority: Authority) -> Iterator[Pair]:
    """A connection with TLS between two ends of this process."""
    certificate = authority.server()
    here, there = socket.socketpair()
    accepting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    accepting.load_cert_chain(certificate.cert, certificate.key)
    accepting.num_tickets = 0
    accepted: list[ssl.SSLSocket] = []
    thread = Thread(target=lambda: accepted.append(accepting.wrap_socket(there, server_side=True)))
    thread.start()
    with ExitStack() as stack:
        client = authority.context().wrap_socket(here, server_hostname="localhost")
        stack.callback(client.close)
        thread.join()
        (server,) = accepted
        stack.callback(server.close)
        yield Pair(client, server)


def test_records_that_are_there_are_read_together(pair: Pair) -> None:
    pair.send(5)
    assert pair.receive() == PIECE
    assert pair.receive_more() == 4 * PIECE
    assert pair.receive_more() == b""


def test_no_more_is_read_than_there_is_room_for(pair: Pair) -> None:
    pair.send(5)
    assert pair.receive() == PIECE
    assert pair.receive_more(15) == PIECE + PIECE[:5]
    assert pair.receive_more() == PIECE[5:] + 2 * PIECE


def test_who_read_all_that_was_there_waits_for_what_comes(pair: Pair) -> None:
    pair.send(1)
    assert pair.receive() == PIECE
    assert pair.receive_more() == b""
    thread = Thread(target=pair.send, args=(1,))
    thread.start()
    assert pair.receive() == PIECE
    thread.join()


def test_what_came_whole_before_a_failure_is_had_first(pair: Pair) -> None:
    pair.send(3)
    os.write(pair.server.fileno(), b"no record at all")
    assert pair.receive() == PIECE
    assert pair.receive_more() == 2 * PIECE
    for _ in range(2):
        with pytest.raises(ssl.SSLError):
            pair.receive()


def test_what_came_before_the_end_is_had_first(pair: Pair) -> None:
    pair.send(2)
    pair.server.close()
    assert pair.receive() == PIECE
    assert pair.receive_more() == PIECE
    assert pair.receive() == b""


def test_plain_octets_are_not_waited_for_twice() -> None:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(PIECE)
        inlet, buffer = Inlet(), memoryview(bytearray(1000))
        assert inlet.receive(here, buffer, NEVER) == len(PIECE)
        assert inlet.receive_more(here, buffer) == 0
