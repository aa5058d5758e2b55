"""An IMAP session: what can be asked of folders and messages, as typed calls.

Names and arguments are encoded here, once, as bytes. RFC 3501; UIDPLUS by
RFC 4315, LIST-EXTENDED and LIST-STATUS by RFC 5258 and RFC 5819, special uses
by RFC 6154.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from mailcli.errors import NotFound
from mailcli.imap import responses
from mailcli.imap.connection import TRANSFER_CAP, CommandFailed, ImapConnection, quoted
from mailcli.imap.names import decode, encode
from mailcli.imap.responses import Condition, Data, Streamed, Value
from mailcli.imap.sets import compress
from mailcli.imap.values import ROLES, Body, Fetched, FlagState, Folder, Selected
from mailcli.model import Flags, Uid, UidValidity

__all__ = ["CommandFailed", "ImapSession"]

MAX_UID = 2**32 - 1


class ImapSession(ImapConnection):
    """One connection to a mail store, greeted and, where asked, inside TLS."""

    # -- folders -----------------------------------------------------------

    def list_folders(self, *, counts: bool = False) -> list[Folder]:
        """Return every folder, with its role and whether it is subscribed.

        With `counts`, the number of messages and of unseen ones: in the same round trip
        where the server has LIST-STATUS, by one STATUS each where it has not.

        Raises: ProtocolViolation for a name that cannot be decoded.
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
            options.append(b"STATUS (MESSAGES UNSEEN)")
        answer = self._run(b'LIST "" "*" RETURN (%b)' % b" ".join(options))
        folders = [self._folder(data.values) for data in answer.data("LIST")]
        found = dict(self._status_counts(data) for data in answer.data("STATUS"))
        folders = [_with_counts(f, found.get(f.wire)) for f in folders]
        return [self._counted(f) for f in folders] if counts and not inline else folders

    def _plain_list(self) -> list[Folder]:
        answer = self._run(b'LIST "" "*"')
        subscribed = {
            responses.octets(d.values[2])
            for d in self._run(b'LSUB "" "*"').data("LSUB")
            if len(d.values) == 3
        }
        folders = [self._folder(data.values) for data in answer.data("LIST")]
        return [replace(f, subscribed=f.wire in subscribed) for f in folders]

    def _folder(self, values: list[Value]) -> Folder:
        """Read the tail of a LIST response: attributes, delimiter, name, extended data."""
        if len(values) < 3:
            raise self._wire.violation("a LIST response is too short")
        attributes = {responses.octets(a).decode("ascii", "replace").upper()
                      for a in responses.items(values[0])}  # fmt: skip
        delimiter = None if values[1] is None else responses.octets(values[1]).decode("utf-8")
        wire = responses.octets(values[2])
        roles = [ROLES[a] for a in sorted(attributes) if a in ROLES]
        return Folder(
            wire,
            decode(wire),
            delimiter,
            roles[0] if roles else None,
            "\\SUBSCRIBED" in attributes,
            not attributes & {"\\NOSELECT", "\\NONEXISTENT"},
        )

    def _status_counts(self, data: Data) -> tuple[bytes, tuple[int, int]]:
        if len(data.values) != 2:
            raise self._wire.violation("a STATUS response is malformed")
        found = responses.pairs(data.values[1])
        counts = (responses.number(found.get("MESSAGES")), responses.number(found.get("UNSEEN")))
        return responses.octets(data.values[0]), counts

    def _counted(self, folder: Folder) -> Folder:
        if not folder.selectable:
            return folder
        answer = self._run(b"STATUS %b (MESSAGES UNSEEN)" % quoted(folder.wire))
        found = dict(self._status_counts(data) for data in answer.data("STATUS"))
        return _with_counts(folder, found.get(folder.wire))

    def personal_prefix(self) -> str:
        """Return what stands before the user's own folders, such as `INBOX.` (RFC 2342)."""
        self._wire.phase = "NAMESPACE"
        if "NAMESPACE" not in self.capabilities:
            return ""
        for data in self._run(b"NAMESPACE").data("NAMESPACE"):
            personal = data.values[0] if data.values else None
            if personal is not None:
                first = responses.items(responses.items(personal)[0])
                return decode(responses.octets(first[0]))
        return ""

    def create(self, name: str) -> bytes:
        """Create a folder and return its name as the wire has it.

        Raises: CommandFailed, also when it exists already.
        """
        self._wire.phase = f"CREATE {name}"
        wire = encode(name)
        self._run(b"CREATE %b" % quoted(wire))
        return wire

    def select(self, folder: bytes, *, read_only: bool = False) -> Selected:
        """Open a folder by its wire name.

        Raises: NotFound (66) where it does not exist, ProtocolViolation (76) without
            UIDVALIDITY, on which everything else rests.
        """
        self._wire.phase = f"SELECT {folder.decode('ascii', 'replace')}"
        command = b"EXAMINE" if read_only else b"SELECT"
        try:
            answer = self._run(command + b" " + quoted(folder))
        except CommandFailed as exc:
            raise NotFound(exc.message) if exc.response_code == "NONEXISTENT" else exc from exc
        uidvalidity = answer.code("UIDVALIDITY")
        if not uidvalidity or not 0 < responses.number(uidvalidity[0]) <= MAX_UID:
            raise self._wire.violation("the folder has no UIDVALIDITY")
        exists = [data.number for data in answer.data("EXISTS")]
        uidnext = answer.code("UIDNEXT")
        return Selected(
            exists[-1] or 0 if exists else 0,
            UidValidity(responses.number(uidvalidity[0])),
            responses.number(uidnext[0]) if uidnext else None,
            read_only or answer.final.code == "READ-ONLY",
        )

    # -- messages ----------------------------------------------------------

    def fetch_flags(self, exists: int) -> dict[Uid, FlagState]:
        """Return the flags of every message in the open folder, by UID.

        Raises: ProtocolViolation when the listing is not complete: then absence proves nothing.
        """
        if not exists:
            return {}
        self._wire.phase = "UID FETCH flags"
        answer = self._run(b"UID FETCH 1:* (UID FLAGS)")
        found: dict[Uid, FlagState] = {}
        for data in answer.data("FETCH"):
            attributes = self._attributes(data)
            if "FLAGS" in attributes and "UID" in attributes:
                found[self._uid(attributes)] = self._flags(attributes)
        gone = sum(1 for _ in answer.data("EXPUNGE"))
        if len(found) < exists - gone:
            raise self._wire.violation(
                f"the folder has {exists} messages, the server listed {len(found)}"
            )
        return found

    def fetch_messages(
        self, uids: Iterable[Uid], open_body: Callable[[], Body]
    ) -> Iterator[Fetched]:
        """Fetch messages into bodies that `open_body` makes, one at a time, as they arrive.

        A UID that no longer exists is simply not among them.

        Raises: MailError; the body that was being written is then incomplete.
        """
        self._wire.phase = "UID FETCH messages"
        tag = self._send(
            b"UID FETCH %b (UID FLAGS INTERNALDATE BODY.PEEK[])" % compress(uids).encode()
        )
        with self._wire.transfer(TRANSFER_CAP):
            while True:
                response = self._read(open_body)
                if isinstance(response, Condition) and response.tag == tag:
                    self._check(response)
                    return
                self._heed(response)
                if isinstance(response, Data) and response.name == "FETCH":
                    fetched = self._fetched(self._attributes(response))
                    if fetched:
                        yield fetched

    def _fetched(self, attributes: dict[str, Value]) -> Fetched | None:
        if "BODY[]" not in attributes:
            return None  # a flag change by somebody else, told in passing
        value = attributes["BODY[]"]
        streamed = value if isinstance(value, Streamed) else None
        return Fetched(
            self._uid(attributes),
            self._flags(attributes),
            _internal_date(attributes.get("INTERNALDATE")),
            streamed.body if streamed else None,
            streamed.size if streamed else 0,
        )

    def _attributes(self, data: Data) -> dict[str, Value]:
        if len(data.values) != 1:
            raise self._wire.violation("a FETCH response is malformed")
        return responses.pairs(data.values[0])

    def _uid(self, attributes: dict[str, Value]) -> Uid:
        uid = responses.number(attributes.get("UID"))
        if not 0 < uid <= MAX_UID:
            raise self._wire.violation(f"UID {uid} is out of range")
        return Uid(uid)

    def _flags(self, attributes: dict[str, Value]) -> FlagState:
        names = responses.items(attributes.get("FLAGS", []))
        return FlagState.parse(responses.octets(name) for name in names)

    def change_flags(self, uids: Iterable[Uid], flags: Flags, *, add: bool) -> None:
        """Add flags to messages of the open folder, or take them away; the rest stays.

        Raises: CommandFailed when the server refuses.
        """
        self._wire.phase = "UID STORE"
        names = b" ".join(sorted(flag.imap.encode() for flag in flags))
        sign = b"+" if add else b"-"
        where = compress(uids).encode()
        self._run(b"UID STORE %b %bFLAGS.SILENT (%b)" % (where, sign, names))

    def search_message_id(self, message_id: str) -> list[Uid]:
        """Return the messages of the open folder with this Message-ID, oldest first."""
        self._wire.phase = "UID SEARCH"
        if not message_id.isascii():
            return []  # it would need a charset, which servers need not know
        answer = self._run(b"UID SEARCH HEADER Message-ID " + quoted(message_id.encode("ascii")))
        found = (responses.number(v) for data in answer.data("SEARCH") for v in data.values)
        return sorted(Uid(uid) for uid in found if 0 < uid <= MAX_UID)

    def append(
        self, folder: bytes, message: Iterable[bytes], *, size: int, flags: Flags
    ) -> tuple[UidValidity, Uid] | None:
        """Store a message of `size` octets in a folder; return its place where the server says.

        Raises: CommandFailed when the server refuses; TemporaryFailure when the answer is
            lost, and then the message may be there.
        """
        self._wire.phase = "APPEND"
        tag = self._client.tag()
        names = b" ".join(sorted(flag.imap.encode() for flag in flags))
        head = b"%b APPEND %b (%b) {%d}\r\n" % (tag, quoted(folder), names, size)
        self._wire.sendall(head)

        def send_message(_: bytes) -> None:
            for chunk in message:
                self._wire.send_data(chunk)
            self._wire.sendall(b"\r\n")

        place = self._collect(tag, send_message).code("APPENDUID")
        if not place or len(place) != 2:
            return None
        return UidValidity(responses.number(place[0])), Uid(responses.number(place[1]))


def _internal_date(value: Value) -> datetime | None:
    """Read `dd-Mon-yyyy hh:mm:ss +zzzz` (RFC 3501 §9, date-time); None when it is not one."""
    if not isinstance(value, bytes):
        return None
    try:
        return datetime.strptime(value.decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return None


def _with_counts(folder: Folder, counts: tuple[int, int] | None) -> Folder:
    return replace(folder, messages=counts[0], unseen=counts[1]) if counts else folder
