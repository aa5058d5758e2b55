"""Which pictures are made of the rows that lie on curves, and what each of them shows. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.bench import plot
from tests.bench.report import Curve, Line, Measured, Section


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a panel shows of a contender's runs; None where that was not measured."""

    name: str
    of: Callable[[Measured], float | None]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture beside the page: its file, what it shows, and its panels."""

    file: str
    title: str
    below: str
    panels: tuple[tuple[Curve, str, Quantity], ...]


def _talk(measured: Measured) -> float | None:
    wire = measured.wire
    return (wire.sent + wire.received) / 1000 if wire else None


def _turns(measured: Measured) -> float | None:
    return measured.wire.turns if measured.wire else None


SECONDS = Quantity("seconds", lambda measured: measured.wall)
TALK = Quantity("kB on the wire", _talk)
TURNS = Quantity("round trips", _turns)

FIGURES = (
    Figure(
        "benchmarks-messages.svg",
        "imap-sync by the number of messages in one folder",
        "messages in the folder",
        (
            (Curve.MESSAGES, "nothing to do", SECONDS),
            (Curve.FLAG, "one flag changed, 50 ms", SECONDS),
            (Curve.FLAG, "one flag changed, 50 ms", TALK),
            (Curve.FLAG, "one flag changed, 50 ms", TURNS),
        ),
    ),
    Figure(
        "benchmarks-folders.svg",
        "imap-sync with nothing to do, by the number of folders, 50 ms round trip",
        "folders",
        (
            (Curve.FOLDERS, "nothing to do", SECONDS),
            (Curve.FOLDERS, "nothing to do", TURNS),
        ),
    ),
)


def drawings(sections: Sequence[Section]) -> dict[str, str]:
    """Return each picture for which something was measured, by its file's name."""
    found = ((figure, _panels(figure, sections)) for figure in FIGURES)
    return {figure.file: plot.svg(figure.title, panels) for figure, panels in found if panels}


def titles(files: Iterable[str]) -> list[tuple[str, str]]:
    """Return file and title of the pictures that were made."""
    made = set(files)
    return [(figure.file, figure.title) for figure in FIGURES if figure.file in made]


def _panels(figure: Figure, sections: Sequence[Section]) -> list[plot.Panel]:
    panels = [
        plot.Panel(f"{work}: {quantity.name}", figure.below, _curves(sections, curve, quantity))
        for curve, work, quantity in figure.panels
    ]
    return [panel for panel in panels if panel.curves]


def _curves(
    sections: Iterable[Section], curve: Curve, quantity: Quantity
) -> tuple[plot.Curve, ...]:
    points: dict[str, list[tuple[float, float]]] = {}
    for section in sections:
        if section.point is None or section.point.curve is not curve:
            continue
        for line in section.lines:
            if cost := _cost(line, quantity):
                points.setdefault(line.name, []).append((section.point.amount, cost))
    return tuple(plot.Curve(name, tuple(found)) for name, found in points.items())


def _cost(line: Line, quantity: Quantity) -> float | None:
    """Return what a line cost; None where nothing was measured. Nought has no logarithm."""
    return quantity.of(line.measured) or None if line.measured else None
