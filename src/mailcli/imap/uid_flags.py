"""Flags of very many messages, by UID, in little memory. Pure."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, MutableMapping
from itertools import repeat

from mailcli.imap.sets import UidSet
from mailcli.model import Flags, Uid

_REMOVED = 0
_MOST_KINDS = 256
"""Different sets of flags from which on one octet does not tell them apart. Mostly it is a few."""


class UidFlags(MutableMapping[Uid, Flags]):
    """A mapping that needs five octets a message where UIDs come in ascending order.

    As servers list them. What comes out of order is kept in a dictionary, and is iterated last.
    Messages that are asked for one after the other are found at once.
    """

    def __init__(self) -> None:
        self._uids = array("I")
        self._kinds = array("B")  # for each UID, the place of its flags
        self._flags: list[Flags] = [frozenset()]  # the first stands for what was removed
        self._kind_of: dict[Flags, int] = {}
        self._others: dict[Uid, Flags] = {}
        self._length = self._last_found = 0

    @classmethod
    def of(cls, uids: UidSet, flags: Flags) -> "UidFlags":
        """Return messages that all have the same flags."""
        found = cls()
        found._uids.extend(uids)
        found._kinds.extend(repeat(1, len(found._uids)))
        found._flags.append(flags)
        found._kind_of[flags] = 1
        found._length = len(found._uids)
        return found

    def __getitem__(self, uid: Uid) -> Flags:
        place = self._find(uid)
        return self._others[uid] if place is None else self._flags[self._kinds[place]]

    def get(self, uid: Uid, default: Flags | None = None) -> Flags | None:  # type: ignore[override]
        """Return the flags of a message, or `default`."""
        place = self._find(uid)
        found = self._others.get(uid) if place is None else self._flags[self._kinds[place]]
        return default if found is None else found

    def __contains__(self, uid: object) -> bool:
        return isinstance(uid, int) and (self._find(uid) is not None or uid in self._others)

    def __setitem__(self, uid: Uid, flags: Flags) -> None:
        kind = self._kind_of.get(flags)
        if kind is None:
            kind = self._kind_of[flags] = len(self._flags)
            self._flags.append(flags)
            if kind == _MOST_KINDS:
                self._kinds = array("I", self._kinds)
        if self._is_next(uid):
            self._uids.append(uid)
            self._kinds.append(kind)
            self._length += 1
        elif (place := self._find(uid)) is not None:
            self._kinds[place] = kind
        else:
            self._others[uid] = flags

    def pop(self, uid: Uid, *default: Flags | None) -> Flags | None:  # type: ignore[override]
        """Take a message out and return its flags. Raises: KeyError, unless there is a default."""
        place = self._find(uid)
        if place is None:
            return self._others.pop(uid, *default)
        found = self._flags[self._kinds[place]]
        self._kinds[place] = _REMOVED
        self._length -= 1
        return found

    def __delitem__(self, uid: Uid) -> None:
        place = self._find(uid)
        if place is None:
            del self._others[uid]
        else:
            self._kinds[place] = _REMOVED
            self._length -= 1

    def __iter__(self) -> Iterator[Uid]:
        for place, kind in enumerate(self._kinds):
            if kind != _REMOVED:
                yield Uid(self._uids[place])
        yield from self._others

    def __len__(self) -> int:
        return self._length + len(self._others)

    def _is_next(self, uid: int) -> bool:
        return not self._uids or uid > self._uids[-1]

    def _find(self, uid: int) -> int | None:
        """Return the place of a message; None for one that is in no place, or was removed."""
        uids = self._uids
        if self._is_next(uid):
            return None
        for place in (self._last_found, self._last_found + 1):
            if place < len(uids) and uids[place] == uid:
                break
        else:
            place = bisect_left(uids, uid)
            if uids[place] != uid:
                return None
        self._last_found = place
        return place if self._kinds[place] != _REMOVED else None
