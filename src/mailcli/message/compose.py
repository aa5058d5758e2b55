"""Compose a message: a draft's values in, the exact octets out. Pure.

RFC 5322 and MIME (RFC 2045, 2046, 2183). What is built is read back and
compared with what was meant: the standard library has let line breaks in
values become headers more than once (CVE-2024-6923, CVE-2026-1299).
"""

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import format_datetime

from mailcli.errors import InvalidMessage
from mailcli.message.addresses import parse_addresses, to_ascii
from mailcli.message.headers import address_field, check_value, identifier_field, text_field
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

_IDENTIFIERS = frozenset({"references", "in-reply-to"})
"""Further fields of message identifiers."""

_ADDRESSES = frozenset(
    {
        *("sender", "mail-followup-to", "mail-reply-to", "disposition-notification-to"),
        *("resent-from", "resent-sender", "resent-to", "resent-cc", "resent-reply-to"),
    }
)
"""Further fields of addresses, in which only the names may be encoded."""

_MEDIA_TYPE = re.compile(r"(?!message/|multipart/)[\w.+-]+/[\w.+-]+", re.ASCII | re.IGNORECASE)
"""A type that may travel as base64: those that hold messages may not (RFC 2045 §6.4)."""

_MIME = policy.SMTP.clone(max_line_length=76, cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to send along: its shown name, its media type, its octets."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it is one. `headers` are further fields as name and value."""

    sender: Address
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    text: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Composed:
    """A finished message: `wire` is what is sent; `bcc_field` belongs to the saved copy only."""

    message_id: str
    wire: bytes
    bcc_field: bytes = field(repr=False)

    @property
    def saved(self) -> bytes:
        """The copy for the Sent folder: the same message, with its Bcc."""
        return self.bcc_field + self.wire


def compose(draft: Draft, *, now: datetime, token: str | None = None) -> Composed:
    """Build the message. `now` carries the zone that Date will show.

    Raises: InvalidMessage (65) when a value cannot stand in a message.
    """
    message_id = _message_id(draft.sender, token or secrets.token_hex(16))
    fields = _fields(draft, message_id, now)
    body = _body(draft)
    wire = b"".join(fields) + body.as_bytes(policy=_MIME)
    _verify(wire, fields, body)
    bcc = address_field("Bcc", _ascii(draft.bcc)) if draft.bcc else b""
    return Composed(message_id, wire, bcc)


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
    if not draft.to and not draft.cc:
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
    if name.lower() in _IDENTIFIERS:
        return identifier_field(name, [value])
    if name.lower() in _ADDRESSES:
        return address_field(name, _ascii(parse_addresses(value)))
    return text_field(name, value)


def _ascii(addresses: Sequence[Address]) -> list[Address]:
    return [Address(a.name, to_ascii(a.email)) for a in addresses]


def _body(draft: Draft) -> EmailMessage:
    """Build the MIME part of the message: text in 7 bits, then the attachments."""
    message = EmailMessage(policy=_MIME)
    message.set_content(draft.text, charset="utf-8", cte=_encoding(draft.text))
    for attachment in draft.attachments:
        main, _, sub = _media_type(attachment).partition("/")
        message.add_attachment(
            attachment.content, maintype=main, subtype=sub, filename=_file_name(attachment)
        )
    return message


def _encoding(text: str) -> str:
    """Choose how text travels: as it is when short ASCII lines, else so that 7 bits carry it."""
    try:
        octets = text.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise InvalidMessage("the text is not valid Unicode") from exc
    # the lines of octets: those of a str end at form feeds and more, too
    plain = octets.isascii() and all(len(line) <= 990 for line in octets.splitlines())
    return "7bit" if plain and b"\0" not in octets else "quoted-printable"


def _media_type(attachment: Attachment) -> str:
    found = _MEDIA_TYPE.fullmatch(attachment.media_type)
    return attachment.media_type if found else "application/octet-stream"


def _file_name(attachment: Attachment) -> str:
    """Check a name; the library writes one outside ASCII in the form of RFC 2231."""
    check_value("filename", attachment.name)
    if any(unicodedata.category(c) == "Cc" for c in attachment.name):
        raise InvalidMessage(f"file name {attachment.name!r} holds a control character")
    return attachment.name


def _verify(wire: bytes, fields: Sequence[bytes], body: EmailMessage) -> None:
    """Read the message back and compare the names of its fields with those intended.

    Raises: InvalidMessage (65) when a field appeared, vanished or was split.
    """
    meant = [name.split(b":", 1)[0].decode("ascii") for name in fields] + list(body.keys())
    header, end, _ = wire.partition(b"\r\n\r\n")
    found = list(BytesHeaderParser(policy=policy.compat32).parsebytes(header + end).keys())
    if [name.lower() for name in found] != [name.lower() for name in meant]:
        raise InvalidMessage("the message does not read back as it was meant; nothing was sent")
