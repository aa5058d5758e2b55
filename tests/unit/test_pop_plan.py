from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.model import UniqueId
from mailcli.pop.plan import Delete, Keep, Message, Policy, Retrieve, Skip, Stored, Time, plan

NOW = Time(1_800_000_000)
DAY = 86_400

FOR_EVER = Policy(keep=True)
NOT_AT_ALL = Policy(keep=False)
THIRTY_DAYS = Policy(keep=timedelta(days=30))
NO_TIME = Policy(keep=timedelta(0))

NEW: tuple[Stored, ...] = ()
TODAY = (Stored(100, NOW),)
LAST_MONTH = (Stored(100, Time(NOW - 31 * DAY)),)
ALMOST = (Stored(100, Time(NOW - 30 * DAY + 1)),)
JUST_OVER = (Stored(100, Time(NOW - 30 * DAY)),)
TOMORROW = (Stored(100, Time(NOW + DAY)),)  # the clock was set back
OTHER_SIZE = (Stored(99, Time(NOW - 31 * DAY)),)
BOTH_SIZES = (Stored(99, NOW), Stored(100, Time(NOW - 31 * DAY)))

MESSAGE = Message(1, UniqueId("u1"), 100)


@pytest.mark.parametrize(
    ("stored", "policy", "action"),
    [
        # what is stored here, how long it may stay there, what happens
        pytest.param(NEW, FOR_EVER, Retrieve(MESSAGE, False), id="new: fetch, keep"),
        pytest.param(NEW, THIRTY_DAYS, Retrieve(MESSAGE, False), id="new: fetch, its age begins"),
        pytest.param(NEW, NOT_AT_ALL, Retrieve(MESSAGE, True), id="new: fetch, then delete"),
        pytest.param(NEW, NO_TIME, Retrieve(MESSAGE, True), id="new, no age: fetch, then delete"),
        pytest.param(TODAY, FOR_EVER, Keep(MESSAGE), id="stored: keep"),
        pytest.param(LAST_MONTH, FOR_EVER, Keep(MESSAGE), id="stored long ago: keep"),
        pytest.param(TODAY, THIRTY_DAYS, Keep(MESSAGE), id="stored today: keep"),
        pytest.param(ALMOST, THIRTY_DAYS, Keep(MESSAGE), id="a second too young: keep"),
        pytest.param(JUST_OVER, THIRTY_DAYS, Delete(MESSAGE), id="exactly its age: delete"),
        pytest.param(LAST_MONTH, THIRTY_DAYS, Delete(MESSAGE), id="older: delete"),
        pytest.param(TOMORROW, THIRTY_DAYS, Keep(MESSAGE), id="stored in the future: keep"),
        pytest.param(TODAY, NOT_AT_ALL, Delete(MESSAGE), id="stored, not to be kept: delete"),
        pytest.param(OTHER_SIZE, THIRTY_DAYS, Retrieve(MESSAGE, False), id="other size: new mail"),
        pytest.param(
            OTHER_SIZE, NOT_AT_ALL, Retrieve(MESSAGE, True), id="other size: fetch first"
        ),
        pytest.param(BOTH_SIZES, THIRTY_DAYS, Delete(MESSAGE), id="one of two sizes is this one"),
    ],
)
def test_plan_reads_like_the_manual(
    stored: Sequence[Stored], policy: Policy, action: object
) -> None:
    assert plan([MESSAGE], {MESSAGE.uidl: stored}, policy, NOW) == [action]


def test_unique_id_given_twice_identifies_nothing() -> None:
    twin = Message(3, MESSAGE.uidl, 5)
    other = Message(2, UniqueId("u2"), 100)
    first, second, third = plan([MESSAGE, other, twin], {MESSAGE.uidl: TODAY}, NOT_AT_ALL, NOW)
    assert isinstance(first, Skip)
    assert "unique-id" in first.reason
    assert second == Retrieve(other, True)
    assert isinstance(third, Skip)


def test_empty_maildrop_needs_nothing() -> None:
    assert plan([], {MESSAGE.uidl: TODAY}, NOT_AT_ALL, NOW) == []


ids = st.sampled_from(["a", "b", "c", "d"]).map(UniqueId)
sizes = st.integers(1, 3)
times = st.integers(NOW - 60 * DAY, NOW).map(Time)
seens = st.dictionaries(ids, st.lists(st.builds(Stored, sizes, times), max_size=3), max_size=4)
listings = st.lists(st.tuples(ids, sizes), max_size=6).map(
    lambda pairs: [Message(n, uidl, size) for n, (uidl, size) in enumerate(pairs, 1)]
)
policies = st.sampled_from([FOR_EVER, NOT_AT_ALL, THIRTY_DAYS])


@given(listings, seens, policies)
def test_nothing_is_deleted_that_is_not_stored_here(
    listing: list[Message], seen: Mapping[UniqueId, list[Stored]], policy: Policy
) -> None:
    actions = plan(listing, seen, policy, NOW)
    assert [action.message for action in actions] == listing
    for action in actions:
        if isinstance(action, Delete):
            message = action.message
            assert message.size in [stored.size for stored in seen[message.uidl]]
            assert [m.uidl for m in listing].count(message.uidl) == 1
            assert policy is not FOR_EVER


@given(listings, seens, policies)
def test_second_run_fetches_nothing_again(
    listing: list[Message], seen: dict[UniqueId, list[Stored]], policy: Policy
) -> None:
    left = list(listing)
    known = {uidl: list(stored) for uidl, stored in seen.items()}
    for action in plan(listing, seen, policy, NOW):
        if isinstance(action, Retrieve):
            known.setdefault(action.message.uidl, []).append(Stored(action.message.size, NOW))
        if isinstance(action, Delete) or (isinstance(action, Retrieve) and action.then_delete):
            left.remove(action.message)
    again = plan(left, known, policy, NOW)
    assert all(isinstance(action, Keep | Skip) for action in again)
