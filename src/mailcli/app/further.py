"""Connections beside a run's own, as many as the server bears, kept from folder to folder.

A server that refuses one, or lets one down, is not asked for as many again. That is never an
error of the run: its own connection does what no other has done.
"""

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from mailcli.errors import MailError

if TYPE_CHECKING:
    from mailcli.imap.session import ImapSession

MOST = 4
"""Connections where nobody said how many."""


class FurtherSessions:
    """Sessions that are lent to threads; the run's own is counted, and not among them."""

    def __init__(self, opened: "Callable[[], ImapSession]", jobs: int | None) -> None:
        """Begin with none; `opened` opens one, `jobs` is how many there may be with the own."""
        self.jobs = jobs
        self._opened = opened
        self._limit = jobs or MOST
        self._lent = 0
        self._idle: list[ImapSession] = []
        self._opening, self._counting = Lock(), Lock()
        self._is_over = False

    @property
    def room(self) -> int:
        """How many more may be lent."""
        return max(0, self._limit - 1 - self._lent)

    def lend(self, prepare: "Callable[[ImapSession], None]") -> "ImapSession | None":
        """Return a session that `prepare` has readied; None where the server bears no more.

        One is opened at a time: a server that refuses is asked once.
        """
        with self._opening:
            if not self.room:
                return None
            session = self._prepared(prepare)
            with self._counting:
                if session is None:
                    self._limit = 1 + self._lent
                else:
                    self._lent += 1
            return session

    def _prepared(self, prepare: "Callable[[ImapSession], None]") -> "ImapSession | None":
        """Return a session that is ready: one that is open, else a new one; None if refused."""
        while True:
            is_new, session = not self._idle, None
            try:
                session = self._opened() if is_new else self._idle.pop()
                prepare(session)
            except MailError:
                if session is not None:
                    session.close()
                if is_new:
                    return None
            else:
                return session

    def give_back(self, session: "ImapSession", *, is_lost: bool) -> None:
        """Take a session back, closed or not; one that was lost the server does not bear."""
        with self._counting:
            self._lent -= 1
            self._limit -= is_lost
            if self._is_over:
                session.close()
            elif session.is_open:
                self._idle.append(session)

    def close(self) -> None:
        """Log out what is open."""
        with self._counting:
            self._is_over = True
            for session in self._idle:
                session.logout()
            self._idle.clear()
