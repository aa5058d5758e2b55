"""One folder of a Maildir, looked at: nothing here changes anything.

Other programs rename and remove files at any moment, so a message that is not
where it was is looked for, and a listing that may have missed a file is not
returned as one. No symbolic link below the root is followed.
"""

import os
from collections.abc import Container, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mailcli.errors import LocalError, NotFound
from mailcli.store.entries import SUBDIRECTORIES, Entry, Subdirectory
from mailcli.store.files import translated
from mailcli.store.stamps import Stamps, read_stamps

if TYPE_CHECKING:
    from mailcli.store.held import Held
    from mailcli.store.listing import Differing, Places
    from mailcli.store.name_sum import NameSum
    from mailcli.store.outline import Outline
    from mailcli.store.watch import Watch

TRIES = 10
"""How often a message that other programs rename is looked for."""

_PLACES: tuple[Subdirectory, ...] = ("cur", "new")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderView:
    """One folder: the directory that holds `cur`, `new` and `tmp`.

    `names` is the sum of the file names that it must have, where somebody has looked at it and
    said so: it follows our own changes, and no others. `watch` hears of everybody's, where the
    folder is watched.
    """

    names: "NameSum | None" = None
    watch: "Watch | None" = None

    def __init__(self, root: Path, relative: PurePosixPath) -> None:
        self.path = root / relative
        self._root = root
        self._base = str(self.path)
        self._relative = relative

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._base!r})"

    def exists(self) -> bool:
        """Tell whether all three directories are there.

        Raises:
            LocalError: one of them, or one on the way, is a symbolic link.
        """
        self._refuse_links()
        return is_maildir(self._base)

    def scan(self, *, stat: bool = False, among: Container[str] | None = None) -> list[Entry]:
        """List the messages, each once, whatever other programs rename meanwhile.

        `stat` fills in inode, size and time; `among` are the unique parts to be listed, all
        where None. See `listing` for what makes the list complete.

        Raises:
            NotFound: the folder is missing, which is not the same as empty.
            TemporaryFailure: other programs did not stop changing it.
            LocalError: it cannot be read, or a symbolic link is in the way.
        """
        from mailcli.store.listing import list_messages

        self._refuse_links()
        return list_messages(self._base, stat=stat, among=among)

    def passes(self, *, new: bool = False) -> "Iterator[Places]":
        """Yield the messages as `cur/NAME` or `new/NAME` until the folder has not changed.

        With `new`, those in `new` alone, once. See `listing`. Raises as `scan`.
        """
        from mailcli.store.listing import passes

        self._refuse_links()
        yield from passes(self._base, new=new)

    def scan_differing(self, outline: "Outline") -> "Differing":
        """List the messages in those parts of the folder that are not as outlined. As `scan`."""
        from mailcli.store.listing import list_differing

        self._refuse_links()
        return list_differing(self._base, outline)

    def stamps(self) -> Stamps | None:
        """Return what tells whether the folder changes; None where it cannot be looked at.

        Raises:
            LocalError: a symbolic link is in the way.
        """
        self._refuse_links()
        return read_stamps(self._base)

    def sum_names(self) -> "NameSum":
        """Return the sum of the names of all messages. Raises: NotFound, LocalError."""
        from mailcli.store.listing import sum_names

        self._refuse_links()
        return sum_names(self._base)

    def letters_in_use(self) -> str:
        """Return the letters that any message has besides flags. Raises as `scan`."""
        from mailcli.store.listing import letters_in_use

        self._refuse_links()
        return letters_in_use(self._base)

    def find(self, unique: str) -> Entry | None:
        """Return the message with this unique part, wherever it is now. Raises as `scan`."""
        return next(iter(self.scan(among={unique})), None)

    def locate(self, unique: str, letters: str) -> Entry:
        """Return a message that had just these letters when the folder was listed.

        Where another program has changed it meanwhile, the entry is the one of before, as it
        would be had it been listed.
        """
        return self.find_as(unique, letters) or next(_places(unique, letters))

    def find_as(self, unique: str, letters: str) -> Entry | None:
        """Return a message if it has just these letters, without listing the folder."""
        places = _places(unique, letters)
        return next((each for each in places if os.path.lexists(self._file(each))), None)

    def path_of(self, entry: Entry) -> Path:
        """Return where the message lies."""
        return Path(self._file(entry))

    def open_wire(self, entry: Entry) -> Iterator[bytes]:
        """Yield the octets that the server sent, for hashes and exports.

        Raises (while iterating):
            NotFound: the message is gone.
            LocalError: it cannot be read.
        """
        with self.hold(entry) as held:
            yield from held.wire()

    def hold(self, entry: Entry) -> "Held":
        """Open a message, to be read whatever becomes of its name.

        Raises: NotFound, LocalError.
        """
        from mailcli.store.held import Held

        with translated(self.path_of(entry)):
            descriptor, entry = self._open(entry)
        return Held(descriptor, self.path_of(entry), marked=entry.marked_verbatim)

    def _note(self, *, given: Entry | None = None, taken: Entry | None = None) -> None:
        """Keep up `names` with a name that we gave, or took away, and tell the watch."""
        if self.watch is not None:
            self.watch.note(given=given, taken=taken)
        if self.names is not None:
            if given:
                self.names.add(given.name)
            if taken:
                self.names.take(taken.name)

    def open(self, entry: Entry) -> int:
        """Open a message as it is stored, wherever it is now, and return the descriptor.

        Raises: NotFound, LocalError.
        """
        with translated(self.path_of(entry)):
            return self._open(entry)[0]

    def _file(self, entry: Entry) -> str:
        return f"{self._base}/{entry.subdirectory}/{entry.name}"

    def _open(self, entry: Entry) -> tuple[int, Entry]:
        current: Entry | None = entry
        for _ in range(TRIES):
            if current is None:
                break
            try:
                return os.open(self.path_of(current), _READ), current
            except FileNotFoundError:
                current = self.find(entry.unique)
        raise NotFound(f"{self.path_of(entry)}: the message is gone")

    def _refuse_links(self) -> None:
        """Refuse symbolic links below the root: they lead anywhere, or to nothing."""
        path = str(self._root)
        for part in self._relative.parts:
            path = f"{path}/{part}"
            refuse_link(path)
        for subdirectory in SUBDIRECTORIES:
            refuse_link(f"{self._base}/{subdirectory}")


def _places(unique: str, letters: str) -> Iterator[Entry]:
    """Yield the entries that a message with just these letters can be."""
    names = [f"{unique}:2,{letters}"] if letters else [unique, f"{unique}:2,"]
    return (Entry(where, name) for name in names for where in _PLACES)


def is_maildir(directory: str) -> bool:
    """Tell whether a directory is a folder: whether it holds `cur`, `new` and `tmp`."""
    return all(os.path.isdir(f"{directory}/{name}") for name in SUBDIRECTORIES)  # noqa: PTH112 - is_dir raises what isdir takes for no


def refuse_link(path: Path | str) -> None:
    """Raise LocalError when `path` is a symbolic link."""
    if os.path.islink(path):  # noqa: PTH114 - asked of each folder in each run
        raise refused_link(path)


def refused_link(path: Path | str) -> LocalError:
    """Return the error for a symbolic link below a Maildir's root."""
    return LocalError(
        f"{path}: a symbolic link inside a Maildir is not followed",
        hint="make it a directory, or set the account's maildir to where it leads",
    )
