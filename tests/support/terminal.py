"""mailcli at a terminal: a pseudo-terminal, and all that is written to it.

The run is a fork, as those of `run_mailcli` are; `tests/real/test_python_starts.py` has one by
Python itself.
"""

import fcntl
import os
import pty
import struct
import termios
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.support.forks import Start, begin

_EIO = 5


@dataclass(frozen=True, slots=True)
class Screen:
    """How a run at a terminal ended, and what it wrote there, line ends as LF."""

    code: int
    octets: bytes

    @property
    def text(self) -> str:
        """What was written, which must be UTF-8."""
        return self.octets.decode("utf-8")


def at_terminal(
    args: Sequence[str | os.PathLike[str]],
    environ: Mapping[str, str],
    *,
    columns: int = 80,
    stdin: bytes = b"",
    cwd: Path | None = None,
    elsewhere: Collection[int] = (),
    by_python: bool = False,
) -> Screen:
    """Run mailcli at a terminal, with what is typed there.

    `elsewhere` are the standard streams that are not the terminal, but `/dev/null`.
    """
    start = Start(
        [os.fspath(arg) for arg in args],
        {key: value for key, value in environ.items() if key != "COLUMNS"},
        str(cwd or Path.cwd()),
    )
    with ExitStack() as stack:
        ours, theirs = pty.openpty()
        stack.callback(os.close, ours)
        with os.fdopen(theirs, "r+b", buffering=0), Path(os.devnull).open("r+b") as nowhere:
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.write(ours, stdin)
            stdin_, stdout, stderr = (
                nowhere.fileno() if number in elsewhere else theirs for number in range(3)
            )
            ended = begin(start, (stdin_, stdout, stderr), by_python=by_python)
        written = _all_of(ours)
        return Screen(ended(), written.replace(b"\r\n", b"\n"))


def _all_of(terminal: int) -> bytes:
    """Read until nobody has the other side open any more, which Linux reports as EIO."""
    written = bytearray()
    while True:
        try:
            octets = os.read(terminal, 65536)
        except OSError as exc:
            if exc.errno != _EIO:
                raise
            return bytes(written)
        if not octets:
            return bytes(written)
        written += octets
