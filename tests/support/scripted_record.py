"""What a scripted conversation leaves behind: its lines, its octets, and where it went wrong.

Values only; `scripted_player` fills them in, tests read them.
"""

import ssl
from dataclasses import dataclass, field
from typing import Final

from tests.support.scripted_wire import Cues, Wire
from tests.support.template import to_text

_SHOWN: Final = 160
_REMEMBERED: Final = 12


@dataclass(frozen=True, slots=True)
class Failure:
    """Where the client and the transcript part. `line` counts from 1; 0 is before the first."""

    script: str
    connection: int
    line: int
    expected: str
    received: str
    conversation: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"connection {self.connection}, line {self.line} of {self.script}:"
        told = [f"  expected  {self.expected}", f"  received  {self.received}"]
        before = ["the conversation before it:", *(f"  {line}" for line in self.conversation)]
        return "\n".join([where, *told, *(before if self.conversation else [])])


@dataclass(slots=True)
class Connection:
    """What one connection saw. Lines are without CRLF; `received` holds what was swallowed."""

    number: int
    wire: Wire
    values: dict[str, bytes]
    lines: list[bytes] = field(default_factory=list)
    sent: bytearray = field(default_factory=bytearray)
    received: dict[str, list[bytes]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def note(self, who: str, octets: bytes) -> None:
        """Keep the last lines of the conversation, for the text of a failure."""
        self.log += [f"{who}: {shown(line)}" for line in octets.split(b"\r\n") if line]
        del self.log[:-_REMEMBERED]

    @property
    def tls_established(self) -> bool:
        """Whether a TLS handshake was completed."""
        return self.wire.tls_established

    @property
    def before_tls(self) -> bytes:
        """All octets that the client sent outside TLS."""
        return bytes(self.wire.before_tls)


@dataclass(frozen=True, slots=True)
class Stage:
    """What all connections of one server share. `patience` is in seconds, `cap` in octets."""

    script: str
    cues: Cues
    context: ssl.SSLContext | None
    patience: float
    cap: int


def shown(octets: bytes) -> str:
    """Return octets as one line for a person: what does not print is escaped."""
    text = to_text(octets.removesuffix(b"\r\n"))
    cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(octets)} octets)"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)
