"""One folder of a Maildir: deliver durably, list stably, change flags, read.

The Maildir is the user's, and other programs may change it at any moment. So
no name is ever overwritten, no message content parsed or rewritten, no
symbolic link followed below the root, and a listing that may have missed a
file is not returned as a listing. A folder that is missing is an error, never
an empty folder.

What each step of a delivery leaves behind when the process is killed there:

| step | left behind | next run |
| --- | --- | --- |
| write, fsync in `tmp` | a file in `tmp` | `remove_stale_tmp` |
| link into `new` or `cur` | a complete message, perhaps also in `tmp` | `tokens` finds it |
| fsync of the directory | a durable message | `tokens` finds it |

Only one process at a time delivers into an account's Maildir (`lock`).
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from mailcli.errors import LocalError, NotFound, TemporaryFailure
from mailcli.model import SystemFlags
from mailcli.store.entries import SUBDIRECTORIES, TMP, Entry, is_own_temporary
from mailcli.store.files import (
    fsync_directory,
    make_private_directory,
    place,
    read_chunks,
    same_octets,
    translated,
)
from mailcli.store.line_ends import is_verbatim, to_wire
from mailcli.store.listing import list_messages
from mailcli.store.staging import Staged

MAX_BATCH = 200
"""Messages to deliver at a time: enough to share the fsyncs, few enough open files."""

_TRIES = 10
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Delivered:
    """A durable message: its file, and SHA-256 digest and octets as the server sent it."""

    entry: Entry
    sha256: bytes
    size: int


class MaildirFolder:
    """One folder: the directory that holds `cur`, `new` and `tmp`."""

    def __init__(self, root: Path, relative: PurePosixPath) -> None:
        self.path = root / relative
        self._root = root
        self._base = str(self.path)
        self._relative = relative

    def __repr__(self) -> str:
        return f"MaildirFolder({self._base!r})"

    def exists(self) -> bool:
        """Tell whether all three directories are there.

        Raises:
            LocalError: one of them, or one on the way, is a symbolic link.
        """
        self._refuse_links()
        return is_maildir(self._base)

    def create(self) -> None:
        """Make the folder durable, and first of all make it, where it is not there.

        To be called once a run before the first delivery, also for a folder
        that is there: a run that was killed may have left it half made.

        Raises:
            CannotCreate: the system refuses.
            LocalError: the disk is full, or a symbolic link is in the way.
        """
        self._refuse_links()
        for subdirectory in SUBDIRECTORIES:  # cur last: half made, it is no folder
            make_private_directory(self.path / subdirectory)

    def stage(self, unique: str) -> Staged:
        """Begin a message in `tmp`. `unique` comes from `unique_name`.

        Raises:
            CannotCreate: the folder is gone, or the system refuses.
            LocalError: the disk is full.
        """
        return Staged(self._base, unique)

    def deliver(self, batch: Sequence[Staged]) -> list[Delivered]:
        """Make closed messages durable and visible, in this order, and return them.

        First every file is durable, then each gets its name, then the
        directories are made durable, once. When it returns, all of this may be
        committed to the state. When it fails, some may be visible already: each
        complete, and `tokens` of the next run finds it.

        A name is given by link and unlink, not rename: link never overwrites.
        Where a message of the same name is there already, it is the same
        message if the octets are; otherwise the new one gets a number.

        Raises:
            LocalError: disk full or broken; what is not visible is abandoned.
        """
        try:
            entries = [staged.make_durable() for staged in batch]
            placed = [
                self._place(staged, entry) for staged, entry in zip(batch, entries, strict=True)
            ]
        finally:
            for staged in batch:
                staged.abandon()  # does nothing to those placed
        for subdirectory in sorted({entry.subdirectory for entry in placed}):
            fsync_directory(f"{self._base}/{subdirectory}")
        return [
            Delivered(entry, staged.sha256, staged.size)
            for staged, entry in zip(batch, placed, strict=True)
        ]

    def scan(self, *, stat: bool = False) -> list[Entry]:
        """List the messages, each once, whatever other programs rename meanwhile.

        `stat` fills in inode, size and time. See `listing` for what makes the
        list complete.

        Raises:
            NotFound: the folder is missing, which is not the same as empty.
            TemporaryFailure: other programs did not stop changing it.
            LocalError: it cannot be read, or a symbolic link is in the way.
        """
        self._refuse_links()
        return list_messages(self._base, stat=stat)

    def find(self, unique: str) -> Entry | None:
        """Return the message with this unique part, wherever it is now. Raises as `scan`."""
        return next((entry for entry in self.scan() if entry.unique == unique), None)

    def tokens(self) -> dict[str, Entry]:
        """Return the messages delivered by mailcli, by token, made durable where they are.

        For the run after one that did not end well: what was delivered then is
        here, though the state does not know; and it may be committed now.
        """
        entries = self.scan()
        self.sync()
        return {token: entry for entry in entries if (token := entry.token) is not None}

    def find_by_token(self, token: str) -> Entry | None:
        """Return one message delivered by mailcli; for several, use `tokens`."""
        return self.tokens().get(token)

    def sync(self) -> None:
        """Make all names in the folder durable: after `set_flags`, before the state says so."""
        for subdirectory in ("new", "cur"):
            fsync_directory(f"{self._base}/{subdirectory}")

    def set_flags(self, entry: Entry, flags: SystemFlags, *, others: str | None = None) -> Entry:
        """Rename a message so that it has these flags, and return it as it is then.

        Keywords and letters that we do not know stay, unless `others` replaces
        them. Where another program has changed the flags since `entry` was read,
        only the difference between `entry` and `flags` is applied, so that its
        change stays too. `sync` makes the renames of a run durable.

        Raises:
            NotFound: the message is gone.
            LocalError: the system refuses, or two files have the same unique part.
        """
        added, removed = flags - entry.flags, entry.flags - flags
        current: Entry | None = entry
        for _ in range(_TRIES):
            if current is None:
                raise NotFound(f"{self.path_of(entry)}: the message is gone")
            kept = current.others if others is None else others
            target = current.flagged((current.flags | added) - removed, kept)
            if (current.flags, current.others) == (target.flags, target.others):
                return current
            if self._rename(current, target):
                return target
            current = self.find(entry.unique)
        raise TemporaryFailure(f"{self.path_of(entry)}: another program keeps renaming it")

    def remove(self, entry: Entry) -> bool:
        """Remove a message; tell whether it is gone. `sync` makes it durable.

        One whose flags another program has changed since `entry` was read is kept.

        Raises:
            LocalError: the system refuses.
        """
        current: Entry | None = entry
        for _ in range(_TRIES):
            if current is None:
                return True
            if (current.flags, current.others) != (entry.flags, entry.others):
                return False
            with translated(self._file(current)), contextlib.suppress(FileNotFoundError):
                os.unlink(self._file(current))  # noqa: PTH108 - the fault tests stop at it
                return True
            current = self.find(entry.unique)
        raise TemporaryFailure(f"{self.path_of(entry)}: another program keeps renaming it")

    def path_of(self, entry: Entry) -> Path:
        """Return where the message lies."""
        return Path(self._file(entry))

    def received(self, entry: Entry) -> datetime | None:
        """Return when the message was received: the time of its file, as `Staged.close` sets it.

        None for a time that no calendar has.

        Raises: NotFound, LocalError.
        """
        with translated(self.path_of(entry)):
            descriptor, _ = self._open(entry)
            try:
                return datetime.fromtimestamp(int(os.fstat(descriptor).st_mtime), UTC)
            except (OverflowError, ValueError):
                return None
            finally:
                os.close(descriptor)

    def open_wire(self, entry: Entry) -> Iterator[bytes]:
        """Yield the octets that the server sent, for uploads, hashes and exports.

        Raises (while iterating):
            NotFound: the message is gone.
            LocalError: it cannot be read.
        """
        with translated(self.path_of(entry)):
            descriptor, entry = self._open(entry)
            try:
                verbatim = is_verbatim(read_chunks(descriptor), marked=entry.marked_verbatim)
                os.lseek(descriptor, 0, os.SEEK_SET)
                yield from to_wire(read_chunks(descriptor), verbatim=verbatim)
            finally:
                os.close(descriptor)

    def remove_stale_tmp(self) -> int:
        """Remove what our own killed runs left in `tmp`, and return how many files.

        Only with the account's lock held: then nobody is writing them.

        Raises:
            LocalError: one cannot be removed.
        """
        self._refuse_links()
        directory = f"{self._base}/{TMP}"
        with translated(directory):
            try:
                names = os.listdir(directory)  # noqa: PTH208 - names, not paths, are asked for
            except FileNotFoundError:
                return 0
            stale = [name for name in names if is_own_temporary(name)]
            for name in stale:
                os.unlink(f"{directory}/{name}")  # noqa: PTH108 - the fault tests stop at it
        return len(stale)

    def _file(self, entry: Entry) -> str:
        return f"{self._base}/{entry.subdirectory}/{entry.name}"

    def _place(self, staged: Staged, entry: Entry) -> Entry:
        number = 1
        with translated(self._file(entry)):
            while not place(staged.path, target := self._file(entry)):
                if same_octets(staged.path, target):
                    staged.abandon()
                    return entry
                number += 1
                entry = staged.renumbered(number)
        staged.leave()
        return entry

    def _rename(self, entry: Entry, target: Entry) -> bool:
        """Rename unless another program did; overwrite nothing."""
        source, destination = self.path_of(entry), self.path_of(target)
        if os.path.lexists(destination):
            if os.path.lexists(source):
                raise LocalError(
                    f"{destination}: exists, and so does {source}",
                    hint="two files of one name: move one of them to another folder",
                )
            return False
        with translated(source):
            try:
                os.rename(source, destination)  # noqa: PTH104 - the fault tests stop at it
            except FileNotFoundError:
                return False
        return True

    def _open(self, entry: Entry) -> tuple[int, Entry]:
        current: Entry | None = entry
        for _ in range(_TRIES):
            if current is None:
                break
            try:
                return os.open(self.path_of(current), _READ), current
            except FileNotFoundError:
                current = self.find(entry.unique)
        raise NotFound(f"{self.path_of(entry)}: the message is gone")

    def _refuse_links(self) -> None:
        """Refuse symbolic links below the root: they lead anywhere, or to nothing."""
        path = self._root
        for part in self._relative.parts:
            path /= part
            refuse_link(path)
        for subdirectory in SUBDIRECTORIES:
            refuse_link(self.path / subdirectory)


def is_maildir(directory: str) -> bool:
    """Tell whether a directory is a folder: whether it holds `cur`, `new` and `tmp`."""
    return all(os.path.isdir(f"{directory}/{name}") for name in SUBDIRECTORIES)  # noqa: PTH112 - is_dir raises what isdir takes for no


def refuse_link(path: Path) -> None:
    """Raise LocalError when `path` is a symbolic link."""
    if path.is_symlink():
        raise refused_link(path)


def refused_link(path: Path) -> LocalError:
    """Return the error for a symbolic link below a Maildir's root."""
    return LocalError(
        f"{path}: a symbolic link inside a Maildir is not followed",
        hint="make it a directory, or set the account's maildir to where it leads",
    )
