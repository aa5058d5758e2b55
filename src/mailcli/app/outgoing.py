"""What is asked to be sent, made ready: the account, the envelope, the exact octets.

Nothing here opens a connection, so it is all that a dry run does.
"""

import mimetypes
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import IO, NamedTuple

from mailcli.app.account_choice import choose_account
from mailcli.app.context import Context
from mailcli.app.rich_text import Form, Quote, both_forms
from mailcli.app.sessions import lacks
from mailcli.config import Account, SmtpServer
from mailcli.errors import ConfigError, InvalidMessage, LocalError, NotFound, UsageError
from mailcli.message.addresses import parse_address, parse_addresses, to_ascii, unique
from mailcli.message.compose import compose
from mailcli.message.draft import Draft
from mailcli.message.mime import Attachment
from mailcli.message.summary import decode_text
from mailcli.model import Address, Notify, Return
from mailcli.smtp.envelope import Envelope
from mailcli.store.files import CHUNK
from mailcli.store.spool import Spool


class Queue(Enum):
    """When a message goes to the outbox instead of a server."""

    NEVER = "never"
    ON_TEMPFAIL = "on-tempfail"
    ALWAYS = "always"


class Relay(NamedTuple):
    """A finished message to send as it is; `chunks` can be read once.

    `local` are names without a domain that mean the account itself; None: there are none.
    With `resent`, a Resent- block says who gets it. `read_recipients` adds those in its
    header to those named; without any named, they are read in any case.
    """

    chunks: Iterable[bytes]
    read_recipients: bool = False
    resent: bool = False
    local: frozenset[str] | None = None


class Request(NamedTuple):
    """What the command line asks to send; addresses are still text.

    `relay` is a finished message, which then replaces every field of its own. `quote` is
    another's text that goes with the text, `parts` are attachments that are no files.
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
    form: Form = Form.PLAIN
    typed: bool = False
    headers: tuple[str, ...] = ()
    attach: tuple[Path, ...] = ()
    inline: tuple[Path, ...] = ()
    parts: tuple[Attachment, ...] = ()
    quote: Quote | None = None
    relay: Relay | None = None
    save: bool = True
    sent_folder: str | None = None
    queue: Queue = Queue.NEVER
    notify: tuple[Notify, ...] = ()
    returned: Return | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to go: its envelope, its octets, and whether a copy is kept.

    `names` has the display name of each recipient of the envelope that was given one.
    `copy_head` stands before the message in the copy: the Bcc field, perhaps nothing; None
    where no copy is kept.
    """

    account: Account
    server: SmtpServer
    envelope: Envelope
    names: Mapping[str, str]
    message: Spool = field(repr=False)
    message_id: str | None
    subject: str
    copy_head: bytes | None = field(repr=False)


def prepare(context: Context, request: Request, account_name: str | None) -> Outgoing:
    """Build the envelope and the octets, and check both.

    Raises: InvalidMessage (65), NotFound (66) for a file, ConfigError (78).
    """
    if request.relay is None:
        account = choose_account(context, account_name, [sender_of(request)])
        return _composed(context, account, server_of(account), request)
    from mailcli.app.relayed import relayed

    return relayed(context, request, request.relay, account_name)


def sender_of(request: Request) -> Address | None:
    """Return the author that was asked for. Raises: InvalidMessage (65)."""
    return parse_address(request.sender) if request.sender else None


def server_of(account: Account) -> SmtpServer:
    """Return the server that an account sends over. Raises: ConfigError (78)."""
    if account.smtp is None:
        raise lacks(account, "smtp")
    return account.smtp


# -- composed ------------------------------------------------------------------


def _composed(
    context: Context, account: Account, server: SmtpServer, request: Request
) -> Outgoing:
    draft = draft_of(account, request)
    composed = compose(draft, now=context.now())
    recipients = (*draft.to, *draft.cc, *draft.bcc)
    envelope = Envelope(
        reverse_path(request.envelope_sender, draft.sender),
        tuple(unique(recipients)),
        utf8_header=composed.utf8_header,
        notify=request.notify,
        returned=request.returned,
    )
    spool = Spool(context.state_dir)
    spool.extend(composed.chunks())
    return Outgoing(
        account,
        server,
        envelope,
        names_of(recipients),
        spool,
        composed.message_id,
        request.subject,
        composed.bcc_field if keeps_copy(account, request) else None,
    )


def keeps_copy(account: Account, request: Request) -> bool:
    """Tell whether a copy of what is sent is kept."""
    return request.save and (account.save_sent or request.sent_folder is not None)


def draft_of(account: Account, request: Request) -> Draft:
    """Return what a message is made from.

    Raises: InvalidMessage (65), NotFound (66) for a file, ConfigError (78), UsageError (2).
    """
    sender = sender_of(request) or account.email
    if sender is None:
        raise ConfigError(
            "the account has no email address",
            hint="set email, or use --from",
            account=account.name,
        )
    inline = [path.name for path in request.inline]
    domain = to_ascii(sender.email).rpartition("@")[2]
    texts = both_forms(request.text, request.form, inline, domain=domain, quote=request.quote)
    shown = zip(request.inline, texts.content_ids, strict=True)
    return Draft(
        sender=sender,
        to=parsed(request.recipients + request.to),
        cc=parsed(request.cc),
        bcc=parsed(request.bcc),
        reply_to=parsed(request.reply_to),
        subject=request.subject,
        text=texts.plain,
        html=texts.html,
        typed=request.typed,
        headers=tuple(_header(text) for text in request.headers),
        attachments=(
            *request.parts,
            *(_attachment(path) for path in request.attach),
            *(_attachment(path)._replace(content_id=content_id) for path, content_id in shown),
        ),
    )


def reverse_path(given: str | None, sender: Address) -> str:
    """Return the reverse-path: what was given, of which nothing and `<>` are the null path."""
    if given is None:
        return to_ascii(sender.email)
    return to_ascii(parse_address(given).email) if given.strip() not in {"", "<>"} else ""


def names_of(addresses: Iterable[Address]) -> dict[str, str]:
    """Return the names by address; those of a finished message may be encoded (RFC 2047)."""
    return {to_ascii(a.email): decode_text(a.name.encode()) for a in addresses if a.name}


def parsed(
    texts: Sequence[str], qualify: Callable[[str], str] | None = None
) -> tuple[Address, ...]:
    """Return the addresses that texts are. Raises: InvalidMessage (65)."""
    if not all(text.strip() for text in texts):
        raise InvalidMessage("an address is empty", hint="check the variable it comes from")
    return tuple(each for text in texts for each in parse_addresses(text, qualify=qualify))


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
    next(octets_of(path), None)  # what cannot be read is told before anything else is done
    media_type, encoding = mimetypes.guess_type(path.name)
    if media_type is None or encoding:
        media_type = "application/octet-stream"
    return Attachment(path.name, media_type, lambda: octets_of(path))


def octets_of(path: Path) -> Iterator[bytes]:
    """Yield a file in pieces. Raises: NotFound (66), LocalError (74)."""
    try:
        with path.open("rb") as file:
            yield from pieces_of(file)
    except FileNotFoundError as exc:
        raise NotFound(f"{path}: no such file") from exc
    except OSError as exc:
        raise LocalError(f"{path}: {exc.strerror}") from exc


def pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what is left of an open file, in pieces. Raises: OSError."""
    return iter(lambda: file.read(CHUNK), b"")
