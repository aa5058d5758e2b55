"""An IMAP session: what can be asked of folders and messages, as typed calls.

Names and arguments are encoded here, once, as bytes. RFC 3501; UIDPLUS by
RFC 4315, MOVE by RFC 6851, LIST-EXTENDED and LIST-STATUS by RFC 5258 and RFC 5819, special uses
by RFC 6154, sizes by RFC 8438.
"""

import imaplib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from mailcli.errors import LocalError, NotFound, ProtocolViolation, Refused
from mailcli.imap import answers
from mailcli.imap.connection import (
    ANSWER_CAP,
    TRANSFER_CAP,
    CommandFailed,
    FolderUnusable,
    ImapConnection,
    quoted,
)
from mailcli.imap.names import encode
from mailcli.imap.responses import Data, Streamed, Value
from mailcli.imap.sets import compress
from mailcli.imap.values import Body, Counts, Fetched, Folder, Selected
from mailcli.model import Flag, Flags, Uid, UidValidity

__all__ = ["CommandFailed", "FolderUnusable", "ImapSession"]

STORE_SET = 500
"""Messages named by one command: servers bear lines of 8,192 octets (RFC 7162 §4)."""

FLAGS_CAP = 1024
"""Octets that the flags of one message may take in a listing."""

LISTING_CAP = 1024 * 1024 * 1024
"""Octets that a listing of flags may have: some ten million messages."""


class ImapSession(ImapConnection):
    """One connection to a mail store, greeted and, where asked, inside TLS."""

    # -- folders -----------------------------------------------------------

    def list_folders(self, *, counts: bool = False) -> list[Folder]:
        """Return every folder, with its role and whether it is subscribed.

        With `counts`, the number of messages and of unseen ones, and their octets where the
        server has STATUS=SIZE: in the same round trip where it has LIST-STATUS, by one STATUS
        each where it has not.

        A name that no decoder understands stands there with its octets as surrogates.
        """
        self._wire.phase = "LIST"
        extended = "LIST-EXTENDED" in self.capabilities
        if not extended:
            folders = self._plain_list()
            return [self._counted(f) for f in folders] if counts else folders
        options = [
            b"SUBSCRIBED",
            *([b"SPECIAL-USE"] if "SPECIAL-USE" in self.capabilities else []),
        ]
        inline = counts and "LIST-STATUS" in self.capabilities
        if inline:
            options.append(b"STATUS (%b)" % self._items)
        answer = self._run(b'LIST "" "*" RETURN (%b)' % b" ".join(options))
        with self._wire.blaming():
            found = answers.counts(answer)
            folders = [_with_counts(f, found.get(f.wire)) for f in answers.folders(answer)]
        return [self._counted(f) for f in folders] if counts and not inline else folders

    def _plain_list(self) -> list[Folder]:
        answer = self._run(b'LIST "" "*"')
        lsub = self._run(b'LSUB "" "*"')
        with self._wire.blaming():
            known = answers.subscribed(lsub)
            return [replace(f, subscribed=f.wire in known) for f in answers.folders(answer)]

    def _counted(self, folder: Folder) -> Folder:
        if not folder.selectable or not folder.can_be_named:
            return folder
        try:
            answer = self._run(b"STATUS %b (%b)" % (quoted(folder.wire), self._items))
        except CommandFailed:
            return folder  # such as one that we may see but not open
        with self._wire.blaming():
            return _with_counts(folder, answers.counts(answer).get(folder.wire))

    @property
    def _items(self) -> bytes:
        """What STATUS is asked for."""
        return b"MESSAGES UNSEEN" + (b" SIZE" if "STATUS=SIZE" in self.capabilities else b"")

    def personal_prefix(self) -> str:
        """Return what stands before the user's own folders, such as `INBOX.` (RFC 2342)."""
        self._wire.phase = "NAMESPACE"
        if "NAMESPACE" not in self.capabilities:
            return ""
        answer = self._run(b"NAMESPACE")
        with self._wire.blaming():
            return answers.personal_prefix(answer)

    def create(self, name: str) -> bytes:
        """Create a folder and return its name as the wire has it.

        Raises: CommandFailed, also when it exists already.
        """
        self._wire.phase = f"CREATE {name}"
        wire = encode(name)
        self._run(b"CREATE %b" % quoted(wire))
        return wire

    def rename(self, folder: bytes, name: str) -> bytes:
        """Give a folder, and all inside it, another name; return that as the wire has it.

        Subscriptions stay with the old names (RFC 3501 §6.3.5).

        Raises: CommandFailed, also when the new name is taken.
        """
        self._wire.phase = f"RENAME {folder.decode('ascii', 'replace')}"
        wire = encode(name)
        self._run(b"RENAME %b %b" % (quoted(folder), quoted(wire)))
        return wire

    def delete(self, folder: bytes) -> None:
        """Delete a folder with its messages; its subscription stays (RFC 3501 §6.3.4).

        Raises: CommandFailed, also when it does not exist.
        """
        self._wire.phase = f"DELETE {folder.decode('ascii', 'replace')}"
        self._run(b"DELETE %b" % quoted(folder))

    def subscribe(self, folder: bytes, *, on: bool = True) -> None:
        """Subscribe a folder, or with `on=False` unsubscribe it (RFC 3501 §6.3.6, §6.3.7).

        Raises: CommandFailed when the server refuses.
        """
        verb = b"SUBSCRIBE" if on else b"UNSUBSCRIBE"
        self._wire.phase = f"{verb.decode()} {folder.decode('ascii', 'replace')}"
        self._run(verb + b" " + quoted(folder))

    def select(self, folder: bytes, *, read_only: bool = False) -> Selected:
        """Open a folder by its wire name.

        Raises: NotFound (66) where it does not exist, FolderUnusable (76) without
            UIDVALIDITY, on which everything else rests.
        """
        self._wire.phase = f"SELECT {folder.decode('ascii', 'replace')}"
        command = b"EXAMINE" if read_only else b"SELECT"
        try:
            answer = self._run(command + b" " + quoted(folder))
        except CommandFailed as exc:
            raise NotFound(exc.message) if exc.response_code == "NONEXISTENT" else exc from exc
        try:
            return answers.selected(answer, read_only=read_only)
        except ProtocolViolation as exc:
            raise FolderUnusable(f"{self._wire.where}: {exc.message.partition(':')[0]}") from exc

    # -- messages ----------------------------------------------------------

    def fetch_flags(self, exists: int) -> dict[Uid, Flags]:
        """Return the flags of every message in the open folder, by UID.

        Raises: FolderUnusable when the listing is not complete: then absence proves nothing.
        """
        if not exists:
            return {}
        self._wire.phase = "UID FETCH flags"
        found: dict[Uid, Flags] = {}
        gone = 0
        with self._wire.transfer(ANSWER_CAP + min(exists * FLAGS_CAP, LISTING_CAP)):
            for response in self._responses(self._send(b"UID FETCH 1:* (UID FLAGS)")):
                with self._wire.blaming():
                    told = answers.attributes(response)
                    if "FLAGS" in told and "UID" in told:
                        found[answers.uid(told)] = answers.flags(told)
                gone += isinstance(response, Data) and response.name == "EXPUNGE"
        if len(found) < exists - gone:
            why = f"the folder has {exists} messages, the server listed {len(found)}"
            raise FolderUnusable(f"{self._wire.where}: {why}")
        return found

    def fetch_sizes(self, uids: Iterable[Uid]) -> dict[Uid, int]:
        """Return the octets (RFC822.SIZE) of messages in the open folder, by UID."""
        self._wire.phase = "UID FETCH sizes"
        wanted = sorted(set(uids))
        found: dict[Uid, int] = {}
        for start in range(0, len(wanted), STORE_SET):
            where = compress(wanted[start : start + STORE_SET]).encode()
            answer = self._run(b"UID FETCH %b (UID RFC822.SIZE)" % where)
            with self._wire.blaming():
                found |= answers.sizes(answer)
        return found

    def fetch_messages(
        self, uids: Iterable[Uid], open_body: Callable[[], Body]
    ) -> Iterator[Fetched]:
        """Fetch messages into bodies that `open_body` makes, one at a time, as they arrive.

        A UID that no longer exists is simply not among them.

        Raises: MailError; the body that was being written is then incomplete.
        """
        self._wire.phase = "UID FETCH messages"
        wanted = compress(uids).encode()
        if not wanted:
            return
        tag = self._send(b"UID FETCH %b (UID FLAGS INTERNALDATE BODY.PEEK[])" % wanted)
        try:
            with self._wire.transfer(TRANSFER_CAP):
                for response in self._responses(tag, open_body=open_body):
                    with self._wire.blaming():
                        fetched = _fetched(answers.attributes(response), open_body)
                    if fetched:
                        yield fetched
        except CommandFailed:
            raise
        except BaseException:  # also when the caller stops early: the rest would still come
            self.close()
            raise

    def change_flags(self, uids: Iterable[Uid], flags: Flags, *, add: bool) -> None:
        """Add flags to messages of the open folder, or take them away; the rest stays.

        Raises: CommandFailed when the server refuses.
        """
        self._wire.phase = "UID STORE"
        names = b" ".join(sorted(flag.imap.encode() for flag in flags))
        sign = b"+" if add else b"-"
        wanted = sorted(set(uids))
        for start in range(0, len(wanted), STORE_SET):
            where = compress(wanted[start : start + STORE_SET]).encode()
            self._run(b"UID STORE %b %bFLAGS.SILENT (%b)" % (where, sign, names))

    def delete_messages(self, uids: Iterable[Uid]) -> None:
        """Remove messages of the open folder for good, and no other that is marked (RFC 4315).

        Raises: CommandFailed when the server refuses; some may be gone then, others marked.
            Refused without UIDPLUS: plain EXPUNGE would remove what others marked, too.
        """
        if "UIDPLUS" not in self.capabilities:
            raise Refused(f"{self._wire.where}: the server lacks UIDPLUS")
        wanted = sorted(set(uids))
        for start in range(0, len(wanted), STORE_SET):
            some = wanted[start : start + STORE_SET]
            self.change_flags(some, frozenset({Flag.DELETED}), add=True)
            self._wire.phase = "UID EXPUNGE"
            self._run(b"UID EXPUNGE %b" % compress(some).encode())

    def move(self, uids: Iterable[Uid], folder: bytes) -> None:
        """Move messages of the open folder to another, by its wire name (RFC 6851).

        Raises: CommandFailed when the server refuses.
        """
        self._wire.phase = "UID MOVE"
        wanted = sorted(set(uids))
        for start in range(0, len(wanted), STORE_SET):
            where = compress(wanted[start : start + STORE_SET]).encode()
            self._run(b"UID MOVE %b %b" % (where, quoted(folder)))

    def search_message_id(self, message_id: str) -> list[Uid]:
        """Return the messages of the open folder with this Message-ID, oldest first."""
        self._wire.phase = "UID SEARCH"
        if not (message_id.isascii() and message_id.isprintable()):
            return []  # it would need a charset, which servers need not know, or fits no line
        answer = self._run(b"UID SEARCH HEADER Message-ID " + quoted(message_id.encode("ascii")))
        with self._wire.blaming():
            return answers.uids_found(answer)

    def append(
        self,
        folder: bytes,
        message: Iterable[bytes],
        *,
        size: int,
        flags: Flags,
        received: datetime | None = None,
    ) -> tuple[UidValidity, Uid] | None:
        """Store a message of `size` octets in a folder; return its place where the server says.

        `received`, which knows its time zone, becomes its internal date instead of now.

        Raises: CommandFailed when the server refuses; TemporaryFailure when the answer is
            lost, and then the message may be there.
        """
        self._wire.phase = "APPEND"
        names = b" ".join(sorted(flag.imap.encode() for flag in flags))
        date = b" " + imaplib.Time2Internaldate(received).encode() if received else b""
        tag = self._send(b"APPEND %b (%b)%b {%d}" % (quoted(folder), names, date, size))
        asked = 0

        def send_message(_: bytes) -> None:
            nonlocal asked
            asked += 1
            if asked > 1:  # a second time it would be taken for commands
                raise self._wire.violation("the server asks for the message twice")
            self._send_literal(message, size)

        answer = self._collect(tag, send_message)
        if not asked:
            raise self._wire.violation("the server is content without having got the message")
        return answers.place(answer)

    def _send_literal(self, message: Iterable[bytes], size: int) -> None:
        """Send exactly the octets that were announced; with less or more, nothing else can follow.

        Raises: LocalError when the message has another size by now.
        """
        left = size
        try:
            for chunk in message:
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
        self._wire.sendall(b"\r\n")


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
    )


def _with_counts(folder: Folder, counts: Counts | None) -> Folder:
    if counts is None:
        return folder
    return replace(folder, messages=counts.messages, unseen=counts.unseen, size=counts.size)
