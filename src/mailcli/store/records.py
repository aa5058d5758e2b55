"""Rows of the state database, as plain values. Times are Unix seconds, sizes wire octets.

`sha256` is the digest (32 octets) of a message as the server sent it. A folder
is named by the text form of its `FolderName`.
"""

from typing import NamedTuple

from mailcli.model import Flags, Uid, UidValidity, UniqueId


class PopSource(NamedTuple):
    """A maildrop. `delivering`: a run began to deliver and did not commit all of it yet.

    `renaming`: it took the server to have given every message another unique-id. `target` is
    where it delivered, None where that is not known. `logged_in` is when the last login was
    tried, `told` what the user was last told about the server.
    """

    id: int
    host: str
    username: str
    delivering: bool
    renaming: bool = False
    target: str | None = None
    logged_in: int = 0
    told: str = ""


class PopRecord(NamedTuple):
    """A message of a maildrop that is stored here; `size` is what LIST said.

    `deleted` says that the server was told to delete it, and agreed. Without a `sha256` it
    was only marked as seen. `folder` names a folder of the account's Maildir, or another
    Maildir as `maildir:PATH`.
    """

    uidl: UniqueId
    size: int
    sha256: bytes
    token: str
    folder: str
    stored_at: int
    deleted: bool = False

    @property
    def here(self) -> bool:
        """Whether it was stored here, and not only marked."""
        return bool(self.sha256)


class FolderRow(NamedTuple):
    """What both sides last agreed on about a folder.

    Zero UIDVALIDITY and UIDNEXT: nothing yet. `highestmodseq` is None without
    CONDSTORE (RFC 7162). `role` is its special use (RFC 6154), such as `sent`.
    `server_name`, `delimiter` and `subscribed` are what the server last said.
    `detached`: deleted on the server; what was agreed on stays here, and only here.
    `messages` is how many the server had when all up to the counters was done; None: no
    shortcut may rest on them. `mailbox_id` outlives a rename (RFC 8474 §4). `stamps` (their
    `text`) are those of the files when they were just what was agreed on; None: list them.
    `names` is the sum of their names then (`name_sum`), `agreed` how many messages are recorded
    since then, all of this UIDVALIDITY; None: not known.
    `listed_at` is when the server last listed the flags of all messages (Unix seconds).
    """

    id: int
    name: str
    uidvalidity: UidValidity
    uidnext: int
    highestmodseq: int | None
    role: str | None = None
    server_name: str | None = None
    delimiter: str | None = None
    subscribed: bool = False
    detached: bool = False
    messages: int | None = None
    mailbox_id: str | None = None
    stamps: str | None = None
    names: str | None = None
    agreed: int | None = None
    listed_at: int | None = None


class Look(NamedTuple):
    """What a folder's files look like: its stamps, the sum of the names that it has then.

    And how many messages they are.
    """

    stamps: str
    names: str
    agreed: int


class FolderCounts(NamedTuple):
    """What is recorded of a folder's messages: how many, how many unseen, their octets."""

    messages: int
    unseen: int
    size: int


class RenameIntent(NamedTuple):
    """A RENAME that may have reached the server: look which of the names it has."""

    id: int
    old: str
    new: str


class MessageRow(NamedTuple):
    """What both sides last agreed on about a message. `unique` is that of its file.

    `email_id` names its content wherever the server has it (RFC 8474 §5.1). `held`: one side
    has it no more, with too many others, and nobody has confirmed that yet.
    """

    uidvalidity: UidValidity
    uid: Uid
    unique: str
    flags: Flags
    size: int
    sha256: bytes
    email_id: str | None = None
    held: bool = False


class MessageOutline(NamedTuple):
    """What of a `MessageRow` tells whether either side has changed; quick to make."""

    uidvalidity: UidValidity
    uid: Uid
    unique: str
    flags: Flags
    held: bool


class LeftOut(NamedTuple):
    """A message that the policy leaves on the server, with what the policy looks at.

    `received` is its INTERNALDATE; None for one that no calendar has.
    """

    uidvalidity: UidValidity
    uid: Uid
    size: int
    received: int | None


class AppendIntent(NamedTuple):
    """An APPEND that may have reached the server: look there before sending it again.

    `uidnext_before` is None where the server did not tell: then all of the
    folder is looked through.
    """

    unique: str
    sha256: bytes
    size: int
    message_id: str | None
    uidvalidity: UidValidity
    uidnext_before: int | None


class DeleteIntent(NamedTuple):
    """A deletion that may have come true: what is missing there is then nobody else's doing.

    `on_server`: the message was to be expunged there; otherwise its file was to be removed.
    """

    uidvalidity: UidValidity
    uid: Uid
    on_server: bool
