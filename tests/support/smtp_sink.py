"""An SMTP server (aiosmtpd) on loopback that keeps what it takes, and survives its clients."""

import contextlib
from asyncio import BaseTransport
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.ports import free_ports
from tests.support.processes import wait_until


@dataclass
class Sink:
    """What was taken, in order: the recipients and the message of each transaction."""

    port: int
    pipelining: bool = False
    """Whether it says that it takes several commands at once (RFC 2920); it always does."""
    taken: list[tuple[tuple[str, ...], bytes]] = field(default_factory=list)
    refuses: bool = False
    """Whether it refuses every recipient."""
    sessions: int = 0
    """Connections that are open."""

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Announce PIPELINING where that is asked for."""
        session.host_name = hostname
        return [responses[0], *["250-PIPELINING"] * self.pipelining, *responses[1:]]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take or refuse a recipient."""
        if self.refuses:
            return "550 5.1.1 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 here"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take every message."""
        self.taken.append((tuple(envelope.rcpt_tos), bytes(envelope.original_content or b"")))
        return "250 2.0.0 taken"

    def settle(self) -> None:
        """Wait until no client is connected: what a killed one has said is done by then."""
        wait_until(lambda: not self.sessions, timeout=20, what="the sessions to end")

    def subjects(self) -> list[str]:
        """Return the subjects of what was taken."""
        return [str(message_from_bytes(message)["Subject"]) for _, message in self.taken]


class _Server(SMTP):
    def connection_made(self, transport: BaseTransport) -> None:
        self._sink.sessions += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._sink.sessions -= 1

    @property
    def _sink(self) -> Sink:
        sink = self.event_handler
        assert isinstance(sink, Sink)
        return sink


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler)


@contextlib.contextmanager
def smtp_sink(*, pipelining: bool = False) -> Iterator[Sink]:
    """Run a sink for the block."""
    (port,) = free_ports(1)
    sink = Sink(port, pipelining)
    controller = _Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
