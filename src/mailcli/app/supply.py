"""The messages that a folder's connections ask for: who asks for which next, and what has come.

No message is asked for by two, so one that is slow keeps only a few from the others.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from time import monotonic

from mailcli.imap.messages import FETCH_SET
from mailcli.imap.sets import UidSet, pieces
from mailcli.model import Uid

AHEAD = 4
"""Commands that a connection has on their way, where others might take what it does not."""

SHARE = 16
"""The part of what is left that one command asks for, where there are several connections."""

LOOK = 100
"""Messages after which it shows what the time is spent on."""

EVERY = 10
"""Messages between two such looks: each costs as much as a tenth of a short message."""

MANY, LARGE = 1000, 64 * 1024 * 1024
"""Messages, or octets, that are worth another connection that nobody asked for."""


class Supply:
    """UIDs, and whether each has come, in five octets for each.

    `sets` are taken from in any thread; the rest is for the one where the messages come.
    """

    def __init__(self, uids: UidSet) -> None:
        self._uids = array("I", uids)
        self._came = bytearray(len(self._uids))
        self._next = 0
        self._lock = Lock()
        self.is_shared = False

    def sets(self, taken: list[range]) -> Iterator[bytes]:
        """Yield sets for one connection to ask for; `taken` gets their places in the supply."""
        while part := self._part():
            taken.append(part)
            yield from pieces(self._at(part))

    def _part(self) -> range:
        with self._lock:
            most = max(1, min(FETCH_SET, self.unasked // SHARE)) if self.is_shared else FETCH_SET
            start, self._next = self._next, min(self._next + most, len(self._uids))
            return range(start, self._next)

    @property
    def unasked(self) -> int:
        """How many messages nobody has asked for yet."""
        return len(self._uids) - self._next

    def take(self, uid: Uid) -> bool:
        """Note that a message has come; tell whether it was asked for, and did not come before."""
        place = bisect_left(self._uids, uid)
        if place == len(self._uids) or self._uids[place] != uid or self._came[place]:
            return False
        self._came[place] = True
        return True

    def left(self, among: Iterable[range] | None = None) -> list[Uid]:
        """Return those that did not come, lowest first, of all or of these places."""
        parts = [range(len(self._uids))] if among is None else among
        return [uid for part in parts for uid in self._at(p for p in part if not self._came[p])]

    def _at(self, places: Iterable[int]) -> Iterator[Uid]:
        return (Uid(self._uids[place]) for place in places)


class Pace:
    """Whether what comes is waited for; `waited` tells for how many seconds it was, so far."""

    def __init__(self, waited: Callable[[], float]) -> None:
        self._waited = waited
        self.began, self._before = monotonic(), waited()
        self.messages = self.octets = 0

    def note(self, octets: int) -> None:
        """Note that a message came."""
        self.messages += 1
        self.octets += octets

    def wants_another(self, unasked: int) -> bool:
        """Tell whether another connection is of use: we mostly wait, and very much is left."""
        much = unasked > MANY or unasked * self.octets > LARGE * self.messages
        return much and self.messages >= LOOK and self._mostly_waits()

    def _mostly_waits(self) -> bool:
        return (self._waited() - self._before) * 2 > monotonic() - self.began
