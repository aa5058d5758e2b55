"""One export at a time into a folder of a Maildir that is nobody's account.

Each takes away what a killed one left in `tmp`, and holds each message once: two at once would
take away each other's files, and bring one message twice. The lock is flock's on `tmp`, which no
other program looks at, and ends with its process.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from mailcli.errors import TemporaryFailure
from mailcli.store.entries import TMP
from mailcli.store.files import translated
from mailcli.store.folder import MaildirFolder

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def alone_in(folder: MaildirFolder) -> Iterator[None]:
    """Hold the lock of a folder that is there within the block.

    Raises: TemporaryFailure (75) while another process holds it; LocalError (74).
    """
    directory = folder.path / TMP
    with translated(directory):
        descriptor = os.open(directory, _OPEN)
    try:
        _lock(descriptor, str(folder.path))
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, name: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise TemporaryFailure(
            f"{name}: another export is writing there", hint="wait until it is done, and run again"
        ) from error
    except OSError:
        pass  # a network's file system that locks no directories: as if nobody else were there
