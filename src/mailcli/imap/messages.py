"""What can be asked of the messages in the open folder: listed, fetched, flagged, moved, removed.

RFC 3501 §6.4; UIDPLUS by RFC 4315, ESEARCH by RFC 4731, MOVE by RFC 6851, CHANGEDSINCE by
RFC 7162, EMAILID by RFC 8474.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date

from mailcli.errors import Refused
from mailcli.imap import answers, dates
from mailcli.imap.connection import ImapConnection, quoted
from mailcli.imap.conversation import ANSWER_CAP, TRANSFER_CAP, FolderUnusable
from mailcli.imap.listing import FlagListing
from mailcli.imap.responses import Condition, Streamed, Value
from mailcli.imap.sets import UidSet, pieces
from mailcli.imap.uid_flags import UidFlags
from mailcli.imap.values import Body, Details, Fetched, Moved
from mailcli.model import Flag, Flags, Uid

FETCH_SET = 100
"""Messages asked for by one command; the next ones are on their way before it is answered."""

STORE_SET = 500
"""Messages that one command changes: it may take a server its time, without a word."""

SEARCH_SET = 50_000
"""Messages searched by one command that answers in full: half of the longest line."""

FLAGS_CAP = 1024
"""Octets that the flags of one message may take in a listing."""

DETAILS_CAP = 512
"""Octets that size, date and id of one message may take."""

LISTING_CAP = 1024 * 1024 * 1024
"""Octets that a listing of flags may have: some ten million messages."""

_ATOM = r"[!#$&'+-\[^-z|~]+"
"""atom = 1*ATOM-CHAR (RFC 3501 §9): ASCII without blanks and `(){%*"\\]`."""


class MessageCommands(ImapConnection):
    """Commands about messages."""

    # -- listing -----------------------------------------------------------

    def fetch_flags(self, exists: int) -> UidFlags:
        """Return the flags of every message in the open folder, by UID.

        Raises: FolderUnusable when the listing is not complete: then absence proves nothing.
        """
        if not exists:
            return UidFlags()
        self._wire.phase = "UID FETCH flags"
        listing = self._listing(b"UID FETCH 1:* (UID FLAGS)", exists)
        if doubt := listing.doubt():
            raise FolderUnusable(f"{self._wire.where}: {doubt}")
        return listing.found

    def fetch_changed_flags(self, modseq: int) -> UidFlags:
        """Return the flags of new and changed messages since a mod-sequence, which is not 0.

        For a folder that has a `highestmodseq` (RFC 7162 §3.1.4.1).
        """
        self._wire.phase = "UID FETCH changed flags"
        if modseq < 1:  # some servers would tell nothing, others everything
            raise ValueError(modseq)
        return self._listing(b"UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE %d)" % modseq).found

    def _listing(self, command: bytes, exists: int | None = None) -> FlagListing:
        room = LISTING_CAP if exists is None else min(exists * FLAGS_CAP, LISTING_CAP)
        listing = FlagListing(exists or 0)
        with self._wire.transfer(ANSWER_CAP + room), self._wire.blaming():
            for response in self._responses(self._send(command), shortcut=listing.take):
                listing.heed(response)
        return listing

    def search_uids(self) -> UidSet:
        """Return the UIDs of all messages in the open folder."""
        return self._search(b"ALL")

    def search_since(self, day: date) -> UidSet:
        """Return the messages that were received on a day or later, by the server's clock."""
        return self._search(b"SINCE " + dates.day(day))

    def _search(self, criteria: bytes) -> UidSet:
        """Search, by ranges of UIDs where the server can (RFC 4731), else in several commands."""
        self._wire.phase = "UID SEARCH"
        if not self._exists:
            return UidSet()
        if "ESEARCH" in self.capabilities:
            found = answers.uids_in_short(self._run(b"UID SEARCH RETURN (ALL) " + criteria))
            if found is not None:
                return found
        starts = range(1, self._exists + 1, SEARCH_SET)
        numbers = [b"%d:%d " % (start, start + SEARCH_SET - 1) for start in starts[:-1]]
        numbers.append(b"%d:* " % starts[-1] if len(starts) > 1 else b"")
        done = self._all_done([b"UID SEARCH %b%b" % (some, criteria) for some in numbers])
        with self._wire.blaming():
            return UidSet.of(uid for answer in done for uid in answers.uids_found(answer))

    def search_message_id(self, message_id: str) -> list[Uid]:
        """Return the messages of the open folder with this Message-ID, oldest first."""
        self._wire.phase = "UID SEARCH"
        if not (message_id.isascii() and message_id.isprintable()):
            return []  # it would need a charset, which servers need not know, or fits no line
        answer = self._run(b"UID SEARCH HEADER Message-ID " + quoted(message_id.encode("ascii")))
        with self._wire.blaming():
            return answers.uids_found(answer)

    # -- fetching ----------------------------------------------------------

    def fetch_sizes(self, uids: Iterable[Uid]) -> dict[Uid, int]:
        """Return the octets (RFC822.SIZE) of messages in the open folder, by UID."""
        self._wire.phase = "UID FETCH sizes"
        return {uid: one.size for uid, one in self._details(uids, b"")}

    def fetch_details(self, uids: Iterable[Uid]) -> dict[Uid, Details]:
        """Return size, internal date and, where offered, EMAILID of messages, by UID."""
        return dict(self.each_details(uids))

    def each_details(self, uids: Iterable[Uid]) -> Iterator[tuple[Uid, Details]]:
        """Yield what `fetch_details` returns, as it comes: there may be a million.

        Raises: MailError; CommandFailed comes after all that could be had.
        """
        self._wire.phase = "UID FETCH details"
        yield from self._details(uids, b" INTERNALDATE" + self._email_id)

    def _details(self, uids: Iterable[Uid], items: bytes) -> Iterator[tuple[Uid, Details]]:
        asked = uids if isinstance(uids, UidSet) else UidSet.of(uids)
        commands = (b"UID FETCH %b (UID RFC822.SIZE%b)" % (some, items) for some in pieces(asked))
        failures = []
        room = min(len(asked) * DETAILS_CAP, LISTING_CAP)
        try:
            with self._wire.transfer(ANSWER_CAP + room):
                for place, response in self._flow(commands):
                    assert not isinstance(response, Fetched)  # noqa: S101 - for the type checker
                    with self._wire.blaming():
                        told = answers.details(response)
                    if told:
                        yield told
                    if place is not None and isinstance(response, Condition):
                        failures.append(self._failure(response))
        except BaseException:  # also when the caller stops early: the rest would still come
            self.close()
            raise
        for failure in filter(None, failures):
            raise failure

    @property
    def has_email_ids(self) -> bool:
        """Whether the server gives a message an id that it keeps when it is moved."""
        return bool(self._email_id)

    @property
    def _email_id(self) -> bytes:
        """What FETCH is asked for, to recognise a message in another folder."""
        if "OBJECTID" in self.capabilities:
            return b" EMAILID"
        return b" X-GM-MSGID" if "X-GM-EXT-1" in self.capabilities else b""

    def fetch_messages(
        self, uids: Iterable[Uid], open_body: Callable[[], Body]
    ) -> Iterator[Fetched]:
        """Fetch messages into bodies that `open_body` makes, one at a time, as they arrive.

        A UID that no longer exists is simply not among them. Of very many, a server that works
        on several commands at once sends some out of order.

        Raises: MailError; the body that was being written is then incomplete. CommandFailed
            comes after all that could be had.
        """
        return self.fetch_sets(pieces(uids, most=FETCH_SET), open_body)

    def fetch_sets(
        self, sets: Iterable[bytes], open_body: Callable[[], Body], *, ahead: int | None = None
    ) -> Iterator[Fetched]:
        """Fetch messages as `fetch_messages` does, by one command for each set of UIDs.

        With `ahead`, at most so many are on their way, and the next set is asked for only then.
        """
        self._wire.phase = "UID FETCH messages"
        items = b"UID FLAGS INTERNALDATE%b BODY.PEEK[]" % self._email_id
        commands = (b"UID FETCH %b (%b)" % (some, items) for some in sets)
        failures = []
        try:
            with self._wire.transfer(TRANSFER_CAP):
                for place, response in self._flow(commands, open_body=open_body, ahead=ahead):
                    if isinstance(response, Fetched):
                        yield response
                        continue
                    with self._wire.blaming():
                        fetched = _fetched(answers.attributes(response), open_body)
                    if fetched:
                        yield fetched
                    if place is not None and isinstance(response, Condition):
                        failures.append(self._failure(response))
        except BaseException:  # also when the caller stops early: the rest would still come
            self.close()
            raise
        for failure in filter(None, failures):
            raise failure

    # -- changing ----------------------------------------------------------

    def change_flags(self, uids: Iterable[Uid], flags: Flags, *, add: bool) -> None:
        """Add flags to messages of the open folder, or take them away; the rest stays.

        Keywords that no command can say are left out.

        Raises: CommandFailed when the server refuses; some may be changed then.
        """
        self._wire.phase = "UID STORE"
        names = written(flags)
        if not names:
            return
        sign = b"+" if add else b"-"
        self._all_done(
            [
                b"UID STORE %b %bFLAGS.SILENT (%b)" % (some, sign, names)
                for some in pieces(uids, most=STORE_SET)
            ]
        )

    def delete_messages(self, uids: Iterable[Uid]) -> None:
        """Remove messages of the open folder for good, and no other that is marked (RFC 4315).

        Raises: CommandFailed when the server refuses; some may be gone then, others marked.
            Refused without UIDPLUS: plain EXPUNGE would remove what others marked, too.
        """
        if "UIDPLUS" not in self.capabilities:
            raise Refused(f"{self._wire.where}: the server lacks UIDPLUS")
        wanted = set(uids)
        self.change_flags(wanted, frozenset({Flag.DELETED}), add=True)
        self._wire.phase = "UID EXPUNGE"
        self._all_done([b"UID EXPUNGE %b" % some for some in pieces(wanted, most=STORE_SET)])

    def move(self, uids: Iterable[Uid], folder: bytes) -> Moved | None:
        """Move messages of the open folder to another, by its wire name (RFC 6851).

        Returns where they went, None where the server does not say, or not plausibly. One that
        is no longer there is not among them.

        Raises: CommandFailed when the server refuses; some may be moved then.
        """
        return self._transfer(b"MOVE", uids, folder)

    def copy(self, uids: Iterable[Uid], folder: bytes) -> Moved | None:
        """Copy messages of the open folder to another, by its wire name; else as `move`."""
        return self._transfer(b"COPY", uids, folder)

    def _transfer(self, verb: bytes, uids: Iterable[Uid], folder: bytes) -> Moved | None:
        self._wire.phase = f"UID {verb.decode()}"
        wanted = set(uids)
        done = self._all_done(
            [
                b"UID %b %b %b" % (verb, some, quoted(folder))
                for some in pieces(wanted, most=STORE_SET)
            ]
        )
        return answers.moved(done, wanted)


def written(flags: Flags) -> bytes:
    """Return the names of flags as a command has them, without those that are no atoms."""
    names = (
        flag.imap for flag in flags if isinstance(flag, Flag) or re.fullmatch(_ATOM, flag.imap)
    )
    return b" ".join(sorted(name.encode("ascii") for name in names))


def _fetched(told: dict[str, Value], open_body: Callable[[], Body]) -> Fetched | None:
    """Make a message of what FETCH told; None for a flag change by somebody else, in passing."""
    if "BODY[]" not in told:
        return None
    value = told["BODY[]"]
    if isinstance(value, bytes):  # a quoted string: "" for an empty message
        body = open_body()
        body.write(value)
        value = Streamed(body, len(value))
    streamed = value if isinstance(value, Streamed) else None
    return Fetched(
        answers.uid(told),
        answers.flags(told),
        answers.internal_date(told),
        streamed.body if streamed else None,
        streamed.size if streamed else 0,
        answers.email_id(told),
    )
