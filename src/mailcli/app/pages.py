"""A message's HTML as a page that a browser may show: nothing is loaded, nothing runs.

Images that came with the message are put into the page itself (`cid:`, RFC 2392). A
message without HTML becomes a page of its text.
"""

from base64 import b64encode
from html import escape
from typing import BinaryIO

from mailcli.app.found import Found
from mailcli.message.display import Kind, html_parts, shown_parts
from mailcli.message.html_safe import sanitised
from mailcli.message.structure import Message, Part, read_structure
from mailcli.message.transfer import decoded, text_of

_LONGEST = 8_000_000
"""Octets of HTML that become a page."""
_LARGEST_IMAGE = 5_000_000
_ALL_IMAGES = 20_000_000
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
"""What shows pixels alone: an SVG is a document of its own."""


def page_of(found: Found) -> str:
    """Return a message as a whole HTML document. Raises: NotFound (66), LocalError (74)."""
    with found.open() as stream:
        message = read_structure(stream)
        pages = [text_of(stream, part, most=_LONGEST) for part in html_parts(message.root)]
        if not pages:
            pages = [f"<pre>{escape(text)}</pre>" for text in _texts(stream, message)]
        return sanitised("<hr>".join(pages), images=_images(stream, message))


def _texts(stream: BinaryIO, message: Message) -> list[str]:
    shown = shown_parts(message.root, is_stub=lambda _plain, _html: False)
    texts = (each.part for each in shown if each.kind is Kind.TEXT)
    return [text_of(stream, part, most=_LONGEST) for part in texts] or ["(no text)"]


def _images(stream: BinaryIO, message: Message) -> dict[str, str]:
    images: dict[str, str] = {}
    left = _ALL_IMAGES
    for part in message.walk():
        if part.content_id and part.type in _IMAGES and part.content_id not in images:
            octets = _octets(stream, part)
            if len(octets) <= min(_LARGEST_IMAGE, left):
                left -= len(octets)
                content = b64encode(octets).decode("ascii")
                images[part.content_id] = f"data:{part.type};base64,{content}"
    return images


def _octets(stream: BinaryIO, part: Part) -> bytes:
    octets = bytearray()
    for piece in decoded(stream, part):
        octets += piece
        if len(octets) > _LARGEST_IMAGE:
            break
    return bytes(octets)
