"""A file of the user's that appears under its name only when it is whole and durable.

Written beside it first. Nobody else can read it (mode 0600), and a file that is there stays,
unless it is to be replaced.
"""

import contextlib
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

from mailcli.errors import CannotCreate
from mailcli.store.files import Output, fsync_directory, local_error, place

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def refuse_existing(path: Path, *, hint: str) -> None:
    """Stop where something has this name. Raises: CannotCreate (73)."""
    if os.path.lexists(path):
        raise CannotCreate(f"{path}: exists already", hint=hint)


class WholeFile:
    """Write it within the block; at its end it is there, and where the block fails it is not.

    `replace`: what has its name goes then. A symbolic link is replaced itself.
    """

    def __init__(self, path: Path, *, replace: bool = False) -> None:
        self.path = path
        self._replace = replace
        self._scratch = str(path.parent / f".{secrets.token_hex(8)}.mailcli")
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Begin. Raises: CannotCreate (73), LocalError (74)."""
        try:
            self._descriptor = os.open(self._scratch, _CREATE, 0o600)
        except OSError as error:
            raise local_error(error, self.path, creating=True) from error
        self._output = Output(self.path, self._descriptor)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give it its name. Raises: CannotCreate (73), LocalError (74); then it is not there."""
        try:
            if kind is None:
                self._finish()
        except OSError as failure:
            raise local_error(failure, self.path) from failure
        finally:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            with contextlib.suppress(OSError):  # it has its name
                os.unlink(self._scratch)  # noqa: PTH108 - the fault tests stop at calls of os
        if kind is None:
            fsync_directory(self.path.parent)

    def write(self, octets: bytes) -> None:
        """Take the next octets. Raises: LocalError (74)."""
        self._output.write(octets)

    def set_time(self, seconds: int) -> None:
        """Make a time that of the file. Raises: LocalError (74)."""
        try:
            self._output.flush()
            os.utime(self._descriptor, (seconds, seconds))
        except OSError as error:
            raise local_error(error, self.path) from error

    def _finish(self) -> None:
        self._output.flush()
        os.fsync(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1
        if self._replace:
            os.rename(self._scratch, self.path)  # noqa: PTH104 - the fault tests stop at calls of os
        elif not place(self._scratch, str(self.path)):
            raise CannotCreate(f"{self.path}: another program has just made it")
