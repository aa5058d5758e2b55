"""A message on its way in or out, and where such messages are found outside of accounts' Maildirs.

In an mbox, a file of its own, a directory of such files, or another program's Maildir. Nothing is
ever changed there. Of a message larger than `CHUNK` no more than that is held.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mailcli.app.found import open_file
from mailcli.errors import NotFound
from mailcli.message.mbox import MboxMessage, is_eml, received_of, unquoted
from mailcli.message.mbox_flags import flags_in, read_marking
from mailcli.model import Flag, Flags, Keyword
from mailcli.store.entries import Entry
from mailcli.store.files import local_error, translated
from mailcli.store.folder import MaildirFolder

CHUNK = 1 << 20
"""Octets read at a time; what is no longer is held while it is dealt with."""

MANIFEST = "mailcli-export.jsonl"
"""What an export of `.eml` files lists flags in, which such files have no place for."""

_HEADER = 1 << 16
"""Octets in which flags are looked for."""


class Carried(NamedTuple):
    """A message as a Maildir, or another program's file, holds it.

    `read` gives its octets, anew each time; where none is a CR, LF stands for CRLF, unless it is
    `verbatim`. `received` is in Unix seconds. `expected`: so many octets it had when it was
    exported. `id` and `folder` are those of a message that is on its way out.
    """

    read: Callable[[], Iterable[bytes]]
    origin: str
    flags: Flags = frozenset()
    received: int | None = None
    verbatim: bool = False
    is_new: bool = False
    expected: int | None = None
    id: int | None = None
    folder: str = ""


def from_mbox(stream: BinaryIO, lies: MboxMessage, path: Path | str, origin: str) -> Carried:
    """Return a message of an open mbox, quoting undone, and without what an export added.

    Raises: LocalError (74), also when it is read.
    """
    with translated(path):
        head = _at(stream, lies.start, min(lies.end - lies.start, CHUNK))
    marking = read_marking(head)
    skipped, is_cut = (marking.length, marking.is_cut) if marking else (0, False)
    flags = marking.flags if marking else None
    if flags is None:
        flags = flags_in(head[skipped : skipped + _HEADER])

    def read() -> Iterable[bytes]:
        if lies.end - lies.start <= CHUNK:
            pieces: Iterable[bytes] = (head[skipped:],)
        else:
            pieces = _pieces(stream, lies.start + skipped, lies.end, path)
        pieces = unquoted(pieces) if lies.quoted else pieces
        return _without_last(pieces) if is_cut else pieces

    return Carried(
        read,
        origin,
        flags=flags,
        received=received_of(lies.line),
        verbatim=marking is not None and marking.is_verbatim,
        expected=marking.octets if marking else None,
    )


def from_stream(stream: BinaryIO, name: str) -> Carried:
    """Return the one message that an open file is. Raises: LocalError (74) when it is read."""
    with translated(name):
        end = stream.seek(0, os.SEEK_END)
    return Carried(lambda: _pieces(stream, 0, end, name), name)


def from_file(path: Path, *, flags: Flags = frozenset(), verbatim: bool = False) -> Carried:
    """Return the message that a file is. Raises: NotFound (66), LocalError (74)."""
    with open_file(path) as file, translated(path):
        received = int(os.fstat(file.fileno()).st_mtime)
        data = file.read(CHUNK)
        is_whole = not file.read(1)

    def read() -> Iterable[bytes]:
        return (data,) if is_whole else _file_pieces(path)

    return Carried(read, str(path), flags=flags, received=received, verbatim=verbatim)


def from_directory(path: Path) -> Iterator[Carried]:
    """Yield the messages of a directory of `.eml` files, with the flags that an export listed."""
    told = read_manifest(path)
    for file in eml_files(path):
        found = told.get(file.name, Listed(frozenset(), verbatim=False))
        yield from_file(file, flags=found.flags, verbatim=found.verbatim)


def eml_files(path: Path) -> list[Path]:
    """Return the `.eml` files of a directory, by name. Raises: LocalError (74)."""
    with translated(path), os.scandir(path) as items:
        names = sorted(item.name for item in items if item.is_file() and is_eml(item.name))
    return [path / name for name in names]


def from_folder(folder: MaildirFolder, entries: Iterable[Entry]) -> Iterator[Carried]:
    """Yield messages of a Maildir's folder; those that are gone meanwhile are left out.

    Raises: LocalError (74).
    """
    names = folder.keyword_letters()
    for entry in entries:
        flags = entry.flags | names.keywords_of(entry.others)
        try:
            yield from_entry(folder, entry, flags)
        except NotFound:
            continue


def from_entry(folder: MaildirFolder, entry: Entry, flags: Flags) -> Carried:
    """Return a message of a Maildir's folder. Raises: NotFound (66), LocalError (74)."""
    descriptor = folder.open(entry)
    with translated(folder.path_of(entry)), os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        data = file.read(CHUNK) or b""
    is_whole = len(data) >= status.st_size

    def read() -> Iterable[bytes]:
        return (data,) if is_whole else _entry_pieces(folder, entry)

    return Carried(
        read,
        str(folder.path_of(entry)),
        flags=flags,
        received=int(status.st_mtime),
        verbatim=entry.marked_verbatim,
        is_new=entry.subdirectory == "new",
    )


# -- the flags of .eml files ------------------------------------------------


class Listed(NamedTuple):
    """What an export lists of an `.eml` file."""

    flags: Flags
    verbatim: bool


def manifest_line(name: str, listed: Listed) -> str:
    """Return the line for a file."""
    system = sorted(flag.name.lower() for flag in listed.flags if isinstance(flag, Flag))
    words = sorted(flag.imap for flag in listed.flags if isinstance(flag, Keyword))
    line = {"file": name, "flags": system, "keywords": words, "verbatim": listed.verbatim}
    return json.dumps(line) + "\n"


def read_manifest(directory: Path) -> dict[str, Listed]:
    """Return what an export listed of the files of a directory; nothing of lines that say none."""
    try:
        lines = (directory / MANIFEST).read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise local_error(error, directory / MANIFEST) from error
    return dict(filter(None, map(_listed, lines)))


def _listed(line: bytes) -> tuple[str, Listed] | None:
    try:
        read = json.loads(line)
        flags = {Flag[name.upper()] for name in read["flags"]}
        words = {Keyword(str(name)) for name in read["keywords"]}
        return str(read["file"]), Listed(frozenset({*flags, *words}), bool(read["verbatim"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


# -- octets ------------------------------------------------------------------


def _at(stream: BinaryIO, place: int, octets: int) -> bytes:
    stream.seek(place)
    return stream.read(octets)


def _pieces(stream: BinaryIO, start: int, end: int, path: Path | str) -> Iterator[bytes]:
    for place in range(start, end, CHUNK):
        with translated(path):
            piece = _at(stream, place, min(CHUNK, end - place))
        yield piece


def _file_pieces(path: Path) -> Iterator[bytes]:
    with open_file(path) as file:
        yield from _rest(file, path)


def _entry_pieces(folder: MaildirFolder, entry: Entry) -> Iterator[bytes]:
    with os.fdopen(folder.open(entry), "rb", buffering=0) as file:
        yield from _rest(file, folder.path_of(entry))


def _rest(file: BinaryIO, path: Path) -> Iterator[bytes]:
    while True:
        with translated(path):
            piece = file.read(CHUNK)
        if not piece:
            return
        yield piece


def _without_last(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield octets without the line end that they end with."""
    held = b""
    for piece in pieces:
        if piece:
            yield held
            held = piece
    yield held.removesuffix(b"\n")
