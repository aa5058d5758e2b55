"""Intents: what was about to be done to a server or the Maildir when a run may have ended.

Each is committed before the first octet of what cannot be repeated blindly, and
dropped in the same transaction that records its outcome. The next run looks
what came true.
"""

from collections.abc import Iterable

from mailcli.model import Uid, UidValidity
from mailcli.store.database import loaded, loaded_if_any, stored, stored_if_any
from mailcli.store.pop_state import PopState
from mailcli.store.records import AppendIntent, DeleteIntent, RenameIntent


class IntentState(PopState):
    """The part of an account's state that says what is under way."""

    # Renames of folders

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
                    stored_if_any(intent.message_id),
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
                loaded_if_any(message_id),
                UidValidity(uidvalidity),
                uidnext,
            )
            for unique, sha256, size, message_id, uidvalidity, uidnext in self._rows(sql, folder)
        ]

    def drop_intents(self, folder: int, uniques: Iterable[str]) -> None:
        """Remove uploads whose outcome is recorded, in that same transaction."""
        if any(self._rows("SELECT 1 FROM append_intent WHERE folder = ? LIMIT 1", folder)):
            self._write(
                "DELETE FROM append_intent WHERE folder = ? AND unique_name = ?",
                ((folder, stored(unique)) for unique in uniques),
            )

    def has_intents(self, folder: int) -> bool:
        """Tell whether an earlier run left anything open in a folder."""
        return any(
            any(self._rows(f"SELECT 1 FROM {table} WHERE folder = ? LIMIT 1", folder))  # noqa: S608 - the names below
            for table in ("append_intent", "delete_intent")
        )
