"""Which parts of a message are attachments, as people understand it. Pure.

Any part with a file name, or that says it is an attachment, or that is no
text, is one. These are not, unless all are asked for: what an HTML text shows
within itself (`cid:`, RFC 2392), signatures and what else security multiparts
need (RFC 1847), and what is in a forwarded message, which is one itself.
"""

import re
from collections.abc import Container, Iterator
from typing import BinaryIO
from urllib.parse import unquote

from mailcli.message.structure import Message, Part
from mailcli.message.transfer import text_of

_CID = re.compile(r"cid:([^\s\"'<>)]{1,400})", re.IGNORECASE)
_LONGEST_PAGE = 4_000_000
_OF_SECURITY = {"multipart/signed": 1, "multipart/encrypted": 0}
"""Which part of a multipart is for programs alone."""


def attached(
    message: Message, *, shown: Container[str] | None = None, everything: bool = False
) -> tuple[Part, ...]:
    """Return a message's attachments in order.

    `shown` are the Content-IDs that its HTML shows (`shown_within`). Without them a part of a
    multipart/related with a Content-ID is taken for shown, unless it says that it is an
    attachment: that needs no look at the text.
    """
    return tuple(_attached(message.root, shown, everything=everything, in_related=False))


def shown_within(stream: BinaryIO, message: Message) -> frozenset[str]:
    """Return the Content-IDs that a message's HTML texts show. Raises: OSError of the stream."""
    pages = [part for part in message.walk() if part.type == "text/html"]
    if not any(part.content_id for part in message.walk()):
        return frozenset()
    return frozenset(
        unquote(found[1])
        for page in pages
        for found in _CID.finditer(text_of(stream, page, most=_LONGEST_PAGE))
    )


def _attached(
    part: Part, shown: Container[str] | None, *, everything: bool, in_related: bool
) -> Iterator[Part]:
    if part.is_multipart:
        for place, child in enumerate(part.parts):
            if everything or _OF_SECURITY.get(part.type) != place:
                is_shown_here = in_related or part.type == "multipart/related"
                yield from _attached(child, shown, everything=everything, in_related=is_shown_here)
        return
    is_text = part.main_type == "text" and part.disposition != "attachment" and not part.name
    if not is_text and (everything or not (in_related and _is_shown(part, shown))):
        yield part
    if everything and part.is_message:
        for child in part.parts:
            yield from _attached(child, shown, everything=True, in_related=False)


def _is_shown(part: Part, shown: Container[str] | None) -> bool:
    if part.content_id is None:
        return False
    return part.disposition != "attachment" if shown is None else part.content_id in shown
