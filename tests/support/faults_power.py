"""Power loss, as far as a test can make one: what was not made durable is taken away again.

After kill -9 the kernel still holds everything that was written, so a missing
fsync would go unnoticed. A disk that lost its power may hold less: a name that
was not followed by an fsync of its directory may be missing, and a file that
was not followed by its own fsync may be empty. Each of the two is applied
alone and to everything at once, which is the worst that a file system may do. A syncfs
makes everything durable that was done before it, and nothing that was done while it ran.
Databases are left to SQLite, which makes a commit durable (`synchronous=FULL`).
"""

import os
import shutil
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import partial
from pathlib import Path

from tests.support.faults import Effect

_REPLACED = "/dovecot-keywords"
"""A file that is replaced under its name, not made."""


class Loss(StrEnum):
    """What the disk did not get to keep."""

    NAMES = "names that were not durable are gone"
    CONTENTS = "contents that were not durable are gone"


def lose_power(effects: Iterable[Effect], loss: Loss) -> None:
    """Take away what the effects of a run, the last one to touch the files, left unsafe."""
    if loss is Loss.NAMES:
        for undo in reversed(_unsafe_names(effects)):
            undo()
        return
    for path in _unsafe_contents(effects):
        if Path(path).exists():
            os.truncate(path, 0)


def _unsafe_names(effects: Iterable[Effect]) -> list[Callable[[], object]]:
    """Return how to undo each change of a directory that was not made durable, in order.

    A name that was taken away stays away: in another directory, it may have reached the disk.
    """
    pending: list[tuple[str, Callable[[], object]]] = []
    for effect in effects:
        match effect:
            case Effect("create", (path,)):
                pending.append((_parent(path), partial(_remove, path)))
            case Effect("link", (_, path)):
                pending.append((_parent(path), partial(_remove, path)))
            case Effect("mkdir", (path,)):
                undo = partial(shutil.rmtree, path, ignore_errors=True)
                pending.append((_parent(path), undo))
            case Effect("rename", (_, path)) if path.endswith(_REPLACED):
                pass  # the disk has the new file or the old one, and that is not kept anywhere
            case Effect("rename" | "replace", (source, path)):
                pending.append((_parent(path), partial(_rename, path, source)))
            case Effect("syncfs"):
                pending = []
            case Effect("fsync", (directory,)):
                pending = [(parent, undo) for parent, undo in pending if parent != directory]
            case _:
                pass
    return [undo for _, undo in pending]


def _unsafe_contents(effects: Iterable[Effect]) -> set[str]:
    """Return the files, by all their names, that were written and not made durable."""
    unsafe: set[str] = set()
    for effect in effects:
        match effect:
            case Effect("write" | "truncate", (path,)):
                unsafe.add(path)
            case Effect("syncfs"):
                unsafe.clear()
            case Effect("fsync", (path,)):
                unsafe.discard(path)
            case Effect("link" | "rename" | "replace", (source, path)) if source in unsafe:
                unsafe.add(path)
            case _:
                pass
    return unsafe


def _parent(path: str) -> str:
    return str(Path(path).parent)


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)


def _rename(path: str, source: str) -> None:
    if Path(path).exists():
        Path(path).rename(source)
