"""`pop-fetch` of some hundred messages, stopped at its steps: each message exactly once."""

import pytest
from tests.faults.test_pop_fetch_faults import begin
from tests.support.faults import each
from tests.support.faults_effects import Mode
from tests.support.faults_ground import Ground
from tests.support.faults_walk import KILLS

MANY = tuple(b"Subject: %d\r\n\r\n%s\r\n" % (number, b"x" * number) for number in range(250))
"""More than one batch."""

both_policies = pytest.mark.parametrize("arguments", [(), ("--delete",)], ids=["keep", "delete"])


@both_policies
def test_killed_after_some_effects(ground: Ground, arguments: tuple[str, ...]) -> None:
    walk = begin(ground, *arguments, messages=MANY)
    assert walk.disturb(list(each(Mode.KILL_AFTER, walk.effects))[::331])


@pytest.mark.soak
@both_policies
@pytest.mark.parametrize("mode", KILLS)
def test_killed_at_every_effect(ground: Ground, arguments: tuple[str, ...], mode: Mode) -> None:
    walk = begin(ground, *arguments, messages=MANY)
    assert walk.disturb(each(mode, walk.effects)) == len(walk.effects)
