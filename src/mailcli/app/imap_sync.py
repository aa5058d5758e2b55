"""The passes of a run of `imap-sync` that has something to do (`sync_accounts`).

One account's run goes in passes, each over all folders, because a message that
is missing in one folder may be in another: a look at both sides of every folder;
what other programs moved; flags, and what is new on the server; what is new
here; deletions, after another look; and folders that are gone. A pass that
fails for one folder stops no other (`SyncRun.attempt`).
"""

from collections.abc import Sequence

from mailcli.app.folder_decision import decide, decide_known
from mailcli.app.folder_delete import Trash, delete_in_folder
from mailcli.app.folder_limits import has_left_out, within_limits
from mailcli.app.folder_moves import can_move, carry_moves, find_moves, release_moves
from mailcli.app.folder_notes import forget_needless
from mailcli.app.folder_orphans import Orphans
from mailcli.app.folder_report import preview, report_former
from mailcli.app.folder_set import FolderSet, only_here_pair, pair_of
from mailcli.app.folder_sources import sources_of
from mailcli.app.folder_stamps import record_looks
from mailcli.app.folder_state import FolderState
from mailcli.app.folder_survey import (
    record_numbers,
    since_agreed,
    survey,
    survey_here,
    survey_nowhere,
)
from mailcli.app.folder_sync import bring, put
from mailcli.app.folder_task import FolderTask
from mailcli.app.folder_unsent import Unsent, leave_unsent, unsent_in
from mailcli.app.folder_vanish import delete_gone_here, inner_first, settle_gone_there, would_go
from mailcli.app.sync_run import SyncRun
from mailcli.errors import CannotCreate, MailError
from mailcli.imap.session import CommandFailed, ImapSession
from mailcli.imap.sets import UidSet
from mailcli.imap.values import Selected
from mailcli.store.names import INBOX, FolderName
from mailcli.sync.folders import Fate
from mailcli.sync.moves import Moved
from mailcli.sync.plan import Fetch
from mailcli.sync.states import Side

Look = tuple[FolderName, Fate, FolderTask | None]
"""A folder that may have changed, what becomes of it, and the task, where either side has it."""


class Passes:
    """The passes of one account's run, in their order."""

    def __init__(
        self, run: SyncRun, folders: FolderSet, unchanged: Sequence[FolderTask], *, full: bool
    ) -> None:
        """Begin; `unchanged` are the folders that are not to be looked at."""
        self.run, self.folders, self.full = run, folders, full
        self.unchanged = unchanged
        self.states: dict[str, FolderState] = {}
        self.gone_there: list[FolderState] = []
        self.nowhere: list[FolderState] = []
        self.waiting: list[FolderState] = []
        self.sources: dict[str, FolderState] = {}
        self.opened: dict[bytes, Selected | MailError] = {}

    def go(self, looks: Sequence[Look]) -> None:
        """Look at folders and do what there is to do with them, or in a dry run tell it.

        Raises: MailError where the connection, and so the whole account, is lost.
        """
        run = self.run
        self.opened = self._open_ahead([task for _, _, task in looks if task is not None])
        for look in looks:
            self._look(*look)
        self._look_at_left_out()
        if run.is_partial and run.policy.changes_remote:
            self._look_at_sources()
        looked_at = [*self._all(), *self.waiting]
        looked_at = [state for state in looked_at if not state.counts.broken]
        moves = find_moves(run, looked_at, self.sources.values())
        if run.dry_run:
            self._preview(moves)
        else:
            forget_needless(run, ((state.task, state.entries) for state in looked_at))
            self._carry_out(moves)

    # -- pass by pass --------------------------------------------------------------

    def _open_ahead(self, tasks: Sequence[FolderTask]) -> dict[bytes, Selected | MailError]:
        """Ask for the changes of several folders in one round trip, where the server can tell.

        Without any, the folders are opened one by one when they are looked at.
        """
        asked = [
            (task.pair.wire, since)
            for task in tasks
            if task.pair.wire and (since := since_agreed(task.agreed_numbers()))
        ]
        if self.full or len(asked) < 2:
            return {}
        return self.run.session.select_each(asked, read_only=not tasks[0].writes_there)

    def _look(self, name: FolderName, fate: Fate, task: FolderTask | None) -> None:
        """Look at both sides of one folder."""
        run = self.run
        match fate:
            case Fate.FORGOTTEN:
                row = self.folders.known[name]
                silent = run.silent_task(pair_of(row))
                self.nowhere.append(survey_nowhere(silent, row))
            case Fate.GONE_THERE if task is not None:
                row = self.folders.known[name]
                if state := run.attempt(task, lambda _: survey_here(task, row)):
                    self.gone_there.append(state)
            case Fate.NEW_HERE:
                if run.policy.changes_remote:
                    self._create(name)
                else:
                    self._wait(name)
            case _ if task is not None:
                self._survey(task, fate)
            case _:
                pass  # only here, as it is meant to be

    def _look_at_left_out(self) -> None:
        """Look into unchanged folders after all where what was left out may be a moved message.

        The run that left it out may not have looked where its file is.
        """
        gone = {
            row.size for s in self._all() for uid, row in s.rows.items() if uid not in s.remote
        }
        for task in self.unchanged if gone else []:
            known = task.agreed_numbers()
            if known is not None and has_left_out(task, known, gone):
                self._survey(task, full=True)

    def _look_at_sources(self) -> None:
        """Look into folders that were not asked for, where files were moved out of them here.

        Only those moves are carried; of the folders nothing is told, unless they cannot be read.
        """
        run = self.run
        for name in sources_of(run, self._all()):
            if name not in self.folders.there or not self.folders.is_mirrored(name):
                continue
            task = run.silent_task(self.folders.pair(name))
            if state := run.attempt(task, survey, task, task.agreed_numbers()):
                self.sources[state.name] = state
            else:
                run.tally.folders.append(task)

    def _survey(self, task: FolderTask, fate: Fate = Fate.MIRROR, *, full: bool = False) -> None:
        run = self.run
        task.counts.skipped.clear()  # what a look from outside has said is said again
        # With no folder left at all, it is rather the disk that is not mounted.
        may_go = fate is Fate.GONE_HERE and bool(self.folders.here) and task.pair.name != INBOX
        may_go = may_go and run.server.delete_folders
        known = None if full or self.full else task.agreed_numbers()
        opened = self.opened.pop(task.pair.wire, None)
        if state := run.attempt(task, survey, task, known, opened=opened, may_go=may_go):
            self.states[state.name] = state
            if state.counts.made and state.name not in self.run.tally.created:
                self.run.tally.created.append(state.name)

    def _create(self, name: FolderName) -> None:
        """Make a folder on the server that exists only here."""
        run = self.run
        if not run.dry_run and (row := run.state.folder(str(name))):
            # A detached folder: the new one may have its UIDVALIDITY, and none of its messages.
            run.state.retire_messages(row.id, row.uidvalidity)
        try:
            pair = self.folders.create_there(name)
        except (CannotCreate, CommandFailed) as exc:
            run.failed(name, exc)
            self._wait(name)
            return
        run.tally.created.append(str(name))
        task = run.task(pair)
        if not run.dry_run:
            self._survey(task)
        elif state := run.attempt(task, lambda _: survey_here(task, None)):
            self.states[state.name] = state

    def _wait(self, name: FolderName) -> None:
        """Look into a folder that stays only here for now: what was moved to it is not deleted."""
        task = self.run.silent_task(only_here_pair(name))
        if state := self.run.attempt(task, lambda _: survey_here(task, None)):
            self.waiting.append(state)

    def _preview(self, moves: Sequence[Moved]) -> None:
        """Tell what a run would do; nothing is written anywhere."""
        orphans, elsewhere = Orphans(self._all()), self._unsent_elsewhere()
        for state in self.states.values():
            known, new = decide_known(state)
            again = (action.uid for action in known if isinstance(action, Fetch))
            new = UidSet.union([UidSet.of(again), new])
            self.run.attempt(state, within_limits, state, new, orphans)  # the others are no plan
        for state in (*self.states.values(), *self.gone_there):
            mine = [m for m in moves if m.stray.folder == state.name]
            self.run.attempt(state, _preview_folder, state, mine, elsewhere)
        gone_here = (s for s in self.states.values() if s.vanished is Side.LOCAL)
        for state in (*gone_here, *self.gone_there):
            if not state.counts.broken and would_go(state, self.run):
                self.run.tally.deleted.append(state.name)

    def _carry_out(self, moves: Sequence[Moved]) -> None:
        run = self.run
        orphans, elsewhere = Orphans(self._all()), self._unsent_elsewhere()
        with run.context.progress.transfer(run.account.name, messages=self._coming):
            for state in self.states.values():
                run.attempt(state, bring, state, orphans, elsewhere, run)
        self._forget_nowhere()
        if run.policy.changes_remote:  # a `--pull` leaves them
            carry = self._move if can_move(run.session) else self._release
            carry(moves)
        deletions = [s for s in self.states.values() if run.attempt(s, put, s, run)]
        again = [
            s for s in inner_first(self.gone_there) if run.attempt(s, settle_gone_there, s, run)
        ]
        for state in reversed(again):
            self._create(state.pair.name)
            self._fill(state.name, moves)
        trash, unsent = self._trash(), unsent_in(run, self.folders.is_mirrored)
        for state in deletions:
            after = run.attempt(
                state,
                delete_in_folder,
                state.task,
                unsent=unsent,
                trash=trash,
                here=run.has_seen_all,
            )
            if after is not None:
                self.states[state.name] = after
        if run.policy.changes_remote and run.server.delete_folders:
            gone = [s for s in self.states.values() if s.vanished is Side.LOCAL]
            delete_gone_here(run.session, gone, run)
        whole = [
            state
            for state in self.states.values()
            if state.vanished is None and not state.counts.broken and not state.counts.error
        ]
        record_looks(run, [state for state in whole if record_numbers(state)])

    def _forget_nowhere(self) -> None:
        """Forget the folders that neither side has, when their messages would have been found."""
        if self.run.looks_everywhere:
            for state in self.nowhere:
                self.run.state.forget_folder(state.id)

    def _move(self, moves: Sequence[Moved]) -> None:
        """Carry moves to the server, one folder's after the other's."""
        states = self.states | self.sources
        for state in states.values():
            mine = [m for m in moves if m.missing.folder == state.name]
            ready = [m for m in mine if self._is_ready(m.stray.folder)]
            if ready:
                self.run.attempt(state, carry_moves, states, ready)

    def _release(self, moves: Sequence[Moved]) -> None:
        """Let moved files be uploaded, where the server cannot move."""
        states = self.states | self.sources
        for state in self.states.values():
            if mine := [m for m in moves if m.stray.folder == state.name]:
                self.run.attempt(state, release_moves, state, states, mine)

    def _is_ready(self, name: str) -> bool:
        """Tell whether the server has a folder, and nothing went wrong with it."""
        return name in self.states and not self.states[name].counts.broken

    def _fill(self, name: str, moves: Sequence[Moved]) -> None:
        """Bring what is here to a folder that was just made again: moved, or uploaded."""
        if not self._is_ready(name):
            return
        if can_move(self.run.session):
            self._move([move for move in moves if move.stray.folder == name])
        state = self.states[name]
        self.run.attempt(state, put, state, self.run)

    # -- what the passes ask ---------------------------------------------------------

    def _unsent_elsewhere(self) -> Unsent:
        """Return what looks into the folders of which this run uploads nothing."""
        return unsent_in(self.run, self.folders.is_mirrored, besides=self.states.keys())

    def _all(self) -> list[FolderState]:
        """Return every folder that the run has to do with, on whichever side it is."""
        return [*self.states.values(), *self.gone_there, *self.nowhere]

    def _coming(self) -> int:
        """Return how many messages are to be fetched, into all folders."""
        found = [decide_known(s) for s in self.states.values() if not s.counts.broken]
        again = (isinstance(action, Fetch) for each in found for action in each.actions)
        return sum(again) + sum(len(each.new) for each in found)

    def _trash(self) -> Trash:
        """Return what becomes of deleted messages; their folder by name where one is set."""
        server, there = self.run.server, self.folders.there
        if server.trash is not None:
            folder = there.get(FolderName.parse(server.trash))
            return Trash(folder.wire if folder else None, server.deleted)
        wire = next((f.wire for f in there.values() if f.role == "trash"), None)
        return Trash(wire, server.deleted)


def _preview_folder(
    session: ImapSession, state: FolderState, moves: Sequence[Moved], unsent: Unsent
) -> None:
    """Tell what a run would do to a folder."""
    del session
    if state.vanished is None or state.policy.allow_mass_delete:
        leave_unsent(state, decide(state), unsent, tell=True)
    state.counts.actions = preview(state, moves)
    if not any(action.kind == "fetch" for action in state.counts.actions):
        report_former(state)  # else it is not known which of these are what would be fetched
