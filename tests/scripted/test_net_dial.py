"""Dialling: from a name to one connected socket, within the time-out."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mailcli.errors import Exit, HostUnknown, TemporaryFailure
from mailcli.model import Endpoint, Protocol, TlsMode, TlsPolicy
from mailcli.net.dial import dial
from tests.scripted.sessions import NEVER, SOON

_Addresses = list[tuple[Any, ...]]
Resolve = Callable[[_Addresses | OSError], None]


def _at(port: int, host: str = "mail.example.test") -> Endpoint:
    return Endpoint(Protocol.IMAP, host, port, TlsPolicy(TlsMode.NONE))


def _ipv4(port: int) -> tuple[Any, ...]:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Return a function that settles what every name resolves to."""

    def settle(answer: _Addresses | OSError) -> None:
        def look_up(*_: object, **__: object) -> _Addresses:
            if isinstance(answer, OSError):
                raise answer
            return answer

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return settle


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def _mute_address() -> Iterator[int]:
    """A port that neither takes nor refuses a connection: its queue is full."""
    with socket.socket() as server, contextlib.ExitStack() as clients:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield int(server.getsockname()[1])


def test_a_refused_connection_is_temporary_and_names_the_server(closed_port: int) -> None:
    with pytest.raises(TemporaryFailure, match=rf"127\.0\.0\.1:{closed_port}.*refused"):
        dial(_at(closed_port, "127.0.0.1"), timeout=NEVER)


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_NODATA], ids=["noname", "nodata"])
def test_a_name_that_does_not_exist_is_told_as_such(resolve: Resolve, code: int) -> None:
    resolve(socket.gaierror(code, "Name or service not known"))
    with pytest.raises(HostUnknown, match=r"mail\.example\.test") as caught:
        dial(_at(993), timeout=NEVER)
    assert caught.value.exit_code is Exit.HOST


def test_a_name_that_no_resolver_takes_is_unknown() -> None:
    with pytest.raises(HostUnknown):
        dial(_at(993, "a" * 70 + ".localhost"), timeout=NEVER)


def test_a_resolver_that_fails_for_now_is_temporary(resolve: Resolve) -> None:
    resolve(socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"))
    with pytest.raises(TemporaryFailure, match="name lookup failed: Temporary failure"):
        dial(_at(993), timeout=NEVER)


def test_a_resolver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait() and [])
    with pytest.raises(TemporaryFailure, match="name server does not answer"):
        dial(_at(993), timeout=SOON)
    over.set()


def test_the_second_address_is_tried_when_the_first_refuses(
    resolve: Resolve, listener: socket.socket, closed_port: int
) -> None:
    port = listener.getsockname()[1]
    resolve([_ipv4(closed_port), _ipv4(port)])
    with dial(_at(993), timeout=NEVER) as sock:
        assert sock.getpeername()[1] == port


def test_the_second_address_is_tried_when_the_first_is_mute(
    resolve: Resolve, listener: socket.socket
) -> None:
    port = listener.getsockname()[1]
    with _mute_address() as mute:
        resolve([_ipv4(mute), _ipv4(port)])
        with dial(_at(993), timeout=NEVER) as sock:
            assert sock.getpeername()[1] == port


def test_an_address_that_fails_at_once_costs_no_waiting(
    resolve: Resolve, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailcli.net.dial.STAGGER", 10 * NEVER)
    no_such_family = (255, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))
    resolve([no_such_family, _ipv4(listener.getsockname()[1])])
    with dial(_at(993), timeout=NEVER) as sock:
        assert sock.getpeername() == listener.getsockname()


def test_a_mute_server_is_given_up_in_time(resolve: Resolve) -> None:
    with _mute_address() as mute:
        resolve([_ipv4(mute)])
        with pytest.raises(TemporaryFailure, match="no answer in time"):
            dial(_at(993), timeout=SOON)


def test_every_address_refusing_is_told_with_the_reason(
    resolve: Resolve, closed_port: int
) -> None:
    resolve([_ipv4(closed_port), (255, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))])
    with pytest.raises(TemporaryFailure, match="cannot connect"):
        dial(_at(993), timeout=NEVER)


def test_an_ipv6_address_is_dialled_and_written_in_brackets() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        place = _at(server.getsockname()[1], "::1")
        with dial(place, timeout=NEVER) as sock:
            assert sock.family is socket.AF_INET6
    with pytest.raises(TemporaryFailure, match=r"\[::1\]:"):
        dial(place, timeout=NEVER)
