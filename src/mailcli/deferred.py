"""Modules of the standard library that others import at their top, and most runs never ask.

click imports `inspect`, and with it a parser and a disassembler, to tidy help texts; imaplib
imports `subprocess` for servers that are programs. That is a tenth of a short run. Here such a
module is given out unread: it reads itself, in place, when something in it is first asked for.
From then on it is the module that it always would have been, so nobody can tell but by the clock.

`importlib.util.LazyLoader` does the same, but before Python 3.14 each further `import` statement
would read the module: it looks at `__spec__`, which that loader takes for a question.
"""

import sys
from _thread import RLock
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import Loader

_reading = RLock()


class Deferred(ModuleType):
    """A module that has not been read."""

    def __init__(self, spec: ModuleSpec, loader: "Loader") -> None:
        super().__init__(spec.name)
        self.__spec__, self.__loader__, self.__file__ = spec, loader, spec.origin
        self._read = loader.exec_module

    def __getattr__(self, name: str) -> object:
        """Read the module, and answer from it; other threads wait until it is whole."""
        with _reading:
            # Asked again by this thread while it is being read: answered as far as it is read.
            if read := vars(self).pop("_read", None):
                read(self)
                self.__class__ = ModuleType  # type: ignore[assignment]  # from now on
        return ModuleType.__getattribute__(self, name)


def defer(*names: str) -> None:
    """Give out these modules unread, unless they have been read already.

    None of them may be a package.
    """
    for name in names:
        spec = None if name in sys.modules else PathFinder.find_spec(name)
        if spec is not None and spec.loader is not None:
            sys.modules[name] = Deferred(spec, spec.loader)
