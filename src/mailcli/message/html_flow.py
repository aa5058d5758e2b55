"""Text that is collected and broken into lines: what a column of a page consists of. Pure."""

import re
from dataclasses import dataclass, field
from enum import Enum, auto

from mailcli.message.columns import rejoined, wrapped

KEPT_SPACE = "\ufdd0"
"""Stands for a space that is neither broken at nor joined with others; no character."""
_UNSEEN = "\u200b-\u200d\u2060\ufeff\u034f\xad\u2007"
_BLANK = " \xa0\u200b\u200c\u200d\u2060\ufeff\xad"
_SPACES = re.compile(r"[ \xa0]{2,}")
_PADDING = re.compile(rf"[\s{_UNSEEN}]{{4,}}")
"""What fills up the preview of a message behind its first words."""


class Space(Enum):
    """What becomes of the white space of a text (CSS white-space)."""

    JOINED = auto()
    """Each run of it is one space."""
    LINES = auto()
    """Line ends and runs of spaces stay, and lines are broken that are too long."""
    KEPT = auto()
    """All stays as it is."""


@dataclass(slots=True)
class Flow:
    """Lines that grow downwards: text is collected, and broken where a line ends."""

    width: int
    lines: list[str] = field(default_factory=list)
    tight: bool = False
    """Lists in it have no empty lines around them."""
    structured: bool = False
    pieces: list[str] = field(default_factory=list)
    soft: set[int] = field(default_factory=set)
    """Lines that go on with the one before."""
    _gap: bool = False

    def text(self, text: str, space: Space = Space.JOINED) -> None:
        """Take text; `space` says what becomes of its spaces and line ends."""
        if space is Space.JOINED:
            self.pieces.append(text)
            return
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for number, line in enumerate(lines):
            if number:
                self._break_kept()
            run = " " if space is Space.KEPT else "  "
            self.pieces.append(line.expandtabs().replace(run, KEPT_SPACE * len(run)))

    def _break_kept(self) -> None:
        if "".join(self.pieces).strip(f" \t{KEPT_SPACE}"):
            self.end_line()
        elif self.lines:
            self.pieces.clear()
            self.lines.append("")

    def end_line(self) -> None:
        """End the line if there is one."""
        text, self.pieces = "".join(self.pieces), []
        if not text:
            return
        text = _PADDING.sub(_without_padding, text)
        lines = [_shown(line) for line in wrapped(text, self.width)]
        if any(line.strip(_BLANK) for line in lines):
            self.add(lines)
            self.soft.update(range(len(self.lines) - len(lines) + 1, len(self.lines)))
        elif "\xa0" in text:
            self.gap()

    def paragraphs(self) -> list[str]:
        """Return the lines as they would be in a flow without end."""
        joined: list[str] = []
        for number, line in enumerate(self.lines):
            if number in self.soft:
                joined[-1] = rejoined(joined[-1], line)
            else:
                joined.append(line)
        return joined

    def break_line(self) -> None:
        """End the line, or leave one empty where there is none."""
        before = len(self.lines)
        self.end_line()
        if len(self.lines) == before:
            self.gap()

    def gap(self) -> None:
        """Leave an empty line before the next one."""
        self.end_line()
        self._gap = bool(self.lines)

    def add(self, lines: list[str], *, apart: bool = False) -> None:
        """Put lines below; `apart`: with empty lines around them."""
        if not lines:
            return
        if apart:
            self.gap()
        if self._gap and self.lines[-1]:
            self.lines.append("")
        self._gap = False
        self.lines += lines
        if apart:
            self._gap = True


def _without_padding(found: re.Match[str]) -> str:
    run = found[0]
    return (
        " " if sum(char in "\u200b\u200c\u200d\u2060\ufeff\u034f\xad" for char in run) > 1 else run
    )


def _shown(line: str) -> str:
    """Return a line with plain spaces; one or two no-break spaces at its start are layout."""
    bare = line.lstrip("\xa0")
    indent = len(line) - len(bare)
    bare = _SPACES.sub(" ", bare).replace("\xa0", " ")
    return (" " * (indent if indent > 2 else 0) + bare).replace(KEPT_SPACE, " ").rstrip()
