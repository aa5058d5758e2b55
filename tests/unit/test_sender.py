"""Who a message says that it is from, and what deceives in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.domains import (
    looks_latin,
    mixes_scripts,
    one_apart,
    registrable,
    skeleton,
    u_label,
)
from mailcli.message.sender import Senders, sender_warnings
from mailcli.model import Address

ME = Address("Ada Lovelace", "ada@example.org")
BOB = Address("Bob", "bob@example.com")


def warnings(name: str, email: str) -> tuple[str, ...]:
    return sender_warnings(Senders((Address(name, email),)), [ME])


@pytest.mark.parametrize(
    ("name", "email"),
    [
        ("", "bob@example.com"),
        ("Bob Babbage", "bob@example.com"),
        ("bob@example.com", "BOB@example.com"),
        ("Booking.com", "noreply@booking.com"),
        ("Amazon.de", "noreply@news.amazon.com"),
        ("Dr. A.B. Smith (Node.js)", "a@example.com"),
        ("St.Petersburg", "a@example.com"),
        ("Ada Lovelace", "ada@example.org"),
        ("Бюро", "bureau@москва.рф"),
        ("書店", "info@書店ブックス.jp"),
        ("Bücher", "info@bücher.example"),
    ],
)
def test_an_ordinary_sender_has_no_warning(name: str, email: str) -> None:
    assert warnings(name, email) == ()


@pytest.mark.parametrize(
    ("name", "email", "warning"),
    [
        (
            "service@bank.example",
            "x@evil.test",
            "the sender's name shows service@bank.example, but the address is x@evil.test",
        ),
        (
            "www.bank.com",
            "x@evil.test",
            "the sender's name shows www.bank.com, but the address is x@evil.test",
        ),
        (
            "paypal.com",
            "x@paypal.evil.test",
            "the sender's name shows paypal.com, but the address is x@paypal.evil.test",
        ),
        (
            "service\N{FULLWIDTH COMMERCIAL AT}bank.example",
            "x@evil.test",
            "the sender's name shows service@bank.example, but the address is x@evil.test",
        ),
        (
            "b\u200bob\u202e",
            "x@evil.test",
            "the sender's name holds hidden characters: b<U+200B>ob<U+202E>",
        ),
        (
            "LOVELACE, Ada",
            "x@evil.test",
            "the sender shows your own name, but the address is not yours: x@evil.test",
        ),
        (
            "Boss",
            "boss@exarnple.org",
            "the sender's domain exarnple.org is not yours, but looks like example.org",
        ),
        (
            "Boss",
            "boss@mail.exampl.org",
            "the sender's domain exampl.org is not yours, but looks like example.org",
        ),
        ("Bob", "bob\u202e@evil.test",
         "the sender's address holds hidden characters: bob<U+202E>@evil.test"),
        ("Bob", "nobody", "From holds something that is no address"),
    ],
)  # fmt: skip
def test_what_deceives_is_named(name: str, email: str, warning: str) -> None:
    assert warning in warnings(name, email)


def test_a_domain_that_imitates_another_is_shown_in_both_forms() -> None:
    assert warnings("Apple", "id@xn--pple-43d.com")[0] == (
        "the domain \u0430pple.com (xn--pple-43d.com) is not apple.com: "
        "its letter \u0430 is cyrillic small letter a"
    )


def test_a_domain_of_mixed_scripts_is_shown_in_both_forms() -> None:
    assert warnings("Bank", "x@\u0431\u0430nk.com")[0] == (
        "the domain \u0431\u0430nk.com (xn--nk-6kcd.com) mixes letters of several scripts"
    )


@pytest.mark.parametrize(
    ("senders", "warning"),
    [
        (Senders((), from_fields=0), "there is no From field: nobody says who wrote this"),
        (Senders((), from_fields=1), "From holds no address"),
        (Senders((BOB,), from_fields=2),
         "there are 2 From fields: other programs may show another"),
        (Senders((BOB, ME)), "From names 2 senders"),
        (Senders((BOB,), group=True), "From names a group, not a sender"),
        (Senders((BOB,), reply_to=(Address("", "x@evil.test"),)),
         "answers go to another domain: x@evil.test"),
        (Senders((BOB,), sender=(Address("", "list@lists.test"),)),
         "sent by another domain: list@lists.test"),
        (Senders((BOB,), reply_to=(Address("", "b@xn--pple-43d.com"),)),
         "answers go to another domain: b@xn--pple-43d.com"),
    ],
)  # fmt: skip
def test_the_fields_that_name_senders_are_compared(senders: Senders, warning: str) -> None:
    assert warning in sender_warnings(senders)


def test_answers_within_the_organisation_are_no_warning() -> None:
    senders = Senders(
        (BOB,),
        reply_to=(Address("", "b@lists.example.com"),),
        sender=(Address("", "c@example.com"),),
    )

    assert sender_warnings(senders) == ()


@pytest.mark.parametrize(
    ("domain", "owner"),
    [
        ("a.b.example.org", "example.org"),
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("co.uk", "co.uk"),
        ("example.com.", "example.com"),
        ("Bücher.Example", "xn--bcher-kva.example"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_the_registered_part_of_a_domain_is_approximated(domain: str, owner: str) -> None:
    assert registrable(domain) == owner


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("example", "exmple", True),
        ("example", "examples", True),
        ("example", "exbmple", True),
        ("example", "exmaple", True),
        ("example", "example", False),
        ("example", "exmalpe", False),
        ("a", "", True),
        ("abc", "a", False),
    ],
)
def test_one_character_apart(one: str, other: str, expected: bool) -> None:
    assert one_apart(one, other) is one_apart(other, one) is expected


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_survived(name: str, domain: str) -> None:
    address = Address(name, f"x@{domain}")
    sender_warnings(Senders((address,), (address,), (address,)), [ME])
    for label in domain.split("."):
        looks_latin(label)
        mixes_scripts(label)
        skeleton(u_label(label))


@pytest.mark.growth
@pytest.mark.parametrize("piece", ["a", "a.", "a@", ".", "\u0430", "xn--a.", "\u0430."])
def test_long_names_and_domains_are_read_in_time_that_grows_with_their_length(piece: str) -> None:
    address = Address(piece * 100_000, f"x@{piece * 100_000}")

    sender_warnings(Senders((address,), (address,), (address,)), [ME])
