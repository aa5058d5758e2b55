"""SMTP replies as values (RFC 5321 §4.2, enhanced codes by RFC 3463). Pure."""

import re
from typing import NamedTuple

_ENHANCED = re.compile(r"^([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:[ \t]+|$)")


class Reply(NamedTuple):
    """A server's reply: its code, its enhanced code where there is one, its words."""

    code: int
    enhanced: str | None
    text: str

    @classmethod
    def parse(cls, code: int, text: bytes) -> "Reply":
        """Build a reply from its code and its text lines, joined by LF."""
        lines = text.decode("utf-8", "replace").split("\n")
        first = _ENHANCED.match(lines[0])
        words = [_ENHANCED.sub("", line, count=1) if first else line for line in lines]
        return cls(code, first[1] if first else None, " ".join(words).strip())

    @property
    def ok(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.code < 300

    @property
    def permanent(self) -> bool:
        """Whether asking again is pointless."""
        return self.code >= 500

    @property
    def too_many_recipients(self) -> bool:
        """Whether this answer to RCPT only ends the batch (RFC 5321 §4.5.3.1.10).

        Postfix says 452 4.5.3; 552 is what older servers say, and means the same here.
        """
        return self.code in {452, 552} and self.enhanced in {None, "4.5.3", "5.5.3"}

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.code), self.enhanced, self.text)))
