"""Rows of the state database as values of ours, and back. Pure."""

from functools import lru_cache
from typing import Any

from mailcli.model import (
    Flag,
    Flags,
    Keyword,
    SystemFlags,
    Uid,
    UidValidity,
    keywords_of,
    system_flags_of,
)
from mailcli.store.database import loaded, loaded_if_any, stored, stored_if_any
from mailcli.store.records import FolderRow, LeftOut, MessageRow

_FLAGS = {flag.letter: flag for flag in Flag}


def folder_row(values: tuple[Any, ...]) -> FolderRow:
    """Return what is recorded of a folder."""
    number, name, uidvalidity, uidnext, modseq, role, *rest = values
    server_name, delimiter, subscribed, detached, messages, mailbox_id, *seen = rest
    stamps, names, agreed, listed_at = seen
    return FolderRow(
        number,
        loaded(name),
        UidValidity(uidvalidity),
        uidnext,
        modseq,
        role,
        loaded_if_any(server_name),
        loaded_if_any(delimiter),
        bool(subscribed),
        bool(detached),
        messages,
        loaded_if_any(mailbox_id),
        stamps,
        names,
        agreed,
        listed_at,
    )


class FlagReader:
    """Reads flags as they are stored: most messages have the same few, which are then shared."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | bytes], Flags] = {}

    def __call__(self, letters: str, keywords: str | bytes) -> Flags:
        """Return the flags; see `flags_of`."""
        found = self._known.get((letters, keywords))
        if found is None:
            found = self._known[letters, keywords] = flags_of(letters, keywords)
        return found


def flags_of(letters: str, keywords: str | bytes) -> Flags:
    """Return the flags of a Maildir's letters, and of keywords with spaces between them."""
    names = loaded(keywords).split()
    return frozenset([*(_FLAGS[letter] for letter in letters), *map(Keyword, names)])


def _flag_values(flags: Flags) -> tuple[str, str | bytes]:
    """Return what `flags_of` reads: keywords in their own case, though others are equal."""
    system = system_flags_of(flags)
    if len(system) == len(flags):
        return _letters(system), ""
    return _letters(system), stored(" ".join(sorted(flag.imap for flag in keywords_of(flags))))


@lru_cache(maxsize=64)  # there can be no more
def _letters(flags: SystemFlags) -> str:
    return "".join(sorted(flag.letter for flag in flags))


def left_out_row(values: tuple[Any, ...]) -> LeftOut:
    """Return what is recorded of a message that stays on the server."""
    uidvalidity, uid, size, received = values
    return LeftOut(UidValidity(uidvalidity), Uid(uid), size, received)


def message_row(values: tuple[Any, ...], read: FlagReader) -> MessageRow:
    """Return what is recorded of a message."""
    generation, uid, unique, letters, keywords, size, sha256, email_id, held = values
    return MessageRow(
        UidValidity(generation),
        Uid(uid),
        loaded(unique),
        read(letters, keywords),
        size,
        sha256,
        loaded_if_any(email_id),
        held=bool(held),
    )


def message_values(row: MessageRow) -> tuple[Any, ...]:
    """Return what is recorded of a message, but for its folder."""
    return (
        row.uidvalidity,
        row.uid,
        stored(row.unique),
        *_flag_values(row.flags),
        row.size,
        row.sha256,
        stored_if_any(row.email_id),
        row.held,
    )
