"""An `imap-sync` that deletes on both sides, stopped at every step: nothing lost, or back."""

import shutil
from pathlib import Path

import pytest
from tests.support.faults import Effect, Fault, each, sampled
from tests.support.faults_effects import Mode
from tests.support.faults_ground import End, Ground, Messages, digest
from tests.support.faults_power import Loss
from tests.support.faults_walk import ERRORS, KILLS, SIGNALS, Walk, listing

NAMES = ("one", "two", "three", "four", "five", "six", "seven", "eight")


def _message(name: str) -> bytes:
    text = f"Subject: {name}\r\nMessage-ID: <{name}@example.test>\r\n\r\n{name}\r\n"
    return text.encode("ascii")


def hold(start: End, left: End, end: End) -> None:
    """Hold what is true of every stopped run.

    What is to stay never goes, what is nowhere to be does not appear, and a message that was
    moved is always somewhere, on the server too.
    """
    sides = ((start.local, left.local, end.local), (start.server, left.server, end.server))
    for before, now, after in sides:
        first, middle, last = map(start.counted, (before, now, after))
        assert first & last <= middle, "lost"
        assert middle <= first | last, "neither what was nor what is to be"
        assert _contents(before) & _contents(after) <= _contents(now), "nowhere for a while"


def _contents(messages: Messages) -> set[str]:
    return {digest for _, digest, _ in messages}


def begin(ground: Ground) -> Walk:
    """Return the walk of a run that deletes here and there, moves, and keeps what was changed."""
    ground.configure("imap", ground.dovecot.imap, 'folders = ["INBOX", "Projects"]')
    ground.arguments = ("imap-sync",)
    ground.folders = ("INBOX", "Projects")
    ground.dovecot.deliver(ground.user, *map(_message, NAMES))
    ground.dovecot.deliver(ground.user, _message("project"), folder="Projects")
    done = ground.run()
    assert done.code == 0, done.err

    inbox = ground.maildir / "INBOX"
    files = {path.read_text().split()[1]: path for path in inbox.rglob("new/*")}
    ground.home.joinpath("deleted").mkdir()
    for name in ("one", "two", "three"):  # the last one has changed on the server
        shutil.move(files[name], ground.home / "deleted")
    files["four"].rename(ground.maildir / "Projects" / "new" / "1.four.elsewhere")
    files["five"].rename(inbox / "cur" / f"{files['five'].name}:2,F")  # gone on the server
    with ground.dovecot.connect(ground.user) as session:
        session.select("INBOX")
        session.uid("STORE", "3", "+FLAGS", "(\\Flagged)")
        session.uid("STORE", "5:7", "+FLAGS", "(\\Deleted)")
        session.uid("EXPUNGE", "5:7")
    return Walk.begin(ground, hold)


def _sends(effect: Effect, verb: str) -> bool:
    return effect.kind == "send" and effect.what[0].startswith(verb)


def test_the_steps_are_listed_and_a_deletion_is_noted_before_it_begins(ground: Ground) -> None:
    walk = begin(ground)
    print(listing(walk.effects, ground))  # noqa: T201 - `pytest -s -k listed` shows them
    assert len(walk.end.local) == len(walk.end.server) == 5
    assert walk.end.local == walk.end.server
    expunge = _place(walk, "send", "UID EXPUNGE") - 1
    removal = _place(walk, "unlink", "INBOX/new/") - 1
    appends = [place for place, effect in enumerate(walk.effects) if _sends(effect, "APPEND")]
    assert max(appends) < min(expunge, removal)
    for place in (expunge, removal):
        noted = [effect for effect in walk.effects[:place] if effect.kind in {"sql", "commit"}]
        assert noted[-2:] == [Effect("sql", ("INSERT delete_intent",)), Effect("commit")]


@sampled(3)
def test_killed_around_each_deletion(ground: Ground, every: int) -> None:
    walk = begin(ground)
    begin_at = min(
        place
        for place, effect in enumerate(walk.effects)
        if effect == Effect("sql", ("INSERT delete_intent",))
    )
    # Killed after one effect is killed before the next one.
    later = (f for f in each(Mode.KILL_BEFORE, walk.effects, every=every) if f.at > begin_at)
    assert walk.disturb(later)


AFTER_THE_LOOK = "sql", "INSERT folder"
"""What is recorded once both sides of INBOX have been looked at."""


def _place(walk: Walk, kind: str, words: str) -> int:
    """Return which effect, counted from 1, is the first of this kind with these words."""
    return next(
        place
        for place, effect in enumerate(walk.effects, start=1)
        if effect.kind == kind and words in " ".join(effect.what)
    )


def _put_back(ground: Ground, name: str) -> None:
    """Bring a file back that was deleted here, as an undo does."""
    (path,) = (p for p in (ground.home / "deleted").iterdir() if p.read_text().split()[1] == name)
    shutil.copy2(path, ground.maildir / "INBOX" / "new" / path.name)


def _names(messages: Messages, folder: str) -> dict[str, str]:
    """Return the flags of a folder's messages by what they are called."""
    known = {digest(_message(name)): name for name in (*NAMES, "project")}
    return {known[found]: letters for where, found, letters in messages if where == folder}


def test_a_mark_that_a_killed_run_left_goes_when_the_message_is_back(ground: Ground) -> None:
    walk = begin(ground)
    ground.restore()
    ground.run(Fault(Mode.KILL_AFTER, _place(walk, "reply", "UID STORE 1:2 +FLAGS")))
    assert "T" in _names(ground.end().server, "INBOX")["one"]
    _put_back(ground, "one")
    assert ground.run().code == 0
    end = ground.end()
    assert _names(end.server, "INBOX")["one"] == _names(end.local, "INBOX")["one"] == ""
    assert "two" not in _names(end.server, "INBOX")


def test_a_message_that_is_back_after_a_killed_run_expunged_it_is_uploaded(ground: Ground) -> None:
    walk = begin(ground)
    ground.restore()
    ground.run(Fault(Mode.KILL_AFTER, _place(walk, "reply", "UID EXPUNGE")))
    assert "one" not in _names(ground.end().server, "INBOX")
    _put_back(ground, "one")
    assert ground.run().code == 0
    end = ground.end()
    assert _names(end.server, "INBOX").keys() == _names(end.local, "INBOX").keys()
    assert "one" in _names(end.server, "INBOX")


def test_what_another_client_marks_before_we_expunge_stays(ground: Ground) -> None:
    walk = begin(ground)
    ground.restore()
    with (
        ground.paused(at=_place(walk, "send", "UID EXPUNGE")) as (_, ended),
        ground.dovecot.connect(ground.user) as session,
    ):
        session.select("INBOX")
        session.uid("STORE", "8", "+FLAGS", "(\\Deleted)")
    assert ended[0].code == 0
    left = _names(ground.end().server, "INBOX")
    assert left["eight"] == "T"
    assert "one" not in left


def test_a_message_flagged_after_the_first_look_is_not_deleted_there(ground: Ground) -> None:
    walk = begin(ground)
    ground.restore()
    with (
        ground.paused(at=_place(walk, *AFTER_THE_LOOK)) as (_, ended),
        ground.dovecot.connect(ground.user) as session,
    ):
        session.select("INBOX")
        session.uid("STORE", "1", "+FLAGS", "(\\Flagged)")
    assert ended[0].code == 0
    assert ground.run().code == 0
    end = ground.end()
    assert _names(end.server, "INBOX")["one"] == _names(end.local, "INBOX")["one"] == "F"


def test_a_file_flagged_just_before_it_is_removed_stays(ground: Ground) -> None:
    walk = begin(ground)
    ground.restore()
    removal = _place(walk, "unlink", "INBOX/new/")
    path = Path(walk.effects[removal - 1].what[0])
    with ground.paused(at=removal) as (_, ended):
        name = path.read_text().split()[1]
        path.rename(path.parents[1] / "cur" / f"{path.name}:2,F")
    assert ended[0].code == 0
    assert ground.run().code == 0
    end = ground.end()
    assert _names(end.server, "INBOX")[name] == _names(end.local, "INBOX")[name] == "F"


def test_a_file_moved_after_the_first_look_is_uploaded_before_it_is_deleted(
    ground: Ground,
) -> None:
    walk = begin(ground)
    ground.restore()
    again = next(
        place
        for place, effect in enumerate(walk.effects, start=1)
        if place > _place(walk, *AFTER_THE_LOOK) and _sends(effect, 'SELECT "INBOX"')
    )
    with ground.paused(at=again) as (_, ended):
        (path,) = (
            path
            for path in (ground.maildir / "INBOX").rglob("*.mailcli*")
            if path.read_text().split()[1] == "eight"
        )
        path.rename(ground.maildir / "Projects" / "new" / "1.eight.elsewhere")
    assert ended[0].code == 0
    assert "eight" in _names(ground.end().server, "INBOX")
    assert ground.run().code == 0
    end = ground.end()
    assert "eight" not in _names(end.server, "INBOX")
    assert "eight" in _names(end.server, "Projects")


@pytest.mark.soak
class TestEveryEffect:
    """All of the above at every effect."""

    @pytest.mark.parametrize("mode", [*KILLS, *ERRORS, *SIGNALS])
    def test_every_fault(self, ground: Ground, mode: Mode) -> None:
        walk = begin(ground)
        assert walk.disturb(each(mode, walk.effects))

    @pytest.mark.parametrize("loss", Loss)
    def test_every_power_loss(self, ground: Ground, loss: Loss) -> None:
        walk = begin(ground)
        assert walk.disturb(each(Mode.KILL_AFTER, walk.effects), loss=loss)
