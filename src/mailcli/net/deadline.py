"""Time: an instant by which something must be complete, and how long we go on waiting."""

from time import monotonic

_LEAST = 0.001
"""Seconds; a zero would switch a socket to non-blocking instead of timing out."""


class Deadline:
    """An instant `seconds` from now on the monotonic clock."""

    __slots__ = ("_at",)

    def __init__(self, seconds: float) -> None:
        self._at = monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, never less than a millisecond."""
        return max(self._at - monotonic(), _LEAST)

    def passed(self) -> bool:
        """Return whether the instant is over."""
        return monotonic() >= self._at


class Patience:
    """Seconds that may be spent waiting for a peer, all waits together.

    What we do between two waits (write to a slow disk, ask a person) is not the peer's time.
    """

    __slots__ = ("_left",)

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def spent(self) -> bool:
        """Return whether all of it is used up."""
        return self._left <= 0

    def left(self) -> float:
        """Return the seconds that one wait may last, never less than a millisecond."""
        return max(self._left, _LEAST)

    def spend(self, seconds: float) -> None:
        """Count a wait."""
        self._left -= seconds
