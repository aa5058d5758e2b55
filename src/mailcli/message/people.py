"""Who a stranger's header fields name, as somebody is to be written to. Pure.

What can be read in one way alone is (`addresses`); where a whole field cannot, each of its
addresses is read on its own, and only what stands in angle brackets counts. The rest is
told, so that nobody is left out without a word.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mailcli.errors import InvalidMessage
from mailcli.message.addresses import parse_addresses, to_ascii
from mailcli.message.charsets import guess
from mailcli.message.encoded_words import decode_words
from mailcli.model import Address

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_BRACKETED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]+)>\s*")
_RUN = re.compile(r'"(?:[^"\\]|\\.)*+"|<[^>]*+>|[^,;"<]++')
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+)*")
_LONGEST = 200_000
"""Octets of a field that are read."""


class People(NamedTuple):
    """The addresses that fields name, each once, and what of them could not be read."""

    addresses: tuple[Address, ...] = ()
    unreadable: tuple[str, ...] = ()


def people_in(values: Iterable[bytes]) -> People:
    """Return whom the values of address fields name; names are decoded, each on one line."""
    found: dict[str, Address] = {}
    unreadable: list[str] = []
    for value in values:
        for each in _read(guess(value[:_LONGEST])):
            if isinstance(each, str):
                unreadable.append(each)
            else:
                found.setdefault(key_of(each.email), each)
    return People(tuple(found.values()), tuple(unreadable))


def one_line(text: str) -> str:
    """Return text of a stranger's header as it may stand in one of ours."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def key_of(email: str) -> str:
    """Return what two spellings of an address have in common: people see no difference in case.

    An address whose domain cannot be is as it is written.
    """
    try:
        return to_ascii(email).lower()
    except InvalidMessage:
        return email.lower()


def written(address: Address) -> str:
    """Return an address as `parse_addresses` reads it (RFC 5322 §3.4)."""
    name = one_line(address.name)
    if not name:
        return address.email
    if not _ATOMS.fullmatch(name):
        name = '"' + re.sub(r'([\\"])', r"\\\1", name) + '"'
    return f"{name} <{address.email}>"


def _read(text: str) -> Iterator[Address | str]:
    text = " ".join(text.split())
    try:
        yield from map(_decoded, parse_addresses(text))
    except InvalidMessage:
        for piece in map(str.strip, _pieces(text)):
            if piece:
                yield _alone(piece)


def _pieces(text: str) -> Iterator[str]:
    """Yield what stands between the commas and semicolons in no quotes or brackets.

    Of a quote or bracket that is not closed, none behind it is: no time is spent on those.
    """
    begin = at = 0
    strays = ""
    while at < len(text):
        mark = text[at]
        if mark in ",;":
            yield text[begin:at]
            begin = at = at + 1
        elif mark not in strays and (found := _RUN.match(text, at)):
            at = found.end()
        else:
            strays += mark if mark not in strays else ""
            at += 1
    yield text[begin:]


def _alone(piece: str) -> Address | str:
    """Return the one address that a piece of a list is; what cannot be one as it is."""
    bracketed = _BRACKETED.fullmatch(piece)
    try:
        (found,) = parse_addresses(bracketed["address"] if bracketed else piece)
    except (InvalidMessage, ValueError):
        return one_line(piece)
    name = bracketed["name"].strip(" \"'") if bracketed else found.name
    return _decoded(Address(name, found.email))


def _decoded(address: Address) -> Address:
    return Address(one_line(decode_words(address.name.encode("utf-8"))), address.email)
