"""What each key of the query language makes of the value behind it. Pure.

A maker raises ValueError for a value that makes no sense; its text follows the value in the error.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from mailcli.model import Flag
from mailcli.search.query import (
    QUOTES,
    Before,
    Field,
    HasAttachment,
    HasId,
    HasKeyword,
    InFolder,
    Larger,
    Marked,
    OfAccount,
    Query,
    Since,
    Smaller,
    Words,
    all_of,
    negated,
)
from mailcli.search.words import has_words

_AMOUNT = r"(?ai)(\d{1,19}(?:\.\d{1,6})?) ?([kmgt]?)(?:i?b)?"
_FACTORS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_MOST_OCTETS = 2**62
"""What SQLite can compare with; no message has so many."""

_MARKS: dict[str, Query] = {
    "unread": negated(Marked(Flag.SEEN)),
    "read": Marked(Flag.SEEN),
    "flagged": Marked(Flag.FLAGGED),
    "unflagged": negated(Marked(Flag.FLAGGED)),
    "answered": Marked(Flag.ANSWERED),
    "unanswered": negated(Marked(Flag.ANSWERED)),
    "forwarded": Marked(Flag.PASSED),
    "draft": Marked(Flag.DRAFT),
    "deleted": Marked(Flag.DELETED),
}
_HAVINGS: dict[str, Query] = {"attachment": HasAttachment()}
_ALSO = {
    "new": "unread",
    "unseen": "unread",
    "seen": "read",
    "starred": "flagged",
    "replied": "answered",
    "unreplied": "unanswered",
    "passed": "forwarded",
    "trashed": "deleted",
    "attachments": "attachment",
}
"""Words that other programs have for the same."""


class Value(NamedTuple):
    """What stands behind a key, or alone; where it begins; and whether a star ends it."""

    text: str
    at: int
    starred: bool = False


Make = Callable[[str, Value, datetime], Query]
"""Makes a query of a key and its value, at a time of the day."""


def words_of(value: Value, field: Field | None) -> Words:
    """Return words to be found side by side, in one field or anywhere."""
    text = re.sub(f"[{QUOTES}]", " ", value.text)
    return Words(" ".join(text.split()).rstrip("* "), field, value.starred)


def _words(key: str, value: Value, now: datetime) -> Query:
    del now
    if not has_words(value.text):
        raise ValueError("holds no letter or digit to look for")
    return words_of(value, Field(key))


def _chosen(choices: Mapping[str, Query]) -> Make:
    def make(key: str, value: Value, now: datetime) -> Query:
        del now
        word = value.text.lower()
        found = choices.get(_ALSO.get(word, word))
        if found is None:
            raise ValueError(f"says nothing: {key}: takes {', '.join(choices)}")
        return found

    return make


def _named(kind: Callable[[str], Query]) -> Make:
    def make(key: str, value: Value, now: datetime) -> Query:
        del key, now
        if not value.text:
            raise ValueError("needs a name")
        return kind(value.text)

    return make


def _identifier(key: str, value: Value, now: datetime) -> Query:
    del key, now
    text = value.text.removeprefix("<").removesuffix(">")
    if not text:
        raise ValueError("names no message")
    return HasId(text)


def _sized(kind: Callable[[int], Query]) -> Make:
    def make(key: str, value: Value, now: datetime) -> Query:
        del key, now
        found = re.fullmatch(_AMOUNT, value.text)
        if found is None:
            raise ValueError("is no size: write octets, or 500k, 1.5M, 2G")
        from fractions import Fraction

        octets = int(Fraction(found[1]) * _FACTORS[found[2].lower()])
        return kind(min(octets, _MOST_OCTETS))

    return make


def _dated(key: str, value: Value, now: datetime) -> Query:
    from mailcli.search.dates import limits, span

    if key == "date":
        start, end = limits(value.text, now)
        parts: list[Query] = [Since(start)] if start else []
        return all_of([*parts, Before(end)] if end else parts)
    if ".." in value.text:
        raise ValueError(f"is a range: {key}: takes one date")
    # As Gmail has it: a day belongs to what is after it, and not to what is before it.
    start = span(value.text, now).start
    return Since(start) if key == "after" else Before(start)


KEYS: dict[str, Make] = {
    **dict.fromkeys(map(str, Field), _words),
    "is": _chosen(_MARKS),
    "has": _chosen(_HAVINGS),
    "keyword": _named(HasKeyword),
    "folder": _named(InFolder),
    "account": _named(OfAccount),
    "date": _dated,
    "after": _dated,
    "before": _dated,
    "larger": _sized(Larger),
    "smaller": _sized(Smaller),
    "id": _identifier,
}
