"""Messages of one folder over several connections, each read by a thread of its own.

The threads do nothing but read, into files that nobody knows yet, and hand over. Whoever
iterates decides all else, and nothing is still under way when that has ended, however it ends:
connections that are reading are ended, and what nobody took is taken away.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from queue import Queue
from threading import Lock, Thread
from time import monotonic

from mailcli.app.further import FurtherSessions
from mailcli.app.supply import Supply
from mailcli.errors import MailError
from mailcli.imap.session import CommandFailed, ImapSession
from mailcli.imap.values import Fetched
from mailcli.model import Uid
from mailcli.store.incoming import Incoming

WAITING = 64
"""Messages that have come and wait to be taken: of each, up to 64 KiB are still in memory."""

Coming = Generator[Fetched, None, None]
"""Messages whose bodies belong to whoever takes them; an unfinished one goes when it is closed."""

Fetch = Callable[[ImapSession, Iterable[bytes]], Coming]
"""Fetches sets of messages over a session."""


class _Lane:
    """One connection's part: what it took from the supply, and how it ended."""

    def __init__(self) -> None:
        self.taken: list[range] = []
        self.session: ImapSession | None = None
        self.error: MailError | None = None
        self.is_done = False


class SideBySide:
    """Several connections that fetch one supply: `begin`, `add` others, iterate over `coming`.

    `again` is what others did not bring: the run's own connection is to be asked for it, also
    since what the server refuses to others it would refuse to each. `refusal` is what it
    answered to the run's own; all that could be had has come nevertheless. `waited` are the
    seconds in which nothing came.
    """

    def __init__(self, supply: Supply, further: FurtherSessions, fetch: Fetch) -> None:
        self.again: list[Uid] = []
        self.refusal: CommandFailed | None = None
        self.waited = 0.0
        self._supply, self._further, self._fetch = supply, further, fetch
        self._queue: Queue[Fetched | _Lane] = Queue(WAITING)
        self._lock = Lock()
        self._own = _Lane()
        self._at_work: list[_Lane] = []
        self._opening = 0
        self._is_over = False

    def begin(self, session: ImapSession, own: Coming) -> None:
        """Go on, in a thread, with what the run's own connection has begun."""
        self._supply.is_shared = True
        self._own.session = session
        self._at_work.append(self._own)
        _in_background(lambda: self._hand_over(self._own, own))

    def add(self, prepare: Callable[[ImapSession], None]) -> None:
        """Let another connection help, if there comes to be one; `prepare` opens the folder."""
        self._opening += 1
        _in_background(lambda: self._help(prepare))

    @property
    def is_opening(self) -> bool:
        """Whether there is a connection that is not open yet."""
        return self._opening > 0

    def coming(self) -> Coming:
        """Yield what comes, until no connection is at work.

        Raises: MailError of the run's own connection, but for a refusal.
        """
        try:
            while self._goes_on():
                began = monotonic()
                item = self._queue.get()
                self.waited += monotonic() - began
                match item:
                    case _Lane() as lane:
                        self._settle(lane)
                    case fetched:
                        yield fetched
        finally:
            self._stop()

    def _goes_on(self) -> bool:
        """Tell whether anything may still come; if not, whoever is still opening is too late."""
        with self._lock:
            self._is_over = not self._at_work
            return not self._is_over

    def _settle(self, lane: _Lane) -> None:
        """Note how a connection's part ended, behind all that it brought."""
        self._at_work.remove(lane)
        if not lane.is_done and lane.error is None:  # a defect, which the thread has told
            raise RuntimeError("a connection's thread failed")
        if lane is not self._own:
            if lane.error is not None:
                self.again += self._supply.left(lane.taken)
            self._return(lane, is_lost=lane.error is not None)
        elif isinstance(lane.error, CommandFailed):
            self.refusal = lane.error
        elif lane.error is not None:
            raise lane.error

    def _return(self, lane: _Lane, *, is_lost: bool = False) -> None:
        if lane.session is not None:
            self._further.give_back(lane.session, is_lost=is_lost)

    def _stop(self) -> None:
        """End what is under way, and wait for that; nothing is where all has come."""
        with self._lock:
            self._is_over = True
        for lane in self._at_work:
            if lane.session is not None:
                lane.session.interrupt()
        while self._at_work:
            match self._queue.get():
                case _Lane() as lane:
                    self._at_work.remove(lane)
                    if lane is not self._own:
                        self._return(lane)
                case fetched:
                    _abandon(fetched)

    # -- in other threads --------------------------------------------------------

    def _help(self, prepare: Callable[[ImapSession], None]) -> None:
        lane = _Lane()
        lane.session = self._further.lend(prepare)
        with self._lock:
            self._opening -= 1
            begins = lane.session is not None and not self._is_over
            if begins:
                self._at_work.append(lane)
        if lane.session is None:
            return
        if begins:
            self._hand_over(lane, self._fetch(lane.session, self._supply.sets(lane.taken)))
        else:
            self._return(lane)

    def _hand_over(self, lane: _Lane, coming: Coming) -> None:
        try:
            with closing(coming):
                for fetched in coming:
                    if self._is_over:
                        _abandon(fetched)
                        break
                    self._queue.put(fetched)
            lane.is_done = True
        except MailError as error:
            lane.error = error
        finally:
            self._queue.put(lane)


def _in_background(work: Callable[[], None]) -> None:
    Thread(target=work, daemon=True).start()


def _abandon(fetched: Fetched) -> None:
    if isinstance(fetched.body, Incoming):
        fetched.body.abandon()
