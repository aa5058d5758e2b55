"""Folders that were renamed on one side: given the same new name on the other.

Before anything else is decided, since a rename that passes for a deletion and a
new folder would send all its mail on its way again. It takes proof: the same
MAILBOXID (RFC 8474), or the same messages. Where a name is in the way, or the
server will not have it, the messages are moved one by one, like any others.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

from mailcli.app.folder_rename import rename_here
from mailcli.app.folder_set import FolderSet, known_as
from mailcli.app.sync_run import SyncRun
from mailcli.errors import CannotCreate, LocalError, ProtocolViolation
from mailcli.imap.session import CommandFailed
from mailcli.model import Uid
from mailcli.store.names import INBOX, FolderName, to_server
from mailcli.sync.folders import Known, Offered, Renamed, renamed_here, renames_there


class Followed:
    """The renames of one run: each is tried once, if a folder of either name is chosen."""

    def __init__(
        self, run: SyncRun, folders: FolderSet, chosen: Callable[[FolderName], bool]
    ) -> None:
        self._run, self._folders, self._chosen = run, folders, chosen
        self._tried: set[Renamed] = set()

    def follow(self) -> None:
        """Carry renames over, both ways.

        Raises: MailError where the connection is lost.
        """
        if self._run.policy.changes_local:
            while self._follow_one_there():
                self._folders.look_again(there=False)
        if self._run.policy.changes_remote:
            while self._follow_one_here():
                self._folders.look_again(there=True)

    # -- renamed on the server ------------------------------------------------------

    def _follow_one_there(self) -> bool:
        """Rename one folder here that was renamed on the server; tell whether there was one."""
        folders = self._folders
        known = {str(n): known_as(row) for n, row in folders.known.items() if self._is_ours(n)}
        offered = self._offered(known)
        for renamed, is_sure in renames_there(known, offered):
            old, new = FolderName.parse(renamed.old), FolderName.parse(renamed.new)
            if renamed in self._tried or new in folders.here or old not in folders.here:
                continue
            if not (self._chosen(old) or self._chosen(new)):
                continue
            if is_sure or self._same_messages(old, new):
                self._tried.add(renamed)
                if self._is_renamed_here(renamed, old, new):
                    return True
        return False

    def _is_renamed_here(self, renamed: Renamed, old: FolderName, new: FolderName) -> bool:
        run = self._run
        if new.is_within(old) or old.is_within(new) or INBOX in (old, new):
            return False
        try:
            run.maildir.check_rename(old, new)
        except (CannotCreate, LocalError, ProtocolViolation):
            return False
        if self._told(renamed):
            rename_here(run.state, run.maildir, run.state.add_rename(str(old), str(new)))
            return True
        return False

    def _offered(self, known: Mapping[str, Known]) -> dict[str, Offered]:
        """Return what the server tells of its folders; of new ones also the MAILBOXID.

        That is asked of SELECT, and only where a folder is missing: Cyrus 3.6 answers STATUS
        with octets of its memory.
        """
        folders, session = self._folders, self._run.session
        there = {str(name): f for name, f in folders.there.items() if self._is_ours(name)}
        missing = [each for name, each in known.items() if name not in there and not each.detached]
        with_id = any(each.mailbox_id for each in missing)
        offered = {}
        for name, folder in there.items():
            uidvalidity = folder.status.uidvalidity if folder.status else None
            mailbox_id = None
            if with_id and name not in known:
                with suppress(CommandFailed):
                    mailbox_id = session.select(folder.wire, read_only=True).mailbox_id
            offered[name] = Offered(uidvalidity, mailbox_id)
        return offered

    def _same_messages(self, old: FolderName, new: FolderName) -> bool:
        """Tell whether a folder has the messages that another one had, by UID and size."""
        run, folders = self._run, self._folders
        sizes = {row.uid: row.size for row in run.state.messages(folders.known[old].id)}
        if not sizes:
            return False
        try:
            run.session.select(folders.there[new].wire, read_only=True)
            now: Mapping[Uid, int] = run.session.fetch_sizes(sizes)
        except CommandFailed:
            return False
        same = sum(now.get(uid) == size for uid, size in sizes.items())
        return 2 * same > len(sizes) and all(now[uid] == sizes[uid] for uid in now if uid in sizes)

    # -- renamed here ---------------------------------------------------------------

    def _follow_one_here(self) -> bool:
        """Rename one folder on the server that was renamed here; tell whether there was one."""
        run, folders = self._run, self._folders
        missing = set(folders.known) & set(folders.there) - folders.here - {INBOX}
        gone = {
            str(name): [row.unique for row in run.state.messages(folders.known[name].id)]
            for name in filter(self._is_ours, missing)
        }
        if not any(gone.values()):
            return False
        for new in sorted(folders.here - set(folders.known) - set(folders.there), key=str):
            files = (
                [e.unique for e in run.maildir.folder(new).scan()] if self._is_ours(new) else []
            )
            old = renamed_here(gone, files)
            if old is None or (renamed := Renamed(old, str(new))) in self._tried:
                continue
            if not (self._chosen(FolderName.parse(old)) or self._chosen(new)):
                continue
            self._tried.add(renamed)
            if self._is_renamed_there(renamed, FolderName.parse(old), new):
                return True
        return False

    def _is_renamed_there(self, renamed: Renamed, old: FolderName, new: FolderName) -> bool:
        run, folders = self._run, self._folders
        if new.is_within(old) or old.is_within(new):
            return False
        try:
            server_name = to_server(new, folders.delimiter, prefix=folders.prefix)
        except CannotCreate:
            return False
        if not self._told(renamed):
            return False
        folder = folders.there[old]
        intent = run.state.add_rename(str(old), str(new))
        try:
            wire = run.session.rename(folder.wire, server_name)
        except CommandFailed:
            run.state.drop_rename(intent)
            run.tally.renamed.pop()
            return False
        rename_here(run.state, run.maildir, intent)
        if folder.subscribed:
            with suppress(CommandFailed):
                run.session.subscribe(wire)
                run.session.subscribe(folder.wire, on=False)
        return True

    def _told(self, renamed: Renamed) -> bool:
        """Note a rename; tell whether it is to be carried out, which a dry run does not."""
        run = self._run
        run.tally.renamed.append(f"{renamed.old} → {renamed.new}")
        if run.dry_run:
            self._folders.previewed |= {renamed.old, renamed.new}
        return not run.dry_run

    def _is_ours(self, name: FolderName) -> bool:
        return name in self._folders.known or self._folders.is_mirrored(name)
