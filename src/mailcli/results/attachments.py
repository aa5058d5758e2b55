"""What `attachments list` and `attachments save` return."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AttachmentInfo:
    """One attachment: its part (RFC 3501 §6.4.5), the name that its sender gave, decoded octets.

    `saved` is the file that it became, or in a dry run would become; None where it was listed.
    """

    part: str
    name: str | None
    type: str
    size: int
    saved: Path | None = None


@dataclass(frozen=True, slots=True)
class MessageAttachments:
    """The attachments of one message; `id` is None for one that was given by its path."""

    id: int | None
    path: Path
    attachments: tuple[AttachmentInfo, ...]


@dataclass(frozen=True, slots=True)
class AttachmentsResult:
    """The result of `attachments list` and `attachments save`, a message each, in order."""

    messages: tuple[MessageAttachments, ...]
