import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.errors import ProtocolViolation
from mailcli.imap.sets import MAX_UID, UidSet, compress, expand, pieces
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


# -- sets that a server wrote ------------------------------------------------


@pytest.mark.parametrize(
    ("wire", "ranges"),
    [
        (b"7", ((7, 7),)),
        (b"1:4,7", ((1, 4), (7, 7))),
        (b"7,1:4", ((1, 4), (7, 7))),
        (b"4:2", ((2, 4),)),
        (b"1:3,2:5,6", ((1, 6),)),
        (b"1:4294967295", ((1, MAX_UID),)),
        (b"5,5,5", ((5, 5),)),
    ],
)
def test_a_set_is_read_as_its_ranges(wire: bytes, ranges: tuple[tuple[int, int], ...]) -> None:
    assert tuple(UidSet.parse(wire).ranges) == ranges


def test_a_set_of_many_that_are_no_neighbours_takes_little_memory() -> None:
    many = 100_000
    tracemalloc.start()
    try:
        kept = UidSet.of(range(1, 2 * many, 2))
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(kept) == many
    assert held <= 10 * many
    assert peak <= 20 * many


@given(st.lists(st.sets(uids)))
def test_a_union_holds_what_is_in_any_of_its_sets(some: list[set[Uid]]) -> None:
    union = UidSet.union(map(UidSet.of, some))
    assert union == UidSet.of(set().union(*some))
    assert len(union) == len(set().union(*some))
    assert all((uid in union) == (uid in set().union(*some)) for uid in range(50))


NO_SETS = [
    *(b"", b"0", b"0:5", b"5:0", b"*", b"1:*", b"4294967296", b"1:4294967296", b"99999999999"),
    *(b"01", b"-1", b"1-4", b"a", b"1,", b",1", b"1,,2", b"1:2:3", b":", b"1:", b":1"),
    *(b"1, 2", b" 1", b"1 ", b"1\n", "\u0661".encode(), b"\xb2", b"$"),
]


@pytest.mark.parametrize("wire", NO_SETS)
def test_what_is_no_set_of_uids_breaks_the_protocol(wire: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        UidSet.parse(wire)
    with pytest.raises(ProtocolViolation):
        expand(wire, most=10)


@given(st.sets(uids))
def test_a_set_holds_exactly_its_uids(given_ones: set[Uid]) -> None:
    found = UidSet.of(given_ones)
    assert list(found) == sorted(given_ones)
    assert len(found) == len(given_ones)
    assert bool(found) == bool(given_ones)
    near = {uid + step for uid in given_ones for step in (-1, 0, 1)}
    assert {uid for uid in near if uid in found} == given_ones
    assert "7" not in found
    if given_ones:
        assert UidSet.parse(str(found).encode()) == found


@given(st.lists(st.sets(uids), max_size=4))
def test_a_union_holds_what_is_in_any(given_ones: list[set[Uid]]) -> None:
    found = UidSet.union(map(UidSet.of, given_ones))
    assert found == UidSet.of(set().union(*given_ones))


def test_a_set_of_all_uids_takes_no_memory() -> None:
    everything = UidSet.parse(b"1:4294967295")
    assert len(everything) == MAX_UID
    assert MAX_UID in everything
    assert 0 not in everything
    assert UidSet.union([everything, UidSet.of([7])]) == everything


def test_the_order_in_which_a_set_is_written_is_kept_where_it_counts() -> None:
    assert expand(b"9,4:2,7", most=5) == [9, 2, 3, 4, 7]
    with pytest.raises(ProtocolViolation, match="more than"):
        expand(b"9,4:2,7", most=4)
    with pytest.raises(ProtocolViolation, match="more than"):
        expand(b"1:4294967295", most=1000)


# -- sets for commands -------------------------------------------------------


@given(st.sets(uids), st.integers(1, 5), st.integers(21, 40))
def test_pieces_hold_all_uids_and_keep_to_their_limits(
    given_ones: set[Uid], most: int, octets: int
) -> None:
    found = list(pieces(given_ones, most=most, octets=octets))
    held = [expand(piece, most=most) for piece in found]
    assert [uid for some in held for uid in some] == sorted(given_ones)
    assert all(len(piece) <= octets for piece in found)


def test_a_long_run_is_one_piece() -> None:
    assert list(pieces(map(Uid, range(1, 100_001)))) == [b"1:100000"]
    assert list(pieces(map(Uid, range(1, 1201)), most=500)) == [
        b"1:500",
        b"501:1000",
        b"1001:1200",
    ]
    assert list(pieces([])) == []
