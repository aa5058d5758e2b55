"""What a dry run says of each action, in words."""

from typing import assert_never

from mailcli.app.folder_state import FolderState
from mailcli.model import Flag, Flags
from mailcli.results import FolderSync, PlannedAction
from mailcli.store.folder import MaildirFolder
from mailcli.store.names import FolderName
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
    Side,
    StoreFlags,
)


def preview_upload(folder: MaildirFolder, name: FolderName) -> FolderSync:
    """Return what filling a folder would do that the server does not have yet."""
    actions = [
        PlannedAction("append", None, folder.path_of(entry), "new here") for entry in folder.scan()
    ]
    return FolderSync(str(name), actions=tuple(actions))


def planned(state: FolderState, action: Action) -> PlannedAction:
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
            return "flags_remote", f"add {_names(add)}, remove {_names(remove)}"
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
