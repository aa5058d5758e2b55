"""The envelope: who a message really goes to, whatever its headers say. Pure.

RFC 5321 §2.3.1. Addresses here are already parsed and checked; domains are
A-labels (RFC 5891), local parts may need SMTPUTF8 (RFC 6531). What the sender
wants to be told about delivery is part of it (DSN, RFC 3461).
"""

from dataclasses import dataclass

from mailcli.errors import InvalidMessage
from mailcli.model import Notify, Return

_FORBIDDEN = frozenset("\0\r\n<>")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Reverse-path and forward-paths. An empty sender is the null path of a bounce.

    `utf8_header` says that the message's own header holds characters outside ASCII.
    """

    sender: str
    recipients: tuple[str, ...]
    utf8_header: bool = False
    notify: tuple[Notify, ...] = ()
    returned: Return | None = None

    def __post_init__(self) -> None:
        if not self.recipients:
            raise InvalidMessage("the message has no recipient", hint="name one with --to")
        for address in (self.sender, *self.recipients):
            if bad := _FORBIDDEN & set(address):
                raise InvalidMessage(f"address {address!r} holds {sorted(bad)!r}")
        if Notify.NEVER in self.notify and len(self.notify) > 1:
            raise InvalidMessage("--dsn-notify never stands alone (RFC 3461)")

    @property
    def needs_utf8(self) -> bool:
        """Whether the message can only travel with SMTPUTF8 (RFC 6531 §3.4)."""
        return self.utf8_header or not all(
            address.isascii() for address in (self.sender, *self.recipients)
        )

    @property
    def needs_dsn(self) -> bool:
        """Whether a report is asked for."""
        return bool(self.notify) or self.returned is not None

    @property
    def rcpt_options(self) -> str:
        """What stands behind each RCPT (RFC 3461 §4.1)."""
        return f" NOTIFY={','.join(self.notify).upper()}" if self.notify else ""
