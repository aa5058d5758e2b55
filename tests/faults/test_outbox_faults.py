"""`send --queue` and `outbox flush`, stopped at every step: each message goes out once.

Or perhaps once, and then the outbox says so and sends it no more.
"""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes
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
from tests.support.faults_effects import Mode
from tests.support.faults_power import Loss, lose_power
from tests.support.faults_walk import ERRORS, SIGNALS
from tests.support.local_mail import mail_files
from tests.support.smtp_sink import Sink, smtp_sink

CONFIGURATION = """
[accounts.a]
email = "a@b.example"
maildir = "{home}/Mail/a"
[accounts.a.smtp]
host = "127.0.0.1"
port = {port}
tls = "none"
auth = "none"
"""
QUEUE = ("send", "--queue", "x@y.example", "y@y.example", "--body", "text", "-s")
FLUSH = ("outbox", "flush", "--now")


@dataclass(frozen=True, slots=True)
class Table:
    """What the outbox holds: phases of recipients by subject, and files of messages."""

    phases: dict[str, Counter[str]]
    files: int


class Ground:
    """One account whose server is a sink; put back to its start for each run."""

    def __init__(self, runner: Runner, sink: Sink, directory: Path) -> None:
        self.sink = sink
        self.home = directory / "home"
        self._runner = runner
        self._saved = directory / "saved"
        config = self.home / ".config" / "mailcli" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(CONFIGURATION.format(home=self.home, port=sink.port), "utf-8")

    @property
    def outbox(self) -> Path:
        return self.home / ".local" / "state" / "mailcli" / "outbox"

    def run(self, arguments: tuple[str, ...], fault: Fault = UNDISTURBED) -> Outcome:
        places = {"CONFIG": ".config", "STATE": ".local/state", "CACHE": ".cache"}
        below = {f"XDG_{name}_HOME": str(self.home / path) for name, path in places.items()}
        outcome = self._runner.run(Job(arguments, {"HOME": str(self.home), **below}), fault)
        self.sink.settle()
        return outcome

    def save(self) -> None:
        shutil.copytree(self.home, self._saved)

    def restore(self) -> None:
        shutil.rmtree(self.home)
        shutil.copytree(self._saved, self.home)
        self.sink.taken.clear()

    def queued(self) -> Table:
        path = self.outbox / "outbox.db"
        phases: dict[str, Counter[str]] = {}
        if path.exists():
            with closing(sqlite3.connect(path)) as connection:
                if list(connection.execute("PRAGMA user_version")) != [(0,)]:
                    for subject, state in connection.execute(
                        "SELECT subject, state FROM message JOIN recipient ON message = id"
                    ):
                        phases.setdefault(subject, Counter())[state] += 1
        return Table(phases, len(list(self.outbox.glob("*.eml"))))

    def copies(self) -> Counter[str]:
        """Return the subjects of the copies in the Sent folder."""
        files = mail_files(self.home / "Mail" / "a" / "Sent")
        return Counter(str(message_from_bytes(path.read_bytes())["Subject"]) for path in files)


@pytest.fixture(params=[False, True], ids=["one by one", "pipelined"])
def ground(
    runner: Runner, fast_directory: Path, request: pytest.FixtureRequest
) -> Iterator[Ground]:
    """An account with nothing in its outbox."""
    with smtp_sink(pipelining=request.param) as sink:
        yield Ground(runner, sink, fast_directory / "outbox")


@pytest.fixture
def loaded(ground: Ground) -> Ground:
    """An account with two messages in its outbox, saved."""
    for subject in ("one", "two"):
        assert ground.run((*QUEUE, subject)).code == 0
    ground.save()
    return ground


def undisturbed(ground: Ground) -> tuple[Effect, ...]:
    outcome = ground.run(FLUSH)
    assert outcome.code == 0, outcome.err
    assert ground.sink.subjects() == ["one", "two"]
    assert (ground.queued(), ground.copies()) == (Table({}, 0), Counter(["one", "two"]))
    return outcome.effects


def dots_of(effects: tuple[Effect, ...]) -> list[int]:
    """Return the places of the final dots, alone or with what goes out behind them."""
    words = [str(effect.what[0]) if effect.kind == "send" else "" for effect in effects]
    return [place for place, each in enumerate(words) if each.startswith("a lone dot, ")]


def disturb(ground: Ground, faults: Iterator[Fault], *, loss: Loss | None = None) -> int:
    """Stop a flush, look, flush again, and hold both ends against what must be true."""
    count = 0
    for fault in faults:
        ground.restore()
        outcome = ground.run(FLUSH, fault)
        told = f"{fault}: exit {outcome.code}; {outcome.err}; last {outcome.effects[-2:]}"
        assert "Traceback" not in outcome.err, told
        if loss:
            lose_power(outcome.effects, loss)
        _resume(ground, told)
        count += 1
    return count


def _resume(ground: Ground, told: str) -> None:
    taken = Counter(ground.sink.subjects())
    left = ground.queued()
    for subject in ("one", "two"):
        lost = subject not in left.phases and not taken[subject]
        assert not lost, f"lost {subject}: {told}"
    again = ground.run(FLUSH)
    end, taken = ground.queued(), Counter(ground.sink.subjects())
    for subject in ("one", "two"):
        if subject in end.phases:
            assert end.phases[subject] == Counter({"unknown": 2}), told
            assert taken[subject] <= 1, told
        else:
            assert taken[subject] == 1, f"{subject} went {taken[subject]} times: {told}"
            assert ground.copies()[subject] == 1, f"copies {ground.copies()}: {told}"
    assert again.code == (75 if set(end.phases) - set(left.phases) or _ending(left) else 0), told
    assert end.files == len(end.phases), told
    once_more = ground.run(FLUSH)
    assert (once_more.code, ground.queued()) == (0, end), told
    assert Counter(ground.sink.subjects()) == taken, f"sent once more: {told}"


def _ending(table: Table) -> bool:
    return any("ending" in phases for phases in table.phases.values())


def test_the_steps_of_a_flush_are_in_durable_order(loaded: Ground) -> None:
    effects = undisturbed(loaded)
    kinds = [(effect.kind, effect.what) for effect in effects]
    dots = dots_of(effects)
    assert len(dots) == 2
    for dot in dots:
        assert kinds[dot - 1][0] == "commit", "the phase is durable before the final dot"
        before = next(k for k in reversed(kinds[:dot]) if k[0] == "sql")
        after = next(k for k in kinds[dot:] if k[0] == "sql")
        assert before == after == ("sql", ("UPDATE recipient",))


@sampled(7)
def test_a_flush_killed_before_and_after_each_effect_sends_each_message_once(
    loaded: Ground, every: int
) -> None:
    effects = undisturbed(loaded)
    assert disturb(loaded, kills(effects, every=every)) >= len(effects) / every


def test_a_killed_flush_leaves_as_unknown_only_what_was_beyond_its_final_dot(
    loaded: Ground,
) -> None:
    effects = undisturbed(loaded)
    dot = dots_of(effects)[0] + 1
    for at, unknown in ((dot - 3, 0), (dot, 1)):
        loaded.restore()
        loaded.run(FLUSH, Fault(Mode.KILL_BEFORE, at))
        loaded.run(FLUSH)
        assert len(loaded.queued().phases) == unknown


@pytest.mark.parametrize("mode", ERRORS)
def test_what_the_server_took_is_not_sent_again_where_that_cannot_be_noted(
    loaded: Ground, mode: Mode
) -> None:
    effects = undisturbed(loaded)
    kinds = [effect.kind for effect in effects]
    dots = dots_of(effects)
    noted = [kinds.index(kind, dot) for dot in dots for kind in ("sql", "commit")]
    assert disturb(loaded, (Fault(mode, place + 1) for place in noted)) == 4


@sampled(29)
@pytest.mark.parametrize("loss", Loss)
def test_power_lost_in_a_flush_loses_and_doubles_nothing(
    loaded: Ground, loss: Loss, every: int
) -> None:
    effects = undisturbed(loaded)
    assert disturb(loaded, each(Mode.KILL_AFTER, effects, every=every), loss=loss)


@sampled(6)
def test_a_flush_that_fails_or_is_ended_loses_and_doubles_nothing(
    loaded: Ground, every: int
) -> None:
    effects = undisturbed(loaded)
    assert disturb(loaded, turns((*ERRORS, Mode.EIO_AFTER, *SIGNALS), effects, every=every))


@sampled(3)
def test_a_message_queued_by_a_killed_command_is_queued_whole_or_not_at_all(
    ground: Ground, every: int
) -> None:
    ground.save()
    effects = ground.run((*QUEUE, "one")).effects
    for fault in kills(effects, every=every):
        ground.restore()
        ground.run((*QUEUE, "one"), fault)
        left = ground.queued()
        assert left.phases in ({}, {"one": Counter({"waiting": 2})}), fault
        committed = any(e.what == ("INSERT recipient",) for e in effects[: max(0, fault.at - 2)])
        assert bool(left.phases) >= committed, f"lost: {fault}"
        assert ground.run(FLUSH).code == 0
        assert ground.sink.subjects() == list(left.phases), fault
        ground.run((*QUEUE, "two"))
        assert ground.run(FLUSH).code == 0
        assert ground.queued() == Table({}, 0), fault


def test_a_queued_message_that_was_called_failed_keeps_its_file(ground: Ground) -> None:
    ground.save()
    kinds = [effect.kind for effect in ground.run((*QUEUE, "one")).effects]
    ground.restore()
    commit = len(kinds) - kinds[::-1].index("commit")

    assert ground.run((*QUEUE, "one"), Fault(Mode.EIO_AFTER, commit)).code == 74

    assert ground.queued() == Table({"one": Counter({"waiting": 2})}, 1)
    assert ground.run(FLUSH).code == 0
    assert ground.sink.subjects() == ["one"]


@sampled(2)
def test_a_message_that_cannot_be_queued_is_told_and_leaves_nothing(
    ground: Ground, every: int
) -> None:
    ground.save()
    effects = ground.run((*QUEUE, "one")).effects
    for fault in turns(ERRORS, effects, every=every):
        ground.restore()
        outcome = ground.run((*QUEUE, "one"), fault)
        assert outcome.code in {0, 73, 74}, f"{fault}: {outcome.err}"
        assert bool(ground.queued().phases) == (outcome.code == 0), fault
