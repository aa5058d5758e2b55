"""IMAP responses: octets in, values out (RFC 3501 §7, §9). Pure.

A response is a line, or several joined by literals. `parse` turns the pieces
into one of three values: a condition (OK, NO, BAD, BYE, PREAUTH), untagged
data, or a continuation request. Only ProtocolViolation leaves this module.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from mailcli.errors import ProtocolViolation

MAX_DEPTH = 100
"""Nested lists beyond this are an attack, not an answer."""

MAX_NUMBER = 2**63 - 1

LITERAL = re.compile(rb"~?\{(\d{1,20})\+?\}\r\n$")
"""literal = "{" number "}" CRLF *CHAR8, at the end of a line."""

_ANNOUNCEMENT = 26
"""Octets that it may take."""


class Streamed(NamedTuple):
    """A literal that went elsewhere instead of into memory: where, and its octets."""

    body: Any
    size: int


Value = bytes | int | Streamed | None | list["Value"]
"""An atom, string or literal; a number is an atom until somebody needs it; NIL; a list."""


class Condition(NamedTuple):
    """A status response (RFC 3501 §7.1). `tag` is empty for an untagged one."""

    tag: bytes
    kind: str
    code: str
    arguments: list[Value]
    text: str


class Data(NamedTuple):
    """Untagged data: its name, the number before it where there is one, what follows."""

    name: str
    number: int | None
    values: list[Value]


class Continuation(NamedTuple):
    """The server waits for more (RFC 3501 §7.5)."""

    text: bytes


Response = Condition | Data | Continuation

_CONDITION = re.compile(
    rb"([^\s()\"{}%*+\\]+|\*) (OK|NO|BAD|BYE|PREAUTH)(?: (.*))?$", re.IGNORECASE | re.DOTALL
)
_TEXT_ONLY = rb"(?i)\+|[^ ]+ (?:OK|NO|BAD|BYE|PREAUTH) "
"""How the lines begin that hold text for people, in which `{5}` announces nothing."""

_CODE = re.compile(rb"\[([^\s\]]+)(?: ((?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*))?\] ?(.*)", re.DOTALL)
_DATA = re.compile(rb"\* (?:(\d{1,20}) )?([A-Za-z][A-Za-z0-9.\-+_]*) ?")
_TOKEN = re.compile(
    rb' *(?:(?P<open>\()|(?P<close>\))|"(?P<quoted>(?:[^"\\\r\n]|\\.)*)"'
    rb"|(?P<atom>(?:BODY|BINARY|BINARY\.SIZE)\[[^\]\r\n]{0,4000}\][^\s()\"]*|[^\s()\"]+))",
    re.IGNORECASE,
)
"""One value. `BODY[HEADER.FIELDS (TO)]<0>` is one atom; any other bracket is like a letter,
and stands in folders' names."""


def literal_size(line: bytes) -> int | None:
    """Return the octets of the literal that a line announces at its end, or None."""
    if not line.endswith(b"}\r\n") or re.match(_TEXT_ONLY, line):
        return None
    found = LITERAL.search(line, max(0, len(line) - _ANNOUNCEMENT))
    return int(found[1]) if found else None


def parse(pieces: Sequence[bytes | Streamed]) -> Response:
    """Return the response made of lines (with their CRLF) and the literals between them.

    Raises: ProtocolViolation for anything that RFC 3501 does not allow.
    """
    first = pieces[0] if pieces else b""
    if not isinstance(first, bytes):
        _malformed(b"")
    head = first.rstrip(b"\r\n")
    if head.startswith(b"+"):
        return Continuation(head[2:] if head[1:2] == b" " else head[1:])
    if found := _CONDITION.match(head):
        return _condition(found)
    data = _DATA.match(first)
    if not data:
        _malformed(head)
    number = _number(data[1]) if data[1] else None
    values = tokenize([first[data.end() :], *pieces[1:]])
    return Data(data[2].decode("ascii").upper(), number, values)


def _condition(found: re.Match[bytes]) -> Condition:
    tag = b"" if found[1] == b"*" else found[1]
    kind = found[2].decode("ascii").upper()
    rest = found[3] or b""
    code = _CODE.match(rest)
    if not code:
        return Condition(tag, kind, "", [], rest.decode("utf-8", "replace"))
    try:
        arguments = tokenize([code[2] or b""])
    except ProtocolViolation:  # words in brackets that are no code: `[somewhere (far away]`
        return Condition(tag, kind, "", [], rest.decode("utf-8", "replace"))
    name = code[1].decode("ascii", "replace").upper()
    return Condition(tag, kind, name, arguments, code[3].decode("utf-8", "replace"))


def tokenize(pieces: Sequence[bytes | Streamed]) -> list[Value]:
    """Return the values of a response's tail.

    Even pieces are text, odd ones the literals announced at the end of the text before.

    Raises: ProtocolViolation for unbalanced lists, bad strings, stray characters.
    """
    stack: list[list[Value]] = [[]]
    last = len(pieces) - 1
    for index, piece in enumerate(pieces):
        if index % 2:
            stack[-1].append(piece)
        elif not isinstance(piece, bytes) or (index < last) != bool(LITERAL.search(piece)):
            raise ProtocolViolation("a literal is missing or was not announced")
        else:
            _text(LITERAL.sub(b"", piece).rstrip(b"\r\n"), stack)
    if len(stack) != 1:
        raise ProtocolViolation("a list is not closed")
    return stack[0]


def _text(text: bytes, stack: list[list[Value]]) -> None:
    at = 0
    end = len(text.rstrip(b" "))
    while at < end:
        token = _TOKEN.match(text, at)
        if not token:
            _malformed(text[at:])
        at = token.end()
        if token["open"]:
            if len(stack) > MAX_DEPTH:
                raise ProtocolViolation("lists are nested too deep")
            stack.append([])
        elif token["close"]:
            if len(stack) == 1:
                _malformed(text)
            done = stack.pop()
            stack[-1].append(done)
        elif (quoted := token["quoted"]) is not None:
            stack[-1].append(re.sub(rb"\\(.)", rb"\1", quoted))
        else:
            atom = token["atom"]
            stack[-1].append(None if atom.upper() == b"NIL" else atom)


def number(value: Value) -> int:
    """Return an atom as the number it must be.

    Raises: ProtocolViolation for anything else, and above 2^63-1.
    """
    if isinstance(value, bytes) and value.isdigit():
        return _number(value)
    return _malformed(repr(value).encode())


def octets(value: Value) -> bytes:
    """Return a value as the string it must be.

    Raises: ProtocolViolation for NIL, a list or a streamed literal.
    """
    if isinstance(value, bytes):
        return value
    return _malformed(repr(value).encode())


def items(value: Value) -> list[Value]:
    """Return a value as the list it must be.

    Raises: ProtocolViolation for anything else.
    """
    if isinstance(value, list):
        return value
    return _malformed(repr(value).encode())


def pairs(value: Value) -> dict[str, Value]:
    """Return a list of name, value, name, value as a dictionary with upper-case names.

    Raises: ProtocolViolation when it is not one.
    """
    flat = items(value)
    if len(flat) % 2:
        raise ProtocolViolation("a list of pairs has an odd number of items")
    names = (octets(name).decode("ascii", "replace").upper() for name in flat[::2])
    return dict(zip(names, flat[1::2], strict=True))


def _number(digits: bytes) -> int:
    if len(digits) > 20 or int(digits) > MAX_NUMBER:  # int itself takes no more than 4,300
        raise ProtocolViolation(f"the number {digits[:20].decode('ascii')} is out of range")
    return int(digits)


def _malformed(text: bytes) -> NoReturn:
    shown = text[:80].decode("utf-8", "replace")
    raise ProtocolViolation(f"the server's answer is malformed: {shown}")
