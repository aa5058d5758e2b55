"""`mailcli folders` on a real Dovecot."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.local_mail import document, failure
from tests.support.processes import server_directory

RAW = b"Subject: x\r\n\r\n"


@pytest.fixture
def user(write_config: WriteConfig, dovecot: Dovecot, account_user: str) -> str:
    """The user of the one account, with some mail."""
    write_config({"work": account(account_user, imap=dovecot)})
    dovecot.deliver(account_user, RAW, RAW)
    dovecot.deliver(account_user, RAW, folder="Work/&ZeVnLIqe-", flags=["\\Seen"])
    return account_user


def test_folders_come_with_roles_counts_and_readable_names(
    run_mailcli: RunMailcli, user: str
) -> None:
    done = run_mailcli("folders", "--json")

    result = document(done, "folders")
    found = {each["name"]: each for each in result["folders"]}
    assert (done.returncode, done.stderr, result["errors"]) == (0, "", [])
    assert next(iter(found)) == "INBOX"
    assert found["INBOX"] | {"subscribed": None} == {
        "account": "work",
        "name": "INBOX",
        "delimiter": "/",
        "role": "inbox",
        "subscribed": None,
        "selectable": True,
        "messages": 2,
        "unseen": 2,
        "path": None,
        "size": 2 * len(RAW),
    }
    assert (found["Sent"]["role"], found["Sent"]["subscribed"]) == ("sent", True)
    assert (found["Work/日本語"]["messages"], found["Work/日本語"]["unseen"]) == (1, 0)
    parent = found["Work"]
    assert (parent["selectable"], parent["messages"]) == (False, None)


def test_a_folder_that_is_mirrored_says_where(run_mailcli: RunMailcli, user: str) -> None:
    run_mailcli("imap-sync", "INBOX")

    found = {
        each["name"]: each["path"]
        for each in document(run_mailcli("folders", "--json"), "folders")["folders"]
    }

    assert Path(found["INBOX"]).parts[-3:] == ("Mail", "work", "INBOX")
    assert found["Sent"] is None


def test_asking_for_folders_marks_and_makes_nothing(
    run_mailcli: RunMailcli, dovecot: Dovecot, user: str
) -> None:
    before = dovecot.flags(user)

    assert run_mailcli("folders").returncode == 0

    assert dovecot.flags(user) == before


def test_each_folder_is_one_line_in_a_pipe(run_mailcli: RunMailcli, user: str) -> None:
    lines = run_mailcli("folders").stdout.splitlines()

    assert lines[0].split("\t") == [
        *("work", "INBOX", "/", "inbox", "no", "yes", "2", "2", ""),
        str(2 * len(RAW)),
    ]
    assert {line.count("\t") for line in lines} == {9}


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_table_fits_the_screen(run_mailcli: RunMailcli, user: str, width: int) -> None:
    done = run_mailcli("folders", "-o", "table", env={"COLUMNS": str(width)})

    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert lines[0].split() == ["Folder", "Role", "Messages", "Unread", "Size", "Notes"]
    assert any(line.startswith("Work/日本語 ") for line in lines)


def test_one_account_that_fails_stops_no_other(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    dovecot: Dovecot,
    new_user: Callable[[], str],
) -> None:
    wrong = account(new_user(), imap=dovecot, password_command=["printf", "wrong"])
    gone = account(new_user(), imap=dovecot)
    gone["imap"]["port"] = 1
    good = account(new_user(), imap=dovecot)
    write_config({"wrong": wrong, "gone": gone, "good": good})

    done = run_mailcli("folders", "--all-accounts", "--json")

    result = document(done, "folders")
    assert done.returncode == 77, "the gravest"
    assert {each["account"] for each in result["folders"]} == {"good"}
    assert [(each["account"], each["exit_code"]) for each in result["errors"]] == [
        ("wrong", 77),
        ("gone", 75),
    ]
    assert failure(done) == result["errors"][0]


def test_failures_are_lines_on_stderr_and_folders_on_stdout(
    run_mailcli: RunMailcli, write_config: WriteConfig, dovecot: Dovecot, account_user: str
) -> None:
    gone = account("u1", imap=dovecot)
    gone["imap"]["port"] = 1
    write_config({"gone": gone, "good": account(account_user, imap=dovecot)})

    done = run_mailcli("folders", "--all-accounts")

    assert done.returncode == 75
    assert done.stderr.startswith("mailcli: gone: localhost:1: cannot connect")
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == {"good"}


def test_a_server_without_any_extension_is_asked_folder_by_folder(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    authority: Authority,
    account_user: str,
) -> None:
    with (
        server_directory("plain") as directory,
        running_dovecot(directory, authority, capability="IMAP4rev1 AUTH=PLAIN") as server,
    ):
        write_config({"work": account(account_user, imap=server)})
        server.deliver(account_user, RAW, folder="Work")

        done = run_mailcli("folders", "--json")

    found = {each["name"]: each for each in document(done, "folders")["folders"]}
    assert done.returncode == 0
    assert (found["Work"]["messages"], found["Work"]["unseen"]) == (1, 1)
    assert found["Sent"]["subscribed"] is True


SHARED = """
namespace shared {{
  type = public
  separator = /
  prefix = Shared/
  location = maildir:{directory}/public
  list = {listed}
  subscriptions = no
}}
"""


@pytest.mark.parametrize("listed", ["yes", "no"])
def test_shared_folders_are_listed_even_where_the_server_hides_them(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    authority: Authority,
    account_user: str,
    listed: str,
) -> None:
    with server_directory("shared") as directory:
        extra = SHARED.format(directory=directory, listed=listed)
        with running_dovecot(directory, authority, extra=extra) as server:
            write_config({"work": account(account_user, imap=server)})
            server.deliver(account_user, RAW, folder="Shared/Team")

            done = run_mailcli("folders", "--json")

    found = {each["name"]: each for each in document(done, "folders")["folders"]}
    assert (found["Shared/Team"]["messages"], found["Shared/Team"]["selectable"]) == (1, True)
    assert len(found) == len(document(done, "folders")["folders"])


def test_everything_is_listed_in_one_round_trip_after_the_login(
    run_mailcli: RunMailcli, user: str
) -> None:
    trace = run_mailcli("folders", "--trace").stderr.splitlines()

    logged_in = next(n for n, line in enumerate(trace) if "Logged in" in line)
    talk = [line[:2] for line in trace[logged_in + 1 :] if line[:2] in {"C:", "S:"}]
    turns = [one for one, before in zip(talk, ["S:", *talk], strict=False) if one != before]
    assert turns[:2] == ["C:", "S:"]
    assert turns[2:] == ["C:"], "LOGOUT, whose answer nobody waits for"
