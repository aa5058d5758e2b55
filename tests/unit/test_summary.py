"""What a list shows of a header: the fast ways say what the slow and general ones say."""

from email.utils import getaddresses, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.summary import header_fields, summarise
from mailcli.model import Address

_WORD = st.text("abcXYZ019.-_'!&", min_size=1, max_size=6)
_EMAIL = st.builds("{}@{}.org".format, st.text("ab.c+_", min_size=1, max_size=5), _WORD)
_NAME = st.one_of(
    st.just(""),
    st.lists(_WORD, min_size=1, max_size=3).map(" ".join),
    st.text("abé ,.()@<>'", max_size=8).map('"{}"'.format),
)
_ONE = st.one_of(_EMAIL, st.builds("{} <{}>".format, _NAME, _EMAIL))
_MANY = st.lists(_ONE, min_size=1, max_size=4).flatmap(
    lambda each: st.sampled_from([",", ", ", " , ", ",\t"]).map(lambda between: between.join(each))
)


@given(st.one_of(_MANY, st.text("ab@<>\",. ()\\'=?", max_size=20)))
def test_addresses_are_read_as_the_standard_library_reads_them(text: str) -> None:
    slow = [Address(name.strip(), email) for name, email in getaddresses([text]) if email]

    found = list(summarise(f"From: {text}\n".encode()).from_)

    assert [each.email for each in found] == [each.email for each in slow] or not slow
    assert [" ".join(e.name.split()) for e in found] == [
        " ".join(e.name.split()) for e in slow
    ] or not slow


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 02 Nov 2026 10:00:00 +0100",
        "2 Nov 2026 10:00:00 -0530 (IST)",
        "Thu, 1 Jan 1970 00:00:00 +0000",
        "Mon, 02 Nov 2026 10:00 +0100",
        "Mon, 02 Nov 26 10:00:00 EST",
    ],
)
def test_dates_are_read_as_the_standard_library_reads_them(text: str) -> None:
    found = summarise(f"Date: {text}\n".encode()).date

    assert found == parsedate_to_datetime(text)
    assert found is not None
    assert found.utcoffset() == parsedate_to_datetime(text).utcoffset()


@pytest.mark.parametrize(
    "text", ["Mon, 32 Nov 2026 10:00:00 +0100", "1 Foo 2026 10:00:00 +0000", "1 Nov 2026 99:00:00"]
)
def test_a_date_that_is_none_is_none(text: str) -> None:
    assert summarise(f"Date: {text}\n".encode()).date is None


def test_of_each_field_the_first_one_counts_unfolded() -> None:
    header = b"Subject: one\r\n two\r\nno field\nsubject: other\nX:\ty\n"

    assert header_fields(header) == {b"subject": b" one two", b"x": b"\ty"}


def test_a_subject_is_read_as_its_program_meant_it() -> None:
    header = (
        b"Subject: =?gb2312?B?6UY=?= =?iso-8859-1?q?=80?=\nFrom: =?x-none?q?f=C3=BCr?= <a@b>\n\n"
    )

    found = summarise(header)

    assert (found.subject, found.from_[0].name) == ("镕€", "für")
