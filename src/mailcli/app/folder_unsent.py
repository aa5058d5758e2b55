"""Messages that are here as files which no server has yet, and so are not deleted here.

That is how a message looks that another program moved to a folder which failed, or
which was left out on the command line. Its deletion would be a loss until that
folder is uploaded, and it counts for no safety stop. A folder that the account does
not mirror does not count: what was moved there has left the mirror.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import TypeGuard

from mailcli.app.folder_decision import decide
from mailcli.app.folder_state import FolderState
from mailcli.app.stores import hash_of
from mailcli.app.sync_run import SyncRun
from mailcli.errors import LocalError, MailError, NotFound, TemporaryFailure
from mailcli.store.folder import MaildirFolder
from mailcli.store.line_ends import may_become
from mailcli.store.names import FolderName
from mailcli.store.outline import Outline
from mailcli.store.records import FolderRow, MessageRow
from mailcli.sync.moves import Content
from mailcli.sync.plan import Action, DeleteRemote, Hold
from mailcli.sync.states import Side

Unsent = Callable[[Collection[MessageRow]], set[Content]]
"""Returns which of these messages are here as files that no server has."""


class _Unreadable(LocalError):
    """A folder that files may have been moved to cannot be read."""

    def __init__(self, name: FolderName, why: MailError) -> None:
        text = f"deleted here, or moved to {name}, which cannot be read: stays until it can"
        super().__init__(f"{text} ({why.message})", hint=why.hint)


_REASON = "moved here to a folder that is not uploaded yet: stays until it is"


def unsent_in(
    run: SyncRun, is_mirrored: Callable[[FolderName], bool], *, besides: Collection[str] = ()
) -> Unsent:
    """Return what looks into all mirrored folders; `besides` those that this run uploads."""

    def look(rows: Collection[MessageRow]) -> set[Content]:
        wanted = {(row.size, row.sha256) for row in rows}
        names = list(filter(is_mirrored, run.maildir.folders().names))
        waiting: set[Content] = set()
        for name in names:
            if str(name) not in besides:
                try:
                    waiting |= _waiting(run, name, {size for size, _ in wanted})
                except NotFound:
                    continue  # another program removed it meanwhile
                except (LocalError, TemporaryFailure) as exc:
                    raise _Unreadable(name, exc) from exc
        return waiting & wanted

    return look


def _waiting(run: SyncRun, name: FolderName, octets: Collection[int]) -> set[Content]:
    """Return what was never uploaded in a folder, of the files that can have so many octets."""
    folder, known = run.maildir.folder(name), run.state.folder(str(name))
    unsent = _never_uploaded(run, folder, known)
    waiting = set()
    for entry in folder.scan(stat=True, among=unsent) if unsent else []:
        if may_become(entry.size, min(octets), max(octets)):
            with suppress(NotFound):  # another program took this one away meanwhile
                digest, size = hash_of(folder, entry)
                waiting.add((size, digest))
    return waiting


def _never_uploaded(run: SyncRun, folder: MaildirFolder, known: FolderRow | None) -> set[str]:
    """Return the unique names of files that are no message of the state."""
    about = run.state.count_messages(known.id) if known else 0
    outline = Outline(about, with_letters=False)
    for row in run.state.outlines(known.id) if known else ():
        outline.expect(row.unique)
    entries, parts, _ = folder.scan_differing(outline)
    found = {entry.unique for entry in entries}
    if found and known:
        found -= {r.unique for r in run.state.outlines(known.id) if r.unique in parts}
    return found


def leave_unsent(
    state: FolderState, actions: Sequence[Action], unsent: Unsent, *, tell: bool
) -> Sequence[Action]:
    """Return what is to be done when such messages are left alone, and where asked say so.

    Where a folder cannot be read, any of them may be there: then none is deleted on the server.
    """
    rows = [state.rows[each.uid] for each in actions if _deletes_there(each)]
    try:
        waiting = unsent(rows) if rows else set()
        why = _REASON
    except _Unreadable as exc:
        if not tell:
            return actions
        waiting = {(row.size, row.sha256) for row in rows}
        why = exc.message
        state.counts.error = state.counts.error or exc
    stay = [row.uid for row in rows if (row.size, row.sha256) in waiting]
    if not stay:
        return actions
    state.between.away.update(stay)
    if tell:
        for uid in stay:
            state.counts.skip(uid, why)
    return decide(state)


def _deletes_there(action: Action) -> TypeGuard[DeleteRemote | Hold]:
    is_held = isinstance(action, Hold) and action.gone is Side.LOCAL
    return is_held or isinstance(action, DeleteRemote)
