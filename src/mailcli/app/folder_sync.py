"""One folder's synchronisation: gather both sides, plan, apply in durable batches.

The plan is `sync.plan`'s; here it is carried out, in two rounds: first all that
is no upload, because what is fetched may turn out to be a file that is here
already, and then what the server really lacks. What a crash at each step leaves
behind stands in ARCHITECTURE.md.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mailcli.app.folder_delete import settle_deletions
from mailcli.app.folder_fetch import fetch_new, recognise
from mailcli.app.folder_report import planned
from mailcli.app.folder_state import FolderState, FolderTask, decide
from mailcli.app.folder_upload import settle_uploads, upload
from mailcli.errors import (
    ConfirmationNeeded,
    LocalError,
    MailError,
    NotFound,
    ProtocolViolation,
    TemporaryFailure,
)
from mailcli.imap.session import CommandFailed, FolderUnusable, ImapSession
from mailcli.model import Flags, Uid, system_flags_of
from mailcli.results import PlannedAction
from mailcli.sync.plan import (
    Action,
    Agree,
    Append,
    Bind,
    Deletion,
    Fetch,
    Forget,
    Hold,
    SetLocalFlags,
    StoreFlags,
)

_REFUSES_ALL = {"OVERQUOTA", "NOPERM", "TRYCREATE", "NONEXISTENT"}
"""Response codes (RFC 5530) of a refusal that is not this one message's."""


def sync_folder(session: ImapSession, task: FolderTask, *, dry_run: bool) -> bool:
    """Synchronise one folder but for deletions, and tell whether there are any.

    With `dry_run`, only note what would be done. What was done stands in the task's counts.

    Raises: TemporaryFailure and ProtocolViolation, after which the connection is of no use;
        any other failure is the folder's own and one of its counts.
    """
    read_only = dry_run or not task.policy.changes_remote
    try:
        state = FolderState(task, session.select(task.pair.wire, read_only=read_only))
        if not dry_run:
            return _sync(session, state)
        task.counts.actions = _preview(session, state)
    except FolderUnusable as exc:
        task.counts.error = exc
    except (TemporaryFailure, ProtocolViolation):
        raise
    except MailError as exc:
        task.counts.error = exc
    return False


def _preview(session: ImapSession, state: FolderState) -> tuple[PlannedAction, ...]:
    """Return what a run would do; nothing is written anywhere."""
    state.load()
    found = state.scanned()
    remote = session.fetch_flags(state.selected.exists)
    held = [] if found or state.policy.allow_mass_delete else sorted(state.rows.keys() & remote)
    if held:
        return tuple(PlannedAction("hold", uid, None, "the folder is gone here") for uid in held)
    return tuple(planned(state, action) for action in decide(state, remote))


def _sync(session: ImapSession, state: FolderState) -> bool:
    found = state.scanned()
    state.load()
    state.record()
    remote = session.fetch_flags(state.selected.exists)
    if not found and not _may_begin_anew(state, remote):
        return False
    if found or state.policy.changes_local or state.rows:
        state.folder.create()
        state.folder.remove_stale_tmp()
    if state.entries.keys() - state.bound():
        # What is about to be agreed on must not vanish with the power: it would look deleted.
        state.folder.sync()
    settle_deletions(session, state, remote)
    settle_uploads(session, state, remote)
    actions = decide(state, remote)
    _apply_known(session, state, actions)
    if _recognised(session, state, actions, remote):
        actions = decide(state, _after(remote, actions))
        _apply_known(session, state, actions)
    _report_former(state)
    for action in actions:
        if isinstance(action, Append):
            _upload(session, state, action)
    return state.settled and any(isinstance(a, Deletion | Hold) for a in actions)


def _may_begin_anew(state: FolderState, remote: Mapping[Uid, Flags]) -> bool:
    """Tell whether a folder that is missing here may be made again.

    A disk that is not mounted looks the same as a folder that was deleted. Confirmed, its
    messages are deleted on the server, too; unless new mail is there: then all of it comes back.
    """
    held = state.rows.keys() & remote
    if not held:
        return True
    if not state.policy.allow_mass_delete:
        state.counts.held_back = len(held)
        state.counts.error = ConfirmationNeeded(
            f"{state.folder.path}: the folder is gone; nothing is deleted on the server",
            hint="restore it; or, if its messages are to go there, too: --allow-mass-delete",
        )
        return False
    if remote.keys() - state.rows:
        state.forget(list(state.rows))
    return True


def _recognised(
    session: ImapSession,
    state: FolderState,
    actions: Sequence[Action],
    remote: Mapping[Uid, Flags],
) -> bool:
    """Fetch what is new; whether some of it turned out to be a file that is here already.

    A run that makes no file only looks for such messages, and only before it would upload.
    """
    if new := [action.uid for action in actions if isinstance(action, Fetch)]:
        return fetch_new(session, state, new)
    fresh = [uid for uid in remote if uid not in state.rows]
    uploads = any(isinstance(action, Append) for action in actions)
    return bool(fresh) and uploads and recognise(session, state, fresh)


def _after(remote: Mapping[Uid, Flags], actions: Sequence[Action]) -> dict[Uid, Flags]:
    """Return what the server holds once these actions have been carried out."""
    now = dict(remote)
    for action in actions:
        if isinstance(action, StoreFlags):
            now[action.uid] = (now[action.uid] | action.add) - action.remove
    return now


def _report_former(state: FolderState) -> None:
    """Say which files the server lacks since it has renumbered the folder; they stay."""
    for unique in state.former:
        if path := state.path_of(unique):
            why = "the server renumbered the folder and has this message no longer"
            state.counts.skip(None, why, path=path)


# -- what both sides have ----------------------------------------------------


def _apply_known(session: ImapSession, state: FolderState, actions: Sequence[Action]) -> None:
    """Bring flags to both sides, then record what was agreed on."""
    state.forget([a.uid for a in actions if isinstance(a, Forget)])
    lost = _bind(state, [a for a in actions if isinstance(a, Bind)])
    known = [a for a in actions if isinstance(a, StoreFlags | SetLocalFlags) and a.uid not in lost]
    lost |= _store_flags(session, state, [a for a in known if isinstance(a, StoreFlags)])
    lost |= _set_local_flags(state, [a for a in known if isinstance(a, SetLocalFlags)])
    agreed = [a for a in actions if isinstance(a, Agree) and a.uid not in lost]
    state.save(replace(state.rows[a.uid], flags=a.flags) for a in agreed)


def _bind(state: FolderState, actions: Sequence[Bind]) -> set[Uid]:
    """Record which files are which messages; return those whose file cannot be read."""
    rows = []
    for uid, unique, flags in ((a.uid, a.unique, a.flags) for a in actions):
        if content := state.content_of(unique):
            size, digest = content
            rows.append(state.agree(uid, unique, flags, size=size, digest=digest))
    state.save(rows)
    return {a.uid for a in actions} - {row.uid for row in rows}


def _store_flags(
    session: ImapSession, state: FolderState, actions: Sequence[StoreFlags]
) -> set[Uid]:
    """Change flags on the server, messages with the same change together.

    Returns the messages whose change it refused: that stops no other.
    """
    refused: set[Uid] = set()
    for add in (True, False):
        changes: dict[Flags, list[Uid]] = defaultdict(list)
        for action in actions:
            if flags := action.add if add else action.remove:
                changes[flags].append(action.uid)
        for flags, uids in changes.items():
            try:
                session.change_flags(uids, flags, add=add)
            except CommandFailed as exc:
                refused.update(uids)
                state.counts.error = state.counts.error or exc
    state.counts.flags_remote += len(actions) - len(refused)
    return refused


def _set_local_flags(state: FolderState, actions: Sequence[SetLocalFlags]) -> set[Uid]:
    """Rename files durably; return the messages whose file could not be renamed."""
    lost: set[Uid] = set()
    for action in actions:
        entry = state.entries[action.unique]
        try:
            state.entries[action.unique] = state.folder.set_flags(
                entry, system_flags_of(action.flags)
            )
            state.counts.flags_local += 1
        except NotFound:
            lost.add(action.uid)
            state.counts.skip(action.uid, "the file went away during the run")
        except LocalError as exc:
            lost.add(action.uid)
            state.counts.fail(exc, path=state.path_of(action.unique))
    if actions:
        state.folder.sync()
    return lost


def _upload(session: ImapSession, state: FolderState, action: Append) -> None:
    """Upload one file. One that the server will not have stops no other.

    Raises: CommandFailed where the server would refuse all others, too; MailError.
    """
    try:
        upload(session, state, action)
    except CommandFailed as exc:
        if exc.response_code in _REFUSES_ALL:
            raise
        state.counts.fail(exc, path=state.path_of(action.unique))
