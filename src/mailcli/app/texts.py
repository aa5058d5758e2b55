"""The texts of a message: each readable part as one, for scripts and for people.

Parts are read one at a time, and of a long one only its beginning, so that a message
of any size takes the memory of what is shown.
"""

import re
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import BinaryIO

from mailcli.message.display import LONGEST_STUB, Kind, Shown, html_parts, shown_parts
from mailcli.message.encoded_words import decode_words
from mailcli.message.structure import Message, Part, read_fields
from mailcli.message.transfer import decoded, decoded_size, text_of

LONGEST_FOR_SCRIPTS = 4_000_000
"""Octets of texts that JSON gets, all parts together: what 60 MB of memory allow."""
LONGEST_FOR_PEOPLE = 2_000_000
LONGEST_PAGE = 700_000
"""Octets of an HTML part that become a page; as a tree it takes many times its size."""
WIDEST = 88
"""Columns of a page."""

_PROBED = 100_000
_MOST_REPORT = 200_000
_PAGE = re.compile(r"\s*<(?:!doctype|html|head|body|div|table)\b", re.IGNORECASE)
_SPEAKS_OF_HTML = re.compile(r"\bhtml\b|\bbrowser\b|\bonline\b", re.IGNORECASE)


@dataclass(slots=True)
class Texts:
    """Reads the texts of one message; what its reader should know gathers in `warnings`.

    `remote_images` counts what was not loaded. `left` octets may still be read, of all parts
    together; a part that does not get all of its own is in `cut`, with how much it got.
    """

    stream: BinaryIO
    message: Message
    width: int
    left: int
    zone: tzinfo
    warnings: dict[str, None] = field(default_factory=dict)
    remote_images: int = 0
    cut: dict[str, int] = field(default_factory=dict)

    def shown(self, *, for_people: bool) -> tuple[Shown, ...]:
        """Return what is read; for people without plain parts that only name the HTML."""
        is_stub = self.is_stub if for_people else self._is_blank
        return shown_parts(self.message.root, is_stub=is_stub)

    def is_stub(self, plain: Part, html: Part) -> bool:
        """Tell whether a plain part only sends its reader to the HTML part."""
        text = text_of(self.stream, plain, most=_PROBED).strip()
        if not text or _PAGE.match(text):
            return True
        if len(text) > LONGEST_STUB:
            return False
        from mailcli.message.html_plain import plain_text_of

        page = plain_text_of(text_of(self.stream, html, most=_PROBED)).strip()
        if _SPEAKS_OF_HTML.search(text):
            return len(page) > 1.5 * len(text)
        return len(page) > 5 * len(text) + 100

    def _is_blank(self, plain: Part, _html: Part) -> bool:
        return not text_of(self.stream, plain, most=_PROBED).strip()

    def all(self) -> str:
        """Return all that a reader would see, one part after the other, for scripts."""
        texts = (self.text(each) for each in self.shown(for_people=False))
        return "\n".join(_ended(text) for text in texts if text.strip())

    def html(self) -> str | None:
        """Return the HTML as it came, None where there is none."""
        pages = [self._read(part) for part in html_parts(self.message.root)]
        return "\n".join(pages) if pages else None

    def text(self, shown: Shown) -> str:
        """Return one part as text; "" for what is no text of its own."""
        part = shown.part
        match shown.kind:
            case Kind.TEXT:
                return self._plain(part)
            case Kind.HTML:
                return self._page(part, self.width - 2 * shown.depth)
            case Kind.CALENDAR:
                return self._calendar(part, self.width - 2 * shown.depth)
            case Kind.REPORT:
                return self._report(part)
            case Kind.HEADERS:
                return self._plain(part)
            case _:
                return ""

    def heading(self, forwarded: Part) -> str:
        """Return the lines of a forwarded message's header that a reader wants."""
        fields = read_fields(self.stream, forwarded.parts[0].header)
        known = {name.lower(): value for name, value in reversed(fields)}
        names = ("From", "To", "Cc", "Date", "Subject")
        found = ((name, known.get(name.lower())) for name in names)
        lines = [f"{name + ':':9}{decode_words(value)}" for name, value in found if value]
        return "\n".join(lines) or "(a message without a header)"

    # What most messages have nothing of is imported where one has it.

    def _calendar(self, part: Part, width: int) -> str:
        from mailcli.message.calendar import read_calendar
        from mailcli.message.calendar_words import in_words

        return in_words(read_calendar(self._read(part)), zone=self.zone, width=width)

    def _report(self, part: Part) -> str:
        from mailcli.message.delivery_report import report_lines

        return "\n".join(report_lines(self._octets(part)))

    def _plain(self, part: Part) -> str:
        text = self._read(part)
        if part.parameters.get("format", "").lower() == "flowed" and part.type == "text/plain":
            from mailcli.message.flowed_text import unflowed

            return unflowed(text, delsp=part.parameters.get("delsp", "").lower() == "yes")
        return text

    def _page(self, part: Part, width: int) -> str:
        from mailcli.message.html_page import to_text
        from mailcli.message.html_plain import plain_text_of

        html = self._read(part)
        if len(html) > LONGEST_PAGE:
            return plain_text_of(html)
        page = to_text(html, width=min(width, WIDEST))
        self.remote_images += page.remote_images
        self.warnings |= dict.fromkeys(page.warnings)
        return page.text

    def _read(self, part: Part) -> str:
        """Return a part's text, or the beginning that is left for it."""
        got = self.left
        size = decoded_size(self.stream, part) if part.body.length > got else part.body.length
        if size > got:
            self.cut[part.number] = got
        self.left -= min(size, got)
        return text_of(self.stream, part, most=got) if got else ""

    def _octets(self, part: Part) -> bytes:
        octets = b""
        for piece in decoded(self.stream, part):
            octets += piece
            if len(octets) >= _MOST_REPORT:
                break
        return octets


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
