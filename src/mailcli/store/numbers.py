"""Message numbers: small, given once, never given again. They outlive the index.

`numbers/numbers.db` lies in the state directory, in a directory of its own, since `NAME.db` is
an account's: whoever wrote "42" into a script or a
note means the same message tomorrow, so a lost cache must not change it. A
number belongs to an account's message, wherever its file is: the row says where
the file was last seen, under which name, and which message it is (`fingerprint`),
so that a file that another program moved or wrote anew finds its number again.
A row is never deleted; a message that comes back has the number that it had.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from mailcli.errors import MailError
from mailcli.store.database import Database, loaded, stored

_VERSION_1 = (
    """CREATE TABLE message (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        folder TEXT NOT NULL,
        unique_name TEXT NOT NULL,
        fingerprint BLOB NOT NULL,
        thread INTEGER NOT NULL
    )""",
    "CREATE INDEX message_by_name ON message (account, unique_name)",
    "CREATE INDEX message_by_fingerprint ON message (account, fingerprint)",
    "CREATE INDEX message_by_thread ON message (thread)",
    # Tells an index that was built beside another file, which was lost, from ours.
    "CREATE TABLE identity (id BLOB NOT NULL)",
    "INSERT INTO identity VALUES (randomblob(16))",
)

_COLUMNS = "number, folder, unique_name, fingerprint, thread"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A message that has a number: where it was last seen, and which thread it is of.

    `folder` is our name of its folder, `unique` the unique part of its file name. `thread` is
    the least number of the thread.
    """

    number: int
    folder: str
    unique: str
    fingerprint: bytes
    thread: int


class Numbers(Database):
    """The numbers of all accounts' messages. One process at a time gives any (`app.catalogue`)."""

    migrations = (_VERSION_1,)
    without: ClassVar[str] = "messages may get new numbers, no mail is lost"

    @classmethod
    def open_to_read(cls, path: Path) -> Self | None:
        """Open the file where nothing can be written, as it was last closed; None without one.

        Nothing is locked: who could write, would not call this.
        """
        newer = path.with_name(f"{path.name}-wal")
        if not path.exists() or (newer.exists() and newer.stat().st_size):
            return None
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        numbers = cls(sqlite3.connect(uri, uri=True, isolation_level=None), path)
        try:
            numbers.identity()
        except (MailError, sqlite3.Error):
            numbers.close()
            return None
        return numbers

    def identity(self) -> bytes:
        """Return what no other such file has."""
        ((found,),) = self._rows("SELECT id FROM identity")
        return bytes(found)

    def highest(self) -> int:
        """Return the highest number that was ever given, 0 where none was."""
        rows = self._rows("SELECT seq FROM sqlite_sequence WHERE name='message'")
        return next((int(number) for (number,) in rows), 0)

    def by_name(self, account: str, unique: str) -> list[Numbered]:
        """Return those whose file has, or had, this unique name: one, but for copies."""
        where = "account=? AND unique_name=?"
        return list(self._select(where, account, stored(unique)))

    def by_fingerprint(self, account: str, fingerprint: bytes) -> list[Numbered]:
        """Return those that are the same message, least number first."""
        return list(self._select("account=? AND fingerprint=?", account, fingerprint))

    def give(self, account: str, folder: str, unique: str, fingerprint: bytes) -> int:
        """Give a message the next number, which is its thread, too; return it."""
        with self.transaction():
            cursor = self._connection.execute(
                "INSERT INTO message (account, folder, unique_name, fingerprint, thread)"
                " VALUES (?, ?, ?, ?, (SELECT seq + 1 FROM sqlite_sequence WHERE name='message'"
                " UNION ALL SELECT 1 LIMIT 1))",
                (account, stored(folder), stored(unique), fingerprint),
            )
            assert cursor.lastrowid is not None  # noqa: S101 - a row was inserted
            return cursor.lastrowid

    def moved(self, number: int, folder: str, unique: str) -> None:
        """Record where a message's file is now."""
        self._write(
            "UPDATE message SET folder=?, unique_name=? WHERE number=?",
            [(stored(folder), stored(unique), number)],
        )

    def thread(self, number: int) -> int:
        """Return the thread that a message is known for: the least number in it."""
        rows = self._rows("SELECT thread FROM message WHERE number=?", number)
        return next((int(thread) for (thread,) in rows), number)

    def join_threads(self, old: int, new: int) -> None:
        """Record that two threads are one, `new`."""
        self._write("UPDATE message SET thread=? WHERE thread=?", [(new, old)])

    def restore(self, messages: Iterable[tuple[str, Numbered]], *, highest: int) -> None:
        """Take over messages, with their accounts, that an index knows and this file lost.

        No number up to `highest` is given again.
        """
        rows = (
            (account, m.number, stored(m.folder), stored(m.unique), m.fingerprint, m.thread)
            for account, m in messages
        )
        sql = f"INSERT OR IGNORE INTO message (account, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own names
        with self.transaction():
            self._write(sql, rows)
            self._write("DELETE FROM sqlite_sequence WHERE name='message'", [()])
            self._write("INSERT INTO sqlite_sequence VALUES ('message', ?)", [(highest,)])

    def _select(self, where: str, *values: str | bytes | int) -> Iterator[Numbered]:
        sql = f"SELECT {_COLUMNS} FROM message WHERE {where} ORDER BY number"  # noqa: S608 - our own names
        for number, folder, unique, fingerprint, thread in self._rows(sql, *values):
            yield Numbered(number, loaded(folder), loaded(unique), bytes(fingerprint), thread)
