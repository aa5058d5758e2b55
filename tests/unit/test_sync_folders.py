"""What becomes of folders, and which were renamed, against their tables."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sync_tables import cases, lines

from mailcli.sync.folders import Fate, Known, Offered, fates, renamed_here, renames_there

FATES = {
    title: (title.split(), cells[0][0])
    for case in cases("fates").values()
    for title, cells in lines(case["folders"])
}
THERE = cases("renamed_there")
HERE = cases("renamed_here")
KNOWN = {
    "yes": Known(7, "id"),
    "detached": Known(7, "id", detached=True),
    "detached+mail": Known(7, "id", detached=True, has_new_mail=True),
}


def fate_of(known: str, here: str, there: str) -> dict[str, Fate]:
    return fates(
        {"Work": KNOWN[known]} if known in KNOWN else {},
        {"Work"} if here == "yes" else set(),
        {"Work"} if there == "yes" else set(),
    )


@pytest.mark.parametrize(("state", "fate"), FATES.values(), ids=FATES)
def test_folder_has_the_fate_that_the_table_says(state: list[str], fate: str) -> None:
    known, here, there = state
    assert fate_of(known, here, there) == {"Work": Fate[fate]}


def test_table_of_fates_leaves_nothing_out() -> None:
    every = {*product(["no", "yes", "detached"], ["yes", "no"], ["yes", "no"])}
    every |= {*product(["detached+mail"], ["yes"], ["yes", "no"])}  # mail is in a folder here
    assert {tuple(state) for state, _ in FATES.values()} == every - {("no", "no", "no")}
    assert fate_of("no", "no", "no") == {}
    assert {fate for _, fate in FATES.values()} == {fate.name for fate in Fate}


@pytest.mark.parametrize("known", [Known(0, None), Known(7, None), Known(7, "id")])
def test_fate_does_not_depend_on_ids(known: Known) -> None:
    assert fates({"Work": known}, {"Work"}, set()) == {"Work": Fate.GONE_THERE}
    assert fates({"Work": known}, set(), {"Work"}) == {"Work": Fate.GONE_HERE}


def test_every_folder_has_its_own_fate_whatever_its_parent_has() -> None:
    found = fates(
        {"Work": KNOWN["yes"], "Work/May": KNOWN["yes"], "Work/May/1": KNOWN["detached"]},
        {"Work/May", "Work/May/1", "Work/June"},
        {"Work", "Work/May", "Workshop"},
    )
    assert list(found.items()) == [
        ("Work", Fate.GONE_HERE),
        ("Work/June", Fate.NEW_HERE),
        ("Work/May", Fate.MIRROR),
        ("Work/May/1", Fate.DETACHED),
        ("Workshop", Fate.NEW_THERE),
    ]


# -- renamed on the server ---------------------------------------------------------------------


def known_of(told: list[str]) -> dict[str, Known]:
    found = {}
    for line in told:
        detached = line.endswith(" detached")
        name, uidvalidity, mailbox_id = line.removesuffix(" detached").rsplit(" ", 2)
        found[name] = Known(int(uidvalidity), given_or_none(mailbox_id), detached=detached)
    return found


def offered_of(told: list[str]) -> dict[str, Offered]:
    found = {}
    for line in told:
        name, uidvalidity, mailbox_id = line.rsplit(" ", 2)
        validity = None if uidvalidity == "-" else int(uidvalidity)
        found[name] = Offered(validity, given_or_none(mailbox_id))
    return found


def given_or_none(cell: str) -> str | None:
    return None if cell == "-" else cell


@pytest.mark.parametrize("told", [list, lambda lines: lines[::-1]], ids=["in order", "reversed"])
@pytest.mark.parametrize("case", THERE.values(), ids=THERE)
def test_renames_on_the_server_are_found_as_the_table_says(
    case: dict[str, Any], told: Any
) -> None:
    found = renames_there(known_of(told(case["known"])), offered_of(told(case["there"])))
    words = [f"{r.old} > {r.new}, {'surely' if sure else 'perhaps'}" for r, sure in found]
    assert words == case["renamed"]


names = st.sampled_from(["A", "A/B", "A/B/C", "B", "B/C", "C", "INBOX"])
ids = st.one_of(st.none(), st.sampled_from(["id1", "id2", "id3"]))
known_folders = st.dictionaries(names, st.builds(Known, st.integers(0, 3), ids, st.booleans()))
listed_folders = st.dictionaries(
    names, st.builds(Offered, st.one_of(st.none(), st.integers(1, 3)), ids)
)


@given(known_folders, listed_folders)
def test_only_what_is_gone_was_renamed_and_only_to_what_is_new(
    known: dict[str, Known], there: dict[str, Offered]
) -> None:
    told = fates(known, set(known), set(there))
    for renamed, is_sure in renames_there(known, there):
        assert told[renamed.old] is Fate.GONE_THERE
        assert told[renamed.new] is Fate.NEW_THERE
        old, new = known[renamed.old], there[renamed.new]
        is_same = old.mailbox_id is not None and old.mailbox_id == new.mailbox_id
        is_alone = all(
            [each.mailbox_id for each in side.values()].count(old.mailbox_id) <= 1
            for side in (known, there)
        )
        assert (is_same and is_alone) is is_sure
        assert is_sure or old.uidvalidity == new.uidvalidity


@given(known_folders, listed_folders)
def test_outer_folders_come_first(known: dict[str, Known], there: dict[str, Offered]) -> None:
    olds = [renamed.old for renamed, _ in renames_there(known, there)]
    assert olds == sorted(olds)


# -- renamed here ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", HERE.values(), ids=HERE)
def test_renames_here_are_found_as_the_table_says(case: dict[str, Any]) -> None:
    gone = {name: files.split() for name, files in case["gone"].items()}
    assert renamed_here(gone, case["files"].split()) == case.get("was")


file_sets = st.frozensets(st.sampled_from("abcdefgh"))


@given(st.dictionaries(names, file_sets), st.lists(file_sets, max_size=3))
def test_no_two_new_folders_were_the_same_one(
    gone: dict[str, frozenset[str]], new: list[frozenset[str]]
) -> None:
    apart: set[str] = set()
    disjoint = []
    for files in new:
        disjoint.append(files - apart)
        apart |= files
    found = [old for files in disjoint if (old := renamed_here(gone, files)) is not None]
    assert len(found) == len({*found})
    assert {*found} <= {*gone}
