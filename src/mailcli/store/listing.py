"""Listing a Maildir folder that other programs are changing.

Reading a directory gives every file that keeps its name meanwhile. A file that
is renamed may be given under its old name, its new one, both or neither. So a
listing counts only when `cur`, the one directory where files change their
names, did not change from before the first read to after the last.
"""

import os
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mailcli.errors import NotFound, TemporaryFailure
from mailcli.store.entries import Entry, Subdirectory
from mailcli.store.files import local_error
from mailcli.store.outline import Outline, Parts

_TRIES = 10
_TICK_NS = 20_000_000  # the clock for time stamps moves in steps of up to 10 ms
_COARSE_NS = 2_000_000_000  # file systems that keep whole seconds only; FAT: every other one

_SUBDIRECTORIES: tuple[Subdirectory, ...] = ("new", "cur")

_Read = TypeVar("_Read")


def list_messages(
    folder: str, *, stat: bool = False, among: Container[str] | None = None
) -> list[Entry]:
    """Return the messages of a folder, each unique part once; `stat` fills in the numbers.

    Of `among`, where given, these unique parts alone. `new` is read first, since files go from
    there to `cur`. Hidden files, and what is no regular file, are no messages.

    Raises:
        NotFound: `new` or `cur` is missing: that is not an empty folder.
        TemporaryFailure: other programs did not stop changing it.
        LocalError: it cannot be read.
    """
    return _unchanging(folder, lambda: _entries(folder, stat=stat, among=among))


def list_places(folder: str) -> list[str]:
    """Return the messages of a folder as `cur/NAME` or `new/NAME`, each unique part once.

    A list of 100,000 takes 10 MB. Raises as `list_messages`.
    """

    def read() -> list[str]:
        new = {item.name.partition(":")[0]: item.name for item in _items(folder, "new")}
        found: list[str] = []
        for item in _items(folder, "cur"):
            found.append(f"cur/{item.name}")
            if new:
                new.pop(item.name.partition(":")[0], None)
        return found + [f"new/{name}" for name in new.values()]

    return _unchanging(folder, read)


def list_new(folder: str) -> list[str]:
    """Return the messages in `new` as `new/NAME`; files come and go there, but keep their names.

    Who needs to know that none of them has gone to `cur` meanwhile looks at its stamp.
    Raises: NotFound, LocalError.
    """
    with _missing_is_not_found(folder):
        return [f"new/{item.name}" for item in _items(folder, "new")]


def list_differing(folder: str, outline: Outline) -> tuple[list[Entry], Parts]:
    """Return the messages of those parts of a folder that are not as outlined, and the parts.

    Read twice, so that no name needs to be kept; both times are one listing, during which
    nothing changed. Raises as `list_messages`.
    """

    def read() -> tuple[list[Entry], Parts]:
        parts = outline.differing(_names(folder))
        return _entries(folder, among=parts), parts

    return _unchanging(folder, read)


def _unchanging(folder: str, read: Callable[[], _Read]) -> _Read:
    """Return what was read while no file in `cur` came, went or changed its name."""
    for _ in range(_TRIES):
        with _missing_is_not_found(folder):
            started = time.time_ns()
            before = _stamp(folder)
            found = read()
            after = _stamp(folder)
        if before == after:
            wait = untrusted_for(before[1], now_ns=started)
            if not wait:
                return found
            time.sleep(wait / 1e9)
    raise TemporaryFailure(
        f"{folder}: another program keeps changing the folder", hint="try again later"
    )


def untrusted_for(modified_ns: int, *, now_ns: int) -> int:
    """Return for how long (ns) an unchanged time stamp does not prove an unchanged directory.

    A second change within the same step of the clock leaves the same stamp. A
    stamp in the future comes from another machine's clock, and tells nothing.
    """
    step = _TICK_NS if modified_ns % 1_000_000_000 else _COARSE_NS
    age = now_ns - modified_ns
    return step - age if 0 <= age < step else 0


def _stamp(folder: str) -> tuple[int, int]:
    status = os.stat(f"{folder}/cur")  # noqa: PTH116 - no path objects where it is fast
    return status.st_ino, status.st_mtime_ns


def _entries(
    folder: str, *, stat: bool = False, among: Container[str] | None = None
) -> list[Entry]:
    found: dict[str, Entry] = {}
    for subdirectory in _SUBDIRECTORIES:
        for item in _items(folder, subdirectory):
            unique = item.name.partition(":")[0]
            if among is not None and unique not in among:
                continue
            entry = _with_status(item, subdirectory) if stat else Entry(subdirectory, item.name)
            if entry is not None:
                found[unique] = entry
    return list(found.values())


def _names(folder: str) -> Iterator[str]:
    for subdirectory in _SUBDIRECTORIES:
        for item in _items(folder, subdirectory):
            yield item.name


def _items(folder: str, subdirectory: Subdirectory) -> Iterator[os.DirEntry[str]]:
    with os.scandir(f"{folder}/{subdirectory}") as items:
        for item in items:
            if item.name[0] != "." and item.is_file(follow_symlinks=False):
                yield item


def _with_status(item: os.DirEntry[str], subdirectory: Subdirectory) -> Entry | None:
    """Return None for a file that has just lost this name: `cur` then shows a change."""
    try:
        status = item.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Entry(subdirectory, item.name, status.st_ino, status.st_size, status.st_mtime_ns)


@contextmanager
def _missing_is_not_found(folder: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(
            f"{folder}: no such Maildir folder",
            hint="where the disk with the mail is not mounted, mount it",
        ) from error
    except OSError as error:
        raise local_error(error, folder) from error
