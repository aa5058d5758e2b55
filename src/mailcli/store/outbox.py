"""The outbox: messages that wait to be sent, and how far each recipient's has come.

One database for all accounts, one file for each message's octets. A message is
queued once its file is durable and then its row; a file without a row belongs
to nobody and goes with the next flush. What each kill leaves stands in
ARCHITECTURE.md.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from mailcli.errors import NotFound
from mailcli.model import Address
from mailcli.store.database import Database
from mailcli.store.files import (
    fsync_directory,
    read_chunks,
    translated,
    write_all,
)

_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

_VERSION_1 = (
    """CREATE TABLE message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        token TEXT NOT NULL UNIQUE,
        sender TEXT NOT NULL,
        utf8_header INTEGER NOT NULL,
        notify TEXT NOT NULL,
        returned TEXT,
        message_id TEXT,
        subject TEXT NOT NULL,
        size INTEGER NOT NULL,
        copy_head BLOB,
        folder TEXT,
        saved INTEGER NOT NULL DEFAULT 0,
        created INTEGER NOT NULL,
        tried INTEGER NOT NULL DEFAULT 0,
        next_try INTEGER NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT ''
    )""",
    """CREATE TABLE recipient (
        message INTEGER NOT NULL REFERENCES message ON DELETE CASCADE,
        number INTEGER NOT NULL,
        email TEXT NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        code INTEGER,
        enhanced TEXT,
        text TEXT,
        PRIMARY KEY (message, email)
    ) WITHOUT ROWID""",
)


class Phase(StrEnum):
    """How far one recipient's message has come."""

    WAITING = "waiting"
    ENDING = "ending"
    """The final dot may have been sent; found by a later run, that is `UNKNOWN`."""
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    """For good; the sender is not told yet."""
    TOLD = "told"
    """Refused, and the sender has a bounce."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient, and the server's last words about it."""

    address: Address
    phase: Phase = Phase.WAITING
    code: int | None = None
    enhanced: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Queued:
    """A message in the outbox; times are Unix seconds, 0 for never.

    `copy_head` stands before the message in the copy for `folder`; None: no copy.
    """

    id: int
    account: str
    token: str
    sender: str
    size: int
    created: int
    next_try: int
    recipients: tuple[Recipient, ...] = ()
    utf8_header: bool = False
    notify: tuple[str, ...] = ()
    returned: str | None = None
    message_id: str | None = None
    subject: str = ""
    copy_head: bytes | None = field(default=None, repr=False)
    folder: str | None = None
    saved: bool = False
    tried: int = 0
    tries: int = 0
    error: str = ""

    def those(self, *phases: Phase) -> tuple[Recipient, ...]:
        """Return the recipients in one of these phases."""
        return tuple(each for each in self.recipients if each.phase in phases)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be done: for anybody, nor for the copy."""
        done = len(self.those(Phase.ACCEPTED, Phase.TOLD)) == len(self.recipients)
        copied = self.saved or self.copy_head is None or not self.those(Phase.ACCEPTED)
        return done and copied


class Outbox(Database):
    """The queue of all accounts, below the state directory."""

    migrations = (_VERSION_1,)
    without = (
        "copy the .eml files beside it away first, for a new outbox knows none and removes them"
    )

    @classmethod
    def below(cls, state_dir: Path) -> "Outbox":
        """Open the outbox, making it where it is not there. Raises: see `Database.open`."""
        return cls.open(state_dir / "outbox" / "outbox.db")

    @staticmethod
    def exists_below(state_dir: Path) -> bool:
        """Tell whether there is an outbox, and make none."""
        return (state_dir / "outbox" / "outbox.db").exists()

    @property
    def directory(self) -> Path:
        """Where the messages lie."""
        return self._path.parent

    # -- in --------------------------------------------------------------------

    def add(self, message: Queued, chunks: Iterable[bytes]) -> int:
        """Queue a message durably and return its number; its own id and token are not used.

        Raises: CannotCreate, LocalError.
        """
        token, descriptor = self._created()
        try:
            self._fill(descriptor, self._file(token), chunks)
            # From here on the row may be there, whatever is said about it: the file stays.
            return self._insert(message, token)
        finally:
            os.close(descriptor)

    def _created(self) -> tuple[str, int]:
        """Make a file, and lock it until its row is there: to a flush it is litter so far."""
        from secrets import token_hex  # whoever only looks needs none

        while True:
            token = token_hex(16)
            path = self._file(token)
            with translated(path, creating=True):
                descriptor = os.open(path, _CREATE, 0o600)
            try:
                with translated(path):
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
                    if os.fstat(descriptor).st_nlink:
                        return token, descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)  # a flush was here before the lock, and has removed it

    def _fill(self, descriptor: int, path: Path, chunks: Iterable[bytes]) -> None:
        """Write a file durably, or take it away again."""
        try:
            with translated(path):
                for chunk in chunks:
                    write_all(descriptor, chunk)
                os.fsync(descriptor)
            fsync_directory(self.directory)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108 - the fault tests stop at calls of os
            raise

    def _insert(self, message: Queued, token: str) -> int:
        values: dict[str, Any] = {
            "account": message.account,
            "token": token,
            "sender": message.sender,
            "utf8_header": int(message.utf8_header),
            "notify": ",".join(message.notify),
            "returned": message.returned,
            "message_id": message.message_id,
            "subject": message.subject,
            "size": message.size,
            "copy_head": message.copy_head,
            "folder": message.folder,
            "created": message.created,
            "next_try": message.next_try,
            "error": message.error,
        }
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        with self.transaction():
            self._write(
                f"INSERT INTO message ({names}) VALUES ({marks})",  # noqa: S608 - names of ours
                [tuple(map(_storable, values.values()))],
            )
            ((number,),) = self._rows("SELECT id FROM message WHERE token = ?", token)
            self._write(
                "INSERT INTO recipient (message, number, email, name, state)"
                " VALUES (?, ?, ?, ?, ?)",
                [
                    (number, place, each.address.email, _storable(each.address.name), each.phase)
                    for place, each in enumerate(message.recipients)
                ],
            )
        return int(number)

    # -- looking ---------------------------------------------------------------

    def messages(self, *, account: str | None = None) -> list[Queued]:
        """Return all messages, or those of one account, the oldest first."""
        return self._select("? IS NULL OR account = ?", account, account)

    def count(self, *, account: str) -> int:
        """Return how many messages of an account there are."""
        ((number,),) = self._rows("SELECT count(*) FROM message WHERE account = ?", account)
        return int(number)

    def _select(self, where: str, *values: str | int | None) -> list[Queued]:
        columns = ", ".join(_COLUMNS)
        sql = f"SELECT {columns} FROM message WHERE {where} ORDER BY id"  # noqa: S608 - words of ours
        rows = list(self._rows(sql, *values))
        return [self._queued(dict(zip(_COLUMNS, row, strict=True))) for row in rows]

    def message(self, number: int) -> Queued:
        """Return one message. Raises: NotFound (66)."""
        found = self._select("id = ?", number)
        if not found:
            raise NotFound(f"no message {number} in the outbox", hint="mailcli outbox list")
        return found[0]

    def chunks(self, message: Queued) -> Iterator[bytes]:
        """Yield a message's octets. Raises: LocalError (74)."""
        path = self._file(message.token)
        with translated(path):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                yield from read_chunks(descriptor)
            finally:
                os.close(descriptor)

    def _queued(self, row: Mapping[str, Any]) -> Queued:
        rest = {name: row[name] for name in row if name not in _SPECIAL}
        return Queued(
            **rest,
            utf8_header=bool(row["utf8_header"]),
            notify=tuple(filter(None, row["notify"].split(","))),
            saved=bool(row["saved"]),
            recipients=tuple(self._recipients(row["id"])),
        )

    def _recipients(self, number: int) -> Iterator[Recipient]:
        for email, name, state, code, enhanced, text in self._rows(
            "SELECT email, name, state, code, enhanced, text FROM recipient"
            " WHERE message = ? ORDER BY number",
            number,
        ):
            yield Recipient(Address(name, email), Phase(state), code, enhanced, text or "")

    # -- how far it has come ---------------------------------------------------

    def move(self, number: int, emails: Iterable[str], phase: Phase) -> None:
        """Record durably that these recipients are in a phase now."""
        self._write(
            "UPDATE recipient SET state = ? WHERE message = ? AND email = ?",
            [(phase, number, email) for email in emails],
        )

    def record(self, number: int, recipients: Iterable[Recipient]) -> None:
        """Record durably what became of recipients, with the server's words."""
        self._write(
            "UPDATE recipient SET state = ?, code = ?, enhanced = ?, text = ?"
            " WHERE message = ? AND email = ?",
            [
                (r.phase, r.code, r.enhanced, _storable(r.text), number, r.address.email)
                for r in recipients
            ],
        )

    def note_try(self, number: int, *, at: int, next_try: int, error: str) -> None:
        """Record that a message was tried, when to try again, and why it did not go."""
        self._write(
            "UPDATE message SET tried = ?, next_try = ?, error = ?, tries = tries + 1"
            " WHERE id = ?",
            [(at, next_try, _storable(error), number)],
        )

    def note_saved(self, number: int) -> None:
        """Record that the copy is in its folder."""
        self._write("UPDATE message SET saved = 1 WHERE id = ?", [(number,)])

    # -- out -------------------------------------------------------------------

    def remove(self, message: Queued) -> None:
        """Forget a message, and then remove its file. Raises: LocalError."""
        self._write("DELETE FROM message WHERE id = ?", [(message.id,)])
        path = self._file(message.token)
        with translated(path), contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - the fault tests stop at calls of os

    def clean_up(self) -> None:
        """Remove files that no row names; one that is just being queued is locked, and stays."""
        for path in self.directory.glob("*.eml"):
            with contextlib.suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                known = list(self._rows("SELECT 1 FROM message WHERE token = ?", path.stem))
                if not known:
                    os.unlink(path)  # noqa: PTH108 - the fault tests stop at calls of os

    def _file(self, token: str) -> Path:
        return self.directory / f"{token}.eml"


_COLUMNS = tuple(each.name for each in fields(Queued) if each.name != "recipients")
_SPECIAL = frozenset({"utf8_header", "notify", "saved"})


def _storable(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    """Return a value as SQLite takes it: text without lone surrogates."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
