"""Parts of other messages, and whole ones, as attachments of a new one. Pure.

Octets are asked for anew each time they are needed, in pieces. A message within a message
may be encoded in no way (RFC 2046 §5.2.1): one that cannot travel as it is goes as a file
of octets.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from mailcli.message.file_names import attachment_name, safe_name
from mailcli.message.mime import Attachment
from mailcli.message.relay import split, without_bcc
from mailcli.message.structure import Part

_LONGEST_LINE = 998
_KEPT = frozenset({"charset", "method", "format", "delsp", "component", "type-parameters"})
"""Parameters of a type that say how its octets are read, or what they are for."""


def part_attachment(part: Part, chunks: Callable[[], Iterable[bytes]]) -> Attachment:
    """Return a part of a message as an attachment; `chunks` gives its content, decoded."""
    name = attachment_name(part.name, part.type, part.number)
    kept = {key: value for key, value in part.parameters.items() if key in _KEPT}
    return Attachment(name, part.type, chunks, parameters=kept)


def message_attachment(subject: str, chunks: Callable[[], Iterable[bytes]]) -> Attachment:
    """Return a message as an attachment; `chunks` gives it with CRLF line ends.

    It stays as it is but for its Bcc fields, which are nobody else's business.
    """

    def octets() -> Iterator[bytes]:
        header, body = split(chunks())
        yield without_bcc(header)
        yield from body

    name = f"{safe_name(subject)[:60].strip(' .') or 'message'}.eml"
    encoding = _encoding_of(octets())
    if encoding is None:
        return Attachment(name, "application/octet-stream", octets)
    return Attachment(name, "message/rfc822", octets, encoding=encoding)


def _encoding_of(chunks: Iterable[bytes]) -> Literal["7bit", "8bit"] | None:
    """Return what octets with CRLF line ends are; None where no line of mail can hold them."""
    is_ascii, rest = True, b""
    for chunk in chunks:
        lines = (rest + chunk).split(b"\r\n")
        rest = lines[-1]
        is_ascii = is_ascii and chunk.isascii()
        if b"\0" in chunk or any(len(line) > _LONGEST_LINE for line in lines[:-1]):
            return None
        if len(rest) > _LONGEST_LINE + 1:  # one may be a CR whose LF is to come
            return None
    return "7bit" if is_ascii else "8bit"
