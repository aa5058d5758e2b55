"""Standard streams and files that take no more: what is done then, where the work is done."""

import contextlib
import os
from collections.abc import Callable
from typing import TextIO


def abandon_if_broken(stream: TextIO) -> None:
    """Where a stream takes no more, send the rest to nowhere: Python would complain at its end."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def until_it_fails(
    write: Callable[[str], None], give_up: Callable[[OSError], None]
) -> Callable[[str], None]:
    """Return what writes lines as long as that works; when it fails, `give_up` is told, once.

    Whatever the lines are about goes on: a message that a server took must not look as if
    it had failed because a disk is full.
    """
    writes = True

    def attempt(line: str) -> None:
        nonlocal writes
        if not writes:
            return
        try:
            write(line)
        except OSError as exc:
            writes = False
            give_up(exc)

    return attempt
