"""An IMAP connection on imaplib: greeting, TLS, login, commands and their answers.

imaplib keeps the connection's life and the tags; replies go through our own
parser, because imaplib's loses what it does not know and keeps whole messages
in memory. What the commands mean is `session`'s affair. Nothing of imaplib
leaves this module. RFC 3501; SASL-IR by RFC 4959.
"""

import imaplib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

from mailcli.errors import (
    LoginFailed,
    MailError,
    ProtocolViolation,
    Refused,
    TemporaryFailure,
    TlsFailed,
)
from mailcli.imap import responses
from mailcli.imap.meanings import MEANINGS
from mailcli.imap.responses import Condition, Continuation, Data, Response, Streamed, Value
from mailcli.imap.values import Body
from mailcli.model import AuthKind, Endpoint, TlsMode
from mailcli.net import Trace, Wire, connect
from mailcli.sasl import Exchange, Identity, choose

TRANSFER_CAP = 1 << 40
"""Octets that the answer to one command may have; what limits it in practice is the disk."""

LITERAL_CAP = 16 * 1024 * 1024
"""Octets of a literal that is kept in memory: names, headers, never a message."""

CHUNK = 256 * 1024
"""Octets of a literal read at once."""

_TEMPORARY_CODES = {"UNAVAILABLE", "INUSE", "SERVERBUG", "LIMIT", "CONTACTADMIN"}


class CommandFailed(Refused):
    """The server answered NO or BAD to one command; the session goes on."""

    def __init__(self, message: str, response_code: str) -> None:
        super().__init__(message)
        self.response_code = response_code


@dataclass(frozen=True, slots=True)
class Answer:
    """All that came back for one command: untagged responses, then the tagged one."""

    untagged: list[Response]
    final: Condition

    def data(self, name: str) -> Iterator[Data]:
        """Yield the untagged data of one name."""
        return (r for r in self.untagged if isinstance(r, Data) and r.name == name)

    def code(self, name: str) -> list[Value] | None:
        """Return the arguments of a response code, wherever it came, or None."""
        for response in (*self.untagged, self.final):
            if isinstance(response, Condition) and response.code == name:
                return response.arguments
        return None


class _Client(imaplib.IMAP4):
    """imaplib's client on our wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        super().__init__(wire.endpoint.host, wire.endpoint.port)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        del host, port, timeout  # connected already; the wire keeps its own time
        self.sock = self._wire  # type: ignore[assignment]  # all of a socket that is used

    def _connect(self) -> None:
        self.tagpre = "m"  # the greeting is read, and judged, by the session

    def tag(self) -> bytes:
        self.tagnum += 1
        return b"%s%d" % (self.tagpre.encode(), self.tagnum)


class ImapConnection:
    """One connection to a mail store, greeted and, where asked, inside TLS."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._client = _Client(wire)
        self.capabilities: frozenset[str] = frozenset()

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
        greeting = self._read()
        if not isinstance(greeting, Condition) or greeting.tag:
            raise self._wire.violation("the greeting is malformed")
        if greeting.kind == "BYE":
            raise self._wire.failure(self._wire.quote(greeting.text))
        if greeting.kind != "OK":
            # PREAUTH would skip STARTTLS (CVE-2020-14093), and no account of ours expects it.
            raise self._wire.violation(f"{greeting.kind} greeting before any login")
        self._learn(Answer([greeting], greeting))
        if self._wire.endpoint.tls.mode is TlsMode.STARTTLS:
            self._start_tls()
        if not self.capabilities:
            self._ask_capabilities()

    def _start_tls(self) -> None:
        self._wire.phase = "STARTTLS"
        if not self.capabilities:
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
        """Take capabilities from an answer; they come as data or as a response code."""
        found = answer.code("CAPABILITY")
        for data in answer.data("CAPABILITY"):
            found = data.values
        if found is None:
            return False
        names = (responses.octets(v).decode("ascii", "replace").upper() for v in found)
        self.capabilities = frozenset(names)
        return True

    # -- login -------------------------------------------------------------

    def login(self, kind: AuthKind, identify: Callable[[], Identity]) -> None:
        """Log in with the best mechanism both sides know; `identify` is asked only then.

        Raises: LoginFailed (77), TlsFailed (78) on an unprotected connection,
            TemporaryFailure (75) when the server cannot tell for now.
        """
        self._wire.phase = "login"
        self._wire.require_privacy()
        offered = {c.removeprefix("AUTH=") for c in self.capabilities if c.startswith("AUTH=")}
        mechanism = choose(offered, kind)
        if mechanism is None and (kind is AuthKind.OAUTH2 or "LOGINDISABLED" in self.capabilities):
            raise LoginFailed(
                f"{self._wire.where}: no mechanism in common; the server offers "
                f"{' '.join(sorted(offered)) or 'none'}"
            )
        identity = identify()
        self._wire.trace.hide(identity.secret, username=identity.username)
        try:
            with self._wire.trace.masked():
                answer = (
                    self._authenticate(Exchange(mechanism, identity))
                    if mechanism
                    else self._login(identity)
                )
        except CommandFailed as exc:
            raise self._login_error(exc, identity) from exc
        if not self._learn(answer):
            self._ask_capabilities()

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
        user = _quoted_text(identity.username)
        password = _quoted_text(identity.secret.reveal())
        self._wire.send_credential(
            b"%b LOGIN %b %b\r\n" % (tag, user, password), b"%b LOGIN %b ***" % (tag, user)
        )
        return self._collect(tag)

    def _login_error(self, exc: CommandFailed, identity: Identity) -> MailError:
        if exc.response_code in _TEMPORARY_CODES:
            return TemporaryFailure(exc.message)
        return LoginFailed(
            exc.message, hint=f"check the user name {identity.username!r} and its password"
        )

    # -- ending ------------------------------------------------------------

    def logout(self) -> None:
        """Say goodbye without waiting for the answer, and close; never raises."""
        try:
            self._send(b"LOGOUT")
        except MailError:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection without a word."""
        self._wire.close()

    # -- the one place that talks to the wire -------------------------------

    def _run(self, command: bytes) -> Answer:
        with self._wire.transfer(TRANSFER_CAP):
            return self._collect(self._send(command))

    def _send(self, command: bytes) -> bytes:
        if re.search(rb"[\r\n\0]", command):
            raise Refused(f"{self._wire.where}: an argument holds a NUL, CR or LF")
        tag = self._client.tag()
        self._wire.sendall(tag + b" " + command + b"\r\n")
        return tag

    def _collect(self, tag: bytes, proceed: Callable[[bytes], None] | None = None) -> Answer:
        """Read until the tagged answer; `proceed` is called when the server asks to go on.

        Raises: CommandFailed for NO and BAD, TemporaryFailure for BYE.
        """
        untagged: list[Response] = []
        while True:
            response = self._read()
            if isinstance(response, Continuation):
                if proceed is None:
                    raise self._wire.violation(
                        "the server waits for something it was not promised"
                    )
                proceed(response.text)
            elif isinstance(response, Condition) and response.tag:
                if response.tag != tag:
                    raise self._wire.violation("an answer to a command that was not sent")
                self._check(response)
                return Answer(untagged, response)
            else:
                self._heed(response)
                untagged.append(response)

    def _check(self, final: Condition) -> None:
        if final.kind != "OK":
            words = f"[{final.code}] {final.text}" if final.code else final.text
            raise CommandFailed(f"{self._wire.where}: {self._wire.quote(words)}", final.code)

    def _heed(self, response: Response) -> None:
        if isinstance(response, Condition) and response.kind == "BYE":
            raise self._wire.failure(self._wire.quote(response.text))

    def _read(self, open_body: Callable[[], Body] | None = None) -> Response:
        """Read one response with its literals.

        A literal that is a message body goes to `open_body`, any other into memory.
        """
        reader = self._wire.makefile()
        pieces: list[bytes | Streamed] = []
        while True:
            line = reader.readline()
            pieces.append(line)
            size = responses.literal_size(line)
            if size is None:
                break
            if open_body and b"BODY[] {" in line.upper():
                pieces.append(self._stream(size, open_body()))
            elif size > LITERAL_CAP:
                raise self._wire.violation(f"a literal of {size} octets")
            else:
                pieces.append(reader.read(size))
        try:
            return responses.parse(pieces)
        except ProtocolViolation as exc:
            raise self._wire.violation(self._wire.trace.redact(exc.message)) from exc

    def _stream(self, size: int, body: Body) -> Streamed:
        reader = self._wire.makefile()
        left = size
        while left:
            chunk = reader.read_some(min(left, CHUNK))
            body.write(chunk)
            left -= len(chunk)
        self._wire.trace.bulk("S", size)
        return Streamed(body, size)


def _quoted_text(text: str) -> bytes:
    if any(c in text for c in "\0\r\n"):
        raise LoginFailed("user name or password holds a NUL, CR or LF", hint="store it again")
    return quoted(text.encode("utf-8"))


def quoted(raw: bytes) -> bytes:
    """Return a quoted string (RFC 3501 §9, quoted)."""
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
