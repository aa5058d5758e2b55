"""`mailcli demo` as a user runs it: the tour, the servers, a shell, one command."""

import contextlib
import imaplib
import os
import poplib
import re
import shlex
import signal
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import RunMailcli


@pytest.fixture
def private_tmp(tmp_path: Path, mailcli_env: dict[str, str]) -> Path:
    """A directory for temporary files that nobody else uses."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    mailcli_env["TMPDIR"] = str(directory)
    return directory


def test_the_tour_shows_all_three_protocols_and_leaves_nothing(
    run_mailcli: RunMailcli, private_tmp: Path, home: Path
) -> None:
    before = sorted(home.rglob("*"))
    done = run_mailcli("demo", timeout=110)
    assert (done.returncode, done.stderr) == (0, "")
    for said in ("C: MAIL FROM:<ada@demo.example>", "C: UIDL", 'SELECT "INBOX"'):
        assert said in done.stdout
    assert "UID STORE" in done.stdout
    assert done.stdout.count("Checked: ") == 4
    assert "\x1b" not in done.stdout
    assert "lighthouse" not in done.stdout
    assert list(private_tmp.iterdir()) == []
    assert sorted(home.rglob("*")) == before


def test_run_brings_the_mail_first_and_passes_options_and_exit_code_on(
    run_mailcli: RunMailcli, private_tmp: Path
) -> None:
    done = run_mailcli("demo", "run", "--", "list", "--limit", "3", "--json")
    assert done.returncode == 0
    assert '"schema": 1' in done.stdout
    assert "Invitation: Tea on Friday" in done.stdout

    refused = ("send", "-t", "nobody@demo.example", "-s", "x", "--body", "x")
    assert run_mailcli("demo", "run", "--empty", "--", "mailcli", *refused).returncode == 67
    assert list(private_tmp.iterdir()) == []


def test_the_shell_has_mailcli_and_the_accounts(
    run_mailcli: RunMailcli, private_tmp: Path
) -> None:
    script = 'echo "$HOME"\nmailcli folders\nexit 7\n'
    done = run_mailcli("demo", "shell", stdin=script, env={"SHELL": "/bin/sh"})
    assert done.returncode == 7
    first, *folders = done.stdout.splitlines()
    assert Path(first).parent == private_tmp.resolve()
    assert [line.split("\t")[1] for line in folders][:2] == ["INBOX", "Archive"]
    assert list(private_tmp.iterdir()) == []


@contextlib.contextmanager
def demo_serve(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start `demo serve`; yield it with what it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mailcli", "demo", "serve"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        while not (lines and lines[-1].startswith("export PYTHON_KEYRING_BACKEND=")):
            line = process.stdout.readline()
            assert line, process.communicate()
            lines.append(line)
        yield process, "".join(lines)
    finally:
        process.kill()
        process.communicate()


def port_of(protocol: str, told: str) -> int:
    found = re.search(rf"{protocol} +127\.0\.0\.1:(\d+)", told)
    assert found
    return int(found[1])


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_serve_lets_other_programs_in_until_a_signal_ends_it(
    mailcli_env: dict[str, str], private_tmp: Path, number: signal.Signals, code: int
) -> None:
    with demo_serve(mailcli_env) as (process, told):
        ca_file = re.search("authority: (.*)", told)
        login = re.search(r"user (\S+), password (\S+)", told)
        assert ca_file
        assert login
        trust = ssl.create_default_context(cafile=ca_file[1])
        with smtplib.SMTP_SSL("127.0.0.1", port_of("SMTP", told), context=trust) as smtp:
            smtp.login(login[1], login[2])
        pop = poplib.POP3_SSL("127.0.0.1", port_of("POP3", told), context=trust)
        with contextlib.closing(pop):
            pop.user(login[1])
            assert b"9 messages" in pop.pass_(login[2])
        with imaplib.IMAP4_SSL("127.0.0.1", port_of("IMAP", told), ssl_context=trust) as imap:
            imap.login(login[1], login[2])
            assert imap.select() == ("OK", [b"9"])

        process.send_signal(number)
        process.communicate(timeout=30)
        assert process.returncode == code
    assert list(private_tmp.iterdir()) == []


def test_what_serve_prints_points_another_mailcli_to_it(
    mailcli_env: dict[str, str], private_tmp: Path, run_mailcli: RunMailcli
) -> None:
    with demo_serve(mailcli_env) as (_, told):
        exports = [shlex.split(line)[1] for line in told.splitlines() if line.startswith("export")]
        environment = dict(export.split("=", 1) for export in exports)
        assert run_mailcli("folders", env=environment).stdout.count("\n") == 10


def test_a_port_base_that_is_taken_is_told_in_one_line(
    mailcli_env: dict[str, str], private_tmp: Path, run_mailcli: RunMailcli
) -> None:
    with demo_serve(mailcli_env) as (_, told):
        base = port_of("SMTP", told) - 465
        done = run_mailcli("demo", "serve", "--port-base", str(base))
    assert done.returncode == 73
    assert f"port {base + 465}" in done.stderr
    assert os.linesep.join(done.stderr.splitlines()[1:]).startswith("hint: ")
