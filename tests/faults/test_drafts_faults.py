"""`drafts send` and `drafts edit`, stopped at every step: nothing is lost, nothing goes twice."""

import shutil
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
from tests.faults.test_outbox_faults import CONFIGURATION
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
from tests.support.faults_walk import ERRORS, KILLS, SIGNALS
from tests.support.local_mail import mail_files, put
from tests.support.smtp_sink import Sink, smtp_sink

DRAFT = b"""\
From: a@b.example
To: x@y.example
Bcc: z@y.example
Subject: one
Message-ID: <one@b.example>
X-Of-My-Own: kept

text
"""
NAME = "1.t.b:2,DS"


class Ground:
    """One account with one draft; put back to its start for each run."""

    def __init__(self, runner: Runner, sink: Sink, directory: Path) -> None:
        self.sink = sink
        self.home = directory / "home"
        self._runner = runner
        self._saved = directory / "saved"
        config = self.home / ".config" / "mailcli" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(CONFIGURATION.format(home=self.home, port=sink.port), "utf-8")
        self.draft = put(self.home / "Mail" / "a" / "Drafts", NAME, DRAFT)
        editor = self.home / "editor"
        editor.write_text('#!/bin/sh\necho more >> "$1"\n', "utf-8")
        editor.chmod(0o755)
        shutil.copytree(self.home, self._saved)

    def run(self, *arguments: str, fault: Fault = UNDISTURBED) -> Outcome:
        places = {"CONFIG": ".config", "STATE": ".local/state", "CACHE": ".cache"}
        below = {f"XDG_{name}_HOME": str(self.home / path) for name, path in places.items()}
        environment = {"HOME": str(self.home), "VISUAL": str(self.home / "editor"), **below}
        outcome = self._runner.run(Job(arguments, environment), fault)
        self.sink.settle()
        return outcome

    def send(self, fault: Fault = UNDISTURBED) -> Outcome:
        return self.run("drafts", "send", str(self.draft), fault=fault)

    def edit(self, fault: Fault = UNDISTURBED) -> Outcome:
        return self.run("drafts", "edit", str(self.draft), fault=fault)

    def restore(self) -> None:
        shutil.rmtree(self.home)
        shutil.copytree(self._saved, self.home)
        self.sink.taken.clear()

    def texts(self, folder: str) -> list[str]:
        """Return the texts of the whole messages in a folder."""
        found = [path.read_bytes() for path in mail_files(self.home / "Mail" / "a" / folder)]
        messages = [message_from_bytes(raw) for raw in found]
        assert all(each["X-Of-My-Own"] == "kept" for each in messages)
        return [str(each.get_payload()) for each in messages]

    def is_kept_aside(self) -> bool:
        """Tell whether what was written is in a file beside the mail."""
        files = (self.home / ".local/state/mailcli").glob("message-*.eml")
        return any(path.read_text("utf-8").endswith("more\n") for path in files)


@pytest.fixture
def ground(runner: Runner, fast_directory: Path) -> Iterator[Ground]:
    """An account with one draft."""
    with smtp_sink() as sink:
        yield Ground(runner, sink, fast_directory / "drafts")


def sent_undisturbed(ground: Ground) -> tuple[Effect, ...]:
    outcome = ground.send()
    assert outcome.code == 0, outcome.err
    assert (ground.sink.subjects(), ground.texts("Drafts")) == (["one"], [])
    assert ground.texts("Sent") == ["text\n"]
    return outcome.effects


def disturb_sending(ground: Ground, faults: Iterator[Fault], *, loss: Loss | None = None) -> int:
    """Stop a run, look, run again, and hold both ends against what must be true."""
    count = 0
    for fault in faults:
        ground.restore()
        outcome = ground.send(fault)
        told = f"{fault}: exit {outcome.code}; {outcome.err}; last {outcome.effects[-2:]}"
        assert "Traceback" not in outcome.err, told
        if loss:
            lose_power(outcome.effects, loss)
        _check_sent(ground, told)
        again = ground.send() if ground.texts("Drafts") else None
        _check_sent(ground, f"again {again}: {told}")
        if again is not None:
            is_unsure = again.code == 3
            assert is_unsure or (again.code == 0 and not ground.texts("Drafts")), told
        count += 1
    return count


def _check_sent(ground: Ground, told: str) -> None:
    taken = len(ground.sink.taken)
    assert taken <= 1, f"sent twice: {told}"
    gone = not ground.texts("Drafts")
    assert not gone or (taken == 1 and ground.texts("Sent") == ["text\n"]), f"lost: {told}"


def test_a_mark_is_durable_before_the_final_dot(ground: Ground) -> None:
    effects = sent_undisturbed(ground)
    words = [f"{each.kind} {' '.join(map(str, each.what))}" for each in effects]
    dot = next(place for place, each in enumerate(words) if "a lone dot" in each)
    mark = next(place for place, each in enumerate(words) if each.endswith(".sending"))
    copy = next(place for place, each in enumerate(words) if "/Sent/cur" in each)
    removed = next(
        place for place, each in enumerate(words) if each.startswith("unlink") and NAME in each
    )
    assert mark < dot < copy < removed


@sampled(4)
def test_a_draft_whose_sending_is_killed_goes_once_or_stays(ground: Ground, every: int) -> None:
    effects = sent_undisturbed(ground)
    assert disturb_sending(ground, kills(effects, every=every)) >= len(effects) / every


@sampled(9)
def test_a_draft_whose_sending_a_signal_ends_goes_once_or_stays(
    ground: Ground, every: int
) -> None:
    effects = sent_undisturbed(ground)
    assert disturb_sending(ground, turns(tuple(SIGNALS), effects, every=every))


@sampled(4)
def test_a_draft_goes_once_or_stays_where_the_disk_fails(ground: Ground, every: int) -> None:
    effects = sent_undisturbed(ground)
    assert disturb_sending(ground, turns(ERRORS, effects, every=every))


@sampled(13)
@pytest.mark.parametrize("loss", Loss)
def test_a_draft_goes_once_or_stays_where_power_is_lost(
    ground: Ground, loss: Loss, every: int
) -> None:
    effects = sent_undisturbed(ground)
    assert disturb_sending(ground, each(Mode.KILL_BEFORE, effects, every=every), loss=loss)


def edited_undisturbed(ground: Ground) -> tuple[Effect, ...]:
    outcome = ground.edit()
    assert outcome.code == 0, outcome.err
    assert ground.texts("Drafts") == ["text\nmore\n"]
    assert not ground.is_kept_aside()
    return outcome.effects


@sampled(5)
def test_an_edited_draft_is_there_in_one_version_or_both(ground: Ground, every: int) -> None:
    effects = edited_undisturbed(ground)
    count = 0
    for fault in turns((*KILLS, *ERRORS), effects, every=every):
        ground.restore()
        outcome = ground.edit(fault)
        told = f"{fault}: exit {outcome.code}; {outcome.err}; last {outcome.effects[-2:]}"
        texts = ground.texts("Drafts")
        assert "Traceback" not in outcome.err, told
        assert texts in (["text\n"], ["text\nmore\n"], ["text\n", "text\nmore\n"]), told
        written = "more" in "".join(texts) or ground.is_kept_aside()
        assert written or not _came_to_the_editor(outcome), told
        count += 1
    assert count


def _came_to_the_editor(outcome: Outcome) -> bool:
    return "what is there: " in outcome.err or outcome.code == 0
