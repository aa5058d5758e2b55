"""A third client of the account, beside the devices: the standard library's, no code of ours.

It does on the server what other mail programs do, and reads all that is there.
"""

import contextlib
import imaplib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tests.support.sync_world_mail import Copies, Copy, Marks, content_of

_PARTS: Final = {"Entwürfe": "Entw&APw-rfe"}
"""Parts of names that are other octets on the wire (RFC 3501 §5.1.3), written down by hand."""


def on_the_wire(folder: str) -> str:
    """Return a folder's name in modified UTF-7."""
    return "/".join(_PARTS.get(part, part) for part in folder.split("/"))


def from_the_wire(name: str) -> str:
    """Return a name in modified UTF-7 as a person writes it."""
    parts = {wire: part for part, wire in _PARTS.items()}
    return "/".join(parts.get(part, part) for part in name.split("/"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens without TLS, and who logs in with what."""

    port: int
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Remote:
    """A message on the server."""

    uid: int
    copy: Copy


class ThirdClient:
    """One connection, made when it is needed; `logins` counts them.

    `left_out` are folders of the server that no device mirrors.
    """

    def __init__(self, place: Place, *, left_out: Iterable[str] = ()) -> None:
        self.place = place
        self.logins = 0
        self._left_out = frozenset(left_out)
        self._capabilities: frozenset[str] = frozenset()
        self._open: imaplib.IMAP4 | None = None

    @property
    def _session(self) -> imaplib.IMAP4:
        if self._open is None:
            self._open = imaplib.IMAP4("127.0.0.1", self.place.port, timeout=30)
            self._open.login(self.place.user, self.place.password)
            self.logins += 1
            _, told = self._open.capability()  # it is another one before the login
            self._capabilities = frozenset(told[0].decode("ascii").upper().split())
        return self._open

    def close(self) -> None:
        """End the connection, if there is one; the next call makes another."""
        if self._open is not None:
            with contextlib.suppress(imaplib.IMAP4.error, OSError):
                self._open.logout()
            self._open = None

    # -- looking -----------------------------------------------------------

    def folders(self) -> list[str]:
        """Return the folders that can hold messages, sorted."""
        _, lines = self._session.list()
        found = (_LISTED.match(line) for line in lines if isinstance(line, bytes))
        names = [
            _decoded(match["name"])
            for match in found
            if match and b"\\noselect" not in match["flags"].lower()
        ]
        return sorted(name for name in names if name not in self._left_out)

    def messages(self) -> list[Remote]:
        """Return every message of every folder; a look changes nothing, no `\\Recent` either."""
        found = [each for folder in self.folders() for each in self._messages(folder)]
        self._leave()
        return found

    def copies(self) -> Copies:
        """Return what there is, without UIDs."""
        return Counter(each.copy for each in self.messages())

    def raw(self, remote: Remote) -> bytes:
        """Return the octets of a message."""
        self._done(self._session.select(_quoted(remote.copy.folder), readonly=True))
        _, data = self._session.uid("FETCH", str(remote.uid), "(BODY.PEEK[])")
        self._leave()
        return bytes(next(item for item in data if isinstance(item, tuple))[1])

    def counters(self) -> list[str]:
        """Return each folder's counters: any change there moves at least one of them."""
        session = self._session
        modseq = " HIGHESTMODSEQ" if "CONDSTORE" in self._capabilities else ""
        items = f"(MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN{modseq})"
        return [repr(session.status(_quoted(name), items)[1]) for name in self.folders()]

    def _messages(self, folder: str) -> list[Remote]:
        session = self._session
        self._done(session.select(_quoted(folder), readonly=True))
        if session.response("EXISTS")[1] == [b"0"]:
            return []
        _, data = session.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])")
        found = []
        for item in data:
            if not isinstance(item, tuple):
                continue
            uid, flags = _UID.search(item[0]), _FLAGS.search(item[0])
            assert uid
            assert flags
            found.append(Remote(int(uid[1]), Copy(folder, content_of(item[1]), _marks(flags[1]))))
        return sorted(found, key=lambda each: each.uid)

    # -- doing -------------------------------------------------------------

    def deliver(self, folder: str, raw: bytes, marks: Iterable[str] = ()) -> None:
        """Append a message exactly as it is; imaplib's own `append` would change line ends."""
        command = f"put APPEND {_quoted(folder)} ({' '.join(sorted(marks))}) {{{len(raw)}}}\r\n"
        session = self._session
        session.send(command.encode("ascii"))
        self._await(session, b"+")
        session.send(raw + b"\r\n")
        answer = self._await(session, b"put ")
        assert answer.startswith(b"put OK"), answer

    def mark(self, remote: Remote, mark: str, *, on: bool) -> None:
        """Set or take away a flag or keyword."""
        self._select(remote.copy.folder)
        change = f"{'+' if on else '-'}FLAGS.SILENT"
        self._done(self._session.uid("STORE", str(remote.uid), change, f"({mark})"))
        self._leave()

    def move(self, remote: Remote, folder: str) -> None:
        """Move a message as any client does: by MOVE, or by COPY and a deletion."""
        self._select(remote.copy.folder)
        if "MOVE" in self._capabilities:
            self._done(self._session.uid("MOVE", str(remote.uid), _quoted(folder)))
        else:
            self._done(self._session.uid("COPY", str(remote.uid), _quoted(folder)))
            self._expunge(remote.uid)
        self._leave()

    def delete(self, remote: Remote) -> None:
        """Delete one message for good."""
        self._select(remote.copy.folder)
        self._expunge(remote.uid)
        self._leave()

    def create(self, folder: str) -> None:
        """Make a folder."""
        self._done(self._session.create(_quoted(folder)))

    def rename(self, old: str, new: str) -> None:
        """Give a folder, and all below it, another name."""
        self._done(self._session.rename(_quoted(old), _quoted(new)))

    def remove(self, folder: str) -> None:
        """Delete a folder with all that is in it."""
        self._done(self._session.delete(_quoted(folder)))

    def recreate(self, folder: str) -> None:
        """Make a folder anew: other UIDVALIDITY, the same messages under each other's UIDs."""
        there = [(each.copy.marks, self.raw(each)) for each in self._messages(folder)]
        self._leave()
        self.remove(folder)
        self.create(folder)
        for marks, raw in reversed(there):
            self.deliver(folder, raw, marks)

    def _expunge(self, uid: int) -> None:
        self._done(self._session.uid("STORE", str(uid), "+FLAGS.SILENT", "(\\Deleted)"))
        if "UIDPLUS" in self._capabilities:
            self._done(self._session.uid("EXPUNGE", str(uid)))
        else:
            self._done(self._session.expunge())

    def _select(self, folder: str) -> None:
        self._done(self._session.select(_quoted(folder)))

    def _leave(self) -> None:
        """Leave no folder selected that others may rename or remove, and that STATUS shows stale.

        Dovecot ends the connection of whoever has selected a folder that goes.
        """
        if self._session.state != "SELECTED":
            return
        if "UNSELECT" in self._capabilities:
            self._done(self._session.unselect())
        else:
            self._done(self._session.select("INBOX", readonly=True))

    def _done(self, answer: tuple[str, object]) -> None:
        assert answer[0] == "OK", answer

    def _await(self, session: imaplib.IMAP4, start: bytes) -> bytes:
        while line := session.readline():
            if line.startswith((start, b"put ")):
                return bytes(line)
        raise session.abort("the connection ended within APPEND")


def _marks(flags: bytes) -> Marks:
    return frozenset(flags.decode("ascii").split()) - {"\\Recent"}


def _decoded(name: bytes) -> str:
    return from_the_wire(name.decode("ascii").strip('"'))


def _quoted(folder: str) -> str:
    return f'"{on_the_wire(folder)}"'


_LISTED: Final = re.compile(rb'\((?P<flags>[^)]*)\) (?:"[^"]*"|NIL) (?P<name>.+)')
_UID: Final = re.compile(rb"UID (\d+)")
_FLAGS: Final = re.compile(rb"FLAGS \(([^)]*)\)")
