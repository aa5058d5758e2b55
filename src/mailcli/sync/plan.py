"""What one run does to one folder: a pure decision.

In go what both sides last agreed on, what the Maildir holds, what the server
holds, and the policy; out comes an ordered list of actions. New messages,
flags and deletions travel both ways. A message is deleted only where the other
side lost it and nobody changed its flags since; both listings must be complete,
since here absence is taken for deletion.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailcli.model import Flag, Flags, Uid
from mailcli.sync.states import Agreed, Local, Policy, Remote, Side

FEW = 10
"""Deletions that never need confirmation, whatever share of a folder they are."""


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
class Forget:
    """No longer one message on both sides: both lost it, or what is left of it counts as new."""

    uid: Uid
    unique: str


@dataclass(frozen=True, slots=True)
class DeleteLocal:
    """Gone on the server, untouched here: remove the file."""

    uid: Uid
    unique: str


@dataclass(frozen=True, slots=True)
class DeleteRemote:
    """Gone here, untouched on the server: expunge it there, and nothing else."""

    uid: Uid
    unique: str


@dataclass(frozen=True, slots=True)
class Hold:
    """One of too many deletions on one side: needs confirmation. `gone` is where it is missing."""

    uid: Uid
    unique: str
    gone: Side


Deletion = DeleteLocal | DeleteRemote
Action = Bind | Fetch | Append | SetLocalFlags | StoreFlags | Agree | Forget | Deletion | Hold


@dataclass(frozen=True, slots=True)
class _Left:
    """How many of the messages agreed on each side still has: a share of these may be deleted."""

    here: int
    there: int


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
    *,
    at_rest: int = 0,
) -> list[Action]:
    """Decide what to do, in the order in which it has to be done.

    `at_rest` more messages, of which nothing else is said, both sides have as it was agreed on.
    Everything known comes first, then what is fetched, then what is appended: a file whose
    message turns out to be on the server already is never uploaded again. Deletions come last.
    """
    if policy.vanished is not None:
        return _vanished(agreed, local, remote, policy)
    actions = [
        action
        for uid, base in sorted(agreed.items())
        for action in _known(uid, base, local.get(base.unique), remote.get(uid), policy)
    ]
    deletions = [action for action in actions if isinstance(action, Deletion)]
    actions = [action for action in actions if not isinstance(action, Deletion)]
    forgotten = {action.uid for action in actions if isinstance(action, Forget)}
    bases = {uid: base for uid, base in agreed.items() if uid not in forgotten}
    actions += _new(bases, local, remote, policy)
    left = _Left(
        here=at_rest + sum(base.unique in local for base in agreed.values()),
        there=at_rest + sum(uid in remote for uid in agreed),
    )
    return [*actions, *_confirmed(deletions, agreed, left, policy)]


def _vanished(
    agreed: Mapping[Uid, Agreed],
    local: Mapping[str, Local],
    remote: Mapping[Uid, Remote],
    policy: Policy,
) -> list[Action]:
    """Decide about a folder that one side has no more as a whole.

    What the other side still has of it is held back until that is confirmed. Then it goes, too;
    unless there is something newer than the agreement: then all of it comes back.
    """
    left = {
        uid: base for uid, base in sorted(agreed.items()) if uid in remote or base.unique in local
    }
    forgotten = [Forget(uid, base.unique) for uid, base in agreed.items() if uid not in left]
    if left and not policy.allow_mass_delete:
        is_here = policy.vanished is Side.REMOTE
        if not (policy.changes_local if is_here else policy.changes_remote):
            return list(forgotten)  # a run that could not delete it has nothing to ask
        assert policy.vanished is not None  # noqa: S101 - for the type checker
        gone = policy.vanished
        return [*forgotten, *(Hold(uid, base.unique, gone) for uid, base in left.items())]
    if not left or _has_newer(left, local, remote, policy):
        forgotten += [Forget(uid, base.unique) for uid, base in left.items()]
        return [*forgotten, *_new({}, local, remote, policy)]
    deletions = (
        action
        for uid, base in left.items()
        for action in _gone(uid, base, local.get(base.unique), remote.get(uid), policy)
    )
    return [*forgotten, *deletions]


def _has_newer(
    agreed: Mapping[Uid, Agreed],
    local: Mapping[str, Local],
    remote: Mapping[Uid, Remote],
    policy: Policy,
) -> bool:
    """Tell whether one side has what was not agreed on: a message, or a flag that wants it."""
    bound = {base.unique for base in agreed.values()}
    storable = policy.storable.of
    return (
        any(uid not in agreed for uid in remote)
        or any(unique not in bound for unique in local)
        or any(
            _is_wanted(base.flags, remote[uid].flags)
            for uid, base in agreed.items()
            if uid in remote
        )
        or any(
            _is_wanted(storable(base.flags), storable(local[base.unique].flags))
            for base in agreed.values()
            if base.unique in local
        )
    )


def _new(
    agreed: Mapping[Uid, Agreed],
    local: Mapping[str, Local],
    remote: Mapping[Uid, Remote],
    policy: Policy,
) -> Iterator[Action]:
    """Pair what belongs together, and bring each other message to the side that lacks it."""
    bound = {base.unique for base in agreed.values()}
    unbound = {unique: state for unique, state in local.items() if unique not in bound}
    paired: set[Uid] = set()
    for unique, state in sorted(unbound.items()):
        uid = state.origin
        if uid is not None and uid in remote and uid not in agreed and uid not in paired:
            yield from _bind(uid, unique, state, remote[uid], policy)
            paired.add(uid)
            del unbound[unique]
    if policy.changes_local:
        fresh = (uid for uid in remote if uid not in agreed and uid not in paired)
        yield from map(Fetch, sorted(fresh))
    if policy.changes_remote:
        for unique, state in sorted(unbound.items()):
            yield Append(unique, policy.storable.of(state.flags))


def _confirmed(
    deletions: Sequence[Deletion],
    agreed: Mapping[Uid, Agreed],
    left: _Left,
    policy: Policy,
) -> Iterator[Action]:
    """Hold back the deletions of a side that would lose too much."""
    here = [a for a in deletions if isinstance(a, DeleteLocal)]
    there = [a for a in deletions if isinstance(a, DeleteRemote)]
    held = {
        DeleteLocal: _is_held(here, agreed, left.here, policy),
        DeleteRemote: _is_held(there, agreed, left.there, policy),
    }
    for action in deletions:
        gone = Side.REMOTE if isinstance(action, DeleteLocal) else Side.LOCAL
        yield Hold(action.uid, action.unique, gone) if held[type(action)] else action


def _is_held(
    deletions: Sequence[Deletion], agreed: Mapping[Uid, Agreed], messages: int, policy: Policy
) -> bool:
    """Tell whether deletions wait: once held, new mail does not make them fewer of many."""
    if any(agreed[action.uid].held for action in deletions):
        return len(deletions) > FEW and not policy.allow_mass_delete
    return needs_confirmation(len(deletions), messages, policy)


def needs_confirmation(count: int, messages: int, policy: Policy) -> bool:
    """Tell whether `count` deletions among `messages` are too many to be carried unasked."""
    # Divided, not multiplied: 29 of 100 are not more than 0.29, but 0.29 * 100 is less than 29.
    too_many = count > FEW and count / messages > policy.max_delete
    return too_many and not policy.allow_mass_delete


def _bind(uid: Uid, unique: str, local: Local, remote: Remote, policy: Policy) -> Iterator[Action]:
    """Pair a file with the message it was fetched as; neither side's flags are newer."""
    yield Bind(uid, unique, remote.flags & local.flags)
    base = Agreed(unique, remote.flags & local.flags)
    yield from _known(uid, base, local, remote, policy)


def _known(
    uid: Uid, base: Agreed, local: Local | None, remote: Remote | None, policy: Policy
) -> Iterator[Action]:
    if local is None or remote is None:
        yield from _gone(uid, base, local, remote, policy)
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
    return policy.storable.of(wanted) | (remote - policy.storable.of(remote))


def _gone(
    uid: Uid, base: Agreed, local: Local | None, remote: Remote | None, policy: Policy
) -> Iterator[Action]:
    """Carry a deletion over, unless the other side shows that the message is wanted.

    What a one-way run may not carry stays as it is, and agreed on: it is done later.
    """
    if local is None and remote is None:
        yield Forget(uid, base.unique)
    elif local is None and remote is not None:
        if _is_wanted(base.flags, remote.flags):
            if policy.changes_local:
                yield Forget(uid, base.unique)  # and fetched as new
        elif policy.changes_remote:
            yield DeleteRemote(uid, base.unique)
    elif local is not None:
        # A flag that the server does not keep was never its affair, and tells nothing now.
        storable = policy.storable.of
        if _is_wanted(storable(base.flags), storable(local.flags)):
            if policy.changes_remote:
                yield Forget(uid, base.unique)  # and appended as new
        elif policy.changes_local:
            yield DeleteLocal(uid, base.unique)


def _is_wanted(agreed: Flags, now: Flags) -> bool:
    """Tell whether somebody touched a message that the other side deleted.

    Any changed flag says so but one: a mark of deletion that is new wants what the other
    side did. One that was taken away wants the message back.
    """
    return bool((agreed ^ now) - ({Flag.DELETED} - agreed))


def _agreed(base: Flags, local: Flags, remote: Flags) -> Flags:
    """Return what both sides agree on, flag by flag.

    A change that a one-way run may not carry stays a change: its flag keeps the old value.
    """
    return (local & remote) | (base & (local ^ remote))
