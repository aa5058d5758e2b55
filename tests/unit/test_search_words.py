"""Text made ready for looking up: what is the same word for a person is the same text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.search.words import has_words, prepared

SAME = {
    "full width": ("\uff21\uff22\uff13", "ab3"),
    "ligature": ("ﬁne", "fine"),
    "stroke": ("smørrebrød", "smorrebrod"),
    "sharp s": ("Straße", "strasse"),
    "Polish": ("łódź", "lódź"),
    "ae": ("Ærø", "aero"),
    "composed": ("cafe\u0301", "café"),
    "soft hyphen": ("news\u00adletter", "newsletter"),
    "unseen": ("in\u200bvoice\ufeff", "invoice"),
    "Arabic vowels": ("مُحَمَّد", "محمد"),
    "Arabic alef": ("أحمد", "احمد"),
    "Arabic stretched": ("محـــمد", "محمد"),
    "Hebrew vowels": ("שָׁלוֹם", "שלום"),
    "half-width kana": ("ｶﾞ", "ガ"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=list(SAME))
def test_two_ways_to_write_a_word_are_one(one: str, other: str) -> None:
    assert prepared(one).split() == prepared(other).split()


@pytest.mark.parametrize("marks", ["\u0344\u0327", "\uff9e\u0327", "\u0f73\u0327", "\u0301\u0327"])
def test_marks_without_end_are_put_in_order_only_so_far(marks: str) -> None:
    found = prepared(f"zalgoq{marks * 50_000} next")

    assert found.startswith("zalgoq")
    assert found.endswith(" next")
    assert len(found) < 200


def test_many_signs_in_a_row_stay() -> None:
    assert prepared("a" + "─" * 100 + "e\u0301 " + "e\u0301" * 50).count("─") == 100


def test_plain_text_is_left_alone() -> None:
    text = "Subject: Plain ASCII"
    assert prepared(text) is text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("東京都庁へ", ["東", "京", "都", "庁", "へ"]),
        ("x東京y", ["x", "東", "京", "y"]),
        ("データ", ["デ", "ー", "タ"]),
        ("한국어", ["한", "국", "어"]),
        ("𠮷野家", ["𠮷", "野", "家"]),
        ("ที่นี่", ["ที่", "นี่"]),
    ],
)
def test_scripts_without_blanks_are_cut_into_characters(text: str, words: list[str]) -> None:
    assert prepared(text).split() == words


@given(st.text(alphabet=st.characters()))
def test_any_text_can_be_prepared_and_stored(text: str) -> None:
    prepared(text).encode("utf-8")


def test_only_letters_and_digits_are_words() -> None:
    assert has_words("--a--")
    assert has_words("東")
    assert not has_words("!? …")
    assert not has_words("")
