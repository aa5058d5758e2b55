"""What the user wants of `pop-fetch`: limits, marks, counts, quiet failures, other places."""

import fcntl
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.conftest import WriteConfig
from tests.support.dialogues import script
from tests.support.local_mail import octets
from tests.support.maildrop import QUIT, Maildrop, deleted, listing, opened, sent

A, B, C = ("A", 6), ("B", 6), ("C", 6)
ONE, TWO, THREE = sent(1, "a: 1"), sent(2, "b: 2"), sent(3, "c: 3")
WIRE_A, WIRE_B, WIRE_C = b"a: 1\r\n", b"b: 2\r\n", b"c: 3\r\n"


@pytest.fixture
def drop(write_config: WriteConfig, home: Path) -> Maildrop:
    return Maildrop(write_config, home)


def plain(*parts: str) -> str:
    return script(opened(), *parts)


# -- limits --------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["option", "configuration"])
def test_a_large_message_is_skipped_and_said_and_comes_when_the_limit_is_lifted(
    drop: Maildrop, how: str
) -> None:
    there = listing(("large", 600), B)
    args, keys = (["--max-size=500"], {}) if how == "option" else ([], {"max_size": 500})
    limited = drop.fetch(plain(there, TWO, QUIT), *args, **keys)
    assert (limited.code, limited.counts("fetched", "kept")) == (0, (1, 1))
    reason = "larger than 500 octets"
    assert limited.account["skipped"] == [{"uidl": "large", "reason": reason}]

    lifted = drop.fetch(plain(there, sent(1, "x" * 598), QUIT))
    assert lifted.counts("fetched", "kept") == (1, 2)


def test_a_large_message_is_never_deleted_unfetched(drop: Maildrop) -> None:
    there = listing(("large", 600), B)
    ran = drop.fetch(plain(there, TWO, deleted(2), QUIT), "--delete", "--max-size=500")
    assert ran.counts("fetched", "deleted", "kept") == (1, 1, 0)


@pytest.mark.parametrize("limit", ["--max-messages=2", "--max-bytes=12"])
def test_what_a_limit_leaves_comes_with_the_next_run(drop: Maildrop, limit: str) -> None:
    there = listing(A, B, C)
    first = drop.fetch(plain(there, ONE, TWO, QUIT), limit)
    second = drop.fetch(plain(there, THREE, QUIT), limit)
    assert first.counts("fetched", "waiting", "kept") == (2, 1, 2)
    assert second.counts("fetched", "waiting", "kept") == (1, 0, 3)
    assert drop.here == [WIRE_A, WIRE_B, WIRE_C]


@pytest.mark.parametrize("limit", ["--max-messages=1", "--max-bytes=6"])
def test_a_run_that_was_stopped_leaves_the_next_ones_limits_as_they_are(
    drop: Maildrop, limit: str
) -> None:
    stopped = script(opened(), listing(A, B), ONE, "C: RETR 2", "S: +OK", "S: half", "@cut")
    assert drop.fetch(stopped).code == 75
    ran = drop.fetch(plain(listing(A, B, C), TWO, QUIT), limit)
    assert ran.counts("fetched", "waiting", "kept") == (1, 1, 2)
    assert drop.here == [WIRE_A, WIRE_B]


@pytest.mark.parametrize("limit", ["--max-messages=3", "--max-bytes=18"])
def test_a_limit_is_that_of_the_run_however_many_sessions_it_takes(
    drop: Maildrop, limit: str
) -> None:
    there = listing(A, B, C, ("D", 6), ("E", 6))
    broken = script("C: RETR 3", "S: +OK", "S: half", "@cut")
    first = script("@connection 1", opened(), there, ONE, TWO, broken)
    second = script("@connection 2", opened(), there, sent(4, "d: 4"), QUIT)
    ran = drop.fetch(script(first, second), limit)
    assert (ran.code, ran.counts("fetched", "waiting", "kept")) == (75, (3, 1, 3))
    assert [each["uidl"] for each in ran.account["skipped"]] == ["C"]


@pytest.mark.parametrize("limit", ["--max-messages=1", "--max-bytes=6"])
@pytest.mark.parametrize(
    "failed",
    [
        pytest.param(script("S: -ERR no", QUIT), id="refused"),
        pytest.param(script("S: +OK", "S: half", "@cut"), id="cut"),
    ],
)
def test_what_cannot_be_had_takes_no_other_messages_place(
    drop: Maildrop, failed: str, limit: str
) -> None:
    """Or it would keep away, run after run, what lies behind it."""
    there = listing(A, B, C)
    first = script("@connection 1", opened(), there, "C: RETR 1", failed)
    second = script("@connection 2", opened(), there, TWO, QUIT)
    ran = drop.fetch(script(first, second), limit)
    assert ran.code in {69, 75}
    assert ran.counts("fetched", "waiting", "kept") == (1, 1, 1)
    assert [each["uidl"] for each in ran.account["skipped"]] == ["A"]
    assert drop.here == [WIRE_B]


def test_delete_after_an_age_is_keep_with_one(drop: Maildrop) -> None:
    drop.fetch(plain(listing(A), ONE, QUIT), "--delete-after=1d")
    ran = drop.fetch(plain(listing(A), deleted(1), QUIT), "--delete-after=0s")
    assert ran.counts("fetched", "deleted", "kept") == (0, 1, 0)


# -- without fetching ------------------------------------------------------------------


def test_what_is_marked_as_seen_is_never_fetched_and_never_deleted(drop: Maildrop) -> None:
    marked = drop.fetch(plain(listing(A, B), QUIT), "--mark-seen-only")
    assert marked.counts("marked", "fetched", "kept") == (2, 0, 0)
    assert not drop.inbox.exists()

    after = drop.fetch(plain(listing(A, B, C), THREE, deleted(3), QUIT), "--delete")
    assert after.counts("fetched", "deleted", "kept") == (1, 1, 2)
    assert drop.here == [WIRE_C]


def test_marking_has_no_limits(drop: Maildrop) -> None:
    limits = ("--max-size=10", "--max-messages=1")
    there = listing(A, ("large", 600), B)
    ran = drop.fetch(plain(there, QUIT), "--mark-seen-only", *limits)
    assert ran.counts("marked", "kept") == (3, 0)
    assert drop.fetch(plain(there, QUIT)).counts("fetched", "kept") == (0, 3)


def test_what_has_no_unique_id_of_its_own_is_not_marked_and_is_told(drop: Maildrop) -> None:
    ran = drop.fetch(plain(listing(("same", 6), B, ("same", 6)), QUIT), "--mark-seen-only")
    assert ran.counts("marked", "kept") == (1, 0)
    assert [each["uidl"] for each in ran.account["skipped"]] == ["same", "same"]


def test_marking_finds_what_was_stored_before_the_state_was_lost(drop: Maildrop) -> None:
    drop.fetch(plain(listing(A), ONE, QUIT))
    for path in drop.home.joinpath(".local/state/mailcli").glob("home.db*"):
        path.unlink()
    ran = drop.fetch(plain(listing(A, B), QUIT), "--mark-seen-only")
    assert ran.counts("marked", "kept") == (1, 1)
    after = drop.fetch(plain(listing(A, B), deleted(1), QUIT), "--delete")
    assert after.counts("deleted", "kept") == (1, 1)


@pytest.mark.parametrize("task", ["--status", "-n"])
def test_looking_leaves_what_a_killed_run_left(drop: Maildrop, task: str) -> None:
    drop.fetch(plain(listing(A), ONE, QUIT))
    (delivered,) = drop.inbox.joinpath("new").iterdir()
    left = drop.inbox / "tmp" / f"{delivered.name}.1"
    left.touch()
    _kill_before_recording(drop)
    assert drop.fetch(plain(listing(A), QUIT), task).code == 0
    assert left.exists()
    assert drop.fetch(plain(listing(A), QUIT)).counts("fetched", "kept") == (0, 1)
    assert not left.exists()


def test_status_counts_what_is_there_and_what_is_new(drop: Maildrop) -> None:
    drop.fetch(plain(listing(A), ONE, QUIT))
    ran = drop.fetch(plain(listing(A, B, ("large", 900)), QUIT), "--status")
    status = {"messages": 3, "bytes": 912, "new": 2, "new_bytes": 906}
    assert (ran.code, ran.account["status"]) == (0, status)
    assert drop.here == [WIRE_A]


def test_status_cannot_tell_what_is_new_without_unique_ids(drop: Maildrop) -> None:
    ran = drop.fetch(plain(listing(("", 6)), QUIT), "--status")
    assert ran.account["status"] == {"messages": 1, "bytes": 6, "new": None, "new_bytes": None}


@pytest.mark.parametrize("task", ["--status", "--mark-seen-only", "-n"])
def test_status_speaks_in_a_pipe(drop: Maildrop, task: str) -> None:
    ran = drop.fetch(plain(listing(A), QUIT), task, "-q")
    assert ran.out.startswith("home\t")


# -- quiet where it passes -------------------------------------------------------------


def test_failures_that_pass_are_silent_until_so_many_in_a_row(drop: Maildrop) -> None:
    busy = script(opened(login="S: -ERR [IN-USE] busy").rpartition("C: CAPA")[0], "@rest")
    told = []
    for _ in range(4):
        ran = drop.fetch(busy, "-q", "--notify-after=3")
        told.append((ran.code, bool(ran.err)))
    assert told == [(75, False), (75, False), (75, True), (75, True)]

    assert drop.fetch(plain(listing(), QUIT), "-q", "--notify-after=3").code == 0
    assert drop.fetch(busy, "-q", "--notify-after=3").err == ""


def test_what_does_not_pass_is_told_at_once(drop: Maildrop) -> None:
    wrong = script(opened(login="S: -ERR [AUTH] no").rpartition("C: CAPA")[0], "@rest")
    ran = drop.fetch(wrong, "-q", "--notify-after=3")
    assert ran.code == 77
    assert "[AUTH] no" in ran.err


@contextmanager
def another_run(home: Path) -> Iterator[None]:
    lock = home / ".local/state/mailcli/home.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_another_run_is_skipped_where_that_is_fine(drop: Maildrop) -> None:
    with another_run(drop.home):
        ran = drop.run("-q", "--skip-if-running")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_another_run_counts_among_the_failures_that_pass(drop: Maildrop) -> None:
    with another_run(drop.home):
        told = [bool(drop.run("-q", "--notify-after=2").err) for _ in range(2)]
    assert told == [False, True]


# -- other places, and what runs then ----------------------------------------------------


def test_mail_goes_to_another_maildir_and_comes_once(drop: Maildrop) -> None:
    elsewhere = drop.home / "elsewhere"
    there = plain(listing(A), ONE, QUIT)
    drop.fetch(there, f"--deliver=maildir:{elsewhere}")
    again = drop.fetch(plain(listing(A), QUIT), f"--deliver=maildir:{elsewhere}")
    assert octets(elsewhere) == [WIRE_A]
    assert again.counts("fetched", "kept") == (0, 1)
    assert not drop.inbox.exists()


def test_another_maildir_that_is_gone_is_not_begun_anew(drop: Maildrop) -> None:
    elsewhere = drop.home / "elsewhere"
    drop.fetch(plain(listing(A), ONE, QUIT), f"--deliver=maildir:{elsewhere}")
    elsewhere.rename(drop.home / "away")
    ran = drop.run(f"--deliver=maildir:{elsewhere}")
    assert ran.code == 74
    assert not elsewhere.exists()


def test_what_a_killed_run_put_elsewhere_is_found_by_a_run_that_puts_it_here(
    drop: Maildrop,
) -> None:
    elsewhere = drop.home / "elsewhere"
    drop.fetch(plain(listing(A), ONE, QUIT), f"--deliver=maildir:{elsewhere}")
    _kill_before_recording(drop)
    assert drop.fetch(plain(listing(A), QUIT)).counts("fetched", "kept") == (0, 1)


def test_without_unique_ids_too_what_a_killed_run_put_elsewhere_is_known_to_be_there(
    drop: Maildrop,
) -> None:
    elsewhere = drop.home / "elsewhere"
    there = plain(listing(("", 6)), ONE, QUIT)
    drop.fetch(there, f"--deliver=maildir:{elsewhere}")
    _kill_before_recording(drop)
    assert drop.fetch(there).counts("fetched", "kept") == (0, 1)

    elsewhere.rename(drop.home / "away")
    assert drop.run(f"--deliver=maildir:{elsewhere}").code == 74


def _kill_before_recording(drop: Maildrop) -> None:
    """Leave the state as a run does that is killed when its files are there."""
    with closing(sqlite3.connect(drop.home / ".local/state/mailcli/home.db")) as state, state:
        state.execute("DELETE FROM pop_message")
        state.execute("UPDATE pop_source SET delivering = 1")


def test_what_another_account_is_delivering_there_is_left_alone(drop: Maildrop) -> None:
    """Several accounts may share such a Maildir, and only each one's own runs exclude others."""
    elsewhere = drop.home / "elsewhere"
    drop.fetch(plain(listing(A), ONE, QUIT), f"--deliver=maildir:{elsewhere}")
    (delivered,) = elsewhere.joinpath("new").iterdir()
    left = elsewhere / "tmp" / f"{delivered.name}.1"
    theirs = elsewhere / "tmp" / "1700000000.Pother.mailcli.1"
    for path in (left, theirs):
        path.touch()
    drop.fetch(plain(listing(A), QUIT), f"--deliver=maildir:{elsewhere}")
    assert list(elsewhere.joinpath("tmp").iterdir()) == [theirs]


def _told(path: Path) -> list[str]:
    """Return a command that writes what it was told, and something to its output."""
    names = ["MAILCLI_ACCOUNT", "MAILCLI_FETCHED", "MAILCLI_BYTES", "MAILCLI_FOLDER"]
    code = f"import os; open({str(path)!r}, 'a').write(repr([os.environ[n] for n in {names}]))"
    return [sys.executable, "-c", code]


def test_a_command_runs_once_after_new_mail_and_never_without(drop: Maildrop) -> None:
    path = drop.home / "told"
    two = plain(listing(A, B), ONE, TWO, QUIT)
    ran = drop.fetch(two, after_fetch=_told(path))
    drop.fetch(plain(listing(A, B), QUIT), after_fetch=_told(path))
    assert ran.code == 0
    assert path.read_text("utf-8") == str(["home", "2", "12", str(drop.inbox)])


@pytest.mark.parametrize("uidl", ["A", ""], ids=["unique-id", "none"])
def test_a_command_is_told_what_a_killed_run_had_brought(drop: Maildrop, uidl: str) -> None:
    path = drop.home / "told"
    there = (listing((uidl, 6)), *([] if uidl else [ONE]))
    drop.fetch(plain(listing((uidl, 6)), ONE, QUIT))
    _kill_before_recording(drop)
    for _ in range(2):
        assert drop.fetch(plain(*there, QUIT), after_fetch=_told(path)).code == 0
    assert path.read_text("utf-8") == str(["home", "1", "6", str(drop.inbox)])


def test_a_command_is_told_nothing_where_only_the_state_was_lost(drop: Maildrop) -> None:
    drop.fetch(plain(listing(A), ONE, QUIT))
    for path in drop.home.joinpath(".local/state/mailcli").glob("home.db*"):
        path.unlink()
    told = drop.home / "told"
    assert drop.fetch(plain(listing(A), QUIT), after_fetch=_told(told)).code == 0
    assert not told.exists()


@pytest.mark.parametrize("command", [["false"], ["/no/such/program"]])
def test_a_command_that_fails_is_told_and_the_mail_is_stored(
    drop: Maildrop, command: list[str]
) -> None:
    ran = drop.fetch(plain(listing(A), ONE, deleted(1), QUIT), "--delete", after_fetch=command)
    assert ran.code == 74
    assert "after_fetch" in ran.account["error"]["message"]
    assert drop.here == [WIRE_A]


def test_a_command_is_not_run_by_a_shell(drop: Maildrop) -> None:
    ran = drop.fetch(plain(listing(A), ONE, QUIT), after_fetch="test '$HOME' = \"$\"HOME")
    assert ran.code == 0


def test_the_password_is_asked_for_once_however_many_sessions_follow(drop: Maildrop) -> None:
    asked = drop.home / "asked"
    command = ["sh", "-c", f"echo once >> {asked}; printf pw"]
    broken = script(opened(), listing(A, B), "C: RETR 1", "S: +OK", "S: half", "@cut")
    second = script(opened(), listing(A, B), TWO, QUIT)
    both = script("@connection 1", broken, "@connection 2", second)
    assert drop.fetch(both, password_command=command).counts("fetched") == (1,)
    assert asked.read_text("utf-8") == "once\n"


def test_who_asks_gmail_for_recent_mail_gets_nothing_twice(
    drop: Maildrop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mailcli advises it, so the maildrop must stay what it was."""
    monkeypatch.setattr("mailcli.app.pop_options._GMAIL", ("127.0.0.1",))
    drop.fetch(plain(listing(A), ONE, QUIT))
    recent = plain(listing(A, B), TWO, QUIT).replace("C: USER ", "C: USER recent:")
    ran = drop.fetch(recent, username="recent:ada@b.example")
    assert ran.counts("fetched", "kept") == (1, 2)
    assert drop.here == [WIRE_A, WIRE_B]


# -- what the server asks for --------------------------------------------------------------


def test_the_pause_between_logins_is_kept(drop: Maildrop) -> None:
    slow = opened("UIDL", "USER", "LOGIN-DELAY 900 USER")
    asked = script(slow.partition("C: USER")[0], "@gone")
    assert drop.fetch(script(slow, listing(A), ONE, QUIT)).code == 0
    ran = drop.fetch(asked)
    assert ran.code == 75
    assert "one login every 900 seconds" in ran.account["error"]["message"]


def test_where_logins_need_a_pause_a_broken_session_is_not_followed_by_another(
    drop: Maildrop,
) -> None:
    slow = opened("UIDL", "USER", "LOGIN-DELAY 900")
    broken = script(slow, listing(A, B), "C: RETR 1", "S: +OK", "S: half", "@cut")
    ran = drop.fetch(script("@connection 1", broken))
    assert (ran.code, ran.counts("fetched")) == (75, (0,))
    assert "pop 127.0.0.1" in ran.account["error"]["message"]
    assert "one login" not in ran.account["error"]["message"]


@pytest.mark.parametrize(
    ("expire", "args", "said"),
    [
        ("EXPIRE 30", [], 1),
        ("EXPIRE 30", ["--keep=60d"], 1),
        ("EXPIRE 0 USER", ["--keep=1d"], 1),
        ("EXPIRE 30", ["--keep=7d"], 0),
        ("EXPIRE NEVER", [], 0),
        ("EXPIRE soon", [], 0),
    ],
)
def test_a_server_that_keeps_mail_for_less_time_is_told(
    drop: Maildrop, expire: str, args: list[str], said: int
) -> None:
    ran = drop.fetch(script(opened("UIDL", "USER", expire), listing(), QUIT), *args)
    assert len(ran.account["warnings"]) == said


@pytest.mark.parametrize(
    "args",
    [
        ["--deliver=/no/scheme"],
        ["--deliver=maildir:"],
        ["--max-size=big"],
        ["--max-size=0"],
        ["--max-messages=0"],
        ["--delete-after=1M"],
        ["--delete", "--delete-after=1d"],
        ["--status", "-n"],
        ["--status", "--mark-seen-only"],
    ],
)
def test_what_makes_no_sense_is_wrong_usage(drop: Maildrop, args: list[str]) -> None:
    assert drop.run(*args).code == 2
