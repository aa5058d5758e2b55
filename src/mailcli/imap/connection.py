"""An IMAP connection: greeting, TLS, login, and what both sides agree on.

What is asked of folders and messages is the affair of the layers above. RFC 3501; SASL-IR by
RFC 4959, ENABLE by RFC 5161, ID by RFC 2971, COMPRESS by RFC 4978.
"""

import re
from collections.abc import Callable
from typing import Self

from mailcli import __version__
from mailcli.errors import LoginFailed, MailError, TemporaryFailure, TlsFailed
from mailcli.imap import answers
from mailcli.imap.answers import Answer
from mailcli.imap.conversation import CommandFailed, Conversation
from mailcli.imap.meanings import MEANINGS
from mailcli.imap.responses import Condition, Continuation
from mailcli.model import AuthKind, Endpoint, TlsMode
from mailcli.net import Trace, Wire, connect
from mailcli.sasl import Exchange, Identity, choose

_VERSION = __version__.encode("ascii")

_TEMPORARY_CODES = {"UNAVAILABLE", "INUSE", "SERVERBUG", "LIMIT", "CONTACTADMIN"}


UNASKED_CAP = 1024 * 1024
"""Octets of a literal that is sent without waiting for the server's consent, where the server
takes that (LITERAL+): one that it refuses travels for nothing."""

SHORT_CAP = 4096
"""The same where it takes only short ones (LITERAL-, RFC 7888 §5)."""


_NETEASE = re.compile(r"(?:^|[.@ ])(?:163|126|yeah)\.(?:com|net)\b|coremail", re.IGNORECASE)
"""What the host or the greeting of NetEase's servers has, which open no folder before ID."""


class ImapConnection(Conversation):
    """One connection to a mail store, greeted and, where asked, inside TLS.

    `capabilities` is what the server announces, `enabled` what it confirmed to have switched on.
    """

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self.capabilities: frozenset[str] = frozenset()
        self.enabled: frozenset[str] = frozenset()
        self._wants_identity = bool(_NETEASE.search(wire.endpoint.host))

    @classmethod
    def open(cls, endpoint: Endpoint, *, timeout: float, trace: Trace) -> Self:
        """Connect, read the greeting and upgrade to TLS as the endpoint's policy says.

        Raises: MailError of the kind that fits; nothing was sent that matters.
        """
        trace.explain_with(MEANINGS)
        session = cls(connect(endpoint, timeout=timeout, trace=trace))
        try:
            session._greet()
        except BaseException:
            session.close()
            raise
        return session

    def _greet(self) -> None:
        greeting = self._hear()
        if not isinstance(greeting, Condition) or greeting.tag:
            raise self._wire.violation("the greeting is malformed")
        if greeting.kind == "BYE":
            raise self._wire.failure(self._wire.quote(greeting.text))
        if greeting.kind != "OK":
            # PREAUTH would skip STARTTLS (CVE-2020-14093), and no account of ours expects it.
            raise self._wire.violation(f"{greeting.kind} greeting before any login")
        self._wants_identity |= bool(_NETEASE.search(greeting.text))
        known = self._learn(Answer([greeting], greeting))
        if self._wire.endpoint.tls.mode is TlsMode.STARTTLS:
            self._start_tls(known=known)
            known = False
        if not known:
            self._ask_capabilities()

    def _start_tls(self, *, known: bool) -> None:
        self._wire.phase = "STARTTLS"
        if not known:
            self._ask_capabilities()
        if "STARTTLS" not in self.capabilities:
            raise TlsFailed(
                f"{self._wire.where}: the server does not offer it",
                hint='somebody may be stripping it; try tls = "implicit" on port 993',
            )
        try:
            self._run(b"STARTTLS")
        except CommandFailed as exc:
            raise TlsFailed(exc.message) from exc
        self._wire.start_tls()
        self.capabilities = frozenset()  # learnt before TLS: worth nothing (RFC 3501 §6.2.1)

    def _ask_capabilities(self) -> None:
        self._wire.phase = "CAPABILITY"
        self._learn(self._run(b"CAPABILITY"))

    def _learn(self, answer: Answer) -> bool:
        """Take capabilities from an answer, and tell whether it had any that can be whole.

        IMAP4rev1 is always among them (RFC 3501 §7.2.1); what passes through iCloud's proxy
        may be cut.
        """
        with self._wire.blaming():
            found = answers.capabilities(answer)
        if found is not None:
            self.capabilities = found
        return bool(self.capabilities & {"IMAP4REV1", "IMAP4REV2"}) and found is not None

    # -- login -------------------------------------------------------------

    def login(self, kind: AuthKind, identify: Callable[[], Identity]) -> None:
        """Log in with the best mechanism both sides know; `identify` is asked only then.

        Raises: LoginFailed (77), TlsFailed (78) on an unprotected connection,
            TemporaryFailure (75) when the server cannot tell for now.
        """
        self._wire.phase = "login"
        self._wire.require_privacy()
        offered = {c.removeprefix("AUTH=") for c in self.capabilities if c.startswith("AUTH=")}
        mechanism = choose(offered, kind, private=self._wire.secured)
        may_say_login = kind is AuthKind.PASSWORD and "LOGINDISABLED" not in self.capabilities
        if mechanism is None and not may_say_login:
            raise LoginFailed(
                f"{self._wire.where}: no mechanism in common; "
                + self._wire.quote(" ".join(sorted(offered)) or "none")
            )
        identity = identify()
        self._wire.trace.hide(identity.secret, username=identity.username)
        try:
            with self._wire.trace.masked(), self._wire.blaming():
                answer = (
                    self._authenticate(Exchange(mechanism, identity))
                    if mechanism
                    else self._login(identity)
                )
        except CommandFailed as exc:
            raise self._login_error(exc, identity) from exc
        if not self._learn(answer):
            self._ask_capabilities()
        if self._wants_identity:
            self.identify()

    def _authenticate(self, exchange: Exchange) -> Answer:
        tag = self._client.tag()
        opening = tag + b" AUTHENTICATE " + exchange.mechanism.encode()
        initial = exchange.initial
        if initial is not None and "SASL-IR" in self.capabilities:
            self._wire.send_credential(
                opening + b" " + (initial or b"=") + b"\r\n", opening + b" ***"
            )
            initial = None
        else:
            self._wire.sendall(opening + b"\r\n")

        def answer_challenge(challenge: bytes) -> None:
            nonlocal initial
            response = exchange.answer(challenge) if initial is None else initial
            initial = None
            self._wire.send_credential(response + b"\r\n", b"***")

        answer = self._collect(tag, answer_challenge)
        exchange.conclude()
        return answer

    def _login(self, identity: Identity) -> Answer:
        """Use LOGIN, where the server knows no SASL mechanism of ours (RFC 3501 §6.2.3)."""
        tag = self._client.tag()
        user, password = _string(identity.username), _string(identity.secret.reveal())
        # A literal ends a line, and the rest waits until the server asks for it.
        pieces = iter((b"%b LOGIN %b %b" % (tag, user, password)).split(b"\r\n"))
        self._wire.send_credential(next(pieces) + b"\r\n", tag + b" LOGIN ***")

        def send_next(_: bytes) -> None:
            piece = next(pieces, None)
            if piece is None:
                raise self._wire.violation("the server asks for more than LOGIN has")
            self._wire.send_credential(piece + b"\r\n", b"***")

        return self._collect(tag, send_next)

    def _login_error(self, exc: CommandFailed, identity: Identity) -> MailError:
        if exc.response_code in _TEMPORARY_CODES:
            return TemporaryFailure(exc.message)
        return LoginFailed(
            exc.message, hint=f"check the user name {identity.username!r} and its password"
        )

    # -- what both sides agree on --------------------------------------------

    def enable(self, *, utf8: bool = False) -> frozenset[str]:
        """Switch on CONDSTORE and QRESYNC, as far as the server has them (RFC 5161, RFC 7162).

        With `utf8`, folders' names go as UTF-8 from then on where the server can (RFC 6855).
        To be said before a folder is opened. Returns `enabled`: what the server confirmed;
        iCloud announces QRESYNC and confirms nothing.
        """
        self._wire.phase = "ENABLE"
        command = self._enabling(utf8=utf8)
        if command:
            self._note_enabled(self._run_all([command])[0])
        return self.enabled

    def _enabling(self, *, utf8: bool) -> bytes | None:
        wanted = sorted(self.capabilities & {"CONDSTORE", "QRESYNC"})
        if utf8 and self.capabilities & {"UTF8=ACCEPT", "UTF8=ONLY"}:
            wanted.append("UTF8=ACCEPT")  # UTF8=ONLY is no name for ENABLE (RFC 6855 §6)
        if not wanted or "ENABLE" not in self.capabilities:
            return None
        return f"ENABLE {' '.join(wanted)}".encode("ascii")

    def _note_enabled(self, *results: Answer | CommandFailed) -> None:
        for result in results:
            if isinstance(result, Answer):
                with self._wire.blaming():
                    self.enabled |= answers.enabled(result)

    @property
    def _utf8(self) -> bool:
        """Whether folders' names go as UTF-8."""
        return "UTF8=ACCEPT" in self.enabled

    def identify(self) -> dict[str, str]:
        """Tell the server what we are, and return what it says of itself (RFC 2971).

        Nothing is told, and nothing returned, where the server has no ID.
        """
        self._wire.phase = "ID"
        if "ID" not in self.capabilities:
            return {}
        try:
            answer = self._run(b'ID ("name" "mailcli" "version" %b)' % quoted(_VERSION))
        except CommandFailed:
            return {}
        with self._wire.blaming():
            return answers.identity(answer)

    def compress(self) -> bool:
        """Compress the connection both ways from now on (RFC 4978); whether the server agreed.

        After the login, so that nobody learns a password from the size of what is sent.
        """
        self._wire.phase = "COMPRESS"
        if "COMPRESS=DEFLATE" not in self.capabilities:
            return False
        try:
            self._run(b"COMPRESS DEFLATE")
        except CommandFailed:  # such as where TLS does it
            return False
        self._wire.start_compression()
        return True

    @property
    def _keeps_modseq(self) -> bool:
        return bool(self.capabilities & {"CONDSTORE", "QRESYNC"})

    def _enter(self, verb: str, folder: bytes) -> None:
        self._wire.phase = f"{verb} {folder.decode('utf-8' if self._utf8 else 'ascii', 'replace')}"

    # -- literals ----------------------------------------------------------

    def _goes_unasked(self, size: int) -> bool:
        """Whether a literal may be sent without waiting for consent (RFC 7888)."""
        if "LITERAL+" in self.capabilities:
            return size <= UNASKED_CAP
        return "LITERAL-" in self.capabilities and size <= SHORT_CAP

    def _await_consent(self, tag: bytes) -> None:
        """Wait until the server wants the literal.

        Raises: CommandFailed where it does not.
        """
        response = self._hear()
        while not isinstance(response, Continuation):
            if self._ends(response, [tag]):
                assert isinstance(response, Condition)  # noqa: S101 - for the type checker
                raise self._failure(response) or self._wire.violation(
                    "the server is content without having got all of the command"
                )
            response = self._hear()

    # -- ending ------------------------------------------------------------

    def logout(self) -> None:
        """Say goodbye without waiting for the answer, and close; never raises."""
        try:
            self._send(b"LOGOUT")
        except MailError:
            pass
        finally:
            self.close()


def _string(text: str) -> bytes:
    """Return text as a quoted string, or as a literal where it is not ASCII (RFC 3501 §9)."""
    if any(c in text for c in "\0\r\n"):
        raise LoginFailed("user name or password holds a NUL, CR or LF", hint="store it again")
    raw = text.encode("utf-8")
    return quoted(raw) if text.isascii() else b"{%d}\r\n%b" % (len(raw), raw)


def quoted(raw: bytes) -> bytes:
    """Return a quoted string (RFC 3501 §9, quoted)."""
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
