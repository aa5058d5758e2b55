"""An IMAP connection on imaplib: greeting, TLS, login, commands and their answers.

imaplib keeps the connection's life and the tags (`client`); replies go through our own
parser, because imaplib's loses what it does not know and keeps whole messages
in memory. What the commands mean is `session`'s affair. RFC 3501; SASL-IR by
RFC 4959.
"""

import re
from collections.abc import Callable, Iterator
from typing import Self

from mailcli.errors import (
    LoginFailed,
    MailError,
    ProtocolViolation,
    Refused,
    TemporaryFailure,
    TlsFailed,
)
from mailcli.imap import answers, responses
from mailcli.imap.answers import Answer
from mailcli.imap.client import Client
from mailcli.imap.meanings import MEANINGS
from mailcli.imap.responses import Condition, Continuation, Response, Streamed
from mailcli.imap.values import Body
from mailcli.model import AuthKind, Endpoint, TlsMode
from mailcli.net import Trace, Wire, connect
from mailcli.sasl import Exchange, Identity, choose

TRANSFER_CAP = 1 << 40
"""Octets that the answer to one command may have; what limits it in practice is the disk."""

ANSWER_CAP = 8 * 1024 * 1024
"""Octets of an answer that is kept in memory: a hundred thousand folders, not a million."""

RESPONSE_CAP = 1024 * 1024
"""Octets of one response that are kept in memory: names, flags, never a message."""

MESSAGE_CAP = 2**32 - 1
"""Octets of one message: the largest number that a literal can have (RFC 3501 §9, number)."""

CHUNK = 256 * 1024
"""Octets of a literal read at once."""

_BODY = re.compile(rb"[ (]BODY\[\] ~?\{\d{1,20}\+?\}\r\n$", re.IGNORECASE)
"""How the line ends that announces a message."""

_TEMPORARY_CODES = {"UNAVAILABLE", "INUSE", "SERVERBUG", "LIMIT", "CONTACTADMIN"}


class CommandFailed(Refused):
    """The server answered NO or BAD to one command; the session goes on."""

    def __init__(self, message: str, response_code: str) -> None:
        super().__init__(message)
        self.response_code = response_code


class FolderUnusable(ProtocolViolation):
    """What the server says of a folder makes no sense, but it said all of it: others go on."""


class ImapConnection:
    """One connection to a mail store, greeted and, where asked, inside TLS."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._client = Client(wire)
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
        """Take capabilities from an answer, and tell whether it had any."""
        with self._wire.blaming():
            found = answers.capabilities(answer)
        if found is not None:
            self.capabilities = found
        return found is not None

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
        if mechanism is None and (kind is AuthKind.OAUTH2 or "LOGINDISABLED" in self.capabilities):
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
        with self._wire.transfer(ANSWER_CAP):
            return self._collect(self._send(command))

    def _send(self, command: bytes) -> bytes:
        if re.search(rb"[\r\n\0]", command):
            raise Refused(f"{self._wire.where}: an argument holds a NUL, CR or LF")
        tag = self._client.tag()
        self._wire.sendall(tag + b" " + command + b"\r\n")
        return tag

    def _collect(self, tag: bytes, proceed: Callable[[bytes], None] | None = None) -> Answer:
        """Return the whole answer to a command; see `_responses`."""
        *untagged, final = self._responses(tag, proceed=proceed)
        assert isinstance(final, Condition)  # noqa: S101 - for the type checker
        return Answer(untagged, final)

    def _responses(
        self,
        tag: bytes,
        *,
        proceed: Callable[[bytes], None] | None = None,
        open_body: Callable[[], Body] | None = None,
    ) -> Iterator[Response]:
        """Yield what comes until the tagged OK, which is the last.

        `proceed` is called when the server asks to go on; `open_body` as `_read` says.

        Raises: CommandFailed for NO and BAD, TemporaryFailure for BYE.
        """
        while True:
            response = self._read(open_body)
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
                yield response
                return
            else:
                self._heed(response)
                yield response

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
        line = reader.readline()
        pieces: list[bytes | Streamed] = [line]
        left = RESPONSE_CAP - len(line)
        while (size := responses.literal_size(line)) is not None:
            if open_body and _BODY.search(line):
                if any(isinstance(piece, Streamed) for piece in pieces):
                    raise self._wire.violation("two messages in one response")
                pieces.append(self._stream(size, open_body))
            elif size > left:
                raise self._wire.violation("a response that is too large to keep")
            else:
                pieces.append(reader.read(size))
                left -= size
            line = reader.readline()
            pieces.append(line)
            left -= len(line)
        try:
            return responses.parse(pieces)
        except ProtocolViolation as exc:
            said = next(piece for piece in pieces if isinstance(piece, bytes))
            why = exc.message.partition(":")[0]
            raise self._wire.violation(f"{why}; {self._wire.quote(said)}") from exc

    def _stream(self, size: int, open_body: Callable[[], Body]) -> Streamed:
        if size > MESSAGE_CAP:
            raise self._wire.violation(f"a message of {size} octets")
        body = open_body()
        reader = self._wire.makefile()
        left = size
        while left:
            chunk = reader.read_some(min(left, CHUNK))
            body.write(chunk)
            left -= len(chunk)
        self._wire.trace.bulk("S", size)
        return Streamed(body, size)


def _string(text: str) -> bytes:
    """Return text as a quoted string, or as a literal where it is not ASCII (RFC 3501 §9)."""
    if any(c in text for c in "\0\r\n"):
        raise LoginFailed("user name or password holds a NUL, CR or LF", hint="store it again")
    raw = text.encode("utf-8")
    return quoted(raw) if text.isascii() else b"{%d}\r\n%b" % (len(raw), raw)


def quoted(raw: bytes) -> bytes:
    """Return a quoted string (RFC 3501 §9, quoted)."""
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
