"""Folder names: on the server, in our own texts, and as paths in a Maildir. Pure.

A server may list any name, and a name becomes a directory here. So each
component is escaped, reversibly, until it is harmless, and what cannot be made
so is refused: no name leads outside the Maildir or onto a message directory
(`cur`, `new`, `tmp`).

The input is a decoded mailbox name (`imap.names` does modified UTF-7, RFC 3501
§5.1.3). Octets that could not be decoded are lone surrogates, as Python's
`surrogateescape` makes them; they are escaped and come back as they were.
"""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple, Self

from mailcli.errors import CannotCreate, ProtocolViolation, UsageError
from mailcli.model import Layout

MAX_COMPONENT = 255  # octets; what common file systems take for one name
MAX_PATH = 1000  # octets below the Maildir's root; leaves room for the root and a file name
MAX_DEPTH = 50

_INBOX = "INBOX"
_MESSAGE_DIRECTORIES = frozenset({"cur", "new", "tmp"})
_ESCAPED = r"(?:%[0-9A-F]{2})+"
_NEEDS_ESCAPE = "[%/\x00-\x1f\x7f-\x9f\ud800-\udfff]"


class _Parts(NamedTuple):
    """What a name is made of: made ten times as fast as a dataclass, and every run needs it."""

    parts: tuple[str, ...]


class FolderName(_Parts):
    """A folder's name as a path of components; `("INBOX",)` is the inbox.

    No component is empty. Its text form joins them with `/`; in a component,
    `/` is written `%2F`, and a `%` that would look like an escape `%25`. That
    is what users see and type; almost always it is just the name.
    """

    __slots__ = ()

    def __new__(cls, parts: tuple[str, ...]) -> Self:
        """Make a name of components. Raises: ValueError: one is empty, or there is none."""
        if not all(parts) or not parts:
            raise ValueError(f"a folder name has an empty component: {parts!r}")
        return super().__new__(cls, parts)

    def __str__(self) -> str:
        return "/".join(map(_shown, self.parts))

    def is_within(self, other: "FolderName") -> bool:
        """Tell whether this is `other`, or lies below it."""
        return self.parts[: len(other.parts)] == other.parts

    def moved(self, old: "FolderName", new: "FolderName") -> "FolderName":
        """Return the name that this one, within `old`, has when `old` becomes `new`."""
        return FolderName(new.parts + self.parts[len(old.parts) :])

    @classmethod
    def parse(cls, text: str) -> "FolderName":
        """Read the text form. Raises: UsageError: a component is empty."""
        unescaped = {"%2F": "/", "%25": "%"}
        parts = [
            re.sub("%2F|%25", lambda match: unescaped[match[0]], part) for part in text.split("/")
        ]
        if not all(parts):
            raise UsageError(
                f"not a folder name: {text!r}",
                hint="write it like Work/Clients, without the quotes",
            )
        return cls(_with_inbox(tuple(parts)))


INBOX = FolderName((_INBOX,))


def from_server(name: str, delimiter: str | None, *, prefix: str = "") -> FolderName:
    """Return our name for a mailbox that the server lists.

    `prefix` is the personal namespace (RFC 2342), such as `INBOX.`; it is
    taken off, and names outside it stay whole. INBOX in any case is the inbox,
    also as the parent of other folders. Two names of a server may end up the
    same; and to some file systems even two names of ours are (`Spellings`).

    Raises:
        ProtocolViolation: an empty component, or octets that no decoder gives.
    """
    if _not_from_decoder(name):
        raise ProtocolViolation(f"the folder name {name!r} is not decoded text: it is left alone")
    parts = _split(_without_prefix(name, delimiter, prefix), delimiter)
    if not all(parts):
        hint = "rename the folder with another mail program, or exclude it with folders = [...]"
        raise ProtocolViolation(
            f"the folder {name!r} has an empty name at some level: it is left alone", hint=hint
        )
    return FolderName(_with_inbox(parts))


def to_server(name: FolderName, delimiter: str | None, *, prefix: str = "") -> str:
    """Return the mailbox name for a folder that is created on the server.

    Meant for new folders. For one that the server listed, the name that it
    listed stands in the state.

    Raises:
        CannotCreate: the server has no name that would come back as this one.
    """
    joined = (delimiter or "").join(name.parts)
    candidates = (joined,) if name == INBOX else (prefix + joined, joined)
    for candidate in candidates:
        if _comes_back(candidate, name, delimiter, prefix):
            return candidate
    separator = f"which separates folders by {delimiter!r}" if delimiter else "which nests none"
    raise CannotCreate(
        f"the folder {str(name)!r} has no possible name on this server, {separator}",
        hint="rename the folder",
    )


def _shown(part: str) -> str:
    if "%" in part:
        part = re.sub("%(?=2F|25)", "%25", part)
    return part.replace("/", "%2F")


def to_path(name: FolderName, layout: Layout) -> PurePosixPath:
    """Return where a folder lies below the Maildir's root; `.` is the root itself.

    Nested: one directory per component, INBOX is `INBOX`. Maildir++: one
    directory `.Work.Clients`, INBOX is the root.

    Raises:
        ProtocolViolation: the path would be too long or too deep for a file system.
    """
    if layout is Layout.MAILDIRPP:
        if name == INBOX:
            return PurePosixPath()
        directories = ["".join("." + _escape(part, layout) for part in name.parts)]
    else:
        directories = [_escape(part, layout) for part in name.parts]
    lengths = [len(directory.encode()) for directory in directories]
    if max(lengths) > MAX_COMPONENT:
        raise _too_long(name, f"a directory name has at most {MAX_COMPONENT} octets")
    if sum(lengths) + len(lengths) - 1 > MAX_PATH or len(name.parts) > MAX_DEPTH:
        raise _too_long(name, f"the limit is {MAX_PATH} octets and {MAX_DEPTH} levels")
    return PurePosixPath(*directories)


def from_path(path: PurePosixPath, layout: Layout) -> FolderName | None:
    """Return the folder that `to_path` puts at `path`; None when there is none.

    Such directories are other programs' affair, or were made by hand under a
    name that would be escaped differently: `meant_by` tells what they stand for.
    """
    name = meant_by(path, layout)
    try:
        return name if name and to_path(name, layout) == path else None
    except ProtocolViolation:
        return None


def meant_by(path: PurePosixPath, layout: Layout) -> FolderName | None:
    """Return the folder that a directory is named after, though mailcli may spell it otherwise."""
    if layout is Layout.NESTED:
        directories = path.parts
    elif path == PurePosixPath():
        return INBOX
    else:
        directory = str(path)
        if not directory.startswith("."):
            return None
        directories = tuple(directory[1:].split("."))
    parts = tuple(_unescape(directory) for directory in directories)
    if not parts or not all(parts) or any(map(_not_from_decoder, parts)):
        return None
    return FolderName(_with_inbox(parts))


class Spellings:
    """Paths that are one and the same to a file system that ignores case or normalisation.

    Of several spellings the first one counts, of a folder as of each directory above it.
    """

    def __init__(self, paths: Iterable[PurePosixPath] = ()) -> None:
        self._first: dict[str, PurePosixPath] = {}
        for path in paths:
            self.note(path)

    def note(self, path: PurePosixPath) -> None:
        """Take a path as spelled here, unless one that is the same came before."""
        for each in (path, *path.parents):
            self._first.setdefault(_folded(each), each)

    def first(self, path: PurePosixPath) -> PurePosixPath:
        """Return how a path was spelled first."""
        return self._first.get(_folded(path), path)

    def other(self, path: PurePosixPath) -> PurePosixPath | None:
        """Return the other spelling of a path, or of a directory above it, that came first."""
        return next((self.first(p) for p in (path, *path.parents) if self.first(p) != p), None)


def _folded(path: PurePosixPath) -> str:
    text = str(path)
    if text.isascii():
        return text.casefold()
    from unicodedata import normalize

    return normalize("NFC", normalize("NFD", text).casefold())


def _not_from_decoder(text: str) -> bool:
    """Tell surrogates that do not stand for an undecodable octet: they could not come back."""
    if text.isascii():
        return False
    try:
        octets = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return True
    return octets.decode("utf-8", "surrogateescape") != text


def _with_inbox(parts: tuple[str, ...]) -> tuple[str, ...]:
    return (_INBOX, *parts[1:]) if parts[0].upper() == _INBOX else parts


def _split(name: str, delimiter: str | None) -> tuple[str, ...]:
    return tuple(name.split(delimiter)) if delimiter else (name,)


def _without_prefix(name: str, delimiter: str | None, prefix: str) -> str:
    """Take the namespace off, unless what is left would pass for the inbox."""
    head = name[: len(prefix)]
    inside = head == prefix or (head.upper() == prefix.upper() and _under_inbox(prefix, delimiter))
    rest = name[len(prefix) :]
    if not inside or not rest or _split(rest, delimiter)[0].upper() == _INBOX:
        return name
    return rest


def _under_inbox(prefix: str, delimiter: str | None) -> bool:
    return _split(prefix, delimiter)[0].upper() == _INBOX


def _comes_back(candidate: str, name: FolderName, delimiter: str | None, prefix: str) -> bool:
    try:
        return from_server(candidate, delimiter, prefix=prefix) == name
    except ProtocolViolation:
        return False


def _escape(part: str, layout: Layout) -> str:
    safe = part
    if not part.isprintable() or "%" in part or "/" in part:  # printable: none of the others
        safe = re.sub(_NEEDS_ESCAPE, lambda match: _octets(match[0]), part)
    if layout is Layout.MAILDIRPP:
        return safe.replace(".", _octets("."))
    # Message directories in any case: to some file systems CUR is cur.
    if safe.startswith(".") or safe.lower() in _MESSAGE_DIRECTORIES:
        return _octets(safe[0]) + safe[1:]
    return safe


def _octets(character: str) -> str:
    octets: Iterable[int] = character.encode("utf-8", "surrogateescape")
    return "".join(f"%{octet:02X}" for octet in octets)


def _unescape(directory: str) -> str:
    if "%" not in directory:
        return directory
    return re.sub(
        _ESCAPED,
        lambda match: bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "surrogateescape"),
        directory,
    )


def _too_long(name: FolderName, why: str) -> ProtocolViolation:
    shown = str(name)
    shown = shown if len(shown) <= 80 else f"{shown[:60]}…{shown[-15:]}"
    return ProtocolViolation(
        f"the folder {shown!r} has too long a name to be a directory: {why}",
        hint="rename it with another mail program, or exclude it with folders = [...]",
    )
