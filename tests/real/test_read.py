"""`mailcli read` on Maildirs and files: what is shown, and what becomes of the messages."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.local_mail import document, failure, letters, mail_files, put, snapshot

MESSAGE = (
    b"Authentication-Results: mx.example.org; dmarc=pass header.from=example.com\n"
    b"Received: from a by mx.example.org; Tue, 3 Nov 2026 10:00:00 +0100\n"
    b"From: Ada <ada@example.com>\nTo: bob@example.org\nSubject: Engines\n"
    b"Date: Tue, 03 Nov 2026 10:00:00 +0100\nMessage-ID: <1@example.com>\n"
    b"Content-Type: multipart/mixed; boundary=b\n\n"
    b"--b\nContent-Type: text/plain; charset=utf-8\n\nGr\xc3\xbc\xc3\x9fe\n"
    b"--b\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"
    b"aGVs\nbG8=\n--b--\n"
)


@pytest.fixture
def inbox(write_config: WriteConfig, home: Path) -> Path:
    """The INBOX of the one account, which has no server at all."""
    write_config({"work": {"email": "bob@example.org", "authserv_id": "mx.example.org"}})
    return home / "Mail" / "work" / "INBOX"


def test_a_message_is_shown_and_marked_as_seen(run_mailcli: RunMailcli, inbox: Path) -> None:
    put(inbox, "1.x", MESSAGE)

    done = run_mailcli("read", "last")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "From:     Ada <ada@example.com>\n"
        "To:       bob@example.org\n"
        "Date:     Tue, 3 Nov 2026 09:00 (10:00 +0100 there)\n"
        "Subject:  Engines\n"
        "Folder:   work/INBOX, no. 1\n"
        "✓ Sender verified: it comes from example.com (DMARC pass, says mx.example.org)\n"
        "\n"
        "Grüße\n"
        "\n"
        "1 attachment\n"
        "  2  a.pdf  (application/pdf, 5 B)\n"
    )
    (path,) = mail_files(inbox)
    assert (path.parent.name, letters(path)) == ("cur", "S")


def test_other_flags_stay_as_they_are(run_mailcli: RunMailcli, inbox: Path) -> None:
    put(inbox, "1.x:2,FRa", MESSAGE)

    run_mailcli("read", "1")

    assert letters(mail_files(inbox)[0]) == "FRSa"


@pytest.mark.parametrize(
    "options", [("--json",), ("--raw",), ("--part", "2"), ("--html",), ("--headers",)]
)
def test_however_it_is_read_it_is_seen_unless_peeked_at(
    run_mailcli: RunMailcli, inbox: Path, options: tuple[str, ...]
) -> None:
    put(inbox, "1.x", MESSAGE)

    assert run_mailcli("read", "last", *options, "--peek").returncode == 0
    assert letters(mail_files(inbox)[0]) == ""
    assert run_mailcli("read", "last", *options).returncode == 0
    assert letters(mail_files(inbox)[0]) == "S"


def test_a_message_given_by_its_path_is_never_changed(
    run_mailcli: RunMailcli, inbox: Path, home: Path
) -> None:
    ours = put(inbox, "1.x", MESSAGE)
    other = put(home / "old", "2.x", MESSAGE)
    run_mailcli("list")
    before = snapshot(home / "Mail"), snapshot(home / "old")

    for path in (ours, other, os.path.relpath(ours, home)):
        assert run_mailcli("read", path, "--json").returncode == 0
    assert run_mailcli("read", "-", stdin=f"{ours}\n").returncode == 0

    assert (snapshot(home / "Mail"), snapshot(home / "old")) == before


def test_a_file_needs_no_account_and_no_configuration(run_mailcli: RunMailcli, home: Path) -> None:
    path = home / "message.eml"
    path.write_bytes(MESSAGE)

    done = run_mailcli("read", path, "--json")

    found = document(done, "read")
    assert (found["id"], found["account"], found["text"]) == (None, None, "Grüße\n")
    assert found["authentication"]["verdict"] == "unknown"
    assert sorted(each.name for each in home.iterdir() if each.name[0] != ".") == ["message.eml"]


def test_json_has_all_that_is_known(run_mailcli: RunMailcli, inbox: Path) -> None:
    path = put(inbox, "1.x:2,F", MESSAGE)

    found = document(run_mailcli("read", "1", "--json"), "read")

    parts = found.pop("parts")
    headers = found.pop("headers")
    assert found == {
        "schema": 1,
        "id": 1,
        "account": "work",
        "folder": "INBOX",
        "date": "2026-11-03T10:00:00+01:00",
        "from": [{"name": "Ada", "email": "ada@example.com"}],
        "to": [{"name": "", "email": "bob@example.org"}],
        "cc": [],
        "subject": "Engines",
        "flags": ["flagged"],
        "keywords": [],
        "size": len(MESSAGE),
        "attachments": [{"part": "2", "name": "a.pdf", "type": "application/pdf", "size": 5}],
        "message_id": "<1@example.com>",
        "thread": found["thread"],
        "path": str(path),
        "depth": 0,
        "text": "Grüße\n",
        "html": None,
        "authentication": {
            "spf": None, "dkim": None, "dmarc": "pass", "by": "mx.example.org",
            "verdict": "verified",
        },
        "signatures": [],
        "warnings": [],
    }  # fmt: skip
    assert headers[2] == ["From", "Ada <ada@example.com>"]
    assert [each["part"] for each in parts[0]["parts"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("selectors", "alone"),
    [
        (["1"], True),
        (["last"], True),
        (["1", "2"], False),
        (["1-1"], False),
        (["1-2"], False),
        (["mid:<1@example.com>"], False),
        (["from:ada"], False),
        (["1", "--thread"], False),
    ],
    ids=str,
)
def test_the_form_of_json_depends_on_the_command_line_alone(
    run_mailcli: RunMailcli, inbox: Path, selectors: list[str], alone: bool
) -> None:
    put(inbox, "1.x", MESSAGE)
    put(inbox, "2.x", b"From: c@example.org\nSubject: other\nMessage-ID: <2@x>\n\nhello\n")

    found = document(run_mailcli("read", *selectors, "--json"), "read")

    assert ("messages" not in found) is alone
    assert len(found.get("messages", [1])) == (2 if selectors in (["1", "2"], ["1-2"]) else 1)


def test_jsonl_has_a_line_for_each_message(run_mailcli: RunMailcli, inbox: Path) -> None:
    put(inbox, "1.x", MESSAGE)
    put(inbox, "2.x", MESSAGE)

    lines = run_mailcli("read", "1-2", "-o", "jsonl").stdout.splitlines()

    assert [json.loads(line)["id"] for line in lines] == [1, 2]


def test_tsv_has_a_record_for_each_message(run_mailcli: RunMailcli, inbox: Path) -> None:
    put(inbox, "1.x", MESSAGE)

    (line,) = run_mailcli("read", "1", "-o", "tsv").stdout.splitlines()

    assert line.split("\t")[-5:] == ["", "", "pass", "mx.example.org", "Grüße"]


def test_raw_and_parts_are_exact_in_a_pipe(run_mailcli: RunMailcli, home: Path) -> None:
    path = home / "m.eml"
    odd = MESSAGE + b"\x1b[2J\xff\r\n\0"
    path.write_bytes(odd)

    raw = run_mailcli("read", path, "--raw").stdout
    assert raw.encode("utf-8", "surrogateescape") == odd
    assert run_mailcli("read", path, "--part", "2").stdout == "hello"
    assert run_mailcli("read", path, "--part", "1").stdout == "Grüße"


def test_a_part_that_is_not_there_is_66_and_names_those_that_are(
    run_mailcli: RunMailcli, home: Path
) -> None:
    path = home / "m.eml"
    path.write_bytes(MESSAGE)

    done = run_mailcli("read", path, "--part", "7")

    assert done.returncode == 66
    assert done.stderr == f"mailcli: {path}: no part 7\nhint: there are: 1, 2\n"


@pytest.mark.parametrize("selector", ["99", "mid:<no@such.test>", "/no/such.eml", "last"])
def test_what_is_not_there_is_66(run_mailcli: RunMailcli, inbox: Path, selector: str) -> None:
    done = run_mailcli("read", selector, "--json")

    assert (done.returncode, done.stdout) == (66, "")
    assert selector in failure(done)["message"]


@pytest.mark.parametrize(
    "options",
    [
        ("--raw", "--html"),
        ("--raw", "--json"),
        ("--part", "1", "--thread"),
        ("--html", "-o", "tsv"),
    ],
)
def test_forms_that_contradict_each_other_are_refused(
    run_mailcli: RunMailcli, inbox: Path, options: tuple[str, ...]
) -> None:
    put(inbox, "1.x", MESSAGE)

    assert run_mailcli("read", "1", *options).returncode == 2
    assert letters(mail_files(inbox)[0]) == ""


def reply(number: int, text: str) -> bytes:
    return (
        f"From: Carol <c@example.org>\nSubject: Re: Engines\nMessage-ID: <{number}@x>\n"
        f"In-Reply-To: <{number - 1}@x>\nReferences: <1@example.com> <{number - 1}@x>\n"
        f"Date: Wed, {number:02} Nov 2026 12:00:00 +0000\n\n{text}\n"
    ).encode()


def test_a_thread_is_shown_in_order_with_older_messages_in_short(
    run_mailcli: RunMailcli, inbox: Path
) -> None:
    put(inbox, "3.x", reply(6, "third\n> first quoted"))
    put(inbox, "1.x", MESSAGE)
    put(inbox.parent / "Sent", "2.x:2,S", reply(5, "second"))

    short = run_mailcli("read", "mid:<6@x>", "--thread", "-o", "table").stdout
    whole = run_mailcli("read", "mid:<6@x>", "--thread", "--no-fold", "-o", "table").stdout
    machine = document(run_mailcli("read", "mid:<6@x>", "--thread", "--json"), "read")

    assert [each["message_id"] for each in machine["messages"]] == [
        "<1@example.com>", "<5@x>", "<6@x>"
    ]  # fmt: skip
    assert short.count("Subject:") == 1
    assert [short.index(text) for text in ("Grüße", "second", "third")] == sorted(
        short.index(text) for text in ("Grüße", "second", "third")
    )
    assert whole.count("Subject:") == 3


def test_only_what_was_read_whole_is_seen(run_mailcli: RunMailcli, inbox: Path) -> None:
    put(inbox, "1.x", MESSAGE)
    put(inbox, "2.x", reply(5, "second"))

    run_mailcli("read", "mid:<5@x>", "--thread", "-o", "table")

    assert [letters(path) for path in mail_files(inbox)] == ["", "S"]


def test_quotations_fold_at_a_terminal_alone(run_mailcli: RunMailcli, home: Path) -> None:
    path = home / "m.eml"
    quoted = "".join(f"> line {n}\n" for n in range(9))
    path.write_bytes(b"From: a@example.org\n\nMine.\n" + quoted.encode() + b"Mine too.\n")

    assert "[9 quoted lines]" in run_mailcli("read", path, "-o", "table").stdout
    assert "> line 8\n" in run_mailcli("read", path, "-o", "table", "--no-fold").stdout
    assert "> line 8\n" in run_mailcli("read", path).stdout


def test_html_is_written_for_the_browser_without_anything_that_loads(
    run_mailcli: RunMailcli, home: Path
) -> None:
    path = home / "m.eml"
    path.write_bytes(
        b"From: a@example.org\nContent-Type: multipart/related; boundary=b\n\n--b\n"
        b"Content-Type: text/html\n\n<p onclick=x()>hi<script>x()</script>"
        b'<img src="cid:i@x"><img src="http://t.test/p.png">\n--b\n'
        b"Content-Type: image/png\nContent-ID: <i@x>\nContent-Transfer-Encoding: base64\n\n"
        b"cG5n\n--b--\n"
    )
    seen = home / "seen"
    browser = home / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {seen}.new && mv {seen}.new {seen}\n')
    browser.chmod(0o700)

    printed = run_mailcli("read", path, "--html").stdout.strip()
    page = Path(printed).read_text("utf-8")

    assert "data:image/png;base64,cG5n" in page
    assert not [word for word in ("onclick", "<script", "t.test") if word in page]
    assert Path(printed).stat().st_mode & 0o077 == 0
    done = run_mailcli("read", path, "--html", env={"BROWSER": str(browser)})
    assert (done.returncode, done.stdout) == (0, "")


def test_a_message_without_html_is_a_page_of_its_text(run_mailcli: RunMailcli, home: Path) -> None:
    path = home / "m.eml"
    path.write_bytes(b"From: a@example.org\n\n1 < 2 & <b>\n")

    page = Path(run_mailcli("read", path, "--html").stdout.strip()).read_text("utf-8")

    assert "1 &lt; 2 &amp; &lt;b&gt;" in page


MEGABYTE = 1_000_000
FLAT = 60_000
"""kB of memory that any message may take."""


@pytest.mark.parametrize(
    "form", [("--json",), ("-o", "table"), ("--raw",), ("--part", "2")], ids=str
)
@pytest.mark.parametrize("large", ["attachment", "text"])
def test_a_message_of_any_size_is_read_in_flat_memory(
    mailcli_env: dict[str, str], home: Path, form: tuple[str, ...], large: str
) -> None:
    path = home / "large.eml"
    with path.open("wb") as file:
        file.write(b"From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n")
        line = "Zeile für Zeile, und immer so weiter.\n".encode()
        file.write(line * (100 * MEGABYTE // len(line) if large == "text" else 1))
        file.write(b"--b\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\n")
        for _ in range(100 if large == "attachment" else 0):
            file.write((b"QUJD" * 19 + b"\n") * (MEGABYTE // 77))
        file.write(b"--b--\n")

    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, "read", path, *form],
        env=mailcli_env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
    )

    assert int(done.stderr) < FLAT


# What `getrusage` has counts the process that started this one, too.
_MEASURED = """
import re, sys
sys.argv = ["mailcli", *sys.argv[1:]]
from mailcli.__main__ import main
try:
    main()
finally:
    with open("/proc/self/status") as file:
        print(re.search("VmHWM: *([0-9]+)", file.read().replace("\\t", ""))[1], file=sys.stderr)
"""


def test_a_command_that_is_named_can_be_given_to_a_shell(
    run_mailcli: RunMailcli, inbox: Path, tmp_path: Path
) -> None:
    path = tmp_path / "it's; touch x $(touch y).eml"
    path.write_bytes(
        b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nnot shown\n"
    )

    done = run_mailcli("read", str(path))

    (line,) = (each for each in done.stdout.splitlines() if each.startswith("encrypted (S/MIME)"))
    words = shlex.split(line.partition(": ")[2].partition(" | ")[0])
    assert words == ["mailcli", "read", str(path), "--part", "1"]
