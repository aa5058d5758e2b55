"""What opens a mail transaction: MAIL with its extensions, and RCPT for each recipient.

RFC 5321 §3.3; SIZE (RFC 1870), 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531), DSN (RFC 3461),
LIMITS (RFC 9422). Nothing is said here: what the server does not take is refused before that.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mailcli.errors import InvalidMessage, Refused
from mailcli.smtp.conversation import Conversation
from mailcli.smtp.envelope import Envelope
from mailcli.smtp.reply import Reply

MOST_RECIPIENTS = 1000
"""Recipients of one transaction; a server may take fewer, and says so."""


class Opening(NamedTuple):
    """The beginning of one message's transactions; `size` is its octets with CRLF line ends."""

    conversation: Conversation
    envelope: Envelope
    size: int

    def most(self) -> int:
        """Return how many recipients the server takes at once (LIMITS RCPTMAX, RFC 9422)."""
        for limit in self.conversation.features.get("limits", "").upper().split():
            name, _, number = limit.partition("=")
            if name == "RCPTMAX" and number.isdigit() and int(number) > 0:
                return min(int(number), MOST_RECIPIENTS)
        return MOST_RECIPIENTS

    def lines(self, batch: Sequence[str]) -> list[str]:
        """Return MAIL, and RCPT for these recipients. Raises: see `mail`."""
        options = self.envelope.rcpt_options
        return [self.mail(), *(f"RCPT TO:<{recipient}>{options}" for recipient in batch)]

    def mail(self) -> str:
        """Return the MAIL command. Raises: Refused (69), InvalidMessage (65)."""
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


class Group(NamedTuple):
    """All of a transaction up to DATA, said at once; `replies` answers MAIL, each RCPT, DATA."""

    lines: list[str]
    replies: Iterator[Reply]
