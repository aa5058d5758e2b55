"""What a killed export may have left at the end of an mbox: a message of which a part is missing.

Each message that mailcli exports says how long it is (`message.mbox_flags`), and its lines are
quoted: so the last line that begins with `From ` is the one before it.
"""

from collections.abc import Callable

from mailcli.message.mbox_flags import read_marking

_BLOCK = 1 << 16
_SEPARATOR = b"\nFrom "
_HEAD = 1 << 14
"""Octets that hold a separator, and the fields that an export begins a message with."""

ReadAt = Callable[[int, int], bytes]
"""Returns octets of a file: from where, and how many."""


def ends_in_part(read: ReadAt, size: int) -> bool:
    """Tell whether the last message of an mbox of this size is shorter than its export said."""
    begin = _last_separator(read, size)
    line, _, head = read(begin, min(_HEAD, size - begin)).partition(b"\n")
    marking = read_marking(head)
    if marking is None or marking.octets is None:
        return False
    return size - (begin + len(line) + 1) < marking.length + marking.octets


def _last_separator(read: ReadAt, size: int) -> int:
    """Return where the last line that begins with `From ` does; 0 where there is no second."""
    end = size
    while end > 0:
        begin = max(0, end - _BLOCK)
        # With the beginning of what was looked at before, as the words may lie across.
        until = min(size, end + len(_SEPARATOR) - 1)
        found = read(begin, until - begin).rfind(_SEPARATOR)
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0
