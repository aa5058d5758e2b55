"""The state database: what both sides last agreed on.

It holds no mail. Losing it costs time: messages are matched by content again.
It says something only after it has come true: a message is recorded once it is
durable in the Maildir, a flag once both sides have it. The exceptions are
intents, written before what cannot be repeated: an upload, a deletion, a
folder's new name (`intent_state`) or its deletion (`detached`).

Every method that writes commits on its own, or as part of the `transaction`
that it is called in.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import islice

from mailcli.model import Flags, Uid, UidValidity
from mailcli.store.database import loaded, stored, stored_if_any
from mailcli.store.keyword_state import KeywordState
from mailcli.store.records import (
    FolderCounts,
    FolderRow,
    LeftOut,
    Look,
    MessageOutline,
    MessageRow,
)
from mailcli.store.schema import MIGRATIONS
from mailcli.store.state_rows import (
    FlagReader,
    flags_of,
    folder_row,
    left_out_row,
    message_row,
    message_values,
)

_SELECT_FOLDER = (
    "SELECT id, name, uidvalidity, uidnext, highestmodseq, role, server_name, delimiter,"
    " subscribed, detached, messages, mailbox_id, stamps,"
    " names, agreed, listed_at FROM folder"
)
_NAMES_AT_ONCE = 900  # an old SQLite takes 999 values in a statement
_SELECT_LEFT_OUT = "SELECT uidvalidity, uid, size, received FROM left_out WHERE folder = ?"

_SELECT_NAMES = "SELECT uidvalidity, uid, unique_name FROM message"
_SELECT_MESSAGE = (
    "SELECT uidvalidity, uid, unique_name, base_flags, keywords, size, sha256, email_id, held"
    " FROM message"
)
_SELECT_LEFT_ALONE = (
    "SELECT uid FROM left_out WHERE folder = ?1 AND uidvalidity = ?2"
    " AND NOT EXISTS (SELECT 1 FROM message WHERE folder = left_out.folder"
    " AND uidvalidity = left_out.uidvalidity AND uid = left_out.uid)"
)

_SELECT_MESSAGE_UIDS = "SELECT uid FROM message WHERE folder = ?1 AND uidvalidity = ?2"
_SELECT_KNOWN = f"{_SELECT_MESSAGE_UIDS} UNION ALL {_SELECT_LEFT_ALONE}"


class StateStore(KeywordState):
    """The state of one account, open."""

    migrations = MIGRATIONS

    # IMAP folders

    def folder(self, name: str) -> FolderRow | None:
        """Return what is recorded about a folder."""
        rows = self._rows(f"{_SELECT_FOLDER} WHERE name = ?", stored(name))
        return next(map(folder_row, rows), None)

    def folder_by_id(self, folder: int) -> FolderRow | None:
        """Return what is recorded about a folder, whatever its name is now."""
        rows = self._rows(f"{_SELECT_FOLDER} WHERE id = ?", folder)
        return next(map(folder_row, rows), None)

    def folders(self) -> list[FolderRow]:
        """Return all recorded folders, in the order they were first recorded."""
        return list(map(folder_row, self._rows(f"{_SELECT_FOLDER} ORDER BY id")))

    def folder_counts(self) -> dict[int, FolderCounts]:
        """Return what is recorded of each folder's messages, of its present UIDs alone."""
        sql = (
            "SELECT folder, COUNT(*), SUM(instr(base_flags, 'S') = 0), SUM(size)"
            " FROM message JOIN folder ON folder.id = message.folder"
            " AND folder.uidvalidity = message.uidvalidity GROUP BY folder"
        )
        return {number: FolderCounts(*counts) for number, *counts in self._rows(sql)}

    def save_folder(  # noqa: PLR0913 - the columns of a row, by name
        self,
        name: str,
        *,
        uidvalidity: UidValidity,
        uidnext: int,
        highestmodseq: int | None = None,
        role: str | None = None,
        messages: int | None = None,
        mailbox_id: str | None = None,
        listed_at: int | None = None,
    ) -> int:
        """Record a folder's counters, role and identity, all anew, and return its id.

        They stand for "everything up to here is done": to be saved in the same
        transaction as the last change that they cover. Without `messages`, no
        shortcut may rest on them. The stamps of its files are dropped.
        """
        numbers = (uidvalidity, uidnext, highestmodseq, role, messages)
        values = (*numbers, stored_if_any(mailbox_id), listed_at)
        with self.transaction():
            self._write(
                "INSERT INTO folder"
                " (name, uidvalidity, uidnext, highestmodseq, role, messages, mailbox_id,"
                " listed_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
                " uidvalidity = excluded.uidvalidity, uidnext = excluded.uidnext,"
                " highestmodseq = excluded.highestmodseq, role = excluded.role,"
                " messages = excluded.messages, mailbox_id = excluded.mailbox_id,"
                " listed_at = excluded.listed_at, stamps = NULL",
                [(stored(name), *values)],
            )
            ((number,),) = self._rows("SELECT id FROM folder WHERE name = ?", stored(name))
        return int(number)

    def save_place(
        self, folder: int, *, server_name: str, delimiter: str | None, subscribed: bool
    ) -> None:
        """Record what the server says of a folder that it has: so it is not detached."""
        self._write(
            "UPDATE folder SET server_name = ?, delimiter = ?, subscribed = ?, detached = 0"
            " WHERE id = ?",
            [(stored(server_name), stored_if_any(delimiter or None), subscribed, folder)],
        )

    def save_stamps(self, looks: Mapping[int, Look]) -> None:
        """Record what folders' files look like that are just what was agreed on, by folder.

        Dropped again by whatever changes what is recorded of the folder's messages.
        """
        rows = [(*look, folder) for folder, look in looks.items()]
        self._write("UPDATE folder SET stamps = ?, names = ?, agreed = ? WHERE id = ?", rows)

    def _drop_stamps(self, folder: int) -> None:
        """Forget that a folder's files are what was agreed on; mostly nothing says so."""
        if any(self._rows("SELECT 1 FROM folder WHERE id = ? AND stamps IS NOT NULL", folder)):
            self._write("UPDATE folder SET stamps = NULL WHERE id = ?", [(folder,)])

    def set_detached(self, folder: int, detached: bool, /) -> None:
        """Record that a folder is about to be deleted on the server, or was not after all."""
        self._write("UPDATE folder SET detached = ? WHERE id = ?", [(detached, folder)])

    def set_subscribed(self, folder: int, subscribed: bool, /) -> None:
        """Record that the server has a folder among the subscribed ones, or not."""
        self._write("UPDATE folder SET subscribed = ? WHERE id = ?", [(subscribed, folder)])

    def rename_folder(self, folder: int, name: str) -> None:
        """Record that a folder has another name now; its messages stay recorded."""
        sql = "UPDATE folder SET name = ?, server_name = NULL WHERE id = ?"
        with self.transaction():
            self._rename_lettered(folder, name)
            self._write(sql, [(stored(name), folder)])

    def forget_folder(self, folder: int) -> None:
        """Remove what is recorded about a folder: messages and intents too."""
        with self.transaction():
            self._forget_lettered_of(folder)
            self._write("DELETE FROM folder WHERE id = ?", [(folder,)])

    # IMAP messages

    def messages(
        self, folder: int, *, among: Container[str] | None = None
    ) -> Iterator[MessageRow]:
        """Yield the recorded messages by UIDVALIDITY and UID; read them all before writing.

        Of `among`, where given, the files with these unique names alone.
        """
        read = FlagReader()
        in_order = "WHERE folder = ? ORDER BY uidvalidity, uid"
        if among is None:
            for values in self._rows(f"{_SELECT_MESSAGE} {in_order}", folder):
                yield message_row(values, read)
            return
        # Few are, mostly: of all others no more is read than what tells.
        names = self._rows(f"{_SELECT_NAMES} {in_order}", folder)
        keys = [(each[0], each[1]) for each in names if loaded(each[2]) in among]
        sql = f"{_SELECT_MESSAGE} WHERE folder = ? AND uidvalidity = ? AND uid = ?"
        for key in keys:
            for values in self._rows(sql, folder, *key):
                yield message_row(values, read)

    def messages_in(
        self, folder: int, uidvalidity: UidValidity, ranges: Iterable[tuple[int, int]]
    ) -> Iterator[MessageRow]:
        """Yield the recorded messages of one generation whose UIDs are in these ranges."""
        read = FlagReader()
        sql = f"{_SELECT_MESSAGE} WHERE folder = ? AND uidvalidity = ? AND uid BETWEEN ? AND ?"
        for first, last in ranges:
            for values in self._rows(sql, folder, uidvalidity, first, last):
                yield message_row(values, read)

    def outlines(self, folder: int) -> Iterator[MessageOutline]:
        """Yield the recorded messages like `messages`, without what only their content tells."""
        read = FlagReader()
        sql = (
            "SELECT uidvalidity, uid, unique_name, base_flags, keywords, held FROM message"
            " WHERE folder = ? ORDER BY uidvalidity, uid"
        )
        for generation, uid, unique, letters, keywords, held in self._rows(sql, folder):
            flags = read(letters, keywords)
            yield MessageOutline(
                UidValidity(generation), Uid(uid), loaded(unique), flags, bool(held)
            )

    def named(
        self, folder: int, uidvalidity: UidValidity, uniques: Iterable[str]
    ) -> Iterator[tuple[Uid, str]]:
        """Yield UID and unique name of the messages of one generation that have these names."""
        waiting = iter(uniques)
        while some := list(map(stored, islice(waiting, _NAMES_AT_ONCE))):
            marks = ",".join("?" * len(some))
            where = f"folder = ? AND uidvalidity = ? AND unique_name IN ({marks})"
            sql = f"{_SELECT_NAMES} WHERE {where}"
            for _, uid, unique in self._rows(sql, folder, uidvalidity, *some):
                yield Uid(uid), loaded(unique)

    def count_messages(self, folder: int) -> int:
        """Return how many messages are recorded."""
        ((count,),) = self._rows("SELECT COUNT(*) FROM message WHERE folder = ?", folder)
        return int(count)

    def known_uids(self, folder: int, uidvalidity: UidValidity) -> Iterator[Uid]:
        """Yield the UIDs of one generation that are recorded: as messages, or as left out."""
        return (Uid(uid) for (uid,) in self._rows(_SELECT_KNOWN, folder, uidvalidity))

    def flags_from(self, folder: int, uidvalidity: UidValidity, first: Uid) -> dict[Uid, Flags]:
        """Return the recorded flags of messages from a UID on."""
        sql = (
            "SELECT uid, base_flags, keywords FROM message"
            " WHERE folder = ? AND uidvalidity = ? AND uid >= ?"
        )
        found = self._rows(sql, folder, uidvalidity, first)
        return {Uid(uid): flags_of(letters, keywords) for uid, letters, keywords in found}

    def files_elsewhere(self, folder: int) -> set[str]:
        """Return the unique names of the files of all other folders."""
        sql = "SELECT unique_name FROM message WHERE folder != ?"
        return {loaded(unique) for (unique,) in self._rows(sql, folder)}

    def has_messages(self) -> bool:
        """Tell whether any message is recorded, in any folder."""
        return any(self._rows("SELECT 1 FROM message LIMIT 1"))

    def save_messages(self, folder: int, rows: Iterable[MessageRow]) -> None:
        """Record messages, or replace what is recorded about them: flags, file, all."""
        saved = list(rows)
        with self.transaction():
            self._drop_stamps(folder)
            self._write(
                "INSERT OR REPLACE INTO message (folder, uidvalidity, uid, unique_name,"
                " base_flags, keywords, size, sha256, email_id, held)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ((folder, *message_values(row)) for row in saved),
            )
            self._forget_bound(folder, (row.unique for row in saved))

    def forget_messages(self, folder: int, uidvalidity: UidValidity, uids: Iterable[Uid]) -> None:
        """Remove records of messages that the folder has no more, and intents that took them.

        The folder's counters cover so many less: a server that has them still is looked at again.
        """
        keys = [(folder, uidvalidity, uid) for uid in uids]
        with self.transaction():
            self._drop_stamps(folder)
            if any(self._rows(f"{_SELECT_FOLDER} WHERE id = ? AND messages IS NOT NULL", folder)):
                sql = "UPDATE folder SET messages = messages - ? WHERE id = ?"
                self._write(sql, [(len(keys), folder)])
            for table in ("message", "delete_intent"):
                self._write(
                    f"DELETE FROM {table} WHERE folder = ? AND uidvalidity = ? AND uid = ?",  # noqa: S608 - the names above
                    keys,
                )

    def move_message(
        self, source_folder: int, row: MessageRow, target_folder: int, new_row: MessageRow
    ) -> None:
        """Record that a message is in another folder now, on both sides; its intents are done."""
        with self.transaction():
            self.forget_messages(source_folder, row.uidvalidity, [row.uid])
            self.save_messages(target_folder, [new_row])

    def retire_messages(self, folder: int, uidvalidity: UidValidity) -> None:
        """Give what is recorded for a generation a number that no server has.

        For a server that comes back to an old UIDVALIDITY: its UIDs may be other messages now.
        What was left out is decided anew, so it is forgotten, whatever its generation.
        """
        with self.transaction():
            self._drop_stamps(folder)
            self._write(
                "UPDATE message SET uidvalidity ="
                " (SELECT min(0, min(uidvalidity)) - 1 FROM message WHERE folder = ?)"
                " WHERE folder = ? AND uidvalidity = ?",
                [(folder, folder, uidvalidity)],
            )
            self._write("DELETE FROM left_out WHERE folder = ?", [(folder,)])

    # Messages that stay on the server

    def left_out(self, folder: int) -> list[LeftOut]:
        """Return the messages that the policy leaves on the server, by UIDVALIDITY and UID."""
        sql = f"{_SELECT_LEFT_OUT} ORDER BY uidvalidity, uid"
        return list(map(left_out_row, self._rows(sql, folder)))

    def left_alone(self, folder: int, uidvalidity: UidValidity) -> list[Uid]:
        """Return the UIDs of one generation that are left out, and not recorded as messages."""
        return [Uid(uid) for (uid,) in self._rows(_SELECT_LEFT_ALONE, folder, uidvalidity)]

    def left_out_since(
        self, folder: int, uidvalidity: UidValidity, oldest: int | None
    ) -> list[LeftOut]:
        """Return those that are no older than `oldest` (Unix seconds), by an index; None: all."""
        if oldest is None:
            found = self._rows(f"{_SELECT_LEFT_OUT} AND uidvalidity = ?", folder, uidvalidity)
            return list(map(left_out_row, found))
        sql = f"{_SELECT_LEFT_OUT} AND uidvalidity = ? AND received"
        undated = self._rows(f"{sql} IS NULL", folder, uidvalidity)
        young = self._rows(f"{sql} >= ?", folder, uidvalidity, oldest)
        return [*map(left_out_row, undated), *map(left_out_row, young)]

    def save_left_out(self, folder: int, rows: Iterable[LeftOut]) -> None:
        """Record messages that are not to be fetched, in the transaction that passes them by."""
        self._write(
            "INSERT OR REPLACE INTO left_out (folder, uidvalidity, uid, size, received)"
            " VALUES (?, ?, ?, ?, ?)",
            ((folder, row.uidvalidity, row.uid, row.size, row.received) for row in rows),
        )

    def forget_left_out(self, folder: int, uidvalidity: UidValidity, uids: Iterable[Uid]) -> None:
        """Remove records of messages that are fetched after all, or are gone from the server."""
        self._write(
            "DELETE FROM left_out WHERE folder = ? AND uidvalidity = ? AND uid = ?",
            ((folder, uidvalidity, uid) for uid in uids),
        )
