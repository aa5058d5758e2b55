"""What a transcript consists of: the steps that a scripted server plays.

Values only: `transcript` makes them, `scripted_player` plays them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tests.support.template import Match, TranscriptError

ALWAYS_KNOWN: Final = frozenset({"count", "connection"})


class Action(StrEnum):
    """What a server does besides talking: the values are the directives of the language."""

    TLS = "tls"
    CUT = "cut"
    DROP = "drop"
    RESET = "reset"
    BYE = "bye"
    GONE = "gone"
    REST = "rest"
    STALL = "stall"
    DEAF = "deaf"
    DRIBBLE = "dribble"
    FLUSH = "flush"
    ENDLESS = "endless"
    ENDLESS_RAW = "endless!"
    WAIT = "wait"
    SIGNAL = "signal"
    LITERAL = "literal"


class Kind(StrEnum):
    """How often, and which of, the alternatives of a block are played."""

    OPTIONAL = "optional"
    REPEAT = "repeat"
    CHOOSE = "choose"
    UNORDERED = "unordered"


@dataclass(frozen=True, slots=True)
class Send:
    """Octets to the client. `raw`: escapes are resolved and no CRLF is added."""

    line: int
    text: str
    raw: bool = False
    times: int = 1


@dataclass(frozen=True, slots=True)
class Expect:
    """One line from the client."""

    line: int
    match: Match
    text: str


@dataclass(frozen=True, slots=True)
class Swallow:
    """Octets from the client, kept under a name: `octets` of them, or up to a lone dot."""

    line: int
    name: str
    octets: str | None


@dataclass(frozen=True, slots=True)
class Do:
    """A directive."""

    line: int
    action: Action
    argument: str


@dataclass(frozen=True, slots=True)
class Block:
    """Alternatives, of which the client's next line chooses. `times`: exactly so often."""

    line: int
    kind: Kind
    alternatives: tuple[tuple["Step", ...], ...]
    times: int | None = None


Step = Send | Expect | Swallow | Do | Block


@dataclass(frozen=True, slots=True)
class Section:
    """What one connection sees. `number` is `None` for each without a section of its own."""

    number: int | None
    steps: tuple[Step, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """A parsed transcript. `uses` and `defines` name placeholders, the former with a line."""

    name: str
    sections: tuple[Section, ...]
    texts: dict[str, bytes] = field(default_factory=dict)
    uses: dict[str, int] = field(default_factory=dict)
    defines: frozenset[str] = frozenset()
    needs_tls: bool = False

    def check(self, values: Mapping[str, bytes]) -> None:
        """Check that each placeholder can have a value.

        Raises: `TranscriptError` for the first that cannot.
        """
        known = ALWAYS_KNOWN | self.defines | values.keys()
        for name, line in self.uses.items():
            if name not in known:
                raise TranscriptError(f"{self.name}, line {line}: nothing defines {{{name}}}")

    def section(self, number: int) -> Section | None:
        """Return what the connection of this number, counted from 1, sees."""
        numbered = (s for s in self.sections if s.number == number)
        rest = (s for s in self.sections if s.number is None)
        return next(numbered, None) or next(rest, None)
