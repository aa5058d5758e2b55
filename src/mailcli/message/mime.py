"""MIME bodies, written piece by piece: an attachment of any size is never held whole. Pure.

RFC 2045, RFC 2046, RFC 2183; file names by RFC 2231, and once more as an
encoded-word (RFC 2047), which old clients need. Where octets come from is
passed in.
"""

import base64
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from types import MappingProxyType
from typing import Literal, NamedTuple
from urllib.parse import quote

from mailcli.errors import InvalidMessage
from mailcli.message.headers import check_value, encoded_words

Source = bytes | Callable[[], Iterable[bytes]]
"""Octets, or what gives them in pieces of any size, each time anew."""

_MEDIA_TYPE = re.compile(r"(?!message/|multipart/)[\w.+-]+/[\w.+-]+", re.ASCII | re.IGNORECASE)
"""A type that may travel as base64: those that hold messages may not (RFC 2045 §6.4)."""

_TEXT_POLICY = policy.SMTP.clone(max_line_length=76, cte_type="7bit")
_LINE = 57
"""Octets in one line of base64 (RFC 2045 §6.8): 76 characters."""

_WORD = re.compile(r"[\w.+-]{1,60}", re.ASCII)
_PLAIN_NAME = re.compile(r"[\w .,()+=@#$%&'!~-]{1,60}", re.ASCII)
_SECTION = 45
"""Octets of a file name in one piece of a parameter, before they are percent-encoded."""


class Attachment(NamedTuple):
    """A file to send along: its shown name, its media type, its octets.

    With a `content_id` it is part of the HTML text, which names it (RFC 2392). With an
    `encoding` of `7bit` or `8bit` it is a message that travels as it is, in lines that end in
    CRLF, since no other encoding may hide one (RFC 2046 §5.2.1). `parameters` are further ones
    of its type; those that are no plain words, or that are about its name, are left out.
    """

    name: str
    media_type: str
    content: Source
    content_id: str = ""
    encoding: Literal["base64", "7bit", "8bit"] = "base64"
    parameters: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part with content. `text` is encoded already; an attachment is while it is written."""

    fields: tuple[bytes, ...]
    text: bytes = b""
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class Multipart:
    """Parts in one; `boundary` is nowhere in them, since nobody can guess it."""

    subtype: str
    boundary: str
    parts: tuple["Part", ...]

    @property
    def fields(self) -> tuple[bytes, ...]:
        """The fields of its own header; what holds 8-bit text says so (RFC 2045 §6.4)."""
        kind = f'Content-Type: multipart/{self.subtype};\r\n boundary="{self.boundary}"\r\n'
        encodings = {each.attachment.encoding for each in leaves(self) if each.attachment}
        if "8bit" in encodings:
            return kind.encode(), b"Content-Transfer-Encoding: 8bit\r\n"
        return (kind.encode(),)


Part = Leaf | Multipart


def text_leaf(text: str, subtype: str = "plain", *, flowed: bool = False) -> Leaf:
    """Return text as a part: as it is when short ASCII lines, else so that 7 bits carry it.

    `flowed` says that its lines are soft where they end with a space (RFC 3676).

    Raises: InvalidMessage (65) for text that is no Unicode.
    """
    message = EmailMessage(policy=_TEXT_POLICY)
    params = {"format": "flowed"} if flowed else None
    cte = _encoding(text)
    message.set_content(text, subtype=subtype, charset="utf-8", cte=cte, params=params)
    del message["MIME-Version"]
    header, _, content = message.as_bytes(policy=_TEXT_POLICY).partition(b"\r\n\r\n")
    return Leaf(tuple(line + b"\r\n" for line in header.split(b"\r\n")), content)


def attachment_leaf(attachment: Attachment) -> Leaf:
    """Return a file as a part. Raises: InvalidMessage (65) for a name that cannot stand there."""
    name = _checked_name(attachment.name)
    fields = [
        _field(f"Content-Type: {media_type(attachment)}", *_further(attachment), _old_name(name)),
        f"Content-Transfer-Encoding: {attachment.encoding}\r\n".encode("ascii"),
    ]
    if attachment.content_id:
        fields.append(f"Content-ID: <{attachment.content_id}>\r\n".encode("ascii"))
    disposition = "inline" if attachment.content_id else "attachment"
    fields.append(_field(f"Content-Disposition: {disposition}", *_new_name(name)))
    return Leaf(tuple(fields), attachment=attachment)


def media_type(attachment: Attachment) -> str:
    """Return the type that it travels under."""
    if attachment.encoding != "base64":
        return "message/rfc822"
    found = _MEDIA_TYPE.fullmatch(attachment.media_type)
    return attachment.media_type if found else "application/octet-stream"


def body(part: Part, *, skeleton: bool = False) -> Iterator[bytes]:
    """Yield a part's content with CRLF line ends; a skeleton has its attachments empty."""
    match part:
        case Leaf(attachment=None):
            yield part.text
        case Leaf():
            if not skeleton and part.attachment:
                yield from _encoded(part.attachment)
        case Multipart():
            for each in part.parts:
                yield f"--{part.boundary}\r\n".encode()
                yield from each.fields
                yield b"\r\n"
                yield from body(each, skeleton=skeleton)
                yield b"\r\n"
            yield f"--{part.boundary}--\r\n".encode()


def leaves(part: Part) -> Iterator[Leaf]:
    """Yield the parts with content, in order."""
    if isinstance(part, Leaf):
        yield part
    else:
        for each in part.parts:
            yield from leaves(each)


def _encoding(text: str) -> str:
    try:
        octets = text.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise InvalidMessage("the text is not valid Unicode") from exc
    # the lines of octets: those of a str end at form feeds and more, too
    plain = octets.isascii() and all(len(line) <= 990 for line in octets.splitlines())
    return "7bit" if plain and b"\0" not in octets else "quoted-printable"


def _encoded(attachment: Attachment) -> Iterator[bytes]:
    content = attachment.content
    chunks = [content] if isinstance(content, bytes) else content()
    return _base64(chunks) if attachment.encoding == "base64" else iter(chunks)


def _base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        octets = held + chunk
        whole = len(octets) - len(octets) % _LINE
        held = octets[whole:]
        yield base64.encodebytes(octets[:whole]).replace(b"\n", b"\r\n")
    yield base64.encodebytes(held).replace(b"\n", b"\r\n")


def _checked_name(name: str) -> str:
    check_value("filename", name)
    if any(unicodedata.category(c) == "Cc" for c in name):
        raise InvalidMessage(f"file name {name!r} holds a control character")
    return name


def _field(head: str, *parameters: str) -> bytes:
    return ";\r\n ".join([head, *parameters]).encode("ascii") + b"\r\n"


def _further(attachment: Attachment) -> list[str]:
    return [
        f"{name}={value}"
        for name, value in attachment.parameters.items()
        if name.lower() != "name" and _WORD.fullmatch(name) and _WORD.fullmatch(value)
    ]


def _is_plain(name: str) -> bool:
    return bool(_PLAIN_NAME.fullmatch(name)) and name == name.strip() and "=?" not in name


def _old_name(name: str) -> str:
    """Return the name for clients that know no RFC 2231: against RFC 2047 §5, but understood."""
    if _is_plain(name):
        return f'name="{name}"'
    return 'name="' + "\r\n ".join(word.strip() for word in encoded_words("  name", name)) + '"'


def _new_name(name: str) -> list[str]:
    """Return the name as RFC 2231 has it, in numbered pieces where it is long (§3, §4)."""
    if _is_plain(name):
        return [f'filename="{name}"']
    octets = name.encode("utf-8")
    pieces = [octets[at : at + _SECTION] for at in range(0, len(octets), _SECTION)] or [b""]
    quoted = [quote(piece, safe="") for piece in pieces]
    quoted[0] = f"utf-8''{quoted[0]}"
    if len(quoted) == 1:
        return [f"filename*={quoted[0]}"]
    return [f"filename*{number}*={piece}" for number, piece in enumerate(quoted)]
