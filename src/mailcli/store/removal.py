"""Removing the directories of a folder that holds nothing, while programs may still deliver.

Messages go nowhere: directories are taken away by `rmdir` alone, which refuses
what is not empty. `tmp` goes first. From then on nobody can begin a delivery,
and one that was under way shows in `tmp` or `new`, which then stay, and the
caller makes the folder whole again. Between the first step and the last, or the
way back, it is no folder (`is_maildir`).
"""

import contextlib
import errno
import os

from mailcli.store.entries import SUBDIRECTORIES, TMP, token_of_temporary
from mailcli.store.files import fsync_directory, translated

_ORDER = (TMP, "new", "cur")
_NOT_EMPTY = frozenset({errno.ENOTEMPTY, errno.EEXIST})
_MARK = "maildirfolder"  # what tells a delivery agent that this is a folder (Maildir++)
_INDEXES = ("dovecot.", "dovecot-")


def holds_nothing(folder: str) -> bool:
    """Tell whether a folder, or what is left of one, has nothing that anybody would miss.

    Own temporary files, Dovecot's indexes and directories that may be other
    folders do not count. Raises: LocalError.
    """
    with translated(folder):
        new, cur, tmp = (_items(f"{folder}/{name}") for name in ("new", "cur", TMP))
        own = all(token_of_temporary(item.name) for item in tmp)
        return not new and not cur and own and all(map(_may_stand_by, _items(folder)))


def remove_subdirectories(folder: str) -> bool:
    """Remove `tmp`, `new` and `cur`; stop with False at one that is not empty.

    Raises: OSError, untranslated: the caller has something to make whole.
    """
    for name in _ORDER:
        try:
            os.rmdir(f"{folder}/{name}")  # noqa: PTH106 - the fault tests stop at calls of os
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno not in _NOT_EMPTY:
                raise
            return False
    return True


def remove_rest(folder: str) -> None:
    """Remove indexes and, where nothing else lies in it, the directory itself; durably.

    Raises: LocalError.
    """
    with translated(folder):
        for item in _items(folder):
            if _is_ours_to_remove(item):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(item.path)  # noqa: PTH108 - the fault tests stop at calls of os
        try:
            os.rmdir(folder)  # noqa: PTH106 - the fault tests stop at calls of os
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno not in _NOT_EMPTY:
                raise
            fsync_directory(folder)
        parent = os.path.dirname(folder)  # noqa: PTH120 - no path objects where os is called
        if os.path.isdir(parent):  # noqa: PTH112 - see above
            fsync_directory(parent)


def _items(directory: str) -> list[os.DirEntry[str]]:
    """Return what is in a directory: nothing where there is none."""
    try:
        with os.scandir(directory) as items:
            return list(items)
    except FileNotFoundError:
        return []


def _may_stand_by(item: os.DirEntry[str]) -> bool:
    return item.is_dir(follow_symlinks=False) or _is_ours_to_remove(item)


def _is_ours_to_remove(item: os.DirEntry[str]) -> bool:
    """Tell whether a file means nothing without the folder's messages."""
    known = item.name == _MARK or item.name.startswith(_INDEXES)
    return known and item.is_file(follow_symlinks=False)


def is_half_removed(folder: str) -> bool:
    """Tell whether some of the three directories are there, but not all."""
    there = [os.path.isdir(f"{folder}/{name}") for name in SUBDIRECTORIES]  # noqa: PTH112 - see above
    return any(there) and not all(there)
