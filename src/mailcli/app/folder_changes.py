"""`folders --create` and its like: change the folders of the server, and here what follows.

What is deleted on the server stays here: its files are the user's, and perhaps
the last copy of a message. Before the server is told, the state marks the folder
as detached, so that no later run uploads it again; the mark goes when the server
has such a folder, which a file that was never agreed on makes it have, or the
Maildir none. Renames are `folder_rename`'s.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from mailcli.app.context import Context
from mailcli.app.folder_plan import (
    Create,
    Delete,
    Listed,
    Rename,
    Step,
    Subscribe,
    Wanted,
    plan,
    taken,
)
from mailcli.app.folder_rename import rename_here, settle_renames
from mailcli.app.folders import described, list_all
from mailcli.app.sessions import imap_session
from mailcli.app.stores import locked_state, require_maildir
from mailcli.config import Account
from mailcli.errors import ConfirmationNeeded, MailError, NotFound, Refused, UsageError
from mailcli.imap.session import CommandFailed, ImapSession
from mailcli.imap.values import Folder
from mailcli.results import ErrorReport, FolderChange, FolderInfo, FoldersResult
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName
from mailcli.store.state import StateStore

Confirm = Callable[[str], None]
"""Asks a question; returns for yes. Raises: ConfirmationNeeded for no, or with nobody to ask."""


@dataclass(slots=True)
class _Tally:
    """What has been done so far; it survives the run's failure."""

    folders: list[FolderInfo] = field(default_factory=list)
    changes: list[FolderChange] = field(default_factory=list)
    errors: list[MailError] = field(default_factory=list)


def change_folders(
    context: Context, account: Account, wanted: Wanted, *, confirm: Confirm, dry_run: bool
) -> FoldersResult:
    """Make the changes, one after the other, and return them with the folders there are then.

    One that fails stops no other. A dry run asks nothing and changes nothing.

    Raises: UsageError (2) for what makes no sense.
    """
    wanted.check()
    tally = _Tally()
    try:
        with ExitStack() as stack:
            state = stack.enter_context(locked_state(context, account))
            session = stack.enter_context(imap_session(context, account))
            run = _Run(account, state, session, confirm, tally, dry_run=dry_run)
            run.change(wanted, *list_all(session, counts=bool(wanted.delete)))
            tally.folders = described(account, *list_all(session))
    except MailError as exc:
        tally.errors.append(exc)
    errors = (ErrorReport.of(error, account=account.name) for error in tally.errors)
    return FoldersResult(tuple(tally.folders), tuple(errors), tuple(tally.changes))


class _Run:
    """One account's run: everything that its steps have in common."""

    def __init__(
        self,
        account: Account,
        state: StateStore,
        session: ImapSession,
        confirm: Confirm,
        tally: _Tally,
        *,
        dry_run: bool,
    ) -> None:
        self.account, self.state, self.session = account, state, session
        self.confirm, self.tally, self.dry_run = confirm, tally, dry_run
        self.maildir = Maildir(account.maildir, account.layout)
        self.kept: set[FolderName] = set()

    def change(self, wanted: Wanted, found: Sequence[Folder], prefix: str) -> None:
        """Plan, ask about deletions, and do what remains.

        Raises: MailError where the connection, and so the rest, is lost.
        """
        listed = Listed.of(found, prefix)
        if self.state.renames() and not self.dry_run:
            if self.state.folders():
                require_maildir(self.account)
            settle_renames(self.state, self.maildir, listed.folders)
        made = plan(wanted, listed)
        self.tally.errors += made.errors
        for step in [step for step in made.steps if self._is_confirmed(step)]:
            try:
                self._do(step)
            except CommandFailed as exc:
                self._failed(step, refusal(exc, str(step.name)))
            except (NotFound, Refused, UsageError) as exc:
                self._failed(step, exc)

    def _is_confirmed(self, step: Step) -> bool:
        if self.dry_run or not isinstance(step, Delete):
            return True
        try:
            self.confirm(question(step))
        except ConfirmationNeeded as exc:
            self._failed(step, exc)
            return False
        return True

    def _failed(self, step: Step, error: MailError) -> None:
        self.tally.errors.append(error)
        self.kept.add(step.name)

    def _do(self, step: Step) -> None:
        match step:
            case Create():
                self._create(step)
            case Rename():
                self._rename(step)
            case Delete():
                self._delete(step)
            case Subscribe():
                self._subscribe(step)
            case _:
                assert_never(step)

    def _create(self, step: Create) -> None:
        if not self.dry_run:
            self.session.create(step.server_name)
        self._tell(FolderChange(self.account.name, "created", str(step.name)))

    def _subscribe(self, step: Subscribe) -> None:
        if not self.dry_run:
            self.session.subscribe(step.wire, on=step.on)
            if row := self.state.folder(str(step.name)):
                self.state.set_subscribed(row.id, step.on)
        change = FolderChange(self.account.name, "unsubscribed", str(step.name))
        self._tell(change._replace(action="subscribed") if step.on else change)

    def _delete(self, step: Delete) -> None:
        if any(name.is_within(step.name) for name in self.kept):
            why = f"{step.name}: not deleted, since a folder inside it was not"
            raise Refused(why, hint="delete that one first")
        if not self.dry_run:
            self._delete_there(step)
        change = FolderChange(
            self.account.name,
            "deleted",
            str(step.name),
            messages=step.folder.messages,
            path=self._path(step.name),
        )
        self._tell(change)

    def _delete_there(self, step: Delete) -> None:
        row = self.state.folder(str(step.name))
        if row:
            self.state.set_detached(row.id, True)
        try:
            self.session.delete(step.folder.wire)
        except CommandFailed:
            if row:
                self.state.set_detached(row.id, row.detached)
            raise
        if step.folder.subscribed:
            self._resubscribe(step.folder.wire, on=False)

    def _rename(self, step: Rename) -> None:
        self._check_here(step)
        was_here = self._path(step.name) is not None
        if not self.dry_run:
            was_here = self._rename_there(step)
        path = self.maildir.folder(step.new).path if was_here else None
        self._tell(
            FolderChange(self.account.name, "renamed", str(step.name), str(step.new), path=path)
        )

    def _rename_there(self, step: Rename) -> bool:
        intent = self.state.add_rename(str(step.name), str(step.new))
        try:
            self.session.rename(step.folder.wire, step.server_name)
        except CommandFailed:
            self.state.drop_rename(intent)
            raise
        was_here = rename_here(self.state, self.maildir, intent)
        for folder in step.subscribed:
            self._resubscribe(step.moved(folder), on=True)
            self._resubscribe(folder.wire, on=False)
        return was_here

    def _check_here(self, step: Rename) -> None:
        """Make sure, before the server is asked, that the same can be done here."""
        if self.state.folders():
            require_maildir(self.account)
        pop = FolderName.parse(self.account.pop.folder) if self.account.pop else None
        if pop and (pop.is_within(step.name) or pop.is_within(step.new)):
            raise Refused(
                f"{pop} is the Maildir folder of the account's POP3 mail, and stays where it is",
                hint=f"see folder in [accounts.{self.account.name}.pop]",
            )
        self.maildir.check_rename(step.name, step.new)

    def _resubscribe(self, wire: bytes, *, on: bool) -> None:
        """Let a subscription follow its folder; where the server refuses, the list shows it."""
        try:
            self.session.subscribe(wire, on=on)
        except CommandFailed:
            return

    def _path(self, name: FolderName) -> Path | None:
        folder = self.maildir.folder(name)
        return folder.path if folder.exists() else None

    def _tell(self, change: FolderChange) -> None:
        self.tally.changes.append(change._replace(done=not self.dry_run))


def question(step: Delete) -> str:
    """Return what is asked before a folder is deleted."""
    count = step.folder.messages
    number = "" if count is None else f" with {count} {'message' if count == 1 else 'messages'}"
    return f"Delete the folder {step.name}{number} on the server?"


def refusal(error: CommandFailed, name: str) -> MailError:
    """Return a server's refusal as what it means for the user (RFC 5530)."""
    match error.response_code:
        case "NONEXISTENT":
            return NotFound(error.message, hint="see: mailcli folders")
        case "ALREADYEXISTS":
            return Refused(error.message, hint=taken(name).hint)
        case _:
            return error
