"""Each command in a Python of its own, as people run it; the other tests fork mailcli."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.local_mail import mail_files
from tests.support.postfix import Postfix
from tests.support.terminal import at_terminal

HELLO = b"From: bob@b.example\r\nSubject: Hello\r\nMessage-ID: <1@b.example>\r\n\r\nHi.\r\n"


@pytest.fixture
def maildir(
    write_config: WriteConfig, dovecot: Dovecot, postfix: Postfix, account_user: str
) -> Path:
    """One account with all three protocols and a message in its INBOX; returns its Maildir."""
    dovecot.deliver(account_user, HELLO)
    write_config({"work": account(account_user, imap=dovecot, pop=dovecot, smtp=postfix)})
    return Path("~/Mail/work").expanduser()


def _answer(run: RunMailcli, *args: str, stdin: str = "") -> Any:
    done = run(*args, "--json", stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_mail_is_fetched_synchronised_and_listed(
    python_mailcli: RunMailcli, maildir: Path
) -> None:
    (fetched,) = _answer(python_mailcli, "pop-fetch")["accounts"]
    (synced,) = _answer(python_mailcli, "imap-sync")["accounts"]
    assert (fetched["fetched"], synced["changed"]) == (1, True)
    for folder in ("POP", "INBOX"):
        (path,) = mail_files(maildir / folder)
        assert path.read_bytes() == HELLO.replace(b"\r\n", b"\n")
    (listed,) = _answer(python_mailcli, "list")["messages"]
    assert listed["subject"] == "Hello"
    folders = _answer(python_mailcli, "folders", "--create", "Work")["folders"]
    assert {"INBOX", "Work"} <= {folder["name"] for folder in folders}


def test_a_message_is_sent(
    python_mailcli: RunMailcli,
    maildir: Path,
    dovecot: Dovecot,
    postfix: Postfix,
    account_user: str,
) -> None:
    to = f"{account_user}@example.test"
    sent = _answer(python_mailcli, "send", "-s", "Self", to, stdin="The text.\n")
    assert sent["outcome"] == "delivered"
    arrived = postfix.wait_delivered(dovecot, account_user, sent["message_id"])
    assert b"Subject: Self\r\n" in arrived


def test_what_goes_wrong_is_told_with_its_exit_code(
    python_mailcli: RunMailcli, maildir: Path
) -> None:
    done = python_mailcli("list", "Nowhere")
    assert (done.returncode, done.stdout) == (66, "")
    assert "Nowhere" in done.stderr


def test_a_message_is_read_at_a_terminal(
    python_mailcli: RunMailcli, maildir: Path, mailcli_env: dict[str, str]
) -> None:
    _answer(python_mailcli, "imap-sync")

    screen = at_terminal(
        ["read", "last"],
        {**mailcli_env, "TERM": "xterm-256color", "MAILCLI_PAGER": ""},
        by_python=True,
    )

    assert screen.code == 0
    assert "\x1b[" in screen.text, "colours"
    assert "Hi." in screen.text
