"""A process beside ours that writes messages, where very many come.

To make its file is most of what a message of a first synchronisation costs, and Python's threads
do not share such work: each of their calls would wait for the others. So a second process
delivers (`delivery`) while ours hears the server, and what it has made durable is recorded here.
It is a fork of ours, which gets the octets through memory that both see (`handover`).

It holds the account's lock as we do: a lock of flock's belongs to all who have inherited it. It
ends when nothing more is to come, also where that is because our process was killed: what it has
by then it delivers, and nobody records. Where it is killed itself, that is an error. Both leave
behind what a kill always leaves of a delivery (`folder`).
"""

import gc
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache, partial
from threading import active_count
from types import TracebackType
from typing import Generic, NoReturn, Self

from mailcli.errors import MailError
from mailcli.model import Flag, SystemFlags
from mailcli.store.delivery import Delivery, Label, Record
from mailcli.store.entries import NO_FLAGS, Entry
from mailcli.store.files import CHUNK
from mailcli.store.folder import Delivered, MaildirFolder
from mailcli.store.handover import OPEN_FILES, Durable, Inlet, Outlet, What
from mailcli.store.incoming import Incoming
from mailcli.store.staging import Staged

_FOR_US_TO_DECIDE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What a terminal, or a service manager, tells all processes of a command."""


def is_of_use() -> bool:
    """Tell whether a process could run beside ours, and be forked.

    Not while there are threads: what they have locked would stay locked there. Nor where the
    sockets that it inherits could not be found.
    """
    if sys.platform != "linux" or active_count() > 1:
        return False
    return len(os.sched_getaffinity(0)) > 1 and OPEN_FILES.is_dir()


class Parcel(Incoming):
    """A message on its way to the writer; a large one is written here, as it comes."""

    __slots__ = ("_folder", "_unique", "chunks", "sha256", "size", "staged", "what")

    def __init__(self, folder: MaildirFolder, unique: str) -> None:
        self.size = 0
        self.sha256 = b""  # not known before it is delivered
        self.chunks: list[bytes] = []
        self.staged: Staged | None = None
        self.what = What(unique, "", "", None)
        self._folder, self._unique = folder, unique

    def write(self, chunk: bytes) -> None:
        """Take the next octets. Raises: CannotCreate, LocalError; the message is abandoned."""
        self.size += len(chunk)
        self.chunks.append(chunk)
        if self.size > CHUNK:
            self.staged = self.staged or self._folder.stage(self._unique)
            for each in self.chunks:
                self.staged.write(each)
            self.chunks.clear()

    def close(
        self,
        *,
        unique: str | None = None,
        flags: SystemFlags = NO_FLAGS,
        others: str = "",
        received: int | None = None,
    ) -> None:
        """Complete the message, as `Staged.close` does. Raises: LocalError."""
        if self.staged is None:
            self.what = What(unique or self._unique, _letters(flags), others, received)
        else:
            self.staged.close(unique=unique, flags=flags, others=others, received=received)

    def abandon(self) -> None:
        """Forget it, and take away what was written. Never fails, may be repeated."""
        self.chunks.clear()
        if self.staged is not None:
            self.staged.abandon()


class Writer(Generic[Label]):
    """A `Delivery` of which most is done by another process, and large messages by ours."""

    def __init__(self, folder: MaildirFolder, record: Record[Label]) -> None:
        """Start the process. Raises: OSError; LocalError."""
        self._folder, self._record = folder, record
        self._labels: deque[Label] = deque()
        self._here = Delivery(folder, record)
        try:
            self._outlet = Outlet(self._durable)
            self._child = _forked(self._outlet, folder)
        except BaseException:
            self._here.__exit__(None, None, None)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._outlet.finish()
        finally:
            try:
                self._here.__exit__(kind, error, traceback)
            finally:
                self._outlet.close()
                with suppress(ChildProcessError):  # whoever started us ignores children's ends
                    os.waitpid(self._child, 0)

    def stage(self, unique: str) -> Parcel:
        """Begin a message. `unique` comes from `unique_name`."""
        return Parcel(self._folder, unique)

    def add(self, label: Label, parcel: Incoming) -> None:
        """Take a closed message. Raises: LocalError; what `record` raises."""
        assert isinstance(parcel, Parcel)  # noqa: S101 - for the type checker
        if parcel.staged is not None:
            self._here.add(label, parcel.staged)
        else:
            self._labels.append(label)
            self._outlet.add(parcel.chunks, parcel.size, parcel.what)

    def _durable(self, messages: Sequence[Durable]) -> None:
        """Record messages. Raises: what `record` raises."""
        group = []
        for subdirectory, name, digest, size in messages:
            entry = Entry(subdirectory, name)
            self._folder.note_given(entry)
            group.append((self._labels.popleft(), Delivered(entry, digest, size)))
        self._record(group)


def _forked(outlet: Outlet, folder: MaildirFolder) -> int:
    """Start the process that writes, and return its number. Raises: OSError."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        # A signal that came between the fork and its answer would end the run in both.
        signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_US_TO_DECIDE)
        child = os.fork()
        if not child:
            _write_messages(outlet, folder, before)
        outlet.inlet.close()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    except BaseException:  # a signal that came meanwhile is heard as soon as it is let in
        outlet.inlet.close()
        outlet.close()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise
    return child


def _write_messages(outlet: Outlet, folder: MaildirFolder, mask: Iterable[int]) -> NoReturn:
    """Deliver what comes, as all that this process does."""
    inlet = outlet.inlet
    try:
        for number in _FOR_US_TO_DECIDE:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        gc.freeze()  # garbage of ours would close sockets by numbers that messages have by then
        outlet.let_go()  # its ends would else stay open where our process has closed them
        inlet.close_sockets()
        folder.names = folder.watch = None  # ours are kept up by who records
        with Delivery[None](folder, partial(_tell, inlet)) as delivery:
            for octets, what in inlet.messages():
                staged = delivery.stage(what.unique)
                staged.write(octets)
                flags = _flags(what.letters)
                staged.close(flags=flags, others=what.others, received=what.received)
                delivery.add(None, staged)
        inlet.tell_done()
    except MailError as error:
        inlet.tell_failed(error)
    except BaseException:  # a defect, which our process is to tell
        from traceback import format_exc

        inlet.tell_failed(RuntimeError(format_exc()))
        raise
    finally:
        os._exit(0)


def _tell(inlet: Inlet, group: Sequence[tuple[None, Delivered]]) -> None:
    inlet.tell_durable(
        [(done.entry.subdirectory, done.entry.name, done.sha256, done.size) for _, done in group]
    )


@cache  # there are few
def _flags(letters: str) -> SystemFlags:
    return frozenset(flag for flag in Flag if flag.letter in letters)


@cache
def _letters(flags: SystemFlags) -> str:
    return "".join(flag.letter for flag in flags)
