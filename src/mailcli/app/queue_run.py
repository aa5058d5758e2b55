"""One account's part of a flush: a connection, and what becomes of each message on it.

What happens when (see ARCHITECTURE.md): phase `ending` → final dot → answer →
phase → copy, bounce → row → file. Every step can be the last one of a run.
"""

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mailcli.app.context import Context, Passing, Step, named
from mailcli.app.queued import Octets, envelope_of, following_of
from mailcli.app.sent import keep_copy
from mailcli.app.sessions import smtp_session
from mailcli.config import Account
from mailcli.errors import (
    Exit,
    InvalidMessage,
    MailError,
    OutcomeUnknown,
    Refused,
    TemporaryFailure,
)
from mailcli.message.bounce import Failure, bounce
from mailcli.message.relay import split
from mailcli.model import Address
from mailcli.results import ErrorReport, FlushedMessage, Outcome, RefusedRecipient
from mailcli.smtp.transaction import Submission, Watch
from mailcli.store.entries import unique_name
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX
from mailcli.store.outbox import Outbox, Phase, Queued, Recipient

if TYPE_CHECKING:
    from mailcli.smtp.session import SmtpSession

FIRST_WAIT = 60
LONGEST_WAIT = 4 * 3600
GIVE_UP = 5 * 24 * 3600
"""Seconds: the first wait is doubled up to the longest; then the sender is told."""


def wait_after(tries: int) -> int:
    """Return the seconds to wait after so many tries: 1 min, doubled up to 4 h."""
    return int(min(FIRST_WAIT * 2.0 ** min(tries - 1, 20), LONGEST_WAIT))


class AccountRun:
    """Sends an account's messages over one connection, opened when there is one to send.

    Where it cannot be opened, each further message of the run fails for the same reason.
    `errors` gets what kept a message that was tried from being finished.
    """

    def __init__(
        self, context: Context, outbox: Outbox, account: Account, errors: list[ErrorReport]
    ) -> None:
        self._context = context
        self._outbox = outbox
        self._account = account
        self._errors = errors
        self._stack = ExitStack()
        self._session: SmtpSession | None = None
        self._broken: MailError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    # -- what an earlier run left ----------------------------------------------

    def note_stopped(self, message: Queued) -> FlushedMessage | None:
        """Note what a stopped run left behind its final dot as unknown, and report it."""
        ending = message.those(Phase.ENDING)
        if not ending:
            return None
        self._outbox.move(message.id, (r.address.email for r in ending), Phase.UNKNOWN)
        lost = OutcomeUnknown(
            "an earlier run was stopped while the server had the message; "
            "it may or may not have been accepted",
            hint=f"look for it; mailcli outbox flush --retry {message.id} sends it again, "
            f"mailcli outbox drop {message.id} forgets it",
        )
        return self._report(message, unknown=ending, error=lost)

    def forget_unknown(self, message: Queued) -> None:
        """Let a message whose outcome is unknown be sent again, as the user wants."""
        unknown = message.those(Phase.UNKNOWN, Phase.ENDING)
        self._outbox.move(message.id, (r.address.email for r in unknown), Phase.WAITING)

    # -- one message -----------------------------------------------------------

    def settle(
        self, message: Queued, following: Queued | None, step: Step
    ) -> FlushedMessage | None:
        """Try those that wait, then save, tell and remove as far as that goes; report a try.

        `following` is the message that is settled next; `step` is told what is sent. A message
        that cannot be finished is left to the next run, and the others go on.
        """
        report = None
        if message.those(Phase.WAITING):
            report = self._try(message, following, step)
            step(0)
        current = self._outbox.message(message.id)
        saved, warnings = self._save(current)
        try:
            if saved:
                self._outbox.note_saved(message.id)
            self._tell(current)
            self._remove_if_over(message.id)
        except MailError as exc:
            self._errors.append(ErrorReport.of(exc, account=self._account.name))
        return report and report._replace(saved=saved, warnings=warnings)

    def _remove_if_over(self, number: int) -> None:
        current = self._outbox.message(number)
        if current.is_over:
            self._outbox.remove(current)

    def _try(self, message: Queued, following: Queued | None, step: Step) -> FlushedMessage:
        waiting = message.those(Phase.WAITING)
        try:
            with named(self._account):
                submission = self._submit(message, following, step)
        except MailError as exc:
            return self._failed(message, waiting, exc)
        return self._answered(message, waiting, submission)

    def _submit(self, message: Queued, following: Queued | None, step: Step) -> Submission:
        watch = Watch(
            ending=lambda emails: self._outbox.move(message.id, emails, Phase.ENDING),
            accepted=lambda emails: self._note_accepted(message.id, emails),
        )

        def submit() -> Submission:
            return self._open().submit(
                envelope_of(message),
                Passing(Octets(self._outbox, message), step),
                size=message.size,
                watch=watch,
                following=following_of(following),
            )

        used = self._is_open()
        try:
            return submit()
        except TemporaryFailure:
            if not used or self._is_open():
                raise
        # The server had enough of this connection, not of the message.
        return submit()

    def _note_accepted(self, number: int, emails: tuple[str, ...]) -> None:
        """Record whom the server has taken it for, or leave them in phase `ending`.

        `_answered` records it again. Where that cannot be done either, they are unknown to the
        next run: an error here would look like a message that was not sent.
        """
        with suppress(MailError):
            self._outbox.move(number, emails, Phase.ACCEPTED)

    def _is_open(self) -> bool:
        return self._session is not None and self._session.is_open

    def _open(self) -> "SmtpSession":
        if self._broken:
            raise self._broken
        if self._session is None or not self._is_open():
            self._stack.pop_all().close()
            try:
                session = smtp_session(self._context, self._account)
                self._session = self._stack.enter_context(session)
            except MailError as exc:
                self._broken = exc
                raise
        return self._session

    # -- what came of it -------------------------------------------------------

    def _answered(
        self, message: Queued, waiting: tuple[Recipient, ...], submission: Submission
    ) -> FlushedMessage:
        """Record the answers. Those accepted are recorded already, where that could be done."""
        by_email = {each.address.email: each for each in waiting}
        later: list[Recipient] = []
        never: list[Recipient] = []
        for email, reply in submission.refused.items():
            phase = Phase.REFUSED if reply.permanent else Phase.WAITING
            answered = Recipient(
                by_email[email].address, phase, reply.code, reply.enhanced, reply.text
            )
            (never if reply.permanent else later).append(answered)
        unknown = tuple(by_email[email] for email in submission.unknown)
        words = "; ".join(dict.fromkeys(f"{r.code} {r.text}" for r in (*never, *later)))
        lost = submission.lost
        with self._outbox.transaction():
            self._outbox.move(message.id, submission.accepted, Phase.ACCEPTED)
            self._outbox.record(message.id, (*never, *later))
            self._outbox.move(message.id, submission.unknown, Phase.UNKNOWN)
            self._note_try(message, (lost.message if lost else words), later)
        accepted = tuple(by_email[email] for email in submission.accepted)
        refused = (*never, *later)
        return self._report(
            message, accepted=accepted, refused=refused, unknown=unknown, error=lost
        )

    def _failed(
        self, message: Queued, waiting: tuple[Recipient, ...], exc: MailError
    ) -> FlushedMessage:
        """Record that nobody was accepted: for good, or until the next try."""
        # A server that lets nobody in says nothing about this message.
        for_good = isinstance(exc, Refused | InvalidMessage) and exc is not self._broken
        with self._outbox.transaction():
            if for_good:
                told = [
                    replace(r, phase=Phase.REFUSED, code=None, text=exc.message) for r in waiting
                ]
                self._outbox.record(message.id, told)
            else:
                self._outbox.move(message.id, (r.address.email for r in waiting), Phase.WAITING)
            self._note_try(message, exc.message, () if for_good else waiting)
        if not for_good and self._session is not None and exc.exit_code is not Exit.TEMPORARY:
            self._session.close()  # who knows what the server means now
        return self._report(message, error=exc)

    def _note_try(self, message: Queued, error: str, later: Sequence[Recipient]) -> None:
        """Note the try, and give up those who were refused for now for too long."""
        now = self._context.unix_time()
        wait = wait_after(message.tries + 1)
        self._outbox.note_try(message.id, at=now, next_try=now + wait, error=error)
        if now - message.created >= GIVE_UP:
            given_up = [
                replace(r, phase=Phase.REFUSED, text=r.text or f"given up after 5 days: {error}")
                for r in later
            ]
            self._outbox.record(message.id, given_up)

    def _tell(self, message: Queued) -> None:
        """Put a bounce into the INBOX for those refused, and note that. Raises: MailError."""
        refused = message.those(Phase.REFUSED)
        if not refused:
            return
        owner = self._account.email or Address("", message.sender)
        octets = bounce(
            owner,
            [Failure(r.address.email, r.code, r.enhanced, r.text) for r in refused],
            subject=message.subject,
            header=split(self._outbox.chunks(message))[0],
            now=datetime.fromtimestamp(message.tried, UTC).astimezone(),
            token=f"{message.token}-{message.tries}",
        )
        folder = Maildir(self._account.maildir, self._account.layout).folder(INBOX)
        folder.create()
        unique = unique_name(f"B{message.token}-{message.tries}", when=message.tried)
        with folder.stage(unique) as staged:
            staged.write(octets)
            staged.close()
        folder.deliver([staged])
        self._outbox.move(message.id, (r.address.email for r in refused), Phase.TOLD)

    def _save(self, message: Queued) -> tuple[Path | None, tuple[str, ...]]:
        """Keep the copy once somebody was accepted; a failure is a warning, and tried again."""
        if message.copy_head is None or message.saved or not message.those(Phase.ACCEPTED):
            return None, ()
        try:
            path = keep_copy(
                self._context,
                self._account,
                chain([message.copy_head], self._outbox.chunks(message)),
                token=f"S{message.token}",
                folder_name=message.folder,
                when=message.created,
            )
        except MailError as exc:
            return None, (f"sent, but no copy was saved: {exc.message}",)
        return path, ()

    def _report(
        self,
        message: Queued,
        *,
        accepted: tuple[Recipient, ...] = (),
        refused: tuple[Recipient, ...] = (),
        unknown: tuple[Recipient, ...] = (),
        error: MailError | None = None,
    ) -> FlushedMessage:
        current = self._outbox.message(message.id)
        waits = bool(current.those(Phase.WAITING))
        outcome: Outcome = "unknown" if unknown else "deferred" if waits else "refused"
        if accepted and not unknown:
            outcome = "partial" if refused else "delivered"
        return FlushedMessage(
            id=message.id,
            account=message.account,
            message_id=message.message_id,
            subject=message.subject,
            outcome=outcome,
            accepted=tuple(each.address for each in accepted),
            refused=tuple(
                RefusedRecipient(
                    r.address, r.phase is Phase.REFUSED, r.code or 0, r.enhanced, r.text
                )
                for r in refused
            ),
            unknown=tuple(each.address for each in unknown),
            next_try=datetime.fromtimestamp(current.next_try, UTC).astimezone() if waits else None,
            error=ErrorReport.of(error, account=self._account.name) if error else None,
        )
