"""Which folders there are on both sides, and what becomes of each.

The fates are `sync.folders`' decision; here is what it takes to make it: the two
lists, and the state. Renames are `folder_follow`'s.
"""

from collections.abc import Iterable
from contextlib import suppress

from mailcli.app.folder_rename import settle_renames
from mailcli.app.folder_task import FolderPair
from mailcli.app.folder_twins import as_spelled, refused_twins
from mailcli.app.sync_run import SyncRun
from mailcli.errors import MailError, ProtocolViolation
from mailcli.imap.names import selected
from mailcli.imap.values import Folder
from mailcli.store.maildir import Folders
from mailcli.store.names import FolderName, from_server, to_server
from mailcli.store.records import FolderRow
from mailcli.sync.folders import Fate, Known, fates

_NOT_BY_DEFAULT = {"all", "important", "flagged"}
"""Roles of Gmail's folders that show every message, or many, once more."""


class FolderSet:
    """The folders of both sides and of the state, by our names.

    `previewed` are those of which a dry run has told that they would be renamed.
    """

    def __init__(self, run: SyncRun) -> None:
        self._run = run
        namespaces, listed = run.session.open_store()
        self.prefix = namespaces.personal[0].prefix if namespaces.personal else ""
        self.there: dict[FolderName, Folder] = {}
        self._list(listed)
        if run.policy.changes_local and not run.dry_run:
            settle_renames(run.state, run.maildir, self.there)
        self.found = Folders(())
        self.here: set[FolderName] = set()
        self.known: dict[FolderName, FolderRow] = {}
        self.previewed: set[str] = set()
        self._look_here()

    @property
    def delimiter(self) -> str | None:
        """What separates names on the server, where any folder tells."""
        return next((f.delimiter for f in self.there.values() if f.delimiter), None)

    def names(self) -> set[FolderName]:
        """Return every folder that either side has now."""
        return self.here | set(self.there)

    def fates(self) -> dict[FolderName, Fate]:
        """Return what becomes of each folder, INBOX first."""
        told = fates(
            {str(name): self._known_now(name, row) for name, row in self.known.items()},
            {str(name) for name in self.here},
            {str(name) for name in self.there},
        )
        order = sorted(told, key=lambda name: (name != "INBOX", name.casefold()))
        return {FolderName.parse(n): told[n] for n in order if n not in self.previewed}

    def _known_now(self, name: FolderName, row: FolderRow) -> Known:
        """Return what was agreed on, and whether a folder that is meant to be only here has more.

        One that cannot be read is told, and stays only here.
        """
        known = known_as(row)
        only_here = name in self.here and name not in self.there
        if not (row.detached and only_here and self.is_mirrored(name)):
            return known
        run, task = self._run, self._run.silent_task(only_here_pair(name))
        with suppress(MailError):  # the look below tells why
            if {each.unique for each in task.folder.scan()} == {
                each.unique for each in run.state.messages(row.id)
            }:
                return known
        from mailcli.app.folder_survey import survey_here

        state = run.attempt(task, lambda _: survey_here(task, None))
        if task.counts.error:
            run.failed(name, task.counts.error)
        return known._replace(has_new_mail=bool(state and state.strays()))

    def is_mirrored(self, name: FolderName) -> bool:
        """Tell whether the account mirrors a folder."""
        run = self._run
        if run.account.pop is not None and str(name) == run.account.pop.folder:
            return False
        if not selected(str(name), run.server.folders, "/"):
            return False
        return self.left_out(name) is None

    def left_out(self, name: FolderName) -> str | None:
        """Return why a folder that the patterns choose is left out all the same."""
        run, folder = self._run, self.there.get(name)
        if folder is None:
            return None
        gmail = "X-GM-EXT-1" in run.session.capabilities
        if gmail and not run.server.folders_given and folder.role in _NOT_BY_DEFAULT:
            return "it shows messages of other folders once more; name it in folders to have it"
        if run.server.subscribed_only and not folder.subscribed and str(name) != "INBOX":
            return "it is not subscribed"
        return None

    def pair(self, name: FolderName) -> FolderPair:
        """Return a folder that the server has, as both sides name it."""
        folder = self.there[name]
        return FolderPair(
            name,
            folder.wire,
            folder.role,
            folder.name,
            folder.delimiter,
            folder.subscribed,
            folder.status,
        )

    def create_there(self, name: FolderName) -> FolderPair:
        """Make a folder on the server. Raises: CannotCreate, CommandFailed, MailError."""
        run = self._run
        server_name = to_server(name, self.delimiter, prefix=self.prefix)
        if run.dry_run:
            return FolderPair(name, b"", None, server_name, self.delimiter)
        wire = run.session.create(server_name)
        if run.server.subscribed_only:
            run.session.subscribe(wire)
        return FolderPair(name, wire, None, server_name, self.delimiter)

    def look_again(self, *, there: bool) -> None:
        """Take note of what a rename has changed, here and where asked `there`."""
        if there:
            self._list(self._run.session.list_folders(counters=True), quiet=True)
        self._look_here()

    def _list(self, listed: Iterable[Folder], *, quiet: bool = False) -> None:
        """Take the server's list, without what cannot be here."""
        run = self._run
        self.there = self._ours(listed, quiet=quiet)
        known = [FolderName.parse(row.name) for row in run.state.folders()]
        there = list(filter(self.is_mirrored, self.there))
        for name, error in refused_twins(run.maildir, known, there).items():
            del self.there[name]
            if not quiet:
                run.failed(name, error)

    def _look_here(self) -> None:
        maildir = self._run.maildir
        self.found = maildir.folders() if maildir.exists() else Folders(())
        self.known = {FolderName.parse(row.name): row for row in self._run.state.folders()}
        self.here = as_spelled(maildir, self.found.names, {*self.known, *self.there})

    def _ours(self, listed: Iterable[Folder], *, quiet: bool = False) -> dict[FolderName, Folder]:
        """Return the server's folders by our names; a name that must be refused stops no other."""
        run = self._run
        found: dict[FolderName, Folder] = {}
        for folder in listed:
            if not folder.selectable:
                continue
            try:
                if not folder.can_be_named:
                    raise ProtocolViolation("the folder's name holds NUL, CR or LF")
                name = from_server(folder.name, folder.delimiter, prefix=self.prefix)
                run.maildir.folder(name)
                if name in found:
                    raise ProtocolViolation(f"two folders of the server are {str(name)!r} here")
            except MailError as exc:
                if not quiet:
                    run.failed(folder.name, exc)
                continue
            found[name] = folder
        return found


def only_here_pair(name: FolderName) -> FolderPair:
    """Return a folder that the server has not."""
    return FolderPair(name, b"", None, str(name), None)


def pair_of(row: FolderRow) -> FolderPair:
    """Return a folder that the server has no more, as the state knows it."""
    name = FolderName.parse(row.name)
    return FolderPair(name, b"", row.role, row.server_name or row.name, row.delimiter)


def known_as(row: FolderRow) -> Known:
    """Return what was agreed on about a folder, as the decision needs it."""
    return Known(row.uidvalidity, row.mailbox_id, detached=row.detached)
