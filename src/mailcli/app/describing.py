"""What the index keeps of a message: read from its file once, as messages never change.

Nothing that a message holds can stop it: what cannot be understood is left out.
"""

import io
import os
from dataclasses import dataclass
from hashlib import blake2b
from typing import BinaryIO

from mailcli.errors import LocalError
from mailcli.message.summary import Summary, addresses_of, decode_text, header_fields, summary_of
from mailcli.message.threads import base_subject, identifiers, is_reply
from mailcli.message.words import Words, words_of
from mailcli.model import Address
from mailcli.store.index_rows import Described, Texts

HEADER_OCTETS = 64 * 1024
"""Octets of a message that are read for its header; what lies behind is not looked at."""

_FIRST = 1 << 17
"""Octets that are read at once: most messages are shorter."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_SAME = (b"message-id", b"date", b"from", b"subject")
_MBOX_LETTERS = {"R": "S", "A": "R", "F": "F", "D": "T", "T": "D"}
"""What Status and X-Status say (mutt's and Dovecot's habit), as letters of a Maildir."""


@dataclass(frozen=True, slots=True)
class _Raw:
    """A message as far as it is read: its header, and a stream of all of it."""

    header: bytes
    stream: BinaryIO
    size: int
    stored: int


def describe(path: str, account: str) -> tuple[Described, Texts] | None:
    """Return what a message's file says; None where it is gone.

    Raises: LocalError where it cannot be read.
    """
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise LocalError(f"{path}: {exc.strerror}") from exc
    try:
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            status = os.fstat(descriptor)
            first = file.read(_FIRST)
            stream: BinaryIO = io.BytesIO(first)
            if len(first) < status.st_size:
                stream = io.BufferedReader(file)
            raw = _Raw(_header_of(first), stream, status.st_size, int(status.st_mtime))
            return _described(raw, header_fields(raw.header), account)
    except OSError as exc:
        raise LocalError(f"{path}: {exc.strerror}") from exc


def describe_span(stream: BinaryIO, size: int, stored: int) -> tuple[Described, Texts, str]:
    """Return what a message of an mbox says, and the letters of its flags. Raises: OSError."""
    raw = _Raw(_header_of(stream.read(HEADER_OCTETS)), stream, size, stored)
    fields = header_fields(raw.header)
    status = (fields.get(b"status", b"") + fields.get(b"x-status", b"")).decode("ascii", "replace")
    letters = "".join(sorted({_MBOX_LETTERS[each] for each in status if each in _MBOX_LETTERS}))
    return *_described(raw, fields, ""), letters


def _header_of(text: bytes) -> bytes:
    text = text[:HEADER_OCTETS]
    ends = [at for mark in (b"\n\n", b"\n\r\n") if (at := text.find(mark)) >= 0]
    return text[: min(ends) + 1] if ends else text


def _described(raw: _Raw, fields: dict[bytes, bytes], account: str) -> tuple[Described, Texts]:
    summary = summary_of(fields)
    words = words_of(raw.stream, len(raw.header), fields)
    own = identifiers(fields.get(b"message-id", b""))[:1]
    named = identifiers(fields.get(b"references", b"") + b" " + fields.get(b"in-reply-to", b""))
    base = base_subject(summary.subject)
    date, zone = _date(summary, raw.stored)
    described = Described(
        date=date,
        zone=zone,
        size=raw.size,
        attachments=words.attachments,
        sender=summary.from_,
        recipients=summary.to,
        copies=summary.cc,
        subject=summary.subject,
        message_id=summary.message_id,
        fingerprint=_fingerprint(raw, fields),
        own=_number(account, own[0]) if own else None,
        named=tuple(_number(account, each) for each in named),
        base=_number(account, base.encode("utf-8", "replace")) if base else None,
        orphan=not named and is_reply(summary.subject),
    )
    return described, _texts(summary, words, fields)


def _fingerprint(raw: _Raw, fields: dict[bytes, bytes]) -> bytes:
    """Return what is the same of a message wherever it is, though other programs add fields.

    A message that says neither when it was written nor how it is called is the same only if all
    of its header is.
    """
    if not fields.keys() & {b"message-id", b"date"}:
        return _hash(b"%d\n%b" % (raw.size, raw.header), 16)
    return _hash(b"\n".join(b" ".join(fields.get(name, b"").split()) for name in _SAME), 16)


def _texts(summary: Summary, words: Words, fields: dict[bytes, bytes]) -> Texts:
    return Texts(
        subject=summary.subject,
        sender=_people(summary.from_),
        recipients=_people((*summary.to, *addresses_of(fields.get(b"bcc", b"")))),
        copies=_people(summary.cc),
        body=words.body,
        files=" ".join(words.files),
        list=decode_text(fields.get(b"list-id", b"")),
    )


def _date(summary: Summary, stored: int) -> tuple[int, int | None]:
    """Return the header's date and its zone, else when the file was stored."""
    if summary.date is None:
        return stored, None
    offset = summary.date.utcoffset()
    return int(summary.date.timestamp()), int(offset.total_seconds()) // 60 if offset else 0


def _people(addresses: tuple[Address, ...]) -> str:
    return " ".join(f"{each.name} {each.email}" for each in addresses)


def _hash(octets: bytes, size: int) -> bytes:
    return blake2b(octets, digest_size=size).digest()


def _number(account: str, octets: bytes) -> int:
    """Return a hash as SQLite's integers go; of two accounts, the same are two."""
    text = account.encode("utf-8", "surrogateescape") + b"\n" + octets
    return int.from_bytes(_hash(text, 8), "big", signed=True)
