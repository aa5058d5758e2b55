"""`imap-sync`: keep an account's IMAP folders and its Maildir alike.

This module decides which folders there are to keep alike, and lets one that
fails stop no other; `folder_sync` does the work inside one.
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from mailcli.app.context import Context
from mailcli.app.folder_state import FolderPair
from mailcli.app.folder_sync import sync_folder
from mailcli.app.sessions import imap_session
from mailcli.app.stores import locked_state, require_maildir
from mailcli.config import Account, ImapServer
from mailcli.errors import MailError, NotFound, ProtocolViolation, TemporaryFailure
from mailcli.imap.names import selected
from mailcli.imap.session import ImapSession
from mailcli.imap.values import Folder
from mailcli.model import SyncMode
from mailcli.results import ErrorReport, FolderSync, ImapAccount, ImapResult
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName, from_server, to_server
from mailcli.store.state import StateStore
from mailcli.sync.states import Policy


@dataclass(slots=True)
class _Tally:
    """What one account's run has done so far; it survives the run's failure."""

    folders: list[FolderSync] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    error: MailError | None = None

    def result(self, account: Account) -> ImapAccount:
        return ImapAccount(
            account.name,
            tuple(self.folders),
            folders_created=tuple(self.created),
            changed=bool(self.created) or any(folder.changed for folder in self.folders),
            error=ErrorReport.of(self.error, account=account.name) if self.error else None,
        )


def imap_sync(
    context: Context,
    accounts: Sequence[Account],
    folders: Sequence[str] = (),
    *,
    mode: SyncMode | None = None,
    dry_run: bool = False,
) -> ImapResult:
    """Synchronise every account; one that fails does not stop the others.

    `folders` are patterns that choose among the account's folders, `mode` overrides the
    account's. A dry run lists what would be done and changes neither side.
    """
    return ImapResult(
        tuple(_account(context, a, tuple(folders), mode, dry_run=dry_run) for a in accounts)
    )


def _account(
    context: Context,
    account: Account,
    wanted: tuple[str, ...],
    mode: SyncMode | None,
    *,
    dry_run: bool,
) -> ImapAccount:
    tally = _Tally()
    try:
        with ExitStack() as stack:
            state = stack.enter_context(locked_state(context, account))
            session = stack.enter_context(imap_session(context, account))
            assert account.imap is not None  # noqa: S101 - imap_session checked it
            policy = Policy(mode or account.imap.mode)
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

    @property
    def maildir(self) -> Maildir:
        return Maildir(self.account.maildir, self.account.layout)

    def sync(self, wanted: tuple[str, ...], *, dry_run: bool) -> None:
        """Synchronise every folder that the account and the command line choose.

        Raises: MailError where the connection, and so the whole account, is lost.
        """
        if self.state.folders():
            require_maildir(self.account)
        prefix = self.session.personal_prefix()
        remote = self._remote(prefix)
        delimiter = next((f.delimiter for f in remote.values()), None)
        chosen = [name for name in remote if self._chosen(name, wanted)]
        for pattern in wanted:
            if not any(selected(str(name), (pattern,), "/") for name in chosen):
                self._check_local(pattern)
        for name in sorted(chosen, key=_inbox_first):
            self._one(FolderPair(name, remote[name].wire, remote[name].role), dry_run=dry_run)
        for name in self._only_local(remote, wanted):
            self._create(name, delimiter, prefix, dry_run=dry_run)

    def _remote(self, prefix: str) -> dict[FolderName, Folder]:
        """Return the server's folders by our names; a name that must be refused stops no other."""
        found: dict[FolderName, Folder] = {}
        for folder in self.session.list_folders():
            if not folder.selectable:
                continue
            try:
                name = from_server(folder.name, folder.delimiter, prefix=prefix)
                self.maildir.folder(name)
                if name in found:
                    raise ProtocolViolation(f"two folders of the server are {str(name)!r} here")
            except MailError as exc:
                self._failed(folder.name, exc)
                continue
            found[name] = folder
        return found

    def _chosen(self, name: FolderName, wanted: tuple[str, ...]) -> bool:
        """Whether the configuration mirrors a folder and the command line asks for it."""
        if self.account.pop is not None and str(name) == self.account.pop.folder:
            return False
        text = str(name)
        return selected(text, self.server.folders, "/") and (
            not wanted or selected(text, wanted, "/")
        )

    def _only_local(
        self, remote: Iterable[FolderName], wanted: tuple[str, ...]
    ) -> list[FolderName]:
        if not self.policy.changes_remote or not self.maildir.exists():
            return []
        missing = set(self.maildir.folders().names) - set(remote)
        return sorted((name for name in missing if self._chosen(name, wanted)), key=str)

    def _check_local(self, pattern: str) -> None:
        """Report a folder that was asked for by name and is nowhere."""
        exact = not set("*%!") & set(pattern)
        if exact and not (
            self.maildir.exists() and FolderName.parse(pattern) in self.maildir.folders().names
        ):
            self._failed(pattern, NotFound("there is no such folder"))

    def _create(
        self, name: FolderName, delimiter: str | None, prefix: str, *, dry_run: bool
    ) -> None:
        """Make a folder on the server that exists only here, and fill it."""
        if str(name) in {row.name for row in self.state.folders()}:
            # It was there once: deleted on the server, or not listed this time.
            self._failed(str(name), NotFound("the folder is no longer on the server"))
            return
        try:
            remote_name = to_server(name, delimiter, prefix=prefix)
            self.tally.created.append(str(name))
            if not dry_run:
                wire = self.session.create(remote_name)
                self._one(FolderPair(name, wire, None), dry_run=False)
        except TemporaryFailure:
            raise
        except MailError as exc:
            self.tally.created.remove(str(name))
            self._failed(str(name), exc)

    def _one(self, pair: FolderPair, *, dry_run: bool) -> None:
        self.context.notice(f"{self.account.name}: {pair.name}")
        result = sync_folder(
            self.context,
            self.session,
            self.state,
            self.maildir.folder(pair.name),
            pair,
            policy=self.policy,
            dry_run=dry_run,
        )
        self.tally.folders.append(result)

    def _failed(self, name: str, error: MailError) -> None:
        report = ErrorReport.of(error, account=self.account.name)
        self.tally.folders.append(FolderSync(name, error=report))


def _inbox_first(name: FolderName) -> tuple[bool, str]:
    return (str(name) != "INBOX", str(name).casefold())
