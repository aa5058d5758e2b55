"""Deadlines: one instant by which something must be complete, however it trickles."""

import time


class Deadline:
    """An instant `seconds` from now on the monotonic clock."""

    __slots__ = ("_at",)

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, never less than a millisecond.

        A zero would switch a socket to non-blocking instead of timing out.
        """
        return max(self._at - time.monotonic(), 0.001)

    def passed(self) -> bool:
        """Return whether the instant is over."""
        return time.monotonic() >= self._at
