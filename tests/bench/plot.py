"""Draw lines on logarithmic axes as SVG: no library, and no more than the bench needs.

Pure. Text and axes are of a grey, and lines of colours, that can be read on white and on
black, since whoever shows the picture chooses what is behind it. Each line is named to the right
of it, at the height of its end, so that nobody has to tell colours apart.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

_WIDTH, _HEIGHT = 400, 300  # of a panel, in pixels
_IN_A_ROW = 2  # a page is as wide as that
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 92, 40, 46  # around the axes
_NAME_HEIGHT = 15  # names of lines come no closer
_GREY = "#7d7d7d"
_COLOURS = ("#2f7fe0", "#d9662b", "#2f9e58", "#b05fd0", "#b58a1b")


@dataclass(frozen=True, slots=True)
class Curve:
    """One program's line: its name, and points of amount and cost, all above nought."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes with its lines, of which at least one has a point."""

    title: str
    below: str  # what the amounts are
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class _Axis:
    """A logarithmic axis: the values and the pixels at its ends."""

    low: float
    high: float
    first: float
    last: float

    def at(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.first + share * (self.last - self.first)


def svg(title: str, panels: Sequence[Panel]) -> str:
    """Return a picture of panels, two in a row; a program has one colour in all of them."""
    names = list(dict.fromkeys(curve.name for panel in panels for curve in panel.curves))
    colours = {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(names)}
    width = _WIDTH * min(len(panels), _IN_A_ROW)
    height = _HEIGHT * -(-len(panels) // _IN_A_ROW)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}"',
        f' width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
    ]
    for at, panel in enumerate(panels):
        row, column = divmod(at, _IN_A_ROW)
        lines.append(f'<g transform="translate({column * _WIDTH} {row * _HEIGHT})">')
        lines += [*_panel(panel, colours), "</g>"]
    return "\n".join([*lines, "</svg>", ""])


def decades(values: Iterable[float]) -> list[float]:
    """Return the powers of ten around all values: two at least, as an axis needs.

    The values are above nought.
    """
    found = list(values)
    low = math.floor(math.log10(min(found)))
    high = max(low + 1, math.ceil(math.log10(max(found))))
    return [10.0**power for power in range(low, high + 1)]


def apart(wanted: Sequence[float], gap: float, last: float) -> list[float]:
    """Return positions near those wanted, in the same order, at least `gap` apart.

    None is below `last`, unless there are too many for that.
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    placed = [wanted[at] for at in order]
    for above, at in pairwise(range(len(placed))):
        placed[at] = max(placed[at], placed[above] + gap)
    limit = last
    for at in reversed(range(len(placed))):
        placed[at] = min(placed[at], limit)
        limit = placed[at] - gap
    return [position for _, position in sorted(zip(order, placed, strict=True))]


def number(value: float) -> str:
    """Show a number as an axis does: `0.01`, `1`, `10,000`."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _panel(panel: Panel, colours: dict[str, str]) -> Iterable[str]:
    points = [point for curve in panel.curves for point in curve.points]
    amounts = sorted({amount for amount, _ in points})
    costs = decades(cost for _, cost in points)
    across = _Axis(amounts[0], max(amounts[-1], 2 * amounts[0]), _LEFT, _WIDTH - _RIGHT)
    up = _Axis(costs[0], costs[-1], _HEIGHT - _BOTTOM, _TOP)
    yield _text(_LEFT, 20, panel.title, "start", ' font-weight="bold"')
    for cost in costs:
        yield _rule(_LEFT, up.at(cost), _WIDTH - _RIGHT, up.at(cost))
        yield _text(_LEFT - 6, up.at(cost) + 4, number(cost), "end")
    for amount in amounts:
        yield _rule(across.at(amount), _HEIGHT - _BOTTOM, across.at(amount), _HEIGHT - _BOTTOM + 5)
        yield _text(across.at(amount), _HEIGHT - _BOTTOM + 18, number(amount), "middle")
    yield _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, panel.below, "middle")
    yield from _curves(panel.curves, colours, across, up)


def _curves(
    curves: Sequence[Curve], colours: dict[str, str], across: _Axis, up: _Axis
) -> Iterable[str]:
    placed = [
        (curve, [(across.at(amount), up.at(cost)) for amount, cost in sorted(curve.points)])
        for curve in curves
        if curve.points
    ]
    ends = apart([places[-1][1] for _, places in placed], _NAME_HEIGHT, _HEIGHT - _BOTTOM)
    for (curve, places), end in zip(placed, ends, strict=True):
        colour = colours[curve.name]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for x, y in places:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
        yield _text(_WIDTH - _RIGHT + 8, end + 4, curve.name, "start", colour=colour)


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{_GREY}" stroke-opacity="0.5"/>'
    )


def _text(
    x: float, y: float, text: str, anchor: str, more: str = "", *, colour: str = _GREY
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{more}>'
        f"{escape(text)}</text>"
    )
