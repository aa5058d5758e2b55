"""An `imap-sync` with every kind of thing to do, whose server says BYE after any command.

As a server does that is restarted or shuts idle sessions: RFC 3501 §7.1.5. The run connects
again, and what is left undone is done by the next one.
"""

import itertools
import re
from collections.abc import Iterator

import pytest
from tests.support.faults_ground import Ground
from tests.support.faults_mirror import begin, configure
from tests.support.faults_walk import Walk
from tests.support.liar import Change, Hangup, Liar, unchanged

BYE = b"* BYE [UNAVAILABLE] restarting\r\n"
_FINAL = re.compile(rb"m\d+ (?:OK|NO|BAD)")


def _bye(at: int, *, answered: bool) -> Change:
    """Return a change that says BYE behind one of all answers, or in its place."""
    answers = itertools.count(1)

    def told(line: bytes) -> bytes:
        if _FINAL.match(line) and next(answers) == at:
            raise Hangup(line + BYE if answered else BYE)
        return line

    return told


def _count(walk: Walk, liar: Liar) -> int:
    """Return how many answers an undisturbed run has."""
    seen: list[bytes] = []

    def told(line: bytes) -> bytes:
        if _FINAL.match(line):
            seen.append(line)
        return line

    assert _run(walk, liar, told) == 0
    return len(seen)


def _run(walk: Walk, liar: Liar, told: Change) -> int:
    walk.ground.restore()
    configure(walk.ground, liar.port)
    liar.told = told
    code = walk.ground.run().code
    liar.told = unchanged
    configure(walk.ground)
    return code


@pytest.fixture
def liar(ground: Ground) -> Iterator[Liar]:
    with Liar(ground.dovecot.imap) as liar:
        yield liar


def _say_bye(ground: Ground, liar: Liar, *, answered: bool, first: int = 1, every: int = 1) -> int:
    walk = begin(ground, goes_on=True)
    places = range(first, _count(walk, liar) + 1, every)
    for at in places:
        code = _run(walk, liar, _bye(at, answered=answered))
        told = f"BYE {'after' if answered else 'in place of'} answer {at}: exit {code}"
        assert code in {0, 75}, told
        walk.resumes(told)
    return len(places)


@pytest.mark.parametrize("answered", [True, False], ids=["after", "in place of"])
def test_bye_at_some_answers_loses_nothing(ground: Ground, liar: Liar, answered: bool) -> None:
    assert _say_bye(ground, liar, answered=answered, first=3, every=10)


@pytest.mark.soak
@pytest.mark.parametrize("answered", [True, False], ids=["after", "in place of"])
def test_bye_at_every_answer_loses_nothing(ground: Ground, liar: Liar, answered: bool) -> None:
    assert _say_bye(ground, liar, answered=answered)
