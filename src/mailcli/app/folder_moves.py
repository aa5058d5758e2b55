"""Messages that another program moved here: one MOVE on the server, or only a new name.

Which file is which message is `sync.moves`' decision. A MOVE cannot be repeated
without harm, so the journal has an upload to the new folder, which a run that
finds it open looks up there, and where the server can only copy and delete, a
deletion from the old one.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from mailcli.app.folder_fetch import recognise
from mailcli.app.folder_letters import agreed_keywords, translate_letters
from mailcli.app.folder_look import look_again
from mailcli.app.folder_state import FolderState
from mailcli.app.stores import message_id_of
from mailcli.app.sync_run import SyncRun
from mailcli.errors import NotFound
from mailcli.imap.session import STORE_SET, CommandFailed, ImapSession
from mailcli.imap.sets import UidSet
from mailcli.imap.values import Moved as Places
from mailcli.model import Uid, system_flags_of
from mailcli.store.line_ends import may_become
from mailcli.store.records import AppendIntent, DeleteIntent
from mailcli.sync.moves import Missing, Moved, Stray, pair


def find_moves(
    run: SyncRun, states: Collection[FolderState], sources: Collection[FolderState] = ()
) -> list[Moved]:
    """Return what another program moved or renamed here, and take it out of the folders' plans.

    A file's new name within its folder is recorded at once: nothing has to be done. One that the
    server has no more may have been moved there as well: `Orphans` looks where the file is now.
    `sources` are folders that only take part in that files were moved out of them.
    """
    aside = {source.name for source in sources}
    states = [*states, *sources]
    delivered = _find_delivered(states) if run.policy.changes_remote else set()
    missing = [message for state in states for message in _missing(state)]
    octets = {message.content[0] for message in missing}
    here = [state for state in states if missing and state.strays()]
    strays = [s for state in here for s in run.attempt(state, _strays, state, octets) or ()]
    by_name = {state.name: state for state in states}
    pairs = [m for m in pair(missing, strays) if m.is_rename or m.stray.folder not in aside]
    if not run.dry_run:
        translate_letters(run, states, [moved for moved in pairs if not moved.is_rename])
    moves = []
    for moved in pairs:
        source, target = by_name[moved.missing.folder], by_name[moved.stray.folder]
        if moved.is_rename:
            row = source.rows[moved.missing.uid]
            flags, content = row.flags, moved.missing.content
            if not source.dry_run:
                source.folder.sync()
            renamed = source.agree(
                row.uid, moved.stray.unique, flags, content, email_id=row.email_id
            )
            source.rebind(renamed)
        elif moved.missing.uid not in source.remote:
            source.between.elsewhere[moved.missing.uid] = target, moved.stray.unique
            target.between.undecided.add(moved.stray.unique)
            if not run.looks_everywhere:
                target.between.spoken_for.add(moved.stray.unique)
        elif source.pair.wire:
            source.between.away.add(moved.missing.uid)
            if target.pair.wire:
                target.between.spoken_for.add(moved.stray.unique)
            if moved.missing not in delivered:
                # The old message is there still: a new one with the same octets is a copy.
                target.between.claimed.add(moved.stray.unique)
            moves.append(moved)
    return moves


def _find_delivered(states: Collection[FolderState]) -> set[Missing]:
    """Know messages by their files in other folders: delivered, moved, and never recorded.

    A run that was killed between the delivery and its record leaves such a file, and so does a
    state that was lost. What is known so is recorded only when it is moved on the server.
    """
    found: set[Missing] = set()
    tokens = {
        token: (state, unique)
        for state in states
        for unique in state.strays()
        if (token := state.entries[unique].token)
    }
    for source in states if tokens else []:
        for uid in source.remote.keys() - source.rows.keys():
            holder, unique = tokens.get(source.token(uid), (source, ""))
            if holder is source or not (content := holder.content_of(unique)):
                continue
            entry = holder.entries[unique]
            flags = (entry.flags | source.letters.keywords_of(entry.others)) & source.remote[uid]
            source.rows[uid] = source.agree(uid, unique, flags, content)
            found.add(Missing(source.name, uid, unique, content))
    return found


def _missing(state: FolderState) -> list[Missing]:
    """Return the messages whose files are not where they were."""
    return [
        Missing(state.name, row.uid, row.unique, (row.size, row.sha256))
        for row in state.rows.values()
        if row.unique not in state.entries
    ]


def _strays(session: ImapSession, state: FolderState, octets: Collection[int]) -> list[Stray]:
    """Return the files that no message is bound to and whose size one of these could have."""
    del session
    smallest, largest = min(octets), max(octets)
    found: list[Stray] = []
    waiting = state.strays()
    if not waiting:
        return found  # in a dry run, the folder may not be there yet
    sizes = {
        entry.unique: entry.size for entry in state.folder.scan(stat=True, among=set(waiting))
    }
    for unique in waiting:
        if not may_become(sizes.get(unique, 0), smallest, largest):
            continue
        content = state.content_of(unique)
        if content and content[0] in octets:
            found.append(Stray(state.name, unique, content))
    return found


def carry_moves(
    session: ImapSession, states: Mapping[str, FolderState], moves: Sequence[Moved]
) -> None:
    """Move on the server what was moved here, between two folders.

    Raises: MailError; what is then open is settled by the next run.
    """
    pairs: dict[tuple[str, str], list[Moved]] = defaultdict(list)
    for moved in moves:
        pairs[moved.missing.folder, moved.stray.folder].append(moved)
    for (source, target), group in pairs.items():
        for start in range(0, len(group), STORE_SET):
            _carry(session, states[source], states[target], group[start : start + STORE_SET])


def _carry(
    session: ImapSession, source: FolderState, target: FolderState, moves: Sequence[Moved]
) -> None:
    """Move messages between two folders, unless what is new there turned out to be them."""
    waiting = target.strays()
    moves = [m for m in moves if m.stray.unique in waiting and m.missing.uid in source.rows]
    unique_of = {m.missing.uid: m.stray.unique for m in moves}
    intents = [_intent(target, m) for m in moves]
    if not moves:
        return
    target.folder.sync()
    target.store.add_intents(target.id, [intent for intent in intents if intent])
    source.enter(session)
    try:
        places = _move(session, source, target, list(unique_of))
    except CommandFailed as exc:
        # Part of it may be done: the journal stays, and the next run looks.
        source.counts.error = source.counts.error or exc
        return
    known = _new_uids(places, target)
    for uid, unique in unique_of.items():
        new = known.get(uid)
        if new is not None:
            row = source.rows[uid]
            flags = row.flags
            if unique in target.between.brought:
                flags = system_flags_of(flags) | agreed_keywords(target, unique)
            moved = target.agree(new, unique, flags, (row.size, row.sha256), email_id=row.email_id)
            target.remote[new] = source.remote.pop(uid)
            target.receive([(moved, source, row)])
            target.between.spoken_for.discard(unique)
            target.between.claimed.discard(unique)
            target.counts.moved += 1
        source.between.away.discard(uid)
    if left := {uid: unique for uid, unique in unique_of.items() if uid not in known}:
        _look_up(session, source, target, left)


def _new_uids(places: Places | None, target: FolderState) -> Mapping[Uid, Uid]:
    """Return what the server says the new UIDs are; nothing where that cannot be."""
    if places is None or places.uidvalidity != target.generation:
        return {}
    new = set(places.pairs.values())
    first = target.selected.uidnext or 0
    if len(new) < len(places.pairs) or new & target.rows.keys() or min(new, default=0) < first:
        return {}
    return places.pairs


def _move(
    session: ImapSession, source: FolderState, target: FolderState, uids: Sequence[Uid]
) -> Places | None:
    """Move by one command, or by a copy and a deletion of exactly these messages."""
    if "MOVE" in session.capabilities:
        return session.move(uids, target.pair.wire)
    places = session.copy(uids, target.pair.wire)
    intents = [DeleteIntent(source.generation, uid, on_server=True) for uid in uids]
    source.store.add_deletions(source.id, intents)
    session.delete_messages(uids)
    return places


def can_move(session: ImapSession) -> bool:
    """Tell whether messages can be moved: without MOVE, exactly they must be removable."""
    return "MOVE" in session.capabilities or "UIDPLUS" in session.capabilities


def release_moves(
    session: ImapSession,
    target: FolderState,
    states: Mapping[str, FolderState],
    moves: Sequence[Moved],
) -> None:
    """Let files that were moved to a folder be uploaded there, since the server cannot move.

    Raises: MailError.
    """
    del session
    for moved in moves:
        states[moved.missing.folder].between.away.discard(moved.missing.uid)
        target.between.spoken_for.discard(moved.stray.unique)
        target.between.claimed.discard(moved.stray.unique)
    target.folder.sync()


def _look_up(
    session: ImapSession,
    source: FolderState,
    target: FolderState,
    unique_of: Mapping[Uid, str],
) -> None:
    """Find what the server did not say the new UID of, by its octets.

    What is not there was gone before it could be moved, or the server moved nothing: its file is
    uploaded like a new one, and what is left of it where it was is deleted like any other.
    """
    selected = target.enter(session, again=True)
    look_again(target, session.fetch_flags(selected.exists))
    target.between.spoken_for.difference_update(unique_of.values())
    target.between.claimed.difference_update(unique_of.values())
    recognise(session, target, UidSet.of(u for u in target.remote if u not in target.rows))
    found = target.bound().intersection(unique_of.values())
    target.counts.moved += len(found)
    target.store.drop_intents(target.id, set(unique_of.values()) - found)
    gone = set(unique_of)
    if len(found) < len(gone):
        selected = source.enter(session, again=True)
        gone -= session.fetch_flags(selected.exists).keys()
    for uid in gone:
        source.remote.pop(uid, None)
    source.forget([uid for uid in gone if uid in source.rows])


def _intent(target: FolderState, moved: Moved) -> AppendIntent | None:
    """Return the journal's record of a move: to the new folder, it is an upload."""
    entry = target.entries[moved.stray.unique]
    size, digest = moved.stray.content
    try:
        message_id = message_id_of(target.folder.open_wire(entry))
    except NotFound:
        return None  # another program took it away meanwhile
    following = target.selected.uidnext
    return AppendIntent(entry.unique, digest, size, message_id, target.generation, following)
