"""`mailcli search --server` on a real Dovecot: what IMAP finds, shown as `list` shows it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.local_mail import document, failure, snapshot

TODAY = "Wed, 25 Nov 2026 10:00:00 +0000"


def mail(subject: str, *more: str, body: str = "text", date: str = TODAY) -> bytes:
    head = ["From: Ada Lovelace <ada@example.org>", f"Subject: {subject}", f"Date: {date}", *more]
    return "\r\n".join([*head, "", body, ""]).encode()


@pytest.fixture
def user(write_config: WriteConfig, dovecot: Dovecot, account_user: str) -> str:
    """The user of the one account; four messages in two folders, nothing of it here."""
    write_config({"work": account(account_user, imap=dovecot)})
    dovecot.deliver(account_user, mail("Menu", body="Café au lait"), flags=["\\Seen"])
    dovecot.deliver(
        account_user,
        mail("=?utf-8?q?Gr=C3=B6=C3=9Fe?=", "To: bob@example.org", "Message-ID: <2@x>"),
        flags=["\\Flagged", "Todo"],
    )
    dovecot.deliver(account_user, mail("Old", date="Mon, 02 Mar 2020 10:00:00 +0000"))
    dovecot.deliver(account_user, mail("Elsewhere", "List-Id: <dev.x>"), folder="Work/&ZeVnLIqe-")
    return account_user


@pytest.fixture
def found(run_mailcli: RunMailcli) -> Any:
    def run(*query: str) -> list[str]:
        done = run_mailcli("search", "--server", "--json", *query)
        assert done.returncode == 0, done.stderr
        return [each["subject"] for each in document(done, "list")["messages"]]

    return run


FINDS = {
    "a part of a word": (("enu",), ["Menu"]),
    "text outside ASCII": (("café",), ["Menu"]),
    "encoded words": (("subject:größe",), ["Größe"]),
    "flags": (("is:unread",), ["Größe", "Old"]),
    "a keyword": (("keyword:todo",), ["Größe"]),
    "who got it": (("to:bob",), ["Größe"]),
    "a Message-ID": (("id:2@x",), ["Größe"]),
    "either": (("subject:menu", "OR", "(is:flagged", "-to:nobody)"), ["Menu", "Größe"]),
    "neither": (("-subject:menu", "-is:flagged"), ["Old"]),
    "a date": (("date:2020",), ["Old"]),
    "a size": (("larger:1M",), []),
    "another folder": (("--folder", "Work/日本語", "elsewhere"), ["Elsewhere"]),
    "a folder of the query": (("folder:work*", "list:dev"), ["Elsewhere"]),
    "all folders": (("--all-folders", "from:ada", "after:2026"), ["Menu", "Größe", "Elsewhere"]),
    "nothing there": (("zzz",), []),
    "the newest by date": (("--limit", "1", "--page", "3", "from:ada"), ["Old"]),
}


@pytest.mark.parametrize(("query", "subjects"), FINDS.values(), ids=list(FINDS))
def test_the_server_finds_what_a_query_asks(
    found: Any, user: str, query: tuple[str, ...], subjects: list[str]
) -> None:
    assert sorted(found(*query)) == sorted(subjects)


def test_a_message_that_is_not_here_is_described_by_its_header(
    run_mailcli: RunMailcli, user: str
) -> None:
    done = run_mailcli("search", "--server", "--json", "is:flagged")

    (only,) = document(done, "list")["messages"]
    assert only == {
        "id": None,
        "account": "work",
        "folder": "INBOX",
        "date": "2026-11-25T10:00:00+00:00",
        "from": [{"name": "Ada Lovelace", "email": "ada@example.org"}],
        "to": [{"name": "", "email": "bob@example.org"}],
        "cc": [],
        "subject": "Größe",
        "flags": ["flagged"],
        "keywords": ["Todo"],
        "size": only["size"],
        "attachments": 0,
        "message_id": "<2@x>",
        "thread": None,
        "path": None,
        "depth": 0,
    }
    assert only["size"] > 100


def test_a_message_that_is_here_is_the_one_that_list_shows(
    run_mailcli: RunMailcli, dovecot: Dovecot, user: str
) -> None:
    assert run_mailcli("imap-sync").returncode == 0
    dovecot.deliver(user, mail("Not here yet"))

    done = run_mailcli("search", "--server", "--all-folders", "--json", "from:ada")

    messages = document(done, "list")["messages"]
    listed = document(run_mailcli("list", "--all-folders", "--json"), "list")["messages"]
    assert len(listed) == 4
    assert [each for each in messages if each["id"] is not None] == listed
    assert [each["subject"] for each in messages if each["id"] is None] == ["Not here yet"]


def test_asking_changes_nothing_on_either_side(
    run_mailcli: RunMailcli, dovecot: Dovecot, user: str, home: Path
) -> None:
    run_mailcli("imap-sync")
    before, here = dovecot.flags(user), snapshot(home / "Mail")

    assert run_mailcli("search", "--server", "--all-folders", "text").returncode == 0

    assert (dovecot.flags(user), snapshot(home / "Mail")) == (before, here)


@pytest.mark.parametrize("form", ["table", "tsv"])
def test_a_message_that_is_not_here_has_a_line_without_a_number(
    run_mailcli: RunMailcli, user: str, form: str
) -> None:
    done = run_mailcli("search", "--server", "-o", form, "is:flagged")

    assert (done.returncode, done.stderr) == (0, "")
    assert "Größe" in done.stdout
    assert "None" not in done.stdout


def test_what_cannot_be_asked_is_told(run_mailcli: RunMailcli, user: str) -> None:
    done = run_mailcli("search", "--server", "has:attachment", "OR", "file:x")

    assert done.returncode == 0
    assert done.stderr.count("mailcli: warning: search --server: ") == 2


def test_a_folder_that_the_server_has_not_is_named(run_mailcli: RunMailcli, user: str) -> None:
    done = run_mailcli("search", "--server", "--folder", "Wrk", "x", "--json")

    assert done.returncode == 66
    assert failure(done)["account"] == "work"


def test_nothing_found_there_is_66_where_asked(run_mailcli: RunMailcli, user: str) -> None:
    assert run_mailcli("search", "--server", "--fail-empty", "zzz").returncode == 66


def test_one_server_that_fails_stops_no_other(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    dovecot: Dovecot,
    new_user: Callable[[], str],
) -> None:
    gone = account(new_user(), imap=dovecot)
    gone["imap"]["port"] = 1
    good_user = new_user()
    write_config({"gone": gone, "good": account(good_user, imap=dovecot)})
    dovecot.deliver(good_user, mail("Here"))

    done = run_mailcli("search", "--server", "--all-accounts", "--json", "here")

    result = document(done, "list")
    assert done.returncode == 75
    assert [each["account"] for each in result["messages"]] == ["good"]
    assert [each["account"] for each in result["errors"]] == ["gone"]


def test_an_account_that_the_query_excludes_is_not_even_reached(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    dovecot: Dovecot,
    new_user: Callable[[], str],
) -> None:
    gone = account(new_user(), imap=dovecot)
    gone["imap"]["port"] = 1
    good_user = new_user()
    write_config({"gone": gone, "good": account(good_user, imap=dovecot)}, default_account="gone")
    dovecot.deliver(good_user, mail("Here"))

    done = run_mailcli("search", "--server", "account:good", "here")

    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


def test_the_trace_shows_the_search(run_mailcli: RunMailcli, user: str) -> None:
    done = run_mailcli("search", "--server", "--trace", "subject:größe")

    assert "UID SEARCH RETURN (ALL) CHARSET UTF-8 SUBJECT {7+}" in done.stderr
