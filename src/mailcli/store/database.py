"""SQLite files of ours: opened privately, kept durable, brought up to date.

A commit is durable when it returns (WAL, `synchronous=FULL`). What SQLite
reports becomes an error that a person can act on. This module alone imports
sqlite3; it, and what builds on it, is imported only by those who need it.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from mailcli.errors import LocalError, MailError, TemporaryFailure
from mailcli.store.files import (
    fsync_directory,
    local_error,
    make_private_directory,
    translated,
)

Value = str | bytes | int | None

_CREATE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_SYSTEM = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
_MOVE_AWAY = "move it away, with its -wal and -shm"


class Damaged(LocalError):
    """A file of ours that SQLite cannot make sense of."""


class Database:
    """An open SQLite file of ours: pragmas, migrations, transactions, errors.

    A subclass gives the migrations: migration n brings a file from version n
    to n + 1 (`PRAGMA user_version`), each as single statements.
    """

    migrations: ClassVar[Sequence[Sequence[str]]] = ()

    without: ClassVar[str] = "the next run takes longer, no mail is lost"
    """What it means to move the file away, for hints that say so."""

    outlives: ClassVar[bool] = True
    """Whether the file must be there after a power failure; a cache need not."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, path: Path, *, busy_seconds: float = 5.0) -> Self:
        """Open the database, making it (0600, in a 0700 directory) or bringing it up to date.

        Raises:
            CannotCreate: the system refuses the file or its directory.
            LocalError: it is damaged, made by a newer mailcli, or the disk is full.
            TemporaryFailure: another process kept it busy for `busy_seconds`.
        """
        # Who wrote into it has had this behind them: it is found again whatever happens.
        is_durable = not cls.outlives or _is_written(path)
        if not is_durable or not path.parent.is_dir():
            make_private_directory(path.parent)
        _make_private_file(path, durably=not is_durable)
        with _errors_of(path, cls.without):
            connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
        database = cls(connection, path)
        try:
            database._prepare()
        except BaseException:
            connection.close()
            raise
        return database

    def close(self) -> None:
        """Close the file; what is committed is durable already."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all writes of the block at its end, durably; none when it raises.

        Inside another transaction it is part of that one.

        Raises: LocalError, TemporaryFailure.
        """
        if self._connection.in_transaction:
            yield
            return
        with self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                # A full disk may have ended the transaction already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _errors(self) -> AbstractContextManager[None]:
        return _errors_of(self._path, self.without)

    def _prepare(self) -> None:
        with self._errors():
            # Where the file system cannot do WAL, SQLite stays with its journal: as durable.
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("PRAGMA foreign_keys=ON")
        if self._version() != len(self.migrations):
            self._migrate()

    def _version(self) -> int:
        ((version,),) = self._rows("PRAGMA user_version")
        return int(version)

    def _migrate(self) -> None:
        with self.transaction():
            version = self._version()  # again: another process may have been here
            if version > len(self.migrations):
                raise LocalError(
                    f"{self._path}: made by a newer version of mailcli",
                    hint=f"update mailcli; or {_MOVE_AWAY}: {self.without}",
                )
            for migration in self.migrations[version:]:
                for statement in migration:
                    self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version={len(self.migrations)}")

    def _rows(self, sql: str, *values: Value) -> Iterator[tuple[Any, ...]]:
        with self._errors():
            # Not the cursor itself: what is not read to its end would close that, after the file.
            yield from chain(self._connection.execute(sql, values))

    def _write(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        with self.transaction():
            self._connection.executemany(sql, rows)


def stored(text: str) -> str | bytes:
    """Return text as it can be stored: with octets that were never decoded, as octets.

    File names and names from a server may hold lone surrogates
    (`surrogateescape`), which SQLite does not take as text.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text


def loaded(value: str | bytes) -> str:
    """Return the text that `stored` was given."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")


def stored_if_any(text: str | None) -> str | bytes | None:
    """Return what `stored` makes of a text that may be missing."""
    return None if text is None else stored(text)


def loaded_if_any(value: str | bytes | None) -> str | None:
    """Return the text that `stored_if_any` was given."""
    return None if value is None else loaded(value)


def _is_written(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False  # whoever makes it says why


def _make_private_file(path: Path, *, durably: bool) -> None:
    """Make the file before SQLite does: its companions (-wal, -shm) get the same mode."""
    try:
        descriptor = os.open(path, _CREATE, 0o600)
    except OSError as error:
        raise local_error(error, path, creating=True) from error
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            with translated(path):
                os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
    if durably:
        fsync_directory(path.parent)


@contextmanager
def _errors_of(path: Path, without: str) -> Iterator[None]:
    """Turn what can go wrong outside of mailcli into its errors; defects stay as they are.

    `without` is what it means to move the file away.
    """
    try:
        yield
    except sqlite3.Error as error:
        ours = _error(error, path, without)
        if ours is None:
            raise
        raise ours from error


def _error(error: sqlite3.Error, path: Path, without: str) -> MailError | None:
    code = getattr(error, "sqlite_errorcode", None)  # none for misuse of the module
    primary = code & 0xFF if code is not None else None
    if code in _FULL:
        hint = "free some space and run again: no mail was lost"
        return LocalError(f"{path}: no space left on the disk", hint=hint)
    if primary in _BUSY:
        hint = "wait until it is done, and run again"
        return TemporaryFailure(f"{path}: another process is using it", hint=hint)
    if primary in _DAMAGED:
        hint = f"{_MOVE_AWAY}: {without}"
        return Damaged(f"{path}: the file is damaged ({error})", hint=hint)
    if primary in _SYSTEM:
        return LocalError(f"{path}: {error}")
    return None
