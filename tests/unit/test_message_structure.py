"""What a message holds, whatever way it is written."""

import io
import tracemalloc
from collections.abc import Iterator

import pytest

from mailcli.message import structure
from mailcli.message.structure import Message, Part, read_fields, read_structure


def parsed(text: str | bytes) -> Message:
    raw = text.encode() if isinstance(text, str) else text
    return read_structure(io.BytesIO(raw))


def parts(text: str | bytes) -> list[tuple[str, str, bytes]]:
    """Return number, type and body of each part."""
    raw = text.encode() if isinstance(text, str) else text
    return [(p.number, p.type, raw[p.body.start : p.body.end]) for p in parsed(raw).walk()]


def leaves(text: str | bytes) -> list[tuple[str, str, bytes]]:
    raw = text.encode() if isinstance(text, str) else text
    found = parsed(raw)
    return [
        (p.number, p.type, raw[p.body.start : p.body.end]) for p in found.walk() if not p.parts
    ]


def mixed(*bodies: str, boundary: str = "b", kind: str = "mixed") -> str:
    lines = "".join(f"--{boundary}\n{body}\n" for body in bodies)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{lines}--{boundary}--\n'


ALTERNATIVE = mixed("\nplain", "Content-Type: text/html\n\n<b>", boundary="in", kind="alternative")


def test_a_message_without_parts_is_part_1() -> None:
    assert parts("Subject: x\n\nhello\n") == [("1", "text/plain", b"hello\n")]


def test_a_multipart_is_numbered_as_imap_does() -> None:
    text = mixed(ALTERNATIVE, "Content-Type: image/png\n\npng")

    assert [(number, kind) for number, kind, _ in parts(text)] == [
        ("", "multipart/mixed"),
        ("1", "multipart/alternative"),
        ("1.1", "text/plain"),
        ("1.2", "text/html"),
        ("2", "image/png"),
    ]


def test_a_forwarded_message_has_its_parts_below_it() -> None:
    text = mixed("\nsee below", f"Content-Type: message/rfc822\n\nSubject: in\n{ALTERNATIVE}")

    assert [(number, kind) for number, kind, _ in parts(text)] == [
        ("", "multipart/mixed"),
        ("1", "text/plain"),
        ("2", "message/rfc822"),
        ("2.TEXT", "multipart/alternative"),
        ("2.1", "text/plain"),
        ("2.2", "text/html"),
    ]


def test_a_message_that_is_a_forwarded_one_is_numbered_too() -> None:
    text = "Content-Type: message/rfc822\n\nSubject: in\n\nhello"

    assert parts(text) == [
        ("1", "message/rfc822", b"Subject: in\n\nhello"),
        ("1.1", "text/plain", b"hello"),
    ]


def test_numbers_are_all_different_and_find_their_part() -> None:
    found = parsed(mixed(ALTERNATIVE, f"Content-Type: message/rfc822\n\n{ALTERNATIVE}"))
    numbers = [part.number for part in found.walk()]

    assert len(numbers) == len(set(numbers))
    assert all(
        found.part(number) is part for number, part in zip(numbers, found.walk(), strict=True)
    )
    assert found.part("9") is None


def test_ranges_are_those_of_the_stream() -> None:
    raw = mixed("X: y\nContent-Type: text/html\n\n<b>").encode()
    (part,) = read_structure(io.BytesIO(raw)).root.parts

    assert raw[part.header.start : part.header.end] == b"X: y\nContent-Type: text/html\n"
    assert raw[part.body.start : part.body.end] == b"<b>"
    assert [field.name for field in read_fields(io.BytesIO(raw), part.header)] == [
        "X",
        "Content-Type",
    ]


def test_the_header_is_given_in_order_and_unfolded() -> None:
    found = parsed("Subject: one\n two\nX-A: 1\nx-a:2\nEmpty:\nFolded:\n later\n\nbody")

    assert found.fields == (
        ("Subject", b"one two"),
        ("X-A", b"1"),
        ("x-a", b"2"),
        ("Empty", b""),
        ("Folded", b"later"),
    )
    assert (found.value("subject"), found.value("none")) == (b"one two", None)
    assert found.values("x-a") == [b"1", b"2"]


def test_what_a_part_says_of_itself_is_read() -> None:
    (part,) = parsed(
        mixed(
            "Content-Type: IMAGE/PNG; name=a.png\n"
            "Content-Disposition: Attachment; filename*=utf-8''%C3%BC.png\n"
            "Content-Transfer-Encoding: BASE64 \n"
            "Content-ID: <x@y>\n\nAAAA"
        )
    ).root.parts

    assert (part.type, part.main_type, part.disposition) == ("image/png", "image", "attachment")
    assert (part.name, part.encoding, part.content_id) == ("ü.png", "base64", "x@y")
    assert part.parameters == {"name": "a.png"}


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_line_ends_before_a_delimiter_belong_to_it(ends: str) -> None:
    text = mixed("\none\n", "\n", "\nthree").replace("\n", ends)

    bodies = [body for _, _, body in leaves(text)]

    assert bodies == [f"one{ends}".encode(), b"", b"three"]


def test_line_ends_may_be_mixed() -> None:
    text = mixed("\none", "\r\ntwo\r").replace("mixed;", "mixed;\r\n")

    assert [body for _, _, body in leaves(text)] == [b"one", b"two"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [("1", "text/plain", b"")], id="nothing"),
        pytest.param("\n", [("1", "text/plain", b"")], id="an empty line"),
        pytest.param("just text\nmore", [("1", "text/plain", b"just text\nmore")], id="no header"),
        pytest.param("A: b\ntext\n", [("1", "text/plain", b"text\n")], id="no empty line"),
        pytest.param("A: b", [("1", "text/plain", b"")], id="header alone"),
        pytest.param("A: b\n", [("1", "text/plain", b"")], id="header and a line end"),
        pytest.param(
            "From a@b Mon Nov 2\nA: b\n\nx", [("1", "text/plain", b"x")], id="mbox separator"
        ),
        pytest.param(
            "From a@b\n>From c@d\nA: b\n\nx", [("1", "text/plain", b"x")], id="two of them"
        ),
        pytest.param("\ufeffA: b\n\nx", [("1", "text/plain", b"x")], id="BOM"),
        pytest.param("A\0: b\n\nx", [("1", "text/plain", b"A\0: b\n\nx")], id="NUL in a name"),
        pytest.param("A: \0b\n\n\0", [("1", "text/plain", b"\0")], id="NULs"),
        pytest.param("Content-Type: text\n\nx", [("1", "text/plain", b"x")], id="half a type"),
        pytest.param("Content-Type: a/b/c\n\nx", [("1", "text/plain", b"x")], id="too much of it"),
        pytest.param("Content-Type:\n\nx", [("1", "text/plain", b"x")], id="no type"),
        pytest.param(
            "Content-Type : TEXT/HTML (a comment) ; a=b\n\nx",
            [("1", "text/html", b"x")],
            id="blank before the colon, comment",
        ),
    ],
)
def test_a_single_part_is_found(text: str, expected: list[tuple[str, str, bytes]]) -> None:
    assert parts(text) == expected


HEAD = "Content-Type: multipart/mixed; boundary="


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"{HEAD}b\n\n--b\n\none\n--b\n\ntwo", [b"one", b"two"], id="never closed"),
        pytest.param(f"{HEAD}b\n\n--b\n\none\n--b--", [b"one"], id="no line end at the end"),
        pytest.param(f"{HEAD}b\n\n--b \t\n\none\n--b-- \n", [b"one"], id="white space behind"),
        pytest.param(f"{HEAD}'b'\n\n--'b'\n\none\n--'b'--\n", [b"one"], id="apostrophes"),
        pytest.param(f'{HEAD}"b "\n\n--b\n\none\n--b--\n', [b"one"], id="blank within"),
        pytest.param(f"{HEAD}=_b=?=\n\n--=_b=?=\n\none\n--=_b=?=--\n", [b"one"], id="specials"),
        pytest.param(f"{HEAD}a:b\n\n--a:b\n\none\n--a:b--\n", [b"one"], id="like a field"),
        pytest.param(f"{HEAD}b\n\n--bb\n--b\n\none\n--b--\n", [b"one"], id="prefix of a line"),
        pytest.param(f"{HEAD}b\n\n--b\n\n--bb\n --b\n--b--\n", [b"--bb\n --b"], id="near misses"),
        pytest.param(f"{HEAD}b\n\n--b\n--b\n\n--b--\n", [b"", b""], id="nothing in them"),
        pytest.param(f"{HEAD}b\n\n--b\nX: y\n--b--\n", [b""], id="a header alone"),
        pytest.param(f"{HEAD}b\n\n--b\nno header\n--b--\n", [b"no header"], id="a body alone"),
        pytest.param(f"{HEAD}b\n--b\n\none\n--b--\n", [b"one"], id="no empty line before"),
        pytest.param(
            f"{HEAD}b\n\npre\n--b\n\none\n--b--\nepi\n--b\n\nno", [b"one"], id="epilogue"
        ),
        pytest.param(
            f"{HEAD}b\nContent-Transfer-Encoding: base64\n\n--b\n\none\n--b--\n",
            [b"one"],
            id="encoded, it says",
        ),
        pytest.param(
            "Content-Type: multipart/mixed;\n boundary*0=a;\n boundary*1=b\n\n--ab\n\none\n--ab--",
            [b"one"],
            id="boundary in pieces",
        ),
        pytest.param(
            f"{HEAD}--b\n\n----b\n\none\n----b--\n----b----\n",
            [b"one"],
            id="boundary of hyphens",
        ),
        pytest.param(f"{HEAD}b\n\n--b\r\n\r\none\r\n--b\r\n\r\ntwo", [b"one", b"two"], id="mixed"),
    ],
)
def test_the_parts_of_a_multipart_are_found(text: str, expected: list[bytes]) -> None:
    assert [body for _, _, body in leaves(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Content-Type: multipart/mixed\n\n--b\nx", id="no boundary"),
        pytest.param(f'{HEAD}""\n\n--\n\nx\n----\n', id="an empty one"),
        pytest.param(f"{HEAD}b\n\nx\n", id="one that is nowhere"),
        pytest.param(f"{HEAD}b\n\n--b--\nx\n", id="one that only closes"),
    ],
)
def test_a_multipart_without_parts_is_text(text: str) -> None:
    found = parsed(text)

    assert (found.root.number, found.root.type, found.root.parts) == ("1", "text/plain", ())
    assert found.root.body.length == len(text.partition("\n\n")[2])
    assert found.defects


def test_a_boundary_that_begins_like_an_outer_one_is_another() -> None:
    text = mixed(mixed("\none", boundary="bb"), "\ntwo", boundary="b")

    assert [(number, body) for number, _, body in leaves(text)] == [("1.1", b"one"), ("2", b"two")]


def test_an_outer_boundary_ends_what_was_not_closed() -> None:
    inner = mixed("\none", boundary="in").replace("--in--\n", "")
    text = mixed(inner, "\ntwo", boundary="out")

    assert [(number, body) for number, _, body in leaves(text)] == [
        ("1.1", b"one\n"),
        ("2", b"two"),
    ]


def test_of_two_multiparts_with_one_boundary_the_inner_has_the_lines() -> None:
    text = mixed(mixed("\none", "\ntwo"), "\nthree")

    assert [(number, body) for number, _, body in leaves(text)] == [
        ("1.1", b"one"),
        ("1.2", b"two"),
        ("2", b"three"),
    ]


def test_a_digest_is_of_messages() -> None:
    text = mixed("\nSubject: a\n\none", "Content-Type: text/plain\n\ntwo", kind="digest")

    assert [(number, kind) for number, kind, _ in parts(text)] == [
        ("", "multipart/digest"),
        ("1", "message/rfc822"),
        ("1.1", "text/plain"),
        ("2", "text/plain"),
    ]


def test_a_forwarded_message_that_was_encoded_is_one_part() -> None:
    text = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeAoK"

    assert [(number, kind) for number, kind, _ in parts(text)] == [("1", "message/rfc822")]


@pytest.mark.parametrize("behind", ["", "\n--b--\n", "\n\n--b--\n"])
def test_a_forwarded_message_of_which_nothing_came_is_empty(behind: str) -> None:
    text = (
        f"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822{behind}"
    )

    assert parts(text)[1:] == [("1", "message/rfc822", b""), ("1.1", "text/plain", b"")]


def test_the_first_of_two_fields_counts() -> None:
    assert parts("Content-Type: text/html\nContent-Type: text/x\n\n") == [("1", "text/html", b"")]


def depth(part: Part) -> int:
    """Count the levels below a part without recursion."""
    levels = 0
    while part.parts:
        part, levels = part.parts[0], levels + 1
    return levels


def nested(kind: str, levels: int) -> Iterator[str]:
    for level in range(levels):
        yield f"Content-Type: {kind}; boundary=b{level}\n\n"
        if kind.startswith("multipart"):
            yield f"--b{level}\n"


@pytest.mark.parametrize("kind", ["multipart/mixed", "message/rfc822"])
def test_what_is_nested_too_deep_is_one_part(kind: str) -> None:
    found = parsed("".join(nested(kind, 1_000)))

    assert depth(found.root) == structure.DEEPEST
    assert any("deep" in defect for defect in found.defects)
    assert len(list(found.walk())) == structure.DEEPEST + 1


def test_parts_beyond_the_limit_are_left_out() -> None:
    text = f"{HEAD}b\n\n" + "--b\n\nx\n" * 100_000

    found = parsed(text)

    assert len(list(found.walk())) == structure.MOST_PARTS
    assert any("parts" in defect for defect in found.defects)


def test_fields_beyond_the_limit_are_left_out() -> None:
    found = parsed("A: b\n" * 5_000 + "\nbody")

    assert len(found.fields) == 2_000
    assert found.root.body.length == len("body")


@pytest.mark.parametrize(
    "filler",
    [
        pytest.param("x" * 10_000_000, id="one line"),
        pytest.param("x\n " * 3_000_000, id="folded"),
        pytest.param("x\nA: b" * 2_000_000, id="fields"),
    ],
)
def test_a_header_of_ten_megabytes_still_ends(filler: str) -> None:
    found = parsed(f"Content-Type: text/html\nX: {filler}\n\nbody")

    assert found.root.type == "text/html"
    assert found.root.body.length == len("body")
    assert any("longer" in defect for defect in found.defects)


@pytest.mark.parametrize(
    "length", range(structure.LONGEST_HEADER - 8, structure.LONGEST_HEADER + 4)
)
def test_a_header_about_as_long_as_can_be_ends_where_it_ends(length: int) -> None:
    for ends in ("\n", "\r\n"):
        text = "X: ".ljust(length, "x") + f"{ends}{ends}body"
        assert parsed(text).root.body.length == len("body")


def test_an_endless_header_of_a_part_ends_with_the_part() -> None:
    text = mixed("X: " + "x" * 300_000, "\ntwo") + "\n\nepilogue"

    assert [body for _, _, body in leaves(text)] == [b"", b"two"]


def test_defects_are_few() -> None:
    found = parsed(mixed(*(["X: y\nno empty line"] * 200)))

    assert found.defects == ("a header without an empty line behind it",)


class Counting(io.BytesIO):
    """A stream that counts the octets that were read of it."""

    count = 0
    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.count += len(data)
        self.most = max(self.most, len(data))
        return data


@pytest.mark.growth
@pytest.mark.parametrize(
    "line",
    [b"x" * 76, b"--b" * 25, b"-" * 76, b"", b"--bb"],
    ids=["base64", "like it", "hyphens", "empty", "near"],
)
def test_a_large_part_is_read_once_and_in_blocks(line: bytes) -> None:
    body = (line + b"\n") * (4_000_000 // (len(line) + 1))
    raw = mixed("Content-Type: image/png\n\n@", "\nend").encode().replace(b"@", body)
    stream = Counting(raw)

    found = read_structure(stream)

    assert [part.body.length for part in found.root.parts] == [len(body), 3]
    assert stream.count < len(raw) * 1.2
    assert stream.most <= 256 * 1024


@pytest.mark.growth
@pytest.mark.parametrize(
    "head",
    [
        pytest.param("Content-Type: a/b; name=" + "x" * 8_000, id="long"),
        pytest.param("Content-Type: a/b; " + "".join(f"a{n}=b;" for n in range(1_000)), id="many"),
        pytest.param("X-Y: " + "x" * 8_000, id="others"),
    ],
)
def test_what_thousands_of_parts_say_takes_little_memory(head: str) -> None:
    raw = f"{HEAD}b\n\n".encode() + f"--b\n{head}\n\n".encode() * 3_000
    stream = io.BytesIO(raw)

    tracemalloc.start()
    try:
        found = read_structure(stream)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(list(found.walk())) == 3_000 + 1
    assert peak < 20_000_000


def test_a_message_of_one_part_is_not_read_but_for_its_header() -> None:
    stream = Counting(b"Subject: x\n\n" + b"x" * 10_000_000)

    assert read_structure(stream).root.body.length == 10_000_000
    assert stream.count < 200_000


@pytest.mark.parametrize("shift", range(24))
def test_a_delimiter_may_lie_across_two_blocks(shift: int) -> None:
    for ends in ("\n", "\r\n"):
        text = mixed("\n@", "\ntwo", boundary="boundary").replace("\n", ends)
        body = "x" * (65_536 - text.index("@") - shift)
        found = [part.body.length for part in parsed(text.replace("@", body)).root.parts]
        assert found == [len(body), 3]


@pytest.mark.parametrize("shift", range(24))
def test_a_header_may_lie_across_two_blocks(shift: int) -> None:
    for ends in ("\n", "\r\n"):
        text = mixed("\n@", "Content-Type: text/html\n\ntwo").replace("\n", ends)
        body = "x" * (65_536 - text.index("@") - 40 + shift)
        found = [(p.type, p.body.length) for p in parsed(text.replace("@", body)).root.parts]
        assert found == [("text/plain", len(body)), ("text/html", 3)]
