"""`send`: compose or relay one message, submit it, keep a copy.

What a failure after acceptance does is settled here: it becomes a warning,
because a message that was accepted must never be reported as failed.
"""

import mimetypes
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mailcli.app.context import Context, named
from mailcli.app.sessions import smtp_session
from mailcli.config import Account, SmtpServer
from mailcli.errors import (
    ConfigError,
    InvalidMessage,
    LocalError,
    MailError,
    NotFound,
    UsageError,
)
from mailcli.message import relay
from mailcli.message.addresses import parse_address, parse_addresses, to_ascii, unique
from mailcli.message.compose import compose
from mailcli.message.draft import Draft
from mailcli.message.mime import Attachment
from mailcli.message.summary import decode_text
from mailcli.model import Address, Flag
from mailcli.results import ErrorReport, RefusedRecipient, SendPreview, SendResult
from mailcli.smtp.data import with_crlf
from mailcli.smtp.envelope import Envelope
from mailcli.smtp.transaction import Submission
from mailcli.store.entries import unique_name
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName

SENT = "Sent"
"""The folder for copies, where neither the account nor the server names one."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks to send; addresses are still text.

    `raw` is a finished message, which then replaces every field of its own.
    """

    recipients: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    sender: str | None = None
    envelope_sender: str | None = None
    reply_to: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    headers: tuple[str, ...] = ()
    attach: tuple[Path, ...] = ()
    raw: bytes | None = None
    save: bool = True
    sent_folder: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to go: its envelope, its octets, and the copy to keep, if any.

    `names` has the display name of each recipient of the envelope that was given one.
    """

    account: Account
    server: SmtpServer
    envelope: Envelope
    names: Mapping[str, str]
    wire: bytes
    message_id: str | None
    copy: bytes | None


def submit(context: Context, request: Request, account_name: str | None) -> SendResult:
    """Send one message and say what became of every recipient.

    Raises: MailError when nothing was accepted for a reason that is no recipient's;
        InvalidMessage (65) before anything is sent.
    """
    outgoing = prepare(context, request, account_name)
    with named(outgoing.account):
        submission = _deliver(context, outgoing)
    return _result(context, request, outgoing, submission)


def preview(context: Context, request: Request, account_name: str | None) -> SendPreview:
    """Return what `submit` would put on the wire, without opening a connection."""
    outgoing = prepare(context, request, account_name)
    return SendPreview(
        sender=outgoing.envelope.sender,
        recipients=outgoing.envelope.recipients,
        message=outgoing.wire.decode("utf-8", "surrogateescape"),
        account=outgoing.account.name,
        server=str(outgoing.server.endpoint),
    )


def prepare(context: Context, request: Request, account_name: str | None) -> Outgoing:
    """Build the envelope and the octets, and check both.

    Raises: InvalidMessage (65), NotFound (66) for a file, ConfigError (78).
    """
    account = _account_for(context, request, account_name)
    if account.smtp is None:
        raise ConfigError(
            "no smtp server is configured",
            hint=f"add [accounts.{account.name}.smtp] with its host, or choose another with -A",
            account=account.name,
        )
    if request.raw is not None:
        return _relayed(account, account.smtp, request, request.raw)
    return _composed(context, account, account.smtp, request)


def _account_for(context: Context, request: Request, name: str | None) -> Account:
    """Choose by name, else by the sender's address, else the one that applies."""
    if name:
        return context.account(name)
    sender = parse_address(request.sender) if request.sender else None
    if sender is None and request.raw is not None:
        sender = relay.sender(b"".join(with_crlf([request.raw])))
    for account in context.config.accounts.values() if sender else ():
        if account.smtp and sender and sender.email.lower() in _addresses_of(account):
            return account
    return context.account(None)


def _addresses_of(account: Account) -> set[str]:
    own = (account.email, *account.aliases)
    return {address.email.lower() for address in own if address}


def _composed(
    context: Context, account: Account, server: SmtpServer, request: Request
) -> Outgoing:
    sender = parse_address(request.sender) if request.sender else account.email
    if sender is None:
        raise ConfigError(
            "the account has no email address",
            hint="set email, or use --from",
            account=account.name,
        )
    draft = Draft(
        sender=sender,
        to=_parsed(request.recipients + request.to),
        cc=_parsed(request.cc),
        bcc=_parsed(request.bcc),
        reply_to=_parsed(request.reply_to),
        subject=request.subject,
        text=request.text,
        headers=tuple(_header(text) for text in request.headers),
        attachments=tuple(_attachment(path) for path in request.attach),
    )
    composed = compose(draft, now=context.now())
    recipients = (*draft.to, *draft.cc, *draft.bcc)
    envelope = Envelope(
        to_ascii(_bare(request.envelope_sender) if request.envelope_sender else sender.email),
        tuple(unique(recipients)),
        utf8_header=not composed.wire.partition(b"\r\n\r\n")[0].isascii(),
    )
    copy = composed.saved if request.save else None
    return Outgoing(
        account,
        server,
        envelope,
        _names_of(recipients),
        composed.wire,
        composed.message_id,
        copy,
    )


def _relayed(account: Account, server: SmtpServer, request: Request, raw: bytes) -> Outgoing:
    """Prepare a finished message: the options add recipients, the message stays as it is."""
    message = b"".join(with_crlf([raw]))
    given = _parsed(request.recipients + request.to + request.cc + request.bcc)
    recipients = given or tuple(relay.recipients(message))
    sender = request.envelope_sender or request.sender
    found = parse_address(sender) if sender else relay.sender(message) or account.email
    if found is None:
        raise InvalidMessage("the message has no From", hint="use --envelope-from")
    envelope = Envelope(to_ascii(found.email), tuple(unique(recipients)))
    return Outgoing(
        account,
        server,
        envelope,
        _names_of(recipients),
        relay.without_bcc(message),
        relay.message_id(message),
        copy=None,
    )


def _names_of(addresses: Iterable[Address]) -> dict[str, str]:
    """Return the names by address; those of a finished message may be encoded (RFC 2047)."""
    return {to_ascii(a.email): decode_text(a.name.encode()) for a in addresses if a.name}


def _parsed(texts: Sequence[str]) -> tuple[Address, ...]:
    if not all(text.strip() for text in texts):
        raise InvalidMessage("an address is empty", hint="check the variable it comes from")
    return tuple(address for text in texts for address in parse_addresses(text))


def _bare(text: str) -> str:
    return parse_address(text).email


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError(f"--header {text!r} is not 'Name: value'")
    return name.strip(), value.strip()


def _attachment(path: Path) -> Attachment:
    if not path.exists() and ": " in path.name:
        raise UsageError(
            f"--attach {path}: no such file",
            hint="to add a header, use -H 'Name: value'; -a attaches a file",
        )
    try:
        content = path.read_bytes()
    except FileNotFoundError as exc:
        raise NotFound(f"{path}: no such file") from exc
    except OSError as exc:
        raise LocalError(f"{path}: {exc.strerror}") from exc
    media_type, encoding = mimetypes.guess_type(path.name)
    if media_type is None or encoding:
        media_type = "application/octet-stream"
    return Attachment(path.name, media_type, content)


def _deliver(context: Context, outgoing: Outgoing) -> Submission:
    with smtp_session(context, outgoing.account) as session:
        return session.submit(outgoing.envelope, [outgoing.wire], size=len(outgoing.wire))


def _result(
    context: Context, request: Request, outgoing: Outgoing, submission: Submission
) -> SendResult:
    def named_recipient(email: str) -> Address:
        return Address(outgoing.names.get(email, ""), email)

    refused = tuple(
        RefusedRecipient(
            named_recipient(email), reply.permanent, reply.code, reply.enhanced, reply.text
        )
        for email, reply in submission.refused.items()
    )
    result = SendResult(
        message_id=outgoing.message_id,
        outcome="refused",
        accepted=tuple(map(named_recipient, submission.accepted)),
        refused=refused,
        saved=None,
        unknown=tuple(map(named_recipient, submission.unknown)),
    )
    if submission.lost:
        error = ErrorReport.of(submission.lost, account=outgoing.account.name)
        return replace(result, outcome="unknown", error=error)
    if not submission.accepted:
        return result
    saved, warnings = _save(context, request, outgoing)
    outcome: Literal["partial", "delivered"] = "partial" if refused else "delivered"
    return replace(result, outcome=outcome, saved=saved, warnings=warnings)


def _save(
    context: Context, request: Request, outgoing: Outgoing
) -> tuple[Path | None, tuple[str, ...]]:
    """Keep a copy in the Sent folder, as seen; return its path, or a warning instead.

    The message was accepted: nothing that goes wrong here may make that look undone.
    """
    if outgoing.copy is None:
        return None, ()
    try:
        chosen = request.sent_folder or outgoing.account.sent or _known_sent(context, outgoing)
        name = FolderName.parse(chosen or SENT)
        folder = Maildir(outgoing.account.maildir, outgoing.account.layout).folder(name)
        folder.create()
        unique = unique_name(f"S{secrets.token_hex(16)}", when=context.unix_time())
        with folder.stage(unique) as staged:
            staged.write(outgoing.copy)
            staged.close(flags=frozenset({Flag.SEEN}))
        (delivered,) = folder.deliver([staged])
    except MailError as exc:
        return None, (f"sent, but no copy was saved: {exc.message}",)
    return folder.path_of(delivered.entry), ()


def _known_sent(context: Context, outgoing: Outgoing) -> str | None:
    """Return the folder that the server has for sent mail, as the last imap-sync saw it."""
    from mailcli.store.state import StateStore

    path = context.state_dir / f"{outgoing.account.name}.db"
    if outgoing.account.imap is None or not path.exists():
        return None
    with StateStore.open(path) as state:
        return next((row.name for row in state.folders() if row.role == "sent"), None)
