"""Drafts: messages in the Maildir that are still written on.

The durable order: a new version is delivered before the old one goes, and what is sent
goes from the drafts only once it was accepted (`draft_sending`). So there may be one
too many after a crash, never one too few.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from mailcli.app.account_choice import choose_account
from mailcli.app.context import Context, named
from mailcli.app.found import Found
from mailcli.app.original import WRITTEN, Original
from mailcli.app.outgoing import Request, draft_of, sender_of
from mailcli.app.selection import select
from mailcli.app.sent import folder_with_role
from mailcli.config import Account
from mailcli.errors import InvalidMessage, MailError, UsageError
from mailcli.message.attached import going_along
from mailcli.message.compose import Composed, compose
from mailcli.message.encoded_words import decode_words
from mailcli.message.people import one_line, people_in, written
from mailcli.message.redraft import can_stand, is_further, is_internal, with_body_of
from mailcli.message.relay import split
from mailcli.model import Flag
from mailcli.results import DraftResult, SendPreview
from mailcli.smtp.data import with_crlf
from mailcli.store.entries import unique_name
from mailcli.store.files import CHUNK, translated
from mailcli.store.folder import MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName

DRAFTS = "Drafts"
"""The folder for drafts, where the server names none."""


def drafts_folder(context: Context, account: Account) -> str:
    """Return the name of an account's folder for drafts, whether it is there or not."""
    return folder_with_role(context, account, "drafts") or DRAFTS


def one_draft(context: Context, selector: str, accounts: Sequence[Account] | None) -> Found:
    """Return the draft that a selector means; `last` is the newest of the folder for drafts.

    Raises: NotFound (66); UsageError (2) for several messages, or one that is no draft.
    """
    found = select(
        context,
        [selector],
        accounts=accounts,
        stdin=None,
        last_in=lambda account: drafts_folder(context, account),
    )
    if len(found) > 1:
        raise UsageError(f"{selector}: {len(found)} messages", hint="name one by its number")
    (draft,) = found
    if draft.account is None or draft.where is None or draft.entry is None:
        raise UsageError(f"{selector}: no draft of an account", hint="see: mailcli drafts list")
    folder = drafts_folder(context, draft.account)
    if Flag.DRAFT not in draft.entry.flags and draft.folder != folder:
        raise UsageError(f"{selector} is no draft", hint="see: mailcli drafts list")
    return draft


# -- saving --------------------------------------------------------------------


class Rest(NamedTuple):
    """What a new version of a draft has of the old one: its whole body, as it is stored."""

    old: Found


def save(
    context: Context,
    request: Request,
    account_name: str | None,
    *,
    replaces: Found | None = None,
    body: Rest | None = None,
) -> DraftResult:
    """Keep a message to be written further, in the place of its earlier version if there is one.

    With `body` the message has that, whatever the request says.

    Raises: InvalidMessage (65), NotFound (66) for a file, CannotCreate (73), LocalError (74).
    """
    account, composed = _composed(context, request, account_name, replaces)
    with named(account):
        name, folder = _place(context, account, replaces)
        folder.create()
        chunks = _octets(composed, body)
        path, warnings = _kept(context, folder, chunks, replaces)
        found = _found(context, str(path))
    return DraftResult(
        id=found.number if found else None,
        account=account.name,
        folder=name,
        path=path,
        message_id=composed.message_id,
        subject=request.subject,
        replaced=replaces.number if replaces else None,
        warnings=warnings,
    )


def preview(
    context: Context,
    request: Request,
    account_name: str | None,
    *,
    replaces: Found | None = None,
    body: Rest | None = None,
) -> SendPreview:
    """Return the draft that `save` would keep. Raises: as `save`."""
    account, composed = _composed(context, request, account_name, replaces)
    octets = b"".join(_octets(composed, body))
    return SendPreview(
        sender="",
        recipients=(),
        message=octets.decode("utf-8", "surrogateescape"),
        account=account.name,
        server="",
    )


def _composed(
    context: Context, request: Request, account_name: str | None, replaces: Found | None
) -> tuple[Account, Composed]:
    account = replaces.account if replaces else None
    if account is None:
        account = choose_account(context, account_name, [sender_of(request)], sends=False)
    draft = draft_of(account, request)._replace(finished=False)
    return account, compose(draft, now=context.now())


def _octets(composed: Composed, body: Rest | None) -> Iterator[bytes]:
    if body is None:
        return chain([composed.bcc_field], composed.chunks())
    old, rest = split(stored_octets(body.old))
    header = composed.header.removesuffix(b"\r\n")
    return chain([composed.bcc_field, with_body_of(header, old)], rest)


def stored_octets(found: Found) -> Iterator[bytes]:
    """Yield a message as it is stored, with CRLF line ends.

    Raises: NotFound (66), LocalError (74).
    """

    def blocks() -> Iterator[bytes]:
        with found.open() as stream, translated(found.path):
            while block := stream.read(CHUNK):
                yield block

    return iter(with_crlf(blocks()))


def _place(
    context: Context, account: Account, replaces: Found | None
) -> tuple[str, MaildirFolder]:
    if replaces is not None and replaces.where is not None:
        return replaces.folder, replaces.where
    name = drafts_folder(context, account)
    maildir = Maildir(account.maildir, account.layout)
    return name, maildir.folder(FolderName.parse(name))


def _kept(
    context: Context, folder: MaildirFolder, chunks: Iterable[bytes], replaces: Found | None
) -> tuple[Path, tuple[str, ...]]:
    old = replaces.entry if replaces else None
    flags = frozenset({Flag.DRAFT, Flag.SEEN}) | (old.flags if old else frozenset())
    unique = unique_name(f"D{secrets.token_hex(16)}", when=context.unix_time())
    with folder.stage(unique) as staged:
        for chunk in chunks:
            staged.write(chunk)
        staged.close(flags=flags, others=old.others if old else "")
    (delivered,) = folder.deliver([staged])
    warnings = () if replaces is None or removed(replaces) else (_CHANGED,)
    return folder.path_of(delivered.entry), warnings


_CHANGED = "another program has changed the draft meanwhile: what was there is kept beside it"


def removed(draft: Found) -> bool:
    """Remove a draft, durably; False where it was changed meanwhile, and stays.

    Raises: LocalError (74).
    """
    assert draft.where is not None and draft.entry is not None  # noqa: S101, PT018 - see one_draft
    if not draft.where.remove(draft.entry):
        return False
    draft.where.sync()
    return True


def _found(context: Context, path: str) -> Found | None:
    """Return a message of an account by its path; None where the index cannot say."""
    try:
        return select(context, [path], accounts=None, stdin=None)[0]
    except (MailError, IndexError):
        return None


# -- editing -------------------------------------------------------------------


class Reopened(NamedTuple):
    """A stored draft as a request; `has_page`: its text is HTML, too, or only."""

    request: Request
    has_page: bool
    warnings: tuple[str, ...] = ()


def reopened(context: Context, draft: Found) -> Reopened:
    """Return what a draft asks to be sent, so that it can be edited.

    Its attachments are read from it when the new version is made. What is in the header and
    cannot be written again is told.

    Raises: InvalidMessage (65) for a text that is not read whole; NotFound (66), LocalError (74).
    """
    original = Original(draft)
    message = original.message
    people = {each: _people(message.values(each)) for each in ("to", "cc", "bcc", "reply-to")}
    further: list[str] = []
    dropped: list[str] = []
    for name, octets in message.fields:
        if is_further(name) and not is_internal(name):
            value = one_line(decode_words(octets))
            (further if can_stand(name, value) else dropped).append(f"{name}: {value}")
    text = original.text(context.now().tzinfo, kinds=WRITTEN)
    if original.is_cut:
        raise InvalidMessage(
            "the draft's text is too long to be edited whole",
            hint="it is sent as it is by: mailcli drafts send",
        )
    sender = "".join(_people(message.values("from"))[:1])
    request = Request(
        to=people["to"],
        cc=people["cc"],
        bcc=people["bcc"],
        reply_to=people["reply-to"],
        sender=sender or None,
        subject=original.subject,
        text=text,
        typed=True,
        headers=tuple(further),
        parts=tuple(map(original.attachment, going_along(message))),
    )
    has_page = any(part.type == "text/html" and not part.name for part in message.walk())
    lost = tuple(f"left out: {each[:80]}" for each in dropped if not each.endswith(": "))
    return Reopened(request, has_page, lost)


def _people(values: Sequence[bytes]) -> tuple[str, ...]:
    """Return addresses as they are edited: what is not one yet as it was written."""
    found = people_in(values)
    if found.unreadable:
        return tuple(filter(None, (one_line(decode_words(value)) for value in values)))
    return tuple(map(written, found.addresses))


def answered_by(context: Context, account: Account, identifiers: Sequence[str]) -> list[Found]:
    """Return the account's messages that a draft answers, by In-Reply-To, as far as they are here.

    Never fails: the draft was sent.
    """
    found: list[Found] = []
    for each in dict.fromkeys(identifiers):
        with suppress(MailError):
            found += select(context, [f"mid:{each}"], accounts=[account], stdin=None)
    return found
