"""What a command did, in plain sentences for people.

One line says it; further lines only name what changed, was skipped or is
planned. Failures are not told here: they stand on stderr, see `problems`.
"""

from collections.abc import Iterator
from functools import singledispatch
from pathlib import Path

from mailcli.message.clean import clean, visible
from mailcli.output.tables import folder_changes, is_comparison, is_dry_run
from mailcli.results import (
    CredentialChange,
    FolderChange,
    FoldersResult,
    FolderSync,
    ImapAccount,
    ImapResult,
    PlannedAction,
    PopAccount,
    PopResult,
    SendPreview,
    SendResult,
    SkippedImap,
)


@singledispatch
def summary_of(result: object) -> list[str] | None:  # noqa: ARG001 - singledispatch's default
    """Return the cleaned lines that tell a person what `result` means; `None`: show a table."""
    return None


@summary_of.register
def _(result: SendResult) -> list[str]:
    return _send(result)


@summary_of.register
def _(result: PopResult) -> list[str]:
    return [line for each in result.accounts for line in _pop(each)]


@summary_of.register
def _(result: ImapResult) -> list[str]:
    account = _compared if is_comparison(result) else _plan if is_dry_run(result) else _imap
    return [line for each in result.accounts for line in account(each)]


@summary_of.register
def _(change: CredentialChange) -> list[str]:
    which = f" ({visible(change.protocol)})" if change.protocol else ""
    verb, where = ("stored", "in") if change.stored else ("removed", "from")
    account, backend = visible(change.account), clean(change.backend)
    return [f"Password of {account}{which} {verb} {where} {backend}."]


def envelope_lines(preview: SendPreview) -> list[str]:
    """Return who the message would go from and to, and through which server."""
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


def size_text(octets: int) -> str:
    """Return a size for people, with three digits at most: `12 kB`, `1.5 MB`."""
    if octets < 1000:
        return f"{octets} B"
    size = float(octets)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.5 or unit == "GB":
            break
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"


def counted(number: int, one: str, many: str = "") -> str:
    """Return `1 message`, `2 messages`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def _send(result: SendResult) -> list[str]:
    done, total = len(result.accepted), len(result.accepted) + len(result.refused)
    who = visible(result.accepted[0].email) if total == 1 and done else _out_of(done, total)
    saved = f", saved in {_folder_of(result.saved)}" if result.saved else ""
    match result.outcome:
        case "delivered" | "partial":
            return [f"Delivered to {who}{saved}."]
        case "queued":
            return [f"Queued for {who}{saved}. To send it: mailcli outbox flush"]
        case "refused":
            return [f"Not delivered{saved}."]
        case "unknown":
            return [f"Sent{saved}, but not confirmed."]


def _out_of(done: int, total: int) -> str:
    return counted(total, "recipient") if done == total else f"{done} of {total} recipients"


def _folder_of(path: Path) -> str:
    """Return the name of the Maildir folder that holds `path`, or the path itself."""
    if path.parent.name in ("cur", "new"):
        return visible(path.parent.parent.name.lstrip("."))
    return visible(str(path))


def _pop(account: PopAccount) -> Iterator[str]:
    fetched = f"{account.fetched} fetched ({size_text(account.bytes)})"
    parts = [
        fetched if account.fetched else "no new mail",
        f"{account.deleted} deleted on the server" if account.deleted else "",
        f"{account.kept} kept on the server" if account.kept else "",
        f"{len(account.skipped)} skipped" if account.skipped else "",
    ]
    if not account.error or account.fetched or account.deleted:
        yield f"{visible(account.account)}: {', '.join(filter(None, parts))}"
    for each in account.skipped:
        yield f"  skipped {visible(each.uidl)}: {clean(each.reason)}"


def _imap(account: ImapAccount) -> Iterator[str]:
    name, told = visible(account.account), [each for each in account.folders if _tells(each)]
    if account.changed or any(not _is_left_out(each) for each in told):
        yield f"{name}: {_totals(account)}"
    elif not account.error:
        yield f"{name}: up to date ({_mirrored(account)})"
    for verb, folders in folder_changes(account):
        yield from (f"  {visible(folder)}: folder {verb}" for folder in folders)
    for each in told:
        if _is_left_out(each):
            yield f"  {visible(each.name)}: {_skipped(each.skipped[0])}"
            continue
        yield f"  {visible(each.name)}: {', '.join(_parts(each)) or _otherwise(each)}"
        yield from (f"    {_skipped(skipped)}" for skipped in each.skipped)


def _is_left_out(folder: FolderSync) -> bool:
    """Say whether the folder as a whole was left out: what is skipped is no message."""
    whole = any(each.uid is None and each.path is None for each in folder.skipped)
    return whole and folder.error is None


def _mirrored(account: ImapAccount) -> str:
    return counted(sum(not _is_left_out(each) for each in account.folders), "folder")


def _tells(folder: FolderSync) -> bool:
    return bool(folder.changed or folder.error or folder.held_back or folder.skipped)


def _otherwise(folder: FolderSync) -> str:
    return "failed" if folder.error else "changed"


def _totals(account: ImapAccount) -> str:
    folders = account.folders
    total = FolderSync(
        "",
        fetched=sum(each.fetched for each in folders),
        appended=sum(each.appended for each in folders),
        moved=sum(each.moved for each in folders),
        flags_local=sum(each.flags_local for each in folders),
        flags_remote=sum(each.flags_remote for each in folders),
        deleted_local=sum(each.deleted_local for each in folders),
        deleted_remote=sum(each.deleted_remote for each in folders),
        held_back=sum(each.held_back for each in folders),
    )
    failed = sum(each.error is not None for each in folders)
    parts = [*_parts(total), *([f"{counted(failed, 'folder')} failed"] if failed else [])]
    return ", ".join(parts) or "done"


def _parts(folder: FolderSync) -> list[str]:
    counts = (
        (folder.fetched, "fetched", ""),
        (folder.appended, "uploaded", ""),
        (folder.moved, "moved", ""),
        (folder.flags_local, "flag change here", "flag changes here"),
        (folder.flags_remote, "flag change on the server", "flag changes on the server"),
        (folder.deleted_local, "deleted here", ""),
        (folder.deleted_remote, "deleted on the server", ""),
        (len(folder.skipped), "skipped", ""),
        (folder.held_back, "deletion held back", "deletions held back"),
    )
    return [counted(number, one, many or one) for number, one, many in counts if number]


_WORDS = {
    "append": "upload",
    "delete_local": "delete here",
    "delete_remote": "delete on the server",
    "flags": "flags differ",
    "flags_local": "change flags here",
    "flags_remote": "change flags on the server",
    "hold": "hold back",
    "missing_here": "missing here",
    "missing_there": "missing on the server",
    "octets": "octets differ",
}
"""Kinds of actions and differences, as people say it, where that is another word."""

_BOOKKEEPING = {"agree", "forget"}
"""What a run would only record: neither side changes."""


def _plan(account: ImapAccount) -> Iterator[str]:
    name = visible(account.account)
    changes = [(verb, each) for verb, folders in folder_changes(account) for each in folders]
    actions = [
        (folder, action)
        for folder in account.folders
        for action in folder.actions or ()
        if action.kind not in _BOOKKEEPING
    ]
    if planned := len(actions) + len(changes):
        yield f"{name}: {counted(planned, 'action')} planned"
    elif not account.error:
        yield f"{name}: nothing to do ({_mirrored(account)})"
    for verb, each in changes:
        yield f"  {visible(each)}: folder to be {verb}"
    for folder, action in actions:
        yield f"  {visible(folder.name)}: {_action(action)}"
    yield from _left_out(account)


def _compared(account: ImapAccount) -> Iterator[str]:
    name = visible(account.account)
    found = [(folder, each) for folder in account.folders for each in folder.differences or ()]
    if found:
        yield f"{name}: {counted(len(found), 'difference')}"
    elif not account.error:
        yield f"{name}: no differences ({_mirrored(account)})"
    for folder, each in found:
        yield f"  {visible(folder.name)}: {_action(each)}"
    yield from _left_out(account)


def _action(action: PlannedAction) -> str:
    """Return one line: the UID says which message it is; without one, the file does."""
    words = [_WORDS.get(action.kind) or clean(action.kind)]
    if action.uid is not None:
        words.append(f"UID {action.uid}")
    if action.path is not None and (action.uid is None or action.kind == "octets"):
        words.append(visible(action.path.name))
    detail = clean(action.detail)
    return " ".join(words) + (f": {detail}" if detail else "")


def _left_out(account: ImapAccount) -> Iterator[str]:
    for folder in account.folders:
        for skipped in folder.skipped:
            yield f"  {visible(folder.name)}: {_skipped(skipped)}"


def _skipped(skipped: SkippedImap) -> str:
    """Return what was left alone and why: a message, a file, or the whole folder."""
    reason = clean(skipped.reason)
    if skipped.path is not None:
        return f"skipped {visible(str(skipped.path))}: {reason}"
    if skipped.uid is not None:
        return f"skipped UID {skipped.uid}: {reason}"
    return f"left out: {reason}"
