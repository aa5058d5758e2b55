"""Whole folders, and one message through several runs, against their tables."""

from typing import Any

import pytest
from tests.support.sync_model import Sides, flags
from tests.support.sync_tables import (
    Cells,
    Line,
    box,
    cases,
    cells,
    lines,
    only,
    put,
    rules,
    sides_before,
    table,
)

from mailcli.model import SyncMode, Uid
from mailcli.sync.plan import DeleteLocal, DeleteRemote, Hold
from mailcli.sync.states import Side

BOXES = {name: (box(case), rules(case)) for name, case in cases("box").items()}
SINGLES = {
    f"{name}: {line.name}": (line, policy)
    for name, (messages, policy) in BOXES.items()
    if "vanished" not in policy
    for line in messages
}
STORIES = cases("story")
ONE_WAY = [SyncMode.PULL, SyncMode.PUSH]
every_box = pytest.mark.parametrize(("messages", "policy"), BOXES.values(), ids=BOXES)
every_mode = pytest.mark.parametrize("mode", SyncMode)


def settled(messages: list[Line], mode: SyncMode) -> dict[str, str]:
    """Return what the table says that a run leaves, by the names of the messages."""
    return {line.name: str(line.after[mode]).replace("@", "") for line in messages}


@every_mode
@every_box
def test_folder_is_left_as_the_table_says(
    messages: list[Line], policy: dict[str, Any], mode: SyncMode
) -> None:
    after = sides_before(messages).synchronised(mode, **policy)
    assert table(after, mode, **then(policy, after)) == settled(messages, mode)


@every_mode
@pytest.mark.parametrize(("line", "policy"), SINGLES.values(), ids=SINGLES)
def test_message_is_left_alone_as_it_is_left_among_others(
    line: Line, policy: dict[str, Any], mode: SyncMode
) -> None:
    after = sides_before([line]).synchronised(mode, **policy)
    assert table(after, mode, **policy) == settled([line], mode)


def then(policy: dict[str, Any], after: Sides) -> dict[str, Any]:
    """Return the policy of the next run: a folder that was made again has not vanished."""
    side = after.local if policy.get("vanished") is Side.LOCAL else after.remote
    return {**policy, "vanished": None} if side else policy


@every_mode
@every_box
def test_second_run_changes_no_folder(
    messages: list[Line], policy: dict[str, Any], mode: SyncMode
) -> None:
    after = sides_before(messages).synchronised(mode, **policy)
    again = after.plan(mode, **then(policy, after))
    assert [action for action in again if not isinstance(action, Hold)] == []


@pytest.mark.parametrize("mode", ONE_WAY)
@every_box
def test_two_way_run_makes_up_for_what_a_one_way_run_left(
    messages: list[Line], policy: dict[str, Any], mode: SyncMode
) -> None:
    later = sides_before(messages).synchronised(mode, **policy)
    after = later.synchronised(SyncMode.TWO_WAY, **then(policy, later))
    now = table(after, SyncMode.TWO_WAY, **then(policy, after))
    assert now == settled(messages, SyncMode.TWO_WAY)


@every_mode
@every_box
def test_run_that_is_stopped_after_any_action_is_made_up_for_by_the_next(
    messages: list[Line], policy: dict[str, Any], mode: SyncMode
) -> None:
    before = sides_before(messages)
    planned = before.plan(mode, **policy)
    for done in range(len(planned)):
        stopped = before.after(planned[:done])
        after = stopped.synchronised(mode, **then(policy, stopped))
        assert table(after, mode, **then(policy, after)) == settled(messages, mode)


@every_mode
@every_box
def test_deletions_that_could_not_be_made_are_all_that_is_left_to_do(
    messages: list[Line], policy: dict[str, Any], mode: SyncMode
) -> None:
    # So it is where a server has neither UIDPLUS nor a way to move what is to go.
    before = sides_before(messages)
    planned = before.plan(mode, **policy)
    deletions = [a for a in planned if isinstance(a, DeleteLocal | DeleteRemote)]
    left = before.after(action for action in planned if action not in deletions)
    flags_now = left.plan(mode, **then(policy, left))  # of what was recognised by its octets
    left = left.after(action for action in flags_now if action not in deletions)
    again = left.plan(mode, **then(policy, left))
    assert [action for action in again if not isinstance(action, Hold)] == deletions


# -- stories -----------------------------------------------------------------------------------


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_message_fares_as_the_story_tells(story: dict[str, Any]) -> None:
    sides, policy = Sides({}, {}, {}), rules(story)
    uid = Uid(1)
    for told, ((*group,),) in lines(story["told"]):
        wanted = cells(group)
        if told in {mode.value for mode in SyncMode}:
            mode = SyncMode(told)
            sides = sides.synchronised(mode, **policy)
            assert sides.plan(mode, **policy) == []
        elif told.startswith("keeps "):
            policy["storable"] = only(flags(told.removeprefix("keeps ")))
        else:
            uid = Uid(2) if told == "renumbered" else next(iter(sides.remote), uid)
            happen(sides, uid, wanted)
        assert table(sides, SyncMode.TWO_WAY, **policy) == {"it": str(wanted)}, told


def happen(sides: Sides, uid: Uid, now: Cells) -> None:
    """Make the one message of a story what a line says; its file keeps its name."""
    file = next(iter([*sides.local, *sides.bound]), "file")
    for side in (sides.agreed, sides.local, sides.remote):
        side.clear()
    put(sides, uid, file, now)
    sides.octets[uid] = sides.octets[file] = "it"
