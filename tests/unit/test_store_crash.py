"""Killed before and after every effect of a change to a Maildir: nothing partial or twice."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.store_crash_driver import ARCHIVE, FLAGS, MESSAGES, adopt, deliver, keywords

from mailcli.errors import NotFound
from mailcli.store.folder import MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX

DRIVER = Path(__file__).with_name("store_crash_driver.py")
SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return _killed("deliver", tmp_path_factory.mktemp("killed"), least=26)


def _killed(change: str, directory: Path, *, least: int) -> list[Path]:
    """Return the Maildirs that a change left when it was killed, and that of one that was not."""
    run = subprocess.run(
        [sys.executable, str(DRIVER), change, str(directory)],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    counts = dict(line.split() for line in run.stdout.splitlines())
    assert counts["before"] == counts["after"]
    assert int(counts["before"]) >= least
    return [
        directory / f"{when}-{number}"
        for when in ("before", "after")
        for number in range(1, int(counts[when]) + 2)
    ]


def _wire(folder: MaildirFolder) -> dict[str | None, bytes]:
    entries = folder.scan()
    found = {entry.token: b"".join(folder.open_wire(entry)) for entry in entries}
    assert len(found) == len(entries)
    return found


def test_a_killed_delivery_shows_only_complete_messages(killed: list[Path]) -> None:
    for root in killed:
        try:
            seen = _wire(Maildir(root).folder(INBOX))
        except NotFound:
            continue  # killed before the folder was made
        assert seen.items() <= MESSAGES.items(), root


def test_the_next_run_delivers_the_rest_once_and_cleans_up(killed: list[Path]) -> None:
    for root in killed:
        folder = Maildir(root).folder(INBOX)
        folder.create()
        folder.remove_stale_tmp()
        known = folder.tokens()
        deliver(root, [token for token in MESSAGES if token not in known])
        assert _wire(folder) == MESSAGES, root
        assert {entry.token: entry.flags for entry in folder.scan()} == FLAGS
        assert list((folder.path / "tmp").iterdir()) == []


def test_keyword_letters_are_the_old_or_the_new_and_the_next_run_goes_on(tmp_path: Path) -> None:
    states = set()
    for root in _killed("keywords", tmp_path, least=12):
        folder = Maildir(root).folder(INBOX)
        file = folder.path / "dovecot-keywords"
        states.add(file.read_bytes())
        keywords(root)
        folder.remove_stale_tmp()
        assert file.read_bytes() == b"0 $Junk\n1 work\n", root
        assert {path.name for path in folder.path.iterdir()} == {
            *("cur", "new", "tmp"),
            "dovecot-keywords",
        }
        assert list((folder.path / "tmp").iterdir()) == []
    assert states == {b"0 $Junk\n", b"0 $Junk\n1 work\n"}


def test_a_message_moved_is_here_or_there_and_never_in_both(tmp_path: Path) -> None:
    for root in _killed("adopt", tmp_path, least=5):
        source, target = (Maildir(root).folder(name) for name in (INBOX, ARCHIVE))
        here, there = _wire(source), _wire(target)
        assert len(here) + len(there) == len(MESSAGES), root
        assert here | there == MESSAGES
        adopt(root)
        assert (_wire(source), _wire(target)) == ({}, MESSAGES)
        assert {entry.token: entry.flags for entry in target.scan()} == FLAGS


def test_a_folder_whose_removal_was_stopped_is_removed_by_the_next_run(tmp_path: Path) -> None:
    for root in _killed("remove", tmp_path, least=8):
        assert Maildir(root).folder(ARCHIVE).remove_empty(), root
        assert list(root.iterdir()) == []
        assert Maildir(root).folder(ARCHIVE).remove_empty()


def test_what_is_delivered_after_a_removal_was_stopped_is_not_lost(tmp_path: Path) -> None:
    whole = set()
    for root in _killed("remove", tmp_path, least=8):
        folder = Maildir(root).folder(ARCHIVE)
        if not (folder.path / "new").is_dir():
            continue
        whole.add(folder.exists())
        (folder.path / "new" / "1.a.h").write_bytes(b"a\n")
        assert not folder.remove_empty(), root
        assert [entry.name for entry in folder.scan()] == ["1.a.h"]
    assert whole == {True, False}
