"""Runs of mailcli by fork: each a process of its own, without the start of Python.

To start Python and import mailcli takes three to ten times what a short run takes, and the
tests make thousands of runs. So one process imports all of mailcli (`forks_child`) and
becomes a new mailcli by each fork. What only a process from its beginning can show (what is
imported, variables that Python itself reads) is tested with `python -m mailcli`.
"""

import atexit
import fcntl
import functools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import BinaryIO, Final

PIPE_HOLDS: Final = 1 << 20
"""Octets that standard input may have: all of it lies in the pipe before the run begins."""

_PROJECT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What `faults_effects` is to do to a run: its log, and a `Mode` at an effect.

    `trusting`: the file system is one that makes many files durable by one call. `of`: only
    effects of this kind, on what has this in its name, are counted; all where it is empty.
    `beside`: those of a process that the run has forked; `victims` are whom a kill strikes.
    """

    log: str
    mode: str
    at: int
    trusting: bool = True
    of: tuple[str, str] = ("", "")
    beside: bool = False
    victims: str = "itself"


@dataclass(frozen=True, slots=True)
class Start:
    """What a run is given.

    `environment` is its whole environment; `program` is a function that takes its arguments
    from `sys.argv`, whose first is `name`; `batch` is how many messages make a batch, where not
    as usual; `beside` lets a few messages be worth a process that writes them. After `seconds` the
    run is ended by SIGALRM.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    cwd: str
    program: str = "mailcli.__main__:main"
    name: str = "mailcli"
    seconds: int = 60
    batch: int | None = None
    beside: bool = False
    disturbance: Disturbance | None = None


class Running:
    """A run that has begun: its process, and in the end how it ended."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers.makefile("rb")
        answers.close()
        self.pid = self._number()

    def wait(self) -> int:
        """Wait for the end; return the exit code, or minus the signal that ended it."""
        with self._answers:
            return self._number()

    def _number(self) -> int:
        line = self._answers.readline()
        if not line:
            raise RuntimeError("the process that forks the runs has ended")
        return int(line)


class Forks:
    """The process that forks, and the way to ask it; it ends when we do."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.forks_child", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=environment,
                cwd=_PROJECT,
                start_new_session=True,
                pass_fds=[theirs.fileno()],
            )

    def start(self, start: Start, streams: tuple[int, int, int]) -> Running:
        """Begin a run whose standard streams are these descriptors."""
        ours, theirs = socket.socketpair()
        with theirs, _memory(_request(start)) as request:
            sent = [request.fileno(), *streams, theirs.fileno()]
            socket.send_fds(self._socket, [b"run"], sent)
        return Running(ours)

    def run(self, start: Start, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Do a run with `stdin` in a pipe, and return all that it said.

        Raises: `subprocess.TimeoutExpired`.
        """
        with ExitStack() as stack:
            out, err = (stack.enter_context(_memory()) for _ in range(2))
            reading = stack.enter_context(_pipe_with(stdin))
            running = self.start(start, (reading.fileno(), out.fileno(), err.fileno()))
            reading.close()
            code = running.wait()
            if code == -signal.SIGALRM:
                raise subprocess.TimeoutExpired(list(start.arguments), start.seconds)
            for stream in (out, err):
                stream.seek(0)
            return subprocess.CompletedProcess(start.arguments, code, out.read(), err.read())

    def stop(self) -> None:
        """End the process that forks."""
        self._socket.close()
        self._process.wait(timeout=20)


def is_measured(environment: Mapping[str, str]) -> bool:
    """Tell whether a run's coverage is to be measured, which begins where Python does."""
    return any(name.startswith(("COVERAGE_", "COV_CORE_")) for name in environment)


def begin(
    start: Start, streams: tuple[int, int, int], *, by_python: bool = False
) -> Callable[[], int]:
    """Begin a run whose standard streams are these descriptors; return what waits for its end.

    It is a fork, or from the start of Python where that is asked for or needed.
    """
    if not by_python and not is_measured(start.environment):
        return forks().start(start, streams).wait
    stdin, stdout, stderr = streams
    child = subprocess.Popen(
        [sys.executable, "-m", "mailcli", *start.arguments],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=start.environment,
        cwd=start.cwd,
        start_new_session=True,
    )
    return lambda: child.wait(timeout=start.seconds)


def run_python(start: Start, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Do as `Forks.run` does, but from the start of Python."""
    return subprocess.run(
        [sys.executable, "-m", "mailcli", *start.arguments],
        input=stdin,
        capture_output=True,
        env=start.environment,
        cwd=start.cwd,
        timeout=start.seconds,
        start_new_session=True,  # no terminal to ask at, even where pytest has one
        check=False,
    )


@functools.cache
def forks() -> Forks:
    """Return the one process that forks for this whole test run (or worker of it)."""
    started = Forks(
        {
            "HOME": "/nonexistent",
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(_PROJECT / "src"),
        }
    )
    atexit.register(started.stop)
    return started


def _request(start: Start) -> bytes:
    # Not by `asdict`, which copies each variable of the environment by itself.
    plain = {field.name: getattr(start, field.name) for field in fields(start)}
    disturbance = start.disturbance and asdict(start.disturbance)
    return json.dumps({**plain, "disturbance": disturbance}).encode()


def _memory(content: bytes = b"") -> BinaryIO:
    """Return a file without a name."""
    file = os.fdopen(os.memfd_create("mailcli-test", os.MFD_CLOEXEC), "w+b", buffering=0)
    file.write(content)
    file.seek(0)
    return file


def _pipe_with(content: bytes) -> BinaryIO:
    """Return the end to read of a pipe that holds this and then ends."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb", buffering=0) as stream:
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_HOLDS)
        assert stream.write(content) == len(content)
    return os.fdopen(reading, "rb", buffering=0)
