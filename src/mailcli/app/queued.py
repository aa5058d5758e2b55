"""A queued message as a session takes it: its envelope, its octets, what it may hear ahead."""

from collections.abc import Iterator
from dataclasses import dataclass

from mailcli.model import Notify, Return
from mailcli.smtp.envelope import Envelope
from mailcli.smtp.transaction import Following
from mailcli.store.outbox import Outbox, Phase, Queued


def envelope_of(message: Queued) -> Envelope:
    """Return the envelope for those who wait; there must be somebody."""
    return Envelope(
        message.sender,
        tuple(each.address.email for each in message.those(Phase.WAITING)),
        utf8_header=message.utf8_header,
        notify=tuple(map(Notify, message.notify)),
        returned=Return(message.returned) if message.returned else None,
    )


def following_of(message: Queued | None) -> Following | None:
    """Return what may be said ahead of the message that is next, where that is to be sent."""
    if message is None or not message.those(Phase.WAITING):
        return None
    return Following(envelope_of(message), message.size)


@dataclass(frozen=True, slots=True)
class Octets:
    """A queued message's octets, from the beginning each time they are asked for."""

    outbox: Outbox
    message: Queued

    def __iter__(self) -> Iterator[bytes]:
        return self.outbox.chunks(self.message)
