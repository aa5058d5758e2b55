"""`drafts`, those of other programs among them, with a real SMTP server (aiosmtpd)."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.real.test_writing import ORIGINAL, parsed, sent, text
from tests.support import editing
from tests.support.local_mail import document, failure, letters, mail_files, mode, put, wire_octets
from tests.support.smtp_sink import Sink, smtp_sink

from mailcli.app.drafts import answered_by
from mailcli.cli.command import Common
from mailcli.cli.runtime import Runtime
from mailcli.store.lock import AccountLock
from mailcli.store.sending_mark import SendingMark

AtTerminal = Callable[..., tuple[int, str]]

THUNDERBIRD = b"""\
X-Mozilla-Status: 0001
X-Mozilla-Draft-Info: internal/draft; vcard=0; receipt=0
X-Identity-Key: id1
Fcc: imap://ada@imap.example/Sent
Message-ID: <thunder@example.org>
Date: Mon, 23 Nov 2026 09:00:00 +0100
MIME-Version: 1.0
User-Agent: Mozilla Thunderbird
Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=
From: Ada Lovelace <ada@example.org>
To: Bob <bob@x.example>
Bcc: eve@x.example
In-Reply-To: <tea@x.example>
References: <first@x.example> <tea@x.example>
X-Of-My-Own: kept
Content-Type: multipart/mixed; boundary="------------odd"

This is a multi-part message in MIME format.
--------------odd
Content-Type: multipart/alternative; boundary="------------alt"

--------------alt
Content-Type: text/plain; charset=UTF-8; format=flowed
Content-Transfer-Encoding: 8bit

Gr\xc3\xbc\xc3\x9fe zum Tee.

--------------alt
Content-Type: text/html; charset=UTF-8
Content-Transfer-Encoding: 8bit

<html><body>Gr\xc3\xbc\xc3\x9fe zum <b>Tee</b>.</body></html>

--------------alt--

--------------odd
Content-Type: text/csv; charset=UTF-8; name="a.csv"
Content-Disposition: attachment; filename="a.csv"
Content-Transfer-Encoding: base64

YSxiCg==

--------------odd--
"""
BODY = THUNDERBIRD.partition(b"\n\n")[2].replace(b"\n", b"\r\n")


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A server that takes everything."""
    with smtp_sink() as found:
        yield found


@pytest.fixture
def maildir(write_config: WriteConfig, sink: Sink, home: Path) -> Path:
    """The Maildir of an account."""
    server = {"host": "127.0.0.1", "port": sink.port, "tls": "none", "auth": "none"}
    root = home / "Mail" / "work"
    mailbox = {"email": "Ada Lovelace <ada@example.org>", "maildir": str(root)}
    write_config({"work": {**mailbox, "smtp": server}})
    return root


@pytest.fixture
def at_terminal(mailcli_env: dict[str, str], home: Path) -> AtTerminal:
    """Run mailcli at a terminal, with an editor that is a shell script; give code and screen."""
    return partial(editing.at_terminal, environment=mailcli_env, home=home)


def drafts(maildir: Path) -> list[Path]:
    return mail_files(maildir / "Drafts")


def only_id(run_mailcli: RunMailcli) -> str:
    (draft,) = json.loads(run_mailcli("drafts", "list", "--json").stdout)["messages"]
    return str(draft["id"])


def test_a_draft_needs_no_recipient_and_keeps_bcc(run_mailcli: RunMailcli, maildir: Path) -> None:
    done = run_mailcli(
        *("drafts", "save", "-s", "Idea", "-b", "eve@x.example", "--json"), stdin="Not yet.\n"
    )

    result = document(done, "draft")
    (path,) = drafts(maildir)
    message = parsed(path.read_bytes())
    assert (done.returncode, done.stderr) == (0, "")
    assert (letters(path), mode(path), result["path"]) == ("DS", 0o600, str(path))
    assert (message["To"], message["Bcc"], message["Subject"]) == (None, "eve@x.example", "Idea")
    listed = document(run_mailcli("drafts", "list", "--json"), "list")["messages"]
    assert [each["id"] for each in listed] == [result["id"]]


def test_without_a_folder_for_drafts_there_are_none(
    run_mailcli: RunMailcli, maildir: Path
) -> None:
    done = run_mailcli("drafts", "list", "--json")
    assert (done.returncode, document(done, "list")["messages"]) == (0, [])


@pytest.mark.parametrize(
    "command", [("send", "b@x.example"), ("drafts", "save", "b@x.example")], ids=["send", "save"]
)
def test_what_is_to_be_sent_later_is_saved(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink, command: tuple[str, ...]
) -> None:
    extra = ("--draft",) if command[0] == "send" else ()
    done = run_mailcli(*command, *extra, "-s", "x", "--body", "y")

    assert (done.returncode, sink.taken, len(drafts(maildir))) == (0, [], 1)


def test_a_reply_is_a_draft_first_and_answers_when_it_goes(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    put(maildir / "INBOX", "1.a.b:2,S", ORIGINAL.encode("latin-1"))
    run_mailcli("reply", "last", "--draft", "--body", "At four.")
    assert [letters(path) for path in mail_files(maildir / "INBOX")] == ["S"]

    done = run_mailcli("drafts", "send", only_id(run_mailcli), "--json")

    assert len(document(done, "send")["answered"]) == 1
    assert sent(sink)[1]["In-Reply-To"] == "<tea@x.example>"
    assert [letters(path) for path in mail_files(maildir / "INBOX")] == ["RS"]


def test_a_draft_that_answers_several_marks_those_that_are_here(
    run_mailcli: RunMailcli, maildir: Path
) -> None:
    put(maildir / "INBOX", "1.a.b:2,S", ORIGINAL.encode("latin-1"))
    both = THUNDERBIRD.replace(b"<tea@x.example>\nRef", b"<gone@x.example> <tea@x.example>\nRef")
    put(maildir / "Drafts", "1.t.b:2,DS", both)

    done = run_mailcli("drafts", "send", "last", "--json")

    assert document(done, "send")["answered"] == [1]
    assert [letters(path) for path in mail_files(maildir / "INBOX")] == ["RS"]


def test_what_a_sent_draft_answers_is_not_waited_for(
    run_mailcli: RunMailcli, maildir: Path
) -> None:
    run_mailcli("list")
    put(maildir / "INBOX", "1.a.b:2,S", ORIGINAL.encode("latin-1"))
    context = Runtime(Common()).context._replace(timeout=0.0)

    with AccountLock(context.state_dir / "numbers" / "lock"):
        assert answered_by(context, context.account(None), ["<tea@x.example>"]) == []


def test_a_draft_is_sent_as_it_is_and_then_is_none(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    put(maildir / "Drafts", "1.t.b:2,DS", THUNDERBIRD)

    done = run_mailcli("drafts", "send", only_id(run_mailcli), "--json")

    result = document(done, "send")
    ((recipients, raw),) = sink.taken
    header, _, body = raw.partition(b"\r\n\r\n")
    message = parsed(raw)
    assert (done.returncode, done.stderr) == (0, "")
    assert recipients == ("bob@x.example", "eve@x.example")
    assert body == BODY
    assert b"eve@" not in header
    assert b"X-Mozilla" not in header
    assert b"imap.example" not in header
    assert message["X-Of-My-Own"] == "kept"
    assert message["Message-ID"] == "<thunder@example.org>" == result["message_id"]
    assert message["References"] == "<first@x.example> <tea@x.example>"
    assert "23 Nov" not in message["Date"]
    (copy,) = mail_files(maildir / "Sent")
    assert (drafts(maildir), letters(copy)) == ([], "S")
    assert wire_octets(copy) == b"Bcc: eve@x.example\r\n" + raw


def test_a_dry_run_sends_nothing(run_mailcli: RunMailcli, maildir: Path, sink: Sink) -> None:
    put(maildir / "Drafts", "1.t.b:2,DS", THUNDERBIRD)
    done = run_mailcli("drafts", "send", only_id(run_mailcli), "-n")
    assert (done.returncode, sink.taken, len(drafts(maildir))) == (0, [], 1)
    assert parsed(done.stdout.encode())["X-Of-My-Own"] == "kept"


def test_a_draft_without_recipients_is_kept(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    run_mailcli("drafts", "save", "-s", "x", "--body", "y")
    done = run_mailcli("drafts", "send", only_id(run_mailcli))
    assert (done.returncode, sink.taken, len(drafts(maildir))) == (65, [], 1)


def test_what_is_no_draft_is_not_sent(run_mailcli: RunMailcli, maildir: Path, sink: Sink) -> None:
    put(maildir / "INBOX", "1.a.b:2,S", ORIGINAL.encode("latin-1"))
    done = run_mailcli("drafts", "send", "mid:<tea@x.example>")
    assert (done.returncode, sink.taken) == (2, [])
    assert run_mailcli("drafts", "send", "last").returncode == 66


def test_last_is_the_newest_draft(run_mailcli: RunMailcli, maildir: Path, sink: Sink) -> None:
    put(maildir / "INBOX", "1.a.b:2,S", ORIGINAL.encode("latin-1"))
    put(maildir / "Drafts", "1.t.b:2,DS", THUNDERBIRD)
    run_mailcli("drafts", "save", "bob@x.example", "-s", "Newest", "--body", "y")

    done = run_mailcli("drafts", "send", "last")

    ((_, raw),) = sink.taken
    assert (done.returncode, parsed(raw)["Subject"], len(drafts(maildir))) == (0, "Newest", 1)


def test_a_header_is_edited_and_the_body_stays_octet_by_octet(
    run_mailcli: RunMailcli, maildir: Path, at_terminal: AtTerminal
) -> None:
    put(maildir / "Drafts", "1.t.b:2,DFS", THUNDERBIRD)
    code, screen = at_terminal(
        "sed -i 's/^Subject:.*/Subject: New/' \"$1\"", "drafts", "edit", only_id(run_mailcli)
    )

    assert code == 0, screen
    (path,) = drafts(maildir)
    message = parsed(path.read_bytes())
    assert (letters(path), message["Subject"], message["Bcc"]) == ("DFS", "New", "eve@x.example")
    assert message["In-Reply-To"] == "<tea@x.example>"
    assert message["X-Of-My-Own"] == "kept"
    assert wire_octets(path).partition(b"\r\n\r\n")[2] == BODY


def test_a_text_is_edited_and_attachments_stay(
    run_mailcli: RunMailcli, maildir: Path, at_terminal: AtTerminal
) -> None:
    put(maildir / "Drafts", "1.t.b:2,DS", THUNDERBIRD)
    code, screen = at_terminal('echo "And cake." >> "$1"', "drafts", "edit", only_id(run_mailcli))

    assert code == 0, screen
    assert "HTML is gone" in screen
    (path,) = drafts(maildir)
    message = parsed(path.read_bytes())
    (attached,) = message.iter_attachments()
    assert text(message) == "Gr\u00fc\u00dfe zum Tee.\nAnd cake.\n"
    assert (attached.get_filename(), attached.get_content()) == ("a.csv", "a,b\n")
    assert message["References"] == "<first@x.example> <tea@x.example>"


def test_what_has_no_name_and_is_no_text_stays(
    run_mailcli: RunMailcli, maildir: Path, at_terminal: AtTerminal
) -> None:
    calendar = b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Tee\nEND:VEVENT\nEND:VCALENDAR\n"
    card = b"BEGIN:VCARD\nFN:Bob\nEND:VCARD\n"
    parts = (
        b"\n--------------odd\nContent-Type: text/calendar; method=REQUEST\n\n" + calendar,
        b"--------------odd\nContent-Type: text/vcard\n\n" + card,
    )
    last = b"\n--------------odd--\n"
    put(maildir / "Drafts", "1.t.b:2,DS", THUNDERBIRD.replace(last, b"".join(parts) + last[1:]))

    for line in ("And cake.", "And milk."):
        code, screen = at_terminal(
            f'echo "{line}" >> "$1"', "drafts", "edit", only_id(run_mailcli)
        )
        assert code == 0, screen

    (path,) = drafts(maildir)
    message = parsed(path.read_bytes())
    kinds = ["text/csv", "text/calendar", "text/vcard"]
    attached = list(message.iter_attachments())
    assert [each.get_content_type() for each in attached] == kinds
    assert [bytes(each.get_payload(decode=True)).strip() for each in attached[1:]] == [
        calendar.strip(),
        card.strip(),
    ]
    assert attached[1]["Content-Type"].params["method"] == "REQUEST"
    assert text(message) == "Gr\u00fc\u00dfe zum Tee.\nAnd cake.\nAnd milk.\n"


def test_a_text_that_no_editor_is_given_whole_is_not_edited(
    run_mailcli: RunMailcli, maildir: Path, at_terminal: AtTerminal
) -> None:
    long = b"From: ada@example.org\nSubject: long\n\n" + b"All of it.\n" * 200_000
    before = put(maildir / "Drafts", "1.t.b:2,DS", long)
    code, screen = at_terminal('echo "more" >> "$1"', "drafts", "edit", only_id(run_mailcli))

    assert (code, drafts(maildir), before.read_bytes() == long) == (65, [before], True), screen
    assert "too long to be edited" in screen
    assert "drafts send" in screen


def test_an_address_that_is_none_yet_is_edited_as_it_was_written(
    run_mailcli: RunMailcli, maildir: Path, at_terminal: AtTerminal
) -> None:
    put(maildir / "Drafts", "1.t.b:2,DS", THUNDERBIRD.replace(b"<bob@x.example>", b"<bob"))
    code, screen = at_terminal(
        "sed -i 's/^To: Bob <bob/To: bob@x.example/' \"$1\"",
        "drafts",
        "edit",
        only_id(run_mailcli),
    )

    (path,) = drafts(maildir)
    assert (code, parsed(path.read_bytes())["To"]) == (0, "bob@x.example"), screen


def test_an_edited_draft_that_says_something_wrong_is_lost_nowhere(
    run_mailcli: RunMailcli, maildir: Path, at_terminal: AtTerminal, home: Path
) -> None:
    before = put(maildir / "Drafts", "1.t.b:2,DS", THUNDERBIRD)
    code, screen = at_terminal(
        'sed -i \'s/^To:.*/To: nobody at all/\' "$1"; echo more >> "$1"',
        *("drafts", "edit", only_id(run_mailcli)),
    )

    (kept,) = (home / ".local/state/mailcli").glob("message-*.eml")
    assert (code, drafts(maildir)) == (65, [before]), screen
    assert kept.read_text("utf-8").endswith("more\n")


def test_a_reply_is_written_between_the_lines(
    maildir: Path, at_terminal: AtTerminal, sink: Sink
) -> None:
    put(maildir / "INBOX", "1.a.b:2,S", ORIGINAL.encode("latin-1"))
    code, screen = at_terminal('echo "At four." >> "$1"', "reply", "last")

    assert code == 0, screen
    message = sent(sink)[1]
    assert message["In-Reply-To"] == "<tea@x.example>"
    assert text(message) == (
        "On 2026-11-25 at 14:05, Bj\u00f6rn Stone wrote:\n> Gr\u00fc\u00dfe zum Tee.\n\nAt four.\n"
    )


def test_a_draft_that_nobody_takes_stays(
    run_mailcli: RunMailcli, maildir: Path, write_config: WriteConfig
) -> None:
    server = {"host": "127.0.0.1", "port": 1, "tls": "none", "auth": "none"}
    account = {"email": "ada@example.org", "maildir": str(maildir), "smtp": server}
    write_config({"work": account})
    put(maildir / "Drafts", "1.t.b:2,DS", THUNDERBIRD)
    draft = only_id(run_mailcli)

    done = run_mailcli("drafts", "send", draft, "--json")
    assert (done.returncode, failure(done)["exit_code"], len(drafts(maildir))) == (75, 75, 1)
    queued = run_mailcli("drafts", "send", draft, "--queue-on-tempfail", "--json")
    assert document(queued, "send")["outcome"] == "queued"
    assert drafts(maildir) == []


NOWHERE = {"host": "127.0.0.1", "port": 1, "tls": "none", "auth": "none"}


def marked(home: Path, path: Path) -> SendingMark:
    """Mark a draft as one that may have been sent."""
    mark = SendingMark(home / ".local/state/mailcli", f"work\0{path.name.partition(':')[0]}")
    mark.set()
    return mark


def test_a_draft_that_may_have_gone_stays_one_that_may_when_nobody_takes_it_again(
    run_mailcli: RunMailcli, maildir: Path, write_config: WriteConfig, home: Path
) -> None:
    account = {"email": "ada@example.org", "maildir": str(maildir)}
    mark = marked(home, put(maildir / "Drafts", "1.t.b:2,DS", THUNDERBIRD))
    write_config({"work": {**account, "smtp": NOWHERE}})
    draft = only_id(run_mailcli)

    assert run_mailcli("drafts", "send", draft).returncode == 3
    assert run_mailcli("drafts", "send", draft, "--yes").returncode == 75
    assert mark.is_set()
    assert run_mailcli("drafts", "send", draft).returncode == 3


def test_a_draft_that_may_have_gone_stays_one_that_may_when_its_recipients_are_refused(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink, home: Path
) -> None:
    mark = marked(home, put(maildir / "Drafts", "1.t.b:2,DS", THUNDERBIRD))
    draft = only_id(run_mailcli)

    sink.refuses = True
    assert run_mailcli("drafts", "send", draft, "--yes").returncode == 67
    assert run_mailcli("drafts", "send", draft).returncode == 3
    sink.refuses = False
    assert run_mailcli("drafts", "send", draft, "--yes").returncode == 0
    assert (len(sink.taken), mark.is_set(), drafts(maildir)) == (1, False, [])


def test_a_draft_is_not_sent_by_two_at_once(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink, home: Path
) -> None:
    mark = marked(home, put(maildir / "Drafts", "1.t.b:2,DS", THUNDERBIRD))
    draft = only_id(run_mailcli)

    with mark.held():
        done = run_mailcli("drafts", "send", draft, "--yes", "--json")
        assert (done.returncode, failure(done)["exit_code"]) == (75, 75)
        assert "another mailcli is sending" in failure(done)["message"]
        assert (mark.is_set(), sink.taken) == (True, [])
    assert run_mailcli("drafts", "send", draft, "--yes").returncode == 0
    assert list((home / ".local/state/mailcli/drafts").iterdir()) == []


def test_an_editor_with_a_quote_that_is_not_closed_is_wrong_usage(
    run_mailcli: RunMailcli, maildir: Path
) -> None:
    put(maildir / "Drafts", "1.t.b:2,DS", THUNDERBIRD)

    done = run_mailcli("drafts", "edit", "last", env={"VISUAL": "", "EDITOR": "vi 'x"})

    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "mailcli: EDITOR is no command: vi 'x"
