"""`imap-sync`: keep an account's IMAP folders and its Maildir alike.

This module decides which folders there are to keep alike, and lets one that
fails stop no other; `folder_sync` does the work inside one. Deletions of all
folders come last (`folder_delete`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from mailcli.app.context import Context
from mailcli.app.folder_delete import Content, delete_in_folder
from mailcli.app.folder_rename import settle_renames
from mailcli.app.folder_report import preview_upload
from mailcli.app.folder_state import FolderPair, FolderTask
from mailcli.app.folder_sync import sync_folder
from mailcli.app.sessions import imap_session
from mailcli.app.stores import hash_of, locked_state, require_maildir
from mailcli.config import Account, ImapServer
from mailcli.errors import CannotCreate, MailError, NotFound, ProtocolViolation
from mailcli.imap.names import selected
from mailcli.imap.session import CommandFailed, ImapSession
from mailcli.imap.values import Folder
from mailcli.model import SyncMode
from mailcli.results import ErrorReport, FolderSync, ImapAccount, ImapResult
from mailcli.store.folder_view import is_maildir, refused_link
from mailcli.store.maildir import Folders, Maildir
from mailcli.store.names import FolderName, from_server, to_server
from mailcli.store.records import MessageRow
from mailcli.store.state import StateStore
from mailcli.sync.states import Policy


@dataclass(slots=True)
class _Tally:
    """What one account's run has done so far; it survives the run's failure."""

    folders: list[FolderSync | FolderTask] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    error: MailError | None = None

    def result(self, account: Account) -> ImapAccount:
        folders = [
            each if isinstance(each, FolderSync) else each.result() for each in self.folders
        ]
        return ImapAccount(
            account.name,
            tuple(folders),
            folders_created=tuple(self.created),
            changed=bool(self.created) or any(folder.changed for folder in folders),
            error=ErrorReport.of(self.error, account=account.name) if self.error else None,
        )


def imap_sync(
    context: Context,
    accounts: Sequence[Account],
    folders: Sequence[str] = (),
    *,
    mode: SyncMode | None = None,
    allow_mass_delete: bool = False,
    dry_run: bool = False,
) -> ImapResult:
    """Synchronise every account; one that fails does not stop the others.

    `folders` are patterns that choose among the account's folders, `mode` overrides the
    account's. `allow_mass_delete` confirms deletions that are otherwise held back. A dry run
    lists what would be done and changes neither side.
    """
    done = []
    for account in accounts:
        policy = _policy(account, mode, allow_mass_delete=allow_mass_delete)
        done.append(_account(context, account, tuple(folders), policy, dry_run=dry_run))
    return ImapResult(tuple(done))


def _policy(account: Account, mode: SyncMode | None, *, allow_mass_delete: bool) -> Policy:
    policy = Policy(allow_mass_delete=allow_mass_delete)
    if account.imap is None:
        return policy  # the session says so
    if account.imap.max_delete is not None:
        policy = replace(policy, max_delete=account.imap.max_delete)
    return replace(policy, mode=mode or account.imap.mode)


def _account(
    context: Context,
    account: Account,
    wanted: tuple[str, ...],
    policy: Policy,
    *,
    dry_run: bool,
) -> ImapAccount:
    tally = _Tally()
    try:
        with ExitStack() as stack:
            state = stack.enter_context(locked_state(context, account))
            session = stack.enter_context(imap_session(context, account))
            assert account.imap is not None  # noqa: S101 - imap_session checked it
            run = _Run(context, account, account.imap, state, session, policy, tally)
            run.sync(wanted, dry_run=dry_run)
    except MailError as exc:
        tally.error = exc.of(account.name)
    return tally.result(account)


@dataclass(frozen=True, slots=True)
class _Run:
    """One account's run: everything that its steps have in common."""

    context: Context
    account: Account
    server: ImapServer
    state: StateStore
    session: ImapSession
    policy: Policy
    tally: _Tally
    deletions: list[FolderTask] = field(default_factory=list)

    @property
    def maildir(self) -> Maildir:
        return Maildir(self.account.maildir, self.account.layout)

    def sync(self, wanted: tuple[str, ...], *, dry_run: bool) -> None:
        """Synchronise every folder that the account and the command line choose.

        Raises: MailError where the connection, and so the whole account, is lost.
        """
        if self.state.has_messages():
            require_maildir(self.account)
        prefix = self.session.personal_prefix()
        remote = self._remote(prefix)
        if self.policy.changes_local and not dry_run:
            settle_renames(self.state, self.maildir, remote)
        found = self.maildir.folders() if self.maildir.exists() else Folders(())
        local = set(found.names)
        wanted = tuple(_ours(pattern, remote) for pattern in wanted)
        for pattern in wanted:
            self._check_asked(pattern, local | set(remote))
        chosen = self._chooser(wanted, local | set(remote))
        for name in sorted(filter(chosen, remote), key=_inbox_first):
            self._one(_pair(name, remote[name]), dry_run=dry_run)
        if self.policy.changes_remote:
            delimiter = next((f.delimiter for f in remote.values() if f.delimiter), None)
            for name in sorted(filter(chosen, local - set(remote)), key=str):
                self._create(name, delimiter, prefix, dry_run=dry_run)
        if not wanted:
            self._report_links(found, remote)
        if not dry_run:
            self._forget_detached(local | set(remote))
        trash = next((f.wire for f in remote.values() if f.role == "trash"), None)
        for task in self.deletions:
            delete_in_folder(self.session, task, unsent=self._unsent, trash=trash)

    def _unsent(self, rows: Collection[MessageRow]) -> set[Content]:
        """Return which of these messages are here as files that were never uploaded.

        That is how a message looks that was moved to a folder which failed, or which was left
        out on the command line. A folder that is not mirrored does not count.
        """
        wanted = {(row.size, row.sha256) for row in rows}
        sizes = range(min(size for size, _ in wanted), max(size for size, _ in wanted) + 1)
        waiting = set()
        for name in filter(self._is_mirrored, self.maildir.folders().names):
            folder, known = self.maildir.folder(name), self.state.folder(str(name))
            uploaded = {row.unique for row in self.state.messages(known.id)} if known else set()
            for entry in folder.scan(stat=True):
                # A file has its own line ends: it may be smaller by one octet for each line.
                fits = entry.size < sizes.stop and 2 * entry.size >= sizes.start
                if entry.unique not in uploaded and fits:
                    digest, size = hash_of(folder, entry)
                    waiting.add((size, digest))
        return waiting & wanted

    def _remote(self, prefix: str) -> dict[FolderName, Folder]:
        """Return the server's folders by our names; a name that must be refused stops no other."""
        found: dict[FolderName, Folder] = {}
        for folder in self.session.list_folders():
            if not folder.selectable:
                continue
            try:
                if not folder.can_be_named:
                    raise ProtocolViolation("the folder's name holds NUL, CR or LF")
                name = from_server(folder.name, folder.delimiter, prefix=prefix)
                self.maildir.folder(name)
                if name in found:
                    raise ProtocolViolation(f"two folders of the server are {str(name)!r} here")
            except MailError as exc:
                self._failed(folder.name, exc)
                continue
            found[name] = folder
        return found

    def _chooser(
        self, wanted: tuple[str, ...], known: Collection[FolderName]
    ) -> Callable[[FolderName], bool]:
        """Return what tells whether a folder is mirrored and the command line asks for it."""
        names = set(map(str, known)) if wanted else set()
        exact = {name for name in wanted if name in names and set("*%") & set(name)}
        patterns = tuple(pattern for pattern in wanted if pattern not in exact)

        def chosen(name: FolderName) -> bool:
            asked = not wanted or str(name) in exact
            asked = asked or (bool(patterns) and selected(str(name), patterns, "/"))
            return asked and self._is_mirrored(name)

        return chosen

    def _report_links(self, found: Folders, remote: Collection[FolderName]) -> None:
        """Say what is not synchronised because it lies behind a symbolic link."""
        mirrored = {self.maildir.folder(name).path for name in remote}  # they say so themselves
        for path in (each.path for each in found.skipped if each.path not in mirrored):
            if path.is_symlink() and is_maildir(str(path)):
                self._failed(path.name, refused_link(path))

    def _is_mirrored(self, name: FolderName) -> bool:
        if self.account.pop is not None and str(name) == self.account.pop.folder:
            return False
        return selected(str(name), self.server.folders, "/")

    def _check_asked(self, pattern: str, known: Collection[FolderName]) -> None:
        """Report a folder that was asked for by its name and cannot be had."""
        if set("*%!") & set(pattern):
            return
        name = FolderName.parse(pattern)
        if name not in known:
            near = get_close_matches(pattern, map(str, known), n=1)
            hint = f"did you mean {near[0]}?" if near else "see: mailcli folders"
            self._failed(pattern, NotFound("there is no such folder", hint=hint))
        elif not self._is_mirrored(name):
            hint = f"see folders in [accounts.{self.account.name}.imap], and folder in its pop"
            self._failed(pattern, NotFound("the account leaves this folder out", hint=hint))

    def _create(
        self, name: FolderName, delimiter: str | None, prefix: str, *, dry_run: bool
    ) -> None:
        """Make a folder on the server that exists only here, and fill it."""
        row = self.state.folder(str(name))
        if row is not None and row.detached:
            self.context.notice(f"{self.account.name}: {name} is only here, as it is meant to be")
            return
        if row is not None:
            # It was there once: deleted on the server, or not listed this time.
            hint = "delete it here, too, or create it on the server again"
            self._failed(str(name), NotFound("the folder is no longer on the server", hint=hint))
            return
        try:
            remote_name = to_server(name, delimiter, prefix=prefix)
            wire = b"" if dry_run else self.session.create(remote_name)
        except (CannotCreate, CommandFailed) as exc:
            self._failed(str(name), exc)
            return
        self.tally.created.append(str(name))
        if dry_run:
            self.tally.folders.append(preview_upload(self.maildir.folder(name), name))
        else:
            self._one(FolderPair(name, wire, None, remote_name, delimiter), dry_run=False)

    def _forget_detached(self, known: Collection[FolderName]) -> None:
        """Drop what is recorded of folders that we deleted there, and the user here."""
        for row in self.state.folders():
            if row.detached and FolderName.parse(row.name) not in known:
                self.state.forget_folder(row.id)

    def _one(self, pair: FolderPair, *, dry_run: bool) -> None:
        self.context.notice(f"{self.account.name}: {pair.name}")
        folder = self.maildir.folder(pair.name)
        task = FolderTask(self.context, self.state, folder, pair, self.policy)
        self.tally.folders.append(task)
        if sync_folder(self.session, task, dry_run=dry_run):
            self.deletions.append(task)

    def _failed(self, name: str, error: MailError) -> None:
        report = ErrorReport.of(error, account=self.account.name)
        self.tally.folders.append(FolderSync(name, error=report))


def _pair(name: FolderName, folder: Folder) -> FolderPair:
    return FolderPair(
        name, folder.wire, folder.role, folder.name, folder.delimiter, folder.subscribed
    )


def _ours(pattern: str, remote: Mapping[FolderName, Folder]) -> str:
    """Return our name for a folder that was asked for by the server's, as `folders` shows it."""
    return next((str(name) for name, f in remote.items() if f.name == pattern), pattern)


def _inbox_first(name: FolderName) -> tuple[bool, str]:
    return (str(name) != "INBOX", str(name).casefold())
