import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.imap.sets import compress
from mailcli.model import Uid

uids = st.one_of(st.integers(1, 40), st.integers(2**32 - 20, 2**32 - 1)).map(Uid)


def expanded(sequence_set: str) -> set[int]:
    """Read a sequence-set (RFC 3501 §9) without `*`."""
    found: set[int] = set()
    for part in filter(None, sequence_set.split(",")):
        first, _, last = part.partition(":")
        found.update(range(int(first), int(last or first) + 1))
    return found


@pytest.mark.parametrize(
    ("given_ones", "expected"),
    [
        ([], ""),
        ([7], "7"),
        ([1, 2], "1:2"),
        ([1, 2, 3, 4, 7], "1:4,7"),
        ([7, 3, 1, 2, 4], "1:4,7"),
        ([3, 3, 3, 4, 4], "3:4"),
        ([1, 3, 5], "1,3,5"),
        ([2**32 - 1], "4294967295"),
    ],
)
def test_runs_of_uids_become_ranges(given_ones: list[int], expected: str) -> None:
    assert compress(map(Uid, given_ones)) == expected


@given(st.lists(uids))
def test_sequence_set_holds_exactly_the_uids(given_ones: list[Uid]) -> None:
    assert expanded(compress(given_ones)) == set(given_ones)


@given(st.sets(uids, min_size=1))
def test_no_two_parts_of_a_sequence_set_touch(given_ones: set[Uid]) -> None:
    parts = [sorted(expanded(part)) for part in compress(given_ones).split(",")]
    assert all(a[-1] + 1 < b[0] for a, b in itertools.pairwise(parts))
