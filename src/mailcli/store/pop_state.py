"""What the state knows of POP3 maildrops: which messages are stored here already."""

from collections.abc import Iterable

from mailcli.model import UniqueId
from mailcli.store.database import Database, loaded, loaded_if_any, stored
from mailcli.store.records import PopRecord, PopSource

PopKey = tuple[UniqueId, int]
"""A message of a maildrop: UIDL and size. A known UIDL with another size is new mail."""

_DELIVERING = 1  # and one more where all unique-ids may be others than before


class PopState(Database):
    """The part of an account's state that `pop-fetch` asks and tells."""

    def pop_source(self, host: str, username: str) -> PopSource:
        """Return the maildrop, recorded now if it never was."""
        with self.transaction():
            self._write(
                "INSERT INTO pop_source (host, username) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(stored(host), stored(username))],
            )
            sql = (
                "SELECT id, delivering, target, logged_in, told FROM pop_source"
                " WHERE host = ? AND username = ?"
            )
            ((number, delivering, target, logged_in, told),) = self._rows(
                sql, stored(host), stored(username)
            )
        return PopSource(
            number,
            host,
            username,
            bool(delivering),
            delivering > _DELIVERING,
            loaded_if_any(target),
            logged_in,
            loaded(told),
        )

    def set_delivering(
        self, source: int, target: str | None, /, *, renaming: bool = False
    ) -> None:
        """Record that deliveries to a folder begin, or with None that all are committed.

        A run that finds it set looks for what the last one delivered (`tokens`). `renaming`: the
        server may have given every message another unique-id, and the run looks at octets.
        """
        if target is None:
            self._write("UPDATE pop_source SET delivering = 0 WHERE id = ?", [(source,)])
        else:
            self._write(
                "UPDATE pop_source SET delivering = ?, target = ? WHERE id = ?",
                [(_DELIVERING + renaming, stored(target), source)],
            )

    def record_login(self, source: int, when: int) -> None:
        """Record when a login is tried, for servers that want a pause between two."""
        self._write("UPDATE pop_source SET logged_in = ? WHERE id = ?", [(when, source)])

    def record_told(self, source: int, told: str) -> None:
        """Record what the user was told about the server."""
        self._write("UPDATE pop_source SET told = ? WHERE id = ?", [(stored(told), source)])

    def count_failure(self, source: int, failed: bool, /) -> int:
        """Count runs that failed for now, in a row; return how many."""
        with self.transaction():
            self._write(
                "UPDATE pop_source SET failures = (failures + 1) * ? WHERE id = ?",
                [(failed, source)],
            )
            ((count,),) = self._rows("SELECT failures FROM pop_source WHERE id = ?", source)
        return int(count)

    def pop_seen(self, source: int) -> dict[PopKey, PopRecord]:
        """Return all recorded messages of a maildrop."""
        sql = (
            "SELECT uidl, size, sha256, token, folder, stored_at, deleted"
            " FROM pop_message WHERE source = ?"
        )
        records = (
            PopRecord(
                UniqueId(loaded(uidl)), size, sha256, token, loaded(folder), when, bool(deleted)
            )
            for uidl, size, sha256, token, folder, when, deleted in self._rows(sql, source)
        )
        return {(record.uidl, record.size): record for record in records}

    def record_pop(self, source: int, records: Iterable[PopRecord]) -> None:
        """Record messages that are durable in the Maildir."""
        self._write(
            "INSERT OR REPLACE INTO pop_message"
            " (source, uidl, size, sha256, token, folder, stored_at, deleted)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    source,
                    stored(record.uidl),
                    record.size,
                    record.sha256,
                    record.token,
                    stored(record.folder),
                    record.stored_at,
                    record.deleted,
                )
                for record in records
            ),
        )

    def mark_deleted(self, source: int, keys: Iterable[PopKey]) -> None:
        """Record that the server has deleted messages."""
        self._write(
            "UPDATE pop_message SET deleted = 1 WHERE source = ? AND uidl = ? AND size = ?",
            ((source, stored(uidl), size) for uidl, size in keys),
        )

    def forget_pop(self, source: int, keys: Iterable[PopKey]) -> None:
        """Remove records of messages that the server no longer has."""
        self._write(
            "DELETE FROM pop_message WHERE source = ? AND uidl = ? AND size = ?",
            ((source, stored(uidl), size) for uidl, size in keys),
        )
