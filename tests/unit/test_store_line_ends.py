"""Line ends: whatever a server sends comes back octet by octet."""

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailcli.store.line_ends import (
    LineEndCensus,
    LineEndConverter,
    is_verbatim,
    to_wire,
    wire_size,
)

# Mostly line ends, in pieces of any size: what random octets would hardly ever hit.
_WIRE = st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b"a", b"", b"\r\n\r\n"])).map(b"".join)


def _store(chunks: Iterable[bytes]) -> tuple[bytes, bool]:
    """Do what a caller of the converter has to do; return the octets and the mark."""
    converter = LineEndConverter()
    stored, verbatim = b"", False
    for step in [*((converter.feed, chunk) for chunk in chunks), None]:
        more = converter.finish() if step is None else step[0](step[1])
        if converter.verbatim and not verbatim:
            stored = b"".join(to_wire([stored], verbatim=False))
            verbatim = True
        stored += more
    return stored, converter.needs_mark


def _restore(stored: bytes, *, marked: bool, step: int) -> bytes:
    chunks = _split(stored, step)
    return b"".join(to_wire(chunks, verbatim=is_verbatim(chunks, marked=marked)))


def _split(data: bytes, step: int) -> list[bytes]:
    return [data[at : at + step] for at in range(0, len(data), step)]


@given(st.one_of(_WIRE, st.binary(max_size=200)), st.integers(1, 9), st.integers(1, 9))
@example(b"a\r\n\r", 2, 1)
@example(b"a\n", 1, 1)
def test_any_message_comes_back_as_it_was_whatever_the_chunks(
    wire: bytes, write_step: int, read_step: int
) -> None:
    stored, marked = _store(_split(wire, write_step))
    assert _restore(stored, marked=marked, step=read_step) == wire


@given(_WIRE, st.integers(1, 9))
def test_what_is_stored_does_not_depend_on_the_chunks(wire: bytes, step: int) -> None:
    assert _store(_split(wire, step)) == _store([wire])


@given(_WIRE, st.integers(1, 9))
def test_the_wire_size_is_known_from_what_is_stored(wire: bytes, step: int) -> None:
    stored, marked = _store([wire])
    chunks = _split(stored, step)
    assert wire_size(chunks, verbatim=is_verbatim(chunks, marked=marked)) == len(wire)


@pytest.mark.parametrize(
    ("wire", "stored", "marked"),
    [
        (b"", b"", False),
        (b"a", b"a", False),
        (b"a\r\nb\r\n", b"a\nb\n", False),
        (b"a\r\nb", b"a\nb", False),
        (b"a\nb\n", b"a\nb\n", True),
        (b"a\r\nb\n", b"a\r\nb\n", False),
        (b"a\nb\r\n", b"a\nb\r\n", False),
        (b"a\rb\r\n", b"a\rb\r\n", False),
        (b"a\r\n\r", b"a\r\n\r", False),
        (b"a\r\r\n", b"a\r\r\n", False),
        (b"\r", b"\r", False),
        (b"\n", b"\n", True),
    ],
)
@pytest.mark.parametrize("step", [1, 2, 3, 100])
def test_only_messages_of_crlf_lines_are_stored_with_lf(
    wire: bytes, stored: bytes, marked: bool, step: int
) -> None:
    assert _store(_split(wire, step)) == (stored, marked)


def test_a_file_of_another_program_with_lf_goes_to_the_wire_with_crlf() -> None:
    assert b"".join(to_wire([b"a\n", b"b\n"], verbatim=False)) == b"a\r\nb\r\n"


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"x", b""]), max_size=8))
def test_a_census_counts_line_ends_however_octets_are_cut(pieces: list[bytes]) -> None:
    census = LineEndCensus()
    for piece in pieces:
        census.feed(piece)

    octets = b"".join(pieces)
    without = octets.replace(b"\r\n", b"")
    assert census.has_cr == (b"\r" in octets)
    assert census.is_crlf == (without != octets and not {*without} & {*b"\r\n"})
