"""One account's POP3 run: list, plan, fetch, and delete on the server only what is safe here.

For each batch the order is: octets durable in the Maildir, state committed, and
only at the end DELE and QUIT. A message that ends its session is left alone, and
another session fetches those behind it. ARCHITECTURE.md says what a crash leaves behind.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from itertools import count

from mailcli.app.context import Context
from mailcli.app.pop_delivery import PopDelivery, folder_of, is_elsewhere, target_of
from mailcli.app.pop_options import PopOptions, Task, maildrop_of
from mailcli.app.pop_remarks import RENAMED, remarks_on
from mailcli.app.pop_tally import Tally
from mailcli.app.sessions import identify, pop_session
from mailcli.app.stores import require_maildir
from mailcli.config import Account, PopServer
from mailcli.errors import (
    CannotCreate,
    LocalError,
    MailError,
    ProtocolViolation,
    TemporaryFailure,
)
from mailcli.model import UniqueId
from mailcli.pop.client import CommandFailed
from mailcli.pop.listing import Listing
from mailcli.pop.plan import (
    Action,
    Delete,
    Earlier,
    Keep,
    Known,
    Message,
    Retrieve,
    Skip,
    Stored,
    Time,
    Wait,
    all_are_new,
    plan,
)
from mailcli.pop.session import PopSession
from mailcli.pop.transfer import ShortMessage
from mailcli.results import MaildropStatus
from mailcli.store.pop_state import PopKey
from mailcli.store.state import StateStore

MAX_SESSIONS = 20
"""Sessions of one run: each after the first because a message ended the one before."""

MAX_BARREN = 3
"""Sessions in a row that bring nothing."""


class PopRun:
    """One account's run: everything that its steps have in common."""

    def __init__(
        self,
        context: Context,
        account: Account,
        server: PopServer,
        state: StateStore,
        options: PopOptions,
        tally: Tally,
    ) -> None:
        self._context = context
        self._account = account
        self._server = server
        self._state = state
        self._options = options
        self._policy = options.policy(server)
        self._tally = tally
        self._now = context.unix_time()
        self._source = state.pop_source(*maildrop_of(server))
        self._target = target_of(account, options.deliver)
        self._delivery = PopDelivery(account, state, self._source, self._target, tally, self._now)
        self._identify = cache(identify(context, account, server))  # one question for all sessions
        self._renamed = False
        self._excluded: set[PopKey] = set()  # refused, or ended a session
        self._ahead = True  # whether commands may go out ahead of their answers

    def run(self) -> None:
        """Do what is asked for.

        Raises: MailError; what was done until then stands in the tally and in the state.
        """
        self._require_target()
        barren = 0
        for number in count(1):
            stored = self._tally.fetched + self._delivery.renamed
            with pop_session(
                self._context,
                self._account,
                before_login=self._await_turn,
                identify=self._identify,
            ) as session:
                if self._one_session(session, first=number == 1):
                    break
                paused = session.capabilities.login_delay > 0
            barren = 0 if self._tally.fetched + self._delivery.renamed > stored else barren + 1
            if paused or barren == MAX_BARREN or number == MAX_SESSIONS:
                break
        self._tell()

    def _one_session(self, session: PopSession, *, first: bool) -> bool:
        """Go through one session; return whether no other one is needed."""
        listing = session.listing()
        if first:
            self._note_problems(listing)
            if self._options.task in {Task.FETCH, Task.MARK}:
                self._delivery.recover(listing.messages)
        actions = self._decide(session, listing)
        match self._options.task:
            case Task.FETCH:
                return self._fetch(session, listing, actions)
            case Task.MARK:
                self._mark(actions)
            case Task.FORESEE:
                self._count(actions)
                self._foresee(actions)
            case Task.STATUS:
                self._tally.status = _status(listing, actions)
        self._finish(session, [], unsafe=False)
        return True

    # -- before ------------------------------------------------------------

    def _require_target(self) -> None:
        """Stop where mail was stored and its Maildir is gone: a disk may not be mounted."""
        stored = {record.folder for record in self._delivery.records.values() if record.here}
        if self._options.deliver is None:
            if any(not is_elsewhere(target) for target in stored):
                require_maildir(self._account)
        elif self._target in stored:
            folder = folder_of(self._account, self._target)
            if not folder.exists():
                raise LocalError(
                    f"{folder.path}: the Maildir is gone, though mail was stored in it",
                    hint="mount its disk, or make the directories cur, new and tmp in it",
                )

    def _await_turn(self, session: PopSession) -> None:
        """Keep the pause between logins that the server asks for (RFC 2449 §6.5)."""
        delay = session.capabilities.login_delay
        left = self._source.logged_in + delay - self._now
        if 0 < left <= delay:
            raise TemporaryFailure(
                f"{self._server.endpoint}: the server allows one login every {delay} seconds; "
                f"the next is due in {left}"
            )
        if delay:
            self._state.record_login(self._source.id, self._now)

    def _note_problems(self, listing: Listing) -> None:
        if listing.problems:
            more = f" (and {len(listing.problems) - 1} more)" if listing.problems[1:] else ""
            self._tally.fail(
                ProtocolViolation(f"{self._server.endpoint}: {listing.problems[0]}{more}")
            )

    def _decide(self, session: PopSession, listing: Listing) -> list[Action]:
        seen = self._seen()
        stopped = self._source.renaming or self._renamed
        self._renamed = all_are_new(listing.messages, seen, stopped=stopped)
        failed = frozenset(m for m in listing.messages if _lasting(m) in self._excluded)
        actions = plan(
            listing.messages,
            seen,
            self._policy,
            Time(self._now),
            renamed=self._renamed,
            earlier=Earlier(self._tally.fetched, self._tally.octets, failed),
        )
        nameless = [a for a in actions if isinstance(a, Retrieve) and a.known is Known.BY_CONTENT]
        self._tally.standing = self._tally.standing or remarks_on(
            self._server, session.capabilities, self._policy, listing, nameless
        )
        return actions

    def _seen(self) -> dict[UniqueId, list[Stored]]:
        seen: dict[UniqueId, list[Stored]] = {}
        for record in self._delivery.records.values():
            if not record.deleted:  # a unique-id may be given again after that (RFC 1939 §7)
                stored = Stored(record.size, Time(record.stored_at), here=record.here)
                seen.setdefault(record.uidl, []).append(stored)
        return seen

    # -- what is asked for -------------------------------------------------

    def _count(self, actions: Sequence[Action]) -> None:
        """Count what is left alone, anew in each session."""
        self._tally.kept = sum(isinstance(action, Keep) for action in actions)
        self._tally.waiting = sum(isinstance(action, Wait) for action in actions)
        known = {skipped.uidl for skipped in self._tally.skipped}
        for action in actions:
            if isinstance(action, Skip) and action.message.uidl not in known:
                self._tally.skip(action.message, action.reason)

    def _foresee(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if isinstance(action, Retrieve):
                self._tally.fetched += 1
                self._tally.octets += action.message.size
                self._tally.kept += not action.then_delete
            if isinstance(action, Delete) or (isinstance(action, Retrieve) and action.then_delete):
                self._tally.deleted += 1

    def _mark(self, actions: Sequence[Action]) -> None:
        """Note everything as seen that has a unique-id of its own, whatever its size."""
        self._tally.kept = sum(isinstance(action, Keep | Delete) for action in actions)
        marked = []
        for action in actions:
            if isinstance(action, Retrieve) and action.known is Known.BY_CONTENT:
                self._tally.skip(action.message, "it has no unique-id of its own to be known by")
            elif isinstance(action, Retrieve | Skip | Wait):
                marked.append(action.message)
        self._delivery.mark(marked)
        self._tally.marked = len(marked)

    def _fetch(self, session: PopSession, listing: Listing, actions: Sequence[Action]) -> bool:
        self._count(actions)
        wanted = [action for action in actions if isinstance(action, Retrieve)]
        complete = self._retrieve(session, listing, wanted) if wanted else True
        if not complete:
            return not self._is_left(wanted)
        stored = self._delivery.stored
        self._end_deliveries(begun=bool(wanted))
        doomed = [a.message for a in wanted if a.then_delete and a.message in stored]
        doomed += [action.message for action in actions if isinstance(action, Delete)]
        if self._delivery.renamed:
            self._tally.kept += sum(isinstance(action, Delete) for action in actions)
            doomed = []
        self._tally.kept += len(stored) - sum(message in stored for message in doomed)
        refused = len(stored) < len(wanted)
        self._finish(session, doomed, unsafe=refused)
        return not (refused and self._tally.waiting)  # others may come in the place of those

    def _end_deliveries(self, *, begun: bool) -> None:
        """Let the next run not look for what was delivered, as all of it is recorded.

        It must, where all unique-ids are new and one message failed, which may be known too.
        """
        if (begun or self._source.delivering) and not (self._renamed and self._tally.error):
            self._delivery.end()

    def _is_left(self, wanted: Sequence[Retrieve]) -> bool:
        """Whether a session is worth its while that fetches what one has left.

        Or what may come in the place of what failed.
        """
        return self._tally.waiting > 0 or any(
            action.message not in self._delivery.stored
            and _lasting(action.message) not in self._excluded
            for action in wanted
        )

    def _retrieve(self, session: PopSession, listing: Listing, wanted: Sequence[Retrieve]) -> bool:
        """Fetch messages; return whether the session can go on."""
        actions = iter(wanted)
        action = wanted[0]
        refused: Message | None = None
        messages = [each.message for each in wanted]
        receiving = self._delivery.receiving(listing.messages, renaming=self._renamed)
        try:
            with self._progress(messages) as show, receiving:
                for message, chunks in session.retrieve(messages, ahead=self._ahead):
                    action = next(actions)
                    try:
                        self._delivery.take(action, chunks)
                    except (CommandFailed, ShortMessage) as exc:
                        refused = message
                        self._excluded.add(_lasting(message))
                        self._tally.refuse(message, exc)
                    show(message.size)
        except (LocalError, CannotCreate):
            raise
        except MailError as exc:
            if action.message is not refused:
                self._tally.refuse(action.message, exc)
            self._ahead = self._ahead and isinstance(exc, TemporaryFailure)
            self._excluded.add(_lasting(action.message))
            return False
        return True

    def _progress(
        self, messages: Sequence[Message]
    ) -> AbstractContextManager[Callable[[int], None]]:
        return self._context.progress.transfer(
            self._account.name,
            messages=lambda: len(messages),
            octets=sum(message.size for message in messages),
        )

    # -- the end -----------------------------------------------------------

    def _finish(self, session: PopSession, doomed: Sequence[Message], *, unsafe: bool) -> None:
        """Delete on the server. QUIT decides: without its answer nothing counts as deleted."""
        if unsafe and session.capabilities.expires_after == 0:
            session.close()  # QUIT might remove what was sent and is not here (RFC 2449 §6.7)
            return
        try:
            refused = session.quit(doomed)
        except MailError:
            if doomed:
                raise
            return
        for message, error in refused:
            self._tally.refuse(message, error)
        left = {message for message, _ in refused}
        gone = [message for message in doomed if message not in left]
        self._delivery.mark_deleted(gone)
        self._tally.deleted += len(gone)

    def _tell(self) -> None:
        """Say what is odd about the server, but not in every run to nobody."""
        if self._delivery.renamed:
            self._tally.news.append(RENAMED)
        told = "\n".join(self._tally.standing)
        if told == self._source.told and not self._options.tell_again:
            self._tally.standing = []
        elif told != self._source.told:
            self._state.record_told(self._source.id, told)


def _lasting(message: Message) -> PopKey:
    """Name a message for the run's other sessions; without a unique-id by its number.

    That stays, as a session that was broken off deletes nothing (RFC 1939 §6).
    """
    return message.uidl or UniqueId(f"# {message.number}"), message.size


def _status(listing: Listing, actions: Sequence[Action]) -> MaildropStatus:
    new = [a.message for a in actions if isinstance(a, Retrieve | Skip | Wait)]
    return MaildropStatus(
        messages=len(listing.messages),
        bytes=sum(message.size for message in listing.messages),
        new=len(new) if listing.has_ids else None,
        new_bytes=sum(message.size for message in new) if listing.has_ids else None,
    )
