"""What a contender is: a program, and how it is told to do a piece of work.

A contender's `command` writes whatever configuration its program wants into
`Scene.home` and returns the command line. It runs nothing.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path

HOST = "localhost"
PASSWORD = "pw"
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a contender works: its home, the server's port and CA, whose mail it is."""

    home: Path
    port: int
    ca_file: Path
    user: str
    all_folders: bool = False  # of IMAP: everything, or INBOX alone

    @property
    def maildir(self) -> Path:
        """Where fetched mail goes."""
        return self.home / "Mail"

    def environment(self) -> dict[str, str]:
        """Return an environment in which `home` is home and nothing else of the user's shows."""
        return {
            "PATH": _PATH,
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_STATE_HOME": str(self.home / ".local/state"),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "XDG_DATA_HOME": str(self.home / ".local/share"),
        }


@dataclass(frozen=True, slots=True)
class Command:
    """A command line with its environment and its standard input."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: bytes = b""
    good_statuses: frozenset[int] = field(default=frozenset({0}))


class Keeps(Enum):
    """What a contender leaves behind, and so what can be verified."""

    BYTES = auto()  # Maildir files that must hold the server's bytes
    MAILDIR = auto()  # Maildir files; peers may add header lines
    FILES = auto()  # plain files in `Mail`
    COUNT = auto()  # nothing: its output tells a number


@dataclass(frozen=True, slots=True)
class Contender:
    """Who takes part in a row. `program` must be on PATH; None is our own Python.

    `prime` fetches what `command` works on, where that does not do so itself.
    """

    name: str
    command: Callable[[Scene], Command]
    prime: Callable[[Scene], Command] | None = None
    program: str | None = None
    keeps: Keeps = Keeps.MAILDIR
    is_floor: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether this is mailcli, to whose median all others are compared."""
        return self.name == OURS

    def is_installed(self) -> bool:
        """Look for the program; our own always counts as installed."""
        return self.program is None or shutil.which(self.program, path=_PATH) is not None


def ending_in(contender: Contender, status: int) -> Contender:
    """Return a contender whose work ends in this exit status, as where no server is."""

    def command(scene: Scene) -> Command:
        return replace(contender.command(scene), good_statuses=frozenset({status}))

    return replace(contender, command=command)


OURS = "mailcli"


def private_file(path: Path, text: str) -> Path:
    """Write a file that holds a password: readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def make_maildir(path: Path) -> Path:
    """Create an empty Maildir, for the peers that want to find one."""
    for name in ("cur", "new", "tmp"):
        (path / name).mkdir(parents=True, exist_ok=True)
    return path
