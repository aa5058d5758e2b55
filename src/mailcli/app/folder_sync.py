"""One folder's synchronisation: gather both sides, plan, apply in durable batches.

The plan is `sync.plan`'s; here is the IO. What a crash at each step leaves
behind stands in ARCHITECTURE.md. Two rules make repetition harmless: a fetched
message that is here already, by its octets, is recognised instead of stored
twice; and an upload is looked up on the server before it is repeated.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from mailcli.app.context import Context
from mailcli.app.stores import hash_of, message_id_of
from mailcli.errors import MailError, NotFound, ProtocolViolation, TemporaryFailure
from mailcli.imap.session import CommandFailed, ImapSession
from mailcli.imap.values import Fetched, FlagState, Selected
from mailcli.model import Flags, Uid, UidValidity
from mailcli.results import ErrorReport, FolderSync, PlannedAction, SkippedImap
from mailcli.store.entries import Entry, unique_name
from mailcli.store.folder import MAX_BATCH, MaildirFolder
from mailcli.store.names import FolderName
from mailcli.store.records import AppendIntent, MessageRow
from mailcli.store.staging import Staged
from mailcli.store.state import StateStore
from mailcli.sync.plan import (
    Action,
    Agree,
    Append,
    Bind,
    Fetch,
    Hold,
    SetLocalFlags,
    Side,
    StoreFlags,
    plan,
)
from mailcli.sync.states import Agreed, Local, Policy, Remote

FETCH_SET = 100
"""Messages asked for by one UID FETCH."""


@dataclass(frozen=True, slots=True)
class FolderPair:
    """The same folder on both sides: our name for it, its name on the wire, its role."""

    name: FolderName
    wire: bytes
    role: str | None


@dataclass(slots=True)
class _Counts:
    fetched: int = 0
    appended: int = 0
    flags_local: int = 0
    flags_remote: int = 0
    skipped: list[SkippedImap] = field(default_factory=list)

    def result(self, name: str, error: MailError | None) -> FolderSync:
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


def sync_folder(  # noqa: PLR0913 - the two sides, what is known of both, and how
    context: Context,
    session: ImapSession,
    state: StateStore,
    folder: MaildirFolder,
    pair: FolderPair,
    policy: Policy,
    *,
    dry_run: bool,
) -> FolderSync:
    """Synchronise one folder and say what was done, or with `dry_run` what would be.

    Raises: TemporaryFailure and ProtocolViolation, after which the connection is of no use;
        any other failure is the folder's own and part of the result.
    """
    counts = _Counts()
    try:
        selected = session.select(pair.wire, read_only=dry_run or not policy.changes_remote)
        run = _FolderRun(context, session, state, folder, pair, selected, counts)
        if dry_run:
            return replace(counts.result(str(pair.name), None), actions=run.preview(policy))
        run.sync(policy)
    except (TemporaryFailure, ProtocolViolation):
        raise
    except MailError as exc:
        return counts.result(str(pair.name), exc)
    return counts.result(str(pair.name), None)


class _FolderRun:
    """One folder's run: both sides as they are now, and what was agreed on.

    `_rows` are the messages agreed on in this generation of UIDs, `_former` those of earlier
    ones: their files may be matched by content, but are never uploaded.
    """

    def __init__(  # noqa: PLR0913 - see sync_folder
        self,
        context: Context,
        session: ImapSession,
        state: StateStore,
        folder: MaildirFolder,
        pair: FolderPair,
        selected: Selected,
        counts: _Counts,
    ) -> None:
        self._context, self._session, self._state = context, session, state
        self._folder, self._pair, self._selected, self._counts = folder, pair, selected, counts
        self._generation: UidValidity = selected.uidvalidity
        self._rows: dict[Uid, MessageRow] = {}
        self._former: dict[str, MessageRow] = {}
        self._entries: dict[str, Entry] = {}
        self._id = 0

    def preview(self, policy: Policy) -> tuple[PlannedAction, ...]:
        """Return what a run would do; nothing is written anywhere."""
        row = self._state.folder(str(self._pair.name))
        if row is not None:
            self._load(row.id)
        if self._folder.exists():
            self._scan()
        remote = self._session.fetch_flags(self._selected.exists)
        return tuple(self._planned(a) for a in self._plan(remote, policy))

    def sync(self, policy: Policy) -> None:
        """Do the run: first everything that is not an upload, then uploads.

        What is fetched may turn out to be a file that is here already; only then is it known
        which files the server lacks.
        """
        if policy.changes_local or self._folder.exists():
            self._folder.create()
            self._folder.remove_stale_tmp()
            self._scan()
        self._id = self._record_folder()
        self._load(self._id)
        remote = self._session.fetch_flags(self._selected.exists)
        self._settle_uploads(remote)
        actions = self._plan(remote, policy)
        self._report_held(actions)
        self._apply_known(actions)
        recognised = self._fetch([a.uid for a in actions if isinstance(a, Fetch)])
        if recognised:
            actions = self._plan(remote, policy)
            self._apply_known(actions)
        for action in actions:
            if isinstance(action, Append):
                self._append(action)

    # -- gathering ---------------------------------------------------------

    def _record_folder(self) -> int:
        return self._state.save_folder(
            str(self._pair.name),
            uidvalidity=self._generation,
            uidnext=self._selected.uidnext or 0,
            role=self._pair.role,
        )

    def _load(self, folder_id: int) -> None:
        for row in self._state.messages(folder_id):
            if row.uidvalidity == self._generation:
                self._rows[row.uid] = row
            else:
                self._former[row.unique] = row

    def _scan(self) -> None:
        self._entries = {entry.unique: entry for entry in self._folder.scan()}

    def _plan(self, remote: Mapping[Uid, FlagState], policy: Policy) -> list[Action]:
        agreed = {uid: Agreed(row.unique, row.flags) for uid, row in self._rows.items()}
        bound = {row.unique for row in self._rows.values()}
        origins = self._origins(uid for uid in remote if uid not in self._rows)
        local = {
            unique: Local(entry.flags, origins.get(entry.token or ""))
            for unique, entry in self._entries.items()
            if unique in bound or unique not in self._former
        }
        states = {uid: Remote(state.flags) for uid, state in remote.items()}
        return plan(agreed, local, states, policy)

    def _origins(self, uids: Iterable[Uid]) -> dict[str, Uid]:
        """Return the tokens that files fetched as these UIDs would have."""
        return {self._token(uid): uid for uid in uids}

    def _token(self, uid: Uid) -> str:
        """Name a message for ever: its folder, generation and UID."""
        octets = b"\0".join((self._pair.wire, b"%d" % self._generation, b"%d" % uid))
        return f"I{sha256(octets).hexdigest()[:32]}"

    # -- what both sides have ----------------------------------------------

    def _apply_known(self, actions: Sequence[Action]) -> None:
        """Bring flags to both sides, then remember what was agreed on."""
        self._save(self._bound(a) for a in actions if isinstance(a, Bind))
        self._store_flags([a for a in actions if isinstance(a, StoreFlags)])
        renamed = [a for a in actions if isinstance(a, SetLocalFlags)]
        for action in renamed:
            self._set_local_flags(action)
        if renamed:
            self._folder.sync()
        self._save(
            replace(self._rows[a.uid], flags=a.flags) for a in actions if isinstance(a, Agree)
        )

    def _bound(self, action: Bind) -> MessageRow:
        digest, size = hash_of(self._folder, self._entries[action.unique])
        return self._row(action.uid, action.unique, action.flags, frozenset(), size, digest)

    def _row(
        self,
        uid: Uid,
        unique: str,
        flags: Flags,
        keywords: frozenset[str],
        size: int,
        digest: bytes,
    ) -> MessageRow:
        return MessageRow(self._generation, uid, unique, flags, keywords, size, digest)

    def _save(self, rows: Iterable[MessageRow]) -> None:
        """Commit rows, and drop the records that they replace."""
        fresh = list(rows)
        if not fresh:
            return
        with self._state.transaction():
            self._state.save_messages(self._id, fresh)
            self._state.drop_intents(self._id, [row.unique for row in fresh])
            for row in fresh:
                old = self._former.pop(row.unique, None)
                if old is not None:
                    self._state.forget_messages(self._id, old.uidvalidity, [old.uid])
        self._rows.update((row.uid, row) for row in fresh)

    def _store_flags(self, actions: Sequence[StoreFlags]) -> None:
        """Change flags on the server, messages with the same change together."""
        added: dict[Flags, list[Uid]] = defaultdict(list)
        removed: dict[Flags, list[Uid]] = defaultdict(list)
        for action in actions:
            if action.add:
                added[action.add].append(action.uid)
            if action.remove:
                removed[action.remove].append(action.uid)
        for flags, uids in added.items():
            self._session.change_flags(uids, flags, add=True)
        for flags, uids in removed.items():
            self._session.change_flags(uids, flags, add=False)
        self._counts.flags_remote += len(actions)

    def _set_local_flags(self, action: SetLocalFlags) -> None:
        entry = self._entries[action.unique]
        try:
            self._entries[action.unique] = self._folder.set_flags(entry, action.flags)
            self._counts.flags_local += 1
        except NotFound:
            # Another program took it away meanwhile: the next run sees what became of it.
            self._counts.skipped.append(
                SkippedImap(action.uid, None, "the file went away during the run")
            )

    def _report_held(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, Hold):
                self._counts.skipped.append(SkippedImap(action.uid, None, _held(action)))

    # -- fetching ----------------------------------------------------------

    def _fetch(self, uids: Sequence[Uid]) -> bool:
        """Fetch messages and record them; whether one of them was here already."""
        if not uids:
            return False
        twins = self._twins()
        recognised = False
        for start in range(0, len(uids), FETCH_SET):
            batch: list[tuple[Fetched, Staged]] = []
            try:
                for fetched in self._arriving(uids[start : start + FETCH_SET]):
                    staged = self._complete(fetched)
                    if staged is None:
                        continue
                    if twin := _take(twins, staged):
                        staged.abandon()
                        self._recognise(fetched, staged, twin)
                        recognised = True
                    else:
                        batch.append((fetched, staged))
                    if len(batch) >= MAX_BATCH:
                        self._keep(batch)
                        batch = []
            finally:
                # What arrived whole before a failure is kept: it need not come again.
                self._keep(batch)
        return recognised

    def _arriving(self, uids: Sequence[Uid]) -> Iterable[Fetched]:
        """Yield the messages as they come, each once; an unfinished one is taken away."""
        asked = set(uids)
        opened: list[Staged] = []

        def open_body() -> Staged:
            unique = unique_name(f"T{len(opened)}", when=self._context.unix_time())
            opened.append(self._folder.stage(unique))
            return opened[-1]

        try:
            for fetched in self._session.fetch_messages(uids, open_body):
                if fetched.uid in asked:
                    asked.remove(fetched.uid)
                    opened.clear()
                    yield fetched
        finally:
            for staged in opened:
                staged.abandon()

    def _complete(self, fetched: Fetched) -> Staged | None:
        staged = fetched.body
        if not isinstance(staged, Staged):
            self._counts.skipped.append(
                SkippedImap(fetched.uid, None, "the server sent no message")
            )
            return None
        received = fetched.internal_date
        staged.close(
            unique=unique_name(self._token(fetched.uid), when=self._context.unix_time()),
            flags=fetched.state.flags,
            received=int(received.timestamp()) if received else None,
        )
        return staged

    def _keep(self, batch: Sequence[tuple[Fetched, Staged]]) -> None:
        """Make a batch durable, then commit it to the state."""
        if not batch:
            return
        delivered = self._folder.deliver([staged for _, staged in batch])
        rows = []
        for (fetched, _), done in zip(batch, delivered, strict=True):
            self._entries[done.entry.unique] = done.entry
            state = fetched.state
            rows.append(
                self._row(
                    fetched.uid,
                    done.entry.unique,
                    state.flags,
                    state.keywords,
                    done.size,
                    done.sha256,
                )
            )
        self._save(rows)
        self._counts.fetched += len(batch)

    def _twins(self) -> dict[tuple[int, bytes], list[str]]:
        """Return the files that no message of this generation is bound to, by content."""
        bound = {row.unique for row in self._rows.values()}
        twins: dict[tuple[int, bytes], list[str]] = defaultdict(list)
        for unique, entry in self._entries.items():
            if unique in bound:
                continue
            if former := self._former.get(unique):
                twins[former.size, former.sha256].append(unique)
                continue
            try:
                digest, size = hash_of(self._folder, entry)
            except NotFound:
                continue  # another program took it away meanwhile
            twins[size, digest].append(unique)
        return twins

    def _recognise(self, fetched: Fetched, staged: Staged, unique: str) -> None:
        """Bind a message to the file that has the same octets; flags are merged next."""
        flags = self._entries[unique].flags & fetched.state.flags
        keywords = fetched.state.keywords
        self._save([self._row(fetched.uid, unique, flags, keywords, staged.size, staged.sha256)])

    # -- uploading ---------------------------------------------------------

    def _settle_uploads(self, remote: Mapping[Uid, FlagState]) -> None:
        """Find out what became of uploads whose answer was lost, before any is repeated.

        By Message-ID among the messages that came since; those without one are recognised by
        their octets when they are fetched.
        """
        for intent in self._state.intents(self._id):
            known = intent.unique in self._entries and intent.uidvalidity == self._generation
            if known and intent.message_id:
                found = self._session.search_message_id(intent.message_id)
                fresh = [u for u in found if u in remote and u not in self._rows]
                since = [u for u in fresh if u >= (intent.uidnext_before or 1)]
                if len(since) == 1:
                    self._bind_upload(intent, since[0], remote[since[0]])
                    continue
            self._state.drop_intents(self._id, [intent.unique])

    def _bind_upload(self, intent: AppendIntent, uid: Uid, state: FlagState) -> None:
        flags = self._entries[intent.unique].flags & state.flags
        self._save(
            [self._row(uid, intent.unique, flags, state.keywords, intent.size, intent.sha256)]
        )
        self._counts.appended += 1

    def _append(self, action: Append) -> None:
        """Upload one file: the intent is durable before the first octet leaves."""
        entry = self._entries[action.unique]
        try:
            digest, size = hash_of(self._folder, entry)
        except NotFound:
            return  # another program took it away meanwhile
        intent = AppendIntent(
            action.unique,
            digest,
            size,
            message_id_of(self._folder, entry),
            self._generation,
            self._selected.uidnext,
        )
        self._state.add_intents(self._id, [intent])
        try:
            place = self._session.append(
                self._pair.wire, self._folder.open_wire(entry), size=size, flags=action.flags
            )
        except CommandFailed as exc:
            self._state.drop_intents(self._id, [action.unique])
            self._counts.skipped.append(
                SkippedImap(None, self._folder.path_of(entry), exc.message)
            )
            raise
        self._counts.appended += 1
        if place and place[0] == self._generation:
            self._save(
                [self._row(place[1], action.unique, action.flags, frozenset(), size, digest)]
            )

    # -- telling -----------------------------------------------------------

    def _planned(self, action: Action) -> PlannedAction:
        unique = getattr(action, "unique", None)
        entry = self._entries.get(unique) if unique else None
        path = self._folder.path_of(entry) if entry else None
        kind, detail = _described(action)
        return PlannedAction(kind, getattr(action, "uid", None), path, detail)


def _take(twins: dict[tuple[int, bytes], list[str]], staged: Staged) -> str | None:
    """Take one file with the same octets; two equal messages need two files."""
    found = twins.get((staged.size, staged.sha256))
    return found.pop() if found else None


def _held(action: Hold) -> str:
    if action.gone == {Side.LOCAL}:
        return "deleted here, still on the server: deletions are not carried over yet"
    if action.gone == {Side.REMOTE}:
        return "deleted on the server, still here: deletions are not carried over yet"
    return "deleted on both sides"


def _described(action: Action) -> tuple[str, str]:
    match action:
        case Bind():
            return "pair", "the file is this message"
        case Fetch():
            return "fetch", "new on the server"
        case Append():
            return "append", "new here"
        case SetLocalFlags(flags=flags):
            return "flags_local", f"set to {_names(flags)}"
        case StoreFlags(add=add, remove=remove):
            return "flags_remote", f"add {_names(add)}; remove {_names(remove)}"
        case Agree(flags=flags):
            return "agree", f"both sides have {_names(flags)}"
        case Hold():
            return "hold", _held(action)


def _names(flags: Flags) -> str:
    return " ".join(sorted(flag.name.lower() for flag in flags)) or "none"
