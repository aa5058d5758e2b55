"""What holds for a folder in any state whatever, keywords and all."""

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.support.sync_model import Sides, letters
from tests.support.sync_tables import only

from mailcli.model import Flag, Flags, Keyword, SyncMode, Uid
from mailcli.sync.plan import (
    Append,
    DeleteLocal,
    DeleteRemote,
    Fetch,
    Hold,
    SetLocalFlags,
    StoreFlags,
    merge,
    plan,
)
from mailcli.sync.states import Agreed, Local, Policy, Remote

flag_sets = st.frozensets(st.sampled_from([*Flag, *map(Keyword, ("todo", "Todo", "$Junk"))]))


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


@given(folders(), modes)
def test_what_is_only_on_the_server_is_fetched_whatever_else_there_is(
    before: Sides, mode: SyncMode
) -> None:
    # So a run need not plan about it: of a first one, it may be a million.
    bound = {base.unique for base in before.agreed.values()}
    origins = {file.origin for unique, file in before.local.items() if unique not in bound}
    known = {uid: v for uid, v in before.remote.items() if uid in before.agreed or uid in origins}
    apart = [Fetch(uid) for uid in before.remote if uid not in known]
    policy = Policy(mode)
    told = [*plan(before.agreed, before.local, known, policy)]
    told += apart if policy.changes_local else []
    assert sorted(told, key=repr) == sorted(before.plan(mode), key=repr)


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
