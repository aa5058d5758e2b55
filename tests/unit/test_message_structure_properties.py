"""Any octets whatever have a structure, whose parts can all be decoded, with bounded work."""

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.attached import attached, attachments_in
from mailcli.message.file_names import attachment_name
from mailcli.message.structure import DEEPEST, MOST_PARTS, Message, read_fields, read_structure
from mailcli.message.transfer import decoded, decoded_size, text_of

LINES = [
    b"Content-Type: multipart/mixed; boundary=b",
    b'Content-Type: multipart/alternative; boundary="bb"',
    b"Content-Type: multipart/digest; boundary=",
    b"Content-Type: message/rfc822",
    b'Content-Type: text/plain; charset="utf-16',
    b"Content-Type: application/x; name*0*=utf-8''%C3; name*1*=%BC; name=x",
    b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: quoted-printable",
    b"Content-Transfer-Encoding: x-uuencode",
    b"Content-Disposition: attachment; filename=\xff/../\xfc",
    b"Content-ID: <a@b>",
    *(b"--b", b"--b--", b"--bb", b"--bb--", b"--bbb", b"--", b"----"),
    *(b"", b"", b" folded", b"\t", b"no field", b"From x", b">From y: z", b"\xef\xbb\xbf"),
    *(b"aGVsbG8=", b"=3D=", b"=", b"begin 644 a", b"%:&5L;&\\", b"`", b"end"),
    *(b"\0", b"\r", b"\xff\xfe", b'<img src="cid:a@b">'),
]


@st.composite
def mail(draw: st.DrawFn) -> bytes:
    lines = draw(st.lists(st.sampled_from(LINES), max_size=60))
    ends = draw(st.sampled_from([[b"\n"], [b"\r\n"], [b"\n", b"\r\n", b"\r"]]))
    return b"".join(line + draw(st.sampled_from(ends)) for line in lines)


def checked(raw: bytes) -> Message:
    """Read all that there is of a message, and hold it against what is promised."""
    stream = io.BytesIO(raw)
    message = read_structure(stream)
    parts = list(message.walk())
    assert message.size == len(raw)
    assert len(parts) <= MOST_PARTS + DEEPEST
    assert len({part.number for part in parts}) == len(parts)
    for part in parts:
        assert 0 <= part.header.start <= part.header.end <= part.body.start <= part.body.end
        assert part.body.end <= len(raw)
        assert part.type == part.type.lower()
        places = [each for child in part.parts for each in (child.header.start, child.body.end)]
        assert places == sorted(places)
        assert not places or part.body.start <= places[0] <= places[-1] <= part.body.end
        assert sum(map(len, decoded(stream, part))) == decoded_size(stream, part)
        text_of(stream, part, most=1_000).encode()
        read_fields(stream, part.header)
        attachment_name(part.name, part.type, part.number).encode()
        assert not part.is_multipart or part.parts
    attached(message)
    for part in attachments_in(stream, message, everything=True):
        decoded_size(stream, part)
    return message


@given(st.binary())
def test_any_octets_have_a_structure(raw: bytes) -> None:
    checked(raw)


@given(mail())
def test_anything_like_mail_has_a_structure(raw: bytes) -> None:
    checked(raw)


@given(mail())
def test_what_is_behind_a_multipart_changes_nothing_in_it(raw: bytes) -> None:
    whole = b"Content-Type: multipart/mixed; boundary=whole\n\n--whole\n" + raw + b"\n\nx"
    ended = whole + b"\n--whole--\n"

    inside, outside = (
        [(part.number, part.type) for part in checked(each).walk()] for each in (whole, ended)
    )

    assert inside == outside


@pytest.mark.parametrize("seed", range(20))
def test_a_message_with_octets_changed_has_a_structure(seed: int) -> None:
    chance = random.Random(seed)
    lines = b"\n".join(chance.choices(LINES, k=400))
    raw = bytearray(lines)
    for _ in range(100):
        raw[chance.randrange(len(raw))] = chance.randrange(256)
    checked(bytes(raw))


B = b"Content-Type: multipart/mixed; boundary=b\n\n"


@pytest.mark.growth
@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(B + b"--b\n" * 200_000, id="delimiters alone"),
        pytest.param(B + b"--b\nx\n" * 200_000, id="parts without a header"),
        pytest.param(B + b"--b\n\n" * 200_000, id="empty parts"),
        pytest.param(B + b"--bx\n" * 200_000, id="near misses"),
        pytest.param(B + b"--b\nX: y\n--bx\n" * 70_000, id="near misses in headers"),
        pytest.param(B + b"--b\n" + b"x: y\n" * 200_000, id="an endless header"),
        pytest.param(B + (b"--b\n" + b"x" * 300_000 + b"\n") * 8, id="long lines for headers"),
        pytest.param(B * 20_000, id="multiparts that never begin"),
        pytest.param((B + b"--b\n") * 20_000, id="the same boundary within itself"),
        pytest.param(b"Content-Type: message/rfc822\n\n" * 20_000, id="messages in messages"),
        pytest.param(b"From x\n" * 200_000, id="separators"),
        pytest.param(b"Content-Type: a/b;" + b" x=y;" * 50_000, id="parameters"),
        pytest.param(b"begin 644 a\n%:&5L;&\\\n" * 50_000, id="uuencode without an end"),
        pytest.param(b"\n" + b"begin 644 a\n%:&5L;&\\\n`\nend\n" * 30_000, id="uuencoded files"),
        pytest.param(b"\0" * 1_000_000, id="NULs"),
        pytest.param(b"\r" * 1_000_000, id="CRs"),
        pytest.param(b"\n" * 1_000_000, id="LFs"),
        pytest.param(b"x" * 1_000_000, id="one line"),
        pytest.param(b"A:" + b"\n " * 500_000, id="one folded field"),
    ],
)
def test_what_is_made_to_take_long_takes_little_work(raw: bytes) -> None:
    checked(raw)  # a quadratic step would take minutes, and the test be stopped
