"""A message that is open: it can be read whatever becomes of its name meanwhile."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from mailcli.store.files import read_chunks, translated
from mailcli.store.line_ends import is_verbatim, to_wire


class Held:
    """One open file, closed at the end of the block; `path` is where it was found."""

    def __init__(self, descriptor: int, path: Path, *, marked: bool) -> None:
        """Take over a descriptor; `marked`: the file's name says that it is verbatim."""
        self._descriptor, self._path, self._marked = descriptor, path, marked

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def wire(self) -> Iterator[bytes]:
        """Yield the octets that the server sent, from the first; one such reading at a time.

        Raises (while iterating): LocalError, when it cannot be read.
        """
        with translated(self._path):
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            verbatim = is_verbatim(read_chunks(self._descriptor), marked=self._marked)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            yield from to_wire(read_chunks(self._descriptor), verbatim=verbatim)

    def received(self) -> datetime | None:
        """Return when the message was received: the time of its file, as `Staged.close` sets it.

        None for a time that no calendar has.
        """
        try:
            return datetime.fromtimestamp(int(os.fstat(self._descriptor).st_mtime), UTC)
        except (OverflowError, ValueError):
            return None
