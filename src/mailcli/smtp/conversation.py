"""What is said on one connection: commands out, typed replies in.

smtplib keeps its commands and its parsing of extensions; the wire keeps time, TLS
and secrets. Nothing of smtplib leaves this module: no tuple, no exception.
RFC 5321 §4.2; several commands in one write where the server announces
PIPELINING, and never otherwise (RFC 2920).
"""

import re
import smtplib
from collections.abc import Callable, Iterator, Sequence

from mailcli.errors import InvalidMessage, MailError, Refused, TemporaryFailure
from mailcli.net import Wire
from mailcli.smtp.reply import Reply

EHLO_NAME = "localhost"
"""What we call ourselves: the machine's real name is nobody's business."""

AHEAD = 100
"""Commands that may wait for their replies: both fit into any connection's buffers."""

_REPLY_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])([^\r\n]*))?\r?\n")
"""Reply-line = Reply-code [ SP textstring ] CRLF (RFC 5321 §4.2)"""


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


class Conversation:
    """One connection to a server: `features` is what its last EHLO announced, by keyword."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._client = _Client(wire)

    @property
    def features(self) -> dict[str, str]:
        """The extensions on offer, in lower case, and their parameters."""
        return self._client.esmtp_features

    @property
    def pipelines(self) -> bool:
        """Whether the server takes several commands at once (RFC 2920)."""
        return "pipelining" in self.features

    def ehlo(self) -> Reply:
        """Introduce ourselves and learn what the server can do."""
        self._client.forget()
        return self._guarded(lambda: self._client.ehlo(EHLO_NAME))

    def forget(self) -> None:
        """Forget all that was learnt before TLS (RFC 3207 §4.2)."""
        self._client.forget()

    def command(self, line: str) -> Reply:
        """Say one line and return the reply to it. Raises: MailError."""
        return next(self.replies([line]))

    def replies(self, lines: Sequence[str], *, behind: bytes = b"") -> Iterator[Reply]:
        """Say several lines, and give the reply to each, in order.

        With PIPELINING they go out a window ahead of their replies, the first window at once;
        whoever stops reading half-way cannot go on with this connection. What they stand
        `behind` goes out with them, and its reply is the caller's to read first.

        Raises: MailError.
        """
        ahead = AHEAD if self.pipelines else 1
        self._say(lines[:ahead], behind)
        return self._answers(lines, ahead)

    def _answers(self, lines: Sequence[str], ahead: int) -> Iterator[Reply]:
        said = ahead
        for answered in range(len(lines)):
            if said - answered <= ahead // 2 and said < len(lines):
                self._say(lines[said : answered + ahead])
                said = answered + ahead
            yield self.reply()

    def _say(self, lines: Sequence[str], behind: bytes = b"") -> None:
        for line in lines:
            if any(c in line for c in "\0\r\n"):
                raise InvalidMessage(f"{self.wire.where}: a command holds a NUL, CR or LF")
        self.wire.sendall(behind + "".join(f"{line}\r\n" for line in lines).encode())

    def reply(self) -> Reply:
        """Read one reply; its clock starts now. Raises: MailError."""
        self.wire.await_reply()
        return self._guarded(self._client.getreply)

    def refusal(self, reply: Reply) -> MailError:
        """Return the error for a reply that is no success; 421 ends the connection."""
        if reply.code == 421:
            self.wire.close()
        words = self.wire.quote(str(reply))
        if reply.code < 400:
            return self.wire.violation(f"neither yes nor no; {words}")
        text = f"{self.wire.where}: {words}"
        return Refused(text) if reply.permanent else TemporaryFailure(text)

    def _guarded(self, call: Callable[[], tuple[int, bytes]]) -> Reply:
        """Run one call of smtplib's and translate what it returns or raises."""
        try:
            code, text = call()
        except smtplib.SMTPException as exc:
            raise self.wire.failure(str(exc)) from exc
        return Reply.parse(code, text)
