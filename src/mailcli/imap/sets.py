"""Sets of UIDs as IMAP writes them (RFC 3501 §9, sequence-set). Pure.

A set is kept as its ranges, since `1:4294967295` is one that a server may send.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import cast

from mailcli.errors import ProtocolViolation
from mailcli.model import Uid

MAX_UID = 2**32 - 1

SET_OCTETS = 6000
"""Octets of one set in a command: servers bear lines of 8,192 octets (RFC 7162 §4)."""

_UID_SET = rb"[1-9]\d{0,9}(?::[1-9]\d{0,9})?(?:,[1-9]\d{0,9}(?::[1-9]\d{0,9})?)*"
"""uid-set = (uniqueid / uid-range) *("," uid-set) (RFC 4315 §4): no `*`, no zero."""


class UidSet:
    """UIDs as ranges, first and last of each, ascending and apart from one another.

    It never changes, and takes eight octets a range: of a million messages, few may be neighbours.
    """

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts, self._lasts = array("I"), array("I")
        for first, last in ranges:
            self._firsts.append(first)
            self._lasts.append(last)

    @classmethod
    def parse(cls, raw: bytes) -> "UidSet":
        """Return the set that a server wrote (RFC 4315 §4, uid-set).

        Raises: ProtocolViolation for anything else, such as `*`, 0, or more than 2^32-1.
        """
        return cls(_joined(_ranges(raw)))

    @classmethod
    def of(cls, uids: Iterable[int]) -> "UidSet":
        """Return the set of these UIDs."""
        found = array("I", uids)  # of a million messages, in four octets each
        ascending = all(before < after for before, after in pairwise(found))
        return cls(_runs(found if ascending else sorted(set(found))))

    @classmethod
    def union(cls, sets: Iterable["UidSet"]) -> "UidSet":
        """Return what is in any of the sets."""
        found = [one for one in sets if one]
        if len(found) == 1:
            return found[0]
        return cls(_joined(chain.from_iterable(one.ranges for one in found)))

    @property
    def ranges(self) -> Iterator[tuple[int, int]]:
        """The ranges, lowest first."""
        return zip(self._firsts, self._lasts, strict=True)

    @property
    def range_count(self) -> int:
        """How many ranges there are."""
        return len(self._firsts)

    def __contains__(self, uid: object) -> bool:
        if not isinstance(uid, int):
            return False
        place = bisect_right(self._firsts, uid) - 1
        return place >= 0 and uid <= self._lasts[place]

    def __len__(self) -> int:
        return sum(self._lasts) - sum(self._firsts) + len(self._firsts)

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UidSet):
            return NotImplemented
        return (self._firsts, self._lasts) == (other._firsts, other._lasts)

    def __hash__(self) -> int:
        return hash((self._firsts.tobytes(), self._lasts.tobytes()))

    def __repr__(self) -> str:
        return f"UidSet({tuple(self.ranges)})"

    def __iter__(self) -> Iterator[Uid]:
        """Yield the UIDs, lowest first; ask `len` before, where a server wrote the set."""
        return chain.from_iterable(self._uids())

    def _uids(self) -> Iterator[Sequence[Uid]]:
        for first, last in self.ranges:
            yield cast("Sequence[Uid]", range(first, last + 1))

    def __str__(self) -> str:
        return ",".join(map(_written, self.ranges))


def compress(uids: Iterable[Uid]) -> str:
    """Return UIDs as the shortest sequence-set, such as `1:4,7`.

    It is empty for no UIDs, and an empty text is no sequence-set: do not send it.
    """
    return str(UidSet.of(uids))


def pieces(
    uids: Iterable[Uid], *, most: int = MAX_UID, octets: int = SET_OCTETS
) -> Iterator[bytes]:
    """Yield sequence-sets that hold all the UIDs, lowest first, each short enough for a command.

    `most` bounds how many messages one set names, `octets` how long it is.
    """
    parts: list[str] = []
    left, room = most, octets
    for first, last in (uids if isinstance(uids, UidSet) else UidSet.of(uids)).ranges:
        while first <= last:
            until = min(last, first + left - 1)
            part = _written((first, until))
            if parts and (not left or len(part) > room):
                yield ",".join(parts).encode("ascii")
                parts, left, room = [], most, octets
                continue
            parts.append(part)
            left, room = left - (until - first + 1), room - len(part) - 1
            first = until + 1  # noqa: PLW2901 - what is left of the range
    if parts:
        yield ",".join(parts).encode("ascii")


def expand(raw: bytes, *, most: int) -> list[Uid]:
    """Return the UIDs of a set in the order in which it is written, as COPYUID pairs them.

    Raises: ProtocolViolation when it is no set, or has more than `most` UIDs.
    """
    found = list(_ranges(raw))
    if sum(last - first + 1 for first, last in found) > most:
        raise ProtocolViolation("a set of UIDs has more than were asked for")
    return [Uid(uid) for first, last in found for uid in range(first, last + 1)]


def _ranges(raw: bytes) -> Iterator[tuple[int, int]]:
    """Yield the ranges as they are written; `4:2` is `2:4` (RFC 4315 §4)."""
    if not re.fullmatch(_UID_SET, raw):
        raise ProtocolViolation("a set of UIDs is malformed")
    for part in raw.split(b","):
        ends = sorted(map(int, part.split(b":")))
        if ends[-1] > MAX_UID:
            raise ProtocolViolation(f"UID {ends[-1]} is out of range")
        yield ends[0], ends[-1]


def _joined(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Sort ranges, and join those that touch or overlap."""
    current: tuple[int, int] | None = None
    for first, last in sorted(ranges):
        if current and first <= current[1] + 1:
            current = current[0], max(current[1], last)
            continue
        if current:
            yield current
        current = first, last
    if current:
        yield current


def _runs(uids: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = last = None
    for uid in uids:
        if last is not None and uid == last + 1:
            last = uid
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = uid
    if first is not None and last is not None:
        yield first, last


def _written(ends: tuple[int, int]) -> str:
    first, last = ends
    return str(first) if first == last else f"{first}:{last}"
