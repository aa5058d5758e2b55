"""What both sides of a folder hold now: the first look of a run, before anything is decided.

It also settles what an earlier run left open, makes the folder where it is new
here, and keeps to reading in a dry run.

The server is asked for no more than is needed: only the changes since the last
agreement where it can tell them (RFC 7162; what has none is not looked at, see
`folder_unchanged`), and only the UIDs where nothing was agreed on and no file is here: flags come
with the messages. Both are hints, held against the number of messages; where that does
not fit, and with `--full`, all flags are listed. Deletions never rest on them.
"""

from contextlib import suppress

from mailcli.app.folder_delete import settle_deletions
from mailcli.app.folder_limits import load_left_out
from mailcli.app.folder_look import Here, There, look_here, look_there, looked_before
from mailcli.app.folder_narrow import look_narrowly
from mailcli.app.folder_state import FolderState
from mailcli.app.folder_task import FolderTask
from mailcli.app.folder_told import drop_impossible
from mailcli.app.folder_upload import settle_uploads
from mailcli.errors import MailError
from mailcli.imap.session import CommandFailed, ImapSession
from mailcli.imap.sets import UidSet
from mailcli.imap.uid_flags import UidFlags
from mailcli.imap.values import Changes, Selected, Since
from mailcli.model import UidValidity
from mailcli.store.records import FolderRow
from mailcli.sync.states import Side


def survey(
    session: ImapSession,
    task: FolderTask,
    known: FolderRow | None,
    *,
    opened: Selected | MailError | None = None,
    may_go: bool = False,
) -> FolderState:
    """Look at a folder that the server has.

    `known` are the numbers of the last agreement; None asks for everything. `opened` is what
    the server told already. With `may_go`, a folder that was deleted here and is empty there is
    as good as deleted.

    Raises: MailError.
    """
    since = since_agreed(known)
    if opened is None:
        opened = session.select(task.pair.wire, read_only=not task.writes_there, since=since)
    elif isinstance(opened, MailError):
        raise opened
    state = FolderState(task, opened)
    state.find()
    load_left_out(state)
    is_here = _look(session, state, since)
    is_known = bool(state.at_rest or state.rows)
    state.counts.resumed = task.agreed_numbers() is None and state.settled and is_known
    # What was once agreed on shows that the folder was here, until it is made again or deleted.
    was_here = state.settled and (is_known or task.agreed_numbers() is not None)
    if not task.dry_run and (is_here or not was_here):
        state.record()
    drop_impossible(state)
    is_empty = may_go and was_here and not state.remote
    if not is_here and (is_empty or state.rows.keys() & state.remote.keys()):
        state.vanished = Side.LOCAL
        if not task.dry_run:
            settle_deletions(session, state)  # what comes back is not to have our mark
    elif task.dry_run:
        state.counts.made = not is_here and task.policy.changes_local
    else:
        _prepare(session, state, is_here=is_here)
    return state


def since_agreed(known: FolderRow | None) -> Since | None:
    """Return from where on changes are to be told; None: everything is to be listed."""
    if known is None or known.highestmodseq is None:
        return None
    return Since(known.uidvalidity, known.highestmodseq)


def _look(session: ImapSession, state: FolderState, since: Since | None) -> bool:
    """Look at both sides, at what has changed alone where it is told; whether one is here."""
    changes = _changes(session, state, since)
    before = looked_before(state)
    if before is None and changes is not None and look_narrowly(state, changes):
        return True
    here = before or look_here(state)
    look_there(state, here, _there(session, state, here, changes))
    return here.is_here


def _changes(session: ImapSession, state: FolderState, since: Since | None) -> Changes | None:
    """Return what the server tells has changed since the last agreement, where it can."""
    if since is None or not state.settled:
        return None
    if state.selected.changes is not None:
        return state.selected.changes
    state.enter(session)
    return Changes(session.fetch_changed_flags(since.modseq), UidSet())


def _there(session: ImapSession, state: FolderState, here: Here, changes: Changes | None) -> There:
    """Return what the server holds: the changes since the last agreement, where they fit."""
    if changes is not None:
        there = There.changed(state, changes)
        if there.count(state) == state.selected.exists:
            return there
    exists = state.enter(session).exists
    if _is_new(state, here):
        with suppress(CommandFailed):
            uids = session.search_uids()
            if len(uids) == exists:
                return There(UidFlags.of(uids, frozenset()))
    return There(session.fetch_flags(exists))


def _is_new(state: FolderState, here: Here) -> bool:
    """Tell whether there is nothing here that flags on the server could be compared with."""
    store, known = state.store, state.id
    return not (
        here.entries or state.left or store.count_messages(known) or store.has_intents(known)
    )


def _prepare(session: ImapSession, state: FolderState, *, is_here: bool) -> None:
    """Make the folder where it is new here, and settle what an earlier run left open."""
    if is_here or state.policy.changes_local:
        if not is_here:
            state.record()
        state.folder.create()
        state.counts.made = not is_here
        state.folder.remove_stale_tmp()
    _follow_former(state)
    if state.entries.keys() - state.bound():
        # What is about to be agreed on must not vanish with the power: it would look deleted.
        state.folder.sync()
    settle_deletions(session, state)
    settle_uploads(session, state)


def _follow_former(state: FolderState) -> None:
    """Find files of earlier generations that another program renamed, and forget those gone.

    Else a renamed one would pass for a new message, and be uploaded. A file that is a message of
    another folder was moved here from there, whatever it was before that.
    """
    missing = [row for unique, row in state.former.items() if unique not in state.entries]
    strays = set(state.strays() if missing else ())
    if strays:
        strays -= state.store.files_elsewhere(state.id)
    contents = {unique: state.content_of(unique) for unique in sorted(strays)}
    for row in missing:
        content = row.size, row.sha256
        found = next((unique for unique, each in contents.items() if each == content), None)
        del state.former[row.unique]
        if found is not None:
            del contents[found]
            state.former[found] = row._replace(unique=found)
        if state.dry_run:
            continue
        if found is None:
            state.store.forget_messages(state.id, row.uidvalidity, [row.uid])
        else:
            state.store.save_messages(state.id, [state.former[found]])


def survey_here(task: FolderTask, known: FolderRow | None) -> FolderState:
    """Look at a folder that the server has not: one that it lost, or with None one that is new.

    A detached one counts as new, and all that was agreed on in it as of a former generation.

    Raises: MailError.
    """
    generation = known.uidvalidity if known else UidValidity(0)
    state = FolderState(task, Selected(0, generation, None, read_only=True))
    state.scan()
    state.load()
    _follow_former(state)
    if state.rows:
        state.vanished = Side.REMOTE
    return state


def survey_nowhere(task: FolderTask, known: FolderRow) -> FolderState:
    """Return what was agreed on of a folder that neither side has any more.

    Its messages may be in folders that have other names on both sides: renamed, or moved.
    """
    state = FolderState(task, Selected(0, known.uidvalidity, None, read_only=True))
    state.load()
    return state


def record_numbers(state: FolderState) -> bool:
    """Record the server's counters, if both sides agree on all that they cover; whether they do.

    They are those of the first look: what came since is told by the next run.
    """
    kept = state.selected.storable.of
    agreed = (
        not state.stirred
        and state.left.keys() | state.rows.keys() == state.remote.keys()
        and all(kept(row.flags) == kept(state.remote[uid]) for uid, row in state.rows.items())
    )
    agreed = agreed and not state.former and not state.between.away and state.folder.exists()
    if agreed:
        state.record(numbers=True)
    return agreed
