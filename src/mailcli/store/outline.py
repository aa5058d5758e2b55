"""A folder's files held against those recorded, without holding either in memory. Pure.

Of 100,000 files hardly one is not as it was agreed on. So what should be there is summed up, in
parts that a file's unique name decides on, and so is what is there; only the files of parts that
differ need to be looked at one by one, with a few beside them that do not.

The sums are of Python's own hashes, whose key is drawn anew for each process. That two different
parts have the same sum is as unlikely as a guessed key of 64 bits, and would only mean that a
change is seen by a later run: nothing is ever deleted for being summed up.
"""

from array import array
from collections.abc import Iterable

MOST_PARTS = 1 << 16
"""As many sums at most: half a megabyte, and of a million files one part has sixteen."""

_MODULUS = 1 << 64


class Parts:
    """The parts of a folder that are to be looked at; `unique in parts` tells which files."""

    def __init__(self, marks: bytes) -> None:
        self._marks = marks

    @classmethod
    def all(cls) -> "Parts":
        """Return every part: nothing is passed over."""
        return cls(b"\x01")

    def __contains__(self, unique: object) -> bool:
        return bool(self._marks[hash(unique) % len(self._marks)])


class Outline:
    """The files that there should be, by name: with their letters, or by unique name alone.

    `about` is how many there will be, so that a part has one, and few files cost little.
    """

    def __init__(self, about: int, *, with_letters: bool = True) -> None:
        self._with_letters = with_letters
        self._exposed = bytearray(min(max(1, about), MOST_PARTS))
        self._sums = self._no_sums()

    def expect(self, unique: str, letters: str = "") -> None:
        """Expect a file with just these letters, in the order of the specification."""
        _add(self._sums, unique, f"2,{letters}" if letters else "")

    def expose(self, unique: str) -> None:
        """Have this file looked at, if it is there, whatever its letters."""
        self._exposed[hash(unique) % len(self._exposed)] = 1

    def differing(self, names: Iterable[str]) -> Parts:
        """Return the parts that are exposed, or in which these file names are not as expected."""
        found = self._no_sums()
        for name in names:
            unique, _, info = name.partition(":")
            _add(found, unique, "" if info == "2," or not self._with_letters else info)
        marks = zip(self._exposed, self._sums, found, strict=True)
        return Parts(bytes(mark or here != there for mark, here, there in marks))

    def _no_sums(self) -> "array[int]":
        return array("Q", bytes(8 * len(self._exposed)))


def _add(sums: "array[int]", unique: str, info: str) -> None:
    part = hash(unique) % len(sums)
    # Of one text: hashes of tuples are so near to sums that two files may exchange their letters
    # and the sum of both stay the same.
    sums[part] = (sums[part] + hash(f"{unique}:{info}")) % _MODULUS
