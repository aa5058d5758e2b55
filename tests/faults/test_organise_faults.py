"""`move`, `copy`, `delete` and `flag`, stopped at every step: each message stays whole.

A move leaves it in exactly one folder, one to another account perhaps in both; a copy is there
whole or not at all. Whatever was left, the same command again brings about what was meant.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.faults import (
    UNDISTURBED,
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
from tests.support.local_mail import letters, mail_files, put
from tests.support.sync_account import keyword_names

CONFIGURATION = """
default_account = "a"
[accounts.a]
maildir = "{home}/Mail/a"
[accounts.b]
maildir = "{home}/Mail/b"
"""
SUBJECTS = ("one", "two", "three")

Where = dict[str, list[str]]
"""Folders, as `ACCOUNT/FOLDER`, in which each message is whole, with its flags behind a colon."""


@dataclass(frozen=True, slots=True)
class Case:
    """A command on the messages 1 to 3, and the places that each may have when it is stopped."""

    command: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    between: tuple[tuple[str, ...], ...] = ()

    def allowed(self) -> list[list[str]]:
        """Return where each message may be after a run that was stopped."""
        return [sorted(places) for places in (self.before, self.after, *self.between)]


SEEN_TODO = "a/INBOX:S todo"
CASES = {
    "move": Case(("move", "1-3", "Work"), (SEEN_TODO,), ("a/Work:S todo",)),
    "copy": Case(("copy", "1-3", "Work"), (SEEN_TODO,), (SEEN_TODO, "a/Work:S todo")),
    "move to another account": Case(
        ("move", "1-3", "b:Work"),
        (SEEN_TODO,),
        ("b/Work:S todo",),
        ((SEEN_TODO, "b/Work:S todo"),),
    ),
    "delete": Case(("delete", "1-3"), (SEEN_TODO,), ("a/Trash:S todo",)),
    "delete for good": Case(("delete", "1-3", "--permanent", "--yes"), (SEEN_TODO,), ()),
    "flag": Case(("flag", "1-3", "+flagged", "+new"), (SEEN_TODO,), ("a/INBOX:FS new todo",)),
}


class Ground:
    """Two accounts without a server; put back to its start for each run."""

    def __init__(self, runner: Runner, directory: Path) -> None:
        self.home = directory / "home"
        self._runner, self.saved = runner, directory / "saved"
        config = self.home / ".config" / "mailcli" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(CONFIGURATION.format(home=self.home), "utf-8")
        config.chmod(0o600)
        inbox = self.home / "Mail" / "a" / "INBOX"
        for number, subject in enumerate(SUBJECTS, start=1):
            put(inbox, f"{number}.x.host:2,Sb", _mail(subject))
        inbox.joinpath("dovecot-keywords").write_text("1 todo\n", "ascii")
        for folder in ("a/Work", "b/Work"):
            put(self.home / "Mail" / folder, "9.other.host:2,", _mail("other"))
            self.home.joinpath("Mail", folder, "dovecot-keywords").write_text("1 x\n", "ascii")
        assert self.run(("list", "--limit", "1", "--all-accounts")).code == 0
        shutil.copytree(self.home, self.saved, copy_function=shutil.copy2)

    def run(self, arguments: tuple[str, ...], fault: Fault = UNDISTURBED) -> Outcome:
        return self._runner.run(self._job(arguments), fault)

    def paused(
        self, arguments: tuple[str, ...], *, of: tuple[str, str]
    ) -> AbstractContextManager[tuple[int, list[Outcome]]]:
        """Run up to the first effect of a kind on a file, and stay there for the block."""
        return self._runner.paused(self._job(arguments), of=of)

    def _job(self, arguments: tuple[str, ...]) -> Job:
        places = {"CONFIG": ".config", "STATE": ".local/state", "CACHE": ".cache"}
        below = {f"XDG_{name}_HOME": str(self.home / path) for name, path in places.items()}
        return Job(arguments, {"HOME": str(self.home), **below})

    def restore(self) -> None:
        shutil.rmtree(self.home)
        shutil.copytree(self.saved, self.home)

    def found(self) -> Where:
        """Return where the messages are; each file must be a whole one."""
        places: Where = {subject: [] for subject in (*SUBJECTS, "other")}
        contents = {_mail(subject): subject for subject in places}
        for new in self.home.joinpath("Mail").rglob("new"):
            folder = new.parent
            for path in mail_files(folder):
                names = keyword_names(folder)
                known = "".join(c for c in letters(path) if c.isupper())
                keywords = sorted(names[c] for c in letters(path) if c.islower())
                where = folder.relative_to(self.home / "Mail")
                told = f"{where}:{' '.join([known, *keywords])}".rstrip(":")
                places[contents[path.read_bytes()]].append(told)
        assert Counter(places.pop("other")) == Counter(["a/Work", "b/Work"])
        return {subject: sorted(where) for subject, where in places.items()}


def _mail(subject: str) -> bytes:
    return f"Subject: {subject}\nMessage-ID: <{subject}@x>\n\nbody of {subject}\n".encode()


@pytest.fixture(params=CASES.values(), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    found = request.param
    assert isinstance(found, Case)
    return found


@pytest.fixture
def ground(runner: Runner, fast_directory: Path) -> Ground:
    return Ground(runner, fast_directory)


def disturb(
    ground: Ground, case: Case, faults: Iterator[Fault], *, loss: Loss | None = None
) -> int:
    """Stop the command, look, and do it again; return how often."""
    count = 0
    for fault in faults:
        count += 1
        ground.restore()
        outcome = ground.run(case.command, fault)
        told = f"{fault}: exit {outcome.code}; {outcome.err}; last {outcome.effects[-2:]}"
        assert "Traceback" not in outcome.err, told
        if loss:
            lose_power(outcome.effects, loss)
        found = ground.found()
        for where in found.values():
            assert where in case.allowed(), f"{found}: {told}"
        if not outcome.code and not loss:
            assert set(map(tuple, found.values())) == {tuple(sorted(case.after))}, told
        if case.command[0] == "move" and case.after[0].startswith("a/"):
            again = ground.run(case.command)
            assert again.code == 0, f"{again.err} after {told}"
            assert set(map(tuple, ground.found().values())) == {case.after}, told
    return count


def test_the_command_does_what_the_table_says(ground: Ground, case: Case) -> None:
    outcome = ground.run(case.command)
    assert outcome.code == 0, outcome.err
    assert list(ground.found().values()) == [sorted(case.after)] * 3
    kinds = [effect.kind for effect in outcome.effects if "/Mail/" in "".join(effect.what)]
    changes = [at for at, kind in enumerate(kinds) if kind in {"rename", "link", "unlink"}]
    assert "fsync" in kinds[changes[-1] :], "the last name is made durable"


@sampled(5)
def test_a_kill_at_any_step_leaves_every_message_whole(
    ground: Ground, case: Case, every: int
) -> None:
    effects = ground.run(case.command).effects
    assert disturb(ground, case, kills(effects, every=every)) >= len(effects) / every


@sampled(7)
@pytest.mark.parametrize("loss", Loss)
def test_power_lost_at_any_step_leaves_every_message_whole(
    ground: Ground, case: Case, loss: Loss, every: int
) -> None:
    effects = ground.run(case.command).effects
    assert disturb(ground, case, each(Mode.KILL_AFTER, effects, every=every), loss=loss)


@sampled(4)
def test_what_fails_or_is_ended_leaves_every_message_whole(
    ground: Ground, case: Case, every: int
) -> None:
    effects = ground.run(case.command).effects
    assert disturb(ground, case, turns((*ERRORS, Mode.EIO_AFTER, *SIGNALS), effects, every=every))


@pytest.mark.parametrize(
    ("command", "kind", "expected"),
    [
        (("move", "1", "Work"), "rename", "a/Work:FS new"),
        (("move", "1", "b:Work"), "unlink", "b/Work:S todo"),
        (("flag", "1", "+answered"), "rename", "a/INBOX:FRS new"),
        (("delete", "1", "--permanent", "--yes"), "unlink", None),
    ],
    ids=["move", "move to another account", "flag", "delete for good"],
)
def test_what_another_program_changes_at_the_last_moment_is_kept(
    ground: Ground, command: tuple[str, ...], kind: str, expected: str | None
) -> None:
    """It gives the file other flags and another keyword, just before its name is used."""
    inbox = ground.home / "Mail" / "a" / "INBOX"
    inbox.joinpath("dovecot-keywords").write_text("0 new\n1 todo\n", "ascii")
    shutil.rmtree(ground.saved)
    shutil.copytree(ground.home, ground.saved)

    with ground.paused(command, of=(kind, "1.x.host")) as (_, ended):
        (inbox / "cur" / "1.x.host:2,Sb").rename(inbox / "cur" / "1.x.host:2,FSa")

    (outcome,) = ended
    assert outcome.code == 0, outcome.err
    assert ground.found()["one"] == ([expected] if expected else [])
