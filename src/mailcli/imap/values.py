"""What an IMAP session takes and returns: folders, counts, changes, messages. Plain values."""

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailcli.imap.sets import UidSet
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

Place = tuple[UidValidity, Uid]
"""Where a message lies: the generation of the folder's UIDs, and the UID."""


class Body(Protocol):
    """Where a message's octets go while they arrive."""

    def write(self, chunk: bytes) -> None:
        """Take the next octets."""


@dataclass(frozen=True, slots=True)
class Status:
    """What tells whether a folder changed, without opening it (RFC 3501 §6.3.10, RFC 7162 §3.1.7).

    `highestmodseq` is None where the server keeps none for the folder.
    """

    messages: int
    uidnext: int
    uidvalidity: UidValidity
    highestmodseq: int | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as LIST names it; `wire` is its name exactly as the server spells it.

    `has_children` is None where the server does not say. `status` is None where it was not
    asked for, or where the server left out one of its numbers.
    """

    wire: bytes
    name: str
    delimiter: str | None
    role: str | None
    subscribed: bool
    selectable: bool
    messages: int | None = None
    unseen: int | None = None
    size: int | None = None
    has_children: bool | None = None
    status: Status | None = None

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
class Namespace:
    """What names of one kind begin with, and what separates their levels (RFC 2342 §5)."""

    prefix: str
    delimiter: str | None


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The user's own folders, those of other users, and shared ones."""

    personal: tuple[Namespace, ...] = ()
    others: tuple[Namespace, ...] = ()
    shared: tuple[Namespace, ...] = ()

    @property
    def prefix(self) -> str:
        """What stands before the user's own folders, such as `INBOX.`."""
        return self.personal[0].prefix if self.personal else ""


@dataclass(frozen=True, slots=True)
class Since:
    """A state of a folder that we know, so that SELECT tells only what changed (RFC 7162 §3.2.5).

    `known`: the UIDs that we have; None for all up to what the state covers.
    """

    uidvalidity: UidValidity
    modseq: int
    known: UidSet | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed in a folder: the flags of new and changed messages, and what is gone.

    A hint, no proof: a message that is said to have vanished is only looked for again.
    """

    flags: MutableMapping[Uid, Flags]
    vanished: UidSet


@dataclass(frozen=True, slots=True)
class Selected:
    """An open folder: how many messages, which generation of UIDs, the next UID if said.

    `storable` are the flags that the server keeps when they are set. `highestmodseq` is None
    where the server keeps none. `mailbox_id` (RFC 8474) stays when the folder is renamed.
    `changes` is None unless it told what changed since a state of the same generation.
    """

    exists: int
    uidvalidity: UidValidity
    uidnext: int | None
    read_only: bool
    storable: Storable = ANYTHING_STORABLE
    highestmodseq: int | None = None
    mailbox_id: str | None = None
    changes: Changes | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message that arrived: `body` is what took its octets, None if the server sent none.

    `email_id` as in `Details`.
    """

    uid: Uid
    flags: Flags
    internal_date: datetime | None
    body: Body | None
    size: int
    email_id: str | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """What can be told of a message without fetching it; `size` in octets.

    `email_id` is the same for each copy of a message (RFC 8474 §5.1, or Gmail's own), None
    where the server gives none.
    """

    size: int
    internal_date: datetime | None
    email_id: str | None


@dataclass(frozen=True, slots=True)
class Headed:
    """What a list shows of a message on the server; `header` holds the fields that were asked for.

    `size` in octets.
    """

    uid: Uid
    flags: Flags
    size: int
    internal_date: datetime | None
    header: bytes


@dataclass(frozen=True, slots=True)
class Moved:
    """Where messages went (RFC 4315 §3, COPYUID): the new UID by the old one."""

    uidvalidity: UidValidity
    pairs: dict[Uid, Uid]


@dataclass(frozen=True, slots=True)
class Upload:
    """A message for APPEND: `content` gives its `size` octets, each time it is called.

    `received`, which knows its time zone, becomes its internal date instead of now.
    """

    content: Callable[[], Iterable[bytes]]
    size: int
    flags: Flags
    received: datetime | None = None
