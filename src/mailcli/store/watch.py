"""Whether nobody but this run has changed a folder, as the kernel tells it (inotify(7), Linux).

A run that has changed a folder itself would have to list all names to know that, before it
records the new time stamps (`stamps`). So `cur` and `new` of a large folder are watched while it
is changed. Where what the kernel tells of is, name for name, what we gave and took away, nobody
else gave or took any. It is a proof, since

- the watch begins before the files are listed, or before the stamps are found to be those of an
  earlier look: what was changed before that shows there;
- a change first makes the time stamp and then tells of itself, and keeps its directory locked
  until it has done both. At the end the stamps are read, then a bit of each directory, for which
  the kernel waits until whoever is changing it is done, as it does for a listing; then all that
  was told is read. So what the stamps show was told by then, and what is changed later has later
  stamps (`Stamps.are_older_than`);
- the directories are open meanwhile, so that no other can have the inode of one of them;
- of what another machine does, as on NFS, or a program behind the kernel's back, nothing is told,
  so only file systems are watched that are the kernel's own (`file_systems`).

Anything else that is told (more than fits into the kernel's queue, a directory that is moved or
gone, a hidden file) proves nothing, and so does a system that has no inotify, or no more watches.
That is never an error: then the names are listed.

What the run did itself from a look on is all that the folder's files differ by from those of that
look (`OurChanges`), for whoever else knows those files by the same stamps: the index.
"""

import errno
import os
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from mailcli.store.entries import Entry, Subdirectory
from mailcli.store.file_systems import is_local
from mailcli.store.folder_view import FolderView
from mailcli.store.stamps import Stamps

MOST = 1_000
"""Changes of our own after which no folder is watched any more: beside those a listing is little,
and the kernel keeps 16,384 unless told otherwise."""

MOST_FOLDERS = 16
"""Folders that are watched at a time: of each two directories are open, and two watches taken."""

_PLACES: tuple[Subdirectory, ...] = ("cur", "new")
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# <sys/inotify.h>
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x40, 0x80, 0x100, 0x200
_DELETE_SELF, _MOVE_SELF, _OVERFLOW = 0x400, 0x800, 0x4000
_ALL = _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF
_EVENT = struct.Struct("iIII")
_MUCH = 1 << 16

_GIVES = {_CREATE: True, _MOVED_TO: True, _DELETE: False, _MOVED_FROM: False}
"""Whether an event gives a name or takes one away. A directory's has one more bit."""


class OurChanges(NamedTuple):
    """All that was changed in a folder between two stamps of it, by one run and by nobody else.

    `given` are the places (`cur/NAME`) that it gave, `taken` those that it took away, sorted; a
    place that was given and taken again, or taken and given, is none of them.
    """

    before: str
    after: str
    given: Sequence[str]
    taken: Sequence[str]


class Watch:
    """One folder that is watched: what we did to it, less what the kernel has told of that."""

    def __init__(self, watches: "Watches") -> None:
        self._watches = watches
        self._ours: Counter[tuple[Subdirectory, bool, str]] = Counter()
        self._is_lost = False
        self._places: Counter[str] = Counter()
        self._before: str | None = None
        self._after: str | None = None

    def begin(self) -> None:
        """Begin anew, before the folder is looked at: what was before does not count."""
        try:
            self._watches.hand_out()
        except OSError:
            self._watches.drop(self)
        self._ours.clear()
        self._is_lost = False
        self._before = self._after = None

    def know(self, stamps: str) -> None:
        """Note the trusted stamps that the folder has now: what we do from here on is told.

        To be called after `begin`, since what was done before is in nobody's account.
        """
        self._places.clear()
        self._before = stamps

    def note(self, *, given: Entry | None, taken: Entry | None) -> None:
        """Note a name that we have just given, or taken away."""
        self._after = None
        if given is not None:
            self._ours[given.subdirectory, True, given.name] += 1
            self._places[f"{given.subdirectory}/{given.name}"] += 1
        if taken is not None:
            self._ours[taken.subdirectory, False, taken.name] += 1
            self._places[f"{taken.subdirectory}/{taken.name}"] -= 1
        if len(self._ours) > MOST:
            self._ours.clear()
            self._places.clear()
            self._watches.drop(self)

    def hear(self, where: Subdirectory, mask: int, name: str) -> None:
        """Take an event; what we did not do proves that somebody else is there."""
        gives = _GIVES.get(mask)
        if gives is None or not self._ours[where, gives, name]:
            self.lose()
            return
        self._ours[where, gives, name] -= 1

    def lose(self) -> None:
        """Note that nothing can be told of the folder any more, unless it is looked at anew."""
        self._is_lost = True

    def shows_us_alone(self, stamps: Stamps) -> bool:
        """Tell whether nobody else has given or taken a name, from `begin` to these stamps."""
        places = self._watches.places_of(self)
        inodes = {}
        try:
            for place in places:
                status = os.fstat(place.descriptor)
                inodes[place.where] = (status.st_dev, status.st_ino)
                _wait_for_changes(place.descriptor)
            self._watches.hand_out()
        except OSError:
            return False
        is_ours = inodes == stamps.inodes and not self._is_lost and not self._ours.total()
        self._after = stamps.text if is_ours else None
        return is_ours

    def changes(self, stamps: Stamps) -> OurChanges | None:
        """Return what we changed until these stamps, which were last shown to be of us alone.

        None where they were not, or nothing was known of the folder since it is watched.
        """
        if self._before is None or self._after != stamps.text:
            return None
        given, taken = (
            sorted(place for place, count in self._places.items() if count == net)
            for net in (1, -1)
        )
        return OurChanges(self._before, self._after, given, taken)


class _Place(NamedTuple):
    """A directory that is watched; it is open."""

    watch: Watch
    where: Subdirectory
    descriptor: int


class Watches:
    """The folders that a run watches, by one inotify, which is opened with the first of them."""

    def __init__(self) -> None:
        self._queue = -1
        self._places: dict[int, _Place] = {}

    def begin(self, folder: FolderView) -> None:
        """Watch a folder from now on, where it can be.

        To be called before it is looked at, and again before it is looked at once more.
        """
        if folder.watch is None:
            folder.watch = self._watch(str(folder.path))
        if folder.watch is not None:
            folder.watch.begin()

    def hand_out(self) -> None:
        """Let each folder hear what was told of it since the last time. Raises: OSError."""
        while octets := self._told():
            for number, mask, name in _events(octets):
                if mask & _OVERFLOW:
                    for place in self._places.values():
                        place.watch.lose()
                elif found := self._places.get(number):
                    found.watch.hear(found.where, mask, name)

    def places_of(self, watch: Watch) -> list[_Place]:
        """Return the directories of a folder: none of one that is watched no more."""
        return [place for place in self._places.values() if place.watch is watch]

    def drop(self, watch: Watch) -> None:
        """Watch a folder no more."""
        for number in [n for n, place in self._places.items() if place.watch is watch]:
            os.close(self._places.pop(number).descriptor)
            with suppress(OSError):  # the directory may be gone, and the watch with it
                _call("inotify_rm_watch", self._queue, number)

    def close(self) -> None:
        """Watch nothing any more."""
        for place in self._places.values():
            os.close(place.descriptor)
        self._places.clear()
        if self._queue >= 0:
            os.close(self._queue)
            self._queue = -1

    def _watch(self, folder: str) -> Watch | None:
        """Begin to watch a folder; None where that cannot be."""
        watch = Watch(self)
        if len(self._places) // len(_PLACES) >= MOST_FOLDERS:
            return None
        try:
            for where in _PLACES:
                self._add(watch, folder, where)
        except OSError:
            self.drop(watch)
            return None
        return watch

    def _add(self, watch: Watch, folder: str, where: Subdirectory) -> None:
        descriptor = os.open(f"{folder}/{where}", _OPEN)
        try:
            if not is_local(descriptor):
                raise _error(errno.ENOTSUP)
            if self._queue < 0:
                self._queue = _call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)
            # Just the directory that is open, whatever has its name by now.
            path = os.fsencode(f"/proc/self/fd/{descriptor}")
            number = _call("inotify_add_watch", self._queue, path, _ALL)
            if number in self._places:  # mounted twice
                raise _error(errno.EEXIST)
        except OSError:
            os.close(descriptor)
            raise
        self._places[number] = _Place(watch, where, descriptor)

    def _told(self) -> bytes:
        """Return some of what was told, whole events; empty where that was all."""
        try:
            return os.read(self._queue, _MUCH)
        except BlockingIOError:
            return b""


def _events(octets: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield the events that were read: the watch, what happened, and to which name."""
    at = 0
    while at < len(octets):
        number, mask, _, length = _EVENT.unpack_from(octets, at)
        at += _EVENT.size
        name, _, _ = octets[at : at + length].partition(b"\0")
        at += length
        yield number, mask, os.fsdecode(name)


def _wait_for_changes(descriptor: int) -> None:
    """Wait until whoever is changing a directory is done, and has told of it. Raises: OSError.

    To be read it is locked against changes (directory-locking, in the kernel's documentation).
    """
    with os.scandir(descriptor) as items:
        next(items, None)


def _call(name: str, *arguments: int | bytes) -> int:
    """Call a function of the C library. Raises: OSError."""
    import ctypes

    function = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is None:
        raise _error(errno.ENOSYS)
    answer: int = function(*arguments)
    if answer < 0:
        raise _error(ctypes.get_errno())
    return answer


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
