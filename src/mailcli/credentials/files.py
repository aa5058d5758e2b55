"""Passwords in files: systemd's credentials directory and `password_file`.

Reads a first line and nothing else; creates and changes nothing.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from mailcli.credentials.sources import first_line
from mailcli.errors import ConfigError, LoginFailed
from mailcli.model import Protocol, Secret

_LONGEST_LINE = 65536


def from_systemd(account: str, protocol: Protocol, environ: Mapping[str, str]) -> Secret | None:
    """Return what the service manager passed on (systemd.exec(5), LoadCredential=), or None.

    The credential `mailcli.ACCOUNT.PROTOCOL` is looked for before `mailcli.ACCOUNT`.

    Raises:
        LoginFailed: it is there and cannot be used.
    """
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return None
    for name in (f"mailcli.{account}.{protocol}", f"mailcli.{account}"):
        try:
            line = _first_line_of(Path(directory, name), private=False)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise LoginFailed(f"cannot read the credential {name}: {error.strerror}") from error
        return first_line(line, f"the credential {name}")
    return None


def from_file(path: Path) -> Secret:
    """Return the first line of `password_file`.

    Raises:
        ConfigError: others than its owner have access to it.
        LoginFailed: it cannot be read, or holds no password.
    """
    try:
        line = _first_line_of(path, private=True)
    except OSError as error:
        raise LoginFailed(f"cannot read password_file {path}: {error.strerror}") from error
    return first_line(line, f"password_file {path}")


def _first_line_of(path: Path, *, private: bool) -> bytes:
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if private and mode & 0o077:
            raise ConfigError(
                f"password_file {path} is open to others (mode {mode:04o})",
                hint=f"chmod 600 {path}, and change the password if others use this machine",
            )
        return file.readline(_LONGEST_LINE)
