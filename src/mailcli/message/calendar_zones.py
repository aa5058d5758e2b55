"""The time zones of an iCalendar object: by name, and by the rules that came along. Pure.

A TZID means what its VTIMEZONE says (RFC 5545 §3.6.5); since those are often old or
wrong, a name of the time zone database goes first, then Outlook's names for them, then
the rules. What is left is no zone at all, and the time stays as it was written.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,40}(?:/[A-Za-z0-9_+-]{1,40}){0,2}")
_OFFSET = re.compile(r"([+-\u2212])(\d{2}):?(\d{2})(\d{2})?")
_NAMED_OFFSET = re.compile(r".*?\b(?:UTC|GMT)\s*([+-]\d{1,2})(?::?(\d{2}))?\b.*", re.DOTALL)
_BYDAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MOST_ONSETS = 500

WINDOWS: Mapping[str, str] = {
    "AUS Eastern Standard Time": "Australia/Sydney",
    "Alaskan Standard Time": "America/Anchorage",
    "Arab Standard Time": "Asia/Riyadh",
    "Arabian Standard Time": "Asia/Dubai",
    "Argentina Standard Time": "America/Buenos_Aires",
    "Atlantic Standard Time": "America/Halifax",
    "Canada Central Standard Time": "America/Regina",
    "Cen. Australia Standard Time": "Australia/Adelaide",
    "Central America Standard Time": "America/Guatemala",
    "Central Europe Standard Time": "Europe/Budapest",
    "Central European Standard Time": "Europe/Warsaw",
    "Central Standard Time": "America/Chicago",
    "Central Standard Time (Mexico)": "America/Mexico_City",
    "China Standard Time": "Asia/Shanghai",
    "E. Africa Standard Time": "Africa/Nairobi",
    "E. Australia Standard Time": "Australia/Brisbane",
    "E. Europe Standard Time": "Europe/Chisinau",
    "E. South America Standard Time": "America/Sao_Paulo",
    "Eastern Standard Time": "America/New_York",
    "Egypt Standard Time": "Africa/Cairo",
    "FLE Standard Time": "Europe/Kiev",
    "GMT Standard Time": "Europe/London",
    "GTB Standard Time": "Europe/Bucharest",
    "Greenwich Standard Time": "Atlantic/Reykjavik",
    "Hawaiian Standard Time": "Pacific/Honolulu",
    "India Standard Time": "Asia/Kolkata",
    "Iran Standard Time": "Asia/Tehran",
    "Israel Standard Time": "Asia/Jerusalem",
    "Korea Standard Time": "Asia/Seoul",
    "Middle East Standard Time": "Asia/Beirut",
    "Morocco Standard Time": "Africa/Casablanca",
    "Mountain Standard Time": "America/Denver",
    "Nepal Standard Time": "Asia/Kathmandu",
    "New Zealand Standard Time": "Pacific/Auckland",
    "Newfoundland Standard Time": "America/St_Johns",
    "Pacific SA Standard Time": "America/Santiago",
    "Pacific Standard Time": "America/Los_Angeles",
    "Pakistan Standard Time": "Asia/Karachi",
    "Romance Standard Time": "Europe/Paris",
    "Russian Standard Time": "Europe/Moscow",
    "SA Pacific Standard Time": "America/Bogota",
    "SE Asia Standard Time": "Asia/Bangkok",
    "Singapore Standard Time": "Asia/Singapore",
    "South Africa Standard Time": "Africa/Johannesburg",
    "Taipei Standard Time": "Asia/Taipei",
    "Tokyo Standard Time": "Asia/Tokyo",
    "Turkey Standard Time": "Europe/Istanbul",
    "US Mountain Standard Time": "America/Phoenix",
    "UTC": "UTC",
    "W. Australia Standard Time": "Australia/Perth",
    "W. Central Africa Standard Time": "Africa/Lagos",
    "W. Europe Standard Time": "Europe/Berlin",
    "West Asia Standard Time": "Asia/Tashkent",
}
"""Names that Outlook and Exchange write, and the database's for the same places."""


@dataclass(frozen=True, slots=True)
class Observance:
    """From when on, in local time, which offset from UTC holds: once, or every year.

    `month`, `day` (an ordinal and a weekday from Monday = 0) and `days` (of the month)
    are the yearly rule; `last`: the year of the last such change.
    """

    start: datetime
    offset: timedelta
    yearly: bool = False
    month: int = 1
    day: tuple[int, int] | None = None
    days: tuple[int, ...] = ()
    last: int = 9999

    def onset(self, year: int) -> datetime | None:
        """Return when it begins in a year; None: in that year not."""
        if not self.yearly:
            return self.start
        if not self.start.year <= year <= self.last:
            return None
        try:
            found = datetime.combine(self._date(year), self.start.time())
        except ValueError:  # there is no such day in that month
            return None
        return max(found, self.start) if year == self.start.year else found

    def _date(self, year: int) -> date:
        if self.day is None:
            return date(year, self.month, self.days[0] if self.days else self.start.day)
        ordinal, weekday = self.day
        if self.days:  # "BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU"
            first = date(year, self.month, min(self.days))
            return first + timedelta(days=(weekday - first.weekday()) % 7)
        if ordinal > 0:
            first = date(year, self.month, 1)
            return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (ordinal - 1))
        last = date(year + self.month // 12, self.month % 12 + 1, 1) - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7 + 7 * (-ordinal - 1))


class RuleZone(tzinfo):
    """The time zone of a VTIMEZONE. Of use for the offset of local times, and no more."""

    def __init__(self, name: str, observances: Sequence[Observance]) -> None:
        self._name = name
        self._observances = tuple(observances)

    def utcoffset(self, when: datetime | None) -> timedelta:
        """Return the offset that holds at a local time; before all rules, that of the first."""
        if when is None:
            return timedelta(0)
        when = when.replace(tzinfo=None)
        begun = [
            (onset, seen.offset)
            for seen in self._observances
            for year in (when.year - 1, when.year)
            if (onset := seen.onset(year)) is not None and onset <= when
        ]
        if begun:
            return max(begun, key=lambda pair: pair[0])[1]
        return min(self._observances, key=lambda seen: seen.start).offset

    def dst(self, _when: datetime | None) -> timedelta | None:
        """Return nothing: the rules do not tell it."""

    def tzname(self, _when: datetime | None) -> str:
        """Return the name that the calendar gives it."""
        return self._name


def zone_of(name: str, rules: Mapping[str, tzinfo]) -> tzinfo | None:
    """Return the zone that a TZID means, `rules` being those that came along; None: nobody knows.

    Globally unique names (`/example.org/Europe/Paris`, RFC 5545 §3.2.19) are looked up by
    their ends.
    """
    name = name.strip().strip('"')
    if name.upper() in {"UTC", "GMT", "Z", "ETC/UTC"}:
        return UTC
    parts = name.split("/")[-3:]
    tails = ["/".join(parts[at:]) for at in range(len(parts) - 1)] if "/" in name else []
    for tail in (*tails, WINDOWS.get(name, "")):
        if (found := _named(tail)) is not None:
            return found
    if name in rules:
        return rules[name]
    return _named(name) or _by_offset(name)


def offset_of(text: str) -> timedelta | None:
    """Read a UTC offset (RFC 5545 §3.3.14); None: it is none, or one that cannot be."""
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        return None
    size = timedelta(hours=int(found[2]), minutes=int(found[3]), seconds=int(found[4] or 0))
    return None if size >= timedelta(days=1) else size if found[1] == "+" else -size


def observances(
    start: datetime, offset: timedelta, rule: Mapping[str, str], dates: Sequence[datetime]
) -> list[Observance]:
    """Return what a STANDARD or DAYLIGHT part says (§3.6.5); `rule`: the parts of its RRULE."""
    once = [Observance(when, offset) for when in [start, *dates[:_MOST_ONSETS]]]
    if rule.get("FREQ") != "YEARLY":
        return once
    months = [int(text) for text in rule.get("BYMONTH", "").split(",") if _is_small(text, 12)]
    days = [int(text) for text in rule.get("BYMONTHDAY", "").split(",") if _is_small(text, 31)]
    found = _BYDAY.fullmatch(rule.get("BYDAY", ""))
    day = (int(found[1] or 1), _DAYS.index(found[2])) if found else None
    until = rule.get("UNTIL", "")[:4]
    last = int(until) if until.isascii() and until.isdigit() else 9999
    month = months[0] if months else start.month
    return [*once[1:], Observance(start, offset, True, month, day, tuple(days), last)]


def _is_small(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 3 and 1 <= int(text) <= most


def _named(name: str) -> tzinfo | None:
    if not _NAME.fullmatch(name):
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # unknown, no name, a directory of names
        return None


def _by_offset(name: str) -> tzinfo | None:
    found = _NAMED_OFFSET.fullmatch(name[:200])
    if found is None or not -15 < int(found[1]) < 15:
        return None
    minutes = int(found[2] or 0) * (-1 if found[1].startswith("-") else 1)
    return timezone(timedelta(hours=int(found[1]), minutes=minutes))
