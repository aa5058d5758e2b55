"""Relay a finished message: who it goes to, and which octets leave. Pure.

Nothing but Bcc and Resent-Bcc fields is taken out and nothing is added, so
that signatures over the message stay valid. Recipients come from every To, Cc
and Bcc field, not from the first of each.
"""

import re
from collections.abc import Iterable, Iterator

from mailcli.errors import InvalidMessage
from mailcli.message.addresses import Qualify, parse_addresses
from mailcli.model import Address

_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_FIELD = re.compile(rb"(?P<name>[!-9;-~]+)[ \t]*:(?P<value>.*)", re.DOTALL)
_HIDDEN = {b"bcc", b"resent-bcc"}
_RESENT = {"resent-to", "resent-cc", "resent-bcc"}
_ONCE = {"resent-date", "resent-from", "resent-sender", "resent-message-id"}
"""Fields that stand in each Resent- block at most once (RFC 5322 §3.6.6)."""

MOST_HEADER = 16 << 20
"""Octets of a header, which is read whole; the message behind it is not."""


def split(message: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the header of a message with CRLF ends, and the rest, which begins with its end.

    Raises: InvalidMessage (65) for a header without an end.
    """
    rest = iter(message)
    header = b""
    for chunk in rest:
        searched = max(0, len(header) - 3)
        header += chunk
        if header.startswith(b"\r\n"):
            return b"", _chain(header, rest)
        end = header.find(b"\r\n\r\n", searched)
        if end >= 0:
            return header[: end + 2], _chain(header[end + 2 :], rest)
        if len(header) > MOST_HEADER:
            raise InvalidMessage("the message's header does not end")
    return header, iter(())


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def fields(message: bytes) -> Iterator[tuple[str, str, int, int]]:
    """Yield name, unfolded value and place of each header field of a message with CRLF ends.

    The header ends at the first empty line. A line in it that is no field is passed over:
    a Bcc behind it is a Bcc for other readers, too.
    """
    at = 0
    while at < len(message) and not message.startswith(b"\r\n", at):
        line_end = _FIELD_END.search(message, at)
        end = line_end.end() if line_end else len(message)
        if found := _FIELD.fullmatch(message, at, end):
            value = found["value"].replace(b"\r\n", b"").strip()
            yield found["name"].decode("ascii"), value.decode("utf-8", "replace"), at, end
        at = end


def without_bcc(message: bytes) -> bytes:
    """Return the message without its Bcc and Resent-Bcc fields, in whatever spelling."""
    kept, at = [], 0
    for name, _, start, end in fields(message):
        if name.lower().encode() in _HIDDEN:
            kept.append(message[at:start])
            at = end
    return b"".join([*kept, message[at:]])


def recipients(
    message: bytes, *, resent: bool = False, qualify: Qualify | None = None
) -> list[Address]:
    """Return every address in the To, Cc and Bcc fields.

    With `resent`, a Resent- block replaces them: the topmost, which is the latest.

    Raises: InvalidMessage (65) for a field that is not clearly an address list.
    """
    found = list(_latest_block(message)) if resent else []
    if not found:
        ordinary = {"to", "cc", "bcc"}
        found = [value for name, value, _, _ in fields(message) if name.lower() in ordinary]
    return [each for value in found for each in parse_addresses(value, qualify=qualify)]


def _latest_block(message: bytes) -> Iterator[str]:
    seen: set[str] = set()
    for name, value, _, _ in fields(message):
        if name.lower() in _ONCE & seen:
            return
        seen.add(name.lower())
        if name.lower() in _RESENT:
            yield value


def sender(message: bytes, *, qualify: Qualify | None = None) -> Address | None:
    """Return the first address of From, or None where there is no such field."""
    for name, value, _, _ in fields(message):
        if name.lower() == "from":
            addresses = parse_addresses(value, qualify=qualify)
            if addresses:
                return addresses[0]
            raise InvalidMessage("the message's From field names nobody")
    return None


def message_id(message: bytes) -> str | None:
    """Return the Message-ID as it stands in the message, or None."""
    return next((v for n, v, _, _ in fields(message) if n.lower() == "message-id"), None)
