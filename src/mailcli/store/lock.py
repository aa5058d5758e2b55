"""One run at a time for each account.

The lock is flock(2) on a file that stays: it ends with the process that holds
it, however that ends, so there is no stale lock to recover. The file is never
removed, since two runs could then hold locks on two files of one name. What
stands in it, the holder's process id, is for people only.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from mailcli.errors import Locked
from mailcli.store.files import local_error, make_private_directory, write_all

_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class AccountLock:
    """The lock of one account, held inside the `with` block; not reentrant."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock at once, or not at all.

        Raises:
            Locked: another run holds it.
            CannotCreate: the lock file cannot be made.
            LocalError: the file system does not lock, or the disk is full.
        """
        if not self._path.parent.is_dir():  # what must outlive a power failure sees to it itself
            make_private_directory(self._path.parent)
        try:
            descriptor = os.open(self._path, _OPEN, 0o600)
        except OSError as error:
            raise local_error(error, self._path, creating=True) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise Locked(
                f"another run{holder} works on this account", hint="wait until it is done"
            ) from error
        except OSError as error:
            os.close(descriptor)
            raise local_error(error, self._path) from error
        self._descriptor = descriptor
        with contextlib.suppress(OSError):  # a full disk is reported where mail is written
            os.ftruncate(descriptor, 0)
            write_all(descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)


def _holder(descriptor: int) -> str:
    """Return ` (process N)`, or nothing where the holder has not written it yet."""
    with contextlib.suppress(OSError):
        text = os.pread(descriptor, 20, 0).strip()
        if text.isdigit():
            return f" (process {text.decode()})"
    return ""
