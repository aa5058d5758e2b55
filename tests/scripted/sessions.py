"""What the tests of the three sessions share: endpoints, identities, an entry per protocol."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailcli.imap.session import ImapSession
from mailcli.model import Endpoint, Protocol, Secret, TlsMode, TlsPolicy
from mailcli.net import Trace, Wire, connect
from mailcli.pop.session import PopSession
from mailcli.sasl import Identity
from mailcli.smtp.session import SmtpSession
from tests.support import dialogues
from tests.support.certificates import Authority
from tests.support.scripted import Scripted

NEVER = 10.0
"""Seconds; a time-out that no test reaches unless something is wrong."""

SOON = 0.3
"""Seconds; a time-out that a test is about."""

PASSWORD = "open sesame 7"
ADA = Identity("ada", Secret(PASSWORD))

Session = SmtpSession | PopSession | ImapSession


@dataclass(frozen=True, slots=True)
class Speaker:
    """One of the three protocols: its name in transcripts, and how its session opens."""

    name: dialogues.Protocol
    protocol: Protocol
    open: Callable[..., Session]


SMTP = Speaker("smtp", Protocol.SMTP, SmtpSession.open)
POP = Speaker("pop3", Protocol.POP3, PopSession.open)
IMAP = Speaker("imap", Protocol.IMAP, ImapSession.open)

each_protocol = pytest.mark.parametrize("speaker", [SMTP, POP, IMAP], ids=lambda s: s.name)


def ada() -> Identity:
    """Return the identity that most tests log in with."""
    return ADA


def endpoint(
    server: Scripted,
    protocol: Protocol = Protocol.SMTP,
    mode: TlsMode = TlsMode.NONE,
    *,
    ca_file: Path | None = None,
    fingerprint: str | None = None,
    host: str = "",
) -> Endpoint:
    """Return how to reach a scripted server."""
    pin = bytes.fromhex(fingerprint) if fingerprint else None
    policy = TlsPolicy(mode, ca_file=ca_file, fingerprint=pin)
    return Endpoint(protocol, host or server.host, server.port, policy)


@contextlib.contextmanager
def opened(
    speaker: Speaker,
    server: Scripted,
    mode: TlsMode = TlsMode.NONE,
    *,
    authority: Authority | None = None,
    timeout: float = NEVER,
    trace: Callable[[str], None] | None = None,
) -> Iterator[Session]:
    """Open a session of any protocol and close it in the end."""
    ca_file = authority.ca_pem if authority else None
    place = endpoint(server, speaker.protocol, mode, ca_file=ca_file)
    session = speaker.open(place, timeout=timeout, trace=Trace(trace))
    try:
        yield session
    finally:
        session.close()


@contextlib.contextmanager
def wired(server: Scripted, *, timeout: float = NEVER) -> Iterator[Wire]:
    """Open a wire that nobody speaks a protocol on."""
    wire = connect(endpoint(server), timeout=timeout, trace=Trace())
    try:
        yield wire
    finally:
        wire.close()
