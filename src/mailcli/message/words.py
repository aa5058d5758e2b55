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
    from mailcli.message.structure import Part

MOST_TEXT = 1 << 20
"""Characters of a message's text that can be searched for; octets of one that are read."""

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
    if b"\nbegin " in octets:
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

    stream.seek(0)
    message = read_structure(stream)
    files = attached(message)
    inner = {id(part) for part in files}
    texts = [
        part
        for part in message.walk()
        if part.main_type == "text" and id(part) not in inner and not part.parts
    ]
    names = tuple(part.name for part in message.walk() if part.name)
    return Words(_text(stream, texts), names, len(files))


def _text(stream: BinaryIO, parts: "list[Part]") -> str:
    """Return the texts that a reader would see: HTML only where there is no plain text."""
    from mailcli.message.html_plain import plain_text_of
    from mailcli.message.transfer import text_of

    plain = [part for part in parts if part.type != "text/html"]
    left = MOST_TEXT
    found: list[str] = []
    for part in plain or parts:
        text = text_of(stream, part, most=left)
        text = plain_text_of(text) if part.type == "text/html" else text
        found.append(text[:left])
        left -= len(found[-1])
        if left <= 0:
            break
    return "\n".join(found)
