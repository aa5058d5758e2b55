"""A part of a file as a stream of its own: a message in an mbox."""

import io
import os
from pathlib import Path
from typing import BinaryIO, Self, cast

from mailcli.errors import LocalError, NotFound


class Span(io.RawIOBase):
    """The octets of a file from one place to another, read only."""

    def __init__(self, descriptor: int, start: int, end: int, *, owned: bool = False) -> None:
        super().__init__()
        self._owned = owned
        self._descriptor, self._start, self._end = descriptor, start, end
        self._at = 0

    @classmethod
    def open(cls, path: Path, start: int, end: int) -> BinaryIO:
        """Open a part of a file. Raises: NotFound (66), LocalError (74)."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotFound(f"{path}: no such file") from error
        except OSError as error:
            raise LocalError(f"{path}: {error.strerror}") from error
        return cast(BinaryIO, io.BufferedReader(cls(descriptor, start, end, owned=True)))

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, counted from the beginning of the part, from here, or from its end."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end - self._start}
        self._at = max(0, base[whence] + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read what comes next."""
        left = self._end - self._start - self._at
        octets = os.pread(self._descriptor, max(0, min(left, len(buffer))), self._start + self._at)
        buffer[: len(octets)] = octets
        self._at += len(octets)
        return len(octets)

    def close(self) -> None:
        """Give the file back."""
        if self._owned and not self.closed:
            os.close(self._descriptor)
        super().close()

    def __enter__(self) -> Self:
        return self
