from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.support.sync_model import Sides, flags, letters, words
from tests.support.sync_tables import cases, only, rules

from mailcli.model import Flag, Flags, SyncMode, Uid, keywords_of
from mailcli.sync.plan import (
    Append,
    Bind,
    DeleteLocal,
    DeleteRemote,
    Fetch,
    Forget,
    Hold,
    SetLocalFlags,
    StoreFlags,
    merge,
    plan,
)
from mailcli.sync.states import Agreed, Local, Policy, Remote, Side

CASES = cases("case")
GONE = {name: case for name, case in CASES.items() if "gone" in case}
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
    planned = [words(action) for action in sides_of(case).plan(mode, **rules(case))]
    assert planned == case[mode.value]


@pytest.mark.parametrize("mode", SyncMode)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_second_run_of_a_case_has_nothing_to_do(case: dict[str, Any], mode: SyncMode) -> None:
    assert sides_of(case).synchronised(mode, **rules(case)).plan(mode, **rules(case)) == []


@pytest.mark.parametrize("case", SETTLED.values(), ids=SETTLED)
def test_two_way_run_leaves_both_sides_as_the_table_says(case: dict[str, Any]) -> None:
    wanted = case["after"]
    if isinstance(wanted, str):
        wanted = dict.fromkeys(("agreed", "local", "remote"), wanted)
    after = sides_of(case).synchronised(SyncMode.TWO_WAY, **rules(case))
    assert [letters(local.flags) for local in after.local.values()] == [wanted["local"]]
    assert [letters(remote.flags) for remote in after.remote.values()] == [wanted["remote"]]
    assert [letters(agreed.flags) for agreed in after.agreed.values()] == [wanted["agreed"]]


@pytest.mark.parametrize("case", GONE.values(), ids=GONE)
def test_two_way_run_leaves_nothing_where_the_table_says_so(case: dict[str, Any]) -> None:
    after = sides_of(case).synchronised(SyncMode.TWO_WAY, **rules(case))
    assert after == Sides({}, {}, {})


def test_keywords_go_to_the_server_as_they_were_written_here() -> None:
    sides = Sides(
        {UID: Agreed("file", flags(""))},
        {"file": Local(flags("ToDo")), "new": Local(flags("LaTer"))},
        {UID: Remote(flags(""))},
    )
    store, _, append = sides.plan(SyncMode.TWO_WAY)
    assert isinstance(store, StoreFlags)
    assert isinstance(append, Append)
    assert [keyword.imap for keyword in keywords_of(store.add)] == ["ToDo"]
    assert [keyword.imap for keyword in keywords_of(append.flags)] == ["LaTer"]


def many(count: int, *, here: int, there: int) -> Sides:
    """Return a folder with messages agreed on, of which each side has the first few or all."""
    uids = [Uid(number) for number in range(1, count + 1)]
    return Sides(
        {uid: Agreed(f"file-{uid}", flags("")) for uid in uids},
        {f"file-{uid}": Local(flags("")) for uid in uids[:here]},
        {uid: Remote(flags("")) for uid in uids[count - there :]},
    )


@pytest.mark.parametrize(
    ("count", "gone", "held"),
    [(10, 10, False), (11, 11, True), (21, 11, True), (22, 11, False), (100, 50, False)],
)
@pytest.mark.parametrize("side", Side)
def test_more_than_ten_and_more_than_half_are_held_back(
    count: int, gone: int, held: bool, side: Side
) -> None:
    lost = {"here": count - gone, "there": count}
    if side is Side.REMOTE:
        lost = {"here": count, "there": count - gone}
    actions = many(count, **lost).plan(SyncMode.TWO_WAY)
    assert len(actions) == gone
    assert all(isinstance(action, Hold) and action.gone is side for action in actions) == held


@pytest.mark.parametrize(
    ("share", "held"), [(0.0, True), (0.29, True), (0.3, False), (1.0, False)]
)
def test_another_share_can_be_set(share: float, held: bool) -> None:
    actions = many(40, here=28, there=40).plan(SyncMode.TWO_WAY, max_delete=share)
    assert {type(action) for action in actions} == {Hold if held else DeleteRemote}


def test_too_many_deletions_on_one_side_do_not_hold_back_those_on_the_other() -> None:
    sides = many(40, here=35, there=16)  # 24 of 35 are to go here, 5 of 16 there
    kinds = [type(action) for action in sides.plan(SyncMode.TWO_WAY)]
    assert kinds.count(Hold) == 24
    assert kinds.count(DeleteRemote) == 5


def test_messages_gone_on_both_sides_do_not_make_a_folder_larger_than_it_is() -> None:
    sides = many(20, here=9, there=20)
    sides.agreed.update({Uid(uid): Agreed(f"file-{uid}", flags("")) for uid in range(21, 51)})
    kinds = [type(action) for action in sides.plan(SyncMode.TWO_WAY)]
    assert (kinds.count(Forget), kinds.count(Hold)) == (30, 11)


def test_confirmed_deletions_pass() -> None:
    sides = many(40, here=0, there=40)
    assert sides.synchronised(SyncMode.TWO_WAY, allow_mass_delete=True) == Sides({}, {}, {})


def test_a_flag_that_the_server_does_not_keep_is_no_reason_to_bring_a_message_back() -> None:
    sides = Sides({UID: Agreed("file", flags(""))}, {"file": Local(flags("FS"))}, {})
    kept = only(flags("F"))
    assert sides.plan(SyncMode.TWO_WAY, storable=kept) == [
        Forget(UID, "file"),
        Append("file", flags("F")),
    ]
    assert sides.plan(SyncMode.TWO_WAY, storable=only(flags(""))) == [DeleteLocal(UID, "file")]


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
    assert before.synchronised(mode).plan(mode) == []


@given(folders(), modes)
def test_nothing_is_lost_that_a_side_still_wanted(before: Sides, mode: SyncMode) -> None:
    after = before.synchronised(mode)
    for unique in before.local.keys() - after.local.keys():
        ((uid, base),) = ((u, b) for u, b in before.agreed.items() if b.unique == unique)
        assert uid not in before.remote
        assert before.local[unique].flags - {Flag.DELETED} <= base.flags
        assert base.flags <= before.local[unique].flags
    for uid in before.remote.keys() - after.remote.keys():
        base = before.agreed[uid]
        assert base.unique not in before.local
        assert before.remote[uid].flags - {Flag.DELETED} <= base.flags
        assert base.flags <= before.remote[uid].flags


@given(folders(), modes)
def test_nothing_is_there_twice(before: Sides, mode: SyncMode) -> None:
    after = before.synchronised(mode)
    files = [agreed.unique for agreed in after.agreed.values()]
    assert len(files) == len(set(files))
    assert len(after.local) <= len(
        before.local.keys() | {a.unique for a in before.agreed.values()}
    ) + len(before.remote.keys() - before.agreed.keys())


@given(folders(), modes)
def test_nothing_comes_back_that_nobody_touched(before: Sides, mode: SyncMode) -> None:
    after = before.synchronised(mode).synchronised(SyncMode.TWO_WAY)
    for uid, base in before.agreed.items():
        local, remote = before.local.get(base.unique), before.remote.get(uid)
        if (local is None) != (remote is None) and (local or remote).flags == base.flags:  # type: ignore[union-attr]  # one of them is there
            assert uid not in after.remote
            assert base.unique not in after.local


@given(folders())
def test_two_way_run_makes_both_sides_alike(before: Sides) -> None:
    after = before.synchronised(SyncMode.TWO_WAY)
    for uid, agreed in after.agreed.items():
        assert after.local[agreed.unique].flags == after.remote[uid].flags == agreed.flags
    assert after.local.keys() == {agreed.unique for agreed in after.agreed.values()}
    assert after.remote.keys() == after.agreed.keys()


@given(folders())
def test_pull_writes_nothing_there_and_push_changes_no_file(before: Sides) -> None:
    assert before.synchronised(SyncMode.PULL).remote == before.remote
    assert before.synchronised(SyncMode.PUSH).local == before.local
    assert not any(
        isinstance(a, StoreFlags | Append | DeleteRemote) for a in before.plan(SyncMode.PULL)
    )
    assert not any(
        isinstance(a, SetLocalFlags | Fetch | DeleteLocal) for a in before.plan(SyncMode.PUSH)
    )


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
    actions = plan(before.agreed, before.local, before.remote, Policy(mode, only(storable)))
    for action in actions:
        match action:
            case StoreFlags():
                assert action.add | action.remove <= storable
            case Append():
                assert action.flags <= storable
    after = before.after(actions)
    again = plan(after.agreed, after.local, after.remote, Policy(mode, only(storable)))
    assert all(isinstance(action, Hold) for action in again)


@given(folders(), flag_sets)
def test_flags_that_the_server_does_not_keep_are_not_forgotten(
    before: Sides, storable: Flags
) -> None:
    # For what is still on both sides: such a flag does not bring a deleted message back.
    assume(before.agreed.keys() <= before.remote.keys())
    assume({known.unique for known in before.agreed.values()} <= before.local.keys())
    policy = Policy(SyncMode.TWO_WAY, only(storable))
    now = before.after(plan(before.agreed, before.local, before.remote, policy))
    assert contents(now)[0] == contents(before.synchronised(SyncMode.TWO_WAY))[0]
    assert contents(now.synchronised(SyncMode.TWO_WAY)) == contents(
        before.synchronised(SyncMode.TWO_WAY)
    )


@given(flag_sets, flag_sets, flag_sets)
def test_merge_does_not_depend_on_which_side_is_which(a: Flags, b: Flags, c: Flags) -> None:
    assert merge(a, b, c) == merge(a, c, b)
    assert merge(a, a, b) == b
