"""Compose a message: a draft's values in, the exact octets out. Pure.

RFC 5322 and MIME (RFC 2045, 2046, 2183). What is built is read back and
compared with what was meant before it leaves, see `check`.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from mailcli.errors import InvalidMessage
from mailcli.message.addresses import parse_addresses, to_ascii
from mailcli.message.check import verify
from mailcli.message.draft import Draft
from mailcli.message.flowed import flowed, helps
from mailcli.message.headers import (
    ADDRESS_FIELDS,
    IDENTIFIER_FIELDS,
    address_field,
    check_value,
    identifier_field,
    text_field,
)
from mailcli.message.mime import Multipart, Part, attachment_leaf, body, text_leaf
from mailcli.model import Address

_OURS = frozenset(
    {
        *("bcc", "content-transfer-encoding", "content-type", "date", "message-id"),
        *("mime-version", "resent-bcc"),
    }
)
"""Fields that are made here, or that may not appear at all; `--header` cannot set them."""

_SINGLE = frozenset({"from", "to", "cc", "reply-to", "subject"})
"""Fields that may appear once (RFC 5322 §3.6) and have an option of their own."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A finished message; its octets are made anew each time they are asked for.

    `bcc_field` belongs to the saved copy only. `utf8_header` says that the header holds
    characters outside ASCII: then only SMTPUTF8 carries it.
    """

    message_id: str
    header: bytes
    body: Part
    bcc_field: bytes = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """Yield what is sent, in pieces, with CRLF line ends."""
        yield self.header
        yield from body(self.body)

    @property
    def utf8_header(self) -> bool:
        """Whether the header holds characters outside ASCII, as in a local part."""
        return not self.header.isascii()


def compose(draft: Draft, *, now: datetime, token: str | None = None) -> Composed:
    """Build the message. `now` carries the zone that Date will show.

    Raises: InvalidMessage (65) when a value cannot stand in a message.
    """
    token = token or os.urandom(16).hex()
    message_id = _message_id(draft.sender, token)
    fields = _fields(draft, message_id, now)
    part = _body(draft, token)
    header = b"".join([*fields, *part.fields, b"MIME-Version: 1.0\r\n", b"\r\n"])
    bcc = address_field("Bcc", _ascii(draft.bcc)) if draft.bcc else b""
    composed = Composed(message_id, header, part, bcc)
    verify(draft, header + b"".join(body(part, skeleton=True)), part, message_id, now)
    return composed


def _message_id(sender: Address, token: str) -> str:
    """Make an identifier that names the sender's domain, never this machine."""
    domain = to_ascii(sender.email).rpartition("@")[2] or "localhost"
    return f"<{token}@{domain}>"


def _fields(draft: Draft, message_id: str, now: datetime) -> list[bytes]:
    fields = [
        text_field("Date", format_datetime(now)),
        address_field("From", _ascii([draft.sender])),
    ]
    for name, addresses in (("To", draft.to), ("Cc", draft.cc), ("Reply-To", draft.reply_to)):
        if addresses:
            fields.append(address_field(name, _ascii(addresses)))
    if draft.finished and not draft.to and not draft.cc:
        fields.append(b"To: undisclosed-recipients:;\r\n")
    fields.append(text_field("Subject", draft.subject))
    fields.append(identifier_field("Message-ID", [message_id]))
    fields += [_extra_field(name, value) for name, value in draft.headers]
    return fields


def _extra_field(name: str, value: str) -> bytes:
    check_value(name, value)
    if name.lower() in _OURS | _SINGLE:
        raise InvalidMessage(
            f"header {name} is made by mailcli",
            hint="use the option for it, or --raw to send a message of your own making",
        )
    if name.lower() in IDENTIFIER_FIELDS:
        return identifier_field(name, [value])
    if name.lower() in ADDRESS_FIELDS:
        return address_field(name, _ascii(parse_addresses(value)))
    return text_field(name, value)


def _ascii(addresses: Sequence[Address]) -> list[Address]:
    return [Address(a.name, to_ascii(a.email)) for a in addresses]


def _body(draft: Draft, token: str) -> Part:
    """Build the MIME part of the message: the text, with its HTML if any, then the files."""
    flows = draft.typed and not draft.html and helps(draft.text)
    text: Part = text_leaf(flowed(draft.text) if flows else draft.text, flowed=flows)
    if draft.html:
        text = Multipart("alternative", f"=_alt_{token}", (text, _html(draft, token)))
    attached = [each for each in draft.attachments if not each.content_id]
    if not attached:
        return text
    files = tuple(map(attachment_leaf, attached))
    return Multipart("mixed", f"=_mix_{token}", (text, *files))


def _html(draft: Draft, token: str) -> Part:
    """Build the HTML with the images that belong into it (RFC 2387)."""
    page = text_leaf(draft.html, "html")
    inline = tuple(attachment_leaf(each) for each in draft.attachments if each.content_id)
    return Multipart("related", f"=_rel_{token}", (page, *inline)) if inline else page
