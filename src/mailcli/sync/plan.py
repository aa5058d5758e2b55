"""What one run does to one folder: a pure decision.

In go what both sides last agreed on, what the Maildir holds, what the server
holds, and the policy; out comes an ordered list of actions. New messages and
flags travel both ways. Nothing is deleted: a message missing on one side is
held, and said, until deletions can be carried safely.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from mailcli.model import Flags, Uid
from mailcli.sync.states import Agreed, Local, Policy, Remote


class Side(Enum):
    """One of the two places that are kept alike."""

    LOCAL = "local"
    REMOTE = "remote"


@dataclass(frozen=True, slots=True)
class Bind:
    """The file was fetched as this UID before the state knew it: they are one message."""

    uid: Uid
    unique: str
    flags: Flags


@dataclass(frozen=True, slots=True)
class Fetch:
    """New on the server: bring it here, unless a file here turns out to be the same."""

    uid: Uid


@dataclass(frozen=True, slots=True)
class Append:
    """New in the Maildir: put it on the server."""

    unique: str
    flags: Flags


@dataclass(frozen=True, slots=True)
class SetLocalFlags:
    """Rename the file so that it has exactly these flags."""

    uid: Uid
    unique: str
    flags: Flags


@dataclass(frozen=True, slots=True)
class StoreFlags:
    """Add and take away these flags on the server; others set there meanwhile stay."""

    uid: Uid
    unique: str
    add: Flags
    remove: Flags


@dataclass(frozen=True, slots=True)
class Agree:
    """Remember these flags as agreed; where the sides still differ, what they last agreed on."""

    uid: Uid
    unique: str
    flags: Flags


@dataclass(frozen=True, slots=True)
class Hold:
    """Gone on one side, or on both: the other side's copy is left alone."""

    uid: Uid
    unique: str
    gone: frozenset[Side]


Action = Bind | Fetch | Append | SetLocalFlags | StoreFlags | Agree | Hold


def merge(agreed: Flags, local: Flags, remote: Flags) -> Flags:
    """Merge flags one by one against what was last agreed.

    A flag that changed on one side takes that side's value. One that changed on both
    changed to the same value, since a flag has only two.
    """
    return (agreed | local | remote) - (agreed - local) - (agreed - remote)


def plan(
    agreed: Mapping[Uid, Agreed],
    local: Mapping[str, Local],
    remote: Mapping[Uid, Remote],
    policy: Policy,
) -> list[Action]:
    """Decide what to do, in the order in which it has to be done.

    Everything known comes first, then what is fetched, then what is appended: a file whose
    message turns out to be on the server already is never uploaded again.
    """
    unbound = dict(local)
    for known in agreed.values():
        unbound.pop(known.unique, None)
    actions: list[Action] = []
    for uid, base in sorted(agreed.items()):
        actions += _known(uid, base, local.get(base.unique), remote.get(uid), policy)
    fresh = {uid: state for uid, state in remote.items() if uid not in agreed}
    for unique, state in sorted(unbound.items()):
        if state.origin is not None and state.origin in fresh:
            actions += _bind(state.origin, unique, state, fresh.pop(state.origin), policy)
            del unbound[unique]
    if policy.changes_local:
        actions += [Fetch(uid) for uid in sorted(fresh)]
    if policy.changes_remote:
        for unique, state in sorted(unbound.items()):
            actions.append(Append(unique, state.flags & policy.storable))
    return actions


def _bind(uid: Uid, unique: str, local: Local, remote: Remote, policy: Policy) -> Iterator[Action]:
    """Pair a file with the message it was fetched as; neither side's flags are newer."""
    yield Bind(uid, unique, remote.flags & local.flags)
    base = Agreed(unique, remote.flags & local.flags)
    yield from _known(uid, base, local, remote, policy)


def _known(
    uid: Uid, base: Agreed, local: Local | None, remote: Remote | None, policy: Policy
) -> Iterator[Action]:
    if local is None or remote is None:
        sides = ((Side.LOCAL, local), (Side.REMOTE, remote))
        yield Hold(uid, base.unique, frozenset(side for side, held in sides if held is None))
        return
    wanted = merge(base.flags, local.flags, remote.flags)
    there = _there(wanted, remote.flags, policy)
    if remote.flags != there:
        yield StoreFlags(uid, base.unique, there - remote.flags, remote.flags - there)
    if local.flags != wanted and policy.changes_local:
        yield SetLocalFlags(uid, base.unique, wanted)
    agreed = _agreed(
        base.flags,
        wanted if policy.changes_local else local.flags,
        there,
    )
    if agreed != base.flags:
        yield Agree(uid, base.unique, agreed)


def _there(wanted: Flags, remote: Flags, policy: Policy) -> Flags:
    """Return the flags that the server is to have: what it may not or cannot keep stays as is."""
    if not policy.changes_remote:
        return remote
    return (wanted & policy.storable) | (remote - policy.storable)


def _agreed(base: Flags, local: Flags, remote: Flags) -> Flags:
    """Return what both sides agree on, flag by flag.

    A change that a one-way run may not carry stays a change: its flag keeps the old value.
    """
    return (local & remote) | (base & (local ^ remote))
