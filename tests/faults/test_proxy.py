"""The proxy does to a connection exactly what it was asked to."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from tests.support.proxy import FaultProxy


class Echo:
    """A server that sends back every line, from a thread of its own."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(wire,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, wire: socket.socket) -> None:
        with wire, wire.makefile("rb") as lines:
            try:
                for line in lines:
                    wire.sendall(line)
            except OSError:
                return

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.stop()


def _connect(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=20)


def _read_all(wire: socket.socket) -> bytes:
    with wire.makefile("rb") as stream:
        return stream.read()


def test_without_faults_everything_passes_and_is_counted(echo: Echo) -> None:
    with FaultProxy(echo.port) as proxy, _connect(proxy) as wire:
        big = b"x" * 1_000_000 + b"\n"
        with wire.makefile("rb") as lines:
            for line in (b"one\n", big):
                wire.sendall(line)
                assert lines.readline() == line
        wire.shutdown(socket.SHUT_WR)
        assert _read_all(wire) == b""

        assert proxy.connections == 1
        assert proxy.client_bytes == proxy.server_bytes == len(big) + 4
        assert not proxy.tripped.is_set()


def test_delay_is_felt_once_a_round_trip_and_turns_count_them(echo: Echo) -> None:
    with FaultProxy(echo.port, delay=0.02) as proxy, _connect(proxy) as wire:
        begun = time.monotonic()
        with wire.makefile("rb") as lines:
            for _ in range(3):
                wire.sendall(b"a\nb\nc\n")  # pipelined: one turn, however many lines
                assert [lines.readline() for _ in range(3)] == [b"a\n", b"b\n", b"c\n"]
        elapsed = time.monotonic() - begun

        assert proxy.turns == 3
        assert elapsed >= 3 * 2 * 0.02  # the lower bound cannot fail on a slow machine


def test_before_a_turn_from_which_it_is_far_nothing_is_delayed(echo: Echo) -> None:
    with (
        FaultProxy(echo.port, delay=3600, near=3) as proxy,
        _connect(proxy) as wire,
        wire.makefile("rb") as lines,
    ):
        for _ in range(2):
            wire.sendall(b"a\n")
            assert lines.readline() == b"a\n"
        proxy.delay = 0.02
        begun = time.monotonic()
        wire.sendall(b"b\n")
        assert lines.readline() == b"b\n"
        assert time.monotonic() - begun >= 2 * 0.02


@pytest.mark.parametrize("position", [0, 1, 5])
def test_cut_after_server_lets_exactly_so_many_octets_pass(echo: Echo, position: int) -> None:
    with FaultProxy(echo.port, cut_after_server=position) as proxy, _connect(proxy) as wire:
        wire.sendall(b"0123456789\n")

        assert _read_all(wire) == b"0123456789"[:position]
        assert proxy.tripped.wait(20)
        assert proxy.server_bytes == position


def test_cut_after_client_keeps_the_rest_from_the_server(echo: Echo) -> None:
    with FaultProxy(echo.port, cut_after_client=4) as proxy, _connect(proxy) as wire:
        wire.sendall(b"0123456789\n")

        assert _read_all(wire) == b""
        assert proxy.client_bytes == 4


def test_reset_is_seen_as_a_reset(echo: Echo) -> None:
    with FaultProxy(echo.port, cut_after_server=3, reset=True) as proxy, _connect(proxy) as wire:
        wire.sendall(b"0123456789\n")

        with pytest.raises(ConnectionResetError):
            _read_all(wire)


def test_stall_keeps_the_connection_open_and_silent(echo: Echo) -> None:
    with FaultProxy(echo.port, stall_after_server=3) as proxy, _connect(proxy) as wire:
        wire.sendall(b"0123456789\n")
        assert proxy.tripped.wait(20)
        with wire.makefile("rb") as stream:
            assert stream.read(3) == b"012"

        wire.settimeout(0.05)
        with pytest.raises(TimeoutError):
            wire.recv(1)


def test_stall_after_client_keeps_the_rest_from_the_server(echo: Echo) -> None:
    with FaultProxy(echo.port, stall_after_client=4) as proxy, _connect(proxy) as wire:
        wire.sendall(b"abc\ndef\n")
        with wire.makefile("rb") as stream:
            assert stream.read(4) == b"abc\n"

        assert proxy.client_bytes == 4


def test_dribble_holds_the_next_octet_back(echo: Echo) -> None:
    with FaultProxy(echo.port, dribble=600) as proxy, _connect(proxy) as wire:
        wire.sendall(b"0123\n")

        assert wire.recv(100) == b"0"


def test_dribble_sends_everything_in_the_end(echo: Echo) -> None:
    with FaultProxy(echo.port, dribble=0.001) as proxy, _connect(proxy) as wire:
        wire.sendall(b"0123\n")
        wire.shutdown(socket.SHUT_WR)

        assert _read_all(wire) == b"0123\n"


@pytest.mark.parametrize(
    ("faulty", "spared", "expected"),
    [
        pytest.param(1, 0, [b"a", b"ab\n"], id="the first suffer"),
        pytest.param(None, 1, [b"ab\n", b"a"], id="the first are spared"),
    ],
)
def test_only_some_connections_suffer(
    echo: Echo, faulty: int | None, spared: int, expected: list[bytes]
) -> None:
    with FaultProxy(echo.port, cut_after_server=1, faulty=faulty, spared=spared) as proxy:
        seen = []
        for _ in range(2):
            with _connect(proxy) as wire:
                wire.sendall(b"ab\n")
                wire.shutdown(socket.SHUT_WR)
                seen.append(_read_all(wire))

        assert seen == expected


def test_sever_cuts_what_is_open(echo: Echo) -> None:
    with FaultProxy(echo.port) as proxy, _connect(proxy) as wire:
        wire.sendall(b"ab\n")
        with wire.makefile("rb") as stream:
            assert stream.readline() == b"ab\n"

            proxy.sever()

            assert stream.read() == b""


def test_a_server_that_is_not_there_ends_the_connection(echo: Echo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with FaultProxy(port) as proxy, _connect(proxy) as wire:
        assert wire.recv(1) == b""


def test_leaving_the_proxy_ends_its_threads_and_its_port(echo: Echo) -> None:
    with FaultProxy(echo.port) as proxy:
        wire = _connect(proxy)
        wire.sendall(b"ab\n")
        assert wire.recv(3) == b"ab\n"

    assert wire.recv(1) == b""
    wire.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "fault-proxy"]
    with pytest.raises(ConnectionRefusedError):
        _connect(proxy)
