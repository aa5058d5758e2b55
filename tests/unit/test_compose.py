import email
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.mail_texts import addresses, bodies, one_line, read_addresses

from mailcli.errors import InvalidMessage
from mailcli.message.addresses import to_ascii
from mailcli.message.compose import Composed, compose
from mailcli.message.draft import Draft
from mailcli.message.mime import Attachment
from mailcli.model import Address

ADA = Address("Ada Lovelace", "ada@example.org")
BOB = Address("", "bob@example.net")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=1)))

file_names = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80),
    st.text("ab .\"\\;='%*()é", min_size=1, max_size=60),
    st.sampled_from(["x" * 250 + ".pdf", "é" * 120 + ".txt", "日本語 の.txt"]),
).filter(lambda name: name.strip() == name and "=?" not in name)
attachments = st.builds(
    Attachment,
    name=file_names,
    media_type=st.sampled_from(
        ["text/plain", "application/pdf", "image/svg+xml", "message/rfc822", "multipart/mixed"]
    ),
    content=st.one_of(st.binary(max_size=300), st.just(b"From me\r\n.\r\n\0\xff" * 20)),
)
ascii_domains = addresses.map(lambda a: Address(a.name, to_ascii(a.email)))
some = st.lists(ascii_domains, max_size=2).map(tuple)
addressed = st.builds(Draft, sender=ascii_domains, to=some, cc=some, bcc=some, reply_to=some)
written = st.builds(
    Draft,
    sender=st.just(ADA),
    subject=one_line,
    text=bodies,
    headers=st.lists(st.tuples(st.just("X-Note"), one_line), max_size=2).map(tuple),
)
laden = st.builds(
    Draft,
    sender=st.just(ADA),
    text=bodies,
    attachments=st.lists(attachments, min_size=1, max_size=2).map(tuple),
)
shown = st.builds(
    Draft,
    sender=st.just(ADA),
    text=bodies,
    html=bodies.filter(bool),
    attachments=st.lists(
        st.builds(Attachment._replace, attachments, content_id=st.sampled_from(["", "i@x"])),
        max_size=3,
    ).map(tuple),
)


def made(draft: Draft) -> Composed:
    return compose(draft, now=NOW, token="0123456789abcdef")


def wire_of(composed: Composed) -> bytes:
    return b"".join(composed.chunks())


def saved_of(composed: Composed) -> bytes:
    """Return the copy: the same message, with its Bcc."""
    return composed.bcc_field + wire_of(composed)


def reread(wire: bytes) -> EmailMessage:
    return email.message_from_bytes(wire, policy=email.policy.default)


def people(wire: bytes, field: str) -> tuple[Address, ...]:
    value = email.message_from_bytes(wire, policy=email.policy.compat32)[field]
    return () if value is None else tuple(read_addresses(value))


def shown_name(part: EmailMessage) -> str:
    """Return the file name of a part (RFC 2183 §2.3).

    Not by `get_filename`, which takes quotes and angle brackets off once more: of `""`,
    a quoted string of two quoted quotes, it leaves nothing.
    """
    return str(part["Content-Disposition"].params["filename"])


def lf_lines(text: str) -> str:
    """Return text with LF line ends, the last line ended, as a message has it."""
    lines = re.split(r"\r\n|\r|\n", text)
    return "\n".join(lines if lines[-1] == "" and len(lines) > 1 else [*lines, ""])


@given(addressed)
def test_authors_and_recipients_read_back_and_bcc_does_not_leave(draft: Draft) -> None:
    wire = wire_of(made(draft))
    assert people(wire, "From") == (draft.sender,)
    assert people(wire, "To") == draft.to
    assert people(wire, "Cc") == draft.cc
    assert people(wire, "Reply-To") == draft.reply_to
    assert people(wire, "Bcc") == ()


@given(addressed)
def test_saved_copy_is_the_wire_with_its_bcc(draft: Draft) -> None:
    composed = made(draft)
    assert saved_of(composed).endswith(wire_of(composed))
    assert people(saved_of(composed), "Bcc") == draft.bcc


@given(written)
@example(Draft(ADA, text="x" * 600 + "\x0c" + "x" * 600))
@example(Draft(ADA, text="\x85\u2028 \t\n \n"))
@example(Draft(ADA, text="From me\n.\n"))
def test_subject_date_and_text_read_back(draft: Draft) -> None:
    message = reread(wire_of(made(draft)))
    assert message["Subject"] == draft.subject
    assert message.get_all("X-Note", []) == [value for _, value in draft.headers]
    assert message["Date"].datetime == NOW
    octets = message.get_payload(decode=True)
    assert isinstance(octets, bytes)
    assert octets.decode("utf-8").replace("\r\n", "\n") == lf_lines(draft.text)


@given(laden)
@example(Draft(ADA, attachments=(Attachment('a";\\ b.txt', "text/plain", b"x"),)))
@example(Draft(ADA, attachments=(Attachment('""', "text/plain", b"x"),)))
@example(Draft(ADA, attachments=(Attachment("<é>", "text/plain", b"x"),)))
def test_attachments_read_back_with_their_names_and_octets(draft: Draft) -> None:
    found = list(reread(wire_of(made(draft))).iter_attachments())
    assert [shown_name(part) for part in found] == [a.name for a in draft.attachments]
    assert [part.get_payload(decode=True) for part in found] == [
        a.content for a in draft.attachments
    ]


@given(shown)
def test_html_its_images_and_files_read_back_as_parts_of_their_kinds(draft: Draft) -> None:
    message = reread(wire_of(made(draft)))
    leaves = [part for part in message.walk() if not part.is_multipart()]
    inline = [each for each in draft.attachments if each.content_id]
    others = [each for each in draft.attachments if not each.content_id]
    plain, html, *files = leaves
    assert [part.get_content_type() for part in (plain, html)] == ["text/plain", "text/html"]
    octets = html.get_payload(decode=True)
    assert isinstance(octets, bytes)
    assert octets.decode("utf-8").replace("\r\n", "\n") == lf_lines(draft.html)
    read = [(shown_name(part), part.get_payload(decode=True)) for part in files]
    assert read == [(each.name, each.content) for each in (*inline, *others)]
    identified = [part["Content-ID"] for part in files]
    assert identified == ["<i@x>"] * len(inline) + [None] * len(others)


@given(st.one_of(addressed, written, laden, shown))
@example(Draft(ADA, text="x" * 600 + "\x0c" + "x" * 600))
def test_wire_is_ascii_in_lines_that_every_server_takes(draft: Draft) -> None:
    wire = wire_of(made(draft))
    assert wire.isascii()
    assert b"\0" not in wire
    assert wire.endswith(b"\r\n")
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", wire) is None
    assert max(map(len, wire.split(b"\r\n"))) <= 998


def test_paragraphs_that_were_typed_are_flowed_and_those_of_scripts_are_not() -> None:
    text = "word " * 40 + "end\n"
    typed = reread(wire_of(made(Draft(ADA, (BOB,), text=text, typed=True))))
    assert typed.get_content_type() == "text/plain"
    assert typed["Content-Type"].params["format"] == "flowed"
    assert "".join(str(typed.get_content()).splitlines()) == text.rstrip()
    piped = reread(wire_of(made(Draft(ADA, (BOB,), text=text))))
    assert "format" not in piped["Content-Type"].params


def test_plain_message_is_plain() -> None:
    draft = Draft(ADA, (BOB,), subject="Backup", text="Done.\n")
    assert wire_of(made(draft)) == (
        b"Date: Sun, 01 Mar 2026 12:00:00 +0100\r\n"
        b"From: Ada Lovelace <ada@example.org>\r\n"
        b"To: bob@example.net\r\n"
        b"Subject: Backup\r\n"
        b"Message-ID: <0123456789abcdef@example.org>\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"MIME-Version: 1.0\r\n"
        b"\r\n"
        b"Done.\r\n"
    )


def test_text_outside_ascii_travels_in_seven_bits() -> None:
    wire = wire_of(made(Draft(ADA, (BOB,), text="Grüße\n")))
    assert b"Content-Transfer-Encoding: quoted-printable\r\n" in wire
    assert wire.endswith(b"\r\n\r\nGr=C3=BC=C3=9Fe\r\n")


def test_message_for_hidden_recipients_alone_names_none() -> None:
    composed = made(Draft(ADA, bcc=(BOB,)))
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in wire_of(composed)
    assert b"bob@example.net" not in wire_of(composed)
    assert composed.bcc_field == b"Bcc: bob@example.net\r\n"


def test_domains_are_a_labels_in_every_field() -> None:
    german = Address("Jörg", "j@bücher.de")
    composed = made(Draft(german, (german,), (german,), (german,), (german,)))
    assert saved_of(composed).isascii()
    assert saved_of(composed).count(b"<j@xn--bcher-kva.de>") == 5
    assert composed.message_id == "<0123456789abcdef@xn--bcher-kva.de>"


def test_message_id_is_new_each_time_and_names_no_machine() -> None:
    ids = {compose(Draft(ADA, (BOB,)), now=datetime.now(UTC)).message_id for _ in range(20)}
    assert len(ids) == 20
    assert all(re.fullmatch(r"<[0-9a-f]{32}@example\.org>", message_id) for message_id in ids)


def test_long_references_are_never_encoded() -> None:
    ids = [f"<{'x' * length}@example.org>" for length in (76, 90, 120, 500)]
    draft = Draft(ADA, (BOB,), headers=(("References", " ".join(ids)), ("In-Reply-To", ids[3])))
    message = email.message_from_bytes(wire_of(made(draft)), policy=email.policy.compat32)
    assert message["References"].split() == ids
    assert message["In-Reply-To"].strip() == ids[3]


def test_further_address_fields_encode_the_name_alone() -> None:
    draft = Draft(ADA, (BOB,), headers=(("Sender", "Jörg <j@bücher.de>"),))
    assert people(wire_of(made(draft)), "Sender") == (Address("Jörg", "j@xn--bcher-kva.de"),)


@pytest.mark.parametrize(
    "name",
    [
        *("From", "to", "CC", "Bcc", "Resent-Bcc", "Subject", "Date", "Message-Id", "Reply-To"),
        *("Content-Type", "content-transfer-encoding", "MIME-Version"),
    ],
)
def test_fields_that_are_made_here_cannot_be_given(name: str) -> None:
    with pytest.raises(InvalidMessage, match="made by mailcli") as refusal:
        made(Draft(ADA, (BOB,), headers=((name, "x@example.org"),)))
    assert "--raw" in refusal.value.hint


@pytest.mark.parametrize("bad", ["a\r\nBcc: x@example.org", "a\nb", "a\rb", "a\0b", "a\udcffb"])
@pytest.mark.parametrize("place", ["subject", "header", "name", "email", "file", "sender"])
def test_value_that_would_break_out_is_refused(place: str, bad: str) -> None:
    draft = Draft(
        sender=Address("", f"{bad}@example.org") if place == "sender" else ADA,
        to=(Address(bad, "x@example.org") if place == "name" else BOB,),
        cc=(Address("", f"{bad}@example.org"),) if place == "email" else (),
        subject=bad if place == "subject" else "",
        headers=(("X-Note", bad),) if place == "header" else (),
        attachments=(Attachment(bad, "text/plain", b""),) if place == "file" else (),
    )
    with pytest.raises(InvalidMessage):
        made(draft)


@pytest.mark.parametrize("name", ["a\x0bb", "a\x1cb", "a\tb", "\x1b[31m", "a\x85b", "a\x7f"])
def test_file_name_with_a_control_character_is_refused(name: str) -> None:
    with pytest.raises(InvalidMessage, match="control character"):
        made(Draft(ADA, (BOB,), attachments=(Attachment(name, "text/plain", b""),)))


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="text"):
        made(Draft(ADA, (BOB,), text="lone \udc80"))


@pytest.mark.parametrize(
    "media_type", ["message/rfc822", "Multipart/Mixed", "nonsense", "a/b/c", "a/"]
)
def test_type_that_may_not_travel_as_base64_becomes_octets(media_type: str) -> None:
    content = b"Subject: inner\r\n\r\nbody\r\n"
    draft = Draft(ADA, (BOB,), attachments=(Attachment("m.eml", media_type, content),))
    [part] = reread(wire_of(made(draft))).iter_attachments()
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_payload(decode=True) == content


def test_bcc_does_not_show_in_the_repr() -> None:
    assert "bob@" not in repr(made(Draft(ADA, (ADA,), bcc=(BOB,))))
