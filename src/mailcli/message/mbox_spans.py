"""Where the messages of an mbox lie, found while it streams by. Pure but for the stream.

RFC 4155, and what programs write: a message begins behind a line `From …` that begins the file
or follows an empty line. How lines that look like it are quoted in a message is not looked at.
"""

from collections.abc import Iterator
from typing import BinaryIO

_LONGEST = 1 << 16
"""Octets that are read at a time: a longer line goes by in pieces."""

_EMPTY = frozenset({b"\n", b"\r\n"})


def is_mbox(beginning: bytes) -> bool:
    """Tell an mbox from a message by how it begins."""
    return beginning.startswith(b"From ")


def message_spans(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield from where to where each message lies, without its `From ` line.

    Nor with the empty line that stands before the next one. Raises: OSError.
    """
    stream.seek(0)
    start: int | None = None
    place, empty, begins = 0, 0, True  # `empty`: octets of the empty line before this place
    while piece := stream.readline(_LONGEST):
        if begins and (empty or not place) and piece.startswith(b"From ") and piece[-1:] == b"\n":
            if start is not None:
                yield start, place - empty
            start = place + len(piece)
        empty = len(piece) if begins and piece in _EMPTY else 0
        begins = piece[-1:] == b"\n"
        place += len(piece)
    if start is not None:
        yield start, max(start, place - empty)
