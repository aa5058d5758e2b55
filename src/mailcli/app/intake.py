"""Messages on their way into one folder of a Maildir, each once however often they are brought.

The unique name says what a message is: a hash of its octets, and the how-many-eth it is of those
that its source has of it. So a run that was killed is completed by the next one, and nothing
comes twice. They are made durable in groups (`store.delivery`); what a kill leaves behind is what
it leaves of any delivery.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from types import TracebackType
from typing import NamedTuple, Self

from mailcli.app.carried import Carried
from mailcli.model import keywords_of, system_flags_of
from mailcli.store.delivery import Delivery
from mailcli.store.entries import Entry, unique_name
from mailcli.store.folder import Delivered, MaildirFolder
from mailcli.store.keywords import NO_LETTERS
from mailcli.store.line_ends import LineEndCensus

_PREFIX = "M"


class Brought(NamedTuple):
    """A message that is durable in the folder, and which one it was that was brought."""

    entry: Entry
    octets: int
    id: int | None
    folder: str


class _Form(NamedTuple):
    """A message as it is to be stored; `octets` are those that it had where it came from."""

    pieces: Callable[[], Iterable[bytes]]
    name: str
    marked: bool
    octets: int


class _OwnTokens:
    """The tokens that are given here, and those of what `keyword_file` writes in `tmp`."""

    def __contains__(self, token: object) -> bool:
        return str(token).startswith((_PREFIX, "dovecot-"))


class Intake:
    """Takes messages within its block; at its end all that were taken are durable and told.

    `again`: what is here already is taken once more. A `dry` one changes nothing.
    """

    def __init__(
        self,
        folder: MaildirFolder,
        record: Callable[[Brought], None],
        *,
        now: int,
        again: bool = False,
        dry: bool = False,
    ) -> None:
        self.already = 0
        """Messages that were here before."""
        self.nameless = 0
        """Messages that lost keywords, as the folder has no letters left."""
        self._folder, self._record, self._now = folder, record, now
        self._again, self._dry = again, dry
        self._here: set[str] = set()
        self._letters = NO_LETTERS
        self._once: set[int] = set()
        self._times: dict[int, int] = {}
        self._delivery: Delivery[tuple[int, int | None, str]] | None = None

    def __enter__(self) -> Self:
        """Begin. Raises: CannotCreate (73), LocalError (74)."""
        if not self._dry:
            self._folder.create()
            self._folder.remove_stale_tmp(_OwnTokens())
        entries = self._folder.scan() if self._folder.exists() else []
        tokens = {token for each in entries if (token := each.token) is not None}
        self._here = {token for token in tokens if token.startswith(_PREFIX)}
        used = {letter for each in entries for letter in each.others}
        if self._folder.exists():
            self._letters = self._folder.keyword_letters().with_new((), avoid=used)
        if not self._dry:
            if self._here:
                self._folder.sync()  # by a run that was killed, perhaps, before they were durable
            self._delivery = Delivery(self._folder, self._told)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._delivery is not None:
            self._delivery.__exit__(kind, error, traceback)

    def begin_source(self) -> None:
        """Count anew: what the next source has once is here if it is here once."""
        self._once.clear()
        self._times.clear()

    def take(self, message: Carried) -> int | None:
        """Take a message; return its octets, or None where it is here already.

        Raises: LocalError (74), and what reading it raises; nothing of it is then left.
        """
        form = _form_of(message)
        token = self._token(form.name)
        if token is None:
            self.already += 1
            return None
        if self._delivery is not None:
            when = self._now if message.received is None else message.received
            with self._folder.stage(unique_name(token, when=when)) as staged:
                staged.close_stored(
                    form.pieces(),
                    flags=system_flags_of(message.flags),
                    others=self._others(message),
                    received=message.received,
                    marked=form.marked,
                )
            self._delivery.add((form.octets, message.id, message.folder), staged)
        return form.octets

    def _token(self, name: str) -> str | None:
        """Return the token for the next message of this content; None where it is here."""
        number = self._next(int(name[:16], 16))
        token = _numbered(name, number)
        while self._again and token in self._here:
            number += 1
            token = _numbered(name, number)
        if token in self._here:
            return None
        self._here.add(token)
        return token

    def _next(self, content: int) -> int:
        if content not in self._once:
            self._once.add(content)
            return 1
        self._times[content] = number = self._times.get(content, 1) + 1
        return number

    def _others(self, message: Carried) -> str:
        """Return the letters of a message's keywords; new ones are durable before their use."""
        keywords = keywords_of(message.flags)
        if not keywords:
            return ""
        if not all(map(self._letters.covers, keywords)):
            wanted = self._letters.with_new(keywords, avoid=())
            if wanted.names.keys() != self._letters.names.keys():
                self._letters = self._folder.save_keyword_letters(wanted)
            self.nameless += not all(map(self._letters.covers, keywords))
        return self._letters.letters_for(keywords)

    def _told(self, group: Sequence[tuple[tuple[int, int | None, str], Delivered]]) -> None:
        for (octets, number, folder), delivered in group:
            self._record(Brought(delivered.entry, octets, number, folder))


def _numbered(name: str, number: int) -> str:
    return f"{_PREFIX}{name}" if number == 1 else f"{_PREFIX}{name}-{number}"


def _form_of(message: Carried) -> _Form:
    """Return how a message is stored: with LF where all its lines end in CRLF (`line_ends`)."""
    census, octets, held = LineEndCensus(), 0, b""
    for piece in message.read():
        census.feed(piece)
        held = piece if not octets else held
        octets += len(piece)
    marked = message.verbatim and not census.has_cr

    def stored() -> Iterable[bytes]:
        pieces = (held,) if len(held) == octets else message.read()  # a small one is read once
        if census.is_crlf:
            return (piece.replace(b"\r", b"") for piece in pieces)
        return pieces

    digest = sha256(b"verbatim\n" if marked else b"")
    for piece in stored():
        digest.update(piece)
    return _Form(stored, digest.hexdigest()[:32], marked, octets)
