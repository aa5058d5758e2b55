"""Which folders a run is about: those that the account mirrors and the command line asks for.

What was asked for by name and cannot be had, and what is left out though one
might expect it, is reported with the folders.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from mailcli.app.folder_set import FolderSet
from mailcli.app.sync_run import SyncRun
from mailcli.errors import CannotCreate, NotFound, ProtocolViolation
from mailcli.imap.names import selected
from mailcli.imap.values import Folder
from mailcli.results import FolderSync, SkippedImap
from mailcli.store.folder_view import is_maildir, refused_link
from mailcli.store.names import FolderName


def chooser(
    run: SyncRun, folders: FolderSet, wanted: tuple[str, ...]
) -> Callable[[FolderName], bool]:
    """Return what tells whether a folder is mirrored and asked for; `wanted` are patterns."""
    known = folders.names()
    wanted = tuple(_ours(pattern, folders.there) for pattern in wanted)
    for pattern in wanted:
        _check_asked(run, folders, pattern, known)
    names = set(map(str, known)) if wanted else set()
    exact = {name for name in wanted if name in names and set("*%") & set(name)}
    patterns = tuple(pattern for pattern in wanted if pattern not in exact)

    def chosen(name: FolderName) -> bool:
        asked = not wanted or str(name) in exact
        asked = asked or (bool(patterns) and selected(str(name), patterns, "/"))
        return asked and folders.is_mirrored(name)

    return chosen


def report_left_out(run: SyncRun, folders: FolderSet) -> None:
    """Say what a run over all folders leaves out: links, odd names, and views of other folders."""
    mirrored = {run.maildir.folder(name).path for name in folders.there}  # they say so themselves
    for each in folders.found.skipped:
        if each.path in mirrored or not is_maildir(str(each.path)):
            continue
        if each.path.is_symlink():
            run.failed(each.path.name, refused_link(each.path))
        elif each.meant is not None and folders.is_mirrored(each.meant):
            run.failed(each.path.name, _misspelled(run, each.path, each.meant))
    for name in sorted(folders.there, key=str):
        reason = folders.left_out(name)
        if reason is not None:
            run.context.notice(f"{run.account.name}: {name} is left out: {reason}")
            skipped = (SkippedImap(None, None, reason),)
            run.tally.folders.append(FolderSync(str(name), skipped=skipped))


def _misspelled(run: SyncRun, path: Path, meant: FolderName) -> CannotCreate:
    """Return the error for a directory that another program named as mailcli would not."""
    try:
        folder = run.maildir.folder(meant)
        other = folder.path.relative_to(run.maildir.root)
        advice = "move the messages there" if folder.exists() else "give the directory that name"
        hint = f"the folder {meant} lies in {other} here: {advice}"
    except ProtocolViolation:
        hint = "give the directory another name"
    return CannotCreate(f"{path}: not mirrored, for its name", hint=hint)


def _check_asked(
    run: SyncRun, folders: FolderSet, pattern: str, known: Collection[FolderName]
) -> None:
    """Report a folder that was asked for by its name and cannot be had."""
    if set("*%!") & set(pattern):
        return
    name = FolderName.parse(pattern)
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(pattern, map(str, known), n=1)
        hint = f"did you mean {near[0]}?" if near else "see: mailcli folders"
        run.failed(pattern, NotFound("there is no such folder", hint=hint))
    elif not folders.is_mirrored(name):
        reason = folders.left_out(name)
        hint = f"see folders in [accounts.{run.account.name}.imap], and folder in its pop"
        text = f"the account leaves this folder out{f': {reason}' if reason else ''}"
        run.failed(pattern, NotFound(text, hint=hint))


def _ours(pattern: str, there: Mapping[FolderName, Folder]) -> str:
    """Return our name for a folder that was asked for by the server's, as `folders` shows it."""
    return next((str(name) for name, f in there.items() if f.name == pattern), pattern)
