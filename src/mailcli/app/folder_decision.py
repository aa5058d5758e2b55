"""What is to be done in one folder: its two sides given to `sync.plan`, which decides."""

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from mailcli.app.folder_state import FolderState
from mailcli.imap.sets import UidSet
from mailcli.model import Flags, Uid, keywords_of
from mailcli.store.records import MessageRow
from mailcli.sync.plan import Action, plan
from mailcli.sync.states import Agreed, Local, Remote

_EMPTIED = {"trash", "junk"}
"""Roles of folders that are meant to be emptied: there, many deletions are nothing unusual."""


class Decision(NamedTuple):
    """What is to be done: `actions`, and whatever else is `new` on the server to be fetched.

    Of a first run that may be a million messages, so no plan hears of it.
    """

    actions: list[Action]
    new: UidSet


def decide(state: FolderState) -> list[Action]:
    """Return what is to be done, as `sync.plan` has it, with one action for each new message.

    What was moved is the moves' affair, and what is left out nobody's.
    """
    return _decide(state, only_known=False).actions


def decide_known(state: FolderState) -> Decision:
    """Return what `decide` does, but for what is new on the server, which is told apart.

    A folder that is missing as a whole is decided as a whole: there, what is new may count.
    """
    return _decide(state, only_known=state.vanished is None)


def _decide(state: FolderState, *, only_known: bool) -> Decision:
    away = state.between.away
    bound = {row.unique: row for uid, row in state.rows.items() if uid not in away}
    origins = _origins(state, bound.keys())
    hidden = state.former.keys() | state.between.spoken_for
    local = {
        unique: Local(
            flags_to_compare(state, unique, bound.get(unique)), origins.get(entry.token or "")
        )
        for unique, entry in state.entries.items()
        if unique in bound or unique not in hidden
    }
    agreed = {
        uid: Agreed(row.unique, row.flags, row.held)
        for uid, row in state.rows.items()
        if uid not in away
    }
    known = {*state.rows, *origins.values()} if only_known else None
    there = _There(state.remote, away | state.left.keys(), known)
    policy = state.policy._replace(storable=state.selected.storable, vanished=state.vanished)
    if state.pair.role in _EMPTIED and state.vanished is None:
        policy = policy._replace(allow_mass_delete=True)
    actions = plan(agreed, local, there, policy, at_rest=state.at_rest)
    return Decision(actions, there.unknown() if policy.changes_local else UidSet())


class _There(Mapping[Uid, Remote]):
    """What the server holds, for a plan: of the messages `known`, where given, those alone."""

    def __init__(
        self,
        held: Mapping[Uid, Flags],
        hidden: AbstractSet[Uid],
        known: Collection[Uid] | None,
    ) -> None:
        self._held, self._hidden, self._known = held, hidden, known

    def unknown(self) -> UidSet:
        """Return the messages that a plan does not hear of."""
        known = self._known
        if known is None:
            return UidSet()
        return UidSet.of(u for u in self._held if u not in known and u not in self._hidden)

    def __getitem__(self, uid: Uid) -> Remote:
        if uid not in self:
            raise KeyError(uid)
        return Remote(self._held[uid])

    def __contains__(self, uid: object) -> bool:
        is_known = self._known is None or uid in self._known
        return is_known and uid in self._held and uid not in self._hidden

    def __iter__(self) -> Iterator[Uid]:
        among = self._held if self._known is None else self._known
        return (uid for uid in among if uid in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _origins(state: FolderState, bound: AbstractSet[str]) -> dict[str, Uid]:
    """Return the new messages as which unknown files may have been fetched, by their tokens."""
    unknown = (entry for unique, entry in state.entries.items() if unique not in bound)
    tokens = {entry.token for entry in unknown}
    if not tokens - {None}:
        return {}
    fresh = (uid for uid in state.remote if uid not in state.rows)
    named = ((state.token(uid), uid) for uid in fresh)
    return {token: uid for token, uid in named if token in tokens}


def is_as_agreed(state: FolderState) -> bool:
    """Tell whether the files are just those agreed on, with their flags, whatever the policy.

    What a `--pull` may not carry to the server still waits for the next run that may.
    """
    rows = {row.unique: row for row in state.rows.values()}
    return rows.keys() == state.entries.keys() and all(
        flags_to_compare(state, unique, row) == row.flags and not row.held
        for unique, row in rows.items()
    )


def count_agreed(state: FolderState) -> int:
    """Return how many messages are recorded of this generation; all, where no former is left."""
    return state.at_rest + len(state.rows)


def flags_to_compare(state: FolderState, unique: str, row: MessageRow | None) -> Flags:
    """Return a file's flags; keywords without a letter are those that were agreed on."""
    if row is None and unique in state.between.brought:
        return state.entries[unique].flags | state.between.brought[unique]
    if row is None:
        return state.flags_here(unique)
    entry = state.entries[unique]
    return entry.flags | state.letters.read(entry.others, keywords_of(row.flags))
