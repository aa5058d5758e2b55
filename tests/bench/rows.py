"""The rows of the table: which work is measured, and who takes part.

To add one, describe it in `rows`; nothing else needs to know.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from tests.bench import ours, peers
from tests.bench.checks import MakeCheck, answers, delivers, delivers_one, holds_all_of
from tests.bench.contenders import Contender, ending_in
from tests.bench.corpus import LARGE
from tests.bench.ground import Mailbox, Service

_QUEUED = 200
FAR = 0.05
"""Seconds that the proxy adds to a round trip: a server some countries away."""

_FOLDERS_OF_ITS_OWN = 6  # INBOX and the special-use folders of the bench's Dovecot
_MESSAGES_IN_A_FOLDER = 5


class State(Enum):
    """What a contender knows when a run begins."""

    WIPED = auto()  # nothing: the first fetch
    PRIMED = auto()  # everything: an earlier run, not measured here, has fetched it all
    ANY = auto()  # runs leave nothing behind that matters


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One piece of work. `round_trip` is added by the proxy, in seconds."""

    key: str
    title: str
    contenders: tuple[Contender, ...]
    check: MakeCheck = answers
    user: str = "u1"
    service: Service | None = None
    mailbox: Mailbox | None = None
    all_folders: bool = False
    state: State = State.ANY
    round_trip: float = 0.0
    is_counted: bool = True  # whether what crosses the wire says anything
    repeat: int = 1  # short work: so many times the usual number of runs


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much mail there is: the full size, or a share of it."""

    scale: float = 1.0

    @property
    def pop(self) -> Mailbox:
        """One maildrop: 5,000 messages, 33 MB."""
        return Mailbox("u11", (("INBOX", range(self._of(5_000))),))

    @property
    def large(self) -> Mailbox:
        """One maildrop with one message of 500 MB."""
        number = LARGE + max(1, round(500 * self.scale))
        return Mailbox("u14", (("INBOX", range(number, number + 1)),))

    @property
    def imap(self) -> Mailbox:
        """One folder: 20,000 messages, 132 MB."""
        return Mailbox("u12", (("INBOX", range(self._of(20_000))),))

    @property
    def folders(self) -> Mailbox:
        """205 folders, with the server's own; a few messages in each of the others."""
        few = _MESSAGES_IN_A_FOLDER
        count = max(1, self._of(205) - _FOLDERS_OF_ITS_OWN)
        parts = ((f"folder-{n:03d}", range(n * few, n * few + few)) for n in range(1, count + 1))
        return Mailbox("u13", tuple(parts))

    @property
    def folder_count(self) -> int:
        """How many folders the mailbox of many folders has in all."""
        return len(self.folders.folders) + _FOLDERS_OF_ITS_OWN

    def _of(self, full: int) -> int:
        return max(10, round(full * self.scale))


def rows(sizes: Sizes) -> tuple[Row, ...]:
    """Return all rows, in the order in which they run and are shown."""
    return (*_start_up(), *_sending(), *_pop(sizes.pop), _pop_large(sizes.large), *_imap(sizes))


def matching(every: Iterable[Row], patterns: tuple[str, ...]) -> tuple[Row, ...]:
    """Return the rows whose key holds one of the patterns; all when there are none."""
    return tuple(row for row in every if not patterns or any(p in row.key for p in patterns))


def _start_up() -> Iterable[Row]:
    floor = ours.interpreter()
    yield Row(
        key="start-help",
        title="`--help`",
        contenders=(ours.plain("--help"), floor),
        repeat=7,
    )
    yield Row(
        key="start-version",
        title="`--version`",
        contenders=(ours.plain("--version"), peers.msmtp_version(), floor),
        repeat=7,
    )


def _sending() -> Iterable[Row]:
    yield Row(
        key="start-send",
        title="send: from the start to the first octet out, at a server that hangs up",
        contenders=(
            ending_in(ours.send(), 75),
            ending_in(peers.msmtp(), 76),
            ending_in(ours.smtplib_script(), 1),
        ),
        service=Service.HANGS_UP,
        is_counted=False,
        repeat=5,
    )
    for key, title, round_trip in (
        ("send", "send one message, loopback", 0.0),
        ("send-far", "send one message, 50 ms round trip", FAR),
    ):
        yield Row(
            key=key,
            title=title,
            contenders=(ours.send(), peers.msmtp(), ours.smtplib_script()),
            check=delivers_one,
            service=Service.SUBMISSIONS,
            round_trip=round_trip,
            repeat=5,
        )

    yield Row(
        key="send-outbox",
        title=f"send {_QUEUED} messages from the outbox, 50 ms round trip",
        contenders=(ours.flush(_QUEUED), peers.msmtp(_QUEUED)),
        check=delivers(_QUEUED),
        service=Service.SUBMISSIONS,
        round_trip=FAR,
    )
    yield Row(
        key="send-large",
        title="send an attachment of 100 MB, loopback",
        contenders=(ours.send_file(100_000_000),),
        service=Service.SUBMISSIONS,
    )


def _pop(mailbox: Mailbox) -> Iterable[Row]:
    count = f"{mailbox.size:,}"
    fetchers = (ours.pop_fetch(), peers.mpop(), peers.getmail())
    floors = tuple(ours.floor("pop", how) for how in ("nowhere", "files", "durable"))
    yield Row(
        key="pop-first",
        title=f"POP3, first fetch of {count} messages, durable",
        contenders=(*fetchers, peers.fetchmail(), *floors),
        check=holds_all_of(mailbox),
        user=mailbox.user,
        service=Service.POP3S,
        mailbox=mailbox,
        state=State.WIPED,
    )
    yield Row(
        key="pop-first-far",
        title=f"POP3, first fetch of {count} messages, durable, 50 ms round trip",
        contenders=fetchers[:2],  # the third would take ten minutes
        check=holds_all_of(mailbox),
        user=mailbox.user,
        service=Service.POP3S,
        mailbox=mailbox,
        state=State.WIPED,
        round_trip=FAR,
    )
    for key, title, round_trip in (
        ("pop-nothing", f"POP3, nothing new of {count}, loopback", 0.0),
        ("pop-nothing-far", f"POP3, nothing new of {count}, 50 ms round trip", FAR),
    ):
        yield Row(
            key=key,
            title=title,
            contenders=fetchers,
            check=holds_all_of(mailbox),
            user=mailbox.user,
            service=Service.POP3S,
            mailbox=mailbox,
            state=State.PRIMED,
            round_trip=round_trip,
            repeat=2,
        )


def _pop_large(mailbox: Mailbox) -> Row:
    (numbers,) = (numbers for _, numbers in mailbox.folders)
    return Row(
        key="pop-large",
        title=f"POP3, one message of {numbers[0] - LARGE:,} MB, durable",
        contenders=(ours.pop_fetch(), peers.mpop(), peers.getmail()),
        check=holds_all_of(mailbox),
        user=mailbox.user,
        service=Service.POP3S,
        mailbox=mailbox,
        state=State.WIPED,
    )


def _imap(sizes: Sizes) -> Iterable[Row]:
    syncers = (ours.imap_sync(), peers.mbsync(), peers.offlineimap())
    floors = tuple(ours.floor("imap", how) for how in ("nowhere", "files", "durable"))
    big, many = sizes.imap, sizes.folders
    count, folders = f"{big.size:,}", f"{sizes.folder_count:,} folders"
    yield Row(
        key="sync-first",
        title=f"IMAP, first sync of {count} messages, durable",
        contenders=(*syncers, *floors),
        check=holds_all_of(big),
        user=big.user,
        service=Service.IMAPS,
        mailbox=big,
        state=State.WIPED,
    )
    for key, title, mailbox, round_trip in (
        ("sync-nothing", f"IMAP, nothing to do, one folder of {count}", big, 0.0),
        ("sync-nothing-folders", f"IMAP, nothing to do, {folders}, loopback", many, 0.0),
        (
            "sync-nothing-folders-far",
            f"IMAP, nothing to do, {folders}, 50 ms round trip",
            many,
            FAR,
        ),
    ):
        yield Row(
            key=key,
            title=title,
            contenders=syncers,
            check=holds_all_of(mailbox),
            user=mailbox.user,
            service=Service.IMAPS,
            mailbox=mailbox,
            all_folders=mailbox is many,
            state=State.PRIMED,
            round_trip=round_trip,
        )
