"""The words of a message, by which it can be found. Pure but for the stream that is read.

What a reader would see is indexed, up to a megabyte of text; of attachments, their names.
"""

import re
from base64 import b64decode
from binascii import Error, a2b_qp
from dataclasses import dataclass
from typing import BinaryIO

MOST_TEXT = 1 << 20
"""Characters of a message's text that can be searched for."""

_MOST_OCTETS = 2 * MOST_TEXT
_TYPE = re.compile(
    rb"^content-(type|transfer-encoding|disposition)[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_CHARSET = re.compile(rb"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
# Han, kana, hangul, Thai and their like, which write no spaces between words.
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u303f\u3040-\u30ff\u3100-\u312f\u3130-\u318f"
    "\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff])"
)


@dataclass(frozen=True, slots=True)
class Words:
    """The text of a message, the names of its attachments, and how many it has."""

    body: str = ""
    files: tuple[str, ...] = ()
    attachments: int = 0


def spaced(text: str) -> str:
    """Return text with spaces around each character of scripts that write none between words.

    So each is a word of the index, and a search for several is one for them in a row.
    """
    return text if text.isascii() else _UNSPACED.sub(r" \1 ", text)


def words_of(stream: BinaryIO, header: bytes, size: int) -> Words:
    """Return the words of a message whose header was read. Raises: OSError of the stream."""
    said = {name.lower(): value for name, value in reversed(_TYPE.findall(header))}
    kind = said.get(b"type", b"text/plain").partition(b";")[0].strip().lower()
    if kind != b"text/plain" or b"attachment" in said.get(b"disposition", b"").lower():
        return Words(attachments=int(kind == b"multipart/mixed"))
    stream.seek(len(header))
    octets = stream.read(min(size, _MOST_OCTETS))
    charset = _CHARSET.search(said.get(b"type", b""))
    encoding = said.get(b"transfer-encoding", b"").strip().lower()
    return Words(_text(_decoded(octets, encoding), charset[1].decode("ascii") if charset else ""))


def _decoded(octets: bytes, encoding: bytes) -> bytes:
    match encoding:
        case b"quoted-printable":
            return a2b_qp(octets)
        case b"base64":
            try:
                return b64decode(octets[: len(octets) // 4 * 4])
            except Error:
                return b""
        case _:
            return octets


def _text(octets: bytes, charset: str) -> str:
    try:
        text = octets.decode(charset or "utf-8")
    except (LookupError, ValueError):
        text = octets.decode("utf-8", "replace")
    return text[:MOST_TEXT]
