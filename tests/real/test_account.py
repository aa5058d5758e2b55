"""`mailcli account` with the real gnome-keyring: store, use, forget; never a secret in sight."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account, to_toml
from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.forks import Start, forks
from tests.support.local_mail import document, failure, mail_files, octets
from tests.support.postfix import Postfix
from tests.support.processes import server_directory
from tests.support.secret_service import bare_environ, secret_service

SECRET = "xyzzy 7 ünïcode"


def test_accounts_are_listed_with_their_servers(
    run_mailcli: RunMailcli, write_config: WriteConfig, home: Path
) -> None:
    smtp, pop, imap = ({"host": f"{name}.example.org"} for name in ("smtp", "pop", "imap"))
    imap |= {"tls": "starttls"}
    work = {"email": "Ada <ada@example.org>", "maildir": "~/M/w", "smtp": smtp, "imap": imap}
    write_config(
        {"work": work, "home": {"email": "a@b.example", "pop": pop}}, default_account="work"
    )

    done = run_mailcli("account", "list", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    assert document(done, "account-list")["accounts"] == [
        {
            "account": "work",
            "email": "ada@example.org",
            "default": True,
            "maildir": str(home / "M" / "w"),
            "smtp": "smtp.example.org:465",
            "pop": None,
            "imap": "imap.example.org:143",
        },
        {
            "account": "home",
            "email": "a@b.example",
            "default": False,
            "maildir": str(home / "Mail" / "home"),
            "smtp": None,
            "pop": "pop.example.org:995",
            "imap": None,
        },
    ]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_list_fits_the_screen(
    run_mailcli: RunMailcli, write_config: WriteConfig, width: int
) -> None:
    server = {"host": "a-rather-long-host-name.example.org"}
    write_config({"work": {"email": "ada@example.org", "smtp": server, "imap": server}})

    done = run_mailcli("account", "list", "-o", "table", env={"COLUMNS": str(width)})

    lines = done.stdout.splitlines()
    assert all(len(line) <= width for line in lines if "/" not in line), "but for the path"
    assert "a-rather-long-host-name.example.org:465" in done.stdout, "never cut"


def test_without_a_terminal_the_password_is_not_asked_for(
    run_mailcli: RunMailcli, write_config: WriteConfig
) -> None:
    write_config({"work": {"email": "a@b.example"}})

    done = run_mailcli("account", "set-password", "work", stdin=SECRET)

    assert done.returncode == 3
    assert done.stderr == (
        "mailcli: no terminal to ask for the password at\nhint: pipe it in with --password-stdin\n"
    )


def test_without_a_keyring_storing_fails_and_names_other_ways(
    run_mailcli: RunMailcli, write_config: WriteConfig
) -> None:
    write_config({"work": {"email": "a@b.example"}})

    done = run_mailcli("account", "set-password", "work", "--password-stdin", stdin=SECRET)

    assert done.returncode == 77
    assert "password_command or password_file" in done.stderr
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("text", ["", "\n", "\r\n", "a\0b\n"])
def test_what_can_be_no_password_is_refused(
    run_mailcli: RunMailcli, write_config: WriteConfig, text: str
) -> None:
    write_config({"work": {"email": "a@b.example"}})

    done = run_mailcli("account", "set-password", "work", "--password-stdin", stdin=text)

    assert done.returncode == 77
    assert "Traceback" not in done.stderr


def test_a_password_of_an_unknown_account_is_not_stored(
    run_mailcli: RunMailcli, write_config: WriteConfig
) -> None:
    write_config({"work": {"email": "a@b.example"}})

    done = run_mailcli("account", "set-password", "wrok", "--password-stdin", stdin=SECRET)

    assert done.returncode == 78
    assert "did you mean work?" in done.stderr


def test_forgetting_what_was_never_stored_is_66(
    run_mailcli: RunMailcli, write_config: WriteConfig
) -> None:
    write_config({"work": {"email": "a@b.example"}})

    done = run_mailcli("account", "forget-password", "work", "--json")

    assert done.returncode == 66
    assert failure(done)["code"] == "not_found"


# -- with a keyring ------------------------------------------------------------


class Desktop(Protocol):
    """Run mailcli in a session with an open keyring."""

    home: Path

    def __call__(self, *args: str, stdin: str = "") -> "subprocess.CompletedProcess[str]": ...


class _Desktop:
    def __init__(self, home: Path, environ: dict[str, str]) -> None:
        self.home = home
        self._environ = {**environ, "LANG": "C.UTF-8"}

    def __call__(self, *args: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        done = forks().run(Start(args, self._environ, str(self.home)), stdin.encode())
        out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        return subprocess.CompletedProcess(args, done.returncode, out, err)


@pytest.fixture
def desktop(dovecot: Dovecot, postfix: Postfix, account_user: str) -> Iterator[Desktop]:
    """A session whose account names no way to its password."""
    with server_directory("desktop") as home, secret_service(home) as environ:
        table = account(account_user, imap=dovecot, pop=dovecot, smtp=postfix)
        del table["password_command"]
        config = Path(bare_environ(home)["XDG_CONFIG_HOME"], "mailcli", "config.toml")
        config.parent.mkdir(parents=True)
        config.write_text(to_toml({"accounts": {"work": table}}), "utf-8")
        yield _Desktop(home, environ)


def test_a_stored_password_sends_and_fetches_and_can_be_forgotten(
    desktop: Desktop, dovecot: Dovecot, postfix: Postfix, account_user: str
) -> None:
    stored = desktop("account", "set-password", "work", "--password-stdin", stdin=PASSWORD + "\n")
    assert (stored.returncode, stored.stderr) == (0, "")
    assert stored.stdout.split("\t")[:3] == ["work", "", "yes"]

    sent = desktop("send", f"{account_user}@example.test", "--json", stdin="by keyring\n")
    assert sent.returncode == 0, sent.stderr
    postfix.wait_delivered(dovecot, account_user, document(sent, "send")["message_id"])
    assert desktop("pop-fetch").returncode == 0
    assert desktop("imap-sync").returncode == 0
    maildir = desktop.home / "Mail" / "work"
    assert len(mail_files(maildir / "POP")) == 1
    assert octets(maildir / "INBOX") == dovecot.messages(account_user)

    forgotten = desktop("account", "forget-password", "work")
    assert forgotten.returncode == 0
    refused = desktop("folders")
    assert refused.returncode == 77
    assert "mailcli account set-password work" in refused.stderr


def test_no_secret_is_left_in_any_file_or_output_of_ours(desktop: Desktop) -> None:
    stored = desktop(
        "account", "set-password", "work", "--protocol", "imap", "--password-stdin", "--json",
        stdin=SECRET,
    )  # fmt: skip
    used = desktop("folders", "--trace", "-v")

    assert document(stored, "account-password")["protocol"] == "imap"
    assert used.returncode == 77, "the server knows another one"
    ours = [desktop.home / ".local" / "state" / "mailcli", desktop.home / ".config" / "mailcli"]
    files = [path for place in ours for path in place.rglob("*") if path.is_file()]
    assert files
    for text in (stored.stdout, stored.stderr, used.stdout, used.stderr):
        assert SECRET not in text
        assert json.dumps(SECRET)[1:-1] not in text
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_a_password_for_one_protocol_comes_before_the_account_s(desktop: Desktop) -> None:
    desktop("account", "set-password", "work", "--password-stdin", stdin="wrong")
    assert desktop("folders").returncode == 77

    desktop(
        "account", "set-password", "work", "--protocol", "imap", "--password-stdin",
        stdin=PASSWORD,
    )  # fmt: skip

    assert desktop("folders").returncode == 0
    assert desktop("pop-fetch").returncode == 77
