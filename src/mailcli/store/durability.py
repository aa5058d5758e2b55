"""Many files made durable together: the octets of some, the names in a directory or two.

An fsync costs the disk a flush, however small the file is; most of a first sync's time
would go into thousands of them. Where a file system is known to make all of itself durable
by one call, and to tell when it could not, that call serves a whole group. Elsewhere the
fsyncs go side by side, so that the kernel can join their flushes. A few files are always made
durable one by one: nobody should wait for what other programs have written.

As in `files`, nothing is tried again: once the disk has refused, only writing the files anew
is safe. The fault tests take the place of `syncfs`, and of `os.fsync`.
"""

import errno
import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from threading import Thread
from time import monotonic

from mailcli.errors import MailError
from mailcli.store.file_systems import is_local
from mailcli.store.files import fsync_directory, translated

MANY = 16
"""Files from which on a group is more than a few."""

THREADS = 16
"""Fsyncs at a time: the disk's flushes are waited for together, so it takes no processors."""

LONG = 5.0
"""Seconds after which making a group durable must have been about others' data."""

_REPORTS_ERRORS = (5, 8)
"""The Linux whose syncfs tells of every write that failed since the descriptor was opened."""

_NO_SYNCFS = frozenset({errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.ENOTSUP})


class Disk:
    """The file system that a directory lies on, while files are written to it.

    To be opened before the first of them is made.
    """

    def __init__(self, directory: str) -> None:
        """Open the directory. Raises: LocalError."""
        self._directory = directory
        self._takes_all: bool | None = None  # not known before there are many
        with translated(directory):
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
            self._descriptor = os.open(directory, flags)

    def close(self) -> None:
        """Close the directory."""
        os.close(self._descriptor)

    def make_durable(self, files: Sequence[int], directories: Iterable[str] = ()) -> None:
        """Make open files durable, and the names in directories.

        Raises: LocalError; then nothing is known to be durable.
        """
        with translated(self._directory):
            if len(files) < MANY:
                for descriptor in files:
                    os.fsync(descriptor)
            elif self._makes_all_durable():
                return
            else:
                _fsync_together(files)
        for directory in directories:
            fsync_directory(directory)

    def _makes_all_durable(self) -> bool:
        """Make the whole file system durable, where that can be relied on."""
        if self._takes_all is None:
            self._takes_all = is_trusted(self._descriptor)
        if not self._takes_all:
            return False
        began = monotonic()
        try:
            syncfs(self._descriptor)
        except OSError as error:
            if error.errno not in _NO_SYNCFS:
                raise
            self._takes_all = False  # a sandbox may not let us
            return False
        # Somebody copies a film to the same disk: from now on, only our own files.
        self._takes_all = monotonic() - began < LONG
        return True


class Task(Thread):
    """Something that is done in the background; `wait` raises what it raised."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._is_done = False
        self._error: OSError | MailError | None = None
        self.start()

    def run(self) -> None:
        """Do it."""
        try:
            self._work()
            self._is_done = True
        except (OSError, MailError) as error:
            self._error = error

    def wait(self) -> None:
        """Wait for the end. Raises: what the work raised."""
        self.join()
        if self._error is not None:
            raise self._error
        if not self._is_done:  # a defect, which the thread has told; nothing is durable
            raise RuntimeError(f"{self._work} failed")


def _fsync_together(files: Sequence[int]) -> None:
    tasks = [Task(partial(_fsync_each, files[n::THREADS])) for n in range(THREADS)]
    errors = []
    for task in tasks:
        try:
            task.wait()
        except OSError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def _fsync_each(files: Iterable[int]) -> None:
    for descriptor in files:
        os.fsync(descriptor)


def is_trusted(descriptor: int) -> bool:
    """Tell whether `syncfs` makes durable what was written where a file lies, or says that not."""
    version = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if version is None or (int(version[1]), int(version[2])) < _REPORTS_ERRORS:
        return False
    return is_local(descriptor)


def syncfs(descriptor: int) -> None:
    """Make durable all that was written to the file system of an open file (syncfs(2)).

    Raises: OSError, also for what failed since the file was opened.
    """
    import ctypes

    if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
