"""A lock file beside a file that another program owns, as Dovecot makes them.

The lock on `FILE` is held while `FILE.lock` exists. It holds `PID:HOST`, so
that it can be told when its holder is dead. It is made complete and durable in
`tmp` first and then linked into place, so that no crash leaves one behind
that says nothing.
"""

import contextlib
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from mailcli.errors import TemporaryFailure
from mailcli.store.files import place, translated, write_all
from mailcli.store.folder_view import refused_link

STALE_SECONDS = 120
"""A lock file that nobody touched for this long is nobody's: Dovecot's own limit."""

_TRIES = 20
_WAIT_SECONDS = 0.05
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Dotlock:
    """The lock on one file, held inside the `with` block; not reentrant."""

    def __init__(self, path: str, *, scratch: str) -> None:
        """`scratch` is a name on the same file system that nobody else writes to."""
        self._path = f"{path}.lock"
        self._scratch = scratch
        self._inode = 0

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            TemporaryFailure: another process holds it.
            LocalError: the system refuses, or a symbolic link has its name.
        """
        with translated(self._path):
            for _ in range(_TRIES):
                if self._take():
                    return self
                if not self._break_if_stale():
                    time.sleep(_WAIT_SECONDS)
        raise TemporaryFailure(
            f"{self._path}: another program holds this lock", hint="try again in a while"
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with translated(self._path), contextlib.suppress(FileNotFoundError):
            if os.lstat(self._path).st_ino == self._inode:  # nobody took it for stale
                os.unlink(self._path)  # noqa: PTH108 - the fault tests stop at calls of os

    def _take(self) -> bool:
        descriptor = os.open(self._scratch, _CREATE, 0o600)
        taken = False
        try:
            try:
                write_all(descriptor, f"{os.getpid()}:{os.uname().nodename}".encode())
                os.fsync(descriptor)
                self._inode = os.fstat(descriptor).st_ino
            finally:
                os.close(descriptor)
            taken = place(self._scratch, self._path)
        finally:
            if not taken:
                os.unlink(self._scratch)  # noqa: PTH108 - the fault tests stop at calls of os
        return taken

    def _break_if_stale(self) -> bool:
        """Remove the lock file if its holder is dead or gave it up; tell whether it is gone."""
        try:
            inode, stale = _look(self._path)
            if stale and os.lstat(self._path).st_ino == inode:
                os.unlink(self._path)  # noqa: PTH108 - the fault tests stop at calls of os
        except FileNotFoundError:
            return True
        return stale


def _look(path: str) -> tuple[int, bool]:
    """Return a lock file's inode, and whether it is stale."""
    if os.path.islink(path):  # noqa: PTH114 - no path objects around calls of os
        raise refused_link(Path(path))
    descriptor = os.open(path, _READ)
    try:
        status = os.fstat(descriptor)
        holder = os.read(descriptor, 1024)
    finally:
        os.close(descriptor)
    return status.st_ino, time.time() - status.st_mtime > STALE_SECONDS or _is_dead(holder)


def _is_dead(holder: bytes) -> bool:
    """Tell whether `PID:HOST` names a process of this machine that is no more.

    One with our own number is none that lives: this process holds no lock here.
    """
    number, _, host = holder.partition(b":")
    if not number.isdigit() or host != os.uname().nodename.encode():
        return False
    pid = int(number)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return pid == os.getpid()
