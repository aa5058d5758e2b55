"""How messages get from our process to its fork, and answers back: in memory that both see.

The octets of messages are put into one of a few buffers, and behind them what the messages are.
A full one is passed on by a few octets in a pipe, which holds those of all buffers: so ours never
waits for the other process to read, only for its answers. They come in their order: a buffer is
free again, messages are durable, something has failed, all is done.
"""

import marshal
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from io import FileIO
from mmap import mmap
from pathlib import Path
from select import POLLIN, poll
from struct import Struct
from typing import Any, NamedTuple

from mailcli.errors import TemporaryFailure
from mailcli.store.entries import Subdirectory

BUFFERS = 8
"""So many may be full while the disk takes its time."""

OCTETS = 1 << 18
"""Octets of messages in a buffer: some forty of such as mostly come."""

MOST = 250
"""Messages in a buffer."""

_ROOM = 1 << 17
"""Octets behind them for what the messages are: names and letters, 500 for each."""

_SIZE = OCTETS + _ROOM
_PASSED = Struct("=III")  # which buffer, where its octets end, where what they are ends
_LENGTH = Struct("=I")

OPEN_FILES = Path("/proc/self/fd")
"""Holds a link for each open file of whoever looks (proc_pid_fd(5), Linux)."""

_STANDARD = 2
"""The last descriptor that is somebody else's: standard input, output and error."""

_FREE, _DURABLE, _FAILED, _DONE = range(4)

Durable = tuple[Subdirectory, str, bytes, int]
"""A message that is durable: where, under which name; SHA-256 digest and octets of the wire."""


class What(NamedTuple):
    """What a message is: its unique name, letters of flags, other letters, Unix seconds."""

    unique: str
    letters: str
    others: str
    received: int | None


class Outlet:
    """Our side: `add` messages, `finish`; `durable` is called with what is durable, in order.

    Whatever breaks off what must not, such as a signal, leaves only `close` of use.
    """

    def __init__(self, durable: Callable[[Sequence[Durable]], None]) -> None:
        """Make the buffers, and the other side. Raises: OSError."""
        self._memory = mmap(-1, BUFFERS * _SIZE)
        with ExitStack() as stack:
            ends = [stack.enter_context(end) for _ in range(2) for end in _pipe()]
            stack.pop_all()
        passed, self._passed, self._answers, answers = ends
        self.inlet = Inlet(self._memory, passed, answers)
        self._poll = poll()
        self._poll.register(self._answers, POLLIN)
        self._durable = durable
        self._free = deque(range(BUFFERS))
        self._what: list[tuple[int, int, str, str, str, int | None]] = []
        self._is_sound = True
        self._is_done = False
        self._buffer = self._at = self._end = 0
        self._begin_buffer()

    def add(self, chunks: Iterable[bytes], octets: int, what: What) -> None:
        """Put a message of at most `OCTETS` into the buffer. Raises: what `_hear` raises."""
        if self._at + octets > self._end or len(self._what) == MOST:
            self._pass_on()
            while not self._free:
                self._poll.poll()
                self._hear()
            self._begin_buffer()
        start = at = self._at
        for chunk in chunks:
            self._memory[at : (at := at + len(chunk))] = chunk
        self._at = at
        self._what.append((start, at, *what))

    def finish(self) -> None:
        """Pass on what there is, and wait until all is done. Raises: what `_hear` raises."""
        if not self._is_sound:
            return
        if self._what:
            self._pass_on()
        self._passed.close()
        while not self._is_done:
            self._poll.poll()
            self._hear()

    def let_go(self) -> None:
        """Close our ends: the other side ends once it has seen to what it has. May be repeated."""
        self._passed.close()
        self._answers.close()

    def close(self) -> None:
        """Let go of the other side, and of the memory here."""
        self.let_go()
        self._memory.close()

    def _begin_buffer(self) -> None:
        self._buffer = self._free.popleft()
        self._at = self._buffer * _SIZE
        self._end = self._at + OCTETS

    def _pass_on(self) -> None:
        """Pass the buffer on, and hear what has been answered. Raises: what `_hear` raises."""
        self._is_sound = False
        what, self._what = marshal.dumps(self._what), []
        end = self._at + len(what)
        self._memory[self._at : end] = what
        with suppress(BrokenPipeError):  # what became of the other side is heard
            self._passed.write(_PASSED.pack(self._buffer, self._at, end))
        self._is_sound = True
        while self._poll.poll(0):
            self._hear()

    def _hear(self) -> None:
        """Take one answer.

        Raises: what failed at the other side; TemporaryFailure where that is there no more;
            what is raised by who is told of durable messages.
        """
        self._is_sound = False
        match _receive(self._answers):
            case (kind, buffer) if kind == _FREE:
                self._free.append(buffer)
            case (kind, messages) if kind == _DURABLE:
                self._durable(messages)
            case (kind, error) if kind == _FAILED:
                raise _error_of(error)
            case (kind, _) if kind == _DONE:
                self._is_done = True
            case _:
                raise TemporaryFailure(
                    "the process that writes messages was ended",
                    hint="run again: what is here already is not fetched again",
                )
        self._is_sound = True


class Inlet:
    """The side of the fork: `messages` that come, and answers to them."""

    def __init__(self, memory: mmap, passed: FileIO, answers: FileIO) -> None:
        self._memory, self._passed, self._answers = memory, passed, answers

    def messages(self) -> Iterator[tuple[bytes, What]]:
        """Yield messages, octets as they came, until no more are to come, or nobody is there."""
        while passed := self._passed.read(_PASSED.size):
            buffer, at, end = _PASSED.unpack(passed)
            for start, stop, *what in marshal.loads(self._memory[at:end]):  # noqa: S302 - our own
                yield self._memory[start:stop], What(*what)
            self._answer(_FREE, buffer)

    def tell_durable(self, messages: list[Durable]) -> None:
        """Tell which messages are durable, in the order in which they came."""
        self._answer(_DURABLE, messages)

    def tell_failed(self, error: Exception) -> None:
        """Tell what has failed."""
        import pickle

        self._answer(_FAILED, pickle.dumps(error))

    def tell_done(self) -> None:
        """Tell that all is durable and told."""
        self._answer(_DONE, None)

    def _answer(self, kind: int, value: int | bytes | list[Durable] | None) -> None:
        octets = marshal.dumps((kind, value))
        octets = _LENGTH.pack(len(octets)) + octets
        with suppress(BrokenPipeError):  # nobody is there: the next run finds what is durable
            while octets:
                octets = octets[self._answers.write(octets) :]

    def close(self) -> None:
        """Close it: in our process, once the fork has it."""
        self._passed.close()
        self._answers.close()

    def close_sockets(self) -> None:
        """Close those that the fork inherited, or servers would think that we are still there."""
        for path in OPEN_FILES.iterdir():
            descriptor = int(path.name)
            with suppress(OSError):
                if descriptor > _STANDARD and stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    os.close(descriptor)


def _error_of(octets: bytes) -> Exception:
    """Return what the other side has told of (`Inlet.tell_failed`)."""
    import pickle

    error: Exception = pickle.loads(octets)  # noqa: S301 - our own process wrote it
    return error


def _pipe() -> tuple[FileIO, FileIO]:
    """Return the ends of a pipe, the reading one first. Raises: OSError."""
    read, write = os.pipe()
    return FileIO(read, "r"), FileIO(write, "w")


def _receive(answers: FileIO) -> tuple[int, Any] | None:
    """Return an answer, kind and value; None where the other side is there no more."""
    head = _exactly(answers, _LENGTH.size)
    octets = _exactly(answers, *_LENGTH.unpack(head)) if head else b""
    return marshal.loads(octets) if octets else None  # noqa: S302 - our own process wrote it


def _exactly(answers: FileIO, count: int) -> bytes:
    octets = b""
    while len(octets) < count and (more := answers.read(count - len(octets))):
        octets += more
    return octets if len(octets) == count else b""
