"""Dates as IMAP writes them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.imap.dates import date_time, day, read


def zone(hours: int, minutes: int = 0) -> timezone:
    return timezone(timedelta(hours=hours, minutes=minutes))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17-Jul-1996 02:44:25 -0700", datetime(1996, 7, 17, 2, 44, 25, tzinfo=zone(-7))),
        (" 7-Feb-2026 00:00:00 +0530", datetime(2026, 2, 7, tzinfo=zone(5, 30))),
        ("07-FEB-2026 23:59:59 +0000", datetime(2026, 2, 7, 23, 59, 59, tzinfo=UTC)),
        ("31-Dec-2016 23:59:60 +0000", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_date_and_time_are_read(text: str, expected: datetime) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "31-Jun-2026 00:00:00 +0000",
        "00-Jan-2026 00:00:00 +0000",
        "01-Mai-2026 00:00:00 +0000",
        "01-May-2026 24:00:00 +0000",
        "01-May-2026 00:00:00 +2500",
        "01-May-2026 00:00:00",
        "01-May-0000 00:00:00 +0000",
        "Fri, 01 May 2026 00:00:00 +0000",
    ],
)
def test_what_is_no_date_and_time_is_none(text: str) -> None:
    assert read(text) is None


offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: zone(0, minutes))


@given(st.datetimes(timezones=offsets))
def test_date_and_time_come_back_to_the_second(when: datetime) -> None:
    wire = date_time(when)
    assert len(wire) == len('"17-Jul-1996 02:44:25 -0700"')
    assert read(wire.decode().strip('"')) == when.replace(microsecond=0)


def test_a_zone_of_long_ago_becomes_utc() -> None:
    amsterdam = timezone(timedelta(minutes=19, seconds=32))
    written = date_time(datetime(1930, 1, 1, 0, 19, 32, tzinfo=amsterdam))
    assert written == b'" 1-Jan-1930 00:00:00 +0000"'


def test_a_day_is_written_in_english() -> None:
    assert day(date(2026, 3, 1)) == b"1-Mar-2026"
