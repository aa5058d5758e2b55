"""`list`, stopped at every effect while it indexes: the next one shows the same as ever."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

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
)
from tests.support.faults_effects import Mode
from tests.support.local_mail import put

CONFIGURATION = """
[accounts.a]
email = "a@b.example"
maildir = "{home}/Mail/a"
"""
LIST = ("list", "--all-folders", "--json")
DISK = (Mode.ENOSPC, Mode.EIO)
"""Not `DISK_FULL`: it fails an index in memory, too, which no disk can."""


class Ground:
    """A home with one account that has no server; put back to its start for each run."""

    def __init__(self, runner: Runner, directory: Path) -> None:
        self.home = directory / "home"
        self.maildir = self.home / "Mail" / "a"
        self._runner = runner
        self._saved = directory / "saved"
        config = self.home / ".config" / "mailcli" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(CONFIGURATION.format(home=self.home), "utf-8")

    def run(self, fault: Fault = UNDISTURBED) -> Outcome:
        places = {"CONFIG": ".config", "STATE": ".local/state", "CACHE": ".cache"}
        below = {f"XDG_{name}_HOME": str(self.home / path) for name, path in places.items()}
        return self._runner.run(Job(LIST, {"HOME": str(self.home), **below}), fault)

    def save(self) -> None:
        shutil.copytree(self.home, self._saved)

    def restore(self) -> None:
        shutil.rmtree(self.home)
        shutil.copytree(self._saved, self.home)

    def words(self) -> dict[str, list[int]]:
        """Return which numbers are found by the word that each message alone has."""
        path = self.home / ".cache" / "mailcli" / "index.db"
        with closing(sqlite3.connect(path)) as connection:
            found = "SELECT rowid FROM texts WHERE texts MATCH ?"
            return {
                word: [number for (number,) in connection.execute(found, (f"body:{word}",))]
                for word in ("worda", "wordb", "wordc", "wordd", "worde")
            }


def mail(name: str, *fields: str) -> bytes:
    lines = [f"Subject: {name}", "From: x@y.example", f"Message-ID: <{name}@x>", *fields]
    return ("\n".join(lines) + f"\n\nword{name}\n").encode()


def shown(outcome: Outcome) -> dict[str, tuple[int | None, str, str | None]]:
    """Return number, folder and thread of each message by its subject."""
    assert outcome.code == 0, outcome.err
    found: list[Any] = json.loads(outcome.out)["messages"]
    assert len({each["subject"] for each in found}) == len(found)
    return {each["subject"]: (each["id"], each["folder"], each["thread"]) for each in found}


@pytest.fixture
def fresh(runner: Runner, fast_directory: Path) -> Ground:
    """Mail that nobody has indexed yet."""
    ground = Ground(runner, fast_directory / "index")
    put(ground.maildir / "INBOX", "1.a.host:2,S", mail("a"))
    put(ground.maildir / "INBOX", "2.b.host:2,S", mail("b", "In-Reply-To: <a@x>"))
    put(ground.maildir / "Old", "3.c.host:2,S", mail("c"))
    ground.save()
    return ground


@pytest.fixture
def changed(fresh: Ground, fast_directory: Path) -> Ground:
    """Mail that was indexed, and then moved, copied and deleted, deleted, and delivered."""
    fresh.run()
    inbox, old = fresh.maildir / "INBOX", fresh.maildir / "Old"
    (inbox / "cur" / "1.a.host:2,S").rename(old / "cur" / "1.a.host:2,FS")
    put(old, "7.new.host:2,S", mail("b", "In-Reply-To: <a@x>", "X-Status: R"))
    (inbox / "cur" / "2.b.host:2,S").unlink()
    (old / "cur" / "3.c.host:2,S").unlink()
    put(inbox, "4.d.host", mail("d", "References: <c@x> <a@x>"))
    put(inbox, "5.e.host", mail("e"))
    shutil.rmtree(fast_directory / "index" / "saved")
    fresh.save()
    return fresh


def disturbed(ground: Ground, faults: Iterator[Fault]) -> Iterator[tuple[Fault, Outcome]]:
    for fault in faults:
        ground.restore()
        yield fault, ground.run(fault)


def undisturbed(ground: Ground) -> tuple[tuple[Effect, ...], dict[str, Any]]:
    outcome = ground.run()
    found = shown(outcome)
    assert shown(ground.run()) == found
    return outcome.effects, found


EXPECTED = {
    "fresh": {"a": (1, "INBOX", "t1"), "b": (2, "INBOX", "t1"), "c": (3, "Old", "t3")},
    "changed": {
        "a": (1, "Old", "t1"),
        "b": (2, "Old", "t1"),
        "d": (4, "INBOX", "t1"),
        "e": (5, "INBOX", "t5"),
    },
}


@sampled(6)
@pytest.mark.parametrize("name", EXPECTED)
def test_a_list_that_was_killed_at_any_effect_is_followed_by_one_that_is_right(
    name: str, request: pytest.FixtureRequest, every: int
) -> None:
    ground: Ground = request.getfixturevalue(name)
    effects, expected = undisturbed(ground)
    assert expected == EXPECTED[name]

    for fault, _ in disturbed(ground, kills(effects, every=every)):
        assert shown(ground.run()) == expected, fault
        _holds_each_word_once(ground, expected, fault)


def _holds_each_word_once(ground: Ground, expected: dict[str, Any], fault: Fault) -> None:
    words = ground.words()
    for subject, (number, _, _) in expected.items():
        assert words[f"word{subject}"] == [number], fault


@sampled(7)
@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("mode", DISK)
def test_a_list_on_a_broken_or_full_disk_is_whole_and_the_next_one_right(
    name: str, mode: Mode, request: pytest.FixtureRequest, every: int
) -> None:
    ground: Ground = request.getfixturevalue(name)
    effects, expected = undisturbed(ground)

    for fault, outcome in disturbed(ground, each(mode, effects, every=every)):
        now = shown(outcome)
        assert {s: m[1] for s, m in now.items()} == {s: m[1] for s, m in expected.items()}, fault
        assert shown(ground.run()) == expected, fault


def test_a_list_where_nothing_has_changed_waits_for_no_disk(fresh: Ground) -> None:
    shown(fresh.run())

    # Until all stamps are older than the clock's last step, a run lists folders again.
    runs = (fresh.run() for _ in range(20))
    assert any("fsync" not in {effect.kind for effect in run.effects} for run in runs)
