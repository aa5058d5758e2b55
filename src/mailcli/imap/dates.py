"""Dates as IMAP writes them, in English whatever the locale. Pure.

RFC 3501 §9, date-time and date.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = {name.upper(): number for number, name in enumerate(MONTHS, 1)}

_DATE_TIME = r" ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})([0-5]\d)"
"""date-day-fixed "-" date-month "-" date-year SP time SP zone."""


def read(text: str) -> datetime | None:
    """Read `dd-Mon-yyyy hh:mm:ss +zzzz`; None for what is not one, such as the 31st of June."""
    found = re.fullmatch(_DATE_TIME, text.strip())
    month = _NUMBERS.get(found[2].upper()) if found else None
    if not found or not month:
        return None
    offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
    try:
        zone = timezone(offset if found[7] == "+" else -offset)
        numbers = (int(found[n]) for n in (1, 3, 4, 5, 6))
        day, year, hour, minute, second = numbers
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
    except ValueError:
        return None


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
