"""Every way a command can end: the text, the exit code, and what stays unsaid."""

import errno
import io
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from mailcli.cli.boundary import Program, Terminated, invoke, run, wants_json
from mailcli.cli.defect import redacted
from mailcli.errors import Exit, LoginFailed, MailError, Refused, TlsFailed

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "error.json"


def raising(error: BaseException) -> Callable[[], int]:
    def main() -> int:
        raise error

    return main


def ended(
    main: Callable[[], int | None], *args: str, state_dir: Callable[[], Path] = Path
) -> tuple[int, str]:
    """Run `main` as `mailcli ARGS` and return the exit code and what stands on stderr."""
    stderr = io.StringIO()
    program = Program(("/usr/bin/mailcli", *args), io.StringIO(), stderr, state_dir, ("send",))
    return run(main, program), stderr.getvalue()


def error_object(text: str) -> dict[str, Any]:
    document = json.loads(text)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(document)
    error = document["error"]
    assert isinstance(error, dict)
    return error


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (Exit.TEMPORARY, 75), (67, 67)])
def test_what_main_returns_is_the_exit_code(returned: int | None, code: int) -> None:
    assert ended(lambda: returned) == (code, "")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        pytest.param(
            Refused("MAIL: server said: 550 no", hint="ask the postmaster", account="work"),
            69,
            "mailcli: work: MAIL: server said: 550 no\nhint: ask the postmaster\n",
            id="account, message, hint",
        ),
        pytest.param(LoginFailed("no password"), 77, "mailcli: no password\n", id="message alone"),
        pytest.param(
            TlsFailed("bad \x1b[31m\r\nname \u202e", hint="\x07see\nbelow", account="a\x1bb"),
            78,
            "mailcli: a<U+001B>b: bad ␛[31m name\nhint: ␇see below\n",
            id="hostile",
        ),
        pytest.param(
            Refused("x" * 5000), 69, f"mailcli: {'x' * 999}…\n", id="as long as a server likes"
        ),
        pytest.param(KeyboardInterrupt(), 130, "mailcli: interrupted\n", id="^C"),
        pytest.param(click.Abort(), 130, "mailcli: interrupted\n", id="^C at a question"),
        pytest.param(Terminated(15), 143, "mailcli: ended by SIGTERM\n", id="SIGTERM"),
        pytest.param(Terminated(1), 129, "mailcli: ended by SIGHUP\n", id="SIGHUP"),
        pytest.param(BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, "", id="closed pipe"),
        pytest.param(
            OSError(errno.ENOSPC, "No space left on device", "/mail/tmp/1"),
            74,
            "mailcli: /mail/tmp/1: No space left on device\n"
            "hint: free some space, then run the same command again\n",
            id="disk full",
        ),
        pytest.param(
            PermissionError(errno.EACCES, "Permission denied", b"/mail/\x1b\xff"),
            74,
            "mailcli: /mail/␛\ufffd: Permission denied\n"
            "hint: check who owns it and who may read and write it\n",
            id="permission",
        ),
        pytest.param(
            OSError(errno.EXDEV, "Invalid cross-device link", "/a", None, "/b"),
            74,
            "mailcli: /a and /b: Invalid cross-device link\n",
            id="two names",
        ),
        pytest.param(
            OSError(errno.EIO, "Input/output error"),
            74,
            "mailcli: reading or writing failed: Input/output error\n"
            "hint: the disk, or the way to it, may be failing: look at the system log\n",
            id="no name",
        ),
        pytest.param(
            ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
            75,
            "mailcli: the connection failed: Connection reset by peer\nhint: try again later\n",
            id="connection",
        ),
        pytest.param(
            TimeoutError("timed out"),
            75,
            "mailcli: the connection failed: timed out\nhint: try again later\n",
            id="time-out",
        ),
        pytest.param(
            click.ClickException("no such thing"), 2, "mailcli: no such thing\n", id="click"
        ),
    ],
)
def test_an_error_is_a_line_and_a_code(error: BaseException, code: int, text: str) -> None:
    assert ended(raising(error)) == (code, text)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(
            Refused("no\x1b[0m", hint="later", account="work"),
            ("refused", "no\x1b[0m", "later", 69, "work"),
            id="mail",
        ),
        pytest.param(
            Terminated(15), ("interrupted", "ended by SIGTERM", "", 143, None), id="signal"
        ),
        pytest.param(
            OSError(errno.ENOENT, "No such file or directory", "/x"),
            ("local_io", "/x: No such file or directory", "", 74, None),
            id="OS",
        ),
        pytest.param(
            click.UsageError("No such option: -x"),
            ("usage", "No such option: -x", "", 2, None),
            id="usage",
        ),
    ],
)
def test_under_json_an_error_is_one_object(
    error: BaseException, expected: tuple[Any, ...]
) -> None:
    code, text = ended(raising(error), "list", "--json")
    assert "\x1b" not in text
    assert tuple(error_object(text).values()) == expected
    assert code == expected[3]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ("mailcli list --json", True),
        ("mailcli -o json list", True),
        ("mailcli list -o jsonl", True),
        ("mailcli list -ojson", True),
        ("mailcli list -nqojson", True),
        ("mailcli list -no json", True),
        ("mailcli list --output json", True),
        ("mailcli list --output=jsonl", True),
        ("mailcli list -o tsv", False),
        ("mailcli list -o", False),
        ("mailcli list json", False),
        ("mailcli send -- --json", False),
        ("/usr/sbin/sendmail --json", False),
        ("mailcli", False),
        ("", False),
    ],
)
def test_json_is_recognised_even_where_parsing_fails(argv: str, expected: bool) -> None:
    assert wants_json(argv.split()) is expected


@click.group()
def tool() -> None:
    """A command line with everything that can go wrong in one."""


@tool.command()
@click.option("--count", type=int)
@click.argument("words", nargs=-1)
def work(count: int | None, words: tuple[str, ...]) -> int:
    """Work."""
    if words == ("pipe",):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")
    if words == ("interrupt",):
        raise KeyboardInterrupt
    return count or 0


WRONG_VALUE = """\
Usage: mailcli work [OPTIONS] [WORDS]...
mailcli: Invalid value for '--count': 'x' is not a valid integer.
hint: mailcli work --help
"""
WRONG_VALUE_JSON = (
    '{"error": {"code": "usage", "message": "Invalid value for \'--count\': '
    "'--json' is not a valid integer.\", "
    '"hint": "mailcli work --help", "exit_code": 2, "account": null}}\n'
)


def called(*args: str) -> tuple[int, str]:
    return ended(lambda: invoke(tool, args, prog_name="mailcli", environ={}), *args)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        pytest.param(["work", "--count", "75"], (75, ""), id="code returned"),
        pytest.param(["work", "pipe"], (141, ""), id="closed pipe"),
        pytest.param(["work", "interrupt"], (130, "mailcli: interrupted\n"), id="^C"),
        pytest.param(["work", "--count", "x"], (2, WRONG_VALUE), id="wrong value"),
        pytest.param(
            ["work", "--count", "--json"], (2, WRONG_VALUE_JSON), id="wrong value under JSON"
        ),
    ],
)
def test_click_ends_as_everything_else(args: list[str], expected: tuple[int, str]) -> None:
    assert called(*args) == expected


def test_help_is_a_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert called("work", "--help") == (0, "")
    assert capsys.readouterr().out.startswith("Usage: mailcli work")


def test_no_command_shows_the_help_as_an_error() -> None:
    code, text = called()
    assert code == 2
    assert text.startswith("Usage: mailcli [OPTIONS] COMMAND")
    assert "mailcli: " not in text


def test_completion_is_answered(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    environ = {"_MAILCLI_COMPLETE": "bash_source"}
    monkeypatch.setenv("_MAILCLI_COMPLETE", "bash_source")
    with pytest.raises(SystemExit) as end:
        invoke(tool, [], prog_name="mailcli", environ=environ)
    assert end.value.code == 0
    assert "_MAILCLI_COMPLETE=bash_complete" in capsys.readouterr().out


def fails_deeply(password: str) -> int:
    known: dict[str, int] = {}
    try:
        return known[f"{password} in mail from Ada"]
    except KeyError as error:
        raise ValueError(f"cannot use {password}") from error


def test_a_defect_leaves_a_report_without_secrets(tmp_path: Path) -> None:
    hidden = "hunter2-s3cret"
    args = ("send", "-s", hidden, f"--to={hidden}", f"-b{hidden}", "--", f"--{hidden}")
    code, text = ended(lambda: fails_deeply(hidden), *args, state_dir=lambda: tmp_path / "state")
    assert code == 70
    (path,) = (tmp_path / "state" / "reports").iterdir()
    assert text == (
        "mailcli: a defect in mailcli stopped it: ValueError in cli/boundary.py:"
        f"{text.partition('boundary.py:')[2].partition(chr(10))[0]}\n"
        f"hint: please report it with the file {path}; no mail and no password is in it\n"
    )
    report = path.read_text("utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "hunter2" not in report
    assert "command: mailcli send -s *** --to=*** -b*** -- ***" in report
    assert "builtins.ValueError: (message left out)" in report
    assert "builtins.KeyError: (message left out)" in report
    assert "in fails_deeply" in report


def test_a_report_tells_what_python_says_about_the_code(tmp_path: Path) -> None:
    ended(lambda: None.missing, state_dir=lambda: tmp_path)  # type: ignore[attr-defined] # the defect
    (path,) = (tmp_path / "reports").iterdir()
    assert "AttributeError: 'NoneType' object has no attribute 'missing'" in path.read_text(
        "utf-8"
    )


@pytest.mark.parametrize(
    "error",
    [
        RecursionError("maximum recursion depth exceeded"),
        MemoryError(),
        socket.gaierror(-2, "Name or service not known"),
        ssl.SSLError(1, "[SSL] something"),
        UnicodeDecodeError("ascii", b"\xff", 0, 1, "ordinal not in range(128)"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_nobody_foresaw_is_a_defect(error: BaseException, tmp_path: Path) -> None:
    code, text = ended(raising(error), state_dir=lambda: tmp_path)
    assert code == 70
    assert type(error).__name__ in text
    assert len(list((tmp_path / "reports").iterdir())) == 1


def test_endless_recursion_is_reported_in_a_small_file(tmp_path: Path) -> None:
    def one() -> int:
        return two()

    def two() -> int:
        return one()

    assert ended(one, state_dir=lambda: tmp_path)[0] == 70
    (path,) = (tmp_path / "reports").iterdir()
    assert path.stat().st_size < 20_000


def test_a_report_that_cannot_be_written_is_survived(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    code, text = ended(raising(ValueError()), state_dir=lambda: blocked)
    assert code == 70
    assert "no report file could be written: cannot create the directory" in text

    def homeless() -> Path:
        raise MailError("there is no home directory")

    code, text = ended(raising(ValueError()), state_dir=homeless)
    assert (code, text.endswith("written: there is no home directory\n")) == (70, True)


def test_only_the_newest_reports_are_kept(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    for number in range(30):
        (reports / f"defect-20000101T0000{number:02}.txt").touch()
    (reports / "notes.txt").touch()
    ended(raising(ValueError()), state_dir=lambda: tmp_path)
    left = sorted(path.name for path in reports.iterdir())
    assert len(left) == 21
    assert left[0] == "defect-20000101T000011.txt"
    assert "notes.txt" in left


def test_a_defect_under_json_is_an_object(tmp_path: Path) -> None:
    code, text = ended(raising(ValueError()), "--json", state_dir=lambda: tmp_path)
    assert (code, error_object(text)["code"]) == (70, "defect")


def test_an_error_that_cannot_be_told_is_still_no_traceback() -> None:
    class Unprintable(MailError):
        code = None  # type: ignore[assignment] # the defect
        exit_code = "none"  # type: ignore[assignment] # the defect

    code, text = ended(raising(Unprintable("x")))
    assert (code, text) == (
        70,
        "mailcli: a defect in mailcli stopped it: Unprintable, then ValueError\n",
    )


def test_redaction_keeps_names_and_no_values() -> None:
    argv = (
        "mailcli",
        "send",
        "send",
        "-vv",
        "--dry-run",
        "--to=a",
        "--Odd",
        "--x=\n--y",
        "-",
        "-1",
    )
    program = Program(argv, io.StringIO(), io.StringIO(), Path, ("send",))
    assert redacted(program) == "mailcli send *** -v*** --dry-run --to=*** *** --x=*** *** ***"


def test_stderr_that_is_gone_changes_no_exit_code() -> None:
    stderr = io.StringIO()
    stderr.close()
    program = Program(("mailcli",), io.StringIO(), stderr, Path)
    assert run(raising(Refused("no")), program) == 69


def test_exit_by_another_hand_passes() -> None:
    with pytest.raises(SystemExit):
        ended(raising(SystemExit(3)))


def python(
    code: str, env: dict[str, str], *, stdout: int = subprocess.PIPE, redirect: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a program that ends by `run`; `redirect` is in the words of the shell."""
    program = (
        "import os, signal, sys, time\n"
        "from pathlib import Path\n"
        "from mailcli.cli.boundary import *\n"
        f"{code}\n"
        "sys.exit(run(main, Program(sys.argv, sys.stdout, sys.stderr, Path)))\n"
    )
    command = [sys.executable, "-c", program]
    if redirect:
        command = ["sh", "-c", f'exec "$0" "$@" {redirect}', *command]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=env, check=False, timeout=60
    )


def test_a_reader_that_left_is_no_error(mailcli_env: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = python("def main(): print('x' * 100)", mailcli_env, stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_full_disk_behind_stdout_is_told(mailcli_env: dict[str, str]) -> None:
    done = python("def main(): print('x')", mailcli_env, redirect=">/dev/full")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        74,
        "mailcli: standard output: No space left on device",
    )


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [(signal.SIGTERM, 143, "ended by SIGTERM"), (signal.SIGHUP, 129, "ended by SIGHUP")],
)
def test_a_signal_lets_clean_up_run(
    number: int, code: int, words: str, mailcli_env: dict[str, str]
) -> None:
    main = f"""
install_signals()
def main():
    try:
        os.kill(os.getpid(), {number})
        time.sleep(60)
    finally:
        os.kill(os.getpid(), {number})  # a second one does not interrupt it
        print("cleaned up")
"""
    done = python(main, mailcli_env)
    assert (done.returncode, done.stdout, done.stderr) == (
        code,
        "cleaned up\n",
        f"mailcli: {words}\n",
    )


def test_nohup_is_respected(mailcli_env: dict[str, str]) -> None:
    main = """
signal.signal(signal.SIGHUP, signal.SIG_IGN)
install_signals()
def main():
    os.kill(os.getpid(), signal.SIGHUP)
    print("still here")
"""
    assert python(main, mailcli_env).stdout == "still here\n"


def test_harden_closes_the_leaks(mailcli_env: dict[str, str], tmp_path: Path) -> None:
    main = f"""
import resource
resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
harden(os.environ)
def main():
    Path({str(tmp_path / "file")!r}).touch()
    print(resource.getrlimit(resource.RLIMIT_CORE), os.environ.get("SSLKEYLOGFILE"))
"""
    done = python(main, {**mailcli_env, "SSLKEYLOGFILE": "/tmp/keys"})
    assert done.stdout == "(0, 0) None\n"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_harden_keeps_closed_streams_from_becoming_files(
    mailcli_env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "mail"
    main = f"""
harden(os.environ)
def main():
    print("to nobody")
    return 3 if os.open({str(path)!r}, os.O_CREAT | os.O_WRONLY) > 2 else 1
"""
    done = python(main, mailcli_env, redirect=">&- <&-")
    assert (done.returncode, done.stderr) == (3, "")


def test_loading_the_boundary_loads_nothing_heavy(mailcli_env: dict[str, str]) -> None:
    heavy = {"json", "traceback", "rich", "email", "ssl", "sqlite3", "keyring"}
    main = f"def main(): print(sorted({heavy!r} & set(sys.modules)))"
    assert python(main, mailcli_env).stdout == "[]\n"
