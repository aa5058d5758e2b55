"""The state database: what both sides last agreed on.

It holds no mail. Losing it costs time: messages are matched by content again.
It says something only after it has come true: a message is recorded once it is
durable in the Maildir, a flag once both sides have it. The exceptions are
intents, written before what cannot be repeated: an upload, a deletion, a folder's
new name or its deletion (`detached`).

Every method that writes commits on its own, or as part of the `transaction`
that it is called in.
"""

from collections.abc import Iterable, Iterator

from mailcli.model import (
    Flag,
    Flags,
    Keyword,
    Uid,
    UidValidity,
    keywords_of,
    system_flags_of,
)
from mailcli.store.database import loaded, stored
from mailcli.store.pop_state import PopState
from mailcli.store.records import (
    AppendIntent,
    DeleteIntent,
    FolderCounts,
    FolderRow,
    MessageRow,
    RenameIntent,
)
from mailcli.store.schema import MIGRATIONS

_FLAGS = {flag.letter: flag for flag in Flag}


class StateStore(PopState):
    """The state of one account, open."""

    migrations = MIGRATIONS

    # IMAP folders

    def folder(self, name: str) -> FolderRow | None:
        """Return what is recorded about a folder."""
        return next((row for row in self.folders() if row.name == name), None)

    def folders(self) -> list[FolderRow]:
        """Return all recorded folders, in the order they were first recorded."""
        sql = (
            "SELECT id, name, uidvalidity, uidnext, highestmodseq, role,"
            " server_name, delimiter, subscribed, detached FROM folder ORDER BY id"
        )
        return [
            FolderRow(
                number,
                loaded(name),
                UidValidity(uidvalidity),
                uidnext,
                modseq,
                role,
                None if server_name is None else loaded(server_name),
                None if delimiter is None else loaded(delimiter),
                bool(subscribed),
                bool(detached),
            )
            for (
                number,
                name,
                uidvalidity,
                uidnext,
                modseq,
                role,
                server_name,
                delimiter,
                subscribed,
                detached,
            ) in self._rows(sql)
        ]

    def folder_counts(self) -> dict[int, FolderCounts]:
        """Return what is recorded of each folder's messages, of its present UIDs alone."""
        sql = (
            "SELECT folder, COUNT(*), SUM(instr(base_flags, 'S') = 0), SUM(size)"
            " FROM message JOIN folder ON folder.id = message.folder"
            " AND folder.uidvalidity = message.uidvalidity GROUP BY folder"
        )
        return {number: FolderCounts(*counts) for number, *counts in self._rows(sql)}

    def save_folder(
        self,
        name: str,
        *,
        uidvalidity: UidValidity,
        uidnext: int,
        highestmodseq: int | None = None,
        role: str | None = None,
    ) -> int:
        """Record a folder's counters and role, and return its id.

        They stand for "everything up to here is done": to be saved in the same
        transaction as the last change that they cover.
        """
        with self.transaction():
            self._write(
                "INSERT INTO folder (name, uidvalidity, uidnext, highestmodseq, role)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
                " uidvalidity = excluded.uidvalidity, uidnext = excluded.uidnext,"
                " highestmodseq = excluded.highestmodseq, role = excluded.role",
                [(stored(name), uidvalidity, uidnext, highestmodseq, role)],
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
            [(stored(server_name), stored(delimiter) if delimiter else None, subscribed, folder)],
        )

    def set_detached(self, folder: int, detached: bool, /) -> None:
        """Record that a folder is about to be deleted on the server, or was not after all."""
        self._write("UPDATE folder SET detached = ? WHERE id = ?", [(detached, folder)])

    def set_subscribed(self, folder: int, subscribed: bool, /) -> None:
        """Record that the server has a folder among the subscribed ones, or not."""
        self._write("UPDATE folder SET subscribed = ? WHERE id = ?", [(subscribed, folder)])

    def rename_folder(self, folder: int, name: str) -> None:
        """Record that a folder has another name now; its messages stay recorded."""
        sql = "UPDATE folder SET name = ?, server_name = NULL WHERE id = ?"
        self._write(sql, [(stored(name), folder)])

    def forget_folder(self, folder: int) -> None:
        """Remove what is recorded about a folder: messages and intents too."""
        self._write("DELETE FROM folder WHERE id = ?", [(folder,)])

    def add_rename(self, old: str, new: str) -> RenameIntent:
        """Record that a folder is about to be renamed on the server."""
        with self.transaction():
            sql = "INSERT INTO rename_intent (old, new) VALUES (?, ?)"
            self._write(sql, [(stored(old), stored(new))])
            return self.renames()[-1]

    def renames(self) -> list[RenameIntent]:
        """Return the renames whose outcome is not recorded, oldest first."""
        rows = self._rows("SELECT id, old, new FROM rename_intent ORDER BY id")
        return [RenameIntent(number, loaded(old), loaded(new)) for number, old, new in rows]

    def drop_rename(self, intent: RenameIntent) -> None:
        """Remove a rename whose outcome is recorded, in that same transaction."""
        self._write("DELETE FROM rename_intent WHERE id = ?", [(intent.id,)])

    # IMAP messages

    def messages(self, folder: int) -> Iterator[MessageRow]:
        """Yield the recorded messages by UIDVALIDITY and UID; read them all before writing."""
        known: dict[tuple[str, str | bytes], Flags] = {}  # most messages have the same few
        sql = (
            "SELECT uidvalidity, uid, unique_name, base_flags, keywords, size, sha256"
            " FROM message WHERE folder = ? ORDER BY uidvalidity, uid"
        )
        for generation, uid, unique, letters, keywords, size, sha256 in self._rows(sql, folder):
            if (letters, keywords) not in known:
                names = loaded(keywords).split()
                known[letters, keywords] = frozenset(
                    [*(_FLAGS[letter] for letter in letters), *map(Keyword, names)]
                )
            yield MessageRow(
                UidValidity(generation),
                Uid(uid),
                loaded(unique),
                known[letters, keywords],
                size,
                sha256,
            )

    def has_messages(self) -> bool:
        """Tell whether any message is recorded, in any folder."""
        return any(self._rows("SELECT 1 FROM message LIMIT 1"))

    def save_messages(self, folder: int, rows: Iterable[MessageRow]) -> None:
        """Record messages, or replace what is recorded about them: flags, file, all."""
        self._write(
            "INSERT OR REPLACE INTO message (folder, uidvalidity, uid, unique_name, base_flags,"
            " keywords, size, sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    folder,
                    row.uidvalidity,
                    row.uid,
                    stored(row.unique),
                    "".join(sorted(flag.letter for flag in system_flags_of(row.flags))),
                    stored(" ".join(sorted(flag.imap for flag in keywords_of(row.flags)))),
                    row.size,
                    row.sha256,
                )
                for row in rows
            ),
        )

    def forget_messages(self, folder: int, uidvalidity: UidValidity, uids: Iterable[Uid]) -> None:
        """Remove records of messages that neither side has any more, and of their deletion."""
        keys = [(folder, uidvalidity, uid) for uid in uids]
        with self.transaction():
            for table in ("message", "delete_intent"):
                self._write(
                    f"DELETE FROM {table} WHERE folder = ? AND uidvalidity = ? AND uid = ?",  # noqa: S608 - the names above
                    keys,
                )

    def retire_messages(self, folder: int, uidvalidity: UidValidity) -> None:
        """Give what is recorded for a generation a number that no server has.

        For a server that comes back to an old UIDVALIDITY: its UIDs may be other messages now.
        """
        self._write(
            "UPDATE message SET uidvalidity ="
            " (SELECT min(0, min(uidvalidity)) - 1 FROM message WHERE folder = ?)"
            " WHERE folder = ? AND uidvalidity = ?",
            [(folder, folder, uidvalidity)],
        )

    # Deletions

    def add_deletions(self, folder: int, intents: Iterable[DeleteIntent]) -> None:
        """Record deletions, before the first of them is carried out."""
        self._write(
            "INSERT OR REPLACE INTO delete_intent (folder, uidvalidity, uid, on_server)"
            " VALUES (?, ?, ?, ?)",
            ((folder, each.uidvalidity, each.uid, each.on_server) for each in intents),
        )

    def deletions(self, folder: int) -> list[DeleteIntent]:
        """Return the deletions whose outcome is not recorded."""
        sql = "SELECT uidvalidity, uid, on_server FROM delete_intent WHERE folder = ?"
        return [
            DeleteIntent(UidValidity(generation), Uid(uid), bool(on_server))
            for generation, uid, on_server in self._rows(sql, folder)
        ]

    def drop_deletions(self, folder: int, intents: Iterable[DeleteIntent]) -> None:
        """Remove deletions that were given up, or are decided anew."""
        self._write(
            "DELETE FROM delete_intent WHERE folder = ? AND uidvalidity = ? AND uid = ?",
            ((folder, each.uidvalidity, each.uid) for each in intents),
        )

    # Uploads

    def add_intents(self, folder: int, intents: Iterable[AppendIntent]) -> None:
        """Record uploads, before the first octet of them is sent."""
        self._write(
            "INSERT INTO append_intent (folder, unique_name, sha256, size, message_id,"
            " uidvalidity, uidnext_before) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    folder,
                    stored(intent.unique),
                    intent.sha256,
                    intent.size,
                    None if intent.message_id is None else stored(intent.message_id),
                    intent.uidvalidity,
                    intent.uidnext_before,
                )
                for intent in intents
            ),
        )

    def intents(self, folder: int) -> list[AppendIntent]:
        """Return the uploads whose outcome is not recorded, oldest first."""
        sql = (
            "SELECT unique_name, sha256, size, message_id, uidvalidity, uidnext_before"
            " FROM append_intent WHERE folder = ? ORDER BY id"
        )
        return [
            AppendIntent(
                loaded(unique),
                sha256,
                size,
                None if message_id is None else loaded(message_id),
                UidValidity(uidvalidity),
                uidnext,
            )
            for unique, sha256, size, message_id, uidvalidity, uidnext in self._rows(sql, folder)
        ]

    def drop_intents(self, folder: int, uniques: Iterable[str]) -> None:
        """Remove uploads whose outcome is recorded, in that same transaction."""
        self._write(
            "DELETE FROM append_intent WHERE folder = ? AND unique_name = ?",
            ((folder, stored(unique)) for unique in uniques),
        )
