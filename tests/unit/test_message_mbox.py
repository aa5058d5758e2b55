"""Messages in an mbox: where they lie, quoting, flags in header fields."""

import contextlib
import io
import itertools
import mailbox
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.mbox import (
    from_line,
    line_before,
    quoted,
    read_mbox,
    received_of,
    unquoted,
)
from mailcli.message.mbox_flags import flags_in, marking, read_marking
from mailcli.model import Flag, Keyword

_LINE = b"From ada@example.org Mon Nov  2 10:00:00 2026\n"

PIECES = st.sampled_from(
    [
        *(b"From ", b">From ", b">>From me", b">", b"F", b"Fro", b"\n", b"\r\n", b"\r", b"\0"),
        *(
            b"Subject: x\n",
            b"\n\n",
            b"\xff\xe9",
            b"text",
            b"From MAILER Mon Nov  2 10:00:00 2026\n",
        ),
        *(b"X-Mailcli-Export: 1; octets=3; fields=0\n", b"Status: RO\n", b"Content-Length: 3\n"),
    ]
)
MESSAGES = st.lists(PIECES, max_size=12).map(b"".join)
FLAGS = st.frozensets(
    st.one_of(st.sampled_from(Flag), st.sampled_from(["work", "$Junk", "é"]).map(Keyword))
)


def messages(octets: bytes) -> list[bytes]:
    return [octets[each.start : each.end] for each in read_mbox(io.BytesIO(octets))]


def test_a_message_begins_behind_an_empty_line() -> None:
    octets = _LINE + b"a: b\n\nx\nFrom here\n\n" + _LINE + b"c: d\n\n\n\n" + _LINE

    assert messages(octets) == [b"a: b\n\nx\nFrom here\n", b"c: d\n\n\n", b""]


def test_a_file_that_begins_otherwise_has_no_messages() -> None:
    assert messages(b"\n" + _LINE + b"a: b\n") == []


def test_separators_may_end_in_crlf() -> None:
    line = _LINE.replace(b"\n", b"\r\n")

    assert messages(line + b"a: b\r\n\r\nx\r\n\r\n" + line + b"c: d\r\n\r\n") == [
        b"a: b\r\n\r\nx\r\n",
        b"c: d\r\n",
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_text_behind_an_empty_line_splits_no_message_where_separators_have_dates(
    end: bytes,
) -> None:
    text = b"a: b\n\nHello,\n\nFrom now on we meet on Mondays.\nBring cake.\n\nFrom here on\n"
    octets = (_LINE + text + b"\n" + _LINE + b"c: d\n").replace(b"\n", end)

    assert messages(octets) == [text.replace(b"\n", end), b"c: d" + end]


def test_a_separator_without_a_date_counts_before_a_header_field() -> None:
    octets = _LINE + b"a: b\n\nx\n\nFrom ada@example.org\nSubject: y\n\nFrom z\n"

    assert messages(octets) == [b"a: b\n\nx\n", b"Subject: y\n\nFrom z\n"]


def test_a_separator_without_a_date_counts_where_the_first_has_none() -> None:
    octets = b"From ada\na: b\n\nx\n\nFrom bob\nno field\n"

    assert messages(octets) == [b"a: b\n\nx\n", b"no field\n"]


def test_a_large_mbox_is_the_same_wherever_its_blocks_end() -> None:
    body = b"x" * 70 + b"\n"
    for padding in range(65500, 65540):
        octets = _LINE + b"y" * (padding - len(_LINE)) + b"\n\n" + _LINE + body + b"\n"
        first, second = messages(octets)
        assert (len(first), second) == (padding - len(_LINE) + 1, body)


def test_a_content_length_is_believed_about_separators_without_a_date() -> None:
    body = b"one\n\nFrom here on\n>From there\n"
    head = b"Content-Length: %d\n\n" % len(body)

    (found, other) = read_mbox(io.BytesIO(_LINE + head + body + b"\n" + _LINE + b"z: z\n"))

    assert (found.end - found.start, found.quoted) == (len(head + body), False)
    assert other.quoted


def test_a_content_length_swallows_no_message_behind_a_separator_with_a_date() -> None:
    octets = _LINE + b"Content-Length: 99\n\none\n\n" + _LINE + b"z: z\n\n" + b"x" * 99

    assert len(messages(octets)) == 2


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        (b"From a@example.org Thu Jan  1 00:00:10 1970", 10),
        (b"From - Thu Jan 01 00:00:10 1970", 10),
        (b"From a b@c Thu Jan  1 00:01 1970", 60),
        (b"From a Thu Jan  1 02:00:00 +0200 1970", 0),
        (b"From a Wed Dec 31 22:00:00 1969 -0200", 0),
        (b"From a Thu Jan  1 00:00:10 CET 1970\r", 10),
        (b"From a Thu Feb 30 00:00:10 1970", None),
        (b"From here on", None),
    ],
    ids=repr,
)
def test_a_separator_tells_when_a_message_came(line: bytes, seconds: int | None) -> None:
    assert received_of(line) == seconds


@given(st.integers(-(10**9), 10**11))
def test_a_separator_tells_the_time_that_it_was_made_of(seconds: int) -> None:
    assert received_of(from_line(seconds)) == seconds


def test_the_separator_before_a_message_is_found_again() -> None:
    stream = io.BytesIO(_LINE + b"a: b\n\n" + _LINE + b"c: d\n")
    for each in read_mbox(stream):
        assert line_before(stream, each.start) == each.line == _LINE[:-1]


def test_quoting_adds_one_to_every_line_that_looks_like_a_separator() -> None:
    text = b"From a\n>From b\n>>From c\n> From d\nFrom\nfrom e\nxFrom f\n"

    assert b"".join(quoted([text])) == (
        b">From a\n>>From b\n>>>From c\n> From d\nFrom\nfrom e\nxFrom f\n"
    )


@given(MESSAGES, st.lists(st.integers(0, 80), max_size=6))
def test_quoting_comes_undone_however_octets_are_cut(message: bytes, places: list[int]) -> None:
    once = b"".join(quoted(cut(message, places)))

    assert once == b"".join(quoted([message]))
    assert b"".join(unquoted(cut(once, places))) == message
    assert not once.startswith(b"From ")
    assert b"\nFrom " not in once


def test_a_long_line_of_quotation_marks_is_not_held() -> None:
    pieces = [b">" * 65536] * 40
    longest = max(map(len, unquoted(pieces)))

    assert longest <= 65537
    assert b"".join(unquoted([*pieces, b"From x"])) == b">" * (65536 * 40 - 1) + b"From x"


def cut(octets: bytes, places: Sequence[int]) -> list[bytes]:
    bounds = [0, *sorted(min(place, len(octets)) for place in places), len(octets)]
    return [octets[a:b] for a, b in itertools.pairwise(bounds)]


@given(MESSAGES, FLAGS, st.booleans(), st.booleans(), st.booleans())
def test_a_marking_is_read_back_and_is_all_that_was_added(
    message: bytes, flags: frozenset[Flag | Keyword], is_new: bool, is_cut: bool, verbatim: bool
) -> None:
    head = marking(flags, octets=len(message), is_new=is_new, is_cut=is_cut, is_verbatim=verbatim)

    found = read_marking(head + message)

    assert found is not None
    assert found == (len(head), len(message), is_cut, verbatim, flags)


def test_flags_that_another_program_has_changed_since_count() -> None:
    head = marking(frozenset({Flag.SEEN}), octets=9, is_new=False, is_cut=False, is_verbatim=False)
    changed = head.replace(b"Status: RO\n", b"") + b"Subject: x\nX-Status: F\n\n"

    found = read_marking(changed)

    assert found is not None
    assert (found.octets, found.flags) == (None, None)
    assert flags_in(changed[found.length :]) == {Flag.FLAGGED}


@pytest.mark.parametrize(
    ("header", "flags"),
    [
        (b"Status: RO\n", {Flag.SEEN}),
        (b"Status: O\n", set()),
        (b"X-Status: AFDT\n", {Flag.ANSWERED, Flag.FLAGGED, Flag.DELETED, Flag.DRAFT}),
        (b"x-status:A\r\n", {Flag.ANSWERED}),
        (b"X-Keywords: $Forwarded  work\n", {Flag.PASSED, Keyword("work")}),
        (b"X-Mozilla-Status: 1007\n", {Flag.SEEN, Flag.ANSWERED, Flag.FLAGGED, Flag.PASSED}),
        (b"X-Mozilla-Status: zz\nX-Mozilla-Keys: $label1\n", {Keyword("$label1")}),
        (b"\nStatus: RO\n", set()),
        (b"Subject: x\n\nStatus: RO\n", set()),
        (b"Subject: x\r\n\r\nStatus: RO\r\n", set()),
    ],
    ids=lambda value: repr(value) if isinstance(value, bytes) else "",
)
def test_flags_are_read_from_the_header(header: bytes, flags: set[Flag | Keyword]) -> None:
    assert flags_in(header) == flags


@given(st.lists(MESSAGES, max_size=5))
def test_the_standard_library_sees_as_many_messages(
    tmp_path_factory: pytest.TempPathFactory, found: list[bytes]
) -> None:
    path: Path = tmp_path_factory.mktemp("mbox") / "a.mbox"
    octets = b"".join(from_line(0) + b"X: y\n" + b"".join(quoted([m])) + b"\n\n" for m in found)
    path.write_bytes(octets)

    with contextlib.closing(mailbox.mbox(path)) as box:
        assert len(box) == len(found)
    assert messages(octets) == [b"X: y\n" + b"".join(quoted([m])) + b"\n" for m in found]
