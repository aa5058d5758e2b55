"""An `imap-sync` that has every kind of thing to do, stopped at every step.

Resumed, it ends as the undisturbed run does, and the run after that does nothing.
"""

import pytest
from tests.support.faults import Effect, Fault, each, kills, turns
from tests.support.faults_cuts import Cuts
from tests.support.faults_effects import Mode
from tests.support.faults_ground import Ground
from tests.support.faults_mirror import begin, configure, named
from tests.support.faults_power import Loss
from tests.support.faults_walk import ERRORS, KILLS, SIGNALS, Walk, listing

KINDS = {
    "UID STORE 1 +FLAGS.SILENT (\\Seen)": "flags",
    "UID STORE 3 +FLAGS.SILENT (urgent)": "a keyword",
    'UID MOVE 6 "Projects"': "a message that was moved here",
    'RENAME "OldHere" "NewHere"': "a folder that was renamed here",
    'CREATE "MadeHere"': "a folder that was made here",
    'DELETE "GoneHere"': "a folder that was deleted here",
    "UID EXPUNGE 8": "a message that was deleted here",
}
"""What reaches the server as one command each."""


def test_the_run_has_every_kind_of_thing_to_do(ground: Ground) -> None:
    walk = begin(ground)
    print(listing(walk.effects, ground))  # noqa: T201 - `pytest -s -k every_kind` shows them

    here, there = named(walk.end.local), named(walk.end.server)
    assert there == here | {"too large": ("INBOX", "")}
    assert len(here) == 16
    assert (here["moved here"], here["moved there"]) == (("Projects", ""), ("Projects", ""))
    assert (here["flags on both"], here["keyword there"]) == (("INBOX", "FR"), ("INBOX", "b"))
    kept = {"INBOX", "Projects", "NewHere", "NewThere", "MadeHere", "MadeThere"}
    assert set(walk.end.folders_here) == kept
    assert kept <= set(walk.end.folders_there)
    assert not {"OldHere", "OldThere", "GoneHere", "GoneThere"} & set(walk.end.folders_there)
    sent = [effect.what[0] for effect in walk.effects if effect.kind == "send"]
    assert {command: sent.count(command) for command in KINDS} == dict.fromkeys(KINDS, 1)
    assert sum(command.startswith("APPEND") for command in sent) == 2, "none that was only moved"
    renames = [effect for effect in walk.effects if effect.kind == "rename"]
    assert any("/Projects/" in r.what[1] and "/INBOX/" in r.what[0] for r in renames)


def test_what_cannot_be_repeated_is_noted_before_it_begins(ground: Ground) -> None:
    walk = begin(ground)
    for verb, table in (
        ("UID MOVE", "append_intent"),
        ("APPEND", "append_intent"),
        ("RENAME", "rename_intent"),
        ("UID EXPUNGE", "delete_intent"),
        ("unlink", "delete_intent"),
    ):
        for place in _places(walk, verb):
            before = [e for e in walk.effects[:place] if e.kind in {"sql", "commit"}]
            assert before[-2:] == [Effect("sql", (f"INSERT {table}",)), Effect("commit")], verb


def _places(walk: Walk, verb: str) -> list[int]:
    """Return where a command is sent, or a message's file taken away."""
    return [
        place
        for place, (kind, what) in enumerate((e.kind, e.what) for e in walk.effects)
        if (kind == "send" and what[0].startswith(verb))
        or (kind == verb == "unlink" and "/new/" in what[0])
    ]


def test_killed_before_and_after_some_effects(ground: Ground) -> None:
    walk = begin(ground)
    assert walk.disturb(kills(walk.effects, every=12))


@pytest.mark.parametrize("loss", Loss)
def test_power_lost_after_some_effects(ground: Ground, loss: Loss) -> None:
    walk = begin(ground)
    assert walk.disturb(each(Mode.KILL_AFTER, walk.effects, every=67), loss=loss)


def test_a_disk_that_fails_is_told_and_loses_nothing(ground: Ground) -> None:
    ground.batch = 1
    walk = begin(ground, goes_on=True)
    assert walk.disturb(turns(ERRORS, walk.effects, every=15))


@pytest.mark.parametrize("mode", ERRORS)
def test_a_move_that_cannot_be_recorded_is_told_and_recorded_by_the_next_run(
    ground: Ground, mode: Mode
) -> None:
    ground.batch = 1
    walk = begin(ground, goes_on=True)
    kinds = [effect.kind for effect in walk.effects]
    moved = [
        place
        for place, effect in enumerate(walk.effects)
        if effect.kind == "rename" and len({path.split("/")[-3] for path in effect.what}) == 2
    ]
    assert walk.disturb(Fault(mode, kinds.index("commit", place) + 1) for place in moved)


def test_a_signal_ends_the_run_cleanly(ground: Ground) -> None:
    walk = begin(ground)
    assert walk.disturb(turns(tuple(SIGNALS), walk.effects, every=20))


def _cuts(ground: Ground) -> Cuts:
    walk = begin(ground, goes_on=True)
    return Cuts(walk, ground.dovecot.imap, lambda port: configure(ground, port))


def test_cut_at_some_octets_of_each_side(ground: Ground) -> None:
    cuts = _cuts(ground)
    for position in range(1, cuts.server, cuts.server // 4):
        cuts.cut(server=position)
    for position in range(1, cuts.client, cuts.client // 4):
        cuts.cut(client=position)


@pytest.mark.soak
@pytest.mark.parametrize("side", ["client", "server"])
def test_cut_at_every_seventh_octet(ground: Ground, side: str) -> None:
    cuts = _cuts(ground)
    for position in range(0, getattr(cuts, side), 7):
        cuts.cut(**{side: position})


@pytest.mark.soak
@pytest.mark.parametrize("batch", [None, 1])
class TestEveryEffect:
    """All of the above at every effect."""

    @pytest.mark.parametrize("mode", [*KILLS, *ERRORS, *SIGNALS])
    def test_every_fault(self, ground: Ground, batch: int | None, mode: Mode) -> None:
        ground.batch = batch
        walk = begin(ground, goes_on=mode in ERRORS)
        assert walk.disturb(each(mode, walk.effects))

    @pytest.mark.parametrize("loss", Loss)
    def test_every_power_loss(self, ground: Ground, batch: int | None, loss: Loss) -> None:
        ground.batch = batch
        walk = begin(ground)
        assert walk.disturb(each(Mode.KILL_AFTER, walk.effects), loss=loss)
