"""What a list shows of a message, read from its header alone. Pure.

Headers come from strangers: each field is read on its own, and one that makes
no sense costs only itself. RFC 5322, RFC 2047.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.header import decode_header
from email.utils import getaddresses, parsedate_to_datetime

from mailcli.model import Address

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)\r?\n?")
_WANTED = {b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"content-type"}
_LONGEST = 10_000
"""Octets of a field that are read; a list shows far less."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The fields of a message that a list shows; what is missing is empty or None."""

    date: datetime | None
    from_: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    message_id: str | None
    content_type: str


def summarise(header: bytes) -> Summary:
    """Read a message's header; whatever it holds, this returns."""
    fields = _fields(header)
    identifier = fields.get(b"message-id", b"").strip().decode("utf-8", "replace")
    kind = fields.get(b"content-type", b"").partition(b";")[0]
    return Summary(
        date=date_of(fields.get(b"date", b"")),
        from_=addresses_of(fields.get(b"from", b"")),
        to=addresses_of(fields.get(b"to", b"")),
        cc=addresses_of(fields.get(b"cc", b"")),
        subject=decode_text(fields.get(b"subject", b"")),
        message_id=identifier or None,
        content_type=kind.strip().lower().decode("ascii", "replace"),
    )


def _fields(header: bytes) -> dict[bytes, bytes]:
    """Return the first of each wanted field, unfolded; an mbox line before them is passed over."""
    fields: dict[bytes, bytes] = {}
    at = header.find(b"\n") + 1 if header.startswith(b"From ") else 0
    while found := _FIELD.match(header, at):
        at = found.end()
        name = found[1].lower()
        if name in _WANTED:
            fields.setdefault(name, re.sub(rb"\r?\n", b"", found[2])[:_LONGEST])
    return fields


def decode_text(value: bytes) -> str:
    """Return the text of an unstructured field: encoded-words decoded, raw octets guessed."""
    text = _guess(value).strip()
    if "=?" not in text:
        return text
    try:
        return "".join(_part(part, charset) for part, charset in decode_header(text))
    except (ValueError, LookupError):  # HeaderParseError is a ValueError: bad base64
        return text


def _part(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "utf-8", "replace")
    except LookupError:  # a charset that nobody knows
        return _guess(part)


def _guess(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def addresses_of(value: bytes) -> tuple[Address, ...]:
    """Return the addresses of a field, guessed where they are not clear; for showing alone."""
    if not value.strip():
        return ()
    try:
        found = getaddresses([_guess(value)])
    except (ValueError, RecursionError, IndexError):
        found = []
    addresses = tuple(
        Address(decode_text(name.encode("utf-8", "replace")), email)
        for name, email in found
        if email
    )
    return addresses or (Address(decode_text(value), ""),)


def date_of(value: bytes) -> datetime | None:
    """Read a date-time (RFC 5322 §3.3); one without a zone, or out of range, is None."""
    try:
        date = parsedate_to_datetime(value.decode("ascii", "replace").strip())
        return date if date.tzinfo else date.astimezone()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None
