"""Which stray file is which missing message, against the table and for any of them."""

from collections import Counter
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sync_tables import cases

from mailcli.model import Uid
from mailcli.sync.moves import Content, Missing, Moved, Stray, pair

MOVES = cases("move")
every_case = pytest.mark.parametrize("case", MOVES.values(), ids=MOVES)


def content(text: str) -> Content:
    return len(text), sha256(text.encode()).digest()


def missing_of(told: str) -> Missing:
    folder, uid, unique, text = told.split()
    return Missing(folder, Uid(int(uid)), unique, content(text))


def stray_of(told: str) -> Stray:
    folder, unique, text = told.split()
    return Stray(folder, unique, content(text))


def words(moved: Moved) -> str:
    gone, found = moved.missing, moved.stray
    return f"{gone.folder} {gone.uid} > {found.folder} {found.unique}"


@every_case
def test_files_are_found_again_as_the_table_says(case: dict[str, Any]) -> None:
    found = pair(map(missing_of, case["missing"]), map(stray_of, case["strays"]))
    assert [words(moved) for moved in found] == case["moved"]


@every_case
def test_order_in_which_they_are_told_does_not_matter(case: dict[str, Any]) -> None:
    missing, strays = reversed(case["missing"]), reversed(case["strays"])
    found = pair(map(missing_of, missing), map(stray_of, strays))
    assert [words(moved) for moved in found] == case["moved"]


@pytest.mark.parametrize(
    ("stray", "is_rename"), [("INBOX b hello", True), ("Work a hello", False)]
)
def test_message_that_stays_in_its_folder_is_only_renamed(stray: str, is_rename: bool) -> None:
    (moved,) = pair([missing_of("INBOX 1 a hello")], [stray_of(stray)])
    assert moved.is_rename is is_rename


places = st.sampled_from(["INBOX", "Work", "Archive"])
texts = st.sampled_from(["hello", "world", "goodbye"]).map(content)  # two of them of one size
names = st.sampled_from("abcdef")
missing_ones = st.lists(
    st.builds(Missing, places, st.integers(1, 9).map(Uid), names, texts),
    unique_by=(lambda each: (each.folder, each.uid), lambda each: (each.folder, each.unique)),
    max_size=10,
)
stray_ones = st.lists(
    st.builds(Stray, places, names, texts),
    unique_by=lambda each: (each.folder, each.unique),
    max_size=10,
)


@given(missing_ones, stray_ones)
def test_different_octets_are_never_paired(missing: list[Missing], strays: list[Stray]) -> None:
    assert all(each.missing.content == each.stray.content for each in pair(missing, strays))


@given(missing_ones, stray_ones)
def test_each_message_and_each_file_is_paired_at_most_once(
    missing: list[Missing], strays: list[Stray]
) -> None:
    found = pair(missing, strays)
    assert len({each.missing for each in found} & set(missing)) == len(found)
    assert len({each.stray for each in found} & set(strays)) == len(found)


@given(missing_ones, stray_ones)
def test_nothing_is_left_that_could_be_paired(missing: list[Missing], strays: list[Stray]) -> None:
    looked = Counter(each.content for each in missing)
    lay = Counter(each.content for each in strays)
    assert Counter(each.missing.content for each in pair(missing, strays)) == looked & lay


@given(missing_ones, stray_ones, st.randoms())
def test_pairs_do_not_depend_on_the_order(
    missing: list[Missing], strays: list[Stray], random: Any
) -> None:
    found = pair(missing, strays)
    random.shuffle(missing)
    random.shuffle(strays)
    assert pair(missing, strays) == found


@given(missing_ones, stray_ones)
def test_as_many_as_can_be_stay_in_their_folder(
    missing: list[Missing], strays: list[Stray]
) -> None:
    looked = Counter((each.folder, each.content) for each in missing)
    lay = Counter((each.folder, each.content) for each in strays)
    renames = sum(each.is_rename for each in pair(missing, strays))
    assert renames == (looked & lay).total()
