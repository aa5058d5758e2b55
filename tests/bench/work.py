"""What a row of the bench is: one piece of work, on how much mail, and who does it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from tests.bench.checks import MakeCheck, answers
from tests.bench.contenders import Contender
from tests.bench.corpus import LARGE, SHORT
from tests.bench.ground import Ground, Mailbox, Service
from tests.bench.report import Point

FAR = 0.05
"""Seconds that the proxy adds to a round trip: a server some countries away."""

_FOLDERS_OF_ITS_OWN = 6  # INBOX and the special-use folders of the bench's Dovecot
_MESSAGES_IN_A_FOLDER = 5
_MANY_FOLDERS = 205


class State(Enum):
    """What a contender knows when a run begins."""

    WIPED = auto()  # nothing: the first fetch
    PRIMED = auto()  # everything: an earlier run has fetched it all
    ANY = auto()  # runs leave nothing behind that matters


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One piece of work. `round_trip` is added by the proxy, in seconds.

    `change` is what others do on the server before each run that is measured; every contender
    is brought up to date before that.
    """

    key: str
    title: str
    contenders: tuple[Contender, ...]
    check: MakeCheck = answers
    user: str = "u1"
    service: Service | None = None
    mailbox: Mailbox | None = None
    all_folders: bool = False
    state: State = State.ANY
    change: Callable[[Ground], None] | None = None
    round_trip: float = 0.0
    repeat: int = 1  # short work: so many times the usual number of runs
    is_counted: bool = True  # whether what crosses the wire says anything
    is_long: bool = False  # one run is enough, and its octets are not counted in another
    point: Point | None = None


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is of everything: the full size, or a share of it."""

    scale: float = 1.0

    @property
    def queued(self) -> int:
        """How many messages wait in the outbox: 200."""
        return self._of(200)

    @property
    def attachment(self) -> int:
        """Octets of a large attachment: 100 MB."""
        return max(1_000_000, round(100_000_000 * self.scale))

    @property
    def pop(self) -> Mailbox:
        """One maildrop: 5,000 messages, 33 MB."""
        return _inbox("u11", range(self._of(5_000)))

    @property
    def large(self) -> Mailbox:
        """One maildrop with one message of 500 MB."""
        return _inbox("u14", _one_large(500 * self.scale))

    @property
    def large_imap(self) -> Mailbox:
        """One folder with one message of 100 MB."""
        return _inbox("u15", _one_large(100 * self.scale))

    @property
    def imap(self) -> Mailbox:
        """One folder: 20,000 messages, 132 MB."""
        return _inbox("u12", range(self._of(20_000)))

    @property
    def growing(self) -> tuple[Mailbox, ...]:
        """One folder each, of 1,000, 10,000 and 100,000 short messages."""
        counts = sorted({self._of(full) for full in (1_000, 10_000, 100_000)})
        return tuple(
            _inbox(f"u{21 + n}", range(SHORT, SHORT + count)) for n, count in enumerate(counts)
        )

    @property
    def folders(self) -> Mailbox:
        """205 folders, with the server's own; a few messages in each of the others."""
        return _with_folders("u13", self._of(_MANY_FOLDERS))

    @property
    def folder_count(self) -> int:
        """How many folders the mailbox of many folders has in all."""
        return count_folders(self.folders)

    @property
    def one_folder(self) -> Mailbox:
        """INBOX alone, with as many messages as each of many folders has."""
        return _inbox("u30", range(_MESSAGES_IN_A_FOLDER))

    @property
    def fewer_folders(self) -> tuple[Mailbox, ...]:
        """10 and 50 folders, with the server's own; as many as are fewer than many."""
        counts = {max(_FOLDERS_OF_ITS_OWN + 1, round(full * self.scale)) for full in (10, 50)}
        fewer = sorted(count for count in counts if count < self.folder_count)
        return tuple(_with_folders(f"u{31 + n}", count) for n, count in enumerate(fewer))

    def _of(self, full: int) -> int:
        return max(10, round(full * self.scale))


def count_folders(mailbox: Mailbox) -> int:
    """Return how many folders a mailbox has in all, with the server's own."""
    return len(mailbox.folders) + _FOLDERS_OF_ITS_OWN


def _inbox(user: str, numbers: range) -> Mailbox:
    return Mailbox(user, (("INBOX", numbers),))


def _one_large(megabytes: float) -> range:
    number = LARGE + max(1, round(megabytes))
    return range(number, number + 1)


def _with_folders(user: str, count: int) -> Mailbox:
    few = _MESSAGES_IN_A_FOLDER
    numbered = range(1, max(2, count - _FOLDERS_OF_ITS_OWN + 1))
    return Mailbox(
        user, tuple((f"folder-{n:03d}", range(n * few, n * few + few)) for n in numbered)
    )
