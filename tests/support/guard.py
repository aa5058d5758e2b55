"""The guard: no test reaches the real home directory, a session bus or another machine.

It hears of every file, socket and process through Python's audit events
(PEP 578), in the test process and, by `tests/support/child/sitecustomize.py`,
in every mailcli that a test starts. What it forbids raises `GuardTripped`
and is recorded, so that the test fails even if the code swallows the error.

Imports as little as it can, because children are measured by what they import.
"""

import os
import sys
from collections.abc import Callable, Iterable, Mapping

_LOOPBACK = frozenset(
    {"localhost", "localhost.", "ip6-localhost", "ip6-loopback", "::1", "::ffff:127.0.0.1"}
)


class GuardTripped(PermissionError):
    """A test did what no test may do."""


class Guard:
    """What is protected, what is allowed within it, and what went wrong so far."""

    def __init__(
        self, homes: Iterable[str], allowed: Iterable[str], *, journal: str | None = None
    ) -> None:
        self.homes = _roots(homes)
        self.allowed = _roots([*allowed, sys.prefix, sys.base_prefix])
        self.violations: list[str] = []
        self._journal = journal
        self._checks: dict[str, Callable[[tuple[object, ...]], str | None]] = {
            "open": lambda args: self.check_path(args[0]),
            "socket.connect": lambda args: self.check_address(args[1]),
            "socket.bind": lambda args: self.check_address(args[1]),
            "socket.sendto": lambda args: self.check_address(args[1]),
            "socket.sendmsg": lambda args: self.check_address(args[1]),
            "socket.getaddrinfo": lambda args: self.check_host(args[0]),
            "socket.gethostbyname": lambda args: self.check_host(args[0]),
            "socket.gethostbyaddr": lambda args: self.check_host(args[0]),
            "subprocess.Popen": lambda args: self.check_environment(args[3]),
            "sqlite3.connect": lambda args: self.check_path(_sqlite_path(args[0])),
        }
        for event in _ONE_PATH:
            self._checks[event] = lambda args: self.check_path(args[0])
        for event in _TWO_PATHS:
            self._checks[event] = lambda args: self.check_path(args[0]) or self.check_path(args[1])

    def allow(self, directory: str) -> None:
        """Allow one more directory, even within a protected home."""
        self.allowed = _roots([*self.allowed, directory])

    def take(self) -> list[str]:
        """Return the violations so far, and forget them."""
        taken, self.violations = self.violations, []
        return taken

    def hear(self, event: str, args: tuple[object, ...]) -> None:
        """Look at one audit event. Raises: GuardTripped."""
        check = self._checks.get(event)
        complaint = check(args) if check is not None else None
        if complaint is not None:
            self._complain(f"{event}: {complaint}")

    def check_path(self, path: object) -> str | None:
        """Complain about a path in a protected home that is not explicitly allowed."""
        if not isinstance(path, str | bytes | os.PathLike):
            return None  # a descriptor that is already open, or no path at all
        text = _absolute(os.fsdecode(path))
        if not _is_below(text, self.homes) or _is_below(text, self.allowed):
            return None
        if _is_below(text, _roots(entry for entry in sys.path if entry)):
            return None
        return f"{text} is in the real home directory"

    def check_address(self, address: object) -> str | None:
        """Complain about a socket address that is neither on loopback nor a private socket."""
        match address:
            case str() | bytes():
                return self._check_unix(os.fsdecode(address))
            case (str() | bytes() as host, int(), *_):
                return self._check_peer(os.fsdecode(host))
            case _:
                return None

    def check_host(self, host: object) -> str | None:
        """Complain about a look-up that could go beyond this machine."""
        if not isinstance(host, str | bytes):
            return None  # None is loopback
        name = os.fsdecode(host)
        # Libraries ask for our own name, to greet with it or to make a Message-ID.
        return None if name in {"", os.uname().nodename} else self._check_peer(name)

    def _check_peer(self, host: str) -> str | None:
        if host in _LOOPBACK or _is_loopback_ipv4(host):
            return None
        return f"{host or 'every interface'} is not on loopback"

    def check_environment(self, environment: object) -> str | None:
        """Complain about a child that would get the real home directory or session bus."""
        given = os.environ if environment is None else environment
        if not isinstance(given, Mapping):
            return None
        if "DBUS_SESSION_BUS_ADDRESS" in given:
            complaint = self._check_bus(str(given["DBUS_SESSION_BUS_ADDRESS"]))
            if complaint:
                return complaint
        home = given.get("HOME")
        return self.check_path(home) if home else None

    def _check_bus(self, address: str) -> str | None:
        _, _, path = address.partition("path=")
        return self._check_unix(path.partition(",")[0]) if path else "not a bus of this test"

    def _check_unix(self, path: str) -> str | None:
        if path.startswith("\0") or not _is_below(_absolute(path), self.allowed):
            return f"the socket {path!r} is not this test's own"
        return None

    def _complain(self, complaint: str) -> None:
        self.violations.append(complaint)
        if self._journal is not None:
            with open(self._journal, "a", encoding="utf-8") as stream:  # noqa: PTH123 - see _absolute
                stream.write(complaint + "\n")
        raise GuardTripped(complaint)


_ONE_PATH = (
    *("os.listdir", "os.scandir", "os.mkdir", "os.rmdir", "os.remove", "os.truncate"),
    *("os.chmod", "os.chown", "os.utime", "os.mkfifo", "os.mknod", "os.setxattr"),
    *("os.removexattr", "shutil.rmtree", "tempfile.mkstemp", "tempfile.mkdtemp"),
)
_TWO_PATHS = (
    *("os.rename", "os.link", "os.symlink", "shutil.copyfile", "shutil.copytree", "shutil.move"),
)


def _roots(paths: Iterable[str]) -> tuple[str, ...]:
    found = {form for path in paths for form in (_absolute(path), os.path.realpath(path))}
    return tuple(sorted(found - {"/"}))


def _absolute(path: str) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - pathlib would be imported into children


def _is_below(path: str, roots: Iterable[str]) -> bool:
    return any(path == root or path.startswith(root + "/") for root in roots)


def _is_loopback_ipv4(name: str) -> bool:
    return name.startswith("127.") and all(part.isdigit() for part in name.split("."))


def _sqlite_path(database: object) -> object:
    if not isinstance(database, str):
        return database
    if database in {":memory:", ""}:
        return None
    return database.removeprefix("file:").partition("?")[0]
