"""The mail transaction: MAIL, RCPT for each recipient, DATA, and the message.

RFC 5321 §3.3. One message may take several, where a server takes only so many
recipients at once (§4.5.3.1.10): each is reported on its own, and what was
accepted stays accepted, whatever becomes of the rest. With PIPELINING the
whole group up to DATA is one round trip (RFC 2920 §3.1); where another message
follows, its group goes out with the end of this one, and that is none at all.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from mailcli.errors import MailError, OutcomeUnknown, Refused, TemporaryFailure
from mailcli.net.wire import WINDOW_OCTETS
from mailcli.smtp.conversation import AHEAD, Conversation
from mailcli.smtp.data import END, as_data
from mailcli.smtp.envelope import Envelope
from mailcli.smtp.opening import Group, Opening
from mailcli.smtp.reply import Reply

_IN_DOUBT = "the message may or may not have been accepted"


class Submission(NamedTuple):
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


class Watch(NamedTuple):
    """Whoever must know how far it has come.

    `ending` is called before the final dot, `accepted` after the server said yes, each with
    the recipients of that transaction. `ending` may fail, and then there is no dot; `accepted`
    must not, since by then they have the message.
    """

    ending: Callable[[tuple[str, ...]], None] = _nothing
    accepted: Callable[[tuple[str, ...]], None] = _nothing


class Following(NamedTuple):
    """The message that comes next on this connection: what its MAIL and RCPT are made of."""

    envelope: Envelope
    size: int


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
    following: Following | None = None
    clean: bool = True
    """Whether the connection is between transactions: the next MAIL needs no RSET."""
    begun: Group | None = None
    """What the message before has said for this one; None once this one goes on with it."""
    led: Group | None = None
    """What this message has said for the one that follows."""

    _accepted: list[str] = field(default_factory=list)
    _refused: dict[str, Reply] = field(default_factory=dict)
    _in_doubt: tuple[str, ...] = ()
    """Those whose transaction has come to its message."""

    def run(self) -> Submission:
        """Send the message to everybody.

        Raises: MailError, as long as nobody was accepted; later failures are refusals of the
            recipients that are left.
        """
        self.conversation.wire.phase = "MAIL"
        opening = Opening(self.conversation, self.envelope, self.size)
        most = opening.most()
        waiting = list(self.envelope.recipients)
        while waiting:
            batch, rest = waiting[:most], waiting[most:]
            try:
                waiting = self._transaction(opening, batch, is_last=not rest) + rest
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

    # -- one transaction ---------------------------------------------------

    def _transaction(self, opening: Opening, batch: list[str], *, is_last: bool) -> list[str]:
        """Send the message to some recipients; return those to be asked again in another one."""
        lines = opening.lines(batch)
        if not self.clean and not self.begun:
            self.conversation.command("RSET")
        self.clean = False
        if self.conversation.pipelines:
            accepted, again = self._group(lines, batch)
        else:
            accepted, again = self._one_by_one(lines, batch)
        if accepted:
            self._send(accepted, leads=is_last and not again)
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
        replies = self._said_at_once(lines)
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

    def _said_at_once(self, lines: list[str]) -> Iterator[Reply]:
        """Say all up to DATA, unless that was done behind the final dot of the message before."""
        if self.begun is None:
            return self.conversation.replies([*lines, "DATA"])
        if self.begun.lines != lines:
            raise TemporaryFailure(f"{self.conversation.wire.where}: another message was begun")
        begun, self.begun = self.begun, None
        return begun.replies

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

    def _send(self, recipients: list[str], *, leads: bool) -> None:
        batch = self._in_doubt = tuple(recipients)
        try:
            self._send_data()
            self.watch.ending(batch)
        except BaseException:
            self.conversation.wire.close()  # whatever is said next would be part of the message
            raise
        reply = self._verdict(self._opening_of_following() if leads else [])
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

    def _opening_of_following(self) -> list[str]:
        """Return what can be said already for the message that follows; nothing, if it may not.

        The end of the data may begin a group (RFC 2920 §3.1). A group that does not fit into
        what may be on its way waits, and so does one that the server cannot take.
        """
        if self.following is None or not self.conversation.pipelines:
            return []
        opening = Opening(self.conversation, self.following.envelope, self.following.size)
        try:
            lines = opening.lines(self.following.envelope.recipients[: opening.most()])
        except MailError:
            return []
        octets = sum(len(line.encode()) + len("\r\n") for line in lines)
        return lines if octets <= WINDOW_OCTETS and len(lines) < AHEAD else []

    def _verdict(self, following: list[str]) -> Reply:
        """Send the final dot and read the answer. Raises: OutcomeUnknown.

        What follows goes with it: RSET, so that it begins afresh whatever the answer is.
        """
        try:
            if following:
                group = self.conversation.replies(["RSET", *following, "DATA"], behind=END)
                self.led = Group(following, islice(group, 1, None))
            else:
                self.conversation.wire.sendall(END)
            return self.conversation.reply()
        except MailError as exc:
            raise _unknown(exc) from exc
        except BaseException as exc:  # a signal: whoever sent it should know
            exc.add_note(_IN_DOUBT)
            raise


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
        f"{exc.message}; {_IN_DOUBT}",
        hint="it is not sent again by itself: ask the recipient, or look in the server's log",
    )
