"""An invitation in words: what it is, when in the reader's own time, where, who comes. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo

from mailcli.message.calendar import Calendar, Event, Method, Moment, Person, Status
from mailcli.message.columns import wrapped

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
_BYDAY = re.compile(r"([+-]?\d)?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_TITLES = {
    Method.PUBLISH: "Event",
    Method.REQUEST: "Invitation",
    Method.REPLY: "Answer",
    Method.ADD: "Added to a series",
    Method.CANCEL: "Cancelled",
    Method.REFRESH: "Asks for the latest version",
    Method.COUNTER: "Asks for another time",
    Method.DECLINECOUNTER: "Keeps its time",
}
_SAYS = {
    Status.ACCEPTED: "accepted",
    Status.DECLINED: "declined",
    Status.TENTATIVE: "tentative",
    Status.DELEGATED: "delegated",
    Status.NEEDS_ACTION: "no answer yet",
}
_LABEL = 7
_MOST_NAMED = 20
_LINES = 6
"""Lines of a description."""


def in_words(calendar: Calendar, *, zone: tzinfo, width: int = 78) -> str:
    """Return a calendar as lines to read, times in `zone`; not cleaned for a terminal."""
    lines: list[str] = []
    for event in calendar.events:
        lines += (
            ["", *_event(calendar.method, event, zone, width)]
            if lines
            else _event(calendar.method, event, zone, width)
        )
    if calendar.more_events:
        lines += ["", f"and {calendar.more_events} more events"]
    return "".join(f"{line}\n" for line in lines)


def when_in_words(start: Moment, end: Moment | None, zone: tzinfo) -> str:
    """Return when something is, in `zone`: `Thu 26 Nov 2026, 14:00-15:00 CET`.

    Where the sender's clock shows another time, that follows in parentheses.
    """
    begin = _here(start, zone)
    over = _here(end, zone) if end is not None and end.whole_day == start.whole_day else None
    if not isinstance(begin, datetime):
        return _days(begin, over)
    if not isinstance(over, datetime) or _naive(over) <= _naive(begin):
        span = f"{_day(begin)}, {begin:%H:%M}"
    elif over.date() == begin.date():
        span = f"{_day(begin)}, {begin:%H:%M}\u2013{over:%H:%M}"
    else:
        span = f"{_day(begin)}, {begin:%H:%M} \u2013 {_day(over)}, {over:%H:%M}"
    return span + _zone_note(start, begin)


def recurrence_in_words(rule: Mapping[str, str], start: Moment | None = None) -> str:
    """Return how often something is: `every 2 weeks on Monday and Thursday, 10 times`.

    A rule of another kind (RFC 5545 §3.3.10 has many) is named as it is written.
    """
    unit = _UNITS.get(rule.get("FREQ", ""))
    known = {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "COUNT", "UNTIL", "WKST"}
    on = _on(rule, start) if unit and rule.keys() <= known else None
    if unit is None or on is None:
        return "repeats: " + ";".join(f"{name}={value}" for name, value in rule.items())
    interval = rule.get("INTERVAL", "1")
    many = interval.isdigit() and interval.lstrip("0") not in {"", "1"}
    every = f"every {interval.lstrip('0')} {unit}s" if many else f"every {unit}"
    if on == "weekday":
        every, on = ("every weekday", "") if not many else (every, " on weekdays")
    return every + on + _limit(rule)


def _event(method: Method, event: Event, zone: tzinfo, width: int) -> list[str]:
    fields = [("When", line) for line in _when(event, zone)]
    fields += [("Where", event.where)] if event.where else []
    fields += [("Link", event.link)] if event.link and event.link not in event.where else []
    fields += [("From", _full(event.organizer))] if event.organizer else []
    if event.attendees and method is not Method.REPLY:
        fields.append(("With", _people(event)))
    fields += [("Says", " ".join(event.comment.split()))] if event.comment else []
    lines = [_title(method, event)]
    seen = ""
    for label, text in fields:
        head = f"{label}:" if label != seen else ""
        seen = label
        first, *others = wrapped(text, max(width - _LABEL, 20)) or [""]
        lines.append(f"{head:<{_LABEL}}{first}")
        lines += [" " * _LABEL + line for line in others]
    if description := _first_lines(event.description, width):
        lines += ["", *description]
    return lines


def _title(method: Method, event: Event) -> str:
    name = event.summary or "(no title)"
    if method is Method.REPLY and event.attendees:
        who = event.attendees[0]
        said = f"{who.name or who.email or 'somebody'}: {_SAYS[who.status]}"
        return f"Answer from {said} \u2013 {name}"
    title = "Cancelled" if event.cancelled else _TITLES[method]
    return f"{title}: {name}"


def _when(event: Event, zone: tzinfo) -> Iterator[str]:
    if event.start is not None:
        yield when_in_words(event.start, event.end, zone)
    if event.rule:
        yield recurrence_in_words(event.rule, event.start)
    if event.instead_of is not None:
        yield f"one of a series, planned for {when_in_words(event.instead_of, None, zone)}"


def _people(event: Event) -> str:
    named = [_short(person) for person in event.attendees[:_MOST_NAMED]]
    more = len(event.attendees) - len(named) + event.more_attendees
    return ", ".join([*named, *([f"and {more} more"] if more else [])])


def _short(person: Person) -> str:
    optional = ", optional" if person.optional else ""
    return f"{person.name or person.email} ({_SAYS[person.status]}{optional})"


def _full(person: Person) -> str:
    if person.name and person.email and person.name != person.email:
        return f"{person.name} <{person.email}>"
    return person.name or person.email


def _first_lines(text: str, width: int) -> list[str]:
    paragraphs = [line for line in text.split("\n") if line.strip(" \t-_=*~.")]
    lines = [part for line in paragraphs for part in wrapped(line, width)]
    return lines if len(lines) <= _LINES else [*lines[:_LINES], "\u2026"]


def _here(moment: Moment, zone: tzinfo) -> date | datetime:
    value = moment.value
    if not isinstance(value, datetime) or value.tzinfo is None:
        return value
    try:
        return value.astimezone(zone)
    except OverflowError:  # the first or last day that there is
        return value


def _naive(value: datetime) -> datetime:
    return value.replace(tzinfo=None)


def _day(value: date) -> str:
    return f"{_DAYS[value.weekday()][:3]} {value.day} {_MONTHS[value.month - 1][:3]} {value.year}"


def _days(begin: date, over: date | None) -> str:
    """Return days from the first to the one before `over` (RFC 5545 §3.6.1)."""
    last = over - timedelta(days=1) if over is not None and over > begin else begin
    return f"{_day(begin)}, all day" if last <= begin else f"{_day(begin)} \u2013 {_day(last)}"


def _zone_note(start: Moment, begin: datetime) -> str:
    there = start.value
    if start.unknown_zone:
        return f" (time zone {start.unknown_zone[:80]!r} is not known)"
    if not isinstance(there, datetime) or there.tzinfo is None:
        return " (local time wherever you are)"
    name = begin.tzname() or ""
    note = f" {name}" if name else ""
    if there.utcoffset() == begin.utcoffset() or there.tzname() == "UTC":
        return note
    day = "" if there.date() == begin.date() else f"{_day(there)}, "
    return f"{note} ({day}{there:%H:%M} {_zone_name(there)})"


def _zone_name(there: datetime) -> str:
    key = getattr(there.tzinfo, "key", "")
    return f"in {str(key).rpartition('/')[2].replace('_', ' ')}" if key else there.tzname() or ""


def _on(rule: Mapping[str, str], start: Moment | None) -> str | None:
    """Return on which days, with a space before; `weekday`: all five; None: no words for it."""
    months = _numbers(rule.get("BYMONTH", ""), 12)
    days = _numbers(rule.get("BYMONTHDAY", ""), 31)
    codes = [_BYDAY.fullmatch(code.strip()) for code in rule.get("BYDAY", "").split(",") if code]
    if months is None or days is None or (days and codes):
        return None
    named: list[str] = []
    for code in codes:
        ordinal = int(code[1]) if code and code[1] else 0
        if code is None or (ordinal and ordinal not in _ORDINALS):
            return None
        named.append(
            (f"the {_ORDINALS[ordinal]} " if ordinal else "") + _DAYS[_CODES.index(code[2])]
        )
    if named == list(_DAYS[:5]):
        return "weekday" if not months else None
    named += [f"the {_ordinal(day)}" for day in days]
    in_months = f" in {_joined([_MONTHS[month - 1] for month in months])}" if months else ""
    if months and not named and start is not None and rule["FREQ"] == "YEARLY":
        return f" on {start.value.day} {_joined([_MONTHS[month - 1] for month in months])}"
    return (f" on {_joined(named)}" if named else "") + in_months


def _numbers(text: str, most: int) -> list[int] | None:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and len(part) < 3 for part in parts):
        return None
    numbers = [int(part) for part in parts]
    return numbers if all(1 <= number <= most for number in numbers) else None


def _limit(rule: Mapping[str, str]) -> str:
    if (count := rule.get("COUNT", "")).isdigit() and count.isascii():
        times = count.lstrip("0")[:9] or "0"
        return ", once" if times == "1" else f", {times} times"
    until = rule.get("UNTIL", "")[:8]
    try:
        return f", until {_day(date.fromisoformat(until))}" if until else ""
    except ValueError:
        return ""


def _ordinal(number: int) -> str:
    tens = 10 < number % 100 < 14
    return f"{number}{'th' if tens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _joined(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
