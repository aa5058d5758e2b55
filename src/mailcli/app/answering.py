"""`reply` and `forward`: what is asked to be sent, made from the messages that it is about.

What comes out is a `Request` as `send` has it, so that all that happens to it afterwards
is the same. Once it was accepted, the messages are marked.
"""

from collections.abc import Container, Sequence
from pathlib import Path
from typing import NamedTuple

from mailcli.app.account_choice import addresses_of, choose_account
from mailcli.app.context import Context
from mailcli.app.found import Found
from mailcli.app.original import Original
from mailcli.app.outgoing import Request
from mailcli.app.rich_text import Quote
from mailcli.config import Account
from mailcli.errors import InvalidMessage, MailError, NotFound
from mailcli.message.people import people_in, written
from mailcli.message.quoting import (
    attribution,
    forward_subject,
    forwarded,
    in_html,
    quoted,
    without_signature,
)
from mailcli.message.reply import Answer, Own, Wish, answer
from mailcli.model import Address, Flag
from mailcli.results import SendResult


class Reply(NamedTuple):
    """How a reply is made: to whom, whether it quotes, and whether above the quotation."""

    wish: Wish = Wish.SENDER
    quotes: bool = True
    on_top: bool = False


def wish_of(*, to_all: bool, to_list: bool) -> Wish:
    """Return to whom a reply is to go, by what was asked for; to its sender if nothing was."""
    return Wish.ALL if to_all else Wish.LIST if to_list else Wish.SENDER


class Forward(NamedTuple):
    """How messages are passed on: in the text, with their attachments or not, or whole."""

    whole: bool = False
    attachments: bool = True


class Answering(NamedTuple):
    """What is to be sent, by which account, and which messages then get which flag.

    `warnings` are for the user to read before.
    """

    request: Request
    account: str
    about: tuple[Found, ...]
    flag: Flag
    warnings: tuple[str, ...] = ()


def reply_to(
    context: Context, found: Found, request: Request, account: str | None, manner: Reply
) -> Answering:
    """Return the reply to a message; what `request` says itself is added, or goes before.

    Raises: InvalidMessage (65), NotFound (66), LocalError (74), ConfigError (78).
    """
    original = Original(found)
    chosen = _account_for(context, account, original)
    reply = answer(original.fields, manner.wish, _own(context, chosen))
    quote = _quotation(context, original, on_top=not manner.on_top) if manner.quotes else None
    sender = _named_as(chosen, reply.sender)
    request = request._replace(
        to=(*map(written, reply.to), *request.to),
        cc=(*map(written, reply.cc), *request.cc),
        sender=request.sender or (written(sender) if sender else None),
        subject=request.subject or reply.subject,
        headers=(*_threading(reply, request.headers), *request.headers),
        quote=quote,
    )
    warnings = (*reply.warnings, *_cut(original))
    return Answering(request, chosen.name, (found,), Flag.ANSWERED, warnings)


def forward(
    context: Context,
    found: Sequence[Found],
    request: Request,
    account: str | None,
    manner: Forward,
) -> Answering:
    """Return the message that passes others on.

    Raises: NotFound (66), LocalError (74), ConfigError (78).
    """
    originals = [Original(each) for each in found]
    chosen = _account_for(context, account, originals[0])
    quote, parts = None, [each.whole() for each in originals if manner.whole]
    if not manner.whole:
        texts = [_passed_on(context, each) for each in originals]
        quote = Quote("\n".join(texts), "".join(map(in_html, texts)), on_top=False)
        if manner.attachments:
            parts = [part for each in originals for part in each.attachments()]
    request = request._replace(
        sender=request.sender or _sender(chosen, originals[0]),
        subject=request.subject or _subject(originals),
        quote=quote,
        parts=tuple(parts),
    )
    odd = [each.name for each in parts if manner.whole and each.encoding == "base64"]
    warnings = [f"{name}: no message may have such lines; attached as a file" for name in odd]
    warnings += [warning for each in originals for warning in _cut(each)]
    return Answering(request, chosen.name, tuple(found), Flag.PASSED, tuple(warnings))


def settled(answering: Answering, result: SendResult, given: Container[Path]) -> SendResult:
    """Mark what was answered or passed on, if the message has gone or waits in the outbox.

    Messages that were `given` by their paths stay as they are. The message was accepted:
    what goes wrong here is a warning.
    """
    if not result.accepted and not result.queued:
        return result
    numbers, warnings = mark(answering.about, answering.flag, given)
    result = result._replace(warnings=(*result.warnings, *warnings))
    if answering.flag is Flag.ANSWERED:
        return result._replace(answered=numbers)
    return result._replace(forwarded=numbers)


def mark(
    messages: Sequence[Found], flag: Flag, given: Container[Path] = ()
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Give messages of accounts a flag, durably; return their numbers, and what went wrong."""
    numbers: list[int] = []
    warnings: list[str] = []
    for each in messages:
        if each.where is None or each.entry is None or each.path.resolve() in given:
            continue
        try:
            each.where.set_flags(each.entry, each.entry.flags | {flag})
            each.where.sync()
        except NotFound:
            continue  # another program has it
        except MailError as error:
            warnings.append(f"sent, but the message is not marked: {error.message}")
        else:
            numbers += [each.number] if each.number else []
    return tuple(numbers), tuple(warnings)


def _account_for(context: Context, name: str | None, original: Original) -> Account:
    """Return the account named, the message's, or the one that it was sent to."""
    account = original.found.account
    if name or account is None:
        fields = {"to", "cc", "delivered-to", "x-original-to"}
        values = [value for field, value in original.fields if field.lower() in fields]
        return choose_account(context, name, people_in(values).addresses, sends=False)
    return account


def _own(context: Context, account: Account) -> Own:
    others = (each for each in context.config.accounts.values() if each is not account)
    return Own(addresses_of(account), tuple(a for each in others for a in addresses_of(each)))


def _named_as(account: Account, address: Address | None) -> Address | None:
    """Return an address of the account with the user's name, which an alias may lack."""
    if address is None or address.name or account.email is None:
        return address
    return Address(account.email.name, address.email)


def _sender(account: Account, original: Original) -> str | None:
    """Return the alias that a message was sent to, as the author of one that passes it on."""
    try:
        found = answer(original.fields, Wish.ALL, Own(addresses_of(account))).sender
    except InvalidMessage:
        return None
    sender = _named_as(account, found)
    return written(sender) if sender else None


def _threading(reply: Answer, given: Sequence[str]) -> list[str]:
    """Return what says which message this one answers, unless the user says so."""
    names = {each.partition(":")[0].strip().lower() for each in given}
    found = {"In-Reply-To": reply.in_reply_to, "References": " ".join(reply.references)}
    return [
        f"{name}: {value}" for name, value in found.items() if value and name.lower() not in names
    ]


def _quotation(context: Context, original: Original, *, on_top: bool) -> Quote | None:
    text = without_signature(original.text(context.now().tzinfo))
    if not text.strip():
        return None
    authors = people_in(v for name, v in original.fields if name.lower() == "from").addresses
    line = attribution(authors[0] if authors else None, original.date)
    return Quote(f"{line}\n{quoted(text)}", in_html(text, introduction=line), on_top=on_top)


def _passed_on(context: Context, original: Original) -> str:
    text = original.text(context.now().tzinfo)
    return forwarded(original.fields, original.date, text)


def _subject(originals: Sequence[Original]) -> str:
    if len(originals) > 1:
        return f"Fwd: {len(originals)} messages"
    return forward_subject(originals[0].subject)


def _cut(original: Original) -> list[str]:
    if not original.is_cut:
        return []
    return ["the message is too long to be in the text whole; see forward --as-attachment"]
