"""Which parts of a message are read, in which order. Pure.

Of a multipart/alternative one part is read: the plain one where it says what the
others say, else the last that can be shown (RFC 2046 §5.1.4). A calendar stands
beside it. Of a multipart/related it is the root (RFC 2387), of a signed one the text
(RFC 1847), of all others every text in order, but for those that want to be kept
apart. What is encrypted is only named: nothing is decrypted, so that no secret is
ever joined with what a stranger wrote around it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailcli.message.attached import NO_TEXT
from mailcli.message.structure import Part

LONGEST_STUB = 400
"""Characters of a plain text that only stands in for HTML, blanks around it aside."""

IsStub = Callable[[Part, Part], bool]
"""Tells whether a plain part only stands in for an HTML part."""


class Kind(StrEnum):
    """How a part is read."""

    TEXT = "text"
    HTML = "html"
    CALENDAR = "calendar"
    REPORT = "report"  # message/delivery-status (RFC 3464)
    HEADERS = "headers"  # the header of a message that came back (RFC 3462)
    MESSAGE = "message"  # a forwarded one: its header; its parts follow, one deeper
    SIGNED = "signed"  # what follows, one no deeper, is signed
    OPAQUE = "opaque"  # signed, and readable only by who checks it (RFC 8551 §3.5.2)
    ENCRYPTED = "encrypted"
    EXTERNAL = "external"  # message/external-body, message/partial: it is elsewhere


@dataclass(frozen=True, slots=True)
class Shown:
    """A part that is read; `depth` counts the forwarded messages around it."""

    kind: Kind
    part: Part
    depth: int


_TEXTS = {
    "text/html": Kind.HTML,
    "text/calendar": Kind.CALENDAR,
    "text/rfc822-headers": Kind.HEADERS,
    "message/delivery-status": Kind.REPORT,
    "message/global-delivery-status": Kind.REPORT,
    "message/external-body": Kind.EXTERNAL,
    "message/partial": Kind.EXTERNAL,
}
_PKCS7 = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_UNNAMED = frozenset({"application/octet-stream", "application/binary"})
"""What programs call a part of which they do not know what it is."""
_SMIME = frozenset({"smime.p7m", "smime.p7c", "smime.p7z"})
"""How RFC 8551 §3.2.1 has such a part named; a document that is signed has another name."""
_OPAQUE = frozenset({"signed-data", "certs-only", "compressed-data"})


def shown_parts(root: Part, *, is_stub: IsStub) -> tuple[Shown, ...]:
    """Return what a reader sees of a message, in order."""
    return tuple(_Reading(is_stub).parts(root, 0))


def html_parts(root: Part) -> tuple[Part, ...]:
    """Return the HTML that a browser would show of the message itself, in order."""
    shown = shown_parts(root, is_stub=lambda _plain, _html: True)
    return tuple(each.part for each in shown if each.kind is Kind.HTML and not each.depth)


@dataclass(frozen=True, slots=True)
class _Reading:
    is_stub: IsStub

    def parts(self, part: Part, depth: int) -> Iterator[Shown]:
        if _is_pkcs7(part):
            yield Shown(_pkcs7_kind(part), part, depth)
        elif part.is_multipart:
            yield from self._multipart(part, depth)
        elif part.is_message and part.parts and part.disposition != "attachment":
            yield Shown(Kind.MESSAGE, part, depth)
            for child in part.parts:
                yield from self.parts(child, depth + 1)
        elif kind := kind_of(part):
            yield Shown(kind, part, depth)

    def _multipart(self, part: Part, depth: int) -> Iterator[Shown]:
        match part.type:
            case "multipart/alternative":
                yield from self._alternative(part.parts, depth)
            case "multipart/related":
                yield from self.parts(_root_of(part), depth)
            case "multipart/encrypted":
                yield Shown(Kind.ENCRYPTED, part, depth)
            case "multipart/signed":
                yield Shown(Kind.SIGNED, part, depth)
                yield from self.parts(part.parts[0], depth)
            case _:
                for child in part.parts:
                    yield from self.parts(child, depth)

    def _alternative(self, parts: Sequence[Part], depth: int) -> Iterator[Shown]:
        chosen = self._told(parts)
        if chosen is not None:
            yield from self.parts(chosen, depth)
        else:
            chosen, shown = self._able(parts, depth)
            yield from shown
        for child in parts:
            if child is not chosen and kind_of(child) is Kind.CALENDAR:
                yield from self.parts(child, depth)

    def _told(self, parts: Sequence[Part]) -> Part | None:
        """Return the plain part or the one with HTML; None where there is neither."""
        # no other text, such as text/enriched, text/x-amp-html or text/watch-html, is plain
        plain = [
            each for each in parts if kind_of(each) is Kind.TEXT and each.type == "text/plain"
        ]
        rich = [each for each in parts if html_of(each) is not None]
        if plain and rich:
            page = html_of(rich[-1])
            assert page is not None  # noqa: S101 - that is how it was chosen
            return rich[-1] if self.is_stub(plain[-1], page) else plain[-1]
        return next(iter((plain or rich)[-1:]), None)

    def _able(self, parts: Sequence[Part], depth: int) -> tuple[Part | None, list[Shown]]:
        """Return the last part of which anything can be shown, and what is.

        Each part is looked into once: of alternatives within alternatives, looking again at the
        chosen one would double the time with each level.
        """
        able = [(each, shown) for each in parts if (shown := list(self.parts(each, depth)))]
        texts = [each for each in able if kind_of(each[0]) is not Kind.CALENDAR]
        return next(iter((texts or able)[-1:]), (None, []))


def kind_of(part: Part) -> Kind | None:
    """Return how a part without parts is read; None for an attachment."""
    if part.is_multipart or part.disposition == "attachment":
        return None
    if part.type in _TEXTS:
        return _TEXTS[part.type]
    readable = part.main_type == "text" and part.type not in NO_TEXT
    return Kind.TEXT if readable else None


def html_of(part: Part) -> Part | None:
    """Return the HTML in a part: itself, or the root of what goes with it."""
    if part.type == "multipart/related":
        return html_of(_root_of(part))
    if part.is_multipart:
        return next((found for each in part.parts if (found := html_of(each))), None)
    return part if kind_of(part) is Kind.HTML else None


def _root_of(related: Part) -> Part:
    """Return the root (RFC 2387 §3.2): the part that `start` names, else the first."""
    start = related.parameters.get("start", "").strip().strip("<>")
    named = (each for each in related.parts if start and each.content_id == start)
    return next(named, related.parts[0])


def _is_pkcs7(part: Part) -> bool:
    """Tell whether a part is PKCS#7: by its type, else, as Thunderbird does, by its name."""
    is_named = part.type in _UNNAMED and (part.name or "").lower() in _SMIME
    return part.type in _PKCS7 or is_named


def _pkcs7_kind(part: Part) -> Kind:
    said = part.parameters.get("smime-type", "").lower()
    return Kind.OPAQUE if said in _OPAQUE else Kind.ENCRYPTED
