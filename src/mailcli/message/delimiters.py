"""Where the parts of a message end: the delimiter lines of multiparts, and empty lines. Pure.

RFC 2046 §5.1.1. A delimiter is a whole line, white space at its end aside, so that a boundary
may begin like another. Of several open multiparts the innermost has a line that is of both;
an outer one's line ends those within it, whether or not they were closed.
"""

import re
from typing import NamedTuple

from mailcli.message.window import BLOCK, Window

LONGEST_HEADER = 256 * 1024
"""Octets of one header that are read."""

_LONGEST_DELIMITER = 4_096
_HEADER_STOP = re.compile(rb"\n(?:\r?\n|--)")
"""An empty line, or one that may be a delimiter."""

_EMPTY = re.compile(rb"\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")


class Stop(NamedTuple):
    """Why a part ended: at a delimiter of the multipart at `level`, or with the stream (-1)."""

    at: int  # where the part ends: before the line end that belongs to the delimiter
    after: int  # where the line behind the delimiter begins
    level: int
    closes: bool


class HeaderEnd(NamedTuple):
    """Where a header ends, where the body begins, and the delimiter that came before one."""

    end: int
    body: int
    stop: Stop | None
    is_cut: bool = False


class Delimiters:
    """The multiparts that a reader of a window is in, and where they are delimited."""

    __slots__ = ("_levels", "_needle", "_open", "_window")

    def __init__(self, window: Window) -> None:
        self._window = window
        self._open: list[bytes] = []
        self._levels: dict[bytes, int] = {}
        self._needle = b""

    def end(self) -> Stop:
        """Return the end of the stream."""
        return Stop(self._window.size, self._window.size, -1, closes=True)

    def header_end(self, at: int) -> HeaderEnd:
        """Find the end of a header that begins at `at`."""
        first = self._window.take(at, 2)
        if blank := _LINE_END.match(first):
            return HeaderEnd(at, at + blank.end(), None)
        if first == b"--" and self._open and (stop := self._delimiter(at - 1, at)):
            return HeaderEnd(at, at, stop)
        position = at
        while found := self._window.search(_HEADER_STOP, position, at + LONGEST_HEADER - position):
            start, behind = found
            if self._window.take(behind - 1, 1) != b"-":
                return HeaderEnd(start + 1, behind, None)
            if stop := self._delimiter(start, at):
                return HeaderEnd(stop.at, stop.at, stop)
            position = start + 1
        if self._window.size - at <= LONGEST_HEADER:
            return HeaderEnd(self._window.size, self._window.size, self.end())
        return self._endless(at)

    def _endless(self, at: int) -> HeaderEnd:
        """Find the end of a header that is longer than what is read of it."""
        stop = self.next(at + LONGEST_HEADER)
        position = at + LONGEST_HEADER - 2  # the empty line may begin before, and end behind
        while position < stop.at:
            if found := self._window.search(_EMPTY, position, BLOCK):
                if found[0] < stop.at:
                    return HeaderEnd(at + LONGEST_HEADER, found[1], None, is_cut=True)
                break
            position += BLOCK - 2
        return HeaderEnd(at + LONGEST_HEADER, stop.at, stop, is_cut=True)

    def enter(self, boundary: bytes) -> int:
        """Begin a multipart; return its level, the outermost being 0."""
        self._open.append(boundary)
        self._levels[boundary] = len(self._open) - 1
        self._needle = b"\n--" + _common_start(self._open)
        return len(self._open) - 1

    def leave(self) -> None:
        """End the innermost multipart."""
        self._open.pop()
        self._levels = {boundary: level for level, boundary in enumerate(self._open)}
        self._needle = b"\n--" + _common_start(self._open)

    def next(self, at: int) -> Stop:
        """Return the next delimiter line of any open multipart; `at` begins a line."""
        position = max(at - 1, 0)
        while self._open and (position := self._window.find(self._needle, position)) >= 0:
            if stop := self._delimiter(position, at):
                return stop
            position += 1
        return self.end()

    def _delimiter(self, line_end: int, at: int) -> Stop | None:
        """Read the line behind a line end; None if it is no delimiter (RFC 2046 §5.1.1).

        `at` is where the part begins that it would end.
        """
        around = self._window.take(line_end - 1, _LONGEST_DELIMITER)
        end = around.find(b"\n", 2)
        line = (around[4:end] if end >= 0 else around[4:]).rstrip()
        level, closes = self._levels.get(line), False
        if level is None and line.endswith(b"--"):
            level, closes = self._levels.get(line[:-2]), True
        if level is None:
            return None
        start = line_end - 1 if around[:1] == b"\r" else line_end
        after = line_end + end if end >= 0 else line_end - 1 + len(around)
        return Stop(max(at, start), after, level, closes)


def _common_start(boundaries: list[bytes]) -> bytes:
    """Return what all boundaries begin with: the sooner most other lines are passed over."""
    if len(boundaries) <= 1:
        return b"".join(boundaries)
    least, most = min(boundaries), max(boundaries)
    length = next((n for n, octet in enumerate(least) if most[n] != octet), len(least))
    return least[:length]
