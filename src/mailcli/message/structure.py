"""What a message holds: its header fields and its parts, as places in its octets. Pure.

RFC 5322 §2.1, RFC 2045, RFC 2046 §5.1. The message is read once, forwards, in
blocks; a part is where it lies, so that a message of any size takes the memory
of its structure alone. Lines end in CRLF or LF, in any mixture.

Whatever the octets are, there is a structure: what breaks a rule is noted in
`Message.defects` and read as its writer will have meant it.

- A header ends at an empty line, or at a line that is no field.
- A boundary is its whole line: one may begin like another. The innermost
  multipart has its line, and an outer one's line ends those within it.
- A multipart without a boundary, or that never uses it, is text.
- The encoding of a multipart is nobody's business (RFC 2045 §6.4).
- A forwarded message's parts lie below it, unless it was encoded.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from mailcli.message import delimiters
from mailcli.message.delimiters import Delimiters, Stop
from mailcli.message.fields import Field, parse_fields
from mailcli.message.parameters import boundary_of, parse_value
from mailcli.message.window import Window

LONGEST_HEADER = delimiters.LONGEST_HEADER
"""Octets of one header that are read."""

DEEPEST = 100
"""Parts within parts; what is nested deeper is one part."""

MOST_PARTS = 10_000
_LONGEST_MIME_FIELD = 8_192
"""Octets of a field that says what a part is: enough for any name, in all its pieces."""

_SHORT_MIME_FIELD = 512
_ROOM = 4_000_000
"""Octets of such fields in a message; once they are used up, each is read so far alone."""

_MOST_DEFECTS = 50
_LONGEST_PREFIX = 4_096
_MESSAGES = frozenset({"message/rfc822", "message/global"})
_PLAIN_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})

_PREFIX = re.compile(rb"(?:\xef\xbb\xbf)?(?:>?From [^\n]*\n)*")
"""What may stand before a message: a BOM, and an mbox's separator."""

_TYPE = re.compile(r"[^\s/;,()<>@\"=]+/[^\s/;,()<>@\"=]+")


class Range(NamedTuple):
    """A stretch of octets: from `start` up to, but not including, `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Octets in it."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message (RFC 2045 §2.4), and where it lies in the stream.

    `number` is IMAP's (RFC 3501 §6.4.5): a message that is no multipart has part "1", a
    multipart message itself has "". A multipart that is the body of a forwarded message N has
    "N.TEXT", and its parts are "N.1" and so on. `type` is in lower case, `text/plain` where
    nothing useful is declared; of a multipart that has no parts, too.
    `disposition` is `attachment`, `inline`, another word or "". `name` is the file name that
    the sender gave, decoded and **not safe** to use (see `file_names`). `encoding` is the
    Content-Transfer-Encoding in lower case, `7bit` where none is given. `content_id` has no
    angle brackets.
    """

    number: str
    type: str
    header: Range
    body: Range
    parameters: Mapping[str, str] = field(default_factory=dict)
    disposition: str = ""
    name: str | None = None
    encoding: str = "7bit"
    content_id: str | None = None
    parts: tuple["Part", ...] = ()

    @property
    def main_type(self) -> str:
        """What stands before the slash: `text`, `image`, `multipart`."""
        return self.type.partition("/")[0]

    @property
    def is_multipart(self) -> bool:
        """Whether it is only what holds its parts together."""
        return self.type.startswith("multipart/")

    @property
    def is_message(self) -> bool:
        """Whether it is a forwarded message; `parts` has its root, unless it was encoded."""
        return self.type in _MESSAGES

    @property
    def charset(self) -> str | None:
        """The charset as it is declared, for `charsets.to_text`."""
        return self.parameters.get("charset")

    def walk(self) -> Iterator["Part"]:
        """Yield this part and all below it, in the order of the message."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its header fields in order, its parts, its size in octets, what is wrong."""

    fields: tuple[Field, ...]
    root: Part
    size: int
    defects: tuple[str, ...] = ()

    def walk(self) -> Iterator[Part]:
        """Yield all parts, the root first, in the order of the message."""
        return self.root.walk()

    def part(self, number: str) -> Part | None:
        """Return the part of this number; None where there is none."""
        return next((part for part in self.walk() if part.number == number), None)

    def value(self, name: str) -> bytes | None:
        """Return the value of the first field of this name, which is given in lower case."""
        return next((each.value for each in self.fields if each.name.lower() == name), None)

    def values(self, name: str) -> list[bytes]:
        """Return the values of all fields of this name, which is given in lower case."""
        return [each.value for each in self.fields if each.name.lower() == name]


def read_structure(stream: BinaryIO) -> Message:
    """Return what a message holds; `stream` is seekable, and is read forwards once.

    Never fails for what is in the message. Raises: OSError of the stream.
    """
    return _Reader(Window(stream)).message()


def read_fields(stream: BinaryIO, header: Range) -> tuple[Field, ...]:
    """Return the header fields of a part or of a forwarded message."""
    stream.seek(header.start)
    return parse_fields(stream.read(min(header.length, LONGEST_HEADER)))[0]


_SAY_WHAT = frozenset(
    {"content-type", "content-transfer-encoding", "content-disposition", "content-id"}
)


class _Head(NamedTuple):
    """The header of a part, what it says, and where the body begins."""

    range: Range
    fields: tuple[Field, ...]
    body: int
    stop: Stop | None  # a delimiter that came before any body


class _Place(NamedTuple):
    """The number that a part gets, as it turns out to be a leaf or a multipart, and its parts'."""

    leaf: str
    multipart: str
    prefix: str


_ROOT = _Place("1", "", "")


def _forwarded(number: str) -> _Place:
    return _Place(f"{number}.1", f"{number}.TEXT", f"{number}.")


class _Reader:
    """Reads one message; `_stop` is where the last part ended."""

    __slots__ = ("_count", "_defects", "_delimiters", "_room", "_stop", "_window")

    def __init__(self, window: Window) -> None:
        self._window = window
        self._delimiters = Delimiters(window)
        self._count = 0
        self._room = _ROOM
        self._defects: dict[str, None] = {}
        self._stop = self._delimiters.end()

    def message(self) -> Message:
        head = self._message_head(0)
        root = self._part(head, _ROOT, "text/plain", 0)
        return Message(head.fields, root, self._window.size, tuple(self._defects))

    def _note(self, defect: str) -> None:
        if len(self._defects) < _MOST_DEFECTS:
            self._defects[defect] = None

    # parts

    def _part(self, head: _Head, place: _Place, default: str, depth: int) -> Part:
        """Read a part whose header was read; `_stop` then says where and why it ended."""
        said = _mime_fields(
            head.fields, _LONGEST_MIME_FIELD if self._room > 0 else _SHORT_MIME_FIELD
        )
        self._room -= sum(map(len, said.values()))
        kind = default
        parameters: Mapping[str, str] = {}
        if "content-type" in said:
            kind, parameters = parse_value(said["content-type"])
            kind = kind if _TYPE.fullmatch(kind) else "text/plain"  # RFC 2045 §5.2
        encoding = _first(said, "content-transfer-encoding")[0]
        number = place.leaf
        parts: tuple[Part, ...] = ()
        self._count += 1
        if head.stop is not None:
            self._stop = head.stop
            if kind in _MESSAGES:  # one of which nothing came
                nothing = Range(head.body, head.body)
                parts = (Part(_forwarded(number).leaf, "text/plain", nothing, nothing),)
        elif depth >= DEEPEST and kind.startswith(("multipart/", "message/")):
            self._note(f"parts within parts, more than {DEEPEST} deep")
            self._stop = self._delimiters.next(head.body)
        elif kind.startswith("multipart/"):
            inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"
            parts = self._multipart(head.body, said["content-type"], (place.prefix, inner), depth)
        elif kind in _MESSAGES and encoding in _PLAIN_ENCODINGS:
            inner_head = self._message_head(head.body)
            parts = (self._part(inner_head, _forwarded(number), "text/plain", depth + 1),)
        else:
            self._stop = self._delimiters.next(head.body)
        if kind.startswith("multipart/"):
            encoding = ""
            if parts:
                number = place.multipart
            else:
                kind = "text/plain"
        disposition, more = _first(said, "content-disposition")
        return Part(
            number=number,
            type=kind,
            header=head.range,
            body=Range(head.body, max(head.body, self._stop.at)),
            parameters=parameters,
            disposition=disposition,
            name=more.get("filename") or parameters.get("name") or None,
            encoding=encoding or "7bit",
            content_id=_identifier(said.get("content-id")),
            parts=parts,
        )

    def _multipart(
        self, at: int, field: bytes, below: tuple[str, str], depth: int
    ) -> tuple[Part, ...]:
        """Read the parts of a multipart whose body begins at `at`, and what follows them."""
        boundary = boundary_of(field)
        if not boundary:
            self._note("a multipart without a boundary")
            self._stop = self._delimiters.next(at)
            return ()
        level = self._delimiters.enter(boundary)
        stop = self._delimiters.next(at)
        parts: list[Part] = []
        while stop.level == level and not stop.closes:
            if self._count >= MOST_PARTS:
                self._note(f"more than {MOST_PARTS} parts")
                stop = self._delimiters.end()
                break
            number = f"{below[0]}{len(parts) + 1}"
            place = _Place(number, number, f"{number}.")
            parts.append(self._part(self._head(stop.after), place, below[1], depth + 1))
            stop = self._stop
        self._delimiters.leave()
        if stop.level == level:
            stop = self._delimiters.next(stop.after)
        elif parts:
            self._note("a multipart that never ends")
        if not parts:
            self._note("a multipart without parts")
        self._stop = stop
        return tuple(parts)

    # headers

    def _message_head(self, at: int) -> _Head:
        """Read the header of a message: the whole one, or a forwarded one."""
        prefix = _PREFIX.match(self._window.take(at, _LONGEST_PREFIX))
        return self._head(at + prefix.end() if prefix else at)

    def _head(self, at: int) -> _Head:
        end, body, stop, is_cut = self._delimiters.header_end(at)
        if is_cut:
            self._note(f"a header longer than {LONGEST_HEADER} octets")
        text = self._window.take(at, end - at)
        fields, used = parse_fields(text)
        if used < len(text) and not is_cut:
            self._note("a header without an empty line behind it")
            end = body = at + used
            stop = None
        return _Head(Range(at, end), fields, body, stop)


def _mime_fields(fields: tuple[Field, ...], most: int) -> dict[str, bytes]:
    """Return the first of each field that says what a part is."""
    found: dict[str, bytes] = {}
    for name, value in fields:
        if name[:8].lower() == "content-" and name.lower() in _SAY_WHAT:
            found.setdefault(name.lower(), value[:most])
    return found


def _first(said: Mapping[str, bytes], name: str) -> tuple[str, Mapping[str, str]]:
    return parse_value(said[name]) if name in said else ("", {})


def _identifier(value: bytes | None) -> str | None:
    """Return a Content-ID without its angle brackets."""
    text = (value or b"").strip(b" \t<>").decode("utf-8", "replace")
    return text or None
