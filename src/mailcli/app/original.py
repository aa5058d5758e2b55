"""A stored message as one that is answered, passed on, or written further: its header and text.

Nothing is fetched; what is not text is named by its part, and its octets are read when they
are wanted.
"""

from collections.abc import Callable, Container, Iterator
from datetime import datetime, tzinfo

from mailcli.app.found import Found
from mailcli.app.texts import Texts
from mailcli.message.attached import attachments_in
from mailcli.message.display import Kind
from mailcli.message.enclosing import message_attachment, part_attachment
from mailcli.message.fields import Field
from mailcli.message.mime import Attachment
from mailcli.message.reply import subject_of
from mailcli.message.structure import Part, read_structure
from mailcli.message.summary import date_of
from mailcli.message.transfer import decoded
from mailcli.smtp.data import with_crlf
from mailcli.store.files import CHUNK, translated

WIDTH = 72
MOST_TEXT = 2_000_000
"""Octets of texts that are quoted; who wants more of a message attaches it."""

_TEXTS = frozenset({Kind.TEXT, Kind.HTML, Kind.CALENDAR, Kind.REPORT})
WRITTEN = _TEXTS - {Kind.CALENDAR}
"""What can be written further as text."""


class Original:
    """One message, its structure read once; every text and attachment is read when asked for."""

    def __init__(self, found: Found) -> None:
        """Read the structure. Raises: NotFound (66), LocalError (74)."""
        self.found = found
        with found.open() as stream, translated(found.path):
            self.message = read_structure(stream)
            self._attached = attachments_in(stream, self.message)
        self.is_cut = False
        """Whether its text, once it was asked for, was too long to be given whole."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its header."""
        return self.message.fields

    @property
    def subject(self) -> str:
        """Its subject, decoded, on one line."""
        return subject_of(self.fields)

    @property
    def date(self) -> datetime | None:
        """Its date by the clock of who wrote it."""
        return date_of((self.message.value("date") or b"")[:1000])

    def text(self, zone: tzinfo | None, *, kinds: Container[Kind] = _TEXTS) -> str:
        """Return what a reader sees of it, but for forwarded messages within it.

        `kinds` are the kinds of parts that count.

        Raises: NotFound (66), LocalError (74).
        """
        zone = zone or datetime.now().astimezone().tzinfo
        assert zone is not None  # noqa: S101 - a local time has one
        with self.found.open() as stream, translated(self.found.path):
            texts = Texts(stream, self.message, WIDTH, MOST_TEXT, zone)
            shown = texts.shown(for_people=True)
            own = (each for each in shown if each.kind in kinds and not each.depth)
            found = [text.strip("\n") for text in map(texts.text, own) if text.strip()]
        self.is_cut = bool(texts.cut)
        return "\n\n".join(found) + "\n" if found else ""

    def attachments(self) -> tuple[Attachment, ...]:
        """Return what is attached to it."""
        return tuple(map(self.attachment, self._attached))

    def attachment(self, part: Part) -> Attachment:
        """Return one of its parts as an attachment of another message."""
        if part.is_message:
            return message_attachment(part.name or "", lambda: with_crlf(self._content(part)))
        return part_attachment(part, lambda: self._content(part))

    def whole(self) -> Attachment:
        """Return it as an attachment."""
        return message_attachment(self.subject, lambda: with_crlf(self._stored()))

    @property
    def open_part(self) -> Callable[[Part], Iterator[bytes]]:
        """What gives a part's content, decoded, in pieces."""
        return self._content

    def _content(self, part: Part) -> Iterator[bytes]:
        with self.found.open() as stream, translated(self.found.path):
            yield from decoded(stream, part)

    def _stored(self) -> Iterator[bytes]:
        with self.found.open() as stream, translated(self.found.path):
            while block := stream.read(CHUNK):
                yield block
