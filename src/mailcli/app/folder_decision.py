"""What is to be done in one folder: its two sides given to `sync.plan`, which decides."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from mailcli.app.folder_state import FolderState
from mailcli.model import Flags, Uid, keywords_of
from mailcli.store.records import MessageRow
from mailcli.sync.plan import Action, plan
from mailcli.sync.states import Agreed, Local, Remote

_EMPTIED = {"trash", "junk"}
"""Roles of folders that are meant to be emptied: there, many deletions are nothing unusual."""


def decide(state: FolderState) -> list[Action]:
    """Return what is to be done, as `sync.plan` has it.

    What was moved is the moves' affair, and what is left out nobody's.
    """
    bound = {row.unique: row for uid, row in state.rows.items() if uid not in state.between.away}
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
        if uid not in state.between.away
    }
    hidden_there = state.between.away | state.left.keys()
    there = _There(state.remote, hidden_there)
    policy = replace(state.policy, storable=state.selected.storable, vanished=state.vanished)
    if state.pair.role in _EMPTIED and state.vanished is None:
        policy = replace(policy, allow_mass_delete=True)
    return plan(agreed, local, there, policy, at_rest=state.at_rest)


class _There(Mapping[Uid, Remote]):
    """What the server holds, for a plan, which looks once at each of what may be very many."""

    def __init__(self, held: Mapping[Uid, Flags], hidden: AbstractSet[Uid]) -> None:
        self._held, self._hidden = held, hidden

    def __getitem__(self, uid: Uid) -> Remote:
        if uid in self._hidden:
            raise KeyError(uid)
        return Remote(self._held[uid])

    def __contains__(self, uid: object) -> bool:
        return uid in self._held and uid not in self._hidden

    def __iter__(self) -> Iterator[Uid]:
        return (uid for uid in self._held if uid not in self._hidden)

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


def flags_to_compare(state: FolderState, unique: str, row: MessageRow | None) -> Flags:
    """Return a file's flags; keywords without a letter are those that were agreed on."""
    if row is None and unique in state.between.brought:
        return state.entries[unique].flags | state.between.brought[unique]
    if row is None:
        return state.flags_here(unique)
    entry = state.entries[unique]
    return entry.flags | state.letters.read(entry.others, keywords_of(row.flags))
