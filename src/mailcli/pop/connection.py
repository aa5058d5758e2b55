"""A POP3 connection up to the maildrop: greeting, capabilities, TLS, login.

RFC 1939 §4, RFC 2449 (CAPA), RFC 2595 (STLS), RFC 5034 (AUTH), RFC 6856 (UTF8).
"""

from collections.abc import Callable
from hashlib import md5
from typing import Self

from mailcli.errors import LoginFailed, MailError, Refused, TemporaryFailure, TlsFailed
from mailcli.model import AuthKind, Endpoint, TlsMode
from mailcli.net import Trace, Wire, connect
from mailcli.pop.capabilities import Capabilities
from mailcli.pop.client import Client, CommandFailed, RefusedForNow
from mailcli.pop.meanings import MEANINGS
from mailcli.sasl import Exchange, Identity, choose

LISTING_CAP = 256 * 1024 * 1024
"""Octets that a listing may have: some millions of messages."""

MAX_COMMAND = 255
"""Octets of a command line with its CRLF (RFC 2449 §4)."""


class PopConnection:
    """One connection to a maildrop, greeted and, where asked, inside TLS."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        try:
            self._client = Client(wire)
        except CommandFailed as exc:  # it takes no connections, for the time being
            raise TemporaryFailure(exc.message) from exc
        self.capabilities = Capabilities()
        """What the server can do, as it said last."""

    @classmethod
    def open(cls, endpoint: Endpoint, *, timeout: float, trace: Trace) -> Self:
        """Connect, read the greeting and upgrade to TLS as the endpoint's policy says.

        Raises: MailError of the kind that fits; nothing was sent that matters.
        """
        trace.explain_with(MEANINGS)
        wire = connect(endpoint, timeout=timeout, trace=trace)
        try:
            connection = cls(wire)
            connection._prepare()
        except BaseException:
            wire.close()
            raise
        return connection

    def _prepare(self) -> None:
        self._ask_capabilities()
        if self._wire.endpoint.tls.mode is TlsMode.STARTTLS:
            self._start_tls()
            self._ask_capabilities()

    def _start_tls(self) -> None:
        self._wire.phase = "STARTTLS"
        if "STLS" not in self.capabilities:
            raise TlsFailed(
                f"{self._wire.where}: the server does not offer it",
                hint='somebody may be stripping it; try tls = "implicit" on port 995',
            )
        try:
            self._client.command("STLS")
        except CommandFailed as exc:
            raise TlsFailed(exc.message) from exc
        self._wire.start_tls()

    def _ask_capabilities(self) -> None:
        self._client.send(["CAPA"])
        self._read_capabilities()

    def _read_capabilities(self) -> None:
        """Read what the server can do; a server too old to know the question can the least."""
        self._wire.phase = "CAPA"
        with self._wire.transfer(LISTING_CAP):
            try:
                self.capabilities = Capabilities.of(self._client.listing())
            except CommandFailed:
                self.capabilities = Capabilities()

    # -- login -------------------------------------------------------------

    def login(self, kind: AuthKind, identify: Callable[[], Identity]) -> None:
        """Log in with the best mechanism both sides know; `identify` is asked only then.

        Raises: LoginFailed (77), TlsFailed (78) on an unprotected connection,
            TemporaryFailure (75) while the maildrop is in use.
        """
        self._wire.phase = "login"
        self._wire.require_privacy()
        enter = self._way_in(kind)
        identity = identify()
        self._wire.trace.hide(identity.secret, username=identity.username)
        self._ask_for_utf8()
        try:
            with self._wire.trace.masked(), self._wire.blaming():
                enter(identity)
        except CommandFailed as exc:
            raise _login_error(exc, identity) from exc

    def _way_in(self, kind: AuthKind) -> Callable[[Identity], None]:
        """Return how to log in. APOP comes last: it proves little, and few servers have it."""
        mechanism = choose(self.capabilities.mechanisms, kind, private=self._wire.secured)
        if mechanism is not None:
            return lambda identity: self._sasl(Exchange(mechanism, identity))
        if kind is AuthKind.PASSWORD and self.capabilities.takes_user:
            return self._user_and_pass
        stamp = self._client.stamp
        if kind is AuthKind.PASSWORD and stamp:
            return lambda identity: self._apop(identity, stamp)
        raise LoginFailed(
            f"{self._wire.where}: no mechanism in common; "
            + self._wire.quote(self.capabilities.named.get("SASL", "") or "none")
        )

    def _ask_for_utf8(self) -> None:
        """Let the server send messages as they are, not rewritten for ASCII (RFC 6856 §2)."""
        if "UTF8" in self.capabilities:
            try:
                self._client.command("UTF8")
            except CommandFailed:
                self._wire.trace.note("without UTF8 then")

    def _user_and_pass(self, identity: Identity) -> None:
        secret = _plain_secret(identity)
        self._client.command(f"USER {identity.username}")
        self._wire.send_credential(f"PASS {secret}\r\n".encode(), b"PASS ***")
        self._client.status()

    def _apop(self, identity: Identity, stamp: bytes) -> None:
        """Prove the password without sending it (RFC 1939 §7); the protocol leaves only MD5."""
        proof = stamp + _plain_secret(identity).encode()
        digest = md5(proof, usedforsecurity=False).hexdigest()
        line = f"APOP {identity.username} {digest}\r\n".encode()
        self._wire.send_credential(line, b"APOP ***")
        self._client.status()

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
        while not (answer := self._client.status_or_question()).startswith(b"+OK"):
            response = exchange.answer(answer[2:]) if initial is None else initial
            initial = None
            self._wire.send_credential(response + b"\r\n", b"***")
        exchange.conclude()

    def close(self) -> None:
        """Close without QUIT: the server removes nothing."""
        self._wire.close()


def _plain_secret(identity: Identity) -> str:
    """Return the secret where both it and the name fit into a line."""
    secret = identity.secret.reveal()
    if any(c in identity.username + secret for c in "\0\r\n"):
        raise LoginFailed("user name or password holds a NUL, CR or LF", hint="store it again")
    return secret


def _login_error(exc: CommandFailed, identity: Identity) -> MailError:
    """Say what a refused login means (RFC 2449 §8.1, RFC 3206 §4)."""
    if isinstance(exc, RefusedForNow):
        return TemporaryFailure(exc.message)
    if exc.response_code == "SYS/PERM":
        return Refused(exc.message, hint="ask those who run the server")
    return LoginFailed(
        exc.message, hint=f"check the user name {identity.username!r} and its password"
    )
