"""Parameters of MIME fields, as they are written and as they should be. Pure.

RFC 2045 §5.1 for their form, RFC 2231 for other scripts and values in pieces.
Nothing here ever fails: what follows no rule is read as its writer will have
meant it. Quotation marks within quotation marks, none where they are needed,
Windows paths, missing semicolons and encoded-words (RFC 2047 §5 forbids them
here, and many write them) are all seen every day.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from mailcli.message.charsets import guess, to_text
from mailcli.message.encoded_words import decode_words

_MOST = 200
"""Parameters, or pieces of them, that are read; more are left out."""

_MOST_NAMES = 20
"""Parameters that are kept: each costs memory, and a message may have thousands of parts."""

_PARAMETER = re.compile(
    rb"""
    ([^\s=;"]++) \s*+ = \s*+
    (?: " ( (?: [^"\\]++ | \\. | "(?! \s*(?:[;(]|\Z) | \s+[\w*-]+\s*= ) )*+ ) (?:"|\\?\Z)
      | ([^;]*)
    )""",
    re.VERBOSE | re.DOTALL,
)
"""A name and a value. A quotation mark closes a value only where one can end."""

_SHORT = 48
"""Octets of a field that may come again; longer ones name a file or a boundary."""

_NONE: Mapping[str, str] = MappingProxyType({})
_GAP = re.compile(rb"[;\s]*")
_ESCAPED = re.compile(rb'\\(["\\])')
"""A quoted-pair. Only of these two: most other backslashes are those of Windows paths."""

_SECTION = re.compile(r"([^*]+)\*(?:(\d{1,4})(\*?))?")
"""`name*`, `name*1` or `name*1*` (RFC 2231 §7)."""

_NAMES = ("name", "filename")
"""What may hold blanks though nobody put it into quotation marks."""


def parse_value(field: bytes) -> tuple[str, Mapping[str, str]]:
    """Return what stands before the parameters, in lower case, and the parameters.

    `field` is unfolded. Names are in lower case, values decoded; of several of one name the
    first counts, but one by RFC 2231 counts before all others.
    """
    return _kept(field) if len(field) <= _SHORT else _parsed(field)


@lru_cache(maxsize=512)
def _kept(field: bytes) -> tuple[str, Mapping[str, str]]:
    """Read a field as most messages have it, such as `text/plain; charset=utf-8`, once."""
    return _parsed(field)


def _parsed(field: bytes) -> tuple[str, Mapping[str, str]]:
    head, _, rest = field.partition(b";")
    value = head.partition(b"(")[0].strip().strip(b'"').lower().decode("ascii", "replace")
    return value, MappingProxyType(parse_parameters(rest)) if rest else _NONE


def parse_parameters(text: bytes) -> dict[str, str]:
    """Return the parameters in `name=value; name=value`."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for name, value in _raw(text):
        section = _SECTION.fullmatch(name) if "*" in name else None
        if section is None:
            if name not in plain:
                plain[name] = _plain(value)
        else:
            number = int(section[2] or 0)
            encoded = section[2] is None or bool(section[3])
            pieces.setdefault(section[1], {}).setdefault(number, (value, encoded))
        if len(plain) + len(pieces) >= _MOST_NAMES:
            break
    return plain | {name: _joined(found) for name, found in pieces.items()} if pieces else plain


def boundary_of(field: bytes) -> bytes:
    """Return the octets of a multipart's boundary; empty where it has none (RFC 2046 §5.1.1).

    Nothing in it is decoded, unless it was written by RFC 2231. Blanks at its end are none of it.
    """
    rest = field.partition(b";")[2]
    for name, value in _raw(rest):
        if name == "boundary":
            return value.rstrip()
    return parse_parameters(rest).get("boundary", "").rstrip().encode("utf-8")


def _raw(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield names, in lower case, and values as they are written, without quotation marks."""
    at = count = 0
    while count < _MOST and (gap := _GAP.match(text, at)):
        at = gap.end()
        match = _PARAMETER.match(text, at)
        if match is None:  # no parameter: on to the next semicolon, so that time stays linear
            at = text.find(b";", at)
            if at < 0:
                break
            continue
        at = match.end()
        name = match[1].lower().decode("ascii", "replace")
        if match[2] is not None:
            value = match[2]
            if b"\\" in value:
                value = _ESCAPED.sub(rb"\1", value)
        else:
            value = _unquoted(name, match[3].strip())
        count += 1
        yield name, value


def _unquoted(name: str, value: bytes) -> bytes:
    """Return a value that no quotation marks bound: a file name ends with the parameter."""
    if name.partition("*")[0] in _NAMES:
        return value
    words = value.split(None, 1)
    return words[0] if words else b""


def _plain(value: bytes) -> str:
    if b"=?" in value:
        return decode_words(value)
    return value.decode("ascii") if value.isascii() else guess(value)


def _joined(pieces: dict[int, tuple[bytes, bool]]) -> str:
    """Join the pieces of a value, each percent-encoded or not (RFC 2231 §4.1).

    The first piece names the charset and the language: `utf-8'en'text`.
    """
    charset: str | None = None
    octets = b""
    for place, number in enumerate(sorted(pieces)):
        value, encoded = pieces[number]
        if place == 0 and encoded and value.count(b"'") >= 2:
            name, _, value = value.split(b"'", 2)
            charset = name.decode("ascii", "replace")
        octets += unquote_to_bytes(value) if encoded else value
    if charset is None and b"=?" in octets:
        return decode_words(octets)
    return to_text(octets, charset)
