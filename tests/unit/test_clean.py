"""Nothing that steers a terminal or hides gets through, whatever the text."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.clean import clean, clean_block, visible

# Format characters that have a glyph of their own, such as the Arabic number sign.
_WITH_GLYPH = [range(0x600, 0x606), range(0x13430, 0x13440)] + [
    range(code, code + 1) for code in (0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)
]

any_text = st.text(st.characters(exclude_categories=()))
nasty_text = st.text(
    st.sampled_from("a \t\r\n\x00\x1b\x7f\x85\x9b\xad\u200d\u2028\u202e\udcff\U000e0041")
)


def hostile(character: str) -> bool:
    category = unicodedata.category(character)
    has_glyph = any(ord(character) in codes for codes in _WITH_GLYPH)
    return category in {"Cc", "Cs", "Zl", "Zp"} or (category == "Cf" and not has_glyph)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("plain text", "plain text", id="plain"),
        pytest.param("\x1b[31mred\x1b]0;title\x07", "␛[31mred␛]0;title␇", id="escape sequences"),
        pytest.param("a\x00b\x7fc", "a␀b␡c", id="NUL and DEL"),
        pytest.param("\x9b31m\x85", "\\x9b31m\\x85", id="C1"),
        pytest.param("one\r\n\ttwo \x0b three", "one two ␋ three", id="line ends and tabs"),
        pytest.param("one\u2028two\u2029three", "one two three", id="separators"),
        pytest.param("  wide \u3000 space\u00a0here ", "wide space here", id="white space"),
        pytest.param("\u202egnp.exe\u202c \u2066x\u2069\u200f\u061c", "gnp.exe x", id="bidi"),
        pytest.param("pay\u200bpal\u200c\u200d\u2060\ufeff", "paypal", id="zero width"),
        pytest.param("in\xadvoice", "invoice", id="soft hyphen"),
        pytest.param("x\U000e0041\U000e0100\ufe0f", "x", id="tags and variation selectors"),
        pytest.param("half \ud83d\udcff", "half \ufffd\ufffd", id="lone surrogates"),
        pytest.param("日本語 naïve Ελλ 😀", "日本語 naïve Ελλ 😀", id="languages"),
        pytest.param("[red]x[/red] :smile:", "[red]x[/red] :smile:", id="markup is text"),
        pytest.param("", "", id="empty"),
    ],
)
def test_clean_shows_or_removes(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_clean_block_keeps_lines_and_expands_tabs() -> None:
    text = "a\tb\r\nc\rd\n\n\x1b[1me\u2028f"
    assert clean_block(text) == "a       b\nc␍d\n\n␛[1me\nf"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ada@ex\u202eample.org", "ada@ex<U+202E>ample.org", id="bidi"),
        pytest.param("A  B\tC", "A  B<U+0009>C", id="spaces stay"),
        pytest.param("x\x1b[0m\x9b", "x<U+001B>[0m<U+009B>", id="controls"),
        pytest.param("caf\udce9", "caf\\xe9", id="octet that was no UTF-8"),
        pytest.param("\U000e0041\ud800", "<U+E0041><U+D800>", id="beyond the BMP"),
    ],
)
def test_visible_shows_everything_that_hides(text: str, expected: str) -> None:
    assert visible(text) == expected


@pytest.mark.parametrize("function", [clean, visible])
@given(text=any_text | nasty_text)
def test_no_text_is_hostile_on_one_line(function: Callable[[str], str], text: str) -> None:
    assert not [character for character in function(text) if hostile(character)]


@given(text=any_text | nasty_text)
def test_no_text_is_hostile_in_a_block(text: str) -> None:
    assert not [each for each in clean_block(text) if hostile(each) and each != "\n"]


@pytest.mark.parametrize("function", [clean, clean_block, visible])
@given(text=any_text | nasty_text)
def test_cleaning_twice_changes_nothing_more(function: Callable[[str], str], text: str) -> None:
    once = function(text)
    assert function(once) == once


@given(text=any_text | nasty_text)
def test_visible_changes_nothing_in_what_was_cleaned(text: str) -> None:
    assert visible(clean(text)) == clean(text)


def test_no_character_of_unicode_is_missed() -> None:
    everything = "".join(map(chr, range(0x110000)))
    assert not [each for each in clean(everything) if hostile(each)]
