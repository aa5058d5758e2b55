"""A stored draft, of whatever program, made ready to be written further or to go. Pure.

Nothing of its body is touched, and of its header only what a draft alone has: what mail
programs note for themselves, and what is not said until a message goes.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from email.utils import format_datetime

from mailcli.errors import InvalidMessage
from mailcli.message.addresses import parse_addresses, to_ascii
from mailcli.message.headers import (
    ADDRESS_FIELDS,
    IDENTIFIER_FIELDS,
    address_field,
    identifier_field,
    text_field,
)
from mailcli.message.relay import fields
from mailcli.model import Address

_INTERNAL = (
    *("x-mozilla-", "x-mutt-", "x-kmail-", "x-evolution-", "x-sylpheed-", "x-claws-"),
    *("x-identity-key", "x-account-key", "x-uniform-type-identifier", "x-apple-"),
)
"""How names of fields begin that programs write into drafts for themselves."""

_HIDDEN = frozenset({"bcc", "resent-bcc", "fcc", "x-fcc", "status", "x-status", "x-keywords"})
_PEOPLE = frozenset({"from", "to", "cc", "bcc", "reply-to", "sender"})
_MADE = frozenset({"date", "message-id", "mime-version", "bcc", "resent-bcc"})
_EDITED = frozenset({"from", "to", "cc", "reply-to", "subject"})


def is_internal(name: str) -> bool:
    """Tell whether a field is a program's note to itself, of which nobody else should know."""
    return name.lower().startswith(_INTERNAL) or name.lower() in _HIDDEN - {"bcc", "resent-bcc"}


def is_further(name: str) -> bool:
    """Tell whether a draft's field is one that an editor does not show and that is kept."""
    known = _MADE | _EDITED
    return name.lower() not in known and not name.lower().startswith("content-")


def can_stand(name: str, value: str) -> bool:
    """Tell whether a further field can be written as it is: some are empty, or no addresses."""
    kind = name.lower()
    if kind in IDENTIFIER_FIELDS:
        return bool(value.split())
    if kind in ADDRESS_FIELDS:
        try:
            return bool(parse_addresses(value))
        except InvalidMessage:
            return False
    return True


def finished(header: bytes, sender: Address, message_id: str, now: datetime) -> bytes:
    """Return the header that a draft goes with; the given one has CRLF line ends.

    It is dated anew (RFC 5322 §3.6.1). `sender` and `message_id` stand where it has none.
    """
    names = {name.lower() for name, value, _, _ in fields(header) if value}
    made = [text_field("Date", format_datetime(now))]
    if "from" not in names:
        made.append(address_field("From", [Address(sender.name, to_ascii(sender.email))]))
    if not names & {"to", "cc"}:
        made.append(b"To: undisclosed-recipients:;\r\n")
    if "message-id" not in names:
        made.append(identifier_field("Message-ID", [message_id]))
    return b"".join([*made, *_going(header)])


def bcc_field(recipients: Iterable[Address]) -> bytes:
    """Return the field for the saved copy; nothing where nobody is hidden."""
    hidden = [Address(each.name, to_ascii(each.email)) for each in recipients]
    return address_field("Bcc", hidden) if hidden else b""


def with_body_of(header: bytes, old: bytes) -> bytes:
    """Return a header that says of its body what an old one said: it still has that body."""
    kept = b"".join(octets for name, octets in _named(header) if not _is_of_body(name))
    return kept + b"".join(octets for name, octets in _named(old) if _is_of_body(name))


def _is_of_body(name: str) -> bool:
    return name.startswith("content-") or name == "mime-version"


def _going(header: bytes) -> Iterator[bytes]:
    for name, value, start, end in fields(header):
        kind = name.lower()
        is_empty = not value and kind in _PEOPLE | {"message-id"}
        if kind == "date" or kind in _HIDDEN or is_internal(kind) or is_empty:
            continue
        yield header[start:end]


def _named(header: bytes) -> Iterator[tuple[str, bytes]]:
    for name, _, start, end in fields(header):
        yield name.lower(), header[start:end]
