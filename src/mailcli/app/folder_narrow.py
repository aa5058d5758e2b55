"""A look at a folder whose files nobody touched: at what the server told of it, and at no more.

Where the time stamps are those of the last agreement, each message has its file, with just the
letters that were agreed on, and none is of a former UIDVALIDITY. Then neither the names of the
files go by nor all rows of the state, as in `folder_look`: read are the rows of the messages that
changed on the server, or are gone there, and of those whose UIDs no listing had yet. All others
are at rest; how many they are was recorded with the stamps. Anything that does not fit leaves it
to the look at everything.
"""

from itertools import islice

from mailcli.app.folder_look import MOST_RANGES, letters_of
from mailcli.app.folder_state import FolderState
from mailcli.imap.sets import MAX_UID, UidSet
from mailcli.imap.values import Changes
from mailcli.model import Flags, Uid
from mailcli.store.entries import Entry
from mailcli.store.name_sum import NameSum
from mailcli.store.records import FolderRow, MessageRow

MOST = MOST_RANGES
"""Rows that are read one by one at most."""


def look_narrowly(state: FolderState, changes: Changes) -> bool:
    """Read what the server told has changed; False, with nothing done, where that is not enough.

    `state` knows the folder (`FolderState.find`), and nothing of its messages yet.

    Raises: LocalError.
    """
    known = state.store.folder_by_id(state.id)
    if known is None or known.stamps is None or not state.settled:
        return False
    count = known.agreed
    if count is None:
        return False  # recorded by an earlier version
    if len(changes.flags) + changes.vanished.range_count > MOST_RANGES or state.store.has_intents(
        known.id
    ):
        return False
    rows = _rows(state, known, changes)
    left = state.store.left_alone(known.id, state.generation)
    if rows is None or _exists(rows, left, count, changes) != state.selected.exists:
        return False
    told = dict(changes.flags)
    stirred = [row for row in rows if _is_stirred(state, row, told, changes.vanished)]
    if stirred or told:  # perhaps to be done here, and with files
        state.task.watch(count)
    return _take(state, known, stirred, count) and _hold_against(state, told, left, changes)


def _rows(state: FolderState, known: FolderRow, changes: Changes) -> list[MessageRow] | None:
    """Return what is agreed on of all messages that may not be at rest; None: of too many.

    Held deletions are none of them: where there are any, no stamps are recorded.
    """
    first = _young(state)
    young = UidSet(((first, MAX_UID),)) if first <= MAX_UID else UidSet()
    ranges = UidSet.union([UidSet.of(changes.flags), changes.vanished, young]).ranges
    rows = list(islice(state.store.messages_in(known.id, state.generation, ranges), MOST + 1))
    return None if len(rows) > MOST else rows


def _young(state: FolderState) -> int:
    """Return the first UID that an answer may have told, and no listing (`folder_told`)."""
    following = state.selected.uidnext or 0
    return min(state.told_from or following, following)


def _exists(rows: list[MessageRow], left: list[Uid], count: int, changes: Changes) -> int:
    """Return how many messages the server has by what it told of changes."""
    told, gone = changes.flags, changes.vanished
    known = (*(row.uid for row in rows), *left)
    return len(told) + count + len(left) - sum(uid in told or uid in gone for uid in known)


def _is_stirred(state: FolderState, row: MessageRow, told: dict[Uid, Flags], gone: UidSet) -> bool:
    """Tell whether a message is not at rest; take out of `told` what is as agreed on."""
    if row.uid in told:
        if told[row.uid] != row.flags:
            return True
        del told[row.uid]
    elif row.uid in gone:
        return True
    return row.held or row.uid >= _young(state)


def _take(state: FolderState, known: FolderRow, rows: list[MessageRow], count: int) -> bool:
    """Find the files of these messages, if nobody has touched the folder until then."""
    letters = state.folder.keyword_letters()
    letters_for = letters_of(letters)
    entries: dict[str, Entry] = {}
    for row in rows:
        entry = state.folder.find_as(row.unique, letters_for(row.flags))
        if entry is None:
            return False  # it has letters of other programs, or was just renamed
        entries[row.unique] = entry
    stamps = state.folder.stamps()  # last of all: what was read before is what was agreed on
    if stamps is None or stamps.text != known.stamps:
        return False
    state.rows = {row.uid: row for row in rows}
    state.entries, state.letters, state.unlisted = entries, letters, known.stamps
    state.at_rest = count - len(rows)
    state.folder.names = NameSum(known.names) if known.names else None
    if state.folder.watch is not None:
        state.folder.watch.know(known.stamps)
    return True


def _hold_against(
    state: FolderState, told: dict[Uid, Flags], left: list[Uid], changes: Changes
) -> bool:
    """Take what the server has of the messages that are not at rest."""
    gone = changes.vanished
    state.remote = told
    for row in state.rows.values():
        if row.uid not in gone or row.uid in changes.flags:
            state.remote.setdefault(row.uid, row.flags)
    for uid in left:
        if uid not in gone:
            state.remote.setdefault(uid, frozenset())
    return True
