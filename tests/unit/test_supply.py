"""What connections ask for: each message is asked for once, and others join in when it pays."""

from time import monotonic

import pytest

from mailcli.app.supply import Pace, Supply
from mailcli.imap.sets import UidSet
from mailcli.model import Uid


def numbers(sets: list[bytes]) -> list[int]:
    """Return the UIDs of sets of one range each."""
    ends = [[int(end) for end in one.split(b":")] for one in sets]
    return [uid for each in ends for uid in range(each[0], each[-1] + 1)]


def test_one_connection_asks_for_a_hundred_messages_at_a_time() -> None:
    supply = Supply(UidSet.of(range(1, 251)))

    assert list(supply.sets([])) == [b"1:100", b"101:200", b"201:250"]


def test_several_connections_ask_for_each_message_once_and_for_less_towards_the_end() -> None:
    supply = Supply(UidSet.of(range(1, 3001)))
    supply.is_shared = True
    one, other = supply.sets([]), supply.sets([])

    sets = [part for pair in zip(one, other, strict=False) for part in pair]
    sets += [*one, *other]

    assert numbers(sets) == list(range(1, 3001))
    lengths = [len(numbers([part])) for part in sets]
    assert (lengths[0], lengths[-1]) == (100, 1)
    assert lengths == sorted(lengths, reverse=True)


def test_what_a_connection_took_and_did_not_bring_is_left_of_it() -> None:
    supply = Supply(UidSet.of([*range(1, 101), *range(201, 301)]))
    mine: list[range] = []
    assert next(supply.sets(mine)) == b"1:100"
    assert next(supply.sets([])) == b"201:300"
    came = [supply.take(Uid(uid)) for uid in (*range(1, 99), *range(201, 250))]

    assert all(came)
    assert supply.left(mine) == [99, 100]
    assert supply.left() == [99, 100, *range(250, 301)]


def test_a_message_counts_once_and_only_if_it_was_asked_for() -> None:
    supply = Supply(UidSet.of([3, 5]))

    assert [supply.take(Uid(uid)) for uid in (3, 3, 4, 5, 6)] == [True, False, False, True, False]


@pytest.mark.parametrize(
    ("waited", "messages", "octets", "unasked", "wants"),
    [
        pytest.param(90, 100, 100_000, 1001, True, id="we wait and many are left"),
        pytest.param(40, 100, 100_000, 1001, False, id="we have enough to do"),
        pytest.param(90, 100, 100_000, 1000, False, id="not many are left"),
        pytest.param(90, 100, 100_000_000, 100, True, id="few are left and they are large"),
        pytest.param(90, 99, 100_000, 1001, False, id="it is too early to tell"),
    ],
)
def test_another_connection_is_wanted_where_we_wait_and_very_much_is_left(
    waited: int, messages: int, octets: int, unasked: int, *, wants: bool
) -> None:
    seconds = [1000.0]
    pace = Pace(lambda: seconds[-1])
    seconds.append(1000.0 + waited)
    pace.began = monotonic() - 100
    pace.messages, pace.octets = messages, octets

    assert pace.wants_another(unasked) is wants
