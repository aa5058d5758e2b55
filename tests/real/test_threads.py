"""Threads: by what messages name, as a last resort by subject, whatever comes first."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.local_mail import document, put

Listed = Callable[..., list[Any]]


@pytest.fixture
def inbox(write_config: WriteConfig, home: Path) -> Path:
    """The INBOX of the one account."""
    write_config({"work": {"email": "ada@example.org"}})
    return home / "Mail" / "work" / "INBOX"


@pytest.fixture
def listed(run_mailcli: RunMailcli) -> Listed:
    """Return a function that gives the messages of a list."""

    def messages(*more: str) -> list[Any]:
        done = run_mailcli("list", "--all-folders", "--json", *more)
        assert (done.returncode, done.stderr) == (0, "")
        found: list[Any] = document(done, "list")["messages"]
        return found

    return messages


def mail(name: str, *fields: str, subject: str = "Plans", day: int = 2) -> bytes:
    lines = [
        f"From: {name} <{name}@example.org>",
        f"Subject: {subject}",
        f"Date: Mon, {day:02} Nov 2026 10:00:00 +0100",
        f"Message-ID: <{name}@example.org>",
        *fields,
    ]
    return ("\n".join(lines) + "\n\nbody\n").encode()


def names(*each: str) -> str:
    return " ".join(f"<{name}@example.org>" for name in each)


CHAIN = {
    "a": mail("a", day=2),
    "b": mail("b", f"In-Reply-To: {names('a')}", day=3),
    "c": mail("c", f"References: {names('a', 'b')}", day=4),
}


@pytest.mark.parametrize("order", list(permutations("abc")), ids="".join)
def test_a_thread_is_one_whatever_comes_first(
    inbox: Path, listed: Listed, order: tuple[str, ...]
) -> None:
    for place, name in enumerate(order):
        put(inbox, f"{place}.{name}.host", CHAIN[name])
        listed()

    found = listed("--threads")

    assert [(each["from"][0]["name"], each["depth"]) for each in found] == [
        ("a", 0),
        ("b", 1),
        ("c", 2),
    ]
    assert {each["thread"] for each in found} == {"t1"}


def test_a_thread_keeps_its_name_when_its_first_message_and_the_index_are_gone(
    inbox: Path, listed: Listed, home: Path
) -> None:
    for place, name in enumerate("abc"):
        put(inbox, f"{place}.{name}.host", CHAIN[name])
    listed()
    (inbox / "new" / "0.a.host").unlink()
    for each in (home / ".cache" / "mailcli").glob("index.db*"):
        each.unlink()

    assert [each["thread"] for each in listed()] == ["t1", "t1"]


@pytest.mark.parametrize(
    "field",
    [
        f"In-Reply-To: Your message of Monday {names('a')} and others",
        f"In-Reply-To: {names('nobody')} {names('a')}",
        "In-Reply-To: a@example.org",
        f"References: {names('gone', 'a', 'lost')}",
        "References: <a@example.org><x@example.org",
        f"REFERENCES:\n {names('a')}",
    ],
)
def test_what_a_message_names_is_found_however_it_is_written(
    inbox: Path, listed: Listed, field: str
) -> None:
    put(inbox, "1.a.host", mail("a"))
    put(inbox, "2.b.host", mail("b", field, subject="Something else"))

    assert len({each["thread"] for each in listed()}) == 1


@pytest.mark.parametrize(
    ("subject", "day", "is_joined"),
    [
        pytest.param("Re: Plans", 20, True, id="a reply"),
        pytest.param("AW: [list] plans", 20, True, id="in German, to a list"),
        pytest.param("Sv: Re[2]: Plans", 20, True, id="in Swedish, of a reply"),
        pytest.param("Plans", 20, False, id="no reply"),
        pytest.param("Fwd: Plans", 20, False, id="a forwarded one"),
        pytest.param("Re: Planes", 20, False, id="another subject"),
        pytest.param("Re: Plans", 1, False, id="written before"),
        pytest.param("Re:", 20, False, id="no subject"),
    ],
)
@pytest.mark.parametrize("is_first", [True, False], ids=["reply last", "reply first"])
def test_a_reply_that_names_nothing_joins_by_its_subject(
    inbox: Path, listed: Listed, subject: str, day: int, is_joined: bool, is_first: bool
) -> None:
    steps = [("1.a.host", mail("a")), ("2.b.host", mail("b", subject=subject, day=day))]
    for name, raw in steps if is_first else reversed(steps):
        put(inbox, name, raw)
        listed()

    assert (len({each["thread"] for each in listed()}) == 1) is is_joined


def test_messages_that_name_one_another_in_a_circle_are_a_thread_all_the_same(
    inbox: Path, listed: Listed
) -> None:
    put(inbox, "1.a.host", mail("a", f"References: {names('c')}"))
    put(inbox, "2.b.host", mail("b", f"References: {names('a')}"))
    put(inbox, "3.c.host", mail("c", f"References: {names('b')}"))

    found = listed("--threads")

    assert {each["from"][0]["name"] for each in found} == {"a", "b", "c"}
    assert [each["depth"] for each in found] == [0, 1, 2]


def test_the_thread_with_the_newest_message_stands_first_and_pages_hold_threads(
    inbox: Path, listed: Listed
) -> None:
    put(inbox, "1.a.host", mail("a", day=2))
    put(inbox, "2.x.host", mail("x", day=3, subject="Other"))
    put(inbox, "3.b.host", mail("b", f"In-Reply-To: {names('a')}", day=4))

    def shown(*more: str) -> list[str]:
        return [each["from"][0]["name"] for each in listed("--threads", *more)]

    assert shown() == ["a", "b", "x"]
    assert shown("--limit", "1") == ["a", "b"]
    assert shown("--limit", "1", "--page", "2") == ["x"]
    assert shown("--limit", "1", "--page", "3") == []


def test_a_thread_is_shown_as_a_tree_with_its_subject_once(
    run_mailcli: RunMailcli, inbox: Path
) -> None:
    for place, name in enumerate("abc"):
        put(inbox, f"{place}.{name}.host:2,S", CHAIN[name])

    done = run_mailcli("list", "--threads", "-o", "table")

    subjects = done.stdout.splitlines()[1:]
    assert [line.count("Plans") for line in subjects] == [1, 0, 0]
    assert [line.count("└") for line in subjects] == [0, 1, 1]
    assert subjects[2].index("└") - subjects[1].index("└") == 2
