"""Tables of an HTML document: columns where they hold data, flow where they only arrange. Pure.

Most tables of mail are its layout. One holds data if it has headings or a frame and
its cells hold plain text, or if it is a grid of short cells.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from mailcli.message.columns import padded, width_of, wrapped

_GAP = "  "
_NARROWEST = 6
_LABEL = 24
_MOST_COLUMNS = 40
_TALLEST = 12
"""Lines of a cell before it was made narrower."""
_NUMBER = re.compile(
    r"[-+\u2212(]?\s*[^\w\s]{0,2}\s*(?:[A-Z]{3}\s*)?[-+]?\d[\d.,'\u2019 ]*\D{0,4}"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text as lines, how many columns and rows it takes."""

    lines: Sequence[str] = ()
    """As they flow in the width of the whole table."""
    paragraphs: Sequence[str] = ()
    """The same, unbroken."""
    header: bool = False
    span: int = 1
    rows: int = 1
    right: bool = False
    """Its text stands to the right."""
    structured: bool = False
    """It holds lists, tables or the like."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, rows that show nothing left out."""

    rows: Sequence[Sequence[Cell]]
    layout: bool
    """It says that it only arranges."""
    framed: bool
    """It has a border."""


def columns_of(table: Table, width: int) -> list[str] | None:
    """Return a data table's lines, its columns aligned; None: it is better read as it flows."""
    grid = _grid(table.rows)
    count = max(map(len, grid), default=0)
    if not 2 <= count <= _MOST_COLUMNS or not _holds_data(table):
        return None
    widths = _widths(grid, count)
    if sum(widths) + len(_GAP) * (count - 1) > width:
        shrunk = _shrunk(widths, _widths(grid, count, by_word=True), width)
        if not (_has_headings(table) or table.framed) or _has_structure(table):
            return None
        if shrunk is None:
            return _records(grid) if _is_heading(grid[0]) else None
        widths = shrunk
    return list(_lines(grid, widths))


def flow_of(table: Table, width: int) -> list[list[str]]:
    """Return what stands one below another: cells of one short line side by side, others not."""
    blocks: list[list[str]] = []
    for row in table.rows:
        cells = [cell.lines for cell in row if cell.lines]
        side_by_side = _GAP.join(lines[0] for lines in cells)
        if cells and all(len(lines) == 1 for lines in cells) and width_of(side_by_side) <= width:
            blocks.append([side_by_side])
        else:
            blocks += [list(lines) for lines in cells]
    return blocks


def _holds_data(table: Table) -> bool:
    cells = [cell for row in table.rows for cell in row if cell.lines]
    full = [row for row in table.rows if sum(bool(cell.lines) for cell in row) > 1]
    if any(len(cell.lines) > _TALLEST for cell in cells):
        return False
    if all(len(cell.lines) == 1 for cell in cells) and 2 * len(full) >= len(table.rows):
        return len(full) > 1
    if len(full) > 1 and len(full) == len(table.rows) and all(map(_is_labelled, full)):
        return True
    return not table.layout and (_has_headings(table) or table.framed) and bool(full)


def _is_labelled(row: Sequence[Cell]) -> bool:
    """Tell whether a row is a short label and one more cell beside it, of narrow lines."""
    label, *others = [cell for cell in row if cell.lines]
    return (
        len(others) == 1
        and len(label.lines) == 1
        and width_of(label.lines[0]) <= _LABEL
        and all(width_of(line) <= 2 * _LABEL for line in others[0].lines)
    )


def _has_structure(table: Table) -> bool:
    """Tell whether a cell holds lines that cannot be broken anew, such as those of a list."""
    return any(len(cell.lines) > 1 and cell.structured for row in table.rows for cell in row)


def _has_headings(table: Table) -> bool:
    return any(cell.header and cell.lines for row in table.rows for cell in row)


def _is_heading(row: Sequence[Cell]) -> bool:
    return all(cell.header or not cell.lines for cell in row)


def _grid(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Put each cell into its columns: an empty one stands for each that it reaches over."""
    grid: list[list[Cell]] = []
    below: dict[int, int] = {}
    """Columns that a cell above reaches into, and for how many rows yet."""
    for row in rows:
        line: list[Cell] = []
        for cell in row:
            _skip(line, below)
            for at in range(min(cell.span, _MOST_COLUMNS + 1)):
                if cell.rows > 1:
                    below[len(line)] = cell.rows
                line.append(cell if at == 0 else Cell(span=0))
            if len(line) > _MOST_COLUMNS:
                break
        _skip(line, below)
        below = {column: left - 1 for column, left in below.items() if left > 1}
        grid.append(line)
    return _without_empty_columns(grid)


def _skip(line: list[Cell], below: dict[int, int]) -> None:
    while below.get(len(line), 0) > 0 and len(line) <= _MOST_COLUMNS:
        line.append(Cell())


def _without_empty_columns(grid: list[list[Cell]]) -> list[list[Cell]]:
    count = max(map(len, grid), default=0)
    full = [
        any(column < len(row) and row[column].lines for row in grid) for column in range(count)
    ]
    return [_kept(row, full) for row in grid]


def _kept(row: list[Cell], full: list[bool]) -> list[Cell]:
    """Return a row without the empty columns, which cells that reach over them give up too."""
    kept: list[Cell] = []
    for at, cell in enumerate(row):
        if not full[at]:
            continue
        span = sum(full[at : at + cell.span])
        kept.append(replace(cell, span=span))
    return kept


def _widths(grid: list[list[Cell]], count: int, *, by_word: bool = False) -> list[int]:
    """Return the widths of columns in which nothing is broken; `by_word`: no word is."""
    widths = [0] * count
    for row in grid:
        for at, cell in enumerate(row):
            if cell.span == 1:
                texts = [word for line in cell.paragraphs for word in wrapped(line, 1)]
                sizes = map(width_of, texts if by_word else cell.paragraphs)
                widths[at] = max(widths[at], *sizes, 0)
    return widths


def _shrunk(natural: list[int], least: list[int], width: int) -> list[int] | None:
    """Take from the widest columns until all fit; None: they cannot."""
    room = width - len(_GAP) * (len(natural) - 1)
    for fair in range(room, _NARROWEST - 1, -1):
        widths = [max(low, min(size, fair)) for size, low in zip(natural, least, strict=True)]
        if sum(widths) <= room:
            return widths
    return None


def _lines(grid: list[list[Cell]], widths: list[int]) -> Iterator[str]:
    broken = [[_broken(cell, at, widths) for at, cell in enumerate(row)] for row in grid]
    right = _numeric(grid, len(widths))
    tall = sum(any(len(lines) > 1 for lines in row) for row in broken[1:])
    for number, (row, cells) in enumerate(zip(grid, broken, strict=True)):
        if number > 1 and 2 * tall > len(grid):
            yield ""
        for texts in zip_longest(*cells, fillvalue=""):
            yield _line(row, texts, widths, right)
        if number == 0 and len(grid) > 1 and _is_heading(row):
            yield _GAP.join("-" * max(1, width) for width in widths)


def _broken(cell: Cell, at: int, widths: list[int]) -> list[str]:
    width = _reach(cell, at, widths)
    lines: list[str] = []
    for line in cell.paragraphs:
        lines += [line] if width_of(line) <= width else wrapped(line, width)
    return lines


def _reach(cell: Cell, at: int, widths: list[int]) -> int:
    covered = widths[at : at + max(1, cell.span)]
    return sum(covered) + len(_GAP) * (len(covered) - 1)


def _line(row: list[Cell], texts: Sequence[str], widths: list[int], right: list[bool]) -> str:
    parts = [
        padded(text, _reach(cell, at, widths), right=cell.right or (cell.span == 1 and right[at]))
        for at, (cell, text) in enumerate(zip(row, texts, strict=True))
        if cell.span
    ]
    return _GAP.join(parts).rstrip()


def _numeric(grid: list[list[Cell]], count: int) -> list[bool]:
    """Tell of each column whether it holds numbers, which stand to the right."""
    body = [row for row in grid if not _is_heading(row)]
    columns = [
        [row[at].lines for row in body if at < len(row) and row[at].span == 1 and row[at].lines]
        for at in range(count)
    ]
    return [
        bool(cells)
        and all(len(lines) == 1 and _NUMBER.fullmatch(lines[0][:40]) for lines in cells)
        for cells in columns
    ]


def _records(grid: list[list[Cell]]) -> list[str]:
    """Return each row as lines `heading: text`, for a table that is too wide."""
    names = [" ".join(cell.lines) for cell in grid[0]]
    lines: list[str] = []
    for row in grid[1:]:
        lines += [""] if lines else []
        for name, cell in zip(names, row, strict=False):
            if cell.lines:
                lines += [f"{name}: {cell.lines[0]}" if name else cell.lines[0], *cell.lines[1:]]
    return lines
