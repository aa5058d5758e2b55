from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.model import UniqueId
from mailcli.pop.plan import (
    NO_ID,
    Action,
    Delete,
    Earlier,
    Keep,
    Known,
    Message,
    Policy,
    Retrieve,
    Skip,
    Stored,
    Time,
    Wait,
    all_are_new,
    plan,
)

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

MARKED = (Stored(100, Time(NOW - 31 * DAY), here=False),)

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
        pytest.param(MARKED, FOR_EVER, Keep(MESSAGE), id="marked as seen: keep"),
        pytest.param(MARKED, NOT_AT_ALL, Keep(MESSAGE), id="marked, not stored: never delete"),
        pytest.param(MARKED, THIRTY_DAYS, Keep(MESSAGE), id="marked long ago: never delete"),
        pytest.param(BOTH_SIZES, THIRTY_DAYS, Delete(MESSAGE), id="one of two sizes is this one"),
    ],
)
def test_plan_reads_like_the_manual(
    stored: Sequence[Stored], policy: Policy, action: object
) -> None:
    assert plan([MESSAGE], {MESSAGE.uidl: stored}, policy, NOW) == [action]


def drop(*sizes: int) -> list[Message]:
    return [Message(n, UniqueId(f"u{n}"), size) for n, size in enumerate(sizes, 1)]


SEEN_2 = {UniqueId("u2"): (Stored(20, NOW),)}


@pytest.mark.parametrize(
    ("limits", "sizes", "done"),
    [
        # what a run may fetch, the sizes of new messages, what becomes of them
        pytest.param({}, [10, 90], "fetch fetch", id="no limit"),
        pytest.param({"max_size": 50}, [10, 90, 50], "fetch skip fetch", id="too large: skipped"),
        pytest.param({"max_messages": 2}, [10, 10, 10], "fetch fetch wait", id="two messages"),
        pytest.param({"max_messages": 1}, [10, 20, 10], "fetch keep wait", id="known: no matter"),
        pytest.param({"max_octets": 25}, [10, 90, 5], "fetch wait wait", id="nobody overtakes"),
        pytest.param({"max_octets": 25}, [90, 10], "fetch wait", id="the first comes in any case"),
        pytest.param({"max_octets": 20}, [10, 10, 1], "fetch fetch wait", id="up to the limit"),
        pytest.param(
            {"max_messages": 1, "max_size": 50}, [90, 10], "skip fetch", id="skipped: not counted"
        ),
    ],
)
def test_limits_read_like_the_manual(limits: dict[str, int], sizes: list[int], done: str) -> None:
    kinds = {Retrieve: "fetch", Skip: "skip", Wait: "wait", Keep: "keep"}
    policy = Policy(**limits)  # type: ignore[arg-type]  # each limit is a number
    actions = plan(drop(*sizes), SEEN_2, policy, NOW)
    assert " ".join(kinds[type(action)] for action in actions) == done


ONE_FETCHED = Earlier(1, 10)
FIRST_FAILED = Earlier(failed=frozenset(drop(10)))


@pytest.mark.parametrize(
    ("limits", "earlier", "done"),
    [
        # what a run may fetch, what its earlier sessions did, what becomes of three new messages
        pytest.param({}, ONE_FETCHED, "fetch fetch fetch", id="no limit"),
        pytest.param({"max_messages": 3}, ONE_FETCHED, "fetch fetch wait", id="two are left"),
        pytest.param({"max_messages": 1}, ONE_FETCHED, "wait wait wait", id="none is left"),
        pytest.param({"max_octets": 25}, ONE_FETCHED, "fetch wait wait", id="octets are left"),
        pytest.param({"max_octets": 9}, ONE_FETCHED, "wait wait wait", id="no octet is left"),
        pytest.param({}, FIRST_FAILED, "skip fetch fetch", id="failed: not again"),
        pytest.param({"max_messages": 1}, FIRST_FAILED, "skip fetch wait", id="takes no place"),
        pytest.param({"max_octets": 10}, FIRST_FAILED, "skip fetch wait", id="takes no octets"),
    ],
)
def test_the_limits_of_a_run_are_those_of_all_its_sessions(
    limits: dict[str, int], earlier: Earlier, done: str
) -> None:
    kinds = {Retrieve: "fetch", Skip: "skip", Wait: "wait"}
    policy = Policy(**limits)  # type: ignore[arg-type]  # each limit is a number
    actions = plan(drop(10, 10, 10), {}, policy, NOW, earlier=earlier)
    assert " ".join(kinds[type(action)] for action in actions) == done


@pytest.mark.parametrize("seen", [{}, {MESSAGE.uidl: TODAY}], ids=["new", "known"])
@pytest.mark.parametrize("policy", [FOR_EVER, NOT_AT_ALL, THIRTY_DAYS, NO_TIME])
def test_a_unique_id_given_twice_identifies_nothing_and_deletes_nothing(
    seen: dict[UniqueId, Sequence[Stored]], policy: Policy
) -> None:
    twin = Message(3, MESSAGE.uidl, 5)
    first, _, third = plan([MESSAGE, Message(2, UniqueId("u2"), 9), twin], seen, policy, NOW)
    assert first == Retrieve(MESSAGE, False, Known.BY_CONTENT)
    assert third == Retrieve(twin, False, Known.BY_CONTENT)


@pytest.mark.parametrize(
    ("policy", "deleted"), [(FOR_EVER, False), (THIRTY_DAYS, False), (NOT_AT_ALL, True)]
)
def test_without_unique_ids_only_what_this_session_brought_is_deleted(
    policy: Policy, deleted: bool
) -> None:
    nameless = Message(1, NO_ID, 100)
    assert plan([nameless], {}, policy, NOW) == [Retrieve(nameless, deleted, Known.BY_CONTENT)]


def test_limits_do_not_hold_back_what_only_its_content_tells() -> None:
    listing = [Message(1, NO_ID, 100), Message(2, NO_ID, 100)]
    actions = plan(listing, {}, Policy(max_messages=1, max_octets=1), NOW)
    assert all(isinstance(action, Retrieve) for action in actions)


@pytest.mark.parametrize(
    ("listing", "seen", "stopped", "new"),
    [
        ([MESSAGE], {}, False, False),
        ([], {MESSAGE.uidl: TODAY}, False, False),
        ([MESSAGE], {MESSAGE.uidl: TODAY}, False, False),
        ([MESSAGE], {UniqueId("other"): TODAY}, False, True),
        ([MESSAGE], {MESSAGE.uidl: OTHER_SIZE}, False, True),
        ([MESSAGE], {MESSAGE.uidl: TODAY}, True, True),
    ],
    ids=["nothing known", "nothing there", "known", "all new", "other size", "stopped"],
)
def test_where_nothing_that_is_known_is_listed_content_decides(
    listing: list[Message], seen: dict[UniqueId, Sequence[Stored]], stopped: bool, new: bool
) -> None:
    assert all_are_new(listing, seen, stopped=stopped) is new


def test_a_message_whose_unique_id_may_be_another_is_compared() -> None:
    assert plan([MESSAGE], {}, FOR_EVER, NOW, renamed=True) == [
        Retrieve(MESSAGE, False, Known.BY_BOTH)
    ]


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
    assert all(isinstance(action, Keep) or _is_nameless(action) for action in again)


def _is_nameless(action: Action) -> bool:
    """Whether a message is looked at each time, and never deleted."""
    return action == Retrieve(action.message, False, Known.BY_CONTENT)
