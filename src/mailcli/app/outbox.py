"""`outbox`: messages that wait to be sent: queue, list, flush, drop.

A flush takes one connection for each account. Each recipient's phase is
durable before the final dot of its transaction, and again after the answer: a
run that was stopped before the dot sends again, one that was stopped after it
does not know, says so, and never sends again by itself.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from mailcli.app.context import Context, Step
from mailcli.app.outgoing import Outgoing
from mailcli.app.queue_run import FIRST_WAIT, AccountRun
from mailcli.config import Account
from mailcli.errors import MailError
from mailcli.model import Address
from mailcli.results import (
    ErrorReport,
    FlushedMessage,
    FlushResult,
    OutboxChange,
    OutboxMessage,
    OutboxResult,
)
from mailcli.store.lock import AccountLock
from mailcli.store.outbox import Outbox, Phase, Queued, Recipient


def enqueue(context: Context, outgoing: Outgoing, *, folder: str | None, reason: str = "") -> int:
    """Put a message into the outbox, durably, and return its number there.

    Raises: CannotCreate (73), LocalError (74).
    """
    now = context.unix_time()
    envelope = outgoing.envelope
    message = Queued(
        id=0,
        account=outgoing.account.name,
        token="",
        sender=envelope.sender,
        size=outgoing.message.size,
        created=now,
        next_try=now + (FIRST_WAIT if reason else 0),
        recipients=tuple(
            Recipient(Address(outgoing.names.get(email, ""), email))
            for email in envelope.recipients
        ),
        utf8_header=envelope.utf8_header,
        notify=tuple(envelope.notify),
        returned=envelope.returned,
        message_id=outgoing.message_id,
        subject=outgoing.subject,
        copy_head=outgoing.copy_head,
        folder=folder,
        error=reason,
    )
    with Outbox.below(context.state_dir) as outbox:
        return outbox.add(message, outgoing.message)


def listed(context: Context, accounts: Iterable[str] = ()) -> OutboxResult:
    """Return what is in the outbox, of these accounts or of all."""
    wanted = set(accounts)
    with Outbox.below(context.state_dir) as outbox:
        found = [m for m in outbox.messages() if not wanted or m.account in wanted]
    return OutboxResult(tuple(map(_shown, found)))


def drop(context: Context, numbers: Iterable[int]) -> OutboxChange:
    """Remove messages from the outbox; they are not sent any more, whatever state they are in.

    Raises: NotFound (66); Locked (75) while a flush may be sending them. None is removed then.
    """
    wanted = tuple(dict.fromkeys(numbers))
    with Outbox.below(context.state_dir) as outbox, ExitStack() as locks:
        for account in dict.fromkeys(outbox.message(number).account for number in wanted):
            locks.enter_context(_lock(context, account))
        messages = [outbox.message(number) for number in wanted]  # as the last flush left them
        for message in messages:
            outbox.remove(message)
    return OutboxChange(tuple(map(_shown, messages)))


@dataclass(frozen=True, slots=True)
class FlushRequest:
    """Which messages to try: those that are due, or some, or with `now` all that wait.

    `retry` are numbers of messages whose outcome is unknown, to be sent again; with
    `retry_unknown` all of them, or those among the `numbers`.
    """

    accounts: tuple[str, ...] = ()
    numbers: frozenset[int] = frozenset()
    retry: frozenset[int] = frozenset()
    retry_unknown: bool = False
    now: bool = False

    def is_wanted(self, message: Queued, at: int) -> bool:
        """Tell whether a message is to be tried in this run."""
        if self.numbers:
            return message.id in self.numbers | self.retry
        return message.id in self.retry or self.now or message.next_try <= at

    def is_retried(self, message: Queued) -> bool:
        """Tell whether a message is to be sent again though it may have arrived."""
        is_named = not self.numbers or message.id in self.numbers
        return message.id in self.retry or (self.retry_unknown and is_named)


def flush(context: Context, request: FlushRequest) -> FlushResult:
    """Send what waits, and report it; one account's failure does not stop the others.

    Raises: NotFound (66) for a number that is not there.
    """
    messages: list[FlushedMessage] = []
    errors: list[ErrorReport] = []
    with Outbox.below(context.state_dir) as outbox:
        outbox.clean_up()
        for number in request.numbers | request.retry:
            outbox.message(number)
        waiting = outbox.messages()
        names = dict.fromkeys(message.account for message in waiting)
        for name in names:
            if request.accounts and name not in request.accounts:
                continue
            try:
                account = context.account(name)
                with _lock(context, name):
                    messages += _flush_account(context, outbox, account, request, errors)
            except MailError as exc:
                errors.append(ErrorReport.of(exc, account=name))
        left = tuple(_shown(message) for message in outbox.messages())
    return FlushResult(tuple(messages), tuple(errors), left)


def _lock(context: Context, account: str) -> AccountLock:
    return AccountLock(context.state_dir / f"{account}.outbox.lock")


def _flush_account(
    context: Context,
    outbox: Outbox,
    account: Account,
    request: FlushRequest,
    errors: list[ErrorReport],
) -> Iterator[FlushedMessage]:
    with AccountRun(context, outbox, account, errors) as run:
        wanted = yield from _wanted(context, outbox, account, request, run)
        with _progress(context, account, wanted) as step:
            for message, following in zip(wanted, [*wanted[1:], None], strict=False):
                report = run.settle(message, following, step)
                if report:
                    yield report


def _progress(
    context: Context, account: Account, wanted: Iterable[Queued]
) -> AbstractContextManager[Step]:
    sent = [message.size for message in wanted if message.those(Phase.WAITING)]
    return context.progress.transfer(account.name, messages=lambda: len(sent), octets=sum(sent))


def _wanted(
    context: Context, outbox: Outbox, account: Account, request: FlushRequest, run: AccountRun
) -> Generator[FlushedMessage, None, list[Queued]]:
    """Report what a stopped run left, and return what is to be settled now."""
    at = context.unix_time()
    wanted = []
    for message in outbox.messages(account=account.name):
        stopped = run.note_stopped(message)
        unknown = message.those(Phase.UNKNOWN, Phase.ENDING)
        retried = bool(unknown) and request.is_retried(message)
        if retried:
            run.forget_unknown(message)
        elif stopped:
            yield stopped
        current = outbox.message(message.id)
        if retried or request.is_wanted(current, at) or not current.those(Phase.WAITING):
            wanted.append(current)
    return wanted


def _shown(message: Queued) -> OutboxMessage:
    waits, unknown = message.those(Phase.WAITING), message.those(Phase.UNKNOWN, Phase.ENDING)
    return OutboxMessage(
        id=message.id,
        account=message.account,
        state="unknown" if unknown else "waiting" if waits else "done",
        created=_time(message.created),
        next_try=_time(message.next_try) if waits else None,
        tries=message.tries,
        size=message.size,
        sender=message.sender,
        recipients=tuple(each.address for each in (*waits, *unknown)),
        subject=message.subject,
        message_id=message.message_id,
        error=message.error or None,
    )


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).astimezone()
