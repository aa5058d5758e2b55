"""The same structure as Python's own email package finds, where that finds nothing wrong.

Its test messages are used where the interpreter has them, and messages made here. What is
deliberately different:

- A multipart without parts is text here, and `multipart/…` there.
- Blanks at the end of quoted-printable lines go here (RFC 2045 §6.7, rule 3), and stay there.
- Parts of `message/delivery-status` and other messages but `message/rfc822` and
  `message/global` are none here: they are one part with content.
- Of multiparts within each other with one boundary, the inner has its lines here, the outer
  there.
- Of a delimiter right behind another one this makes an empty part, as IMAP servers do, and the
  email package none.
"""

import email
import importlib.util
import io
from collections.abc import Iterator
from email.message import Message as EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.structure import Part, read_structure
from mailcli.message.transfer import decoded

Found = list[tuple[str, str | None, bytes | None]]


def _data() -> list[Path]:
    """Return the test messages of Python's email package; none where it came without."""
    spec = importlib.util.find_spec("test")
    places = spec.submodule_search_locations if spec else None
    return sorted(
        path for place in places or () for path in Path(place, "test_email", "data").glob("*.txt")
    )


def theirs(raw: bytes) -> Found | None:
    """Return type, name and content of each part; None where the message has defects."""
    message = email.message_from_bytes(raw)
    parts = list(_walk(message))
    found = [_theirs(part) for part in parts]
    return None if any(part.defects for part in parts) else found  # decoding finds more of them


def _walk(part: EmailMessage) -> Iterator[EmailMessage]:
    yield part
    if part.is_multipart() and _has_parts(part.get_content_type()):
        payload = part.get_payload()
        assert isinstance(payload, list)
        for each in payload:
            assert isinstance(each, EmailMessage)
            yield from _walk(each)


def _has_parts(kind: str) -> bool:
    return kind.startswith("multipart/") or kind in {"message/rfc822", "message/global"}


def _theirs(part: EmailMessage) -> tuple[str, str | None, bytes | None]:
    kind = part.get_content_type()
    content = None if part.is_multipart() else part.get_payload(decode=True)
    assert content is None or isinstance(content, bytes)
    return kind, part.get_content_disposition(), content


def ours(raw: bytes) -> Found:
    stream = io.BytesIO(raw)
    return [_ours(stream, part) for part in _told(read_structure(stream).root)]


def _told(part: Part) -> Iterator[Part]:
    """Yield all parts but those where not even an empty line stands between two delimiters."""
    yield part
    for each in part.parts:
        if not part.is_multipart or each.header.start < each.body.end:
            yield from _told(each)


def _ours(stream: io.BytesIO, part: Part) -> tuple[str, str | None, bytes | None]:
    kind = part.type
    is_leaf = not part.parts and not kind.startswith("message/")
    content = b"".join(decoded(stream, part)) if is_leaf else None
    return kind, part.disposition or None, content


def compare(raw: bytes) -> None:
    expected = theirs(raw)
    if expected is not None:
        assert ours(raw) == expected


DATA = _data()


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.stem)
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_python_s_own_messages_have_the_same_structure(path: Path, ends: bytes) -> None:
    compare(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", ends))


LINES = st.lists(
    st.sampled_from(["text", "", "--", "--b", "--bx", " --b0", "Subject: x", "=3D", "aGVsbG8="]),
    max_size=5,
).map("\n".join)
TYPES = st.sampled_from(
    ["text/plain", "TEXT/HTML; charset=utf-8", "image/png; name=a.png", "nonsense"]
)
ENCODINGS = st.sampled_from(["7bit", "base64", "Quoted-Printable", "8bit", "binary", "x-none"])


@st.composite
def entities(draw: st.DrawFn, level: int = 0) -> str:
    """Return a part, right in itself; boundaries of different levels begin alike."""
    kind = draw(
        st.sampled_from(["leaf", "leaf", "multipart", "message"] if level < 3 else ["leaf"])
    )
    if kind == "message":
        return f"Content-Type: message/rfc822\n\n{draw(entities(level + 1))}"
    if kind == "multipart":
        boundary = "b" + "0" * level
        subtype = draw(st.sampled_from(["mixed", "alternative", "digest", "x-other"]))
        inside = draw(st.lists(entities(level + 1), min_size=1, max_size=3))
        lines = "".join(f"--{boundary}\n{each}\n" for each in inside)
        preamble, epilogue = draw(LINES), draw(LINES)
        head = f'Content-Type: multipart/{subtype};\n boundary="{boundary}"'
        # "--b" in the preamble would be a delimiter, and what follows no header
        preamble = preamble.replace("--b", "-b")
        return f"{head}\n\n{preamble}\n{lines}--{boundary}--\n{epilogue}"
    head = f"Content-Type: {draw(TYPES)}\nContent-Transfer-Encoding: {draw(ENCODINGS)}\n"
    disposition = draw(st.sampled_from(["", "Content-Disposition: attachment; filename=x\n"]))
    return f"{head}{disposition}\n{draw(LINES)}"


@given(entities(), st.sampled_from(["\n", "\r\n"]))
def test_any_message_has_the_same_structure(text: str, ends: str) -> None:
    compare(text.replace("\n", ends).encode())
