"""Header fields, written so that every reader understands them. Pure.

RFC 5322 §2.2 for their form, RFC 2047 for text outside ASCII. Long lines are
folded at spaces that are there anyway; message identifiers are never encoded,
whatever their length, because threads hang on them.
"""

import base64
import re
from collections.abc import Iterable

from mailcli.errors import InvalidMessage
from mailcli.model import Address

WIDTH = 76
"""Octets of a line that is folded, and the most that one with an encoded-word may have."""

MAX_LINE = 998
"""Octets that no line may exceed (RFC 5322 §2.1.1)."""

_NAME = re.compile(r"[!-9;-~]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\- ]+")
_WORD_OCTETS = 45
"""Octets in one encoded-word, so that its base64 stays within 75 characters."""


def check_value(name: str, value: str) -> None:
    """Refuse what would break out of its header field.

    Raises: InvalidMessage (65) for CR, LF or NUL, and for a name that is none.
    """
    if not _NAME.fullmatch(name):
        raise InvalidMessage(f"{name!r} is not a header field's name")
    if any(c in value for c in "\0\r\n"):
        raise InvalidMessage(f"the value of {name} holds a NUL, CR or LF")


def text_field(name: str, value: str) -> bytes:
    """Return an unstructured field, such as Subject, folded and encoded where needed."""
    check_value(name, value)
    words = value.split(" ")
    if value.isascii() and not _looks_encoded(value) and max(map(len, words)) < MAX_LINE - 100:
        return _fold(name, words, " ")
    return _fold(name, _encoded_words(value), " ")


def identifier_field(name: str, identifiers: Iterable[str]) -> bytes:
    """Return a field of message identifiers, one after the other, none ever encoded."""
    words = list(identifiers)
    for word in words:
        check_value(name, word)
    return _fold(name, words, " ")


def address_field(name: str, addresses: Iterable[Address]) -> bytes:
    """Return a field of addresses, folded between them."""
    return _fold(name, [part for a in addresses for part in _mailbox(name, a)], " ", commas=True)


def _mailbox(name: str, address: Address) -> list[str]:
    check_value(name, address.name + address.email)
    if not address.name:
        return [f"{address.email},"]
    if not address.name.isascii() or _looks_encoded(address.name):
        return [*_encoded_words(address.name), f"<{address.email}>,"]
    if _ATOMS.fullmatch(address.name) and address.name.strip() == address.name:
        return [f"{address.name} <{address.email}>,"]
    escaped = re.sub(r'([\\"])', r"\\\1", address.name)
    return [f'"{escaped}" <{address.email}>,']


def _fold(name: str, words: list[str], glue: str, *, commas: bool = False) -> bytes:
    """Lay words out in lines of at most `WIDTH` octets, where their own length allows it.

    Raises: InvalidMessage (65) for a word that no line can hold.
    """
    if commas and words:
        words = [*words[:-1], words[-1].removesuffix(",")]
    line = f"{name}:"
    lines = []
    for word in words:
        if len((line + glue + word).encode()) > WIDTH and line.strip() and line != f"{name}:":
            lines.append(line)
            line = ""
        line += glue + word
    lines.append(line)
    raw = [text.encode("utf-8") for text in lines]
    if any(len(text) > MAX_LINE for text in raw):
        raise InvalidMessage(f"{name} holds a word that is too long for any line")
    return b"\r\n".join(raw) + b"\r\n"


def _encoded_words(text: str) -> list[str]:
    """Return text as encoded-words of UTF-8 (RFC 2047 §2, §5); no character is cut in two."""
    words, run = [], b""
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(run) + len(octets) > _WORD_OCTETS:
            words.append(run)
            run = b""
        run += octets
    words.append(run)
    return [f"=?utf-8?b?{base64.b64encode(word).decode('ascii')}?=" for word in words]


def _looks_encoded(text: str) -> bool:
    """Whether plain text would be taken for an encoded-word."""
    return "=?" in text
