"""Reading format=flowed: the examples and rules of RFC 3676."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.flowed import flowed
from mailcli.message.flowed_text import Paragraph, paragraphs, unflowed


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("one \ntwo \nthree\n", "one two three\n"),
        ("one\ntwo\n", "one\ntwo\n"),
        ("one \r\ntwo\r\n", "one two\n"),
        ("a \n\nb\n", "a\nb\n"),
        (" From here\n >not quoted\n  two spaces\n", "From here\n>not quoted\n two spaces\n"),
        ("> one \n> two\nmine\n", "> one two\nmine\n"),
        (">> deep \n>> more\n> less \nown\n", ">> deep more\n> less\nown\n"),
        (">no space \n> and one\n", "> no space and one\n"),
        ("> > stuffed\n", "> > stuffed\n"),
        ("end \n-- \nAda \nLovelace\n", "end\n-- \nAda Lovelace\n"),
        ("> -- \n> Ada\n", "> -- \n> Ada\n"),
        (">\n> a\n", ">\n> a\n"),
        ("never ended ", "never ended\n"),
        ("", ""),
    ],
    ids=repr,
)  # fmt: skip
def test_soft_lines_are_joined_and_fixed_ones_are_not(text: str, read: str) -> None:
    assert unflowed(text) == read


def test_the_quotations_of_the_rfc_are_read_at_their_depths() -> None:
    """RFC 3676 §4.5, its example of quotation depths."""
    text = (
        ">>>>>Take some more tea.\n"
        ">>>>I've had nothing yet, so I can't take more.\n"
        ">>>You mean you can't take less, \n>>>it's very easy to take more than \n>>>nothing.\n"
        ">>Nobody asked your opinion.\n"
        ">Who's making personal remarks now?\n"
    )
    found = list(paragraphs(text))
    assert [paragraph.depth for paragraph in found] == [5, 4, 3, 2, 1]
    whole = "You mean you can't take less, it's very easy to take more than nothing."
    assert found[2] == Paragraph(3, whole, fixed=False)


def test_delsp_takes_the_space_away() -> None:
    assert unflowed("漢 \n字 \nです\n", delsp=True) == "漢字です\n"
    assert unflowed("a  \nb\n", delsp=True) == "a b\n"


def test_paragraphs_are_broken_to_a_width_and_fixed_lines_are_not() -> None:
    text = "> " + "word \n> " * 20 + "end\n" + "x " * 30 + "y\n"
    lines = unflowed(text, width=40).splitlines()
    assert lines[-1] == ("x " * 30 + "y")
    assert all(line.startswith("> ") and len(line) <= 40 for line in lines[:-1])


@given(st.text(st.sampled_from("ab \n>-"), max_size=200))
def test_whatever_we_write_we_read_again(text: str) -> None:
    lines = [" ".join(line.split()) for line in text.split("\n")]
    plain = "\n".join(line for line in lines if not line.startswith(">") and line != "--")
    if plain.strip():
        assert unflowed(flowed(plain)).rstrip("\n") == plain.rstrip("\n")


@given(st.text(), st.booleans(), st.one_of(st.none(), st.integers(1, 200)))
def test_whatever_it_is_given_it_is_read(text: str, delsp: bool, width: int | None) -> None:
    read = unflowed(text, delsp=delsp, width=width)
    assert not text or read.endswith("\n")
