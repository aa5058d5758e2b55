"""The tags and texts of an HTML document, whatever is wrong with it. Pure.

A tokenizer of our own: the standard library's takes quadratic time over some
inputs until its security releases of 2025 (CVE-2025-6069), and none that it was
given may cost more than its length. Follows the tokenization of the HTML
standard (§13.2.5) where mail needs it: comments (conditional ones of Outlook
among them), declarations and raw text elements go; an attribute stands once.
Unlike there, an attribute's value whose quote is never closed ends at the tag's.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from html.entities import html5

RAW = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"})
"""Elements whose content holds no tags."""

_MOST_ATTRIBUTES = 64
_ADDRESSES = frozenset({"href", "src", "background"})
"""Attributes whose value holds no `>`: where it does, its quote was never closed."""
_MARKUP = re.compile(r"<(?=[a-zA-Z/!?])")
_NAME = re.compile(r"/?[^\s/>]*")
_ATTRIBUTE = re.compile(r"[^\s/>][^\s/>=]*")
_GAP = re.compile(r"[\s/]*")
_EQUALS = re.compile(r"\s*=\s*")
_BARE = re.compile(r"[^\s>]*")
_COMMENT_END = re.compile(r"--!?>")
_RAW_END = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in RAW}
_HUGE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u2028\u2029\ufdd0]")
_ODD = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u2028\u2029\ufdd0\ud800-\udfff]")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z][a-zA-Z0-9]{1,31};)")


@dataclass(frozen=True, slots=True)
class Text:
    """Characters between tags, entities replaced."""

    text: str


@dataclass(frozen=True, slots=True)
class Start:
    """A start tag; names in lower case, values with their entities replaced."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    end: int = 0
    """Where the tag ends in the document."""
    closed: bool = False
    """Written as `<name/>`, which means something for elements of XML alone."""


@dataclass(frozen=True, slots=True)
class End:
    """An end tag, and where it ends in the document."""

    name: str
    end: int = 0


@dataclass(frozen=True, slots=True)
class Raw:
    """What a raw text element holds: a style sheet, a script, a title."""

    name: str
    text: str


Token = Text | Start | End | Raw


def tokens(html: str) -> Iterator[Token]:
    """Yield what a document consists of, in time that grows with its length alone.

    No text or value holds a control character but TAB, LF, FF and CR.
    """
    html = evened(html)
    at = 0
    while (found := _MARKUP.search(html, at)) is not None:
        if found.start() > at:
            yield Text(unescaped(html[at : found.start()]))
        at = found.end()
        if html[at] in "!?":
            at = _declaration_end(html, at)
            continue
        tag, at = _tag(html, at)
        if tag is None:
            continue
        yield tag
        if isinstance(tag, Start) and tag.name in RAW:
            end = _RAW_END[tag.name].search(html, at)
            stop = end.start() if end else len(html)
            yield Raw(tag.name, html[at:stop])
            at = stop
    if at < len(html):
        yield Text(unescaped(html[at:]))


def evened(html: str) -> str:
    """Return a document whose characters are those of text; C1 is read as Windows-1252."""
    return html if html.isprintable() else _ODD.sub(_evened, html)


def _evened(found: re.Match[str]) -> str:
    """Return what a character that is none of text stands for: C1 for Windows-1252."""
    code = ord(found[0])
    if 0x80 <= code < 0xA0:
        return bytes([code]).decode("cp1252", "ignore")
    if 0xD800 <= code < 0xE000:
        return "\N{REPLACEMENT CHARACTER}"
    return " " if code in {0x0B, 0x2028, 0x2029} else ""


def unescaped(text: str) -> str:
    """Return text with its entities replaced, those without a semicolon among them.

    A number that is no character gives U+FFFD, a control character nothing; 128 to 159
    mean Windows-1252.
    """
    if "&" not in text:
        return text
    if "&#" in text:
        text = _HUGE.sub(_huge, text)
    return _UNSEEN.sub("", unescape(text))


def _huge(found: re.Match[str]) -> str:
    """Shorten a number of many digits, which the standard library would refuse to read."""
    hexadecimal = found[0][2] in "xX"
    digits = found[0][2:].rstrip(";").lstrip("xX0")
    if len(digits) > (6 if hexadecimal else 7):
        return "\N{REPLACEMENT CHARACTER}"
    return f"&#{'x' if hexadecimal else ''}{digits or '0'};"


def _value(text: str) -> str:
    """Replace entities as in attributes: `?a=1&copy=2` is an address, and holds none."""
    return _ENTITY.sub(_entity, text) if "&" in text else text


def _entity(found: re.Match[str]) -> str:
    name = found[0]
    return unescaped(name) if name[1] == "#" else html5.get(name[1:], name)


def _declaration_end(html: str, at: int) -> int:
    """Return where a comment, DOCTYPE or processing instruction ends; `at` is behind its `<`."""
    if html.startswith("!--", at):
        # "<!-->" and "<!--->" are whole comments (§13.2.5.43)
        end = _COMMENT_END.search(html, at + 1)
        return end.end() if end else len(html)
    end_at = html.find(">", at)
    return end_at + 1 if end_at >= 0 else len(html)


def _tag(html: str, at: int) -> tuple[Start | End | None, int]:
    """Return the tag whose `<` ends at `at`, and where the text goes on; None: no tag."""
    named = _NAME.match(html, at)
    name = named[0].lower() if named else ""
    at += len(name)
    if name == "/":  # "</>" and "</ x>" are nothing
        return None, _after(html, at)
    attributes: dict[str, str] = {}
    while (at := _end_of(_GAP, html, at)) < len(html) and html[at] != ">":
        if len(attributes) >= _MOST_ATTRIBUTES:
            at = _after(html, at)
            break
        key, value, at = _attribute(html, at)
        attributes.setdefault(key, value)
    else:
        at += 1
    if at > len(html):  # the document ends within the tag
        return None, len(html)
    if name.startswith("/"):
        return End(name[1:], at), at
    return Start(name, attributes, at, closed=html[at - 2] == "/"), at


def _attribute(html: str, at: int) -> tuple[str, str, int]:
    end = _end_of(_ATTRIBUTE, html, at)
    key = html[at:end].lower()
    at = _end_of(_EQUALS, html, end)
    if at == end:
        return key, "", at
    quote = html[at : at + 1]
    if quote and quote in "\"'" and (close := html.find(quote, at + 1)) >= 0:
        value = html[at + 1 : close]
        if key not in _ADDRESSES or ">" not in value:
            return key, _value(value), close + 1
    end = _end_of(_BARE, html, at)
    return key, _value(html[at:end].strip("\"'")), end


def _after(html: str, at: int) -> int:
    end = html.find(">", at)
    return end + 1 if end >= 0 else len(html)


def _end_of(pattern: re.Pattern[str], html: str, at: int) -> int:
    found = pattern.match(html, at)
    return found.end() if found else at
