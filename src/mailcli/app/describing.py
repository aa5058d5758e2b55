"""What the index keeps of a message: read from its file once, as messages never change.

Nothing that a message holds can stop it: what cannot be understood is left out.
"""

import os
import re
from hashlib import blake2b

from mailcli.errors import LocalError
from mailcli.message.summary import Summary, summarise
from mailcli.message.threads import base_subject, identifiers, is_reply
from mailcli.model import Address
from mailcli.store.index_rows import Described, Texts

HEADER_OCTETS = 64 * 1024
"""Octets of a message that are read for its header; what lies behind is not looked at."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FIELD = re.compile(
    rb"^(message-id|date|from|subject|in-reply-to|references|list-id)[ \t]*:"
    rb"([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_SAME = (b"message-id", b"date", b"from", b"subject")


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
        status = os.fstat(descriptor)
        header = read_header(descriptor)
    except OSError as exc:
        raise LocalError(f"{path}: {exc.strerror}") from exc
    finally:
        os.close(descriptor)
    return _described(header, account, status)


def read_header(descriptor: int) -> bytes:
    """Read a message's header, and as little behind it as can be. Raises: OSError."""
    text = b""
    while len(text) < HEADER_OCTETS:
        chunk = os.read(descriptor, 4096)
        text += chunk
        end = _end_of_header(text)
        if end or not chunk:
            return text[:end] if end else text
    return text


def _end_of_header(text: bytes) -> int:
    ends = [at for mark in (b"\n\n", b"\n\r\n") if (at := text.find(mark)) >= 0]
    return min(ends) + 1 if ends else 0


def _described(header: bytes, account: str, status: os.stat_result) -> tuple[Described, Texts]:
    summary = summarise(header)
    fields: dict[bytes, bytes] = {}
    for name, value in _FIELD.findall(header):
        fields.setdefault(name.lower(), b" ".join(value.split()))
    own = identifiers(fields.get(b"message-id", b""))[:1]
    named = identifiers(fields.get(b"references", b"") + b" " + fields.get(b"in-reply-to", b""))
    base = base_subject(summary.subject)
    date, zone = _date(summary, status)
    described = Described(
        date=date,
        zone=zone,
        size=status.st_size,
        attachments=int(summary.content_type == "multipart/mixed"),
        sender=summary.from_,
        recipients=summary.to,
        copies=summary.cc,
        subject=summary.subject,
        message_id=summary.message_id,
        fingerprint=_hash(b"\n".join(fields.get(name, b"") for name in _SAME), 16),
        links=tuple({_number(account, each) for each in (*own, *named)}),
        base=_number(account, base.encode("utf-8", "replace")) if base else None,
        orphan=not named and is_reply(summary.subject),
    )
    texts = Texts(
        subject=summary.subject,
        sender=_words(summary.from_),
        recipients=_words((*summary.to, *summary.cc)),
        body="",
        files="",
        list=fields.get(b"list-id", b"").decode("utf-8", "replace"),
    )
    return described, texts


def _date(summary: Summary, status: os.stat_result) -> tuple[int, int | None]:
    """Return the header's date and its zone, else when the file was stored."""
    if summary.date is None:
        return int(status.st_mtime), None
    offset = summary.date.utcoffset()
    return int(summary.date.timestamp()), int(offset.total_seconds()) // 60 if offset else 0


def _words(addresses: tuple[Address, ...]) -> str:
    return " ".join(f"{each.name} {each.email}" for each in addresses)


def _hash(octets: bytes, size: int) -> bytes:
    return blake2b(octets, digest_size=size).digest()


def _number(account: str, octets: bytes) -> int:
    """Return a hash as SQLite's integers go; of two accounts, the same are two."""
    text = account.encode("utf-8", "surrogateescape") + b"\n" + octets
    return int.from_bytes(_hash(text, 8), "big", signed=True)
