"""A submission session: typed results in, typed results out.

How it begins, logs in and ends; what is said for one message stands in
`transaction`, the lines themselves in `conversation`.
RFC 5321, RFC 6409; AUTH by RFC 4954, STARTTLS by RFC 3207.
"""

from collections.abc import Callable, Iterable

from mailcli.errors import LoginFailed, MailError, TlsFailed
from mailcli.model import AuthKind, Endpoint, TlsMode
from mailcli.net import Trace, Wire, connect
from mailcli.sasl import Exchange, Identity, choose
from mailcli.smtp.conversation import Conversation
from mailcli.smtp.envelope import Envelope
from mailcli.smtp.meanings import MEANINGS
from mailcli.smtp.opening import Group
from mailcli.smtp.reply import Reply
from mailcli.smtp.transaction import Delivery, Following, Submission, Watch

_UNWATCHED = Watch()


class SmtpSession:
    """One connection to a submission server, greeted and, where asked, inside TLS."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._conversation = Conversation(wire)
        self._clean = True
        self._begun: Group | None = None
        """What is said already of the next message's transaction."""

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
        greeting = self._conversation.reply()
        if greeting.code != 220:
            raise self._conversation.refusal(greeting)
        self._ehlo()
        if self._wire.endpoint.tls.mode is TlsMode.STARTTLS:
            self._start_tls()
            self._ehlo()

    def _ehlo(self) -> None:
        self._wire.phase = "EHLO"
        reply = self._conversation.ehlo()
        if not reply.ok:
            raise self._conversation.refusal(reply)

    def _start_tls(self) -> None:
        self._wire.phase = "STARTTLS"
        if "starttls" not in self._conversation.features:
            raise TlsFailed(
                f"{self._wire.where}: the server does not offer it",
                hint='somebody may be stripping it; try tls = "implicit" on port 465',
            )
        reply = self._conversation.command("STARTTLS")
        if reply.code != 220:
            raise TlsFailed(f"{self._wire.where}: refused; {self._wire.quote(str(reply))}")
        self._wire.start_tls()
        self._conversation.forget()

    # -- login -------------------------------------------------------------

    def login(self, kind: AuthKind, identify: Callable[[], Identity]) -> None:
        """Log in with the best mechanism both sides know; `identify` is asked only then.

        Raises: LoginFailed (77), TlsFailed (78) on an unprotected connection,
            TemporaryFailure (75) when the server cannot tell for now.
        """
        self._wire.phase = "login"
        self._wire.require_privacy()
        offered = self._conversation.features.get("auth", "").split()
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
            return self._conversation.refusal(reply)
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
        reply = self._conversation.reply()
        while reply.code == 334:
            answer = exchange.answer(reply.text.encode())
            self._wire.send_credential(answer + b"\r\n", b"***")
            reply = self._conversation.reply()
        return reply

    # -- sending -----------------------------------------------------------

    def submit(
        self,
        envelope: Envelope,
        message: Iterable[bytes],
        *,
        size: int,
        watch: Watch = _UNWATCHED,
        following: Following | None = None,
    ) -> Submission:
        """Send one message, given as chunks with CRLF line ends and `size` octets in all.

        Recipients that are refused are part of the result; the others get the message. It is
        read anew for each batch of recipients that the server takes at once. The message that
        is said to be `following` must be the next one: with PIPELINING the server has heard of
        it by then, and waits for it.

        Raises: Refused (69) or TemporaryFailure (75) for MAIL or DATA, InvalidMessage (65)
            for an address the server cannot take.
        """
        delivery = Delivery(
            self._conversation,
            envelope,
            message,
            size,
            watch,
            following=following,
            clean=self._clean,
            begun=self._begun,
        )
        try:
            return delivery.run()
        finally:
            if delivery.begun:
                self.close()  # the server waits for another message than this one
            self._clean, self._begun = delivery.clean, delivery.led

    @property
    def is_open(self) -> bool:
        """Whether another message can be sent on this connection."""
        return self._wire.is_open

    # -- ending ------------------------------------------------------------

    def quit(self) -> None:
        """Say goodbye without waiting for the answer, which decides nothing, and close."""
        if self._begun:
            return self.close()  # it would be a line of the message that the server waits for
        try:
            self._wire.sendall(b"QUIT\r\n")
        except MailError:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection without a word."""
        self._wire.close()
