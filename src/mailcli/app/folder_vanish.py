"""Folders that one side has no more: emptied on the other, made again, or left as they are.

A folder is deleted only when nothing is left in it, and only where the account
allows it (`delete_folders`). Where it does not, a folder that the server has no
more stays here and is marked as detached: no run makes it there again until a file
comes into it that was never agreed on.
"""

from collections.abc import Iterable, Sequence
from shlex import quote

from mailcli.app.folder_decision import decide
from mailcli.app.folder_delete import delete_here
from mailcli.app.folder_report import report_former
from mailcli.app.folder_state import FolderState
from mailcli.app.sync_run import SyncRun
from mailcli.errors import ConfirmationNeeded
from mailcli.imap.session import CommandFailed, ImapSession
from mailcli.store.names import INBOX
from mailcli.sync.plan import Append, DeleteLocal, DeleteRemote, Forget, Hold
from mailcli.sync.states import Side


def inner_first(states: Iterable[FolderState]) -> list[FolderState]:
    """Return folders so that each comes before the one that it lies in."""
    return sorted(states, key=lambda state: -len(state.pair.name.parts))


def settle_gone_there(session: ImapSession, state: FolderState, run: SyncRun) -> bool:
    """Carry on with a folder that the server has no more; tell whether it is to be made again.

    Moves are done by now: what is left here was deleted with the folder.

    Raises: MailError.
    """
    del session
    actions = decide(state)
    report_former(state)
    held = sum(isinstance(action, Hold) for action in actions)
    if held:
        state.counts.held_back = held
        state.counts.error = ConfirmationNeeded(
            f"{state.name}: the folder is gone on the server; nothing is deleted here",
            # Not "make it again": a new folder has another UIDVALIDITY, and nothing is uploaded.
            hint="to have it there again, give its directory here another name; or, if its"
            " messages are to be deleted here as well:"
            f" mailcli imap-sync {quote(state.name)} --allow-mass-delete",
        )
        return False
    state.forget([action.uid for action in actions if isinstance(action, Forget)])
    if run.has_seen_all:
        delete_here(state, [action for action in actions if isinstance(action, DeleteLocal)])
    if any(isinstance(action, Append) for action in actions):
        return True
    if run.policy.changes_local and not state.folder.scan():
        _part(state, run)
    return False


def _part(state: FolderState, run: SyncRun) -> None:
    """Remove an empty folder here, or let it be only here."""
    may_go = run.server.delete_folders and state.pair.name != INBOX
    if may_go and state.folder.remove_empty():
        run.state.forget_folder(state.id)
        run.tally.deleted.append(state.name)
    else:
        run.state.set_detached(state.id, True)


def delete_gone_here(session: ImapSession, states: Sequence[FolderState], run: SyncRun) -> None:
    """Delete folders on the server that are gone here, the inner ones first.

    Only what is empty by the server's own word, just before.

    Raises: MailError where the connection is lost.
    """
    for state in inner_first(states):
        if state.counts.broken or state.pair.name == INBOX:
            continue
        try:
            if session.open_folder == state.pair.wire:
                # Dovecot hangs up on a client whose open folder was deleted, even by itself.
                session.select(b"INBOX", read_only=True)
            if session.count_messages(state.pair.wire) == 0:
                session.delete(state.pair.wire)
                run.state.forget_folder(state.id)
                run.tally.deleted.append(state.name)
        except CommandFailed as exc:
            state.counts.error = state.counts.error or exc


def would_go(state: FolderState, run: SyncRun) -> bool:
    """Tell whether a run would delete a folder on the side that still has it; for a dry run."""
    if not run.server.delete_folders or state.pair.name == INBOX:
        return False
    actions = decide(state)
    if state.vanished is Side.LOCAL:
        gone = {action.uid for action in actions if isinstance(action, DeleteRemote)}
        return run.policy.changes_remote and gone == state.remote.keys()
    removed = {action.unique for action in actions if isinstance(action, DeleteLocal)}
    return run.policy.changes_local and removed == state.entries.keys()
