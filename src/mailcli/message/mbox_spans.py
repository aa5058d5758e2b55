"""Where the messages of an mbox lie, found while it streams by. Pure but for the stream."""

from collections.abc import Iterator
from typing import BinaryIO

from mailcli.message.mbox import is_mbox, read_mbox

__all__ = ["is_mbox", "message_spans"]


def message_spans(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield from where to where each message lies, without its `From ` line.

    Nor with the empty line that stands before the next one. Raises: OSError.
    """
    return ((each.start, each.end) for each in read_mbox(stream))
