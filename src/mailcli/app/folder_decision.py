"""What is to be done in one folder: its two sides given to `sync.plan`, which decides."""

from dataclasses import replace

from mailcli.app.folder_state import FolderState
from mailcli.model import Flags, keywords_of
from mailcli.store.records import MessageRow
from mailcli.sync.plan import Action, plan
from mailcli.sync.states import Agreed, Local, Remote

_EMPTIED = {"trash", "junk"}
"""Roles of folders that are meant to be emptied: there, many deletions are nothing unusual."""


def decide(state: FolderState) -> list[Action]:
    """Return what is to be done, as `sync.plan` has it.

    What was moved is the moves' affair, and what is left out nobody's.
    """
    bound = {row.unique: row for uid, row in state.rows.items() if uid not in state.away}
    fresh = state.remote.keys() - state.rows
    origins = {state.token(uid): uid for uid in fresh} if state.entries else {}
    hidden = state.former.keys() | state.spoken_for
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
        if uid not in state.away
    }
    hidden_there = state.away | state.left.keys()
    there = {uid: Remote(flags) for uid, flags in state.remote.items() if uid not in hidden_there}
    policy = replace(state.policy, storable=state.selected.storable, vanished=state.vanished)
    if state.pair.role in _EMPTIED and state.vanished is None:
        policy = replace(policy, allow_mass_delete=True)
    return plan(agreed, local, there, policy)


def flags_to_compare(state: FolderState, unique: str, row: MessageRow | None) -> Flags:
    """Return a file's flags; keywords without a letter are those that were agreed on."""
    if row is None and unique in state.brought:
        return state.entries[unique].flags | state.brought[unique]
    if row is None:
        return state.flags_here(unique)
    entry = state.entries[unique]
    return entry.flags | state.letters.read(entry.others, keywords_of(row.flags))
