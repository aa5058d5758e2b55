"""`imap-sync`: keep an account's IMAP folders and its Maildir alike.

One account's run goes in passes, each over all folders, because a message that
is missing in one folder may be in another: a look at both sides of every folder;
what other programs moved; flags, and what is new on the server; what is new
here; deletions, after another look; and folders that are gone. A pass that
fails for one folder stops no other (`SyncRun.attempt`).
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from mailcli.app.context import Context
from mailcli.app.folder_choice import chooser, report_left_out
from mailcli.app.folder_delete import Trash, delete_in_folder
from mailcli.app.folder_follow import Followed
from mailcli.app.folder_limits import has_left_out, within_limits
from mailcli.app.folder_moves import can_move, carry_moves, find_moves, release_moves
from mailcli.app.folder_orphans import Orphans
from mailcli.app.folder_report import preview, report_former
from mailcli.app.folder_set import FolderSet, only_here_pair
from mailcli.app.folder_state import FolderState, decide
from mailcli.app.folder_survey import record_numbers, survey, survey_here, survey_nowhere
from mailcli.app.folder_sync import bring, put
from mailcli.app.folder_task import FolderPair, FolderTask
from mailcli.app.folder_unsent import Unsent, leave_unsent, unsent_in
from mailcli.app.folder_vanish import delete_gone_here, inner_first, settle_gone_there, would_go
from mailcli.app.stores import locked_state, require_maildir
from mailcli.app.sync_run import SyncRun
from mailcli.config import Account
from mailcli.errors import CannotCreate, MailError
from mailcli.imap.session import CommandFailed, ImapSession
from mailcli.model import SyncMode
from mailcli.results import ErrorReport, ImapAccount, ImapResult
from mailcli.store.names import INBOX, FolderName
from mailcli.store.records import FolderRow
from mailcli.sync.folders import Fate
from mailcli.sync.moves import Moved
from mailcli.sync.plan import Fetch
from mailcli.sync.states import Policy, Side


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """What the command line asks for: `mode` overrides the account's.

    `allow_mass_delete` confirms deletions that are otherwise held back. `full` lists every folder
    whole, whatever the server's counters say. A dry run lists what would be done and changes
    neither side.
    """

    mode: SyncMode | None = None
    allow_mass_delete: bool = False
    full: bool = False
    dry_run: bool = False


def imap_sync(
    context: Context,
    accounts: Sequence[Account],
    folders: Sequence[str] = (),
    options: SyncOptions = SyncOptions(),
) -> ImapResult:
    """Synchronise every account; one that fails does not stop the others.

    `folders` are patterns that choose among the account's folders.
    """
    done = [_account(context, account, tuple(folders), options) for account in accounts]
    return ImapResult(tuple(done), "dry-run" if options.dry_run else "sync")


def _account(
    context: Context, account: Account, wanted: tuple[str, ...], options: SyncOptions
) -> ImapAccount:
    run: SyncRun | None = None
    try:
        with ExitStack() as stack:
            state = stack.enter_context(locked_state(context, account))
            policy = _policy(account, options)
            run = SyncRun(context, account, state, policy, dry_run=options.dry_run)
            run.connect(stack)
            if state.has_messages():
                require_maildir(account)
            _Passes(run, full=options.full).sync(wanted)
    except MailError as exc:
        error = exc.of(account.name)
        if run is None:
            return ImapAccount(account.name, error=ErrorReport.of(error, account=account.name))
        run.tally.error = error
    return run.tally.result(account)


def _policy(account: Account, options: SyncOptions) -> Policy:
    policy = Policy(allow_mass_delete=options.allow_mass_delete)
    if account.imap is None:
        return policy  # the session says so
    if account.imap.max_delete is not None:
        policy = replace(policy, max_delete=account.imap.max_delete)
    return replace(policy, mode=options.mode or account.imap.mode)


class _Passes:
    """The passes of one account's run, in their order."""

    def __init__(self, run: SyncRun, *, full: bool) -> None:
        self.run, self.full = run, full
        self.folders = FolderSet(run)
        self.states: dict[str, FolderState] = {}
        self.gone_there: list[FolderState] = []
        self.nowhere: list[FolderState] = []
        self.waiting: list[FolderState] = []
        self.unchanged: list[FolderTask] = []

    def sync(self, wanted: tuple[str, ...]) -> None:
        """Synchronise every folder that the account and the command line choose.

        Raises: MailError where the connection, and so the whole account, is lost.
        """
        run = self.run
        run.is_partial = bool(wanted)
        folders = self.folders
        chosen = chooser(run, folders, wanted)
        Followed(run, folders, chosen).follow()
        for name, fate in folders.fates().items():
            if chosen(name):
                self._look(name, fate)
        self._look_at_left_out()
        if not wanted:
            report_left_out(run, folders)
        looked_at = [*self._all(), *self.waiting]
        moves = find_moves(run, [state for state in looked_at if not state.counts.broken])
        if run.dry_run:
            self._preview(moves)
        else:
            self._carry_out(moves)

    # -- pass by pass --------------------------------------------------------------

    def _look(self, name: FolderName, fate: Fate) -> None:
        """Look at both sides of one folder."""
        run = self.run
        match fate:
            case Fate.DETACHED:
                run.context.notice(
                    f"{run.account.name}: {name} is only here, as it is meant to be"
                )
            case Fate.FORGOTTEN:
                row = self.folders.known[name]
                task = run.silent_task(_pair_of(row))
                self.nowhere.append(survey_nowhere(task, row))
            case Fate.GONE_THERE:
                row = self.folders.known[name]
                task = run.task(_pair_of(row))
                if state := run.attempt(task, lambda _: survey_here(task, row)):
                    self.gone_there.append(state)
            case Fate.NEW_HERE:
                if run.policy.changes_remote:
                    self._create(name)
                else:
                    self._wait(name)
            case _:
                self._survey(run.task(self.folders.pair(name)), fate)

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
                task.counts.skipped.clear()
                self._survey(task, full=True)

    def _survey(self, task: FolderTask, fate: Fate = Fate.MIRROR, *, full: bool = False) -> None:
        run = self.run
        # With no folder left at all, it is rather the disk that is not mounted.
        may_go = fate is Fate.GONE_HERE and bool(self.folders.here) and task.pair.name != INBOX
        may_go = may_go and run.policy.changes_remote and run.server.delete_folders
        state = run.attempt(task, survey, task, full=full or self.full, may_go=may_go)
        if state is None:
            self.unchanged.append(task)
        else:
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
            new = [action.uid for action in decide(state) if isinstance(action, Fetch)]
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
        for state in self.states.values():
            run.attempt(state, bring, state, orphans, elsewhere, run)
        self._forget_nowhere()
        if run.policy.changes_remote and can_move(run.session):
            self._move(moves)
        else:
            self._release(moves)
        deletions = [s for s in self.states.values() if run.attempt(s, put, s, run)]
        again = [
            s for s in inner_first(self.gone_there) if run.attempt(s, settle_gone_there, s, run)
        ]
        for state in reversed(again):
            self._create(state.pair.name)
            self._fill(state.name, moves)
        trash = self._trash()
        for state in deletions:
            after = run.attempt(
                state,
                delete_in_folder,
                state.task,
                unsent=unsent_in(run, self.folders.is_mirrored),
                trash=trash,
                here=run.has_seen_all,
            )
            if after is not None:
                self.states[state.name] = after
        if run.policy.changes_remote and run.server.delete_folders:
            gone = [s for s in self.states.values() if s.vanished is Side.LOCAL]
            delete_gone_here(run.session, gone, run)
        for state in self.states.values():
            if state.vanished is None and not state.counts.broken and not state.counts.error:
                record_numbers(state)

    def _forget_nowhere(self) -> None:
        """Forget the folders that neither side has, when their messages would have been found."""
        if self.run.looks_everywhere:
            for state in self.nowhere:
                self.run.state.forget_folder(state.id)

    def _move(self, moves: Sequence[Moved]) -> None:
        """Carry moves to the server, one folder's after the other's."""
        for state in self.states.values():
            mine = [m for m in moves if m.missing.folder == state.name]
            ready = [m for m in mine if self._is_ready(m.stray.folder)]
            if ready:
                self.run.attempt(state, carry_moves, self.states, ready)

    def _release(self, moves: Sequence[Moved]) -> None:
        """Let moved files be uploaded, where the server cannot move; a `--pull` leaves them."""
        if not self.run.policy.changes_remote:
            return
        for state in self.states.values():
            if mine := [m for m in moves if m.stray.folder == state.name]:
                self.run.attempt(state, release_moves, state, self.states, mine)

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


def _pair_of(row: FolderRow) -> FolderPair:
    """Return a folder that the server has no more, as the state knows it."""
    name = FolderName.parse(row.name)
    return FolderPair(name, b"", row.role, row.server_name or row.name, row.delimiter)
