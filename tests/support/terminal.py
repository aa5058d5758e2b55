"""mailcli at a terminal: a pseudo-terminal, and all that is written to it."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
) -> Screen:
    """Run mailcli with a terminal for its output, and with what is typed there."""
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.write(ours, stdin)
        child = subprocess.Popen(
            [sys.executable, "-m", "mailcli", *(os.fspath(arg) for arg in args)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={key: value for key, value in environ.items() if key != "COLUMNS"},
            start_new_session=True,
        )
        os.close(theirs)
        written = _all_of(ours)
        return Screen(child.wait(timeout=60), written.replace(b"\r\n", b"\n"))
    finally:
        os.close(ours)


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
