"""A submission session on smtplib: typed results in, typed results out.

smtplib keeps its commands and its parsing of extensions; the wire keeps time, TLS
and secrets. Nothing of smtplib leaves this module: no tuple, no exception.
RFC 5321, RFC 6409; AUTH by RFC 4954, STARTTLS by RFC 3207.
"""

import re
import smtplib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mailcli.errors import (
    InvalidMessage,
    LoginFailed,
    MailError,
    OutcomeUnknown,
    Refused,
    TemporaryFailure,
    TlsFailed,
)
from mailcli.model import AuthKind, Endpoint, TlsMode
from mailcli.net import Trace, Wire, connect
from mailcli.sasl import Exchange, Identity, choose
from mailcli.smtp.data import END, as_data
from mailcli.smtp.envelope import Envelope
from mailcli.smtp.meanings import MEANINGS
from mailcli.smtp.reply import Reply

EHLO_NAME = "localhost"
"""What we call ourselves: the machine's real name is nobody's business."""


_REPLY_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])([^\r\n]*))?\r?\n")
"""Reply-line = Reply-code [ SP textstring ] CRLF (RFC 5321 §4.2)"""


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of one message: every recipient stands in exactly one of the two.

    `lost` is set when the connection ended after the final dot: then nobody here knows
    whether the accepted recipients get the message.
    """

    accepted: tuple[str, ...]
    refused: dict[str, Reply]
    lost: OutcomeUnknown | None = None


class _Client(smtplib.SMTP):
    """smtplib's client on our wire."""

    ehlo_msg = "EHLO"  # commands in capitals, as every text on SMTP has them

    def __init__(self, wire: Wire) -> None:
        super().__init__(local_hostname=EHLO_NAME)  # a name given: no look-up of our own
        self.sock = wire  # type: ignore[assignment]  # a wire is all of a socket that is used
        self._wire = wire

    def getreply(self) -> tuple[int, bytes]:
        """Read one reply; smtplib takes anything for one that begins like a number."""
        texts: list[bytes] = []
        code = b""
        while True:
            line = self._wire.makefile().readline()
            found = _REPLY_LINE.fullmatch(line)
            if not found or code not in {b"", found[1]}:
                raise self._wire.violation("the reply is malformed; " + self._wire.quote(line))
            code = found[1]
            texts.append((found[3] or b"").strip())
            if found[2] != b"-":
                return int(code), b"\n".join(texts)

    def forget(self) -> None:
        """Forget all that was learnt before TLS (RFC 3207 §4.2)."""
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False


class SmtpSession:
    """One connection to a submission server, greeted and, where asked, inside TLS."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._client = _Client(wire)
        self._in_transaction = False

    @classmethod
    def open(cls, endpoint: Endpoint, *, timeout: float, trace: Trace) -> "SmtpSession":
        """Connect, greet and upgrade to TLS as the endpoint's policy says.

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
        greeting = self._reply()
        if greeting.code != 220:
            raise self._refusal(greeting)
        self._ehlo()
        if self._wire.endpoint.tls.mode is TlsMode.STARTTLS:
            self._start_tls()
            self._ehlo()

    def _ehlo(self) -> None:
        self._wire.phase = "EHLO"
        self._client.forget()
        reply = self._guarded(lambda: self._client.ehlo(EHLO_NAME))
        if not reply.ok:
            raise self._refusal(reply)

    def _start_tls(self) -> None:
        self._wire.phase = "STARTTLS"
        if not self._client.has_extn("starttls"):
            raise TlsFailed(
                f"{self._wire.where}: the server does not offer it",
                hint='somebody may be stripping it; try tls = "implicit" on port 465',
            )
        reply = self._command("STARTTLS")
        if reply.code != 220:
            raise TlsFailed(f"{self._wire.where}: refused; {self._wire.quote(str(reply))}")
        self._wire.start_tls()
        self._client.forget()

    # -- login -------------------------------------------------------------

    def login(self, kind: AuthKind, identify: Callable[[], Identity]) -> None:
        """Log in with the best mechanism both sides know; `identify` is asked only then.

        Raises: LoginFailed (77), TlsFailed (78) on an unprotected connection,
            TemporaryFailure (75) when the server cannot tell for now.
        """
        self._wire.phase = "login"
        self._wire.require_privacy()
        offered = self._client.esmtp_features.get("auth", "").split()
        mechanism = choose(offered, kind, private=self._wire.secured)
        if mechanism is None:
            raise LoginFailed(
                f"{self._wire.where}: no mechanism in common; "
                + self._wire.quote(" ".join(sorted(offered)) or "none"),
                hint='set auth = "none" where the server wants no login',
            )
        identity = identify()
        self._wire.trace.hide(identity.secret, username=identity.username)
        exchange = Exchange(mechanism, identity)
        with self._wire.trace.masked(), self._wire.blaming():
            reply = self._converse(exchange)
            if reply.code == 235:
                return exchange.conclude()
        raise self._login_error(reply, identity)

    def _login_error(self, reply: Reply, identity: Identity) -> MailError:
        if not reply.permanent:
            return self._refusal(reply)
        return LoginFailed(
            f"{self._wire.where}: refused; {self._wire.quote(str(reply))}",
            hint=f"check the user name {identity.username!r} and its password",
        )

    def _converse(self, exchange: Exchange) -> Reply:
        opening = f"AUTH {exchange.mechanism}".encode()
        if exchange.initial is None:
            self._wire.send_credential(opening + b"\r\n", opening)
        else:
            self._wire.send_credential(
                opening + b" " + (exchange.initial or b"=") + b"\r\n", opening + b" ***"
            )
        reply = self._reply()
        while reply.code == 334:
            answer = exchange.answer(reply.text.encode())
            self._wire.send_credential(answer + b"\r\n", b"***")
            reply = self._reply()
        return reply

    # -- sending -----------------------------------------------------------

    def submit(self, envelope: Envelope, message: Iterable[bytes], *, size: int) -> Submission:
        """Send one message, given as chunks with CRLF line ends and `size` octets in all.

        Recipients that are refused are part of the result; the others get the message.

        Raises: Refused (69) or TemporaryFailure (75) for MAIL or DATA, InvalidMessage (65)
            for an address the server cannot take.
        """
        if self._in_transaction:
            self._command("RSET")  # the last message was refused half-way
        self._in_transaction = True
        self._mail(envelope, size)
        refused: dict[str, Reply] = {}
        for recipient in envelope.recipients:
            self._wire.phase = f"RCPT {recipient}"
            reply = self._command(f"RCPT TO:<{recipient}>")
            if not reply.ok:
                if reply.code == 421 or reply.code < 400:  # goodbye to us, or nonsense
                    raise self._refusal(reply)
                refused[recipient] = reply
        accepted = tuple(r for r in envelope.recipients if r not in refused)
        if not accepted:
            return Submission((), refused)
        try:
            self._data(message)
        except OutcomeUnknown as exc:
            return Submission(accepted, refused, exc)
        self._in_transaction = False
        return Submission(accepted, refused)

    def _mail(self, envelope: Envelope, size: int) -> None:
        self._wire.phase = "MAIL"
        features = self._client.esmtp_features
        options = ""
        if "size" in features:
            options += f" SIZE={size}"
            limit = features["size"].strip()
            if limit.isdigit() and 0 < int(limit) < size:
                raise Refused(
                    f"{self._wire.where}: the message has {size} octets, the server takes {limit}"
                )
        if "8bitmime" in features:
            options += " BODY=8BITMIME"
        self._client.command_encoding = "ascii"
        if envelope.needs_utf8:
            if "smtputf8" not in features:
                raise InvalidMessage(
                    f"{self._wire.where}: the server takes no addresses outside ASCII (SMTPUTF8)"
                )
            options += " SMTPUTF8"
            self._client.command_encoding = "utf-8"
        reply = self._command(f"MAIL FROM:<{envelope.sender}>{options}")
        if not reply.ok:
            raise self._refusal(reply)

    def _data(self, message: Iterable[bytes]) -> None:
        self._wire.phase = "DATA"
        reply = self._command("DATA")
        if reply.code != 354:
            raise self._refusal(reply)
        self._wire.phase = "message"
        for chunk in as_data(message):
            self._wire.send_data(chunk)
        self._wire.phase = "answer to the message"
        self._send_end()
        reply = self._verdict()
        if reply.code >= 400:
            raise self._refusal(reply)
        if not reply.ok:
            raise self._unknown(self._refusal(reply))

    def _send_end(self) -> None:
        try:
            self._wire.sendall(END)
        except TemporaryFailure as exc:
            raise self._unknown(exc) from exc

    def _verdict(self) -> Reply:
        try:
            return self._reply()
        except MailError as exc:
            raise self._unknown(exc) from exc

    @staticmethod
    def _unknown(exc: MailError) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{exc.message}; the message may or may not have been accepted",
            hint="it is not sent again by itself: ask the recipient, or look in the server's log",
        )

    # -- ending ------------------------------------------------------------

    def quit(self) -> None:
        """Say goodbye without waiting for the answer, which decides nothing, and close."""
        try:
            self._wire.sendall(b"QUIT\r\n")
        except MailError:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection without a word."""
        self._wire.close()

    # -- the one place that talks to smtplib -------------------------------

    def _command(self, line: str) -> Reply:
        return self._guarded(lambda: self._client.docmd(line))

    def _reply(self) -> Reply:
        return self._guarded(self._client.getreply)

    def _guarded(self, call: Callable[[], tuple[int, bytes]]) -> Reply:
        """Run one call of smtplib's and translate what it returns or raises."""
        try:
            code, text = call()
        except smtplib.SMTPException as exc:
            raise self._wire.failure(str(exc)) from exc
        except ValueError as exc:  # CR or LF in an argument
            raise InvalidMessage(f"{self._wire.where}: {exc}") from exc
        return Reply.parse(code, text)

    def _refusal(self, reply: Reply) -> MailError:
        words = self._wire.quote(str(reply))
        if reply.code < 400:
            return self._wire.violation(f"neither yes nor no; {words}")
        text = f"{self._wire.where}: {words}"
        return Refused(text) if reply.permanent else TemporaryFailure(text)
