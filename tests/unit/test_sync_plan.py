from typing import Any

import pytest
from tests.support.sync_model import Sides, flags, letters, words
from tests.support.sync_tables import cases, only, rules

from mailcli.model import SyncMode, Uid, keywords_of
from mailcli.sync.plan import (
    Append,
    Bind,
    DeleteLocal,
    DeleteRemote,
    Fetch,
    Forget,
    Hold,
    StoreFlags,
    merge,
    plan,
)
from mailcli.sync.states import Agreed, Local, Policy, Remote

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


def test_a_flag_that_the_server_does_not_keep_is_no_reason_to_bring_a_message_back() -> None:
    sides = Sides({UID: Agreed("file", flags(""))}, {"file": Local(flags("FS"))}, {})
    kept = only(flags("F"))
    assert sides.plan(SyncMode.TWO_WAY, storable=kept) == [
        Forget(UID, "file"),
        Append("file", flags("F")),
    ]
    assert sides.plan(SyncMode.TWO_WAY, storable=only(flags(""))) == [DeleteLocal(UID, "file")]


def test_known_messages_come_first_then_fetches_then_appends_and_deletions_last() -> None:
    sides = Sides(
        {uid: Agreed(f"known-{uid}", flags("")) for uid in (Uid(1), Uid(2), Uid(5), Uid(6))},
        {
            "a-new": Local(flags("")),
            "known-1": Local(flags("")),
            "known-5": Local(flags("S")),
            "refound": Local(flags(""), origin=Uid(3)),
        },
        {uid: Remote(flags("")) for uid in map(Uid, (9, 3, 5, 8, 2))},
    )
    assert [type(action).__name__ for action in sides.plan(SyncMode.TWO_WAY)] == [
        *("StoreFlags", "Agree", "Forget", "Bind", "Fetch", "Fetch", "Append"),
        *("DeleteLocal", "DeleteRemote"),
    ]


@pytest.mark.parametrize(("at_rest", "kind"), [(0, Hold), (10, Hold), (11, DeleteRemote)])
def test_messages_at_rest_count_where_the_share_of_deletions_is_asked_for(
    at_rest: int, kind: type[Hold] | type[DeleteRemote]
) -> None:
    agreed = {Uid(uid): Agreed(f"file {uid}", frozenset()) for uid in range(1, 12)}
    remote = {uid: Remote(frozenset()) for uid in agreed}
    planned = plan(agreed, {}, remote, Policy(), at_rest=at_rest)
    assert {type(action) for action in planned} == {kind}


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
