"""Parameters of MIME fields, right and wrong ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.message.parameters import boundary_of, parse_parameters, parse_value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a=b; c=d", {"a": "b", "c": "d"}, id="plain"),
        pytest.param('A="b; c"', {"a": "b; c"}, id="quoted"),
        pytest.param("a = b ;c= d", {"a": "b", "c": "d"}, id="blanks"),
        pytest.param(";; a=b;", {"a": "b"}, id="empty ones"),
        pytest.param("a=1; a=2", {"a": "1"}, id="twice"),
        pytest.param(r'a="b\"c\\d"', {"a": r'b"c\d'}, id="quoted pairs"),
        pytest.param(r'name="C:\temp\a.txt"', {"name": r"C:\temp\a.txt"}, id="Windows path"),
        pytest.param('a="b', {"a": "b"}, id="never closed"),
        pytest.param('a="b\\', {"a": "b"}, id="ends with a backslash"),
        pytest.param('a="b"c"; d=e', {"a": 'b"c', "d": "e"}, id="quotation mark within"),
        pytest.param('name=""a.pdf""', {"name": '"a.pdf"'}, id="two quotation marks"),
        pytest.param('a=""; b=c', {"a": "", "b": "c"}, id="empty"),
        pytest.param("a=; b=c", {"a": "", "b": "c"}, id="nothing"),
        pytest.param('a="b" c=d', {"a": "b", "c": "d"}, id="no semicolon"),
        pytest.param('a="b" (note); c=d', {"a": "b", "c": "d"}, id="comment"),
        pytest.param("charset=us-ascii (Plain text)", {"charset": "us-ascii"}, id="RFC 2045 §5.1"),
        pytest.param(
            "name=my report (1).pdf; a=b",
            {"name": "my report (1).pdf", "a": "b"},
            id="blanks in a name",
        ),
        pytest.param("junk; a=b", {"a": "b"}, id="no parameter"),
        pytest.param('"junk"; a=b', {"a": "b"}, id="a value alone"),
        pytest.param("=x; a=b", {"a": "b"}, id="no name"),
        pytest.param("name=für.pdf", {"name": "für.pdf"}, id="UTF-8 as it is"),
        pytest.param("name*=utf-8''f%C3%BCr.pdf", {"name": "für.pdf"}, id="RFC 2231"),
        pytest.param("name*=iso-8859-1'de'f%FCr", {"name": "für"}, id="another charset"),
        pytest.param(
            "name*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
            {"name": "This is ***fun***"},
            id="RFC 2231 §4",
        ),
        pytest.param(
            "url*0=ftp://; url*1=cs.utk.edu/pub", {"url": "ftp://cs.utk.edu/pub"}, id="RFC 2231 §3"
        ),
        pytest.param(
            "title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20;"
            ' title*2="isn\'t it!"',
            {"title": "This is even more ***fun*** isn't it!"},
            id="RFC 2231 §4.1",
        ),
        pytest.param("a*1=c; a*0=b", {"a": "bc"}, id="pieces out of order"),
        pytest.param("a*1=b; a*2=c", {"a": "bc"}, id="pieces from 1"),
        pytest.param("a*0*=utf-8''%C3; a*1*=%BC", {"a": "ü"}, id="a character in two pieces"),
        pytest.param("name=x; name*=utf-8''y", {"name": "y"}, id="RFC 2231 before plain"),
        pytest.param("name*=y%20z", {"name": "y z"}, id="no charset"),
        pytest.param("name*=\"utf-8''y%20z\"", {"name": "y z"}, id="quoted although"),
        pytest.param("name*=x-none''%C3%BC", {"name": "ü"}, id="unknown charset"),
        pytest.param("name*=utf-8''%C3%", {"name": "Ã%"}, id="broken"),
        pytest.param("name*0*=utf-8'a", {"name": "utf-8'a"}, id="half a charset"),
        pytest.param(
            'name="=?utf-8?q?f=C3=BCr?= =?utf-8?q?_dich?="',
            {"name": "für dich"},
            id="encoded-words",
        ),
        pytest.param("name==?utf-8?b?ZsO8cg==?=", {"name": "für"}, id="without quotation marks"),
        pytest.param("a*b*=c", {"a*b*": "c"}, id="no section"),
    ],
)
def test_parameters_are_read_as_they_are_meant(text: str, expected: dict[str, str]) -> None:
    assert parse_parameters(text.encode()) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param("text/plain", "text/plain", id="no parameters"),
        pytest.param(" Text/HTML ;a=b", "text/html", id="case"),
        pytest.param("base64 (a comment)", "base64", id="comment"),
        pytest.param('"base64"', "base64", id="quoted"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_the_value_stands_before_them(field: str, expected: str) -> None:
    assert parse_value(field.encode())[0] == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param(b'a/b; boundary="=?b?="', b"=?b?=", id="no encoded-word"),
        pytest.param(b"a/b; boundary=b\xff", b"b\xff", id="octets"),
        pytest.param(b'a/b; boundary=" b "', b" b", id="blanks"),
        pytest.param(b"a/b; boundary*=''a%20b", b"a b", id="RFC 2231"),
        pytest.param(b"a/b; x=y", b"", id="none"),
    ],
)
def test_a_boundary_is_taken_as_it_is(field: bytes, expected: bytes) -> None:
    assert boundary_of(field) == expected


@given(st.binary() | st.text("a*=;\"\\ '0%(").map(str.encode))
def test_any_octets_have_parameters(text: bytes) -> None:
    for name, value in parse_value(text)[1].items():
        (name + value).encode()
    boundary_of(text)


@pytest.mark.growth
@pytest.mark.parametrize(
    "text",
    [
        "a" * 8_192,
        "a=" * 4_096,
        'a="' * 2_730,
        '" ' * 4_096,
        "a;" * 4_096,
        'a="' + '" b' * 2_700,
        "a*0*=" * 1_600,
        " " * 8_192,
        'a="' + "\\" * 8_000,
        "; ;" * 2_700,
        'a="' + '" ' * 4_000,
    ],
    ids=range(11),
)
def test_the_longest_field_takes_little_work(text: str) -> None:
    for _ in range(100):  # a quadratic step would take minutes, and the test be stopped
        parse_parameters(text.encode())


def test_only_so_many_are_read() -> None:
    assert len(parse_parameters("".join(f"a{n}=b;" for n in range(1_000)).encode())) == 20
    in_pieces = "".join(f"name*{n}=b;" for n in range(300))
    assert parse_parameters(in_pieces.encode()) == {"name": "b" * 200}
