"""The query language: text to a query. Pure.

    query  = both *("OR" both)
    both   = 1*(["AND"] term)                ; side by side: all must hold
    term   = ("-" / "NOT") term / [key] "(" query ")" / [key] value
    value  = quoted ["*"] / bare             ; a bare word may end in "*"
    key    = one of keys.KEYS ":"                 ; in any case; operators in capitals only

A key before parentheses holds for all inside that has none of its own. A word with a colon whose
first part is no key (`http://x`, `Re:`, `12:30`) is text; where it is nearly one, that is said.
What holds no letter or digit says nothing, and is passed over.
"""

import re
from datetime import datetime
from typing import NoReturn

from mailcli.errors import UsageError
from mailcli.search.keys import KEYS, Value, words_of
from mailcli.search.query import QUOTES, Query, all_of, any_of, negated
from mailcli.search.words import has_words

MOST_TERMS = 200
"""Terms of a query: what SQLite and servers take without complaint."""

DEEPEST = 50
"""Parentheses within one another."""

_BLANK = re.compile(r"[\s\x00-\x20\x7f-\x9f]+")
_BARE = re.compile(r"[^\s()\x00-\x20\x7f-\x9f]+")
_KEY = re.compile(r"([A-Za-z]+):")
_QUOTED = re.compile(f"[{QUOTES}]([^{QUOTES}]*)[{QUOTES}]")
_OPERATOR = re.compile(r"(AND|OR|NOT)(?=[\s()]|$)")


def parse(text: str, now: datetime) -> Query:
    """Return what a text asks for; dates count from `now`, in its time zone.

    Raises: UsageError (2) that says what is wrong, and at which character.
    """
    return _Parser(text, now).whole()


class _Parser:
    """A text, and how far it has been read."""

    def __init__(self, text: str, now: datetime) -> None:
        self._text = text
        self._now = now
        self._at = 0
        self._depth = 0
        self._terms = 0

    def whole(self) -> Query:
        try:
            self._text.encode("utf-8")
        except UnicodeEncodeError as exc:
            self._wrong("this is not valid Unicode", exc.start)
        found = self._either("")
        if self._at < len(self._text):
            self._wrong("this ) closes nothing; in quotes it is text", self._at)
        if found is None:
            raise UsageError("search: there is nothing to look for", hint=_HINT)
        return found

    # -- operators -----------------------------------------------------------

    def _either(self, key: str) -> Query | None:
        """Read terms up to the end, or to what closes the group; None where they say nothing."""
        parts: list[Query | None] = [self._both(key)]
        while self._operator() == "OR":
            at = self._at
            self._at += len("OR")
            parts.append(self._both(key))
            if None in parts:
                self._wrong("OR needs a term on both sides", at)
        return any_of(part for part in parts if part) if parts != [None] else None

    def _both(self, key: str) -> Query | None:
        parts: list[Query] = []
        while not self._ends() and (operator := self._operator()) != "OR":
            if operator == "AND":
                self._and(has_left=bool(parts))
            elif (part := self._term(key)) is not None:
                parts.append(part)
        return all_of(parts) if parts else None

    def _and(self, *, has_left: bool) -> None:
        at = self._at
        self._at += len("AND")
        if not has_left or self._ends() or self._operator() in {"AND", "OR"}:
            self._wrong("AND needs a term on both sides", at)

    def _term(self, key: str) -> Query | None:
        contrary = False
        while (length := self._negation()) > 0:
            at = self._at
            self._at += length
            if self._ends() or self._operator() in {"AND", "OR"}:
                self._wrong(f"{self._text[at : at + length]} needs a term behind it", at)
            contrary = not contrary
        found = self._group(key) if self._next() == "(" else self._atom(key)
        return found if found is None or not contrary else negated(found)

    def _negation(self) -> int:
        """Return how long the NOT or - is that comes next, if it is one."""
        if self._operator() == "NOT":
            return len("NOT")
        follows = self._text[self._at + 1 : self._at + 2]
        return int(self._next() == "-" and bool(follows) and not _BLANK.match(follows))

    def _group(self, key: str) -> Query | None:
        start = self._at
        self._depth += 1
        if self._depth > DEEPEST:
            self._wrong("there are too many parentheses within one another", start)
        self._at += 1
        found = self._either(key)
        if self._next() != ")":
            self._wrong("this ( is not closed; in quotes it is text", start)
        self._at += 1
        self._depth -= 1
        return found

    # -- terms ---------------------------------------------------------------

    def _atom(self, key: str) -> Query | None:
        self._terms += 1
        if self._terms > MOST_TERMS:
            self._wrong("there are too many terms", self._at)
        start = self._at
        if match := _KEY.match(self._text, start):
            name = match[1].lower()
            if name in KEYS:
                self._at = match.end()
                return self._keyed(name, start)
            self._check_spelling(name, match.end())
        if key:
            return self._made(key)
        return self._free()

    def _keyed(self, name: str, start: int) -> Query:
        if self._at < len(self._text) and self._text[self._at] == "(":
            found = self._group(name)
            if found is None:
                self._wrong(f"{name}: needs a value", start)
            return found
        if self._at == len(self._text) or not _BARE.match(self._text, self._at):
            self._wrong(f"{name}: needs a value", start)
        return self._made(name)

    def _made(self, key: str) -> Query:
        value = self._value()
        try:
            return KEYS[key](key, value, self._now)
        except ValueError as exc:
            shown = value.text if len(value.text) <= 40 else f"{value.text[:40]}…"
            self._wrong(f"{key}:{shown} {exc}", value.at)

    def _free(self) -> Query | None:
        value = self._value()
        if not has_words(value.text):
            return None
        return words_of(value, None)

    def _value(self) -> Value:
        """Take a phrase or a bare word."""
        start = self._at
        if self._text[start] in QUOTES:
            match = _QUOTED.match(self._text, start)
            if match is None:
                self._wrong("this quotation is not closed", start)
            self._at = match.end()
            starred = self._text.startswith("*", self._at)
            self._at += starred
            return Value(_BLANK.sub(" ", match[1]).strip(), start, starred)
        match = _BARE.match(self._text, start)
        assert match is not None  # noqa: S101 - neither blank nor parenthesis comes next
        self._at = match.end()
        return Value(match[0], start, match[0].endswith("*"))

    def _check_spelling(self, name: str, end: int) -> None:
        """Stop at what is nearly a key; short ones are near to everything."""
        if len(name) < len("form") or not _BARE.match(self._text, end):
            return
        from difflib import get_close_matches

        if self._text.startswith("//", end):  # an address of the web, whatever its scheme
            return
        if near := get_close_matches(name, KEYS, n=1, cutoff=0.75):
            self._wrong(
                f"there is no key {name}:, did you mean {near[0]}:? In quotes it is text",
                end - len(name) - 1,
            )

    # -- where we are --------------------------------------------------------

    def _next(self) -> str:
        """Return the next character that is no blank; the empty string at the end."""
        if blank := _BLANK.match(self._text, self._at):
            self._at = blank.end()
        return self._text[self._at : self._at + 1]

    def _ends(self) -> bool:
        """Whether nothing more belongs to what is being read."""
        return self._next() in {"", ")"}

    def _operator(self) -> str:
        self._next()
        match = _OPERATOR.match(self._text, self._at)
        return match[1] if match else ""

    def _wrong(self, what: str, at: int) -> NoReturn:
        raise UsageError(f"search: {what} (at character {at + 1})", hint=_HINT)


_HINT = "see: mailcli search --help"
