"""`mailcli list`: which messages, how many, from where, and how they look."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from tests.conftest import RunMailcli, WriteConfig
from tests.support.local_mail import document, put, snapshot

from mailcli.app.listing import Wanted, list_messages
from mailcli.cli.command import Common
from mailcli.cli.runtime import Runtime
from mailcli.store import keyword_file
from mailcli.store.keyword_file import read_letters
from mailcli.store.keywords import KeywordLetters

Listed = Callable[..., list[str]]


@pytest.fixture
def inbox(write_config: WriteConfig, home: Path) -> Path:
    """The INBOX of the one account, with five messages."""
    write_config({"work": {"email": "ada@example.org"}})
    inbox = home / "Mail" / "work" / "INBOX"
    put(inbox, "1.x.host", mail(1, "Ada Lovelace <ada@example.org>"))
    put(inbox, "2.x.host:2,F", mail(2, "=?utf-8?q?J=C3=BCrgen?= <j@example.net>"))
    put(inbox, "3.x.host:2,FS", mail(3, "Bob <bob@mail.example.org>"))
    put(inbox, "4.x.host:2,RS", mail(4, "王小明 <wang@example.cn>"))
    put(inbox, "5.x.host:2,DS", mail(5, '"Lovelace, Ada" <al@example.com>'))
    return inbox


@pytest.fixture
def listed(run_mailcli: RunMailcli) -> Listed:
    """Return a function that gives the subjects of a list."""

    def subjects(*more: str | Path) -> list[str]:
        done = run_mailcli("list", "--json", *more)
        assert (done.returncode, done.stderr) == (0, "")
        return [each["subject"] for each in document(done, "list")["messages"]]

    return subjects


def mail(number: int, sender: str = "Bob <bob@example.org>") -> bytes:
    return (
        f"From: {sender}\nSubject: Message {number}\nDate: {number} Nov 2026 10:00:00 +0100\n"
        f"Message-ID: <{number}@example.org>\n\nbody\n"
    ).encode()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], "54321"),
        (["--unread"], "21"),
        (["--flagged"], "32"),
        (["--unread", "--flagged"], "2"),
        (["--from", "ada"], "51"),
        (["--from", "LOVEL"], "51"),
        (["--from", "jurgen"], "2"),
        (["--from", "bob@mail.example.org"], "3"),
        (["--from", "小明"], "4"),
        (["--from", 'nobody" OR "ada'], ""),
        (["--from", "a* OR b"], ""),
        (["--limit", "2"], "54"),
        (["--limit", "2", "--page", "2"], "32"),
        (["--limit", "2", "--page", "4"], ""),
        (["--page", "1"], "54321"),
    ],
    ids=str,
)
def test_a_list_can_be_narrowed(
    inbox: Path, listed: Listed, options: list[str], expected: str
) -> None:
    assert "".join(subject[-1] for subject in listed(*options)) == expected


def test_a_maildir_an_mbox_and_a_message_are_listed_without_an_account(
    inbox: Path, listed: Listed, home: Path, tmp_path: Path
) -> None:
    message = tmp_path / "one.eml"
    message.write_bytes(mail(7))
    mbox = tmp_path / "old"
    mbox.write_bytes(b"From x\n" + mail(8) + b"\nFrom y\n" + mail(9) + b"\n")
    before = snapshot(tmp_path)

    assert listed(inbox, "--flagged") == ["Message 3", "Message 2"]
    assert listed(inbox.parent, "--unread") == ["Message 2", "Message 1"]
    assert listed(message) == ["Message 7"]
    assert listed(mbox) == ["Message 9", "Message 8"]
    assert snapshot(tmp_path) == before
    assert not (home / ".cache" / "mailcli" / "index.db").exists()
    assert not (home / ".local").exists()


def test_a_list_of_a_maildir_needs_no_configuration(
    run_mailcli: RunMailcli, home: Path, tmp_path: Path
) -> None:
    put(tmp_path / "box", "1.x", mail(1))

    done = run_mailcli("list", tmp_path / "box", "--json")

    assert done.returncode == 0
    (found,) = document(done, "list")["messages"]
    assert (found["id"], found["account"], found["folder"]) == (None, None, "box")


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_table_fits_any_terminal_whatever_stands_in_it(
    run_mailcli: RunMailcli, inbox: Path, mailcli_env: dict[str, str], width: int
) -> None:
    put(inbox, "6.x.host", mail(6).replace(b"Message 6", "日本語の件名 ".encode() * 30))
    mailcli_env["COLUMNS"] = str(width)

    lines = run_mailcli("list", "-o", "table").stdout.splitlines()

    assert len(lines) == 7
    assert max(map(cell_len, lines)) <= width
    assert lines[1].endswith("…")


def test_marks_say_everything_without_colour(run_mailcli: RunMailcli, inbox: Path) -> None:
    raw = mail(6).replace(b"\n\n", b"\nContent-Type: image/png\n\n")
    put(inbox, "6.x.host:2,PS", raw)

    lines = run_mailcli("list", "-o", "table").stdout.splitlines()

    assert [line[4:9].strip() for line in lines[1:]] == ["f @", "D", "r", "!", "● !", "●"]


def test_keywords_are_named_as_their_folder_names_them(
    run_mailcli: RunMailcli, inbox: Path
) -> None:
    (inbox / "dovecot-keywords").write_text("0 $Junk\n1 todo\n")
    put(inbox, "6.x.host:2,Sbz", mail(6))

    found: list[Any] = document(run_mailcli("list", "--json"), "list")["messages"]

    assert found[0]["keywords"] == ["todo"]


@pytest.mark.usefixtures("inbox")
@pytest.mark.parametrize("options", [["--limit", "2"], ["--limit", "2", "--threads"]])
def test_a_page_behind_all_numbers_is_empty(listed: Listed, options: list[str]) -> None:
    assert listed(*options, "--page", "9" * 20) == []


@pytest.mark.usefixtures("inbox")
@pytest.mark.parametrize("options", [[], ["--threads"]])
def test_a_limit_beyond_all_numbers_is_none(listed: Listed, options: list[str]) -> None:
    assert len(listed("--limit", "9" * 20, *options)) == 5


def test_letters_that_cannot_be_read_keep_nobody_from_reading_mail(
    run_mailcli: RunMailcli, inbox: Path
) -> None:
    (inbox / "dovecot-keywords").symlink_to("nothing")
    put(inbox, "6.x.host:2,Sb", mail(6))

    listed, read = run_mailcli("list", "--json"), run_mailcli("read", "6")

    assert [each["keywords"] for each in document(listed, "list")["messages"]] == [[]] * 6
    assert (listed.returncode, listed.stderr) == (0, "")
    assert (read.returncode, read.stderr) == (0, "")


def test_letters_are_read_once_for_a_list(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (inbox / "dovecot-keywords").write_text("0 todo\n")
    for number in (6, 7, 8):
        put(inbox, f"{number}.x.host:2,Sa", mail(number))
    context = Runtime(Common()).context
    reads: list[str] = []

    def counted(path: str) -> KeywordLetters:
        reads.append(path)
        return read_letters(path)

    monkeypatch.setattr(keyword_file, "read_letters", counted)

    result = list_messages(
        context, [context.account(None)], folder="INBOX", wanted=Wanted(limit=3)
    )

    assert [each.keywords for each in result.messages] == [("todo",)] * 3
    assert len(reads) == 1
