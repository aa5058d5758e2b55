"""The model of a synchronised world says what is right, and what is not."""

from collections import Counter

import pytest
from tests.support.sync_world_mail import Copies, Copy
from tests.support.sync_world_model import SERVER, Model

SEEN, FLAGGED = "\\Seen", "\\Flagged"
ONE = Copy("INBOX", "one", frozenset())


def copies(*found: Copy) -> Copies:
    return Counter(found)


def complaints(model: Model, *found: Copy) -> list[str]:
    """Return what is wrong where everybody has these copies."""
    return list(model.complaints(dict.fromkeys((SERVER, "a", "b"), copies(*found))))


@pytest.fixture
def model() -> Model:
    made = Model((SERVER, "a", "b"))
    made.agree(copies(ONE))
    return made


def test_what_nobody_touched_must_be_as_it_was(model: Model) -> None:
    assert not complaints(model, ONE)
    assert complaints(model)
    assert complaints(model, ONE, ONE)
    assert complaints(model, ONE._replace(marks=frozenset({SEEN})))
    assert complaints(model, ONE._replace(folder="Work"))


def test_what_nobody_delivered_must_not_be_there(model: Model) -> None:
    assert complaints(model, ONE, ONE._replace(content="other"))


def test_sides_that_differ_are_wrong(model: Model) -> None:
    sides = {SERVER: copies(ONE), "a": copies(ONE), "b": copies()}
    assert list(model.complaints(sides)) == ["1 missing on b: one in INBOX ()"]


def test_a_deletion_by_who_knew_everything_is_carried_out(model: Model) -> None:
    model.marked("b", ONE, SEEN, on=True)
    model.exchanged("b")
    model.exchanged("a")
    model.deleted("a", ONE)
    assert not complaints(model)
    assert complaints(model, ONE._replace(marks=frozenset({SEEN})))


def test_a_deletion_against_a_change_keeps_the_message(model: Model) -> None:
    model.marked("b", ONE, SEEN, on=True)
    model.deleted("a", ONE)
    assert complaints(model)
    assert not complaints(model, ONE._replace(marks=frozenset({SEEN})))


def test_a_change_that_was_undone_keeps_nothing(model: Model) -> None:
    seen = ONE._replace(marks=frozenset({SEEN}))
    model.marked("b", ONE, SEEN, on=True)
    model.marked("b", seen, SEEN, on=False)
    model.deleted("a", ONE)
    assert not complaints(model)


def test_after_a_run_that_was_stopped_a_deletion_may_have_known(model: Model) -> None:
    model.marked("b", ONE, SEEN, on=True)
    model.stopped("b")
    model.deleted(SERVER, ONE)
    assert not complaints(model)
    assert not complaints(model, ONE._replace(marks=frozenset({SEEN})))


def test_a_move_against_a_flag_is_one_message_with_both(model: Model) -> None:
    model.moved("a", ONE, "Work")
    model.marked("b", ONE, FLAGGED, on=True)
    assert not complaints(model, Copy("Work", "one", frozenset({FLAGGED})))
    assert complaints(model, ONE._replace(folder="Work"))
    assert complaints(model, ONE._replace(folder="Work"), ONE._replace(marks=frozenset({FLAGGED})))


def test_moves_that_contradict_each_other_may_leave_two_copies(model: Model) -> None:
    model.moved("a", ONE, "Work")
    model.moved("b", ONE, "Lists")
    work, lists = ONE._replace(folder="Work"), ONE._replace(folder="Lists")
    assert not complaints(model, work)
    assert not complaints(model, work, lists)
    assert complaints(model, ONE)
    assert complaints(model)


def test_a_move_that_knew_of_another_decides(model: Model) -> None:
    model.moved("a", ONE, "Work")
    model.exchanged("a")
    model.exchanged("b")
    model.moved("b", ONE._replace(folder="Work"), "Lists")
    assert not complaints(model, ONE._replace(folder="Lists"))
    assert complaints(model, ONE._replace(folder="Work"))


def test_the_last_who_knew_decides_a_flag(model: Model) -> None:
    seen = ONE._replace(marks=frozenset({SEEN}))
    model.marked("a", ONE, SEEN, on=True)
    model.exchanged("a")
    model.marked(SERVER, seen, SEEN, on=False)
    assert not complaints(model, ONE)
    assert complaints(model, seen)


def test_a_lost_state_brings_back_what_was_on_its_way(model: Model) -> None:
    model.deleted("a", ONE)
    model.forgot("a", dict.fromkeys((SERVER, "a", "b"), copies(ONE)))
    assert not complaints(model, ONE)
    assert not complaints(model)
    assert complaints(model, ONE, ONE)


def test_a_lost_state_with_nothing_on_its_way_changes_nothing(model: Model) -> None:
    model.forgot("a", dict.fromkeys((SERVER, "a", "b"), copies(ONE)))
    assert not complaints(model, ONE)
    assert complaints(model)


def test_what_other_uids_left_behind_stays_on_that_device_alone(model: Model) -> None:
    model.deleted(SERVER, ONE)
    model.reset("INBOX", {SERVER: copies(), "a": copies(ONE), "b": copies()})
    assert not list(model.complaints({SERVER: copies(), "a": copies(ONE), "b": copies()}))
    assert list(model.complaints({SERVER: copies(), "a": copies(), "b": copies(ONE)}))


def test_twins_of_one_replica_stay_two(model: Model) -> None:
    for _ in range(2):
        model.born("a", "new", "INBOX", frozenset())
    new = ONE._replace(content="new")
    assert not complaints(model, ONE, new, new)
    assert complaints(model, ONE, new)


def test_the_same_message_born_on_two_replicas_may_become_one(model: Model) -> None:
    for replica in ("a", "b"):
        model.born(replica, "new", "INBOX", frozenset())
    new = ONE._replace(content="new")
    assert not complaints(model, ONE, new)
    assert complaints(model, ONE)


def test_a_renamed_folder_takes_its_messages_along(model: Model) -> None:
    inside = Copy("Work/Sub", "two", frozenset())
    model.agree(copies(ONE, inside))
    model.renamed("a", "Work", "Lists", dict.fromkeys((SERVER, "a", "b"), copies(ONE, inside)))
    assert not complaints(model, ONE, inside._replace(folder="Lists/Sub"))
    assert complaints(model, ONE, inside)


def test_a_folder_renamed_by_two_who_do_not_know_it_has_either_name(model: Model) -> None:
    born_later = Copy("Work/Sub", "two", frozenset())
    model.born(SERVER, "two", "Work/Sub", frozenset())
    model.exchanged("b")
    here = {SERVER: copies(ONE, born_later), "a": copies(ONE), "b": copies(ONE, born_later)}
    model.renamed("a", "Work", "Lists", here)
    model.exchanged("a")
    model.renamed("b", "Work", "Drafts", here)
    assert not complaints(model, ONE, born_later._replace(folder="Drafts/Sub"))
    assert not complaints(model, ONE, born_later._replace(folder="Lists/Sub"))
    assert complaints(model, ONE, born_later)


def test_a_folder_renamed_by_one_who_knew_the_other_name_has_the_last(model: Model) -> None:
    inside = Copy("Work", "two", frozenset())
    model.agree(copies(ONE, inside))
    model.renamed("a", "Work", "Lists", dict.fromkeys((SERVER, "a", "b"), copies(ONE, inside)))
    model.exchanged("a")
    model.exchanged("b")
    moved = inside._replace(folder="Lists")
    model.renamed("b", "Lists", "Drafts", dict.fromkeys((SERVER, "a", "b"), copies(ONE, moved)))
    assert not complaints(model, ONE, inside._replace(folder="Drafts"))
    assert complaints(model, ONE, moved)
