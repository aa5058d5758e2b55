"""A small IMAP server in memory that plays a profile: what it announces, and its quirks.

The demo's commands over the demo's mailbox, with what they lack: ENABLE, CONDSTORE, ESEARCH, one
log of all that clients said. One thread for each connection, one lock for all.
"""

import base64
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from types import TracebackType
from typing import Self

from mailcli.demo.imap_commands import Command, Commands, Refused, parse
from mailcli.demo.imap_syntax import SyntaxRefused, Token, literal_size, tokens, word, words
from mailcli.demo.mailbox import FolderRefusal, Mailbox, Message
from tests.support.imap_profiles import Profile, Quirk

AHEAD = 1000
"""How far UIDNEXT is too high where it is."""

USER, PASSWORD = "ada", "pw"
_BEFORE_LOGIN = {"CAPABILITY", "ID", "LOGIN", "LOGOUT", "AUTHENTICATE"}
_FETCH = re.compile(rb"\* \d+ FETCH \(UID (\d+)")
_STATUS = re.compile(rb'\* STATUS ("(?:[^"\\]|\\.)*"|\S+) \((.*)\)')


class ProfileServer:
    """A server on loopback; `mailbox` is what it holds, `commands` what clients said."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.mailbox = Mailbox(7)
        self.commands: list[str] = []
        self.unfetchable: set[int] = set()
        self.modseqs = _Modseqs(self.mailbox, stalls=Quirk.MODSEQ_STALLS in profile.quirks)
        self.lock = threading.Lock()
        self._server = _Listener(self)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def deliver(self, *raws: bytes, folder: str = "INBOX", flags: Iterable[str] = ()) -> list[int]:
        """Put messages into a folder, which is made where it is missing; return their UIDs."""
        with self.lock:
            if folder not in self.mailbox.folders:
                self.mailbox.create(folder)
            target = self.mailbox.folder(folder)
            now = datetime.now(UTC)
            return [self.mailbox.add(target, raw, now, flags=flags).uid for raw in raws]

    def held(self, folder: str = "INBOX") -> list[bytes]:
        """Return the messages of a folder in UID order."""
        with self.lock:
            return [message.raw for message in self.mailbox.folder(folder).messages.values()]

    def flags(self, folder: str = "INBOX") -> dict[int, frozenset[str]]:
        """Return each message's flags by UID."""
        with self.lock:
            messages = self.mailbox.folder(folder).messages
            return {uid: message.flags for uid, message in messages.items()}

    def flag(self, uid: int, *names: str, folder: str = "INBOX") -> None:
        """Add flags to a message, as another client would."""
        with self.lock:
            message = self.mailbox.folder(folder).messages[uid]
            self.mailbox.set_flags(message, message.flags | frozenset(names))

    def remove(self, *uids: int, folder: str = "INBOX") -> None:
        """Take messages away, as another client would."""
        with self.lock:
            self.mailbox.remove(self.mailbox.folder(folder), uids)


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, server: ProfileServer) -> None:
        self.played = server
        super().__init__(("127.0.0.1", 0), _Talk)


class _Modseqs:
    """What CONDSTORE counts (RFC 7162 §3.1.1): looked at before each command."""

    def __init__(self, mailbox: Mailbox, *, stalls: bool) -> None:
        self._mailbox = mailbox
        self._stalls = stalls
        self._known: dict[str, dict[int, tuple[frozenset[str], int]]] = {}
        self._highest: dict[str, int] = {}

    def of(self, folder: str) -> int:
        """Return the highest mod-sequence of a folder."""
        self._look(folder)
        return self._highest[folder]

    def of_message(self, folder: str, uid: int) -> int:
        """Return a message's mod-sequence."""
        self._look(folder)
        return self._known[folder][uid][1] if uid in self._known[folder] else 0

    def _look(self, folder: str) -> None:
        known = self._known.setdefault(folder, {})
        highest = self._highest.setdefault(folder, 1)
        messages = self._mailbox.folder(folder).messages
        for uid in known.keys() - messages.keys():
            del known[uid]
            highest += 1
        for uid, message in messages.items():
            if uid not in known or known[uid][0] != message.flags:
                highest += 0 if self._stalls and uid not in known else 1
                known[uid] = message.flags, highest
        self._highest[folder] = highest


class _Talk(socketserver.StreamRequestHandler):
    """One connection."""

    def setup(self) -> None:
        super().setup()
        assert isinstance(self.server, _Listener)
        self._played = self.server.played
        self._profile = self._played.profile
        self._lines: list[bytes] = []
        self._commands = Commands(self._played.mailbox, self._lines.append)
        self._known = self._identified = self._over = False
        self._open = ""
        self._actions: dict[str, Callable[[Command], str]] = {
            "CAPABILITY": self._capability,
            "ID": self._id,
            "LOGIN": self._login,
            "AUTHENTICATE": self._login,
            "LOGOUT": self._logout,
            "NOOP": lambda _: "nothing done",
            "ENABLE": self._enable,
            "SELECT": self._select,
            "EXAMINE": self._select,
            "STATUS": self._status,
            "LIST": self._status,
            "FETCH": self._fetch,
            "SEARCH": self._search,
            "EXPUNGE": self._expunge,
        }

    def _has(self, quirk: Quirk) -> bool:
        return quirk in self._profile.quirks

    def handle(self) -> None:
        self._send(f"* OK {self._profile.greeting}".encode())
        while not self._over:
            try:
                line, literals = self._read_command()
            except (OSError, ValueError):
                return
            if not line:
                return
            self._played.commands.append(line.decode("utf-8", "replace"))
            with self._played.lock:
                final = self._answer(line, literals)
            self._send(*self._lines, final)
            self._lines.clear()

    def _read_command(self) -> tuple[bytes, list[bytes]]:
        line = part = self.rfile.readline().rstrip(b"\r\n")
        literals: list[bytes] = []
        while (announced := literal_size(part)) is not None:
            size, waits = announced
            if waits:
                self._send(b"+ go on")
            literals.append(self.rfile.read(size))
            part = self.rfile.readline().rstrip(b"\r\n")
            line += part
        return line, literals

    def _answer(self, line: bytes, literals: list[bytes]) -> bytes:
        tag = line.partition(b" ")[0].decode("ascii", "replace")
        try:
            told = self._done(parse(tokens(line, literals)))
        except SyntaxRefused as refusal:
            return f"{tag} BAD {refusal}".encode()
        except (Refused, FolderRefusal) as refusal:
            return f"{tag} NO {refusal}".encode()
        if self._has(Quirk.NO_PLACES):
            told = re.sub(r"^\[(APPENDUID|COPYUID) [^\]]*\] ", "", told)
            self._lines[:] = [each for each in self._lines if b"[COPYUID" not in each]
        return f"{tag} OK {told}".encode()

    def _done(self, command: Command) -> str:
        if not self._known and command.name not in _BEFORE_LOGIN:
            raise SyntaxRefused("log in first")
        told = self._actions.get(command.name, self._commands.run)(command)
        if self._open and not self._over:
            self._commands.tell_news(command)
        return told

    # -- any state ---------------------------------------------------------

    def _capability(self, _: Command) -> str:
        names = self._profile.after if self._known else self._profile.before
        self._lines.append(f"* CAPABILITY {names}".encode())
        return "these"

    def _id(self, _: Command) -> str:
        self._identified = True
        self._lines.append(b"* ID NIL")
        return "pleased"

    def _login(self, command: Command) -> str:
        given = [word(argument) for argument in command.args]
        if command.name == "AUTHENTICATE":
            if len(given) == 1:
                self._send(b"+ ")
                given.append(self.rfile.readline().rstrip(b"\r\n").decode())
            given = base64.b64decode(given[1]).decode().split("\0")[1:]
        if given != [USER, PASSWORD]:
            raise Refused("[AUTHENTICATIONFAILED] no")
        self._known = True
        names = self._profile.after
        if self._has(Quirk.CUT_CAPABILITIES):
            names = names[:24]
        return f"[CAPABILITY {names}] welcome"

    def _logout(self, _: Command) -> str:
        self._lines.append(b"* BYE see you")
        self._over = True
        return "goodbye"

    def _enable(self, command: Command) -> str:
        if not self._profile.can("ENABLE"):
            raise SyntaxRefused("what?")
        known = [name for name in map(word, command.args) if self._profile.can(name)]
        if not self._has(Quirk.ENABLE_IN_SILENCE):
            self._lines.append(f"* ENABLED {' '.join(known)}".rstrip().encode())
        return "done"

    # -- folders -----------------------------------------------------------

    def _select(self, command: Command) -> str:
        if self._has(Quirk.ID_FIRST) and not self._identified:
            raise Refused("SELECT Unsafe Login. Please contact kefu@188.com for help")
        asked = [each for argument in command.args[1:] for each in _flat(argument)]
        if asked and (self._has(Quirk.NO_PARAMETERS) or not self._profile.can("CONDSTORE")):
            raise SyntaxRefused("what?")
        told = self._commands.run(Command(command.tag, command.name, command.args[:1]))
        self._open = self._played.mailbox.folder(word(command.args[0])).name
        self._lines[:] = [found for each in self._lines if (found := self._numbers(each))]
        if self._profile.can("CONDSTORE") or self._has(Quirk.MODSEQ_UNASKED):
            self._lines.append(b"* OK [HIGHESTMODSEQ %d] so far" % self._modseq(self._open))
        if "QRESYNC" in asked and self._has(Quirk.VANISHED_MALFORMED):
            self._lines.append(b"* VANISHED (EARLIER) 1:*")
        return told

    def _numbers(self, line: bytes) -> bytes:
        """Spoil a UIDNEXT as the server does; empty where it is left out."""
        if b"UIDNEXT" in line and self._has(Quirk.NO_UIDNEXT):
            return b""
        return self._ahead(line)

    def _ahead(self, line: bytes) -> bytes:
        if self._has(Quirk.UIDNEXT_AHEAD):
            return re.sub(rb"UIDNEXT (\d+)", lambda m: b"UIDNEXT %d" % (int(m[1]) + AHEAD), line)
        return line

    def _modseq(self, folder: str) -> int:
        if self._has(Quirk.MODSEQ_ZERO) and not self._played.mailbox.folder(folder).messages:
            return 0
        return self._played.modseqs.of(folder)

    def _status(self, command: Command) -> str:
        """STATUS, and LIST with STATUS: HIGHESTMODSEQ and MAILBOXID are ours to add."""
        asked = _flat(command.args)
        wants_modseq = "HIGHESTMODSEQ" in asked
        if wants_modseq and not self._profile.can("CONDSTORE"):
            raise SyntaxRefused("what?")
        if "RETURN" in asked and not self._profile.can("LIST-EXTENDED"):
            raise SyntaxRefused("what?")
        wants_id = "MAILBOXID" in asked
        if wants_id and not self._profile.can("OBJECTID"):
            raise SyntaxRefused("what?")
        ours = {"HIGHESTMODSEQ", "MAILBOXID"}
        args = [_without(argument, ours) for argument in command.args]
        told = self._commands.run(Command(command.tag, command.name, args))
        lines = []
        for line in self._lines:
            found = _STATUS.match(line)
            if not found:
                lines.append(line)
                continue
            name = found[1].strip(b'"').decode()
            if command.name == "LIST" and name != "INBOX" and self._has(Quirk.STATUS_LEFT_OUT):
                continue
            more = b" HIGHESTMODSEQ %d" % self._modseq(name) if wants_modseq else b""
            if wants_id:
                validity = self._played.mailbox.folder(name).uid_validity
                more += b" MAILBOXID (F-%d)" % validity
            lines.append(self._ahead(b"* STATUS %b (%b%b)" % (found[1], found[2], more)))
        self._lines[:] = lines
        return told

    # -- messages ----------------------------------------------------------

    def _fetch(self, command: Command) -> str:
        numbers, items, *modifiers = command.args
        since = int(_flat(modifiers)[1]) if modifiers else 0
        if since and not self._profile.can("CONDSTORE"):
            raise SyntaxRefused("what?")
        if "EMAILID" in words(items) and not self._profile.can("OBJECTID"):
            raise SyntaxRefused("what?")
        ours = {"X-GM-MSGID" if self._has(Quirk.GMAIL_IDS) else "EMAILID"}
        items = _without(items, ours)
        bodies = any("BODY" in item for item in words(items))
        run = Command(command.tag, command.name, [numbers, items], by_uid=command.by_uid)
        told = self._commands.run(run)
        failed = False
        lines = []
        for line in self._lines:
            found = _FETCH.match(line)
            uid = int(found[1]) if found else 0
            if bodies and uid in self._played.unfetchable:
                failed = True
            elif not uid or self._played.modseqs.of_message(self._open, uid) > since:
                lines.append(self._identified_message(line, uid))
        self._lines[:] = lines
        if failed:
            raise Refused("Some messages could not be FETCHed (Failure)")
        return told

    def _identified_message(self, line: bytes, uid: int) -> bytes:
        message: Message | None = self._played.mailbox.folder(self._open).messages.get(uid)
        if message is None:
            return line
        number = int.from_bytes(sha256(message.raw).digest()[:7], "big")
        if self._has(Quirk.GMAIL_IDS):
            return line.replace(b"(UID", b"(X-GM-MSGID %d UID" % number, 1)
        if self._profile.can("OBJECTID"):
            return line.replace(b"(UID", b"(EMAILID (M%d) UID" % number, 1)
        return line

    def _search(self, command: Command) -> str:
        if word(command.args[0]).upper() != "RETURN":
            return self._commands.run(command)
        if not self._profile.can("ESEARCH"):
            raise SyntaxRefused("what?")
        plain = Command(command.tag, command.name, command.args[2:], by_uid=command.by_uid)
        told = self._commands.run(plain)
        found = self._lines.pop().split()[2:]
        uid = " UID" if command.by_uid else ""
        if self._has(Quirk.COUNT_ONLY):
            result = f" COUNT {len(found)}"
        else:
            result = f" ALL {','.join(each.decode() for each in found)}" if found else ""
        self._lines.append(f'* ESEARCH (TAG "{command.tag}"){uid}{result}'.encode())
        return told

    def _expunge(self, command: Command) -> str:
        if command.by_uid and not self._profile.can("UIDPLUS"):
            raise SyntaxRefused("what?")
        if command.by_uid and self._has(Quirk.EXPUNGE_REFUSED):
            raise Refused("not implemented")
        return self._commands.run(command)

    def _send(self, *lines: bytes) -> None:
        if isinstance(self.connection, socket.socket):
            self.wfile.write(b"".join(line + b"\r\n" for line in lines))


def _flat(token: Token | list[Token]) -> list[str]:
    """Return all words within a token, in capitals."""
    if isinstance(token, list):
        return [each for inner in token for each in _flat(inner)]
    return [token.upper()] if isinstance(token, str) else []


def _without(token: Token, names: set[str]) -> Token:
    """Return a token without these words."""
    if not isinstance(token, list):
        return token
    kept = (each for each in token if not isinstance(each, str) or each not in names)
    return [_without(each, names) for each in kept]
