"""Names that strangers gave, made safe."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.clean import visible
from mailcli.message.file_names import LONGEST, attachment_name, numbered, safe_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("report.pdf", "report.pdf", id="plain"),
        pytest.param("Räksmörgås 2026.pdf", "Räksmörgås 2026.pdf", id="letters and blanks"),
        pytest.param("日本語.txt", "日本語.txt", id="CJK"),
        pytest.param("../../etc/passwd", "passwd", id="path"),
        pytest.param("/etc/passwd", "passwd", id="absolute path"),
        pytest.param("C:\\Users\\a\\b.txt", "b.txt", id="Windows path"),
        pytest.param("..\\..\\a.txt", "a.txt", id="Windows path upwards"),
        pytest.param("a/b\\c.txt", "c.txt", id="both separators"),
        pytest.param("a.txt/", "a.txt", id="separator at the end"),
        pytest.param("C:a.txt", "a.txt", id="drive"),
        pytest.param("a.txt:stream", "a.txt_stream", id="stream"),
        pytest.param("..", "", id="parent"),
        pytest.param(".", "", id="itself"),
        pytest.param("a/..", "", id="parent at the end"),
        pytest.param("...", "", id="dots"),
        pytest.param(".bashrc", "bashrc", id="hidden"),
        pytest.param("-rf", "rf", id="option"),
        pytest.param("--", "", id="end of options"),
        pytest.param(". -.x", "x", id="all of them"),
        pytest.param("a\0b.txt", "ab.txt", id="NUL"),
        pytest.param("a\nb\r\x1b[31m.txt", "ab[31m.txt", id="control characters"),
        pytest.param("a\u202egnp.exe", "agnp.exe", id="bidi"),
        pytest.param("a\u200b\u2066b", "ab", id="invisible"),
        pytest.param("\ud800a", "a", id="surrogate"),
        pytest.param("a  b\u00a0 c", "a b c", id="blanks"),
        pytest.param("a.txt. . ", "a.txt", id="dots and blanks at the end"),
        pytest.param("con", "_con", id="device"),
        pytest.param("NUL.txt", "_NUL.txt", id="device with an extension"),
        pytest.param("com1.tar.gz", "_com1.tar.gz", id="port"),
        pytest.param("aux .txt", "_aux .txt", id="device with a blank"),
        pytest.param("console.log", "console.log", id="like a device"),
        pytest.param('a<b>c"d|e?f*.txt', "a_b_c_d_e_f_.txt", id="what Windows has no names of"),
        pytest.param("e\u0301.txt", "é.txt", id="normalised"),
        pytest.param("$(rm).txt", "$(rm).txt", id="what only a shell reads"),
        pytest.param("", "", id="empty"),
        pytest.param("/", "", id="separator alone"),
    ],
)
def test_a_name_is_made_safe(name: str, expected: str) -> None:
    assert safe_name(name) == expected


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        pytest.param("a.pdf", "application/pdf", "a.pdf", id="named"),
        pytest.param(None, "application/pdf", "part-2.1.pdf", id="by its type"),
        pytest.param(None, "text/css", "part-2.1.css", id="text for programs"),
        pytest.param(None, "text/x-strange", "part-2.1.txt", id="unknown text"),
        pytest.param(None, "application/x-strange", "part-2.1.bin", id="unknown type"),
        pytest.param("..", "text/plain", "part-2.1.txt", id="nothing left"),
        pytest.param(None, "message/rfc822", "message-2.1.eml", id="forwarded"),
        pytest.param("Re: hello", "message/rfc822", "Re_ hello.eml", id="forwarded, named"),
        pytest.param("a.EML", "message/rfc822", "a.EML", id="forwarded, named so"),
        pytest.param("winmail.dat", "application/ms-tnef", "winmail.dat", id="TNEF"),
    ],
)
def test_a_part_has_a_name(name: str | None, kind: str, expected: str) -> None:
    assert attachment_name(name, kind, "2.1") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("a.pdf", "a-1.pdf", id="extension"),
        pytest.param("a.tar.gz", "a-1.tar.gz", id="two extensions"),
        pytest.param("a", "a-1", id="none"),
        pytest.param("a. b", "a. b-1", id="no extension"),
        pytest.param("v1.2", "v1-1.2", id="digits"),
    ],
)
def test_a_suffix_stands_before_the_extension(name: str, expected: str) -> None:
    assert numbered(name, 1) == expected


def test_a_long_name_keeps_its_extension() -> None:
    found = safe_name("ü" * 500 + ".pdf")

    assert (len(found.encode()), found[-5:]) == (LONGEST, "ü.pdf")
    assert numbered(found, 12).endswith("ü-12.pdf")
    assert len(numbered(found, 12).encode()) <= LONGEST


any_text = st.text(st.characters(exclude_categories=()))
nasty = st.text(st.sampled_from("a./\\:-~ \0\u202e\ud800\u0301ü\x1bC"))


@given(any_text | nasty | (any_text | nasty).map(lambda text: text * 300), st.integers(1, 10_000))
def test_any_name_becomes_one_safe_segment(name: str, count: int) -> None:
    for found in (
        attachment_name(name, "a/b", "1"),
        numbered(attachment_name(name, "a/b", "1"), count),
    ):
        assert 0 < len(found.encode()) <= LONGEST
        assert not re.search(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f]', found)
        assert found[0] not in ".-~ "
        assert found[-1] not in ". "
        assert visible(found) == found
        assert unicodedata.normalize("NFC", found) == found


@given(any_text | nasty)
def test_a_safe_name_stays_as_it_is(name: str) -> None:
    assert safe_name(safe_name(name)) == safe_name(name)
