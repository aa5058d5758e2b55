"""Transfer encodings taken off, right and wrong ones, in pieces."""

import base64
import binascii
import io
import quopri
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.structure import Part, Range, read_structure
from mailcli.message.transfer import decoded, decoded_size, text_of
from mailcli.message.uuencode import uuencoded_parts


def part(octets: bytes, encoding: str, kind: str = "text/plain") -> Part:
    return Part("1", kind, Range(0, 0), Range(0, len(octets)), encoding=encoding)


def content(octets: bytes, encoding: str) -> bytes:
    found = part(octets, encoding)
    stream = io.BytesIO(octets)
    pieces = list(decoded(stream, found))
    assert decoded_size(stream, found) == sum(map(len, pieces))
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("aGVsbG8=", b"hello", id="plain"),
        pytest.param("aGVs\r\nbG8=\r\n", b"hello", id="lines"),
        pytest.param("aGVsbG8", b"hello", id="padding missing"),
        pytest.param("aGVsbG8==", b"hello", id="too much padding"),
        pytest.param("aGV\nsbG\n8=", b"hello", id="lines of odd length"),
        pytest.param("aG!V\0s b-G\xff8=", b"hello", id="junk"),
        pytest.param("aGVsbG8h\na", b"hello!", id="one digit too many"),
        pytest.param("aGVsbG8=\n-- \nA footer of the list", b"hello", id="footer"),
        pytest.param("aGVsbG8=\n\naGVsbG8=\n", b"hellohello", id="two joined"),
        pytest.param("aGU=\nbGxv\n", b"hello", id="padding within"),
        pytest.param("aGVsbG8=\n=\n=\n", b"hello", id="padding in lines of its own"),
        pytest.param("aGU=bGxvaGVsbG8=aGVsbG8=", b"hellohellohello", id="joined in one line"),
        pytest.param("=aGVsbG8=", b"hello", id="padding first"),
        pytest.param("====", b"", id="nothing but padding"),
        pytest.param("", b"", id="nothing"),
        pytest.param("!", b"", id="nothing but junk"),
    ],
)
def test_base64_is_decoded(text: str, expected: bytes) -> None:
    assert content(text.encode("latin-1"), "base64") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a=3Db", b"a=b", id="escape"),
        pytest.param("f=c3=bcr", "für".encode(), id="lower case"),
        pytest.param("so=\nft", b"soft", id="soft line break"),
        pytest.param("so=\r\nft\r\n", b"soft\r\n", id="soft line break, CRLF"),
        pytest.param("so= \t\nft", b"soft", id="blanks behind it"),
        pytest.param("a  \nb\t\r\nc ", b"a\nb\r\nc", id="blanks at line ends"),
        pytest.param("a=20\nb", b"a \nb", id="encoded blank at a line end"),
        pytest.param("a=ZZb", b"a=ZZb", id="no escape"),
        pytest.param("a=4", b"a=4", id="half an escape"),
        pytest.param("a==41", b"a=41", id="two signs"),
        pytest.param("a=", b"a", id="sign at the end"),
        pytest.param("so=\rft\n", b"soft\n", id="bare CR"),
        pytest.param("f\xfcr", b"f\xfcr", id="octets as they are"),
        pytest.param("a_b", b"a_b", id="underscore"),
        pytest.param("", b"", id="nothing"),
    ],
)
def test_quoted_printable_is_decoded(text: str, expected: bytes) -> None:
    assert content(text.encode("latin-1"), "quoted-printable") == expected


UUENCODED = b"begin 644 a.txt\n%:&5L;&\\\n`\nend\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(UUENCODED, id="whole"),
        pytest.param(UUENCODED.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(b"%:&5L;&\\", id="without its frame"),
        pytest.param(UUENCODED + b"bye\n", id="text behind"),
        pytest.param(UUENCODED.replace(b"\\\n", b"\\xx\n"), id="rubbish behind a line"),
        pytest.param(UUENCODED.replace(b"`", b"\xff\xff\n\n`"), id="a line that is none"),
    ],
)
def test_uuencode_is_decoded(text: bytes) -> None:
    assert content(text, "x-uuencode") == b"hello"


def test_a_line_of_uuencode_may_have_lost_its_blanks() -> None:
    line = binascii.b2a_uu(b"ab\0")

    assert content(line.replace(b"`", b" ").rstrip(), "x-uuencode") == b"ab\0"


@pytest.mark.parametrize("encoding", ["7bit", "8bit", "binary", "x-unknown", ""])
def test_other_encodings_are_none(encoding: str) -> None:
    assert content(b"a=3D\r\n", encoding) == b"a=3D\r\n"


def test_the_content_is_that_of_the_part_alone() -> None:
    stream = io.BytesIO(b"xxaGVsbG8=yy")

    found = decoded(stream, Part("1", "a/b", Range(0, 2), Range(2, 10), encoding="base64"))

    assert b"".join(found) == b"hello"


def split(octets: bytes, width: int) -> bytes:
    return b"\n".join(octets[at : at + width] for at in range(0, len(octets), width))


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.encodebytes,
    "quoted-printable": lambda octets: quopri.encodestring(octets.replace(b"\r", b"")),
    "x-uuencode": lambda octets: b"".join(
        binascii.b2a_uu(octets[at : at + 45]) for at in range(0, len(octets), 45)
    ),
    "binary": bytes,
}
_LARGE = bytes(range(256)) * 1_000 + b" \n\t\n" * 20_000


@pytest.mark.parametrize("encoding", ENCODERS)
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_what_is_larger_than_a_block_is_decoded_in_pieces(encoding: str, ends: bytes) -> None:
    octets = _LARGE.replace(b"\r", b"")
    encoded = ENCODERS[encoding](octets)
    if encoding != "binary":
        encoded = encoded.replace(b"\n", ends)
    stream = io.BytesIO(encoded)

    pieces = list(decoded(stream, part(encoded, encoding)))

    found = b"".join(pieces)
    assert (found.replace(b"\r", b"") if encoding == "quoted-printable" else found) == octets
    assert max(map(len, pieces)) <= 200_000


@pytest.mark.growth
@pytest.mark.parametrize(
    ("encoding", "octets"),
    [
        pytest.param("base64", b"AAAA" * 125_000, id="one line of base64"),
        pytest.param("base64", b"AAA=" * 125_000, id="nothing but padding, on one line"),
        pytest.param("base64", b"AAA=\n" * 100_000, id="padding in each line"),
        pytest.param("base64", b"=" * 2_000_000, id="equals signs"),
        pytest.param("quoted-printable", b"=41" * 700_000, id="one line of escapes"),
        pytest.param("quoted-printable", b" " * 2_000_000, id="blanks"),
        pytest.param("quoted-printable", b" \t" * 1_000_000 + b"x", id="blanks that end nothing"),
        pytest.param("quoted-printable", b"=" * 2_000_000, id="signs"),
        pytest.param("quoted-printable", b"=\r" * 250_000, id="bare CRs"),
        pytest.param("x-uuencode", b"M" * 2_000_000, id="one line of uuencode"),
        pytest.param("x-uuencode", b"\n" * 500_000, id="empty lines"),
    ],
)
def test_what_is_strange_takes_little_work(encoding: str, octets: bytes) -> None:
    content(octets, encoding)  # a quadratic step would take minutes, and the test be stopped


@given(st.binary() | st.text("=A4 \n\r\t-").map(str.encode), st.sampled_from(sorted(ENCODERS)))
def test_any_octets_are_decoded(octets: bytes, encoding: str) -> None:
    found = content(octets, encoding)
    if encoding == "x-uuencode":  # blanks at the end of a line, which may have been lost
        assert len(found) <= 63 * len(octets)
    else:
        assert len(found) <= len(octets)


@given(st.binary(max_size=2_000), st.integers(1, 100))
def test_what_was_encoded_is_decoded(octets: bytes, width: int) -> None:
    assert content(split(base64.b64encode(octets), width), "base64") == octets
    assert content(base64.b64encode(octets).rstrip(b"="), "base64") == octets
    text = octets.replace(b"\r", b"")
    assert content(quopri.encodestring(text), "quoted-printable") == text
    assert content(ENCODERS["x-uuencode"](octets), "x-uuencode") == octets


def text(raw: bytes, *, most: int | None = None) -> str:
    stream = io.BytesIO(raw)
    return text_of(stream, read_structure(stream).root, most=most)


def test_text_is_decoded_by_its_charset_with_plain_line_ends() -> None:
    raw = b"Content-Type: text/plain; charset=koi8-r\r\n\r\n\xd0\xd2\r\n\xc9\r\n"

    assert text(raw) == "пр\nи\n"


def test_of_a_long_text_the_beginning_is_read() -> None:
    assert text(b"\n" + b"x" * 300_000, most=100) == "x" * 100


@pytest.mark.parametrize(
    "page",
    [
        b'<meta charset="koi8-r">',
        b'<META http-equiv="Content-Type" content="text/html; charset=KOI8-R">',
        b"<meta charset = koi8-r >",
    ],
)
def test_html_may_say_its_charset_itself(page: bytes) -> None:
    raw = b"Content-Type: text/html\n\n" + page + b"\xd0\xd2\xc9"

    assert text(raw).endswith("при")


def test_the_header_says_it_before_html_does() -> None:
    raw = b'Content-Type: text/html; charset=utf-8\n\n<meta charset="koi8-r">\xc3\xbc'

    assert text(raw).endswith("ü")


def files(raw: bytes) -> list[tuple[str, str | None, bytes]]:
    stream = io.BytesIO(raw)
    found = uuencoded_parts(stream, read_structure(stream).root)
    return [(each.number, each.name, b"".join(decoded(stream, each))) for each in found]


def test_files_in_old_text_are_found() -> None:
    raw = b"Subject: x\n\nhere:\n\n" + UUENCODED + b"\nand\n" + UUENCODED.replace(b"a.txt", b"b c")

    assert files(raw) == [("1.UU1", "a.txt", b"hello"), ("1.UU2", "b c", b"hello")]


def test_a_file_may_be_all_there_is() -> None:
    assert files(b"Subject: x\r\n\r\n" + UUENCODED.replace(b"\n", b"\r\n")) == [
        ("1.UU1", "a.txt", b"hello")
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"begin 644 a.txt\nis how such a file begins\nend\n", id="about the format"),
        pytest.param(b"begin  to see\nthe light\nend\n", id="a sentence"),
        pytest.param(UUENCODED.replace(b"end", b"ending"), id="without its end"),
        pytest.param(b"> " + UUENCODED, id="quoted"),
        pytest.param(b"begin 644 a.txt\n", id="cut"),
    ],
)
def test_text_that_is_no_file_is_none(text: bytes) -> None:
    assert files(b"\n" + text) == []


def test_files_are_looked_for_in_plain_text_alone() -> None:
    assert files(b"Content-Type: image/png\n\n" + UUENCODED) == []
    assert files(b"Content-Transfer-Encoding: base64\n\n" + UUENCODED) == []


def test_a_file_is_within_its_own_part() -> None:
    stream = io.BytesIO(
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nbegin 644 a\n%:&5L;&\\\n--b\n\n"
        b"`\nend\n--b--\n"
    )

    parts = read_structure(stream).root.parts

    assert [uuencoded_parts(stream, each) for each in parts] == [(), ()]


@given(
    st.binary()
    | st.lists(st.sampled_from([b"begin 644 a", b"#86)C", b"end", b"`", b""])).map(b"\n".join)
)
def test_any_text_has_files_or_none(text: bytes) -> None:
    files(b"\n" + text)
