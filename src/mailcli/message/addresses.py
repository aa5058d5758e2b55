"""Addresses as people and headers write them (RFC 5322 §3.4, RFC 6531 §3.3). Pure.

The standard library's parser guesses (CVE-2023-27043): here an address that
can be read in two ways is an error, because an envelope is made from it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from mailcli.errors import InvalidMessage
from mailcli.model import Address

# What each kind of token may not hold; all the rest beyond ASCII it may, but for lone surrogates.
_CHARACTER = r"(?![\ud800-\udfff])"
_QUOTED = (
    rf'"(?:{_CHARACTER}[^\x00-\x08\x0a-\x1f"\\\x7f-\x9f]'  # a folded one holds tabs
    rf'|\\{_CHARACTER}[^\x00-\x08\x0a-\x1f\x7f-\x9f])*"'
)
_WORD = rf'(?:{_CHARACTER}[^\x00-\x20"(),:;<>@\[\\\]\x7f-\x9f])+'
_TOKEN = re.compile(
    rf"(?P<quoted>{_QUOTED})|(?P<word>{_WORD})|(?P<special>[<>@,:;])"
    r"|(?P<literal>\[[A-Za-z0-9.:\-]+\])|(?P<space>[ \t\r\n]+)"
)

_UNDECODABLE = "\N{REPLACEMENT CHARACTER}"
"""Stands where a header's octets were no UTF-8: fine in a name, nobody's address."""


class _Token(NamedTuple):
    kind: str
    text: str


Qualify = Callable[[str], str]
"""What gives a bare name, such as `root`, its address. Raises: InvalidMessage (65)."""


def parse_addresses(text: str, *, qualify: Qualify | None = None) -> list[Address]:
    """Return the addresses of an address-list, those inside groups too.

    A group without members, such as `undisclosed-recipients:;`, adds none. Without
    `qualify`, a bare name is no address.

    Raises: InvalidMessage (65) for anything that is not clearly an address list.
    """
    if any(c in text for c in "\0\r\n"):
        raise InvalidMessage(f"address {text!r} holds a NUL, CR or LF")
    parts = _split(list(_tokens(text)), text)
    return [_address(part, text, qualify) for part in parts if part]


def parse_address(text: str) -> Address:
    """Return the one address that the text is.

    Raises: InvalidMessage (65) for none, several, or something else.
    """
    found = parse_addresses(text)
    if len(found) != 1:
        raise InvalidMessage(f"{text!r} is not one address")
    return found[0]


def to_ascii(email: str) -> str:
    """Return the address with its domain as A-labels (RFC 5891); the local part stays.

    Raises: InvalidMessage (65) for a domain that cannot exist.
    """
    local, _, domain = email.rpartition("@")
    if not local or domain.isascii():
        return email
    import idna

    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError as exc:
        raise InvalidMessage(f"domain {domain!r} is not valid: {exc}") from exc


def unique(addresses: Iterable[Address]) -> list[str]:
    """Return the bare addresses in order, each once; domains count in any case."""
    seen: dict[str, str] = {}
    for address in addresses:
        email = to_ascii(address.email)
        local, _, domain = email.rpartition("@")
        seen.setdefault(f"{local}@{domain.lower()}", email)
    return list(seen.values())


def _tokens(text: str) -> Iterator[_Token]:
    """Split into quoted strings, words, specials and domain literals; comments are dropped."""
    at = 0
    while at < len(text):
        if text[at] == "(":
            at = _skip_comment(text, at)
            continue
        found = _TOKEN.match(text, at)
        if not found:
            raise InvalidMessage(f"{text!r} is not an address list: stray {text[at]!r}")
        at = found.end()
        if found.lastgroup and found.lastgroup != "space":
            yield _Token(found.lastgroup, found[0])


def _skip_comment(text: str, at: int) -> int:
    depth = 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "(":
            depth += 1
        elif text[at] == ")":
            depth -= 1
            if not depth:
                return at + 1
        at += 1
    raise InvalidMessage(f"{text!r} is not an address list: a comment is not closed")


def _split(tokens: list[_Token], text: str) -> Iterator[list[_Token]]:
    """Yield the tokens of each mailbox; group names and their marks are taken away.

    group = display-name ":" [group-list] ";" (RFC 5322 §3.4); there is no group in a group.
    """
    part: list[_Token] = []
    in_group = after_group = False
    for token in tokens:
        mark = token.text if token.kind == "special" else ""
        if after_group and mark != ",":
            raise _stray(token.text, text)
        match mark:
            case ":" if _is_phrase(part) and part and not in_group:
                in_group, part = True, []
            case "," | ";":
                if mark == ";" and not in_group:
                    raise _stray(mark, text)
                yield part
                part = []
            case _:
                part.append(token)
        after_group = mark == ";"
        in_group = in_group and not after_group
    if in_group:
        raise InvalidMessage(f"{text!r} is not an address list: a group is not closed")
    yield part


def _is_phrase(tokens: list[_Token]) -> bool:
    return all(token.kind in {"quoted", "word"} for token in tokens)


def _stray(what: str, text: str) -> InvalidMessage:
    return InvalidMessage(
        f"{text!r} is not an address list: stray {what!r}", hint="put commas between addresses"
    )


def _address(tokens: list[_Token], text: str, qualify: Qualify | None) -> Address:
    """Build a mailbox: `display name <addr-spec>` or `addr-spec` (RFC 5322 §3.4)."""
    texts = [t.text for t in tokens]
    if "<" not in texts:
        return Address("", _addr_spec(tokens, text, qualify))
    start = texts.index("<")
    if texts[-1] != ">" or texts.count("<") != 1 or texts.count(">") != 1:
        raise InvalidMessage(f"{text!r} is not an address: check its '<' and '>'")
    phrase = tokens[:start]
    if not _is_phrase(phrase):
        raise InvalidMessage(f"{text!r} is ambiguous: put the name in double quotes")
    name = " ".join(_unquote(t) for t in phrase)
    return Address(name, _addr_spec(tokens[start + 1 : -1], text, qualify))


def _addr_spec(tokens: list[_Token], text: str, qualify: Qualify | None) -> str:
    """Check and return `local-part "@" domain` (RFC 5322 §3.4.1)."""
    match tokens:
        case [local, _Token("special", "@"), domain]:
            good_local = local.kind == "quoted" or _is_dot_atom(local)
            good_domain = domain.kind == "literal" or _is_dot_atom(domain)
            address = f"{local.text}@{domain.text}"
            if good_local and good_domain and _UNDECODABLE not in address:
                return address
        case [_Token("word", name)] if qualify:
            return qualify(name)
    raise InvalidMessage(
        f"{text!r} is not an address", hint='write it as name@example.org or "Name" <name@…>'
    )


def _is_dot_atom(token: _Token) -> bool:
    """Whether it is `1*atext *("." 1*atext)` (RFC 5322 §3.2.3)."""
    return token.kind == "word" and all(token.text.split("."))


def _unquote(token: _Token) -> str:
    if token.kind == "quoted":
        return re.sub(r"\\(.)", r"\1", token.text[1:-1])
    return token.text
