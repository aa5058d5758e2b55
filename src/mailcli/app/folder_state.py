"""What one folder's run knows of both sides, and the one place that records agreements."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from mailcli.app.context import Context
from mailcli.app.stores import hash_of
from mailcli.errors import MailError, NotFound
from mailcli.imap.values import Selected
from mailcli.model import Flags, Uid
from mailcli.results import ErrorReport, FolderSync, SkippedImap
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder
from mailcli.store.names import FolderName
from mailcli.store.records import MessageRow
from mailcli.store.state import StateStore

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
    skipped: list[SkippedImap] = field(default_factory=list)
    error: MailError | None = None

    def skip(self, uid: Uid | None, reason: str, *, path: Path | None = None) -> None:
        """Note a message that was left alone."""
        self.skipped.append(SkippedImap(uid, path, reason))

    def result(self, name: str, error: MailError | None = None) -> FolderSync:
        """Return what is to be reported of the folder."""
        error = error or self.error
        changed = self.fetched + self.appended + self.flags_local + self.flags_remote
        return FolderSync(
            name,
            fetched=self.fetched,
            appended=self.appended,
            flags_local=self.flags_local,
            flags_remote=self.flags_remote,
            skipped=tuple(self.skipped),
            changed=bool(changed),
            error=ErrorReport.of(error) if error else None,
        )


class FolderState:
    """Both sides of a folder as a run found them, kept up while the run changes them.

    `rows` are the messages agreed on in this generation of UIDs. `former` are those of
    earlier generations: their files may be matched by content, but are never uploaded.
    `entries` are the files, by unique name.
    """

    def __init__(
        self,
        context: Context,
        store: StateStore,
        folder: MaildirFolder,
        pair: FolderPair,
        selected: Selected,
    ) -> None:
        self.folder, self.pair, self.selected = folder, pair, selected
        self.generation = selected.uidvalidity
        self.rows: dict[Uid, MessageRow] = {}
        self.former: dict[str, MessageRow] = {}
        self.entries: dict[str, Entry] = {}
        self.counts = Counts()
        self.store = store
        self.id = 0
        self._context = context

    def now(self) -> int:
        """Return the time in whole seconds since 1970."""
        return self._context.unix_time()

    def load(self, folder_id: int) -> None:
        """Read what both sides last agreed on."""
        self.id = folder_id
        for row in self.store.messages(folder_id):
            if row.uidvalidity == self.generation:
                self.rows[row.uid] = row
            else:
                self.former[row.unique] = row

    def record(self) -> int:
        """Record the folder itself, and return its number in the state."""
        with self.store.transaction():
            number = self.store.save_folder(
                str(self.pair.name),
                uidvalidity=self.generation,
                uidnext=self.selected.uidnext or 0,
                role=self.pair.role,
            )
            self.store.save_place(
                number,
                server_name=self.pair.server_name,
                delimiter=self.pair.delimiter,
                subscribed=self.pair.subscribed,
            )
        return number

    def scan(self) -> None:
        """Read which files there are."""
        self.entries = {entry.unique: entry for entry in self.folder.scan()}

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
        keywords: frozenset[str] = frozenset(),
        size: int,
        digest: bytes,
    ) -> MessageRow:
        """Return the record of an agreement, to be saved."""
        return MessageRow(self.generation, uid, unique, flags, keywords, size, digest)

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

    def forget(self, uid: Uid) -> None:
        """Drop the agreement about a message that is gone on both sides."""
        del self.rows[uid]
        self.store.forget_messages(self.id, self.generation, [uid])

    def path_of(self, unique: str) -> Path | None:
        """Return where a message's file is, None where it has gone."""
        entry = self.entries.get(unique)
        return self.folder.path_of(entry) if entry else None

    def twins(self) -> Twins:
        """Return the files that no message of this generation is bound to, by content."""
        bound = self.bound()
        twins: Twins = defaultdict(list)
        for unique, entry in self.entries.items():
            if unique in bound:
                continue
            if former := self.former.get(unique):
                twins[former.size, former.sha256].append(unique)
                continue
            try:
                digest, size = hash_of(self.folder, entry)
            except NotFound:
                continue  # another program took it away meanwhile
            twins[size, digest].append(unique)
        return twins
