"""`pop-fetch`: take mail home, and delete on the server only what is safe here.

For each batch the order is: octets durable in the Maildir, state committed,
and only at the end DELE and QUIT. ARCHITECTURE.md says what a crash at each
step leaves behind.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256

from mailcli.app.context import Context
from mailcli.app.sessions import pop_session
from mailcli.app.stores import hash_of, locked_state, require_maildir
from mailcli.config import Account, PopServer
from mailcli.errors import MailError, ProtocolViolation
from mailcli.model import UniqueId
from mailcli.pop.plan import (
    Action,
    Delete,
    Keep,
    Message,
    Policy,
    Retrieve,
    Skip,
    Stored,
    Time,
    plan,
)
from mailcli.pop.session import CommandFailed, PopSession
from mailcli.results import ErrorReport, PopAccount, PopResult, SkippedPop
from mailcli.store.delivery import Delivery
from mailcli.store.entries import unique_name
from mailcli.store.folder import Delivered
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName
from mailcli.store.pop_state import PopKey
from mailcli.store.records import PopRecord
from mailcli.store.staging import Staged
from mailcli.store.state import StateStore


@dataclass(slots=True)
class _Tally:
    """What one account's run has done so far; it survives the run's failure."""

    fetched: int = 0
    octets: int = 0
    deleted: int = 0
    kept: int = 0
    skipped: list[SkippedPop] = field(default_factory=list)
    error: MailError | None = None

    def skip(self, message: Message, reason: str) -> None:
        self.skipped.append(SkippedPop(message.uidl, reason))

    def result(self, account: Account) -> PopAccount:
        error = ErrorReport.of(self.error, account=account.name) if self.error else None
        return PopAccount(
            account.name,
            self.fetched,
            self.octets,
            self.deleted,
            self.kept,
            tuple(self.skipped),
            error,
        )


def pop_fetch(
    context: Context,
    accounts: Sequence[Account],
    *,
    keep: bool | timedelta | None = None,
    dry_run: bool = False,
) -> PopResult:
    """Fetch the new mail of every account; one that fails does not stop the others.

    `keep` overrides what the accounts say. A dry run counts what would be done.
    """
    return PopResult(tuple(_account(context, a, keep, dry_run=dry_run) for a in accounts))


def _account(
    context: Context, account: Account, keep: bool | timedelta | None, *, dry_run: bool
) -> PopAccount:
    tally = _Tally()
    try:
        with ExitStack() as stack:
            state = stack.enter_context(locked_state(context, account))
            session = stack.enter_context(pop_session(context, account))
            assert account.pop is not None  # noqa: S101 - pop_session checked it
            policy = Policy(account.pop.keep if keep is None else keep)
            run = _Run(context, account, account.pop, state, session, tally)
            run.fetch(policy, dry_run=dry_run)
    except MailError as exc:
        tally.error = exc.of(account.name)
    return tally.result(account)


class _Run:
    """One account's run: everything that its steps have in common."""

    def __init__(
        self,
        context: Context,
        account: Account,
        server: PopServer,
        state: StateStore,
        session: PopSession,
        tally: _Tally,
    ) -> None:
        self._context = context
        self._account = account
        self._server = server
        self._state = state
        self._session = session
        self._tally = tally
        self._folder_name = FolderName.parse(server.folder)
        self._folder = Maildir(account.maildir, account.layout).folder(self._folder_name)
        self._source = state.pop_source(server.endpoint.host, server.login.username)
        self._listed: set[PopKey] = set()

    def fetch(self, policy: Policy, *, dry_run: bool) -> None:
        """Do the run, or with `dry_run` only count what it would do.

        Raises: MailError; what was done until then stands in the tally and in the state.
        """
        if self._state.pop_seen(self._source.id):
            require_maildir(self._account)
        listing = self._session.listing()
        self._listed = {(message.uidl, message.size) for message in listing}
        if not dry_run:
            self._recover(listing)
        now = Time(self._context.unix_time())
        actions = plan(listing, self._seen(), policy, now)
        self._count(actions)
        if dry_run:
            self._foresee(actions)
            return
        wanted = [action for action in actions if isinstance(action, Retrieve)]
        stored = self._retrieve([action.message for action in wanted])
        doomed = [a.message for a in wanted if a.then_delete and a.message in stored]
        doomed += [action.message for action in actions if isinstance(action, Delete)]
        self._tally.kept += len(stored) - sum(1 for message in doomed if message in stored)
        self._delete(doomed)

    def _count(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Keep():
                    self._tally.kept += 1
                case Skip(message, reason):
                    self._tally.skip(message, reason)
                    self._tally.error = self._tally.error or ProtocolViolation(
                        f"{self._server.endpoint}: {reason}"
                    )
                case _:
                    pass

    def _foresee(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, Retrieve):
                self._tally.fetched += 1
                self._tally.octets += action.message.size
                self._tally.kept += not action.then_delete
            if isinstance(action, Delete) or (isinstance(action, Retrieve) and action.then_delete):
                self._tally.deleted += 1

    def _seen(self) -> dict[UniqueId, list[Stored]]:
        seen: dict[UniqueId, list[Stored]] = {}
        for record in self._state.pop_seen(self._source.id).values():
            if not record.deleted:  # a unique-id may be given again after that (RFC 1939 §7)
                stored = Stored(record.size, Time(record.stored_at))
                seen.setdefault(record.uidl, []).append(stored)
        return seen

    # -- what an earlier run left ------------------------------------------

    def _recover(self, listing: Sequence[Message]) -> None:
        """Record what a run that was killed had delivered: its files' names say what they are.

        Also after the state was lost. Costs a look through the folder, and only then.
        """
        if not self._folder.exists():
            return
        self._folder.remove_stale_tmp()
        seen = self._state.pop_seen(self._source.id)
        if seen and not self._source.delivering:
            return
        delivered = self._folder.tokens()
        found = []
        for message in listing:
            entry = delivered.get(self._token(message))
            if entry is not None and (message.uidl, message.size) not in seen:
                digest, _ = hash_of(self._folder, entry)
                found.append(self._record(message, digest))
        self._state.record_pop(self._source.id, found)

    def _token(self, message: Message) -> str:
        """Name a message for ever: the same maildrop, unique-id and size give the same name."""
        parts = (
            self._source.host,
            self._source.username,
            message.uidl,
            str(message.size),
        )
        octets = "\0".join(parts).encode("utf-8", "surrogateescape")
        return f"P{sha256(octets).hexdigest()[:32]}"

    # -- fetching ----------------------------------------------------------

    def _retrieve(self, messages: Sequence[Message]) -> set[Message]:
        """Fetch messages and return those that are durable here and recorded."""
        stored: set[Message] = set()
        if messages:
            self._folder.create()
            self._state.set_delivering(self._source.id, True)
            self._retrieve_into(stored, messages)
        if messages or self._source.delivering:
            self._state.set_delivering(self._source.id, False)
        return stored

    def _retrieve_into(self, stored: set[Message], messages: Sequence[Message]) -> None:
        known = self._known_by_content(messages)

        def record(group: Sequence[tuple[Message, Delivered]]) -> None:
            self._record_all(group)
            stored.update(message for message, _ in group)

        octets = sum(message.size for message in messages)
        # What arrived whole before a failure is kept: it need not come again.
        with (
            self._context.progress.transfer(
                self._account.name, messages=lambda: len(messages), octets=octets
            ) as show,
            Delivery[Message](self._folder, record) as delivery,
        ):
            for message in messages:
                staged = self._stage(message)
                show(message.size)
                if staged is not None and known.get(staged.sha256):
                    staged.abandon()
                    self._rename(known[staged.sha256], message)
                    stored.add(message)
                elif staged is not None:
                    delivery.add(message, staged)

    def _known_by_content(self, wanted: Sequence[Message]) -> dict[bytes, list[PopRecord]]:
        """Return what is stored here and may come once more, by SHA-256.

        That is what the server deleted and lists again. And what it lists no more, where
        every message has another unique-id, as after the server was moved or repaired; a
        run that was stopped meanwhile has recorded some of them already.
        """
        renamed = len(wanted) == len(self._listed) or self._source.delivering
        found: dict[bytes, list[PopRecord]] = defaultdict(list)
        for key, record in self._state.pop_seen(self._source.id).items():
            is_listed = key in self._listed
            if record.deleted == is_listed and (is_listed or renamed):
                found[record.sha256].append(record)
        return found

    def _rename(self, candidates: list[PopRecord], message: Message) -> None:
        """Record under its present unique-id a message that is stored here."""
        key = (message.uidl, message.size)
        known = next((r for r in candidates if (r.uidl, r.size) == key), candidates[-1])
        candidates.remove(known)
        fresh = replace(self._record(message, known.sha256), stored_at=known.stored_at)
        with self._state.transaction():
            self._state.forget_pop(self._source.id, [(known.uidl, known.size)])
            self._state.record_pop(self._source.id, [fresh])

    def _stage(self, message: Message) -> Staged | None:
        """Fetch one message into `tmp`; None, and a word in the tally, where it cannot be had."""
        unique = unique_name(self._token(message), when=self._context.unix_time())
        with self._folder.stage(unique) as staged:
            try:
                for chunk in self._session.retrieve(message):
                    staged.write(chunk)
            except CommandFailed as exc:
                staged.abandon()
                self._refuse(message, exc)
                return None
            staged.close()
        if staged.size < message.size:
            staged.abandon()
            why = f"the server announced {message.size} octets and sent {staged.size}"
            self._refuse(message, ProtocolViolation(f"message {message.number}: {why}"))
            return None
        return staged

    def _refuse(self, message: Message, error: MailError) -> None:
        self._tally.skip(message, error.message)
        self._tally.error = self._tally.error or error

    def _record_all(self, group: Sequence[tuple[Message, Delivered]]) -> None:
        """Commit messages that are durable to the state."""
        records = [self._record(message, done.sha256) for message, done in group]
        self._state.record_pop(self._source.id, records)
        self._tally.fetched += len(group)
        self._tally.octets += sum(done.size for _, done in group)

    def _record(self, message: Message, digest: bytes) -> PopRecord:
        return PopRecord(
            uidl=message.uidl,
            size=message.size,
            sha256=digest,
            token=self._token(message),
            folder=str(self._folder_name),
            stored_at=self._context.unix_time(),
        )

    # -- deleting ----------------------------------------------------------

    def _delete(self, messages: Sequence[Message]) -> None:
        """Delete on the server. QUIT decides: without its answer nothing counts as deleted."""
        marked = [message for message in messages if self._mark(message)]
        try:
            self._session.quit()
        except MailError:
            if marked:
                raise
        self._state.mark_deleted(self._source.id, [(m.uidl, m.size) for m in marked])
        self._tally.deleted += len(marked)

    def _mark(self, message: Message) -> bool:
        try:
            self._session.delete(message)
        except CommandFailed as exc:
            self._refuse(message, exc)
            return False
        return True
