"""`reply` and `forward`, to a real SMTP server (aiosmtpd)."""

import email.policy
import json
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.real.test_send_forms import peak_memory
from tests.support.local_mail import document, letters, mail_files, put
from tests.support.smtp_sink import Sink, smtp_sink

ORIGINAL = """\
Return-Path: <bob@x.example>
From: =?utf-8?q?Bj=C3=B6rn?= Stone <bob@x.example>
To: Ada <ada@example.org>, dan@x.example
Cc: countess@example.net
Date: Wed, 25 Nov 2026 14:05:00 +0100
Subject: Tea
Message-ID: <tea@x.example>
References: <first@x.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: 8bit

Gr\u00fc\u00dfe zum Tee.

{dashes}
B. S.
""".format(dashes="-- ")


def parsed(raw: bytes) -> EmailMessage:
    found = message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A server that takes everything."""
    with smtp_sink() as found:
        yield found


@pytest.fixture
def maildir(write_config: WriteConfig, sink: Sink, home: Path) -> Path:
    """The Maildir of an account with one message in INBOX."""
    server = {"host": "127.0.0.1", "port": sink.port, "tls": "none", "auth": "none"}
    root = home / "Mail" / "work"
    write_config(
        {
            "work": {
                "email": "Ada Lovelace <ada@example.org>",
                "aliases": ["countess@example.net"],
                "maildir": str(root),
                "smtp": server,
            }
        }
    )
    put(root / "INBOX", "1.a.b:2,S", ORIGINAL.encode("latin-1"))
    return root


def sent(sink: Sink) -> tuple[tuple[str, ...], EmailMessage]:
    ((recipients, raw),) = sink.taken
    return recipients, parsed(raw)


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_a_reply_goes_to_the_author_and_the_message_is_answered(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    done = run_mailcli("reply", "last", "--body", "At four.\n", "--json")

    result = document(done, "send")
    recipients, message = sent(sink)
    assert (done.returncode, done.stderr) == (0, "")
    assert recipients == ("bob@x.example",)
    assert message["From"] == "Ada Lovelace <ada@example.org>"
    assert message["To"] == "Bj\u00f6rn Stone <bob@x.example>"
    assert message["Subject"] == "Re: Tea"
    assert message["In-Reply-To"] == "<tea@x.example>"
    assert message["References"] == "<first@x.example> <tea@x.example>"
    assert text(message) == (
        "On 2026-11-25 at 14:05, Bj\u00f6rn Stone wrote:\n> Gr\u00fc\u00dfe zum Tee.\n\nAt four.\n"
    )
    (path,) = mail_files(maildir / "INBOX")
    assert letters(path) == "RS"
    (listed,) = json.loads(run_mailcli("list", "--json").stdout)["messages"]
    assert (result["answered"], result["forwarded"]) == ([listed["id"]], [])
    assert len(mail_files(maildir / "Sent")) == 1


def test_a_reply_to_all_leaves_oneself_out(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    done = run_mailcli(
        "reply", "last", "--all", "--no-quote", "-c", "eve@x.example", stdin="Yes.\n"
    )

    recipients, message = sent(sink)
    assert (done.returncode, done.stderr) == (0, "")
    assert recipients == ("bob@x.example", "dan@x.example", "eve@x.example")
    assert message["Cc"] == "dan@x.example, eve@x.example"
    assert text(message) == "Yes.\n"


def test_the_text_stands_above_the_quotation_where_that_is_asked_for(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    run_mailcli("reply", "last", "--top", "--body", "At four.")

    assert text(sent(sink)[1]).startswith("At four.\n\nOn 2026-11-25 at 14:05,")


def test_a_reply_in_html_quotes_in_both_forms(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    run_mailcli(
        "reply", "last", "--html", "--body", "<html><body><p>At <b>four</b>.</p></body></html>"
    )

    message = sent(sink)[1]
    page = message.get_body(("html",))
    assert page is not None
    assert "<body>\r\n<p>On 2026-11-25" in page.get_content()
    assert '<blockquote type="cite">Gr\u00fc\u00dfe zum Tee.</blockquote>' in page.get_content()
    assert "> Gr\u00fc\u00dfe zum Tee.\n" in text(message)


def test_a_message_given_by_path_is_answered_and_stays_as_it_is(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    (path,) = mail_files(maildir / "INBOX")
    done = run_mailcli("reply", path, "--body", "x", "--json")

    assert document(done, "send")["answered"] == []
    assert mail_files(maildir / "INBOX") == [path]


def test_a_dry_run_shows_the_message_and_changes_nothing(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    before = mail_files(maildir / "INBOX")
    done = run_mailcli("reply", "last", "-n", "--body", "At four.")

    assert done.returncode == 0
    assert parsed(done.stdout.encode())["In-Reply-To"] == "<tea@x.example>"
    assert (sink.taken, mail_files(maildir / "INBOX")) == ([], before)


def test_several_messages_are_not_answered_at_once(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    put(maildir / "INBOX", "2.a.b:2,", ORIGINAL.replace("<tea@", "<two@").encode("latin-1"))
    done = run_mailcli("reply", "subject:tea", "--body", "x")

    assert (done.returncode, sink.taken) == (2, [])
    assert "2 messages" in done.stderr


def test_a_refused_reply_leaves_the_message_unanswered(
    run_mailcli: RunMailcli, maildir: Path, write_config: WriteConfig
) -> None:
    (before,) = mail_files(maildir / "INBOX")
    done = run_mailcli("reply", "last", "--body", "x", "-b", "b@x.example", "-r", "no address")

    assert done.returncode == 65
    assert mail_files(maildir / "INBOX") == [before]


# -- forward -------------------------------------------------------------------


def with_attachments() -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "bob@x.example", "ada@example.org"
    message["Subject"], message["Bcc"] = "Papers", "hidden@x.example"
    message["Date"] = "Wed, 25 Nov 2026 14:05:00 +0100"
    message["Message-ID"] = "<papers@x.example>"
    message.set_content("See these.\n")
    message.add_attachment(b"\x00\xff" * 400, "application", "pdf", filename="a/b.pdf")
    message.add_attachment("Stra\u00dfe\n", charset="iso-8859-1", filename="street.txt")
    inner = parsed(ORIGINAL.encode("latin-1"))
    message.add_attachment(inner)
    return message.as_bytes()


def test_a_message_is_passed_on_with_what_is_attached(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    put(maildir / "INBOX", "9.p.b:2,", with_attachments())
    done = run_mailcli(
        "forward", "mid:<papers@x.example>", "-t", "eve@x.example", "--body", "FYI.", "--json"
    )

    result = document(done, "send")
    recipients, message = sent(sink)
    pdf, street, inner = message.iter_attachments()
    assert (done.returncode, done.stderr, recipients) == (0, "", ("eve@x.example",))
    assert message["Subject"] == "Fwd: Papers"
    assert text(message).startswith(
        "FYI.\n\n---------- Forwarded message ----------\nFrom: bob@x."
    )
    assert text(message).endswith("Subject: Papers\n\nSee these.\n")
    assert (pdf.get_filename(), pdf.get_content()) == ("b.pdf", b"\x00\xff" * 400)
    assert street.get_content().strip() == "Stra\u00dfe"
    assert inner.get_content_type() == "message/rfc822"
    assert inner.get_content()["Message-ID"] == "<tea@x.example>"
    assert len(result["forwarded"]) == 1
    assert sorted(map(letters, mail_files(maildir / "INBOX"))) == ["P", "S"]


def test_messages_are_passed_on_whole_as_they_are_stored(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    papers = with_attachments()
    put(maildir / "INBOX", "9.p.b:2,", papers)
    done = run_mailcli(
        *("forward", "mid:<tea@x.example>", "mid:<papers@x.example>"),
        *("-t", "eve@x.example", "--as-attachment", "--body", "Both."),
    )

    ((_, raw),) = sink.taken
    message = parsed(raw)
    assert (done.returncode, done.stderr) == (0, "")
    assert message["Subject"] == "Fwd: 2 messages"
    assert ORIGINAL.encode("latin-1").replace(b"\n", b"\r\n") in raw
    assert papers.replace(b"Bcc: hidden@x.example\n", b"").replace(b"\n", b"\r\n") in raw
    kinds = [
        (each.get_content_type(), each["Content-Transfer-Encoding"])
        for each in message.iter_parts()
    ]
    assert kinds == [
        ("text/plain", "7bit"),
        ("message/rfc822", "8bit"),
        ("message/rfc822", "8bit"),
    ]
    assert message["Content-Transfer-Encoding"] == "8bit"


def test_a_message_that_no_line_can_hold_is_passed_on_as_a_file(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    long = b"From: b@x.example\nSubject: Long\nMessage-ID: <long@x>\n\n" + b"x" * 2000 + b"\n"
    put(maildir / "INBOX", "9.p.b:2,", long)
    done = run_mailcli(
        "forward", "mid:<long@x>", "-t", "e@x.example", "--as-attachment", "--body", ""
    )

    (attached,) = sent(sink)[1].iter_attachments()
    assert "attached as a file" in done.stderr
    assert (attached.get_filename(), attached.get_content_type()) == (
        "Long.eml",
        "application/octet-stream",
    )
    assert attached.get_content() == long.replace(b"\n", b"\r\n")


def test_what_a_list_shows_is_passed_on(
    run_mailcli: RunMailcli, maildir: Path, sink: Sink
) -> None:
    found = run_mailcli("list").stdout
    done = run_mailcli("forward", "-", "-t", "e@x.example", "--no-attachments", stdin=found)

    assert done.returncode == 0
    assert "Gr\u00fc\u00dfe zum Tee." in text(sent(sink)[1])


def test_nothing_on_standard_input_is_no_message(run_mailcli: RunMailcli, maildir: Path) -> None:
    done = run_mailcli("forward", "-", "-t", "e@x.example")
    assert (done.returncode, "names no message" in done.stderr) == (66, True)


def test_nobody_to_forward_to_is_wrong_usage(run_mailcli: RunMailcli, maildir: Path) -> None:
    assert run_mailcli("forward", "last", "--body", "").returncode == 2


def test_a_large_attachment_is_passed_on_in_little_memory(
    mailcli_env: dict[str, str], maildir: Path, sink: Sink, home: Path
) -> None:
    line = b"QUJD" * 19 + b"\n"
    head = (
        b"From: b@x.example\nSubject: Large\nMessage-ID: <large@x>\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nSee this.\n--b\n'
        b"Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"
        b'Content-Disposition: attachment; filename="large.bin"\n\n'
    )
    with put(maildir / "INBOX", "9.p.b:2,", head).open("ab") as file:
        file.writelines(line for _ in range(500_000))  # held whole, it would count for the child
        file.write(b"--b--\n")
    least = peak_memory("list", env=mailcli_env, cwd=home)
    outputs = ("-t", "e@x.example", "--body", "x", "--queue")
    peak = peak_memory("forward", "mid:<large@x>", *outputs, env=mailcli_env, cwd=home)
    assert peak - least < 15_000_000
    (queued,) = (home / ".local/state/mailcli/outbox").glob("*.eml")
    assert queued.stat().st_size > 500_000 * 77
