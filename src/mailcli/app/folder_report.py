"""What a run says of a folder in words: what a dry run plans, and what is left alone."""

from collections.abc import Sequence
from typing import assert_never

from mailcli.app.folder_decision import decide
from mailcli.app.folder_state import FolderState
from mailcli.model import Flag, Flags
from mailcli.results import PlannedAction
from mailcli.sync.moves import Moved
from mailcli.sync.plan import (
    Action,
    Agree,
    Append,
    Bind,
    DeleteLocal,
    DeleteRemote,
    Fetch,
    Forget,
    Hold,
    SetLocalFlags,
    StoreFlags,
)
from mailcli.sync.states import Side


def preview(state: FolderState, moves: Sequence[Moved]) -> tuple[PlannedAction, ...]:
    """Return what a run would do to one folder; `moves` are those that end in it."""
    moved = (
        PlannedAction(
            "move",
            None,
            state.path_of(move.stray.unique),
            f"moved here from {move.missing.folder}",
        )
        for move in moves
    )
    spoken_for = {move.stray.unique for move in moves}
    rest = (
        action
        for action in decide(state)
        if not (isinstance(action, Append) and action.unique in spoken_for)
    )
    return (*moved, *(_planned(state, action) for action in rest))


def report_former(state: FolderState) -> None:
    """Say which files the server lacks since its folder is another one; they stay."""
    for unique in state.former:
        if path := state.path_of(unique):
            why = (
                "the server renumbered the folder, or it was made anew, without this message;"
                " to upload it, move it to another folder"
            )
            state.counts.skip(None, why, path=path)


def _planned(state: FolderState, action: Action) -> PlannedAction:
    """Return one action as a dry run lists it."""
    path = None if isinstance(action, Fetch) else state.path_of(action.unique)
    uid = None if isinstance(action, Append) else action.uid
    kind, detail = _described(action)
    return PlannedAction(kind, uid, path, detail)


def _described(action: Action) -> tuple[str, str]:  # noqa: C901, PLR0911 - one return for each action
    match action:
        case Bind():
            return "pair", "the file is this message"
        case Fetch():
            return "fetch", "new on the server"
        case Append():
            return "append", "new here"
        case SetLocalFlags(flags=flags):
            return "flags_local", f"set to {_names(flags)}"
        case StoreFlags(add=add, remove=remove):
            changes = (("add", add), ("remove", remove))
            words = (f"{verb} {_names(flags)}" for verb, flags in changes if flags)
            return "flags_remote", ", ".join(words)
        case Agree(flags=flags):
            return "agree", f"both sides have {_names(flags)}"
        case Forget():
            return "forget", "gone; what is left of it has changed, and stays"
        case DeleteLocal():
            return "delete_local", "deleted on the server"
        case DeleteRemote():
            return "delete_remote", "deleted here"
        case Hold(gone=gone):
            where = "here" if gone is Side.LOCAL else "on the server"
            return "hold", f"deleted {where}, with too many others: needs confirmation"
        case _:
            assert_never(action)


def _names(flags: Flags) -> str:
    names = (f.name.lower() if isinstance(f, Flag) else f.imap for f in flags)
    return " ".join(sorted(names)) or "none"
