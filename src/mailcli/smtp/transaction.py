"""The mail transaction: MAIL, RCPT for each recipient, DATA, and the message.

RFC 5321 §3.3. One message may take several, where a server takes only so many
recipients at once (§4.5.3.1.10): each is reported on its own, and what was
accepted stays accepted, whatever becomes of the rest. With PIPELINING the
whole group up to DATA is one round trip (RFC 2920 §3.1).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from mailcli.errors import InvalidMessage, MailError, OutcomeUnknown, Refused, TemporaryFailure
from mailcli.smtp.conversation import Conversation
from mailcli.smtp.data import END, as_data
from mailcli.smtp.envelope import Envelope
from mailcli.smtp.reply import Reply

MOST_RECIPIENTS = 1000
"""Recipients of one transaction; a server may take fewer, and says so."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of one message: every recipient stands in exactly one of the three.

    `lost` is set when a connection ended after the final dot: then nobody here knows
    whether those in `unknown` get the message.
    """

    accepted: tuple[str, ...]
    refused: dict[str, Reply]
    unknown: tuple[str, ...] = ()
    lost: OutcomeUnknown | None = None


def _nothing(_: tuple[str, ...]) -> None:
    """Take note of nothing."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Whoever must know how far it has come.

    `ending` is called before the final dot, `accepted` after the server said yes, each with
    the recipients of that transaction. `ending` may fail, and then there is no dot; `accepted`
    must not, since by then they have the message.
    """

    ending: Callable[[tuple[str, ...]], None] = _nothing
    accepted: Callable[[tuple[str, ...]], None] = _nothing


@dataclass(slots=True)
class Delivery:
    """One message on its way over one connection; `message` is read once per transaction.

    `size` is its octets with CRLF line ends.
    """

    conversation: Conversation
    envelope: Envelope
    message: Iterable[bytes]
    size: int
    watch: Watch
    clean: bool = True
    """Whether the connection is between transactions: the next MAIL needs no RSET."""

    _accepted: list[str] = field(default_factory=list)
    _refused: dict[str, Reply] = field(default_factory=dict)
    _in_doubt: tuple[str, ...] = ()
    """Those whose transaction has come to its message."""

    def run(self) -> Submission:
        """Send the message to everybody.

        Raises: MailError, as long as nobody was accepted; later failures are refusals of the
            recipients that are left.
        """
        mail = self._mail()
        waiting = list(self.envelope.recipients)
        while waiting:
            batch, rest = waiting[: self._most()], waiting[self._most() :]
            try:
                waiting = self._transaction(mail, batch) + rest
            except OutcomeUnknown as exc:
                return self._end_unknown(batch, rest, exc)
            except MailError as exc:
                if not self._accepted:
                    raise
                self._give_up(waiting, exc)
                break
        return Submission(tuple(self._accepted), self._in_order())

    def _in_order(self) -> dict[str, Reply]:
        return {r: self._refused[r] for r in self.envelope.recipients if r in self._refused}

    def _give_up(self, waiting: list[str], exc: MailError) -> None:
        code = 554 if isinstance(exc, Refused) else 421
        for recipient in waiting:
            self._refused.setdefault(recipient, Reply(code, None, exc.message))

    def _end_unknown(self, batch: list[str], rest: list[str], exc: OutcomeUnknown) -> Submission:
        self.conversation.wire.close()  # the next answer could be to this message
        left = [each for each in (*batch, *rest) if each not in self._in_doubt]
        self._give_up(left, TemporaryFailure("not tried: the connection was lost"))
        return Submission(tuple(self._accepted), self._in_order(), self._in_doubt, exc)

    # -- what is asked -----------------------------------------------------

    def _most(self) -> int:
        """Return how many recipients the server takes at once (LIMITS RCPTMAX, RFC 9422)."""
        for limit in self.conversation.features.get("limits", "").upper().split():
            name, _, number = limit.partition("=")
            if name == "RCPTMAX" and number.isdigit() and int(number) > 0:
                return min(int(number), MOST_RECIPIENTS)
        return MOST_RECIPIENTS

    def _mail(self) -> str:
        """Return the MAIL command. Raises: Refused (69), InvalidMessage (65)."""
        self.conversation.wire.phase = "MAIL"
        options = (
            self._size_option(),
            self._body_option(),
            self._utf8_option(),
            self._dsn_option(),
        )
        return f"MAIL FROM:<{self.envelope.sender}>{''.join(options)}"

    def _size_option(self) -> str:
        features, where = self.conversation.features, self.conversation.wire.where
        if "size" not in features:
            return ""
        limit = features["size"].strip()
        if limit.isdigit() and 0 < int(limit) < self.size:
            raise Refused(f"{where}: the message has {self.size} octets, the server takes {limit}")
        return f" SIZE={self.size}"

    def _body_option(self) -> str:
        return " BODY=8BITMIME" if "8bitmime" in self.conversation.features else ""

    def _utf8_option(self) -> str:
        if not self.envelope.needs_utf8:
            return ""
        if "smtputf8" not in self.conversation.features:
            where = self.conversation.wire.where
            raise InvalidMessage(
                f"{where}: the server takes no addresses outside ASCII (SMTPUTF8)"
            )
        return " SMTPUTF8"

    def _dsn_option(self) -> str:
        if not self.envelope.needs_dsn:
            return ""
        if "dsn" not in self.conversation.features:
            where = self.conversation.wire.where
            raise Refused(
                f"{where}: the server sends no delivery reports (DSN)",
                hint="leave out --dsn-notify and --dsn-return",
            )
        returned = self.envelope.returned
        return f" RET={returned.upper()}" if returned else ""

    # -- one transaction ---------------------------------------------------

    def _transaction(self, mail: str, batch: list[str]) -> list[str]:
        """Send the message to some recipients; return those to be asked again in another one."""
        if not self.clean:
            self.conversation.command("RSET")
        self.clean = False
        options = self.envelope.rcpt_options
        lines = [mail, *(f"RCPT TO:<{recipient}>{options}" for recipient in batch)]
        if "pipelining" in self.conversation.features:
            accepted, again = self._group(lines, batch)
        else:
            accepted, again = self._one_by_one(lines, batch)
        if accepted:
            self._send(accepted)
            self._accepted += accepted
            self.clean = True
        return again

    def _one_by_one(self, lines: list[str], batch: list[str]) -> tuple[list[str], list[str]]:
        self._expect_mail(self.conversation.command(lines[0]))
        answers = _Answers(self.conversation, self._refused)
        for recipient, line in zip(batch, lines[1:], strict=True):
            self.conversation.wire.phase = f"RCPT {recipient}"
            answers.take(recipient, self.conversation.command(line))
        if answers.accepted:
            self._expect_data(self._said("DATA", lambda: self.conversation.command("DATA")))
        return answers.accepted, answers.again()

    def _group(self, lines: list[str], batch: list[str]) -> tuple[list[str], list[str]]:
        """Send all up to DATA at once; whatever DATA then says, it is brought to an end."""
        self.conversation.wire.phase = "MAIL"
        replies = self.conversation.replies([*lines, "DATA"])
        mail = next(replies)
        answers = _Answers(self.conversation, self._refused)
        for recipient in batch:
            self.conversation.wire.phase = f"RCPT {recipient}"
            reply = next(replies)
            if mail.ok:
                self._take(answers, recipient, reply)
        if not answers.accepted:
            self._leave_data(mail, replies)
            self._expect_mail(mail)
            return [], answers.again()
        self._expect_data(self._said("DATA", lambda: next(replies)))
        return answers.accepted, answers.again()

    def _take(self, answers: "_Answers", recipient: str, reply: Reply) -> None:
        try:
            answers.take(recipient, reply)
        except MailError:
            self.conversation.wire.close()  # the replies to what is said already are not read
            raise

    def _leave_data(self, mail: Reply, replies: Iterator[Reply]) -> None:
        """End an empty message that the server asks for, though it refused all before it.

        Nobody gets it: there is no recipient (RFC 2920 §3.1). A server that has left by now
        has still refused.
        """
        wire = self.conversation.wire
        try:
            reply = self._said("DATA", lambda: next(replies))
            if reply.code == 354:
                wire.sendall(END)
                self.conversation.reply()
        except MailError:
            wire.close()
        finally:
            wire.phase = "MAIL" if not mail.ok else wire.phase

    def _said(self, phase: str, ask: Callable[[], Reply]) -> Reply:
        self.conversation.wire.phase = phase
        return ask()

    def _expect_mail(self, reply: Reply) -> None:
        if not reply.ok:
            raise self.conversation.refusal(reply)

    def _expect_data(self, reply: Reply) -> None:
        if reply.code != 354:
            raise self.conversation.refusal(reply)

    # -- the message -------------------------------------------------------

    def _send(self, recipients: list[str]) -> None:
        batch = self._in_doubt = tuple(recipients)
        try:
            self._send_data()
            self.watch.ending(batch)
        except BaseException:
            self.conversation.wire.close()  # whatever is said next would be part of the message
            raise
        reply = self._verdict()
        if reply.code >= 400:
            raise self.conversation.refusal(reply)
        if not reply.ok:
            raise _unknown(self.conversation.refusal(reply))
        self.watch.accepted(batch)

    def _send_data(self) -> None:
        wire = self.conversation.wire
        wire.phase = "message"
        for chunk in as_data(self.message):
            wire.send_data(chunk)
        wire.phase = "answer to the message"

    def _verdict(self) -> Reply:
        """Send the final dot and read the answer. Raises: OutcomeUnknown."""
        try:
            self.conversation.wire.sendall(END)
            return self.conversation.reply()
        except MailError as exc:
            raise _unknown(exc) from exc


class _Answers:
    """The answers to RCPT, sorted."""

    def __init__(self, conversation: Conversation, refused: dict[str, Reply]) -> None:
        self.accepted: list[str] = []
        self._conversation = conversation
        self._refused = refused
        self._too_many: dict[str, Reply] = {}

    def take(self, recipient: str, reply: Reply) -> None:
        """Note one answer. Raises: TemporaryFailure, ProtocolViolation: no answer to this."""
        if reply.ok:
            self.accepted.append(recipient)
        elif reply.code == 421 or reply.code < 400:  # goodbye to us, or nonsense
            raise self._conversation.refusal(reply)
        elif reply.too_many_recipients:
            self._too_many[recipient] = reply
        else:
            self._refused[recipient] = reply

    def again(self) -> list[str]:
        """Return who is to be asked again; nobody where that would lead nowhere."""
        if self.accepted:
            return list(self._too_many)
        self._refused.update(self._too_many)
        return []


def _unknown(exc: MailError) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{exc.message}; the message may or may not have been accepted",
        hint="it is not sent again by itself: ask the recipient, or look in the server's log",
    )
