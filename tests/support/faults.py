"""Runs of mailcli that are stopped at a chosen effect, and the list of effects they made.

`faults_effects` counts and stops, `faults_child` makes a process for each run,
`faults_ground` says what must be true afterwards.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from tests.support.faults_effects import NEVER_FAILS, Mode
from tests.support.processes import wait_until

_PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a run did and that outlives it; see `faults_effects` for the kinds."""

    kind: str
    what: tuple[str, ...] = ()

    def told(self, home: Path) -> str:
        """Return it in one line, paths below `home` shortened."""
        words = [word.replace(f"{home}/", "") for word in self.what]
        return f"{self.kind:<7} {' -> '.join(words)}".rstrip()

    @property
    def can_fail(self) -> bool:
        """Whether a disk decides how it goes."""
        return self.kind not in NEVER_FAILS


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a run, and at which of its effects, counted from 1."""

    mode: Mode = Mode.NONE
    at: int = 0

    def __str__(self) -> str:
        return f"{self.mode} at effect {self.at}" if self.at else "undisturbed"


UNDISTURBED = Fault()


def each(mode: Mode, effects: Sequence[Effect], *, every: int = 1) -> Iterator[Fault]:
    """Yield a fault at each effect, or at every n-th; disk errors only where there is a disk."""
    fails = mode in {Mode.ENOSPC, Mode.EIO}
    places = [at for at, effect in enumerate(effects, start=1) if effect.can_fail or not fails]
    return (Fault(mode, at) for at in places[::every])


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: exit code, or minus the signal that killed it; what it did and said."""

    code: int
    effects: tuple[Effect, ...]
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Job:
    """What a run is to do.

    `program` is a function that takes its arguments from `sys.argv`; `environment` is
    added to the runner's; `batch` is how many messages make a batch, where not as usual. From
    two files on, a batch is made durable by one call for the whole file system, or with
    `trusting` off by fsyncs in several threads.
    """

    arguments: tuple[str, ...]
    environment: dict[str, str]
    program: str = "mailcli.__main__:main"
    batch: int | None = None
    trusting: bool = True


class Runner:
    """Starts runs of mailcli, each in a process of its own; a context manager."""

    def __init__(self, environment: Mapping[str, str], directory: Path) -> None:
        self.environment = dict(environment)
        self._log, self._out, self._err = (directory / name for name in ("log", "out", "err"))
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.support.faults_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self.environment,
            cwd=_PROJECT,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._child:  # closes its standard input, and that ends it
            pass

    def run(self, job: Job, fault: Fault = UNDISTURBED) -> Outcome:
        """Do a job and wait for its end. Raises: RuntimeError where no run began."""
        self._ask(job, fault)
        return self._answer()

    @contextlib.contextmanager
    def paused(self, job: Job, *, at: int) -> Iterator[tuple[int, list[Outcome]]]:
        """Run up to an effect and stay there for the block: yield the process id and a list.

        After the block the list holds how the run ended.
        """
        ended: list[Outcome] = []
        self._ask(job, Fault(Mode.PAUSE, at))
        wait_until(lambda: self._paused() is not None, timeout=20, what="the run to pause")
        process = self._paused()
        assert process is not None
        try:
            yield process, ended
        finally:
            os.kill(process, signal.SIGCONT)
            ended.append(self._answer())

    def _ask(self, job: Job, fault: Fault) -> None:
        self._log.unlink(missing_ok=True)
        request = {
            **asdict(job),
            "environment": {**self.environment, **job.environment},
            "mode": fault.mode,
            "at": fault.at,
            "log": str(self._log),
            "stdout": str(self._out),
            "stderr": str(self._err),
        }
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(request).encode() + b"\n")
        self._child.stdin.flush()

    def _answer(self) -> Outcome:
        assert self._child.stdout is not None
        answer = self._child.stdout.readline()
        if not answer:
            raise RuntimeError("the process that starts the runs has ended")
        out, err = (path.read_text("utf-8", "replace") for path in (self._out, self._err))
        return Outcome(int(answer), tuple(self._effects()), out, err)

    def _effects(self) -> Iterable[Effect]:
        if not self._log.exists():
            return
        for line in self._log.read_text("utf-8").splitlines():
            kind, *what = json.loads(line)
            if kind != "pause":
                yield Effect(kind, tuple(what))

    def _paused(self) -> int | None:
        """Return the process that stopped itself, once it has."""
        lines = self._log.read_text("utf-8").splitlines() if self._log.exists() else []
        process = next((int(line[1]) for line in map(json.loads, lines) if line[0] == "pause"), 0)
        if not process:
            return None
        state = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
        return process if state == "T" else None
