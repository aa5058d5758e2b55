"""What a look-up may use of the world: environment, state directory, a person to ask."""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from mailcli import paths
from mailcli.errors import LoginFailed
from mailcli.model import Secret

BUS = "DBUS_SESSION_BUS_ADDRESS"


class Sources(NamedTuple):
    """The outside of a look-up. Times are in seconds.

    `prompt` shows a text and returns what was typed unseen; it is None where
    nobody can be asked. Then no keyring dialog is waited for either.
    """

    environ: Mapping[str, str]
    state_dir: Path
    prompt: Callable[[str], str] | None = None
    command_timeout: float = 60
    keyring_timeout: float = 10
    dialog_timeout: float = 120

    @property
    def patience(self) -> float:
        """How long the keyring may take: a person needs time for its dialog."""
        return self.keyring_timeout if self.prompt is None else self.dialog_timeout


def with_session_bus(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with the address of the user's session bus, if there is one.

    Cron leaves it out even while the user is logged in with an open keyring, and
    nothing below us looks where systemd puts the socket. Only a socket of the
    caller's own is taken.
    """
    known = dict(environ)
    socket = paths.runtime_dir(environ, uid=os.getuid()) / "bus"
    if not known.get(BUS) and _is_our_socket(socket):
        known[BUS] = f"unix:path={socket}"
    return known


def _is_our_socket(path: Path) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.getuid()


def checked(value: str, origin: str) -> Secret:
    """Return a secret that every protocol can carry; `origin` is what an error names.

    Raises:
        LoginFailed: it is empty, or holds CR, LF or NUL, which would end a protocol line.
    """
    if not value:
        raise LoginFailed(f"{origin} gave an empty password")
    if any(letter in value for letter in "\r\n\0"):
        raise LoginFailed(f"the password from {origin} holds a line end or a NUL character")
    return Secret(value)


def first_line(output: bytes, origin: str) -> Secret:
    """Return the first line of what a command or a file gave, without its line end.

    Raises:
        LoginFailed: there is none, or it is no text that can be a password.
    """
    line = output.partition(b"\n")[0].removesuffix(b"\r")
    try:
        return checked(line.decode("utf-8"), origin)
    except UnicodeDecodeError:
        # Without the cause, which holds the octets.
        raise LoginFailed(f"the password from {origin} is not UTF-8 text") from None
