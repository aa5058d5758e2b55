"""A message on its way out: kept once, read as often as needed, in flat memory.

Small ones stay in memory. A larger one goes to a file without a name, which is
gone whenever the process ends, however it ends.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from mailcli.store.files import CHUNK, make_private_directory, translated

IN_MEMORY = 1 << 20
"""Octets that are kept without a file."""


class Spool:
    """Octets that were written once; `size` is how many. Iterating gives all of them, anew."""

    def __init__(self, directory: Path) -> None:
        """Begin with none; `directory` is made, private, when a file is needed."""
        self.size = 0
        self._directory = directory
        self._pieces: list[bytes] = []
        self._file: IO[bytes] | None = None

    def extend(self, chunks: Iterable[bytes]) -> None:
        """Take more octets. Raises: CannotCreate, LocalError; what `chunks` raises."""
        for chunk in chunks:
            self.size += len(chunk)
            if self._file is None and self.size > IN_MEMORY:
                self._move_to_file()
            if self._file is None:
                self._pieces.append(chunk)
            else:
                with translated(self._directory):
                    self._file.write(chunk)

    def __iter__(self) -> Iterator[bytes]:
        if self._file is None:
            yield b"".join(self._pieces)  # a relayed message is read line by line
            return
        with translated(self._directory):
            self._file.seek(0)
            while chunk := self._file.read(CHUNK):
                yield chunk

    def _move_to_file(self) -> None:
        import tempfile  # it imports every compressor there is

        make_private_directory(self._directory)
        with translated(self._directory, creating=True):
            self._file = tempfile.TemporaryFile(dir=self._directory)  # noqa: SIM115 - open as long as this
        with translated(self._directory):
            self._file.writelines(self._pieces)
        self._pieces.clear()
