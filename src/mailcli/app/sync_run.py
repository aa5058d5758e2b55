"""What the steps of one account's synchronisation have in common: both sides, and what was done.

Here a failure is contained: it ends one folder's part of the run, never another's.
A connection that broke over one folder is opened again for the others.
"""

from collections.abc import Callable, Collection
from contextlib import ExitStack
from functools import cache, partial
from time import sleep
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from mailcli.app.context import Context
from mailcli.app.folder_task import Counts, FolderPair, FolderTask
from mailcli.app.further import FurtherSessions
from mailcli.app.sessions import identify, imap_session, open_imap
from mailcli.config import Account, ImapServer
from mailcli.errors import Exit, MailError, ProtocolViolation
from mailcli.imap.session import FolderUnusable, ImapSession
from mailcli.results import ErrorReport, FolderSync, ImapAccount
from mailcli.store.folder import MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName
from mailcli.store.stamps import Clock, Stamps, ask_clock
from mailcli.store.state import StateStore
from mailcli.sync.states import Policy

if TYPE_CHECKING:
    from mailcli.app.folder_state import FolderState
    from mailcli.store.watch import OurChanges, Watches

MAX_RECONNECTS = 3
"""How often a run connects anew before it gives up on the rest of the account."""

WORTH_WATCHING = 10_000
"""Messages from which on a folder is watched. To list so many names takes 13 ms; to import ctypes
takes 2.5, and to close the inotify 8 and more, for which the kernel waits."""

_TICKS, _TICK = 5, 0.004
"""How often, and for how long each time (seconds), the clock of a file system is waited for."""

_PASSING = {Exit.TEMPORARY, Exit.LOCAL_IO, Exit.CREATE}
"""How a folder fails that another run will look into."""

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class Tally:
    """What one account's run has done so far; it survives the run's failure."""

    def __init__(self) -> None:
        self.folders: list[FolderSync | FolderTask] = []
        self.created: list[str] = []
        self.deleted: list[str] = []
        self.renamed: list[str] = []
        self.error: MailError | None = None

    def result(self, account: Account) -> ImapAccount:
        """Return what is to be reported of the account."""
        folders = [
            each if isinstance(each, FolderSync) else each.result() for each in self.folders
        ]
        changed = bool(self.created or self.deleted or self.renamed)
        return ImapAccount(
            account.name,
            tuple(folders),
            folders_created=tuple(self.created),
            folders_deleted=tuple(self.deleted),
            folders_renamed=tuple(self.renamed),
            changed=changed or any(folder.changed for folder in folders),
            error=ErrorReport.of(self.error, account=account.name) if self.error else None,
        )


class SyncRun:
    """One account's run: everything that its steps need.

    `ours` is what it changed in those folders, by name, that nobody else changed meanwhile.
    """

    def __init__(
        self,
        context: Context,
        account: Account,
        state: StateStore,
        policy: Policy,
        *,
        dry_run: bool,
        jobs: int | None = None,
    ) -> None:
        assert account.imap is not None  # noqa: S101 - the session would have said so
        self.context, self.account, self.state = context, account, state
        self.server: ImapServer = account.imap
        self.policy, self.dry_run = policy, dry_run
        self.maildir = Maildir(account.maildir, account.layout)
        self.tally = Tally()
        self.ours: dict[str, OurChanges] = {}
        self._stack = ExitStack()
        self._reconnects = 0
        self.is_partial = False
        self._clock: tuple[Clock | None] | None = None
        self._watches: Watches | None = None
        self.session: ImapSession
        self._identify = cache(identify(context, account, self.server))
        self.further = FurtherSessions(self._open_further, jobs)

    def connect(self, stack: ExitStack) -> None:
        """Open the session, which ends with `stack`. Raises: MailError."""
        self._stack = stack
        self._identify.cache_clear()  # what was refused is looked up, or asked for, anew
        session = imap_session(self.context, self.account, self._identify)
        self.session = stack.enter_context(session)

    def _open_further(self) -> ImapSession:
        """Open a session like the run's own, by the same credential; in any thread."""
        return open_imap(self.context, self.account, self._identify)

    def task(self, pair: FolderPair) -> FolderTask:
        """Begin to tell what becomes of a folder."""
        task = self.silent_task(pair)
        self.tally.folders.append(task)
        self.context.notice(f"{self.account.name}: {pair.name}")
        return task

    def silent_task(self, pair: FolderPair) -> FolderTask:
        """Return what there is to do with a folder, of which nothing will be told."""
        folder = self.maildir.folder(pair.name)
        writes_here = self.policy.changes_local and not self.dry_run
        task = FolderTask(
            self.context,
            self.state,
            folder,
            pair,
            self.policy,
            Counts(),
            self.further,
            looked=[],
            dry_run=self.dry_run,
            max_size=self.server.max_size,
            max_age=self.server.max_age,
            clock=self._asked_clock if writes_here else lambda: None,
            watch=partial(self._watch, folder) if writes_here else lambda _: None,
        )
        if self.dry_run:
            task.counts.actions = ()
        return task

    def _asked_clock(self) -> Clock | None:
        """Return what the clock of the Maildir's file system said when it was first asked."""
        if self._clock is None:
            self._clock = (self._ask_clock(),)
        return self._clock[0]

    def _ask_clock(self) -> Clock | None:
        return ask_clock(self.maildir.root, scratch=self.context.state_dir)

    def _watch(self, folder: MaildirFolder, messages: int) -> None:
        """Watch a folder from now on until the run ends, where it is a large one."""
        if messages < WORTH_WATCHING:
            return
        from mailcli.store.watch import Watches

        if self._watches is None:
            self._watches = Watches()
            self._stack.callback(self._watches.close)
        self._watches.begin(folder)

    def clock_behind(self, stamps: Collection[Stamps]) -> Clock | None:
        """Return what that clock says when it has moved on from stamps that were just made.

        If it does within 20 ms; most clocks move every 4 ms, or 10.
        """
        clock = self._ask_clock()
        for _ in range(_TICKS):
            if clock is None or all(each.are_older_than(clock) for each in stamps):
                break
            sleep(_TICK)
            clock = self._ask_clock()
        return clock

    def record_stamps(self) -> None:
        """Record what the folders look like that are as agreed, all in one transaction."""
        found = {
            str(task.pair.name): task.counts.look
            for task in self.tally.folders
            if isinstance(task, FolderTask) and task.counts.look is not None
        }
        if found:
            known = {row.name: row.id for row in self.state.folders()}
            self.state.save_stamps({known[name]: look for name, look in found.items()})

    def failed(self, name: FolderName | str, error: MailError) -> None:
        """Tell why nothing could be done about a folder."""
        report = ErrorReport.of(error, account=self.account.name)
        self.tally.folders.append(FolderSync(str(name), error=report))

    @property
    def looks_everywhere(self) -> bool:
        """Whether a message that left one folder cannot be in another that was not looked into.

        A `--push` looks into none: it fetches nothing.
        """
        return self.has_seen_all and not self.is_partial and self.policy.changes_local

    @property
    def has_seen_all(self) -> bool:
        """Whether what is gone in one folder would have been found in another by now.

        A folder that is refused for good does not count: nothing of it will ever be here.
        """
        return not any(
            task.counts.broken and task.counts.error and task.counts.error.exit_code in _PASSING
            for task in self.tally.folders
            if isinstance(task, FolderTask)
        )

    def attempt(
        self,
        task: "FolderTask | FolderState",
        step: Callable[Concatenate[ImapSession, _Arguments], _Result],
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> _Result | None:
        """Do one step for a folder, unless an earlier one failed; None where this one does.

        Raises: MailError where the connection is lost for good, and so the rest of the account.
        """
        counts = task.counts
        if counts.broken:
            return None
        try:
            return step(self.session, *args, **kwargs)
        except MailError as exc:
            counts.error = counts.error or exc
            counts.broken = True
            broken = isinstance(exc, ProtocolViolation) and not isinstance(exc, FolderUnusable)
            if (broken or not self.session.is_open) and not self._is_connected_anew(exc):
                if counts.error is exc:
                    counts.error = None  # it is the account's now
                raise
        return None

    def recover(self, error: MailError) -> None:
        """Go on after what failed for no folder in particular, connected anew if need be.

        Raises: MailError, the same, where the connection is lost for good.
        """
        broken = isinstance(error, ProtocolViolation) or not self.session.is_open
        if broken and not self._is_connected_anew(error):
            raise error

    def _is_connected_anew(self, why: MailError) -> bool:
        self.session.close()
        self._reconnects += 1
        if self._reconnects > MAX_RECONNECTS:
            return False
        self.context.notice(f"{self.account.name}: {why.message}; connecting again")
        try:
            self.connect(self._stack)
        except MailError:
            return False
        return True
