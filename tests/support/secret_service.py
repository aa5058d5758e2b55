"""A private session bus with gnome-keyring on it: the true backend, and nobody's own keyring."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.need import find, need
from tests.support.processes import session_members, wait_until

_READY = 20
"""Seconds in which bus and keyring must be there."""


@contextlib.contextmanager
def secret_service(home: Path, *, locked: bool = False) -> Iterator[dict[str, str]]:
    """Run bus and keyring under a private `home`; give the environment that reaches them.

    The keyring's files stay in `home`, so that a second run finds what a first
    one stored; its path is short, as that of a socket must be (see `server_directory`).
    A locked one asks for a dialog that no display can show.
    """
    need("dbus-daemon", "gnome-keyring-daemon", "setpriv")
    environ = bare_environ(home)
    # Where systemd would put it, so that tests can take the variable away.
    address = f"--address=unix:path={environ['XDG_RUNTIME_DIR']}/bus"
    with _running([_path("dbus-daemon"), *_BUS_OPTIONS, address], environ) as bus:
        assert bus.stdout is not None
        environ["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode("ascii").strip()
        options = ["--foreground", "--components=secrets", "--start" if locked else "--unlock"]
        with _running([_path("gnome-keyring-daemon"), *options], environ) as daemon:
            assert daemon.stdin is not None
            daemon.stdin.write(b"" if locked else b"the keyring's own password")
            daemon.stdin.close()
            wait_until(
                lambda: _is_on_the_bus(environ["DBUS_SESSION_BUS_ADDRESS"]),
                timeout=_READY,
                what="gnome-keyring to take its name on the bus",
            )
            yield environ


_BUS_OPTIONS = ("--session", "--nofork", "--nopidfile", "--print-address=1")


def bare_environ(home: Path) -> dict[str, str]:
    """Return an environment like cron's, with every directory below `home`."""
    runtime = home / "run"
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "XDG_CACHE_HOME": str(home / ".cache"),
    }


def _path(program: str) -> str:
    return str(find(program))


@contextlib.contextmanager
def _running(command: list[str], environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a session of its own; in the end nothing of that session is left."""
    child = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", "--", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environ,
        start_new_session=True,
    )
    with child:
        try:
            yield child
        finally:
            child.kill()
            child.wait(timeout=5)
            wait_until(
                lambda: _nothing_left(child.pid), timeout=5, what=f"{command[0]} to be gone"
            )


def _nothing_left(session: int) -> bool:
    members = session_members(session)
    for member in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, 9)
    return not members


def _is_on_the_bus(address: str) -> bool:
    """Tell whether the secret service owns its name; asking the bus alone starts nothing."""
    from jeepney import DBus
    from jeepney.io.blocking import Proxy, open_dbus_connection

    with open_dbus_connection(address) as connection:
        return bool(Proxy(DBus(), connection).NameHasOwner("org.freedesktop.secrets")[0])
