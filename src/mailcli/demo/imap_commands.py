"""What the demo's IMAP server does once somebody is logged in (RFC 3501 §6.3, §6.4). No IO.

Each command sends its untagged data through the function it was given and
returns the text of the final OK. A refusal is an exception: `SyntaxRefused`
becomes BAD, `Refused` and `FolderRefusal` become NO.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from mailcli.demo.imap_fetch import fetch_items, flag_list, parse_date_time
from mailcli.demo.imap_folders import list_replies, lsub_replies, status_reply
from mailcli.demo.imap_search import search_criterion
from mailcli.demo.imap_syntax import SyntaxRefused, Token, word, words
from mailcli.demo.imap_view import View
from mailcli.demo.mailbox import DELIMITER, Folder, FolderRefusal, Mailbox, Message

_FLAGS = "\\Answered \\Flagged \\Deleted \\Seen \\Draft"
_KEEPS_NUMBERS = ("FETCH", "STORE", "SEARCH")
"""Commands during which no message may lose its number (RFC 3501 §7.4.1)."""


class Refused(Exception):
    """The command is understood and not done: NO."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its tag, its name in capitals, its arguments."""

    tag: str
    name: str
    args: list[Token]
    by_uid: bool = False


class Commands:
    """The commands of one client, and the folder that it has open."""

    def __init__(self, mailbox: Mailbox, send: Callable[[bytes], None]) -> None:
        self._mailbox = mailbox
        self._send = send
        self._view: View | None = None
        self._actions: dict[str, Callable[[Command], str]] = {
            "APPEND": self._append,
            "CHECK": self._check,
            "CLOSE": self._close,
            "COPY": self._copy,
            "CREATE": self._create,
            "DELETE": self._delete,
            "EXAMINE": self._select,
            "EXPUNGE": self._expunge,
            "FETCH": self._fetch,
            "LIST": self._list,
            "LSUB": self._lsub,
            "MOVE": self._move,
            "NAMESPACE": self._namespace,
            "RENAME": self._rename,
            "SEARCH": self._search,
            "SELECT": self._select,
            "STATUS": self._status,
            "STORE": self._store,
            "SUBSCRIBE": self._subscribe,
            "UNSELECT": self._unselect,
            "UNSUBSCRIBE": self._subscribe,
        }

    def run(self, command: Command) -> str:
        """Do a command and return the text of its OK.

        Raises:
            SyntaxRefused: there is no such command, or its arguments make no sense.
            Refused: it cannot be done.
            FolderRefusal: the same, because of a folder.
        """
        action = self._actions.get(command.name)
        if action is None:
            raise SyntaxRefused(f"{command.name[:40]}: the demo's server has no such command")
        return action(command)

    def tell_news(self, command: Command) -> None:
        """Send what other devices changed in the open folder, as far as this command allows."""
        if self._view is not None:
            expunges = command.by_uid or command.name not in _KEEPS_NUMBERS
            self._untagged(self._view.news(expunges=expunges))

    # Folders (RFC 3501 §6.3)

    def _list(self, command: Command) -> str:
        self._untagged(list_replies(self._mailbox, command.args))
        return "these are the folders"

    def _lsub(self, command: Command) -> str:
        self._untagged(lsub_replies(self._mailbox, command.args))
        return "these are subscribed"

    def _namespace(self, _: Command) -> str:
        self._untagged([b'NAMESPACE (("" "%b")) NIL NIL' % DELIMITER.encode()])
        return "one namespace, yours"

    def _status(self, command: Command) -> str:
        name, items = exactly(command, 2)
        self._untagged([status_reply(self._mailbox.folder(word(name)), words(items))])
        return "counted"

    def _create(self, command: Command) -> str:
        (name,) = exactly(command, 1)
        self._mailbox.create(word(name))
        return "created"

    def _delete(self, command: Command) -> str:
        (name,) = exactly(command, 1)
        self._mailbox.delete(word(name))
        return "deleted"

    def _rename(self, command: Command) -> str:
        old, new = exactly(command, 2)
        self._mailbox.rename(word(old), word(new))
        return "renamed"

    def _subscribe(self, command: Command) -> str:
        (name,) = exactly(command, 1)
        self._mailbox.folder(word(name)).subscribed = command.name == "SUBSCRIBE"
        return "noted"

    def _select(self, command: Command) -> str:
        name = word(command.args[0]) if command.args else ""
        self._view = None
        folder = self._mailbox.folder(name)
        read_only = command.name == "EXAMINE"
        self._view = View(folder, read_only=read_only)
        permanent = "" if read_only else f"{_FLAGS} \\*"
        self._untagged(
            line.encode()
            for line in (
                f"FLAGS ({_FLAGS})",
                f"OK [PERMANENTFLAGS ({permanent})] flags that stay",
                f"{len(folder.messages)} EXISTS",
                "0 RECENT",
                f"OK [UIDVALIDITY {folder.uid_validity}] UIDs hold",
                f"OK [UIDNEXT {folder.uid_next}] the next UID",
            )
        )
        return "[READ-ONLY] opened to read" if read_only else "[READ-WRITE] opened"

    def _append(self, command: Command) -> str:
        match command.args:
            case [name, bytes() as raw]:
                flags, date = [], ""
            case [name, list() as given, bytes() as raw]:
                flags, date = words(given), ""
            case [name, bytes() as when, bytes() as raw]:
                flags, date = [], word(when)
            case [name, list() as given, bytes() as when, bytes() as raw]:
                flags, date = words(given), word(when)
            case _:
                raise SyntaxRefused("APPEND takes a folder and a literal")
        folder = self._target(name)
        received = parse_date_time(date) if date else datetime.now(UTC)
        stored = self._mailbox.add(folder, raw, received, flags=_flags(flags))
        return f"[APPENDUID {folder.uid_validity} {stored.uid}] stored"

    def _target(self, name: Token) -> Folder:
        try:
            return self._mailbox.folder(word(name))
        except FolderRefusal:
            raise Refused("[TRYCREATE] no such folder") from None

    # The open folder (RFC 3501 §6.4)

    def _open_view(self, *, to_write: bool = False) -> View:
        if self._view is None:
            raise SyntaxRefused("no folder is open")
        if to_write and self._view.read_only:
            raise Refused("[READ-ONLY] the folder was opened to read")
        return self._view

    def _check(self, _: Command) -> str:
        self._open_view()
        return "checked"

    def _fetch(self, command: Command) -> str:
        numbers, asked = exactly(command, 2)
        view = self._open_view()
        items = fetch_items(asked, by_uid=command.by_uid)
        marks = any(item.marks_seen for item in items) and not view.read_only
        for number, message in view.chosen(word(numbers), by_uid=command.by_uid):
            if marks:
                self._mailbox.set_flags(message, message.flags | {"\\Seen"})
            parts = b" ".join(item.render(message) for item in items)
            self._untagged([b"%d FETCH (%b)" % (number, parts)])
        return "fetched"

    def _store(self, command: Command) -> str:
        numbers, how, *given = command.args if len(command.args) > 2 else ["", ""]
        name = word(how).upper()
        silent, sign = name.endswith(".SILENT"), name[:1]
        if name.removesuffix(".SILENT").lstrip("+-") != "FLAGS":
            raise SyntaxRefused("STORE takes a set, FLAGS and a list")
        flags = _flags(each for part in given for each in words(part))
        view = self._open_view(to_write=True)
        for number, message in view.chosen(word(numbers), by_uid=command.by_uid):
            merged = {"+": message.flags | flags, "-": message.flags - flags}.get(sign, flags)
            self._mailbox.set_flags(message, merged)
            view.heard(message)
            if not silent:
                told = (number, message.uid, flag_list(message))
                self._untagged([b"%d FETCH (UID %d %b)" % told])
        return "stored"

    def _search(self, command: Command) -> str:
        view = self._open_view()
        holds = search_criterion(command.args)
        found = [c for c in view.candidates() if holds(c)]
        numbers = [c.message.uid if command.by_uid else c.number for c in found]
        self._untagged([" ".join(["SEARCH", *map(str, numbers)]).encode()])
        return "searched"

    def _copy(self, command: Command) -> str:
        code = self._copied(command, self._open_view())[0]
        return f"{code}copied"

    def _move(self, command: Command) -> str:
        view = self._open_view(to_write=True)
        code, moved = self._copied(command, view)
        if code:
            self._untagged([f"OK {code}moved".encode()])
        self._mailbox.remove(view.folder, [message.uid for message in moved])
        return "moved"

    def _copied(self, command: Command, view: View) -> tuple[str, list[Message]]:
        """Copy to another folder; return COPYUID (RFC 4315 §3) and what was copied."""
        numbers, name = exactly(command, 2)
        target = self._target(name)
        chosen = [m for _, m in view.chosen(word(numbers), by_uid=command.by_uid)]
        copies = [self._mailbox.add(target, m.raw, m.received, flags=m.flags) for m in chosen]
        if not copies:
            return "", chosen
        old, new = (",".join(str(m.uid) for m in side) for side in (chosen, copies))
        return f"[COPYUID {target.uid_validity} {old} {new}] ", chosen

    def _expunge(self, command: Command) -> str:
        view = self._open_view(to_write=True)
        which = word(exactly(command, 1)[0]) if command.by_uid else "1:*"
        self._mailbox.remove(
            view.folder,
            [
                message.uid
                for _, message in view.chosen(which, by_uid=command.by_uid)
                if "\\Deleted" in message.flags
            ],
        )
        return "expunged"

    def _close(self, command: Command) -> str:
        if not self._open_view().read_only:
            self._expunge(Command(command.tag, "EXPUNGE", []))
        return self._unselect(command)

    def _unselect(self, _: Command) -> str:
        self._open_view()
        self._view = None
        return "closed"

    def _untagged(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            self._send(b"* " + line)


def parse(command: list[Token]) -> Command:
    """Return a command; `UID FETCH` is a FETCH whose numbers are UIDs (RFC 3501 §6.4.8)."""
    match command:
        case [str() as tag, str() as uid, str() as name, *args] if uid.upper() == "UID":
            if name.upper() not in {"COPY", "EXPUNGE", "FETCH", "MOVE", "SEARCH", "STORE"}:
                raise SyntaxRefused("UID of what?")
            return Command(tag, name.upper(), args, by_uid=True)
        case [str() as tag, str() as name, *args]:
            return Command(tag, name.upper(), args)
    raise SyntaxRefused("a tag and a command are expected")


def exactly(command: Command, count: int) -> list[Token]:
    """Return the arguments, which must be so many. Raises: SyntaxRefused."""
    if len(command.args) != count:
        raise SyntaxRefused(f"{command.name} takes {count} arguments")
    return command.args


def _flags(names: Iterable[str]) -> frozenset[str]:
    """Return flags as this server spells them: system flags have no case (RFC 3501 §2.3.2)."""
    return frozenset(name.title() if name.startswith("\\") else name for name in names)
