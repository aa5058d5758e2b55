"""What a path holds that is to be imported: messages, and into which folders they go."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple, Self

from mailcli.app.carried import (
    Carried,
    eml_files,
    from_directory,
    from_file,
    from_folder,
    from_mbox,
    from_stream,
)
from mailcli.app.found import open_file
from mailcli.errors import InvalidMessage, NotFound, UsageError
from mailcli.message.mbox import is_eml, is_mbox, read_mbox
from mailcli.model import Layout
from mailcli.store.files import local_error, translated
from mailcli.store.folder import MaildirFolder
from mailcli.store.folder_view import is_maildir
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX, FolderName

STDIN = "-"
"""The path that stands for standard input."""

_BEGINNING = 1 << 12


class Source(NamedTuple):
    """Messages that go into one folder.

    `octets` or else `number` says how much there is; `messages` gives them. `warnings` tell what
    is odd about the whole, such as a last message that is cut.
    """

    name: str
    target: FolderName
    messages: Callable[[], Iterator[Carried]]
    octets: int = 0
    number: int = 0
    warnings: tuple[str, ...] = ()


class Where(NamedTuple):
    """Where messages go: `folder`, or with `tree` folders as they are called where they lie."""

    folder: FolderName | None
    tree: bool

    @classmethod
    def of(cls, folder: str | None, *, tree: bool) -> Self:
        """Read a folder's name. Raises: UsageError (2)."""
        return cls(FolderName.parse(folder) if folder else None, tree)


def sources_of(
    path: str, where: Where, stack: ExitStack, spool: Callable[[], BinaryIO]
) -> list[Source]:
    """Return what there is at a path. Files stay open in `stack`; `spool` gives standard input.

    Raises: NotFound (66), InvalidMessage (65) for what is no mail, UsageError (2) for folders that
        nobody said where to put; LocalError (74).
    """
    base = where.folder or INBOX
    if path == STDIN:
        return [_of_stream(stack.enter_context(spool()), "standard input", base)]
    place = Path(path)
    try:
        kind = place.stat().st_mode
    except FileNotFoundError as error:
        raise NotFound(f"{path}: no such file or directory") from error
    except OSError as error:
        raise local_error(error, path) from error
    if stat.S_ISDIR(kind):
        return _of_directory(place, where, base)
    if not stat.S_ISREG(kind):
        raise InvalidMessage(
            f"{path}: neither a file nor a directory", hint="pipe it to: import -"
        )
    if is_eml(place.name):
        return [_of_message(place, base)]
    return [_of_stream(stack.enter_context(open_file(place)), path, base)]


def _of_stream(stream: BinaryIO, name: str, target: FolderName) -> Source:
    """Return the messages of an mbox, or the one message that a stream is."""
    with translated(name):
        octets = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, octets - 1))
        last = stream.read(1)
        stream.seek(0)
        beginning = stream.read(_BEGINNING)
    if is_mbox(beginning):
        cut = f"{name}: it ends within a line; its last message may be cut"
        warnings = (cut,) if last != b"\n" else ()
        return Source(name, target, lambda: _in_mbox(stream, name), octets, warnings=warnings)
    if name.lower().endswith(".mbox") and beginning:
        hint = "an mbox begins with a line like: From ada@example.org Mon Nov  2 10:00:00 2026"
        raise InvalidMessage(
            f"{name}: not an mbox, as it does not begin with a From_ line", hint=hint
        )
    if not beginning:
        return Source(name, target, lambda: iter(()))
    if not _looks_like_message(beginning):
        hint = "what is one message all the same goes in under a name that ends in .eml"
        raise InvalidMessage(f"{name}: neither an mbox nor a message", hint=hint)
    return Source(name, target, lambda: iter((from_stream(stream, name),)), octets, number=1)


def _looks_like_message(beginning: bytes) -> bool:
    """Tell whether a first line is a header field: a name without spaces, and a colon."""
    name, colon, _ = beginning.partition(b"\n")[0].partition(b":")
    name = name.rstrip(b" \t")
    return bool(colon and name) and all(33 <= octet <= 126 for octet in name)


def _in_mbox(stream: BinaryIO, name: str) -> Iterator[Carried]:
    lies = read_mbox(stream)
    number = 0
    while True:
        with translated(name):
            message = next(lies, None)
        if message is None:
            return
        number += 1
        yield from_mbox(stream, message, name, f"{name}, message {number}")


def _of_message(path: Path, target: FolderName) -> Source:
    with translated(path):
        octets = path.stat().st_size
    return Source(str(path), target, lambda: iter((from_file(path),)), octets, number=1)


def _of_directory(path: Path, where: Where, base: FolderName) -> list[Source]:
    folders = _folders_in(path, where)
    if folders:
        return folders
    files = eml_files(path)
    if not files:
        raise NotFound(
            f"{path}: neither a Maildir nor a directory of .eml files",
            hint="a folder of a Maildir holds the directories cur, new and tmp",
        )
    return [Source(str(path), base, lambda: from_directory(path), number=len(files))]


def _folders_in(path: Path, where: Where) -> list[Source]:
    """Return the folders of a Maildir: a nested tree, Maildir++, or one folder."""
    is_folder = is_maildir(str(path))
    maildir = Maildir(path, _layout_of(path) if is_folder else Layout.NESTED)
    names = [name for name in maildir.folders().names if not (is_folder and name == INBOX)]
    if names and where.folder is None and not where.tree:
        raise UsageError(
            f"{path}: a tree of folders",
            hint="--folder NAME puts them below NAME, --tree as they are called",
        )
    skipped = tuple(
        f"{each.path}: left out, as it is {each.reason}" for each in maildir.folders().skipped
    )
    found = [_of_folder(maildir.folder(name), _below(where.folder, name)) for name in names]
    if is_folder:
        whole = MaildirFolder(path, PurePosixPath())
        found.insert(0, _of_folder(whole, where.folder or INBOX))
    if found and skipped:
        found[0] = found[0]._replace(warnings=skipped)
    return found


def _layout_of(path: Path) -> Layout:
    """Tell Maildir++, whose folders begin with a dot, from folders that hold others."""
    with translated(path), os.scandir(path) as items:
        dotted = any(item.name.startswith(".") and is_maildir(item.path) for item in items)
    return Layout.MAILDIRPP if dotted else Layout.NESTED


def _below(folder: FolderName | None, name: FolderName) -> FolderName:
    return name if folder is None else FolderName(folder.parts + name.parts)


def _of_folder(folder: MaildirFolder, target: FolderName) -> Source:
    entries = folder.scan()
    return Source(
        str(folder.path), target, lambda: from_folder(folder, folder.scan()), number=len(entries)
    )
