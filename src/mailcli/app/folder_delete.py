"""Deletions, in a pass of their own: when every folder has what is new and what has changed.

So a message that was moved is always somewhere: what is missing here may be in
another folder, and there it is uploaded first. Both sides are listed anew, and
only what is then still as it was agreed on is deleted. A deletion cannot be
repeated without harm, so its intent is durable before it begins, and the
agreement is dropped only when it has come true: one that failed is tried
again, and brings no message back.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from mailcli.app.folder_decision import decide
from mailcli.app.folder_limits import load_left_out
from mailcli.app.folder_look import There, look_here, look_there
from mailcli.app.folder_state import FolderState
from mailcli.app.folder_task import FolderTask
from mailcli.app.folder_told import drop_impossible, drop_wrong
from mailcli.app.folder_unsent import Unsent, leave_unsent
from mailcli.app.stores import hash_of
from mailcli.errors import NotFound, ProtocolViolation
from mailcli.imap.session import STORE_SET, ImapSession
from mailcli.model import DeletePolicy, Flag, Flags, Uid
from mailcli.store.records import DeleteIntent
from mailcli.sync.plan import DeleteLocal, DeleteRemote, Hold
from mailcli.sync.states import Side

MAX_BATCH = 200
"""Files deleted between two commits."""


@dataclass(frozen=True, slots=True)
class Trash:
    """What becomes of messages on the server: the folder for deleted ones, if there is any.

    Whether they go there by `policy`, or only where the server cannot expunge just these.
    """

    wire: bytes | None
    policy: DeletePolicy


_NOT_SEEN = "gone on the server: its file stays until every folder could be looked into"

_MARK: Flags = frozenset({Flag.DELETED})


def settle_deletions(session: ImapSession, state: FolderState) -> None:
    """Find out what became of deletions that a run did not finish, before any is planned.

    What came true was no decision of the other side. What did not come true is decided anew,
    without the mark that the run may have left.
    """
    remote = state.remote
    marked: list[Uid] = []
    for intent in state.store.deletions(state.id):
        row = state.rows.get(intent.uid)
        if intent.uidvalidity == state.generation and row is not None:
            found, here = remote.get(row.uid), row.unique in state.entries
            came_true = found is None if intent.on_server else not here
            if came_true and (here or found is not None):
                state.forget([row.uid])  # it is back where it was deleted from: new there
                continue
            if intent.on_server and found is not None and _MARK & (found - row.flags):
                remote[row.uid] = found - _MARK
                marked.append(row.uid)
                continue
        state.store.drop_deletions(state.id, [intent])
    if marked and state.policy.changes_remote:
        state.enter(session)
        session.change_flags(marked, _MARK, add=False)
        state.store.drop_deletions(state.id, [_intent(state, u, on_server=True) for u in marked])


def delete_in_folder(
    session: ImapSession, task: FolderTask, *, unsent: Unsent, trash: Trash, here: bool
) -> FolderState | None:
    """Carry one folder's deletions over, both ways, and return how it stands afterwards.

    Without `here` no file goes: its message may have been moved to a folder that nobody could
    look into. None where the UIDs have changed since the first pass: then nothing is deleted.

    Raises: MailError.
    """
    selected = session.select(task.pair.wire, read_only=not task.writes_there)
    state = FolderState(task, selected)
    state.find()
    load_left_out(state)
    if not state.settled:
        return None
    there = There(session.fetch_flags(selected.exists))
    here_now = look_here(state)
    look_there(state, here_now, there)
    drop_impossible(state)
    drop_wrong(session, state, (uid for uid in state.remote if uid not in state.rows))
    if not here_now.is_here:
        state.vanished = Side.LOCAL
    actions = leave_unsent(state, decide(state), unsent, tell=True)
    task.counts.held_back += sum(isinstance(a, Hold) for a in actions)
    gone = [a for a in actions if isinstance(a, DeleteLocal)]
    if here:
        delete_here(state, gone)
    else:
        for action in gone:
            state.counts.skip(action.uid, _NOT_SEEN)
    missing = [a for a in actions if isinstance(a, DeleteRemote)]
    _delete_remote(session, state, missing, trash)
    return state


# -- here --------------------------------------------------------------------


def delete_here(state: FolderState, actions: Sequence[DeleteLocal]) -> None:
    """Remove files whose messages are gone on the server, durably, in batches."""
    if not actions:
        return
    last, following = max(state.rows), state.selected.uidnext
    if following is not None and following <= last:
        # A folder that was made anew, or put back from a copy, under the same UIDVALIDITY.
        state.counts.error = ProtocolViolation(
            f"the next UID is {following}, though UID {last} was there: nothing is deleted here"
        )
        return
    for start in range(0, len(actions), MAX_BATCH):
        batch = actions[start : start + MAX_BATCH]
        intents = [_intent(state, action.uid, on_server=False) for action in batch]
        state.store.add_deletions(state.id, intents)
        gone = [action.uid for action in batch if _remove(state, action)]
        for uid in gone:
            del state.entries[state.rows[uid].unique]
        state.folder.sync()
        state.counts.deleted_local += len(gone)
        state.forget(gone)
        if kept := [intent for intent in intents if intent.uid in state.rows]:
            state.store.drop_deletions(state.id, kept)


def _remove(state: FolderState, action: DeleteLocal) -> bool:
    """Remove one file, unless another program has changed it; tell whether it is gone."""
    row, entry = state.rows[action.uid], state.entries[action.unique]
    try:
        changed = hash_of(state.folder, entry) != (row.sha256, row.size)
    except NotFound:
        return True
    if changed:
        state.forget([row.uid])  # another message by now; the next run uploads it
        return False
    return state.folder.remove(entry)


# -- on the server -----------------------------------------------------------


def _delete_remote(
    session: ImapSession, state: FolderState, actions: Sequence[DeleteRemote], trash: Trash
) -> None:
    """Delete on the server what is gone here, in batches."""
    remove = _remover(session, state, trash)
    for start in range(0, len(actions), STORE_SET):
        uids = [action.uid for action in actions[start : start + STORE_SET]]
        if isinstance(remove, str):
            for uid in uids:
                state.counts.skip(uid, f"deleted here; there it stays: {remove}")
            continue
        state.store.add_deletions(state.id, [_intent(state, u, on_server=True) for u in uids])
        remove(uids)
        state.counts.deleted_remote += len(uids)
        state.forget(uids)
        for uid in uids:
            del state.remote[uid]


def _remover(
    session: ImapSession, state: FolderState, trash: Trash
) -> Callable[[Collection[Uid]], object] | str:
    """Return what removes exactly these messages, or why nothing does."""
    wanted = trash.policy is DeletePolicy.TRASH
    if wanted and trash.wire is None:
        return "the server has no trash folder, or not the one that `trash` names"
    can_expunge = "UIDPLUS" in session.capabilities
    wire = trash.wire if trash.wire != state.pair.wire else None
    if wire is not None and "MOVE" in session.capabilities:
        if wanted or not can_expunge:
            return lambda uids: session.move(uids, wire)
    elif wire is not None and can_expunge and wanted:

        def move(uids: Collection[Uid]) -> None:
            session.copy(uids, wire)
            session.delete_messages(uids)

        return move
    return session.delete_messages if can_expunge else "the server lacks UIDPLUS"


def _intent(state: FolderState, uid: Uid, *, on_server: bool) -> DeleteIntent:
    return DeleteIntent(state.generation, uid, on_server)
