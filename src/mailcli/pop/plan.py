"""What to do with each message of a maildrop: a pure decision.

In go the server's listing, what was stored before and the user's policy; out
comes one action for each message, in the listing's order. Nothing is ever
deleted on the server that is not stored here, and nothing because of a
unique-id that cannot be relied on.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import NamedTuple, NewType

from mailcli.model import UniqueId

Time = NewType("Time", int)
"""Seconds since 1970 UTC."""

NO_ID = UniqueId("")
"""Stands for the unique-id where the server has none (UIDL is optional, RFC 1939 §7)."""


class Message(NamedTuple):
    """A message as the server lists it: session number, unique-id, size in octets."""

    number: int
    uidl: UniqueId
    size: int


class Stored(NamedTuple):
    """What is known of a message: its size, since when, and whether it was stored here.

    One that is not `here` was only marked as seen, so it is never deleted on the server.
    """

    size: int
    stored_at: Time
    here: bool = True


class Policy(NamedTuple):
    """What the user wants. Sizes are in octets; None is no limit.

    `keep`: how long messages stay on the server: for ever (True), not at all (False), or an
    age. Larger messages than `max_size` are left there. A run fetches no more than
    `max_messages` and `max_octets`, but one message in any case.
    """

    keep: bool | timedelta = True
    max_size: int | None = None
    max_messages: int | None = None
    max_octets: int | None = None

    def expired(self, stored_at: Time, now: Time) -> bool:
        """Whether a message stored then should leave the server now."""
        if isinstance(self.keep, timedelta):
            return now - stored_at >= self.keep.total_seconds()
        return not self.keep


class Earlier(NamedTuple):
    """What earlier sessions of the same run did: what they fetched, and what failed in them."""

    messages: int = 0
    octets: int = 0
    failed: frozenset[Message] = frozenset()


NOTHING = Earlier()


class Known(Enum):
    """What tells whether a message is stored here already."""

    BY_ID = auto()  # its unique-id, which is new
    BY_BOTH = auto()  # its octets too: the unique-id may be another one than before
    BY_CONTENT = auto()  # its octets alone: it has no unique-id of its own


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Fetch it, store it unless it is `known`; then, if so decided, delete it on the server."""

    message: Message
    then_delete: bool
    known: Known = Known.BY_ID


@dataclass(frozen=True, slots=True)
class Delete:
    """It is stored here and its time on the server is over."""

    message: Message


@dataclass(frozen=True, slots=True)
class Keep:
    """It is stored here, or marked as seen, and stays on the server."""

    message: Message


@dataclass(frozen=True, slots=True)
class Skip:
    """It is neither fetched nor deleted, for the reason given."""

    message: Message
    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """It is new, and comes with a later run: this one has reached its limit."""

    message: Message


Action = Retrieve | Delete | Keep | Skip | Wait


def plan(
    listing: Sequence[Message],
    seen: Mapping[UniqueId, Sequence[Stored]],
    policy: Policy,
    now: Time,
    *,
    renamed: bool = False,
    earlier: Earlier = NOTHING,
) -> list[Action]:
    """Decide about every message.

    A known unique-id with another size is another message. Messages are told apart by their
    content where the server gives one unique-id to several or has none; and where it may have
    given all of them others than before (`renamed`, see `all_are_new`). Limits do not apply
    there, since a run that looked at the first few alone would never get to the others.

    The limits are those of all sessions of a run. What failed in an earlier one is left alone,
    and takes no other message's place.
    """
    repeated = {uidl for uidl, n in Counter(m.uidl for m in listing).items() if n > 1}
    left = _Left(policy, earlier)
    return [
        Skip(message, "it could not be had in this run")
        if message in earlier.failed
        else left.limited(_decide(message, seen, policy, now, message.uidl in repeated, renamed))
        for message in listing
    ]


def all_are_new(
    listing: Sequence[Message], seen: Mapping[UniqueId, Sequence[Stored]], *, stopped: bool
) -> bool:
    """Whether the server may have given every message another unique-id than before.

    As after it was moved or repaired: nothing that it lists is known, though something is.
    `stopped`: an earlier run for which they were did not end, and perhaps knows some of them
    already by the new ones.
    """
    known = any(_find(message, seen) for message in listing)
    return bool(listing and seen) and (stopped or not known)


def _find(message: Message, seen: Mapping[UniqueId, Sequence[Stored]]) -> Stored | None:
    return next((s for s in seen.get(message.uidl, ()) if s.size == message.size), None)


def _decide(
    message: Message,
    seen: Mapping[UniqueId, Sequence[Stored]],
    policy: Policy,
    now: Time,
    repeated: bool,
    renamed: bool,
) -> Action:
    anonymous = repeated or message.uidl == NO_ID
    stored = None if anonymous else _find(message, seen)
    if stored is not None:
        over = stored.here and policy.expired(stored.stored_at, now)
        return Delete(message) if over else Keep(message)
    if policy.max_size is not None and message.size > policy.max_size:
        return Skip(message, f"larger than {policy.max_size:,} octets")
    if message.uidl == NO_ID:  # what this session brought it may delete, by its number
        return Retrieve(message, policy.keep is False, Known.BY_CONTENT)
    if repeated:
        return Retrieve(message, False, Known.BY_CONTENT)
    how = Known.BY_BOTH if renamed else Known.BY_ID
    return Retrieve(message, policy.expired(now, now), how)


class _Left:
    """What the limits of a run leave."""

    def __init__(self, policy: Policy, earlier: Earlier) -> None:
        self._messages = policy.max_messages
        if self._messages is not None:
            self._messages -= earlier.messages
        self._octets = policy.max_octets
        if self._octets is not None:
            self._octets -= earlier.octets
        self._begun, self._over = earlier.messages > 0, False

    def limited(self, action: Action) -> Action:
        """Return the action, or that it waits. Later, smaller messages do not overtake."""
        if not isinstance(action, Retrieve) or action.known is not Known.BY_ID:
            return action
        if self._messages is not None:
            self._messages -= 1
            self._over = self._over or self._messages < 0
        if self._octets is not None:
            self._octets -= action.message.size
            self._over = self._over or (self._begun and self._octets < 0)
        self._begun = True
        return Wait(action.message) if self._over else action
