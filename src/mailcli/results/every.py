"""All that a command may return."""

from mailcli.results.accounts import AccountsResult, CredentialChange
from mailcli.results.attachments import AttachmentsResult
from mailcli.results.drafts import DraftResult
from mailcli.results.folders import FoldersResult
from mailcli.results.imap import ImapResult
from mailcli.results.messages import ListResult, ReadResult
from mailcli.results.organising import OrganisedResult
from mailcli.results.pop import PopResult
from mailcli.results.sending import (
    FlushResult,
    OutboxChange,
    OutboxResult,
    SendPreview,
    SendResult,
)
from mailcli.results.state import StatusResult
from mailcli.results.transfer import ExportResult, ImportResult

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
