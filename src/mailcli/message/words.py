"""The words of a message, by which it can be found. Pure but for the stream that is read.

What a reader would see is taken, up to a megabyte of it, and the names of attachments. Most
messages are one plain text, for which nothing needs to be looked for.
"""

import re
from binascii import Error, a2b_base64, a2b_qp
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from mailcli.message.structure import Message, Part

MOST_TEXT = 1 << 20
"""Characters of a message's text that can be searched for; octets of one that are read."""

_PROBED = 4_096
"""Octets of a plain text that tell whether it is a short one."""

_PLAIN = re.compile(rb"[ \t\r\n]*text/plain[ \t\r\n]*(?:;|\Z)", re.IGNORECASE)
_CHARSET = re.compile(rb"charset[ \t]*=[ \t]*\"?([\w.:-]+)", re.IGNORECASE)
_ENCODINGS = frozenset({b"", b"7bit", b"8bit", b"binary", b"quoted-printable", b"base64"})
_UNICODE = {"": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8", "utf8": "utf-8", "utf-8": "utf-8"}


@dataclass(frozen=True, slots=True)
class Words:
    """The text of a message, the names of its attachments, and how many it has."""

    body: str = ""
    files: tuple[str, ...] = ()
    attachments: int = 0


def words_of(stream: BinaryIO, body: int, fields: Mapping[bytes, bytes]) -> Words:
    """Return the words of a message: its fields by name in lower case, its body's place.

    Raises: OSError of the stream.
    """
    kind = fields.get(b"content-type", b"text/plain")
    encoding = fields.get(b"content-transfer-encoding", b"").strip().lower()
    is_simple = b"content-disposition" not in fields and b"name" not in kind.lower()
    if is_simple and encoding in _ENCODINGS and _PLAIN.match(kind):
        found = _CHARSET.search(kind)
        charset = found[1].decode("ascii", "replace").lower() if found else ""
        text = _plain_text(stream, body, encoding, charset)
        if text is not None:
            return Words(text)
    return _words_of_parts(stream)


def _plain_text(stream: BinaryIO, start: int, encoding: bytes, charset: str) -> str | None:
    """Return the text of a message that has one part; None where it is not as it says."""
    stream.seek(start)
    octets = stream.read(MOST_TEXT)
    if octets.startswith(b"begin ") or b"\nbegin " in octets:
        return None  # perhaps a file in the midst of the text, as old mail has them
    try:
        if encoding == b"quoted-printable":
            octets = a2b_qp(octets)
        elif encoding == b"base64":
            octets = a2b_base64(octets)
        return octets.decode(_UNICODE[charset])
    except (KeyError, UnicodeError, Error):
        return None


def _words_of_parts(stream: BinaryIO) -> Words:
    from mailcli.message.attached import attached
    from mailcli.message.structure import read_structure
    from mailcli.message.uuencode import uuencoded_parts

    stream.seek(0)
    message = read_structure(stream)
    texts = _texts_of(stream, message)
    within = [each for part in texts for each in uuencoded_parts(stream, part)]
    names = (part.name for part in (*message.walk(), *within) if part.name)
    return Words(_text(stream, texts), tuple(names), len(attached(message)) + len(within))


def _texts_of(stream: BinaryIO, message: "Message") -> "list[Part]":
    """Return the texts that a reader would see, also of messages that are attached.

    HTML only where there is no plain text beside it, or one so short that it may be shown in
    place of it: that is decided when the message is read, and both can be found.
    """
    from mailcli.message.display import LONGEST_STUB, Kind, shown_parts
    from mailcli.message.transfer import text_of

    beside: list[Part] = []

    def is_stub(plain: "Part", html: "Part") -> bool:
        if len(text_of(stream, plain, most=_PROBED).strip()) <= LONGEST_STUB:
            beside.append(html)
        return False

    attached = [
        inner
        for part in message.walk()
        if part.is_message and part.disposition == "attachment"
        for inner in part.parts
    ]
    shown = [
        each.part
        for root in (message.root, *attached)
        for each in shown_parts(root, is_stub=is_stub)
        if each.part.main_type == "text" or each.kind is Kind.REPORT
    ]
    return [*shown, *beside]


def _text(stream: BinaryIO, parts: "list[Part]") -> str:
    from mailcli.message.html_plain import plain_text_of
    from mailcli.message.transfer import text_of

    left = MOST_TEXT
    found: list[str] = []
    for part in parts:
        text = text_of(stream, part, most=left)
        text = plain_text_of(text) if part.type == "text/html" else text
        found.append(text[:left])
        left -= len(found[-1])
        if left <= 0:
            break
    return "\n".join(found)
