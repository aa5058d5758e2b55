"""One message as it is read: what scripts get of it, and what a person is shown.

Nothing is ever fetched. A message of any size is read in the memory of what is
shown of it; what it holds can be anything.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import BinaryIO, NamedTuple

from mailcli.app.found import Found
from mailcli.app.signatures import signatures_of
from mailcli.app.texts import LONGEST_FOR_PEOPLE, LONGEST_FOR_SCRIPTS, Texts
from mailcli.config import Account
from mailcli.message.attached import attachments_in
from mailcli.message.authentication import Authentication, authentication
from mailcli.message.display import Kind, Shown
from mailcli.message.encoded_words import decode_words
from mailcli.message.quotes import folded, without_quotes
from mailcli.message.sender import Senders, sender_warnings
from mailcli.message.structure import Message, Part, read_structure
from mailcli.message.summary import addresses_of
from mailcli.message.transfer import decoded_size
from mailcli.model import Address
from mailcli.results.reading import (
    Block,
    MessageView,
    PartInfo,
    ReadAttachment,
    ReadMessage,
    SenderResult,
    SignatureInfo,
)

_LONGEST_FIELD = 10_000
"""Octets of an address field that are looked at."""
_NO_GROUP_NAME = re.compile(rb'[<"(,]')
_SNIPPET = 200
_INLINE_PGP = {
    "-----BEGIN PGP SIGNED MESSAGE-----": (
        "signed (PGP, within the text), not verified: {command} | gpg --verify"
    ),
    "-----BEGIN PGP MESSAGE-----": "encrypted (PGP, within the text): {command} | gpg --decrypt",
}


class Manner(NamedTuple):
    """How messages are read: for a person on a screen of `width` columns, or for a script.

    `fold`: long quotations become one line. `headers`: a person wants every field. `zone` is
    that of the clock here, for invitations.
    """

    for_people: bool
    zone: tzinfo
    width: int = 80
    fold: bool = True
    headers: bool = False


def read_message(found: Found, manner: Manner, environ: Mapping[str, str]) -> ReadMessage:
    """Read one message. Raises: NotFound (66) where it is gone, LocalError (74)."""
    with found.open() as stream:
        return _Reading(found, stream, manner, environ).message()


def snippet_of(found: Found, manner: Manner) -> ReadMessage:
    """Return a message with its first words for all of its text. Raises as `read_message`."""
    with found.open() as stream:
        return _Reading(found, stream, manner, {}).snippet()


class _Reading:
    """What is found out about one open message."""

    def __init__(
        self, found: Found, stream: BinaryIO, manner: Manner, environ: Mapping[str, str]
    ) -> None:
        self._found, self._stream, self._manner = found, stream, manner
        self._environ = environ
        self._message = read_structure(stream)
        most = LONGEST_FOR_PEOPLE if manner.for_people else LONGEST_FOR_SCRIPTS
        self._texts = Texts(stream, self._message, manner.width, most, manner.zone)
        self._sizes: dict[str, int] = {}

    def message(self) -> ReadMessage:
        fields = _decoded_fields(self._message)
        senders = _senders(self._message)
        read = self._described(fields, senders)
        if self._manner.for_people:
            return read._replace(view=self._view(), warnings=self._warnings(senders))
        text, html = self._texts.all(), self._texts.html()
        parts = (self._part(self._message.root),)
        warnings = self._warnings(senders)
        return read._replace(text=text, html=html, parts=parts, warnings=warnings)

    def snippet(self) -> ReadMessage:
        fields = _decoded_fields(self._message)
        self._texts.left = 20_000
        shown = self._texts.shown(for_people=True)
        texts = (self._texts.text(each) for each in shown if each.kind in {Kind.TEXT, Kind.HTML})
        first = next((each for text in texts if (each := without_quotes(text).strip())), "")
        view = MessageView(snippet=" ".join(first[: 4 * _SNIPPET].split())[:_SNIPPET])
        return self._described(fields, None)._replace(view=view)

    def _described(
        self, fields: tuple[tuple[str, str], ...], senders: Senders | None
    ) -> ReadMessage:
        account = self._found.account
        found = Authentication()
        if senders:
            found = authentication(
                fields,
                authserv_id=account.authserv_id if account else None,
                domains=senders.domains,
            )
        return ReadMessage(
            info=self._found.info,
            headers=fields,
            text="",
            html=None,
            attachments=self._attachments() if senders else (),
            parts=(),
            authentication=SenderResult(
                found.spf, found.dkim, found.dmarc, found.by, found.verdict
            ),
            signatures=self._signatures(senders) if senders else (),
            warnings=(),
        )

    def _signatures(self, senders: Senders) -> tuple[SignatureInfo, ...]:
        entry = self._found.entry
        return signatures_of(
            self._stream,
            self._texts.shown(for_people=False),
            senders=[each.email for each in senders.from_],
            marked=entry is not None and entry.marked_verbatim,
            environ=self._environ,
        )

    def _warnings(self, senders: Senders) -> tuple[str, ...]:
        own = _own_addresses(self._found.account)
        defects = (f"the message is broken: {each}" for each in self._message.defects)
        return (*sender_warnings(senders, own), *self._texts.warnings, *defects, *self._cut())

    def _cut(self) -> list[str]:
        """Tell scripts which texts are longer than what they get; people are told in place."""
        if self._manner.for_people:
            return []
        return [
            f"part {number} is cut after {got} octets" for number, got in self._texts.cut.items()
        ]

    def _attachments(self) -> tuple[ReadAttachment, ...]:
        parts = attachments_in(self._stream, self._message)
        return tuple(
            ReadAttachment(each.number, each.name, each.type, self._size(each)) for each in parts
        )

    def _part(self, part: Part) -> PartInfo:
        return PartInfo(
            part=part.number,
            type=part.type,
            charset=part.charset,
            encoding=part.encoding,
            disposition=part.disposition or None,
            name=part.name,
            content_id=part.content_id,
            size=self._size(part),
            parts=tuple(self._part(each) for each in part.parts),
        )

    def _size(self, part: Part) -> int:
        if part.number not in self._sizes:
            self._sizes[part.number] = decoded_size(self._stream, part)
        return self._sizes[part.number]

    # for people

    def _view(self) -> MessageView:
        blocks: list[Block] = []
        for shown in self._texts.shown(for_people=True):
            blocks += self._blocks(shown)
        if count := self._texts.remote_images:
            plural = "s" if count > 1 else ""
            blocks.append(Block("note", f"{count} remote image{plural} not loaded"))
        return MessageView(tuple(blocks), headers=self._manner.headers)

    def _blocks(self, shown: Shown) -> list[Block]:
        part, depth = shown.part, shown.depth
        match shown.kind:
            case Kind.MESSAGE:
                return [Block("heading", self._texts.heading(part), depth + 1)]
            case Kind.ENCRYPTED | Kind.OPAQUE | Kind.EXTERNAL:
                return [Block("note", self._named(shown), depth)]
            case Kind.SIGNED:
                return [] if not depth else [Block("note", "signed, not verified here", depth)]
            case Kind.TEXT | Kind.HTML:
                text = self._texts.text(shown)
                fold = self._manner.fold
                blocks = [Block("text", folded(text) if fold else text, depth)]
                return [*self._inline_pgp(shown, text), *blocks, *self._rest(shown)]
            case _:
                return [Block("text", self._texts.text(shown), depth)]

    def _inline_pgp(self, shown: Shown, text: str) -> list[Block]:
        begin = text[:2000].lstrip()
        notes = (note for mark, note in _INLINE_PGP.items() if begin.startswith(mark))
        command = self._command(shown.part.number)
        return [Block("note", note.format(command=command), shown.depth) for note in notes]

    def _rest(self, shown: Shown) -> list[Block]:
        """Tell how much of a long text is not shown, and how to get at it."""
        got = self._texts.cut.get(shown.part.number)
        if got is None:
            return []
        more = self._size(shown.part) - got
        size = f"{more / 1_000_000:.1f} MB" if more >= 100_000 else f"{more} octets"
        number = shown.part.number
        return [Block("note", f"[… {size} more; {self._command(number)}]", shown.depth)]

    def _named(self, shown: Shown) -> str:
        part = shown.part
        if shown.kind is Kind.EXTERNAL:
            return "this part is elsewhere, and only named here"
        if shown.kind is Kind.OPAQUE:
            rest = f"{self._command(part.number)} | openssl cms -verify -inform DER -noverify"
            return f"signed (S/MIME, in one piece), not verified: {rest}"
        if part.is_multipart:
            inner = part.parts[-1].number
            return f"encrypted (PGP): {self._command(inner)} | gpg --decrypt"
        rest = f"{self._command(part.number)} | openssl cms -decrypt -inform DER -inkey YOUR.KEY"
        return f"encrypted (S/MIME): {rest}"

    def _command(self, number: str) -> str:
        import shlex

        found = self._found
        selector = str(found.number) if found.number else shlex.quote(str(found.path))
        return f"mailcli read {selector} --part {number}"


def _decoded_fields(message: Message) -> tuple[tuple[str, str], ...]:
    return tuple((name, decode_words(value)) for name, value in message.fields)


def _senders(message: Message) -> Senders:
    fields = [value[:_LONGEST_FIELD] for value in message.values("from")]
    return Senders(
        from_=_addresses(fields),
        sender=_addresses(message.values("sender")),
        reply_to=_addresses(message.values("reply-to")),
        from_fields=len(fields),
        group=any(map(_is_group, fields)),
    )


def _is_group(value: bytes) -> bool:
    """Tell a group: `display-name ":" [group-list] ";"` (RFC 5322 §3.4)."""
    name, colon, rest = value.partition(b":")
    return bool(colon) and rest.rstrip().endswith(b";") and not _NO_GROUP_NAME.search(name)


def _addresses(values: Sequence[bytes]) -> tuple[Address, ...]:
    return tuple(each for value in values for each in addresses_of(value[:_LONGEST_FIELD]))


def _own_addresses(account: Account | None) -> tuple[Address, ...]:
    if account is None:
        return ()
    return tuple(each for each in (account.email, *account.aliases) if each)
