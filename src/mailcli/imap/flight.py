"""Commands on their way: sent as many ahead as the window lets, and answered in any order."""

from collections.abc import Iterator

from mailcli.net import WINDOW_OCTETS

WINDOW_COUNT = 256
"""Commands that may be on their way."""


class Flight:
    """Commands on their way: tagged, and not answered yet; `tags` has their places and octets."""

    def __init__(self, tagged: Iterator[tuple[bytes, bytes]], most: int) -> None:
        """Begin with tags and lines, of which at most so many go at a time."""
        self._waiting = enumerate(tagged)
        self._next = next(self._waiting, None)
        self._most = most
        self._octets = 0
        self.tags: dict[bytes, tuple[int, int]] = {}

    def goes_on(self) -> bool:
        """Whether there is anything to send or to wait for."""
        return bool(self._next or self.tags)

    def departing(self) -> bytes:
        """Return the next lines to send, many together; none while half the window is full."""
        lines = []
        if self._octets <= WINDOW_OCTETS // 2 and len(self.tags) <= self._most // 2:
            while self._next and self._has_room(len(self._next[1][1])):
                place, (tag, line) = self._next
                self.tags[tag] = place, len(line)
                self._octets += len(line)
                lines.append(line)
                self._next = next(self._waiting, None)
        return b"".join(lines)

    def landed(self, tag: bytes) -> int:
        """Take a command that is answered off, and return its place."""
        place, octets = self.tags.pop(tag)
        self._octets -= octets
        return place

    def _has_room(self, octets: int) -> bool:
        if not self.tags:
            return True
        return self._octets + octets <= WINDOW_OCTETS and len(self.tags) < self._most
