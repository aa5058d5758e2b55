"""What `import` and `export` return."""

from pathlib import Path
from typing import NamedTuple

from mailcli.results.report import ErrorReport


class ImportedMessage(NamedTuple):
    """A message that was imported, or in a dry run would be.

    `id` is None where the index does not know it yet, `path` in a dry run. There may be very many
    of these, so the path is text.
    """

    id: int | None
    folder: str
    path: str | None


class ImportResult(NamedTuple):
    """The result of `import`.

    `already` messages were here before; `done` is off in a dry run. `errors` are of paths that
    could not be read, `warnings` of what was imported though it may not be as it was.
    """

    imported: tuple[ImportedMessage, ...]
    account: str
    already: int = 0
    folders_created: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    done: bool = True
    errors: tuple[ErrorReport, ...] = ()


class ExportedMessage(NamedTuple):
    """A message that was exported, or in a dry run would be, and the file that it is in."""

    id: int | None
    folder: str
    path: str


class ExportResult(NamedTuple):
    """The result of `export`; `octets` are those of the messages.

    `already` messages were in the Maildir before. `done` is off in a dry run.
    """

    exported: tuple[ExportedMessage, ...]
    format: str
    to: Path
    octets: int = 0
    already: int = 0
    warnings: tuple[str, ...] = ()
    done: bool = True
    errors: tuple[ErrorReport, ...] = ()
