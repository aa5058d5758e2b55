"""Dates as IMAP writes them, in English whatever the locale. Pure.

RFC 3501 §9, date-time and date.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache, lru_cache

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = {name.upper(): number for number, name in enumerate(MONTHS, 1)}

_DATE_TIME = r" ?(\d{1,2}-[A-Za-z]{3}-\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-]\d{2}[0-5]\d)"
"""date-day-fixed "-" date-month "-" date-year SP time SP zone."""


def read(text: str) -> datetime | None:
    """Read `dd-Mon-yyyy hh:mm:ss +zzzz`; None for what is not one, such as the 31st of June."""
    found = _date_time().fullmatch(text.strip())
    if not found:
        return None
    day, hour, minute, second, offset = found.groups()
    try:
        seconds = min(int(second), 59)
        return datetime(*_day(day), int(hour), int(minute), seconds, 0, _zone(offset))
    except ValueError:
        return None


@cache  # not before there is a date to be read
def _date_time() -> re.Pattern[str]:
    return re.compile(_DATE_TIME)


@lru_cache(maxsize=4096)  # messages that come one after the other are mostly of few days
def _day(text: str) -> tuple[int, int, int]:
    """Return year, month and day of a date. Raises: ValueError where there is no such month."""
    day, name, year = text.split("-")
    return int(year), _NUMBERS.get(name.upper(), 0), int(day)


@lru_cache(maxsize=64)  # there are few
def _zone(text: str) -> timezone:
    """Return the zone. Raises: ValueError where there is none such."""
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:]))
    return timezone(offset if text[0] == "+" else -offset)


def date_time(when: datetime) -> bytes:
    """Write a date-time in quotes, as APPEND takes it; `when` knows its time zone."""
    offset = when.utcoffset()
    if offset is None or offset % timedelta(minutes=1):  # zones of long ago have seconds
        when, offset = when.astimezone(UTC), timedelta()
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    head = f"{when.day:2}-{MONTHS[when.month - 1]}-{when.year:04}"
    return f'"{head} {when:%H:%M:%S} {sign}{hours:02}{minutes:02}"'.encode("ascii")


def day(when: date) -> bytes:
    """Write a date, as SEARCH takes it."""
    return f"{when.day}-{MONTHS[when.month - 1]}-{when.year:04}".encode("ascii")
