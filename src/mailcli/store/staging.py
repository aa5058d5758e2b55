"""Messages on their way into a Maildir: written to `tmp`, and not visible yet.

Wire octets go in, in any pieces, and end up in one file with the line ends that
Maildirs have (`line_ends`), in flat memory and without being parsed. A write
that fails takes its file away again, so a full disk leaves nothing behind.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from mailcli.errors import LocalError, TemporaryFailure
from mailcli.model import SystemFlags
from mailcli.store.entries import NO_FLAGS, TMP, Entry, new_entry, numbered, temporary_name
from mailcli.store.files import CHUNK, local_error, read_chunks, write_all
from mailcli.store.folder_view import TRIES
from mailcli.store.incoming import Incoming
from mailcli.store.line_ends import LineEndConverter, to_wire

if TYPE_CHECKING:
    from hashlib import _Hash

_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_numbers = count(1)
_Placed = TypeVar("_Placed")


class Staged(Incoming):
    """One message in `tmp`: `write` it, `close` it, then deliver or `abandon` it.

    As a context manager it abandons the message when the block fails. `sha256`
    (the digest) and `size` are those of the octets as the server sent them, and
    are known once the message is closed. It stays open, as one file descriptor,
    until it is delivered. One that nobody holds any more abandons itself: a signal
    ends a run between any two steps, also those that hand a message over.
    """

    _path = ""
    _descriptor = -1

    def __init__(self, folder: str, unique: str) -> None:
        """Open the file in `FOLDER/tmp`. Raises: CannotCreate, LocalError."""
        self.size = 0
        self.sha256 = b""
        self.entry: Entry | None = None  # where it is to go, once closed
        self._folder = folder
        self._unique = unique
        self._hash = _sha256()()
        self._converter = LineEndConverter()
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._stored_verbatim = False
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.abandon()

    def __del__(self) -> None:
        if self._path:
            self.abandon()

    @property
    def path(self) -> str:
        """The file in `tmp`; empty when it is there no more."""
        return self._path

    def write(self, chunk: bytes) -> None:
        """Take the next octets from the wire. Raises: LocalError; the message is abandoned."""
        self._pending.append(chunk)
        self._pending_size += len(chunk)
        if self._pending_size >= CHUNK:
            with self._abandoned_on_failure():
                self._flush()

    def close(
        self,
        *,
        unique: str | None = None,
        flags: SystemFlags = NO_FLAGS,
        others: str = "",
        received: int | None = None,
    ) -> None:
        """Complete the message.

        `unique` replaces the unique part, for who learns only at the end which message it is;
        `flags` and `others` (letters) decide its place and name; `received`,
        Unix seconds, becomes the time of the file (IMAP's INTERNALDATE).

        Raises:
            LocalError: it could not be written; the message is abandoned.
        """
        self._unique = unique or self._unique
        with self._abandoned_on_failure():
            self._flush()
            self._store(self._converter.finish())
            if received is not None:
                os.utime(self._descriptor, (received, received))
        self.sha256 = self._hash.digest()
        marked = self._converter.needs_mark
        self.entry = new_entry(self._unique, flags, others=others, verbatim=marked)

    def close_copy(
        self, source: int, *, flags: SystemFlags = NO_FLAGS, others: str = "", marked: bool
    ) -> None:
        """Complete the message as a copy of an open file of a Maildir: octets and time as there.

        In the place of `write` and `close`. `marked`: the file's name says that it is verbatim.
        `size` is that of the file, and `sha256` is not known.

        Raises:
            LocalError: it could not be read or written; the message is abandoned.
        """
        with self._abandoned_on_failure():
            os.lseek(source, 0, os.SEEK_SET)
            for chunk in read_chunks(source):
                write_all(self._descriptor, chunk)
            status = os.fstat(source)
            os.utime(self._descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
        self.size = status.st_size
        self.entry = new_entry(self._unique, flags, others=others, verbatim=marked)

    def close_stored(
        self,
        chunks: Iterable[bytes],
        *,
        flags: SystemFlags = NO_FLAGS,
        others: str = "",
        received: int | None = None,
        marked: bool = False,
    ) -> None:
        """Complete the message with octets that are as Maildirs store them; they stay as they are.

        In the place of `write` and `close`. `marked`: its name is to say that it is verbatim.
        `size` is that of the file, and `sha256` is not known.

        Raises: LocalError: it could not be written; what `chunks` raises. It is then abandoned.
        """
        with self._abandoned_on_failure():
            for chunk in chunks:
                write_all(self._descriptor, chunk)
                self.size += len(chunk)
            if received is not None:
                os.utime(self._descriptor, (received, received))
        self.entry = new_entry(self._unique, flags, others=others, verbatim=marked)

    def abandon(self) -> None:
        """Take the file away, unless it is delivered. Never fails, may be repeated."""
        self._close_file()
        if self._path:
            # What cannot be removed now is found by `remove_stale_tmp` of a later run.
            with suppress(OSError):
                os.unlink(self._path)  # noqa: PTH108 - the fault tests stop at calls of os
            self._path = ""

    @property
    def descriptor(self) -> int:
        """The open file, for whoever makes it durable.

        Raises: ValueError: the message is not complete, or was abandoned.
        """
        self.complete_entry()
        return self._descriptor

    def make_durable(self) -> None:
        """Wait until the disk has every octet.

        Raises:
            LocalError: the disk did not take it; the message is abandoned.
            ValueError: the message is not complete, or was abandoned.
        """
        descriptor = self.descriptor
        with self._abandoned_on_failure():
            os.fsync(descriptor)

    def complete_entry(self) -> Entry:
        """Return where the message is to go.

        Raises: ValueError: the message is not complete, or was abandoned.
        """
        if self.entry is None or not self._path:
            raise ValueError(f"not ready to be delivered: {self._unique}")
        return self.entry

    def renumbered(self, number: int) -> Entry:
        """Return another place for the message, when its own is taken by other content."""
        if self.entry is None:
            raise ValueError(f"not complete: {self._unique}")
        unique = numbered(self._unique, number)
        entry = self.entry
        return new_entry(unique, entry.flags, others=entry.others, verbatim=entry.marked_verbatim)

    def leave(self) -> None:
        """Note that the file is no longer in `tmp`: it was placed."""
        self._close_file()
        self._path = ""

    def restore(self) -> bool:
        """Write the file anew, durably, where a run took it for a leftover; tell whether it did.

        Raises: LocalError; the message is abandoned.
        """
        if self._descriptor < 0 or os.path.lexists(self._path):
            return False
        taken, self._descriptor = self._descriptor, -1
        with self._abandoned_on_failure():
            try:
                self._open()
                os.lseek(taken, 0, os.SEEK_SET)
                for chunk in read_chunks(taken):
                    write_all(self._descriptor, chunk)
                status = os.fstat(taken)
                os.utime(self._descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
            finally:
                os.close(taken)
        self.make_durable()
        return True

    def _open(self) -> None:
        """Open the next free name: a killed run may have left some taken."""
        while True:
            path = f"{self._folder}/{TMP}/{temporary_name(self._unique, next(_numbers))}"
            try:
                self._descriptor = os.open(path, _CREATE, 0o600)
            except FileExistsError:
                continue
            except OSError as error:
                raise local_error(error, path, creating=True) from error
            self._path = path
            return

    def _flush(self) -> None:
        data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._pending.clear()
        self._pending_size = 0
        self._hash.update(data)
        self.size += len(data)
        self._store(self._converter.feed(data))

    def _store(self, data: bytes) -> None:
        if self._converter.verbatim and not self._stored_verbatim:
            self._turn_back()
        if data:
            write_all(self._descriptor, data)

    def _turn_back(self) -> None:
        """Bring back the CRLFs of what is written, by way of a second file."""
        self._stored_verbatim = True
        converted, path = self._descriptor, self._path
        if os.lseek(converted, 0, os.SEEK_CUR) == 0:
            return  # nothing is written yet: nearly all odd messages show it in the first chunk
        try:
            self._open()
            os.lseek(converted, 0, os.SEEK_SET)
            for chunk in to_wire(read_chunks(converted), verbatim=False):
                write_all(self._descriptor, chunk)
        finally:
            if self._path != path:
                os.close(converted)
                os.unlink(path)  # noqa: PTH108 - the fault tests stop at calls of os

    def _close_file(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def _abandoned_on_failure(self) -> "_AbandonedOnFailure":
        return _AbandonedOnFailure(self)


def placed_by(place: Callable[[Staged], _Placed], staged: Staged) -> _Placed:
    """Place a message without a lock: a run that begins meanwhile may take its file away.

    Raises: LocalError; TemporaryFailure where runs keep doing so.
    """
    for _ in range(TRIES):
        try:
            return place(staged)
        except LocalError:
            if not staged.restore():
                raise
    raise TemporaryFailure(f"{staged.path}: another program keeps removing what is in tmp")


@cache  # an import for each of many messages takes longer than opening its file
def _sha256() -> "Callable[[], _Hash]":
    from hashlib import sha256

    return sha256


class _AbandonedOnFailure:
    """Abandon a message where the block fails; of an `OSError`, say at which file it was.

    Three for each message: so it is no generator, which takes several times as long.
    """

    __slots__ = ("_path", "_staged")

    def __init__(self, staged: Staged) -> None:
        self._staged, self._path = staged, staged.path

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._staged.abandon()
        if isinstance(error, OSError):
            raise local_error(error, self._path) from error
