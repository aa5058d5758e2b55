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
    ProtocolViolation,
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

_TEMPORARY_CODES = ("IN-USE", "LOGIN-DELAY", "SYS/TEMP")


class CommandFailed(Refused):
    """The server answered -ERR to one command; the session goes on."""


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

    def status(self) -> bytes:
        return cast(bytes, self._getresp())  # type: ignore[attr-defined]


class PopSession:
    """One connection to a maildrop, greeted and, where asked, inside TLS."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._client = self._guarded(lambda: _Client(wire))
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
        mechanism = choose(self._capabilities.get("SASL", "").split(), kind)
        if mechanism is None and kind is AuthKind.OAUTH2:
            raise LoginFailed(f"{self._wire.where}: the server takes no OAuth 2 tokens")
        identity = identify()
        self._wire.trace.hide(identity.secret, username=identity.username)
        try:
            with self._wire.trace.masked():
                self._user_and_pass(identity) if mechanism is None else self._sasl(
                    Exchange(mechanism, identity)
                )
        except CommandFailed as exc:
            raise self._login_error(exc, identity) from exc
        self._read_capabilities()

    def _user_and_pass(self, identity: Identity) -> None:
        secret = identity.secret.reveal()
        if any(c in identity.username + secret for c in "\0\r\n"):
            raise LoginFailed("user name or password holds a NUL, CR or LF", hint="store it again")
        self._command(f"USER {identity.username}")
        self._wire.send_credential(f"PASS {secret}\r\n".encode(), b"PASS ***")
        self._status()

    def _sasl(self, exchange: Exchange) -> None:
        opening = f"AUTH {exchange.mechanism}".encode()
        initial = b"" if exchange.initial is None else b" " + (exchange.initial or b"=")
        self._wire.send_credential(
            opening + initial + b"\r\n", opening + (b" ***" if initial else b"")
        )
        while (answer := self._status()).startswith(b"+ ") or answer == b"+":
            self._wire.send_credential(exchange.answer(answer[2:]) + b"\r\n", b"***")
        exchange.conclude()

    def _login_error(self, exc: CommandFailed, identity: Identity) -> MailError:
        if any(f"[{code}" in exc.message.upper() for code in _TEMPORARY_CODES):
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
            names = dict(self._pairs(self._listing("UIDL")))
        except CommandFailed as exc:
            raise Refused(
                f"{exc.message}; without unique-ids it cannot be told what is new",
                hint="use IMAP where the server offers it",
            ) from exc
        self._wire.phase = "LIST"
        sizes = dict(self._pairs(self._listing("LIST")))
        if names.keys() != sizes.keys():
            raise self._wire.violation("UIDL and LIST name different messages")
        return [Message(n, UniqueId(names[n]), self._octets(sizes[n])) for n in sorted(names)]

    def _pairs(self, lines: list[bytes]) -> Iterator[tuple[int, str]]:
        """Read lines of message number, space, value; some servers add more behind it."""
        for line in lines:
            found = re.fullmatch(rb"\s*(\d{1,10})\s+([^\s\x00-\x1f\x7f]+)(?:\s.*)?", line)
            if not found:
                raise self._wire.violation("a line is malformed; " + self._wire.quote(line))
            yield int(found[1]), found[2].decode("utf-8", "surrogateescape")

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
        with self._wire.transfer(2 * message.size + 1024 * 1024):
            while unstuffer.rest is None:
                content = unstuffer.feed(reader.read_some(CHUNK))
                total += len(content)
                yield content
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

    def _status(self) -> bytes:
        return self._guarded(self._client.status)

    def _check(self, line: str) -> None:
        if any(c in line for c in "\0\r\n"):
            raise LoginFailed(f"{self._wire.where}: an argument holds a NUL, CR or LF")

    def _guarded(self, call: Callable[[], T]) -> T:
        """Run one call of poplib's and translate what it raises."""
        try:
            return call()
        except poplib.error_proto as exc:
            words = exc.args[0] if exc.args else b""
            if isinstance(words, bytes) and words.startswith(b"-ERR"):
                text = f"{self._wire.where}: {self._wire.quote(words[4:])}"
                raise CommandFailed(text) from exc
            raise self._malformed(words) from exc

    def _malformed(self, words: object) -> ProtocolViolation:
        text = words if isinstance(words, bytes) else str(words)
        return ProtocolViolation(
            f"{self._wire.where}: the answer is malformed; {self._wire.quote(text)}"
        )
