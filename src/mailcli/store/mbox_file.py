"""An mbox that messages are added to, beside other programs that deliver into it.

All the locks are taken that such programs look at: flock, fcntl's, and the lock file `FILE.lock`.
Where the block fails, the file is as long as before.
"""

import fcntl
import os
import secrets
import stat
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from mailcli.errors import InvalidMessage, LocalError, TemporaryFailure
from mailcli.store.dotlock import Dotlock
from mailcli.store.files import Output, local_error

_OPEN = os.O_RDWR | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC


class AppendedMbox:
    """Write whole messages within the block; at its end they are durable."""

    def __init__(self, path: Path) -> None:
        """`path` is there; a symbolic link leads to the mbox, as mail spools often do."""
        self.path = path
        self._file = path.resolve()
        self._locks = ExitStack()
        self._descriptor = -1
        self.before = 0
        """Its size before anything was added."""

    def __enter__(self) -> Self:
        """Lock and open the file.

        Raises: TemporaryFailure (75) while another program holds a lock; InvalidMessage (65) for
            what is no mbox; LocalError (74).
        """
        with ExitStack() as stack:
            self._open(stack)
            self._lock(stack)
            try:
                self._look()
            except OSError as error:
                raise local_error(error, self.path) from error
            self._locks = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Make it durable, or undo it. Raises: LocalError (74); then it is undone."""
        with self._locks:
            try:
                if kind is None:
                    self._output.flush()
                    os.fsync(self._descriptor)
            except OSError as failure:
                self._undo()
                raise local_error(failure, self.path) from failure
            if kind is not None:
                self._undo()

    def write(self, octets: bytes) -> None:
        """Take the next octets. Raises: LocalError (74)."""
        self._output.write(octets)

    def read_at(self, begin: int, octets: int) -> bytes:
        """Return octets of the file. Raises: LocalError (74).

        Nobody else here may open it to read: to close that would give fcntl's lock back.
        """
        try:
            return os.pread(self._descriptor, octets, begin)
        except OSError as error:
            raise local_error(error, self.path) from error

    def _open(self, stack: ExitStack) -> None:
        try:
            self._descriptor = os.open(self._file, _OPEN)
            stack.callback(os.close, self._descriptor)
            self._output = Output(self.path, self._descriptor)
            status = os.fstat(self._descriptor)
        except OSError as error:
            raise local_error(error, self.path) from error
        if not stat.S_ISREG(status.st_mode):
            raise LocalError(f"{self.path}: not a regular file")

    def _lock(self, stack: ExitStack) -> None:
        scratch = self._file.parent / f".{secrets.token_hex(8)}.mailcli"
        stack.enter_context(Dotlock(str(self._file), scratch=str(scratch)))
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TemporaryFailure(
                f"{self.path}: another program holds its lock", hint="try again in a while"
            ) from error
        except OSError as error:
            raise local_error(error, self.path) from error

    def _look(self) -> None:
        """Make sure that it is an mbox, and end what its last message leaves open."""
        self.before = os.fstat(self._descriptor).st_size
        if not self.before:
            return
        if os.pread(self._descriptor, 5, 0) != b"From ":
            raise InvalidMessage(f"{self.path}: not an mbox, so nothing is added to it")
        end = os.pread(self._descriptor, 3, max(0, self.before - 3))
        if not end.endswith(b"\n"):
            self.write(b"\n\n")
        elif not end.endswith((b"\n\n", b"\n\r\n")):
            self.write(b"\n")

    def _undo(self) -> None:
        try:
            os.ftruncate(self._descriptor, self.before)
            os.fsync(self._descriptor)
        except OSError as error:
            raise local_error(error, self.path) from error
