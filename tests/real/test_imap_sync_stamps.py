"""A folder that nobody touched is not listed: what shows it, and what ends it."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.real.conftest import OpenAccount
from tests.support.imap_sides import done, message
from tests.support.local_mail import put
from tests.support.looked_at import watched
from tests.support.sync_account import QUIET, SyncAccount, names_of, skipped

LARGE = b"x" * 70 + b"\r\n"
_TRIES = 20  # runs until all stamps are older than the clock's last step


def stamped(account: SyncAccount) -> set[str]:
    """Return the folders whose files the state takes to be as agreed."""
    database = Path("~/.local/state/mailcli/work.db").expanduser()
    with closing(sqlite3.connect(database)) as state:
        return {name for (name,) in state.execute("SELECT name FROM folder WHERE stamps NOTNULL")}


def rest(account: SyncAccount) -> SyncAccount:
    """Run until every folder's stamps are recorded."""
    for _ in range(_TRIES):
        account.sync()
        database = Path("~/.local/state/mailcli/work.db").expanduser()
        with closing(sqlite3.connect(database)) as state:
            (left,) = next(state.execute("SELECT COUNT(*) FROM folder WHERE stamps ISNULL"))
        if not left:
            return account
    raise AssertionError(f"no stamps are trusted in {_TRIES} runs")


def listed(account: SyncAccount, *args: str) -> list[str]:
    """Run, and return the folders whose files were listed."""
    with watched() as watch:
        account.sync(*args)
    return watch.folders()


@pytest.fixture
def at_rest(mirrored: SyncAccount) -> SyncAccount:
    """The account with three messages in two folders, and nothing to do for a while."""
    mirrored.deliver("a", "b")
    mirrored.fill("c", folder="Work")
    mirrored.flag_there("a", "+work")
    return rest(mirrored)


# -- nothing is read ---------------------------------------------------------------------------


def test_a_run_with_nothing_to_do_lists_the_files_of_no_folder(at_rest: SyncAccount) -> None:
    for _ in range(2):
        assert listed(at_rest) == []
    assert names_of(at_rest.said()) == QUIET


def test_a_first_run_is_followed_by_no_look(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")

    assert listed(mirrored) == []


def test_a_run_with_nothing_to_do_costs_the_same_for_few_messages_and_many(
    configured: OpenAccount,
) -> None:
    account = configured(folders=["INBOX"])
    costs = []
    for count in (20, 2000):
        account.server.deliver(account.user, *(message(str(n)) for n in range(count)))
        rest(account)
        with watched() as watch:
            account.sync()
        costs.append(watch.calls)

    few, many = costs
    assert many < 1.05 * few, "functions called"


# -- what ends it ------------------------------------------------------------------------------


def _deliver(account: SyncAccount) -> None:
    put(account.maildir / "Work", "1.a.host", b"Subject: d\n\n")


def _deliver_and_set_the_time_back(account: SyncAccount) -> None:
    new = account.maildir / "Work" / "new"
    before = new.stat()
    _deliver(account)
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))


def _flag(account: SyncAccount) -> None:
    account.flag_here("c", "S", "Work")


def _remove(account: SyncAccount) -> None:
    account.file("c", "Work").unlink()


def _move_in(account: SyncAccount) -> None:
    account.move_here("a", "INBOX", "Work")


def _restore(account: SyncAccount) -> None:
    work, copy = account.maildir / "Work", account.maildir / "copy"
    shutil.copytree(work, copy)
    put(copy, "1.a.host", b"Subject: d\n\n")
    for name in ("cur", "new"):
        shutil.copystat(work / name, copy / name)
    shutil.rmtree(work)
    copy.rename(work)


@pytest.mark.parametrize(
    ("change", "there"),
    [
        (_deliver, ["c", "d"]),
        (_deliver_and_set_the_time_back, ["c", "d"]),
        (_flag, ["c \\Seen"]),
        (_remove, []),
        (_move_in, ["a work", "c"]),
        (_restore, ["c", "d"]),
    ],
)
def test_what_another_program_did_is_found_and_carried(
    at_rest: SyncAccount, change: Callable[[SyncAccount], None], there: list[str]
) -> None:
    change(at_rest)

    at_rest.sync()

    assert at_rest.there("Work") == there
    assert at_rest.settled()


def test_a_letter_that_means_another_keyword_is_looked_at(at_rest: SyncAccount) -> None:
    letters = at_rest.maildir / "INBOX" / "dovecot-keywords"
    scratch = letters.with_name("scratch")
    scratch.write_text(letters.read_text().replace("work", "play"))
    scratch.replace(letters)

    assert listed(at_rest) == ["INBOX"]
    assert "a play work" in at_rest.there(), "and one that has no letter stays"


def test_only_the_folder_that_changed_is_listed(at_rest: SyncAccount) -> None:
    _flag(at_rest)

    assert listed(at_rest) == ["Work"]


def test_full_lists_every_folder(at_rest: SyncAccount) -> None:
    assert {"INBOX", "Work"} <= set(listed(at_rest, "--full"))


@pytest.mark.parametrize("mode", ["--pull", "-n"])
def test_what_waits_for_another_run_does_not_pass_for_agreed(
    at_rest: SyncAccount, mode: str
) -> None:
    at_rest.flag_here("c", "S", "Work")
    for _ in range(3):
        at_rest.sync(mode)
    assert "Work" not in stamped(at_rest) or listed(at_rest, "-n") == ["Work"]

    at_rest.sync()

    assert at_rest.there("Work") == ["c \\Seen"]


def test_a_deletion_that_is_held_back_is_told_by_every_run(mirrored: SyncAccount) -> None:
    mirrored.fill(*(f"m{number:02}" for number in range(20)))
    rest(mirrored)
    for number in range(19):
        mirrored.file(f"m{number:02}").unlink()

    for _ in range(3):
        mirrored.sync(code=3)

    assert len(mirrored.there()) == 20


def test_a_run_that_may_not_write_here_asks_no_clock_and_trusts_what_is_recorded(
    at_rest: SyncAccount,
) -> None:
    before = at_rest.maildir.stat().st_mtime_ns

    assert listed(at_rest, "--push") == []
    _flag(at_rest)
    assert listed(at_rest, "--push") == ["Work"]

    assert at_rest.there("Work") == ["c \\Seen"]
    assert at_rest.maildir.stat().st_mtime_ns == before


# -- what stays on the server ------------------------------------------------------------------


def test_what_is_left_out_is_told_and_fetched_when_the_limit_is_lifted(
    configured: OpenAccount,
) -> None:
    account = configured(max_size=5000)
    account.deliver("small")
    account.server.deliver(account.user, message("large", LARGE * 70))
    rest(account)

    with watched() as watch:
        result = account.sync()
    assert watch.folders() == []
    assert list(skipped(result)) == [2]

    account = configured(max_size="1M")
    assert done(account.sync()) == {"INBOX": {"fetched": 1}}
    assert account.here() == ["large", "small"]
