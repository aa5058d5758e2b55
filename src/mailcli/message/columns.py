"""Text measured in terminal columns, and broken to fit them (UAX #11, UAX #14). Pure.

Ideographs take two columns, combining and invisible characters none. Close
enough to what terminals do, without a table of our own.
"""

import re
from functools import lru_cache
from unicodedata import category, east_asian_width

_SPACES = re.compile(r"[ \t\n\r\f]+")
_NARROW = re.compile(r"[\x20-\u02ff]*")
"""Text in which every character takes one column, or is a soft hyphen."""
_IDEOGRAPH = "\u2e80-\ua4cf\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff"
_CLOSING = (
    "\u3001\u3002\uff0c\uff0e\uff1a\uff1b\uff01\uff1f\uff09\uff3d\uff5d"
    "\u300d\u300f\u3011\u3009\u300b\u2019\u201d\u2026\u30fc\u3005,.!?:;)\\]}"
)
"""What never begins a line (kinsoku)."""
_IDEOGRAPHS = re.compile(f"[{_IDEOGRAPH}{_CLOSING}][{_IDEOGRAPH}]")
_PIECE = re.compile(f"[{_IDEOGRAPH}][{_CLOSING}]*|[^{_IDEOGRAPH}]+")


def width_of(text: str) -> int:
    """Return how many columns a text without control characters takes."""
    if _NARROW.fullmatch(text):
        return len(text) - text.count("\xad")
    return sum(map(_columns, text))


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return text with spaces behind it (`right`: before it) to that many columns."""
    space = " " * (width - width_of(text))
    return space + text if right else text + space


def wrapped(text: str, width: int) -> list[str]:
    """Break one paragraph at spaces, and between ideographs, into lines of `width` columns.

    A word that is longer (an address, mostly) has a line to itself and stays whole;
    a run of ideographs is broken. White space but U+00A0 is one space. Linear.
    """
    lines: list[str] = []
    line, taken = "", 0
    for word in _SPACES.split(text.strip(" \t\n\r\f")):
        for piece, glued in _pieces(word):
            size = width_of(piece)
            space = 1 if line and not glued else 0
            if line and taken + space + size > width:
                lines.append(line)
                line, taken = piece, size
            else:
                line += " " * space + piece
                taken += space + size
    return [*lines, line] if line else lines


def rejoined(first: str, second: str) -> str:
    """Return two lines that `wrapped` made of one as one."""
    glued = bool(_IDEOGRAPHS.fullmatch(first[-1:] + second[:1]))
    return first + second if glued else f"{first} {second}"


def _pieces(word: str) -> list[tuple[str, bool]]:
    """Return what may stand on lines of its own, and whether it follows without a space."""
    if word.isascii():
        return [(word, False)]
    return [(found[0], found.start() > 0) for found in _PIECE.finditer(word)]


@lru_cache(maxsize=4096)
def _columns(char: str) -> int:
    if char == "\xad" or category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if east_asian_width(char) in "WF" else 1
