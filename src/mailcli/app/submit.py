"""`send`: compose or relay one message, submit it, keep a copy.

What a failure after acceptance does is settled here: it becomes a warning,
because a message that was accepted must never be reported as failed.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Literal

from mailcli.app.context import Context, named
from mailcli.app.outgoing import Outgoing, Queue, Request, prepare
from mailcli.app.passing import Passing
from mailcli.app.sent import keep_copy
from mailcli.app.sessions import smtp_session
from mailcli.errors import MailError, TemporaryFailure
from mailcli.model import Address
from mailcli.results import ErrorReport, RefusedRecipient, SendPreview, SendResult
from mailcli.smtp.transaction import Submission, Watch


def submit(context: Context, request: Request, account_name: str | None) -> SendResult:
    """Send one message, or queue it, and say what became of every recipient.

    Raises: MailError when nothing was accepted for a reason that is no recipient's;
        InvalidMessage (65) before anything is sent.
    """
    return submit_prepared(context, request, prepare(context, request, account_name))


def submit_prepared(
    context: Context, request: Request, outgoing: Outgoing, *, watch: Watch | None = None
) -> SendResult:
    """Do as `submit` does, with a message that is ready; `request` says what to do with it.

    `watch` is told before the final dot, and when the message was accepted.
    """
    with named(outgoing.account):
        if request.queue is Queue.ALWAYS:
            return _queued(context, request, outgoing)
        try:
            submission = _deliver(context, outgoing, watch)
        except TemporaryFailure as exc:
            if request.queue is Queue.NEVER:
                raise
            return _queued(context, request, outgoing, reason=exc.message)
    return _result(context, request, outgoing, submission)


def preview(context: Context, request: Request, account_name: str | None) -> SendPreview:
    """Return what `submit` would put on the wire, without opening a connection."""
    return preview_of(prepare(context, request, account_name))


def preview_of(outgoing: Outgoing) -> SendPreview:
    """Return what would be put on the wire of a message that is ready."""
    return SendPreview(
        sender=outgoing.envelope.sender,
        recipients=outgoing.envelope.recipients,
        message=b"".join(outgoing.message).decode("utf-8", "surrogateescape"),
        account=outgoing.account.name,
        server=str(outgoing.server.endpoint),
    )


def _deliver(context: Context, outgoing: Outgoing, watch: Watch | None) -> Submission:
    size = outgoing.message.size
    with smtp_session(context, outgoing.account) as session:
        name = outgoing.account.name
        with context.progress.transfer(name, messages=lambda: 1, octets=size) as step:
            message = Passing(outgoing.message, step)
            return session.submit(outgoing.envelope, message, size=size, watch=watch or Watch())


def _result(
    context: Context, request: Request, outgoing: Outgoing, submission: Submission
) -> SendResult:
    result = SendResult(
        message_id=outgoing.message_id,
        outcome="refused",
        accepted=_named(outgoing, submission.accepted),
        refused=tuple(
            RefusedRecipient(
                _one(outgoing, email), reply.permanent, reply.code, reply.enhanced, reply.text
            )
            for email, reply in submission.refused.items()
        ),
        saved=None,
        unknown=_named(outgoing, submission.unknown),
    )
    if submission.lost:
        error = ErrorReport.of(submission.lost, account=outgoing.account.name)
        result = result._replace(outcome="unknown", error=error)
    elif submission.accepted:
        outcome: Literal["partial", "delivered"] = "partial" if result.refused else "delivered"
        result = result._replace(outcome=outcome)
    if submission.accepted:
        saved, warnings = _save(context, request, outgoing)
        result = result._replace(saved=saved, warnings=warnings)
    return _queue_the_rest(context, request, outgoing, result)


def _queue_the_rest(
    context: Context, request: Request, outgoing: Outgoing, result: SendResult
) -> SendResult:
    """Queue the message for those whom the server refused for now, where that was asked for.

    What the server said is told in any case: where it cannot be queued, there is a warning.
    """
    deferred = tuple(each for each in result.refused if not each.permanent)
    if request.queue is not Queue.ON_TEMPFAIL or not deferred:
        return result
    rest = replace(
        outgoing,
        envelope=replace(outgoing.envelope, recipients=tuple(r.address.email for r in deferred)),
        copy_head=None if result.accepted else outgoing.copy_head,
    )
    reason = "; ".join(dict.fromkeys(f"{each.code} {each.text}" for each in deferred))
    try:
        queued = _queued(context, request, rest, reason=reason)
    except MailError as exc:
        return result._replace(warnings=(*result.warnings, f"not queued: {exc.message}"))
    outcome = result.outcome if result.unknown else queued.outcome
    return result._replace(outcome=outcome, queued=queued.queued, outbox_id=queued.outbox_id)


def _queued(
    context: Context, request: Request, outgoing: Outgoing, *, reason: str = ""
) -> SendResult:
    from mailcli.app.outbox import enqueue

    number = enqueue(context, outgoing, folder=request.sent_folder, reason=reason)
    return SendResult(
        message_id=outgoing.message_id,
        outcome="queued",
        accepted=(),
        refused=(),
        saved=None,
        warnings=(f"queued for later: {reason}",) if reason else (),
        queued=_named(outgoing, outgoing.envelope.recipients),
        outbox_id=number,
    )


def _named(outgoing: Outgoing, emails: Iterable[str]) -> tuple[Address, ...]:
    return tuple(_one(outgoing, email) for email in emails)


def _one(outgoing: Outgoing, email: str) -> Address:
    return Address(outgoing.names.get(email, ""), email)


def _save(
    context: Context, request: Request, outgoing: Outgoing
) -> tuple[Path | None, tuple[str, ...]]:
    """Keep a copy in the Sent folder; return its path, or a warning instead.

    The message was accepted: nothing that goes wrong here may make that look undone.
    """
    if outgoing.copy_head is None:
        return None, ()
    try:
        path = keep_copy(
            context,
            outgoing.account,
            chain([outgoing.copy_head], outgoing.message),
            token=f"S{os.urandom(16).hex()}",
            folder_name=request.sent_folder,
        )
    except MailError as exc:
        return None, (f"sent, but no copy was saved: {exc.message}",)
    return path, ()
