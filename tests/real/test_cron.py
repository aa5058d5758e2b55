"""mailcli under cron: no terminal, hardly any environment, no keyring. Silent when all is well."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.accounts import account, to_toml
from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.local_mail import mail_files, octets
from tests.support.postfix import Postfix

import mailcli

SOURCE = str(Path(mailcli.__file__).parents[1])
Cron = Callable[..., "subprocess.CompletedProcess[str]"]
RAW = b"Subject: x\r\n\r\n"

_README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
_CRONTAB = re.findall(r"^```crontab\n(.+)\n```$", _README, re.MULTILINE)


@pytest.fixture
def cron(tmp_path: Path) -> Cron:
    """Return a function that runs mailcli as cron would: `env -i HOME=… PATH=…`."""

    def run(*args: str, stdin: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
        environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": SOURCE, **more}
        return subprocess.run(
            [sys.executable, "-m", "mailcli", *args],
            env=environ,
            cwd="/",
            input=stdin,
            capture_output=True,
            text=True,
            start_new_session=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture
def configure(
    tmp_path: Path, dovecot: Dovecot, postfix: Postfix, account_user: str
) -> Callable[..., Path]:
    """Return a function that writes the account, with further keys, and gives its Maildir."""

    def write(**more: str) -> Path:
        table = account(account_user, imap=dovecot, pop=dovecot, smtp=postfix)
        del table["password_command"]
        config = tmp_path / ".config" / "mailcli" / "config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(to_toml({"accounts": {"work": table | more}}), "utf-8")
        return tmp_path / "Mail" / "work"

    return write


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    path.chmod(0o600)
    return path


def test_fetching_and_synchronising_are_silent_where_all_is_well(
    cron: Cron,
    configure: Callable[..., Path],
    password_file: Path,
    dovecot: Dovecot,
    account_user: str,
) -> None:
    maildir = configure(password_file=str(password_file))
    dovecot.deliver(account_user, RAW)

    for command in ("pop-fetch", "imap-sync", "pop-fetch", "imap-sync"):
        done = cron(command)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), command

    assert octets(maildir / "INBOX") == octets(maildir / "POP") == [RAW]


@pytest.mark.parametrize("line", _CRONTAB)
def test_the_lines_for_crontab_in_the_readme_work_as_they_stand(
    configure: Callable[..., Path],
    password_file: Path,
    dovecot: Dovecot,
    account_user: str,
    tmp_path: Path,
    line: str,
) -> None:
    """Cron gives a line to sh, with no more in PATH than the system's own programs."""
    maildir = configure(password_file=str(password_file))
    dovecot.deliver(account_user, RAW)
    program = tmp_path / ".local" / "bin" / "mailcli"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH={SOURCE} exec {sys.executable} -m mailcli "$@"\n')
    program.chmod(0o700)
    *when, command = line.split(maxsplit=5)

    done = subprocess.run(
        ["sh", "-c", command],
        env={"HOME": str(tmp_path), "LOGNAME": "ada", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
        timeout=60,
    )

    assert len(when) == 5
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "pop-fetch" not in command or octets(maildir / "POP") == [RAW]


def test_every_unit_of_systemd_in_the_readme_gives_the_programs_path() -> None:
    """Where its service manager looks for programs, pipx does not put them."""
    started = re.findall(r"ExecStart=(\S+) (?:pop-fetch|outbox)", _README)
    assert len(started) == _README.count("ExecStart=") > 1
    assert set(started) == {"%h/.local/bin/mailcli"}


def test_sending_works_from_a_script(
    cron: Cron,
    configure: Callable[..., Path],
    password_file: Path,
    dovecot: Dovecot,
    postfix: Postfix,
    account_user: str,
) -> None:
    maildir = configure(password_file=str(password_file))

    done = cron("send", "-q", "-s", "Backup", f"{account_user}@example.test", stdin="done\n")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (copy,) = mail_files(maildir / "Sent")
    message_id = copy.read_text().partition("Message-ID: ")[2].partition("\n")[0]
    assert postfix.wait_delivered(dovecot, account_user, message_id)


@pytest.mark.parametrize("command", ["pop-fetch", "imap-sync", "folders", "send"])
def test_without_any_way_to_the_password_it_is_77_and_the_ways_are_named(
    cron: Cron, configure: Callable[..., Path], command: str
) -> None:
    configure()

    done = cron(command, *(["x@example.test"] if command == "send" else []))

    assert (done.returncode, done.stdout) == (77, "")
    problem, hint = done.stderr.splitlines()
    assert problem.startswith("mailcli: work: no password for u")
    assert "no session bus here" in problem
    for way in ("password_command", "password_file", "LoadCredential=mailcli.work:"):
        assert way in hint


def test_a_password_file_that_others_can_read_is_refused(
    cron: Cron, configure: Callable[..., Path], password_file: Path
) -> None:
    password_file.chmod(0o640)
    configure(password_file=str(password_file))

    done = cron("imap-sync")

    assert done.returncode == 78
    assert str(password_file) in done.stderr
    assert PASSWORD not in done.stderr.split()


def test_a_credential_of_systemd_is_used(
    cron: Cron, configure: Callable[..., Path], tmp_path: Path
) -> None:
    configure()
    credentials = tmp_path / "credentials"
    credentials.mkdir(mode=0o700)
    credentials.joinpath("mailcli.work").write_text(PASSWORD)

    done = cron("pop-fetch", CREDENTIALS_DIRECTORY=str(credentials))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_password_command_is_used(cron: Cron, configure: Callable[..., Path]) -> None:
    configure(password_command=f"printf {PASSWORD}")

    done = cron("imap-sync")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_failing_password_command_is_one_line(
    cron: Cron, configure: Callable[..., Path]
) -> None:
    configure(password_command="false")

    done = cron("imap-sync")

    assert done.returncode == 77
    assert done.stderr.count("mailcli: ") == 1


def test_all_that_is_made_is_private(
    cron: Cron,
    configure: Callable[..., Path],
    password_file: Path,
    dovecot: Dovecot,
    account_user: str,
    tmp_path: Path,
) -> None:
    configure(password_file=str(password_file))
    dovecot.deliver(account_user, RAW)
    cron("imap-sync")

    for place in (tmp_path / "Mail", tmp_path / ".local" / "state" / "mailcli"):
        open_ = [path for path in place.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077]
        assert place.is_dir()
        assert not open_


def test_a_closed_standard_input_and_output_do_no_harm(
    configure: Callable[..., Path],
    password_file: Path,
    dovecot: Dovecot,
    account_user: str,
    tmp_path: Path,
) -> None:
    maildir = configure(password_file=str(password_file))
    dovecot.deliver(account_user, RAW)
    environ = {"HOME": str(tmp_path), "PATH": os.defpath, "PYTHONPATH": SOURCE}

    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m mailcli imap-sync <&- >&- 2>&-"],
        env=environ,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0
    assert octets(maildir / "INBOX") == [RAW]
