"""What rows and columns are made of, before anybody writes them."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

Cell = str | int | bool | datetime | Path | None
Row = tuple[Cell, ...]


class Table(NamedTuple):
    """Named columns and rows of as many cells each; rows may be there only once."""

    columns: tuple[str, ...]
    rows: Iterable[Row]
