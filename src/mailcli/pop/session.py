"""A POP3 session on poplib: typed results in, typed results out.

poplib keeps its commands and status lines; this adds capabilities, SASL, exact
octets and streaming. Nothing of poplib leaves this module: no tuple, no
exception. RFC 1939, RFC 2449 (CAPA, response codes), RFC 5034 (AUTH).
"""

import poplib
import re
from collections.abc import Callable, Iterator
from typing import TypeVar, cast

from mailcli.errors import (
    LoginFailed,
    MailError,
    Refused,
    TemporaryFailure,
    TlsFailed,
)
from mailcli.model import AuthKind, Endpoint, TlsMode, UniqueId
from mailcli.net import Trace, Wire, connect
from mailcli.pop.meanings import MEANINGS
from mailcli.pop.multiline import Unstuffer
from mailcli.pop.plan import Message
from mailcli.sasl import Exchange, Identity, choose

LISTING_CAP = 256 * 1024 * 1024
"""Octets that a listing may have: some millions of messages."""

CHUNK = 256 * 1024
"""Octets of a message read at once."""

T = TypeVar("T")

MAX_COMMAND = 255
"""Octets of a command line with its CRLF (RFC 2449 §4)."""

_TEMPORARY_CODES = {"IN-USE", "LOGIN-DELAY", "SYS/TEMP"}

_CODE = re.compile(rb"-ERR \[([^\]\s]+)\]")
"""A response code (RFC 2449 §8)."""


class CommandFailed(Refused):
    """The server answered -ERR to one command; the session goes on."""

    def __init__(self, message: str, response_code: str) -> None:
        super().__init__(message)
        self.response_code = response_code


class _Client(poplib.POP3):
    """poplib's client on our wire, without its limit of 2,048 octets a line."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        super().__init__(wire.endpoint.host, wire.endpoint.port)

    def _create_socket(self, timeout: float) -> Wire:
        del timeout  # the wire keeps its own time
        return self._wire

    def _getline(self) -> tuple[bytes, int]:
        line = self._wire.makefile().readline()
        return line.removesuffix(b"\n").removesuffix(b"\r"), len(line)

    # typeshed does not know the three calls that all of poplib's commands are made of.

    def command(self, line: str) -> bytes:
        return cast(bytes, self._shortcmd(line))  # type: ignore[attr-defined]

    def listing(self, line: str) -> list[bytes]:
        return cast(list[bytes], self._longcmd(line)[1])  # type: ignore[attr-defined]

    def _getresp(self) -> bytes:
        """Read a status line; poplib takes whatever begins with a plus for a yes."""
        return self._answer(rb"\+OK(?: |$)")

    def status_or_question(self) -> bytes:
        return self._answer(rb"\+OK(?: |$)|\+(?: |$)")

    def status(self) -> bytes:
        return self._getresp()

    def _answer(self, expected: bytes) -> bytes:
        line, _ = self._getline()
        if line.startswith(b"-ERR"):
            raise poplib.error_proto(line)
        if not re.match(expected, line):
            raise self._wire.violation("the answer is malformed; " + self._wire.quote(line))
        return line


class PopSession:
    """One connection to a maildrop, greeted and, where asked, inside TLS."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        try:
            self._client = self._guarded(lambda: _Client(wire))
        except CommandFailed as exc:  # it takes no connections, for the time being
            raise TemporaryFailure(exc.message) from exc
        self._capabilities: dict[str, str] = {}

    @classmethod
    def open(cls, endpoint: Endpoint, *, timeout: float, trace: Trace) -> "PopSession":
        """Connect, read the greeting and upgrade to TLS as the endpoint's policy says.

        Raises: MailError of the kind that fits; nothing was sent that matters.
        """
        trace.explain_with(MEANINGS)
        wire = connect(endpoint, timeout=timeout, trace=trace)
        try:
            session = cls(wire)
            session._prepare()
        except BaseException:
            wire.close()
            raise
        return session

    def _prepare(self) -> None:
        self._read_capabilities()
        if self._wire.endpoint.tls.mode is TlsMode.STARTTLS:
            self._start_tls()
            self._read_capabilities()

    def _start_tls(self) -> None:
        self._wire.phase = "STARTTLS"
        if "STLS" not in self._capabilities:
            raise TlsFailed(
                f"{self._wire.where}: the server does not offer it",
                hint='somebody may be stripping it; try tls = "implicit" on port 995',
            )
        try:
            self._command("STLS")
        except CommandFailed as exc:
            raise TlsFailed(exc.message) from exc
        self._wire.start_tls()

    def _read_capabilities(self) -> None:
        """Ask what the server can do; a server too old to know the question can the least."""
        self._wire.phase = "CAPA"
        try:
            lines = self._listing("CAPA")
        except CommandFailed:
            lines = []
        words = [line.decode("ascii", "replace").split(maxsplit=1) for line in lines]
        self._capabilities = {w[0].upper(): w[1] if len(w) > 1 else "" for w in words if w}

    # -- login -------------------------------------------------------------

    def login(self, kind: AuthKind, identify: Callable[[], Identity]) -> None:
        """Log in with the best mechanism both sides know; `identify` is asked only then.

        Raises: LoginFailed (77), TlsFailed (78) on an unprotected connection,
            TemporaryFailure (75) while the maildrop is in use.
        """
        self._wire.phase = "login"
        self._wire.require_privacy()
        offered = self._capabilities.get("SASL", "").split()
        mechanism = choose(offered, kind, private=self._wire.secured)
        if mechanism is None and (kind is not AuthKind.PASSWORD or not self._takes_user()):
            raise LoginFailed(
                f"{self._wire.where}: no mechanism in common; "
                + self._wire.quote(self._capabilities.get("SASL", "") or "none")
            )
        identity = identify()
        self._wire.trace.hide(identity.secret, username=identity.username)
        try:
            with self._wire.trace.masked(), self._wire.blaming():
                self._user_and_pass(identity) if mechanism is None else self._sasl(
                    Exchange(mechanism, identity)
                )
        except CommandFailed as exc:
            raise self._login_error(exc, identity) from exc
        self._read_capabilities()

    def _takes_user(self) -> bool:
        """Whether USER and PASS are worth a try: a server too old for CAPA cannot say so."""
        return "USER" in self._capabilities or not self._capabilities

    def _user_and_pass(self, identity: Identity) -> None:
        secret = identity.secret.reveal()
        if any(c in identity.username + secret for c in "\0\r\n"):
            raise LoginFailed("user name or password holds a NUL, CR or LF", hint="store it again")
        self._command(f"USER {identity.username}")
        self._wire.send_credential(f"PASS {secret}\r\n".encode(), b"PASS ***")
        self._guarded(self._client.status)

    def _sasl(self, exchange: Exchange) -> None:
        opening = f"AUTH {exchange.mechanism}".encode()
        initial = exchange.initial
        line = opening + b" " + (initial or b"=") + b"\r\n"
        # Exchange Online takes no initial response with XOAUTH2; nobody takes a long one.
        if initial is None or len(line) > MAX_COMMAND or exchange.mechanism == "XOAUTH2":
            self._wire.send_credential(opening + b"\r\n", opening)
        else:
            self._wire.send_credential(line, opening + b" ***")
            initial = None
        question = self._client.status_or_question
        while not (answer := self._guarded(question)).startswith(b"+OK"):
            response = exchange.answer(answer[2:]) if initial is None else initial
            initial = None
            self._wire.send_credential(response + b"\r\n", b"***")
        exchange.conclude()

    def _login_error(self, exc: CommandFailed, identity: Identity) -> MailError:
        if exc.response_code in _TEMPORARY_CODES:
            return TemporaryFailure(exc.message)
        return LoginFailed(
            exc.message, hint=f"check the user name {identity.username!r} and its password"
        )

    # -- the maildrop ------------------------------------------------------

    def listing(self) -> list[Message]:
        """Return every message with its unique-id and size in octets (RFC 1939 §5, §7).

        Raises: Refused (69) where the server has no unique-ids, ProtocolViolation (76)
            for a listing that contradicts itself.
        """
        self._wire.phase = "UIDL"
        try:
            names = self._table("UIDL")
        except CommandFailed as exc:
            raise Refused(
                f"{exc.message}; without unique-ids it cannot be told what is new",
                hint="use IMAP where the server offers it",
            ) from exc
        self._wire.phase = "LIST"
        sizes = self._table("LIST")
        if names.keys() != sizes.keys():
            raise self._wire.violation("UIDL and LIST name different messages")
        return [Message(n, UniqueId(names[n]), self._octets(sizes[n])) for n in sorted(names)]

    def _table(self, command: str) -> dict[int, str]:
        """Read lines of message number, space, value; some servers add more behind it."""
        table: dict[int, str] = {}
        for line in self._listing(command):
            found = re.fullmatch(rb"\s*(\d{1,10})\s+([^\s\x00-\x1f\x7f]+)(?:\s.*)?", line)
            if not found or not int(found[1]) or int(found[1]) in table:
                raise self._wire.violation("a line is malformed; " + self._wire.quote(line))
            table[int(found[1])] = found[2].decode("utf-8", "surrogateescape")
        return table

    def _octets(self, text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 15:
            raise self._wire.violation("a size is malformed; " + self._wire.quote(text))
        return int(text)

    def retrieve(self, message: Message) -> Iterator[bytes]:
        """Yield one message's octets in chunks, dots unstuffed, otherwise as the server has it.

        Raises: CommandFailed when the server refuses this message; ProtocolViolation when it
            never ends; whatever is raised, the message is not complete.
        """
        self._wire.phase = f"RETR {message.number}"
        self._command(f"RETR {message.number}")
        reader = self._wire.makefile()
        unstuffer = Unstuffer()
        total = 0
        try:
            with self._wire.transfer(2 * message.size + 1024 * 1024):
                while unstuffer.rest is None:
                    content = unstuffer.feed(reader.read_some(CHUNK))
                    total += len(content)
                    yield content
        finally:
            if unstuffer.rest != b"":  # the rest would be taken for the next answer
                self.close()
        if unstuffer.rest:
            raise self._wire.violation("the server went on after the end of a message")
        self._wire.trace.bulk("S", total)

    def delete(self, message: Message) -> None:
        """Mark one message for removal at QUIT.

        Raises: CommandFailed when the server refuses.
        """
        self._wire.phase = f"DELE {message.number}"
        self._command(f"DELE {message.number}")

    def quit(self) -> None:
        """End the session so that the server removes what was marked (RFC 1939 §6).

        Raises: MailError when it cannot be told whether it did.
        """
        self._wire.phase = "QUIT"
        try:
            self._command("QUIT")
        finally:
            self.close()

    def close(self) -> None:
        """Close without QUIT: the server removes nothing."""
        self._wire.close()

    # -- the one place that talks to poplib --------------------------------

    def _command(self, line: str) -> bytes:
        self._check(line)
        return self._guarded(lambda: self._client.command(line))

    def _listing(self, line: str) -> list[bytes]:
        self._check(line)
        with self._wire.transfer(LISTING_CAP):
            return self._guarded(lambda: self._client.listing(line))

    def _check(self, line: str) -> None:
        if any(c in line for c in "\0\r\n"):
            raise LoginFailed(f"{self._wire.where}: an argument holds a NUL, CR or LF")

    def _guarded(self, call: Callable[[], T]) -> T:
        """Run one call of poplib's and translate what it raises."""
        try:
            return call()
        except poplib.error_proto as exc:
            words = exc.args[0] if exc.args else b""
            if not isinstance(words, bytes):
                raise self._wire.violation(str(words)) from exc
            code = _CODE.match(words)
            text = f"{self._wire.where}: {self._wire.quote(words[4:])}"
            name = code[1].decode("ascii", "replace").upper() if code else ""
            raise CommandFailed(text, name) from exc
