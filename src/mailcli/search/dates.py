"""Dates as people write them: `yesterday`, `2w`, `last friday`, `2026-10..`, `5 Oct 2026`. Pure.

    date   = span / [span] ".." [span]        ; one of the two at least
    span   = age / day / "this" unit / "last" unit / ["last"] weekday / ["last"] month
           / year ["-" month ["-" day ["T" time [zone]]]] / day "." month "." year / other
    age    = number ("min" / "h" / "d" / "w" / "mo" / "y")
    day    = "now" / "today" / "yesterday" / "tomorrow"
    unit   = "week" / "month" / "year"

`other` is whatever python-dateutil reads without guessing. A span has a beginning and an end, in
the local time zone: `2026-10` is that month. An age from a day on names that day, a shorter one
the instant; alone it means "since then". A weekday is the last one, and today counts; so it is
with a month. With `last`, neither today nor this month counts. Weeks begin on Monday. What could
be two dates, such as 10/05/2026 or 3m, is refused.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from dateutil.relativedelta import relativedelta

LONGEST = 64
"""Characters of a date; more is none."""

_DAY = relativedelta(days=1)
_AGES = {
    "min": ("min", "mins", "minute", "minutes"),
    "hours": ("h", "hour", "hours"),
    "days": ("d", "day", "days"),
    "weeks": ("w", "week", "weeks"),
    "months": ("mo", "month", "months"),
    "years": ("y", "year", "years"),
}
_AGE_WORDS = {word: unit for unit, words in _AGES.items() for word in words}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_WEEKDAY_NUMBERS = {word: n for n, day in enumerate(_WEEKDAYS) for word in (day, day[:3])}
_MONTH_NUMBERS = {word: n for n, name in enumerate(_MONTHS, 1) for word in (name, name[:3])}
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
_UNITS = {
    "week": relativedelta(weeks=1),
    "month": relativedelta(months=1),
    "year": relativedelta(years=1),
}

_AGE = re.compile(r"(\d{1,6}) ?([a-z]+)(?: ago)?")
_CALENDAR = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?)?")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_TIMED = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2})[t ](\d{1,2})(?::(\d\d)(?::(\d\d)(\.\d{1,6})?)?)? ?"
    r"(z|[-+]\d\d(?::?\d\d(?::?\d\d(?:\.\d{1,6})?)?)?)?"
)
_DOUBTFUL = re.compile(r"[\d/.-]+")

_HOW = "write 2026-10-05, 2026-10, yesterday, 2w, or a range such as 2026-10-05..2026-11"
_NO_DATE = "is a date that no calendar has"


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` until just before `end`; an `age` alone means from `start` on."""

    start: datetime
    end: datetime
    age: bool = False


def limits(text: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return where a date or range begins, and where it has ended; None where it is open.

    Both know the time zone, which is that of `now` where the text names none.

    Raises: ValueError, whose text says what is wrong and what to write.
    """
    if len(text) > LONGEST:
        raise ValueError(f"is no date: {_HOW}")
    first, dots, last = (part.strip() for part in text.partition(".."))
    if not dots:
        only = span(first, now)
        return only.start, None if only.age else only.end
    if not first and not last:
        raise ValueError(f"is no range of dates: {_HOW}")
    start = span(first, now).start if first else None
    end = span(last, now).end if last else None
    if start and end and start > end:
        raise ValueError("ends before it begins")
    return start, end


def span(text: str, now: datetime) -> Span:
    """Return what a date without dots stands for. Raises: ValueError, as `limits`."""
    words = re.sub(r"[\s_]+", " ", text.strip()).lower()
    words = re.sub(r"^(last|this)-", r"\1 ", words)
    if len(words) > LONGEST:
        raise ValueError(f"is no date: {_HOW}")
    try:
        found = _age(words, now) or _named(words, now) or _written(words, now)
        if found is None:
            found = _other(words, now)
    except OverflowError:
        raise ValueError(_NO_DATE) from None
    try:
        # Both are held against others, in seconds since 1970, which not every date has.
        found.start.timestamp(), found.end.timestamp()
    except (OverflowError, ValueError):  # what the local zone has before the year 1
        raise ValueError(_NO_DATE) from None
    return found


def _age(text: str, now: datetime) -> Span | None:
    match = _AGE.fullmatch(text)
    if match is None:
        return None
    number, word = int(match[1]), match[2]
    if word == "m":
        raise ValueError(f"may be minutes or months: write {number}min or {number}mo")
    unit = _AGE_WORDS.get(word)
    if unit is None:
        return None  # "5 oct" looks like an age
    try:
        if unit in {"min", "hours"}:
            instant = now - timedelta(**{"minutes" if unit == "min" else unit: number})
            return Span(instant, instant, age=True)
        day = _midnight(now) - relativedelta(**{unit: number})  # type: ignore[arg-type]
        return Span(day, day + _DAY, age=True)
    except ValueError:  # before the year 1
        raise OverflowError from None


def _named(text: str, now: datetime) -> Span | None:
    """Read what is named and not numbered: days, weekdays, months, and this or the last one."""
    today = _midnight(now)
    if text == "now":
        return Span(now, now)
    if text in _DAYS:
        return _from(today + timedelta(days=_DAYS[text]), _DAY)
    which, _, name = text.rpartition(" ")
    if which in {"this", "last"} and name in _UNITS:
        return _unit(name, today, back=which == "last")
    return _recent(name, today, before=bool(which)) if which in {"", "last"} else None


def _recent(name: str, today: datetime, *, before: bool) -> Span | None:
    """Return the last day or month of that name; `before`: not today, not this month."""
    if name in _WEEKDAY_NUMBERS:
        back = (today.weekday() - _WEEKDAY_NUMBERS[name]) % 7
        return _from(today - timedelta(days=back or (7 if before else 0)), _DAY)
    if name in _MONTH_NUMBERS:
        back = (today.month - _MONTH_NUMBERS[name]) % 12
        months = relativedelta(months=back or (12 if before else 0))
        return _from(today.replace(day=1) - months, _UNITS["month"])
    return None


def _unit(name: str, today: datetime, *, back: bool) -> Span:
    starts = {
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "year": today.replace(month=1, day=1),
    }
    length = _UNITS[name]
    return _from(starts[name] - length if back else starts[name], length)


def _written(text: str, now: datetime) -> Span | None:
    """Read a date of numbers that can be but one."""
    if match := _TIMED.fullmatch(text):
        return _timed(match, now)
    if match := _COMPACT.fullmatch(text):
        year, month, day = match.groups()
    elif match := _DAY_FIRST.fullmatch(text):
        day, month, year = match.groups()
    elif match := _CALENDAR.fullmatch(text):
        year, month, day = match[1], match[3], match[4]
    elif _DOUBTFUL.fullmatch(text):
        raise ValueError(f"may be several dates, or none: {_HOW}")
    else:
        return None
    return _calendar(now, int(year), int(month) if month else None, int(day) if day else None)


def _calendar(now: datetime, year: int, month: int | None, day: int | None) -> Span:
    """Return a year, a month or a day."""
    try:
        start = datetime(year, month or 1, day or 1, tzinfo=now.tzinfo)
    except ValueError:
        raise OverflowError from None
    return _from(start, _DAY if day else _UNITS["month" if month else "year"])


def _timed(match: re.Match[str], now: datetime) -> Span:
    """Return an hour, a minute or a second of a day, in the zone that is written or here."""
    day, hour, minute, second, fraction, zone = match.groups()
    year, month, number = map(int, day.split("-"))
    text = f"{year:04}-{month:02}-{number:02}T{int(hour):02}:{minute or '00'}:{second or '00'}"
    try:
        start = datetime.fromisoformat(f"{text}{fraction or ''}{(zone or '').upper()}")
    except ValueError:
        raise OverflowError from None
    if start.tzinfo is None:
        start = start.replace(tzinfo=now.tzinfo)
    length = relativedelta(hours=1)
    if minute:
        length = relativedelta(minutes=1)
    if second:
        length = relativedelta(seconds=1)
    return Span(start, start + length)


def _other(text: str, now: datetime) -> Span:
    """Leave it to dateutil; what the text does not say differs between two tries."""
    from dateutil import parser

    wrong = ValueError(f"is no date: {_HOW}")
    if not any(character.isalpha() for character in text):
        raise wrong
    defaults = datetime(2000, 1, 1), datetime(2004, 2, 2)
    try:
        one, two = (parser.parse(text, default=each, ignoretz=True) for each in defaults)
    except (ValueError, OverflowError, TypeError, AttributeError, LookupError, ArithmeticError):
        raise wrong from None
    if one.time() != time() or one.month != two.month:
        raise wrong  # a time of some day, or a day of some month
    year = one.year if one.year == two.year else None
    day = one.day if one.day == two.day else None
    if year is None:  # the last one that has begun
        year = now.year - ((one.month, day or 1) > (now.month, now.day))
    return _calendar(now, year, one.month, day)


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _from(start: datetime, length: relativedelta) -> Span:
    try:
        return Span(start, start + length)
    except ValueError:  # the year 10000
        raise OverflowError from None
