"""What commands return: frozen values whose field names are the JSON of schema 1.

A command prints exactly one of them. Fields are only ever added within a
schema number; the published schemas stand in `docs/schema`. Lists are always
there, an absent value is `None`.

They are made when they are first asked for: a command has use for one family of them, and
to make all would take a twentieth of a short run.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailcli.results.accounts import AccountInfo, AccountsResult, CredentialChange
    from mailcli.results.attachments import AttachmentInfo, AttachmentsResult, MessageAttachments
    from mailcli.results.drafts import DraftResult
    from mailcli.results.every import Result
    from mailcli.results.folders import FolderChange, FolderInfo, FoldersResult
    from mailcli.results.imap import (
        FolderSync,
        ImapAccount,
        ImapResult,
        PlannedAction,
        SkippedImap,
    )
    from mailcli.results.messages import ListResult, MessageInfo, ReadResult
    from mailcli.results.organising import ChangedMessage, OrganisedResult
    from mailcli.results.pop import MaildropStatus, PopAccount, PopResult, SkippedPop
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

_FAMILIES = {
    "accounts": "AccountInfo AccountsResult CredentialChange",
    "attachments": "AttachmentInfo AttachmentsResult MessageAttachments",
    "drafts": "DraftResult",
    "every": "Result",
    "folders": "FolderChange FolderInfo FoldersResult",
    "imap": "FolderSync ImapAccount ImapResult PlannedAction SkippedImap",
    "messages": "ListResult MessageInfo ReadResult",
    "organising": "ChangedMessage OrganisedResult",
    "pop": "MaildropStatus PopAccount PopResult SkippedPop",
    "report": "ErrorReport",
    "sending": (
        "FlushResult FlushedMessage OutboxChange OutboxMessage OutboxResult Outcome "
        "RefusedRecipient SendPreview SendResult"
    ),
    "state": "AccountStatus FolderStatus LastRun StatusResult",
    "transfer": "ExportResult ExportedMessage ImportResult ImportedMessage",
}
"""What each module below defines."""

_HOMES = {name: family for family, names in _FAMILIES.items() for name in names.split()}


if not TYPE_CHECKING:  # to mypy, whatever is asked for would be there

    def __getattr__(name: str) -> object:
        """Return what one of the modules below defines, and keep it here."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = found
        return found
