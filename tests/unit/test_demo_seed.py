"""The seeded mail: always the same, and one of each thing that it is there to show."""

import email
import email.policy
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import pairwise

from mailcli.demo.mailbox import Mailbox
from mailcli.demo.seed import fill, seeds

NOW = datetime(2024, 5, 15, 9, 30, tzinfo=UTC)


def messages() -> dict[str, EmailMessage]:
    parsed = [email.message_from_bytes(s.raw, policy=email.policy.default) for s in seeds(NOW)]
    return {m["Message-ID"].partition("@")[0].lstrip("<"): m for m in parsed}


def test_the_same_day_gives_the_same_octets_and_another_day_other_dates() -> None:
    assert list(seeds(NOW)) == list(seeds(NOW))
    assert list(seeds(NOW)) != list(seeds(NOW + timedelta(days=1)))


def test_every_line_ends_in_crlf_as_on_a_wire() -> None:
    for seed in seeds(NOW):
        assert b"\n" not in seed.raw.replace(b"\r\n", b"")
        assert b"\r" not in seed.raw.replace(b"\r\n", b"")


def test_every_message_parses_without_defects() -> None:
    for name, message in messages().items():
        for part in message.walk():
            assert not part.defects, name


def test_the_thread_hangs_together() -> None:
    thread = [message for name, message in messages().items() if name.startswith("tea-")]
    for before, after in pairwise(thread):
        assert after["In-Reply-To"] == before["Message-ID"]
        assert before["Message-ID"] in after["References"]
    assert len(thread) == 4


def test_the_newsletter_is_html_alone_and_would_tell_who_reads_it() -> None:
    newsletter = messages()["loom"]
    assert newsletter.get_content_type() == "text/html"
    assert '<img src="https://loom.example/open.gif?reader=4711"' in newsletter.get_content()


def test_attachments_are_a_picture_with_a_foreign_name_and_a_document() -> None:
    files = list(messages()["trip"].iter_attachments())
    assert [part.get_filename() for part in files] == ["Zürichsee ☀.png", "ticket.pdf"]
    assert files[0].get_content().startswith(b"\x89PNG\r\n")
    assert files[1].get_content().startswith(b"%PDF-")


def test_one_message_is_in_an_old_japanese_charset() -> None:
    message = messages()["hanako"]
    assert message["Subject"] == "こんにちは"
    assert message.get_content_charset() == "iso-2022-jp"
    assert "エイダさん" in message.get_content()


def test_the_spoofed_sender_shows_an_address_that_is_not_its_own_and_failed_every_check() -> None:
    bank = messages()["harvest"]
    (sender,) = bank["From"].addresses
    assert "security@bank.example" in sender.display_name
    assert sender.addr_spec == "refund@harvest.example"
    assert "dmarc=fail" in bank["Authentication-Results"]


def test_one_message_attacks_the_terminal_in_subject_and_body() -> None:
    raw = next(seed.raw for seed in seeds(NOW) if b"<invoice@" in seed.raw)
    header, _, body = raw.partition(b"\r\n\r\n")
    assert b"\x1b]0;" in header
    assert b"\x1b]52;" in body
    assert "\u202e".encode() in body


def test_the_invitation_is_for_a_friday() -> None:
    invitation = messages()["invitation"]
    calendar = next(p for p in invitation.walk() if p.get_content_type() == "text/calendar")
    assert calendar.get_param("method") == "REQUEST"
    assert "DTSTART:20240517T160000Z" in calendar.get_content()


def test_the_mailbox_is_filled_in_order_with_roles_and_flags() -> None:
    mailbox = Mailbox(1)
    fill(mailbox, NOW)
    inbox = mailbox.folder("INBOX")
    came = [message.received for message in inbox.messages.values()]
    assert came == sorted(came)
    assert 0 < inbox.unseen < len(inbox.messages)
    assert any("\\Flagged" in message.flags for message in inbox.messages.values())
    assert mailbox.folder("Sent").role == "\\Sent"
    assert len(mailbox.folder("Travel/Z&APw-rich").messages) == 1
