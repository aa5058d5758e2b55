"""What tells, without listing it, that a Maildir folder is as it was: its time stamps.

Delivering, renaming, flagging and removing change `cur` or `new`, the directories, and a new
letter changes `dovecot-keywords`. So equal stamps mean equal folders, but for one case, that of
git's index ("racy git"): what changes the folder within the same step of the file system's clock,
after it was listed, leaves the stamps as they were. So stamps are worth keeping only if they are
older than what that clock said before the listing began. The clock is asked by making a file,
since a server's may differ from ours, and a file system's may move in steps of its own.

Compared are device, inode, time of modification and time of change: that last one no program
can set back, as `cp -a`, `rsync` and `touch` do with the other.
"""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from mailcli.store.entries import SUBDIRECTORIES, TMP
from mailcli.store.keywords import FILE

_DIRECTORIES = sorted({*SUBDIRECTORIES} - {TMP})
_CLOCK = ".mailcli-clock"
_SECOND = 1_000_000_000
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Clock(NamedTuple):
    """What a file system's clock said: the times (ns) that a new file on it got."""

    device: int
    modified_ns: int
    changed_ns: int


class Stamps(NamedTuple):
    """A folder's stamps: `text` to be compared, and what tells whether they are worth keeping.

    `devices` are those of its directories; the times (ns) are those of all that is looked at.
    """

    text: str
    devices: frozenset[int]
    modified_ns: tuple[int, ...]
    changed_ns: tuple[int, ...]

    @property
    def inodes(self) -> dict[str, tuple[int, int]]:
        """Device and inode of each directory, by its name."""
        found = (each.split(",") for each in self.text.split(";"))
        return {
            name: (int(at[0]), int(at[1])) for name, at in zip(_DIRECTORIES, found, strict=False)
        }

    def differs_in_new_alone(self, text: str) -> bool:
        """Tell whether what changed since those stamps, if anything did, came into `new`."""
        mine, theirs = self.text.split(";"), text.split(";")
        place = _DIRECTORIES.index("new")
        return mine[:place] + mine[place + 1 :] == theirs[:place] + theirs[place + 1 :]

    def are_older_than(self, clock: Clock) -> bool:
        """Tell whether any change since the clock was asked would have left other stamps.

        Whole seconds are those of a file system that keeps no finer ones: there, a clock that
        is set back can bring the same second once more. Its folders are always listed.
        """
        return (
            self.devices == {clock.device}
            and max(self.modified_ns) < clock.modified_ns
            and max(self.changed_ns) < clock.changed_ns
            and any(changed % _SECOND for changed in self.changed_ns)
        )


def read_stamps(folder: str) -> Stamps | None:
    """Return a folder's stamps; None where it is missing, or cannot be looked at."""
    try:
        found = [os.lstat(f"{folder}/{name}") for name in _DIRECTORIES]
    except OSError:
        return None
    if not all(stat.S_ISDIR(status.st_mode) for status in found):
        return None
    devices = frozenset(status.st_dev for status in found)
    try:
        found.append(os.lstat(f"{folder}/{FILE}"))
    except FileNotFoundError:
        pass  # most folders have no keywords
    except OSError:
        return None
    return Stamps(
        ";".join(map(_text, found)),
        devices,
        tuple(status.st_mtime_ns for status in found),
        tuple(status.st_ctime_ns for status in found),
    )


def _text(status: os.stat_result) -> str:
    return f"{status.st_dev},{status.st_ino},{status.st_mtime_ns},{status.st_ctime_ns}"


def ask_clock(root: Path, *, scratch: Path) -> Clock | None:
    """Ask the clock of the file system that a Maildir's `root` lies on, by making a file there.

    In `scratch`, a directory of our own, where that is the same file system: a run with nothing
    to do then changes nothing at all in the Maildir. None where no file can be made: then no
    stamps are trusted.
    """
    try:
        directory = scratch if _device(scratch) == _device(root) else root
        path = directory / _CLOCK
        if os.path.lexists(path):  # of a run that was killed: its times are not of now
            os.unlink(path)  # noqa: PTH108 - the fault tests stop at calls of os
        os.close(os.open(path, _CREATE, 0o600))
        status = os.lstat(path)
        os.unlink(path)  # noqa: PTH108 - the fault tests stop at calls of os
        return Clock(_device(directory), status.st_mtime_ns, status.st_ctime_ns)
    except OSError:
        return None


def _device(directory: Path) -> int:
    """Return the device of a directory; a file of an overlay tells that of one of its layers."""
    return os.stat(directory).st_dev  # noqa: PTH116 - beside its like
