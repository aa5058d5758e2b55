"""A message on its way out, and whoever is to be told how far it is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailcli.app.context import Step


@dataclass(frozen=True, slots=True)
class Passing:
    """Octets on their way out, anew each time they are read; each piece is told when gone."""

    octets: Iterable[bytes]
    step: Step

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.octets:
            yield piece
            self.step(len(piece), messages=0)
