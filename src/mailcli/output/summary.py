"""What a command did, in plain sentences for people.

One line says it; further lines only name what changed, was skipped or is
planned. Failures are not told here: they stand on stderr, see `problems`.
"""

from collections.abc import Iterator
from functools import singledispatch
from pathlib import Path

from mailcli.message.clean import clean, visible
from mailcli.output.imap_lines import comparison_lines, done_lines, plan_lines
from mailcli.output.words import counted, size_text
from mailcli.results import (
    CredentialChange,
    DraftResult,
    ExportResult,
    FlushedMessage,
    FlushResult,
    FolderChange,
    FoldersResult,
    ImapResult,
    ImportResult,
    MaildropStatus,
    OrganisedResult,
    OutboxChange,
    OutboxMessage,
    OutboxResult,
    PopAccount,
    PopResult,
    SendPreview,
    SendResult,
    StatusResult,
)

_SHOWN = 10
"""Skipped messages of a maildrop that are named."""


@singledispatch
def summary_of(result: object) -> list[str] | None:  # noqa: ARG001 - singledispatch's default
    """Return the cleaned lines that tell a person what `result` means; `None`: show a table."""
    return None


@summary_of.register
def _(result: SendResult) -> list[str]:
    return _send(result)


@summary_of.register
def _(result: FlushResult) -> list[str]:
    waiting = sum(message.state == "waiting" for message in result.left)
    unknown = [str(message.id) for message in result.left if message.state == "unknown"]
    lines = [_flushed(message) for message in result.messages]
    if not lines and not waiting:
        lines = ["Nothing to send."]
    if waiting:
        lines.append(f"{counted(waiting, 'message')} left; --now tries them at once.")
    if unknown:
        lines.append(f"Not confirmed: {', '.join(unknown)}; --retry sends them again.")
    return lines


@summary_of.register
def _(result: OutboxResult) -> list[str]:
    lines = [line for message in result.messages for line in _waiting(message)]
    return lines or ["The outbox is empty."]


@summary_of.register
def _(result: OutboxChange) -> list[str]:
    return [f"Dropped {m.id} ({clean(m.subject) or 'no subject'})." for m in result.dropped]


@summary_of.register
def _(result: PopResult) -> list[str]:
    return [line for each in result.accounts for line in _pop(each)]


@summary_of.register
def _(result: ImapResult) -> list[str]:
    lines_of = {"sync": done_lines, "dry-run": plan_lines, "verify": comparison_lines}
    return [line for each in result.accounts for line in lines_of[result.kind](each)]


@summary_of.register
def _(result: StatusResult) -> list[str]:
    from mailcli.output.status_lines import status_lines

    return [line for each in result.accounts for line in status_lines(each)]


@summary_of.register
def _(result: OrganisedResult) -> list[str]:
    from mailcli.output.organising import organised_lines

    return organised_lines(result)


@summary_of.register
def _(result: ImportResult) -> list[str]:
    from mailcli.output.transfer_lines import imported_lines

    return imported_lines(result)


@summary_of.register
def _(result: ExportResult) -> list[str]:
    from mailcli.output.transfer_lines import exported_lines

    return exported_lines(result)


@summary_of.register
def _(change: CredentialChange) -> list[str]:
    which = f" ({visible(change.protocol)})" if change.protocol else ""
    verb, where = ("stored", "in") if change.stored else ("removed", "from")
    account, backend = visible(change.account), clean(change.backend)
    return [f"Password of {account}{which} {verb} {where} {backend}."]


@summary_of.register
def _(draft: DraftResult) -> list[str]:
    name = f"Draft {draft.id}" if draft.id is not None else "Draft"
    where = f"{visible(draft.account)}: {name} saved in {visible(draft.folder)}"
    edit = f" To go on: mailcli drafts edit {draft.id}" if draft.id is not None else ""
    return [f"{where}.{edit}"]


def envelope_lines(preview: SendPreview) -> list[str]:
    """Return who the message would go from and to, and through which server.

    Of a draft, which would go nowhere, whose it is.
    """
    if not preview.server:
        return [f"Account: {visible(preview.account)}"]
    return [
        f"Account: {visible(preview.account)}",
        f"Server:  {visible(preview.server)}",
        f"From:    {visible(preview.sender) or '<>'}",
        *(f"To:      {visible(address)}" for address in preview.recipients),
    ]


def change_lines(result: FoldersResult) -> list[str]:
    """Return what was done to folders, or in a dry run would be, one line each."""
    return [_changed(change) for change in result.changes]


def _changed(change: FolderChange) -> str:
    verb = (
        f"{visible(change.account)}: {change.action if change.done else _PLANNED[change.action]}"
    )
    line = f"{verb} {visible(change.name)}"
    if change.new_name is not None:
        line += f" to {visible(change.new_name)}" + (", here as well" if change.path else "")
    if change.action == "deleted":
        if change.messages is not None:
            line += f" ({counted(change.messages, 'message')})"
        if change.path:
            line += f"; what is here stays, until you remove it: {visible(str(change.path))}"
    return line


_PLANNED = {
    "created": "would create",
    "renamed": "would rename",
    "deleted": "would delete",
    "subscribed": "would subscribe",
    "unsubscribed": "would unsubscribe",
}


def _send(result: SendResult) -> list[str]:
    done, total = len(result.accepted), len(result.accepted) + len(result.refused)
    who = visible(result.accepted[0].email) if total == 1 and done else _out_of(done, total)
    saved = f", saved in {_folder_of(result.saved)}" if result.saved else ""
    match result.outcome:
        case "delivered" | "partial":
            return [f"Delivered to {who}{saved}."]
        case "queued":
            return [_queued(result)]
        case "refused":
            return [f"Not delivered{saved}."]
        case "unknown":
            queued = [_queued(result)] if result.queued else []
            return [f"Sent{saved}, but not confirmed.", *queued]


def _queued(result: SendResult) -> str:
    total = len(result.queued)
    who = visible(result.queued[0].email) if total == 1 else counted(total, "recipient")
    done = (
        f"Delivered to {counted(len(result.accepted), 'recipient')}, q" if result.accepted else "Q"
    )
    number = f" as message {result.outbox_id}" if result.outbox_id is not None else ""
    return f"{done}ueued for {who}{number}. To send it: mailcli outbox flush"


_STATES = {
    "waiting": "waits",
    "unknown": "not confirmed, not sent again by itself",
    "done": "sent; its copy or report could not be written yet",
}


def _waiting(message: OutboxMessage) -> Iterator[str]:
    others = len(message.recipients) - 1
    to = visible(message.recipients[0].email) if message.recipients else "nobody any more"
    to += f" and {counted(others, 'other')}" if others > 0 else ""
    when = _STATES[message.state]
    if message.next_try:
        when = f"next try {message.next_try:%Y-%m-%d %H:%M}"
    yield f"{message.id}  {clean(message.subject) or '(no subject)'}, to {to}: {when}"
    if message.error:
        yield f"   {clean(message.error)}"


def _flushed(message: FlushedMessage) -> str:
    which = f"{message.id} ({clean(message.subject) or 'no subject'})"
    match message.outcome:
        case "delivered":
            return f"{which}: delivered to {counted(len(message.accepted), 'recipient')}"
        case "partial":
            refused = counted(len(message.refused), "recipient")
            return f"{which}: delivered to {len(message.accepted)}, not to {refused}"
        case "deferred":
            later = f", next try {message.next_try:%Y-%m-%d %H:%M}" if message.next_try else ""
            return f"{which}: not now{later}"
        case "refused":
            return f"{which}: refused for good; you find a report in the INBOX"
        case "unknown":
            return f"{which}: sent, but not confirmed"


def _out_of(done: int, total: int) -> str:
    return counted(total, "recipient") if done == total else f"{done} of {total} recipients"


def _folder_of(path: Path) -> str:
    """Return the name of the Maildir folder that holds `path`, or the path itself."""
    if path.parent.name in ("cur", "new"):
        return visible(path.parent.parent.name.lstrip("."))
    return visible(str(path))


def _pop(account: PopAccount) -> Iterator[str]:
    if account.status:
        yield f"{visible(account.account)}: {_status(account.status)}"
        return
    words = (
        ("fetched", "deleted", "kept") if account.done else ("to fetch", "to delete", "to keep")
    )
    fetch, delete, keep = words
    fetched = f"{account.fetched} {fetch} ({size_text(account.bytes)})"
    parts = [
        fetched if account.fetched else "" if account.marked else "no new mail",
        f"{account.deleted} {delete} on the server" if account.deleted else "",
        f"{account.kept} {keep} on the server" if account.kept else "",
        f"{account.marked} marked as seen" if account.marked else "",
        f"{account.waiting} left for the next run" if account.waiting else "",
        f"{len(account.skipped)} skipped" if account.skipped else "",
    ]
    if not account.error or account.fetched or account.deleted:
        yield f"{visible(account.account)}: {', '.join(filter(None, parts))}"
    for each in account.skipped[:_SHOWN]:
        name = f" {visible(each.uidl)}" if each.uidl else ""
        yield f"  skipped{name}: {clean(each.reason)}"
    if more := len(account.skipped[_SHOWN:]):
        yield f"  and {more} more; --json names all"


def _status(status: MaildropStatus) -> str:
    there = f"{counted(status.messages, 'message')} on the server ({size_text(status.bytes)})"
    if status.new is None or status.new_bytes is None:
        return f"{there}, how many are new cannot be told"
    return f"{there}, {status.new} new" + (
        f" ({size_text(status.new_bytes)})" if status.new else ""
    )
