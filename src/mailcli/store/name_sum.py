"""One number for all file names of a folder, which follows from the changes of single ones. Pure.

It is the sum of a hash of each name. So a run that knows it at one moment, and each name that it
gave and took away since, knows what it must be at another, unless another program has changed
the folder meanwhile.

The hash is a cryptographic one: with CRC-32 and other linear ones, two files may exchange their
letters and the sum stays the same. And it is the same in every process, as Python's own is not,
for it is recorded.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import blake2s

_MODULUS = 1 << 256
_AT_ONCE = 500


class NameSum:
    """The sum over the names that were added, and not taken away again."""

    def __init__(self, text: str = "0") -> None:
        """Begin with no name, or with what `text` stands for. Raises: ValueError."""
        self._sum = int(text, 16)

    @property
    def text(self) -> str:
        """The sum, to be recorded and compared."""
        return f"{self._sum:x}"

    def add(self, name: str) -> None:
        """Count a file in."""
        self._change(_hash(name))

    def take(self, name: str) -> None:
        """Count a file out."""
        self._change(-_hash(name))

    def add_all(self, names: Iterable[str]) -> None:
        """Count in very many files, none of which is kept."""
        self._change(sum(map(_hash, names)))

    def passing(self, names: Iterable[str]) -> Iterator[str]:
        """Yield names, and have counted them in when all have gone by."""
        waiting = iter(names)
        while some := list(islice(waiting, _AT_ONCE)):
            self.add_all(some)
            yield from some

    def _change(self, difference: int) -> None:
        self._sum = (self._sum + difference) % _MODULUS


def _hash(name: str) -> int:
    return int.from_bytes(_blake2s()(name.encode("utf-8", "surrogateescape")).digest())


@cache  # an import for each of many names takes longer than its hash
def _blake2s() -> "type[blake2s]":
    from hashlib import blake2s

    return blake2s
