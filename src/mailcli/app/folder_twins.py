"""Folders that a server tells apart, and the file system of the Maildir does not.

To some file systems `Work` and `work` are one directory, and so are two ways to
write an accent (Unicode normalisation). Two folders in one directory would look
like one, and be uploaded into one another. So the second is refused, and a
folder that is listed here under another spelling is the one that the server has.
"""

from collections.abc import Iterable

from mailcli.errors import ProtocolViolation
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName, Spellings, to_path


def refused_twins(
    maildir: Maildir, known: Iterable[FolderName], there: Iterable[FolderName]
) -> dict[FolderName, ProtocolViolation]:
    """Return which of the server's folders cannot be here beside another one, and why.

    Those that are mirrored already come first, then those that the server lists first.
    """
    first = set(known)
    spellings = Spellings(to_path(name, maildir.layout) for name in first)
    refused = {}
    for name in (name for name in there if name not in first):
        path = to_path(name, maildir.layout)
        if other := spellings.other(path):
            refused[name] = ProtocolViolation(
                f"to the file system of the Maildir it is the same as {str(other)!r}",
                hint="give one of them another name, on the server",
            )
        else:
            spellings.note(path)
    return refused if refused and maildir.folds_names() else {}


def as_spelled(
    maildir: Maildir, found: Iterable[FolderName], known: Iterable[FolderName]
) -> set[FolderName]:
    """Return the folders that are here, by the names that the state or the server has for them."""
    here = set(found)
    by_path = {to_path(name, maildir.layout): name for name in known}
    spellings = Spellings(by_path)
    alike = {}
    for name in here - set(by_path.values()):
        first = spellings.first(to_path(name, maildir.layout))
        if first in by_path:
            alike[name] = by_path[first]
    if not alike or not maildir.folds_names():
        return here
    return {alike.get(name, name) for name in here}
