"""What a reply's header says: recipients, threading, subject."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.errors import InvalidMessage
from mailcli.message.addresses import parse_address, parse_addresses
from mailcli.message.fields import Field
from mailcli.message.people import people_in, written
from mailcli.message.reply import MOST_REFERENCES, Own, Wish, answer, references, reply_subject
from mailcli.model import Address

OWN = Own(
    (Address("Ada", "ada@example.org"), Address("", "countess@example.net")),
    (Address("", "ada@home.example"),),
)


def fields(text: str) -> list[Field]:
    pairs = (line.partition(": ") for line in text.strip().split("\n"))
    return [Field(name.strip(), value.strip().encode()) for name, _, value in pairs]


def emails(addresses: tuple[Address, ...]) -> list[str]:
    return [each.email for each in addresses]


RECIPIENTS = {
    "the author": ("From: bob@x.example\nTo: ada@example.org", "sender", ["bob@x.example"], []),
    "Reply-To before From": (
        "From: bob@x.example\nReply-To: carol@x.example\nTo: ada@example.org",
        "sender",
        ["carol@x.example"],
        [],
    ),
    "Mail-Reply-To before Reply-To": (
        "From: bob@x.example\nReply-To: list@x.example\nMail-Reply-To: b@x.example",
        "sender",
        ["b@x.example"],
        [],
    ),
    "not oneself, though Reply-To says so": (
        "From: bob@x.example\nReply-To: ada@example.org",
        "sender",
        ["bob@x.example"],
        [],
    ),
    "all others": (
        "From: bob@x.example\nTo: Ada@Example.org, dan@x.example\nCc: erin@x.example",
        "all",
        ["bob@x.example"],
        ["dan@x.example", "erin@x.example"],
    ),
    "all but aliases, details and other accounts": (
        (
            "From: bob@x.example\nTo: countess@example.net, ada+shop@example.org\n"
            "Cc: ada@home.example, erin@x.example, BOB@x.example"
        ),
        "all",
        ["bob@x.example"],
        ["erin@x.example"],
    ),
    "who filled in a form, which wrote in one's own name": (
        "From: ada@example.org\nReply-To: bob@x.example\nTo: ada@example.org",
        "sender",
        ["bob@x.example"],
        [],
    ),
    "those whom one wrote to, where Reply-To is one's own": (
        "From: ada@example.org\nReply-To: ada@home.example\nTo: bob@x.example",
        "sender",
        ["bob@x.example"],
        [],
    ),
    "those whom one wrote to": (
        "From: ada@example.org\nTo: bob@x.example\nCc: erin@x.example",
        "sender",
        ["bob@x.example"],
        [],
    ),
    "all whom one wrote to": (
        "From: Ada <countess@example.net>\nTo: bob@x.example, ada@example.org\nCc: erin@x.example",
        "all",
        ["bob@x.example"],
        ["erin@x.example"],
    ),
    "oneself, where nobody else is": (
        "From: ada@example.org\nTo: ada@example.org",
        "all",
        ["ada@example.org"],
        [],
    ),
    "Mail-Followup-To": (
        (
            "From: bob@x.example\nTo: list@l.example\nCc: dan@x.example\n"
            "Mail-Followup-To: list@l.example, ada@example.org"
        ),
        "all",
        ["list@l.example"],
        [],
    ),
    "the list": (
        (
            "From: bob@x.example\nTo: The List <list@l.example>\n"
            "List-Post: <mailto:list@l.example?subject=x> (for all)"
        ),
        "list",
        ["list@l.example"],
        [],
    ),
    "an address as a name": (
        'From: bob@x.example <bob@x.example>\nTo: "ada@example.org"',
        "sender",
        ["bob@x.example"],
        [],
    ),
    "a name with a comma": ("From: Stone, Bob <bob@x.example>", "sender", ["bob@x.example"], []),
}


@pytest.mark.parametrize(("header", "wish", "to", "cc"), RECIPIENTS.values(), ids=RECIPIENTS)
def test_a_reply_goes_to(header: str, wish: str, to: list[str], cc: list[str]) -> None:
    reply = answer(fields(header), Wish(wish), OWN)
    assert (emails(reply.to), emails(reply.cc)) == (to, cc)


@pytest.mark.parametrize(
    ("header", "wish", "words"),
    [
        ("Subject: x", "sender", "nobody"),
        ("From: bob@x.example", "list", "no list"),
        ("From: b@x.example\nList-Post: NO (announcements)", "list", "takes no messages"),
    ],
)
def test_a_reply_to_nobody_is_refused(header: str, wish: str, words: str) -> None:
    with pytest.raises(InvalidMessage, match=words):
        answer(fields(header), Wish(wish), OWN)


@pytest.mark.parametrize(
    ("header", "sender"),
    [
        ("From: b@x.example\nTo: countess@example.net", "countess@example.net"),
        ("From: b@x.example\nTo: l@x.example\nDelivered-To: ada@example.org", "ada@example.org"),
        ("From: b@x.example\nTo: l@x.example", None),
    ],
)
def test_a_reply_is_from_the_address_that_the_message_was_sent_to(
    header: str, sender: str | None
) -> None:
    found = answer(fields(header), Wish.SENDER, OWN).sender
    assert (found.email if found else None) == sender


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("From: no-reply@shop.example", "nobody reads"),
        ("From: do_not_reply@shop.example".replace("_", "-"), "nobody reads"),
        ("From: MAILER-DAEMON@x.example", "nobody reads"),
        ("Return-Path: <>\nFrom: b@x.example", "a program"),
        ("Auto-Submitted: auto-replied\nFrom: b@x.example", "a program"),
        ("From: b@x.example, nonsense", "left out"),
    ],
)
def test_who_may_not_read_it_is_told(header: str, words: str) -> None:
    (warning,) = answer(fields(header), Wish.SENDER, OWN).warnings
    assert words in warning


def test_people_are_no_programs() -> None:
    header = "Return-Path: <noreen@x.example>\nAuto-Submitted: no\nFrom: noreen@x.example"
    assert answer(fields(header), Wish.SENDER, OWN).warnings == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Tea", "Re: Tea"),
        ("Re: Tea", "Re: Tea"),
        ("RE:Re: AW: Tea", "Re: Tea"),
        ("Re[2]: Tea", "Re: Tea"),
        ("Sv: Tea", "Re: Tea"),
        ("[list] Re: Tea", "Re: [list] Tea"),
        ("[list] Tea", "Re: [list] Tea"),
        ("\u56de\u590d\uff1aTea", "Re: Tea"),
        ("Fwd: Tea", "Re: Fwd: Tea"),
        ("Reading: a list", "Re: Reading: a list"),
        ("", "Re:"),
    ],
)
def test_a_subject_is_marked_once(before: str, after: str) -> None:
    assert reply_subject(before) == after


THREADING = {
    "a first message": ("Message-ID: <a@x>", ["<a@x>"]),
    "one with references": (
        "Message-ID: <c@x>\nReferences: <a@x> <b@x>",
        ["<a@x>", "<b@x>", "<c@x>"],
    ),
    "one that only says what it answers": (
        "Message-ID: <b@x>\nIn-Reply-To: <a@x>",
        ["<a@x>", "<b@x>"],
    ),
    "one that answers two": ("Message-ID: <c@x>\nIn-Reply-To: <a@x> <b@x>", ["<c@x>"]),
    "one without a name": ("References: <a@x> <b@x>", ["<a@x>", "<b@x>"]),
    "one that names itself": ("Message-ID: <b@x>\nReferences: <b@x> <a@x>", ["<a@x>", "<b@x>"]),
    "nonsense around": (
        "Message-ID: <b@x> (x)\nReferences: wrote <a@x>, <a b>",
        ["<a@x>", "<b@x>"],
    ),
    "nothing": ("Subject: x", []),
}


@pytest.mark.parametrize(("header", "wanted"), THREADING.values(), ids=THREADING)
def test_references_of_a_reply_to(header: str, wanted: list[str]) -> None:
    assert list(references(fields(header))) == wanted


def test_long_references_keep_the_first_and_the_last_ones() -> None:
    before = [f"<{number}@x.example>" for number in range(60)]
    found = references(
        [Field("References", " ".join(before).encode()), Field("Message-ID", b"<m@x>")]
    )
    assert len(found) == MOST_REFERENCES
    assert (found[0], found[-1]) == (before[0], "<m@x>")
    assert list(found[1:-1]) == before[-(MOST_REFERENCES - 2) :]


def test_references_fit_into_one_line() -> None:
    before = [f"<{str(number) * 200}@x.example>" for number in range(9)]
    found = references(
        [Field("References", " ".join(before).encode()), Field("Message-ID", b"<m@x>")]
    )
    assert len("References: " + " ".join(found)) <= 998
    assert (found[0], found[-1]) == (before[0], "<m@x>")


EMAILS = st.sampled_from(
    ["ada@example.org", "Ada+x@EXAMPLE.org", "countess@example.net", "b@x.example", "c@x.example"]
)
FIELD_NAMES = st.sampled_from(
    ["From", "Reply-To", "To", "Cc", "Mail-Followup-To", "Mail-Reply-To"]
)
HEADERS = st.lists(
    st.tuples(FIELD_NAMES, st.lists(EMAILS, min_size=1, max_size=4).map(", ".join)), max_size=6
)


@given(HEADERS, st.sampled_from([Wish.SENDER, Wish.ALL]))
def test_nobody_writes_to_himself_unless_nobody_else_is_left(
    header: list[tuple[str, str]], wish: Wish
) -> None:
    given_fields = [Field(name, value.encode()) for name, value in header]
    try:
        reply = answer(given_fields, wish, OWN)
    except InvalidMessage:
        return
    everybody = (*reply.to, *reply.cc)
    assert reply.to
    assert len({each.email.lower() for each in everybody}) == len(everybody)
    ours = [each for each in everybody if OWN.is_anyones(each)]
    assert not ours or ours == list(everybody)


NAMES = st.text(max_size=40)


@given(NAMES, EMAILS)
def test_an_address_is_written_as_it_is_read(name: str, email: str) -> None:
    text = written(Address(name, email))
    found = parse_address(text)
    assert found.email == email
    assert written(found) == text


HOSTILE = 200_000
"""Octets that take hours by their square, let alone by their cube."""


@pytest.mark.growth
@pytest.mark.parametrize("part", ["<mailto:a ", "<mailto:", "<mailto:a?", "< ", "(a"])
def test_a_hostile_list_post_is_read_in_time(part: str) -> None:
    value = part.encode() * (HOSTILE // len(part))

    with pytest.raises(InvalidMessage):
        answer([Field("List-Post", value)], Wish.LIST, OWN)


@pytest.mark.growth
@pytest.mark.parametrize("part", ['\\"', '"\\', '<\\"', "<", '"<'])
def test_a_hostile_list_of_people_is_read_in_time(part: str) -> None:
    assert not people_in([part.encode() * (HOSTILE // len(part))]).addresses


def test_an_address_after_a_stray_quote_is_read() -> None:
    found = people_in([b'"A, B" <a@x.example>; "c <c@x.example>, <d, e@x.example'])

    assert emails(found.addresses) == ["a@x.example", "c@x.example", "e@x.example"]
    assert found.unreadable == ("<d",)


@given(st.binary(max_size=300))
def test_any_octets_are_read_for_people(value: bytes) -> None:
    for each in people_in([value]).addresses:
        assert parse_addresses(written(each))
    reply_fields = [Field("From", value), Field("To", value), Field("List-Post", value)]
    for wish in Wish:
        try:
            answer(reply_fields, wish, OWN)
        except InvalidMessage:
            continue
