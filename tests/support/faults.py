"""Runs of mailcli that are stopped at a chosen effect, and the list of effects they made.

`faults_effects` counts and stops, `forks` makes a process for each run,
`faults_ground` says what must be true afterwards.
"""

import contextlib
import json
import os
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, cycle
from math import ceil
from pathlib import Path

import pytest

from tests.support.faults_effects import NEVER_FAILS, Mode, Victims
from tests.support.forks import Disturbance, Running, Start, forks
from tests.support.processes import session_members, wait_until


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a run did and that outlives it; see `faults_effects` for the kinds.

    `beside`: it was done by a process that the run had forked.
    """

    kind: str
    what: tuple[str, ...] = ()
    beside: bool = field(default=False, compare=False)

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
    """What happens to a run, and at which of its effects, counted from 1.

    `beside`: of the effects of a process that it has forked. `victims`: whom a kill strikes.
    """

    mode: Mode = Mode.NONE
    at: int = 0
    beside: bool = False
    victims: Victims = Victims.ITSELF

    def __str__(self) -> str:
        whose = f" of the process beside, {self.victims}" if self.beside else f", {self.victims}"
        return f"{self.mode} at effect {self.at}{whose}" if self.at else "undisturbed"


UNDISTURBED = Fault()


def each(mode: Mode, effects: Sequence[Effect], *, every: int = 1) -> Iterator[Fault]:
    """Yield a fault at each effect, or at a sample; disk errors only where there is a disk."""
    return (Fault(mode, at) for at in _sample(effects, _struck_by(mode, effects), every, mode))


def turns(modes: Sequence[Mode], effects: Sequence[Effect], *, every: int = 1) -> Iterator[Fault]:
    """Yield each of these faults at each effect; of a sample, each effect has one of them."""
    if every == 1:
        return chain.from_iterable(each(mode, effects) for mode in modes)
    places = sorted(set[int]().union(*(_struck_by(mode, effects) for mode in modes)))
    order = cycle(modes)
    return (
        Fault(next(mode for mode in order if at in _struck_by(mode, effects)), at)
        for at in _sample(effects, places, every)
    )


def kills(
    effects: Sequence[Effect], places: Iterable[int] | None = None, *, every: int = 1
) -> Iterator[Fault]:
    """Yield a kill before and after each effect, or each at these places, counted from 1; once.

    What is killed before an effect has done what it has after the one before, and nothing else
    that outlives a process. Of a sample, every other effect has been done.
    """
    if every > 1:
        yield from turns((Mode.KILL_BEFORE, Mode.KILL_AFTER), effects, every=every)
        return
    done: set[int] = set()
    for place in range(1, len(effects) + 1) if places is None else sorted(places):
        if place - 1 not in done:
            yield Fault(Mode.KILL_BEFORE, place)
        yield Fault(Mode.KILL_AFTER, place)
        done.add(place)


def sampled(every: int) -> pytest.MarkDecorator:
    """Give a test `every`: a sample of the effects in `make check`, and all in `make soak`."""
    return pytest.mark.parametrize("every", [every, pytest.param(1, marks=pytest.mark.soak)])


def _struck_by(mode: Mode, effects: Sequence[Effect]) -> list[int]:
    fails = mode in {Mode.ENOSPC, Mode.EIO, Mode.EIO_AFTER}
    return [at for at, effect in enumerate(effects, start=1) if effect.can_fail or not fails]


def _sample(
    effects: Sequence[Effect], places: Sequence[int], every: int, mode: Mode = Mode.NONE
) -> list[int]:
    """Return an n-th of these places: one of each kind of effect, and others far apart.

    Each mode strikes others.
    """
    turn = list(Mode).index(mode)
    kinds: dict[str, list[int]] = {}
    for place in places:
        kinds.setdefault(effects[place - 1].kind, []).append(place)
    chosen = {those[turn % len(those)] for those in kinds.values()}
    rest = [place for place in places if place not in chosen]
    wanted = ceil(len(places) / every) - len(chosen)
    if wanted > 0:
        chosen |= set(rest[:: len(rest) // wanted]) if every > 1 else set(rest)
    return sorted(chosen)


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
    added to the runner's; `batch` is how many messages make a batch, where not as usual, and
    `beside` lets a few be worth a process that writes them. From
    two files on, a batch is made durable by one call for the whole file system, or with
    `trusting` off by fsyncs in several threads.
    """

    arguments: tuple[str, ...]
    environment: dict[str, str]
    program: str = "mailcli.__main__:main"
    batch: int | None = None
    trusting: bool = True
    beside: bool = False


class Runner:
    """Starts runs of mailcli, each in a process of its own."""

    def __init__(self, environment: Mapping[str, str], directory: Path) -> None:
        self.environment = dict(environment)
        self._log, self._out, self._err = (directory / name for name in ("log", "out", "err"))

    def run(self, job: Job, fault: Fault = UNDISTURBED) -> Outcome:
        """Do a job and wait for its end. Raises: RuntimeError where no run began."""
        running = self._start(job, fault)
        outcome = self._ended(running)
        if not job.beside:
            return outcome
        session = running.pid
        wait_until(lambda: not session_members(session), timeout=20, what="both to have ended")
        return replace(outcome, effects=tuple(self._effects()))

    @contextlib.contextmanager
    def paused(
        self, job: Job, *, at: int = 1, of: tuple[str, str] = ("", "")
    ) -> Iterator[tuple[int, list[Outcome]]]:
        """Run up to an effect and stay there for the block: yield the process id and a list.

        After the block the list holds how the run ended. `of`: see `Disturbance`; what a run
        does before, such as a look at what time stamps do not settle, may differ by the clock.
        """
        ended: list[Outcome] = []
        running = self._start(job, Fault(Mode.PAUSE, at), of)
        wait_until(lambda: self._is_paused(running), timeout=20, what="the run to pause")
        try:
            yield running.pid, ended
        finally:
            os.kill(running.pid, signal.SIGCONT)
            ended.append(self._ended(running))

    def _start(self, job: Job, fault: Fault, of: tuple[str, str] = ("", "")) -> Running:
        self._log.unlink(missing_ok=True)
        environment = {**self.environment, **job.environment}
        start = Start(
            job.arguments,
            environment,
            environment["HOME"],
            program=job.program,
            batch=job.batch,
            beside=job.beside,
            disturbance=Disturbance(
                *(str(self._log), fault.mode, fault.at, job.trusting, of),
                beside=fault.beside,
                victims=fault.victims,
            ),
        )
        with (
            Path(os.devnull).open("rb") as nothing,
            self._out.open("wb") as out,
            self._err.open("wb") as err,
        ):
            return forks().start(start, (nothing.fileno(), out.fileno(), err.fileno()))

    def _ended(self, running: Running) -> Outcome:
        code = running.wait()
        out, err = (path.read_text("utf-8", "replace") for path in (self._out, self._err))
        return Outcome(code, tuple(self._effects()), out, err)

    def _effects(self) -> Iterable[Effect]:
        if not self._log.exists():
            return
        for line in self._log.read_text("utf-8").splitlines():
            kind, *what = json.loads(line)
            if kind != "pause":
                yield Effect(kind, tuple(what), beside=line.startswith(" "))

    def _is_paused(self, running: Running) -> bool:
        """Tell whether the run has stopped itself."""
        lines = self._log.read_text("utf-8").splitlines() if self._log.exists() else []
        if not any(json.loads(line)[0] == "pause" for line in lines):
            return False
        state = Path(f"/proc/{running.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
        return state == "T"
