"""Messages put into folders: one, or many on their way at once.

APPEND by RFC 3501 §6.3.11; without waiting for the server by RFC 7888, several in one command by
RFC 3502, where they went by RFC 4315, limits by RFC 7889.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from mailcli.errors import LocalError
from mailcli.imap import answers, dates, folder_answers
from mailcli.imap.answers import Answer
from mailcli.imap.connection import ImapConnection, quoted
from mailcli.imap.conversation import CommandFailed
from mailcli.imap.messages import written
from mailcli.imap.responses import Condition
from mailcli.imap.values import Place, Upload
from mailcli.model import Flags
from mailcli.net import Wire

BATCH_COUNT = 50
BATCH_OCTETS = 8 * 1024 * 1024
"""What one MULTIAPPEND may have: it is stored as a whole, or not at all."""

FLIGHT_COUNT = 50
"""APPENDs that may be on their way: their answers are short, and fit into any buffer."""

Outcome = Place | CommandFailed | None
"""What became of a message: where it is, why it was refused, or that it is somewhere."""


class MessageTooLarge(CommandFailed):
    """A message has more octets than the server takes, and was not sent (RFC 7889)."""


class UploadCommands(ImapConnection):
    """Commands that bring messages."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self._limits: dict[bytes, int | None] = {}
        self._takes_many = True  # until MULTIAPPEND was not understood

    def append(
        self,
        folder: bytes,
        message: Iterable[bytes],
        *,
        size: int,
        flags: Flags,
        received: datetime | None = None,
    ) -> Place | None:
        """Store a message of `size` octets in a folder; return its place where the server says.

        `received`, which knows its time zone, becomes its internal date instead of now.
        Keywords that no command can say are left out.

        Raises: MessageTooLarge before anything is sent; CommandFailed when the server refuses;
            TemporaryFailure when the answer is lost, and then the message may be there.
        """
        self._wire.phase = "APPEND"
        if too_large := self._too_large(folder, size):
            raise too_large
        upload = Upload(lambda: message, size, flags, received)
        outcome = self._append_one(folder, upload)
        if isinstance(outcome, CommandFailed):
            raise outcome
        return outcome

    def append_many(self, folder: bytes, uploads: Sequence[Upload]) -> list[Outcome]:
        """Store messages in a folder; return for each where it is, or why it was refused.

        In one command each batch where the server has MULTIAPPEND; else on their way all at once
        where it takes messages unasked; else one by one.

        Raises: LocalError when a message has another size by now, TemporaryFailure when an
            answer is lost: then any of them may be there.
        """
        self._wire.phase = "APPEND"
        outcomes: list[Outcome] = [self._too_large(folder, one.size) for one in uploads]
        places = [place for place, outcome in enumerate(outcomes) if outcome is None]
        for batch in _batches(places, uploads):
            some = [uploads[place] for place in batch]
            for place, outcome in zip(batch, self._append_some(folder, some), strict=True):
                outcomes[place] = outcome
        return outcomes

    def _append_some(self, folder: bytes, uploads: Sequence[Upload]) -> list[Outcome]:
        if len(uploads) > 1 and "MULTIAPPEND" in self.capabilities and self._takes_many:
            try:
                return self._append_together(folder, uploads)
            except CommandFailed as exc:
                # Nothing was stored (RFC 3502 §6.3.11). One by one shows which one it was.
                self._takes_many = not exc.misunderstood
        if all(self._goes_unasked(one.size) for one in uploads):
            return self._append_ahead(folder, uploads)
        return [self._append_one(folder, one) for one in uploads]

    # -- the limit ---------------------------------------------------------

    def _too_large(self, folder: bytes, size: int) -> MessageTooLarge | None:
        limit = self._limit(folder)
        if limit is None or size <= limit:
            return None
        why = f"a message of {size:,} octets, and the server takes {limit:,}"
        return MessageTooLarge(f"{self._wire.where}: {why}", "TOOBIG")

    def _limit(self, folder: bytes) -> int | None:
        """Return the octets that a message may have, as told for all folders or for this one."""
        for name in self.capabilities:
            word, _, number = name.partition("=")
            if word == "APPENDLIMIT" and number.isdecimal():
                return int(number[:20])
        if "APPENDLIMIT" not in self.capabilities:
            return None
        if folder not in self._limits:
            results = self._run_all([b"STATUS %b (APPENDLIMIT)" % quoted(folder)])
            told = [result for result in results if not isinstance(result, CommandFailed)]
            with self._wire.blaming():
                self._limits[folder] = folder_answers.append_limit(told)
        return self._limits[folder]

    # -- one way and another -----------------------------------------------

    def _append_one(self, folder: bytes, upload: Upload) -> Outcome:
        try:
            return self._append_together(folder, [upload])[0]
        except CommandFailed as exc:
            return exc

    def _append_together(self, folder: bytes, uploads: Sequence[Upload]) -> list[Outcome]:
        """Store messages by one command, which a server that refuses one refuses as a whole.

        Raises: CommandFailed, and then none is stored.
        """
        tag = b""
        for upload in uploads:
            head = self._announced(upload)
            if tag:
                self._wire.sendall(head + b"\r\n")
            else:
                tag, line = self._tagged(b"APPEND %b%b" % (quoted(folder), head))
                self._wire.sendall(line)
            if not self._goes_unasked(upload.size):
                self._await_consent(tag)
            self._send_literal(upload)
        self._wire.sendall(b"\r\n")
        return list(answers.places(self._collect(tag), len(uploads)))

    def _append_ahead(self, folder: bytes, uploads: Sequence[Upload]) -> list[Outcome]:
        """Store messages by one command each, without waiting for one before the next."""
        outcomes: list[Outcome] = [None] * len(uploads)
        flying: dict[bytes, int] = {}
        for place, upload in enumerate(uploads):
            if len(flying) == FLIGHT_COUNT:
                self._land(flying, outcomes)
            tag, line = self._tagged(b"APPEND %b%b" % (quoted(folder), self._announced(upload)))
            self._wire.sendall(line)
            self._send_literal(upload)
            self._wire.sendall(b"\r\n")
            flying[tag] = place
        while flying:
            self._land(flying, outcomes)
        return outcomes

    def _land(self, flying: dict[bytes, int], outcomes: list[Outcome]) -> None:
        """Read until one of the commands is answered."""
        final = self._hear()
        while not self._ends(final, flying):
            final = self._hear()
        assert isinstance(final, Condition)  # noqa: S101 - for the type checker
        self._wire.await_next()
        failure = self._failure(final)
        outcomes[flying.pop(final.tag)] = failure or answers.places(Answer([], final), 1)[0]

    def _announced(self, upload: Upload) -> bytes:
        date = b" " + dates.date_time(upload.received) if upload.received else b""
        unasked = b"+" if self._goes_unasked(upload.size) else b""
        return b" (%b)%b {%d%b}" % (written(upload.flags), date, upload.size, unasked)

    def _send_literal(self, upload: Upload) -> None:
        """Send exactly the octets that were announced; with less or more, nothing else can follow.

        Raises: LocalError when the message has another size by now.
        """
        left = upload.size
        try:
            for chunk in upload.content():
                left -= len(chunk)
                if left < 0:
                    break
                self._wire.send_data(chunk)
        except BaseException:
            self.close()
            raise
        if left:
            self.close()
            raise LocalError(f"{self._wire.where}: the message changed while it was sent")


def _batches(places: Iterable[int], uploads: Sequence[Upload]) -> Iterator[list[int]]:
    """Divide messages into what one command may have."""
    batch: list[int] = []
    octets = 0
    for place in places:
        size = uploads[place].size
        if batch and (len(batch) == BATCH_COUNT or octets + size > BATCH_OCTETS):
            yield batch
            batch, octets = [], 0
        batch.append(place)
        octets += size
    if batch:
        yield batch
