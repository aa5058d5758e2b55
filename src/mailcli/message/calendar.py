"""What an invitation says: an iCalendar object as its reader needs it (RFC 5545, RFC 5546). Pure.

Who asks for what, when, where, and who comes. Tolerant: what cannot be read is left
out, and a time in a zone that nobody knows stays as it was written. Nothing of this is
cleaned for a terminal.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import Enum

from mailcli.message.calendar_lines import Component, Property, components, parts_of
from mailcli.message.calendar_zones import RuleZone, observances, offset_of, zone_of

MOST_EVENTS = 20
MOST_ATTENDEES = 200
_MOST_ZONES = 50
_DESCRIPTION = 2_000
"""Characters of a description."""
_MOMENT = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:T?(\d{2}):?(\d{2}):?(\d{2})?)?(Z?)", re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?",
    re.ASCII,
)
_ADDRESS = re.compile(r"https?://[^\s<>\"'\\\]\[]{1,1000}", re.IGNORECASE)
_MEETING = re.compile(
    r"https://(?:[\w-]{1,63}\.){0,5}(?:zoom\.us|zoomgov\.com|teams\.microsoft\.com|teams\.live\.com"
    r"|meet\.google\.com|webex\.com|meet\.jit\.si|whereby\.com|gotomeeting\.com|goto\.com"
    r"|bluejeans\.com|chime\.aws)/[^\s<>\"'\\\]\[]{1,1000}",
    re.IGNORECASE,
)
_LINKS = (
    "CONFERENCE",  # RFC 7986 §5.11
    "X-GOOGLE-CONFERENCE",
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
    "X-MICROSOFT-ONLINEMEETINGCONFLINK",
)


class Method(Enum):
    """What the sender wants (RFC 5546 §1.4)."""

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    REPLY = "REPLY"
    ADD = "ADD"
    CANCEL = "CANCEL"
    REFRESH = "REFRESH"
    COUNTER = "COUNTER"
    DECLINECOUNTER = "DECLINECOUNTER"


class Status(Enum):
    """What somebody who was invited has said (RFC 5545 §3.2.12)."""

    NEEDS_ACTION = "NEEDS-ACTION"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    TENTATIVE = "TENTATIVE"
    DELEGATED = "DELEGATED"


@dataclass(frozen=True, slots=True)
class Person:
    """An organizer or attendee."""

    name: str
    email: str
    status: Status = Status.NEEDS_ACTION
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: a date for a whole day, else a time.

    A time without a zone is the same on every clock (§3.3.5), or, with `unknown_zone`,
    in a zone that nobody knows.
    """

    value: date | datetime
    unknown_zone: str = ""

    @property
    def whole_day(self) -> bool:
        """Whether it is a day without a time."""
        return not isinstance(self.value, datetime)


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT. Empty texts: not given. `end` is where it is over, for days the day after."""

    summary: str = ""
    start: Moment | None = None
    end: Moment | None = None
    rule: Mapping[str, str] | None = None
    """The parts of the RRULE."""
    instead_of: Moment | None = None
    """The occurrence of a series that this is about."""
    where: str = ""
    organizer: Person | None = None
    attendees: tuple[Person, ...] = ()
    more_attendees: int = 0
    description: str = ""
    comment: str = ""
    link: str = ""
    """Where the meeting is, on the web."""
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Calendar:
    """An iCalendar object."""

    method: Method
    events: tuple[Event, ...]
    more_events: int = 0


def read_calendar(text: str) -> Calendar:
    """Read an iCalendar object of any size; whatever is wrong with it, what can be read is."""
    root = components(text)
    zones: dict[str, tzinfo] = {}
    for number, part in enumerate(root.each("VTIMEZONE")):
        if number < _MOST_ZONES and (zone := _zone(part)) is not None:
            zones[part.text("TZID")] = zone
    calendar = next((part for part in root.parts if part.name == "VCALENDAR"), root)
    found = list(root.each("VEVENT"))
    events = tuple(_event(part, zones) for part in found[:MOST_EVENTS])
    return Calendar(_method(calendar.text("METHOD")), events, max(0, len(found) - MOST_EVENTS))


def _method(text: str) -> Method:
    try:
        return Method(text.upper())
    except ValueError:
        return Method.PUBLISH


def _event(part: Component, zones: Mapping[str, tzinfo]) -> Event:
    people = [found for found in part.properties if found.name == "ATTENDEE"]
    attendees = [_person(found) for found in people[:MOST_ATTENDEES]]
    organizer, rule = part.first("ORGANIZER"), part.first("RRULE")
    start = _moment(part.first("DTSTART"), zones)
    return Event(
        summary=_one_line(part.text("SUMMARY")),
        start=start,
        end=_end(part, start, zones),
        rule=parts_of(rule.value) if rule else None,
        instead_of=_moment(part.first("RECURRENCE-ID"), zones),
        where=_one_line(part.text("LOCATION").replace("\n", ", ")),
        organizer=_person(organizer) if organizer else None,
        attendees=tuple(attendees),
        more_attendees=len(people) - len(attendees),
        description=part.text("DESCRIPTION")[:_DESCRIPTION],
        comment=part.text("COMMENT")[:_DESCRIPTION],
        link=_link(part),
        cancelled=part.text("STATUS").upper() == "CANCELLED",
    )


def _one_line(text: str) -> str:
    return " ".join(text[:_DESCRIPTION].split())


def _person(found: Property) -> Person:
    said = found.parameters.get("PARTSTAT", "").upper()
    known = said in {status.value for status in Status}
    address = found.value.strip()
    if address[:7].lower() == "mailto:":
        address = address[7:]
    elif "@" not in address:
        address = found.parameters.get("EMAIL", "")
    return Person(
        _one_line(found.parameters.get("CN", "")),
        _one_line(address),
        Status(said) if known else Status.NEEDS_ACTION,
        optional=found.parameters.get("ROLE", "").upper()
        in {"OPT-PARTICIPANT", "NON-PARTICIPANT"},
    )


def _link(part: Component) -> str:
    for name in _LINKS:
        said = part.first(name)
        if said and (found := _ADDRESS.match(said.value.strip())):
            return found[0]
    for name in ("LOCATION", "DESCRIPTION"):
        if found := _MEETING.search(part.text(name)[:20_000]):
            return found[0].rstrip(".,;:)>")
    found = _ADDRESS.match(part.text("URL"))
    return found[0] if found else ""


def _moment(found: Property | None, zones: Mapping[str, tzinfo]) -> Moment | None:
    """Read a DATE or DATE-TIME (§3.3.4, §3.3.5); None: it is none."""
    read = _MOMENT.fullmatch(found.value.strip()) if found else None
    if found is None or read is None:
        return None
    year, month, day, hour, minute, second = (int(text or 0) for text in read.groups()[:6])
    try:
        if read[4] is None:
            return Moment(date(year, month, day))
        value = datetime(year, month, day, hour, minute, min(second, 59))
    except ValueError:
        return None
    if read[7]:
        return Moment(value.replace(tzinfo=UTC))
    name = found.parameters.get("TZID", "")
    zone = zone_of(name, zones) if name else None
    if zone is None:
        return Moment(value, unknown_zone=name)
    return Moment(value.replace(tzinfo=zone))


def _end(part: Component, start: Moment | None, zones: Mapping[str, tzinfo]) -> Moment | None:
    """Return when an event is over: DTEND, or DURATION after its start (§3.6.1)."""
    said = _moment(part.first("DTEND"), zones)
    if said is not None or start is None:
        return said
    length = _duration(part.text("DURATION"))
    if length is None or length < timedelta(0):
        return None
    try:
        return Moment(_later(start.value, length), start.unknown_zone)
    except OverflowError:
        return None


def _later(value: date | datetime, length: timedelta) -> date | datetime:
    """Return a moment later; hours are those that pass, not those of a clock that is changed."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return (value.astimezone(UTC) + length).astimezone(UTC)
    return value + length


def _duration(text: str) -> timedelta | None:
    found = _DURATION.fullmatch(text.strip().upper())
    if found is None:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if found[1] == "-" else length


def _zone(part: Component) -> tzinfo | None:
    """Return the zone of a VTIMEZONE; None: it has no rule that can be read."""
    rules = []
    for seen in part.parts:
        start, said = _moment(seen.first("DTSTART"), {}), seen.first("TZOFFSETTO")
        offset = offset_of(said.value) if said else None
        if start is None or start.whole_day or offset is None:
            continue
        rule = seen.first("RRULE")
        dates = [_moment(found, {}) for found in seen.properties if found.name == "RDATE"]
        rules += observances(
            _clock(start.value),
            offset,
            parts_of(rule.value) if rule else {},
            [_clock(when.value) for when in dates if when is not None],
        )
    return RuleZone(part.text("TZID"), rules) if rules else None


def _clock(value: date | datetime) -> datetime:
    """Return a moment as a clock shows it, without a zone."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime(value.year, value.month, value.day)
