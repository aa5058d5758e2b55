"""Which parts of a message are read, and what reports say."""

from io import BytesIO

import pytest
from tests.corpus.writing import header, multi, part

from mailcli.message.delivery_report import report_lines
from mailcli.message.display import html_parts, shown_parts
from mailcli.message.structure import Message, read_structure

PLAIN = part("text/plain", "plain\n")
HTML = part("text/html", "<p>rich</p>")
PICTURE = part("image/png", "png", "Content-ID: <i>")
CALENDAR = part("text/calendar", "BEGIN:VCALENDAR\n")
ATTACHED = part("text/plain", "x\n", "Content-Disposition: attachment")
FORWARDED = part("message/rfc822", b"Subject: inner\n\ninner\n")


def message(raw: bytes) -> Message:
    return read_structure(BytesIO(header() + raw))


def shown(raw: bytes, *, stub: bool = False) -> list[str]:
    found = shown_parts(message(raw).root, is_stub=lambda _plain, _html: stub)
    return [f"{each.kind} {each.part.number} {each.depth}" for each in found]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (multi("mixed", PLAIN, HTML, PICTURE, ATTACHED), ["text 1 0", "html 2 0"]),
        (multi("alternative", PLAIN, HTML), ["text 1 0"]),
        (multi("alternative", HTML, PLAIN), ["text 2 0"]),
        (multi("alternative", PLAIN, HTML, CALENDAR), ["text 1 0", "calendar 3 0"]),
        (multi("alternative", PLAIN, part("text/enriched", "<bold>x</bold>")), ["text 1 0"]),
        (multi("alternative", part("text/watch-html", "<b>x</b>"), HTML), ["html 2 0"]),
        (multi("alternative", part("text/enriched", "<bold>x</bold>"), PICTURE), ["text 1 0"]),
        (multi("alternative", CALENDAR), ["calendar 1 0"]),
        (multi("alternative", PICTURE, PICTURE), []),
        (multi("related", HTML, PICTURE), ["html 1 0"]),
        (multi('related; start="<i>"', PICTURE, HTML), []),
        (multi("alternative", PLAIN, multi("related", HTML, PICTURE, boundary="r")), ["text 1 0"]),
        (multi("mixed", FORWARDED, PLAIN), ["message 1 0", "text 1.1 1", "text 2 0"]),
        (multi("digest", b"\nSubject: x\n\nx\n"), ["message 1 0", "text 1.1 1"]),
        (multi("signed", PLAIN, part("application/pgp-signature")), ["signed  0", "text 1 0"]),
        (multi("encrypted", part("application/pgp-encrypted"), PICTURE), ["encrypted  0"]),
        (part("application/pkcs7-mime; smime-type=signed-data"), ["opaque 1 0"]),
        (part("application/pkcs7-mime"), ["encrypted 1 0"]),
        (part('application/octet-stream; name="smime.p7m"'), ["encrypted 1 0"]),
        (
            part('application/octet-stream; name="SMIME.P7M"; smime-type=signed-data'),
            ["opaque 1 0"],
        ),
        (part('application/octet-stream; name="invoice.xml.p7m"'), []),
        (part("text/vcard", "BEGIN:VCARD\n"), []),
    ],
    ids=str,
)
def test_what_is_read(raw: bytes, expected: list[str]) -> None:
    assert shown(raw) == expected


def test_alternatives_within_alternatives_are_each_looked_into_once() -> None:
    raw = PLAIN
    for level in range(45):
        inner = multi("mixed", raw, boundary=f"m{level}")
        raw = multi("alternative", PICTURE, inner, boundary=f"a{level}")

    assert shown(raw) == [f"text {'.'.join(['2.1'] * 45)} 0"]


def test_a_plain_part_that_says_nothing_gives_way_to_html_wherever_that_is() -> None:
    inner = multi("related", HTML, PICTURE, boundary="r")

    assert shown(multi("alternative", PLAIN, inner), stub=True) == ["html 2.1 0"]


def test_the_html_of_forwarded_messages_is_not_the_messages_own() -> None:
    forwarded = part("message/rfc822", HTML)

    found = html_parts(message(multi("mixed", HTML, forwarded)).root)

    assert [each.number for each in found] == ["1"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"Reporting-MTA: dns; x\n", []),
        (b"junk\n\njunk\n", []),
        (
            b"X: x\r\n\r\nFinal-Recipient: a@b.example\r\nAction: delivered\r\nStatus: 2.0.0 (a)",
            ["delivered to a@b.example (status 2.0.0)"],
        ),
        (b"\n\n\nAction: odd\n", ["odd: (nobody named)"]),
        (
            b"Final-Recipient: a@b.example\nAction: failed\nDiagnostic-Code: smtp; 550 no\n such",
            ["not delivered to a@b.example", "    550 no such"],
        ),
    ],
    ids=str,
)
def test_what_a_report_says(content: bytes, expected: list[str]) -> None:
    assert report_lines(content) == expected


def test_a_report_about_thousands_is_short() -> None:
    lines = report_lines(b"Action: failed\nFinal-Recipient: x\n\n" * 5_000)

    assert (len(lines), lines[-1]) == (101, "… and more")
