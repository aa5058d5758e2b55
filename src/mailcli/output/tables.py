"""Results as rows and columns, the common ground of TSV and tables.

One record a row, in the order of `docs/schema/README.md`: columns are only
ever added at the end. Free text is cleaned to one line here. Names that must
stay apart (addresses, folders, paths) keep their spaces; whoever prints a cell
passes it through `visible`, which changes nothing in what was cleaned.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mailcli import results
from mailcli.message.clean import clean, visible
from mailcli.model import Address
from mailcli.output.cells import Row, Table, error_cells
from mailcli.output.problems import reply_text

if TYPE_CHECKING:
    from mailcli.results import (
        AccountsResult,
        AttachmentsResult,
        CredentialChange,
        DraftResult,
        FlushedMessage,
        FlushResult,
        FoldersResult,
        ListResult,
        OutboxChange,
        OutboxMessage,
        OutboxResult,
        PopResult,
        ReadResult,
        SendPreview,
        SendResult,
    )

_SPECIALS = frozenset('"(),:;<>@[\\]')  # RFC 5322 §3.2.3, without the dot, as people write it


def table_of(result: object) -> Table:  # noqa: C901, PLR0911, PLR0912 - one case for each result
    """Return `result` as a table.

    What is shown most often is asked for first: a pattern loads the class that it names.

    Raises:
        TypeError: a result that has none.
    """
    match result:
        case results.ListResult():
            return _listed(result)
        case results.ReadResult():
            return _read(result)
        case results.ImapResult():
            from mailcli.output.imap_table import synced_table

            return synced_table(result)
        case results.PopResult():
            return _fetched(result)
        case results.StatusResult():
            from mailcli.output.status_lines import status_table

            return status_table(result)
        case results.OrganisedResult():
            from mailcli.output.organising import organised_table

            return organised_table(result)
        case results.FoldersResult():
            return _folders(result)
        case results.AttachmentsResult():
            return _attachments(result)
        case results.SendResult():
            return _sent(result)
        case results.SendPreview():
            return _envelope(result)
        case results.OutboxResult():
            return _waiting(result)
        case results.OutboxChange():
            return _dropped(result)
        case results.FlushResult():
            return _flushed(result)
        case results.DraftResult():
            return _draft(result)
        case results.ImportResult():
            from mailcli.output.transfer_lines import imported_table

            return imported_table(result)
        case results.ExportResult():
            from mailcli.output.transfer_lines import exported_table

            return exported_table(result)
        case results.AccountsResult():
            return _accounts(result)
        case results.CredentialChange():
            return _credential(result)
        case _:
            raise TypeError(f"no table for {type(result).__name__}")


def _sent(result: "SendResult") -> Table:
    """One row for each recipient; one without a recipient when there is none."""
    recipients = list(_answers(result))
    deferred = {each.address.email for each in result.refused}
    recipients += [(a.email, "queued", None) for a in result.queued if a.email not in deferred]
    shared: Row = (result.outcome, result.message_id, result.saved)
    return Table(
        ("outcome", "message_id", "saved", "address", "status", "reply"),
        tuple((*shared, *each) for each in recipients or [(None, None, None)]),
    )


def _answers(result: "SendResult | FlushedMessage") -> Iterator[Row]:
    """Yield address, status and reply of each recipient that was tried."""
    yield from ((each.email, "accepted", None) for each in result.accepted)
    for each in result.refused:
        status = "refused" if each.permanent else "deferred"
        yield (each.address.email, status, reply_text(each))
    yield from ((each.email, "unknown", None) for each in result.unknown)


def _draft(result: "DraftResult") -> Table:
    """The one draft."""
    row = (result.id, result.account, result.folder, clean(result.subject), result.path)
    return Table(("id", "account", "folder", "subject", "path"), (row,))


def _envelope(result: "SendPreview") -> Table:
    """One row for each recipient of the envelope; the message itself is left out."""
    shared = (result.account, result.server, result.sender)
    return Table(
        ("account", "server", "sender", "recipient"),
        tuple((*shared, recipient) for recipient in result.recipients),
    )


def _waiting(result: "OutboxResult") -> Table:
    """One row for each message."""
    return _outbox(result.messages)


def _dropped(result: "OutboxChange") -> Table:
    """One row for each message that was dropped."""
    return _outbox(result.dropped)


def _outbox(messages: "Iterable[OutboxMessage]") -> Table:
    return Table(
        (
            *("id", "account", "state", "created", "next_try", "tries", "size"),
            *("sender", "recipients", "subject", "message_id", "error"),
        ),
        tuple(
            (
                *(m.id, m.account, m.state, m.created, m.next_try, m.tries, m.size),
                *(m.sender, ",".join(a.email for a in m.recipients), clean(m.subject)),
                *(m.message_id, m.error),
            )
            for m in messages
        ),
    )


def _flushed(result: "FlushResult") -> Table:
    """One row for each recipient that was tried; one without where nobody answered."""
    rows: list[Row] = []
    for message in result.messages:
        shared: Row = (message.id, message.account, message.outcome, message.message_id)
        nobody: Row = (None, None, message.error.message if message.error else None)
        rows += [(*shared, *each) for each in list(_answers(message)) or [nobody]]
    columns = ("id", "account", "outcome", "message_id", "address", "status", "reply")
    return Table(columns, tuple(rows))


def _fetched(result: "PopResult") -> Table:
    """One row for each account: what was done, or with `--status` what is there."""
    if any(each.status for each in result.accounts):
        return _maildrops(result)
    columns = ("account", "fetched", "bytes", "deleted", "kept", "skipped", "error", "message")
    return Table(
        (*columns, "waiting", "marked"),
        tuple(
            (
                each.account,
                each.fetched,
                each.bytes,
                each.deleted,
                each.kept,
                len(each.skipped),
                *error_cells(each.error),
                each.waiting,
                each.marked,
            )
            for each in result.accounts
        ),
    )


def _maildrops(result: "PopResult") -> Table:
    rows: list[Row] = []
    for each in result.accounts:
        found = each.status
        counts: Row = (None,) * 4
        if found:
            counts = (found.messages, found.bytes, found.new, found.new_bytes)
        rows.append((each.account, *counts, *error_cells(each.error)))
    columns = ("account", "messages", "bytes", "new", "new_bytes", "error", "message")
    return Table(columns, tuple(rows))


def _folders(result: "FoldersResult") -> Table:
    """One row for each folder; accounts that failed stand on stderr alone."""
    return _records(results.FolderInfo._fields, result.folders)


def _read(result: "ReadResult") -> Table:
    """One row for each message, with its text."""
    from mailcli.output.reading import read_table

    return read_table(result)


def _listed(result: "ListResult") -> Table:
    """One row for each message."""
    return Table(
        (
            "id",
            "account",
            "folder",
            "date",
            "from",
            "to",
            "cc",
            "subject",
            "flags",
            "keywords",
            "size",
            "attachments",
            "message_id",
            "thread",
            "path",
            "depth",
        ),
        (
            (
                each.id,
                each.account,
                each.folder,
                each.date,
                addresses_text(each.from_),
                addresses_text(each.to),
                addresses_text(each.cc),
                clean(each.subject),
                ",".join(each.flags),
                ",".join(each.keywords),
                each.size,
                each.attachments,
                each.message_id,
                each.thread,
                each.path,
                each.depth,
            )
            for each in result.messages
        ),
    )


def _attachments(result: "AttachmentsResult") -> Table:
    """One row for each attachment."""
    return Table(
        ("id", "path", "part", "name", "type", "size", "saved"),
        tuple(
            (each.id, each.path, a.part, clean(a.name or ""), clean(a.type), a.size, a.saved)
            for each in result.messages
            for a in each.attachments
        ),
    )


def _credential(result: "CredentialChange") -> Table:
    """The one change."""
    return _records(results.CredentialChange._fields, (result,))


def _accounts(result: "AccountsResult") -> Table:
    """One row for each account."""
    return _records(results.AccountInfo._fields, result.accounts)


def address_text(address: Address) -> str:
    """Return `Name <email>`, the name quoted where a comma or the like asks for it."""
    name, email = clean(address.name), visible(address.email)
    if set(name) & _SPECIALS:
        name = '"{}"'.format(name.replace("\\", "\\\\").replace('"', '\\"'))
    return f"{name} <{email}>" if name else email


def addresses_text(addresses: tuple[Address, ...]) -> str:
    """Return several addresses as one text, separated by commas."""
    return ", ".join(map(address_text, addresses))


def _records(columns: tuple[str, ...], items: Iterable[object]) -> Table:
    """Return a table of some fields of each item."""
    return Table(columns, tuple(tuple(getattr(item, name) for name in columns) for item in items))
