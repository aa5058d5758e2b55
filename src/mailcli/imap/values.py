"""What an IMAP session returns: folders, counts, messages. Plain values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailcli.model import ANYTHING_STORABLE, Flags, Storable, Uid, UidValidity

ROLES = {
    "\\ALL": "all",
    "\\ARCHIVE": "archive",
    "\\DRAFTS": "drafts",
    "\\FLAGGED": "flagged",
    "\\IMPORTANT": "important",
    "\\JUNK": "junk",
    "\\SENT": "sent",
    "\\TRASH": "trash",
}
"""Special uses by attribute (RFC 6154 §2, RFC 8457)."""


class Body(Protocol):
    """Where a message's octets go while they arrive."""

    def write(self, chunk: bytes) -> None:
        """Take the next octets."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as LIST names it; `wire` is its name exactly as the server spells it."""

    wire: bytes
    name: str
    delimiter: str | None
    role: str | None
    subscribed: bool
    selectable: bool
    messages: int | None = None
    unseen: int | None = None
    size: int | None = None

    @property
    def can_be_named(self) -> bool:
        """Whether a command can say its name: a quoted string holds no NUL, CR or LF."""
        return not set(b"\0\r\n") & set(self.wire)


@dataclass(frozen=True, slots=True)
class Counts:
    """What STATUS tells of a folder; `size` in octets, None where the server does not tell."""

    messages: int
    unseen: int
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """An open folder: how many messages, which generation of UIDs, the next UID if said.

    `storable` are the flags that the server keeps when they are set.
    """

    exists: int
    uidvalidity: UidValidity
    uidnext: int | None
    read_only: bool
    storable: Storable = ANYTHING_STORABLE


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message that arrived: `body` is what took its octets, None if the server sent none."""

    uid: Uid
    flags: Flags
    internal_date: datetime | None
    body: Body | None
    size: int
