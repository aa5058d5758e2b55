"""Dialling: names to addresses to one connected TCP socket, within a deadline.

Addresses are tried in the resolver's order, the next one starting when the
one before failed or is slow; the first that answers wins (RFC 8305, in plain
form). A SOCKS5 proxy, where configured, resolves the name itself.
"""

import contextlib
import errno
import os
import selectors
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from mailcli.errors import ConfigError, HostUnknown, MailError, TemporaryFailure
from mailcli.model import Endpoint
from mailcli.net.deadline import Deadline

STAGGER = 0.25
"""Seconds that one address has before the next is tried beside it (RFC 8305 §5)."""

_UNKNOWN = {
    getattr(socket, name)
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY")
    if hasattr(socket, name)
}

_Address = tuple[int, int, int, str, tuple[Any, ...]]  # what getaddrinfo gives, by family


def dial(endpoint: Endpoint, *, timeout: float) -> socket.socket:
    """Connect to the endpoint within `timeout` seconds, name resolution included.

    Raises: HostUnknown (68) for a name that does not exist,
        TemporaryFailure (75) when nothing answers.
    """
    deadline = Deadline(timeout)
    if endpoint.proxy:
        sock = _through_proxy(endpoint, endpoint.proxy, deadline)
    else:
        sock = _race(endpoint, resolve(endpoint, deadline), deadline)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def resolve(endpoint: Endpoint, deadline: Deadline) -> Sequence[_Address]:
    """Look the host name up; in a thread, since the resolver knows no time-out of ours."""
    answers: list[Sequence[_Address] | OSError | UnicodeError] = []
    host = encoded(endpoint.host)

    def look_up() -> None:
        try:
            answers.append(socket.getaddrinfo(host, endpoint.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as exc:
            answers.append(exc)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(deadline.remaining())
    if not answers:
        raise TemporaryFailure(f"{endpoint}: the name server does not answer")
    found = answers[0]
    if isinstance(found, OSError | UnicodeError):
        raise _lookup_error(endpoint, found) from found
    return found


def encoded(host: str) -> bytes | str:
    """Return an ordinary host name as octets, so that Python need not load its codec for names.

    Any other stays text, for the codec to encode or refuse: labels have 1 to 63 octets.
    """
    labels = host.removesuffix(".").split(".")
    is_ordinary = host.isascii() and all(0 < len(label) < 64 for label in labels)
    return host.encode("ascii") if is_ordinary else host


def _lookup_error(endpoint: Endpoint, exc: OSError | UnicodeError) -> MailError:
    if isinstance(exc, UnicodeError) or exc.errno in _UNKNOWN:
        return HostUnknown(
            f"host name {endpoint.host!r} is unknown", hint="check host in the configuration"
        )
    return TemporaryFailure(f"{endpoint}: name lookup failed: {exc.strerror}")


def _race(endpoint: Endpoint, addresses: Sequence[_Address], deadline: Deadline) -> socket.socket:
    """Connect to the first address that answers; later ones start while it is slow."""
    waiting = iter(addresses)
    failure: OSError | None = None
    with contextlib.closing(selectors.DefaultSelector()) as selector, _losers(selector):
        while True:
            started, refused = _start_next(waiting, selector)
            if refused:  # such as IPv6 without a route: nothing to wait for
                failure = refused
                continue
            if not started and not selector.get_map():
                raise _unreachable(endpoint, failure)
            patience = min(STAGGER, deadline.remaining()) if started else deadline.remaining()
            for key, _ in selector.select(patience):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)  # noqa: S101 - for the type checker
                selector.unregister(sock)
                if not (code := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
                    return sock
                sock.close()
                failure = OSError(code, os.strerror(code))
            if deadline.passed():
                raise _unreachable(endpoint, failure)


def _start_next(
    waiting: Iterator[_Address], selector: selectors.BaseSelector
) -> tuple[bool, OSError | None]:
    """Begin connecting to the next address: whether one was left, and why it failed at once."""
    entry = next(waiting, None)
    if entry is None:
        return False, None
    family, kind, number, _, address = entry
    try:
        sock = socket.socket(family, kind, number)
    except OSError as exc:  # such as IPv6 switched off
        return True, exc
    sock.setblocking(False)
    code = sock.connect_ex(address)
    if code in (0, errno.EINPROGRESS):
        selector.register(sock, selectors.EVENT_WRITE)
        return True, None
    sock.close()
    return True, OSError(code, os.strerror(code))


@contextlib.contextmanager
def _losers(selector: selectors.BaseSelector) -> Iterator[None]:
    """Close every connection that is still being tried when the race is over."""
    try:
        yield
    finally:
        for key in list(selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)  # noqa: S101 - for the type checker
            key.fileobj.close()


def _unreachable(endpoint: Endpoint, failure: OSError | None) -> MailError:
    why = failure.strerror if failure else "no answer in time"
    return TemporaryFailure(
        f"{endpoint}: cannot connect: {why}", hint="check host and port, or try again later"
    )


def _through_proxy(endpoint: Endpoint, url: str, deadline: Deadline) -> socket.socket:
    try:
        from python_socks import ProxyError
        from python_socks.sync import Proxy
    except ImportError:
        raise ConfigError(
            f"{endpoint}: proxy needs the package python-socks",
            hint="install mailcli with its extra: pip install '.[socks]' in a checkout",
        ) from None
    try:
        sock = Proxy.from_url(url, rdns=True).connect(
            dest_host=endpoint.host, dest_port=endpoint.port, timeout=deadline.remaining()
        )
    except (OSError, ProxyError) as exc:
        raise TemporaryFailure(f"{endpoint}: the proxy cannot connect: {exc}") from exc
    except ValueError as exc:
        raise ConfigError(f"{endpoint}: proxy is not usable: {exc}") from exc
    assert isinstance(sock, socket.socket)  # noqa: S101 - python_socks is untyped at its edge
    return sock
