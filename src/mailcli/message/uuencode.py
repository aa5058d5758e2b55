"""Files in the text of old mail, uuencoded between `begin` and `end`. Pure.

Mail carried files like this before MIME, and some programs still do. A file is
taken for one only if its first line is of the length that it says, so that
people can write about the format.
"""

import mimetypes
import re
from collections.abc import Iterator
from typing import BinaryIO

from mailcli.message.charsets import guess
from mailcli.message.structure import Part, Range
from mailcli.message.window import Window

_BEGIN = re.compile(rb"begin [0-7]{3,4} ([^\r\n]{1,255}?)[ \t]*\r?\n")
_END = re.compile(rb"end[ \t]*\r?(?:\n|\Z)")
_LONGEST_LINE = 512
_MOST = 1_000
_PLAIN_ENCODINGS = frozenset({"7bit", "8bit", "binary"})


def uuencoded_parts(stream: BinaryIO, text: Part) -> tuple[Part, ...]:
    """Return the files in a text part, as parts: of part "1" they are "1.UU1" and so on.

    `transfer.decoded` gives their content. Raises: OSError.
    """
    if text.main_type != "text" or text.encoding not in _PLAIN_ENCODINGS:
        return ()
    return tuple(_found(Window(stream), text))


def _found(window: Window, text: Part) -> Iterator[Part]:
    at, count = text.body.start, 0
    while count < _MOST and (line := _line_of(window, b"begin ", at, text.body)) is not None:
        begin = _BEGIN.match(window.take(line, _LONGEST_LINE))
        at = line + 1
        if begin is None or not _is_data(window.take(line + begin.end(), _LONGEST_LINE)):
            continue
        start = line + begin.end()
        end = _end_of(window, start, text.body)
        if end is None:
            return
        count += 1
        at = end
        yield _part(f"{text.number}.UU{count}", guess(begin[1]), Range(line, start), end)


def _line_of(window: Window, text: bytes, at: int, body: Range) -> int | None:
    """Return where a line that begins with `text` next begins in a body."""
    if at == body.start and window.take(at, len(text)) == text:
        return at
    found = window.find(b"\n" + text, max(at - 1, 0), body.end)
    return found + 1 if found >= 0 else None


def _end_of(window: Window, at: int, body: Range) -> int | None:
    while (line := _line_of(window, b"end", at, body)) is not None:
        if _END.match(window.take(line, _LONGEST_LINE)):
            return line
        at = line + 1
    return None


def _is_data(line: bytes) -> bool:
    """Tell whether a line has as many characters as its first one says, give or take padding."""
    text = line.partition(b"\n")[0].rstrip(b"\r")
    if not text or not all(32 <= octet <= 96 for octet in text):
        return False
    length = (text[0] - 32) & 63
    digits = (length + 2) // 3 * 4
    return len(text) - 1 <= digits + 1 and (
        len(text) - 1 >= (length * 4 + 2) // 3 or text[-1] == 32
    )


def _part(number: str, name: str, header: Range, end: int) -> Part:
    kind = mimetypes.guess_type(name, strict=False)[0] or "application/octet-stream"
    return Part(
        number=number,
        type=kind,
        header=header,
        body=Range(header.end, end),
        disposition="attachment",
        name=name,
        encoding="x-uuencode",
    )
