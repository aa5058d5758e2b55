"""Invitations: what is read of iCalendar, and how it is told."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.calendar import (
    MOST_ATTENDEES,
    MOST_EVENTS,
    Event,
    Method,
    Moment,
    Person,
    Status,
    read_calendar,
)
from mailcli.message.calendar_lines import parts_of
from mailcli.message.calendar_words import in_words, recurrence_in_words
from mailcli.message.calendar_zones import WINDOWS

BERLIN = ZoneInfo("Europe/Berlin")


def _calendar(*lines: str, method: str = "REQUEST", before: str = "") -> str:
    body = "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])
    head = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:{method}\r\n"
    return f"{head}{before}{body}\r\nEND:VCALENDAR\r\n"


def _event(*lines: str, before: str = "") -> Event:
    (event,) = read_calendar(_calendar(*lines, before=before)).events
    return event


def _when(*lines: str, before: str = "") -> str:
    words = in_words(read_calendar(_calendar(*lines, before=before)), zone=BERLIN, width=200)
    return words.split("When:  ")[1].split("\n")[0]


INVITATION = _calendar(
    "UID:1@example.org",
    "DTSTART;TZID=Eastern Standard Time:20261126T090000",
    "DTEND;TZID=Eastern Standard Time:20261126T100000",
    "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TH;UNTIL=20261231T000000Z",
    "SUMMARY:Kick-off\\, part 2",
    "LOCATION:Room 4\\nFirst floor",
    'ORGANIZER;CN="Hopper, Grace":mailto:grace@example.org',
    "ATTENDEE;CN=Ada;PARTSTAT=ACCEPTED:mailto:ada@example.org",
    "ATTENDEE;PARTSTAT=NEEDS-ACTION;ROLE=OPT-PARTICIPANT:MAILTO:al",
    " an@example.org",
    "ATTENDEE;CN=Eve;PARTSTAT=X-WHATEVER:mailto:eve@example.org",
    "DESCRIPTION:Hello all\\,\\n\\nJoin: https://us02web.zoom.us/j/123?pwd=x\\nBring tea.",
    "BEGIN:VALARM",
    "DESCRIPTION:Not this",
    "END:VALARM",
)


def test_an_invitation_is_told_in_a_few_lines() -> None:
    assert in_words(read_calendar(INVITATION), zone=BERLIN) == (
        "Invitation: Kick-off, part 2\n"
        "When:  Thu 26 Nov 2026, 15:00\u201316:00 CET (09:00 in New York)\n"
        "       every 2 weeks on Thursday, until Thu 31 Dec 2026\n"
        "Where: Room 4, First floor\n"
        "Link:  https://us02web.zoom.us/j/123?pwd=x\n"
        "From:  Hopper, Grace <grace@example.org>\n"
        "With:  Ada (accepted), alan@example.org (no answer yet, optional), Eve (no\n"
        "       answer yet)\n"
        "\n"
        "Hello all,\n"
        "Join: https://us02web.zoom.us/j/123?pwd=x\n"
        "Bring tea.\n"
    )


def test_an_answer_tells_who_says_what() -> None:
    text = _calendar(
        "SUMMARY:Kick-off",
        "ATTENDEE;CN=Ada;PARTSTAT=DECLINED:mailto:ada@example.org",
        "COMMENT:Sorry\\, ill",
        method="REPLY",
    )
    words = in_words(read_calendar(text), zone=BERLIN)
    assert words == "Answer from Ada: declined \u2013 Kick-off\nSays:  Sorry, ill\n"


@pytest.mark.parametrize(
    ("method", "line", "title"),
    [
        ("CANCEL", "SUMMARY:X", "Cancelled: X"),
        ("REQUEST", "STATUS:CANCELLED", "Cancelled: (no title)"),
        ("PUBLISH", "SUMMARY:X", "Event: X"),
        ("COUNTER", "SUMMARY:X", "Asks for another time: X"),
        ("NONSENSE", "SUMMARY:X", "Event: X"),
        ("reply", "SUMMARY:X", "Answer: X"),
    ],
)
def test_the_method_says_what_the_sender_wants(method: str, line: str, title: str) -> None:
    words = in_words(read_calendar(_calendar(line, method=method)), zone=BERLIN)
    assert words.split("\n")[0] == title


def test_values_are_those_that_were_written() -> None:
    event = _event(*INVITATION.split("\r\n")[4:-3])
    new_york = ZoneInfo("America/New_York")
    assert event.start == Moment(datetime(2026, 11, 26, 9, tzinfo=new_york))
    assert event.organizer == Person("Hopper, Grace", "grace@example.org")
    assert event.attendees[0] == Person("Ada", "ada@example.org", Status.ACCEPTED)
    assert event.attendees[1].email == "alan@example.org"
    assert read_calendar(INVITATION).method is Method.REQUEST


RULES = """BEGIN:VTIMEZONE
TZID:Somewhere
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VTIMEZONE
TZID:Fixed
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0545
TZOFFSETTO:+0545
END:STANDARD
END:VTIMEZONE
BEGIN:VTIMEZONE
TZID:Seconds
BEGIN:STANDARD
DTSTART:20001105T020000
TZOFFSETTO:-0500
RRULE:FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=1,2,3,4,5,6,7;BYDAY=SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20000312T020000
TZOFFSETTO:-0400
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VTIMEZONE
TZID:Broken
BEGIN:STANDARD
DTSTART:nonsense
TZOFFSETTO:+9900
END:STANDARD
END:VTIMEZONE
"""


@pytest.mark.parametrize(
    ("name", "local", "utc"),
    [
        ("Europe/Paris", "20260701T120000", 10),
        ("/freeassociation.sourceforge.net/Europe/Paris", "20260701T120000", 10),
        ("/example.org/20261125/America/Argentina/Buenos_Aires", "20260701T120000", 15),
        ("W. Europe Standard Time", "20260701T120000", 10),
        ("(UTC+02:00) Somewhere new", "20260701T120000", 10),
        ("GMT-0500", "20260701T120000", 17),
        ("utc", "20260701T120000", 12),
        ("Somewhere", "20260701T120000", 10),
        ("Somewhere", "20260101T120000", 11),
        ("Somewhere", "20260329T015900", 0),
        ("Somewhere", "20260329T030000", 1),
        ("Somewhere", "20261025T015900", 23),
        ("Somewhere", "20261025T040000", 3),
        ("Fixed", "20260701T124500", 7),
        ("Seconds", "20260308T030000", 7),
        ("Seconds", "20260308T010000", 6),
        ("Seconds", "20261101T030000", 8),
        ("Seconds", "20261031T230000", 3),
    ],
)
def test_a_time_zone_is_found_by_name_or_by_its_rules(name: str, local: str, utc: int) -> None:
    event = _event(f'DTSTART;TZID="{name}":{local}', before=RULES)
    assert event.start is not None
    assert isinstance(event.start.value, datetime)
    assert event.start.value.astimezone(UTC).hour == utc


@pytest.mark.parametrize("name", ["Mars/Olympus", "Broken", "../etc/passwd", "Europe", "x" * 5000])
def test_a_zone_that_nobody_knows_leaves_the_time_as_it_was_written(name: str) -> None:
    assert _when(f"DTSTART;TZID={name}:20260701T220000", before=RULES) == (
        f"Wed 1 Jul 2026, 22:00 (time zone {name[:80]!r} is not known)"
    )


def test_the_names_of_outlook_mean_zones_that_exist() -> None:
    assert len(WINDOWS) >= 40
    assert set(WINDOWS.values()) <= available_timezones()


@pytest.mark.parametrize(
    ("lines", "when"),
    [
        (["DTSTART:20260701T080000Z"], "Wed 1 Jul 2026, 10:00 CEST"),
        (["DTSTART:20260701T080000Z", "DURATION:PT1H30M"], "Wed 1 Jul 2026, 10:00~11:30 CEST"),
        (["DTSTART:20260701T080000Z", "DURATION:P1D"],
         "Wed 1 Jul 2026, 10:00 ~ Thu 2 Jul 2026, 10:00 CEST"),
        (["DTSTART;TZID=Europe/Berlin:20261025T010000", "DURATION:PT3H"],
         "Sun 25 Oct 2026, 01:00~03:00 CEST"),
        (["DTSTART:20260701T080000", "DTEND:20260701T090000"],
         "Wed 1 Jul 2026, 08:00~09:00 (local time wherever you are)"),
        (["DTSTART:20260701T230000Z", "DTEND:20260701T233000Z"],
         "Thu 2 Jul 2026, 01:00~01:30 CEST"),
        (["DTSTART;TZID=Asia/Tokyo:20260702T030000"],
         "Wed 1 Jul 2026, 20:00 CEST (Thu 2 Jul 2026, 03:00 in Tokyo)"),
        (["DTSTART;VALUE=DATE:20260701"], "Wed 1 Jul 2026, all day"),
        (["DTSTART;VALUE=DATE:20260701", "DTEND;VALUE=DATE:20260702"], "Wed 1 Jul 2026, all day"),
        (["DTSTART;VALUE=DATE:20260701", "DTEND;VALUE=DATE:20260704"],
         "Wed 1 Jul 2026 ~ Fri 3 Jul 2026"),
        (["DTSTART:20260701"], "Wed 1 Jul 2026, all day"),
        (["DTSTART:20260701T0800Z"], "Wed 1 Jul 2026, 10:00 CEST"),
        (["DTSTART:20260701T080000Z", "DTEND:20260701T070000Z"], "Wed 1 Jul 2026, 10:00 CEST"),
        (["DTSTART:00010101T000000Z"], "Mon 1 Jan 1, 00:53 LMT"),
        (["DTSTART:99991231T235959Z", "DURATION:P9D"], "Fri 31 Dec 9999, 23:59 UTC"),
    ],
)  # fmt: skip
def test_when_is_told_in_the_readers_own_time(lines: list[str], when: str) -> None:
    assert _when(*lines) == when.replace("~", "\u2013")


@pytest.mark.parametrize("value", ["", "x", "20261301", "20260230T100000Z", "2026", "20260701T99"])
def test_a_date_that_cannot_be_is_left_out(value: str) -> None:
    assert _event(f"DTSTART:{value}", "SUMMARY:X") == Event(summary="X")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=DAILY;COUNT=5", "every day, 5 times"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "every 2 weeks on Monday and Wednesday"),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR;WKST=MO", "every week on Monday, Wednesday and Friday"),
        ("FREQ=MONTHLY;BYMONTHDAY=15", "every month on the 15th"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday"),
        ("FREQ=MONTHLY;BYDAY=2TU;UNTIL=20271231",
         "every month on the second Tuesday, until Fri 31 Dec 2027"),
        ("FREQ=YEARLY", "every year"),
        ("FREQ=YEARLY;BYMONTH=7", "every year on 1 July"),
        ("FREQ=YEARLY;BYMONTH=7;BYDAY=1SU", "every year on the first Sunday in July"),
        ("FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO", "repeats: FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO"),
        ("FREQ=SECONDLY", "repeats: FREQ=SECONDLY"),
        ("FREQ=WEEKLY;BYDAY=XX", "repeats: FREQ=WEEKLY;BYDAY=XX"),
    ],
)  # fmt: skip
def test_how_often_is_told_in_words(rule: str, words: str) -> None:
    assert recurrence_in_words(parts_of(rule), Moment(date(2026, 7, 1))) == words


@pytest.mark.parametrize(
    ("line", "link"),
    [
        ("X-GOOGLE-CONFERENCE:https://meet.google.com/abc", "https://meet.google.com/abc"),
        ("CONFERENCE;VALUE=URI;FEATURE=AUDIO:https://x.example/c", "https://x.example/c"),
        ("LOCATION:https://teams.microsoft.com/l/meetup-join/1",
         "https://teams.microsoft.com/l/meetup-join/1"),
        ("DESCRIPTION:at <https://acme.webex.com/acme/j.php?MTID=m1>\\nor",
         "https://acme.webex.com/acme/j.php?MTID=m1"),
        ("DESCRIPTION:agenda https://x.example/a", ""),
        ("URL:https://cal.example/e/1", "https://cal.example/e/1"),
        ("URL:javascript:alert(1)", ""),
    ],
)  # fmt: skip
def test_where_the_meeting_is_on_the_web_is_found(line: str, link: str) -> None:
    assert _event(line).link == link


def test_broken_lines_and_escapes_are_read_as_far_as_they_can_be() -> None:
    event = _event(
        "SUMMARY;LANGUAGE=en:a\\;b\\\\c\\x \\",
        "DESCRIPTION:first",
        "second line without a fold",
        'ATTENDEE;CN="never closed:mailto:a@x.example',
        "ORGANIZER:invalid:nomail",
        "no colon",
    )
    assert event.summary == "a;b\\c\\x \\"
    assert event.description == "first\nsecond line without a fold"
    assert len(event.attendees) == 1


def test_several_events_and_bare_line_ends_are_read() -> None:
    one = "BEGIN:VEVENT\nSUMMARY:{}\nEND:VEVENT\n"
    text = "BEGIN:VCALENDAR\n" + "".join(one.format(n) for n in range(30)) + "END:VCALENDAR\n"
    calendar = read_calendar(text)
    assert len(calendar.events) == MOST_EVENTS
    assert in_words(calendar, zone=UTC).endswith("\n\nand 10 more events\n")
    assert read_calendar(text.replace("\n", "\r")).events == calendar.events
    assert read_calendar("BEGIN:VEVENT\nSUMMARY:x").events == (Event(summary="x"),)
    assert read_calendar("").events == ()


def test_an_occurrence_that_differs_from_its_series_says_so() -> None:
    text = _calendar("DTSTART:20260702T080000Z", "RECURRENCE-ID:20260701T080000Z")
    assert "one of a series, planned for Wed 1 Jul 2026, 10:00 CEST" in in_words(
        read_calendar(text), zone=BERLIN
    )


HUGE = {
    "attendees": _calendar(*[f"ATTENDEE:mailto:{n}@x.example" for n in range(20_000)]),
    "lines": "BEGIN:VEVENT\n" * 200_000,
    "one line": "BEGIN:VEVENT\nSUMMARY:" + "x" * 3_000_000,
    "folds": "BEGIN:VEVENT\nSUMMARY:" + "x\n " * 500_000,
    "quotes": 'BEGIN:VEVENT\nATTENDEE;CN="' + '";CN="' * 200_000,
    "zones": "BEGIN:VCALENDAR\n" + RULES * 200,
    "rules": "BEGIN:VTIMEZONE\nTZID:a\n"
    + "BEGIN:STANDARD\nDTSTART:20000101T000000\n" * 5_000,
}  # fmt: skip


@pytest.mark.growth
@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_of_a_gigantic_calendar_a_bounded_part_is_read(text: str) -> None:
    calendar = read_calendar(text)
    assert len(calendar.events) <= MOST_EVENTS
    assert all(len(event.attendees) <= MOST_ATTENDEES for event in calendar.events)
    assert len(in_words(calendar, zone=BERLIN)) < 200_000


PIECES = st.lists(
    st.one_of(
        st.text(max_size=10),
        st.sampled_from([*INVITATION.splitlines(keepends=True), *RULES.splitlines(keepends=True)]),
        st.sampled_from(["DTSTART;TZID=Somewhere:", "20261126T090000\n", "DURATION:P1W\n", "\\n"]),
        st.sampled_from(["RRULE:FREQ=", "COUNT=²\n", "BYDAY=", ";", ":", '"', "\n "]),
    ),
    max_size=40,
).map("".join)


@given(st.one_of(st.text(), PIECES))
def test_whatever_it_is_given_it_is_told(text: str) -> None:
    words = in_words(read_calendar(text), zone=BERLIN)
    assert words == "" or words.endswith("\n")


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))
def test_the_rules_that_come_along_agree_with_the_database(when: datetime) -> None:
    """But for the hours of the change, of which a local time may mean two or none."""
    local = when.replace(minute=0, second=0, microsecond=0, hour=12)
    event = _event(f"DTSTART;TZID=Somewhere:{local:%Y%m%dT%H%M%S}", before=RULES)
    assert event.start is not None
    assert isinstance(event.start.value, datetime)
    summer = timedelta(hours=2)
    if when.year >= 1996:  # since when all of the Union changes in the same nights
        assert (event.start.value.utcoffset() == summer) == (
            local.replace(tzinfo=BERLIN).utcoffset() == summer
        )
