import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.errors import InvalidMessage
from mailcli.smtp.data import END, as_data, with_crlf
from mailcli.smtp.envelope import Envelope

ends = st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n", b"\r\n.", b"\r\n.\r\n", b""])
texts = st.lists(ends, max_size=30).map(b"".join)


@st.composite
def chunked(draw: st.DrawFn) -> list[bytes]:
    """Return a text cut anywhere, empty pieces among them."""
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def decoded(data: bytes) -> bytes:
    """Read a message as a server does (RFC 5321 §4.5.2): up to the lone dot, dots undoubled."""
    lines: list[bytes] = []
    for line in data.split(b"\r\n"):
        if line == b".":
            return b"".join(lines)
        lines.append(line.removeprefix(b".") + b"\r\n")
    raise AssertionError("the data has no end")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"a\rb\r", b"a\r\nb\r\n"),
        (b"a\r\nb\r\n", b"a\r\nb\r\n"),
        (b"a\n\rb", b"a\r\n\r\nb"),
        (b"a\r\r\nb", b"a\r\n\r\nb"),
        (b"no end", b"no end"),
        (b"", b""),
    ],
)
def test_every_line_end_becomes_crlf(text: bytes, expected: bytes) -> None:
    assert b"".join(with_crlf([text])) == expected


@given(chunked())
def test_line_ends_do_not_depend_on_where_the_text_is_cut(chunks: list[bytes]) -> None:
    expected = re.sub(rb"\r\n|\r|\n", b"\r\n", b"".join(chunks))
    assert b"".join(with_crlf(chunks)) == expected


@given(chunked())
def test_message_reads_back_as_it_was_sent(chunks: list[bytes]) -> None:
    message = b"".join(with_crlf(chunks))
    data = b"".join(as_data(with_crlf(chunks))) + END
    ended = message if not message or message.endswith(b"\r\n") else message + b"\r\n"
    assert decoded(data) == ended


@given(chunked())
def test_only_the_last_line_is_a_lone_dot(chunks: list[bytes]) -> None:
    data = b"".join(as_data(with_crlf(chunks))) + END
    assert (b"\r\n" + data).index(b"\r\n.\r\n") == len(data) - len(END)


@pytest.mark.parametrize("ending", [b"\r.\r", b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r"])
def test_no_smuggled_end_of_data_survives(ending: bytes) -> None:
    data = b"".join(as_data(with_crlf([b"a" + ending + b"MAIL FROM:<evil@example.org>\r\n"])))
    assert data == b"a\r\n..\r\nMAIL FROM:<evil@example.org>\r\n"


def test_no_chunk_is_held_back_until_the_end() -> None:
    chunks = iter([b"x" * 1000, b"y" * 1000])
    assert next(as_data(with_crlf(chunks))) == b"x" * 1000
    assert next(chunks) == b"y" * 1000


def test_envelope_needs_a_recipient() -> None:
    with pytest.raises(InvalidMessage, match="no recipient"):
        Envelope("ada@example.org", ())


def test_envelope_of_a_bounce_has_no_sender() -> None:
    assert Envelope("", ("ada@example.org",)).sender == ""


@pytest.mark.parametrize("bad", ["a>\r\nRCPT", "a\nb", "a\0b", "a> SIZE=1", "<a"])
def test_address_that_would_end_its_command_is_refused(bad: str) -> None:
    for sender, recipient in [(bad, "x@example.org"), ("x@example.org", bad)]:
        with pytest.raises(InvalidMessage, match="holds"):
            Envelope(sender, (recipient,))


@pytest.mark.parametrize(
    ("sender", "recipient", "needed"),
    [
        ("ada@example.org", "bob@example.org", False),
        ("jörg@example.org", "bob@example.org", True),
        ("", "jörg@example.org", True),
    ],
)
def test_only_addresses_outside_ascii_need_smtputf8(
    sender: str, recipient: str, needed: bool
) -> None:
    assert Envelope(sender, (recipient,)).needs_utf8 is needed
