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

IDENTIFIER_FIELDS = frozenset({"references", "in-reply-to"})
"""Further fields of message identifiers."""

ADDRESS_FIELDS = frozenset(
    {
        *("sender", "mail-followup-to", "mail-reply-to", "disposition-notification-to"),
        *("resent-from", "resent-sender", "resent-to", "resent-cc", "resent-reply-to"),
    }
)
"""Further fields of addresses, in which only the names may be encoded."""

_NAME = re.compile(r"[!-9;-~]+")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+"
_ATOMS = re.compile(rf"{_ATOM}(?: {_ATOM})*")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_PIECE = re.compile(r" +[^ ]+")
"""A word with the spaces before it: where a line may be folded, and nothing is lost."""

_LONGEST_PIECE = MAX_LINE - 100
_WORD_OCTETS = 45
"""Octets in one encoded-word, so that it stays within 75 characters (RFC 2047 §2)."""


def check_value(name: str, value: str) -> None:
    """Refuse what would break out of its header field.

    Raises: InvalidMessage (65) for CR, LF or NUL, for a name that is none, and for lone
        surrogates, which is what octets outside UTF-8 become on the command line.
    """
    if not _NAME.fullmatch(name):
        raise InvalidMessage(f"{name!r} is not a header field's name")
    if any(c in value for c in "\0\r\n"):
        raise InvalidMessage(f"the value of {name} holds a NUL, CR or LF")
    if _SURROGATE.search(value):
        raise InvalidMessage(f"the value of {name} is not valid Unicode")


def text_field(name: str, value: str) -> bytes:
    """Return an unstructured field, such as Subject, folded and encoded where needed."""
    check_value(name, value)
    pieces = _PIECE.findall(f" {value}")
    if (
        _plain(value)
        and value == value.strip()
        and max(map(len, pieces), default=0) < _LONGEST_PIECE
    ):
        return _fold(name, pieces)
    return _fold(name, encoded_words(name, value))


def identifier_field(name: str, identifiers: Iterable[str]) -> bytes:
    """Return a field of message identifiers, one after the other, none ever encoded.

    Raises: InvalidMessage (65) where there is none.
    """
    words = [word for text in identifiers for word in text.split()]
    for word in words:
        check_value(name, word)
    if not words:
        raise InvalidMessage(f"{name} names no message")
    return _fold(name, [f" {word}" for word in words])


def address_field(name: str, addresses: Iterable[Address]) -> bytes:
    """Return a field of addresses, folded between them.

    Raises: InvalidMessage (65) where there is none.
    """
    mailboxes = [_mailbox(name, address) for address in addresses]
    if not mailboxes:
        raise InvalidMessage(f"{name} names nobody")
    for mailbox in mailboxes[:-1]:
        mailbox[-1] += ","
    return _fold(name, [piece for mailbox in mailboxes for piece in mailbox])


def _mailbox(name: str, address: Address) -> list[str]:
    """Write `display name <addr-spec>` or `addr-spec` (RFC 5322 §3.4) in pieces."""
    check_value(name, address.name + address.email)
    if not address.name:
        return [f" {address.email}"]
    return [*_display_name(name, address.name), f" <{address.email}>"]


def _display_name(field: str, name: str) -> list[str]:
    if not _plain(name) or len(name) > _LONGEST_PIECE // 2:  # each character may need a backslash
        return encoded_words(field, name)
    if _ATOMS.fullmatch(name):
        return [f" {name}"]
    escaped = re.sub(r'([\\"])', r"\\\1", name)
    return [f' "{escaped}"']


def _fold(name: str, pieces: Iterable[str]) -> bytes:
    """Lay pieces out in lines of at most `WIDTH` octets, where their own length allows it.

    Raises: InvalidMessage (65) for a piece that no line can hold.
    """
    lines = [f"{name}:".encode("ascii")]
    for number, piece in enumerate(pieces):
        octets = piece.encode("utf-8")
        if number and len(lines[-1]) + len(octets) > WIDTH:
            lines.append(octets)
        else:
            lines[-1] += octets
    if any(len(line) > MAX_LINE for line in lines):
        raise InvalidMessage(f"{name} holds a word that is too long for any line")
    return b"\r\n".join(lines) + b"\r\n"


def encoded_words(field: str, text: str) -> list[str]:
    """Return text as encoded-words of UTF-8 (RFC 2047 §2, §5); no character is cut in two.

    The first one is short enough to stand in the line that the field's name begins.
    """
    room = (WIDTH - len(f"{field}: ") - len("=?utf-8?b??=")) // 4 * 3
    words: list[bytes] = []
    run = b""
    for character in text:
        octets = character.encode("utf-8")
        if run and len(run) + len(octets) > (_WORD_OCTETS if words else min(room, _WORD_OCTETS)):
            words.append(run)
            run = b""
        run += octets
    words.append(run)
    return [f" =?utf-8?b?{base64.b64encode(word).decode('ascii')}?=" for word in words]


def _plain(text: str) -> bool:
    """Whether text stands for itself: printable ASCII that nobody takes for an encoded-word."""
    return text.isascii() and text.isprintable() and "=?" not in text
