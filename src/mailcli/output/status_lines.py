"""`status`: for people each account in a line, its last runs, its folders; and as a table."""

from collections.abc import Iterator

from mailcli.message.clean import clean, visible
from mailcli.output.cells import Row, Table
from mailcli.output.words import counted
from mailcli.results import AccountStatus, FolderStatus, LastRun, StatusResult


def status_lines(account: AccountStatus) -> Iterator[str]:
    """Yield the lines that say how an account stands."""
    waiting = f"; {counted(account.outbox, 'message')} in the outbox" if account.outbox else ""
    counts = f"{account.unread} unread, {account.flagged} flagged"
    yield f"{visible(account.account)}: {counts}, {counted(account.total, 'message')}{waiting}"
    yield from (f"  {_run(each)}" for each in account.runs)
    if account.folders:
        yield "  Unread  Flagged  Messages  Folder"
        yield from (f"  {_folder(each)}" for each in account.folders)


def _run(run: LastRun) -> str:
    outcome = f"failed: {clean(run.error.message)}" if run.error else "done"
    return f"{run.command} {run.at:%Y-%m-%d %H:%M}: {outcome}"


def _folder(folder: FolderStatus) -> str:
    unread, flagged = folder.unread or "", folder.flagged or ""
    return f"{unread:>6}  {flagged:>7}  {folder.total:>8}  {visible(folder.name)}"


def status_table(result: StatusResult) -> Table:
    """Return one row for each folder; one without a folder for an account that has none."""
    columns = ("account", "folder", "unread", "flagged", "total", "outbox", "last_run", "error")
    rows: list[Row] = []
    for each in result.accounts:
        run = each.runs[0] if each.runs else None
        shared: Row = (
            each.outbox,
            run.at if run else None,
            run.error.code if run and run.error else None,
        )
        counts: list[Row] = [(f.name, f.unread, f.flagged, f.total) for f in each.folders]
        rows += [(each.account, *count, *shared) for count in counts or [(None, 0, 0, 0)]]
    return Table(columns, tuple(rows))
