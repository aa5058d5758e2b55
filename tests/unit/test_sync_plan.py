import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sync_model import Sides, flags, letters, words

from mailcli.model import Flag, Flags, SyncMode, Uid
from mailcli.sync.plan import (
    Append,
    Bind,
    Fetch,
    Hold,
    SetLocalFlags,
    Side,
    StoreFlags,
    merge,
    plan,
)
from mailcli.sync.states import Agreed, Local, Policy, Remote

TABLES = sorted((Path(__file__).parents[1] / "sync" / "cases").glob("*.toml"))
CASES: dict[str, dict[str, Any]] = {
    f"{table.stem}: {case['name']}": case
    for table in TABLES
    for case in tomllib.loads(table.read_text())["case"]
}
SETTLED = {name: case for name, case in CASES.items() if "after" in case}
UID = Uid(7)


def sides_of(case: dict[str, Any]) -> Sides:
    origin = UID if case.get("origin") else None
    return Sides(
        {UID: Agreed("file", flags(case["agreed"]))} if "agreed" in case else {},
        {"file": Local(flags(case["local"]), origin)} if "local" in case else {},
        {UID: Remote(flags(case["remote"]))} if "remote" in case else {},
    )


@pytest.mark.parametrize("mode", SyncMode)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_plan_does_what_the_table_says(case: dict[str, Any], mode: SyncMode) -> None:
    assert [words(action) for action in sides_of(case).plan(mode)] == case[mode.value]


@pytest.mark.parametrize("case", SETTLED.values(), ids=SETTLED)
def test_two_way_run_leaves_both_sides_as_the_table_says(case: dict[str, Any]) -> None:
    after = sides_of(case).synchronised(SyncMode.TWO_WAY)
    assert [letters(local.flags) for local in after.local.values()] == [case["after"]]
    assert [letters(remote.flags) for remote in after.remote.values()] == [case["after"]]
    assert [letters(agreed.flags) for agreed in after.agreed.values()] == [case["after"]]


def test_known_messages_come_first_then_fetches_then_appends() -> None:
    sides = Sides(
        {Uid(5): Agreed("known", flags(""))},
        {
            "a-new": Local(flags("")),
            "known": Local(flags("S")),
            "refound": Local(flags(""), origin=Uid(3)),
        },
        {uid: Remote(flags("")) for uid in (Uid(9), Uid(3), Uid(5), Uid(8))},
    )
    assert [type(action).__name__ for action in sides.plan(SyncMode.TWO_WAY)] == [
        *("StoreFlags", "Agree", "Bind", "Fetch", "Fetch", "Append")
    ]


def test_second_file_with_the_same_origin_is_a_message_of_its_own() -> None:
    local = {name: Local(flags(""), origin=UID) for name in ("copy", "file")}
    actions = Sides({}, local, {UID: Remote(flags(""))}).plan(SyncMode.TWO_WAY)
    assert actions == [Bind(UID, "copy", flags("")), Append("file", flags(""))]


def test_file_that_is_known_as_one_message_is_not_another_one_by_its_origin() -> None:
    sides = Sides(
        {UID: Agreed("file", flags(""))},
        {"file": Local(flags(""), origin=Uid(8))},
        {UID: Remote(flags("")), Uid(8): Remote(flags(""))},
    )
    assert sides.plan(SyncMode.TWO_WAY) == [Fetch(Uid(8))]


def test_pulled_flag_is_no_local_change_when_the_server_takes_it_back() -> None:
    sides = Sides(
        {UID: Agreed("file", flags(""))}, {"file": Local(flags("S"))}, {UID: Remote(flags("F"))}
    )
    pulled = sides.synchronised(SyncMode.PULL)
    pulled.remote[UID] = Remote(flags(""))
    again = pulled.synchronised(SyncMode.PULL)
    assert letters(again.local["file"].flags) == "S"
    assert letters(again.synchronised(SyncMode.TWO_WAY).remote[UID].flags) == "S"


@pytest.mark.parametrize(
    ("agreed", "local", "remote", "merged"),
    [(a, b, c, b if a != b else c) for a in (0, 1) for b in (0, 1) for c in (0, 1)],
)
def test_flag_takes_the_value_of_the_side_that_changed_it(
    agreed: int, local: int, remote: int, merged: int
) -> None:
    assert merge(*(flags("S" * value) for value in (agreed, local, remote))) == flags("S" * merged)


flag_sets = st.frozensets(st.sampled_from(Flag))


@st.composite
def folders(draw: st.DrawFn) -> Sides:
    """Return a folder after anything may have happened on both sides."""
    agreed: dict[Uid, Agreed] = {}
    local: dict[str, Local] = {}
    remote: dict[Uid, Remote] = {}
    for number in range(1, draw(st.integers(0, 6)) + 1):
        uid, unique = Uid(number), f"file-{number}"
        here, there = draw(st.booleans()), draw(st.booleans())
        if known := draw(st.booleans()):
            agreed[uid] = Agreed(unique, draw(flag_sets))
        if here:
            origin = uid if draw(st.booleans()) or known else None
            local[unique] = Local(draw(flag_sets), origin)
        if there:
            remote[uid] = Remote(draw(flag_sets))
    return Sides(agreed, local, remote)


modes = st.sampled_from(SyncMode)


@given(folders(), modes)
def test_second_run_has_nothing_to_do(before: Sides, mode: SyncMode) -> None:
    again = before.synchronised(mode).plan(mode)
    assert all(isinstance(action, Hold) for action in again)


@given(folders(), modes)
def test_nothing_is_lost_and_nothing_is_there_twice(before: Sides, mode: SyncMode) -> None:
    after = before.synchronised(mode)
    assert before.local.keys() <= after.local.keys()
    assert before.remote.keys() <= after.remote.keys()
    assert before.agreed.keys() <= after.agreed.keys()
    files = [agreed.unique for agreed in after.agreed.values()]
    assert len(files) == len(set(files))


@given(folders())
def test_two_way_run_makes_both_sides_alike_but_for_what_it_holds(before: Sides) -> None:
    actions = before.plan(SyncMode.TWO_WAY)
    held = {action.uid for action in actions if isinstance(action, Hold)}
    after = before.after(actions)
    for uid, agreed in after.agreed.items():
        if uid not in held:
            assert after.local[agreed.unique].flags == after.remote[uid].flags == agreed.flags
    bound = {agreed.unique for agreed in after.agreed.values()}
    assert after.local.keys() <= bound
    assert after.remote.keys() <= after.agreed.keys()


@given(folders())
def test_pull_writes_nothing_there_and_push_changes_no_file(before: Sides) -> None:
    assert before.synchronised(SyncMode.PULL).remote == before.remote
    assert before.synchronised(SyncMode.PUSH).local == before.local
    assert not any(isinstance(a, StoreFlags | Append) for a in before.plan(SyncMode.PULL))
    assert not any(isinstance(a, SetLocalFlags | Fetch) for a in before.plan(SyncMode.PUSH))


def contents(sides: Sides) -> list[list[str]]:
    """Return the flags of all messages, here and there."""
    return [
        sorted(letters(message.flags) for message in side)
        for side in (sides.local.values(), sides.remote.values())
    ]


@given(folders(), st.sampled_from([SyncMode.PULL, SyncMode.PUSH]))
def test_one_way_run_forgets_nothing_that_is_pending(before: Sides, mode: SyncMode) -> None:
    at_once = before.synchronised(SyncMode.TWO_WAY)
    later = before.synchronised(mode).synchronised(SyncMode.TWO_WAY)

    assert contents(later) == contents(at_once)


@given(folders(), modes, flag_sets)
def test_flags_that_the_server_does_not_keep_are_never_sent(
    before: Sides, mode: SyncMode, storable: Flags
) -> None:
    actions = plan(before.agreed, before.local, before.remote, Policy(mode, storable))
    for action in actions:
        match action:
            case StoreFlags():
                assert action.add | action.remove <= storable
            case Append():
                assert action.flags <= storable
    after = before.after(actions)
    again = plan(after.agreed, after.local, after.remote, Policy(mode, storable))
    assert all(isinstance(action, Hold) for action in again)


@given(folders(), flag_sets)
def test_flags_that_the_server_does_not_keep_are_not_forgotten(
    before: Sides, storable: Flags
) -> None:
    policy = Policy(SyncMode.TWO_WAY, storable)
    now = before.after(plan(before.agreed, before.local, before.remote, policy))
    assert contents(now)[0] == contents(before.synchronised(SyncMode.TWO_WAY))[0]
    assert contents(now.synchronised(SyncMode.TWO_WAY)) == contents(
        before.synchronised(SyncMode.TWO_WAY)
    )


@given(folders())
def test_what_is_gone_is_held_and_named(before: Sides) -> None:
    for action in before.plan(SyncMode.TWO_WAY):
        if isinstance(action, Hold):
            assert (Side.LOCAL in action.gone) == (action.unique not in before.local)
            assert (Side.REMOTE in action.gone) == (action.uid not in before.remote)


@given(flag_sets, flag_sets, flag_sets)
def test_merge_does_not_depend_on_which_side_is_which(a: Flags, b: Flags, c: Flags) -> None:
    assert merge(a, b, c) == merge(a, c, b)
    assert merge(a, a, b) == b
