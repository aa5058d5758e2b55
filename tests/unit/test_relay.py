import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.errors import InvalidMessage
from mailcli.message import relay

MESSAGE = (
    b"Received: from a by b;\r\n\tSun, 1 Mar 2026 12:00:00 +0100\r\n"
    b"DKIM-Signature: v=1; b=abc\r\n  def\r\n"
    b"From: Ada <ada@example.org>, Second <second@example.org>\r\n"
    b"To: a@example.org\r\n"
    b"Cc: c@example.org\r\n"
    b"Bcc: secret@example.org,\r\n\tother@example.org\r\n"
    b'CC : "Folded\r\n\tName" <d@example.org>\r\n'
    b"bcc\t: third@example.org\r\n"
    b"Resent-Bcc: fourth@example.org\r\n"
    b"X-Bcc: stays@example.org\r\n"
    b"Message-ID:\r\n <1@example.org>\r\n"
    b"\r\n"
    b"Bcc: in-the-body@example.org\r\n\r\n.\r\n"
)


def test_bcc_fields_go_in_any_spelling_and_nothing_else() -> None:
    assert relay.without_bcc(MESSAGE) == (
        b"Received: from a by b;\r\n\tSun, 1 Mar 2026 12:00:00 +0100\r\n"
        b"DKIM-Signature: v=1; b=abc\r\n  def\r\n"
        b"From: Ada <ada@example.org>, Second <second@example.org>\r\n"
        b"To: a@example.org\r\n"
        b"Cc: c@example.org\r\n"
        b'CC : "Folded\r\n\tName" <d@example.org>\r\n'
        b"X-Bcc: stays@example.org\r\n"
        b"Message-ID:\r\n <1@example.org>\r\n"
        b"\r\n"
        b"Bcc: in-the-body@example.org\r\n\r\n.\r\n"
    )


def test_recipients_come_from_every_field_not_from_the_first_of_each() -> None:
    assert [address.email for address in relay.recipients(MESSAGE)] == [
        *("a@example.org", "c@example.org", "secret@example.org", "other@example.org"),
        *("d@example.org", "third@example.org"),
    ]


def test_sender_is_the_first_author() -> None:
    sender = relay.sender(MESSAGE)
    assert sender is not None
    assert sender.email == "ada@example.org"


def test_message_id_is_unfolded() -> None:
    assert relay.message_id(MESSAGE) == "<1@example.org>"


@pytest.mark.parametrize(
    "header",
    [
        b"From ada Sun Mar  1 12:00:00 2026\r\nBcc: x@example.org\r\n",  # out of an mbox
        b"To: a@example.org\r\nno field at all\r\nBcc: x@example.org\r\n",
        b" begins with a continuation\r\nBcc: x@example.org\r\n",
        b"To: a@example.org\r\nBcc: x@example.org",  # the last line is not ended
        b"Bcc: y@example.org,\r\n \t\r\n x@example.org\r\n",
        b"Bcc:x@example.org\r\n",
        b": no name\r\nBcc: x@example.org\r\n",
    ],
)
@pytest.mark.parametrize("body", [b"", b"\r\nHello\r\n"])
def test_bcc_never_leaves_in_a_broken_header_either(header: bytes, body: bytes) -> None:
    if body and not header.endswith(b"\r\n"):
        header += b"\r\n"
    assert "x@example.org" in [address.email for address in relay.recipients(header + body)]
    left = relay.without_bcc(header + body)
    assert b"x@example.org" not in left
    assert left.endswith(body)


def test_empty_header_ends_at_once() -> None:
    message = b"\r\nTo: a@example.org\r\nBcc: b@example.org\r\n"
    assert list(relay.fields(message)) == []
    assert relay.without_bcc(message) == message


def test_fields_without_anybody_are_no_error() -> None:
    assert relay.recipients(b"To: undisclosed-recipients:;\r\nCc:\r\nBcc: \r\n\r\n") == []


def test_eight_bit_names_are_read_around() -> None:
    message = b"From: J\xf6rg <j@example.org>\r\nTo: M\xfcller <m@example.org>\r\n\r\n"
    sender = relay.sender(message)
    assert sender is not None
    assert [sender.email, relay.recipients(message)[0].email] == ["j@example.org", "m@example.org"]


@pytest.mark.parametrize(
    "field", [b"To: a@example.org b@example.org", b"Cc: ada", b"Bcc: j\xf6rg@example.org"]
)
def test_field_that_is_not_clearly_an_address_list_is_refused(field: bytes) -> None:
    with pytest.raises(InvalidMessage):
        relay.recipients(field + b"\r\n\r\n")


def test_from_that_names_nobody_is_refused_and_a_missing_one_is_none() -> None:
    assert relay.sender(b"To: a@example.org\r\n\r\n") is None
    assert relay.message_id(b"To: a@example.org\r\n\r\n") is None
    with pytest.raises(InvalidMessage, match="nobody"):
        relay.sender(b"From: nobody:;\r\n\r\n")


lines = st.sampled_from(
    [
        *(b"To: a@x", b"BCC: secret@x", b"resent-bcc :secret@x", b" folded secret@x", b"\tfolded"),
        *(b"bcc:", b"junk", b"X-Bcc: kept@x", b": none", b"", b"Bcc", b"\xff\0\r"),
    ]
)


@given(st.lists(lines).map(b"\r\n".join), st.booleans())
def test_without_bcc_keeps_every_other_octet(message: bytes, ended: bool) -> None:
    message += b"\r\n" if ended else b""
    found = list(relay.fields(message))
    hidden = [(at, end) for name, _, at, end in found if name.lower() in {"bcc", "resent-bcc"}]
    kept = bytes(
        octet
        for place, octet in enumerate(message)
        if not any(at <= place < end for at, end in hidden)
    )
    assert relay.without_bcc(message) == kept
    header = re.split(rb"(?:\A|\r\n)\r\n", kept)[0]
    assert not re.search(rb"(?:\A|\r\n)(?:resent-)?bcc[ \t]*:", header, re.IGNORECASE)


@given(st.binary(max_size=200))
def test_any_octets_are_relayed_without_an_error(message: bytes) -> None:
    assert len(relay.without_bcc(message)) <= len(message)
    assert all(
        message[at:end].lower().startswith(name.lower().encode())
        for name, _, at, end in relay.fields(message)
    )
