"""A Maildir tree: which folders there are, and where each one lies.

Finds them and gives them other names; `folder` does what happens inside one.
Symbolic links below the root are not followed: they could lead out of it, in
circles, or to nothing and so make a folder look empty.
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from mailcli.errors import CannotCreate, NotFound
from mailcli.model import Layout
from mailcli.store.entries import SUBDIRECTORIES
from mailcli.store.files import (
    folds_names,
    fsync_directory,
    make_private_directory,
    translated,
)
from mailcli.store.folder import MaildirFolder
from mailcli.store.folder_view import is_maildir, refuse_link
from mailcli.store.names import MAX_DEPTH, FolderName, from_path, meant_by, to_path


class SkippedDirectory(NamedTuple):
    """A directory that is no folder of ours though it looks like one, and why.

    `meant` is the folder that it is named after, where it would be one under another spelling.
    """

    path: Path
    reason: str
    meant: FolderName | None = None


class Folders(NamedTuple):
    """All folders of a tree, sorted by name, and what was left out and should be reported."""

    names: tuple[FolderName, ...]
    skipped: tuple[SkippedDirectory, ...] = ()


class Maildir:
    """The tree below an account's `maildir`, which may be a symbolic link itself."""

    def __init__(self, root: Path, layout: Layout = Layout.NESTED) -> None:
        self.root = root
        self.layout = layout
        self._folds: bool | None = None

    def folder(self, name: FolderName) -> MaildirFolder:
        """Return the folder of this name, whether it exists or not.

        Raises:
            ProtocolViolation: the name is too long for a path.
        """
        return MaildirFolder(self.root, to_path(name, self.layout))

    def exists(self) -> bool:
        """Tell whether the root is there; without it, nothing can be said about folders."""
        return self.root.is_dir()

    def folds_names(self) -> bool:
        """Tell whether the file system takes other spellings of a name for the same name.

        As those of macOS and Windows do with case or with Unicode normalisation. A file is
        made to find out, once, so this is not asked without a reason.
        """
        if self._folds is None:
            self._folds = folds_names(self.root)
        return self._folds

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
        root = str(self.root)
        names: list[FolderName] = []
        skipped: list[SkippedDirectory] = []
        for path, is_link in self._directories():
            name = from_path(path, self.layout)
            if is_link:
                skipped.append(SkippedDirectory(self.root / path, "a symbolic link"))
            elif not is_maildir(f"{root}/{path}"):
                continue
            elif name is None:
                meant = meant_by(path, self.layout)
                reason = "not a folder name of mailcli"
                skipped.append(SkippedDirectory(self.root / path, reason, meant))
            else:
                names.append(name)
        return Folders(tuple(sorted(names, key=str)), tuple(skipped))

    def check_rename(self, old: FolderName, new: FolderName) -> None:
        """Make sure that `rename` would find what it needs.

        Raises:
            CannotCreate: something has one of the new names already.
            LocalError: a symbolic link is in the way.
            ProtocolViolation: a new name is too long for a path.
        """
        for source, target in self._moves(old, new):
            for path in (source, target):
                self._refuse_links(path)
            if os.path.lexists(self.root / target):
                raise CannotCreate(
                    f"{self.root / target}: exists already",
                    hint="synchronise or move away what is there, or choose another name",
                )

    def rename(self, old: FolderName, new: FolderName) -> bool:
        """Give a folder, and all below it, another name, durably; say whether it was here.

        What has its new name already stays as it is: an earlier call gave it before it was
        killed, or another program did. `check_rename` tells before what is in the way.

        Raises: LocalError where the system refuses, or a symbolic link is in the way.
        """
        moves = [
            (source, target)
            for source, target in self._moves(old, new)
            if not os.path.lexists(self.root / target)
        ]
        for path in (path for move in moves for path in move):
            self._refuse_links(path)
        for source, target in moves:
            make_private_directory((self.root / target).parent)
            with translated(self.root / source):
                os.rename(self.root / source, self.root / target)  # noqa: PTH104 - the fault tests stop at it
        # Also where nothing was left to do: whoever did it may have been killed before this.
        for parent in {(self.root / to_path(name, self.layout)).parent for name in (old, new)}:
            if parent.is_dir():
                fsync_directory(parent)
        return bool(moves)

    def _moves(
        self, old: FolderName, new: FolderName
    ) -> list[tuple[PurePosixPath, PurePosixPath]]:
        """Return which directories get which names, both below the root."""
        if self.layout is Layout.NESTED:
            source = to_path(old, self.layout)
            there = os.path.lexists(self.root / source)
            return [(source, to_path(new, self.layout))] if there else []
        if not self.exists():
            return []
        found = [from_path(path, self.layout) for path, _ in self._directories() if path.parts]
        return [
            (to_path(name, self.layout), to_path(name.moved(old, new), self.layout))
            for name in found
            if name is not None and name.is_within(old)
        ]

    def _refuse_links(self, relative: PurePosixPath) -> None:
        path = self.root
        for part in relative.parts:
            path /= part
            refuse_link(path)

    def _directories(self) -> Iterator[tuple[PurePosixPath, bool]]:
        """Yield what may be a folder, and whether it is a symbolic link."""
        if self.layout is Layout.NESTED:
            yield from self._below(PurePosixPath())
            return
        yield PurePosixPath(), False
        yield from self._children(PurePosixPath(), hidden=True)

    def _below(self, parent: PurePosixPath) -> Iterator[tuple[PurePosixPath, bool]]:
        for path, is_link in self._children(parent, hidden=False):
            yield path, is_link
            if not is_link and len(path.parts) < MAX_DEPTH:
                yield from self._below(path)

    def _children(
        self, parent: PurePosixPath, *, hidden: bool
    ) -> list[tuple[PurePosixPath, bool]]:
        directory = self.root / parent
        with translated(directory), os.scandir(directory) as items:
            found = sorted(
                (item.name, item.is_symlink())
                for item in items
                if item.name not in SUBDIRECTORIES and item.name.startswith(".") is hidden
                if item.is_dir() or (item.is_symlink() and not item.is_file())  # it may dangle
            )
        return [(parent / name, is_link) for name, is_link in found]
