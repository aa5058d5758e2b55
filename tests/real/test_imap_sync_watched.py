"""A large folder that a run changes is watched, and its files are not listed for the change.

What another process does meanwhile is found by the next run, at whatever moment it does it.
"""

import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.real.test_imap_sync_narrow import (
    FEW,
    MOMENTS,
    Moment,
    interrupted,
    is_stamped,
    run,
)
from tests.support.imap_sides import message
from tests.support.local_mail import put
from tests.support.sync_account import SyncAccount

from mailcli.app import folder_narrow, imap_sync, sync_run
from mailcli.errors import LocalError
from mailcli.store import watch as watching
from mailcli.store.database import Database
from mailcli.store.folder import MaildirFolder
from mailcli.store.stamps import Stamps
from mailcli.store.watch import Watch, Watches

LARGE = 30
"""Messages from which on a folder counts as a large one in these tests."""


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let folders of a few messages be worth it, on any file system that the tests run on."""
    monkeypatch.setattr(sync_run, "WORTH_WATCHING", LARGE)
    monkeypatch.setattr(watching, "is_local", lambda _: True)


@pytest.fixture
def large(mirrored: SyncAccount) -> SyncAccount:
    """The account with a large folder, the same on both sides, and a letter in use."""
    mirrored.deliver(*map(str, range(LARGE + 5)))
    mirrored.flag_there("7", "+work")
    mirrored.sync()
    assert is_stamped()
    return mirrored


def queues() -> int:
    """Return how many inotify instances this process has open."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            found += "inotify" in str(link.readlink())
        except FileNotFoundError:
            continue
    return found


# -- nothing is listed -------------------------------------------------------------------------


def _flag(account: SyncAccount) -> None:
    account.flag_there("20", "+\\Seen")


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
def test_for_one_change_there_no_name_of_a_large_folder_is_listed(
    large: SyncAccount, change: Callable[[SyncAccount], None]
) -> None:
    change(large)

    for _ in range(2):
        watch = run(large)
        assert watch.folders() == []
        assert sum(watch.made.values()) <= FEW, watch.made
        assert is_stamped()
    assert large.here() == large.there()


def test_one_change_there_costs_the_same_among_few_messages_and_many(
    mirrored: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[None] = []

    def counted(database: Database, connection: sqlite3.Connection, path: Path) -> None:
        begin(database, connection, path)
        connection.set_progress_handler(lambda: steps.append(None), 1)

    begin = Database.__init__
    monkeypatch.setattr(Database, "__init__", counted)
    costs = []
    for count in (LARGE + 5, 2000):
        mirrored.deliver(*(f"{count}-{number}" for number in range(count)))
        mirrored.sync()
        mirrored.flag_there(f"{count}-20", "+\\Flagged")
        run(mirrored)  # which imports what it needs
        mirrored.flag_there(f"{count}-20", "-\\Flagged")
        steps.clear()
        watch = run(mirrored)
        costs.append((watch.calls, len(steps)))

    (few, few_steps), (many, many_steps) = costs
    assert many < 1.05 * few, "functions called"
    assert many_steps < 1.05 * few_steps, "of SQLite's machine"


@pytest.mark.parametrize(
    ("change", "listings"),
    [
        (lambda account: account.flag_here("20", "S"), 2),
        (lambda account: put(account.maildir / "INBOX", "1.a.host", message("new")), 2),
        (lambda account: account.delete_there("20"), 2),
    ],
    ids=["flag here", "new here", "gone there"],
)
def test_where_a_large_folder_must_be_looked_at_it_is_not_listed_once_more(
    large: SyncAccount, change: Callable[[SyncAccount], object], listings: int
) -> None:
    change(large)

    watch = run(large)

    assert watch.listings("INBOX") == listings, "a look reads them twice"
    assert is_stamped()
    assert large.here() == large.there()
    assert large.settled()


def test_several_large_folders_are_watched_by_one_queue_which_ends_with_the_run(
    large: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.deliver(*(f"w{number}" for number in range(LARGE)), folder="Work")
    large.sync()
    found: list[int] = []
    interrupted(monkeypatch, (imap_sync, "record_looks", "after"), lambda: found.append(queues()))
    large.flag_there("20", "+\\Seen")
    large.flag_there("w20", "+\\Seen", "Work")

    assert run(large).folders() == []

    assert found == [1]
    assert queues() == 0
    assert is_stamped()
    assert is_stamped("Work")


def test_a_message_that_moves_between_large_folders_leaves_both_at_rest(
    large: SyncAccount,
) -> None:
    large.deliver(*(f"w{number}" for number in range(LARGE)), folder="Work")
    large.sync()
    large.move_there("20", "INBOX", "Work")

    large.sync()

    assert is_stamped()
    assert is_stamped("Work")
    assert large.here("Work") == large.there("Work")
    assert large.settled()


def test_a_run_that_fails_watches_nothing_any_more(
    large: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[int] = []

    def fail() -> None:
        found.append(queues())
        raise LocalError("the disk is gone")

    interrupted(monkeypatch, (imap_sync, "record_numbers", "before"), fail)
    large.flag_there("20", "+\\Seen")

    large.sync(code=74)

    assert found == [1]
    assert queues() == 0


# -- where nothing is watched ------------------------------------------------------------------


@pytest.mark.parametrize("mode", [("-n",), ("--push",), ()], ids=str)
def test_a_run_that_changes_no_file_watches_none(
    large: SyncAccount, monkeypatch: pytest.MonkeyPatch, mode: tuple[str, ...]
) -> None:
    if mode:
        large.flag_there("20", "+\\Seen")
    begun = interrupted(monkeypatch, (Watches, "begin", "before"), lambda: None)

    large.sync(*mode)

    assert not begun


def test_a_small_folder_is_listed(large: SyncAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_run, "WORTH_WATCHING", LARGE + 6)
    large.flag_there("20", "+\\Seen")
    begun = interrupted(monkeypatch, (Watches, "begin", "before"), lambda: None)

    assert run(large).listings("INBOX") == 1

    assert not begun


def test_what_the_server_tells_that_is_as_agreed_on_is_no_reason_to_watch(
    large: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.flag_there("20", "+\\Seen")
    large.flag_there("20", "-\\Seen")
    begun = interrupted(monkeypatch, (Watches, "begin", "before"), lambda: None)

    assert run(large).folders() == []

    assert not begun
    assert is_stamped()


@contextmanager
def no_more_files() -> Iterator[None]:
    """Let this process open no file."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_where_the_system_refuses_the_names_are_listed(
    large: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Watches.begin
    asked: list[MaildirFolder] = []

    def refused(watches: Watches, folder: MaildirFolder) -> None:
        asked.append(folder)
        with no_more_files():
            begin(watches, folder)

    monkeypatch.setattr(Watches, "begin", refused)
    large.flag_there("20", "+\\Seen")

    watch = run(large)

    assert asked
    assert watch.listings("INBOX") == 1
    assert is_stamped()
    assert large.here() == large.there()


def test_on_a_file_system_that_is_not_known_the_names_are_listed(
    large: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "is_local", lambda _: False)
    large.flag_there("20", "+\\Seen")

    assert run(large).listings("INBOX") == 1

    assert is_stamped()


# -- what another program did, is found --------------------------------------------------------

WATCHED: dict[str, Moment] = {
    **{name: moment for name, moment in MOMENTS.items() if moment[1] != "sum_names"},
    "before the watch": (Watches, "begin", "before"),
    "after the watch began": (Watches, "begin", "after"),
    "before the look": (folder_narrow, "_take", "before"),
    "right after the look": (folder_narrow, "_take", "after"),
    "before what was told is read": (Watch, "shows_us_alone", "before"),
    "after what was told was read": (Watch, "shows_us_alone", "after"),
}

OTHERS = {
    "a flag": "mv {b} cur/{B}:2,RSa",
    "letters exchanged": "mv {b} tmp/x; mv {c} cur/{C}:2,a; mv tmp/x cur/{B}:2,Fa",
    "a file more": "printf 'Subject: d\\n\\nx\\n' > tmp/1.d; ln tmp/1.d new/1.d; rm tmp/1.d",
    "a file less": "rm {b}",
    "a copy in the folder's place": "cp -a . ../copy; mv ../INBOX ../old; mv ../copy ../INBOX;"
    " printf 'Subject: d\\n\\nx\\n' > ../INBOX/new/1.d; rm -r ../old",
}


@pytest.fixture
def three(mirrored: SyncAccount, monkeypatch: pytest.MonkeyPatch) -> SyncAccount:
    """The account with three messages, one of which the server has just flagged."""
    monkeypatch.setattr(sync_run, "WORTH_WATCHING", 1)
    mirrored.fill("a", "b", "c", flags=("work",))
    mirrored.flag_here("c", "Fa")
    mirrored.sync()
    assert is_stamped()
    mirrored.flag_there("a", "+\\Flagged")
    return mirrored


def other_process(account: SyncAccount, script: str) -> Callable[[], object]:
    """Return what lets another process change the folder; files are named as they are then."""
    inbox = account.maildir / "INBOX"

    def change() -> None:
        b, c = (account.file(subject).relative_to(inbox) for subject in "bc")
        names = {"b": b, "c": c, "B": b.name.partition(":")[0], "C": c.name.partition(":")[0]}
        command = ["sh", "-ec", script.format(**names)]
        subprocess.run(command, cwd=inbox, check=True)

    return change


@pytest.mark.parametrize("script", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("moment", WATCHED.values(), ids=WATCHED)
def test_what_another_process_does_during_a_run_is_found_by_the_next(
    three: SyncAccount, monkeypatch: pytest.MonkeyPatch, moment: Moment, script: str
) -> None:
    made = interrupted(monkeypatch, moment, other_process(three, script))
    three.sync()
    assert made
    monkeypatch.undo()

    three.sync()

    assert three.here() == three.there()
    assert three.here() != ["a \\Flagged work", "b work", "c \\Flagged work"]
    assert three.settled()


@pytest.mark.parametrize("moment", WATCHED.values(), ids=WATCHED)
def test_a_letter_that_gets_another_meaning_during_a_run_is_found_by_the_next(
    three: SyncAccount, monkeypatch: pytest.MonkeyPatch, moment: Moment
) -> None:
    path = three.maildir / "INBOX" / "dovecot-keywords"
    made = interrupted(monkeypatch, moment, lambda: path.write_text("0 play\n"))
    three.sync()
    assert made
    monkeypatch.undo()

    three.sync()

    assert all("play" in each.split() for each in three.there())


def test_a_file_that_another_program_reads_beside_ours_costs_one_listing(
    large: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.flag_there("20", "+\\Seen")
    moment = (Watch, "shows_us_alone", "before")
    interrupted(monkeypatch, moment, lambda: put(large.maildir / "INBOX", ".x", b""))

    watch = run(large)

    assert watch.listings("INBOX") == 1


def test_runs_in_one_process_have_each_a_watch_of_their_own(
    large: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ones: list[int] = []
    real = Watch.shows_us_alone

    def counted(watch: Watch, stamps: Stamps) -> bool:
        open_ones.append(queues())
        return real(watch, stamps)

    monkeypatch.setattr(Watch, "shows_us_alone", counted)
    for change in ("+\\Seen", "-\\Seen"):
        large.flag_there("20", change)
        assert run(large).folders() == []
        assert queues() == 0
    assert open_ones == [1, 1]
