"""Mail at a path that belongs to no account: a Maildir, a folder of one, an mbox, a message.

It is read into an index in memory, so that lists and searches mean the same as those of an
account. Nothing is written, and nothing of the bodies is kept but what can be searched for.
"""

import io
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from mailcli.app.catalogue import Catalogue
from mailcli.app.changed import Listing
from mailcli.app.context import Context
from mailcli.app.describing import describe, describe_span
from mailcli.app.found import Found, Place, info_of, open_file
from mailcli.app.indexing import Update
from mailcli.app.spans import Span
from mailcli.errors import InvalidMessage, LocalError, NotFound
from mailcli.message.mbox import is_eml, is_mbox, read_mbox
from mailcli.model import Layout
from mailcli.store.entries import Entry
from mailcli.store.files import local_error
from mailcli.store.index import Index
from mailcli.store.index_rows import Indexed
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX

_Found = TypeVar("_Found")


@dataclass(slots=True)
class PathCatalogue(Catalogue):
    """The index of a path. Its messages have no numbers and no account."""

    path: Path = Path()
    folders: dict[str, Place] = field(default_factory=dict)
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)

    def found(self, message: Indexed) -> Found:
        """Return a message as a command takes it."""
        place = self.folders.get(message.folder)
        path = self.path if place is None else place.where.path_of(message.entry)
        return Found(
            number=None,
            account=None,
            folder=message.folder,
            path=path,
            where=None,
            entry=None,
            info=info_of(message, place, path),
            span=self.spans.get(message.number),
        )


def with_path(
    context: Context, path: Path, work: Callable[[Catalogue], _Found], *, tree: bool = False
) -> _Found:
    """Return what `work` makes of the mail at a path; with `tree`, of folders below one, too.

    Raises: NotFound (66) where there is no mail, LocalError (74), and what `work` raises.
    """
    with Index.in_memory() as index:
        catalogue = PathCatalogue(index, {}, path=path)
        if path.is_dir():
            _read_maildir(context, catalogue, tree=tree)
        else:
            _read_file(catalogue)
        return work(catalogue)


def _read_maildir(context: Context, catalogue: PathCatalogue, *, tree: bool) -> None:
    """Read one folder (with `cur` and `new`), or a tree of them."""
    path = catalogue.path
    if (path / "cur").is_dir() and not tree:
        catalogue.folders[path.name] = Place(Maildir(path, Layout.MAILDIRPP).folder(INBOX))
    else:
        maildir = Maildir(path)
        names = maildir.folders().names
        catalogue.folders |= {str(name): Place(maildir.folder(name)) for name in names}
    listings = [
        Listing("", path, name, place.where, None) for name, place in catalogue.folders.items()
    ]
    Update(context, catalogue.index, None, catalogue.errors, given=False).run(listings)


def _read_file(catalogue: PathCatalogue) -> None:
    """Read an mbox, message by message, or one message; an empty file is an empty mbox."""
    path = catalogue.path
    folder = catalogue.index.folder("", path.name).id
    if not _octets_of(path) and not is_eml(path.name):
        return
    with open_file(path) as stream:
        try:
            if is_mbox(stream.read(5)):
                _read_mbox(catalogue, folder, path)
                return
        except OSError as error:
            raise LocalError(f"{path}: {error.strerror}") from error
    read = describe(str(path.resolve()), "")
    if read is None:
        raise NotFound(f"{path}: no such file")
    catalogue.index.add(-1, folder, Entry("cur", path.name), *read)


def _octets_of(path: Path) -> int:
    """Return the size of a file.

    Raises: NotFound (66); InvalidMessage (65) for a pipe or a device, which can be read but once,
        and perhaps never ends; LocalError (74).
    """
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise NotFound(f"{path}: no such file") from error
    except OSError as error:
        raise local_error(error, path) from error
    if not stat.S_ISREG(status.st_mode):
        raise InvalidMessage(f"{path}: neither a file nor a directory", hint=_SAVE)
    return status.st_size


_SAVE = "write the message to a file first"


def _read_mbox(catalogue: PathCatalogue, folder: int, path: Path) -> None:
    status = os.stat(path)  # noqa: PTH116 - beside its like
    with catalogue.index.transaction(), open_file(path) as spans, open_file(path) as stream:
        for count, lies in enumerate(read_mbox(spans), start=1):
            start, end = lies.start, lies.end
            span = cast(BinaryIO, io.BufferedReader(Span(stream.fileno(), start, end)))
            described, texts, letters = describe_span(span, end - start, int(status.st_mtime))
            entry = Entry("cur", f"{start}-{end}:2,{letters}")
            catalogue.index.add(-count, folder, entry, described, texts)
            catalogue.index.join(-count, described.links, thread=-count)
            catalogue.spans[-count] = (start, end)
