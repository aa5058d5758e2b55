"""Whether a folder is as both sides last agreed, found out with as little reading as can be.

The server is asked nothing more: its list told four counters of each folder. Here, the time
stamps of a folder's directories stand for its files, once a look at all of them has found nothing
to do; so neither a file's name nor a message's row is read, however many there are.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mailcli.app.folder_task import FolderTask
from mailcli.imap.session import ImapSession
from mailcli.imap.values import Changes, Selected, Status
from mailcli.model import Flags, Uid
from mailcli.store.records import FolderRow, Look
from mailcli.store.stamps import Stamps

if TYPE_CHECKING:
    from mailcli.app.folder_state import FolderState

NEWEST = 200
"""Messages whose flags are asked for in each run, where the server has no CONDSTORE."""

LISTED_EVERY = 86_400
"""Seconds after which the flags of all of them are asked for there."""


def is_unchanged(task: FolderTask, known: FolderRow) -> bool:
    """Tell whether neither side has changed since both last agreed, without opening the folder.

    There by four counters together: a server may leave HIGHESTMODSEQ as it is when mail arrives
    or goes (RFC 7162 asks for it with QRESYNC alone). Without that one, flags may have changed:
    see `with_other_flags`.

    Raises: LocalError.
    """
    status = task.pair.status
    if status is None or task.store.has_intents(known.id):
        return False
    if status.highestmodseq is None and _is_listing_due(task, known, status):
        return False
    counters = (status.uidvalidity, status.uidnext, status.messages, status.highestmodseq)
    if counters != (known.uidvalidity, known.uidnext, known.messages, known.highestmodseq):
        return False
    stamps = task.folder.stamps()
    if stamps is not None and stamps.text == known.stamps and _is_left_out(task, known):
        return True
    clock = task.clock()  # before the files are listed: what changes later is younger
    state = _looked_at(task, status)
    if state is None:
        return False
    if stamps is not None and clock is not None and stamps.are_older_than(clock):
        task.counts.look = _as_agreed(state, stamps)
    return True


def _as_agreed(state: "FolderState", stamps: Stamps) -> Look | None:
    """Return what the files look like, where they are just those agreed on."""
    from mailcli.app.folder_decision import count_agreed, is_as_agreed

    names = state.folder.names
    if names is None or not is_as_agreed(state):
        return None
    return Look(stamps.text, names.text, count_agreed(state))


def _is_left_out(task: FolderTask, known: FolderRow) -> bool:
    """Say what stays on the server of an unchanged folder; tell whether all of it still does.

    Not so where the account's limits were lifted. What is too old is not even looked at.
    """
    young = task.store.left_out_since(known.id, known.uidvalidity, task.oldest)
    reasons = {message.uid: task.leaves_out(message) for message in young}
    if None in reasons.values():
        return False
    for uid, reason in sorted(reasons.items()):
        if reason:
            task.counts.skip(uid, reason)
    return True


def with_other_flags(session: ImapSession, tasks: Sequence[FolderTask]) -> list[FolderTask]:
    """Return those of the unchanged folders in which the server has other flags than agreed.

    Asked of the newest messages alone, and of those folders whose flags no counter covers, all
    in one round trip. Flags of older messages are found when all are listed, once a day.

    Raises: MailError where the connection is lost.
    """
    unsure = {
        task.pair.wire: (task, status.messages)
        for task in tasks
        if (status := task.pair.status) and status.messages and status.highestmodseq is None
    }
    if not unsure:
        return []
    sizes = [(wire, messages) for wire, (_, messages) in unsure.items()]
    told = session.newest_flags(sizes, count=NEWEST)
    return [
        task
        for wire, (task, _) in unsure.items()
        if wire not in told or not _is_known(task, *told[wire])
    ]


def _is_known(task: FolderTask, selected: Selected, flags: Mapping[Uid, Flags]) -> bool:
    known, status = task.agreed_numbers(), task.pair.status
    if known is None or status is None or not flags:
        return False
    if (selected.exists, selected.uidvalidity) != (status.messages, known.uidvalidity):
        return False
    if len(flags) != min(selected.exists, NEWEST):
        return False
    agreed = task.store.flags_from(known.id, known.uidvalidity, min(flags))
    left = {each.uid for each in task.store.left_out(known.id)} if flags.keys() - agreed else set()
    return all(uid in left or agreed.get(uid) == told for uid, told in flags.items())


def _is_listing_due(task: FolderTask, known: FolderRow, status: Status) -> bool:
    """Tell whether the flags of all messages are to be listed, where no counter covers them."""
    if known.listed_at is None:
        return True
    age = task.context.unix_time() - known.listed_at
    return status.messages > NEWEST and not 0 <= age < LISTED_EVERY


def _looked_at(task: FolderTask, status: Status) -> "FolderState | None":
    """Look at all files and rows; return both where there is nothing to do, None where there is.

    A file that this run leaves alone may be another folder's message that was moved.
    """
    from mailcli.app.folder_decision import decide
    from mailcli.app.folder_limits import load_left_out, report_left_out
    from mailcli.app.folder_look import There, look_here, look_there
    from mailcli.app.folder_state import FolderState
    from mailcli.imap.sets import UidSet

    opened = Selected(status.messages, status.uidvalidity, status.uidnext, read_only=True)
    state = FolderState(task, opened)
    state.find()
    load_left_out(state)
    here = look_here(state)
    if not here.is_here:
        return None
    looked = here._replace(entries=dict(here.entries))
    look_there(state, here, There.changed(state, Changes({}, UidSet())))
    if state.former or state.strays() or decide(state):
        task.looked.append(looked)
        return None
    report_left_out(state)
    return state
