"""What was built, read back and compared with what was meant, before it leaves. Pure.

The standard library has let line breaks in values become headers more than
once (CVE-2024-6923, CVE-2026-1299), and an address that another reader takes
for two is a letter to a stranger. So every field, every address and every part
must come back as the one intended, from a parser that did not build them.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email import policy
from email.message import Message
from email.parser import BytesParser
from email.utils import format_datetime, parsedate_tz

from mailcli.errors import InvalidMessage
from mailcli.message.addresses import parse_addresses, to_ascii
from mailcli.message.draft import Draft
from mailcli.message.headers import ADDRESS_FIELDS, IDENTIFIER_FIELDS
from mailcli.message.mime import Leaf, Part, leaves, media_type
from mailcli.message.summary import decode_text

_MADE = ("date", "message-id", "content-type", "content-transfer-encoding", "mime-version")
_PEOPLE = ("from", "to", "cc", "reply-to")


def verify(draft: Draft, skeleton: bytes, part: Part, message_id: str, now: datetime) -> None:
    """Read a message without its attachments' octets back and compare it with its draft.

    Raises: InvalidMessage (65) when a field, an address or a part is not the one intended.
    """
    message = BytesParser(policy=policy.compat32).parsebytes(skeleton)
    found = [(name.lower(), _unfolded(value)) for name, value in message.items()]
    _verify_names(draft, [name for name, _ in found])
    _verify_made(dict(found), message_id, now)
    further = iter(draft.headers)
    for name, value in found:
        if name in _PEOPLE or name == "subject":
            _verify_field(draft, name, value)
        elif name not in _MADE:
            _verify_further(*next(further), value)
    _verify_parts(message, part)


def _unfolded(value: object) -> str:
    return str(value).replace("\r\n", "").replace("\n", "").strip()


def _verify_names(draft: Draft, found: list[str]) -> None:
    """Check that each field is there once, and the user's own in the draft's order."""
    hidden = draft.finished and not draft.to and not draft.cc  # then To says so, and names nobody
    given = {"to": draft.to or hidden, "cc": draft.cc, "reply-to": draft.reply_to}
    meant = ["from", "subject", *(name for name, there in given.items() if there)]
    ours = [name for name in found if name in {*_PEOPLE, "subject"}]
    further = [name for name in found if name not in {*_MADE, *_PEOPLE, "subject"}]
    if sorted(ours) != sorted(meant) or any(found.count(name) > 1 for name in _MADE):
        raise _unlike("list of fields")
    if further != [name.lower() for name, _ in draft.headers]:
        raise _unlike("list of fields")


def _verify_made(found: Mapping[str, str], message_id: str, now: datetime) -> None:
    if found.get("message-id") != message_id:
        raise _unlike("Message-ID")
    if parsedate_tz(found.get("date")) != parsedate_tz(format_datetime(now)):
        raise _unlike("Date")


def _verify_field(draft: Draft, name: str, value: str) -> None:
    if name == "subject":
        if _words(decode_text(value.encode())) != _words(draft.subject):
            raise _unlike("Subject")
        return
    people = {"from": (draft.sender,), "to": draft.to, "cc": draft.cc, "reply-to": draft.reply_to}
    if _people(value) != [(_words(a.name), to_ascii(a.email)) for a in people[name]]:
        raise _unlike(name.capitalize())


def _verify_further(name: str, meant: str, value: str) -> None:
    """Check a field of the user's own; identifiers and addresses are compared as such."""
    kind = name.lower()
    if kind in ADDRESS_FIELDS:
        wanted = [(_words(a.name), to_ascii(a.email)) for a in parse_addresses(meant)]
        is_same = _people(value) == wanted
    elif kind in IDENTIFIER_FIELDS:
        is_same = value.split() == meant.split()
    else:
        is_same = _words(decode_text(value.encode())) == _words(meant)
    if not is_same:
        raise _unlike(name)


def _people(value: str) -> list[tuple[str, str]]:
    """Read a field's addresses: each one's name, decoded, and its email."""
    return [(_words(decode_text(a.name.encode())), a.email) for a in parse_addresses(value)]


def _words(text: str) -> str:
    """Return text as it counts: where it is folded, white space may differ."""
    return " ".join(text.split())


def _verify_parts(message: Message, part: Part) -> None:
    wanted = [_meant(leaf) for leaf in leaves(part)]
    read = [(part.get_content_type(), _name_in(part)) for part in _contents(message)]
    if read != wanted:
        raise _unlike("list of parts")


def _contents(message: Message) -> Iterator[Message]:
    """Yield the parts with content; a forwarded message is one, whatever is in it."""
    parts = message.get_payload()
    if not isinstance(parts, list) or message.get_content_type() == "message/rfc822":
        yield message
        return
    for part in parts:
        if isinstance(part, Message):
            yield from _contents(part)


def _meant(leaf: Leaf) -> tuple[str, str | None]:
    if leaf.attachment:
        return media_type(leaf.attachment).lower(), leaf.attachment.name
    head = b"content-type:"
    field = next(each for each in leaf.fields if each.lower().startswith(head))
    return field[len(head) :].partition(b";")[0].strip().decode("ascii"), None


def _name_in(part: Message) -> str | None:
    """Return a part's file name; `get_filename` would take quotes off that belong to it."""
    found = part.get_param("filename", None, "content-disposition", unquote=False)
    if found is None:
        return None
    if isinstance(found, tuple):
        charset, _, value = found
        octets = value.encode("latin-1", "replace")
        return _unquoted(octets.decode(charset or "ascii", "replace"))
    return _unquoted(found)


def _unquoted(value: str) -> str:
    """Take off the one pair of quotes, and the backslashes, that the parser put on."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _unlike(what: str) -> InvalidMessage:
    return InvalidMessage(
        f"the message's {what} does not read back as it was meant; nothing was sent"
    )
