"""Which parts count as attachments."""

import io

import pytest

from mailcli.message.attached import attached, attachments_in, shown_within
from mailcli.message.structure import read_structure

PNG = "Content-Type: image/png\nContent-ID: <{}>\n{}\n\npng"


def multipart(kind: str, *bodies: str, boundary: str = "b") -> str:
    inside = "".join(f"--{boundary}\n{body}\n" for body in bodies)
    return f"Content-Type: multipart/{kind}; boundary={boundary}\n\n{inside}--{boundary}--\n"


RELATED = multipart(
    "related",
    'Content-Type: text/html\n\n<img src="cid:a@x"><img src=CID:b%20c>',
    PNG.format("a@x", "Content-Disposition: inline; filename=a.png"),
    PNG.format("b c", "Content-Disposition: attachment; filename=b.png"),
    PNG.format("unused", "Content-Disposition: inline"),
    "Content-Type: application/pdf; name=d.pdf\n\npdf",
    boundary="in",
)


def numbers(text: str, *, everything: bool = False) -> list[str]:
    stream = io.BytesIO(text.encode())
    message = read_structure(stream)
    return [part.number for part in attachments_in(stream, message, everything=everything)]


@pytest.mark.parametrize(
    ("part", "counts"),
    [
        pytest.param("\ntext", False, id="text"),
        pytest.param("Content-Type: text/html\n\n<b>", False, id="HTML"),
        pytest.param("Content-Disposition: inline\n\ntext", False, id="inline text"),
        pytest.param("Content-Disposition: attachment\n\ntext", True, id="attached text"),
        pytest.param("Content-Type: text/plain; name=a.txt\n\ntext", True, id="text with a name"),
        pytest.param("Content-Disposition: inline; filename=a\n\ntext", True, id="inline, a name"),
        pytest.param("Content-Type: application/pdf\n\npdf", True, id="no text"),
        pytest.param("Content-Type: text/vcard\n\nBEGIN:VCARD", True, id="vCard"),
        pytest.param("Content-Type: text/x-vcard\n\nBEGIN:VCARD", True, id="old vCard"),
        pytest.param("Content-Type: text/directory\n\nBEGIN:VCARD", True, id="directory"),
        pytest.param("Content-Type: text/rtf\n\n{\\rtf}", True, id="RTF"),
        pytest.param("Content-Type: text/css\n\na {}", True, id="CSS"),
        pytest.param(
            "Content-Type: text/calendar\n\nBEGIN:", False, id="calendar, which is shown"
        ),
        pytest.param("Content-Type: image/png\nContent-ID: <x>\n\npng", True, id="not related"),
        pytest.param("Content-Type: message/rfc822\n\nA: b\n\nx", True, id="forwarded"),
        pytest.param("Content-Type: application/ms-tnef; name=winmail.dat\n\nx", True, id="TNEF"),
    ],
)
def test_a_part_counts_or_not(part: str, counts: bool) -> None:
    assert numbers(multipart("mixed", "\nthe text", part)) == (["2"] if counts else [])


def test_the_whole_message_may_be_one() -> None:
    assert numbers("Content-Type: application/pdf\n\npdf") == ["1"]


def test_what_the_text_shows_is_none_unless_all_are_asked_for() -> None:
    assert numbers(RELATED) == ["4", "5"]
    assert numbers(RELATED, everything=True) == ["2", "3", "4", "5"]


def test_without_the_text_what_has_an_identifier_is_taken_for_shown() -> None:
    message = read_structure(io.BytesIO(RELATED.encode()))

    assert [part.number for part in attached(message)] == ["3", "5"]


def test_what_is_shown_is_read_from_the_text() -> None:
    stream = io.BytesIO(RELATED.encode())

    assert shown_within(stream, read_structure(stream)) == {"a@x", "b c"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        pytest.param("signed", ["1"], id="signature"),
        pytest.param("encrypted", ["2"], id="control"),
    ],
)
def test_what_is_for_programs_is_none(kind: str, expected: list[str]) -> None:
    text = multipart(kind, "Content-Type: a/b\n\nx", "Content-Type: application/c\n\ny")

    assert numbers(text) == expected
    assert numbers(text, everything=True) == ["1", "2"]


def test_what_is_in_a_forwarded_message_comes_with_it() -> None:
    inner = multipart("mixed", "\ntext", "Content-Type: a/b\n\nx", boundary="in")
    text = multipart("mixed", "\nsee", f"Content-Type: message/rfc822\n\n{inner}")

    assert numbers(text) == ["2"]
    assert numbers(text, everything=True) == ["2", "2.2"]


def test_files_in_old_text_stand_where_the_text_does() -> None:
    old = "\nhere\nbegin 644 a\n%:&5L;&\\\n`\nend\n"

    assert numbers(multipart("mixed", old, "Content-Type: a/b\n\nx")) == ["1.UU1", "2"]
