"""Octets of every charset, and of those that lie."""

import encodings.aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.charsets import cut, guess, is_known, to_text

RAW = {
    "utf-8": "für €".encode(),
    "cp1252": "für €".encode("cp1252"),
    "gbk": "镕你好".encode("gbk"),
    "cp949": "똠방각하".encode("cp949"),
    "cp932": "①髙橋".encode("cp932"),
    "euc-jp": "日本".encode("euc-jp"),
    "jis of Windows": b"\x1b$B-!!A\x1b(B A \x1b$@F|K\\\x1b(J",
    "jis": b"\x1b$BF|K\\\x1b(B ABC",
}


@pytest.mark.parametrize(
    ("octets", "charset", "expected"),
    [
        pytest.param(b"abc", None, "abc", id="ASCII"),
        pytest.param(RAW["utf-8"], None, "für €", id="undeclared UTF-8"),
        pytest.param(RAW["cp1252"], None, "für €", id="undeclared Windows-1252"),
        pytest.param(RAW["utf-8"], "utf-8", "für €", id="UTF-8"),
        pytest.param(b"\xef\xbb\xbfabc", "UTF8", "abc", id="UTF-8 with a BOM"),
        pytest.param(RAW["utf-8"], "us-ascii", "für €", id="ASCII that is UTF-8"),
        pytest.param(RAW["cp1252"], "us-ascii", "für €", id="ASCII that is Windows-1252"),
        pytest.param(RAW["cp1252"], "ISO-8859-1", "für €", id="Latin-1 that is Windows-1252"),
        pytest.param(RAW["utf-8"], "iso-8859-1", "für €", id="Latin-1 that is UTF-8"),
        pytest.param(RAW["cp1252"], "utf-8", "für €", id="UTF-8 that is Windows-1252"),
        pytest.param(RAW["utf-8"][:-1], "utf-8", "für \N{REPLACEMENT CHARACTER}", id="cut UTF-8"),
        pytest.param(RAW["gbk"], "gb2312", "镕你好", id="GB 2312 that is GBK"),
        pytest.param("😀".encode("gb18030"), "GBK", "😀", id="GBK that is GB 18030"),
        pytest.param(RAW["cp949"], "ks_c_5601-1987", "똠방각하", id="KS C 5601"),
        pytest.param(RAW["cp949"], "euc-kr", "똠방각하", id="EUC-KR that is UHC"),
        pytest.param(RAW["jis of Windows"], "ISO-2022-JP", "①\uff5e A 日本", id="JIS of Windows"),
        pytest.param(b"\x1b$B-!F", "ISO-2022-JP", "①\N{REPLACEMENT CHARACTER}", id="cut JIS"),
        pytest.param(RAW["cp932"], "Shift_JIS", "①髙橋", id="Shift JIS that is CP932"),
        pytest.param(RAW["euc-jp"], "euc-jp", "日本", id="EUC-JP"),
        pytest.param(RAW["jis"], "iso-2022-jp", "日本 ABC", id="ISO-2022-JP"),
        pytest.param(RAW["cp932"], "iso-2022-jp", "①髙橋", id="ISO-2022-JP that is CP932"),
        pytest.param(RAW["utf-8"], "iso-2022-jp", "für €", id="ISO-2022-JP that is UTF-8"),
        pytest.param(b"\x1b(I1\x1b(B", "iso-2022-jp", "ｱ", id="half-width in ISO-2022-JP"),
        pytest.param("中文".encode("big5"), "big5", "中文", id="Big5"),
        pytest.param("привет".encode("koi8-r"), "KOI8-R", "привет", id="KOI8-R"),
        pytest.param("ığ".encode("cp1254"), "iso-8859-9", "ığ", id="Latin-5"),
        pytest.param("€".encode("cp1250"), "windows-1250", "€", id="Windows-1250"),
        pytest.param(b"Hi Mom -+Jjo--!", "utf-7", "Hi Mom -☺-!", id="UTF-7, RFC 2152"),
        pytest.param(b"+Jjo-", "unicode-1-1-utf-7", "☺", id="UTF-7 by its old name"),
        pytest.param(b"+Jjo-", None, "+Jjo-", id="UTF-7 that nobody declared"),
        pytest.param(b"+Jjo-", "us-ascii", "+Jjo-", id="UTF-7 in ASCII"),
        pytest.param(b"+2AA-", "utf-7", "\N{REPLACEMENT CHARACTER}", id="UTF-7 of a surrogate"),
        pytest.param("für".encode("utf-16"), "utf-16", "für", id="UTF-16 with a mark"),
        pytest.param("für".encode("utf-16-be"), "utf-16", "für", id="UTF-16 by RFC 2781"),
        pytest.param("für".encode("utf-16-le"), "utf-16", "für", id="UTF-16 by Windows"),
        pytest.param(RAW["utf-8"], "utf-16", "für €", id="UTF-16 that is UTF-8"),
        pytest.param("für".encode("utf-32"), "utf-32", "für", id="UTF-32"),
        pytest.param(RAW["utf-8"], "x-unknown", "für €", id="x-unknown"),
        pytest.param(RAW["cp1252"], "unknown-8bit", "für €", id="unknown-8bit"),
        pytest.param(RAW["utf-8"], "", "für €", id="empty"),
        pytest.param(RAW["utf-8"], ' "UTF-8" ', "für €", id="quoted"),
        pytest.param(b"\x81", "cp1252", "\N{REPLACEMENT CHARACTER}", id="not in Windows-1252"),
        pytest.param(b"", "utf-16", "", id="nothing"),
    ],
)
def test_octets_become_text(octets: bytes, charset: str | None, expected: str) -> None:
    assert to_text(octets, charset) == expected


@pytest.mark.parametrize(
    "name",
    [
        "zip",
        "zlib",
        "bz2",
        "base64",
        "hex",
        "rot13",
        "quopri",
        "uu",
        "unicode_escape",
        "idna",
        "raw_unicode_escape",
        "punycode",
        "undefined",
        "a\0b",
        "../os",
        "x" * 10_000,
        "é",
        "aliases",
        "unicode-escape",
        "mbcs",
        ".",
        "",
    ],
)
def test_what_is_no_charset_is_not_taken_for_one(name: str) -> None:
    assert not is_known(name)
    assert to_text(b"\\u0041 x\x9c", name) == "\\u0041 xœ"


CHARSETS = sorted({*encodings.aliases.aliases.values(), *encodings.aliases.aliases})


@given(st.binary(), st.sampled_from(CHARSETS) | st.text() | st.none())
def test_any_octets_become_valid_text(octets: bytes, charset: str | None) -> None:
    to_text(octets, charset).encode()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_utf_8_is_always_recognised(text: str) -> None:
    octets = text.encode()

    assert guess(octets) == to_text(octets, "utf-8") == text.removeprefix("\ufeff")


@pytest.mark.parametrize("most", range(1, 40))
def test_a_text_that_is_cut_stays_what_it_was(most: int) -> None:
    text = "für 10 € 😀 日本語 ende"

    begin = guess(cut(text.encode(), most))

    assert text.startswith(begin)
    assert len(begin.encode()) > most - 4 or begin == text
