"""`mailcli search` in Maildirs, mboxes and messages as they lie there. No server."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.corpus.writing import header, multi, part
from tests.support.local_mail import document, failure, put, snapshot

TODAY = "Wed, 25 Nov 2026 10:00:00 +0000"


def mail(subject: str, *more: str, body: str = "text", date: str = TODAY) -> bytes:
    head = ["From: Ada Lovelace <ada@example.org>", f"Subject: {subject}", f"Date: {date}", *more]
    return ("\n".join(head) + f"\n\n{body}\n").encode()


@pytest.fixture
def maildir(write_config: WriteConfig, home: Path) -> Path:
    """The Maildir of the one account, which has no server, with four messages."""
    write_config({"work": {"email": "ada@example.org"}})
    root = home / "Mail" / "work"
    put(root / "INBOX", "1.x:2,S", mail("Café menu", "Cc: Bob <bob@example.org>"))
    put(root / "INBOX", "2.x:2,F", mail("Invoice 7", "To: bob@example.org", body="café au lait"))
    put(root / "Lists/Dev", "3.x:2,", mail("Re: [dev] tests", "List-Id: Dev <dev.example.org>"))
    put(
        root / "Lists/Dev", "4.x:2,S", mail("東京都の天気", date="Mon, 02 Mar 2020 10:00:00 +0000")
    )
    return root


@pytest.fixture
def found(run_mailcli: RunMailcli) -> Any:
    def run(*query: str) -> list[str]:
        done = run_mailcli("search", "--json", *query)
        assert (done.returncode, done.stderr) == (0, "")
        return sorted(each["subject"] for each in document(done, "list")["messages"])

    return run


MENU, INVOICE, TESTS, WEATHER = "Café menu", "Invoice 7", "Re: [dev] tests", "東京都の天気"
FINDS: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "an accent less": (("cafe",), [MENU, INVOICE]),
    "an accent more": (("subject:ménu",), [MENU]),
    "the body alone": (("body:lait",), [INVOICE]),
    "two words of one argument": (("cafe menu",), [MENU]),
    "two arguments": (("cafe", "menu"), [MENU]),
    "either": (("menu", "OR", "invoice"), [MENU, INVOICE]),
    "no phrase": (('"menu cafe"',), []),
    "a prefix": (("inv*",), [INVOICE]),
    "a whole address": (("cc:bob@example.org",), [MENU]),
    "who got it": (("to:bob",), [MENU, INVOICE]),
    "characters within a run": (("京都",), [WEATHER]),
    "a key with a hyphen": (("-from:nobody", "-is:read"), [INVOICE, TESTS]),
    "a word with a hyphen": (("is:unread", "-invoice"), [TESTS]),
    "a hyphen behind the end of options": (("--", "-cafe"), [TESTS, WEATHER]),
    "flags": (("is:flagged",), [INVOICE]),
    "a folder's name": (("folder:lists/*", "is:unread"), [TESTS]),
    "a folder by option": (("--folder", "INBOX", "ada"), [MENU, INVOICE]),
    "a list": (("list:dev.example.org",), [TESTS]),
    "a year": (("date:2020",), [WEATHER]),
    "until a year": (("date:..2020",), [WEATHER]),
    "size": (("larger:1M",), []),
    "text that looks like keys": (("Re:", "tests"), [TESTS]),
}


@pytest.mark.parametrize(("query", "subjects"), FINDS.values(), ids=list(FINDS))
def test_a_query_finds_what_it_says(
    found: Any, maildir: Path, query: tuple[str, ...], subjects: list[str]
) -> None:
    assert found(*query) == sorted(subjects)


def test_what_other_programs_do_shows_at_once(found: Any, maildir: Path) -> None:
    assert found("is:flagged") == [INVOICE]
    file = maildir / "INBOX/cur/1.x:2,S"
    file.rename(maildir / "Lists/Dev/cur/1.x:2,FS")
    put(maildir / "INBOX", "9.x", mail("Another"))

    assert found("is:flagged") == [MENU, INVOICE]
    assert found("folder:inbox") == ["Another", INVOICE]


def test_a_keyword_is_found_by_its_letter_in_each_folder(found: Any, maildir: Path) -> None:
    (maildir / "INBOX/dovecot-keywords").write_text("0 Work\n1 todo\n")
    (maildir / "Lists/Dev/dovecot-keywords").write_text("0 todo\n")
    (maildir / "INBOX/cur/2.x:2,F").rename(maildir / "INBOX/cur/2.x:2,Fab")
    (maildir / "Lists/Dev/cur/3.x:2,").rename(maildir / "Lists/Dev/cur/3.x:2,a")

    assert found("keyword:TODO") == [INVOICE, TESTS]
    assert found("keyword:work") == [INVOICE]
    assert found("keyword:none") == []


def test_a_hidden_recipient_and_an_encoded_list_are_found(found: Any, maildir: Path) -> None:
    hidden = mail("Hidden", "Bcc: Eve <eve@example.org>", "List-Id: =?utf-8?q?Caf=C3=A9?= <c.x>")
    put(maildir / "Sent", "1.x:2,S", hidden)

    assert found("to:eve@example.org") == ["Hidden"]
    assert found("cc:eve") == []
    assert found("list:cafe") == ["Hidden"]


def test_the_accounts_that_a_query_names_are_searched(
    run_mailcli: RunMailcli, write_config: WriteConfig, maildir: Path, home: Path
) -> None:
    mine = {"email": "ada@example.org"}
    write_config({"work": mine, "home": mine}, default_account="work")
    put(home / "Mail/home/INBOX", "1.x", mail("Café at home"))

    def found(*query: str) -> list[str]:
        lines = run_mailcli("search", "subject:cafe", *query).stdout.splitlines()
        return [line.split("\t")[1] for line in lines]

    assert found() == ["work"]
    assert found("account:HOME") == ["home"]
    assert sorted(found("account:*")) == ["home", "work"]
    assert found("-A", "work", "account:home") == []


def test_days_are_those_of_the_local_clock(run_mailcli: RunMailcli, maildir: Path) -> None:
    put(maildir / "INBOX", "5.x", mail("Late", date="Sun, 01 Feb 2026 20:00:00 +0000"))

    for zone, day in ("UTC", "2026-02-01"), ("Asia/Tokyo", "2026-02-02"):
        done = run_mailcli("search", f"date:{day}", env={"TZ": zone})
        assert "Late" in done.stdout, zone


def test_the_newest_page_comes_first(run_mailcli: RunMailcli, maildir: Path) -> None:
    for day in range(1, 8):
        date = f"{day:02} Dec 2026 10:00:00 +0000"
        put(maildir / "INBOX", f"d{day}.x", mail(f"Day {day}", date=date))

    done = run_mailcli("search", "--json", "subject:day", "--limit", "3", "--page", "2")

    assert [m["subject"] for m in document(done, "list")["messages"]] == [
        *("Day 4", "Day 3", "Day 2")
    ]


def test_threads_come_whole(run_mailcli: RunMailcli, maildir: Path) -> None:
    put(maildir / "INBOX", "t1.x", mail("Plan", "Message-ID: <1@x>"))
    put(maildir / "INBOX", "t2.x", mail("Re: Plan", "In-Reply-To: <1@x>", body="needle"))

    done = run_mailcli("search", "--json", "--threads", "needle")

    messages = document(done, "list")["messages"]
    assert [(m["subject"], m["depth"]) for m in messages] == [("Plan", 0), ("Re: Plan", 1)]


def test_nothing_found_is_no_error_unless_asked(run_mailcli: RunMailcli, maildir: Path) -> None:
    for more, code in ((), 0), (("--fail-empty",), 66):
        done = run_mailcli("search", "zzz", *more)
        assert (done.returncode, done.stdout, done.stderr) == (code, "", "")
    assert run_mailcli("search", "--fail-empty", "cafe").returncode == 0


def test_what_is_found_selects_messages(run_mailcli: RunMailcli, maildir: Path) -> None:
    lines = run_mailcli("search", "cafe").stdout.splitlines()

    assert sorted(line.split("\t")[0] for line in lines) == ["1", "2"]


def test_a_wrong_query_is_said_with_its_place_before_anything_is_read(
    run_mailcli: RunMailcli, maildir: Path, home: Path
) -> None:
    done = run_mailcli("search", "--json", "a", "from:")

    assert done.returncode == 2
    assert failure(done)["message"] == "search: from: needs a value (at character 3)"
    assert not list(home.rglob("index.db"))


def test_a_folder_that_is_not_there_is_named(run_mailcli: RunMailcli, maildir: Path) -> None:
    done = run_mailcli("search", "--folder", "Lists/Dex", "a", "--json")

    assert done.returncode == 66
    assert "Lists/Dev" in failure(done)["hint"]


# -- mail of no account ------------------------------------------------------------------


MBOX = b"".join(
    b"From ada@example.org Mon Nov  2 10:00:00 2026\n" + mail(f"Letter {number}") + b"\n"
    for number in range(3)
)


@pytest.mark.parametrize("kind", ["folder", "tree", "mbox", "message"])
def test_mail_of_no_account_is_searched_alike_and_left_alone(
    run_mailcli: RunMailcli, tmp_path: Path, kind: str
) -> None:
    place = tmp_path / "there"
    match kind:
        case "folder":
            put(place, "1.x", mail("Letter 1"))
            put(place, "2.x", mail("Other"))
        case "tree":
            put(place / "A", "1.x", mail("Letter 1"))
            put(place / "B", "2.x", mail("Other"))
        case "mbox":
            place.write_bytes(MBOX)
        case _:
            place.write_bytes(mail("Letter 1"))
    before = snapshot(place)

    for args in ("--path", str(place), "letter -0 -2"), (str(place), "letter", "-from:0", "1"):
        done = run_mailcli("search", "--json", *args)
        (only,) = document(done, "list")["messages"]
        assert (only["id"], only["account"], only["subject"]) == (None, None, "Letter 1")
    assert run_mailcli("search", "--path", str(place), "-letter", "-other").stdout == ""
    assert snapshot(place) == before


STUB = part("text/plain", "Your program shows no HTML.\n")
PAGE = part("text/html", "<p>The okapi lives in the forest.</p>")
FOOTER = part("text/plain", "-- \nTo unsubscribe, write to the quagga.\n")
NAMED = part("text/plain; name=notes.txt", "okapi\n")
ATTACHED = ("Content-Disposition: attachment",)
STATUS = "Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; okapi@example.net\n"
READ = {
    "HTML above a list's footer": multi("mixed", PAGE, FOOTER),
    "HTML beside a text that only names it": multi("alternative", STUB, PAGE),
    "HTML of a forwarded message": multi("mixed", FOOTER, part("message/rfc822", PAGE)),
    "HTML of an attached message": multi("mixed", FOOTER, part("message/rfc822", PAGE, *ATTACHED)),
    "a text with a name": NAMED,
    "a text with a name, behind another": multi("mixed", FOOTER, NAMED),
    "the report of a bounce": multi("report", FOOTER, part("message/delivery-status", STATUS)),
}


@pytest.mark.parametrize("body", READ.values(), ids=list(READ))
def test_all_that_is_read_can_be_found(
    run_mailcli: RunMailcli, tmp_path: Path, body: bytes
) -> None:
    letter = tmp_path / "letter.eml"
    letter.write_bytes(header() + body)

    assert len(run_mailcli("search", "--path", letter, "body:okapi").stdout.splitlines()) == 1


@pytest.mark.parametrize("shift", ["", "x", "xx"])
def test_a_long_text_that_nobody_declared_is_found_in(
    run_mailcli: RunMailcli, tmp_path: Path, shift: str
) -> None:
    letter = tmp_path / "letter.eml"
    letter.write_bytes(header() + f"\n{shift}größte {'€' * 400_000}".encode())

    assert len(run_mailcli("search", "--path", letter, f"{shift}größte").stdout.splitlines()) == 1


@pytest.mark.parametrize("before", ["", "Dear Bob,\n\n"], ids=["alone", "behind text"])
def test_a_uuencoded_file_is_an_attachment_for_every_command(
    run_mailcli: RunMailcli, tmp_path: Path, before: str
) -> None:
    letter = tmp_path / "letter.eml"
    letter.write_bytes(header() + f"\n{before}begin 644 cat.txt\n#0V%T\n`\nend\n".encode())

    for query in ("has:attachment", "file:cat.txt"):
        (only,) = document(run_mailcli("search", "--json", "--path", letter, query), "list")[
            "messages"
        ]
        assert only["attachments"] == 1
    (file,) = document(run_mailcli("read", "--json", letter), "read")["attachments"]
    assert (file["part"], file["name"], file["size"]) == ("1.UU1", "cat.txt", 3)
    assert run_mailcli("read", letter, "--part", file["part"]).stdout == "Cat"


def test_a_path_that_is_not_there_is_said(run_mailcli: RunMailcli, tmp_path: Path) -> None:
    done = run_mailcli("search", "--path", str(tmp_path / "nowhere"), "x")

    assert done.returncode == 66
    assert "nowhere" in done.stderr


def test_hostile_words_reach_no_terminal_as_they_are(
    run_mailcli: RunMailcli, maildir: Path
) -> None:
    done = run_mailcli("search", "from:\x1b[31m(")

    assert done.returncode == 2
    assert "\x1b" not in done.stderr


def test_json_lines_are_one_message_each(run_mailcli: RunMailcli, maildir: Path) -> None:
    lines = run_mailcli("search", "-o", "jsonl", "cafe").stdout.splitlines()

    assert {json.loads(line)["subject"] for line in lines} == {MENU, INVOICE}
