"""What commands return: frozen values whose field names are the JSON of schema 1.

A command prints exactly one of them. Fields are only ever added within a
schema number; the published schemas stand in `docs/schema`. Lists are always
there, an absent value is `None`.
"""

from pathlib import Path
from typing import Literal, NamedTuple

from mailcli.results.attachments import (
    AttachmentInfo,
    AttachmentsResult,
    MessageAttachments,
)
from mailcli.results.drafts import DraftResult
from mailcli.results.messages import ListResult, MessageInfo, ReadResult
from mailcli.results.organising import ChangedMessage, OrganisedResult
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
from mailcli.results.transfer import (
    ExportedMessage,
    ExportResult,
    ImportedMessage,
    ImportResult,
)

SCHEMA = 1

__all__ = [
    "AccountStatus",
    "AttachmentInfo",
    "AttachmentsResult",
    "ChangedMessage",
    "DraftResult",
    "ErrorReport",
    "ExportResult",
    "ExportedMessage",
    "FlushResult",
    "FlushedMessage",
    "FolderStatus",
    "ImportResult",
    "ImportedMessage",
    "LastRun",
    "ListResult",
    "MessageAttachments",
    "MessageInfo",
    "OrganisedResult",
    "OutboxChange",
    "OutboxMessage",
    "OutboxResult",
    "Outcome",
    "ReadResult",
    "RefusedRecipient",
    "SendPreview",
    "SendResult",
    "StatusResult",
]


class SkippedPop(NamedTuple):
    """A message left on the server, and why."""

    uidl: str
    reason: str


class MaildropStatus(NamedTuple):
    """What a maildrop holds, and how much of it is new; None where that cannot be told."""

    messages: int
    bytes: int
    new: int | None
    new_bytes: int | None


class PopAccount(NamedTuple):
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


class PopResult(NamedTuple):
    """The result of `pop-fetch`."""

    accounts: tuple[PopAccount, ...]


class SkippedImap(NamedTuple):
    """A message that was not synchronised: by its UID or its path, and why."""

    uid: int | None
    path: Path | None
    reason: str


class PlannedAction(NamedTuple):
    """One line of a dry run or a comparison: what is to be done, or differs, of which message."""

    kind: str
    uid: int | None
    path: Path | None
    detail: str


class FolderSync(NamedTuple):
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


class ImapAccount(NamedTuple):
    """What one account's synchronisation did."""

    account: str
    folders: tuple[FolderSync, ...] = ()
    folders_created: tuple[str, ...] = ()
    folders_deleted: tuple[str, ...] = ()
    folders_renamed: tuple[str, ...] = ()
    changed: bool = False
    error: ErrorReport | None = None


class ImapResult(NamedTuple):
    """The result of `imap-sync`: what it did, would do (`--dry-run`) or found to differ."""

    accounts: tuple[ImapAccount, ...]
    kind: Literal["sync", "dry-run", "verify"] = "sync"


class FolderInfo(NamedTuple):
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


class FolderChange(NamedTuple):
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


class FoldersResult(NamedTuple):
    """The result of `folders`: those of every account that answered, and why others did not.

    `changes` are what was changed before the folders were listed.
    """

    folders: tuple[FolderInfo, ...]
    errors: tuple[ErrorReport, ...] = ()
    changes: tuple[FolderChange, ...] = ()


class CredentialChange(NamedTuple):
    """What `account set-password` or `forget-password` did."""

    account: str
    protocol: str | None
    stored: bool
    backend: str


class AccountInfo(NamedTuple):
    """One configured account as `account list` shows it."""

    account: str
    email: str | None
    default: bool
    maildir: Path
    smtp: str | None
    pop: str | None
    imap: str | None


class AccountsResult(NamedTuple):
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
    | OrganisedResult
    | ImportResult
    | ExportResult
    | CredentialChange
    | AccountsResult
)
