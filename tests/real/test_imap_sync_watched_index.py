"""What a run alone changed in a large folder is put into the index without the folder's names.

Where that is not proven, the index lists the folder, as ever.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.real.test_imap_sync_narrow import Moment, interrupted, run
from tests.real.test_imap_sync_watched import LARGE, OTHERS, WATCHED, other_process
from tests.support.imap_sides import message
from tests.support.local_mail import put
from tests.support.looked_at import Watch, watched
from tests.support.sync_account import SyncAccount

from mailcli.app import after_run, sync_run
from mailcli.store import watch as watching

Row = tuple[int, str, tuple[str, ...], str, str]


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let folders of a few messages be worth it, on any file system that the tests run on."""
    monkeypatch.setattr(sync_run, "WORTH_WATCHING", LARGE)
    monkeypatch.setattr(watching, "is_local", lambda _: True)


@pytest.fixture
def indexed(mirrored: SyncAccount) -> SyncAccount:
    """The account with two large folders, the same on both sides and in the index."""
    mirrored.deliver(*map(str, range(LARGE + 5)))
    mirrored.deliver(*(f"w{number}" for number in range(LARGE + 5)), folder="Work")
    mirrored.flag_there("7", "+work")
    mirrored.sync()
    shown(mirrored)
    return mirrored


def shown(account: SyncAccount) -> list[Row]:
    """Return what `list` shows: number, folder, flags, thread and subject of each message."""
    out = account.run("list", "--all-folders", "--json", "--limit", "1000")
    return sorted(map(_row, json.loads(out)["messages"]))


def _row(each: Mapping[str, Any]) -> Row:
    flags = tuple(sorted([*each["flags"], *each["keywords"]]))
    return each["id"], each["folder"], flags, each["thread"], each["subject"]


def index() -> Path:
    """Return where the index lies."""
    return Path("~/.cache/mailcli/index.db").expanduser()


def shown_anew(account: SyncAccount) -> list[Row]:
    """Return what `list` shows by an index that was made of the files."""
    index().unlink()
    return shown(account)


def listed(account: SyncAccount) -> Watch:
    """List without a word, and return what was read."""
    with watched() as watch:
        shown(account)
    return watch


def _flag(account: SyncAccount) -> None:
    account.flag_there("20", "+\\Seen")


# -- nothing is listed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        _flag,
        lambda account: account.flag_there("20", "+work"),
        lambda account: account.flag_there("7", "-work"),
        lambda account: account.deliver("new"),
        lambda account: account.deliver("seen", flags=("\\Seen",)),
    ],
    ids=["flag", "keyword", "no keyword", "new", "new and seen"],
)
def test_for_one_change_there_neither_the_run_nor_the_index_lists_a_large_folder(
    indexed: SyncAccount, change: Callable[[SyncAccount], None]
) -> None:
    change(indexed)

    assert run(indexed).folders() == []
    assert listed(indexed).folders() == []
    found = shown(indexed)
    assert len(found) == len(indexed.there()) + len(indexed.there("Work"))
    assert found == shown_anew(indexed)


def test_a_message_that_was_moved_there_is_moved_in_the_index_and_no_folder_listed(
    indexed: SyncAccount,
) -> None:
    before = shown(indexed)
    indexed.move_there("20", "INBOX", "Work")

    indexed.sync()
    assert listed(indexed).folders() == []
    after = shown(indexed)

    (old,) = (row for row in before if row[-1] == "20")
    (new,) = (row for row in after if row[-1] == "20")
    assert (old[0], old[1], new[1]) == (new[0], "INBOX", "Work")
    assert after == shown_anew(indexed)


def test_flags_that_come_run_after_run_are_each_put_into_the_index(indexed: SyncAccount) -> None:
    for change in ("+\\Seen", "+\\Flagged", "-\\Seen", "+work"):
        indexed.flag_there("20", change)
        assert run(indexed).folders() == []
        assert listed(indexed).folders() == []
    assert shown(indexed) == shown_anew(indexed)


# -- what is not proven is listed --------------------------------------------------------------


def test_a_folder_that_the_index_knows_by_older_stamps_is_listed(indexed: SyncAccount) -> None:
    kept = index().with_name("kept")
    index().rename(kept)
    indexed.flag_there("21", "+\\Flagged")
    indexed.sync()
    kept.rename(index())
    _flag(indexed)

    assert run(indexed).listings("INBOX") >= 1, "until it is old enough to be trusted"
    assert shown(indexed) == shown_anew(indexed)


def test_a_small_folder_is_listed(indexed: SyncAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_run, "WORTH_WATCHING", LARGE + 6)
    _flag(indexed)

    assert run(indexed).listings("INBOX") >= 2, "for the sum, and for the index"
    assert shown(indexed) == shown_anew(indexed)


def test_a_folder_that_was_looked_at_whole_is_listed(indexed: SyncAccount) -> None:
    put(indexed.maildir / "INBOX", "1.a.host", message("here"))
    _flag(indexed)

    assert run(indexed).listings("INBOX") >= 3, "twice by the look, and for the index"
    assert shown(indexed) == shown_anew(indexed)


def test_a_folder_that_changed_before_the_index_looks_is_listed(
    indexed: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    _flag(indexed)

    def change() -> None:
        indexed.file("3").rename(indexed.maildir / "INBOX" / "cur" / "3.host:2,FS")

    interrupted(monkeypatch, (after_run, "record_run", "after"), change)

    assert run(indexed).listings("INBOX") >= 1, "until it is old enough to be trusted"
    assert shown(indexed) == shown_anew(indexed)


@pytest.mark.parametrize("script", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("moment", WATCHED.values(), ids=WATCHED)
def test_what_another_process_does_during_a_run_is_in_the_index(
    mirrored: SyncAccount, monkeypatch: pytest.MonkeyPatch, moment: Moment, script: str
) -> None:
    monkeypatch.setattr(sync_run, "WORTH_WATCHING", 1)
    mirrored.fill("a", "b", "c", flags=("work",))
    mirrored.flag_here("c", "Fa")
    mirrored.sync()
    shown(mirrored)
    mirrored.flag_there("a", "+\\Flagged")
    made = interrupted(monkeypatch, moment, other_process(mirrored, script))

    mirrored.sync()

    assert made
    assert shown(mirrored) == shown_anew(mirrored)


def test_of_two_files_of_one_unique_name_the_other_is_shown_when_one_moves(
    indexed: SyncAccount,
) -> None:
    indexed.flag_there("20", "+\\Seen")
    indexed.sync()
    twin = indexed.file("20")
    put(indexed.maildir / "INBOX", f"{twin.name.partition(':')[0]}:2,FS", twin.read_bytes())
    indexed.sync()
    shown(indexed)
    indexed.move_there("20", "INBOX", "Work")
    indexed.sync()

    found = shown(indexed)
    assert [row[1] for row in found if row[-1] == "20"] == ["INBOX", "Work"]
    assert [row[1:] for row in found] == [row[1:] for row in shown_anew(indexed)]


# -- where it ends before the index has it -----------------------------------------------------

_KILLED = """
import os, signal, sys
from {module} import {holder}
from mailcli.app import sync_run
from mailcli.store import watch
sync_run.WORTH_WATCHING = 1
watch.is_local = lambda _: True

def kill(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)

{holder}.{name} = kill
from mailcli.__main__ import main
sys.argv[1:] = ["imap-sync"]
main()
"""


@pytest.mark.parametrize(
    ("module", "holder", "name"),
    [
        ("mailcli.app", "catalogue", "catch_up"),
        ("mailcli.store.index", "Index", "note_taken"),
        ("mailcli.app.indexing", "Update", "_number_by_name"),
        ("mailcli.store.index", "Index", "remove_gone"),
        ("mailcli.store.index", "Index", "listed"),
    ],
)
def test_what_a_killed_run_did_not_put_into_the_index_the_next_list_does(
    indexed: SyncAccount, mailcli_env: Mapping[str, str], module: str, holder: str, name: str
) -> None:
    _flag(indexed)
    indexed.deliver("new")
    indexed.move_there("21", "INBOX", "Work")
    code = _KILLED.format(module=module, holder=holder, name=name)

    done = subprocess.run([sys.executable, "-c", code], env=mailcli_env, timeout=60, check=False)

    assert done.returncode == -signal.SIGKILL
    found = shown(indexed)
    assert len(found) == len(indexed.there()) + len(indexed.there("Work"))
    assert found == shown_anew(indexed)


def test_what_somebody_else_keeps_out_of_the_index_the_next_list_puts_in(
    indexed: SyncAccount,
) -> None:
    lock = Path("~/.local/state/mailcli/numbers/lock").expanduser()
    _flag(indexed)
    with subprocess.Popen(
        ["flock", str(lock), "sh", "-c", "echo; read _"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        indexed.sync()
        other.communicate(b"\n")

    assert listed(indexed).listings("INBOX") >= 1
    assert shown(indexed) == shown_anew(indexed)
