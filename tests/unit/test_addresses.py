import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.mail_texts import addresses, emails, words

from mailcli.errors import InvalidMessage
from mailcli.message.addresses import parse_address, parse_addresses, to_ascii, unique
from mailcli.message.headers import address_field
from mailcli.model import Address


@pytest.mark.parametrize(
    ("text", "name", "email"),
    [
        ("ada@example.org", "", "ada@example.org"),
        ("<ada@example.org>", "", "ada@example.org"),
        ("Ada Lovelace <ada@example.org>", "Ada Lovelace", "ada@example.org"),
        ('"Lovelace, Ada" <ada@example.org>', "Lovelace, Ada", "ada@example.org"),
        (r'"Ada \"the\" \\ L" <ada@example.org>', r'Ada "the" \ L', "ada@example.org"),
        ('Ada "K." Lovelace <ada@example.org>', "Ada K. Lovelace", "ada@example.org"),
        ("J. R. Smith <jr@example.org>", "J. R. Smith", "jr@example.org"),
        ("Jörg Müller <j@example.org>", "Jörg Müller", "j@example.org"),
        ("山田 太郎 <t@example.jp>", "山田 太郎", "t@example.jp"),
        ("ada@example.org (Ada)", "", "ada@example.org"),
        (r"ada@example.org (nested (deep \) paren))", "", "ada@example.org"),
        ('"a,b@c"@example.org', "", '"a,b@c"@example.org'),
        ('Quoted <"a b"@example.org>', "Quoted", '"a b"@example.org'),
        ("ada+tag@example.org", "", "ada+tag@example.org"),
        ("o'brien@example.org", "", "o'brien@example.org"),
        ("ada@[192.0.2.1]", "", "ada@[192.0.2.1]"),
        ("jörg@bücher.de", "", "jörg@bücher.de"),
        ('"Ada\tLovelace" <ada@example.org>', "Ada\tLovelace", "ada@example.org"),
    ],
)
def test_address_has_a_name_and_an_addr_spec(text: str, name: str, email: str) -> None:
    assert parse_address(text) == Address(name, email)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a@example.org, b@example.org", ["a@example.org", "b@example.org"]),
        ('"x, y" <a@example.org>,b@example.org', ["a@example.org", "b@example.org"]),
        ("team: a@example.org, B <b@example.org>;", ["a@example.org", "b@example.org"]),
        ('"The team": a@example.org;, c@example.org', ["a@example.org", "c@example.org"]),
        ("undisclosed-recipients:;", []),
        ("a@example.org, , b@example.org,", ["a@example.org", "b@example.org"]),
        ("", []),
        ("a@example.org,\t b@example.org", ["a@example.org", "b@example.org"]),
    ],
)
def test_list_gives_every_address_also_those_in_groups(text: str, found: list[str]) -> None:
    assert [address.email for address in parse_addresses(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "ada",
        "ada@",
        "@example.org",
        "a@b@example.org",
        "a@example.org b@example.org",
        "a@example.org; b@example.org",  # another program's separator
        "a@example.org <b@example.org>",  # which of the two?
        "a@x)b@y",
        "Lovelace, Ada <ada@example.org>",
        "<a@example.org",
        "a@example.org>",
        "<a@example.org>,<",
        "a..b@example.org",
        ".a@example.org",
        "a@example..org",
        '"open@example.org',
        "(open ada@example.org",
        "a@example.org\r\nBcc: x@example.org",
        "a\0@example.org",
        "a\x1b@example.org",
        "a\x9b@example.org",
        "a\udcff@example.org",
        '"\udcff" <a@example.org>',
        "\N{REPLACEMENT CHARACTER}@example.org",  # a header's octet that was no UTF-8
        "<@relay.example,@other.example:ada@example.org>",
        "a@[evil@example.org]",
        "g: h: a@example.org;;",
        "g: a@example.org",
        "g: a@example.org; b@example.org",
        "ada@example.org: bob@example.org;",  # ada is no group's name
        "Ada <ada@example.org>: bob@example.org;",
        ": a@example.org;",
    ],
)
def test_what_can_be_read_in_two_ways_or_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidMessage):
        parse_addresses(text)


@pytest.mark.parametrize("text", ["", "g:;", "a@example.org, b@example.org"])
def test_one_address_means_one(text: str) -> None:
    with pytest.raises(InvalidMessage, match="not one address"):
        parse_address(text)


def test_header_octets_outside_utf8_are_fine_in_a_name() -> None:
    assert parse_address("J\ufffdrg <j@example.org>").email == "j@example.org"


@given(addresses)
@example(Address("Doe, John", "john@example.org"))
@example(Address('He said "hi" \\', "he@example.org"))
@example(Address("=?utf-8?q?fake?=", "x@example.org"))
@example(Address("a@b", '"a b"@example.org'))
def test_addresses_as_people_quote_them_read_back(address: Address) -> None:
    quoted = address.name.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_address(f'"{quoted}" <{address.email}>') == address


@given(st.lists(st.builds(Address, st.just(""), emails), max_size=5))
def test_bare_addresses_written_in_a_header_read_back(given_ones: list[Address]) -> None:
    if given_ones:
        field = address_field("To", given_ones).decode("utf-8")
        value = field.removeprefix("To:").replace("\r\n", "")
        assert parse_addresses(value) == given_ones


@given(words.filter(lambda name: name.isascii() and "=?" not in name and len(name) < 400), emails)
def test_ascii_names_written_in_a_header_read_back(name: str, email: str) -> None:
    value = address_field("To", [Address(name, email)]).decode("utf-8").removeprefix("To:")
    assert parse_address(value.replace("\r\n", "")) == Address(name, email)


@given(st.text(max_size=60))
@example('"' * 50)
@example("(" * 50)
@example("<a@b" * 10)
def test_any_text_gives_addresses_or_a_refusal(text: str) -> None:
    try:
        found = parse_addresses(text)
    except InvalidMessage:
        return
    for address in found:
        local, _, domain = address.email.rpartition("@")
        assert local
        assert domain
        assert parse_address(f"<{address.email}>").email == address.email


@pytest.mark.parametrize(
    ("email", "ascii_form"),
    [
        ("ada@example.org", "ada@example.org"),
        ("j@bücher.de", "j@xn--bcher-kva.de"),
        ("j@BÜCHER.DE", "j@xn--bcher-kva.de"),
        ("j@faß.de", "j@xn--fa-hia.de"),  # IDNA 2008; that of 2003 would say fass.de
        ("jörg@bücher.de", "jörg@xn--bcher-kva.de"),
        ('"a@ü"@bücher.de', '"a@ü"@xn--bcher-kva.de'),
        ("t@例え。jp", "t@xn--r8jz45g.jp"),
    ],
)
def test_domain_becomes_a_labels_and_the_local_part_stays(email: str, ascii_form: str) -> None:
    assert to_ascii(email) == ascii_form


@pytest.mark.parametrize(
    "domain", ["☃️.org", "-ü.org", "ü" * 64, "a\u200b\u202eü.org", "ü\udcff.de"]
)
def test_domain_that_cannot_exist_is_refused(domain: str) -> None:
    with pytest.raises(InvalidMessage, match="domain"):
        to_ascii(f"ada@{domain}")


def test_unique_addresses_differ_in_more_than_the_case_of_the_domain() -> None:
    found = parse_addresses("a@Example.org, A@example.org, N <a@EXAMPLE.ORG>, j@bücher.de")
    found.append(Address("", "j@xn--bcher-kva.de"))
    assert unique(found) == ["a@Example.org", "A@example.org", "j@xn--bcher-kva.de"]
