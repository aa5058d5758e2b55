"""Copies of messages, in another folder or their own: octets and times as they are, new names.

The order is that of every delivery (`folder`): the octets durable, then the name, then the
directory. A copy needs no lock of the account, so a run that begins meanwhile may take its file
in `tmp` for one that was left behind; then it is written anew.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailcli.errors import MailError
from mailcli.store.durability import Disk
from mailcli.store.entries import Entry, new_entry
from mailcli.store.files import fsync_directory
from mailcli.store.folder import MaildirFolder
from mailcli.store.staging import Staged, placed_by

BATCH = 100
"""Copies that share a flush of the disk; each is an open file."""


@dataclass(frozen=True, slots=True)
class Original:
    """A message to be copied: the copy's unique name, and its letters where it goes."""

    folder: MaildirFolder
    entry: Entry
    unique: str
    others: str

    @property
    def copy(self) -> Entry:
        """What the copy is to be, unless its name is taken."""
        entry = self.entry
        marked = entry.marked_verbatim
        return new_entry(self.unique, entry.flags, others=self.others, verbatim=marked)


def copy_messages(
    target: MaildirFolder, originals: Sequence[Original]
) -> Iterator[list[Entry | MailError]]:
    """Copy messages into a folder; for each group of them, once it is durable, yield what became.

    That is the copy, or why there is none, in the order of the originals.

    Raises: LocalError where nothing more can be made durable.
    """
    disk = Disk(str(target.path))
    try:
        for start in range(0, len(originals), BATCH):
            yield _copy_group(disk, target, originals[start : start + BATCH])
    finally:
        disk.close()


def _copy_group(
    disk: Disk, target: MaildirFolder, originals: Sequence[Original]
) -> list[Entry | MailError]:
    staged: list[Staged | MailError] = []
    try:
        staged.extend(_staged(target, each) for each in originals)
        disk.make_durable([each.descriptor for each in staged if isinstance(each, Staged)])
        copies = [_placed(target, each) if isinstance(each, Staged) else each for each in staged]
    finally:
        for each in staged:
            if isinstance(each, Staged):
                each.abandon()  # does nothing to those placed
    for subdirectory in sorted({each.subdirectory for each in copies if isinstance(each, Entry)}):
        fsync_directory(target.path / subdirectory)
    return copies


def _staged(target: MaildirFolder, original: Original) -> Staged | MailError:
    """Write a copy to `tmp`; return why it is not there where only this message is to blame."""
    entry = original.entry
    try:
        source = original.folder.open(entry)
    except MailError as error:
        return error
    try:
        staged = target.stage(original.unique)
        staged.close_copy(
            source, flags=entry.flags, others=original.others, marked=entry.marked_verbatim
        )
    except MailError as error:
        return error
    finally:
        os.close(source)
    return staged


def _placed(target: MaildirFolder, staged: Staged) -> Entry | MailError:
    """Give a durable copy its name; return why it has none."""
    try:
        return placed_by(target.place, staged).entry
    except MailError as error:
        return error
