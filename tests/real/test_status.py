"""`mailcli status`, and what the runs that bring mail leave for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.local_mail import document, put


@pytest.fixture
def mail_dir(write_config: WriteConfig, home: Path) -> Path:
    """Two accounts with some mail; returns where their Maildirs are."""
    write_config({"work": {"email": "a@example.org"}, "home": {"email": "a@example.net"}})
    work = home / "Mail" / "work"
    put(work / "INBOX", "1.x.host", b"Subject: 1\n\n")
    put(work / "INBOX", "2.x.host:2,F", b"Subject: 2\n\n")
    put(work / "INBOX", "3.x.host:2,S", b"Subject: 3\n\n")
    put(work / "Lists" / "Dev", "4.x.host", b"Subject: 4\n\n")
    put(work / "Junk", "5.x.host", b"Subject: 5\n\n")
    put(home / "Mail" / "home" / "INBOX", "6.x.host:2,S", b"Subject: 6\n\n")
    return home / "Mail"


def accounts(run_mailcli: RunMailcli, *more: str) -> dict[str, Any]:
    done = run_mailcli("status", "--json", *more)
    assert (done.returncode, done.stderr) == (0, "")
    return {each["account"]: each for each in document(done, "status")["accounts"]}


def test_messages_are_counted_in_each_folder_of_all_accounts(
    run_mailcli: RunMailcli, mail_dir: Path
) -> None:
    found = accounts(run_mailcli)

    assert [(each["name"], each["unread"]) for each in found["work"]["folders"]] == [
        ("INBOX", 2),
        ("Junk", 1),
        ("Lists/Dev", 1),
    ]
    counts = [(each["unread"], each["flagged"], each["total"]) for each in found.values()]
    assert counts == [(3, 1, 5), (0, 0, 1)]
    assert accounts(run_mailcli, "-A", "home").keys() == {"home"}


def test_the_short_line_names_accounts_with_unread_mail_alone(
    run_mailcli: RunMailcli, mail_dir: Path
) -> None:
    run_mailcli("status")
    assert run_mailcli("status", "--short").stdout == "work 3\n"

    put(mail_dir / "home" / "INBOX", "7.x.host", b"Subject: 7\n\n")
    assert run_mailcli("status", "--short").stdout == "work 3  home 1\n"

    for path in mail_dir.glob("*/**/new/*"):
        path.rename(path.parent.parent / "cur" / f"{path.name}:2,S")
    (mail_dir / "work" / "INBOX" / "cur" / "2.x.host:2,F").unlink()
    assert run_mailcli("status", "--short").stdout == ""


def test_a_prompt_never_waits_for_an_index_to_be_built(
    run_mailcli: RunMailcli, mail_dir: Path, home: Path
) -> None:
    done = run_mailcli("status", "--short")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (home / ".cache").exists()


def test_the_index_can_be_built_anew(run_mailcli: RunMailcli, mail_dir: Path, home: Path) -> None:
    run_mailcli("status")
    index = home / ".cache" / "mailcli" / "index.db"
    before = index.stat().st_ino, accounts(run_mailcli)
    index.with_name("kept").hardlink_to(index)

    after = accounts(run_mailcli, "--rebuild-index")

    assert index.stat().st_ino != before[0]
    assert after == before[1]


def test_the_last_runs_are_told_with_what_became_of_them(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    dovecot: Dovecot,
    account_user: str,
) -> None:
    table = account(account_user, imap=dovecot, pop=dovecot)
    table["pop"]["port"] = 1  # nobody listens there
    write_config({"home": table})
    assert accounts(run_mailcli)["home"]["runs"] == []
    run_mailcli("imap-sync")
    mailcli = run_mailcli("pop-fetch")
    assert mailcli.returncode

    latest, earlier = accounts(run_mailcli)["home"]["runs"]

    assert {latest["command"], earlier["command"]} == {"imap-sync", "pop-fetch"}
    errors = {each["command"]: each["error"] for each in (latest, earlier)}
    assert errors["imap-sync"] is None
    assert errors["pop-fetch"]["exit_code"] == mailcli.returncode
    assert "pop-fetch" in run_mailcli("status", "-o", "table").stdout


def test_a_dry_run_is_no_run(
    run_mailcli: RunMailcli, write_config: WriteConfig, dovecot: Dovecot, account_user: str
) -> None:
    write_config({"home": account(account_user, imap=dovecot)})
    run_mailcli("imap-sync", "-n")

    assert accounts(run_mailcli)["home"]["runs"] == []


RECORD = {"code": "local", "message": "m", "hint": "", "exit_code": 74, "account": "work"}
NO_RECORDS: dict[str, object] = {
    "code": 5,
    "message": ["m"],
    "hint": None,
    "exit_code": "74",
    "account": {"a": 1},
}


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[]", "1", '{"x": 1}', "null", "[" * 100_000),
        *(json.dumps({**RECORD, name: value}) for name, value in NO_RECORDS.items()),
        json.dumps({**RECORD, "message": "\udc80"}),
    ],
    ids=lambda text: text[:80],
)
def test_a_damaged_record_of_runs_is_none(
    run_mailcli: RunMailcli, mail_dir: Path, home: Path, text: str
) -> None:
    runs = home / ".cache" / "mailcli" / "last-runs" / "work" / "imap-sync"
    runs.parent.mkdir(parents=True)
    runs.write_text(text)

    assert accounts(run_mailcli)["work"]["runs"] == []


def test_a_run_indexes_what_it_brought_where_there_is_an_index(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    dovecot: Dovecot,
    account_user: str,
) -> None:
    import sqlite3

    write_config({"home": account(account_user, imap=dovecot)})
    dovecot.deliver(account_user, b"Subject: first\r\n\r\nx\r\n")
    run_mailcli("imap-sync")
    index = Path("~/.cache/mailcli/index.db").expanduser()
    assert not index.exists()
    run_mailcli("list")
    dovecot.deliver(account_user, b"Subject: second\r\n\r\nx\r\n")

    run_mailcli("imap-sync")

    rows = sqlite3.connect(index).execute("SELECT subject FROM message ORDER BY number")
    assert [subject for (subject,) in rows] == ["first", "second"]
