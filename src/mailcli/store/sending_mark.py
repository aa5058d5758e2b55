"""A mark that a draft's message may have gone out, made durable before its final dot.

It outlives whatever stops the run. So a draft that is still there is not sent a second time
by somebody who cannot know.
"""

import contextlib
import os
from hashlib import sha256
from pathlib import Path

from mailcli.store.files import fsync_directory, make_private_directory, translated


class SendingMark:
    """The mark of one draft, known by any name that stays the same."""

    def __init__(self, state_dir: Path, name: str) -> None:
        self._directory = state_dir / "drafts"
        token = sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:40]
        self._path = self._directory / f"{token}.sending"

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
