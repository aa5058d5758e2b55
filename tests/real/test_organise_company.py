"""Messages that are organised while `imap-sync` runs, or another program renames them."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest
from tests.conftest import RunMailcli
from tests.support.local_mail import document, mail_files, put
from tests.support.sync_account import SyncAccount

from mailcli.app import placing
from mailcli.errors import NotFound
from mailcli.store.copying import Original, copy_messages
from mailcli.store.entries import Entry
from mailcli.store.folder import Delivered, MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX, FolderName
from mailcli.store.staging import Staged

MANY = 40
FOLDERS = ("INBOX", "Work", "Archive", "Trash")

_LOOP = """
import os, subprocess, sys
while not os.path.exists(sys.argv[1]):
    done = subprocess.run([sys.executable, "-m", "mailcli", "imap-sync", "-q"])
    if done.returncode not in (0, 75):
        sys.exit(done.returncode)
"""


@contextmanager
def syncing(environment: dict[str, str], stop: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Synchronise again and again, in another process, for the block."""
    loop = subprocess.Popen([sys.executable, "-c", _LOOP, str(stop)], env=environment)
    try:
        yield loop
    finally:
        stop.touch()
        assert loop.wait(120) == 0


def everything(account: SyncAccount) -> dict[str, list[str]]:
    """Return what is here, by folder."""
    return {folder: account.here(folder) for folder in FOLDERS}


def test_nothing_is_lost_or_doubled_beside_runs_of_imap_sync(
    mirrored: SyncAccount, run_mailcli: RunMailcli, mailcli_env: dict[str, str], tmp_path: Path
) -> None:
    subjects = [f"m{number:02}" for number in range(MANY)]
    mirrored.fill(*subjects, flags=("todo",))
    listed = document(run_mailcli("list", "--json"), "list")["messages"]
    number_of = {each["subject"]: str(each["id"]) for each in listed}
    folders = itertools.cycle(["Work", "Archive", "INBOX", "Trash"])

    with syncing(mailcli_env, tmp_path / "stop") as loop:
        for start in range(0, MANY, 4):
            some = [number_of[each] for each in subjects[start : start + 4]]
            for args in (
                ("flag", *some[:2], "+seen", "+new", "-todo"),
                ("move", *some[1:], next(folders), "--create"),
                ("flag", *some[2:], "+flagged"),
                ("move", some[3], next(folders), "--create"),
            ):
                done = run_mailcli(*args, "--json")
                assert done.returncode == 0, (args, done.stdout, done.stderr)
        assert loop.poll() is None

    mirrored.sync()
    mirrored.sync()
    here = everything(mirrored)
    assert here == {folder: mirrored.there(folder) for folder in FOLDERS}
    told = sorted(line for lines in here.values() for line in lines)
    assert [line.split()[0] for line in told] == subjects
    ways = ["{} \\Seen new", "{} \\Seen new", "{} \\Flagged todo", "{} \\Flagged todo"]
    assert told == [ways[at % 4].format(subject) for at, subject in enumerate(subjects)]
    again = document(run_mailcli("list", "--all-folders", "--json"), "list")["messages"]
    assert {each["subject"]: str(each["id"]) for each in again} == number_of
    assert mirrored.settled()


@pytest.fixture
def inbox(tmp_path: Path) -> MaildirFolder:
    folder = Maildir(tmp_path / "Mail").folder(INBOX)
    folder.create()
    put(folder.path, "1.a.host:2,", b"Subject: a\n\n")
    return folder


def test_a_message_that_another_program_flags_once_on_the_way_is_removed_all_the_same(
    inbox: MaildirFolder,
) -> None:
    (entry,) = inbox.scan()
    inbox.path_of(entry).rename(inbox.path / "cur" / "1.a.host:2,FS")

    placing.remove_message(inbox, entry)

    assert mail_files(inbox.path) == []


def test_a_copy_is_written_anew_where_a_run_takes_its_file_for_a_leftover(
    inbox: MaildirFolder, tmp_path: Path
) -> None:
    target = Maildir(tmp_path / "Mail").folder(FolderName(("Kept",)))
    target.create()

    class Taken(MaildirFolder):
        """Its leftovers are removed just before the first message gets its name."""

        is_taken = False

        def place(self, staged: Staged) -> Delivered:
            if not self.is_taken:
                self.is_taken = True
                assert self.remove_stale_tmp() == 2
            return super().place(staged)

    taken = Taken(tmp_path / "Mail", PurePosixPath("Kept"))
    (entry,) = inbox.scan()
    originals = [Original(inbox, entry, f"{n}.T{n}.mailcli", "") for n in (1, 2)]

    (copies,) = copy_messages(taken, originals)

    assert all(isinstance(each, Entry) for each in copies)
    assert [path.read_bytes() for path in mail_files(target.path)] == [b"Subject: a\n\n"] * 2
    assert list((target.path / "tmp").iterdir()) == []


def test_a_message_that_goes_while_it_is_copied_keeps_no_other_back(
    inbox: MaildirFolder, tmp_path: Path
) -> None:
    target = Maildir(tmp_path / "Mail").folder(FolderName(("Kept",)))
    target.create()
    (entry,) = inbox.scan()
    originals = [
        Original(inbox, Entry("cur", "7.gone.host:2,"), "1.T1.mailcli", ""),
        Original(inbox, entry, "2.T2.mailcli", ""),
    ]

    ((gone, kept),) = copy_messages(target, originals)

    assert isinstance(gone, NotFound)
    assert isinstance(kept, Entry)
