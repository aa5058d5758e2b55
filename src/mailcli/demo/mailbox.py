"""The mailbox that the demo's three servers share. In memory, in arrival order.

It belongs to the servers' event loop and is changed from nowhere else, so it
has no lock. Messages are the octets that came in, never parsed and never
rewritten. Folder names are kept as the wire has them, in modified UTF-7
(RFC 3501 §5.1.3): a server need not read them.
"""

import hmac
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

DELIMITER = "/"
INBOX = "INBOX"


@dataclass(frozen=True, slots=True)
class DemoUser:
    """The one user; `address` is the user name, too."""

    address: str
    password: str = field(repr=False)

    def matches(self, username: bytes, password: bytes) -> bool:
        """Tell whether these are this user's name and password."""
        name_fits = hmac.compare_digest(username, self.address.encode())
        return hmac.compare_digest(password, self.password.encode()) and name_fits


@dataclass(slots=True)
class Message:
    """One message: its UID, its octets with CRLF line ends, when it came, its flags as IMAP's."""

    uid: int
    raw: bytes
    received: datetime
    flags: frozenset[str] = frozenset()


@dataclass(slots=True)
class Folder:
    """One folder. `role` is its special use (RFC 6154), such as `\\Sent`."""

    name: str
    uid_validity: int
    role: str | None = None
    subscribed: bool = True
    uid_next: int = 1
    messages: dict[int, Message] = field(default_factory=dict)

    def unique_id(self, message: Message) -> str:
        """Return POP3's name of a message, which never comes back for another (RFC 1939 §7)."""
        return f"{self.uid_validity:08x}{message.uid:08x}"

    @property
    def unseen(self) -> int:
        """How many messages nobody has read."""
        return sum("\\Seen" not in message.flags for message in self.messages.values())


class FolderRefusal(Exception):
    """A folder cannot be had or made: IMAP's response code and the reason (RFC 5530 §3)."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"[{code}] {reason}")


class Mailbox:
    """Folders and their messages; whoever watches hears of each change."""

    def __init__(self, uid_validity: int) -> None:
        """Begin with an empty INBOX; each folder gets a UIDVALIDITY of its own from here up."""
        self._validities = itertools.count(uid_validity)
        self._watchers: set[Callable[[], None]] = set()
        self.folders: dict[str, Folder] = {}
        self.create(INBOX)

    def folder(self, name: str) -> Folder:
        """Return a folder by name. Raises: FolderRefusal."""
        found = self.folders.get(canonical(name))
        if found is None:
            raise FolderRefusal("NONEXISTENT", "no such folder")
        return found

    def create(self, name: str, *, role: str | None = None) -> Folder:
        """Make a folder, and those above it that are missing (RFC 3501 §6.3.3).

        Raises:
            FolderRefusal: it is there already, or its name has an empty part.
        """
        name = canonical(name.removesuffix(DELIMITER))
        if name in self.folders:
            raise FolderRefusal("ALREADYEXISTS", "the folder is there already")
        *above, last = name.split(DELIMITER)
        if not last or not all(above):
            raise FolderRefusal("CANNOT", "a folder's name has no empty part")
        parent = DELIMITER.join(above)
        if above and parent not in self.folders:
            self.create(parent)
        made = Folder(name, next(self._validities), role)
        self.folders[name] = made
        return made

    def delete(self, name: str) -> None:
        """Remove a folder and its messages (RFC 3501 §6.3.4). Raises: FolderRefusal."""
        found = self.folder(name)
        if found.name == INBOX:
            raise FolderRefusal("CANNOT", "INBOX stays")
        if any(self._below(found.name)):
            raise FolderRefusal("HASCHILDREN", "folders below it come first")
        del self.folders[found.name]

    def rename(self, old: str, new: str) -> None:
        """Rename a folder and those below; UIDs stay valid (RFC 3501 §6.3.5).

        Raises:
            FolderRefusal: there is no such folder, the new name is taken, or it is INBOX.
        """
        found = self.folder(old)
        if found.name == INBOX:
            raise FolderRefusal("CANNOT", "this server does not rename INBOX")
        if (new + DELIMITER).startswith(found.name + DELIMITER):
            raise FolderRefusal("CANNOT", "a folder cannot move below itself")
        moved = [found, *self._below(found.name)]
        begins = len(found.name)
        target = self.create(new).name  # makes the folders above, and refuses a name in use
        for folder in moved:
            del self.folders[folder.name]
            folder.name = target + folder.name[begins:]
            self.folders[folder.name] = folder

    def add(
        self, folder: Folder, raw: bytes, received: datetime, *, flags: Iterable[str] = ()
    ) -> Message:
        """Store a message at the end of a folder and return it with its UID."""
        message = Message(folder.uid_next, raw, received, frozenset(flags))
        folder.uid_next += 1
        folder.messages[message.uid] = message
        self._tell()
        return message

    def set_flags(self, message: Message, flags: frozenset[str]) -> None:
        """Give a message other flags."""
        message.flags = flags
        self._tell()

    def remove(self, folder: Folder, uids: Iterable[int]) -> None:
        """Remove messages; a UID that is gone already is no matter."""
        for uid in uids:
            folder.messages.pop(uid, None)
        self._tell()

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` after each change, until the function returned is called."""
        self._watchers.add(watcher)
        return lambda: self._watchers.discard(watcher)

    def has_children(self, name: str) -> bool:
        """Tell whether there are folders below this one."""
        return any(self._below(name))

    def _below(self, name: str) -> list[Folder]:
        start = name + DELIMITER
        return [folder for folder in self.folders.values() if folder.name.startswith(start)]

    def _tell(self) -> None:
        for watcher in tuple(self._watchers):
            watcher()


def canonical(name: str) -> str:
    """Return a folder's name with INBOX in capitals, the one name without case (RFC 3501 §5.1)."""
    first, separator, rest = name.partition(DELIMITER)
    return INBOX + separator + rest if first.upper() == INBOX else name
