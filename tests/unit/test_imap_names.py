import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailcli.errors import ProtocolViolation, UsageError
from mailcli.imap.names import decode, encode, matches, selected


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", b"INBOX"),
        ("Entwürfe", b"Entw&APw-rfe"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # RFC 3501 §5.1.3
        ("R&D", b"R&-D"),
        ("&", b"&-"),
        ("&&", b"&-&-"),
        ("a-b", b"a-b"),
        ("ü-", b"&APw--"),
        ("😀", b"&2D3eAA-"),
        ("tab\there", b"tab&AAk-here"),
        ("Отправленные", b"&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"),
        ("", b""),
    ],
)
def test_names_travel_in_modified_utf_7(name: str, wire: bytes) -> None:
    assert encode(name) == wire
    assert decode(wire) == name


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("&-&AOQ-ü&")
@example("\0\r\n\x7f")
def test_every_name_comes_back(name: str) -> None:
    wire = encode(name)
    assert all(0x20 <= octet <= 0x7E for octet in wire)
    assert decode(wire) == name


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("Entwürfe".encode(), "Entwürfe"),  # UTF-8 without saying so
        ("R&D für alle".encode(), "R&D für alle"),
        (b"R&D", "R&D"),  # an ampersand that nobody encoded
        (b"A & B-C", "A & B-C"),
        (b"&AC8-etc", "&AC8-etc"),  # "/" in disguise
        (b"&AC4ALg-", "&AC4ALg-"),  # ".." in disguise
        (b"&U,BTFw-&ZeVnLIqe-", "&U,BTFw-&ZeVnLIqe-"),  # two runs where one would do
        (b"&2D0-", "&2D0-"),  # half of a pair
        (b"&AOQ", "&AOQ"),  # never shifted back
        (b"&AOR-", "&AOR-"),  # bits left over
        (b"&====-", "&====-"),
    ],
)
def test_what_is_not_written_as_the_rfc_says_is_taken_as_it_stands(wire: bytes, name: str) -> None:
    assert decode(wire) == name


def test_octets_that_are_no_text_are_refused() -> None:
    with pytest.raises(ProtocolViolation, match="modified UTF-7"):
        decode(b"Entw\xfcrfe")


@given(st.binary(max_size=40))
@example(b"&")
@example(b"&-----")
def test_any_octets_give_a_name_or_a_protocol_violation(wire: bytes) -> None:
    try:
        name = decode(wire)
    except ProtocolViolation:
        return
    name.encode("utf-8")
    assert name == wire.decode("utf-8") or encode(name) == wire


def test_name_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(UsageError, match="not valid"):
        encode("caf\udce9")


@pytest.mark.parametrize(
    ("pattern", "delimiter", "covered", "not_covered"),
    [
        ("*", "/", ["INBOX", "a", "a/b", ""], []),
        ("%", "/", ["INBOX", "a"], ["a/b"]),
        ("Work/%", "/", ["Work/a"], ["Work", "Work/a/b", "work/a"]),
        ("Work/*", "/", ["Work/a", "Work/a/b"], ["Work"]),
        ("Work*", "/", ["Work", "Workshop", "Work/a"], ["Homework"]),
        ("%/2026", "/", ["a/2026"], ["a/b/2026"]),
        ("a.%", ".", ["a.b"], ["a.b.c", "axb"]),
        ("a\\%", "\\", ["a\\b"], ["a\\b\\c"]),
        ("a]%", "]", ["a]b"], ["a]b]c"]),
        ("a^%", "^", ["a^b"], ["a^b^c"]),
        ("%", None, ["a/b", "a.b"], []),
        ("inbox", "/", ["INBOX", "Inbox"], ["inbox/a"]),
        ("in%", "/", ["INBOX", "inside"], ["INside"]),
        ("[Gmail]/(all)+?", "/", ["[Gmail]/(all)+?"], ["G/all"]),
        ("a*", "/", ["a\nb"], []),
    ],
)
def test_patterns_cover_names_as_list_does(
    pattern: str, delimiter: str | None, covered: list[str], not_covered: list[str]
) -> None:
    assert [name for name in covered if not matches(name, pattern, delimiter)] == []
    assert [name for name in not_covered if matches(name, pattern, delimiter)] == []


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ((), ["INBOX", "Spam", "Work", "Work/old"]),
        (("*",), ["INBOX", "Spam", "Work", "Work/old"]),
        (("*", "!Spam"), ["INBOX", "Work", "Work/old"]),
        (("!Spam",), ["INBOX", "Work", "Work/old"]),
        (("!Work*", "Work/old"), ["Work/old"]),
        (("INBOX",), ["INBOX"]),
        (("*", "!*", "inbox"), ["INBOX"]),
        (("Nothing",), []),
    ],
)
def test_last_pattern_that_matches_decides(patterns: tuple[str, ...], expected: list[str]) -> None:
    names = ["INBOX", "Spam", "Work", "Work/old"]
    assert [name for name in names if selected(name, patterns, "/")] == expected
