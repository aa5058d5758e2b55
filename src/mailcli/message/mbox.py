"""Messages in an mbox, and how lines that look like its separators are quoted. Pure.

RFC 4155, and what programs write: a message begins behind a line `From …` that begins the file or
follows an empty line. In a message such a line is quoted with one more `>` (mboxrd: also one that
has some already), so that reading takes one away. Files in which only bare `From ` was quoted
(mboxo) look the same. Where nothing is quoted and a Content-Length says how long a message is
(mboxcl2), that is believed about separators without a date alone, so that no message swallows
those behind it. Where the file's first separator has a date, a line without one is a separator
only if a header field follows: otherwise it is text ("From now on we …").
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, NamedTuple

from mailcli.message.window import BLOCK, Window

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_ZONE = rb"(?:[A-Z]{1,5}|([+-])(\d\d)(\d\d))"
_DATE = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s+(%b)\s+(\d{1,2})\s+(\d{1,2}):(\d\d)(?::(\d\d))?"
    rb"(?:\s+%b)?\s+(\d{4})(?:\s+%b)?\s*\Z" % ("|".join(MONTHS).encode(), _ZONE, _ZONE)
)
_LENGTH = re.compile(rb"(?im)^Content-Length:[ \t]*(\d{1,15})[ \t]*\r?$")
_HEADER_END = re.compile(rb"\n\r?\n")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_LONGEST_LINE = 1000
_LOOKS_QUOTABLE = re.compile(rb">*(?:F(?:r(?:o(?:m)?)?)?)?\Z")


class MboxMessage(NamedTuple):
    """Where a message lies in an mbox, without its `From ` line and the empty line behind it.

    `line` is that first line, `quoted` whether lines in the message may be quoted.
    """

    start: int
    end: int
    line: bytes
    quoted: bool


def is_eml(name: str) -> bool:
    """Tell by its name that a file is one message, whatever is in it."""
    return name.lower().endswith(".eml")


def is_mbox(beginning: bytes) -> bool:
    """Tell an mbox from a message by how it begins."""
    return beginning.startswith(b"From ")


def read_mbox(stream: BinaryIO) -> Iterator[MboxMessage]:
    """Yield the messages of an mbox, in flat memory. Raises: OSError."""
    window = Window(stream)
    begin: int | None = 0 if is_mbox(window.take(0, 5)) else None
    dated: bool | None = None
    while begin is not None:
        newline = window.find(b"\n", begin)
        start = window.size if newline < 0 else newline + 1
        line = window.take(begin, min(start - begin, _LONGEST_LINE))
        if dated is None:
            dated = received_of(line) is not None
        end, begin, quoted = _end(window, start, dated=dated)
        yield MboxMessage(start, end, line.rstrip(b"\r\n"), quoted)


def line_before(stream: BinaryIO, start: int) -> bytes:
    """Return the `From ` line of the message that begins at `start`. Raises: OSError."""
    stream.seek(max(0, start - _LONGEST_LINE))
    return stream.read(min(start, _LONGEST_LINE)).rstrip(b"\r\n").rpartition(b"\n")[2]


def _end(window: Window, start: int, *, dated: bool) -> tuple[int, int | None, bool]:
    """Return where a message ends, where the next one's line begins, and if lines are quoted.

    `dated`: the file's first separator has a date.
    """
    at, quoted = start - 1, True
    announced: int | None = None
    while (found := window.find(b"\nFrom ", at)) >= 0:
        at = found + 1
        empty = _empty_before(window, at, start)
        if not empty or (newline := window.find(b"\n", at)) < 0:
            continue
        line = window.take(at, min(newline - at, _LONGEST_LINE))
        if received_of(line) is None:
            begins = not dated or _FIELD.match(window.take(newline + 1, _LONGEST_LINE))
            if announced is None:  # once: it is read anew
                announced = _announced_end(window, start)
            if at < announced:
                quoted = False
                continue
            if not begins:
                continue
        return at - empty, at, quoted
    empty = _empty_before(window, window.size, start)
    return window.size - empty, None, quoted


def _empty_before(window: Window, place: int, start: int) -> int:
    """Return the octets of the empty line before a place in a message; 0 where there is none."""
    before = window.take(max(0, place - 3), min(3, place))
    for line in (b"\n", b"\r\n"):
        if place - len(line) >= start and before.endswith(b"\n" + line):
            return len(line)
    return 0


def _announced_end(window: Window, start: int) -> int:
    """Return where a message ends by its Content-Length; 0 where it has none that can be."""
    head = window.take(start, BLOCK)
    header = _HEADER_END.search(head)
    if header is None or (found := _LENGTH.search(head, 0, header.start() + 1)) is None:
        return 0
    end = start + header.end() + int(found[1])
    return end if end <= window.size else 0


# -- the From_ line --------------------------------------------------------


def from_line(received: int | None) -> bytes:
    """Return the line before a message received at `received` (Unix seconds), in UTC."""
    try:
        when = datetime.fromtimestamp(received or 0, UTC)
    except (OverflowError, ValueError, OSError):
        when = datetime.fromtimestamp(0, UTC)
    day, month = DAYS[when.weekday()], MONTHS[when.month - 1]
    text = f"From MAILER-DAEMON {day} {month} {when.day:2} {when:%H:%M:%S} {when.year:04}\n"
    return text.encode()


def received_of(line: bytes) -> int | None:
    """Return the time that a `From ` line tells, in Unix seconds; UTC where it names no offset."""
    found = _DATE.search(line.rstrip())
    if found is None:
        return None
    month, day, hour, minute, second = found.group(1, 2, 3, 4, 5)
    sign, hours, minutes = found.group(6, 7, 8) if found[6] else found.group(10, 11, 12)
    clock = (int(hour), int(minute), int(second or 0))
    try:
        when = datetime(int(found[9]), 1 + MONTHS.index(month.decode()), int(day), *clock, 0, UTC)
    except ValueError:
        return None
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return int(when.timestamp() - (-1 if sign == b"-" else 1) * offset.total_seconds())


# -- quoting ---------------------------------------------------------------


def quoted(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the octets of a message as they stand in an mbox (mboxrd)."""
    return _changed(chunks, re.compile(rb"\n(?=>*From )"), b"\n>", keep=0)


def unquoted(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the octets of a message as they were before they came into an mbox (mboxrd)."""
    return _changed(chunks, re.compile(rb"\n>(?=>*From )"), b"\n", keep=1)


def _changed(
    chunks: Iterable[bytes], line: re.Pattern[bytes], instead: bytes, *, keep: int
) -> Iterator[bytes]:
    """Yield chunks with each `line`, which begins with a line end, replaced.

    What may be the beginning of such a line at the end of a chunk waits for the next one, but for
    those `>` of it that stay whatever comes: any of them can be the one that is added or, as long
    as `keep` one waits, the one that is taken away.
    """
    held, begins = b"", True
    for chunk in chunks:
        data = held + chunk
        newline = data.rfind(b"\n")
        tail = data[newline + 1 :]
        if (begins or newline >= 0) and _LOOKS_QUOTABLE.match(tail):
            run = len(tail) - len(tail.lstrip(b">"))
            held = tail[max(0, run - keep) :]
            data, next_begins = data[: len(data) - len(held)], True
        else:
            held, next_begins = b"", False
        # Held octets stand before the change is made, so it is made where they are let go.
        yield _replaced(data, line, instead, begins=begins)
        begins = next_begins
    if held:
        yield held


def _replaced(data: bytes, line: re.Pattern[bytes], instead: bytes, *, begins: bool) -> bytes:
    if b"From " not in data:  # nearly always, and quick to tell
        return data
    return line.sub(instead, b"\n" + data)[1:] if begins else line.sub(instead, data)
