"""What a process hands down to those it starts: no test may spoil the next test's servers.

A server starts in the first test that needs it. With a umask or a limit that
some earlier test left behind it fails where nobody looks for the cause.
"""

import functools
import os
import re
import resource
import signal
from pathlib import Path
from typing import NamedTuple

_LIMITS = {
    name: getattr(resource, name)
    for name in ("RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC")
}
_STATUS = re.compile(rb"^(?:Umask|SigBlk|SigIgn):\s*(\w+)$", re.MULTILINE)


class Inherited(NamedTuple):
    """What the processes that this one starts have from it, the environment left out."""

    umask: str
    directory: str
    limits: dict[str, tuple[int, int]]
    ignored: frozenset[int]
    blocked: frozenset[int]

    @classmethod
    def now(cls) -> "Inherited":
        """Return how it is now."""
        # os.umask would have to change it, and for all threads.
        status = Path("/proc/self/status").read_bytes()
        umask, blocked, ignored = (match.decode("ascii") for match in _STATUS.findall(status))
        return cls(
            umask=umask,
            directory=os.getcwd(),  # noqa: PTH109 - before and after each test
            limits={name: resource.getrlimit(limit) for name, limit in _LIMITS.items()},
            ignored=_signals(ignored),
            blocked=_signals(blocked),
        )

    def restore(self) -> None:
        """Undo what a test should have undone, so that one test alone fails."""
        os.umask(int(self.umask, 8))
        os.chdir(self.directory)
        for name, limits in self.limits.items():
            if resource.getrlimit(_LIMITS[name]) != limits:
                resource.setrlimit(_LIMITS[name], limits)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.blocked)

    def changes(self, later: "Inherited") -> list[str]:
        """Name what is not as it was."""
        return [
            f"{name}: {before} became {after}"
            for name, before, after in zip(self._fields, self, later, strict=True)
            if before != after
        ]


@functools.cache
def _signals(mask: str) -> frozenset[int]:
    """Return the numbers in a mask of `/proc/self/status` (proc_pid_status(5))."""
    return frozenset(at + 1 for at in range(64) if int(mask, 16) >> at & 1)
