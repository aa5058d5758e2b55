"""How many deletions pass unasked, against the table of the safety stop."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.sync_model import Sides, flags
from tests.support.sync_tables import cases, lines

from mailcli.model import SyncMode, Uid
from mailcli.sync.moves import Missing, Stray, pair
from mailcli.sync.plan import (
    Action,
    DeleteLocal,
    DeleteRemote,
    Fetch,
    Forget,
    Hold,
    needs_confirmation,
)
from mailcli.sync.states import Agreed, Local, Policy, Remote, Side

EMPTY, FLAGGED = flags(""), flags("F")


@dataclass(frozen=True)
class Loss:
    """Of how many messages how many are gone where."""

    messages: int
    here: int = 0
    there: int = 0
    both: int = 0
    flagged: int = 0

    def sides(self) -> Sides:
        """Return such a folder; the lowest UIDs are those that are gone."""
        uids = [Uid(number) for number in range(1, self.messages + 1)]
        sides = Sides(
            {uid: Agreed(f"file-{uid}", EMPTY) for uid in uids},
            {f"file-{uid}": Local(EMPTY) for uid in uids},
            {uid: Remote(EMPTY) for uid in uids},
        )
        rest = iter(uids)
        for uid in _some(self.here, rest):
            del sides.local[f"file-{uid}"]
        for uid in _some(self.there, rest):
            del sides.remote[uid]
        for uid in _some(self.both, rest):
            del sides.local[f"file-{uid}"], sides.remote[uid]
        for uid in _some(self.flagged, rest):
            del sides.local[f"file-{uid}"]
            sides.remote[uid] = Remote(FLAGGED)
        return sides


def _some(count: int, uids: Any) -> list[Uid]:
    return [next(uids) for _ in range(count)]


@dataclass(frozen=True)
class Stop:
    """A line of the table."""

    loss: Loss
    policy: dict[str, Any]
    there: tuple[int, int]
    here: tuple[int, int]


def _stop(loss: list[str], share: list[str], told: list[str]) -> Stop:
    confirmed = share == ["confirmed"]
    counts = [int(cell) for cell in told]
    return Stop(
        Loss(*(int(cell) for cell in loss)),
        {"allow_mass_delete": True} if confirmed else {"max_delete": float(share[0])},
        (counts[0], counts[1]),
        (counts[2], counts[3]),
    )


STOPS = {
    f"{name}: {number} {title}": _stop(*groups)
    for name, case in cases("stop").items()
    for number, (title, groups) in enumerate(lines(case["folders"]), start=1)
}


def told(actions: list[Action]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Count what is deleted and held of what is gone here, and of what is gone there."""
    held = Counter(action.gone for action in actions if isinstance(action, Hold))
    kinds = Counter(type(action) for action in actions)
    return (kinds[DeleteRemote], held[Side.LOCAL]), (kinds[DeleteLocal], held[Side.REMOTE])


@pytest.mark.parametrize("mode", SyncMode)
@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_deletions_pass_or_are_held_as_the_table_says(stop: Stop, mode: SyncMode) -> None:
    there, here = told(stop.loss.sides().plan(mode, **stop.policy))
    assert there == ((0, 0) if mode is SyncMode.PULL else stop.there)
    assert here == ((0, 0) if mode is SyncMode.PUSH else stop.here)


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_what_is_held_back_is_held_back_again_until_it_is_confirmed(stop: Stop) -> None:
    before = stop.loss.sides()
    after = before.synchronised(SyncMode.TWO_WAY, **stop.policy)
    again = after.plan(SyncMode.TWO_WAY, **stop.policy)
    assert all(isinstance(action, Hold) for action in again)
    confirmed = after.synchronised(SyncMode.TWO_WAY, allow_mass_delete=True)
    assert confirmed == before.synchronised(SyncMode.TWO_WAY, allow_mass_delete=True)


def test_stop_holds_back_deletions_and_nothing_else() -> None:
    sides = Loss(40, here=30, both=2, flagged=3).sides()
    sides.remote[Uid(40)] = Remote(FLAGGED)
    sides.local["new"] = Local(EMPTY)
    sides.remote[Uid(41)] = Remote(EMPTY)
    kinds = Counter(type(action).__name__ for action in sides.plan(SyncMode.TWO_WAY))
    assert kinds == {
        "Hold": 30,
        "Forget": 5,
        "Fetch": 4,
        "Append": 1,
        "SetLocalFlags": 1,
        "Agree": 1,
    }


def test_what_is_held_back_comes_last_and_says_where_it_is_gone() -> None:
    sides = Loss(40, here=20, there=20).sides()
    actions = sides.plan(SyncMode.TWO_WAY, max_delete=0.1)
    assert actions == [
        Hold(Uid(uid), f"file-{uid}", Side.LOCAL if uid <= 20 else Side.REMOTE)
        for uid in range(1, 41)
    ]


def moved_away(sides: Sides, moved: int) -> Sides:
    """Return a folder without the first messages, whose files were found in another one."""
    gone = [
        Missing("Inbox", uid, base.unique, (1, base.unique.encode()))
        for uid, base in sides.agreed.items()
        if base.unique not in sides.local
    ]
    strays = [Stray("Archive", each.unique, each.content) for each in gone[:moved]]
    away = {found.missing.uid for found in pair(gone, strays)}
    assert len(away) == moved
    return Sides(
        {uid: base for uid, base in sides.agreed.items() if uid not in away},
        sides.local,
        {uid: state for uid, state in sides.remote.items() if uid not in away},
    )


@pytest.mark.parametrize(
    ("gone", "moved", "deleted", "held"),
    [(30, 0, 0, 30), (30, 30, 0, 0), (30, 20, 10, 0), (30, 25, 5, 0), (40, 40, 0, 0)],
)
def test_moves_do_not_count_as_deletions(gone: int, moved: int, deleted: int, held: int) -> None:
    sides = moved_away(Loss(40, here=gone).sides(), moved)
    assert told(sides.plan(SyncMode.TWO_WAY)) == ((deleted, held), (0, 0))


def test_share_is_of_what_is_left_in_the_folder_when_the_moves_are_made() -> None:
    # 12 of 40 are gone for good; but of the 20 that were not moved away, they are most.
    sides = moved_away(Loss(40, here=32).sides(), 20)
    assert told(sides.plan(SyncMode.TWO_WAY)) == ((0, 12), (0, 0))


@pytest.mark.parametrize("messages", [100, 200, 1000])
def test_share_that_is_reached_exactly_passes_and_one_more_does_not(messages: int) -> None:
    for percent in range(11, 100):
        policy = Policy(max_delete=float(f"0.{percent}"))
        count = messages * percent // 100
        assert not needs_confirmation(count, messages, policy)
        assert needs_confirmation(count + 1, messages, policy)


def test_messages_that_come_back_are_forgotten_and_fetched_not_deleted() -> None:
    actions = Loss(50, flagged=50).sides().plan(SyncMode.TWO_WAY)
    assert [type(action) for action in actions] == [Forget] * 50 + [Fetch] * 50


def test_messages_that_go_back_to_the_server_count_as_those_of_the_maildir() -> None:
    sides = Loss(40, there=30).sides()
    for uid in range(1, 20):
        sides.local[f"file-{uid}"] = Local(FLAGGED)
    assert told(sides.plan(SyncMode.TWO_WAY)) == ((0, 0), (11, 0))
