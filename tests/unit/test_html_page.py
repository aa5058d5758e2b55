"""HTML to text: what each element becomes, what is left out, and that nothing takes long."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.html_page import Page, to_text
from mailcli.message.html_plain import plain_text_of
from mailcli.message.html_tree import DEEPEST

SCRAPS = st.lists(
    st.one_of(
        st.text(max_size=10),
        st.sampled_from(
            [
                *("<p>", "</p>", "<table>", "</table>", "<tr>", "<td>", "<td colspan=3>", "<th>"),
                *(
                    "<ul>",
                    "<ol start=9>",
                    "<li>",
                    "</ul>",
                    "<blockquote>",
                    "</blockquote>",
                    "<pre>",
                ),
                *("</pre>", "<b>", "</b>", "<br>", "<hr>", "<h1>", "</h1>", "<td rowspan=2>"),
                *(
                    '<a href="http://x.example/">',
                    "</a>",
                    "<img alt=x>",
                    "<img src=cid:a>",
                    "<!--",
                ),
                *("-->", "<script>", "</script>", "<p style='display:none'>", "<div hidden>"),
                *(
                    "</div>",
                    "<div style='white-space:pre'>",
                    "&nbsp;",
                    "&#128;",
                    "&#x1b;",
                    "\u200b",
                ),
                *(
                    "<svg/>",
                    "<td style='font-size:0'>",
                    "\n",
                    " ",
                    "<a href='",
                    '"',
                    "漢字",
                    "&#xd800",
                ),
            ]
        ),
    ),
    max_size=40,
).map("".join)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello&nbsp;<b>you</b>,<br>there.</p>", "Hello you,\nthere.\n"),
        ("<h3>A</h3><p>b</p><p>c</p>", "A\n\nb\n\nc\n"),
        ("<h1>One</h1>text<h2>Two</h2>", "One\n===\n\ntext\n\nTwo\n---\n"),
        ("<h1>漢字</h1>", "漢字\n====\n"),
        ("<ul><li>a<li>b</ul>", "- a\n- b\n"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b\n"),
        ("<ol start=9><li>a</li><li>b<li value=20>c</ol>", "9. a\n10. b\n20. c\n"),
        ("<ul><li>a<ol><li>b</ol></ul>", "- a\n  1. b\n"),
        ("<ul style='list-style:none'><li>a<li>b</ul>", "a\nb\n"),
        ("<blockquote>quoted</blockquote>mine", "> quoted\n\nmine\n"),
        ("<pre>\na  b\n\n\n  c\td</pre>", "a  b\n\n\n  c     d\n"),
        ("<div style='white-space:pre-wrap'>a\n\n  b c</div>", "a\n\n  b c\n"),
        ('<img src="cid:x" alt="Logo">', "[Logo]\n"),
        ('<img src="cid:x">', "[image]\n"),
        ('<img src="https://x.example/">', ""),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1  2\n3\n"),
        ("<style>p {}</style><script>x()</script><title>t</title>a &lt; b", "a < b\n"),
        ("<head><title>t</title><p>a", "a\n"),
        ("a\n  b\t c", "a b c\n"),
        ("a<br><br><br><br>b", "a\n\nb\n"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb\n"),
        ("<p>a</p><p>&nbsp;</p><p>b</p>", "a\n\nb\n"),
        ("&#128;&#150;&#x92;&#xD800;&#0;&bogus;&amp", "\u20ac\u2013\u2019\ufffd\ufffd&bogus;&\n"),
        ("\x80\x96\x1b[31m\x00", "\u20ac\u2013[31m\n"),
        ("&#27;[2J&#155;&#8232;", "[2J\u203a\n"),
        ("a < b > c <3 <", "a < b > c <3 <\n"),
        ("<pre>a\n\n</pre>", "a\n"),
        ("<q>a</q>", '"a"\n'),
        ("<hr>a<hr>", f"{'-' * 20}\n\na\n\n{'-' * 20}\n"),
        ("", ""),
    ],
)
def test_what_counts_of_a_page_is_kept(html: str, text: str) -> None:
    assert to_text(html).text == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('see <a href="https://x.example/">here</a>.', "see here [1].\n\n[1] https://x.example/\n"),
        ('<a href="https://x.example/">https://x.example/</a>', "https://x.example/\n"),
        ('<a href="https://x.example/">x.example</a>', "x.example\n"),
        ('<a href="mailto:a@x.example?subject=s">a@x.example</a>', "a@x.example\n"),
        ('<a href="MAILTO:a%40x.example?body=b">me</a>', "me [1]\n\n[1] a@x.example\n"),
        ('<a href="http://x.example">a</a> <a href="http://x.example">b</a>',
         "a [1] b [1]\n\n[1] http://x.example\n"),
        ('<a href="//x.example/y">a</a>', "a [1]\n\n[1] https://x.example/y\n"),
        ('<a href="?a=1&copy=2">a</a><a href="#b">b</a><a href="c.html">c</a>', "abc\n"),
        ('<a href="http://x.example/?a=1&copy=2&amp;b">a</a>',
         "a [1]\n\n[1] http://x.example/?a=1&copy=2&b\n"),
        ('<a href="http://x.example/"><img alt="Go"></a>', "[Go] [1]\n\n[1] http://x.example/\n"),
        ('<a href="http://x.example/"><img></a>', "[image] [1]\n\n[1] http://x.example/\n"),
        ('<a href="http://x.example/"></a>a', "a\n"),
        ('<a href="http://x.example/"><div>a</div></a>', "a [1]\n\n[1] http://x.example/\n"),
        ('<a href="javascript:x">a</a>', "a\n"),
        ('<a href=" java&#10;script:x">a</a>', "a\n"),
        ('<a href="\x01javascript:x">a</a>', "a\n"),
        ('<a href="data:text/html,x">a</a>', "a\n"),
        ('<a href="VBScript:x">a</a>', "a\n"),
        ('<a href="file:///etc/passwd">a</a>', "a\n"),
        ('<a href="ms-msdt:x">a</a>', "a\n"),
        ('<a href="mailto:javascript%3Ax@y">a</a>', "a\n"),
        ('<a href="http://x.example/ y\u202e">a</a>', "a [1]\n\n[1] http://x.example/y\n"),
    ],
)  # fmt: skip
def test_links_are_footnotes_with_their_true_targets(html: str, text: str) -> None:
    assert to_text(html).text == text


@pytest.mark.parametrize(
    ("text", "target", "warned"),
    [
        ("example.org", "https://evil.test/", True),
        ("https://example.org/login", "https://evil.test/login", True),
        ("www.example.org", "https://example.org/", False),
        ("example.org", "https://mail.example.org/", False),
        ("example.org", "https://example.org.evil.test/", True),
        ("example.org", "https://notexample.org/", True),
        ("Read more", "https://evil.test/", False),
        ("Log in at https://example.org/ now!", "https://evil.test/", True),
        ("Log in at www.example.org.", "https://evil.test/", True),
        ("See http://example.org/a and b", "https://example.org/a", False),
        ("https://ada@example.org/", "https://example.org/", False),
        ("node.js", "https://nodejs.example/", False),
        ("notes.txt", "https://files.example/1", False),
        ("bücher.example", "https://xn--bcher-kva.example/", False),
        ("аpple.example", "https://apple.example/", True),  # noqa: RUF001 - Cyrillic, that is the trick
        ("Click", "https://bank.example@evil.test/", True),
        ("ada@example.org", "mailto:eve@evil.test", True),
        ("ada@example.org", "mailto:ada@example.org", False),
        ("e.g. this", "https://evil.test/", False),
        ("http://[bad", "http://[bad", False),
    ],
)
def test_a_link_that_pretends_to_lead_elsewhere_is_told(
    text: str, target: str, warned: bool
) -> None:
    page = to_text(f'<a href="{target}">{text}</a>')
    assert bool(page.warnings) is warned
    assert not warned or "[1]" in page.text


@pytest.mark.parametrize(
    "html",
    [
        "<p style='display:none'>x</p>",
        "<p style='DISPLAY : None !important'>x</p>",
        "<p style='visibility:hidden'>x</p>",
        "<p style='font-size:0'>x</p>",
        "<p style='font-size:0.0px'>x</p>",
        "<p style='font-size:1px;color:#fff'>x</p>",
        "<p style='opacity:0'>x</p>",
        "<p style='mso-hide:all'>x</p>",
        "<p style='max-height:0;overflow:hidden'>x</p>",
        "<p style='position:absolute;left:-9999px'>x</p>",
        "<p style='text-indent:-999em'>x</p>",
        "<p style='color:#FFF;background-color:white'>x</p>",
        "<p hidden>x</p>",
        "<style>.pre, b.c{color:red;display:none}</style><p class='a pre'>x</p>",
        "<div style='display:none'><table><tr><td>x</table></div>",
        "<p style='display:none'>x<br>",
        "<p><span style='display:none'>x</p>",
        "<div><b style='display:none'>x<i>y</div>",
        "<table><tr><td style='display:none'>x</tr></table>",
    ],
)
def test_hidden_text_is_dropped_and_counted(html: str) -> None:
    page = to_text(f"{html}<p>seen")
    assert (page.text, page.hidden) == ("seen\n", 1)


@pytest.mark.parametrize(
    "html",
    [
        "<td style='font-size:0px'><div style='font-size:13px'>x</div></td>",
        "<p style='visibility:hidden'><b style='visibility:visible'>x</b></p>",
        "<p style='font-size:0.9em;opacity:0.5;max-height:0'>x</p>",
        "<style>@media print{.a{display:none}} .b{display:none}</style><p class=a>x",
        "<style>/* .a{display:none} */ .b{display:none}</style><p class=a>x",
        "<p style='color:#fff;background-color:#000'>x</p>",
        "<p style='color:inherit;background:inherit'>x</p>",
    ],
)
def test_text_that_is_seen_is_not_taken_for_hidden(html: str) -> None:
    page = to_text(html)
    assert (page.text, page.hidden) == ("x\n", 0)


def test_what_fills_up_a_preview_is_dropped() -> None:
    assert to_text("Hello" + "&#847;&zwnj;&nbsp;" * 50 + "<p>x").text == "Hello\n\nx\n"
    assert (
        to_text("<p>\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 👨\u200d👩</p>").text
        == "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 👨\u200d👩\n"
    )


def test_remote_images_are_counted_and_pixels_say_nothing() -> None:
    html = (
        '<img src="http://x.example/a.png" alt="A"><img src="//x.example/b.png">'
        '<img src="http://x.example/p.gif" width=1 height=1 alt="pixel">'
        '<img src="data:image/png,">'
        '<td background="https://x.example/bg.png">'
        "<p style=\"background:url( 'https://x.example/c')\">"
    )
    assert to_text(html) == Page("[A]\n", remote_images=5)


def test_the_body_is_the_text_without_the_targets() -> None:
    page = to_text('<a href="https://x.example/">a</a><p>b')
    assert page.body == "a [1]\n\nb\n"
    assert page.footnotes == "[1] https://x.example/\n"
    assert page.text == f"{page.body}\n{page.footnotes}"


TABLES = {
    "headings": (
        "<table><tr><th>Name<th>Price<tr><td>Tea<td>1.20<tr><td>Coffee, black<td>12.00</table>",
        "Name           Price\n-------------  -----\nTea             1.20\nCoffee, black  12.00\n",
    ),
    "wide characters": (
        "<table><tr><th>名<th>B<tr><td>漢字<td>b<tr><td>a<td>c</table>",
        "名    B\n----  -\n漢字  b\na     c\n",
    ),
    "rowspan": (
        "<table><tr><th>A<th>B<tr><td rowspan=2>x<td>1<tr><td>2</table>",
        "A  B\n-  -\nx  1\n   2\n",
    ),
    "colspan": (
        "<table><tr><th>A<th>B<th>C<tr><td>aa<td>b<td>1<tr><td colspan=2>Sum<td>9</table>",
        "A   B  C\n--  -  -\naa  b  1\nSum    9\n",
    ),
    "one column": ("<table><tr><td>a<tr><td>b</table>", "a\nb\n"),
    "one row": ("<table><tr><td>a<td>b</table>", "a  b\n"),
    "spacers": ("<table><tr><td>a<td>&nbsp;<td>b<tr><td>c<td><td>d</table>", "a  b\nc  d\n"),
    "layout": (
        "<table role=presentation><tr><td><p>a</p><p>b</p><td><p>c</p><p>d</p></table>",
        "a\n\nb\n\nc\n\nd\n",
    ),
    "nested": (
        "<table><tr><td><table><tr><th>A<th>B<tr><td>1<td>2</table></table>after",
        "A  B\n-  -\n1  2\n\nafter\n",
    ),
    "caption": ("<table><caption>Cap</caption><tr><td>a<td>b<tr><td>c<td>d</table>",
                "Cap\n\na  b\nc  d\n"),
    "lists in cells": (
        "<table border=1><tr><td>a<br>b<td>c<tr><td>d<td><ul><li>x<li>y</ul></table>",
        "a  c\nb\nd  - x\n   - y\n",
    ),
    "an empty cell": ("a<table><td>", "a\n"),
    "huge spans": ("<table><tr><td colspan=999999 rowspan=999999>a<td>b</table>", "a  b\n"),
}  # fmt: skip


@pytest.mark.parametrize(("html", "text"), TABLES.values(), ids=TABLES)
def test_tables_are_aligned_where_they_hold_data(html: str, text: str) -> None:
    assert to_text(html).text == text


def test_a_table_that_is_too_wide_is_broken_within_its_columns_or_told_row_by_row() -> None:
    row = "<tr><th>Key<th>Text<tr><td>a<td>{}"
    broken = to_text(f"<table>{row.format('word ' * 30)}</table>", width=40).text
    assert max(map(len, broken.splitlines())) <= 40
    assert broken.splitlines()[2].startswith("a    word word")
    whole = to_text(f"<table>{row.format('x' * 60)}</table>", width=40).text
    assert whole == f"Key: a\nText: {'x' * 60}\n"


def test_long_paragraphs_are_broken_and_long_words_are_not() -> None:
    address = "https://example.org/" + "x" * 100
    lines = to_text(f"<p>{'word ' * 40} {address}</p>", width=72).text.splitlines()
    assert address in lines
    assert max(len(line) for line in lines if line != address) <= 72


def test_lines_that_may_be_broken_are_and_others_are_not() -> None:
    text = "word " * 30 + "\n  indented"
    soft = f"{'word ' * 15}\n".replace(" \n", "\n") * 2 + "  indented\n"
    assert to_text(f"<pre wrap=''>{text}</pre>").text == soft
    assert to_text(f"<div style='white-space: pre-wrap'>{text}</div>").text == soft
    assert to_text(f"<pre>{text}</pre>").text == "word " * 29 + "word\n  indented\n"


def _nested(tag: str) -> str:
    return f"<{tag}>" * 20_000 + "deep" + f"</{tag}>" * 20_000


HOSTILE = {
    "less than": "<" * 3_000,
    "end tags without names": "</" * 3_000,
    "tags without ends": "<a " * 3_000,
    "attributes": "<p " + "a=b " * 3_000 + ">x",
    "comments": "<!--" * 3_000,
    "scripts": "<script>" * 30_000,
    "open quotes": "<a b='" * 30_000,
    "open addresses": '<a href="x>' * 30_000,
    "ampersands": "&" * 1_000_000 + "&#" * 3_000,
    "a long number": "&#" + "1" * 1_000_000 + ";&#" + "0" * 1_000_000 + "65;&#x" + "f" * 1_000_000,
    "style": f"<p style='{'a' * 1_000_000}'>x",
    "style sheet": "<style>" + "@{" * 90_000 + "none</style>",
    "style sheet of comments": "<style>" + "/*" * 90_000 + "none</style>",
    "one word": "x" * 500_000,
    "ideographs": "漢" * 3_000,
    "white space": " \u2003\xa0" * 3_000,
    "unseen": "\u200b" * 1_000_000,
    "rows": "<table>" + "<tr><td>x<td>y" * 3_000,
    "cells": "<table><tr>" + "<td>x" * 3_000,
    "links": "".join(f"<a href=http://x.example/{n}>x</a>" for n in range(5_000)),
    "ends of nothing": "</p>" * 3_000,
    "crossed": "<b><i><div></b></i>x" * 30_000,
    "lines in quotations": "<blockquote>" * 100 + "a<br>" * 3_000,
    **{f"nested {tag}": _nested(tag) for tag in ("div", "blockquote", "table", "b", "q", "svg")},
    "nested cells": "<table><tr><td>" * 3_000 + "deep",
    "nested items": "<ul><li>" * 3_000 + "deep",
    "nested definitions": "<dl><dd>" * 3_000 + "deep",
    "nested links": "<a href=http://x.example/><div>" * 3_000 + "deep",
    "nested hidden": "<div hidden>" * 100_000 + "x",
    "deepest": "<div>" * 100_000 + "x",
}


@pytest.mark.growth
@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE)
def test_no_document_takes_more_than_its_length(html: str) -> None:
    """What took time that grows with the square of the length would not end here."""
    page = to_text(html)
    assert len(page.text) <= 4 * len(html) + 401
    assert len(plain_text_of(html)) <= len(html)


@pytest.mark.growth
@pytest.mark.parametrize("tag", ["div", "blockquote", "table", "li", "b"])
def test_text_below_the_deepest_element_is_kept(tag: str) -> None:
    assert "deep" in to_text(_nested(tag)).text
    assert DEEPEST < 1000


@pytest.mark.growth
def test_what_is_behind_the_last_tag_that_counts_is_kept_as_text() -> None:
    page = to_text("<p>a</p>" * 50_000 + "<p>the end</p><script>x()</script>")
    assert page.text.endswith("\nthe end\n")


@given(SCRAPS)
def test_whatever_it_is_given_it_is_clean_short_and_the_same_again(html: str) -> None:
    page = to_text(html)
    assert page == to_text(html)
    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0]", page.text
    )
    assert len(page.text) <= 4 * len(html) + 401
    assert page.text == "" or (page.text.endswith("\n") and not page.text.endswith("\n\n"))


@given(st.one_of(st.text(), SCRAPS))
def test_the_fast_way_survives_everything_too(html: str) -> None:
    text = plain_text_of(html)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert len(text) <= max(8, 2 * len(html))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>two&nbsp;&amp; three</p>", "One\ntwo & three"),
        ("<style>a</style>b<script>c</script><!-- d -->e", "be"),
        ("a<b>b</b><td>c<br>d", "ab\nc\nd"),
        ("<p hidden>found", "found"),
        ("<script>never ended", ""),
        ("a<!-- never ended", "a"),
    ],
)
def test_the_fast_way_keeps_words(html: str, text: str) -> None:
    assert plain_text_of(html) == text
