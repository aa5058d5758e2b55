"""A plain `pop-fetch`, stopped at every step: nothing is lost, and nothing comes twice."""

from collections import Counter
from pathlib import Path

import pytest
from tests.support.faults import Effect, Fault, each, kills, sampled, turns
from tests.support.faults_effects import Mode
from tests.support.faults_ground import End, Ground
from tests.support.faults_power import Loss
from tests.support.faults_walk import ERRORS, KILLS, SIGNALS, Walk, listing

TWIN = b"Subject: twin\r\n\r\nsent twice, so it is two messages\r\n"
ODD = b"Subject: odd\r\n\r\n.\r\n..two dots, and a bare \r: kept verbatim\r\n"
MESSAGES = (TWIN, ODD, TWIN)


def hold(start: End, left: End, end: End) -> None:
    """Hold what is true of every stopped fetch.

    Every message here is whole and no more than once, what the server lacks is here, and
    the state knows of nothing that is not here.
    """
    there, here = start.counted(start.server), left.counted(left.local)
    assert here <= there == end.counted(end.local), "partial or doubled"
    assert there - left.counted(left.server) <= here, "lost"
    recorded = Counter(("INBOX", str(row[3])[:12].lower()) for row in left.state)
    assert recorded <= here, "recorded and not here"


def begin(ground: Ground, *arguments: str, messages: tuple[bytes, ...] = MESSAGES) -> Walk:
    """Return the walk of `pop-fetch` with messages on the server and nothing here."""
    ground.configure("pop", ground.dovecot.pop3)
    ground.dovecot.deliver(ground.user, *messages)
    ground.arguments = ("pop-fetch", *arguments)
    return Walk.begin(ground, hold)


def test_the_steps_are_listed_and_in_durable_order(
    ground: Ground, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    walk = begin(ground, "--delete")
    steps = listing(walk.effects, ground)
    tmp_path.joinpath("pop-fetch.txt").write_text(steps, "utf-8")
    print(steps)  # noqa: T201 - `pytest -s -k listed` shows them

    links = [effect for effect in walk.effects if effect.kind == "link"]
    assert len(links) == len(MESSAGES)
    (committed,) = _places(walk.effects, Effect("sql", ("INSERT pop_message",)))
    for link in links:
        source, target = link.what
        order = [
            max(_places(walk.effects, Effect("write", (source,)))),
            *_places(walk.effects, Effect("syncfs", (str(Path(target).parent.parent),))),
            *_places(walk.effects, link),
            max(_places(walk.effects, Effect("fsync", (str(Path(target).parent),)))),
            walk.effects.index(Effect("commit"), committed),
            *_places(walk.effects, Effect("send", ("DELE 1",))),  # with all others, and QUIT
            *_places(walk.effects, Effect("reply", ("DELE 1",))),
        ]
        assert order == sorted(order), link.told(ground.home)
    assert Counter(walk.end.local) == Counter(walk.start.server)
    assert walk.end.server == ()


def _places(effects: tuple[Effect, ...], wanted: Effect) -> list[int]:
    found = [place for place, effect in enumerate(effects) if effect == wanted]
    assert found, f"no {wanted.kind} {wanted.what}"
    return found


@sampled(4)
def test_killed_before_and_after_each_effect_of_a_run_that_deletes(
    ground: Ground, every: int
) -> None:
    walk = begin(ground, "--delete")
    assert walk.disturb(kills(walk.effects, every=every)) >= len(walk.effects) / every


def test_killed_before_and_after_some_effects_of_a_run_that_keeps(ground: Ground) -> None:
    walk = begin(ground)
    assert walk.disturb(kills(walk.effects, every=17))


def test_killed_between_batches(ground: Ground) -> None:
    ground.batch = 2
    walk = begin(ground, "--delete")
    assert len(_places(walk.effects, Effect("sql", ("INSERT pop_message",)))) == 2
    assert walk.disturb(each(Mode.KILL_AFTER, walk.effects, every=13))


@pytest.mark.parametrize("loss", Loss)
def test_power_lost_after_some_effects(ground: Ground, loss: Loss) -> None:
    walk = begin(ground, "--delete")
    assert walk.disturb(each(Mode.KILL_AFTER, walk.effects, every=9), loss=loss)


def test_power_lost_after_the_next_run_finds_its_discoveries_durable(ground: Ground) -> None:
    walk = begin(ground)
    first, last = (
        next(n for n, effect in enumerate(walk.effects) if effect == wanted)
        for wanted in (
            next(effect for effect in walk.effects if effect.kind == "link"),
            Effect("sql", ("INSERT pop_message",)),
        )
    )
    assert walk.lose_power_later(Fault(Mode.KILL_AFTER, at + 1) for at in range(first, last, 2))


def test_a_disk_that_fails_is_74_and_loses_nothing(ground: Ground) -> None:
    ground.batch = 2
    walk = begin(ground, "--delete")
    assert walk.disturb(turns(ERRORS, walk.effects, every=4))


def test_a_signal_ends_the_run_cleanly(ground: Ground) -> None:
    walk = begin(ground, "--delete")
    assert walk.disturb(turns(tuple(SIGNALS), walk.effects, every=8))


def test_a_second_run_names_the_first_and_leaves_it_alone(ground: Ground) -> None:
    walk = begin(ground, "--delete")
    ground.restore()
    (place,) = _places(walk.effects, Effect("send", ("RETR 1",)))
    with ground.paused(at=place + 1) as (process, ended):
        second = ground.run_under()
    assert second.returncode == 75
    assert f"process {process}" in second.stderr
    assert [outcome.code for outcome in ended] == [0]
    assert ground.end() == walk.end


@pytest.mark.soak
@pytest.mark.parametrize("arguments", [(), ("--delete",)], ids=["keep", "delete"])
@pytest.mark.parametrize("batch", [None, 1, 2])
class TestEveryEffect:
    """All of the above at every effect."""

    def test_every_kill(
        self, ground: Ground, arguments: tuple[str, ...], batch: int | None
    ) -> None:
        ground.batch = batch
        walk = begin(ground, *arguments)
        for mode in KILLS:
            assert walk.disturb(each(mode, walk.effects)) == len(walk.effects)

    @pytest.mark.parametrize("loss", Loss)
    def test_every_power_loss(
        self, ground: Ground, arguments: tuple[str, ...], batch: int | None, loss: Loss
    ) -> None:
        ground.batch = batch
        walk = begin(ground, *arguments)
        assert walk.disturb(each(Mode.KILL_AFTER, walk.effects), loss=loss)

    @pytest.mark.parametrize("mode", [*ERRORS, *SIGNALS])
    def test_every_error_and_signal(
        self, ground: Ground, arguments: tuple[str, ...], batch: int | None, mode: Mode
    ) -> None:
        ground.batch = batch
        walk = begin(ground, *arguments)
        assert walk.disturb(each(mode, walk.effects))
