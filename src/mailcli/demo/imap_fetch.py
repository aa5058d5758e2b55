"""What FETCH returns of a message (RFC 3501 §6.4.5). Pure.

The least that synchronisation and simple readers ask for: whole messages,
headers, chosen header fields, texts and partial reads of them. MIME structure
(ENVELOPE, BODYSTRUCTURE, numbered parts) is refused, because the demo's
client fetches whole messages and reads them itself.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from mailcli.demo.imap_syntax import SyntaxRefused, Token, literal, words
from mailcli.demo.mailbox import Message

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FAST = ["FLAGS", "INTERNALDATE", "RFC822.SIZE"]
_SECTION = re.compile(
    r"BODY(?P<peek>\.PEEK)?\[(?P<section>[^\]]*)\](?:<(?P<start>\d+)\.(?P<count>\d+)>)?",
    re.IGNORECASE,
)
_FIELDS = re.compile(r"HEADER\.FIELDS(?P<but>\.NOT)? ?\((?P<names>[^)]*)\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing asked for: how it is made, and whether asking marks the message as seen."""

    render: Callable[[Message], bytes]
    marks_seen: bool = False


def fetch_items(asked: Token, *, by_uid: bool = False) -> list[Item]:
    """Return what a FETCH asks for; UID FETCH tells the UID in any case. Raises: SyntaxRefused."""
    names = words(asked)
    if names == ["FAST"]:
        names = _FAST
    if by_uid and "UID" not in (name.upper() for name in names):
        names = ["UID", *names]
    return [_item(name) for name in names]


def flag_list(message: Message) -> bytes:
    """Return the FLAGS item."""
    return b"FLAGS (%b)" % b" ".join(sorted(flag.encode() for flag in message.flags))


def _item(name: str) -> Item:
    plain: dict[str, Item] = {
        "UID": Item(lambda message: b"UID %d" % message.uid),
        "FLAGS": Item(flag_list),
        "INTERNALDATE": Item(lambda message: b"INTERNALDATE " + _date_time(message.received)),
        "RFC822.SIZE": Item(lambda message: b"RFC822.SIZE %d" % len(message.raw)),
        "RFC822": Item(lambda message: b"RFC822 " + literal(message.raw), marks_seen=True),
        "RFC822.HEADER": Item(lambda message: b"RFC822.HEADER " + literal(_header(message.raw))),
    }
    if (found := plain.get(name.upper())) is not None:
        return found
    section = _SECTION.fullmatch(name)
    if section is None:
        raise SyntaxRefused(f"{name[:40]}: the demo's server has no such item")
    return _section(section)


def _section(asked: re.Match[str]) -> Item:
    section = asked["section"]
    cut = _cut_of(section)
    label = f"BODY[{section}]"
    span = slice(None)
    if asked["start"] is not None:
        start = int(asked["start"])
        label += f"<{start}>"
        span = slice(start, start + int(asked["count"]))
    return Item(
        lambda message: b"%b %b" % (label.encode(), literal(cut(message.raw)[span])),
        marks_seen=asked["peek"] is None,
    )


def _cut_of(section: str) -> Callable[[bytes], bytes]:
    simple: dict[str, Callable[[bytes], bytes]] = {
        "": lambda raw: raw,
        "HEADER": _header,
        "TEXT": text_of,
    }
    if (found := simple.get(section.upper())) is not None:
        return found
    fields = _FIELDS.fullmatch(section)
    if fields is None:
        raise SyntaxRefused("the demo's server knows no parts of a message")
    names = {name.strip('"').lower() for name in fields["names"].split()}
    inside = fields["but"] is None
    return lambda raw: (
        b"".join(line for name, line in header_fields(raw) if (name in names) is inside) + b"\r\n"
    )


def _header(raw: bytes) -> bytes:
    """Return the header with the empty line that ends it."""
    return raw[: _header_end(raw)]


def text_of(raw: bytes) -> bytes:
    """Return what follows the header."""
    return raw[_header_end(raw) :]


def _header_end(raw: bytes) -> int:
    if raw.startswith(b"\r\n"):
        return 2
    end = raw.find(b"\r\n\r\n")
    return len(raw) if end < 0 else end + 4


def header_fields(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield each header field: its name in small letters, its lines with their ends."""
    for found in re.finditer(rb"([^\s:]+)[ \t]*:.*\r\n(?:[ \t].*\r\n)*", _header(raw)):
        yield found[1].decode("latin-1").lower(), found[0]


def _date_time(moment: datetime) -> bytes:
    """Return the date-time of RFC 3501 §9; strftime's month would follow the locale."""
    month = _MONTHS[moment.month - 1]
    return f'"{moment:%d}-{month}-{moment:%Y %H:%M:%S %z}"'.encode()


def parse_date_time(text: str) -> datetime:
    """Read the date-time that APPEND takes. Raises: SyntaxRefused."""
    day, _, rest = text.strip().partition("-")
    month, _, rest = rest.partition("-")
    try:
        number = _MONTHS.index(month.title()) + 1
        return datetime.strptime(f"{day}-{number}-{rest}", "%d-%m-%Y %H:%M:%S %z")
    except ValueError:
        raise SyntaxRefused("not a date") from None
