"""Files saved for the user into a directory of his choice, under names that strangers gave.

A file appears under its name only when it is whole. Nothing is written through
a symbolic link or outside the directory: it is opened once, and everything
happens below that. Only the user may read what is saved (mode 0600).
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from mailcli.errors import CannotCreate
from mailcli.store.files import NO_HARD_LINKS, local_error, make_private_directory, write_all

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_NAMES = 10_000


class SaveDirectory:
    """An open directory; names are tried in order until one is free.

    Each name is one safe segment (`message.file_names`). With `overwrite` a file that was there
    before is replaced, never one that was saved here.
    """

    __slots__ = ("_descriptor", "_overwrite", "_saved", "path")

    def __init__(self, path: Path, descriptor: int, *, overwrite: bool) -> None:
        self.path = path
        self._descriptor = descriptor
        self._overwrite = overwrite
        self._saved: set[str] = set()

    @classmethod
    @contextmanager
    def open(cls, path: Path, *, overwrite: bool = False) -> Iterator[Self]:
        """Open a directory, made if need be. Raises: CannotCreate (73), LocalError (74)."""
        make_private_directory(path)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise local_error(error, path, creating=True) from error
        try:
            yield cls(path, descriptor, overwrite=overwrite)
        finally:
            os.close(descriptor)

    def save(self, names: Callable[[int], str], octets: Iterable[bytes]) -> Path:
        """Write a file under the first name that is free, and return where it is.

        `names` gives the name for each try, from 0 on.

        Raises: CannotCreate (73), LocalError (74), and whatever `octets` raises; then there is
            no new file.
        """
        temporary = f".{secrets.token_hex(8)}.mailcli"
        try:
            self._write(temporary, octets)
            name = self._named(temporary, names)
        except OSError as error:
            raise local_error(error, self.path / names(0), creating=True) from error
        finally:
            with contextlib.suppress(OSError):  # it has its name, or was never made
                os.unlink(temporary, dir_fd=self._descriptor)
        self._saved.add(name)
        return self.path / name

    def _write(self, name: str, octets: Iterable[bytes]) -> None:
        descriptor = os.open(name, _CREATE, 0o600, dir_fd=self._descriptor)
        try:
            for piece in octets:
                write_all(descriptor, piece)
        finally:
            os.close(descriptor)

    def _named(self, temporary: str, names: Callable[[int], str]) -> str:
        for attempt in range(_MOST_NAMES):
            name = names(attempt)
            if self._overwrite and name not in self._saved:
                # rename replaces a symbolic link itself, whatever it leads to
                os.rename(
                    temporary, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor
                )
                return name
            if self._link(temporary, name):
                return name
        raise CannotCreate(f"{self.path / names(0)}: there are too many files of this name")

    def _link(self, temporary: str, name: str) -> bool:
        """Give the file its name; False when the name is taken, by whatever."""
        below = self._descriptor
        try:
            os.link(temporary, name, src_dir_fd=below, dst_dir_fd=below, follow_symlinks=False)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            return self._claim(temporary, name)
        return True

    def _claim(self, temporary: str, name: str) -> bool:
        """Do as `_link` where there are no hard links (FAT): make the name, then replace it."""
        below = self._descriptor
        try:
            os.close(os.open(name, _CREATE, 0o600, dir_fd=below))
        except FileExistsError:
            return False
        os.rename(temporary, name, src_dir_fd=below, dst_dir_fd=below)
        return True


class PlannedDirectory:
    """What `SaveDirectory` would do, without doing it."""

    __slots__ = ("_overwrite", "_saved", "path")

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self.path = path
        self._overwrite = overwrite
        self._saved: set[str] = set()

    def save(self, names: Callable[[int], str], octets: Iterable[bytes]) -> Path:
        """Return where a file would be."""
        del octets
        free = (
            name
            for name in map(names, range(_MOST_NAMES))
            if name not in self._saved
            and (self._overwrite or not os.path.lexists(self.path / name))
        )
        name = next(free, names(0))
        self._saved.add(name)
        return self.path / name
