"""A folder renamed on the server: the same here, whatever stopped the run that began it.

The order: the intent is recorded, the server renames, the Maildir does, and the
state names the folder anew and drops the intent in one transaction. A run that
finds an intent looks which of the two names the server has.
"""

from collections.abc import Collection

from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName
from mailcli.store.records import RenameIntent
from mailcli.store.state import StateStore


def settle_renames(state: StateStore, maildir: Maildir, listed: Collection[FolderName]) -> None:
    """Complete here what the server has done of earlier runs' renames; forget the others.

    `listed` are the names that the server has now. The Maildir must be there.

    Raises: CannotCreate (73) where another folder has the new name by now, LocalError (74).
    """
    for intent in state.renames():
        if _has_come_true(intent, maildir, listed):
            rename_here(state, maildir, intent)
        else:
            state.drop_rename(intent)


def rename_here(state: StateStore, maildir: Maildir, intent: RenameIntent) -> bool:
    """Rename in the Maildir and in the state; say whether the folder was in the Maildir.

    Raises: CannotCreate (73), LocalError (74); the intent then stays.
    """
    old, new = FolderName.parse(intent.old), FolderName.parse(intent.new)
    was_here = maildir.rename(old, new)
    with state.transaction():
        rows = {FolderName.parse(row.name): row for row in state.folders()}
        for name, row in rows.items():
            if not name.is_within(old):
                continue
            renamed = name.moved(old, new)
            if renamed in rows:  # of a folder that neither side had when the rename began
                state.forget_folder(rows[renamed].id)
            state.rename_folder(row.id, str(renamed))
        state.drop_rename(intent)
    return was_here


def _has_come_true(intent: RenameIntent, maildir: Maildir, listed: Collection[FolderName]) -> bool:
    old, new = FolderName.parse(intent.old), FolderName.parse(intent.new)
    if not any(name.is_within(new) for name in listed):
        return False
    if not any(name.is_within(old) for name in listed):
        return True
    # Somebody has made a folder of the old name since, or the new one before us.
    return not maildir.folder(old).exists() and maildir.folder(new).exists()
