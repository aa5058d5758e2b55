import email.parser
import email.policy
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.mail_texts import addresses, one_line, read_addresses

from mailcli.errors import InvalidMessage
from mailcli.message.addresses import to_ascii
from mailcli.message.headers import (
    MAX_LINE,
    WIDTH,
    address_field,
    check_value,
    identifier_field,
    text_field,
)
from mailcli.model import Address

names = st.sampled_from(["Subject", "X-Note", "X-" + "Long-" * 12 + "Name"])
identifiers = st.builds(
    "<{}@{}>".format,
    st.text("abcXYZ019.+-_$=", min_size=1, max_size=200),
    st.sampled_from(["example.org", "[192.0.2.1]"]),
)


def read(field: bytes) -> str:
    """Return a field's value as the standard library reads it."""
    parser = email.parser.BytesParser(policy=email.policy.default)
    message = parser.parsebytes(field + b"\r\n")
    assert message.defects == []
    [(_, value)] = message.items()
    return str(value)


def lines(field: bytes) -> list[bytes]:
    assert field.endswith(b"\r\n")
    return field.removesuffix(b"\r\n").split(b"\r\n")


def assert_well_formed(field: bytes) -> None:
    first, *folded = lines(field)
    assert b":" in first
    assert all(line[:1] in b" \t" and line.strip() for line in folded)
    assert all(len(line) <= MAX_LINE for line in (first, *folded))
    assert b"\n" not in field.replace(b"\r\n", b"")
    assert b"\r" not in field.replace(b"\r\n", b"")


@given(names, one_line)
@example("Subject", "")
@example("Subject", " leading, trailing ")
@example("Subject", "a  run   of    spaces")
@example("Subject", "x" * 66 + " " * 30 + "y")
@example("Subject", "x" * 74 + "  y")
@example("Subject", "=?utf-8?b?4oKs?= is not an encoded-word here")
@example("Subject", "tab\tand\x0bvertical tab\x0c\x1b[31m")
@example("Subject", "\u2028\x85")
def test_text_reads_back_as_it_was_given(name: str, value: str) -> None:
    field = text_field(name, value)
    assert field.isascii()
    assert read(field) == value


@given(names, one_line)
@example("Subject", "x" * 75 + "    ")
@example("Subject", "x" * 5000)
@example("Subject", " " * 5000)
def test_text_field_is_folded_where_text_is_and_never_too_long(name: str, value: str) -> None:
    assert_well_formed(text_field(name, value))


@given(st.sampled_from(["Subject", "Comments", "X"]), st.text(min_size=1, max_size=200))
def test_line_with_an_encoded_word_has_76_octets_at_most(name: str, text: str) -> None:
    value = "é" + re.sub(r"[\0\r\n\ud800-\udfff]", "", text)
    assert all(len(line) <= WIDTH for line in lines(text_field(name, value)))


def test_short_ascii_subject_stands_as_it_is() -> None:
    assert text_field("Subject", "The backup is done.") == b"Subject: The backup is done.\r\n"


def test_long_ascii_subject_is_folded_between_words_and_not_encoded() -> None:
    field = text_field("Subject", "word " * 40 + "end")
    assert b"=?" not in field
    assert max(map(len, lines(field))) <= WIDTH
    assert field.replace(b"\r\n", b"") == b"Subject: " + b"word " * 40 + b"end"


def test_ascii_word_of_two_lines_stays_in_one() -> None:
    url = "https://example.org/" + "x" * 200
    assert lines(text_field("X-Link", f"see {url}")) == [b"X-Link: see", b" " + url.encode()]


OUTBREAKS = ["a\nb", "a\rb", "a\r\nBcc: x@example.org", "a\0b", "lone \udcff", "\ud800"]


@pytest.mark.parametrize("value", OUTBREAKS)
def test_text_that_breaks_out_of_its_field_is_refused(value: str) -> None:
    with pytest.raises(InvalidMessage):
        text_field("Subject", value)


@pytest.mark.parametrize("value", OUTBREAKS)
def test_address_that_breaks_out_of_its_field_is_refused(value: str) -> None:
    for address in Address(value, "a@example.org"), Address("", f"{value}@example.org"):
        with pytest.raises(InvalidMessage):
            address_field("To", [address])


@pytest.mark.parametrize("value", ["<a\0@x>", "<\udcff@x>"])
def test_identifier_that_breaks_out_of_its_field_is_refused(value: str) -> None:
    with pytest.raises(InvalidMessage):
        identifier_field("References", [value])


def test_line_ends_between_identifiers_are_only_spaces() -> None:
    assert identifier_field("References", ["<a@x>\r\n <b@x>"]) == b"References: <a@x> <b@x>\r\n"


@pytest.mark.parametrize("name", ["", "A B", "A:B", "Ä", "A\n", "A\0"])
def test_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidMessage, match="name"):
        check_value(name, "x")


@given(st.lists(identifiers, min_size=1, max_size=20))
@example(["<" + "x" * 300 + "@example.org>", "<" + "=?utf-8?q?x?=" * 10 + "@example.org>"])
def test_identifiers_are_never_encoded_whatever_their_length(ids: list[str]) -> None:
    field = identifier_field("References", ids)
    assert_well_formed(field)
    assert field.removeprefix(b"References:").split() == [word.encode() for word in ids]


def test_identifier_that_no_line_holds_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="too long"):
        identifier_field("References", ["<" + "x" * 1000 + "@example.org>"])


def test_field_without_any_identifier_or_address_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="no message"):
        identifier_field("References", [" "])
    with pytest.raises(InvalidMessage, match="nobody"):
        address_field("To", [])


@given(st.lists(addresses, min_size=1, max_size=8))
@example([Address("Doe, John", "j@example.org"), Address("", "b@example.org")])
@example([Address("=?utf-8?q?=2C?= <evil@example.org>", "j@example.org")])
@example([Address('é, "<x@example.org>" \\', '"a, b"@example.org')])
@example([Address("A.", "a@example.org"), Address("(c)", "c@example.org")])
@example([Address("é" * 300, "a@example.org")])
@example([Address("two  spaces", "b@example.org")])
def test_address_field_reads_back_with_the_same_names_and_addresses(
    given_ones: list[Address],
) -> None:
    ascii_ones = [Address(a.name, to_ascii(a.email)) for a in given_ones]
    field = address_field("To", ascii_ones)
    assert field.isascii()
    assert_well_formed(field)
    assert read_addresses(field.decode("ascii").removeprefix("To:")) == ascii_ones
    header = email.parser.BytesParser(policy=email.policy.default).parsebytes(field)["To"]
    assert [a.addr_spec for a in header.addresses] == [a.email for a in ascii_ones]


def test_address_field_is_folded_between_addresses() -> None:
    many = [Address("Ada Lovelace", f"ada{n}@example.org") for n in range(20)]
    field = address_field("To", many)
    assert all(len(line) <= WIDTH for line in lines(field))
    assert field.count(b",") == 19
