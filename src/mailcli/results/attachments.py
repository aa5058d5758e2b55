"""What `attachments list` and `attachments save` return."""

from pathlib import Path
from typing import NamedTuple

from mailcli.results.report import ErrorReport


class AttachmentInfo(NamedTuple):
    """One attachment: its part (RFC 3501 §6.4.5), the name that its sender gave, decoded octets.

    `saved` is the file that it became, or in a dry run would become; None where it was listed.
    """

    part: str
    name: str | None
    type: str
    size: int
    saved: Path | None = None


class MessageAttachments(NamedTuple):
    """The attachments of one message; `id` is None for one that was given by its path."""

    id: int | None
    path: Path
    attachments: tuple[AttachmentInfo, ...]


class AttachmentsResult(NamedTuple):
    """The result of `attachments list` and `attachments save`, a message each, in order."""

    messages: tuple[MessageAttachments, ...]
    errors: tuple[ErrorReport, ...] = ()
