"""`drafts send`: a stored draft, as it is, to those in its header; then it is no draft any more.

It goes from the drafts only once it was accepted and a copy is kept. Before the final
dot a mark is made, so that a draft whose outcome nobody knows is not sent again without a
word. Two runs do not send one draft at once.
"""

import secrets

from mailcli.app.context import Context
from mailcli.app.drafts import answered_by, removed, stored_octets
from mailcli.app.found import Found
from mailcli.app.outgoing import (
    Outgoing,
    Queue,
    Request,
    keeps_copy,
    names_of,
    reverse_path,
    sender_of,
    server_of,
)
from mailcli.app.submit import submit_prepared
from mailcli.config import Account
from mailcli.errors import ConfigError, ConfirmationNeeded, MailError
from mailcli.message import relay
from mailcli.message.addresses import parse_addresses, to_ascii, unique
from mailcli.message.redraft import bcc_field, finished
from mailcli.message.reply import identifiers_in
from mailcli.message.summary import summarise
from mailcli.model import Address, Flag
from mailcli.results import SendResult
from mailcli.smtp.envelope import Envelope
from mailcli.smtp.transaction import Watch
from mailcli.store.sending_mark import SendingMark
from mailcli.store.spool import Spool

_KEPT = "the draft is kept: {}"


def prepare_draft(context: Context, draft: Found, request: Request) -> Outgoing:
    """Make a draft ready to be sent; `request` says what else is to be done with it.

    Raises: InvalidMessage (65) where it names nobody, or somebody unclear; ConfigError (78).
    """
    account = _account_of(draft)
    header, body = relay.split(stored_octets(draft))
    sender = relay.sender(header) or sender_of(request) or account.email
    if sender is None:
        raise ConfigError("the account has no email address", account=account.name)
    recipients = relay.recipients(header)
    domain = to_ascii(sender.email).rpartition("@")[2] or "localhost"
    new = finished(header, sender, f"<{secrets.token_hex(16)}@{domain}>", context.now())
    envelope = Envelope(
        reverse_path(request.envelope_sender, sender),
        tuple(unique(recipients)),
        utf8_header=not new.isascii(),
        notify=request.notify,
        returned=request.returned,
    )
    spool = Spool(context.state_dir)
    spool.extend([new])
    spool.extend(body)
    return Outgoing(
        account,
        server_of(account),
        envelope,
        names_of(recipients),
        spool,
        relay.message_id(new),
        summarise(header).subject,
        bcc_field(_hidden(header)) if keeps_copy(account, request) else None,
    )


def send_draft(context: Context, draft: Found, request: Request, *, again: bool) -> SendResult:
    """Send a draft. With `again` also one that may have gone out already.

    Raises: ConfirmationNeeded (3) for such a one; Locked (75) for one that is being sent; else
    as `submit`.
    """
    mark = SendingMark(context.state_dir, outgoing_name(draft))
    with mark.held():
        was_set = mark.is_set()
        if was_set and not again:
            raise ConfirmationNeeded(
                "this draft may have been sent: an earlier run ended before it knew",
                hint="ask those it is for; --yes sends it again, mailcli delete removes it",
            )
        # Only now: a run that had the lock before may have removed it.
        outgoing = prepare_draft(context, draft, request)
        result = _submitted(context, request, outgoing, mark, was_set=was_set)
        return _settled(context, draft, outgoing, result, mark, was_set=was_set)


def _submitted(
    context: Context, request: Request, outgoing: Outgoing, mark: SendingMark, *, was_set: bool
) -> SendResult:
    """Send what was prepared. That it did not go now says nothing of an earlier run's outcome."""
    try:
        if request.queue is not Queue.NEVER:
            mark.set()  # the outbox has it before the drafts have it no more
        watch = Watch(ending=lambda _: mark.set())
        return submit_prepared(context, request, outgoing, watch=watch)
    except MailError:
        if not was_set:
            mark.clear()
        raise


def outgoing_name(draft: Found) -> str:
    """Return what names a draft as long as nobody writes on it."""
    assert draft.entry is not None  # noqa: S101 - see one_draft
    return f"{_account_of(draft).name}\0{draft.entry.unique}"


def _settled(
    context: Context,
    draft: Found,
    outgoing: Outgoing,
    result: SendResult,
    mark: SendingMark,
    *,
    was_set: bool,
) -> SendResult:
    """Remove the draft where it is certain that it has gone; say so where it stays."""
    if result.unknown:
        return _warned(result, "it is not known whether its message has gone")
    if not result.accepted and not result.queued:
        if not was_set:
            mark.clear()
        return result
    if result.accepted and outgoing.copy_head is not None and result.saved is None:
        return _warned(result, "there is no other copy")
    try:
        is_removed = removed(draft)
    except MailError as error:
        return _warned(result, error.message)
    if not is_removed:
        return _warned(result, "another program has changed it meanwhile")
    mark.clear()
    return _answered(context, draft, outgoing, result)


def _answered(
    context: Context, draft: Found, outgoing: Outgoing, result: SendResult
) -> SendResult:
    """Mark what the message answers."""
    from mailcli.app.answering import mark

    header, _ = relay.split(outgoing.message)
    values = [v.encode() for name, v, _, _ in relay.fields(header) if name.lower() == _ANSWERED]
    about = answered_by(context, _account_of(draft), identifiers_in(values))
    numbers, warnings = mark(about, Flag.ANSWERED)
    return result._replace(answered=numbers, warnings=(*result.warnings, *warnings))


_ANSWERED = "in-reply-to"


def _warned(result: SendResult, reason: str) -> SendResult:
    return result._replace(warnings=(*result.warnings, _KEPT.format(reason)))


def _account_of(draft: Found) -> Account:
    assert draft.account is not None  # noqa: S101 - see one_draft
    return draft.account


def _hidden(header: bytes) -> list[Address]:
    values = [value for name, value, _, _ in relay.fields(header) if name.lower() == "bcc"]
    return [each for value in values for each in parse_addresses(value)]
