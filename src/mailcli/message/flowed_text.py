"""Text whose lines the sender's program broke, put together again: format=flowed (RFC 3676). Pure.

The counterpart of `flowed`, which writes it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailcli.message.columns import width_of, wrapped

_QUOTES = re.compile(">*")
_SIGNATURE = "-- "


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text of one quotation depth; `fixed`: one line as it was written, not flowed."""

    depth: int
    text: str
    fixed: bool


def paragraphs(text: str, *, delsp: bool = False) -> Iterator[Paragraph]:
    """Yield the paragraphs and fixed lines of a text (RFC 3676 §4.2 to §4.5).

    `delsp`: the parameter DelSp=yes, for scripts that have no spaces. A flowed line before
    another quotation depth, or before the signature, ends its paragraph (§4.5, §4.3).
    """
    pending: list[str] = []
    depth = 0
    for line in text.replace("\r\n", "\n").removesuffix("\n").split("\n"):
        quotes, content = _parts(line)
        if pending and (quotes != depth or content == _SIGNATURE):
            yield Paragraph(depth, "".join(pending).rstrip(" "), fixed=False)
            pending = []
        depth = quotes
        if content.endswith(" ") and content != _SIGNATURE:
            pending.append(content[:-1] if delsp else content)
        elif pending:
            yield Paragraph(depth, "".join([*pending, content]).rstrip(" "), fixed=False)
            pending = []
        else:
            yield Paragraph(depth, content, fixed=True)
    if pending:
        yield Paragraph(depth, "".join(pending).rstrip(" "), fixed=False)


def unflowed(text: str, *, delsp: bool = False, width: int | None = None) -> str:
    """Return a flowed text with each paragraph in one line, or broken to `width` columns.

    Quotations begin with `>` for each level and a space. Fixed lines stay as they are.
    """
    if not text:
        return ""
    lines: list[str] = []
    for paragraph in paragraphs(text, delsp=delsp):
        mark = ">" * paragraph.depth + " " if paragraph.depth else ""
        lines += [(mark + line) if line else mark.rstrip() for line in _lines(paragraph, width)]
    return "\n".join(lines) + "\n"


def _lines(paragraph: Paragraph, width: int | None) -> list[str]:
    if width is None or paragraph.fixed:
        return [paragraph.text]
    room = max(width - paragraph.depth - 1, 20)
    if width_of(paragraph.text) <= room:
        return [paragraph.text]
    return wrapped(paragraph.text, room) or [""]


def _parts(line: str) -> tuple[int, str]:
    """Return quotation depth and text of a line, one stuffed space taken away (§4.4)."""
    found = _QUOTES.match(line)
    depth = found.end() if found else 0
    content = line[depth:]
    return depth, content.removeprefix(" ")
