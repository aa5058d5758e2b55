"""`folders --rename` and `--delete`, stopped at every step; then `imap-sync` makes it whole."""

from collections import Counter
from collections.abc import Sequence

import pytest
from tests.support.faults import UNDISTURBED, Effect, Fault, Outcome, each, kills
from tests.support.faults_effects import Mode
from tests.support.faults_ground import End, Ground
from tests.support.faults_power import Loss, lose_power

SYNC = ("imap-sync",)
RENAME = ("folders", "--rename", "Work", "Office")
DELETE = ("folders", "--delete", "Work", "--yes")


def _message(name: str) -> bytes:
    return f"Subject: {name}\r\nMessage-ID: <{name}@example.test>\r\n\r\n{name}\r\n".encode()


def _begin(ground: Ground, arguments: tuple[str, ...]) -> tuple[End, list[Effect]]:
    """Synchronise two folders, add what is only here, and return the effects of the change.

    The ground is then back at its start.
    """
    ground.configure("imap", ground.dovecot.imap, 'folders = ["INBOX", "Work*", "Office*"]')
    ground.folders = ("INBOX", "Work", "Work/Clients", "Office", "Office/Clients")
    ground.dovecot.deliver(ground.user, _message("one"), _message("two"), folder="Work")
    if arguments == RENAME:
        ground.dovecot.deliver(ground.user, _message("three"), folder="Work/Clients")
    ground.arguments = SYNC
    done = ground.run()
    assert done.code == 0, done.err
    dropped = ground.maildir / "Work" / "new" / "1.a.elsewhere"
    dropped.write_bytes(_message("new here").replace(b"\r\n", b"\n"))
    ground.save()
    start = ground.end()
    ground.arguments = arguments
    undisturbed = ground.run()
    assert undisturbed.code == 0, undisturbed.err
    ground.restore()
    return start, list(undisturbed.effects)


def _stopped(ground: Ground, arguments: tuple[str, ...], fault: Fault) -> End:
    """Return what there is after a stopped change and the next two synchronisations."""
    ground.restore()
    ground.arguments = arguments
    assert ground.run(fault).code == -9
    ground.arguments = SYNC
    for _ in range(2):
        done = ground.run()
        assert done.code == 0, f"{fault}: {done.err}"
    return ground.end()


def _faults(effects: Sequence[Effect]) -> list[Fault]:
    """Return a kill before and after each effect from the first that concerns a folder."""
    concerns = ("rename_intent", "UPDATE folder")
    first = next(
        place
        for place, effect in enumerate(effects, start=1)
        if effect.kind == "sql" and any(word in effect.what[0] for word in concerns)
    )
    return list(kills(effects, range(first, len(effects) + 1)))


def _contents(end: End, side: str) -> Counter[str]:
    return Counter(digest for _, digest, _ in getattr(end, side))


def test_a_rename_stopped_anywhere_neither_loses_nor_doubles(ground: Ground) -> None:
    start, effects = _begin(ground, RENAME)
    faults = _faults(effects)
    assert any(effects[fault.at - 1].kind == "rename" for fault in faults)
    ends = Counter[frozenset[str]]()
    for fault in faults:
        end = _stopped(ground, RENAME, fault)
        told = f"{fault}: {effects[fault.at - 1]}"
        assert end.counted(end.local) == end.counted(end.server), told
        assert _contents(end, "local") == _contents(start, "local"), told
        folders = frozenset(folder for folder, _, _ in end.local)
        assert folders in ({"Work", "Work/Clients"}, {"Office", "Office/Clients"}), told
        ends[folders] += 1
    assert len(ends) == 2, "killed only before the server's rename, or only after it"


def test_a_deletion_stopped_anywhere_keeps_what_is_here_and_uploads_only_what_was_new(
    ground: Ground,
) -> None:
    start, effects = _begin(ground, DELETE)
    new = _contents(start, "local") - _contents(start, "server")
    there = Counter[int]()
    for fault in _faults(effects):
        end = _stopped(ground, DELETE, fault)
        told = f"{fault}: {effects[fault.at - 1]}"
        assert _contents(end, "local") == _contents(start, "local"), told
        # All of it, with what was new here; or this alone, for which the folder was made again.
        assert _contents(end, "server") in (new, _contents(start, "local")), told
        there[len(end.server)] += 1
    assert sorted(there) == [1, 3]


def test_power_lost_after_the_next_run_finds_the_new_name_durable(ground: Ground) -> None:
    start, effects = _begin(ground, RENAME)
    renamed = next(at for at, effect in enumerate(effects, start=1) if effect.kind == "rename")
    stopped = _run(ground, RENAME, Fault(Mode.KILL_AFTER, renamed))
    resumed = _run(ground, SYNC, UNDISTURBED)
    assert resumed.code == 0, resumed.err
    lose_power([*stopped.effects, *resumed.effects], Loss.NAMES)
    assert {folder for folder, _, _ in ground.end().local} == {"Office", "Office/Clients"}
    done = _run(ground, SYNC, UNDISTURBED)
    assert done.code == 0, done.err
    end = ground.end()
    assert end.counted(end.local) == end.counted(end.server)
    assert _contents(end, "local") == _contents(start, "local")


def _run(ground: Ground, arguments: tuple[str, ...], fault: Fault) -> Outcome:
    ground.arguments = arguments
    return ground.run(fault)


@pytest.mark.parametrize("mode", [Mode.EIO, Mode.ENOSPC])
def test_a_disk_that_fails_during_a_rename_is_told_and_made_up_for(
    ground: Ground, mode: Mode
) -> None:
    start, effects = _begin(ground, RENAME)
    for fault in list(each(mode, effects))[::3]:
        ground.restore()
        ground.arguments = RENAME
        assert ground.run(fault).code in {0, 73, 74}
        ground.arguments = SYNC
        done = ground.run()
        assert done.code == 0, done.err
        end = ground.end()
        assert end.counted(end.local) == end.counted(end.server), str(fault)
        assert _contents(end, "local") == _contents(start, "local"), str(fault)
