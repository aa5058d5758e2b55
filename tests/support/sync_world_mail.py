"""Messages for worlds that are synchronised, and copies of them as each side shows them.

Content is known by a digest that is the same for both sides even where a server
mends line ends: Dovecot turns a bare LF into CRLF when a message is appended.
Marks are flags and keywords by their IMAP names.
"""

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

LETTERS: Final = {
    "D": "\\Draft",
    "F": "\\Flagged",
    "P": "$Forwarded",
    "R": "\\Answered",
    "S": "\\Seen",
    "T": "\\Deleted",
}
FLAGS: Final = tuple(sorted(LETTERS.values()))
KEYWORDS: Final = ("$Label1", "project")

Marks = frozenset[str]
NO_MARKS: Marks = frozenset()


class Kind(StrEnum):
    """What is odd about a message."""

    PLAIN = "plain"
    SAME_ID = "with the Message-ID of another"
    NO_ID = "without Message-ID"
    EIGHT_BIT = "8 bit"
    LONE_CR = "with a lone CR"
    MIXED = "with mixed line ends"
    NO_BODY = "without a body"
    NO_END = "without a last line end"


class Copy(NamedTuple):
    """One message in one folder of one side."""

    folder: str
    content: str
    marks: Marks

    def __str__(self) -> str:
        marks = " ".join(sorted(self.marks))
        return f"{self.content} in {self.folder} ({marks})"


Copies = Counter[Copy]


@dataclass(frozen=True, slots=True)
class Message:
    """Octets to deliver, and what they are called in a story."""

    number: int
    kind: Kind
    raw: bytes

    @property
    def content(self) -> str:
        """How copies of it name their content."""
        return content_of(self.raw)

    def __str__(self) -> str:
        return f"message {self.number}, {self.kind} ({self.content})"


def message(number: int, kind: Kind = Kind.PLAIN) -> Message:
    """Return the message of this number; each number has other octets, whatever its kind."""
    identity = b"<%d@world.example>" % (number // 2 * 2 if kind is Kind.SAME_ID else number)
    head = b"From: a@b.example\r\nSubject: message %d\r\n" % number
    if kind is not Kind.NO_ID:
        head += b"Message-ID: " + identity + b"\r\n"
    return Message(number, kind, head + b"\r\n" + _BODIES.get(kind, b"Hello.\r\n"))


_BODIES: Final = {
    Kind.EIGHT_BIT: "Grüße\r\n".encode() + b"\xff\xfe\r\n",
    Kind.LONE_CR: b"one\rtwo\r\n",
    Kind.MIXED: b"one\ntwo\r\n",
    Kind.NO_BODY: b"",
    Kind.NO_END: b"no line end",
}


def content_of(raw: bytes) -> str:
    """Return what names this content on any side: the start of a digest."""
    return sha256(with_line_ends(raw)).hexdigest()[:8]


def with_line_ends(raw: bytes) -> bytes:
    """Return octets as a server keeps them that knows no bare LF."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", raw)


def is_within(folder: str, outer: str) -> bool:
    """Tell whether a folder is another one or below it."""
    return folder == outer or folder.startswith(f"{outer}/")


def hold_same(found: Copies, expected: Copies, where: str) -> None:
    """Assert that a side has what it should have, and say what differs."""
    told = [f"missing {where}: {n} {copy}" for copy, n in (expected - found).items()]
    told += [f"beyond it {where}: {n} {copy}" for copy, n in (found - expected).items()]
    assert not told, "\n".join(told)
