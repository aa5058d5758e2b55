"""Placeholders and patterns of the transcript language: text in, octets or a pattern out.

Pure. `tests/transcripts/README.md` describes the language for people. A
placeholder is a name in braces; `{12}` is none, so IMAP literals stay as they
are (RFC 3501 §4.3). A name that begins with `tag` stands, in a client line, for
any IMAP tag and remembers it.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_]\w*)(?:\.(size|literal|stuffed|base64))?\}")
_ESCAPE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.?))", re.DOTALL)
_ESCAPES: Final = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}
# tag = 1*<any ASTRING-CHAR except "+">  (RFC 3501 §9)
_TAG: Final = r'[^\s(){%*"\\+]+'


class TranscriptError(ValueError):
    """The transcript itself is wrong: the message names its line."""


class Match(StrEnum):
    """How a client line is compared: the values are the markers of the language."""

    EXACT = "C:"
    ANY_CASE = "c:"
    GLOB = "C~"
    REGEX = "C?"


def to_octets(text: str) -> bytes:
    """Return the octets of transcript text; the reverse of `to_text`."""
    return text.encode("utf-8", "surrogateescape")


def to_text(raw: bytes) -> str:
    """Return octets as text without losing any that is not UTF-8."""
    return raw.decode("utf-8", "surrogateescape")


def names_in(text: str) -> Iterator[str]:
    """Yield the name of each placeholder."""
    return (found[1] for found in PLACEHOLDER.finditer(text))


def render(text: str, values: Mapping[str, bytes], *, escapes: bool = False) -> bytes:
    r"""Return the octets of a server text, its placeholders filled in.

    With `escapes`, `\r \n \t \0 \\ \xNN` of the text itself are resolved; values
    stand as they are.

    Raises: `TranscriptError` for a name without a value or an unknown escape.
    """
    octets = bytearray()
    at = 0
    for found in PLACEHOLDER.finditer(text):
        octets += _literally(text[at : found.start()], escapes=escapes)
        octets += _filled(found[1], found[2], values)
        at = found.end()
    return bytes(octets + _literally(text[at:], escapes=escapes))


def pattern(kind: Match, text: str, values: Mapping[str, bytes]) -> re.Pattern[str]:
    """Return what a whole client line must match.

    Raises: `TranscriptError` for a name without a value or a broken expression.
    """
    source = ""
    at = 0
    for found in PLACEHOLDER.finditer(text):
        source += _matching(kind, text[at : found.start()])
        if found[1].startswith("tag"):
            source += f"(?P<{found[1]}>{_TAG})"
        else:
            source += re.escape(to_text(_filled(found[1], found[2], values)))
        at = found.end()
    source += _matching(kind, text[at:])
    try:
        return re.compile(source, re.IGNORECASE if kind is Match.ANY_CASE else 0)
    except re.error as error:
        raise TranscriptError(f"not a regular expression: {text}: {error}") from error


def captures(kind: Match, text: str) -> frozenset[str]:
    """Return the names that a client line remembers once it has matched.

    Raises: `TranscriptError` for a broken expression.
    """
    compiled = pattern(kind, text, dict.fromkeys(names_in(text), b"x"))
    return frozenset(compiled.groupindex)


def stuffed(raw: bytes) -> bytes:
    """Return a text as it stands before the lone dot (RFC 1939 §3, RFC 5321 §4.5.2)."""
    ended = raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended)


def unstuffed(raw: bytes) -> bytes:
    """Return what a client meant by the lines that it sent before the lone dot."""
    return re.sub(rb"(\A|\r\n)\.", rb"\1", raw)


def _filled(name: str, form: str | None, values: Mapping[str, bytes]) -> bytes:
    if name not in values:
        raise TranscriptError(f"nothing is known yet by the name {{{name}}}")
    value = values[name]
    match form:
        case "size":
            return b"%d" % len(value)
        case "literal":
            return b"{%d}\r\n%b" % (len(value), value)
        case "stuffed":
            return stuffed(value)
        case "base64":
            return base64.b64encode(value)
        case _:
            return value


def _matching(kind: Match, text: str) -> str:
    match kind:
        case Match.REGEX:
            return text
        case Match.GLOB:
            return ".*".join(re.escape(part) for part in text.split("*"))
        case _:
            return re.escape(text)


def _literally(text: str, *, escapes: bool) -> bytes:
    return _ESCAPE.sub(_resolved, to_octets(text)) if escapes else to_octets(text)


def _resolved(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return bytes.fromhex(found[1].decode("ascii"))
    if found[2] not in _ESCAPES:
        raise TranscriptError(rf"unknown escape \{to_text(found[2])}")
    return _ESCAPES[found[2]]
