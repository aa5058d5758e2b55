"""What `imap-sync` did, would do or found to differ, in plain lines for people.

Of many messages of a folder with which the same is to be done, only the number is told: each of
them is a line of TSV, and of JSON.
"""

from collections.abc import Iterable, Iterator

from mailcli.message.clean import clean, visible
from mailcli.output.imap_table import folder_changes
from mailcli.output.words import counted
from mailcli.results import FolderSync, ImapAccount, PlannedAction, SkippedImap

_FEW = 3
"""Messages that are listed one by one, where the same is to be said of all of them."""

_LONGEST = 200
"""Characters of a folder's name that are shown."""

_WORDS = {
    "append": "upload {}",
    "delete_local": "delete {} here",
    "delete_remote": "delete {} on the server",
    "flags": "{} with other flags",
    "flags_local": "change flags here of {}",
    "flags_remote": "change flags on the server of {}",
    "hold": "hold back {}",
    "missing_here": "{} missing here",
    "missing_there": "{} missing on the server",
    "octets": "{} with other octets",
}
"""Kinds of actions and differences as people say it; any other is the word itself."""

_BOOKKEEPING = {"agree", "forget"}
"""What a run would only record: neither side changes."""


def done_lines(account: ImapAccount) -> Iterator[str]:
    """Yield what a run has done to an account."""
    name, told = visible(account.account), [each for each in account.folders if _tells(each)]
    if account.changed or told:
        yield f"{name}: {_totals(account)}"
    elif not account.error:
        yield f"{name}: {_idle(account, 'up to date')}"
    yield from _folders(account, "folder {}", "{} folders {}")
    for each in told:
        yield f"  {_folder(each.name)}: {', '.join(_parts(each)) or _otherwise(each)}"
    yield from _left_out(account)


def _folders(account: ImapAccount, one: str, many: str) -> Iterator[str]:
    """Yield what becomes of whole folders; of many new ones, as in a first run, their number."""
    for verb, folders in folder_changes(account):
        if verb == "created" and len(folders) > _FEW:
            yield f"  {many.format(len(folders), verb)}"
        else:
            yield from (f"  {_folder(folder)}: {one.format(verb)}" for folder in folders)


def _folder(name: str) -> str:
    """Return a folder's name; one that no screen holds, shortened: programs get the whole."""
    shown = visible(name)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 20]}…{shown[-19:]}"


def _is_left_out(folder: FolderSync) -> bool:
    """Say whether the folder as a whole was left out: what is skipped is no message."""
    whole = any(each.uid is None and each.path is None for each in folder.skipped)
    return whole and folder.error is None


def _idle(account: ImapAccount, words: str) -> str:
    """Return that there was nothing to do, and in how many folders: none may have been meant."""
    folders = [each for each in account.folders if not _is_left_out(each)]
    if not folders:
        return "no folder is mirrored, or none fits what was asked for"
    skipped = sum(len(each.skipped) for each in folders)
    counts = [counted(len(folders), "folder"), *([f"{skipped} skipped"] if skipped else [])]
    return f"{words} ({', '.join(counts)})"


def _tells(folder: FolderSync) -> bool:
    return bool(folder.changed or folder.error or folder.held_back)


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
    failed = sum(each.error is not None and not each.held_back for each in folders)
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
        (folder.held_back, "deletion held back", "deletions held back"),
    )
    return [counted(number, one, many or one) for number, one, many in counts if number]


def plan_lines(account: ImapAccount) -> Iterator[str]:
    """Yield what a dry run says of an account."""
    name = visible(account.account)
    changes = sum(len(folders) for _, folders in folder_changes(account))
    actions = {
        folder.name: [each for each in folder.actions or () if each.kind not in _BOOKKEEPING]
        for folder in account.folders
    }
    if planned := sum(map(len, actions.values())) + changes:
        yield f"{name}: {counted(planned, 'action')} planned"
    elif not account.error:
        yield f"{name}: {_idle(account, 'nothing to do')}"
    yield from _folders(account, "folder to be {}", "{} folders to be {}")
    for folder, planned_here in actions.items():
        yield from (f"  {_folder(folder)}: {line}" for line in _grouped(planned_here))
    yield from _left_out(account)


def comparison_lines(account: ImapAccount) -> Iterator[str]:
    """Yield what a comparison says of an account."""
    name = visible(account.account)
    if number := sum(len(folder.differences or ()) for folder in account.folders):
        yield f"{name}: {counted(number, 'difference')}"
    elif not account.error:
        yield f"{name}: {_idle(account, 'no differences')}"
    for folder in account.folders:
        lines = _grouped(folder.differences or ())
        yield from (f"  {_folder(folder.name)}: {line}" for line in lines)
    yield from _left_out(account)


def _grouped(actions: Iterable[PlannedAction]) -> Iterator[str]:
    """Yield a line for each action, or for many of the same kind."""
    groups: dict[tuple[str, str], list[PlannedAction]] = {}
    for action in actions:
        groups.setdefault((action.kind, action.detail), []).append(action)
    for group in groups.values():
        if len(group) > _FEW:
            yield _line(group[0], f"{len(group)} messages")
        else:
            yield from (_line(action, _which(action)) for action in group)


def _line(action: PlannedAction, what: str) -> str:
    template = _WORDS.get(action.kind)
    words = template.format(what) if template else f"{clean(action.kind)} {what}"
    detail = clean(action.detail)
    return f"{words}: {detail}" if detail else words


def _which(action: PlannedAction) -> str:
    """Return which message it is: the UID says it; without one, the file does."""
    uid = "" if action.uid is None else f"UID {action.uid}"
    if action.path is None or (uid and action.kind != "octets"):
        return uid
    return f"{uid} {visible(action.path.name)}".lstrip()


def _left_out(account: ImapAccount) -> Iterator[str]:
    for folder in account.folders:
        name = _folder(folder.name)
        told = folder.skipped if len(folder.skipped) <= _FEW + 1 else folder.skipped[:_FEW]
        yield from (f"  {name}: {_skipped(skipped)}" for skipped in told)
        if left := len(folder.skipped) - len(told):
            yield f"  {name}: skipped {left} more: --json has them all"


def _skipped(skipped: SkippedImap) -> str:
    """Return what was left alone and why: a message, a file, or the whole folder."""
    reason = clean(skipped.reason)
    if skipped.path is not None:
        return f"skipped {visible(str(skipped.path))}: {reason}"
    if skipped.uid is not None:
        return f"skipped UID {skipped.uid}: {reason}"
    return f"left out: {reason}"
