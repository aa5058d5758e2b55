"""Several connections, each by a thread: what one does not bring, and how all of it ends."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import cast

import pytest

from mailcli.app.further import FurtherSessions
from mailcli.app.side_by_side import Coming, SideBySide
from mailcli.app.supply import Supply
from mailcli.errors import TemporaryFailure
from mailcli.imap.session import CommandFailed, ImapSession
from mailcli.imap.sets import UidSet, expand
from mailcli.imap.values import Fetched
from mailcli.model import Uid
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX


class Connection:
    """As much of a session as is asked of it here."""

    def __init__(self) -> None:
        self.ended = Event()

    @property
    def is_open(self) -> bool:
        return not self.ended.is_set()

    def interrupt(self) -> None:
        self.ended.set()

    close = logout = interrupt


def session() -> ImapSession:
    """Return a connection for who wants a session."""
    return cast("ImapSession", Connection())


def fetched(uid: int) -> Fetched:
    """Return a message without a body."""
    return Fetched(Uid(uid), frozenset(), datetime.now(UTC), None, 0, None)


def brought(sets: Iterable[bytes]) -> Coming:
    """Bring all that the sets name."""
    for one in sets:
        for uid in expand(one, most=100):
            yield fetched(uid)


def ready(_: ImapSession) -> None:
    """Prepare nothing."""


def taken(lanes: SideBySide, supply: Supply) -> list[Uid]:
    """Take what comes, and return it in order."""
    return sorted(each.uid for each in lanes.coming() if supply.take(each.uid))


@pytest.fixture
def supply() -> Supply:
    return Supply(UidSet.of(range(1, 101)))


def alongside(
    supply: Supply, other: Callable[[Iterable[bytes]], Coming], opened: ImapSession
) -> SideBySide:
    """Let another connection bring messages; the own one begins when that has ended."""
    further = FurtherSessions(lambda: opened, 2)

    def fetch(_: ImapSession, sets: Iterable[bytes]) -> Coming:
        return other(sets)

    return SideBySide(supply, further, fetch)


def test_what_is_refused_to_another_connection_is_left_to_the_own_one(supply: Supply) -> None:
    ended = Event()

    def own() -> Coming:
        assert ended.wait(20)
        yield from brought([])

    def refused(sets: Iterable[bytes]) -> Coming:
        first, *_ = expand(next(iter(sets)), most=100)
        yield fetched(first)
        ended.set()
        raise CommandFailed("no", "SERVERBUG")

    lanes = alongside(supply, refused, session())
    lanes.begin(session(), own())
    lanes.add(ready)

    assert taken(lanes, supply) == [1]
    assert lanes.again == [2, 3, 4, 5, 6], "the rest of what it was asked for at once"


def test_a_refusal_to_the_own_connection_waits_until_all_has_come(supply: Supply) -> None:
    refusal = CommandFailed("no", "SERVERBUG")

    def own() -> Coming:
        yield from brought(supply.sets([]))
        raise refusal

    lanes = alongside(supply, brought, session())
    lanes.begin(session(), own())
    lanes.add(ready)

    assert taken(lanes, supply) == list(range(1, 101))
    assert lanes.refusal is refusal


def test_where_the_own_connection_fails_the_others_are_ended(supply: Supply) -> None:
    began, opened = Event(), Connection()

    def own() -> Coming:
        assert began.wait(20)
        yield fetched(1)
        raise TemporaryFailure("gone")

    def waiting(sets: Iterable[bytes]) -> Coming:
        del sets
        began.set()
        assert opened.ended.wait(20), "nobody has ended what another thread waits for"
        yield from ()

    lanes = alongside(supply, waiting, cast("ImapSession", opened))
    lanes.begin(session(), own())
    lanes.add(ready)

    with pytest.raises(TemporaryFailure, match="gone"):
        taken(lanes, supply)


@pytest.mark.parametrize("step", ["before it is waited for", "when it has come"])
def test_a_signal_leaves_no_file_of_what_was_on_its_way(
    supply: Supply, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    folder = Maildir(tmp_path / "Mail").folder(INBOX)
    folder.create()

    def staged(sets: Iterable[bytes]) -> Coming:
        for message in brought(sets):
            yield message._replace(body=folder.stage(f"1.I{message.uid}.host"))

    steps = iter(["before it is waited for", "when it has come"])

    def clock() -> float:
        if next(steps, None) == step:
            raise KeyboardInterrupt
        return 0.0

    monkeypatch.setattr("mailcli.app.side_by_side.monotonic", clock)
    lanes = alongside(supply, staged, session())
    lanes.begin(session(), staged(supply.sets([])))
    lanes.add(ready)

    with pytest.raises(KeyboardInterrupt):
        taken(lanes, supply)

    assert list(folder.path.glob("tmp/*")) == []


def test_one_that_is_refused_is_the_last_that_is_asked_for() -> None:
    asked = []

    def refuse() -> ImapSession:
        asked.append(1)
        raise TemporaryFailure("too many connections")

    further = FurtherSessions(refuse, 4)

    assert [further.lend(ready) for _ in range(3)] == [None, None, None]
    assert len(asked) == 1


def test_one_that_was_left_alone_too_long_is_opened_anew() -> None:
    stale, fresh = session(), session()
    waiting = [fresh, stale]
    further = FurtherSessions(waiting.pop, 2)
    lent = further.lend(ready)
    assert lent is stale
    further.give_back(stale, is_lost=False)

    def prepare(found: ImapSession) -> None:
        if found is stale:
            raise TemporaryFailure("gone")

    assert further.lend(prepare) is fresh
