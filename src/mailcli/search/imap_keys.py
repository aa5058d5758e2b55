"""A query as search keys of IMAP (RFC 3501 §6.4.4). Pure.

A server looks for substrings where we look for words, and counts whole days by the sender's
clock. What it cannot be asked is left out in such a way that nothing that was asked for is missed:
then it finds more, and a note says why. Folders and accounts are no keys: a folder is searched or
not.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import assert_never

from mailcli.imap import dates
from mailcli.model import Flag
from mailcli.search.query import (
    All,
    Any,
    Before,
    Field,
    HasAttachment,
    HasId,
    HasKeyword,
    InFolder,
    Larger,
    Leaf,
    Marked,
    Not,
    OfAccount,
    Query,
    Since,
    Smaller,
    Words,
)

Piece = bytes | str
"""Part of a command: octets as they go, or text that becomes a string as the server takes it."""

_LARGEST = 2**32 - 1
_ATOM = re.compile(r"[!#$&'+-\[^-z|~]+")

_KEYS = {
    Field.FROM: b"FROM ",
    Field.CC: b"CC ",
    Field.SUBJECT: b"SUBJECT ",
    Field.BODY: b"BODY ",
    Field.LIST: b"HEADER List-Id ",
}
_FLAGS = {
    Flag.SEEN: b"SEEN",
    Flag.FLAGGED: b"FLAGGED",
    Flag.ANSWERED: b"ANSWERED",
    Flag.DRAFT: b"DRAFT",
    Flag.DELETED: b"DELETED",
    Flag.PASSED: b"KEYWORD $Forwarded",
}


@dataclass(frozen=True, slots=True)
class ServerSearch:
    """What is to be asked in one folder; `keys` are empty where nothing there can be meant.

    `notes` say where the server finds more, or something else, than was asked for.
    """

    keys: tuple[Piece, ...]
    notes: tuple[str, ...] = ()


def imap_keys(query: Query, *, account: str, folder: str | None) -> ServerSearch:
    """Return what to ask a server for, in one folder of an account; None: in any at all."""
    writer = _Writer(account, folder)
    found = writer.write(query, wide=True)
    if isinstance(found, bool):
        found = [b"ALL"] if found else []
    return ServerSearch(tuple(found), tuple(writer.notes))


_Key = list[Piece] | bool
"""One search key, or what holds for each message alike."""


@dataclass(slots=True)
class _Writer:
    """Writes keys for one folder.

    `wide`: what cannot be asked may find more; below a NOT, it must find less instead.
    """

    account: str
    folder: str | None
    notes: dict[str, None] = field(default_factory=dict)

    def write(self, query: Query, *, wide: bool) -> _Key:
        """Return a query's key; that of a conjunction is several, side by side."""
        match query:
            case Not(inner):
                return _negated(self._single(inner, wide=not wide))
            case All(parts):
                return _joined([self._single(part, wide=wide) for part in parts], _side_by_side)
            case Any(parts):
                keys = [self._single(part, wide=wide) for part in parts]
                return _inverted(_joined(list(map(_inverted, keys)), _alternatives))
        return self._leaf(query, wide=wide)

    def _single(self, query: Query, *, wide: bool) -> _Key:
        """Return one key, in parentheses where it would be several."""
        found = self.write(query, wide=wide)
        several = isinstance(query, All) and isinstance(found, list)
        return [b"(", *found, b")"] if several and isinstance(found, list) else found

    def _leaf(self, query: Leaf, *, wide: bool) -> _Key:
        match query:
            case InFolder():
                return wide if self.folder is None else query.covers(self.folder)
            case OfAccount():
                return query.covers(self.account)
            case Since() | Before():
                return self._dated(query, wide=wide)
            case Words(_, Field.FILE):
                self._note("names of attachments cannot be asked of the server")
                return wide
            case HasAttachment():
                self._note("the server was asked for multipart/mixed in place of attachments")
                return [b"HEADER Content-Type ", "multipart/mixed"]
        return _exact(query)

    def _dated(self, query: Since | Before, *, wide: bool) -> _Key:
        """Ask for whole days: of one that begins within the day, with that day or without."""
        since = isinstance(query, Since)
        day: date | None = query.when.date()
        if not self._is_whole(query.when) and since is not wide:
            day = _next(query.when.date())
        if day is None:  # nothing is sent so late
            return not since
        return [(b"SENTSINCE " if since else b"SENTBEFORE ") + dates.day(day)]

    def _is_whole(self, when: datetime) -> bool:
        if when.time() == time():
            return True
        self._note("the server counts whole days")
        return False

    def _note(self, text: str) -> None:
        self.notes[text] = None


def _exact(query: Leaf) -> _Key:
    """Return the key of what a server knows as we do, or nearly so."""
    match query:
        case Words():
            return _words(query)
        case Marked(flag):
            return [_FLAGS[flag]]
        case HasKeyword(name):  # what is no atom, no server has
            return [b"KEYWORD " + name.encode("ascii")] if _ATOM.fullmatch(name) else False
        case Larger(octets):
            return octets <= _LARGEST and [b"LARGER %d" % octets]
        case Smaller(octets):
            return octets > _LARGEST or [b"SMALLER %d" % octets]
        case HasId(message_id):
            return [b"HEADER Message-ID ", f"<{message_id}>"]
        case HasAttachment() | Since() | Before() | InFolder() | OfAccount():
            raise AssertionError("written before")
        case _:
            assert_never(query)


def _words(words: Words) -> _Key:
    if words.field is None:
        return [b"TEXT ", words.text]
    if words.field is Field.TO:
        text = words.text
        return [b"OR TO ", text, b" OR CC ", text, b" BCC ", text]
    return [_KEYS[words.field], words.text]


def _next(day: date) -> date | None:
    """Return the day after, None where no calendar has one."""
    return None if day == date.max else day + timedelta(days=1)


# -- logic -------------------------------------------------------------------------------


def _inverted(key: _Key) -> _Key:
    """Turn what holds for each message into what holds for none; leave keys alone."""
    return not key if isinstance(key, bool) else key


def _joined(keys: Sequence[_Key], join: Callable[[list[list[Piece]]], list[Piece]]) -> _Key:
    """Join keys of which all must hold: False decides, True says nothing."""
    if any(key is False for key in keys):
        return False
    found = [key for key in keys if isinstance(key, list)]
    return join(found) if found else True


def _side_by_side(keys: list[list[Piece]]) -> list[Piece]:
    pieces = list(keys[0])
    for key in keys[1:]:
        pieces += [b" ", *key]
    return pieces


def _alternatives(keys: list[list[Piece]]) -> list[Piece]:
    """Write `OR a b`, whose operands are two: of more, in halves, as nesting has limits."""
    if len(keys) == 1:
        return keys[0]
    half = len(keys) // 2
    return [b"OR ", *_alternatives(keys[:half]), b" ", *_alternatives(keys[half:])]


def _negated(key: _Key) -> _Key:
    if isinstance(key, bool):
        return not key
    return [b"UNSEEN"] if key == [b"SEEN"] else [b"NOT ", *key]
