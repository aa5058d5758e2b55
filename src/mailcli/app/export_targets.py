"""Where exported messages go: an mbox, files of their own, a Maildir, or standard output.

What each keeps: an mbox the octets as the Maildir has them (LF), flags and times in fields and
lines of its own (`message.mbox_flags`); an `.eml` file the server's exact octets (CRLF) and the
time, with the flags of a whole directory in a list beside them; a Maildir everything as it is.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from typing import Protocol as Interface

from mailcli.app.carried import MANIFEST, Carried, Listed, manifest_line
from mailcli.app.export_tail import ends_in_part
from mailcli.app.intake import Brought, Intake
from mailcli.errors import LocalError
from mailcli.message.file_names import numbered, safe_name, shortened
from mailcli.message.mbox import from_line, quoted
from mailcli.message.mbox_flags import marking
from mailcli.store.files import make_private_directory, translated
from mailcli.store.folder import MaildirFolder
from mailcli.store.folder_lock import alone_in
from mailcli.store.line_ends import LineEndCensus, to_wire
from mailcli.store.mbox_file import AppendedMbox
from mailcli.store.whole_file import WholeFile

_HEADER = 1 << 14


class Written(NamedTuple):
    """A message that was exported: its number and folder, where it is now, and its octets."""

    id: int | None
    folder: str
    path: str
    octets: int


class Target(Interface):
    """Takes messages."""

    @property
    def already(self) -> int:
        """Messages that were there before."""

    def add(self, message: Carried) -> None:
        """Take a message. Raises: LocalError (74), CannotCreate (73)."""


Record = Callable[[Written], None]
"""Is told of each message: once it is written, and where that is known, durable."""


class Mbox:
    """Writes messages one behind the other, with lines quoted (mboxrd)."""

    already = 0

    def __init__(self, write: Callable[[bytes], object], path: str, record: Record) -> None:
        self._write, self._path, self._record = write, path, record

    def add(self, message: Carried) -> None:
        """Write a message, and the empty line behind it."""
        octets, end, first = 0, b"", b""
        for piece in message.read():
            octets += len(piece)
            end = piece[-1:] or end
            first = first or piece
        is_cut = end != b"\n"
        head = marking(
            message.flags,
            octets=octets,
            is_new=message.is_new,
            is_cut=is_cut,
            is_verbatim=message.verbatim,
        )
        self._write(from_line(message.received) + head)
        for piece in quoted((first,) if len(first) == octets else message.read()):
            self._write(piece)
        self._write(b"\n\n" if is_cut else b"\n")
        self._record(Written(message.id, message.folder, self._path, octets))


@contextmanager
def mbox_file(
    path: Path, record: Record, warn: Callable[[str], None], *, append: bool, force: bool
) -> Iterator[Target]:
    """Give what writes an mbox: a new one, or one that is there (`append`).

    `warn` is told of a message in it that a killed export wrote only in part. It stays: another
    program may have made it shorter, and then it is mail.
    """
    file: AbstractContextManager[WholeFile | AppendedMbox]
    file = AppendedMbox(path) if append and path.exists() else WholeFile(path, replace=force)
    with file as opened:
        if isinstance(opened, AppendedMbox) and ends_in_part(opened.read_at, opened.before):
            warn(f"{path}: the message before is there only in part: its export was stopped")
        yield Mbox(opened.write, str(path), record)


def wire_pieces(message: Carried) -> Iterable[bytes]:
    """Return a message's octets as a server has them (`line_ends`)."""
    verbatim = message.verbatim
    if not verbatim:
        census = LineEndCensus()
        for piece in message.read():
            census.feed(piece)
        verbatim = census.has_cr
    return to_wire(message.read(), verbatim=verbatim)


class Octets:
    """Writes one message exactly, to standard output."""

    already = 0

    def __init__(self, write: Callable[[bytes], object], record: Record) -> None:
        self._write, self._record = write, record

    def add(self, message: Carried) -> None:
        """Write a message."""
        octets = _written(self._write, message)
        self._record(Written(message.id, message.folder, "-", octets))


class EmlFile:
    """Writes one message to a file of its own."""

    already = 0

    def __init__(self, path: Path, record: Record, *, force: bool) -> None:
        self._path, self._record, self._force = path, record, force

    def add(self, message: Carried) -> None:
        """Write a message."""
        octets = _save(message, self._path, force=self._force)
        self._record(Written(message.id, message.folder, str(self._path), octets))


class EmlDirectory:
    """Writes messages to files of their own, named after their subjects."""

    already = 0

    def __init__(self, path: Path, record: Record) -> None:
        self._path, self._record = path, record
        self._count = 0
        self._lines: list[str] = []

    def add(self, message: Carried) -> None:
        """Write a message under the next free name."""
        path = self._free(_subject(message))
        octets = _save(message, path, force=False)
        self._lines.append(manifest_line(path.name, Listed(message.flags, message.verbatim)))
        self._record(Written(message.id, message.folder, str(path), octets))

    def finish(self) -> None:
        """List the flags of all files, behind what an earlier export listed."""
        manifest = self._path / MANIFEST
        with translated(manifest):
            before = manifest.read_bytes() if manifest.exists() else b""
        with WholeFile(manifest, replace=True) as file:
            file.write(before)
            for line in self._lines:
                file.write(line.encode())

    def _free(self, subject: str) -> Path:
        self._count += 1
        name = shortened(f"{self._count:05}{f' {subject}' if subject else ''}.eml")
        tried = self._path / name
        attempt = 0
        while os.path.lexists(tried):
            attempt += 1
            tried = self._path / numbered(name, attempt)
        return tried


@contextmanager
def eml_directory(path: Path, record: Record) -> Iterator[Target]:
    """Give what writes `.eml` files into a directory, made if need be."""
    make_private_directory(path)
    target = EmlDirectory(path, record)
    try:
        yield target
    finally:
        target.finish()  # also of those that were written before something failed


class IntoMaildir:
    """Puts messages into a folder of a Maildir, each once."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    @property
    def already(self) -> int:
        """Messages that were there before."""
        return self._intake.already

    def add(self, message: Carried) -> None:
        """Put a message into the folder."""
        self._intake.take(message)


@contextmanager
def maildir_folder(path: Path, below: PurePosixPath, record: Record, now: int) -> Iterator[Target]:
    """Give what puts messages into a folder of the Maildir at `path`, made if need be.

    Raises: TemporaryFailure (75) while another export does.
    """
    folder = MaildirFolder(path, below)
    folder.create()

    def brought(each: Brought) -> None:
        where = str(folder.path_of(each.entry))
        record(Written(each.id, each.folder, where, each.octets))

    with alone_in(folder), Intake(folder, brought, now=now) as intake:
        yield IntoMaildir(intake)


def _save(message: Carried, path: Path, *, force: bool) -> int:
    with WholeFile(path, replace=force) as file:
        octets = _written(file.write, message)
        if message.received is not None:
            file.set_time(message.received)
    return octets


def _written(write: Callable[[bytes], object], message: Carried) -> int:
    octets = 0
    for piece in wire_pieces(message):
        write(piece)
        octets += len(piece)
    return octets


def _subject(message: Carried) -> str:
    """Return a message's subject as far as it can be in the name of a file."""
    from mailcli.message.summary import summarise

    try:
        head = next(iter(message.read()), b"")[:_HEADER]
    except LocalError:
        return ""
    name = safe_name(summarise(head).subject or "")
    return name.encode()[:80].decode("utf-8", "ignore").strip(". ")
