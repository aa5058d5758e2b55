"""The demo's own small world: servers, three accounts and an environment, gone at the end.

All files lie in one directory for its owner only. Nothing is read from or
written to the real home, keyring or session bus: the environment that
commands get points into the sandbox. Leaving the block removes everything,
also when a signal ends it.
"""

import contextlib
import json
import os
import shlex
import signal
import site
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

from mailcli.demo.mailbox import DemoUser, Mailbox
from mailcli.demo.seed import fill
from mailcli.demo.servers import HOST, Ports, Servers, serving

USER = DemoUser("ada@demo.example", "lighthouse-42")
"""No secret: it opens nothing but this demo. Unlike any other word here, as traces mask it."""

LAPTOP, PHONE, HOME = "demo", "phone", "home"
"""The accounts: a device that sends and synchronises, another one, and a PC that fetches."""

_XDG = {
    "XDG_CONFIG_HOME": ".config",
    "XDG_STATE_HOME": ".local/state",
    "XDG_CACHE_HOME": ".cache",
    "XDG_DATA_HOME": ".local/share",
    "XDG_RUNTIME_DIR": ".run",
}
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What runs and lies where. `environment` is the whole environment for child processes."""

    directory: Path
    mailbox: Mailbox
    ports: Ports
    environment: Mapping[str, str]

    @property
    def config_file(self) -> Path:
        """The configuration with the three accounts."""
        return self.directory / ".config" / "mailcli" / "config.toml"

    @property
    def ca_file(self) -> Path:
        """The authority that the servers' certificate comes from, in PEM."""
        return self.directory / "ca.pem"

    def maildir(self, account: str) -> Path:
        """Return where an account's mail lies."""
        return self.directory / "Mail" / account


@contextlib.contextmanager
def sandbox(
    now: datetime, *, environ: Mapping[str, str], ports: Ports | None = None
) -> Iterator[Sandbox]:
    """Make the sandbox, start the servers with seeded mail, and remove all at the end.

    `now` dates the mail and has a time zone.

    Raises:
        ConfigError: the extra `demo` is not installed.
        CannotCreate: a port is taken.
    """
    mailbox = Mailbox(uid_validity=int(now.timestamp()))
    fill(mailbox, now)
    with (
        _signals_end_it(),
        _directory() as directory,
        serving(mailbox, USER, ports=ports) as servers,
        _deaf_at_the_end(),
    ):
        made = Sandbox(directory, mailbox, servers.ports, _environment(directory, environ))
        _furnish(made, servers)
        yield made


def mailcli_command(args: Sequence[str]) -> list[str]:
    """Return how to start this very mailcli, wherever it is installed."""
    return [sys.executable, "-m", "mailcli", *args]


def _environment(directory: Path, environ: Mapping[str, str]) -> dict[str, str]:
    dropped = {"CREDENTIALS_DIRECTORY", "DBUS_SESSION_BUS_ADDRESS", "MAIL"}
    kept = {name: value for name, value in environ.items() if name not in dropped}
    # Packages of `pip install --user` lie below the real home, and mailcli may be one.
    user_base = {"PYTHONUSERBASE": site.getuserbase()} if site.ENABLE_USER_SITE else {}
    if "PYTHONPATH" in kept:  # commands run elsewhere
        entries = kept["PYTHONPATH"].split(os.pathsep)
        kept["PYTHONPATH"] = os.pathsep.join(str(Path(entry).absolute()) for entry in entries)
    return {
        **user_base,
        **kept,
        **{name: str(directory / below) for name, below in _XDG.items()},
        "HOME": str(directory),
        "PATH": os.pathsep.join([str(directory / "bin"), environ.get("PATH", os.defpath)]),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "MAILCLI_CONFIG": str(directory / ".config" / "mailcli" / "config.toml"),
        "MAILCLI_ACCOUNT": LAPTOP,
    }


def _furnish(made: Sandbox, servers: Servers) -> None:
    """Write the configuration, the password, the authority and a `mailcli` to start by name."""
    for below in (*_XDG.values(), ".config/mailcli", "bin", "Mail"):
        (made.directory / below).mkdir(mode=0o700, parents=True, exist_ok=True)
    made.ca_file.write_bytes(servers.ca_pem)
    _write_private(made.directory / "password", USER.password + "\n")
    _write_private(made.config_file, _configuration(made))
    starter = made.directory / "bin" / "mailcli"
    _write_private(starter, f'#!/bin/sh\nexec {shlex.join(mailcli_command([]))} "$@"\n')
    starter.chmod(0o700)


def _configuration(made: Sandbox) -> str:
    ports = made.ports
    return "\n".join(
        [
            "# Made by `mailcli demo`; removed when it ends.",
            f'default_account = "{LAPTOP}"',
            *_account(made, LAPTOP, smtp=ports.smtp, imap=ports.imap),
            *_account(made, PHONE, imap=ports.imap),
            *_account(made, HOME, pop=ports.pop),
            "",
        ]
    )


def _account(made: Sandbox, name: str, **ports: int) -> Iterator[str]:
    """Yield one account's lines. JSON's strings are TOML's basic strings (TOML 1.0)."""
    yield f"\n[accounts.{name}]"
    yield f'email = "Ada Lovelace <{USER.address}>"'
    yield f"maildir = {_quoted(made.maildir(name))}"
    # Asked before any keyring: the real one is never touched.
    yield f'password_command = ["cat", {_quoted(made.directory / "password")}]'
    for protocol, port in ports.items():
        yield f"\n[accounts.{name}.{protocol}]"
        yield f'host = "{HOST}"'
        yield f"port = {port}"
        yield f"ca_file = {_quoted(made.ca_file)}"


def _quoted(path: Path) -> str:
    return json.dumps(str(path), ensure_ascii=False)


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    """Make a directory for its owner only; remove it, whatever still writes there."""
    made = tempfile.TemporaryDirectory(prefix="mailcli-demo-", ignore_cleanup_errors=True)
    with made as directory:
        yield Path(directory).resolve()


@contextlib.contextmanager
def _deaf_at_the_end() -> Iterator[None]:
    """Let no further signal interrupt the clean-up; `_signals_end_it` undoes it."""
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # not the main thread: it gets no signals
            for number in (*_SIGNALS, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def _signals_end_it() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, where nobody else sees to that."""
    before = {number: signal.getsignal(number) for number in (*_SIGNALS, signal.SIGINT)}
    with contextlib.suppress(ValueError):
        for number in _SIGNALS:
            if before[number] is signal.SIG_DFL:
                signal.signal(number, _end)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            for number, handler in before.items():
                signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
