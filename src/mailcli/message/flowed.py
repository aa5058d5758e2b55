"""Paragraphs that every reader breaks to its own width: format=flowed (RFC 3676). Pure.

For what a person typed in an editor that does not break lines. Text of scripts
is left alone: there a line is a line.
"""

import re

WIDTH = 72
LONGEST = 78
"""Characters of a line that needs no breaking (RFC 3676 §4.2)."""

_SIGNATURE = "-- "
_WORD = re.compile(" *[^ ]+ *")


def helps(text: str) -> bool:
    """Tell whether a text has lines that are too long to be shown as they are."""
    return any(len(line) > LONGEST and " " in line.strip() for line in text.splitlines())


def flowed(text: str) -> str:
    """Return text whose long lines are soft: each ends with a space but the last.

    Space at the end of a line goes, since it would make it soft; the signature's stays.
    """
    return "".join(f"{line}\n" for source in text.split("\n") for line in _lines(source))[:-1]


def _lines(source: str) -> list[str]:
    if source == _SIGNATURE:
        return [source]
    line = source.rstrip(" ")
    if len(line) <= LONGEST or line.startswith(">"):  # what is quoted was broken by its author
        return [_stuffed(line)]
    return [_stuffed(piece) for piece in _broken(line)]


def _broken(line: str) -> list[str]:
    """Break a line behind spaces, which stay: each piece but the last ends with one."""
    pieces, piece = [], ""
    for word in _WORD.findall(line):
        if piece.strip(" ") and len(piece) + len(word.rstrip(" ")) > WIDTH:
            pieces.append(piece)
            piece = ""
        piece += word
    return [*pieces, piece]


def _stuffed(line: str) -> str:
    """Stuff a line that a reader would unstuff, or mbox would take for a separator (§4.4)."""
    return f" {line}" if line.startswith((" ", "From ")) else line
