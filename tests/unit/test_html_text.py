"""Plain text from HTML: what a reader without HTML needs of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.html_text import html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello&nbsp;<b>you</b>,<br>there.</p>", "Hello\xa0you,\nthere.\n"),
        ("<h1>A</h1><p>b</p><p>c</p>", "A\n\nb\n\nc\n"),
        ('see <a href="https://x.example/">here</a>.', "see here <https://x.example/>.\n"),
        ('<a href="https://x.example/">https://x.example/</a>', "https://x.example/\n"),
        ('<a href="javascript:x">here</a>', "here\n"),
        ("<ul><li>a<li>b</ul>", "- a\n- b\n"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b\n"),
        ("<ul><li>a<ol><li>b</ol></ul>", "- a\n  1. b\n"),
        ("<blockquote>quoted</blockquote>mine", "> quoted\n\nmine\n"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c\n"),
        ('<img src="cid:x" alt="Logo">', "[Logo]\n"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3\n"),
        ("<style>p {}</style><script>x()</script><title>t</title>a &lt; b", "a < b\n"),
        ("a\n  b\t c", "a b c\n"),
        ("", "\n"),
    ],
)
def test_what_counts_of_a_page_is_kept(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_long_paragraphs_are_broken_and_long_words_are_not() -> None:
    address = "https://example.org/" + "x" * 100
    lines = html_to_text(f"<p>{'word ' * 40} {address}</p>").splitlines()
    assert address in lines
    assert max(len(line) for line in lines if line != address) <= 72


@given(st.one_of(st.text(), st.text(st.sampled_from("<>/pulitabre=&;\"' \n-!"))))
def test_whatever_it_is_given_it_ends_in_one_line_end(html: str) -> None:
    text = html_to_text(html)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
