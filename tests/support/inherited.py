"""What a process hands down to those it starts: no test may spoil the next test's servers.

A server starts in the first test that needs it. With a umask or a limit that
some earlier test left behind it fails where nobody looks for the cause.
"""

import os
import resource
import signal
from pathlib import Path
from typing import NamedTuple

_LIMITS = ("RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC")


class Inherited(NamedTuple):
    """What the processes that this one starts have from it, the environment left out."""

    umask: str
    directory: str
    limits: dict[str, tuple[int, int]]
    ignored: set[int]
    blocked: set[int]

    @classmethod
    def now(cls) -> "Inherited":
        """Return how it is now."""
        # os.umask would have to change it, and for all threads.
        status = Path("/proc/self/status").read_text("utf-8", "replace")
        return cls(
            umask=next(line.split()[1] for line in status.splitlines() if "Umask:" in line),
            directory=str(Path.cwd()),
            limits={name: resource.getrlimit(getattr(resource, name)) for name in _LIMITS},
            ignored={
                number
                for number in signal.valid_signals()
                if signal.getsignal(number) is signal.SIG_IGN
            },
            blocked=set(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        )

    def restore(self) -> None:
        """Undo what a test should have undone, so that one test alone fails."""
        os.umask(int(self.umask, 8))
        os.chdir(self.directory)
        for name, limits in self.limits.items():
            if resource.getrlimit(getattr(resource, name)) != limits:
                resource.setrlimit(getattr(resource, name), limits)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.blocked)

    def changes(self, later: "Inherited") -> list[str]:
        """Name what is not as it was."""
        return [
            f"{name}: {before} became {after}"
            for name, before, after in zip(self._fields, self, later, strict=True)
            if before != after
        ]
