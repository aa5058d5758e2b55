"""Where mailcli keeps its files (XDG Base Directory Specification 0.8).

Reads no environment but the mapping it is given, and creates nothing but in
`private_dir`. What lies where: the configuration is the user's, the state
costs time when lost, the cache can be deleted at will.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mailcli.errors import CannotCreate, ConfigError


class Paths(NamedTuple):
    """The configuration file and the two directories that are mailcli's own."""

    config_file: Path
    state_dir: Path
    cache_dir: Path

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, config: Path | None = None) -> "Paths":
        """Return the places that apply; `config` is the value of `--config`.

        The configuration file is, in this order: `config`, `MAILCLI_CONFIG`,
        `mailcli/config.toml` in the XDG configuration directory.

        Raises:
            ConfigError: there is no home directory, or a path names another user's.
        """
        return cls(
            config_file=_config_file(environ, config),
            state_dir=_xdg(environ, "XDG_STATE_HOME", ".local/state"),
            cache_dir=_xdg(environ, "XDG_CACHE_HOME", ".cache"),
        )


def home(environ: Mapping[str, str]) -> Path:
    """Return the home directory: `HOME`, or what the user database says.

    Raises:
        ConfigError: neither knows one.
    """
    named = environ.get("HOME", "")
    if Path(named).is_absolute():
        return Path(named)
    import pwd

    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        raise ConfigError("there is no home directory", hint="set HOME") from None


def runtime_dir(environ: Mapping[str, str], *, uid: int) -> Path:
    """Return the directory of the login session's sockets, which need not exist.

    Without `XDG_RUNTIME_DIR`, as in cron, it is where systemd puts it.
    """
    named = Path(environ.get("XDG_RUNTIME_DIR", ""))
    return named if named.is_absolute() else Path("/run/user") / str(uid)


def expand(text: str, *, home: Path, base: Path) -> Path:
    """Return `text` as an absolute path: `~` is `home`, a relative path starts at `base`.

    Raises:
        ValueError: it names another user's home directory (`~bob`), which is not looked up.
    """
    first, _, rest = text.partition("/")
    if first == "~":
        return home / rest.lstrip("/")
    if first.startswith("~"):
        raise ValueError(f"{first} is not looked up: write the whole path")
    return base / text


def private_dir(path: Path) -> Path:
    """Create `path`, and the parents it lacks, for the user alone (mode 0700); return it.

    A directory that exists is left as it is.

    Raises:
        CannotCreate: it cannot be created, or is no directory.
    """
    missing = [path, *path.parents]
    try:
        for directory in reversed(missing):
            if not directory.is_dir():
                directory.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotCreate(f"cannot create the directory {path}: {reason}") from error
    return path


def _config_file(environ: Mapping[str, str], config: Path | None) -> Path:
    named = str(config) if config is not None else environ.get("MAILCLI_CONFIG", "")
    if not named:
        return _xdg(environ, "XDG_CONFIG_HOME", ".config") / "config.toml"
    try:
        return expand(named, home=home(environ), base=Path.cwd())
    except ValueError as error:
        raise ConfigError(f"configuration file {named}: {error}") from None


def _xdg(environ: Mapping[str, str], variable: str, default: str) -> Path:
    # "All paths set in these environment variables must be absolute. If an implementation
    # encounters a relative path […] it should consider the path invalid and ignore it."
    named = Path(environ.get(variable, ""))
    return (named if named.is_absolute() else home(environ) / default) / "mailcli"
