"""What commands return: frozen values whose field names are the JSON of schema 1.

A command prints exactly one of them. Fields are only ever added within a
schema number; the published schemas stand in `docs/schema`. Lists are always
there, an absent value is `None`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mailcli.results.attachments import (
    AttachmentInfo,
    AttachmentsResult,
    MessageAttachments,
)
from mailcli.results.drafts import DraftResult
from mailcli.results.messages import ListResult, MessageInfo
from mailcli.results.reading import ReadMessage, ReadResult
from mailcli.results.report import ErrorReport
from mailcli.results.sending import (
    FlushedMessage,
    FlushResult,
    OutboxChange,
    OutboxMessage,
    OutboxResult,
    Outcome,
    RefusedRecipient,
    SendPreview,
    SendResult,
)
from mailcli.results.state import AccountStatus, FolderStatus, LastRun, StatusResult

SCHEMA = 1

__all__ = [
    "AccountStatus",
    "AttachmentInfo",
    "AttachmentsResult",
    "DraftResult",
    "ErrorReport",
    "FlushResult",
    "FlushedMessage",
    "FolderStatus",
    "LastRun",
    "ListResult",
    "MessageAttachments",
    "MessageInfo",
    "OutboxChange",
    "OutboxMessage",
    "OutboxResult",
    "Outcome",
    "ReadMessage",
    "ReadResult",
    "RefusedRecipient",
    "SendPreview",
    "SendResult",
    "StatusResult",
]


@dataclass(frozen=True, slots=True)
class SkippedPop:
    """A message left on the server, and why."""

    uidl: str
    reason: str


@dataclass(frozen=True, slots=True)
class MaildropStatus:
    """What a maildrop holds, and how much of it is new; None where that cannot be told."""

    messages: int
    bytes: int
    new: int | None
    new_bytes: int | None


@dataclass(frozen=True, slots=True)
class PopAccount:
    """What one account's POP3 run did. `bytes` counts octets as the server sent them.

    `waiting` are new messages left for a later run, `marked` those marked as seen without
    being fetched. `muted`: the error passes by itself and is not worth a word yet. All of it is
    `done`, or in a dry run only planned.
    """

    account: str
    fetched: int = 0
    bytes: int = 0
    deleted: int = 0
    kept: int = 0
    skipped: tuple[SkippedPop, ...] = ()
    error: ErrorReport | None = None
    waiting: int = 0
    marked: int = 0
    warnings: tuple[str, ...] = ()
    status: MaildropStatus | None = None
    muted: bool = False
    done: bool = True


@dataclass(frozen=True, slots=True)
class PopResult:
    """The result of `pop-fetch`."""

    accounts: tuple[PopAccount, ...]


@dataclass(frozen=True, slots=True)
class SkippedImap:
    """A message that was not synchronised: by its UID or its path, and why."""

    uid: int | None
    path: Path | None
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One line of a dry run or a comparison: what is to be done, or differs, of which message."""

    kind: str
    uid: int | None
    path: Path | None
    detail: str


@dataclass(frozen=True, slots=True)
class FolderSync:
    """What one folder's synchronisation did.

    With a dry run, `actions` instead of counts; with `--verify`, `differences`.
    """

    name: str
    fetched: int = 0
    appended: int = 0
    moved: int = 0
    flags_local: int = 0
    flags_remote: int = 0
    deleted_local: int = 0
    deleted_remote: int = 0
    skipped: tuple[SkippedImap, ...] = ()
    held_back: int = 0
    changed: bool = False
    error: ErrorReport | None = None
    actions: tuple[PlannedAction, ...] | None = None
    differences: tuple[PlannedAction, ...] | None = None


@dataclass(frozen=True, slots=True)
class ImapAccount:
    """What one account's synchronisation did."""

    account: str
    folders: tuple[FolderSync, ...] = ()
    folders_created: tuple[str, ...] = ()
    folders_deleted: tuple[str, ...] = ()
    folders_renamed: tuple[str, ...] = ()
    changed: bool = False
    error: ErrorReport | None = None


@dataclass(frozen=True, slots=True)
class ImapResult:
    """The result of `imap-sync`: what it did, would do (`--dry-run`) or found to differ."""

    accounts: tuple[ImapAccount, ...]
    kind: Literal["sync", "dry-run", "verify"] = "sync"


@dataclass(frozen=True, slots=True)
class FolderInfo:
    """One IMAP folder. `role` is its special use (RFC 6154), such as `sent`."""

    account: str
    name: str
    delimiter: str | None
    role: str | None
    subscribed: bool
    selectable: bool
    messages: int | None
    unseen: int | None
    path: Path | None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class FolderChange:
    """One change to a folder of the server, `done` or in a dry run only planned.

    `messages` are those deleted with it; `path` is where the folder lies here afterwards.
    """

    account: str
    action: Literal["created", "renamed", "deleted", "subscribed", "unsubscribed"]
    name: str
    new_name: str | None = None
    messages: int | None = None
    path: Path | None = None
    done: bool = True


@dataclass(frozen=True, slots=True)
class FoldersResult:
    """The result of `folders`: those of every account that answered, and why others did not.

    `changes` are what was changed before the folders were listed.
    """

    folders: tuple[FolderInfo, ...]
    errors: tuple[ErrorReport, ...] = ()
    changes: tuple[FolderChange, ...] = ()


@dataclass(frozen=True, slots=True)
class CredentialChange:
    """What `account set-password` or `forget-password` did."""

    account: str
    protocol: str | None
    stored: bool
    backend: str


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """One configured account as `account list` shows it."""

    account: str
    email: str | None
    default: bool
    maildir: Path
    smtp: str | None
    pop: str | None
    imap: str | None


@dataclass(frozen=True, slots=True)
class AccountsResult:
    """The result of `account list`."""

    accounts: tuple[AccountInfo, ...]


Result = (
    SendResult
    | SendPreview
    | DraftResult
    | OutboxResult
    | OutboxChange
    | FlushResult
    | PopResult
    | ImapResult
    | FoldersResult
    | ListResult
    | ReadResult
    | StatusResult
    | AttachmentsResult
    | CredentialChange
    | AccountsResult
)
