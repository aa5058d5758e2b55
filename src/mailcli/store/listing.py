"""Listing a Maildir folder that other programs are changing.

Reading a directory gives every file that keeps its name meanwhile. A file that
is renamed may be given under its old name, its new one, both or neither. So a
listing counts only when `cur`, the one directory where files change their
names, did not change from before the first read to after the last.
"""

import os
import time
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

from mailcli.errors import NotFound, TemporaryFailure
from mailcli.store.entries import Entry, Subdirectory
from mailcli.store.files import local_error
from mailcli.store.name_sum import NameSum
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


class Places:
    """The messages of a folder as `new/NAME` and `cur/NAME`, each time that they are iterated.

    None is kept. What cannot be read ends them; `passes` then says so.
    """

    def __init__(self, folder: str, subdirectories: Sequence[Subdirectory]) -> None:
        self._folder = folder
        self._subdirectories = subdirectories
        self._error: OSError | None = None

    def __iter__(self) -> Iterator[str]:
        try:
            for subdirectory in self._subdirectories:
                for item in _items(self._folder, subdirectory):
                    yield f"{subdirectory}/{item.name}"
        except OSError as error:
            self._error = error

    def check(self) -> None:
        """Raise what ended them too early."""
        if self._error is not None:
            raise self._error


def passes(folder: str, *, new: bool = False) -> Iterator[Places]:
    """Yield the messages of a folder, again and again until it did not change meanwhile.

    What was seen in the last pass counts. A unique part may be there twice. With `new` there is
    one pass over those in `new` alone: files come and go there, but keep their names. Who needs
    to know that none of them has gone to `cur` meanwhile looks at its stamp.

    Raises as `list_messages`, and nothing of what is done in a pass.
    """
    places = Places(folder, ("new",) if new else _SUBDIRECTORIES)
    for _ in (None,) if new else _passes(folder):
        yield places
        with _missing_is_not_found(folder):
            places.check()


class Differing(NamedTuple):
    """The messages of those parts of a folder that differ, the parts, and all names' sum."""

    entries: list[Entry]
    parts: Parts
    names: NameSum


def list_differing(folder: str, outline: Outline) -> Differing:
    """Return what is not as outlined in a folder.

    Read twice, so that no name needs to be kept; both times are one listing, during which
    nothing changed. Raises as `list_messages`.
    """

    def read() -> Differing:
        names = NameSum()
        parts = outline.differing(names.passing(_names(folder)))
        return Differing(_entries(folder, among=parts), parts, names)

    return _unchanging(folder, read)


def sum_names(folder: str) -> NameSum:
    """Return the sum of the names of all messages, which other programs may be changing.

    Raises: NotFound, LocalError.
    """
    names = NameSum()
    with _missing_is_not_found(folder):
        names.add_all(_names(folder))
    return names


def letters_in_use(folder: str) -> str:
    """Return the letters that any message has besides flags. Raises as `list_messages`."""
    infos = _unchanging(folder, lambda: {name.partition(":")[2] for name in _names(folder)})
    return "".join(Entry("cur", f":{info}").others for info in infos)


def _unchanging(folder: str, read: Callable[[], _Read]) -> _Read:
    """Return what was read while no file in `cur` came, went or changed its name."""
    found: list[_Read] = []
    for _ in _passes(folder):
        with _missing_is_not_found(folder):
            found = [read()]
    return found[0]


def _passes(folder: str) -> Iterator[None]:
    """Yield until no file in `cur` came, went or changed its name until the next was asked for."""
    for _ in range(_TRIES):
        with _missing_is_not_found(folder):
            started = time.time_ns()
            before = _stamp(folder)
        yield
        with _missing_is_not_found(folder):
            after = _stamp(folder)
        if before == after:
            wait = untrusted_for(before[1], now_ns=started)
            if not wait:
                return
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
    return (item.name for where in _SUBDIRECTORIES for item in _items(folder, where))


def _items(folder: str, subdirectory: Subdirectory) -> Iterator[os.DirEntry[str]]:
    with os.scandir(f"{folder}/{subdirectory}") as items:
        yield from (
            item for item in items if item.name[0] != "." and item.is_file(follow_symlinks=False)
        )


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
