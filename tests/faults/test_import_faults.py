"""`import` and `export`, stopped at every step: each message once, and nothing half."""

import os
import shutil
from collections import Counter
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
from tests.support.faults_effects import Mode
from tests.support.faults_power import Loss, lose_power
from tests.support.faults_walk import ERRORS
from tests.support.local_mail import letters, mail_files, put, wire_octets

CONFIGURATION = """
[accounts.a]
email = "a@b.example"
maildir = "{home}/Mail"
"""
LINE = b"From a@example.org Mon Nov  2 10:00:00 2026\n"
BODIES = (
    (b"Subject: one\n\n1\n", ""),
    (b"Subject: two\nStatus: RO\nX-Keywords: work\n\n2\n", "Sa"),
    (b"Subject: one\n\n1\n", ""),
    (b"Subject: three\n\nx\r\n", ""),
    (b"Subject: four\nX-Status: F\nX-Keywords: late\n\n4\n", "Fb"),
)
EXPECTED = Counter(
    (body if b"\r" in body else body.replace(b"\n", b"\r\n"), flags) for body, flags in BODIES
)
BATCH = 2
IMPORT = ("import", "in.mbox", "--folder", "Old", "--create")
OLD = LINE + b"Subject: old\n\nx\n"


@dataclass(frozen=True, slots=True)
class Ground:
    """A home with an account, an mbox to import, and another one to add to."""

    home: Path
    runner: Runner

    @property
    def folder(self) -> Path:
        return self.home / "Mail" / "Old"

    def begin(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        config = self.home / ".config" / "mailcli" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(CONFIGURATION.format(home=self.home), "utf-8")
        config.chmod(0o600)
        mbox = b"".join(LINE + body + b"\n" for body, _ in BODIES)
        (self.home / "in.mbox").write_bytes(mbox)
        for number in range(4):
            path = self.home / "Mail" / "INBOX"
            message = put(path, f"{number}.x:2,S", b"Subject: x\n\n%d\n" % number)
            os.utime(message, (1_700_000_000 + number,) * 2)

    def run(self, arguments: tuple[str, ...], fault: Fault = UNDISTURBED) -> Outcome:
        places = {"CONFIG": ".config", "STATE": ".local/state", "CACHE": ".cache"}
        below = {f"XDG_{name}_HOME": str(self.home / path) for name, path in places.items()}
        environment = {"HOME": str(self.home), **below}
        return self.runner.run(Job(arguments, environment, batch=BATCH), fault)

    def found(self) -> Counter[tuple[bytes, str]]:
        if not self.folder.exists():
            return Counter()
        return Counter((wire_octets(path), letters(path)) for path in mail_files(self.folder))

    def leftovers(self) -> list[str]:
        return [path.name for path in self.home.rglob("tmp/*")]


@pytest.fixture
def ground(fast_directory: Path, runner: Runner) -> Ground:
    return Ground(fast_directory / "home", runner)


def complete(ground: Ground, fault: Fault) -> None:
    """Assert what is true after a fault, and after the import that is repeated."""
    assert ground.found() <= EXPECTED, f"partial or doubled after {fault}"
    again = ground.run(IMPORT)
    assert again.code == 0, f"{fault}: {again.err}"
    assert ground.found() == EXPECTED, fault
    assert ground.leftovers() == [], fault


def effects_of(ground: Ground, arguments: tuple[str, ...]) -> tuple[Effect, ...]:
    ground.begin()
    outcome = ground.run(arguments)
    assert outcome.code == 0, outcome.err
    return outcome.effects


@sampled(5)
def test_an_import_killed_at_any_step_is_completed_by_the_next(ground: Ground, every: int) -> None:
    effects = effects_of(ground, IMPORT)
    assert ground.found() == EXPECTED
    for fault in kills(effects, every=every):
        ground.begin()
        ground.run(IMPORT, fault)
        complete(ground, fault)


@sampled(9)
@pytest.mark.parametrize("loss", Loss)
def test_power_lost_during_an_import_leaves_nothing_half(
    ground: Ground, loss: Loss, every: int
) -> None:
    for fault in each(Mode.KILL_AFTER, effects_of(ground, IMPORT), every=every):
        ground.begin()
        lose_power(ground.run(IMPORT, fault).effects, loss)
        complete(ground, fault)


@sampled(5)
def test_a_disk_that_fails_stops_an_import_and_loses_nothing(ground: Ground, every: int) -> None:
    for fault in turns(ERRORS, effects_of(ground, IMPORT), every=every):
        ground.begin()
        ground.run(IMPORT, fault)
        complete(ground, fault)


def test_a_full_disk_is_told(ground: Ground) -> None:
    effects = effects_of(ground, IMPORT)
    at = next(n for n, e in enumerate(effects, 1) if e.kind == "write" and "tmp/" in e.what[0])
    ground.begin()

    outcome = ground.run(IMPORT, Fault(Mode.DISK_FULL, at))

    assert (outcome.code, ground.leftovers()) == (74, [])
    assert "free some space" in outcome.err


@pytest.mark.parametrize(
    "added", [(), ("--append",), ("--force",)], ids=["new", "append", "force"]
)
@pytest.mark.parametrize("mode", [*ERRORS, Mode.SIGTERM])
def test_an_export_that_fails_leaves_the_mbox_as_it_was(
    ground: Ground, mode: Mode, added: tuple[str, ...]
) -> None:
    arguments = ("export", "--folder", "INBOX", "--to", "out.mbox", *added)
    target = ground.home / "out.mbox"

    def begin() -> None:
        ground.begin()
        if added:
            target.write_bytes(OLD)

    begin()
    whole = ground.run(arguments)
    after = target.read_bytes()
    assert whole.code == 0, whole.err
    for fault in each(mode, whole.effects):
        begin()
        outcome = ground.run(arguments, fault)
        there = target.read_bytes() if target.exists() else None
        if outcome.code:
            assert there in ((OLD, after) if added else (None, after)), fault
        else:
            assert there == after, fault
        assert {path.name for path in ground.home.iterdir() if path.is_file()} <= {
            *("in.mbox", "out.mbox"),
            *([target.name + ".lock"] if whole.effects[fault.at - 1].kind == "unlink" else []),
        } | hidden(ground, whole.effects[fault.at - 1]), fault


def hidden(ground: Ground, failed: Effect) -> set[str]:
    """Return what could not be removed, as removing it is what failed."""
    if failed.kind != "unlink":
        return set()
    return {path.name for path in ground.home.iterdir() if path.name.endswith(".mailcli")}
