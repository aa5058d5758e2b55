import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.pop.multiline import Unstuffer

pieces = st.sampled_from(
    [b"\r", b"\n", b".", b"..", b"a", b"\r\n", b"\r\n.", b"\r\n..", b"\r\n\r\n"]
)


def stuffed(content: bytes) -> bytes:
    """Send content as a server does (RFC 1939 §3): dots doubled, a lone dot behind it."""
    return (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def cut(text: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted(min(place, len(text)) for place in places)
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@given(
    st.lists(pieces, max_size=30).map(b"".join),
    st.lists(st.integers(0, 60), max_size=10),
    st.sampled_from([b"", b"+OK", b"\r\n.\r\n"]),
)
def test_content_is_exact_wherever_it_is_cut(
    content: bytes, places: list[int], behind: bytes
) -> None:
    content += b"\r\n" if content else b""
    whole = b"+OK\r\n" + stuffed(content)
    unstuffer = Unstuffer()
    got = b""
    for chunk in cut(whole[3:], places):
        assert unstuffer.end is None
        got += unstuffer.feed(chunk)
        if unstuffer.end is not None:
            assert unstuffer.end == len(chunk)
            break
    assert got == content
    again = Unstuffer()
    assert again.feed(whole + behind, 3) == content
    assert again.end == len(whole)


@pytest.mark.parametrize(
    ("response", "content"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"....\r\n.\r\n", b"...\r\n"),
        (b".a\r\n.\r\n", b".a\r\n"),  # a server that does not double dots
        (b"a\n.\nb\r.\rc\r\n.\r\n", b"a\n.\nb\r.\rc\r\n"),  # no CRLF: no line, no end
        (b"a\r\r\n.\r\n", b"a\r\r\n"),
        (b"x" * 100_000 + b"\r\n.\r\n", b"x" * 100_000 + b"\r\n"),
    ],
)
def test_only_doubled_dots_are_undone(response: bytes, content: bytes) -> None:
    response = b"\r\n" + response  # the status line's end
    whole = Unstuffer()
    assert whole.feed(response) == content
    assert whole.end == len(response)
    dribbled = Unstuffer()
    assert b"".join(dribbled.feed(response[at : at + 1]) for at in range(len(response))) == content
    assert dribbled.end == 1


def test_response_that_stops_short_has_no_end() -> None:
    unstuffer = Unstuffer()
    assert unstuffer.feed(b"\r\na\r\n.\r") == b"a"
    assert unstuffer.end is None


def test_no_more_than_four_octets_are_held_back() -> None:
    unstuffer = Unstuffer()
    assert len(unstuffer.feed(b"\r\n" + b"x" * 1000 + b"\r\n.\r")) == 1000
    assert unstuffer.feed(b"y") == b"\r\n.\ry"
