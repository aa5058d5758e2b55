"""Messages on their way out: those that were selected, or those of whole folders."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mailcli.app.carried import Carried, from_entry, from_file, from_mbox
from mailcli.app.found import Found, open_file
from mailcli.config import Account
from mailcli.errors import NotFound
from mailcli.message.mbox import MboxMessage, line_before
from mailcli.model import Flags, Keyword
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName


class Group(NamedTuple):
    """Messages and how many they are. `folder` is theirs where they are to lie below it."""

    folder: FolderName | None
    number: int
    messages: Iterable[Carried]


def selected(found: Sequence[Found]) -> Group:
    """Return the messages that were selected. They raise NotFound (66), LocalError (74)."""
    return Group(None, len(found), _selected(_in_file_order(found)))


def of_folders(account: Account, only: str | None) -> list[Group]:
    """Return the folders of an account, or one of them; their oldest messages come first.

    Raises: NotFound (66), LocalError (74).
    """
    maildir = Maildir(account.maildir, account.layout)
    groups = []
    for name in [FolderName.parse(only)] if only else maildir.folders().names:
        folder = maildir.folder(name)
        if not folder.exists():
            raise NotFound(f"{name}: no such folder").of(account.name)
        entries = sorted(folder.scan(stat=True), key=lambda each: (each.mtime_ns, each.name))
        below = None if only else name
        groups.append(Group(below, len(entries), _of_folder(folder, str(name), entries)))
    return groups


def _of_folder(folder: MaildirFolder, name: str, entries: Sequence[Entry]) -> Iterator[Carried]:
    names = folder.keyword_letters()
    for entry in entries:
        flags = entry.flags | names.keywords_of(entry.others)
        try:
            message = from_entry(folder, entry, flags)
        except NotFound:  # another program took it away meanwhile
            continue
        yield message._replace(folder=name)


def _in_file_order(found: Sequence[Found]) -> Iterator[Found]:
    """Yield messages as they were selected, but those of an mbox as they stand in it."""
    for _, run in groupby(found, lambda each: each.path):
        yield from sorted(run, key=lambda each: each.span or (0, 0))


def _selected(found: Iterable[Found]) -> Iterator[Carried]:
    opened: tuple[Path, BinaryIO] | None = None
    with ExitStack() as stack:
        for each in found:
            flags = _flags(each)
            if each.span is not None:
                if opened is None or opened[0] != each.path:
                    stack.close()
                    opened = each.path, stack.enter_context(open_file(each.path))
                message = _of_mbox(opened[1], each.path, each.span)
            elif each.where is not None and each.entry is not None:
                message = from_entry(each.where, each.entry, flags)
            else:
                message = _of_file(each.path, flags)
            yield message._replace(id=each.number, folder=each.folder)


def _flags(found: Found) -> Flags:
    entry = found.entry or _entry_of(found.path)
    return entry.flags | {Keyword(name) for name in found.info.keywords}


def _entry_of(path: Path) -> Entry:
    """Return a file as an entry of the Maildir in which it seems to lie."""
    return Entry("new" if path.parent.name == "new" else "cur", path.name)


def _of_mbox(stream: BinaryIO, path: Path, span: tuple[int, int]) -> Carried:
    start, end = span
    lies = MboxMessage(start, end, line_before(stream, start), quoted=True)
    return from_mbox(stream, lies, path, str(path))


def _of_file(path: Path, flags: Flags) -> Carried:
    in_maildir = path.parent.name in ("cur", "new")
    entry = _entry_of(path)
    message = from_file(path, flags=flags, verbatim=in_maildir and entry.marked_verbatim)
    return message._replace(is_new=path.parent.name == "new")
