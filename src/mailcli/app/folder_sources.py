"""Folders that a run is not asked to look into, and that files were moved out of here.

`imap-sync Work` is to move what another program moved from INBOX to Work. Uploaded as
new, such a message would be in both folders until INBOX is synchronised, and for
good where the server's has changed there meanwhile.
"""

from collections.abc import Collection

from mailcli.app.folder_state import FolderState
from mailcli.app.sync_run import SyncRun
from mailcli.errors import LocalError, NotFound, TemporaryFailure
from mailcli.model import Uid
from mailcli.store.names import FolderName
from mailcli.store.records import FolderRow, MessageRow
from mailcli.sync.moves import Content


def sources_of(run: SyncRun, states: Collection[FolderState]) -> list[FolderName]:
    """Return the folders besides these whose messages are, as far as octets tell, here instead."""
    strays = {content for state in states for content in _strays(state)}
    if not strays:
        return []
    names = {state.name for state in states}
    others = [each for each in run.state.folders() if each.name not in names and not each.detached]
    return [FolderName.parse(each.name) for each in others if missing_in(run, each, strays)]


def _strays(state: FolderState) -> list[Content]:
    contents = (state.content_of(unique) for unique in state.strays())
    return [content for content in contents if content]


def missing_in(
    run: SyncRun, known: FolderRow, wanted: Collection[Content]
) -> dict[Uid, MessageRow]:
    """Return those messages of a folder, of these octets, whose files are not in it."""
    rows = [
        row
        for row in run.state.messages(known.id)
        if row.uidvalidity == known.uidvalidity and (row.size, row.sha256) in wanted
    ]
    names = {row.unique for row in rows}
    try:
        folder = run.maildir.folder(FolderName.parse(known.name))
        entries = folder.scan(among=names) if names else []
    except (NotFound, LocalError, TemporaryFailure):
        entries = []
    here = {entry.unique for entry in entries}
    return {row.uid: row for row in rows if row.unique not in here}
