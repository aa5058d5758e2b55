"""What a run in this process reads: which directories it lists, and how much work it does."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any


@dataclass(slots=True)
class Watch:
    """Directories that were listed, and how many functions were called, of Python and of C.

    `made` is how many values of the classes that were asked about were made, and how many the
    generators that were asked about gave (one more for each that came to its end).
    """

    on: bool = True
    listed: list[Path] = field(default_factory=list)
    calls: int = 0
    made: Counter[object] = field(default_factory=Counter)

    def folders(self) -> list[str]:
        """Return the Maildir folders whose files were listed, each once, sorted."""
        found = {path.parent.name for path in self.listed if path.name in {"cur", "new"}}
        return sorted(found)

    def listings(self, folder: str) -> int:
        """Return how often the files of a Maildir folder were listed."""
        return sum(path.parent.name == folder and path.name == "cur" for path in self.listed)


@contextmanager
def watched(*makers: type | FunctionType) -> Iterator[Watch]:
    """Watch what this process reads until the block ends, and the values of these classes."""
    watch = Watch()
    made_by = {_code_of(each): each for each in makers}

    def audit(event: str, args: tuple[Any, ...]) -> None:
        # A hook stays for as long as the process lives.
        # Who has a directory open reads a bit of it (`store.watch`), and nobody lists it so.
        by_name = event in {"os.scandir", "os.listdir"} and isinstance(args[0], str | os.PathLike)
        if watch.on and by_name:
            watch.listed.append(Path(args[0]))

    def profile(frame: FrameType, event: str, arg: object) -> None:
        del arg
        watch.calls += event in {"call", "c_call"}
        if event == "call" and frame.f_code in made_by:
            watch.made[made_by[frame.f_code]] += 1

    sys.addaudithook(audit)
    sys.setprofile(profile)
    try:
        yield watch
    finally:
        sys.setprofile(None)
        watch.on = False


def _code_of(maker: type | FunctionType) -> CodeType:
    """Return what runs when a value is made; a NamedTuple is made by `__new__`."""
    if isinstance(maker, FunctionType):
        return maker.__code__
    made = maker.__new__ if issubclass(maker, tuple) else vars(maker)["__init__"]
    assert isinstance(made, FunctionType)
    return made.__code__
