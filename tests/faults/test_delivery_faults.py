"""A delivery into a Maildir, stopped at every step: nothing partial, lost or doubled."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.faults import (
    UNDISTURBED,
    Effect,
    Fault,
    Job,
    Outcome,
    Runner,
    each,
    kills,
    sampled,
    turns,
)
from tests.support.faults_delivery import BATCH, MESSAGES
from tests.support.faults_effects import Mode
from tests.support.faults_power import Loss, lose_power
from tests.support.faults_walk import ERRORS

from mailcli.errors import NotFound
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName

Found = dict[str | None, tuple[bytes, frozenset[object]]]
"""The messages in the folder, by token: octets and flags."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A place to deliver to; `run` begins anew, `resume` where the last run ended."""

    directory: Path
    runner: Runner
    trusting: bool

    @property
    def maildir(self) -> Path:
        return self.directory / "Mail"

    @property
    def note(self) -> Path:
        return self.directory / "done"

    def run(self, fault: Fault = UNDISTURBED) -> Outcome:
        """Deliver everything into a Maildir that is not there yet."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir()
        return self.resume(fault)

    def resume(self, fault: Fault = UNDISTURBED) -> Outcome:
        """Deliver what is not here yet."""
        arguments = (str(self.maildir), str(self.note))
        program = "tests.support.faults_delivery:main"
        environment = {"HOME": str(self.directory)}
        job = Job(arguments, environment, program, batch=BATCH, trusting=self.trusting)
        return self.runner.run(job, fault)

    def found(self) -> Found:
        """Read the messages, each of which must have a token of its own."""
        folder = Maildir(self.maildir).folder(FolderName.parse("Lists/Some"))
        try:
            entries = folder.scan()
        except NotFound:
            return {}
        found: Found = {
            entry.token: (b"".join(folder.open_wire(entry)), entry.flags) for entry in entries
        }
        assert len(found) == len(entries)
        return found

    def noted(self) -> set[str]:
        """Return the messages that a run was told are delivered."""
        return set(self.note.read_text("ascii").split()) if self.note.exists() else set()

    def leftovers(self) -> list[str]:
        """Return the files in `tmp`."""
        return [path.name for path in self.maildir.rglob("tmp/*")]

    def disturb(self, faults: Iterable[Fault], *, loss: Loss | None = None) -> int:
        """Do each fault: what is here is whole, what is noted is here, and a run completes it."""
        count = 0
        for fault in faults:
            count += 1
            outcome = self.run(fault)
            assert (outcome.code != 0) or fault.mode in ERRORS, fault
            if loss:
                lose_power(outcome.effects, loss)
            self.completes(fault)
        return count

    def completes(self, fault: Fault) -> None:
        """Assert what must be true after a fault, and after the run that follows it."""
        found = self.found()
        assert found.items() <= MESSAGES.items(), f"partial after {fault}"
        assert self.noted() <= found.keys(), f"noted and not here after {fault}"
        again = self.resume()
        assert again.code == 0, f"{fault}: {again.err}"
        assert self.found() == MESSAGES, fault
        assert self.noted() == MESSAGES.keys()
        assert self.leftovers() == [], fault
        third = self.resume()
        assert {effect.kind for effect in third.effects} == {"fsync"}, fault


@pytest.fixture(params=[True, False], ids=["whole file systems", "files"])
def delivery(fast_directory: Path, runner: Runner, request: pytest.FixtureRequest) -> Delivery:
    return Delivery(fast_directory / "delivery", runner, request.param)


def test_the_steps_are_listed_and_in_durable_order(delivery: Delivery, tmp_path: Path) -> None:
    outcome = delivery.run()
    assert outcome.code == 0, outcome.err
    told = [effect.told(delivery.directory) for effect in outcome.effects]
    steps = "".join(f"{number:>4}  {text}\n" for number, text in enumerate(told, start=1))
    tmp_path.joinpath("delivery.txt").write_text(steps, "utf-8")
    print(steps)  # noqa: T201 - `pytest -s -k listed` shows them

    effects = list(outcome.effects)
    for link in (effect for effect in effects if effect.kind == "link"):
        source, target = link.what
        placed = effects.index(link)
        written = max(
            n for n, e in enumerate(effects) if e.kind in {"create", "write"} and source in e.what
        )
        synced = _durable(effects, source, since=written)
        durable = _durable(effects, str(Path(target).parent), since=placed)
        noted = next(n for n, e in enumerate(effects) if n > placed and e.kind == "replace")
        assert written < synced < placed < durable < noted, link.told(delivery.directory)
    assert sum(effect.kind == "link" for effect in effects) == len(MESSAGES)


def _durable(effects: Sequence[Effect], path: str, *, since: int) -> int:
    """Return which effect made a file, or the names in a directory, durable."""
    alone = Effect("fsync", (path,))
    return next(
        n for n, e in enumerate(effects) if n > since and (e == alone or e.kind == "syncfs")
    )


@sampled(6)
def test_killed_before_and_after_each_effect(delivery: Delivery, every: int) -> None:
    effects = delivery.run().effects
    assert delivery.disturb(kills(effects, every=every)) >= len(effects) / every


@sampled(12)
@pytest.mark.parametrize("loss", Loss)
def test_power_lost_after_effects(delivery: Delivery, loss: Loss, every: int) -> None:
    effects = delivery.run().effects
    assert delivery.disturb(each(Mode.KILL_AFTER, effects, every=every), loss=loss)


@sampled(13)
def test_power_lost_after_the_next_run_finds_its_discoveries_durable(
    delivery: Delivery, every: int
) -> None:
    for fault in each(Mode.KILL_AFTER, delivery.run().effects, every=every):
        effects = delivery.run(fault).effects
        lose_power([*effects, *delivery.resume().effects], Loss.NAMES)
        assert delivery.noted() <= delivery.found().keys(), fault
        delivery.completes(fault)


@sampled(7)
def test_a_disk_that_fails_loses_nothing(delivery: Delivery, every: int) -> None:
    assert delivery.disturb(turns(ERRORS, delivery.run().effects, every=every))


@sampled(5)
def test_a_disk_that_fails_leaves_nothing_in_tmp_that_could_be_removed(
    delivery: Delivery, every: int
) -> None:
    effects = delivery.run().effects
    for fault in turns(ERRORS, effects, every=every):
        if effects[min(fault.at, len(effects)) - 1].kind not in {"unlink", "utime"}:
            delivery.run(fault)
            assert delivery.leftovers() == [], fault
