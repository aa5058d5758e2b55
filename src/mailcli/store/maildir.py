"""A Maildir tree: which folders there are, and where each one lies.

Only finds them; `folder` does what happens inside one. Symbolic links below
the root are not followed: they could lead out of it, in circles, or to nothing
and so make a folder look empty.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mailcli.errors import NotFound
from mailcli.model import Layout
from mailcli.store.entries import SUBDIRECTORIES
from mailcli.store.files import translated
from mailcli.store.folder import MaildirFolder, is_maildir
from mailcli.store.names import MAX_DEPTH, FolderName, from_path, to_path


@dataclass(frozen=True, slots=True)
class SkippedDirectory:
    """A directory that is no folder of ours though it looks like one, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Folders:
    """All folders of a tree, sorted by name, and what was left out and should be reported."""

    names: tuple[FolderName, ...]
    skipped: tuple[SkippedDirectory, ...] = ()


class Maildir:
    """The tree below an account's `maildir`, which may be a symbolic link itself."""

    def __init__(self, root: Path, layout: Layout = Layout.NESTED) -> None:
        self.root = root
        self.layout = layout

    def folder(self, name: FolderName) -> MaildirFolder:
        """Return the folder of this name, whether it exists or not.

        Raises:
            ProtocolViolation: the name is too long for a path.
        """
        return MaildirFolder(self.root, to_path(name, self.layout))

    def exists(self) -> bool:
        """Tell whether the root is there; without it, nothing can be said about folders."""
        return self.root.is_dir()

    def folders(self) -> Folders:
        """Find every directory that holds `cur`, `new` and `tmp`.

        Raises:
            NotFound: the root is missing: that is not a Maildir without folders.
            LocalError: a directory cannot be read, so the list would not be complete.
        """
        if not self.exists():
            raise NotFound(
                f"{self.root}: no such Maildir",
                hint="where the disk with the mail is not mounted, mount it",
            )
        names: list[FolderName] = []
        skipped: list[SkippedDirectory] = []
        for path, is_link in self._directories():
            name = from_path(path, self.layout)
            if is_link:
                skipped.append(SkippedDirectory(self.root / path, "a symbolic link"))
            elif not is_maildir(str(self.root / path)):
                continue
            elif name is None:
                skipped.append(SkippedDirectory(self.root / path, "not a folder name of mailcli"))
            else:
                names.append(name)
        return Folders(tuple(sorted(names, key=str)), tuple(skipped))

    def _directories(self) -> Iterator[tuple[PurePosixPath, bool]]:
        """Yield what may be a folder, and whether it is a symbolic link."""
        if self.layout is Layout.NESTED:
            yield from self._below(PurePosixPath())
            return
        yield PurePosixPath(), False
        for path, is_link in self._children(PurePosixPath()):
            if path.name.startswith("."):
                yield path, is_link

    def _below(self, parent: PurePosixPath) -> Iterator[tuple[PurePosixPath, bool]]:
        for path, is_link in self._children(parent):
            if path.name.startswith(".") or path.name in SUBDIRECTORIES:
                continue
            yield path, is_link
            if not is_link and len(path.parts) < MAX_DEPTH:
                yield from self._below(path)

    def _children(self, parent: PurePosixPath) -> list[tuple[PurePosixPath, bool]]:
        directory = self.root / parent
        with translated(directory), os.scandir(directory) as items:
            return sorted(
                (parent / item.name, item.is_symlink())
                for item in items
                if item.is_dir() or (item.is_symlink() and not item.is_file())  # it may dangle
            )
