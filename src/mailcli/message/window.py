"""A message's octets, read forwards in blocks: of a large one, never more than a block is held."""

import re
from typing import BinaryIO

BLOCK = 1 << 16
"""Octets read at a time."""


class Window:
    """What was last read of a seekable stream. Positions count from the stream's start."""

    __slots__ = ("_data", "_start", "_stream", "size")

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._data = b""
        self._start = 0
        self.size = stream.seek(0, 2)
        """Octets in the whole stream."""

    def take(self, at: int, most: int) -> bytes:
        """Return up to `most` octets from a position on; fewer only at the end."""
        offset = at - self._start
        if offset < 0 or at + most > self._start + len(self._data) < self.size:
            self._load(at, max(most, BLOCK))
            offset = 0
        return self._data[offset : offset + most]

    def find(self, needle: bytes, at: int, end: int | None = None) -> int:
        """Return where `needle` next stands from a position on, whole before `end`, or -1."""
        end = self.size if end is None else end
        while at + len(needle) <= end:
            offset = at - self._start
            if 0 <= offset < len(self._data):
                found = self._data.find(needle, offset, end - self._start)
                if found >= 0:
                    return self._start + found
                at = max(at, self._start + len(self._data) - len(needle) + 1)
                if self._is_last():
                    return -1
            if not self._load(at, BLOCK):
                return -1
        return -1

    def search(self, pattern: re.Pattern[bytes], at: int, most: int) -> tuple[int, int] | None:
        """Return where a pattern next matches within `most` octets from a position on.

        What is read already is searched first, so that many short searches read nothing twice.
        """
        offset = at - self._start
        if 0 <= offset <= len(self._data):
            found = pattern.search(self._data, offset, offset + most)
            if found and (found.end() < len(self._data) or self._is_last()):
                return self._start + found.start(), self._start + found.end()
        found = pattern.search(self.take(at, most))
        return (at + found.start(), at + found.end()) if found else None

    def _is_last(self) -> bool:
        return self._start + len(self._data) >= self.size

    def _load(self, at: int, most: int) -> bool:
        """Read a block from a position on; tell whether there was anything."""
        self._stream.seek(at)
        parts: list[bytes] = []
        while most > 0 and (data := self._stream.read(most)):
            parts.append(data)
            most -= len(data)
        self._data = parts[0] if len(parts) == 1 else b"".join(parts)
        self._start = at
        if most > 0:  # the end, perhaps sooner than the stream had said
            self.size = at + len(self._data)
        return bool(self._data)
