"""Which parts of a message are attachments, as people understand it. Pure.

Any part with a file name, or that says it is an attachment, or that is no
text for people, is one. These are not, unless all are asked for: what an HTML text shows
within itself (`cid:`, RFC 2392), signatures and what else security multiparts
need (RFC 1847), and what is in a forwarded message, which is one itself.
"""

import re
from collections.abc import Container, Iterator
from typing import BinaryIO
from urllib.parse import unquote

from mailcli.message.structure import Message, Part
from mailcli.message.transfer import text_of
from mailcli.message.uuencode import uuencoded_parts

_CID = re.compile(r"cid:([^\s\"'<>)]{1,400})", re.IGNORECASE)
_LONGEST_PAGE = 4_000_000
_OF_SECURITY = {"multipart/signed": 1, "multipart/encrypted": 0}
"""Which part of a multipart is for programs alone."""
_CALENDAR = "text/calendar"
NO_TEXT = frozenset({"text/vcard", "text/x-vcard", "text/directory", "text/css", "text/rtf"})
"""What is text only for programs: nobody is shown it, so it is an attachment."""


def attached(
    message: Message, *, shown: Container[str] | None = None, everything: bool = False
) -> tuple[Part, ...]:
    """Return a message's attachments in order, but for files in the midst of old mail's text.

    `shown` are the Content-IDs that its HTML shows (`shown_within`). Without them a part of a
    multipart/related with a Content-ID is taken for shown, unless it says that it is an
    attachment: that needs no look at the text.
    """
    leaves = _leaves(message.root, shown, everything=everything, in_related=False)
    return tuple(part for part, is_attachment in leaves if is_attachment)


def going_along(message: Message) -> tuple[Part, ...]:
    """Return what goes along with a text that is written anew, in order.

    That is every attachment; images of the HTML, which goes; and calendars, which none writes.
    """
    leaves = _leaves(message.root, (), everything=False, in_related=False)
    return tuple(part for part, is_attachment in leaves if is_attachment or part.type == _CALENDAR)


def attachments_in(
    stream: BinaryIO, message: Message, *, everything: bool = False
) -> tuple[Part, ...]:
    """Return a message's attachments in order, by looking at its texts too: `cid:`, uuencode.

    Raises: OSError of the stream.
    """
    shown = shown_within(stream, message)
    found: list[Part] = []
    for part, is_attachment in _leaves(
        message.root, shown, everything=everything, in_related=False
    ):
        found += [part] if is_attachment else uuencoded_parts(stream, part)
    return tuple(found)


def shown_within(stream: BinaryIO, message: Message) -> frozenset[str]:
    """Return the Content-IDs that a message's HTML texts show. Raises: OSError of the stream."""
    if not any(part.content_id for part in message.walk()):
        return frozenset()
    return frozenset(
        unquote(found[1])
        for page in message.walk()
        if page.type == "text/html"
        for found in _CID.finditer(text_of(stream, page, most=_LONGEST_PAGE))
    )


def _leaves(
    part: Part, shown: Container[str] | None, *, everything: bool, in_related: bool
) -> Iterator[tuple[Part, bool]]:
    """Yield attachments, with True, and the texts among them, with False."""
    if part.is_multipart:
        in_related = in_related or part.type == "multipart/related"
        for place, child in enumerate(part.parts):
            if everything or _OF_SECURITY.get(part.type) != place:
                yield from _leaves(child, shown, everything=everything, in_related=in_related)
        return
    is_text = part.main_type == "text" and part.type not in NO_TEXT
    if is_text and part.disposition != "attachment" and not part.name:
        yield part, False
    elif everything or not (in_related and _is_shown(part, shown)):
        yield part, True
    if everything and part.is_message:
        for child in part.parts:
            yield from _leaves(child, shown, everything=True, in_related=False)


def _is_shown(part: Part, shown: Container[str] | None) -> bool:
    if part.content_id is None:
        return False
    return part.disposition != "attachment" if shown is None else part.content_id in shown
