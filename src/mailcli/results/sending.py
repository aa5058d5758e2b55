"""What `send` and `outbox` return."""

from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from mailcli.model import Address
from mailcli.results.report import ErrorReport


class RefusedRecipient(NamedTuple):
    """A recipient that the server would not take, with the server's words."""

    address: Address
    permanent: bool
    code: int
    enhanced: str | None
    text: str


class SendResult(NamedTuple):
    """The outcome of one submission; `error` says why it is unknown for some, where it is.

    `queued` are those for whom it waits in the outbox, as message `outbox_id`. `answered` and
    `forwarded` are messages that were marked as that.
    """

    message_id: str | None
    outcome: Literal["delivered", "partial", "refused", "queued", "unknown"]
    accepted: tuple[Address, ...]
    refused: tuple[RefusedRecipient, ...]
    saved: Path | None
    warnings: tuple[str, ...] = ()
    error: ErrorReport | None = None
    unknown: tuple[Address, ...] = ()
    queued: tuple[Address, ...] = ()
    outbox_id: int | None = None
    answered: tuple[int, ...] = ()
    forwarded: tuple[int, ...] = ()


class SendPreview(NamedTuple):
    """What `send --dry-run` would put on the wire: the envelope and the exact message."""

    sender: str
    recipients: tuple[str, ...]
    message: str
    account: str
    server: str


class OutboxMessage(NamedTuple):
    """One message in the outbox; `recipients` are those who do not have it yet, or perhaps.

    `next_try` is None where nothing will be tried by itself; `error` is of the last try.
    """

    id: int
    account: str
    state: Literal["waiting", "unknown", "done"]
    created: datetime
    next_try: datetime | None
    tries: int
    size: int
    sender: str
    recipients: tuple[Address, ...]
    subject: str
    message_id: str | None
    error: str | None


class OutboxResult(NamedTuple):
    """The result of `outbox list`: the oldest first."""

    messages: tuple[OutboxMessage, ...]


class OutboxChange(NamedTuple):
    """The result of `outbox drop`: what was in the outbox and is not any more."""

    dropped: tuple[OutboxMessage, ...]


Outcome = Literal["delivered", "partial", "refused", "deferred", "unknown"]


class FlushedMessage(NamedTuple):
    """What one try did: for each recipient, or `error` for the message as a whole."""

    id: int
    account: str
    message_id: str | None
    subject: str
    outcome: Outcome
    accepted: tuple[Address, ...] = ()
    refused: tuple[RefusedRecipient, ...] = ()
    unknown: tuple[Address, ...] = ()
    next_try: datetime | None = None
    saved: Path | None = None
    warnings: tuple[str, ...] = ()
    error: ErrorReport | None = None


class FlushResult(NamedTuple):
    """The result of `outbox flush`: what was tried, what failed, and what is left."""

    messages: tuple[FlushedMessage, ...]
    errors: tuple[ErrorReport, ...]
    left: tuple[OutboxMessage, ...]
