"""`mailcli list` on Maildirs as they are found, hostile ones too. No server, no account needed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.local_mail import document, failure, put, snapshot


@pytest.fixture
def inbox(write_config: WriteConfig, home: Path) -> Path:
    """The INBOX of the one account, which has no server at all; not made yet."""
    write_config({"work": {"email": "ada@example.org"}})
    return home / "Mail" / "work" / "INBOX"


def mail(number: int, *more: str) -> bytes:
    lines = [
        f"From: Sender {number} <s{number}@example.org>",
        f"Subject: Message {number}",
        f"Date: Mon, {number:02} Nov 2026 10:00:00 +0100",
        *more,
    ]
    return ("\n".join(lines) + "\n\nbody\n").encode()


def subjects(result: object) -> list[str]:
    assert isinstance(result, dict)
    return [each["subject"] for each in result["messages"]]


def test_the_newest_stands_first_whatever_the_files_are_called(
    run_mailcli: RunMailcli, inbox: Path
) -> None:
    for number in (2, 9, 1, 5):
        put(inbox, f"{number * 7919 % 100}.x:2,S", mail(number))

    done = run_mailcli("list", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    assert subjects(document(done, "list")) == [f"Message {n}" for n in (9, 5, 2, 1)]


def test_a_message_is_described_in_full(run_mailcli: RunMailcli, inbox: Path) -> None:
    raw = mail(
        3,
        "To: Bob <bob@example.org>, =?utf-8?q?J=C3=BCrgen?= <j@example.org>",
        "Cc: list@example.org",
        "Message-ID: <3@example.org>",
        "Content-Type: multipart/mixed; boundary=x",
    )
    raw += b"--x\n\ntext\n--x\nContent-Type: image/png; name=a.png\n\n--x--\n"
    path = put(inbox, "1.x:2,FRS", raw)

    (found,) = document(run_mailcli("list", "--json"), "list")["messages"]

    assert found == {
        "id": 1,
        "account": "work",
        "folder": "INBOX",
        "date": "2026-11-03T10:00:00+01:00",
        "from": [{"name": "Sender 3", "email": "s3@example.org"}],
        "to": [
            {"name": "Bob", "email": "bob@example.org"},
            {"name": "Jürgen", "email": "j@example.org"},
        ],
        "cc": [{"name": "", "email": "list@example.org"}],
        "subject": "Message 3",
        "flags": ["answered", "flagged", "seen"],
        "keywords": [],
        "size": len(raw),
        "attachments": 1,
        "message_id": "<3@example.org>",
        "thread": "t1",
        "path": str(path),
        "depth": 0,
    }


def test_the_limit_takes_the_newest(run_mailcli: RunMailcli, inbox: Path) -> None:
    for number in range(1, 8):
        put(inbox, f"{number}.x", mail(number))

    assert subjects(document(run_mailcli("list", "--limit", "2", "--json"), "list")) == [
        "Message 7",
        "Message 6",
    ]
    assert len(run_mailcli("list").stdout.splitlines()) == 7, "in a pipe everything"
    assert len(run_mailcli("list", "-o", "jsonl", "--limit", "3").stdout.splitlines()) == 3


def test_an_inbox_that_is_not_there_yet_is_empty(run_mailcli: RunMailcli, inbox: Path) -> None:
    for more in ((), ("--all-folders",)):
        done = run_mailcli("list", *more)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not inbox.parent.exists()


def test_a_folder_that_is_not_there_is_66_and_the_nearest_is_named(
    run_mailcli: RunMailcli, inbox: Path
) -> None:
    put(inbox.parent / "Sent", "1.x", mail(1))

    done = run_mailcli("list", "--folder", "Snet")

    assert (done.returncode, done.stdout) == (66, "")
    assert done.stderr == (
        f"mailcli: work: {inbox.parent}: no folder 'Snet'\nhint: did you mean Sent?\n"
    )


def test_folders_are_listed_apart_or_together(run_mailcli: RunMailcli, inbox: Path) -> None:
    put(inbox, "1.x", mail(1))
    put(inbox.parent / "Work" / "日本語", "2.x", mail(2))

    one = document(run_mailcli("list", "--folder", "Work/日本語", "--json"), "list")
    every = document(run_mailcli("list", "--all-folders", "--json"), "list")

    assert subjects(one) == ["Message 2"]
    assert {(each["folder"], each["subject"]) for each in every["messages"]} == {
        ("INBOX", "Message 1"),
        ("Work/日本語", "Message 2"),
    }


@pytest.mark.parametrize("tree", [False, True])
def test_a_maildir_without_an_account_is_listed(
    run_mailcli: RunMailcli, home: Path, tree: bool
) -> None:
    folder = home / "old" / "Archive" if tree else home / "old"
    put(folder, "1.x", mail(1))
    args = ("--folder", "Archive") if tree else ()

    done = run_mailcli("list", home / "old", *args, "--json")

    (found,) = document(done, "list")["messages"]
    assert (found["account"], found["folder"]) == (None, "Archive" if tree else "old")


def test_a_path_that_is_no_maildir_is_66(run_mailcli: RunMailcli, home: Path) -> None:
    done = run_mailcli("list", home / "nothing")

    assert done.returncode == 66
    assert done.stderr == f"mailcli: {home}/nothing: no such file\n"


def test_an_empty_file_is_an_mbox_without_messages(run_mailcli: RunMailcli, home: Path) -> None:
    (home / "ada").touch()

    listed, read = run_mailcli("list", home / "ada"), run_mailcli("read", home / "ada")

    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "", "")
    assert (read.returncode, read.stdout) == (66, "")


@pytest.mark.usefixtures("inbox")
@pytest.mark.parametrize("command", [["list"], ["read"], ["import"], ["attachments", "list"]])
def test_a_pipe_is_no_mail_and_is_not_waited_for(
    run_mailcli: RunMailcli, home: Path, command: list[str]
) -> None:
    os.mkfifo(home / "pipe.eml")

    done = run_mailcli(*command, home / "pipe.eml")

    assert done.returncode == 65
    assert "neither a file nor a directory" in done.stderr


HOSTILE = {
    "no-header": b"just text\n",
    "empty": b"",
    "no-colon": b"Subject\nFrom\n\n",
    "binary": bytes(range(256)) * 20,
    "esc": b'Subject: \x1b[31mred\x1b]0;title\x07\nFrom: "\x1b[2J" <a@b>\n\n',
    "c1-bidi": "Subject: \x9b31m \u202egnp.exe\u200b\n\n".encode(),
    "bad-base64": b"Subject: =?utf-8?b?!!!?= =?nonsense?q?x?=\n\n",
    "nul": b"Subject: a\0b\nDate: \0\n\n",
    "dates": b"Date: Mon, 99 Foo 9999999 99:99:99 +9999\nSubject: d\n\n",
    "year-0": b"Date: Mon, 01 Jan 0001 00:00:00 +1400\nSubject: d\n\n",
    "nested": b"To: " + b"(" * 5000 + b"\nSubject: n\n\n",
    "addresses": b'From: @,;<>:"\\\nTo: ,,,\nCc: =?x?=\n\n',
    "huge": b"Subject: " + b"x" * 3_000_000 + b"\n\n",
    "endless": b"X: y\n" * 200_000,
    "cr": b"Subject: one\rSubject: two\r\rbody",
    "tab-forgery": b"Subject: a\tb\n\tc\r\n d\n\n",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=list(HOSTILE))
def test_no_header_can_stop_or_steer_the_listing(
    run_mailcli: RunMailcli, inbox: Path, raw: bytes
) -> None:
    put(inbox, "1.x", raw)
    put(inbox, "2.x:2,S", mail(2))

    table, tsv, json_ = (run_mailcli("list", "-o", kind) for kind in ("table", "tsv", "json"))

    for done in (table, tsv, json_):
        assert (done.returncode, done.stderr) == (0, "")
        assert not set(done.stdout) & set("\x1b\x07\x9b\u202e\u200b\0\r")
    assert len(document(json_, "list")["messages"]) == 2
    assert [line.count("\t") for line in tsv.stdout.splitlines()] == [15, 15]
    assert len(table.stdout.splitlines()) == 3
    assert max(map(len, table.stdout.splitlines())) <= 100


_FAILING_DISK = """
import errno, os, sys
read = os.open
def open_(path, *args, **options):
    if str(path).endswith("1.x"):
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
    return read(path, *args, **options)
os.open = open_
from mailcli.__main__ import main
main()
"""


def test_a_file_that_cannot_be_read_is_told_beside_the_others(
    mailcli_env: dict[str, str], inbox: Path
) -> None:
    unreadable = put(inbox, "1.x", mail(1))
    put(inbox, "2.x", mail(2))

    # Root may read whatever its mode is, so that only the disk can refuse.
    done = subprocess.run(
        [sys.executable, "-c", _FAILING_DISK, "list", "--json"],
        env=mailcli_env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 74
    assert subjects(document(done, "list")) == ["Message 2"]
    assert failure(done)["message"] == f"{unreadable}: Input/output error"


def test_what_is_no_message_is_passed_over(run_mailcli: RunMailcli, inbox: Path) -> None:
    put(inbox, "1.x", mail(1))
    inbox.joinpath("cur", ".hidden").write_bytes(mail(2))
    inbox.joinpath("cur", "directory").mkdir()
    inbox.joinpath("cur", "link").symlink_to("/etc/passwd")
    os.mkfifo(inbox / "new" / "fifo")

    done = run_mailcli("list", "--json")

    assert done.returncode == 0
    assert subjects(document(done, "list")) == ["Message 1"]


def test_listing_changes_nothing_in_the_maildir(
    run_mailcli: RunMailcli, inbox: Path, home: Path
) -> None:
    put(inbox, "1.x", mail(1))
    before = snapshot(home / "Mail")

    run_mailcli("list", "--all-folders")

    assert snapshot(home / "Mail") == before


def test_of_several_accounts_one_that_fails_stops_no_other(
    run_mailcli: RunMailcli, write_config: WriteConfig, home: Path
) -> None:
    write_config({"one": {"email": "a@b.example"}, "two": {"email": "c@d.example"}})
    put(home / "Mail" / "two" / "Sent", "1.x", mail(1))

    done = run_mailcli("list", "--all-accounts", "--folder", "Sent", "--json")

    result = document(done, "list")
    assert done.returncode == 66
    assert subjects(result) == ["Message 1"]
    assert [each["account"] for each in result["errors"]] == ["one"]
    assert failure(done)["account"] == "one"


@pytest.mark.parametrize(
    "command", [("list", "--folder", "Sent"), ("search", "engines")], ids=" ".join
)
def test_of_what_one_wrote_oneself_people_see_to_whom(
    run_mailcli: RunMailcli, write_config: WriteConfig, home: Path, command: tuple[str, ...]
) -> None:
    write_config({"work": {"email": "ada@example.org", "aliases": ["countess@example.org"]}})
    sent = home / "Mail" / "work" / "Sent"
    for number, (writer, field) in enumerate(
        {
            "Ada <Ada@example.org>": "To: Bob <bob@example.org>",
            "countess@example.org": "Cc: carol@example.org",
            "ada@example.org": "Bcc: dave@example.org",
            "Bob <b@example.org>": "To: ada@example.org",
        }.items()
    ):
        date = f"{9 - number} Nov 2026 10:00 +0000"
        text = f"From: {writer}\n{field}\nSubject: engines\nDate: {date}\n\n"
        put(sent, f"{number}.x:2,S", text.encode())

    table = run_mailcli(*command, "-o", "table").stdout.splitlines()
    listed = document(run_mailcli(*command, "--json"), "list")["messages"]

    shown = [line.removesuffix("engines").rstrip().rpartition("  ")[2] for line in table[-4:]]
    assert shown == ["To: Bob", "To: carol@example.org", "ada@example.org", "Bob"]
    assert [each["from"][0]["name"] for each in listed] == ["Ada", "", "", "Bob"]
    assert "own" not in listed[0]
