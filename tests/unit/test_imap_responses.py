import contextlib
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.imap_examples import CONDITIONS, DATA, MALFORMED

from mailcli.errors import ProtocolViolation
from mailcli.imap import responses
from mailcli.imap.responses import (
    MAX_DEPTH,
    Condition,
    Continuation,
    Data,
    Response,
    Streamed,
    Value,
    literal_size,
    parse,
    tokenize,
)


def read(wire: bytes) -> Response:
    """Cut a response into lines and literals as a session does, and parse it."""
    pieces: list[bytes | Streamed] = []
    while True:
        line, newline, wire = wire.partition(b"\r\n")
        pieces.append(line + newline)
        size = literal_size(line + newline)
        if size is None:
            assert not wire, "the example holds more than one response"
            return parse(pieces)
        pieces.append(wire[:size])
        wire = wire[size:]


@pytest.mark.parametrize(("wire", "expected"), CONDITIONS.values(), ids=CONDITIONS)
def test_condition_is_a_kind_a_code_and_words(wire: bytes, expected: Condition) -> None:
    assert read(wire) == expected


@pytest.mark.parametrize(("wire", "expected"), DATA.values(), ids=DATA)
def test_data_is_a_name_a_number_and_values(wire: bytes, expected: Data) -> None:
    assert read(wire) == expected


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (b"+ idling\r\n", b"idling"),
        (b"+\r\n", b""),
        (b"+ \r\n", b""),
        (b"+ dXNlcg==\r\n", b"dXNlcg=="),
        (b"+ type {5}\r\n", b"type {5}"),
    ],
)
def test_continuation_carries_its_text(wire: bytes, text: bytes) -> None:
    assert read(wire) == Continuation(text)


@pytest.mark.parametrize("wire", MALFORMED.values(), ids=MALFORMED)
def test_malformed_response_is_a_protocol_violation(wire: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        read(wire)


def test_lists_may_be_nested_to_a_limit() -> None:
    deep = b"* X " + b"(" * MAX_DEPTH + b")" * MAX_DEPTH + b"\r\n"
    assert isinstance(read(deep), Data)
    with pytest.raises(ProtocolViolation, match="deep"):
        read(deep.replace(b"X ", b"X (").replace(b"\r\n", b")\r\n"))


@pytest.mark.parametrize(
    ("line", "size"),
    [
        (b'* LIST () "/" {5}\r\n', 5),
        (b"* 1 FETCH (BODY[] {0}\r\n", 0),
        (b"* 1 FETCH (BINARY[1] ~{7}\r\n", 7),
        (b" BODY[2] {10+}\r\n", 10),
        (b'* LIST () "/" a{5}b\r\n', None),
        (b'* LIST () "/" {5}', None),
        (b'* LIST () "/" {-5}\r\n', None),
        (b'* LIST () "/" {}\r\n', None),
        (b'* LIST () "/" "{5}"\r\n', None),
        (b"* OK you wrote {5}\r\n", None),
        (b"m1 no such folder {5}\r\n", None),
        (b"+ {5}\r\n", None),
    ],
)
def test_literal_is_announced_at_the_end_of_a_line_of_data(line: bytes, size: int | None) -> None:
    assert literal_size(line) == size


def test_literal_that_went_elsewhere_keeps_its_place() -> None:
    streamed = Streamed(object(), 12)
    response = parse([b"* 1 FETCH (UID 5 BODY[] {12}\r\n", streamed, b" FLAGS ())\r\n"])
    assert response == Data("FETCH", 1, [[b"UID", b"5", b"BODY[]", streamed, b"FLAGS", []]])


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [Streamed(None, 1)],
        [b'* LIST () "/" {3}\r\n'],
        [b'* LIST () "/" x\r\n', b"abc", b"\r\n"],
        [b'* LIST () "/" {3}\r\n', b"abc", Streamed(None, 1)],
    ],
)
def test_literals_and_text_that_do_not_take_turns_are_refused(
    pieces: list[bytes | Streamed],
) -> None:
    with pytest.raises(ProtocolViolation):
        parse(pieces)


def test_pairs_are_found_by_name_in_any_case() -> None:
    value: Value = [b"uid", b"5", b"Flags", [b"\\Seen"]]
    assert responses.pairs(value) == {"UID": b"5", "FLAGS": [b"\\Seen"]}
    assert responses.pairs([]) == {}


@pytest.mark.parametrize("value", [[b"a"], [None, b"a"], [[b"a"], b"b"], b"a", None])
def test_what_is_not_pairs_is_refused(value: Value) -> None:
    with pytest.raises(ProtocolViolation):
        responses.pairs(value)


def test_number_is_an_atom_of_digits() -> None:
    assert responses.number(b"0") == 0
    assert responses.number(b"9223372036854775807") == 2**63 - 1


@pytest.mark.parametrize(
    "value", [b"", b"-1", b"1.5", b"a", b"9223372036854775808", b"1" * 5000, None, [], [b"1"]]
)
def test_what_is_not_a_number_is_refused(value: Value) -> None:
    with pytest.raises(ProtocolViolation):
        responses.number(value)


def test_string_and_list_are_what_they_must_be() -> None:
    assert responses.octets(b"a") == b"a"
    assert responses.items([b"a"]) == [b"a"]
    no_strings: list[Value] = [None, [b"a"], Streamed(None, 1)]
    for value in no_strings:
        with pytest.raises(ProtocolViolation):
            responses.octets(value)
    no_lists: list[Value] = [None, b"a", Streamed(None, 1)]
    for value in no_lists:
        with pytest.raises(ProtocolViolation):
            responses.items(value)


fragments = st.sampled_from(
    [
        *(
            b"* ",
            b"+ ",
            b"m1 ",
            b"OK",
            b"NO ",
            b"FETCH ",
            b"LIST ",
            b"12 ",
            b"[",
            b"]",
            b"(",
            b")",
        ),
        *(b'"', b"\\", b" ", b"NIL", b"BODY[", b"{3}\r\n", b"~{1}\r\n", b"\r\n", b"\0", b"\xff"),
    ]
)
lines = st.one_of(st.binary(max_size=60), st.lists(fragments, max_size=20).map(b"".join))
pieces = st.lists(st.one_of(lines, st.builds(Streamed, st.none(), st.integers(0, 9))), max_size=5)


def test_violation_quotes_a_little_of_a_long_answer() -> None:
    with pytest.raises(ProtocolViolation) as violation:
        read(b'* LIST "' + b"x" * 10_000 + b"\r\n")
    assert len(violation.value.message) < 200


@given(pieces)
@example([b"* 1 FETCH (" + b"BODY[ " * 50_000])
@example([b'* X "' + b"\\" * 100_001])
@example([b"* OK [A " + b'"\\' * 50_000 + b"]"])
@example([b"* " + b"9" * 10_000 + b" EXISTS\r\n"])
def test_for_any_octets_only_a_protocol_violation_escapes(pieces: list[bytes | Streamed]) -> None:
    for read_it in (parse, tokenize):
        with contextlib.suppress(ProtocolViolation):
            read_it(pieces)
    for piece in pieces:
        if isinstance(piece, bytes):
            literal_size(piece)


nested: st.SearchStrategy[Value] = st.recursive(
    st.one_of(st.none(), st.binary(max_size=8)),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


def written(value: Value) -> bytes:
    """Write a value as a server may: an atom where it can be, a quoted string, a literal."""
    if value is None:
        return b"NIL"
    if isinstance(value, list):
        return b"(" + b" ".join(map(written, value)) + b")"
    assert isinstance(value, bytes)
    if re.fullmatch(rb"[a-z0-9$\\]+", value) and value != b"nil":
        return value
    if re.fullmatch(rb"[^\0\r\n]*", value):
        return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return b"{%d}\r\n%b" % (len(value), value)


@given(st.lists(nested, max_size=5))
def test_values_that_a_server_writes_read_back(values: list[Value]) -> None:
    response = read(b"* X " + b" ".join(map(written, values)) + b"\r\n")
    assert response == Data("X", None, values)
