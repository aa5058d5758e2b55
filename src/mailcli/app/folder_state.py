"""What one folder's run knows of both sides, and the one place that records agreements."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from mailcli.app.context import Context
from mailcli.app.stores import hash_of
from mailcli.errors import LocalError, MailError, NotFound
from mailcli.imap.values import Selected
from mailcli.model import Flags, Uid, keywords_of
from mailcli.results import ErrorReport, FolderSync, PlannedAction, SkippedImap
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder
from mailcli.store.names import FolderName
from mailcli.store.records import MessageRow
from mailcli.store.state import StateStore
from mailcli.sync.plan import Action, plan
from mailcli.sync.states import Agreed, Local, Policy, Remote

_EMPTIED = {"trash", "junk"}
"""Roles of folders that are meant to be emptied: there, many deletions are nothing unusual."""

Twins = dict[tuple[int, bytes], list[str]]
"""Files that no message is bound to, by octets and SHA-256."""


@dataclass(frozen=True, slots=True)
class FolderPair:
    """The same folder on both sides: our name for it, its name on the wire, its role.

    And the rest of what the server says of it: its name as text, delimiter, subscription.
    """

    name: FolderName
    wire: bytes
    role: str | None
    server_name: str
    delimiter: str | None
    subscribed: bool = False


@dataclass(slots=True)
class Counts:
    """What a run has done to a folder so far."""

    fetched: int = 0
    appended: int = 0
    flags_local: int = 0
    flags_remote: int = 0
    deleted_local: int = 0
    deleted_remote: int = 0
    held_back: int = 0
    skipped: list[SkippedImap] = field(default_factory=list)
    error: MailError | None = None
    actions: tuple[PlannedAction, ...] | None = None

    @property
    def changed(self) -> bool:
        """Whether anything happened to the folder, on either side."""
        arrived = self.fetched + self.appended
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


@dataclass(frozen=True, slots=True)
class FolderTask:
    """A folder to be synchronised, how, and what was done to it so far."""

    context: Context
    store: StateStore
    folder: MaildirFolder
    pair: FolderPair
    policy: Policy
    counts: Counts = field(default_factory=Counts)

    def result(self) -> FolderSync:
        """Return what is to be reported of the folder."""
        return self.counts.result(self.pair.name)


class FolderState:
    """Both sides of a folder as a run found them, kept up while the run changes them.

    `rows` are the messages agreed on in this generation of UIDs. `former` are those of
    earlier generations: their files may be matched by content, but are never uploaded.
    `entries` are the files, by unique name. `settled`: the generation is the last run's;
    where it is not, nothing is deleted in this run.
    """

    def __init__(self, task: FolderTask, selected: Selected) -> None:
        self.folder, self.pair, self.selected = task.folder, task.pair, selected
        self.store, self.policy, self.counts = task.store, task.policy, task.counts
        self.generation = selected.uidvalidity
        self.rows: dict[Uid, MessageRow] = {}
        self.former: dict[str, MessageRow] = {}
        self.entries: dict[str, Entry] = {}
        self.settled = False
        self.id = 0
        self._context = task.context
        self._unreadable: set[str] = set()

    def now(self) -> int:
        """Return the time in whole seconds since 1970."""
        return self._context.unix_time()

    def load(self) -> None:
        """Read what both sides last agreed on."""
        known = self.store.folder(str(self.pair.name))
        if known is None:
            return
        self.id = known.id
        self.settled = known.uidvalidity == self.generation
        for row in self.store.messages(known.id):
            if self.settled and row.uidvalidity == self.generation:
                self.rows[row.uid] = row
            else:
                self.former[row.unique] = row

    def record(self) -> None:
        """Record the folder itself, and give up the UIDs of all generations but this one.

        A generation that comes back may have other messages under its UIDs.
        """
        with self.store.transaction():
            known = self.store.folder(str(self.pair.name))
            if known is not None and known.uidvalidity != self.generation:
                self.store.retire_messages(known.id, self.generation)
            self.id = self.store.save_folder(
                str(self.pair.name),
                uidvalidity=self.generation,
                uidnext=self.selected.uidnext or 0,
                role=self.pair.role,
            )
            self.store.save_place(
                self.id,
                server_name=self.pair.server_name,
                delimiter=self.pair.delimiter,
                subscribed=self.pair.subscribed,
            )

    def scan(self) -> None:
        """Read which files there are.

        Raises: NotFound where the folder is missing, which is not the same as empty.
        """
        self.entries = {entry.unique: entry for entry in self.folder.scan()}

    def scanned(self) -> bool:
        """Read which files there are; tell whether the folder is there at all."""
        try:
            self.scan()
        except NotFound:
            return False
        return True

    def bound(self) -> set[str]:
        """Return the unique names that belong to a message of this generation."""
        return {row.unique for row in self.rows.values()}

    def token(self, uid: Uid) -> str:
        """Name a message for ever: its folder, generation and UID."""
        octets = b"\0".join((self.pair.wire, b"%d" % self.generation, b"%d" % uid))
        return f"I{sha256(octets).hexdigest()[:32]}"

    def agree(
        self,
        uid: Uid,
        unique: str,
        flags: Flags,
        *,
        size: int,
        digest: bytes,
    ) -> MessageRow:
        """Return the record of an agreement, to be saved."""
        return MessageRow(self.generation, uid, unique, flags, size, digest)

    def save(self, rows: Iterable[MessageRow]) -> None:
        """Commit agreements, and drop the records that they replace, in one transaction."""
        fresh = list(rows)
        if not fresh:
            return
        with self.store.transaction():
            self.store.save_messages(self.id, fresh)
            self.store.drop_intents(self.id, [row.unique for row in fresh])
            for row in fresh:
                old = self.former.pop(row.unique, None)
                if old is not None:
                    self.store.forget_messages(self.id, old.uidvalidity, [old.uid])
        self.rows.update((row.uid, row) for row in fresh)

    def forget(self, uids: Collection[Uid]) -> None:
        """Drop agreements, and the record of deletions that have come true, in one transaction."""
        if not uids:
            return
        self.store.forget_messages(self.id, self.generation, uids)
        for uid in uids:
            del self.rows[uid]

    def path_of(self, unique: str) -> Path | None:
        """Return where a message's file is, None where it has gone."""
        entry = self.entries.get(unique)
        return self.folder.path_of(entry) if entry else None

    def twins(self) -> Twins:
        """Return the files that no message of this generation is bound to, by content."""
        bound = self.bound()
        twins: Twins = defaultdict(list)
        for unique in self.entries:
            if unique in bound:
                continue
            if former := self.former.get(unique):
                twins[former.size, former.sha256].append(unique)
                continue
            if content := self.content_of(unique):
                twins[content].append(unique)
        return twins

    def content_of(self, unique: str) -> tuple[int, bytes] | None:
        """Return a file's octets and SHA-256, as a server would have it.

        None for one that cannot be read, which is noted once.
        """
        if unique in self._unreadable:
            return None
        try:
            digest, size = hash_of(self.folder, self.entries[unique])
        except NotFound:
            return None  # another program took it away meanwhile
        except LocalError as exc:
            self._unreadable.add(unique)
            self.counts.fail(exc, path=self.path_of(unique))
            return None
        return size, digest


def decide(state: FolderState, remote: Mapping[Uid, Flags]) -> list[Action]:
    """Return what is to be done, as `sync.plan` has it."""
    bound = {row.unique: row for row in state.rows.values()}
    origins = {state.token(uid): uid for uid in remote if uid not in state.rows}
    local = {
        unique: Local(_flags_here(entry, bound.get(unique)), origins.get(entry.token or ""))
        for unique, entry in state.entries.items()
        if unique in bound or unique not in state.former
    }
    agreed = {uid: Agreed(row.unique, row.flags) for uid, row in state.rows.items()}
    there = {uid: Remote(flags) for uid, flags in remote.items()}
    policy = replace(state.policy, storable=state.selected.storable)
    if state.pair.role in _EMPTIED:
        policy = replace(policy, allow_mass_delete=True)
    return plan(agreed, local, there, policy)


def _flags_here(entry: Entry, row: MessageRow | None) -> Flags:
    """Return a file's flags; it has no letters for keywords, so those agreed on still stand."""
    return entry.flags | keywords_of(row.flags) if row else entry.flags
