"""What an IMAP session returns: folders, counts, messages. Plain values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailcli.model import Flag, Flags, Uid, UidValidity

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
    storable: Flags = frozenset(Flag)


@dataclass(frozen=True, slots=True)
class FlagState:
    """A message's flags, and its keywords as the server spells them."""

    flags: Flags
    keywords: frozenset[str]

    @classmethod
    def parse(cls, names: Iterable[bytes]) -> "FlagState":
        """Read a flag list; names count in any case, `\\Recent` does not count at all."""
        flags, keywords = set(), set()
        for name in names:
            text = name.decode("utf-8", "replace")
            if flag := _FLAGS.get(text.upper()):
                flags.add(flag)
            elif not text.startswith("\\"):
                keywords.add(text)
        return cls(frozenset(flags), frozenset(keywords))


_FLAGS = {flag.imap.upper(): flag for flag in Flag}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message that arrived: `body` is what took its octets, None if the server sent none."""

    uid: Uid
    state: FlagState
    internal_date: datetime | None
    body: Body | None
    size: int
