"""A mark that a draft's message may have gone out, made durable before its final dot.

It outlives whatever stops the run. So a draft that is still there is not sent a second time
by somebody who cannot know. While it is sent, a lock keeps other runs from sending it too.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from mailcli.errors import Locked
from mailcli.store.files import fsync_directory, make_private_directory, translated


class SendingMark:
    """The mark of one draft, known by any name that stays the same."""

    def __init__(self, state_dir: Path, name: str) -> None:
        self._directory = state_dir / "drafts"
        token = sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:40]
        self._path = self._directory / f"{token}.sending"
        self._lock = self._directory / f"{token}.lock"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let no other run send the draft within the block.

        Raises: Locked (75) where one does; CannotCreate (73), LocalError (74).
        """
        make_private_directory(self._directory)
        descriptor = self._locked()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # while it is held: see _locked
                os.unlink(self._lock)  # noqa: PTH108 - the fault tests stop at calls of os
            os.close(descriptor)

    def _locked(self) -> int:
        """Return the lock file, locked: the one that has the name, none that was just removed."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        while True:
            with translated(self._lock, creating=True):
                descriptor = os.open(self._lock, flags, 0o600)
            try:
                if _is_taken(descriptor, self._lock):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def is_set(self) -> bool:
        """Tell whether an earlier run has come to the final dot, and no further."""
        return os.path.lexists(self._path)

    def set(self) -> None:
        """Make it, durably. Raises: CannotCreate (73), LocalError (74)."""
        make_private_directory(self._directory)
        with translated(self._path, creating=True):
            flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self._path, flags, 0o600)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        fsync_directory(self._directory)

    def clear(self) -> None:
        """Take it away: what became of the message is known. Never fails."""
        with contextlib.suppress(OSError):
            os.unlink(self._path)  # noqa: PTH108 - the fault tests stop at calls of os


def _is_taken(descriptor: int, path: Path) -> bool:
    """Lock a file; False where its name is another's, or nobody's, by now."""
    with translated(path):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Locked(
                "another mailcli is sending this draft", hint="wait until it is done"
            ) from error
        try:
            return os.path.samestat(os.fstat(descriptor), os.lstat(path))
        except FileNotFoundError:
            return False
