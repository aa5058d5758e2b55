"""Which file that nobody knows is which message whose file is gone: a pure decision.

Other programs move messages between folders, and give files new names. What is
missing in one place and stands in another with the same octets was moved: on
the server that is one MOVE, or nothing at all where the folder is the same,
instead of a deletion and an upload.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mailcli.model import Uid

Content = tuple[int, bytes]
"""What makes two files the same message: octets as on the wire, and their SHA-256."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A message that the server has, and whose file is not where it was."""

    folder: str
    uid: Uid
    unique: str
    content: Content


@dataclass(frozen=True, slots=True)
class Stray:
    """A file that belongs to no message."""

    folder: str
    unique: str
    content: Content


@dataclass(frozen=True, slots=True)
class Moved:
    """The file of a message is here now: another folder, another name, or both."""

    missing: Missing
    stray: Stray

    @property
    def is_rename(self) -> bool:
        """Whether the message stayed in its folder, so that only its file's name is new."""
        return self.missing.folder == self.stray.folder


def pair(missing: Iterable[Missing], strays: Iterable[Stray]) -> list[Moved]:
    """Pair messages with files of the same content, each at most once, in a stable order.

    A file in the message's own folder comes first, then one that kept its name, then any.
    """
    free: dict[Content, list[Stray]] = defaultdict(list)
    for stray in sorted(strays, key=lambda each: (each.folder, each.unique)):
        free[stray.content].append(stray)
    looking = sorted(missing, key=lambda each: (each.folder, each.uid))
    found: list[Moved] = []
    for fits in (_same_folder, _same_name, _any):
        left: list[Missing] = []
        for message in looking:
            candidates = free.get(message.content, [])
            fitting = [each for each in candidates if fits(message, each)]
            if fitting:
                candidates.remove(fitting[0])
                found.append(Moved(message, fitting[0]))
            else:
                left.append(message)
        looking = left
    return found


def _same_folder(message: Missing, stray: Stray) -> bool:
    return message.folder == stray.folder


def _same_name(message: Missing, stray: Stray) -> bool:
    return message.unique == stray.unique


def _any(message: Missing, stray: Stray) -> bool:
    del message, stray
    return True
