"""The mail that the bench moves: repeatable, plausible, never read from a real mailbox.

Every message is a pure function of its number, so that any machine builds the
same bytes and any part of a corpus can be built alone. Lines end in CRLF, as on
the wire (RFC 5322 §2.3).
"""

import base64
import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache

_FIRST_DATE = datetime(2020, 1, 1, tzinfo=UTC)
_ATTACHMENT_EVERY = 11
LARGE = 1_000_000
"""The number from which on messages are large."""
SHORT = 10_000_000
"""The number from which on messages are short: where their number counts, not their size."""
_SHORT_TEXT = 300  # octets, without headers
_SMALLEST, _LARGEST = 200, 400_000  # octets of text, before headers and attachments
_MU, _SIGMA = 8.08, 1.1  # natural logarithm of octets; gives 6.6 kB a message in the mean
_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "qui", "ro", "su")


def messages(count: int, *, first: int = 0) -> Iterator[bytes]:
    """Yield `count` messages, numbered from `first`."""
    return (message(number) for number in range(first, first + count))


def message(number: int) -> bytes:
    """Return message `number`: plain text, and a base64 attachment in one of eleven.

    From `LARGE` on, a message has as many megabytes of text as its number is above that;
    from `SHORT` on, it is short.
    """
    rng = random.Random(f"mailcli bench {number}")
    if number >= SHORT:
        return _head(rng, number, "text/plain; charset=utf-8") + _text(rng, _SHORT_TEXT)
    if number >= LARGE:
        text, _ = _long_text()
        return _head(rng, number, "text/plain; charset=utf-8") + _repeated(text, number - LARGE)
    size = max(_SMALLEST, min(_LARGEST, int(rng.lognormvariate(_MU, _SIGMA))))
    text = _text(rng, size)
    if number % _ATTACHMENT_EVERY:
        return _head(rng, number, "text/plain; charset=utf-8") + text
    boundary = f"=_bench_{number}"
    head = _head(rng, number, f'multipart/mixed; boundary="{boundary}"')
    return head + _with_attachment(rng, boundary, _opening(text), size)


def fingerprint(raw: bytes) -> bytes:
    """Return what identifies a message, be its line ends CRLF or, as in a Maildir, LF."""
    return hashlib.sha256(raw.replace(b"\r\n", b"\n")).digest()


def fingerprints(raws: Iterable[bytes]) -> Counter[bytes]:
    """Count the fingerprints of several messages."""
    return Counter(map(fingerprint, raws))


def _repeated(text: bytes, megabytes: int) -> bytes:
    return text * max(1, round(megabytes * 1_000_000 / len(text)))


def _head(rng: random.Random, number: int, content_type: str) -> bytes:
    date = format_datetime(_FIRST_DATE + timedelta(minutes=37 * (number % LARGE)))
    sender = f"sender{number % 97}@example.org"
    subject = " ".join(rng.choices(words(), k=7))
    lines = [
        f"Return-Path: <{sender}>",
        f"Received: from mx{number % 7}.example.org by mail.example.test with ESMTPS; {date}",
        f"Message-ID: <{number}.{rng.getrandbits(64):016x}@example.org>",
        f"Date: {date}",
        f"From: Sender {number % 97} <{sender}>",
        "To: User <user@example.test>",
        f"Subject: {subject} {number}",
        "MIME-Version: 1.0",
        f"Content-Type: {content_type}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _with_attachment(rng: random.Random, boundary: str, text: bytes, size: int) -> bytes:
    opening = f"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    between = (
        f"\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="data.bin"\r\n\r\n'
    )
    blob = base64.encodebytes(rng.randbytes(size)).replace(b"\n", b"\r\n")
    return opening.encode() + text + between.encode() + blob + f"--{boundary}--\r\n".encode()


def _opening(text: bytes) -> bytes:
    """Return the first whole lines of a text, 1,500 octets at most."""
    return text[: text.rfind(b"\r\n", 0, 1500) + 2]


def _text(rng: random.Random, size: int) -> bytes:
    """Return about `size` octets of whole lines: a stretch of one long text, which is quick."""
    text, starts = _long_text()
    start = rng.choice(starts)
    end = text.find(b"\r\n", min(start + size, len(text) - 2))
    return text[start:] if end < 0 else text[start : end + 2]


@cache
def _long_text() -> tuple[bytes, list[int]]:
    """Return a text of about 1 MB, and the offsets of lines that may begin a message.

    One line in fifty begins with a dot, so that dot-stuffing (RFC 1939 §3) is
    not forgotten by anyone.
    """
    rng = random.Random("mailcli bench text")
    lines = [" ".join(rng.choices(words(), k=10)) for _ in range(18_000)]
    lines = [f".{line}" if number % 50 == 7 else line for number, line in enumerate(lines)]
    starts, offset = [], 0
    for line in lines[: len(lines) // 2]:
        starts.append(offset)
        offset += len(line) + 2
    return ("\r\n".join(lines) + "\r\n").encode(), starts


@cache
def words() -> tuple[str, ...]:
    """Return the words that texts and subjects are made of."""
    rng = random.Random("mailcli bench words")
    return tuple("".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4))) for _ in range(800))
