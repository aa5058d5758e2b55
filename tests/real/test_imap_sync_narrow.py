"""Of one change among many messages a run reads that one, and the runs that follow read nothing.

And what another program does meanwhile to the Maildir is found, at whatever moment it does it.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from tests.real.conftest import OpenAccount
from tests.support.imap_sides import message
from tests.support.local_mail import letters, put
from tests.support.looked_at import Watch, watched
from tests.support.sync_account import QUIET, SyncAccount, names_of, reflagged
from tests.support.sync_world_device import MISCOUNTED

from mailcli.app import folder_stamps, imap_sync
from mailcli.app.folder_state import FolderState
from mailcli.app.sync_run import SyncRun
from mailcli.store.folder import MaildirFolder
from mailcli.store.records import MessageRow
from mailcli.store.stamps import ask_clock
from mailcli.store.state import StateStore

MANY = 300
FEW = 12
"""How many rows may be read about one change among many messages."""

ROWS = (MessageRow, StateStore.outlines, StateStore.known_uids, StateStore.flags_from)
"""What makes values of rows of the state."""


def run(account: SyncAccount, *args: str) -> Watch:
    """Run, and return what was read."""
    with watched(*(each for each in ROWS if isinstance(each, type | FunctionType))) as watch:
        account.sync(*args)
    return watch


def is_stamped(folder: str = "INBOX") -> bool:
    """Tell whether the state takes a folder's files to be as agreed on."""
    database = Path("~/.local/state/mailcli/work.db").expanduser()
    with closing(sqlite3.connect(database)) as state:
        (found,) = state.execute("SELECT stamps NOTNULL FROM folder WHERE name = ?", [folder])
        assert state.execute(MISCOUNTED).fetchall() == []
    return bool(found[0])


@pytest.fixture
def large(mirrored: SyncAccount) -> SyncAccount:
    """The account with many messages in one folder, the same on both sides."""
    mirrored.deliver(*map(str, range(MANY)))
    mirrored.flag_there("7", "+work")
    mirrored.sync()
    assert is_stamped()
    return mirrored


@pytest.fixture
def small(mirrored: SyncAccount) -> SyncAccount:
    """The account with three messages, the same on both sides, and a letter in use."""
    mirrored.fill("a", "b", "c", flags=("work",))
    assert is_stamped()
    return mirrored


# -- nothing more is read --------------------------------------------------------------------


def _new_there(account: SyncAccount) -> None:
    account.deliver("new")


@pytest.mark.parametrize(
    ("change", "listings"),
    [
        (lambda account: account.flag_there("100", "+\\Seen"), 1),
        (lambda account: account.flag_there("100", "+work"), 1),
        (lambda account: account.flag_there("7", "-work"), 1),
        (_new_there, 1),
    ],
    ids=["flag", "keyword", "no keyword", "new"],
)
def test_of_one_change_there_one_row_is_read_and_names_go_by_once_at_the_end(
    large: SyncAccount, change: Callable[[SyncAccount], None], listings: int
) -> None:
    change(large)

    watch = run(large)

    assert sum(watch.made.values()) <= FEW, watch.made
    assert watch.listings("INBOX") == listings
    assert large.here() == large.there()


def test_the_run_after_a_change_there_reads_nothing(large: SyncAccount) -> None:
    large.flag_there("100", "+\\Seen")
    large.sync()

    watch = run(large)

    assert watch.folders() == []
    assert not watch.made
    assert names_of(large.said()) == QUIET


def test_the_runs_after_a_change_here_read_one_row(large: SyncAccount) -> None:
    large.flag_here("100", "S")
    large.sync()

    for _ in range(2):
        watch = run(large)
        assert watch.folders() == []
        assert sum(watch.made.values()) <= FEW
    assert large.here() == large.there()


def test_a_flag_that_was_already_taken_away_again_lists_nothing(large: SyncAccount) -> None:
    large.flag_there("100", "+\\Seen")
    large.flag_there("100", "-\\Seen")

    for _ in range(2):
        assert run(large).folders() == []
    assert is_stamped()


@pytest.mark.parametrize(
    "change",
    [
        lambda account: account.delete_there("100"),
        lambda account: account.file("100").unlink(),
        lambda account: account.move_there("100", "INBOX", "Archive"),
        lambda account: account.move_here("100", "INBOX", "Archive"),
        lambda account: put(account.maildir / "INBOX", "1.a.host", message("new")),
    ],
    ids=["gone there", "gone here", "moved there", "moved here", "new here"],
)
def test_whatever_was_carried_the_next_run_but_one_reads_nothing(
    large: SyncAccount, change: Callable[[SyncAccount], object]
) -> None:
    change(large)
    large.sync()
    large.sync()

    watch = run(large)

    assert watch.folders() == []
    assert large.here() == large.there()
    assert large.here("Archive") == large.there("Archive")


def test_full_lists_all_of_a_folder_whose_changes_are_told(large: SyncAccount) -> None:
    large.flag_there("100", "+\\Seen")

    watch = run(large, "--full")

    assert watch.made[StateStore.outlines] > MANY


def test_what_is_left_out_is_counted_among_what_the_server_has(configured: OpenAccount) -> None:
    account = configured(max_size=5000)
    account.deliver("a", "b")
    account.server.deliver(account.user, message("large", b"x" * 70 * 100 + b"\r\n"))
    account.sync()
    account.sync()
    account.flag_there("a", "+\\Seen")

    watch = run(account)

    assert not watch.made[StateStore.outlines]
    assert account.here() == ["a \\Seen", "b"]


# -- what another program did, is found ------------------------------------------------------

Moment = tuple[object, str, str]
"""A function by its holder and its name, and whether the change comes before or after it."""

MOMENTS: dict[str, Moment] = {
    "after the look": (imap_sync, "survey", "after"),
    "before the file is renamed": (FolderState, "set_flags", "before"),
    "after the file was renamed": (FolderState, "set_flags", "after"),
    "before the numbers are recorded": (imap_sync, "record_numbers", "before"),
    "before the stamps are read": (folder_stamps, "is_as_agreed", "before"),
    "after the stamps were read": (SyncRun, "clock_behind", "before"),
    "after the clock was asked": (SyncRun, "clock_behind", "after"),
    "before the names are summed up": (MaildirFolder, "sum_names", "before"),
    "after the names were summed up": (MaildirFolder, "sum_names", "after"),
    "when all is done": (StateStore, "save_stamps", "after"),
}


def _flag(account: SyncAccount) -> None:
    account.flag_here("b", "Sa")


def _exchange(account: SyncAccount) -> None:
    """Let two files exchange their letters."""
    b, c = account.file("b"), account.file("c")
    ours, theirs = letters(b), letters(c)
    reflagged(b, theirs)
    reflagged(c, ours)


def _deliver(account: SyncAccount) -> None:
    put(account.maildir / "INBOX", "1.a.host", message("d"))


def _remove(account: SyncAccount) -> None:
    account.file("b").unlink(missing_ok=True)


CHANGES: dict[str, Callable[[SyncAccount], None]] = {
    "a flag": _flag,
    "letters exchanged": _exchange,
    "a file more": _deliver,
    "a file less": _remove,
}


def interrupted(
    monkeypatch: pytest.MonkeyPatch, moment: Moment, change: Callable[[], object]
) -> list[str]:
    """Make a change once, when the run comes to a moment; return where it was made."""
    holder, name, when = moment
    real: Callable[..., Any] = getattr(holder, name)
    made: list[str] = []

    def once() -> None:
        if not made:
            made.append(name)
            change()

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            once()
        found = real(*args, **kwargs)
        if when == "after":
            once()
        return found

    monkeypatch.setattr(holder, name, wrapped)
    return made


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_what_another_program_does_during_a_run_is_found_by_the_next(
    small: SyncAccount,
    monkeypatch: pytest.MonkeyPatch,
    moment: Moment,
    change: Callable[[SyncAccount], None],
) -> None:
    small.flag_here("c", "Fa")
    small.sync()
    small.flag_there("a", "+\\Flagged")
    made = interrupted(monkeypatch, moment, lambda: change(small))
    small.sync()
    assert made
    monkeypatch.undo()

    small.sync()

    assert small.here() == small.there()
    assert small.settled()


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_letter_that_gets_another_meaning_during_a_run_is_found_by_the_next(
    small: SyncAccount, monkeypatch: pytest.MonkeyPatch, moment: Moment
) -> None:
    path = small.maildir / "INBOX" / "dovecot-keywords"
    small.flag_there("a", "+\\Flagged")
    made = interrupted(monkeypatch, moment, lambda: path.write_text("0 play\n"))
    small.sync()
    assert made
    monkeypatch.undo()

    small.sync()

    assert all("play" in each.split() for each in small.there())


def test_nothing_is_recorded_by_a_clock_that_does_not_move_on(
    small: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = ask_clock(small.maildir, scratch=small.maildir)
    monkeypatch.setattr(SyncRun, "_ask_clock", lambda _: stopped)
    small.flag_there("a", "+\\Flagged")
    small.sync()
    assert not is_stamped()
    monkeypatch.undo()

    small.sync()

    assert is_stamped()


def test_a_new_letter_is_none_that_files_have_which_were_not_listed(small: SyncAccount) -> None:
    path = small.maildir / "INBOX" / "dovecot-keywords"
    small.flag_here("b", "ab")  # `b` means nothing to anybody yet
    small.sync()
    small.sync()
    assert is_stamped()
    small.flag_there("a", "+play")

    watch = run(small)

    assert not watch.made[StateStore.outlines]
    assert path.read_text() == "0 work\n2 play\n"
    assert small.there() == ["a play work", "b work", "c work"]
    assert small.settled()


# -- what a look is not made twice for, and what it is ---------------------------------------


def test_of_a_change_here_the_files_are_looked_at_once_and_summed_up_once(
    large: SyncAccount,
) -> None:
    large.flag_here("100", "S")

    watch = run(large)

    assert watch.listings("INBOX") == 3, "a look reads them twice"
    assert watch.made[StateStore.outlines] <= MANY + FEW, "the rows go by once"
    assert large.there() == large.here()


def test_a_file_that_is_back_when_deletions_are_due_is_not_deleted_there(
    small: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small.file("a")
    aside = path.rename(small.maildir / "aside")
    moment = (imap_sync, "survey", "after")
    made = interrupted(monkeypatch, moment, lambda: aside.rename(path))

    small.sync()

    assert made
    assert small.here() == small.there() == ["a work", "b work", "c work"]


def test_what_changed_here_is_found_in_the_run_that_is_told_of_changes_there(
    small: SyncAccount,
) -> None:
    small.flag_here("b", "Sa")
    small.flag_there("a", "+\\Flagged")

    small.sync()

    assert small.here() == small.there() == ["a \\Flagged work", "b \\Seen work", "c work"]
    assert is_stamped()


def test_stamps_whose_sum_is_not_known_serve_until_files_change(small: SyncAccount) -> None:
    database = Path("~/.local/state/mailcli/work.db").expanduser()
    with closing(sqlite3.connect(database)) as state, state:
        state.execute("UPDATE folder SET names = NULL")
    assert run(small).folders() == []
    small.flag_there("a", "+\\Seen")

    small.sync()
    assert not is_stamped()
    small.sync()

    assert is_stamped()
    assert small.here() == small.there()


def test_stamps_of_messages_that_were_not_counted_lead_to_one_more_look(
    small: SyncAccount,
) -> None:
    database = Path("~/.local/state/mailcli/work.db").expanduser()
    with closing(sqlite3.connect(database)) as state, state:
        state.execute("UPDATE folder SET agreed = NULL WHERE name = 'INBOX'")
    small.flag_there("a", "+\\Seen")

    assert run(small).made[StateStore.outlines]

    assert is_stamped()
    assert small.here() == small.there()
    small.flag_there("a", "-\\Seen")
    assert not run(small).made[StateStore.outlines]


def test_a_push_records_no_stamps_and_loses_none_that_others_need(small: SyncAccount) -> None:
    small.flag_here("a", "Sa")
    small.sync("--push")
    assert not is_stamped()
    assert small.there() == small.here()

    small.sync()

    assert is_stamped()


def test_what_a_pull_may_not_carry_is_not_taken_for_agreed(small: SyncAccount) -> None:
    small.flag_here("b", "Sa")
    small.flag_there("a", "+\\Flagged")

    small.sync("--pull")
    assert not is_stamped()
    small.sync()

    assert small.there() == small.here() == ["a \\Flagged work", "b \\Seen work", "c work"]
