"""A plain `imap-sync`, stopped at its changes: both sides end alike, and nothing comes twice.

With what makes that hard: twins, and messages without Message-ID. `test_imap_sync_walk` stops a
run with every kind of thing to do.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.faults import UNDISTURBED, Effect, Fault, each, kills
from tests.support.faults_cuts import Cuts
from tests.support.faults_effects import Mode
from tests.support.faults_ground import End, Ground
from tests.support.faults_power import Loss
from tests.support.faults_walk import ERRORS, KILLS, SIGNALS, Walk, listing


def _message(name: str, *, message_id: bool = True) -> bytes:
    identity = f"Message-ID: <{name}@example.test>\r\n" if message_id else ""
    return f"Subject: {name}\r\n{identity}\r\n{name}\r\n".encode("ascii")


def hold(start: End, left: End, end: End) -> None:
    """Hold what is true of every stopped run: nothing is missing, and nothing there twice."""
    assert start.counted(start.local) <= left.counted(left.local), "lost here"
    assert start.counted(start.server) <= left.counted(left.server), "lost on the server"
    assert left.counted(left.local) <= end.counted(end.local), "partial or doubled here"
    assert left.counted(left.server) <= end.counted(end.server), "uploaded twice"


def configure(ground: Ground, port: int | None = None) -> None:
    """Write the configuration: two folders, of which the server has one."""
    port = port or ground.dovecot.imap
    ground.configure("imap", port, 'folders = ["INBOX", "Projects"]')
    ground.arguments = ("imap-sync",)
    ground.folders = ("INBOX", "Projects")


def begin(ground: Ground) -> Walk:
    """Return the walk of a run that has to do everything there is, in both directions.

    Three messages are on both sides, with flags changed here, there and on both; two more
    are there, one of them seen; three are here, two of them twins and one without
    Message-ID; and a folder is here alone.
    """
    configure(ground)
    ground.dovecot.deliver(ground.user, *map(_message, ("one", "two", "three")))
    done = ground.run()
    assert done.code == 0, done.err

    ground.dovecot.deliver(ground.user, _message("four"))
    ground.dovecot.deliver(ground.user, _message("five"), flags=["\\Seen"])
    with ground.dovecot.connect(ground.user) as session:
        session.select("INBOX")
        session.uid("STORE", "1,3", "+FLAGS", "(\\Flagged)")
    inbox = ground.maildir / "INBOX"
    for text, letters in (("two", "S"), ("three", "R")):
        (path,) = (path for path in inbox.rglob("new/*") if f"\n{text}\n" in path.read_text())
        path.rename(inbox / "cur" / f"{path.name}:2,{letters}")
    _drop(inbox / "new" / "1.a.elsewhere", _message("twin"))
    _drop(inbox / "cur" / "1.b.elsewhere:2,S", _message("twin"))
    _drop(inbox / "cur" / "1.c.elsewhere:2,", _message("nameless", message_id=False))
    projects = ground.maildir / "Projects"
    for name in ("cur", "new", "tmp"):
        projects.joinpath(name).mkdir(parents=True)
    _drop(projects / "new" / "1.d.elsewhere", _message("project"))
    return Walk.begin(ground, hold)


def _drop(path: Path, raw: bytes) -> None:
    """Put a file where another program puts its mail, with the line ends of such files."""
    path.write_bytes(raw.replace(b"\r\n", b"\n"))


def test_the_steps_are_listed_and_an_upload_is_noted_before_it_begins(
    ground: Ground, tmp_path: Path
) -> None:
    walk = begin(ground)
    steps = listing(walk.effects, ground)
    tmp_path.joinpath("imap-sync.txt").write_text(steps, "utf-8")
    print(steps)  # noqa: T201 - `pytest -s -k listed` shows them

    assert walk.end.local == walk.end.server
    assert len(walk.end.local) == 9
    appends = [n for n, effect in enumerate(walk.effects) if _sends(effect, "APPEND")]
    assert len(appends) == 2  # three messages into INBOX by one command, and one into Projects
    for place in appends:
        before = [effect for effect in walk.effects[:place] if effect.kind in {"sql", "commit"}]
        assert before[-2:] == [Effect("sql", ("INSERT append_intent",)), Effect("commit")]


def _sends(effect: Effect, verb: str) -> bool:
    return effect.kind == "send" and effect.what[0].startswith(verb)


def test_killed_around_each_change_at_the_server(ground: Ground) -> None:
    walk = begin(ground)
    places = {place for verb in ("UID STORE", "APPEND", "CREATE") for place in _around(walk, verb)}
    assert walk.disturb(kills(walk.effects, places)) > len(places) > 2 * (2 + 2 + 1)


def _around(walk: Walk, verb: str) -> Iterator[int]:
    """Yield where each such command is sent, until its answer comes, counted from 1."""
    for place, effect in enumerate(walk.effects, start=1):
        if _sends(effect, verb):
            rest = enumerate(walk.effects[place:], start=place + 1)
            yield from range(place, next(at for at, e in rest if e.kind == "reply") + 1)


def test_power_lost_after_the_next_run_finds_its_discoveries_durable(ground: Ground) -> None:
    walk = begin(ground)
    kept = range(_first(walk, "link"), _first(walk, "sql", "INSERT message", after="link"))
    faults = [Fault(Mode.KILL_AFTER, at + 1) for at in kept]
    assert walk.lose_power_later(faults)


def test_power_lost_after_an_upload_is_not_taken_for_a_deletion(ground: Ground) -> None:
    configure(ground)
    assert ground.run().code == 0
    dropped = ground.maildir / "INBOX" / "new" / "1.a.elsewhere"
    _drop(dropped, _message("one"))
    walk = Walk.begin(ground, hold)
    assert walk.lose_power_later([UNDISTURBED], unsafe=[Effect("create", (str(dropped),))])


def _first(walk: Walk, kind: str, what: str = "", *, after: str = "") -> int:
    """Return the place of the first such effect, behind the first of the kind `after`."""
    begin = _first(walk, after) if after else 0
    return next(
        place
        for place, effect in enumerate(walk.effects)
        if place >= begin and effect.kind == kind and what in {*effect.what[:1], ""}
    )


@pytest.mark.soak
@pytest.mark.parametrize("side", ["client", "server"])
def test_cut_at_every_third_octet(ground: Ground, side: str) -> None:
    cuts = Cuts(begin(ground), ground.dovecot.imap, lambda port: configure(ground, port))
    for position in range(0, getattr(cuts, side), 3):
        cuts.cut(**{side: position})


@pytest.mark.soak
@pytest.mark.parametrize("batch", [None, 1])
class TestEveryEffect:
    """All of the above at every effect."""

    @pytest.mark.parametrize("mode", [*KILLS, *ERRORS, *SIGNALS])
    def test_every_fault(self, ground: Ground, batch: int | None, mode: Mode) -> None:
        ground.batch = batch
        walk = begin(ground)
        assert walk.disturb(each(mode, walk.effects))

    @pytest.mark.parametrize("loss", Loss)
    def test_every_power_loss(self, ground: Ground, batch: int | None, loss: Loss) -> None:
        ground.batch = batch
        walk = begin(ground)
        assert walk.disturb(each(Mode.KILL_AFTER, walk.effects), loss=loss)
