"""What `imap-sync` did, would do, or found to differ, as rows and columns."""

from collections.abc import Iterator

from mailcli.message.clean import clean
from mailcli.output.cells import Row, Table, error_cells
from mailcli.results import FolderSync, ImapAccount, ImapResult


def synced_table(result: ImapResult) -> Table:
    """One row for each folder; in a dry run for each planned action, or for each difference."""
    if result.kind != "sync":
        kind = "difference" if result.kind == "verify" else "action"
        columns: tuple[str, ...] = ("account", "folder", kind, "uid", "path", "detail")
        return Table(columns, tuple(row for each in result.accounts for row in _plan(each)))
    columns = (
        "account",
        "folder",
        "fetched",
        "appended",
        "moved",
        "flags_local",
        "flags_remote",
        "deleted_local",
        "deleted_remote",
        "skipped",
        "held_back",
        "changed",
        "error",
        "message",
    )
    return Table(columns, tuple(row for each in result.accounts for row in _synced(each)))


def differs(result: ImapResult) -> bool:
    """Say whether a comparison found any difference."""
    return any(each.differences for account in result.accounts for each in account.folders)


def _synced(account: ImapAccount) -> Iterator[Row]:
    if account.error:
        yield (account.account, *[None] * 11, *error_cells(account.error))
    for each in account.folders:
        yield (account.account, each.name, *_counts(each), *error_cells(each.error))


def _counts(folder: FolderSync) -> Row:
    return (
        folder.fetched,
        folder.appended,
        folder.moved,
        folder.flags_local,
        folder.flags_remote,
        folder.deleted_local,
        folder.deleted_remote,
        len(folder.skipped),
        folder.held_back,
        folder.changed,
    )


def _plan(account: ImapAccount) -> Iterator[Row]:
    name = account.account
    if account.error:
        yield (name, None, "error", None, None, clean(account.error.message))
    for verb, folders in folder_changes(account):
        yield from ((name, folder, f"folder-{verb}", None, None, None) for folder in folders)
    for each in account.folders:
        if each.error:
            yield (name, each.name, "error", None, None, clean(each.error.message))
        for action in each.actions or each.differences or ():
            yield (name, each.name, action.kind, action.uid, action.path, clean(action.detail))


def folder_changes(account: ImapAccount) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what happened to whole folders, by verb."""
    return (
        ("created", account.folders_created),
        ("deleted", account.folders_deleted),
        ("renamed", account.folders_renamed),
    )
