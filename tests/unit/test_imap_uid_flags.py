"""Flags of very many messages: as a dictionary would have them."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from mailcli.imap.sets import UidSet
from mailcli.imap.uid_flags import UidFlags
from mailcli.model import Flag, Flags, Keyword, Uid

UIDS = st.integers(1, 12).map(Uid)
FLAGS: st.SearchStrategy[Flags] = st.frozensets(st.sampled_from(Flag), max_size=2)
STEPS = st.lists(st.tuples(st.sampled_from(["set", "pop", "get"]), UIDS, FLAGS))


@given(STEPS)
def test_it_holds_what_a_dictionary_would(steps: list[tuple[str, Uid, Flags]]) -> None:
    ours, plain = UidFlags(), dict[Uid, Flags]()
    for step, uid, flags in steps:
        match step:
            case "set":
                ours[uid] = plain[uid] = flags
            case "pop":
                assert ours.pop(uid, None) == plain.pop(uid, None)
            case _:
                assert ours.get(uid) == plain.get(uid)
        assert (uid in ours) == (uid in plain)
        assert len(ours) == len(plain)
    assert ours == plain
    assert sorted(ours) == sorted(plain)


@given(st.sets(UIDS), FLAGS, STEPS)
def test_messages_that_all_have_the_same_flags_can_be_changed_like_others(
    uids: set[Uid], flags: Flags, steps: list[tuple[str, Uid, Flags]]
) -> None:
    ours, plain = UidFlags.of(UidSet.of(uids), flags), dict.fromkeys(uids, flags)
    assert ours == plain
    for step, uid, others in steps:
        if step == "set":
            ours[uid] = plain[uid] = others
        else:
            assert ours.pop(uid, None) == plain.pop(uid, None)
    assert ours == plain
    assert len(ours) == len(plain)


def test_messages_in_ascending_order_need_a_few_octets_each() -> None:
    ours = UidFlags()
    for number in range(1, 10_001):
        ours[Uid(number * 3)] = frozenset({Flag.SEEN})
    held = (getattr(ours, name) for name in vars(ours))
    assert sum(map(sys.getsizeof, held)) < 10_000 * 6


def test_any_number_of_different_flags_is_told_apart() -> None:
    ours, plain = UidFlags(), dict[Uid, Flags]()
    for number in range(1, 601):
        ours[Uid(number)] = plain[Uid(number)] = frozenset({Keyword(f"k{number % 300}")})
    ours[Uid(1)] = plain[Uid(1)] = frozenset({Keyword("k299")})
    assert ours == plain


def test_what_comes_out_of_order_is_there_as_well() -> None:
    ours = UidFlags()
    ours.update({Uid(uid): frozenset({Flag.SEEN}) for uid in (5, 9, 7, 3)})
    assert list(ours) == [5, 9, 7, 3]
