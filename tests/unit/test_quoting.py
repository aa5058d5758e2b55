"""Another's text within one's own."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.columns import width_of
from mailcli.message.fields import Field
from mailcli.message.quoting import (
    LONGEST,
    attribution,
    forward_subject,
    forwarded,
    in_html,
    quoted,
)
from mailcli.model import Address

WHEN = datetime(2026, 11, 25, 14, 5, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("author", "date", "line"),
    [
        (Address("Ada Lovelace", "a@b"), WHEN, "On 2026-11-25 at 14:05, Ada Lovelace wrote:"),
        (Address("", "a@b.example"), WHEN, "On 2026-11-25 at 14:05, a@b.example wrote:"),
        (Address("Ada", "a@b.example"), None, "Ada wrote:"),
        (Address("A\x1b[2J\nB", "a@b"), None, "A [2J B wrote:"),
        (None, None, "somebody wrote:"),
    ],
)
def test_the_line_above_says_who_and_when_by_their_clock(
    author: Address | None, date: datetime | None, line: str
) -> None:
    assert attribution(author, date) == line


@pytest.mark.parametrize(
    ("text", "quotation"),
    [
        ("One.\n\nTwo.\n", "> One.\n>\n> Two.\n"),
        ("Yes.\n> No?\n>> Why?\n> > How?\n", "> Yes.\n>> No?\n>>> Why?\n>>> How?\n"),
        ("Text.\n\n-- \nAda\nCountess\n", "> Text.\n"),
        ("\n\nText.\n\n", "> Text.\n"),
        ("a\x1b[31mb\x00c\r\n", "> a[31mbc\n"),
        ("  indented\n", ">   indented\n"),
    ],
)
def test_a_text_is_quoted(text: str, quotation: str) -> None:
    assert quoted(text) == quotation


@given(st.text(alphabet="ab >\n\u5b57", max_size=400))
def test_quoted_lines_are_marked_and_fit_the_screen(text: str) -> None:
    for line in quoted(text).splitlines():
        assert line.startswith(">")
        assert width_of(line) <= LONGEST + 22 or " " not in line.lstrip("> ")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Tea", "Fwd: Tea"),
        ("Fwd: Tea", "Fwd: Tea"),
        ("WG: Tea", "Fwd: Tea"),
        ("Re: Tea", "Fwd: Re: Tea"),
        ("", "Fwd:"),
    ],
)
def test_a_subject_is_marked_as_passed_on_once(before: str, after: str) -> None:
    assert forward_subject(before) == after


def test_a_message_that_is_passed_on_has_its_header_in_short() -> None:
    fields = [
        Field("Received", b"from nowhere"),
        Field("From", b"=?utf-8?q?J=C3=B6rg?= <j@x.example>"),
        Field("To", b"ada@example.org, broken"),
        Field("Bcc", b"hidden@x.example"),
        Field("Subject", b"Tea"),
    ]
    assert forwarded(fields, WHEN, "Text.\r\n") == (
        "---------- Forwarded message ----------\n"
        'From: "J\u00f6rg" <j@x.example>\n'
        "Date: 2026-11-25 14:05 +0100\n"
        "To: ada@example.org, broken\n"
        "Subject: Tea\n"
        "\nText.\n"
    )


def test_a_quotation_in_html_is_text() -> None:
    page = in_html("<script>x</script>\n", introduction="A & B wrote:")
    assert page == (
        "<p>A &amp; B wrote:</p>\n"
        '<blockquote type="cite">&lt;script&gt;x&lt;/script&gt;</blockquote>\n'
    )
