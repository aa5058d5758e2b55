"""What `status` returns."""

from datetime import datetime
from typing import NamedTuple

from mailcli.results.report import ErrorReport


class FolderStatus(NamedTuple):
    """How many messages a folder of the Maildir has."""

    name: str
    unread: int
    flagged: int
    total: int


class LastRun(NamedTuple):
    """When `imap-sync` or `pop-fetch` last ended for an account, and what became of it."""

    command: str
    at: datetime
    error: ErrorReport | None


class AccountStatus(NamedTuple):
    """One account. `unread` leaves out sent mail, drafts, junk and trash; `outbox` waits."""

    account: str
    unread: int
    flagged: int
    total: int
    outbox: int
    folders: tuple[FolderStatus, ...]
    runs: tuple[LastRun, ...]


class StatusResult(NamedTuple):
    """The result of `status`, and what could not be looked at."""

    accounts: tuple[AccountStatus, ...]
    errors: tuple[ErrorReport, ...] = ()
