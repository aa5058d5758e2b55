"""Another's text within one's own: quoted in a reply, or below a header block. Pure.

Lines are marked as RFC 3676 §4.5 has it, `>` for each level and one space before the text,
so that any reader sees the depth.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from html import escape

from mailcli.message.columns import width_of, wrapped
from mailcli.message.encoded_words import decode_words
from mailcli.message.fields import Field
from mailcli.message.people import one_line, people_in, written
from mailcli.message.quotes import Kind, passages
from mailcli.message.reply import subject_of
from mailcli.model import Address

WIDTH = 72
LONGEST = 78
"""Columns of a line that needs no breaking."""

_DEEPEST = 20
_QUOTED = re.compile(r"(?:>[ ]?)+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_FORWARD_MARK = re.compile(r"(?:fwd?|wg|tr|rv|enc|doorst)\s*[:\uff1a]\s*", re.IGNORECASE)
_FORWARDED = "---------- Forwarded message ----------"
_SHOWN = ("From", "Date", "To", "Cc", "Subject")


def attribution(author: Address | None, date: datetime | None) -> str:
    """Return the line above a quotation: who wrote, and when by that clock."""
    who = one_line(author.name or author.email) if author else "somebody"
    return f"On {date:%Y-%m-%d} at {date:%H:%M}, {who} wrote:" if date else f"{who} wrote:"


def quoted(text: str) -> str:
    """Return a text as quotation: without its signature, long lines broken."""
    return "".join(f"{line}\n" for line in _lines(without_signature(text)))


def without_signature(text: str) -> str:
    """Return a text without the signatures in it, and without empty lines around."""
    lines = text.replace("\r\n", "\n").split("\n")
    for passage in reversed(passages("\n".join(lines))):
        if passage.kind is Kind.SIGNATURE:
            del lines[passage.first : passage.end]
    return "\n".join(lines).strip("\n")


def forwarded(fields: Sequence[Field], date: datetime | None, text: str) -> str:
    """Return a message as it stands in one that passes it on: its header in short, its text."""
    lines = [_FORWARDED]
    for name in _SHOWN:
        value = _value(fields, name, date)
        if value:
            lines.append(f"{name}: {value}")
    body = _CONTROLS.sub("", text.replace("\r\n", "\n")).strip("\n")
    return "\n".join([*lines, "", body, ""])


def forward_subject(subject: str) -> str:
    """Return `Fwd: ` and a subject, once."""
    found = _FORWARD_MARK.match(subject)
    return f"Fwd: {subject[found.end() :] if found else subject}".strip()


def in_html(text: str, *, introduction: str = "") -> str:
    """Return a text for an HTML page, as a quotation below what introduces it, if anything."""
    lines = "<br>\n".join(map(escape, text.rstrip("\n").split("\n")))
    if not introduction:
        return f"<div>{lines}</div>\n"
    return f'<p>{escape(introduction)}</p>\n<blockquote type="cite">{lines}</blockquote>\n'


def _value(fields: Sequence[Field], name: str, date: datetime | None) -> str:
    values = [value for known, value in fields if known.lower() == name.lower()]
    match name:
        case "Subject":
            return subject_of(fields)
        case "Date":
            return f"{date:%Y-%m-%d %H:%M %z}" if date else ""
        case _:
            people = people_in(values)
            if people.unreadable:
                return one_line(decode_words(b", ".join(values)))
            return ", ".join(map(written, people.addresses))


def _lines(text: str) -> list[str]:
    lines: list[str] = []
    for line in _CONTROLS.sub("", text).split("\n"):
        found = _QUOTED.match(line)
        depth = min(found[0].count(">"), _DEEPEST) if found else 0
        content = line[found.end() :].rstrip() if found else line.rstrip()
        mark = ">" * (depth + 1)
        if not content:
            lines.append(mark)
            continue
        is_long = width_of(content) > LONGEST - depth and " " in content
        pieces = wrapped(content, WIDTH - depth) if is_long else [content]
        lines += [f"{mark} {piece}" for piece in pieces]
    return lines
