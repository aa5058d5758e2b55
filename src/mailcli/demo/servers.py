"""The three servers, running: one event loop in a thread, TLS from the first octet.

They listen on 127.0.0.1 and nowhere else. The certificate comes from a
throw-away authority whose key never leaves memory.
"""

import asyncio
import contextlib
import errno
import logging
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from mailcli.demo.imap_server import ImapSession
from mailcli.demo.mailbox import DemoUser, Mailbox
from mailcli.demo.pop3_server import Maildrop, Pop3Session
from mailcli.errors import CannotCreate, ConfigError

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP

HOST = "127.0.0.1"
_log = logging.getLogger(__name__)
_PATIENCE = 10.0
"""Seconds for the loop to start or to end something; it takes milliseconds."""

T = TypeVar("T")
_Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the servers listen; 0 lets the system choose."""

    smtp: int = 0
    pop: int = 0
    imap: int = 0

    @classmethod
    def above(cls, base: int) -> "Ports":
        """Return the well-known ports of the three, counted from a base."""
        return cls(base + 465, base + 995, base + 993)


@dataclass(frozen=True, slots=True)
class Servers:
    """What a client must know: the ports, and the authority to trust, in PEM."""

    ports: Ports
    ca_pem: bytes


def need_extra() -> None:
    """Go on only where the packages of the extra `demo` are installed.

    Raises:
        ConfigError: they are not.
    """
    missing = [name for name in ("aiosmtpd", "trustme") if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"the demo needs packages that are not installed: {', '.join(missing)}",
            hint="in a checkout of mailcli's repository: pip install '.[demo]'",
        )


@contextlib.contextmanager
def serving(mailbox: Mailbox, user: DemoUser, *, ports: Ports | None = None) -> Iterator[Servers]:
    """Run the three servers over one mailbox until the block ends.

    Raises:
        ConfigError: the extra `demo` is not installed.
        CannotCreate: a port is taken.
    """
    need_extra()
    authority, context = _certificate()
    with _loop_in_thread() as loop:
        call = partial(_call, loop)
        house = _House(mailbox, user, context)
        try:
            found = call(house.open(ports or Ports()))
            yield Servers(found, authority)
        finally:
            call(house.close())


class _House:
    """The listening sockets and their connections. Lives in the loop."""

    def __init__(self, mailbox: Mailbox, user: DemoUser, context: ssl.SSLContext) -> None:
        self._mailbox = mailbox
        self._user = user
        self._context = context
        self._servers: list[asyncio.Server] = []
        self._smtp: WeakSet[SMTP] = WeakSet()

    async def open(self, ports: Ports) -> Ports:
        """Start all three and return their ports."""
        from mailcli.demo.smtp_server import smtp_protocol

        loop = asyncio.get_running_loop()
        loop.set_exception_handler(
            lambda _, told: _log.debug("%s", told)
        )  # a client that broke off
        maildrop = Maildrop(self._mailbox)
        pop = partial(Pop3Session, maildrop=maildrop, user=self._user)
        imap = partial(ImapSession, mailbox=self._mailbox, user=self._user)
        make = smtp_protocol(self._mailbox, self._user, loop)

        def smtp() -> asyncio.BaseProtocol:
            made = make()
            self._smtp.add(made)
            return made

        return Ports(
            await self._listen(ports.smtp, partial(loop.create_server, smtp)),
            await self._listen(ports.pop, partial(asyncio.start_server, _connected(pop))),
            await self._listen(ports.imap, partial(asyncio.start_server, _connected(imap))),
        )

    async def _listen(self, port: int, start: Callable[..., Awaitable[asyncio.Server]]) -> int:
        try:
            server = await start(host=HOST, port=port, ssl=self._context)
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
            raise CannotCreate(
                f"cannot listen on {HOST}, port {port}: it is taken or not ours to take",
                hint="choose another --port-base, or none at all",
            ) from None
        self._servers.append(server)
        port_found: int = server.sockets[0].getsockname()[1]
        return port_found

    async def close(self) -> None:
        """Stop listening, and end the connections that are left."""
        for server in self._servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        for connection in self._smtp:
            if isinstance(connection.transport, asyncio.Transport):
                connection.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)


def _connected(session: Callable[..., ImapSession | Pop3Session]) -> _Connected:
    """Return what runs one connection and closes it, however it ended."""

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await session(reader, writer).serve()
            writer.close()
            await writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            _log.debug("a client broke off: %s", error)
        finally:
            writer.transport.abort()  # no more waiting for the client's end of TLS

    return run


def _certificate() -> tuple[bytes, ssl.SSLContext]:
    """Return a throw-away authority in PEM, and a server's context with its certificate."""
    import trustme

    authority = trustme.CA(organization_name="mailcli demo")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    authority.issue_cert(HOST, "localhost").configure_cert(context)
    return authority.cert_pem.bytes(), context


@contextlib.contextmanager
def _loop_in_thread() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    # A daemon: should the clean-up itself be interrupted, the process still ends.
    thread = Thread(target=loop.run_forever, name="mailcli demo", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _call(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(work, loop).result(_PATIENCE)
