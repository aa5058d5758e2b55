"""Progress of a transfer: one or two lines at the end of a terminal, and nothing anywhere else.

Messages, octets, pace and the time that is left, of the part that is under way and of the whole.
What is left is told by messages, or by octets where all of them are known beforehand; the pace is
that of this run since it began, so what an earlier one had brought does not count. rich is
imported when the first line is drawn, and nothing is drawn for what is over at once.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from mailcli.message.clean import visible
from mailcli.output.words import size_text

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

PATIENCE = 0.5
"""Seconds that a transfer may take before anything is shown."""

_TRUSTED = 2.0
"""Seconds after which the time that is left is told: the first messages say little of it."""

_DRAWN_EVERY = 0.1
_TICKS = 1000  # of a bar
_MINUTE, _HOUR = 60, 3600


@dataclass(slots=True)
class Count:
    """How far a transfer is.

    `here` messages of `messages` were here before it began. `octets` is how many there are to
    come, None where nobody knows; `began` is the time in seconds.
    """

    name: str
    messages: int
    octets: int | None
    here: int
    began: float
    came: int = 0
    came_octets: int = 0

    @property
    def share(self) -> float:
        """How much of the whole is here, from 0 to 1."""
        if self.octets and not self.here:
            return min(1.0, self.came_octets / self.octets)
        return min(1.0, (self.here + self.came) / self.messages) if self.messages else 1.0

    def title(self) -> str:
        """Name what is transferred; say where a transfer that broke off goes on."""
        name = visible(self.name)
        return f"{name}, resumed after {self.here:,}" if self.here else name

    def text(self, now: float) -> str:
        """Tell messages, octets, pace, and the time that is left once it can be believed."""
        passed = size_text(self.came_octets)
        parts = [f"{self.here + self.came:,}/{self.messages:,}", passed]
        if self.messages == 1 and self.octets:
            parts = [f"{passed} of {size_text(self.octets)}"]
        elapsed = now - self.began
        if elapsed > 0:
            parts.append(f"{size_text(round(self.came_octets / elapsed))}/s")
        if (left := self._left(elapsed)) is not None:
            parts.append(f"{_duration(left)} left")
        return "  ".join(parts)

    def _left(self, elapsed: float) -> float | None:
        """Return the seconds that the rest will take at the pace so far."""
        if elapsed < _TRUSTED:
            return None
        if self.octets and self.came_octets:
            return elapsed * max(0, self.octets - self.came_octets) / self.came_octets
        if not self.came:
            return None
        return elapsed * max(0, self.messages - self.here - self.came) / self.came


class TerminalProgress:
    """Draws at the end of a terminal; `clock` tells seconds, of any origin."""

    def __init__(
        self,
        stream: TextIO,
        *,
        color: bool,
        clock: Callable[[], float],
        environ: Mapping[str, str],
    ) -> None:
        self._stream, self._color, self._clock = stream, color, clock
        self._environ = environ
        self._counts: list[Count] = []  # the whole, and the part that is under way
        self._bars: Bars | None = None
        self._lines: dict[int, TaskID] = {}
        self._drawn = 0.0

    @contextmanager
    def transfer(
        self,
        name: str,
        *,
        messages: Callable[[], int],
        octets: int | None = None,
        here: int = 0,
    ) -> Iterator[Callable[..., None]]:
        """Begin a transfer, perhaps as a part of another; yield what takes each message's octets,
        or those of a piece of one.

        `messages` is asked for how many there are, those that are `here` already among them.
        """
        began = self._clock()
        self._counts.append(Count(name, messages(), octets, here, began))
        try:
            yield self._step
        finally:
            self._end(self._counts.pop())

    def _step(self, octets: int, *, messages: int = 1) -> None:
        for count in self._counts:
            count.came += messages
            count.came_octets += octets
        now = self._clock()
        if now - self._counts[0].began >= PATIENCE and now - self._drawn >= _DRAWN_EVERY:
            self._drawn = now
            self._draw(now)

    def _draw(self, now: float) -> None:
        bars = self._bars = self._bars or self._open()
        for count in self._counts:
            text = count.text(now)
            if (line := self._lines.get(id(count))) is not None:
                bars.update(line, completed=_ticks(count), text=text)
                continue
            self._lines[id(count)] = bars.add_task(
                count.title(), total=_TICKS, completed=_ticks(count), text=text
            )
        bars.refresh()

    def _end(self, count: Count) -> None:
        line = self._lines.pop(id(count), None)
        if self._bars is None:
            return
        if line is not None:
            self._bars.remove_task(line)
        if not self._counts:
            self._bars.stop()
            self._bars = None

    def _open(self) -> "Bars":
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        console = Console(
            file=self._stream,
            no_color=not self._color,
            highlight=False,
            _environ=self._environ,
        )
        ellipsis = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        bars = Progress(
            TextColumn("{task.description}", markup=False, table_column=ellipsis),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[text]}", markup=False, table_column=Column(no_wrap=True)),
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            expand=True,
        )
        bars.start()
        return bars


def _ticks(count: Count) -> int:
    return round(_TICKS * count.share)


def _duration(seconds: float) -> str:
    """Return a time for people: `40 s`, `3:20 min`, `1:05 h`."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}:{whole % _MINUTE:02d} min"
    minutes = whole // _MINUTE
    return f"{minutes // _MINUTE}:{minutes % _MINUTE:02d} h"
