"""Text that is collected and broken into lines: what a column of a page consists of. Pure."""

import re
from dataclasses import dataclass, field

from mailcli.message.columns import wrapped

KEPT_SPACE = "\ufdd0"
"""Stands for a space that is neither broken at nor joined with others; no character."""
_UNSEEN = "\u200b-\u200d\u2060\ufeff\u034f\xad\u2007"
_PADDING = re.compile(rf"[\s{_UNSEEN}]{{4,}}")
"""What fills up the preview of a message behind its first words."""


@dataclass(slots=True)
class Flow:
    """Lines that grow downwards: text is collected, and broken where a line ends."""

    width: int
    lines: list[str] = field(default_factory=list)
    tight: bool = False
    """Lists in it have no empty lines around them."""
    structured: bool = False
    pieces: list[str] = field(default_factory=list)
    _gap: bool = False

    def text(self, text: str, *, kept: bool) -> None:
        """Take text; `kept`: with its spaces and line ends."""
        if not kept:
            self.pieces.append(text)
            return
        first, *others = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self.pieces.append(first.expandtabs().replace(" ", KEPT_SPACE))
        for line in others:
            self._break_kept()
            self.pieces.append(line.expandtabs().replace(" ", KEPT_SPACE))

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
        if any(lines):
            self.add(lines)
        elif "\xa0" in text:
            self.gap()

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
    line = bare if len(line) - len(bare) < 3 else line
    return line.replace("\xa0", " ").replace(KEPT_SPACE, " ").rstrip()
