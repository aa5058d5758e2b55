"""The index: what makes `list` and `search` fast. It holds nothing that is not in the Maildirs.

One file for all accounts in the cache directory, `index.db`. It can be deleted at any time;
one that is damaged, or of another version, is deleted and built anew without a word. Readers
never wait for a writer (WAL); one process at a time writes. `index_schema` has the tables.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import ClassVar, Self

from mailcli.errors import CannotCreate, LocalError
from mailcli.search.words import prepared
from mailcli.store.database import Damaged, Value, loaded, stored
from mailcli.store.entries import Entry
from mailcli.store.index_arrivals import AT_ONCE, Arrivals
from mailcli.store.index_rows import (
    COLUMNS,
    Described,
    Indexed,
    IndexedFolder,
    Row,
    Texts,
    indexed,
    placed,
    row_of,
    words_in,
)
from mailcli.store.index_schema import TABLES, VERSION
from mailcli.store.numbers import Numbered

NEWEST = "date DESC, number DESC"
"""The order of lists."""

_INSERT = (
    "INSERT OR REPLACE INTO message (number, folder, subdirectory, unique_name, info, flags,"
    " date, zone, size, attachments, sender, recipients, copies, subject, message_id,"
    " fingerprint, base, orphan, own, named, thread)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_INSERT_TEXTS = (
    "INSERT INTO texts (rowid, subject, sender, recipients, copies, body, files, list)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_BY_SUBJECT = """
    SELECT reply.number, (
        SELECT before.number FROM message AS before
        WHERE before.base=reply.base AND before.date BETWEEN reply.date - ? AND reply.date
        AND (before.date < reply.date OR before.number < reply.number)
        ORDER BY before.date DESC, before.number DESC LIMIT 1
    ) AS answered FROM message AS reply
    WHERE reply.orphan AND answered IS NOT NULL AND reply.base IN (
        SELECT base FROM message WHERE number IN (SELECT number FROM added)
    )"""
_SOME_ANSWERED = (
    "SELECT rowid, reply, before FROM answered"  # noqa: S608 - a number
    f" WHERE rowid > ? ORDER BY rowid LIMIT {AT_ONCE}"
)
_SUBJECT_SECONDS = 30 * 86_400
"""How long after a message a reply that does not name it may come."""

_FEW = 1000
"""Messages that are gone of which nobody minds the words."""

_WAIT = 30.0
"""Seconds that another process may keep the file busy."""


class Index(Arrivals):
    """The open index."""

    # As many as the version says, since their number is what is recorded.
    migrations: ClassVar[Sequence[Sequence[str]]] = (*[()] * (VERSION - 1), TABLES)
    without: ClassVar[str] = "it is built anew"
    outlives: ClassVar[bool] = False

    @classmethod
    def open_or_build(cls, path: Path) -> Self:
        """Open the index, empty where there is none; in memory where none can be had.

        Raises: TemporaryFailure where another process keeps the file busy.
        """
        try:
            return cls.open(path, busy_seconds=_WAIT)
        except Damaged:
            with contextlib.suppress(CannotCreate, LocalError):
                cls.delete(path)
                return cls.open(path, busy_seconds=_WAIT)
        except (CannotCreate, LocalError):
            pass
        return cls.in_memory()

    @classmethod
    def in_memory(cls) -> Self:
        """Return an empty index that nobody else sees."""
        index = cls(sqlite3.connect(":memory:", isolation_level=None), Path(":memory:"))
        index._prepare()
        return index

    @staticmethod
    def delete(path: Path) -> None:
        """Remove the index, so that it is built anew. Raises: LocalError."""
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{path}{suffix}")  # noqa: PTH108 - the fault tests stop at it

    def _prepare(self) -> None:
        with self._errors():
            self._connection.execute("PRAGMA journal_mode=WAL")
            # A power failure may cost the newest commits, which the Maildir brings back.
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("PRAGMA temp_store=MEMORY")
        version = self._version()
        if version not in {0, VERSION}:
            raise Damaged(f"{self._path}: of another version of mailcli")
        if version == 0:
            self._migrate()

    # What it was built beside.

    def numbers(self) -> bytes | None:
        """Return the identity of the `Numbers` that the index goes with; None for an empty one."""
        return next((bytes(each) for (each,) in self._rows("SELECT numbers FROM about")), None)

    def go_with(self, identity: bytes) -> None:
        """Record which `Numbers` the index goes with."""
        with self.transaction():
            self._write("DELETE FROM about", [()])
            self._write("INSERT INTO about VALUES (?)", [(identity,)])

    def highest(self) -> int:
        """Return the highest number of any message, 0 where there is none."""
        ((highest,),) = self._rows(
            "SELECT max(ifnull((SELECT max(number) FROM message), 0),"
            " ifnull((SELECT max(number) FROM dead), 0))"
        )
        return int(highest)

    def is_mostly_dead(self) -> bool:
        """Tell whether more messages are gone than are there, so that it had better be anew."""
        sql = "SELECT (SELECT count(*) FROM dead), (SELECT count(*) FROM message)"
        ((dead, living),) = self._rows(sql)
        return bool(dead > max(living, _FEW))

    # Folders.

    def folders(self, account: str | None = None) -> list[IndexedFolder]:
        """Return the folders of an account, or of all, as they were last listed."""
        where, values = ("", ()) if account is None else (" WHERE account=?", (account,))
        sql = f"SELECT id, account, name, stamps, files, total, unread, flagged FROM folder{where}"  # noqa: S608 - our own words
        return [
            IndexedFolder(each[0], each[1], loaded(each[2]), *each[3:])
            for each in self._rows(sql, *values)
        ]

    def folder(self, account: str, name: str) -> IndexedFolder:
        """Return a folder, which is recorded now if it was not."""
        insert = "INSERT OR IGNORE INTO folder (account, name) VALUES (?, ?)"
        self._write(insert, [(account, stored(name))])
        return next(each for each in self.folders(account) if each.name == name)

    def forget_folder(self, folder: int) -> None:
        """Drop a folder that is gone; its messages have to be gone before."""
        self._write("DELETE FROM folder WHERE id=?", [(folder,)])

    def listed(self, folder: int, stamps: str | None, *, files: int | None) -> None:
        """Record that a folder is indexed as its stamps say, None for one to be listed again.

        `files` is how many there are.
        """
        self._write(
            "UPDATE folder SET stamps=?, files=?,"
            " total=(SELECT count(*) FROM message WHERE folder=id),"
            " unread=(SELECT count(*) FROM message WHERE folder=id AND flags & 1 = 0),"
            " flagged=(SELECT count(*) FROM message WHERE folder=id AND flags & 2 = 2)"
            " WHERE id=?",
            [(stamps, files, folder)],
        )

    # Messages.

    def find(self, where: str, *values: Value, order: str = "number") -> Iterator[Indexed]:
        """Yield the messages for which a condition of SQL on `message` and `folder` holds."""
        yield from map(indexed, self.rows(where, *values, order=order))

    def rows(self, where: str, *values: Value, order: str) -> Iterator[Row]:
        """Yield them as rows, a fifth of the size of what `indexed` makes of each."""
        sql = (
            f"SELECT {COLUMNS} FROM message JOIN folder ON folder.id=message.folder"  # noqa: S608 - the caller's own words
            f" WHERE {where} ORDER BY {order}"
        )
        yield from self._rows(sql, *values)

    def threads(self, where: str, *values: Value) -> Iterator[int]:
        """Yield the threads of the messages for which a condition holds, newest first."""
        sql = f"SELECT thread FROM message WHERE {where} ORDER BY {NEWEST}"  # noqa: S608 - the caller's own words
        seen: set[int] = set()
        for (thread,) in self._rows(sql, *values):
            if thread not in seen:
                seen.add(thread)
                yield thread

    def move(self, number: int, folder: int, entry: Entry) -> None:
        """Record where a message's file is now, and its flags."""
        self._write(
            "UPDATE OR REPLACE message"
            " SET folder=?, subdirectory=?, unique_name=?, info=?, flags=? WHERE number=?",
            [(folder, *placed(entry), number)],
        )

    def numbered(self) -> Iterator[tuple[str, Numbered]]:
        """Yield each message as the numbers have it, with its account: to restore them."""
        rows = self._rows(
            "SELECT account, number, name, unique_name, fingerprint, thread"
            " FROM message JOIN folder ON folder.id=message.folder WHERE number > 0"
        )
        for account, number, folder, unique, fingerprint, thread in rows:
            where = (loaded(folder), loaded(unique))
            yield account, Numbered(number, *where, bytes(fingerprint), thread)

    def holds(self, number: int) -> bool:
        """Tell whether there is a message of this number."""
        return any(self._rows("SELECT 1 FROM message WHERE number=?", number))

    def add(
        self, number: int, folder: int, entry: Entry, described: Described, texts: Texts | None
    ) -> None:
        """Put a message in, as a thread of its own; its words unless they are in already."""
        self.add_all([(number, folder, entry, described, texts)])

    def add_all(self, messages: Sequence[tuple[int, int, Entry, Described, Texts | None]]) -> None:
        """Put messages in: number, folder, file, content and words of each. As `add`."""
        with self.transaction():
            each_number = [(message[0],) for message in messages]
            worded = {
                number
                for (number,) in each_number
                if self.holds(number)
                or any(self._connection.execute("SELECT 1 FROM dead WHERE number=?", (number,)))
            }
            self._write(
                _INSERT,
                [
                    (number, folder, *placed(entry), *row_of(described), number)
                    for number, folder, entry, described, _ in messages
                ],
            )
            self._write("DELETE FROM dead WHERE number=?", each_number)
            self._write(
                _INSERT_TEXTS,
                (
                    (number, *map(prepared, words_in(texts)))
                    for number, _, _, _, texts in messages
                    if texts is not None and number not in worded
                ),
            )

    def join(self, number: int, links: Sequence[int], *, thread: int) -> list[tuple[int, int]]:
        """Join a message and what it names into the thread of the least number.

        `thread` is the one it is known to be of. Returns which threads became which.
        """
        marks = ",".join("?" * len(links))
        sql = f"SELECT DISTINCT thread FROM link WHERE id IN ({marks})"  # noqa: S608 - question marks
        met = {int(each) for (each,) in self._rows(sql, *links)} | {thread}
        joined = self._unite(met) if len(met) > 1 else []
        least = min(met)
        with self.transaction():
            if least != number:
                sql = "UPDATE message SET thread=? WHERE number=?"
                self._connection.execute(sql, (least, number))
            self._connection.executemany(
                "INSERT OR REPLACE INTO link (id, thread) VALUES (?, ?)",
                [(link, least) for link in links],
            )
        return joined

    def join_by_subject(self) -> Iterator[tuple[int, int]]:
        """Join replies that name no message to the one before them that has their subject.

        Of all such replies those that what was added may have to do with. Yields which threads
        became which, when all of them have.
        """
        with self._sorting_in_files():
            self._write(f"INSERT INTO answered {_BY_SUBJECT}", [(_SUBJECT_SECONDS,)])
        with self.transaction():
            last = 0
            while pairs := list(self._rows(_SOME_ANSWERED, last)):
                last = pairs[-1][0]
                for _, *both in pairs:
                    sql = "SELECT thread FROM message WHERE number IN (?, ?)"
                    threads = {int(thread) for (thread,) in self._rows(sql, *both)}
                    self._write("INSERT INTO joined VALUES (?, ?)", self._unite(threads))
        yield from self._rows("SELECT old, new FROM joined ORDER BY rowid")

    def _unite(self, threads: AbstractSet[int]) -> list[tuple[int, int]]:
        least = min(threads)
        joined = [(old, least) for old in sorted(threads - {least})]
        for table in ("message", "link"):
            self._write(
                f"UPDATE {table} SET thread=? WHERE thread=?",  # noqa: S608 - our own names
                [(new, old) for old, new in joined],
            )
        return joined
