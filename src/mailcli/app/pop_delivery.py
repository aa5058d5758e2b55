"""Where POP3 mail goes: staged, made durable in batches, and recorded; each message once.

A file's name says for ever which message it is, so a run that was killed between
the file and its record is found out by the next one. Where the server's unique-ids
cannot be relied on, the octets say it. ARCHITECTURE.md has what a crash leaves behind.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path, PurePosixPath

from mailcli.app.pop_tally import Tally
from mailcli.app.stores import hash_of
from mailcli.config import Account
from mailcli.model import UniqueId
from mailcli.pop.plan import NO_ID, Known, Message, Retrieve
from mailcli.store.delivery import Delivery
from mailcli.store.entries import unique_name
from mailcli.store.folder import Delivered, MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName
from mailcli.store.pop_state import PopKey
from mailcli.store.records import PopRecord, PopSource
from mailcli.store.staging import Staged
from mailcli.store.state import StateStore

_ELSEWHERE = "maildir:"


def target_of(account: Account, deliver: Path | None) -> str:
    """Return where mail goes, as the state names it."""
    if deliver is not None:
        return f"{_ELSEWHERE}{deliver}"
    assert account.pop is not None  # noqa: S101 - the caller has its server
    return str(FolderName.parse(account.pop.folder))


def is_elsewhere(target: str) -> bool:
    """Whether a target is another Maildir than the account's."""
    return target.startswith(_ELSEWHERE)


def folder_of(account: Account, target: str) -> MaildirFolder:
    """Return the folder that a target names."""
    if is_elsewhere(target):
        return MaildirFolder(Path(target.removeprefix(_ELSEWHERE)), PurePosixPath())
    return Maildir(account.maildir, account.layout).folder(FolderName.parse(target))


def key_of(message: Message) -> PopKey:
    """Return what names a message in the state."""
    return message.uidl, message.size


Taken = tuple[Message, PopRecord]
"""A message as the session has it, and what is recorded of it."""


class PopDelivery:
    """One account's deliveries during one run, whatever becomes of the connection."""

    def __init__(
        self,
        account: Account,
        state: StateStore,
        source: PopSource,
        target: str,
        tally: Tally,
        now: int,
    ) -> None:
        self.records = state.pop_seen(source.id)
        """What is known of the maildrop, kept up to date."""
        self.renamed = 0
        """Messages that were recognised under another unique-id."""
        self._account = account
        self._state = state
        self._source = source
        self._target = target
        self._folder = folder_of(account, target)
        self._tally = tally
        self._now = now
        self._left: dict[str, str] = {}  # by token: where a run that was stopped delivered it
        self._known: dict[bytes, list[PopRecord]] = {}
        self._given: set[UniqueId] = set()  # names given by content in this session
        self._groups: Delivery[Taken]
        self.stored: set[Message] = set()
        """The messages of this session that are durable here and recorded."""

    # -- what an earlier run left ------------------------------------------

    def recover(self, listing: Iterable[Message]) -> None:
        """Record what a run that was killed had delivered: its files' names say what they are.

        Also after the state was lost. Costs a look through the folder, and only then.
        """
        looks = self._source.delivering or not self.records
        last = self._source.target if looks else None
        found: list[PopRecord] = []
        # Elsewhere other accounts may be delivering at this moment.
        tokens = {self._token(message.uidl, message.size) for message in listing}
        for target in dict.fromkeys([self._target, last or self._target]):
            folder = folder_of(self._account, target)
            if folder.exists():
                folder.remove_stale_tmp(tokens if is_elsewhere(target) else None)
                found += self._found(folder, target, listing) if looks else []
        self._save_found(found)

    def _found(
        self, folder: MaildirFolder, target: str, listing: Iterable[Message]
    ) -> Iterator[PopRecord]:
        """Yield what was delivered to a folder of what is listed, and is not recorded."""
        delivered = folder.tokens()
        self._left |= dict.fromkeys(delivered, target)
        for message in listing if delivered else ():
            entry = delivered.get(self._token(message.uidl, message.size))
            if entry and key_of(message) not in self.records and message.uidl != NO_ID:
                digest, _ = hash_of(folder, entry)
                yield self._record(message, digest)._replace(folder=target)

    def _save_found(self, found: Sequence[PopRecord]) -> None:
        self._save(found)
        for record in found if self._source.delivering else ():  # else it is the state that is new
            self._tally.find(record)

    def _token(self, uidl: UniqueId, size: int) -> str:
        """Name a message for ever: the same maildrop, unique-id and size give the same name."""
        parts = (self._source.host, self._source.username, uidl, str(size))
        octets = "\0".join(parts).encode("utf-8", "surrogateescape")
        return f"P{sha256(octets).hexdigest()[:32]}"

    # -- fetching ----------------------------------------------------------

    @contextmanager
    def receiving(self, listing: Iterable[Message], *, renaming: bool) -> Iterator[None]:
        """Be ready to `take` a session's messages; nothing is written before this.

        `renaming`: all unique-ids may be others than before, as the next run must know.
        At the end all that were taken are durable and recorded, also where the block fails: what
        arrived whole need not come again.

        Raises: LocalError; what is durable is found by the next run.
        """
        self.stored = set()
        self._given = set()
        self._known = self._known_by_content({key_of(message) for message in listing})
        self._folder.create()
        self._state.set_delivering(self._source.id, self._target, renaming=renaming)
        with Delivery[Taken](self._folder, self._commit) as self._groups:
            yield

    def end(self) -> None:
        """Note that every delivery is committed, so that the next run need not look."""
        self._state.set_delivering(self._source.id, None)

    def take(self, action: Retrieve, chunks: Iterator[bytes]) -> None:
        """Store one message from the chunks that come, or recognise it.

        Raises: whatever reading raises, CommandFailed where only this message is refused;
            LocalError. Nothing of the message is then left.
        """
        message = action.message
        with self._folder.stage(self._unique(message)) as staged:
            if action.known is Known.BY_CONTENT:
                self._take_anonymous(message, chunks, staged)
                return
            for chunk in chunks:
                staged.write(chunk)
            staged.close()
        known = self._match(staged.sha256, action)
        if known is None:
            self._add(message, message, staged)
            return
        staged.abandon()
        self._rename(known, message)
        self.stored.add(message)

    def _take_anonymous(self, message: Message, chunks: Iterator[bytes], staged: Staged) -> None:
        """Store a message that has no unique-id of its own, under one that its octets give it."""
        digest = sha256()
        for chunk in chunks:
            staged.write(chunk)
            digest.update(chunk)
        if self._match(digest.digest(), Retrieve(message, False, Known.BY_CONTENT)):
            staged.abandon()
            self.stored.add(message)
            return
        named = self._named(message, digest.hexdigest())
        staged.close(unique=self._unique(named))
        if target := self._left.get(self._token(*key_of(named))):  # by a run that was killed
            staged.abandon()
            self._save_found([self._record(named, staged.sha256)._replace(folder=target)])
            self.stored.add(message)
        else:
            self._add(message, named, staged)

    def _add(self, message: Message, named: Message, staged: Staged) -> None:
        self._groups.add((message, self._record(named, staged.sha256)), staged)

    def _commit(self, group: Sequence[tuple[Taken, Delivered]]) -> None:
        """Record messages that are durable."""
        self._save([record for (_, record), _ in group])
        self.stored |= {message for (message, _), _ in group}
        self._tally.fetched += len(group)
        self._tally.octets += sum(done.size for _, done in group)

    def mark(self, messages: Sequence[Message]) -> None:
        """Record messages as seen though they are not here."""
        self._save([self._record(message, b"") for message in messages])

    def mark_deleted(self, messages: Sequence[Message]) -> None:
        """Record what the server has deleted."""
        self._state.mark_deleted(self._source.id, [key_of(message) for message in messages])

    # -- by content --------------------------------------------------------

    def _known_by_content(self, listed: set[PopKey]) -> dict[bytes, list[PopRecord]]:
        """Return what is stored here and may come once more, by SHA-256.

        That is what the server deleted and lists again, and what it lists no more.
        """
        found: dict[bytes, list[PopRecord]] = defaultdict(list)
        for key, record in self.records.items():
            if record.here and record.deleted == (key in listed):
                found[record.sha256].append(record)
        return found

    def _match(self, digest: bytes, action: Retrieve) -> PopRecord | None:
        """Return, once, what is recorded of a message with these octets."""
        candidates = self._known.get(digest, [])
        usable = [
            record
            for record in candidates
            if action.known is Known.BY_BOTH or record.deleted is (action.known is Known.BY_ID)
        ]
        if not usable:
            return None
        key = key_of(action.message)
        found = next((r for r in usable if (r.uidl, r.size) == key), usable[-1])
        candidates.remove(found)
        return found

    def _rename(self, known: PopRecord, message: Message) -> None:
        """Record under its present unique-id a message that is stored here."""
        self.renamed += not known.deleted
        fresh = self._record(message, known.sha256)._replace(stored_at=known.stored_at)
        with self._state.transaction():
            self._state.forget_pop(self._source.id, [(known.uidl, known.size)])
            self.records.pop((known.uidl, known.size), None)
            self._save([fresh])

    def _named(self, message: Message, digest: str) -> Message:
        """Return the message with a name that no server gives, since it holds a space."""
        names = (UniqueId(f"sha256 {digest} {number}") for number in count(1))
        uidl = next(name for name in names if self._is_free(name, message.size))
        self._given.add(uidl)
        return message._replace(uidl=uidl)

    def _is_free(self, uidl: UniqueId, size: int) -> bool:
        record = self.records.get((uidl, size))
        return uidl not in self._given and (record is None or record.deleted)

    # -- the state ---------------------------------------------------------

    def _unique(self, message: Message) -> str:
        return unique_name(self._token(*key_of(message)), when=self._now)

    def _record(self, message: Message, digest: bytes) -> PopRecord:
        return PopRecord(
            uidl=message.uidl,
            size=message.size,
            sha256=digest,
            token=self._token(*key_of(message)),
            folder=self._target,
            stored_at=self._now,
        )

    def _save(self, records: Sequence[PopRecord]) -> None:
        if records:
            self._state.record_pop(self._source.id, records)
        self.records |= {(record.uidl, record.size): record for record in records}
