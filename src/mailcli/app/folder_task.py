"""A folder to be synchronised: which it is on both sides, how, and what was done to it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mailcli.app.context import Context
from mailcli.app.further import FurtherSessions
from mailcli.errors import MailError
from mailcli.imap.values import Status
from mailcli.model import Uid
from mailcli.results import ErrorReport, FolderSync, PlannedAction, SkippedImap
from mailcli.store.folder import MaildirFolder
from mailcli.store.names import FolderName
from mailcli.store.records import FolderRow, LeftOut, Look
from mailcli.store.stamps import Clock
from mailcli.store.state import StateStore
from mailcli.sync.states import Policy

if TYPE_CHECKING:
    from mailcli.app.folder_look import Here


class FolderPair(NamedTuple):
    """The same folder on both sides: our name for it, its name on the wire, its role.

    And the rest of what the server says of it: its name as text, delimiter, subscription, and
    the counters that tell whether anything changed.
    """

    name: FolderName
    wire: bytes
    role: str | None
    server_name: str
    delimiter: str | None
    subscribed: bool = False
    status: Status | None = None


class Counts:
    """What a run has done to a folder so far; `broken`: it can do no more to it.

    `made`: the folder is new here. `resumed`: an earlier run did not come to its end. `look`:
    what its files look like, where they were found to be just what was agreed on.
    """

    def __init__(self) -> None:
        self.fetched = self.appended = self.moved = 0
        self.flags_local = self.flags_remote = 0
        self.deleted_local = self.deleted_remote = self.held_back = 0
        self.skipped: list[SkippedImap] = []
        self.error: MailError | None = None
        self.broken = self.made = self.resumed = False
        self.look: Look | None = None
        self.actions: tuple[PlannedAction, ...] | None = None

    @property
    def changed(self) -> bool:
        """Whether anything happened to the folder, on either side."""
        arrived = self.fetched + self.appended + self.moved
        deleted = self.deleted_local + self.deleted_remote
        return bool(arrived + self.flags_local + self.flags_remote + deleted)

    def skip(self, uid: Uid | None, reason: str, *, path: Path | None = None) -> None:
        """Note a message that was left alone."""
        self.skipped.append(SkippedImap(uid, path, reason))

    def fail(self, error: MailError, *, path: Path | None) -> None:
        """Note a message that something stood in the way of; the others go on."""
        self.skip(None, error.message, path=path)
        self.error = self.error or error

    def result(self, name: FolderName) -> FolderSync:
        """Return what is to be reported of the folder."""
        return FolderSync(
            str(name),
            fetched=self.fetched,
            appended=self.appended,
            moved=self.moved,
            flags_local=self.flags_local,
            flags_remote=self.flags_remote,
            deleted_local=self.deleted_local,
            deleted_remote=self.deleted_remote,
            skipped=tuple(self.skipped),
            held_back=self.held_back,
            changed=self.changed,
            error=ErrorReport.of(self.error) if self.error else None,
            actions=self.actions,
        )


class FolderTask(NamedTuple):
    """A folder to be synchronised, how, and what was done to it so far.

    Larger messages than `max_size` octets, and older ones than `max_age`, are not fetched.
    `clock` asks the clock of the Maildir's file system; it says None where nothing may be
    written there. `watch` is told of how many messages the folder has, before its files are looked
    at, so that they need not be listed once more at the end (`store.watch`). `further` has
    connections beside the run's own. `looked` has the look at the files that found something to
    do, until it is made use of.
    """

    context: Context
    store: StateStore
    folder: MaildirFolder
    pair: FolderPair
    policy: Policy
    counts: Counts
    further: FurtherSessions
    looked: "list[Here]"
    dry_run: bool = False
    max_size: int | None = None
    max_age: timedelta | None = None
    clock: Callable[[], Clock | None] = lambda: None
    watch: Callable[[int], None] = lambda _: None

    def agreed_numbers(self) -> FolderRow | None:
        """Return what is recorded of the folder, if both sides agreed on all of it then."""
        known = self.store.folder(str(self.pair.name))
        return known if known is not None and known.messages is not None else None

    @property
    def oldest(self) -> int | None:
        """The time (Unix seconds) before which messages are too old; None: none is."""
        if self.max_age is None:
            return None
        return self.context.unix_time() - self.max_age // timedelta(seconds=1)

    def leaves_out(self, message: LeftOut) -> str | None:
        """Return why a message stays on the server; empty where it needs no words, None if not."""
        oldest = self.oldest
        if oldest is not None and message.received is not None and message.received < oldest:
            return ""
        if self.max_size is not None and message.size > self.max_size:
            return f"{message.size} octets are more than max_size: it stays on the server"
        return None

    @property
    def has_limits(self) -> bool:
        """Whether some messages are to stay on the server."""
        return self.max_size is not None or self.max_age is not None

    @property
    def writes_there(self) -> bool:
        """Whether this run may change anything on the server."""
        return self.policy.changes_remote and not self.dry_run

    def result(self) -> FolderSync:
        """Return what is to be reported of the folder."""
        return self.counts.result(self.pair.name)
