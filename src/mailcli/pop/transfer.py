"""Messages on their way from the server: commands ahead, octets out, one after the other.

Where the server takes commands ahead of its answers (RFC 2449 §6.6), a window of
them is under way, so that the number of round trips does not grow with that of
messages. Nothing is kept in memory but what one read brought.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from mailcli.errors import ProtocolViolation
from mailcli.net import WINDOW_OCTETS, Wire
from mailcli.pop.client import Client
from mailcli.pop.multiline import Unstuffer
from mailcli.pop.plan import Message

CHUNK = 256 * 1024
"""Octets of a message read at once."""

LINE_CAP = 64 * 1024
"""Octets of a status line."""

SLACK = 1024 * 1024
"""Octets that a message may have beyond twice what was announced: sizes count line ends oddly."""


class ShortMessage(ProtocolViolation):
    """The server sent less than it announced: the message may be cut by an unstuffed dot."""


class Window:
    """Commands that wait to be sent, and how many octets of them are unanswered."""

    def __init__(self, client: Client, lines: Iterable[str], *, ahead: bool) -> None:
        self._client = client
        self._waiting = deque(lines)
        self._unanswered: deque[int] = deque()
        self._octets = 0
        self._limit = WINDOW_OCTETS if ahead else 1

    @property
    def unanswered(self) -> int:
        """How many commands have no answer yet."""
        return len(self._unanswered)

    def fill(self) -> None:
        """Send what the window lets, many together; at least one where none is under way."""
        if self._octets > self._limit // 2 and self._unanswered:
            return
        sent: list[str] = []
        while self._waiting and (self._octets < self._limit or not self._unanswered):
            line = self._waiting.popleft()
            sent.append(line)
            self._unanswered.append(len(line) + 2)
            self._octets += len(line) + 2
        if sent:
            self._client.send(sent)

    def answered(self) -> None:
        """Note that the oldest command has its answer."""
        self._octets -= self._unanswered.popleft()


class Stream:
    """What the server sends for RETR commands, cut into status lines and contents."""

    def __init__(self, wire: Wire, client: Client) -> None:
        self._wire = wire
        self._client = client
        self._chunk = b""
        self._at = 0

    @property
    def rest(self) -> bool:
        """Whether more came than was asked for, so far."""
        return self._at < len(self._chunk)

    def status(self) -> None:
        """Read the line before a message. Raises: CommandFailed, ProtocolViolation."""
        while (end := self._chunk.find(b"\r\n", self._at)) < 0:
            if len(self._chunk) - self._at > LINE_CAP:
                raise self._wire.violation(f"an answer is longer than {LINE_CAP:,} octets")
            self._chunk = self._chunk[self._at :] + self._wire.makefile().read_some(CHUNK)
            self._at = 0
        line, self._at = self._chunk[self._at : end], end + 2
        self._wire.trace.received(line)
        self._client.checked(line)

    def content(self, message: Message) -> Iterator[bytes]:
        """Yield the octets of a message behind its status line, dots unstuffed.

        Raises: ProtocolViolation when it does not end; ShortMessage in the end.
        """
        unstuffer = Unstuffer()
        total, cap = 0, 2 * message.size + SLACK
        content = unstuffer.feed(self._chunk, self._at - 2)
        while unstuffer.end is None:
            total += len(content)
            if total > cap:
                raise self._wire.violation(f"message {message.number} never ends")
            if content:
                yield content
            self._chunk = self._wire.makefile().read_some(CHUNK)
            content = unstuffer.feed(self._chunk)
        self._at = unstuffer.end
        total += len(content)
        self._wire.trace.bulk("S", total)
        yield content
        if total < message.size:
            why = f"the server announced {message.size} octets and sent {total}"
            raise ShortMessage(f"{self._wire.where}: {why}")
