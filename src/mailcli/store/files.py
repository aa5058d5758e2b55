"""Durable file primitives, with errors a person can act on.

What a crash may leave behind is decided by the order of a few calls: write,
fsync, link or rename, fsync of the directory (ARCHITECTURE, durable order).
They are made through `os` by attribute, at call time, so that the fault tests
can stop the process before and after each. Nothing here retries an fsync: once
one has failed, the kernel may have dropped the bytes, and only writing the
file anew is safe.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from mailcli.errors import CannotCreate, LocalError

CHUNK = 1 << 16
"""Octets read or written at a time."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC
_SPELLINGS = (".mailcli-Caf\u00e9", ".mailcli-caf\u00e9", ".mailcli-Cafe\u0301")
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# What a file system answers that has no fsync for directories (some network and FUSE ones).
_NO_DIRECTORY_FSYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF})
NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""What a file system answers to a link that has none."""


class OtherFileSystem(LocalError):
    """A file cannot be renamed to where it is to go: that is another file system."""


def local_error(
    error: OSError, path: Path | str, *, creating: bool = False
) -> LocalError | CannotCreate:
    """Return the error for what the system refused at `path`: 74, or 73 when creating.

    A full disk, an exceeded quota or a file size limit is 74 in both cases,
    with a hint. A rename across file systems is an `OtherFileSystem`.
    """
    text = f"{path}: {os.strerror(error.errno) if error.errno else error}"
    match error.errno:
        case code if code in _DISK_FULL:
            hint = "free some space, or raise the quota or limit, and run again: no mail was lost"
            return LocalError(text, hint=hint)
        case errno.EXDEV:
            return OtherFileSystem(text)
        case errno.EMFILE | errno.ENFILE:
            return LocalError(text, hint="raise the limit of open files (ulimit -n)")
        case errno.EACCES | errno.EPERM:
            hint = "the directory and what is in it must belong to you and be writable"
        case errno.EROFS:
            hint = "the file system is mounted read-only"
        case _:
            hint = ""
    return CannotCreate(text, hint=hint) if creating else LocalError(text, hint=hint)


class translated:  # noqa: N801 - it reads as a verb: `with translated(path):`
    """Turn an `OSError` inside the block into a `LocalError` or `CannotCreate` naming `path`."""

    __slots__ = ("_creating", "_path")

    def __init__(self, path: Path | str, *, creating: bool = False) -> None:
        self._path, self._creating = path, creating

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, OSError):
            raise local_error(error, self._path, creating=self._creating) from error


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, however little the system takes at a time.

    Raises: OSError, untranslated: the caller has something to clean up.
    """
    written = os.write(descriptor, data)
    while written < len(data):
        data = data[written:]
        written = os.write(descriptor, data)


def read_chunks(descriptor: int) -> Iterator[bytes]:
    """Yield what is left to read, at most `CHUNK` octets at a time. Raises: OSError."""
    while chunk := os.read(descriptor, CHUNK):
        yield chunk


def fsync_directory(path: Path | str) -> None:
    """Make the entries of a directory durable, where the file system has a way to.

    Raises:
        LocalError: it is gone, cannot be opened, or the disk reports an error.
    """
    with translated(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NO_DIRECTORY_FSYNC:
                raise
        finally:
            os.close(descriptor)


def fsync_file(path: Path | str) -> None:
    """Make a file durable that another program wrote. Raises: OSError."""
    descriptor = os.open(path, _READ)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private_directory(path: Path) -> None:
    """Make a directory, and its parents, readable by nobody else (0700), durably.

    Each one is durable before the next is made in it. So when an earlier run
    was killed on the way, the only entry that may not be durable yet is the
    deepest one found, and that is made so now.

    Raises:
        CannotCreate: the system refuses, or something else has that name.
        LocalError: the disk is full or broken.
    """
    path = path.absolute()
    missing: list[Path] = []
    existing = path
    # isdir: what we may not look at counts as missing, and mkdir then says why
    while not os.path.isdir(existing) and existing != existing.parent:  # noqa: PTH112
        missing.append(existing)
        existing = existing.parent
    _fsync_readable(existing.parent)
    for directory in reversed(missing):
        _make_directory(directory)
        fsync_directory(directory.parent)


def _make_directory(path: Path) -> None:
    try:
        os.mkdir(path, 0o700)  # noqa: PTH102 - the fault tests stop at calls of os
    except FileExistsError as error:
        if not os.path.isdir(path):  # noqa: PTH112 - see above; otherwise another program made it just now
            raise local_error(error, path, creating=True) from error
    except OSError as error:
        raise local_error(error, path, creating=True) from error


def _fsync_readable(path: Path) -> None:
    """Make durable what may be ours: a parent that we cannot read (/home) is not."""
    if os.access(path, os.R_OK):
        fsync_directory(path)


def folds_names(directory: Path) -> bool:
    """Tell whether two spellings of a name, in case or in normalisation, are one file here.

    Asked where the nearest directory that is there lies. Where no file can be made to find
    out, none can be lost either: then False.
    """
    directory = next((d for d in (directory, *directory.parents) if d.is_dir()), directory)
    made, others = _SPELLINGS[0], _SPELLINGS[1:]
    try:
        # A run that was killed may have left it behind: it is taken again, and away.
        os.close(os.open(directory / made, os.O_WRONLY | os.O_CREAT | _FLAGS, 0o600))
        found = any(os.path.lexists(directory / other) for other in others)
        os.unlink(directory / made)  # noqa: PTH108 - the fault tests stop at calls of os
    except OSError:
        return False
    return found


def place(source: str, target: str) -> bool:
    """Give a file its name and take the old one away; False when the name is taken."""
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        # Such a file system cannot refuse to overwrite. Nobody else makes names like ours.
        if os.path.lexists(target):
            return False
        os.rename(source, target)  # noqa: PTH104 - the fault tests stop at calls of os
        return True
    os.unlink(source)  # noqa: PTH108 - the fault tests stop at calls of os
    return True


def same_octets(one: str, other: str) -> bool:
    """Tell whether two files hold the same."""
    with ExitStack() as stack:
        descriptors = []
        for path in (one, other):
            descriptors.append(os.open(path, _READ))
            stack.callback(os.close, descriptors[-1])
        sizes = {os.fstat(descriptor).st_size for descriptor in descriptors}
        pairs = zip(*map(read_chunks, descriptors), strict=True)
        return len(sizes) == 1 and all(a == b for a, b in pairs)


class Output:
    """Octets on their way into an open file, which gets them in large pieces.

    `path` is what errors name. To be flushed before the file is closed.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._pending: list[bytes] = []
        self._size = 0

    def write(self, octets: bytes) -> None:
        """Take the next octets. Raises: LocalError (74)."""
        self._pending.append(octets)
        self._size += len(octets)
        if self._size >= CHUNK:
            with translated(self._path):
                self.flush()

    def flush(self) -> None:
        """Write what has gathered. Raises: OSError."""
        octets = b"".join(self._pending)
        self._pending.clear()
        self._size = 0
        if octets:
            write_all(self._descriptor, octets)
