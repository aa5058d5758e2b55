"""Every effect of a run, counted and written down, and the process stopped at one of them.

An effect is what outlives the process: a change to the file system, to a
database, or words to a server (and its reply, since only then the server has
done what it was told). mailcli makes each through an attribute of `os`,
`sqlite3` or a socket, looked up at call time, so replacing these is enough and
mailcli needs no seam for tests. Installed only in processes that end with the run.

The log holds a line for each effect that was made: JSON, `[kind, what, ...]`. What a process
beside it makes, which it has forked, stands behind a space, and is counted by itself.
"""

import contextlib
import errno
import json
import os
import re
import signal
import socket
import sqlite3
import ssl
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Final

from mailcli.store import durability


class Mode(StrEnum):
    """What happens at an effect."""

    NONE = "none"
    KILL_BEFORE = "kill before"
    KILL_AFTER = "kill after"
    ENOSPC = "ENOSPC"
    EIO = "EIO"
    DISK_FULL = "disk full from here on"
    EIO_AFTER = "EIO, though it is done"
    SIGTERM = "SIGTERM"
    SIGINT = "SIGINT"
    PAUSE = "pause"


class Victims(StrEnum):
    """Which of two processes a kill strikes, seen from the one whose effect it is."""

    ITSELF = "itself"
    OTHER = "the other"
    BOTH = "both"


NEVER_FAILS: Final = frozenset({"send", "reply", "close"})
"""No disk is asked, or, when SQLite closes a file, its answer is not."""

_GROWS: Final = frozenset({"create", "write", "mkdir", "link", "sql", "commit"})
"""What a full disk refuses; it still takes names away."""

_ERRORS: Final = {
    Mode.ENOSPC: (errno.ENOSPC, sqlite3.SQLITE_FULL),
    Mode.DISK_FULL: (errno.ENOSPC, sqlite3.SQLITE_FULL),
    Mode.EIO: (errno.EIO, sqlite3.SQLITE_IOERR),
    Mode.EIO_AFTER: (errno.EIO, sqlite3.SQLITE_IOERR),
}
_SIGNALS: Final = {Mode.SIGTERM: signal.SIGTERM, Mode.SIGINT: signal.SIGINT}
_DATABASE: Final = frozenset({"sql", "commit"})
_COMMAND: Final = re.compile(rb"(?:m\d+ )?([A-Z]{3,}(?: [^\r\n]*)?)\r\n")
_SECRET: Final = re.compile(rb"(AUTH\w* \S+|PASS|LOGIN)")
_LONGEST: Final = 70  # octets of a command that the log shows
_CHANGES: Final = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "REPLACE")


class Effects:
    """The count so far, the log, and what is to happen at which effect."""

    def __init__(self, log: str, mode: Mode, at: int, kind: str = "", name: str = "") -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._append = partial(os.write, self._log)
        self._mode = mode
        self._at = at
        self._kind, self._name = kind, name
        self._count = 0
        self._other = 0
        self._is_beside = False
        self.strikes()

    def strikes(self, *, beside: bool = False, victims: Victims = Victims.ITSELF) -> None:
        """Say whose effects are meant, and who is to be killed there."""
        self._beside, self._victims = beside, victims

    def fork(self, fork: Callable[[], int]) -> int:
        """Fork, and count anew in the process that is made."""
        parent, child = os.getpid(), fork()
        self._other = child or parent
        if not child:
            self._is_beside, self._count = True, 0
        return child

    def make(self, kind: str, what: Sequence[str], act: Callable[[], Any]) -> Any:
        """Make one effect by calling `act`, unless the time has come, and write it down."""
        counts = self._is_beside == self._beside and self._kind in ("", kind)
        counts = counts and (not self._name or self._name in what[0])
        self._count += counts
        if counts and self._is_due(kind):
            self._before(kind)
        done = act()
        margin = b" " if self._is_beside else b""
        self._append(margin + json.dumps([kind, *what]).encode() + b"\n")
        if counts and self._count == self._at:
            self._after(kind)
        return done

    def _is_due(self, kind: str) -> bool:
        if self._mode is Mode.DISK_FULL:
            return self._count >= self._at and kind in _GROWS
        return self._count == self._at

    def _before(self, kind: str) -> None:
        match self._mode:
            case Mode.KILL_BEFORE:
                self._kill()
            case Mode.SIGTERM | Mode.SIGINT:
                os.kill(os.getpid(), _SIGNALS[self._mode])
            case Mode.PAUSE:
                self._append(json.dumps(["pause", str(os.getpid())]).encode() + b"\n")
                os.kill(os.getpid(), signal.SIGSTOP)
            case Mode.ENOSPC | Mode.EIO | Mode.DISK_FULL if kind not in NEVER_FAILS:
                self._fail(kind, *_ERRORS[self._mode])
            case _:
                pass

    def _after(self, kind: str) -> None:
        match self._mode:
            case Mode.KILL_AFTER:
                self._kill()
            case Mode.EIO_AFTER if kind not in NEVER_FAILS:
                self._fail(kind, *_ERRORS[self._mode])
            case _:
                pass

    def _kill(self) -> None:
        if self._victims is not Victims.ITSELF and self._other:
            with contextlib.suppress(ProcessLookupError):  # it has come to its end
                os.kill(self._other, signal.SIGKILL)
        if self._victims is not Victims.OTHER:
            os.kill(os.getpid(), signal.SIGKILL)

    def _fail(self, kind: str, number: int, sqlite_number: int) -> None:
        if kind not in _DATABASE:
            raise OSError(number, os.strerror(number))
        error = sqlite3.OperationalError("injected")
        error.sqlite_errorcode = sqlite_number
        raise error


def install(effects: Effects) -> None:
    """Put the counting between mailcli and the system, for the rest of this process."""
    os.fork = partial(effects.fork, os.fork)
    _install_files(effects)
    _install_group(effects)
    _install_database(effects)
    for kind in (socket.socket, ssl.SSLSocket):
        _install_socket(effects, kind)


def _install_files(effects: Effects) -> None:
    _install_open(effects)
    for name, kind in (("write", "write"), ("fsync", "fsync"), ("ftruncate", "truncate")):
        _wrap(effects, name, kind, lambda args: (_path_of(args[0]),))
    for name in ("link", "rename", "replace"):
        _wrap(effects, name, name, lambda args: (str(args[0]), str(args[1])))
    for name in ("unlink", "remove", "mkdir", "rmdir", "truncate"):
        kind = "unlink" if name == "remove" else name
        _wrap(effects, name, kind, lambda args: (str(args[0]),))
    _wrap(effects, "utime", "utime", lambda args: (_path_of(args[0]),))


def _wrap(
    effects: Effects, name: str, kind: str, what: Callable[[tuple[Any, ...]], tuple[str, ...]]
) -> None:
    real = getattr(os, name)

    def effect(*args: Any, **options: Any) -> Any:
        return effects.make(kind, what(args), lambda: real(*args, **options))

    setattr(os, name, effect)


def _install_open(effects: Effects) -> None:
    """Count only opens that make a file: others change nothing."""
    real = os.open

    def effect(path: Any, flags: int, *args: Any, **options: Any) -> Any:
        act = partial(real, path, flags, *args, **options)
        if flags & os.O_CREAT and not os.path.lexists(path):
            return effects.make("create", (str(path),), act)
        return act()

    os.open = effect


def _install_group(effects: Effects) -> None:
    """Count what makes many files durable at once; and in one thread, where effects have an order.

    What goes on in the background is done when it begins. So nothing that is written later
    seems to be made durable by it.
    """
    real = durability.syncfs
    durability.syncfs = lambda descriptor: effects.make(
        "syncfs", (_path_of(descriptor),), lambda: real(descriptor)
    )
    for name, instead in {"start": durability.Task.run, "join": lambda _: None}.items():
        setattr(durability.Task, name, instead)


def _path_of(file: Any) -> str:
    if isinstance(file, int):
        return str(Path(f"/proc/self/fd/{file}").readlink()).removesuffix(" (deleted)")
    return str(file)


def _install_database(effects: Effects) -> None:
    real = sqlite3.connect

    class Counted(sqlite3.Connection):
        """A connection whose writes, commits and end are effects."""

        def execute(self, sql: str, *args: Any) -> Any:
            act = partial(super().execute, sql, *args)
            if sql.startswith("COMMIT"):
                return effects.make("commit", (), act)
            if sql.startswith((*_CHANGES, "PRAGMA journal_mode", "PRAGMA user_version=")):
                return effects.make("sql", (_brief(sql),), act)
            return act()

        def executemany(self, sql: str, *args: Any) -> Any:
            act = partial(super().executemany, sql, *args)
            return effects.make("sql", (_brief(sql),), act)

        def close(self) -> None:
            effects.make("close", ("database",), super().close)

    def connect(*args: Any, **options: Any) -> Any:
        return real(*args, **{**options, "factory": Counted})

    sqlite3.connect = connect


def _brief(sql: str) -> str:
    """Return the verb and the table."""
    fillers = {"OR", "REPLACE", "INTO", "FROM", "TABLE"}
    return " ".join([word for word in sql.split() if word not in fillers][:2])


def _install_socket(effects: Effects, kind: Any) -> None:
    """Count what is sent, and the first octets that come back for it."""
    send, receive = kind.sendall, kind.recv_into
    asked: list[str] = []

    def sendall(self: Any, data: Any, *args: Any) -> Any:
        words = _words(bytes(data))
        # A message that goes unasked belongs to its command.
        asked[:] = [asked[0] if asked and words.endswith(" octets") else words]
        return effects.make("send", (words,), lambda: send(self, data, *args))

    def recv_into(self: Any, *args: Any) -> Any:
        if not asked:
            return receive(self, *args)
        what = [asked.pop()]

        def act() -> Any:
            count = receive(self, *args)
            if not count:
                what.append("none: the connection is closed")
            return count

        return effects.make("reply", what, act)

    kind.sendall, kind.recv_into = sendall, recv_into


def _words(data: bytes) -> str:
    """Return the command in `data` without secrets and tags, or how much else it is."""
    found = _COMMAND.match(data)
    if not found:
        dot = "a lone dot, " if data.startswith(b".\r\n") else ""
        return f"{dot}{len(data)} octets"
    secret = _SECRET.match(found[1])
    return (secret[1] + b" ***" if secret else found[1][:_LONGEST]).decode("ascii", "replace")
