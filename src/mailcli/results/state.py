"""What `status` returns."""

from dataclasses import dataclass
from datetime import datetime

from mailcli.results.report import ErrorReport


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """How many messages a folder of the Maildir has."""

    name: str
    unread: int
    flagged: int
    total: int


@dataclass(frozen=True, slots=True)
class LastRun:
    """When `imap-sync` or `pop-fetch` last ended for an account, and what became of it."""

    command: str
    at: datetime
    error: ErrorReport | None


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """One account. `unread` leaves out sent mail, drafts, junk and trash; `outbox` waits."""

    account: str
    unread: int
    flagged: int
    total: int
    outbox: int
    folders: tuple[FolderStatus, ...]
    runs: tuple[LastRun, ...]


@dataclass(frozen=True, slots=True)
class StatusResult:
    """The result of `status`, and what could not be looked at."""

    accounts: tuple[AccountStatus, ...]
    errors: tuple[ErrorReport, ...] = ()
