"""The last pass of a run: what the folders' files look like, where they are as agreed on.

So the next run need not list them. What the run itself has changed is told from what other
programs have by the sum of all names (`store.name_sum`): known when they were looked at, and
kept up with each file that was delivered, flagged, moved or removed. A change by others, at
whatever moment, makes another sum, or later stamps than those that are recorded. Of a large
folder the kernel tells whether others changed it (`store.watch`), so that its names need not go
by once more: neither here, nor for the index, which is told what the run did.
"""

from collections.abc import Sequence
from contextlib import suppress

from mailcli.app.folder_decision import count_agreed, is_as_agreed
from mailcli.app.folder_state import FolderState
from mailcli.app.sync_run import SyncRun
from mailcli.errors import MailError
from mailcli.store.name_sum import NameSum
from mailcli.store.records import Look
from mailcli.store.stamps import Stamps


def record_looks(run: SyncRun, states: Sequence[FolderState]) -> None:
    """Record what the files of these folders look like, of which all numbers are recorded."""
    if not run.policy.changes_local:
        return  # it may write nothing here, and so ask no clock
    found = [seen for state in states if (seen := _seen(state))]
    changed = [stamps for state, stamps, _ in found if stamps.text != state.unlisted]
    clock = run.clock_behind(changed) if changed else None
    looks: dict[int, Look] = {}
    for each in found:
        state, stamps, names = each
        # Those by which it was known are trusted still; others, as far as the clock goes.
        is_same = stamps.text == state.unlisted
        if is_same or (clock and stamps.are_older_than(clock) and _is_ours_alone(*each)):
            looks[state.id] = Look(stamps.text, names.text, count_agreed(state))
            watch = state.folder.watch
            if watch is not None and (ours := watch.changes(stamps)):
                run.ours[state.name] = ours
    if looks:
        run.state.save_stamps(looks)


def _seen(state: FolderState) -> tuple[FolderState, Stamps, NameSum] | None:
    """Return a folder's stamps, and the names that it must have, if its files are as agreed on."""
    names = state.folder.names
    if names is None or not is_as_agreed(state):
        return None
    with suppress(MailError):  # the next run tells
        if stamps := state.folder.stamps():
            return state, stamps, names
    return None


def _is_ours_alone(state: FolderState, stamps: Stamps, names: NameSum) -> bool:
    """Tell whether nobody but this run has changed the files, or what their letters mean.

    To be asked after the clock: what changes later has later stamps. The files of a folder that
    was watched need not be listed for it.
    """
    with suppress(MailError):
        letters = state.folder.keyword_letters()
        if letters.names == state.letters.names:
            watch = state.folder.watch
            if watch is not None and watch.shows_us_alone(stamps):
                return True
            return state.folder.sum_names().text == names.text
    return False
