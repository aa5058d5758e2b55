"""Rows of the index as values, and values as rows. Pure.

`message.flags` has a bit for each system flag. Addresses lie in one text, with ASCII's
separators of records and units between them.
"""

from collections.abc import Sequence
from struct import pack, unpack
from typing import Any, NamedTuple

from mailcli.model import Address, Flag, SystemFlags
from mailcli.store.database import Value, loaded, stored
from mailcli.store.entries import Entry

SEEN, FLAGGED, ANSWERED, DRAFT, PASSED, DELETED = (1 << place for place in range(6))
_BITS = {
    Flag.SEEN: SEEN,
    Flag.FLAGGED: FLAGGED,
    Flag.ANSWERED: ANSWERED,
    Flag.DRAFT: DRAFT,
    Flag.PASSED: PASSED,
    Flag.DELETED: DELETED,
}

COLUMNS = (
    "number, account, name, subdirectory, unique_name, info, date, zone, size, attachments,"
    " sender, recipients, copies, subject, message_id, thread, own, named"
)
"""Of `message` and `folder`, as `indexed` takes them."""

_BETWEEN, _WITHIN = "\x1e", "\x1f"  # record and unit separator: between addresses, and in one


Row = tuple[Any, ...]
"""A row of `COLUMNS`."""


class Condition(NamedTuple):
    """What stands behind WHERE, and the values for its question marks."""

    sql: str = "1"
    values: tuple[Value, ...] = ()

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(f"({self.sql}) AND ({other.sql})", self.values + other.values)

    def __str__(self) -> str:
        return self.sql


class IndexedFolder(NamedTuple):
    """A folder of an account as it was last listed; `stamps` are None where it must be anew.

    `files` is how many there were, None where that is not known. They are more than the `total`
    of the messages where several have one unique name.
    """

    id: int
    account: str
    name: str
    stamps: str | None
    files: int | None
    total: int
    unread: int
    flagged: int


class Described(NamedTuple):
    """What is indexed of a message's content. `date` in Unix seconds, `zone` in minutes.

    `own` is a hash of its Message-ID, `named` are those of the ones that it names, the nearest
    last; `base` is one of the subject without `Re:`, and `orphan` tells a reply that names none.
    """

    date: int
    zone: int | None
    size: int
    attachments: int
    sender: tuple[Address, ...]
    recipients: tuple[Address, ...]
    copies: tuple[Address, ...]
    subject: str
    message_id: str | None
    fingerprint: bytes
    own: int | None = None
    named: tuple[int, ...] = ()
    base: int | None = None
    orphan: bool = False

    @property
    def links(self) -> tuple[int, ...]:
        """Everything that joins it to others, each once."""
        own = () if self.own is None else (self.own,)
        return tuple(dict.fromkeys((*own, *self.named)))


class Texts(NamedTuple):
    """The words of a message by which it can be found, as `texts` has them.

    `recipients` are those of To and Bcc, `copies` those of Cc.
    """

    subject: str
    sender: str
    recipients: str
    copies: str
    body: str
    files: str
    list: str


class Indexed(NamedTuple):
    """A message of the index, and where its file was when its folder was last listed.

    `thread` is the least number of its thread.
    """

    number: int
    account: str
    folder: str
    entry: Entry
    date: int
    zone: int | None
    size: int
    attachments: int
    sender: tuple[Address, ...]
    recipients: tuple[Address, ...]
    copies: tuple[Address, ...]
    subject: str
    message_id: str | None
    thread: int
    own: int | None
    named: tuple[int, ...]


def bits_of(flags: SystemFlags) -> int:
    """Return flags as `message.flags` has them."""
    return sum(_BITS[flag] for flag in flags)


def placed(entry: Entry) -> tuple[Value, ...]:
    """Return the columns of `message` that say where a file is, and its flags."""
    unique = entry.unique
    return (
        entry.subdirectory,
        stored(unique),
        stored(entry.name[len(unique) :]),
        bits_of(entry.flags),
    )


def row_of(described: Described) -> tuple[Value, ...]:
    """Return the columns of `message` that say what a message is."""
    return (
        *(described.date, described.zone, described.size, described.attachments),
        *map(_packed, (described.sender, described.recipients, described.copies)),
        *(
            _text(described.subject),
            described.message_id,
            described.fingerprint,
            described.base,
            described.orphan,
        ),
        *(described.own, pack(f"<{len(described.named)}q", *described.named)),
    )


def words_in(texts: Texts) -> tuple[str, ...]:
    """Return the columns of `texts`, but for the number."""
    people = (texts.sender, texts.recipients, texts.copies)
    return (texts.subject, *people, texts.body, texts.files, texts.list)


def indexed(row: Row) -> Indexed:
    """Return the message of a row of `COLUMNS`."""
    number, account, folder, subdirectory, unique, info, date, zone, size, attachments = row[:10]
    sender, recipients, copies, subject, message_id, thread, own, named = row[10:]
    return Indexed(
        number=number,
        account=account,
        folder=loaded(folder),
        entry=Entry(subdirectory, loaded(unique) + loaded(info), size=size),
        date=date,
        zone=zone,
        size=size,
        attachments=attachments,
        sender=_unpacked(sender),
        recipients=_unpacked(recipients),
        copies=_unpacked(copies),
        subject=subject,
        message_id=message_id,
        thread=thread,
        own=own,
        named=unpack(f"<{len(named) // 8}q", named),
    )


def _packed(addresses: Sequence[Address]) -> str:
    return _text(_BETWEEN.join(f"{_one(a.name)}{_WITHIN}{_one(a.email)}" for a in addresses))


def _one(text: str) -> str:
    return text.replace(_BETWEEN, " ").replace(_WITHIN, " ")


def _unpacked(text: str) -> tuple[Address, ...]:
    return tuple(Address(*each.split(_WITHIN)) for each in text.split(_BETWEEN)) if text else ()


def _text(text: str) -> str:
    """Return text that SQLite takes: without lone surrogates."""
    return text.encode("utf-8", "replace").decode()
