"""Disturb a run, resume it, and hold the end against that of a run that nobody disturbed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.support.faults import UNDISTURBED, Effect, Fault, Outcome
from tests.support.faults_effects import Mode
from tests.support.faults_ground import End, Ground
from tests.support.faults_power import Loss, lose_power

KILLS = (Mode.KILL_BEFORE, Mode.KILL_AFTER)
ERRORS = (Mode.ENOSPC, Mode.EIO, Mode.DISK_FULL)
SIGNALS = {Mode.SIGTERM: 143, Mode.SIGINT: 130}

Hold = Callable[[End, End, End], None]

_OF_KILL = frozenset({-9})
_OF_ERROR = frozenset({0, 73, 74})
"""0: nothing that matters failed, such as the note in the lock of who holds it."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A run to be disturbed: its ground, its course and end when undisturbed.

    `hold` is given the start, what a disturbed run left, and the undisturbed end; it asserts
    what must be true even then.
    """

    ground: Ground
    start: End
    effects: tuple[Effect, ...]
    end: End
    hold: Hold

    @classmethod
    def begin(cls, ground: Ground, hold: Hold) -> "Walk":
        """Save the ground's start and do the undisturbed run."""
        ground.save()
        start = ground.end()
        ground.restore()
        outcome = ground.run()
        assert outcome.code == 0, outcome.err
        walk = cls(ground, start, outcome.effects, ground.end(), hold)
        walk.changes_nothing(walk.end)
        return walk

    def disturb(self, faults: Iterable[Fault], *, loss: Loss | None = None) -> int:
        """Do each fault: disturb, look, resume, compare, and once more; return how many."""
        count = 0
        for fault in faults:
            count += 1
            self._disturb(fault, loss)
        return count

    def _disturb(self, fault: Fault, loss: Loss | None) -> None:
        self.ground.restore()
        outcome = self.ground.run(fault)
        told = self._told(fault, outcome)
        assert outcome.code in _codes(fault), told
        assert "Traceback" not in outcome.err, told
        if fault.mode not in KILLS and not self._hits(fault, "unlink"):
            assert self.ground.end().temporary == (), told
        if loss is not None:
            lose_power(outcome.effects, loss)
        self.resumes(told if loss is None else f"{told}; {loss}")

    def lose_power_later(self, faults: Iterable[Fault], *, unsafe: Sequence[Effect] = ()) -> int:
        """Do each fault, resume in full, and only then lose the names that nobody made durable.

        So a run may not build on what the one before it left without making it durable.
        `unsafe` is what other programs did before, in the same way. Return how many.
        """
        count = 0
        for fault in faults:
            count += 1
            self.ground.restore()
            disturbed = self.ground.run(fault)
            told = self._told(fault, disturbed)
            resumed = self.ground.run()
            assert resumed.code == 0, f"after {told}:\n{resumed.err}"
            lose_power([*unsafe, *disturbed.effects, *resumed.effects], Loss.NAMES)
            self.resumes(f"{told}; resumed; {Loss.NAMES}")
        return count

    def resumes(self, told: str) -> None:
        """Assert that what a disturbed run left is sound, and that a clean run completes it."""
        try:
            left = self.ground.end()
            self.hold(self.start, left, self.end)
            again = self.ground.run()
            assert again.code == 0, again.err
            end = self.ground.end()
            assert end == self.end, end.unlike(self.end)
            self.changes_nothing(end)
        except AssertionError as error:
            raise AssertionError(f"after {told}:\n{error}") from error

    def changes_nothing(self, end: End) -> None:
        """Assert that one more run leaves both sides, and every file, as they are."""
        tree = self.ground.tree()
        outcome = self.ground.run()
        assert outcome.code == 0, outcome.err
        after = self.ground.end()
        assert after == end, f"once more: {after.unlike(end)}"
        assert self.ground.tree() == tree

    def _hits(self, fault: Fault, kind: str) -> bool:
        """Whether the fault strikes such an effect, as far as the undisturbed run can tell."""
        return self.effects[fault.at - 1].kind == kind

    def _told(self, fault: Fault, outcome: Outcome) -> str:
        made = "\n  ".join(effect.told(self.ground.home) for effect in outcome.effects[-3:])
        where = self.effects[fault.at - 1] if 0 < fault.at <= len(self.effects) else None
        step = where.told(self.ground.home) if where else "the end"
        return (
            f"{fault} ({step}): exit {outcome.code}; {outcome.err.strip()}\nlast made:\n  {made}"
        )


def _codes(fault: Fault) -> frozenset[int]:
    match fault.mode:
        case Mode.NONE:
            return frozenset({0})
        case mode if mode in KILLS:
            return _OF_KILL
        case mode if mode in ERRORS:
            return _OF_ERROR
        case mode:
            return frozenset({SIGNALS[mode]})


def listing(outcome_effects: Iterable[Effect], ground: Ground) -> str:
    """Return the steps of a run, numbered, one a line."""
    told = (effect.told(ground.home) for effect in outcome_effects)
    return "".join(f"{number:>4}  {text}\n" for number, text in enumerate(told, start=1))


__all__ = ["ERRORS", "KILLS", "SIGNALS", "UNDISTURBED", "Walk", "listing"]
