"""From runs to a table: medians and ratios.

Pure: it takes values and returns text; `page` makes a document of it. What
cannot be had is shown as a dash, never as nought.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from statistics import median
from typing import Self

from tests.bench.measure import Run, Wire

ABSENT = "–"  # noqa: RUF001 - an en dash, as tables want it
COLUMNS = (
    "work",
    "program",
    "seconds",
    "ratio",
    "CPU s",
    "peak MB",
    "round trips",
    "connections",
    "kB out",
    "kB in",
    "runs",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians over a contender's runs: seconds, seconds, kB; and what crossed the wire."""

    wall: float
    cpu: float
    peak_kb: float
    runs: int
    wire: Wire | None = None

    @classmethod
    def of(cls, runs: Sequence[Run], wire: Wire | None = None) -> Self:
        """Take the median of each value on its own; `runs` holds at least one."""
        return cls(
            median(run.wall for run in runs),
            median(run.cpu for run in runs),
            median(run.peak_kb for run in runs),
            len(runs),
            wire,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A contender's line: what was measured, or a short note (`failed`) and its reason."""

    name: str
    measured: Measured | None
    note: str = ""
    reason: str = ""
    is_ours: bool = False


class Curve(Enum):
    """Work that several rows do in growing amounts: the same program's rows make a line."""

    MESSAGES = auto()
    FLAG = auto()
    FOLDERS = auto()


@dataclass(frozen=True, slots=True)
class Point:
    """Where a row stands on a curve: the number of messages, or of folders."""

    curve: Curve
    amount: int


@dataclass(frozen=True, slots=True)
class Section:
    """A row of the bench with the lines of its contenders, and its place on a curve."""

    title: str
    lines: tuple[Line, ...]
    point: Point | None = None


def ratio(line: Line, lines: Iterable[Line]) -> float | None:
    """Return how many times mailcli's time a contender took; None where one of them has none."""
    ours = next((other.measured for other in lines if other.is_ours and other.measured), None)
    return line.measured.wall / ours.wall if ours and line.measured else None


def table(sections: Iterable[Section]) -> list[tuple[str, ...]]:
    """Return the cells of the whole table, without its head."""
    return [
        (section.title if first else "", *_cells(line, section.lines))
        for section in sections
        for first, line in zip([True] + [False] * len(section.lines), section.lines, strict=False)
    ]


def reasons(sections: Iterable[Section]) -> list[str]:
    """Return why contenders have no figures, one text each."""
    return [
        f"{section.title}: {line.name}: {line.reason}"
        for section in sections
        for line in section.lines
        if line.reason
    ]


def _cells(line: Line, lines: Iterable[Line]) -> tuple[str, ...]:
    measured = line.measured
    if measured is None:
        return (line.name, line.note, *[""] * (len(COLUMNS) - 3))
    times = ratio(line, lines)
    wire = measured.wire
    return (
        line.name,
        seconds(measured.wall),
        ABSENT if times is None else f"{times:.2f}" if times < 10 else f"{times:.0f}",
        seconds(measured.cpu),
        f"{measured.peak_kb / 1024:.0f}",
        f"{wire.turns:,}" if wire else ABSENT,
        f"{wire.connections:,}" if wire else ABSENT,
        f"{wire.sent / 1000:,.1f}" if wire else ABSENT,
        f"{wire.received / 1000:,.1f}" if wire else ABSENT,
        f"{measured.runs}",
    )


def seconds(value: float) -> str:
    """Show seconds to three figures, as far as they mean something."""
    if value < 1:
        return f"{value:.3f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
