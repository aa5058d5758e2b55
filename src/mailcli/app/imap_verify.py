"""`imap-sync --verify`: compare an account's folders and its Maildir, octet by octet.

Nothing is changed on either side: folders are opened read-only (EXAMINE, RFC 3501 §6.3.2),
and neither the Maildir nor the state is written. Bodies are streamed into digests. A difference
that the next run will carry over is no failure; a message that both sides agreed on and whose
file is not what the server has is one, since no run looks at that again.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack, suppress

from mailcli.app.context import Context
from mailcli.app.folder_choice import chooser, report_left_out
from mailcli.app.folder_fetch import digests
from mailcli.app.folder_limits import load_left_out, within_limits
from mailcli.app.folder_orphans import Orphans
from mailcli.app.folder_set import FolderSet
from mailcli.app.folder_state import FolderState, Twins
from mailcli.app.folder_survey import survey_here
from mailcli.app.folder_task import FolderPair, FolderTask
from mailcli.app.stores import locked_state, require_maildir
from mailcli.app.sync_run import SyncRun
from mailcli.config import Account
from mailcli.errors import LocalError, MailError, NotFound
from mailcli.imap.session import FolderUnusable, ImapSession
from mailcli.imap.sets import UidSet
from mailcli.model import Flag, Flags, Uid, keywords_of
from mailcli.results import ErrorReport, ImapAccount, ImapResult, PlannedAction
from mailcli.store.names import FolderName
from mailcli.sync.folders import Fate
from mailcli.sync.moves import Content
from mailcli.sync.states import Policy

_CHANGED = {
    (True, False): "the file was changed here",
    (False, True): "the server sends other octets than it did",
    (True, True): "both sides have other octets than they had",
}
"""What is said where octets differ: whether those here, and those there, are not as agreed on."""

_REFETCH = (
    "to have the server's again: keep the file elsewhere, remove it here, change a flag of the "
    "message with another program, and run imap-sync"
)
_ALTERED_THERE = "the files are as they were: the server alters messages, or was damaged"


def imap_verify(
    context: Context, accounts: Sequence[Account], folders: Sequence[str] = ()
) -> ImapResult:
    """Compare both sides of every account; one that fails does not stop the others.

    `folders` are patterns that choose among the account's folders. Each folder of the result
    has `differences`: `missing_here`, `missing_there`, `flags`, and `octets`, which is also its
    error (74).
    """
    compared = tuple(_account(context, account, tuple(folders)) for account in accounts)
    return ImapResult(compared, "verify")


def _account(context: Context, account: Account, wanted: tuple[str, ...]) -> ImapAccount:
    comparison: _Comparison | None = None
    try:
        with ExitStack() as stack:
            state = stack.enter_context(locked_state(context, account))
            run = SyncRun(context, account, state, Policy(), dry_run=True)
            comparison = _Comparison(run)
            run.connect(stack)
            if state.has_messages():
                require_maildir(account)
            comparison.compare(wanted)
    except MailError as exc:
        error = exc.of(account.name)
        if comparison is None:
            return ImapAccount(account.name, error=ErrorReport.of(error, account=account.name))
        comparison.run.tally.error = error
    return comparison.result(account)


class _Comparison:
    """One account's comparison: its folders, one after the other."""

    def __init__(self, run: SyncRun) -> None:
        self.run = run
        self._found: dict[str, tuple[PlannedAction, ...]] = {}

    def compare(self, wanted: tuple[str, ...]) -> None:
        """Compare every folder that the account and the command line choose.

        Raises: MailError where the connection, and so the whole account, is lost.
        """
        run, folders = self.run, FolderSet(self.run)
        chosen = chooser(run, folders, wanted)
        for name, fate in folders.fates().items():
            if chosen(name):
                self._folder(folders, name, fate)
        if not wanted:
            report_left_out(run, folders)

    def result(self, account: Account) -> ImapAccount:
        """Return what is to be reported of the account."""
        told = self.run.tally.result(account)
        folders = (
            folder._replace(actions=None, differences=self._found.get(folder.name, ()))
            for folder in told.folders
        )
        return told._replace(folders=tuple(folders))

    def _folder(self, folders: FolderSet, name: FolderName, fate: Fate) -> None:
        match fate:
            case Fate.DETACHED | Fate.FORGOTTEN:
                return
            case Fate.NEW_HERE | Fate.GONE_THERE:
                task = self.run.task(FolderPair(name, b"", None, str(name), folders.delimiter))
                known = folders.known.get(name) if fate is Fate.GONE_THERE else None
                state = self.run.attempt(task, lambda _: survey_here(task, known))
                found = _all_missing_there(state) if state else []
            case _:
                task = self.run.task(folders.pair(name))
                found = self.run.attempt(task, _compare, task) or []
        self._found[str(name)] = tuple(found)


def _all_missing_there(state: FolderState) -> list[PlannedAction]:
    """Return the files of a folder that the server has not, but for those left here on purpose."""
    why = "the folder is only here"
    return [
        PlannedAction("missing_there", None, state.path_of(unique), why)
        for unique in state.entries
        if unique not in state.former
    ]


def _compare(session: ImapSession, task: FolderTask) -> list[PlannedAction]:
    """Return what differs in a folder that the server has. Raises: MailError."""
    selected = session.select(task.pair.wire, read_only=True)
    state = FolderState(task, selected)
    with suppress(NotFound):  # a folder that is not here has no files
        state.scan()
    state.load()
    load_left_out(state)
    state.remote = session.fetch_flags(selected.exists)
    new = within_limits(session, state, state.remote.keys() - state.rows, Orphans(()))
    return _FolderComparison(state).found(session, new)


class _FolderComparison:
    """Both sides of one folder, and what was found to differ.

    `_bound` are the files of messages that both sides have, as it was agreed on; `_free` are all
    others, by their content.
    """

    def __init__(self, state: FolderState) -> None:
        self._state = state
        self._found: list[PlannedAction] = []
        self._changed: list[str] = []
        self._bound = {
            uid: row.unique
            for uid, row in state.rows.items()
            if uid in state.remote and row.unique in state.entries
        }
        self._free: Twins = defaultdict(list)
        taken = set(self._bound.values())
        for unique in state.entries:
            if unique not in taken and (content := state.content_of(unique)):
                self._free[content].append(unique)

    def found(self, session: ImapSession, new: Iterable[Uid]) -> list[PlannedAction]:
        """Return what differs; `new` are the messages that nothing is recorded of."""
        state = self._state
        wanted = {*new, *(state.rows.keys() & state.remote.keys())}
        # Where no file is left that it could be, a message need not travel to be missing here.
        asked = sorted(uid for uid in wanted if uid in self._bound or self._free)
        unsent = set(asked)
        for uid, flags, content in digests(session, asked):
            if uid in unsent:  # else not what was asked for, or twice
                unsent.remove(uid)
                self._compare(uid, flags, content)
        if unsent:
            self._note_unsent(unsent, session.search_uids())
        for uid in sorted(wanted - {*asked}):
            self._note_missing_here(uid)
        for unique in (each for twins in self._free.values() for each in twins):
            self._note("missing_there", None, unique, _why_only_here(state, unique))
        self._judge()
        return self._found

    def _compare(self, uid: Uid, flags: Flags, there: Content) -> None:
        """Compare a message that arrived with the file that it is, or could be."""
        unique = self._bound.get(uid)
        if unique is None:
            unique = self._take(there, flags)
            if unique is None:
                self._note_missing_here(uid)
                return
        elif not self._is_same(uid, unique, there):
            return
        here = self._flags_here(uid, unique)
        storable = self._state.selected.storable.of
        if storable(here) != storable(flags):
            detail = f"here {_names(here)}; on the server {_names(flags)}"
            self._note("flags", uid, unique, detail)

    def _is_same(self, uid: Uid, unique: str, there: Content) -> bool:
        """Tell whether the file of an agreed message has its octets; note it where not."""
        state, row = self._state, self._state.rows[uid]
        here, agreed = state.content_of(unique), (row.size, row.sha256)
        if here is None:
            if state.folder.find(unique) is None:
                self._note("missing_here", uid, None, "its file is gone")
            return False  # else it cannot be read, which is noted
        if here != there:
            sides = (here != agreed, there != agreed)
            self._note("octets", uid, unique, _CHANGED[sides])
            if here != agreed:
                self._changed.append(unique)
        return here == there

    def _take(self, content: Content, flags: Flags) -> str | None:
        """Take one file with the same octets, if it can be one with the same flags."""
        twins = self._free.get(content)
        if not twins:
            return None
        return twins.pop(
            next((i for i, u in enumerate(twins) if self._state.flags_here(u) == flags), -1)
        )

    def _flags_here(self, uid: Uid, unique: str) -> Flags:
        """Return a file's flags; keywords without a letter are those that were agreed on."""
        state, row = self._state, self._state.rows.get(uid)
        flags = state.flags_here(unique)
        if row is None or row.unique != unique:
            return flags
        return flags | {k for k in keywords_of(row.flags) if not state.letters.covers(k)}

    def _note_unsent(self, unsent: Collection[Uid], still: UidSet) -> None:
        """Note messages that were asked for and did not come: expunged meanwhile, or withheld."""
        withheld = sorted(uid for uid in unsent if uid in still)
        for uid in withheld:
            self._state.counts.skip(uid, "the server sent no message")
        if withheld:
            number = len(withheld)
            self._state.counts.error = FolderUnusable(
                f"{self._state.name}: the server withheld {number} of its messages"
            )
        for uid in sorted({*unsent} - {*withheld} & self._bound.keys()):
            self._note("missing_there", uid, self._bound[uid], "there before")

    def _note_missing_here(self, uid: Uid) -> None:
        known = uid in self._state.rows
        self._note("missing_here", uid, None, "its file is gone" if known else "new on the server")

    def _note(self, kind: str, uid: Uid | None, unique: str | None, detail: str) -> None:
        path = self._state.path_of(unique) if unique else None
        self._found.append(PlannedAction(kind, uid, path, detail))

    def _judge(self) -> None:
        """Make an error of octets that differ: no run would ever look at them again."""
        wrong = [each for each in self._found if each.kind == "octets"]
        if not wrong:
            return
        more = f", and {len(wrong) - 1} more" if wrong[1:] else ""
        self._state.counts.error = LocalError(
            f"{wrong[0].path}: not what the server has, though both sides agreed on it{more}",
            hint=_REFETCH if self._changed else _ALTERED_THERE,
        )


def _why_only_here(state: FolderState, unique: str) -> str:
    if unique in state.former:
        return "the server renumbered the folder, or it was made anew, without this message"
    return "there before" if unique in state.bound() else "new here"


def _names(flags: Flags) -> str:
    names = (f.name.lower() if isinstance(f, Flag) else f.imap for f in flags)
    return " ".join(sorted(names)) or "none"
