"""New messages of one folder as they come, each once, over one connection or several.

What they are, and what becomes of them, is decided by whoever takes them, in one thread. Other
threads (`side_by_side`) only bring bodies into files of `tmp` that nobody else knows yet.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from functools import partial

from mailcli.app.folder_state import FolderState
from mailcli.app.side_by_side import Coming, SideBySide
from mailcli.app.supply import AHEAD, EVERY, Pace, Supply
from mailcli.imap.session import FolderUnusable, ImapSession
from mailcli.imap.sets import UidSet
from mailcli.imap.values import Body, Fetched
from mailcli.model import system_flags_of
from mailcli.store.entries import unique_name
from mailcli.store.incoming import Incoming

FEWEST = 50
"""Messages that are worth another connection that somebody asked for."""

_NOTHING_CAME = "the server sent no message"


Stage = Callable[[str], Incoming]
"""Begins a message by its unique name."""


def arriving(
    session: ImapSession, state: FolderState, uids: UidSet, stage: Stage
) -> Iterator[tuple[Fetched, Incoming]]:
    """Yield messages of the open folder as they come, each once; an unfinished one is taken away.

    Raises: MailError, where it is the run's own connection that fails.
    """
    supply, when = Supply(uids), state.now()
    with closing(_over_several(session, state, supply, uids, stage)) as coming:
        for fetched in coming:
            is_wanted = supply.take(fetched.uid)
            if isinstance(fetched.body, Incoming):
                if is_wanted:
                    yield fetched, _complete(state, fetched, fetched.body, when)
                else:
                    fetched.body.abandon()  # not what was asked for, or twice
            elif is_wanted:
                state.counts.skip(fetched.uid, _NOTHING_CAME)
    for uid in supply.left():  # withheld, or deleted just now
        state.counts.skip(uid, _NOTHING_CAME)


def _complete(state: FolderState, fetched: Fetched, staged: Incoming, when: int) -> Incoming:
    received = fetched.internal_date
    staged.close(
        unique=unique_name(state.token(fetched.uid), when=when),
        flags=system_flags_of(fetched.flags),
        others=state.letters_for(fetched.flags),
        received=int(received.timestamp()) if received else None,
    )
    return staged


def _over_several(
    session: ImapSession, state: FolderState, supply: Supply, uids: UidSet, stage: Stage
) -> Coming:
    """Yield what comes over the run's own connection, and over others where they are of use.

    Without a number to go by, another is added each time that we mostly waited for the server.
    """
    further = state.task.further
    if not further.room:
        yield from _staged(state, stage, partial(session.fetch_messages, uids))
        return
    at_once = min(further.room, len(uids) // FEWEST) if further.jobs else 0
    lanes = SideBySide(supply, further, partial(_fetch, state, stage))

    def wants_another(pace: Pace) -> bool:
        may_grow = further.room and not (further.jobs or lanes.is_opening)
        return bool(may_grow) and pace.wants_another(supply.unasked)

    own = _fetch(state, stage, session, supply.sets([]))
    pace = Pace(lambda: session.waited)
    if not at_once and not (yield from _until(wants_another, own, pace)):
        return
    lanes.begin(session, own)
    with closing(lanes.coming()) as coming:
        for _ in range(at_once or 1):
            lanes.add(partial(_examine, state))
        while (yield from _until(wants_another, coming, Pace(lambda: lanes.waited))):
            lanes.add(partial(_examine, state))
    if lanes.again:
        yield from _staged(state, stage, partial(session.fetch_messages, UidSet.of(lanes.again)))
    if lanes.refusal:
        raise lanes.refusal


def _until(
    is_enough: Callable[[Pace], bool], coming: Coming, pace: Pace
) -> Generator[Fetched, None, bool]:
    """Yield what comes until it is enough for now; whether it was, or else that was all."""
    try:
        for fetched in coming:
            pace.note(fetched.size)
            yield fetched
            if pace.messages % EVERY == 0 and is_enough(pace):
                return True
    except BaseException:
        coming.close()
        raise
    return False


def _examine(state: FolderState, session: ImapSession) -> None:
    """Open the folder over a connection that changes nothing. Raises: MailError."""
    if session.select(state.pair.wire, read_only=True).uidvalidity != state.generation:
        raise FolderUnusable(f"{state.name}: the server renumbered the folder during the run")


def _fetch(
    state: FolderState, stage: Stage, session: ImapSession, sets: Iterable[bytes]
) -> Coming:
    return _staged(state, stage, partial(session.fetch_sets, sets, ahead=AHEAD))


def _staged(
    state: FolderState, stage: Stage, fetch: Callable[[Callable[[], Body]], Iterator[Fetched]]
) -> Coming:
    """Yield what comes over one connection, in whatever thread asks for it."""
    # The UID may come behind the body: the file gets its lasting name when it is closed.
    name = unique_name("T", when=state.now())
    opened: list[Incoming] = []

    def open_body() -> Incoming:
        opened.append(stage(name))
        return opened[-1]

    try:
        for fetched in fetch(open_body):
            if isinstance(fetched.body, Incoming):
                opened.remove(fetched.body)
            yield fetched
    finally:
        for staged in opened:
            staged.abandon()
