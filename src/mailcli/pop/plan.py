"""What to do with each message of a maildrop: a pure decision.

In go the server's listing, what was stored before and the user's policy; out
comes one action for each message, in the listing's order. Nothing is ever
deleted on the server that is not stored here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NewType

from mailcli.model import UniqueId

Time = NewType("Time", int)
"""Seconds since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the server lists it: session number, unique-id, size in octets."""

    number: int
    uidl: UniqueId
    size: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of a message that was stored here: its size and since when."""

    size: int
    stored_at: Time


@dataclass(frozen=True, slots=True)
class Policy:
    """How long messages stay on the server: for ever (True), not at all (False), or an age."""

    keep: bool | timedelta = True

    def expired(self, stored_at: Time, now: Time) -> bool:
        """Whether a message stored then should leave the server now."""
        if isinstance(self.keep, timedelta):
            return now - stored_at >= self.keep.total_seconds()
        return not self.keep


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Fetch it; and then, if so decided, delete it on the server."""

    message: Message
    then_delete: bool


@dataclass(frozen=True, slots=True)
class Delete:
    """It is stored here and its time on the server is over."""

    message: Message


@dataclass(frozen=True, slots=True)
class Keep:
    """It is stored here and stays on the server."""

    message: Message


@dataclass(frozen=True, slots=True)
class Skip:
    """It is neither fetched nor deleted, for the reason given."""

    message: Message
    reason: str


Action = Retrieve | Delete | Keep | Skip


def plan(
    listing: Sequence[Message],
    seen: Mapping[UniqueId, Sequence[Stored]],
    policy: Policy,
    now: Time,
) -> list[Action]:
    """Decide about every message.

    A known unique-id with another size is another message. A unique-id that the server
    gives twice identifies nothing, so such messages are left alone.
    """
    repeated = {uidl for uidl, n in Counter(m.uidl for m in listing).items() if n > 1}
    return [_decide(message, seen, policy, now, message.uidl in repeated) for message in listing]


def _decide(
    message: Message,
    seen: Mapping[UniqueId, Sequence[Stored]],
    policy: Policy,
    now: Time,
    repeated: bool,
) -> Action:
    if repeated:
        return Skip(message, "the server gives its unique-id to another message too")
    stored = next((s for s in seen.get(message.uidl, ()) if s.size == message.size), None)
    if stored is None:
        return Retrieve(message, then_delete=policy.expired(now, now))
    return Delete(message) if policy.expired(stored.stored_at, now) else Keep(message)
