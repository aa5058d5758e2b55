"""format=flowed: what is broken here is put together again by a reader."""

from hypothesis import example, given
from hypothesis import strategies as st

from mailcli.message.flowed import flowed, helps


def read(text: str) -> str:
    """Put the text together as RFC 3676 §4 has a reader do it."""
    paragraphs = [""]
    for line in text.split("\n"):
        shown = line.removeprefix(" ")
        paragraphs[-1] += shown
        if not shown.endswith(" ") or shown == "-- ":
            paragraphs.append("")
    return "\n".join(paragraphs[:-1])


words = st.text(st.sampled_from("ab>- é\u2003"), max_size=12)
lines = st.lists(words, max_size=40).map(" ".join)


@given(st.lists(lines, max_size=5).map("\n".join))
@example("-- \nAda")
@example("From me " + "word " * 40 + "end")
@example("x" * 100 + "  " + "y" * 100 + "   z")
def test_a_reader_gets_the_text_that_was_written(text: str) -> None:
    trimmed = "\n".join(line if line == "-- " else line.rstrip(" ") for line in text.split("\n"))
    assert read(flowed(text)) == trimmed


def test_no_line_is_longer_than_a_terminal() -> None:
    made = flowed("word " * 200 + "\nshort\n").split("\n")
    assert max(map(len, made)) <= 78
    assert made[-2:] == ["short", ""]


def test_only_long_lines_with_spaces_need_it() -> None:
    assert helps("word " * 30)
    assert not helps("short\nlines\n")
    assert not helps("https://example.org/" + "x" * 200)
