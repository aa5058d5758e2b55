"""How the bench runs a command, and what it takes for a failure."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from tests.bench.checks import answers, holds_all_of
from tests.bench.contenders import Command, Contender, Keeps, Scene, ending_in
from tests.bench.corpus import message
from tests.bench.ground import Ground, Mailbox, hangs_up
from tests.bench.measure import Run, RunFailed, run
from tests.bench.report import Line
from tests.bench.rows import matching, rows
from tests.bench.runner import Runner
from tests.bench.work import Row, Sizes, State
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.postfix import Postfix


def _python(code: str, stdin: bytes = b"") -> Command:
    return Command((sys.executable, "-I", "-S", "-c", code), dict(os.environ), stdin)


def _fine(_run: Run) -> None:
    return None


def test_a_run_passes_input_and_returns_output() -> None:
    echo = "import sys; print(sys.stdin.read() * 2); print('why', file=sys.stderr)"
    done = run(_python(echo, stdin=b"ab"), _fine)
    assert (done.status, done.stdout, done.stderr) == (0, b"abab\n", b"why\n")
    assert done.wall > 0


def test_peak_memory_is_the_commands_and_not_the_benchs() -> None:
    ballast = bytearray(60_000_000)
    small = run(_python("pass"), _fine)
    large = run(_python("bytearray(60_000_000)"), _fine)
    assert small.peak_kb * 1024 < len(ballast) < large.peak_kb * 1024


def test_a_command_that_fails_is_no_measurement_and_its_last_line_tells_why() -> None:
    with pytest.raises(RunFailed, match=r"^exit 3: no route$") as caught:
        run(_python("import sys; print('x\\nno route', file=sys.stderr); sys.exit(3)"), _fine)
    assert caught.value.status == 3


def test_a_failures_own_words_are_shown_and_not_the_hint_below_them() -> None:
    says = "import sys; sys.exit('mailcli: work: no route\\nhint: check the network')"
    with pytest.raises(RunFailed, match=r"^exit 1: mailcli: work: no route$"):
        run(_python(says), _fine)


def test_a_command_that_succeeds_without_its_work_is_no_measurement() -> None:
    with pytest.raises(RunFailed, match=r"^12 messages of 5,000$"):
        run(_python("pass"), lambda _run: "12 messages of 5,000")


def test_a_status_that_means_no_mail_may_be_good() -> None:
    command = Command(("false",), dict(os.environ), good_statuses=frozenset({0, 1}))
    assert run(command, _fine).status == 1


def test_a_program_that_cannot_be_started_is_a_failure() -> None:
    with pytest.raises(RunFailed, match="No such file"):
        run(Command(("/nonexistent/program",), dict(os.environ)), _fine)


def test_what_hangs_up_hears_one_octet_of_everybody() -> None:
    with hangs_up() as port:
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                client.sendall(b"x")
                assert client.recv(1) == b""


def test_a_contender_may_be_meant_to_fail() -> None:
    command = Command(("false",), dict(os.environ))
    contender = ending_in(Contender("false", lambda _: command), 1)
    scene = Scene(Path(), 0, Path(), "u1")
    assert run(contender.command(scene), _fine).status == 1


MAILBOX = Mailbox("u9", (("INBOX", range(3)),))


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """A ground without servers, for what needs none."""
    return Ground(tmp_path, Authority(tmp_path), cast("Dovecot", None), cast("Postfix", None))


def test_what_a_contender_is_to_forget_is_out_of_its_sight_and_not_removed(
    ground: Ground, tmp_path: Path
) -> None:
    for text in ("first", "second"):
        (ground.home("u9", "somebody") / "kept").write_text(text)
        ground.wipe("u9", "somebody")
    assert not list(ground.home("u9", "somebody").iterdir())
    assert sorted(path.read_text() for path in tmp_path.rglob("kept")) == ["first", "second"]


def _store(maildir: Path, *raws: bytes) -> None:
    for folder in ("cur", "tmp"):
        (maildir / "INBOX" / folder).mkdir(parents=True)
    for number, raw in enumerate(raws):
        (maildir / "INBOX" / "cur" / f"{number}:2,S").write_bytes(raw)
    (maildir / "INBOX" / "tmp" / "half").write_bytes(b"not yet a message")


def _complaint(ground: Ground, tmp_path: Path, keeps: Keeps) -> str | None:
    scene = Scene(tmp_path, 0, tmp_path / "ca.pem", "u9")
    contender = Contender("somebody", lambda _scene: _python("pass"), keeps=keeps)
    return holds_all_of(MAILBOX)(ground, scene, contender)(Run(0, 1.0, 1.0, 1))


@pytest.mark.parametrize("keeps", [Keeps.BYTES, Keeps.MAILDIR])
def test_a_maildir_with_every_message_passes(ground: Ground, tmp_path: Path, keeps: Keeps) -> None:
    _store(tmp_path / "Mail", *(message(n).replace(b"\r\n", b"\n") for n in range(3)))
    assert _complaint(ground, tmp_path, keeps) is None


def test_mailcli_must_hold_the_servers_bytes(ground: Ground, tmp_path: Path) -> None:
    _store(tmp_path / "Mail", message(0), message(1), b"X-Added: 1\n" + message(2))
    assert _complaint(ground, tmp_path, Keeps.BYTES) == (
        "messages missing or changed: 1; too many: 1"
    )
    assert _complaint(ground, tmp_path, Keeps.MAILDIR) is None


@pytest.mark.parametrize("keeps", [Keeps.BYTES, Keeps.MAILDIR])
def test_a_missing_message_is_noticed(ground: Ground, tmp_path: Path, keeps: Keeps) -> None:
    _store(tmp_path / "Mail", message(0), message(2))
    assert _complaint(ground, tmp_path, keeps)


def _row(*contenders: Contender) -> Row:
    return Row(key="work", title="work", contenders=contenders, check=answers, state=State.ANY)


def _measure(ground: Ground, *contenders: Contender) -> tuple[Line, ...]:
    return Runner(ground, rounds=2, say=lambda _text: None).measure(_row(*contenders))


def _contender(name: str, code: str) -> Contender:
    return Contender(name, lambda _scene: _python(code))


def test_a_peer_that_is_not_installed_takes_no_part(ground: Ground) -> None:
    absent = Contender("mbsync", lambda _scene: _python("pass"), program="no-such-program")
    assert _measure(ground, absent) == (Line("mbsync", None, "not installed"),)


def test_a_contender_that_fails_does_not_stop_the_others(ground: Ground) -> None:
    bad, good = _measure(
        ground, _contender("bad", "raise SystemExit(9)"), _contender("ok", "pass")
    )
    assert (bad.measured, bad.note, bad.reason) == (None, "failed", "exit 9: no output")
    assert good.measured is not None
    assert good.measured.runs == 2


def test_a_command_that_mailcli_does_not_have_yet_is_no_failure(ground: Ground) -> None:
    (line,) = _measure(ground, _contender("mailcli", "raise SystemExit(2)"))
    assert (line.measured, line.note, line.reason) == (None, "not yet", "")


def test_first_fetch_starts_from_nothing_each_time(ground: Ground) -> None:
    def command(scene: Scene) -> Command:
        mark = scene.home / "mark"
        return _python(f"open({str(mark)!r}, 'x')")  # fails where it exists

    row = Row(key="k", title="t", contenders=(Contender("c", command),), state=State.WIPED)
    (line,) = Runner(ground, rounds=3, say=lambda _text: None).measure(row)
    assert line.reason == ""
    assert line.measured is not None
    assert line.measured.runs == 3


def _writes(name: str, what: str) -> Command:
    return _python(f"open({name!r}, 'a').write({what!r})")


def test_each_change_is_made_before_a_measured_run_and_after_all_are_up_to_date(
    ground: Ground, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_text("")
    a = Contender("a", lambda _scene: _writes(str(log), "a"))
    b = Contender("b", lambda _scene: _writes(str(log), "b"))

    def change(_ground: Ground) -> None:
        log.write_text(log.read_text() + "|")

    row = Row(key="k", title="t", contenders=(a, b), change=change)
    Runner(ground, rounds=2, say=lambda _text: None).measure(row)
    assert log.read_text() == "ab|abab|ab"


def test_long_work_is_run_once_however_many_runs_are_asked_for(ground: Ground) -> None:
    row = Row(key="k", title="t", contenders=(_contender("c", "pass"),), is_long=True)
    (line,) = Runner(ground, rounds=5, say=lambda _text: None).measure(row)
    assert line.measured is not None
    assert line.measured.runs == 1


def test_what_does_not_fetch_itself_is_primed_by_what_does(ground: Ground, tmp_path: Path) -> None:
    log = tmp_path / "log"
    lists = Contender(
        "c", lambda _scene: _writes(str(log), "l"), prime=lambda _scene: _writes(str(log), "f")
    )
    row = Row(key="k", title="t", contenders=(lists,), repeat=2)
    runner = Runner(ground, rounds=2, say=lambda _text: None)
    runner.measure(row)
    assert log.read_text() == "fll"


@pytest.mark.parametrize("scale", [1, 0.05, 0.00001])
def test_rows_have_keys_of_their_own_and_mailcli_in_each(scale: float) -> None:
    every = rows(Sizes(scale))
    assert len({row.key for row in every}) == len(every)
    assert all(any(contender.is_ours for contender in row.contenders) for row in every)


@pytest.mark.parametrize("scale", [1, 0.05, 0.00001])
def test_a_user_has_one_mailbox(scale: float) -> None:
    mailboxes = {row.mailbox for row in rows(Sizes(scale)) if row.mailbox}
    assert len({mailbox.user for mailbox in mailboxes}) == len(mailboxes)


KEYS: dict[str, Callable[[str], bool]] = {
    "sync-": lambda key: key.startswith("sync-"),
    "far": lambda key: key.endswith("far"),
}


@pytest.mark.parametrize("pattern", KEYS)
def test_rows_are_chosen_by_a_part_of_their_key(pattern: str) -> None:
    every = rows(Sizes())
    chosen = matching(every, (pattern,))
    assert [row.key for row in chosen] == [row.key for row in every if KEYS[pattern](row.key)]
    assert matching(every, ()) == every
