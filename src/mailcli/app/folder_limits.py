"""What an account leaves on the server: messages that are too large, or too old.

They are no part of the mirror: never fetched, and never taken for deleted here.
What is known of them is recorded, so that they are asked about once; when the
limit is lifted they are fetched like any other. One that is here already, as a
file that the state does not know or under another folder, is no such message.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import chain

from mailcli.app.folder_fetch import digests
from mailcli.app.folder_orphans import Orphans
from mailcli.app.folder_state import FolderState
from mailcli.app.folder_task import FolderTask
from mailcli.imap.session import ImapSession
from mailcli.imap.sets import UidSet
from mailcli.imap.values import Details
from mailcli.model import Uid
from mailcli.store.records import FolderRow, LeftOut


def load_left_out(state: FolderState) -> None:
    """Read which messages were left out, as far as the account still leaves them out."""
    for message in state.store.left_out(state.id):
        if message.uidvalidity == state.generation and state.task.leaves_out(message) is not None:
            state.left[message.uid] = message


def report_left_out(state: FolderState) -> None:
    """Say which messages stay on the server for their size; what is too old may be nearly all."""
    for uid, message in sorted(state.left.items()):
        if uid in state.remote and (reason := state.task.leaves_out(message)):
            state.counts.skip(uid, reason)


def within_limits(
    session: ImapSession, state: FolderState, uids: Iterable[Uid], orphans: Orphans
) -> UidSet:
    """Return the messages that the account wants, of those that are new.

    And of those that were left out before, what turned out to be here, under another folder.

    Raises: MailError.
    """
    new = uids if isinstance(uids, UidSet) else UidSet.of(uids)
    again = _may_be_moved(state, {size for size, _ in orphans.contents()})
    if state.task.has_limits and (new or again):
        state.enter(session)
        told = ((uid, _left_out(state, uid, each)) for uid, each in session.each_details(new))
        each = chain(told, again.items())
        beyond = {uid: m for uid, m in each if state.task.leaves_out(m) is not None}
        found: list[Uid] = []
        for uid in _found_here(session, state, beyond, orphans):
            del beyond[uid]
            found += [uid] if state.left.pop(uid, None) else []
        state.left.update(beyond)
        new = UidSet.of(uid for uid in chain(new, found) if uid not in state.left)
    _record(state)
    report_left_out(state)
    return new


def _may_be_moved(state: FolderState, octets: Collection[int]) -> dict[Uid, LeftOut]:
    """Return what was left out and has as many octets as a file whose message was moved away.

    A run that did not look everywhere may have left it out for want of that file.
    """
    if not state.policy.changes_local:
        return {}
    left = state.left.items()
    return {uid: m for uid, m in left if m.size in octets and uid in state.remote}


def has_left_out(task: FolderTask, known: FolderRow, octets: Collection[int]) -> bool:
    """Tell whether a message of so many octets was left out of a folder."""
    return task.has_limits and any(m.size in octets for m in task.store.left_out(known.id))


def _found_here(
    session: ImapSession, state: FolderState, beyond: Mapping[Uid, LeftOut], orphans: Orphans
) -> list[Uid]:
    """Return those messages whose octets are here: they are to be paired, not left out.

    Else their files would pass for new ones, and be uploaded. Only messages of the size of
    such a file are read.
    """
    if not beyond:
        return []
    here = orphans.contents()
    here += Counter({content: len(files) for content, files in state.twins().items()})
    sizes = {size for size, _ in here}
    found = []
    alike = [uid for uid, message in beyond.items() if message.size in sizes]
    for uid, _, content in digests(session, alike):
        if here[content] > 0:
            here[content] -= 1
            found.append(uid)
    return found


def _left_out(state: FolderState, uid: Uid, details: Details) -> LeftOut:
    received = details.internal_date
    seconds = int(received.timestamp()) if received else None
    return LeftOut(state.generation, uid, details.size, seconds)


def _record(state: FolderState) -> None:
    """Record what is left out now, where that has changed."""
    state.left = {uid: each for uid, each in state.left.items() if uid in state.remote}
    before = {each.uid for each in state.store.left_out(state.id)}
    if before == state.left.keys() or state.dry_run:
        return
    with state.store.transaction():
        state.store.forget_left_out(state.id, state.generation, before - state.left.keys())
        state.store.save_left_out(state.id, state.left.values())
