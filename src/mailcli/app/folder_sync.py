"""What both sides of a folder have, and what is new on the server: brought here, and recorded.

The plan is `sync.plan`'s; here all of it is carried out that is neither a move
nor an upload nor a deletion. Uploads come later, because what is fetched may turn
out to be a file that is here already. What a crash at each step leaves behind
stands in ARCHITECTURE.md.
"""

from collections import defaultdict
from collections.abc import Sequence
from shlex import quote

from mailcli.app.folder_decision import decide_known
from mailcli.app.folder_fetch import fetch_new, recognise
from mailcli.app.folder_limits import within_limits
from mailcli.app.folder_orphans import Orphans
from mailcli.app.folder_report import report_former
from mailcli.app.folder_state import FolderState
from mailcli.app.folder_told import drop_wrong
from mailcli.app.folder_unsent import Unsent, leave_unsent
from mailcli.app.folder_upload import look_up, upload
from mailcli.app.sync_run import SyncRun
from mailcli.errors import ConfirmationNeeded, LocalError, NotFound
from mailcli.imap.session import CommandFailed, ImapSession
from mailcli.imap.sets import UidSet
from mailcli.model import Flags, Uid
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
from mailcli.sync.states import Side

UPLOAD_SET = 50
"""Files uploaded between two commits: with luck, by one command."""

_REFUSES_ALL = {"OVERQUOTA", "NOPERM", "TRYCREATE", "NONEXISTENT"}
"""Response codes (RFC 5530) of a refusal that is not this one message's."""


def bring(
    session: ImapSession, state: FolderState, orphans: Orphans, unsent: Unsent, run: SyncRun
) -> None:
    """Bring flags to both sides, and what is new on the server here.

    `orphans` are the files of the whole account whose messages are gone on the server: what is
    new may be one of them, moved. `unsent` looks for what was moved here to folders of which
    this run uploads nothing: it is not deleted, nor does it count.

    Raises: MailError.
    """
    actions: Sequence[Action]
    actions, unknown = decide_known(state)
    if _is_held(state, actions):
        return
    if any(isinstance(action, Hold) for action in actions):
        actions = leave_unsent(state, actions, unsent, tell=False)
    state.hold({action.uid for action in actions if isinstance(action, Hold)})
    # A folder that is missing as a whole is decided as a whole.
    unseen = state.vanished is None and not run.looks_everywhere
    _begin_anew(state, actions)
    actions = _without_undecided(state, actions, may_be_here=unseen, may_be_there=True)
    _apply_known(session, state, actions)
    # What an action is about was agreed on, but where the folder here is to be made anew.
    again = [action.uid for action in actions if isinstance(action, Fetch)]
    new = UidSet.union([UidSet.of(again), unknown])
    uploads = any(isinstance(action, Append) for action in actions)
    del actions, again
    if _recognised(session, state, new, orphans, uploads=uploads):
        actions, _ = decide_known(state)
        actions = _without_undecided(state, actions, may_be_here=unseen, may_be_there=True)
        _apply_known(session, state, actions)


def put(session: ImapSession, state: FolderState, run: SyncRun) -> bool:
    """Upload what the server lacks; tell whether there are deletions to be made.

    Raises: MailError.
    """
    actions: Sequence[Action]
    actions, _ = decide_known(state)
    unseen = not run.looks_everywhere
    # A run that fetches nothing cannot tell a message that was moved from a deleted one.
    may_be_there = unseen or not run.policy.changes_local
    actions = _without_undecided(state, actions, may_be_here=unseen, may_be_there=may_be_there)
    if state.vanished is Side.LOCAL and not state.policy.allow_mass_delete:
        return False
    report_former(state)
    # Flags of messages that were moved here are merged where they are now.
    _apply_known(session, state, actions)
    _upload(session, state, [action for action in actions if isinstance(action, Append)])
    if may_be_there:
        _report_undecided(state)
    # What is away still is where this run does not upload: the deletions' pass says so.
    undone = state.policy.changes_remote and bool(state.between.away)
    return state.settled and (undone or any(isinstance(a, Deletion | Hold) for a in actions))


def _report_undecided(state: FolderState) -> None:
    """Say which files are not uploaded, since the server may have moved their messages, too."""
    for unique in sorted(state.between.undecided.intersection(state.strays())):
        why = (
            "moved here, and its message is gone where it was: it is not uploaded until all"
            " folders are synchronised both ways"
        )
        state.counts.skip(None, why, path=state.path_of(unique))


def _without_undecided(
    state: FolderState, actions: Sequence[Action], *, may_be_here: bool, may_be_there: bool
) -> list[Action]:
    """Return actions without those about messages that a side lost, and that are not deletions.

    They may turn up in another folder, here or there: until all have been looked through, they
    stay agreed on. Those that were moved here count, since the server may have moved their
    messages, too: their files are no new ones.
    """
    kept = {
        action.uid
        for action in actions
        if isinstance(action, Forget)
        and (may_be_there or action.uid in state.remote)
        and (
            may_be_here or action.unique in state.entries or action.uid in state.between.elsewhere
        )
    }
    files = {state.rows[uid].unique for uid in kept}
    moved = state.between.undecided if may_be_there else set()
    return [
        action
        for action in actions
        if getattr(action, "uid", None) not in kept
        and getattr(action, "unique", None) not in files
        and not (isinstance(action, Append) and action.unique in moved)
    ]


def _is_held(state: FolderState, actions: Sequence[Action]) -> bool:
    """Tell whether the folder is missing here, and nobody has said that this is meant.

    A disk that is not mounted looks the same as a folder that was deleted.
    """
    if state.vanished is None or not any(isinstance(action, Hold) for action in actions):
        return False
    state.counts.held_back = sum(isinstance(action, Hold) for action in actions)
    state.counts.error = ConfirmationNeeded(
        f"{state.folder.path}: the folder is gone; nothing is deleted on the server",
        hint="put it back; or, if its messages are to be deleted there as well:"
        f" mailcli imap-sync {quote(state.name)} --allow-mass-delete",
    )
    return True


def _begin_anew(state: FolderState, actions: Sequence[Action]) -> None:
    """Make a folder again that is missing here, where its messages are wanted."""
    if state.vanished is Side.LOCAL and any(isinstance(action, Fetch) for action in actions):
        state.record()
        state.folder.create()
        state.vanished = None


def _recognised(
    session: ImapSession, state: FolderState, new: UidSet, orphans: Orphans, *, uploads: bool
) -> bool:
    """Fetch what is new; whether some of it turned out to be a file that is here already.

    A run that makes no file only looks for such messages, and only before it would upload, or say
    that the server has lost one.
    """
    wrong = drop_wrong(session, state, (uid for uid in state.remote if uid not in state.rows))
    if state.policy.changes_local:
        new = UidSet.union([new, UidSet.of(wrong)]) if wrong else new
    wanted = within_limits(session, state, new, orphans)
    if new or wanted:
        return fetch_new(session, state, wanted, orphans)
    fresh = UidSet.of(uid for uid in state.remote if uid not in state.rows)
    wants = bool(wrong or state.between.spoken_for or state.former or state.between.undecided)
    return bool(fresh) and (wants or uploads) and recognise(session, state, fresh)


# -- what both sides have ----------------------------------------------------


def _apply_known(session: ImapSession, state: FolderState, actions: Sequence[Action]) -> None:
    """Bring flags to both sides, then record what was agreed on."""
    state.forget([a.uid for a in actions if isinstance(a, Forget)])
    lost = set(state.between.given_up)  # what was refused is not tried again in this run
    lost |= _bind(state, [a for a in actions if isinstance(a, Bind)])
    known = [a for a in actions if isinstance(a, StoreFlags | SetLocalFlags) and a.uid not in lost]
    lost |= _store_flags(session, state, [a for a in known if isinstance(a, StoreFlags)])
    lost |= _set_local_flags(state, [a for a in known if isinstance(a, SetLocalFlags)])
    agreed = [a for a in actions if isinstance(a, Agree) and a.uid not in lost]
    state.save(state.rows[a.uid]._replace(flags=a.flags) for a in agreed)


def _bind(state: FolderState, actions: Sequence[Bind]) -> set[Uid]:
    """Record which files are which messages; return those whose file cannot be read."""
    rows = []
    for uid, unique, flags in ((a.uid, a.unique, a.flags) for a in actions):
        if content := state.content_of(unique):
            rows.append(state.agree(uid, unique, flags, content))
    state.save(rows)
    return {a.uid for a in actions} - {row.uid for row in rows}


def _store_flags(
    session: ImapSession, state: FolderState, actions: Sequence[StoreFlags]
) -> set[Uid]:
    """Change flags on the server, messages with the same change together.

    Returns the messages whose change it refused: that stops no other.
    """
    refused: set[Uid] = set()
    if actions:
        state.enter(session)
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
    for action in actions:
        if action.uid not in refused:
            state.remote[action.uid] = (state.remote[action.uid] | action.add) - action.remove
            state.counts.flags_remote += 1
    state.between.given_up |= refused
    return refused


def _set_local_flags(state: FolderState, actions: Sequence[SetLocalFlags]) -> set[Uid]:
    """Rename files durably; return the messages whose file could not be renamed."""
    lost: set[Uid] = set()
    for action in actions:
        try:
            state.set_flags(action.unique, action.flags)
            state.counts.flags_local += 1
        except NotFound:
            lost.add(action.uid)
            state.counts.skip(action.uid, "the file went away during the run")
        except LocalError as exc:
            lost.add(action.uid)
            state.counts.fail(exc, path=state.path_of(action.unique))
    if actions:
        state.folder.sync()
    state.between.given_up |= lost
    return lost


def _upload(session: ImapSession, state: FolderState, actions: Sequence[Append]) -> None:
    """Upload files. One that the server will not have stops no other.

    Where it would refuse all others, too, the folder goes on without: a deletion may make room.

    Raises: MailError.
    """
    progress = state.task.context.progress
    with progress.transfer(f"{state.name}, upload", messages=lambda: len(actions)) as show:
        for start in range(0, len(actions), UPLOAD_SET):
            group = actions[start : start + UPLOAD_SET]
            if not _are_taken(session, state, group):
                break
            for action in group:
                size, _ = state.content_of(action.unique) or (0, b"")
                show(size)
    if actions:
        look_up(session, state)


def _are_taken(session: ImapSession, state: FolderState, group: Sequence[Append]) -> bool:
    """Upload a few files; tell whether it makes sense to go on with others."""
    refused = upload(session, state, group)
    hopeless = [exc for exc in refused.values() if exc.response_code in _REFUSES_ALL]
    if hopeless:
        state.counts.error = state.counts.error or hopeless[0]
    for unique, exc in refused.items():
        if exc not in hopeless:
            state.counts.fail(exc, path=state.path_of(unique))
    return not hopeless
