"""An open folder as one client knows it: message numbers, and what it has not heard yet.

Numbers change only when the client is told (RFC 3501 §7.4.1), although other
devices add and remove messages at any time. The view therefore remembers what
it said last, and tells the difference when that is allowed.
"""

from collections.abc import Iterator

from mailcli.demo.imap_fetch import flag_list
from mailcli.demo.imap_search import Candidate
from mailcli.demo.imap_syntax import number_set
from mailcli.demo.mailbox import Folder, Message


class View:
    """A folder that a client has opened."""

    def __init__(self, folder: Folder, *, read_only: bool) -> None:
        self.folder = folder
        self.read_only = read_only
        # UID → flags as last told; the position is the message's number.
        self._told = {uid: message.flags for uid, message in folder.messages.items()}

    def __len__(self) -> int:
        return len(self._told)

    def chosen(self, numbers: str, *, by_uid: bool) -> list[tuple[int, Message]]:
        """Return number and message of a set; what is gone is left out.

        Raises:
            SyntaxRefused: it is no set of numbers.
        """
        largest = max(self._told, default=0) if by_uid else len(self._told)
        ranges = number_set(numbers, largest)
        return [
            (number, message)
            for number, message in self._present()
            if any((message.uid if by_uid else number) in each for each in ranges)
        ]

    def candidates(self) -> Iterator[Candidate]:
        """Yield each message as SEARCH looks at it."""
        last_uid = max(self._told, default=0)
        for number, message in self._present():
            yield Candidate(message, number, len(self._told), last_uid)

    def heard(self, message: Message) -> None:
        """Note that the client knows a message's flags, because it set or fetched them."""
        if message.uid in self._told:
            self._told[message.uid] = message.flags

    def news(self, *, expunges: bool) -> Iterator[bytes]:
        """Yield what changed since the client heard last, as untagged data.

        Without `expunges` numbers stay, as they must during FETCH, STORE and SEARCH.
        """
        messages = self.folder.messages
        if expunges:
            numbered = list(enumerate(self._told, 1))
            for number, uid in reversed(numbered):  # from the end, so that numbers hold
                if uid not in messages:
                    del self._told[uid]
                    yield b"%d EXPUNGE" % number
        for number, uid in enumerate(self._told, 1):
            message = messages.get(uid)
            if message is not None and message.flags != self._told[uid]:
                self._told[uid] = message.flags
                yield b"%d FETCH (UID %d %b)" % (number, uid, flag_list(message))
        before = len(self._told)
        self._told |= {u: m.flags for u, m in messages.items() if u not in self._told}
        if len(self._told) > before:
            yield b"%d EXISTS" % len(self._told)

    def _present(self) -> Iterator[tuple[int, Message]]:
        for number, uid in enumerate(self._told, 1):
            message = self.folder.messages.get(uid)
            if message is not None:
                yield number, message
