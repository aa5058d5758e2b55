"""`mailcli imap-sync --verify` on a real Dovecot: both sides by content, and nothing changed."""

import errno
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from click.testing import CliRunner
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.imap_sides import change_flags, errors, message, of, server_state
from tests.support.local_mail import document, failure, mail_files, put, snapshot

from mailcli.cli.main import mailcli

Verify = Callable[..., Any]


@pytest.fixture
def maildir(write_config: WriteConfig, dovecot: Dovecot, account_user: str) -> Path:
    """One account whose two messages are on both sides; returns its Maildir."""
    write_config({"home": account(account_user, imap=dovecot)})
    dovecot.deliver(account_user, message("one"), message("two"), flags=["\\Seen"])
    return Path("~/Mail/home").expanduser()


@pytest.fixture
def synced(run_mailcli: RunMailcli, maildir: Path) -> Path:
    assert run_mailcli("imap-sync").returncode == 0
    return maildir


@pytest.fixture
def verify(
    run_mailcli: RunMailcli, maildir: Path, dovecot: Dovecot, account_user: str, home: Path
) -> Verify:
    """Return a function that compares, and holds that nothing changed anywhere."""
    database = home / ".local" / "state" / "mailcli" / "home.db"

    def everything() -> tuple[object, ...]:
        return snapshot(maildir), server_state(dovecot, account_user), rows(database)

    def run(*args: str, code: int = 0) -> Any:
        before = everything()
        done = run_mailcli("imap-sync", "--verify", "--json", *args)
        assert done.returncode == code, (done.stdout, done.stderr)
        assert everything() == before
        (only,) = document(done, "imap-sync")["accounts"]
        return only

    return run


def rows(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all that the state holds, by table."""
    if not database.exists():
        return {}
    with closing(sqlite3.connect(database)) as state:
        names = state.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        found = {name: state.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names}  # noqa: S608 - names from there
    return {name: rows for name, rows in found.items() if rows}


def found(result: Any) -> list[tuple[str, str]]:
    """Return the differences of a result: folder and kind."""
    return [(f["name"], each["kind"]) for f in result["folders"] for each in f["differences"]]


def file_of(folder: Path, name: str) -> Path:
    wanted = f"Subject: {name}\n".encode()
    (path,) = (each for each in mail_files(folder) if wanted in each.read_bytes())
    return path


def test_sides_that_are_alike_have_no_differences(verify: Verify, synced: Path) -> None:
    result = verify()
    assert (found(result), errors(result)) == ([], {})
    assert of(result, "INBOX")["differences"] == []


def test_what_the_next_run_would_carry_is_a_difference_and_no_failure(
    verify: Verify,
    run_mailcli: RunMailcli,
    synced: Path,
    dovecot: Dovecot,
    account_user: str,
) -> None:
    dovecot.deliver(account_user, message("three"), flags=["\\Seen"])
    dovecot.deliver(account_user, message("theirs"), folder="Theirs")
    put(synced / "INBOX", "1.a.host", b"Subject: mine\n\n")
    put(synced / "Mine", "1.b.host", b"Subject: folder\n\n")
    file_of(synced / "INBOX", "two").unlink()
    change_flags(dovecot, account_user, "+\\Flagged $Todo", "1")

    result = verify()

    assert sorted(found(result)) == [
        ("INBOX", "flags"),
        ("INBOX", "missing_here"),
        ("INBOX", "missing_here"),
        ("INBOX", "missing_there"),
        ("Mine", "missing_there"),
        ("Theirs", "missing_here"),
    ]
    (flags,) = [d for d in of(result, "INBOX")["differences"] if d["kind"] == "flags"]
    assert (flags["uid"], flags["path"]) == (1, str(file_of(synced / "INBOX", "one")))
    assert flags["detail"] == "here seen; on the server $Todo flagged seen"
    assert errors(result) == {}
    run_mailcli("imap-sync")
    assert found(verify()) == []


def test_octets_that_differ_are_74_with_the_path_and_the_way_to_have_them_again(
    verify: Verify,
    run_mailcli: RunMailcli,
    synced: Path,
    dovecot: Dovecot,
    account_user: str,
) -> None:
    path = file_of(synced / "INBOX", "one")
    path.write_bytes(path.read_bytes() + b"Damaged.\n")
    run_mailcli("imap-sync")  # does not read what both sides agreed on

    done = run_mailcli("imap-sync", "--verify", "--json")

    assert done.returncode == 74
    error = failure(done)
    assert str(path) in error["message"]
    assert "change a flag" in error["hint"]
    result = verify(code=74)
    (difference,) = of(result, "INBOX")["differences"]
    assert difference == {
        "kind": "octets",
        "uid": 1,
        "path": str(path),
        "detail": "the file was changed here",
    }

    path.rename(synced.parent / "kept")  # as the hint says
    change_flags(dovecot, account_user, "+\\Flagged", "1")
    assert run_mailcli("imap-sync").returncode == 0
    assert found(verify()) == []
    assert b"Damaged" not in file_of(synced / "INBOX", "one").read_bytes()
    assert len(mail_files(synced / "INBOX")) == 2


def test_equal_messages_are_counted_and_files_that_others_renamed_recognised(
    verify: Verify, run_mailcli: RunMailcli, synced: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message("twin"), message("twin"))
    put(synced / "INBOX", "1.t.host", message("twin"))
    path = file_of(synced / "INBOX", "one")
    path.rename(path.with_name("9.renamed.host:2,S"))

    assert found(verify()) == [("INBOX", "missing_here")]


def test_an_account_that_was_never_synchronised_makes_no_maildir(
    verify: Verify, maildir: Path
) -> None:
    assert found(verify()) == [("INBOX", "missing_here"), ("INBOX", "missing_here")]
    assert not maildir.exists()


def test_only_the_folders_asked_for_are_compared(
    verify: Verify, synced: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message("a"), folder="Work/A")
    dovecot.deliver(account_user, message("b"), folder="Other")
    assert [folder["name"] for folder in verify("Work/*")["folders"]] == ["Work/A"]
    result = verify("Wrok/A", "Other", code=66)
    assert (errors(result), found(result)) == ({"Wrok/A": 66}, [("Other", "missing_here")])


def test_messages_that_the_account_leaves_on_the_server_are_no_difference(
    verify: Verify, write_config: WriteConfig, dovecot: Dovecot, account_user: str
) -> None:
    table = account(account_user, imap=dovecot)
    table["imap"]["max_size"] = 1000
    write_config({"home": table})
    dovecot.deliver(account_user, message("large", b"x" * 2000 + b"\r\n"))
    assert found(verify()) == [("INBOX", "missing_here"), ("INBOX", "missing_here")]


def test_a_folder_that_fails_stops_no_other(
    verify: Verify, synced: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message("w"), folder="Work")
    (synced / "Elsewhere").mkdir()
    (synced / "Work").symlink_to(synced / "Elsewhere")
    result = verify(code=74)
    assert errors(result) == {"Work": 74}
    assert of(result, "INBOX")["differences"] == []


def test_a_file_that_cannot_be_read_is_told_and_no_difference(
    synced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, really_open = file_of(synced / "INBOX", "one"), os.open

    def open_(path: Any, *args: Any, **kwargs: Any) -> int:
        if Path(path) == locked:  # as for nobody, not even for root
            raise PermissionError(errno.EACCES, "locked", str(path))
        return really_open(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", open_)

    command = ["imap-sync", "--verify", "--json"]
    ended = CliRunner().invoke(mailcli, command, standalone_mode=False)

    (result,) = json.loads(ended.stdout)["accounts"]
    assert (ended.return_value, found(result)) == (74, [])
    assert [each["path"] for each in of(result, "INBOX")["skipped"]] == [str(locked)]


def test_at_a_pipe_only_differences_are_printed(
    run_mailcli: RunMailcli, synced: Path, maildir: Path
) -> None:
    def printed(*args: str) -> CompletedProcess[str]:
        return run_mailcli("imap-sync", "--verify", *args)

    done = printed()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    path = put(synced / "INBOX", "1.a.host", b"Subject: mine\n\n")
    done = printed()
    line = f"home\tINBOX\tmissing_there\t\t{path}\tnew here\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, line, "")
    assert "home: INBOX" in printed("-v").stderr


@pytest.mark.parametrize("option", ["--pull", "--push", "--full", "--allow-mass-delete"])
def test_verify_goes_with_no_option_that_says_what_to_change(
    run_mailcli: RunMailcli, maildir: Path, option: str
) -> None:
    assert run_mailcli("imap-sync", "--verify", option).returncode == 2
