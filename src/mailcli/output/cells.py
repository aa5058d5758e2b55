"""What rows and columns are made of, before anybody writes them."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

Cell = str | int | bool | datetime | Path | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and rows of as many cells each."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
