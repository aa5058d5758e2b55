"""What a list shows of a message, read from its header alone. Pure.

Headers come from strangers: each field is read on its own, and one that makes
no sense costs only itself. RFC 5322, RFC 2047.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from mailcli.message.charsets import guess
from mailcli.message.encoded_words import decode_words
from mailcli.model import Address

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)\r?\n?")
_ANY_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.MULTILINE)
_ATOM = r"[\w!#$%&'*+/=?^`{|}~.-]+"
_PLAIN_ADDRESS = re.compile(
    rf"[ \t]*(?:(?:\"([^\"\\\s]*(?:[ ][^\"\\\s]+)*)\"[ \t]*|({_ATOM}(?:[ \t]+{_ATOM})*)[ \t]+|)"
    rf"<({_ATOM}@[\w.-]+)>|({_ATOM}@[\w.-]+))[ \t]*(?:,(?=[ \t]*\S)|\Z)"
)
_PLAIN_DATE = re.compile(
    rb"\s*(?:[A-Za-z]{3},)? *(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d)"
    rb" ([+-])(\d\d)([0-5]\d)\s*(?:\([A-Z]{1,5}\)\s*)?\Z"
)
_MONTHS = {
    name: number
    for number, name in enumerate(
        b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1
    )
}
_FOLD = re.compile(rb"\r?\n")
_WANTED = {b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"content-type"}
_LONGEST = 10_000
"""Octets of a field that are read; a list shows far less."""


class Summary(NamedTuple):
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
    return summary_of(_fields(header))


def summary_of(fields: Mapping[bytes, bytes]) -> Summary:
    """Read header fields, unfolded, by their names in lower case."""
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


def header_fields(header: bytes) -> dict[bytes, bytes]:
    """Return the first field of each name, unfolded; lines that are no field are passed over."""
    fields: dict[bytes, bytes] = {}
    for spelled, value in _ANY_FIELD.findall(header):
        name = spelled.lower()
        if name not in fields:
            unfolded = _FOLD.sub(b"", value) if b"\n" in value else value
            fields[name] = unfolded[:_LONGEST]
    return fields


def _fields(header: bytes) -> dict[bytes, bytes]:
    """Return the first of each wanted field, unfolded; an mbox line before them is passed over."""
    fields: dict[bytes, bytes] = {}
    at = header.find(b"\n") + 1 if header.startswith(b"From ") else 0
    while found := _FIELD.match(header, at):
        at = found.end()
        name = found[1].lower()
        if name in _WANTED:
            fields.setdefault(name, _FOLD.sub(b"", found[2])[:_LONGEST])
    return fields


def decode_text(value: bytes) -> str:
    """Return the text of an unstructured field: encoded-words decoded, raw octets guessed."""
    return decode_words(value).strip()


def addresses_of(value: bytes) -> tuple[Address, ...]:
    """Return the addresses of a field; text that holds none stands as a name."""
    if not value.strip():
        return ()
    text = guess(value)
    if (plain := _plain_addresses(text)) is not None:
        return plain
    from email.utils import getaddresses  # it imports socket and random; few fields need it

    try:
        found = getaddresses([text])
    except (ValueError, RecursionError, IndexError):
        found = []
    addresses = tuple(
        Address(decode_text(name.encode("utf-8", "replace")), email)
        for name, email in found
        if email
    )
    return addresses or (Address(decode_text(value), ""),)


def _plain_addresses(text: str) -> tuple[Address, ...] | None:
    """Return addresses as nearly all are written; None where one is not.

    As `getaddresses` reads them, ten times as fast.
    """
    found: list[Address] = []
    at = 0
    while at < len(text):
        match = _PLAIN_ADDRESS.match(text, at)
        if match is None:
            return None
        quoted, words, email, bare = match.groups()
        name = quoted if quoted is not None else " ".join((words or "").split())
        if "=?" in name:
            name = decode_text(name.encode("utf-8", "replace"))
        found.append(Address(name, email or bare))
        at = match.end()
    return tuple(found)


def date_of(value: bytes) -> datetime | None:
    """Read a date-time (RFC 5322 §3.3); one without a zone, or out of range, is None."""
    try:
        if (plain := _PLAIN_DATE.match(value)) and plain[7] + plain[8] + plain[9] != b"-0000":
            return _plain_date(plain)
        from email.utils import parsedate_to_datetime

        date = parsedate_to_datetime(value.decode("ascii", "replace").strip())
        return date if date.tzinfo else date.astimezone()
    except (ValueError, TypeError, LookupError, OverflowError, OSError):
        return None


def _plain_date(found: re.Match[bytes]) -> datetime:
    """Read a date as nearly all are written. Raises: ValueError, KeyError."""
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return datetime(
        *(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second)),
        tzinfo=timezone(-offset if sign == b"-" else offset),
    )
