"""A first `imap-sync` whose messages a second process writes, both stopped at every effect.

What one of them has done by the time at which the other does something is another thing in each
run. So effects are counted for each process by itself, and what is held is what must always be
true: nothing lost, nothing doubled, what is recorded is there, and the resumed run ends as the
undisturbed one.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import pytest
from tests.support.faults import Effect, Fault, Outcome, each, sampled
from tests.support.faults_effects import Mode, Victims
from tests.support.faults_ground import End, Ground
from tests.support.faults_power import Loss, lose_power
from tests.support.faults_walk import ERRORS, KILLS, Walk

from mailcli.store.files import CHUNK

_BOTH = (False, True)
"""Whether effects are of the process beside ours."""


def _message(name: str, more: bytes = b"") -> bytes:
    identity = f"Message-ID: <{name}@example.test>\r\n"
    return f"Subject: {name}\r\n{identity}\r\n{name}\r\n".encode("ascii") + more


def _hold(start: End, left: End, end: End) -> None:
    assert left.server == start.server
    assert left.counted(left.local) <= end.counted(end.local), "partial or doubled"
    recorded = {row[6] for row in left.state if row[0] == "message"}
    here = {digest.upper() for _, digest, _ in left.local}
    assert {str(digest)[:12] for digest in recorded} <= here, "recorded, and not there"


def begin(ground: Ground) -> Walk:
    """Return the walk of a run that fetches eight messages, a large one and flagged ones."""
    ground.configure("imap", ground.dovecot.imap, 'folders = ["INBOX"]')
    ground.arguments, ground.folders = ("imap-sync",), ("INBOX",)
    ground.batch, ground.beside = 3, True
    ground.dovecot.deliver(ground.user, *map(_message, ("one", "two", "three")))
    ground.dovecot.deliver(ground.user, _message("seen"), flags=["\\Seen"])
    ground.dovecot.deliver(ground.user, _message("large", b"x" * 70 + b"\r\n" * (CHUNK // 2)))
    ground.dovecot.deliver(ground.user, *map(_message, ("six", "seven", "eight")))
    walk = Walk.begin(ground, _hold)
    assert len(walk.end.local) == 8
    return walk


def ours(walk: Walk) -> list[Effect]:
    """Return the effects of the process that hears the server."""
    return [effect for effect in walk.effects if not effect.beside]


def theirs(walk: Walk) -> list[Effect]:
    """Return those of the process that writes."""
    return [effect for effect in walk.effects if effect.beside]


def faults(
    walk: Walk,
    modes: Iterable[Mode],
    *,
    victims: Iterable[Victims] = (Victims.ITSELF,),
    of: Iterable[bool] = _BOTH,
    every: int = 1,
) -> list[Fault]:
    """Return these faults at each effect of both, or of one (`of`), or a sample of them."""
    forked = next(at for at, effect in enumerate(walk.effects) if effect.beside)
    found = [
        replace(fault, beside=beside, victims=victim)
        for victim in victims
        for mode in modes
        for beside in of
        for fault in each(mode, theirs(walk) if beside else ours(walk))
        # Before there are two processes, this is a run like any other.
        if beside or fault.at > forked
    ]
    return found[every // 2 :: every]


def disturb(walk: Walk, chosen: Iterable[Fault], *, loss: Loss | None = None) -> int:
    """Do each fault: disturb, look, resume, compare, and once more; return how many."""
    count = 0
    for count, fault in enumerate(chosen, start=1):  # noqa: B007 - it is returned
        walk.ground.restore()
        outcome = walk.ground.run(fault)
        told = f"{fault}: exit {outcome.code}; {outcome.err.strip()}"
        _is_as_expected(fault, outcome, told)
        assert "Traceback" not in outcome.err, told
        if fault.mode not in KILLS:
            effects = theirs(walk) if fault.beside else ours(walk)
            keeps = effects[fault.at - 1].kind == "unlink"
            assert keeps or walk.ground.end().temporary == (), told
        if loss is not None:
            lose_power(outcome.effects, loss)
        walk.resumes(told)
    return count


def _is_as_expected(fault: Fault, outcome: Outcome, told: str) -> None:
    made = sum(effect.beside == fault.beside for effect in outcome.effects)
    # Effects of ours are some more or less, as answers come one by one or together: the run may
    # have been over before the fault, or was just about to make the effect.
    expected = _codes(fault) if made >= fault.at else {0}
    if made == fault.at - 1 and fault.mode is not Mode.KILL_AFTER:
        expected = {0, *_codes(fault)}
    assert outcome.code in expected, told


def _codes(fault: Fault) -> set[int]:
    match fault.mode:
        case Mode.SIGTERM | Mode.SIGINT if fault.beside:
            return {0}  # it is for us to decide
        case Mode.SIGTERM:
            return {143}
        case Mode.SIGINT:
            return {130}
        case mode if mode in ERRORS:
            return {0, 73, 74}
        case _ if (fault.victims is Victims.OTHER) == fault.beside or (
            fault.victims is Victims.BOTH
        ):
            return {-9}
        case _:
            return {0, 75}  # 0: it had told all that it had to


def test_both_processes_do_their_part(ground: Ground) -> None:
    walk = begin(ground)
    made = [effect.what[0] for effect in theirs(walk) if effect.kind == "create"]
    assert len(made) == 7
    (large,) = (effect for effect in ours(walk) if effect.kind == "create" and _is_in_tmp(effect))
    assert large.what[0] not in made
    assert [effect for effect in theirs(walk) if effect.kind in {"sql", "commit", "reply"}] == []
    linked = [effect for effect in theirs(walk) if effect.kind == "link"]
    assert len({effect.what[1] for effect in linked}) == 7
    assert sum("/cur/" in effect.what[1] for effect in linked) == 1


def test_messages_that_may_be_here_already_are_left_to_our_process(ground: Ground) -> None:
    walk = begin(ground)
    for path in (ground.home / ".local/state/mailcli").glob("a.db*"):
        path.unlink()
    for path in ground.maildir.glob("INBOX/*/*.mailcli*"):  # as another program would name it
        path.rename(path.with_name(path.name.replace(".mailcli", ".other")))
    outcome = ground.run()
    assert outcome.code == 0, outcome.err
    assert any("FETCH" in effect.what[0] for effect in outcome.effects if effect.kind == "send")
    assert [effect for effect in outcome.effects if effect.beside] == []
    assert ground.end() == walk.end


def _is_in_tmp(effect: Effect) -> bool:
    return re.search(r"/tmp/\d+\.", effect.what[0]) is not None


@sampled(53)
def test_killed_before_and_after_effects_of_both(ground: Ground, every: int) -> None:
    walk = begin(ground)
    chosen = faults(walk, KILLS, victims=Victims, every=every)
    # How many effects ours has differs by a few, and so does how many are chosen.
    assert {(fault.victims, fault.beside) for fault in chosen} == set(product(Victims, _BOTH))
    assert disturb(walk, chosen) == len(chosen)


@sampled(13)
def test_the_disk_fails_the_process_that_writes(ground: Ground, every: int) -> None:
    walk = begin(ground)
    assert disturb(walk, faults(walk, ERRORS, of=[True], every=every)) > 5


@sampled(47)
def test_a_signal_to_either(ground: Ground, every: int) -> None:
    walk = begin(ground)
    chosen = faults(walk, [Mode.SIGTERM, Mode.SIGINT], every=every)
    assert {fault.beside for fault in chosen} == set(_BOTH)
    assert disturb(walk, chosen) == len(chosen)


@sampled(31)
@pytest.mark.parametrize("loss", Loss)
def test_power_lost_while_both_are_at_work(ground: Ground, loss: Loss, every: int) -> None:
    walk = begin(ground)
    chosen = faults(walk, [Mode.KILL_AFTER], victims=[Victims.BOTH], every=every)
    assert disturb(walk, chosen, loss=loss) > 1
