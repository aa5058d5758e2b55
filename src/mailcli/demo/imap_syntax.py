"""How IMAP commands read: a line with its literals in, tokens out (RFC 3501 §9). Pure.

Atoms become `str`, quoted strings and literals `bytes`, parenthesised lists
`list`. An atom may hold a bracketed section, so that `BODY[HEADER.FIELDS (Date)]`
is one token.
"""

import re
from collections import deque
from collections.abc import Iterable

Token = str | bytes | list["Token"]

_LITERAL_AT_END = re.compile(rb"\{(\d+)(\+?)\}\Z")
_TOKEN = re.compile(
    rb"""(?P<space>[ ]+)
    |(?P<open>\()
    |(?P<close>\))
    |"(?P<quoted>(?:[^"\\]|\\.)*)"
    |(?P<literal>\{\d+\+?\})
    |(?P<atom>(?:[^ ()"{\[]|\[[^\]]*\])+)""",
    re.VERBOSE,
)
_SET = re.compile(r"(\d+|\*)(:(\d+|\*))?(,(\d+|\*)(:(\d+|\*))?)*")
_MAX_DEPTH = 20


class SyntaxRefused(Exception):
    """The command makes no sense, or asks for what this server does not do: BAD."""


def literal_size(line: bytes) -> tuple[int, bool] | None:
    """Return the octets of the literal that a line announces, and whether to say `+` first."""
    found = _LITERAL_AT_END.search(line)
    return (int(found[1]), not found[2]) if found else None


def tokens(line: bytes, literals: Iterable[bytes] = ()) -> list[Token]:
    """Split a whole command; each `{n}` in the line takes the next literal.

    Raises:
        SyntaxRefused: quotes or parentheses do not close, or an atom is not ASCII.
    """
    waiting = deque(literals)
    stack: list[list[Token]] = [[]]
    position = 0
    while position < len(line):
        found = _TOKEN.match(line, position)
        if found is None:
            raise SyntaxRefused("cannot read this")
        position = found.end()
        _place(found, stack, waiting)
        if not 0 < len(stack) < _MAX_DEPTH:
            raise SyntaxRefused("parentheses do not match")
    if len(stack) > 1:
        raise SyntaxRefused("a parenthesis is missing")
    return stack[0]


def _place(found: re.Match[bytes], stack: list[list[Token]], literals: deque[bytes]) -> None:
    """Put one token where it belongs: into the innermost list that is open."""
    match found.lastgroup:
        case "open":
            stack.append([])
        case "close":
            closed = stack.pop()
            if stack:
                stack[-1].append(closed)
        case "quoted":
            stack[-1].append(re.sub(rb"\\(.)", rb"\1", found["quoted"]))
        case "literal" if literals:
            stack[-1].append(literals.popleft())
        case "literal":
            raise SyntaxRefused("a literal stands at the end of a line")
        case "atom":
            stack[-1].append(_ascii(found["atom"]))


def word(token: Token) -> str:
    """Return an atom or string as text. Raises: SyntaxRefused."""
    if isinstance(token, list):
        raise SyntaxRefused("a list is not expected here")
    return token if isinstance(token, str) else _ascii(token)


def octets(token: Token) -> bytes:
    """Return an atom or string as octets. Raises: SyntaxRefused."""
    return token if isinstance(token, bytes) else word(token).encode()


def words(token: Token) -> list[str]:
    """Return the words of a list, or the one word. Raises: SyntaxRefused."""
    return [word(each) for each in token] if isinstance(token, list) else [word(token)]


def number_set(text: str, largest: int) -> list[range]:
    """Return a sequence-set as ranges; `*` is the largest number in use (RFC 3501 §9).

    Raises:
        SyntaxRefused: it is no sequence-set.
    """
    if not _SET.fullmatch(text):
        raise SyntaxRefused("not a set of numbers")
    ranges = []
    for part in text.split(","):
        ends = [largest if end == "*" else int(end) for end in part.split(":")]
        ranges.append(range(min(ends), max(ends) + 1))
    return ranges


def is_set(text: str) -> bool:
    """Tell whether a word is a sequence-set."""
    return _SET.fullmatch(text) is not None


def string(value: bytes) -> bytes:
    """Return octets as a quoted string where that can hold them, else as a literal."""
    if len(value) < 200 and all(0x20 <= octet < 0x7F for octet in value):
        return b'"' + re.sub(rb'(["\\])', rb"\\\1", value) + b'"'
    return literal(value)


def literal(value: bytes) -> bytes:
    """Return octets as a literal."""
    return b"{%d}\r\n%b" % (len(value), value)


def _ascii(value: bytes) -> str:
    try:
        return value.decode("ascii")
    except UnicodeDecodeError:
        raise SyntaxRefused("only ASCII stands here") from None
