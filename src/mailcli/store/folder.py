"""One folder of a Maildir: deliver durably, change flags, move, remove.

The Maildir is the user's, and other programs may change it at any moment. So no name is ever
overwritten, no message content parsed or rewritten, no symbolic link followed below the root, and
a listing that may have missed a file is not returned as a listing. A folder that is missing is an
error, never an empty folder.

What each step of a delivery leaves behind when the process is killed there:

| step | left behind | next run |
| --- | --- | --- |
| write, fsync in `tmp` | a file in `tmp` | `remove_stale_tmp` |
| link into `new` or `cur` | a complete message, perhaps also in `tmp` | `tokens` finds it |
| fsync of the directory | a durable message | `tokens` finds it |

Only one process at a time delivers many into an account's Maildir (`lock`); `deliver` needs none.
"""

import contextlib
import os
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mailcli.errors import LocalError, NotFound, TemporaryFailure
from mailcli.model import SystemFlags
from mailcli.store.entries import SUBDIRECTORIES, TMP, Entry, token_of_temporary
from mailcli.store.files import (
    fsync_directory,
    fsync_file,
    make_private_directory,
    place,
    same_octets,
    translated,
)
from mailcli.store.folder_view import TRIES, FolderView

if TYPE_CHECKING:
    from mailcli.store.keywords import KeywordLetters
    from mailcli.store.staging import Staged


class Delivered(NamedTuple):
    """A durable message: its file, and SHA-256 digest and octets as the server sent it."""

    entry: Entry
    sha256: bytes
    size: int


class MaildirFolder(FolderView):
    """One folder: the directory that holds `cur`, `new` and `tmp`."""

    def create(self) -> None:
        """Make the folder durable, and first of all make it, where it is not there.

        To be called once a run before the first delivery, also for a folder
        that is there: a run that was killed may have left it half made.

        Raises:
            CannotCreate: the system refuses.
            LocalError: the disk is full, or a symbolic link is in the way.
        """
        self._refuse_links()
        for subdirectory in SUBDIRECTORIES:  # cur last: half made, it is no folder
            make_private_directory(self.path / subdirectory)

    def stage(self, unique: str) -> "Staged":
        """Begin a message in `tmp`. `unique` comes from `unique_name`.

        Raises:
            CannotCreate: the folder is gone, or the system refuses.
            LocalError: the disk is full.
        """
        from mailcli.store.staging import Staged

        return Staged(self._base, unique)

    def deliver(self, batch: "Sequence[Staged]") -> list[Delivered]:
        """Make a few closed messages durable and visible, in this order, and return them.

        First every file is durable, then each gets its name, then the directories are made
        durable, once. When it returns, all of this may be committed to the state. When it fails,
        some may be visible: complete, and found by `tokens`. For many, see `delivery`.

        Raises:
            LocalError: disk full or broken; what is not visible is abandoned.
        """
        from mailcli.store.staging import placed_by

        try:
            for staged in batch:
                staged.make_durable()
            placed = [placed_by(self.place, staged) for staged in batch]
        finally:
            for staged in batch:
                staged.abandon()  # does nothing to those placed
        for subdirectory in sorted({delivered.entry.subdirectory for delivered in placed}):
            fsync_directory(f"{self._base}/{subdirectory}")
        return placed

    def place(self, staged: "Staged") -> Delivered:
        """Give a durable message its name, which is not durable yet.

        By link and unlink, not rename: link never overwrites. Where a message of the same name
        is there already, it is the same message if the octets are; otherwise the new one gets
        a number.

        Raises: LocalError.
        """
        entry = staged.complete_entry()
        number = 1
        with translated(self._file(entry)):
            while not place(staged.path, target := self._file(entry)):
                if same_octets(staged.path, target):
                    staged.abandon()
                    return Delivered(entry, staged.sha256, staged.size)
                number += 1
                entry = staged.renumbered(number)
        self._note(given=entry)
        staged.leave()
        return Delivered(entry, staged.sha256, staged.size)

    def note_given(self, entry: Entry) -> None:
        """Take note of a name that another process of this run has given."""
        self._note(given=entry)

    def tokens(self) -> dict[str, Entry]:
        """Return the messages delivered by mailcli, by token, made durable where they are.

        For the run after one that did not end well: what was delivered then is
        here, though the state does not know; and it may be committed now.
        """
        entries = self.scan()
        self.sync()
        return {token: entry for entry in entries if (token := entry.token) is not None}

    def sync(self) -> None:
        """Make all names in the folder durable: after `set_flags`, before the state says so."""
        for subdirectory in ("new", "cur"):
            fsync_directory(f"{self._base}/{subdirectory}")

    def set_flags(self, entry: Entry, flags: SystemFlags, *, others: str | None = None) -> Entry:
        """Rename a message so that it has these flags, and return it as it is then.

        `others` are the other letters that it is to have: keywords (`KeywordLetters`) and what we
        do not know; None leaves them. Where another program has changed flags or letters since
        `entry` was read, only the difference between `entry` and what is asked for is applied, so
        that its change stays too. `sync` makes the renames of a run durable.

        Raises:
            NotFound: the message is gone.
            LocalError: the system refuses, or two files have the same unique part.
        """
        added, removed = flags - entry.flags, entry.flags - flags
        wanted, had = set(entry.others if others is None else others), set(entry.others)
        current: Entry | None = entry
        for _ in range(TRIES):
            if current is None:
                raise NotFound(f"{self.path_of(entry)}: the message is gone")
            letters = "".join((set(current.others) | (wanted - had)) - (had - wanted))
            target = current.flagged((current.flags | added) - removed, letters)
            if (current.flags, current.others) == (target.flags, target.others):
                return current
            if self._rename(current, target):
                return target
            current = self.find(entry.unique)
        raise TemporaryFailure(f"{self.path_of(entry)}: another program keeps renaming it")

    def adopt(
        self,
        entry: Entry,
        source: "MaildirFolder",
        *,
        others: str,
        there: Mapping[str, Entry] | None = None,
        merge: bool = True,
    ) -> Entry:
        """Take a message out of another folder by one rename, and return it as it is here.

        It keeps its unique name, flags and time; in `new` it stays in `new`. `others` are
        its letters as they are here, where each may mean another keyword. `there` is what
        this folder holds, by unique name, for who takes many and knows. Where a message of
        that name is here, it is the same if the octets are, and the source goes; otherwise,
        or unless `merge`, the one taken gets a number. `sync` here, then there, makes it durable.

        Raises:
            NotFound: the message is gone. OtherFileSystem: it cannot be renamed so far.
            TemporaryFailure: another program changes it, or letters that mean nothing here.
            LocalError: the system refuses, or this folder is missing.
        """
        current: Entry | None = entry
        for _ in range(TRIES):
            if current is None:
                raise NotFound(f"{source.path_of(entry)}: the message is gone")
            if {*current.others} != {*entry.others}:
                raise TemporaryFailure(
                    f"{source.path_of(current)}: its keywords have just changed"
                )
            known = self.find(current.unique) if there is None else there.get(current.unique)
            target = current.lettered(others)
            if adopted := self._adopt(source.path_of(current), target, known, merge=merge):
                source._note(taken=current)
                self._note(given=adopted if adopted is not known else None)
                return adopted
            current = source.find(entry.unique)
        raise TemporaryFailure(f"{source.path_of(entry)}: another program keeps renaming it")

    def keyword_letters(self) -> "KeywordLetters":
        """Return which letters in file names mean which keywords here. Raises: LocalError."""
        from mailcli.store.keyword_file import read_letters

        self._refuse_links()
        return read_letters(self._base)

    def save_keyword_letters(self, letters: "KeywordLetters") -> "KeywordLetters":
        """Add letters to those of the folder, durably, and return what they mean from now on.

        To be used from then on is what is returned: another program may have given a letter away
        meanwhile, and what it says counts. To be called before a file name gets a new letter.

        Raises:
            TemporaryFailure: another program keeps the folder locked.
            LocalError: the system refuses.
        """
        from mailcli.store.keyword_file import add_letters

        self._refuse_links()
        return add_letters(self._base, letters)

    def remove(self, entry: Entry) -> bool:
        """Remove a message; tell whether it is gone. `sync` makes it durable.

        One whose flags another program has changed since `entry` was read is kept.

        Raises:
            LocalError: the system refuses.
        """
        current: Entry | None = entry
        for _ in range(TRIES):
            if current is None:
                return True
            if (current.flags, current.others) != (entry.flags, entry.others):
                return False
            with translated(self._file(current)), contextlib.suppress(FileNotFoundError):
                os.unlink(self._file(current))  # noqa: PTH108 - the fault tests stop at it
                self._note(taken=current)
                return True
            current = self.find(entry.unique)
        raise TemporaryFailure(f"{self.path_of(entry)}: another program keeps renaming it")

    def remove_stale_tmp(self, tokens: Container[str] | None = None) -> int:
        """Remove what our own killed runs left in `tmp`, and return how many files.

        Only with the account's lock held: then nobody is writing them. Where other accounts
        deliver too, only those of these `tokens`.

        Raises:
            LocalError: one cannot be removed.
        """
        self._refuse_links()
        directory = f"{self._base}/{TMP}"
        with translated(directory):
            try:
                names = os.listdir(directory)  # noqa: PTH208 - names, not paths, are asked for
            except FileNotFoundError:
                return 0
            own = ((name, token_of_temporary(name)) for name in names)
            stale = [n for n, token in own if token and (tokens is None or token in tokens)]
            for name in stale:
                os.unlink(f"{directory}/{name}")  # noqa: PTH108 - the fault tests stop at it
        return len(stale)

    def remove_empty(self) -> bool:
        """Remove the folder if it holds no message, durably; tell whether it is gone.

        Gone are `cur`, `new`, `tmp` and Dovecot's indexes, and the directory itself
        unless other folders lie in it. Where a message or anything else of anybody's is
        in it, all stays, or is made whole after a run that was killed here. Only with
        the account's lock held, as `remove_stale_tmp`.

        Raises:
            LocalError: the system refuses, or a symbolic link is in the way.
        """
        from mailcli.store import removal

        self._refuse_links()
        if not removal.holds_nothing(self._base):
            if removal.is_half_removed(self._base):  # what was delivered since is to be seen
                self.create()
            return False
        self.remove_stale_tmp()
        removed = False
        try:
            with translated(self._base):
                removed = removal.remove_subdirectories(self._base)
        finally:
            if not removed:
                self.create()
        if removed:
            removal.remove_rest(self._base)
        return removed

    def _adopt(
        self, source: Path, target: Entry, known: Entry | None, *, merge: bool
    ) -> Entry | None:
        """Return where the file is now; None where another program renamed it."""
        with translated(source):
            try:
                if merge and known and same_octets(str(source), self._file(known)):
                    fsync_file(self._file(known))  # the last copy must not be one in memory
                    fsync_directory(f"{self._base}/{known.subdirectory}")
                    os.unlink(source)  # noqa: PTH108 - the fault tests stop at it
                    return known
                target = self._unused(target, clash=known is not None)
                os.rename(source, self._file(target))  # noqa: PTH104 - the fault tests stop at it
            except FileNotFoundError:
                if os.path.lexists(source):
                    raise
                return None
        return target

    def _unused(self, entry: Entry, *, clash: bool) -> Entry:
        """Return the entry, numbered if it must be, where no message of its name is."""
        target, number = entry, 1
        if not clash and not os.path.lexists(self._file(target)):
            return target
        taken = {each.unique for each in self.scan()}
        while target.unique in taken or os.path.lexists(self._file(target)):
            number += 1
            target = entry.numbered(number)
        return target

    def _rename(self, entry: Entry, target: Entry) -> bool:
        """Rename unless another program did; overwrite nothing."""
        source, destination = self.path_of(entry), self.path_of(target)
        if os.path.lexists(destination):
            if os.path.lexists(source):
                raise LocalError(
                    f"{destination}: exists, and so does {source}",
                    hint="two files of one name: move one of them to another folder",
                )
            return False
        with translated(source):
            try:
                os.rename(source, destination)  # noqa: PTH104 - the fault tests stop at it
            except FileNotFoundError:
                return False
        self._note(given=target, taken=entry)
        return True
