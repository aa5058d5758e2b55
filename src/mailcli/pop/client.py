"""poplib's client on our wire: its commands and status lines, without its limits.

Nothing of poplib leaves this module but `Client` itself: a refusal becomes
`CommandFailed` or `RefusedForNow`, anything malformed a `ProtocolViolation`.
"""

import poplib
import re
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from mailcli.errors import Exit, LoginFailed, Refused
from mailcli.net import Wire

T = TypeVar("T")

_CODE = re.compile(rb"-ERR \[([^\]\s]+)\]")
"""A response code (RFC 2449 §8)."""

_FOR_NOW = {"IN-USE", "LOGIN-DELAY", "SYS/TEMP"}
"""Response codes of what passes (RFC 2449 §8.1, RFC 3206 §4)."""

_STAMP = re.compile(rb"<[\x21-\x3b\x3d\x3f\x41-\x7e]+@[\x21-\x3b\x3d\x3f\x41-\x7e]+>")
"""A time stamp in a greeting; stricter than poplib, since others help to guess the password."""


class CommandFailed(Refused):
    """The server answered -ERR to one command; the session goes on."""

    def __init__(self, message: str, response_code: str) -> None:
        super().__init__(message)
        self.response_code = response_code


class RefusedForNow(CommandFailed):
    """The server answered -ERR, and says that the same command may succeed later."""

    exit_code = Exit.TEMPORARY
    code = "temporary"


class Client(poplib.POP3):
    """One conversation: each call is one command and its answer, or several at once."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._guarded(lambda: poplib.POP3.__init__(self, wire.endpoint.host, wire.endpoint.port))

    def _create_socket(self, timeout: float) -> Wire:
        del timeout  # the wire keeps its own time
        return self._wire

    def _getline(self) -> tuple[bytes, int]:
        line = self._wire.makefile().readline()
        return line.removesuffix(b"\n").removesuffix(b"\r"), len(line)

    def _getresp(self) -> bytes:
        """Read a status line; poplib takes whatever begins with a plus for a yes."""
        return self.checked(self._getline()[0])

    def checked(self, line: bytes, expected: bytes = rb"\+OK(?: |$)") -> bytes:
        """Return a status line that says yes. Raises: CommandFailed, ProtocolViolation."""
        if line.startswith(b"-ERR"):
            raise self._refusal(line)
        if not re.match(expected, line):
            raise self._wire.violation("the answer is malformed; " + self._wire.quote(line))
        return line

    @property
    def stamp(self) -> bytes | None:
        """The time stamp that the server greeted with, for APOP (RFC 1939 §7)."""
        found = _STAMP.search(self.welcome)
        return found[0] if found else None

    # typeshed does not know the calls that all of poplib's commands are made of.

    def command(self, line: str) -> bytes:
        """Say one command; return the status line. Raises: MailError."""
        self._check(line)
        return self._guarded(lambda: cast(bytes, self._shortcmd(line)))  # type: ignore[attr-defined]

    def send(self, lines: Sequence[str]) -> None:
        """Say several commands at once; `status` or `listing` for each of them must follow."""
        for line in lines:
            self._check(line)
        self._wire.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def status(self) -> bytes:
        """Read the answer to a command that has one line. Raises: MailError."""
        return self._guarded(self._getresp)

    def status_or_question(self) -> bytes:
        """Read a status line, or a challenge of the login. Raises: MailError."""
        return self.checked(self._getline()[0], rb"\+OK(?: |$)|\+(?: |$)")

    def listing(self) -> list[bytes]:
        """Read the lines of the answer to a command that has many. Raises: MailError."""
        return self._guarded(lambda: cast(list[bytes], self._getlongresp()[1]))  # type: ignore[attr-defined]

    def _check(self, line: str) -> None:
        if any(c in line for c in "\0\r\n"):
            raise LoginFailed(f"{self._wire.where}: an argument holds a NUL, CR or LF")

    def _guarded(self, call: Callable[[], T]) -> T:
        """Run one call of poplib's and translate what it raises."""
        try:
            return call()
        except poplib.error_proto as exc:
            raise self._wire.violation(str(*exc.args[:1])) from exc

    def _refusal(self, line: bytes) -> CommandFailed:
        code = _CODE.match(line)
        text = f"{self._wire.where}: {self._wire.quote(line[4:])}"
        name = code[1].decode("ascii", "replace").upper() if code else ""
        return (RefusedForNow if name in _FOR_NOW else CommandFailed)(text, name)
