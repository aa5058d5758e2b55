"""Which folders there are on both sides, and what becomes of each.

The fates are `sync.folders`' decision; here is what it takes to make it: the two
lists, the state, and the proof that a folder was renamed and not deleted. A
rename is carried to the other side at once, before anything else is decided.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from mailcli.app.folder_rename import rename_here, settle_renames
from mailcli.app.folder_task import FolderPair
from mailcli.app.sync_run import SyncRun
from mailcli.errors import CannotCreate, LocalError, MailError, ProtocolViolation
from mailcli.imap.names import selected
from mailcli.imap.session import CommandFailed
from mailcli.imap.values import Folder
from mailcli.model import Uid
from mailcli.store.maildir import Folders
from mailcli.store.names import FolderName, from_server, to_server
from mailcli.store.records import FolderRow
from mailcli.sync.folders import (
    Fate,
    Known,
    Offered,
    Renamed,
    fates,
    renamed_here,
    renames_there,
)

_NOT_BY_DEFAULT = {"all", "important", "flagged"}
"""Roles of Gmail's folders that show every message, or many, once more."""


class FolderSet:
    """The folders of both sides and of the state, by our names."""

    def __init__(self, run: SyncRun) -> None:
        self._run = run
        namespaces, listed = run.session.open_store()
        self.prefix = namespaces.personal[0].prefix if namespaces.personal else ""
        self.there: dict[FolderName, Folder] = self._ours(listed)
        if run.policy.changes_local and not run.dry_run:
            settle_renames(run.state, run.maildir, self.there)
        self.found = Folders(())
        self.here: set[FolderName] = set()
        self.known: dict[FolderName, FolderRow] = {}
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
            {str(name): _known(row) for name, row in self.known.items()},
            {str(name) for name in self.here},
            {str(name) for name in self.there},
        )
        return {
            FolderName.parse(name): told[name]
            for name in sorted(told, key=lambda name: (name != "INBOX", name.casefold()))
        }

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

    # -- renames ------------------------------------------------------------------

    def follow_renames(self) -> None:
        """Give folders that were renamed on one side the same new name on the other.

        Raises: MailError where the connection is lost.
        """
        if self._run.policy.changes_local:
            while self._follow_one_there():
                self._look_here()
        if self._run.policy.changes_remote:
            while self._follow_one_here():
                self.there = self._ours(self._run.session.list_folders(counters=True), quiet=True)
                self._look_here()

    def _follow_one_there(self) -> bool:
        """Rename one folder here that was renamed on the server; tell whether there was one."""
        run = self._run
        known = {str(n): _known(row) for n, row in self.known.items() if self._is_ours(n)}
        offered = {str(n): _offered(f) for n, f in self.there.items() if self._is_ours(n)}
        for renamed, is_sure in renames_there(known, offered):
            old, new = FolderName.parse(renamed.old), FolderName.parse(renamed.new)
            if new in self.here or old not in self.here:
                continue
            if not is_sure and not self._same_messages(old, new):
                continue
            if self._note(renamed):
                return False  # a dry run: told, and left at that
            try:
                rename_here(run.state, run.maildir, run.state.add_rename(str(old), str(new)))
            except (CannotCreate, LocalError) as exc:
                run.failed(new, exc)
                return False
            return True
        return False

    def _follow_one_here(self) -> bool:
        """Rename one folder on the server that was renamed here; tell whether there was one."""
        run = self._run
        gone = {
            str(name): [row.unique for row in run.state.messages(self.known[name].id)]
            for name in sorted(set(self.known) & set(self.there) - self.here, key=str)
            if self._is_ours(name)
        }
        gone = {name: files for name, files in gone.items() if files and name != "INBOX"}
        if not gone:
            return False
        for name in sorted(self.here - set(self.known) - set(self.there), key=str):
            if not self._is_ours(name):
                continue
            files = [entry.unique for entry in run.maildir.folder(name).scan()]
            old = renamed_here(gone, files)
            if old is not None and not self._note(Renamed(old, str(name))):
                return self._rename_there(FolderName.parse(old), name)
        return False

    def _rename_there(self, old: FolderName, new: FolderName) -> bool:
        run = self._run
        folder = self.there[old]
        intent = run.state.add_rename(str(old), str(new))
        try:
            server_name = to_server(new, self.delimiter, prefix=self.prefix)
            wire = run.session.rename(folder.wire, server_name)
        except (CannotCreate, CommandFailed) as exc:
            run.state.drop_rename(intent)
            run.tally.renamed.pop()
            run.failed(new, exc)
            return False
        rename_here(run.state, run.maildir, intent)
        if folder.subscribed:
            with suppress(CommandFailed):
                run.session.subscribe(wire)
                run.session.subscribe(folder.wire, on=False)
        return True

    def _same_messages(self, old: FolderName, new: FolderName) -> bool:
        """Tell whether a folder has the messages that another one had, by UID and size."""
        run = self._run
        sizes = {row.uid: row.size for row in run.state.messages(self.known[old].id)}
        if not sizes:
            return False
        try:
            run.session.select(self.there[new].wire, read_only=True)
        except CommandFailed:
            return False
        now: Mapping[Uid, int] = run.session.fetch_sizes(sizes)
        same = sum(now.get(uid) == size for uid, size in sizes.items())
        return 2 * same > len(sizes) and all(now[uid] == sizes[uid] for uid in now if uid in sizes)

    def _note(self, renamed: Renamed) -> bool:
        """Note a rename, and tell whether that is all that a dry run does."""
        told = f"{renamed.old} → {renamed.new}"
        if told not in self._run.tally.renamed:
            self._run.tally.renamed.append(told)
        return self._run.dry_run

    def _is_ours(self, name: FolderName) -> bool:
        return name in self.known or self.is_mirrored(name)

    # -- looking --------------------------------------------------------------------

    def _look_here(self) -> None:
        maildir = self._run.maildir
        self.found = maildir.folders() if maildir.exists() else Folders(())
        self.here = set(self.found.names)
        self.known = {FolderName.parse(row.name): row for row in self._run.state.folders()}

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


def _known(row: FolderRow) -> Known:
    return Known(row.uidvalidity, row.mailbox_id, detached=row.detached)


def _offered(folder: Folder) -> Offered:
    if folder.status is None:
        return Offered()
    return Offered(folder.status.uidvalidity, folder.status.mailbox_id)
