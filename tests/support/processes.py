"""Server processes that end for certain.

A server runs in the foreground as our child, in a session of its own, and
the kernel ends it when we die (setpriv's parent-death signal), so that even a
killed test run leaves nothing behind. Nothing is ever looked up by name.
"""

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_POLL = 0.01
"""Seconds between two looks at something that gives no event to wait for."""


@dataclass(frozen=True, slots=True)
class ServerUser:
    """Whom a server runs as; never root."""

    name: str
    group: str
    uid: int
    gid: int

    @classmethod
    def current(cls) -> Self:
        """Return ourselves, or `nobody` where we are root."""
        entry = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        group = grp.getgrgid(entry.pw_gid).gr_name
        return cls(entry.pw_name, group, entry.pw_uid, entry.pw_gid)

    def own(self, tree: Path) -> None:
        """Give a directory and all in it to this user, where we may."""
        if os.geteuid() == 0:
            for path in [tree, *tree.rglob("*")]:
                os.chown(path, self.uid, self.gid)


@contextlib.contextmanager
def server_directory(name: str) -> Iterator[Path]:
    """Make a directory that servers of any user can reach, and remove it in the end.

    The path is short: a Unix socket's may have 107 octets at most.
    """
    directory = Path(tempfile.mkdtemp(prefix=f"mailcli-{name}-"))
    try:
        directory.chmod(0o755)
        yield directory
    finally:
        shutil.rmtree(directory)


def wait_until(check: Callable[[], bool], *, timeout: float, what: str) -> None:
    """Wait until `check` holds; after `timeout` seconds raise TimeoutError with `what`."""
    deadline = time.monotonic() + timeout
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:g} s for {what}")
        time.sleep(_POLL)


class ServerProcess:
    """A server in the foreground, which we started and will stop."""

    def __init__(
        self, command: list[str], *, log: Path, user: ServerUser | None = None, name: str = ""
    ) -> None:
        self.name = name or Path(command[0]).name
        self._log = log
        prefix = ["setpriv", "--pdeathsig", "TERM"]
        if user is not None and os.geteuid() == 0:
            prefix += ["--reuid", str(user.uid), "--regid", str(user.gid), "--clear-groups"]
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                [*prefix, "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
                cwd="/",
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id, which is also that of its process group and session."""
        return self._child.pid

    def log_text(self) -> str:
        """Return what the server has logged."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def wait_for_greeting(self, port: int, greeting: bytes, *, timeout: float = 20) -> None:
        """Wait until the server greets on a loopback port.

        Raises: RuntimeError with the log's end when it stops or stays silent.
        """
        deadline = time.monotonic() + timeout
        while not _greets(port, greeting):
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not answer:\n{self.log_text()[-4000:]}")
            time.sleep(_POLL)

    def stop(self) -> None:
        """End the server and everything it started; return when all of it is gone.

        At once, by SIGKILL: nothing a test server holds is worth a graceful end,
        which takes Dovecot a second.
        """
        self._child.kill()
        self._child.wait(timeout=5)
        wait_until(self._nothing_left, timeout=5, what=f"{self.name} to be gone")

    def _nothing_left(self) -> bool:
        members = session_members(self.pid)
        for member in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)
        return not members


def session_members(session: int) -> list[int]:
    """Return the processes of a session, as /proc shows them, zombies left out."""
    members = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            # After the command in parentheses: state, parent, group, session (proc(5)).
            fields = (
                entry.joinpath("stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            )
            if int(fields[3]) == session and (fields[0] != "Z" or _has_threads(entry)):
                members.append(int(entry.name))
    return members


def _has_threads(process: Path) -> bool:
    """Tell whether more is there than a first thread: what they hold is held until all ended."""
    return len(list(process.joinpath("task").iterdir())) > 1


def _greets(port: int, greeting: bytes) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 10) as wire:
        return wire.recv(len(greeting)).startswith(greeting)
    return False
