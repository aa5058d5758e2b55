"""What `import` and `export` did: a row for each message, or a few lines for people."""

from collections import Counter

from mailcli.message.clean import visible
from mailcli.output.cells import Table
from mailcli.output.words import counted, size_text
from mailcli.results.transfer import ExportResult, ImportResult


def imported_table(result: ImportResult) -> Table:
    """One row for each message that was imported."""
    rows = ((each.id, result.account, each.folder, each.path) for each in result.imported)
    return Table(("id", "account", "folder", "path"), tuple(rows))


def exported_table(result: ExportResult) -> Table:
    """One row for each message that was exported."""
    rows = ((each.id, each.folder, each.path) for each in result.exported)
    return Table(("id", "folder", "path"), tuple(rows))


def imported_lines(result: ImportResult) -> list[str]:
    """Say how many messages went into which folders, and how many were there before."""
    done = result.done
    made = [
        f"{'Created' if done else 'Would create'} the folder {visible(name)}."
        for name in result.folders_created
    ]
    lines = [
        f"{'Imported' if done else 'Would import'} {counted(number, 'message')}"
        f" into {visible(folder)}."
        for folder, number in Counter(each.folder for each in result.imported).items()
    ]
    if result.already:
        here = counted(result.already, "message")
        lines.append(f"{here} left out, already here; --again imports them once more.")
    if not lines and not result.errors:
        lines = ["Nothing to import."]
    return [*made, *lines]


def exported_lines(result: ExportResult) -> list[str]:
    """Say how many messages went where."""
    verb = "Exported" if result.done else "Would export"
    count = counted(len(result.exported), "message")
    where = visible(str(result.to))
    lines = [f"{verb} {count} ({size_text(result.octets)}) to {where}."]
    if result.already:
        lines.append(f"{counted(result.already, 'message')} left out, already there.")
    return lines
