"""What rows and columns are made of, before anybody writes them."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from mailcli.message.clean import clean
from mailcli.results import ErrorReport

Cell = str | int | bool | datetime | Path | None
Row = tuple[Cell, ...]


class Table(NamedTuple):
    """Named columns and rows of as many cells each; rows may be there only once."""

    columns: tuple[str, ...]
    rows: Iterable[Row]


def error_cells(error: ErrorReport | None) -> tuple[str | None, str | None]:
    """Return an error's code and message, both None where there is none."""
    return (error.code, clean(error.message)) if error else (None, None)
