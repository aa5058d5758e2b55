"""Dates of the query language, on a Wednesday afternoon in Berlin."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.search.dates import LONGEST, limits
from mailcli.search.local_time import LocalZone

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 14, 15, 30, tzinfo=BERLIN)

RANGES = {
    "today": ("2026-10-14 00:00", "2026-10-15 00:00"),
    "yesterday": ("2026-10-13 00:00", "2026-10-14 00:00"),
    "tomorrow": ("2026-10-15 00:00", "2026-10-16 00:00"),
    "Yesterday": ("2026-10-13 00:00", "2026-10-14 00:00"),
    "12h": ("2026-10-14 03:30", None),
    "90min": ("2026-10-14 14:00", None),
    "3d": ("2026-10-11 00:00", None),
    "2w": ("2026-09-30 00:00", None),
    "2 weeks": ("2026-09-30 00:00", None),
    "2 weeks ago": ("2026-09-30 00:00", None),
    "1mo": ("2026-09-14 00:00", None),
    "1y": ("2025-10-14 00:00", None),
    "2w..1w": ("2026-09-30 00:00", "2026-10-08 00:00"),
    "..1w": (None, "2026-10-08 00:00"),
    "monday": ("2026-10-12 00:00", "2026-10-13 00:00"),
    "wednesday": ("2026-10-14 00:00", "2026-10-15 00:00"),
    "wed": ("2026-10-14 00:00", "2026-10-15 00:00"),
    "last wednesday": ("2026-10-07 00:00", "2026-10-08 00:00"),
    "last friday": ("2026-10-09 00:00", "2026-10-10 00:00"),
    "last-friday": ("2026-10-09 00:00", "2026-10-10 00:00"),
    "last_friday": ("2026-10-09 00:00", "2026-10-10 00:00"),
    "this week": ("2026-10-12 00:00", "2026-10-19 00:00"),
    "last week": ("2026-10-05 00:00", "2026-10-12 00:00"),
    "this-month": ("2026-10-01 00:00", "2026-11-01 00:00"),
    "last-month": ("2026-09-01 00:00", "2026-10-01 00:00"),
    "last year": ("2025-01-01 00:00", "2026-01-01 00:00"),
    "october": ("2026-10-01 00:00", "2026-11-01 00:00"),
    "last october": ("2025-10-01 00:00", "2025-11-01 00:00"),
    "november": ("2025-11-01 00:00", "2025-12-01 00:00"),
    "sep": ("2026-09-01 00:00", "2026-10-01 00:00"),
    "2026": ("2026-01-01 00:00", "2027-01-01 00:00"),
    "2026-10": ("2026-10-01 00:00", "2026-11-01 00:00"),
    "2026-10-05": ("2026-10-05 00:00", "2026-10-06 00:00"),
    "2026/10/5": ("2026-10-05 00:00", "2026-10-06 00:00"),
    "20261005": ("2026-10-05 00:00", "2026-10-06 00:00"),
    "5.10.2026": ("2026-10-05 00:00", "2026-10-06 00:00"),
    "5 Oct 2026": ("2026-10-05 00:00", "2026-10-06 00:00"),
    "October 5, 2026": ("2026-10-05 00:00", "2026-10-06 00:00"),
    "5 Oct": ("2026-10-05 00:00", "2026-10-06 00:00"),
    "15 Oct": ("2025-10-15 00:00", "2025-10-16 00:00"),
    "oct 2025": ("2025-10-01 00:00", "2025-11-01 00:00"),
    "2026-10..": ("2026-10-01 00:00", None),
    "..2025": (None, "2026-01-01 00:00"),
    "2026-10-05..2026-11": ("2026-10-05 00:00", "2026-12-01 00:00"),
    "last monday .. yesterday": ("2026-10-12 00:00", "2026-10-14 00:00"),
    "2026-10-05T14": ("2026-10-05 14:00", "2026-10-05 15:00"),
    "2026-10-05 14:30": ("2026-10-05 14:30", "2026-10-05 14:31"),
    "2026-10-05T14:30:10": ("2026-10-05 14:30:10", "2026-10-05 14:30:11"),
    "2026-10-05T14:30Z": ("2026-10-05 16:30", "2026-10-05 16:31"),
    "2026-10-05T14:30-04:00": ("2026-10-05 20:30", "2026-10-05 20:31"),
}


@pytest.mark.parametrize(("text", "expected"), RANGES.items(), ids=list(RANGES))
def test_a_date_begins_and_ends_where_people_expect(
    text: str, expected: tuple[str | None, str | None]
) -> None:
    assert limits(text, NOW) == tuple(when and _local(when) for when in expected)


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


WRONG = {
    "3m": "3min or 3mo",
    "10/05/2026": "several dates",
    "05-10-2026": "several dates",
    "10/5": "several dates",
    "17": "several dates",
    "soon": "no date",
    "": "no date",
    "..": "no range",
    "14:30": "no date",
    "at 14:30": "no date",
    "2026-02-30": "no calendar",
    "2026-13": "no calendar",
    "99999y": "no calendar",
    "999999w": "no calendar",
    "9999": "no calendar",
    "2026-10-05T25": "no calendar",
    "2026..2024": "ends before",
    "next week": "no date",
    "last last week": "no date",
    "5": "several dates",
    "the 5th": "no date",
    "1" * (LONGEST + 1): "no date",
}


@pytest.mark.parametrize(("text", "why"), WRONG.items(), ids=[text[:20] for text in WRONG])
def test_what_is_no_date_or_may_be_two_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        limits(text, NOW)


@given(st.text(max_size=80) | st.text("0123456789-./:tzdwmohy ", max_size=20))
def test_any_text_is_a_date_or_refused(text: str) -> None:
    try:
        start, end = limits(text, NOW)
    except ValueError:
        return
    assert start is not None or end is not None
    for instant in (start, end):
        assert instant is None or instant.timestamp() is not None


def test_the_local_zone_knows_each_dates_own_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        zone = LocalZone()
        summer = datetime(2026, 7, 1, 12, tzinfo=zone)
        winter = datetime(2026, 12, 1, 12, tzinfo=zone)
        assert summer.astimezone(UTC).hour == 10
        assert winter.astimezone(UTC).hour == 11
        assert datetime(2026, 7, 1, 10, tzinfo=UTC).astimezone(zone) == summer
        with pytest.raises(ValueError, match="no calendar"):  # in UTC it is in the year 0
            limits("0001-01-01", summer)
    finally:
        monkeypatch.undo()
        time.tzset()
