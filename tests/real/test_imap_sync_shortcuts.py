"""What `imap-sync` does not ask a server that can tell what has changed, and when it asks all."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.real.conftest import OpenAccount
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.imap_sides import done, errors, message, of
from tests.support.liar import Hangup, Liar
from tests.support.local_mail import mail_files, put
from tests.support.processes import server_directory
from tests.support.proxy import FaultProxy
from tests.support.sync_account import QUIET, Said, SyncAccount, names_of, travels

BASE = "IMAP4rev1 SASL-IR LITERAL+ ENABLE NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE UIDPLUS"
FOLDERS = {"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash", "Work"}


def opened(commands: list[Said]) -> list[str]:
    """Return the folders that were opened, in their order."""
    return [
        each.arguments.split('"')[1] for each in commands if each.name in {"SELECT", "EXAMINE"}
    ]


def listings(commands: list[Said]) -> list[str]:
    """Return what was asked for of messages."""
    return [each.arguments for each in commands if each.name == "UID FETCH"]


@pytest.fixture
def filled(mirrored: SyncAccount) -> SyncAccount:
    """The account with three messages in two folders, alike on both sides."""
    mirrored.deliver("a", "b")
    mirrored.fill("c", folder="Work")
    return mirrored


# -- nothing changed -----------------------------------------------------------------------


def test_a_run_in_which_nothing_changed_lists_the_folders_and_opens_none(
    filled: SyncAccount,
) -> None:
    for _ in range(2):
        assert names_of(filled.said()) == QUIET


def test_full_opens_every_folder_and_lists_every_message(filled: SyncAccount) -> None:
    commands = filled.said("--full")

    assert set(opened(commands)) == FOLDERS
    assert len(listings(commands)) == 2
    assert all("1:*" in each and "CHANGEDSINCE" not in each for each in listings(commands))
    assert not any("QRESYNC" in each.arguments for each in commands if each.name == "SELECT")


def test_full_finds_what_the_counters_do_not_tell(filled: SyncAccount) -> None:
    filled.flag_there("a", "+\\Seen")
    filled.sync()
    filled.flag_here("a", "")
    database = Path("~/.local/state/mailcli/work.db").expanduser()
    with closing(sqlite3.connect(database)) as state, state:
        state.execute("UPDATE message SET base_flags = ''")

    assert done(filled.sync()) == {}, "the state is wrong, and all counters are alike"
    filled.sync("--full")

    assert filled.here() == filled.there() == ["a \\Seen", "b"]


# -- something changed there ---------------------------------------------------------------


def test_of_one_flag_that_changed_there_only_the_change_is_told(filled: SyncAccount) -> None:
    filled.flag_there("c", "+\\Flagged", "Work")

    commands = filled.said()

    assert opened(commands) == ["Work"]
    assert listings(commands) == []
    assert "QRESYNC" in next(each.arguments for each in commands if each.name == "SELECT")
    assert filled.here("Work") == ["c \\Flagged"]
    assert names_of(filled.said()) == QUIET


def test_of_one_message_that_came_there_only_that_is_fetched(filled: SyncAccount) -> None:
    filled.deliver("d", folder="Work")

    commands = filled.said()

    assert set(opened(commands)) == {"Work"}
    assert len(travels(commands)) == len(listings(commands)) == 1
    assert filled.here("Work") == ["c", "d"]


def test_a_deletion_there_rests_on_a_complete_listing(filled: SyncAccount) -> None:
    filled.delete_there("a")

    commands = filled.said()

    assert set(opened(commands)) == {"INBOX"}
    assert [each.startswith("1:* ") for each in listings(commands)] == [True]
    assert filled.here() == ["b"]


def test_a_folder_that_begins_anew_there_is_listed_whole(filled: SyncAccount) -> None:
    filled.ask(None, "DELETE", '"Work"')
    filled.deliver("c", "d", folder="Work")

    filled.sync()

    assert filled.here("Work") == filled.there("Work") == ["c", "d"]
    assert filled.settled()
    assert names_of(filled.said()) == QUIET


# -- something changed here ----------------------------------------------------------------


def test_a_flag_that_changed_here_opens_its_folder_alone(filled: SyncAccount) -> None:
    filled.flag_here("c", "S", "Work")

    commands = filled.said()

    assert set(opened(commands)) == {"Work"}
    assert names_of(commands).count("UID STORE") == 1
    assert filled.there("Work") == ["c \\Seen"]


def test_a_file_that_is_new_here_opens_its_folder_alone(filled: SyncAccount) -> None:
    put(filled.maildir / "Work", "1.a.host", b"Subject: d\n\n")

    assert set(opened(filled.said())) == {"Work"}

    assert filled.there("Work") == ["c", "d"]


def test_after_a_change_was_carried_there_the_runs_fall_silent(filled: SyncAccount) -> None:
    filled.flag_here("c", "S", "Work")
    put(filled.maildir / "INBOX", "1.a.host", b"Subject: d\n\n")
    filled.file("a").unlink()
    filled.sync()

    assert filled.settled()

    assert names_of(filled.said()) == QUIET


# -- what a run did not finish -------------------------------------------------------------


def test_after_a_run_that_a_file_failed_the_next_looks_again(filled: SyncAccount) -> None:
    empty = put(filled.maildir / "Work", "1.a.host", b"")  # Dovecot saves no message of no octets

    for _ in range(2):
        commands = filled.said(code=69)
        assert "APPEND" in names_of(commands)

    empty.write_bytes(b"Subject: d\n\n")
    filled.sync()
    assert filled.there("Work") == ["c", "d"]


def test_after_a_run_that_was_cut_off_the_next_fetches_the_rest_and_nothing_twice(
    configured: OpenAccount, dovecot: Dovecot
) -> None:
    mirrored = configured()
    subjects = [f"m{number:02}" for number in range(60)]
    raws = [message(subject, b"x" * 70 * 150 + b"\r\n") for subject in subjects]
    mirrored.server.deliver(mirrored.user, *raws)
    with FaultProxy(dovecot.imaps, cut_after_server=300_000) as proxy:
        configured(port=proxy.port).sync(code=75)
        assert proxy.tripped.is_set()
    kept = mirrored.here()
    assert 0 < len(kept) < 60, "what came is kept"
    inodes = mirrored.file_inodes()

    mirrored = configured()
    result = mirrored.sync()

    assert done(result) == {"INBOX": {"fetched": 60 - len(kept)}}
    assert mirrored.here() == subjects
    assert mirrored.file_inodes().items() > inodes.items()
    assert mirrored.settled()
    assert names_of(mirrored.said()) == QUIET


def test_a_connection_that_is_lost_over_one_folder_stops_no_other(
    configured: OpenAccount, dovecot: Dovecot
) -> None:
    mirrored = configured()
    raws = [message(f"m{number:02}", b"x" * 70 * 150 + b"\r\n") for number in range(60)]
    mirrored.server.deliver(mirrored.user, *raws)
    mirrored.deliver("c", folder="Work")
    put(mirrored.maildir / "Zoo", "1.a.host", b"Subject: mine\n\n")
    with FaultProxy(dovecot.imaps, cut_after_server=300_000, faulty=1) as proxy:
        result = configured(port=proxy.port).sync(code=75)
        assert proxy.tripped.is_set()

    assert errors(result) == {"INBOX": 75}
    assert mirrored.here("Work") == ["c"]
    assert mirrored.there("Zoo") == ["mine"]
    assert len(mail_files(mirrored.maildir / "INBOX")) < 60
    configured().sync()
    assert len(mail_files(mirrored.maildir / "INBOX")) == 60


# -- lesser servers ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def condstore(authority: Authority) -> Iterator[Dovecot]:
    """A server that tells which flags have changed, and not what is gone."""
    with (
        server_directory("condstore") as directory,
        running_dovecot(directory, authority, capability=f"{BASE} CONDSTORE") as server,
    ):
        yield server


@pytest.fixture(scope="module")
def neither(authority: Authority) -> Iterator[Dovecot]:
    """A server that cannot tell what has changed."""
    with (
        server_directory("neither") as directory,
        running_dovecot(directory, authority, capability=BASE) as server,
    ):
        yield server


def test_with_condstore_alone_only_changed_flags_are_listed(
    configured: OpenAccount, condstore: Dovecot
) -> None:
    mirrored = configured(condstore)
    mirrored.deliver("a", "b")
    mirrored.fill("c", folder="Work")
    assert "SELECT" not in names_of(mirrored.said())
    mirrored.flag_there("a", "+\\Flagged")

    commands = mirrored.said()

    assert set(opened(commands)) == {"INBOX"}
    assert ["CHANGEDSINCE" in each for each in listings(commands)] == [True]
    assert mirrored.here() == ["a \\Flagged", "b"]


def test_with_condstore_alone_a_deletion_there_is_found_all_the_same(
    configured: OpenAccount, condstore: Dovecot
) -> None:
    mirrored = configured(condstore)
    mirrored.fill("a", "b", "c")
    mirrored.delete_there("a")
    mirrored.deliver("d")

    mirrored.sync()

    assert mirrored.here() == mirrored.there() == ["b", "c", "d"]
    assert mirrored.settled()


def test_with_condstore_alone_one_that_went_and_one_that_came_at_once_are_both_found(
    configured: OpenAccount, condstore: Dovecot
) -> None:
    mirrored = configured(condstore)
    mirrored.fill("a", "b", "c")
    mirrored.deliver("d")
    mirrored.delete_there("b")
    assert len(mirrored.there()) == 3, "the number of messages tells nothing"

    mirrored.sync()
    mirrored.sync()

    assert mirrored.here() == mirrored.there() == ["a", "c", "d"]


def test_with_neither_a_folder_that_changed_is_listed_whole(
    configured: OpenAccount, neither: Dovecot
) -> None:
    mirrored = configured(neither)
    mirrored.deliver("a", "b")
    mirrored.fill("c", folder="Work")
    mirrored.flag_there("a", "+\\Flagged")
    mirrored.delete_there("b")

    commands = mirrored.said()

    assert set(opened(commands)) == {"INBOX", "Work"}
    assert all("1:* " in each for each in listings(commands) if "BODY" not in each)
    assert mirrored.here() == mirrored.there() == ["a \\Flagged"]
    assert mirrored.settled()


# -- several folders -----------------------------------------------------------------------


def turns(account: SyncAccount, dovecot: Dovecot, configured: OpenAccount) -> int:
    """Run, and return how often it was the client's turn to speak."""
    with FaultProxy(dovecot.imaps) as proxy:
        configured(port=proxy.port).sync()
    assert proxy.connections == 1
    configured()
    return proxy.turns


def test_changes_in_many_folders_are_told_in_one_round_trip(
    configured: OpenAccount, dovecot: Dovecot
) -> None:
    account = configured()
    folders = [f"folder-{number}" for number in range(8)]
    for folder in folders:
        account.fill("a", folder=folder)
    nothing = turns(account, dovecot, configured)
    costs = []
    for count in (1, 8):
        for folder in folders[:count]:
            account.flag_there("a", f"+\\{'Seen' if count == 1 else 'Flagged'}", folder)
        costs.append(turns(account, dovecot, configured))
        assert account.here(folders[0]) == account.there(folders[0])

    assert costs == [nothing + 1, nothing + 1]
    assert account.here(folders[-1]) == ["a \\Flagged"]


# -- flags that no counter covers ----------------------------------------------------------


def _days_later(account: SyncAccount, days: float) -> None:
    """Let the last listing of everything be so long ago."""
    database = Path("~/.local/state/mailcli/work.db").expanduser()
    with closing(sqlite3.connect(database)) as state, state:
        state.execute("UPDATE folder SET listed_at = listed_at - ?", [round(days * 86_400)])


def test_without_condstore_a_run_with_nothing_to_do_asks_for_newest_flags_alone(
    configured: OpenAccount, neither: Dovecot
) -> None:
    account = configured(neither)
    account.deliver("a", "b")
    account.fill("c", folder="Work")
    account.sync()

    for _ in range(2):
        commands = account.said()
        assert names_of(commands) == [
            *("AUTHENTICATE", "NAMESPACE", "LIST"),
            *("EXAMINE", "FETCH", "EXAMINE", "FETCH"),
            "LOGOUT",
        ]


def test_without_condstore_that_takes_one_round_trip_for_all_folders(
    configured: OpenAccount, neither: Dovecot
) -> None:
    account = configured(neither)
    costs = []
    for number in range(6):
        account.fill("a", folder=f"folder-{number}")
        account.sync()
        with FaultProxy(neither.imaps) as proxy:
            configured(neither, port=proxy.port).sync()
        configured(neither)
        costs.append(proxy.turns)

    assert len(set(costs)) == 1


@pytest.mark.parametrize(
    ("change", "folder"),
    [
        (lambda account: account.flag_there("c", "+\\Seen", "Work"), "Work"),
        (lambda account: account.flag_there("c", "+later", "Work"), "Work"),
        (lambda account: account.delete_there("b"), "INBOX"),
        (lambda account: account.deliver("d", folder="Work"), "Work"),
        (lambda account: account.flag_here("c", "S", "Work"), "Work"),
    ],
    ids=["flag", "keyword", "gone", "new", "flag here"],
)
def test_without_condstore_whatever_changes_is_found_at_once(
    configured: OpenAccount, neither: Dovecot, change: Callable[[SyncAccount], None], folder: str
) -> None:
    account = configured(neither)
    account.deliver("a", "b")
    account.fill("c", folder="Work")
    account.sync()
    change(account)

    commands = [each for each in account.said() if each.name == "SELECT"]

    assert set(opened(commands)) == {folder}
    assert account.here(folder) == account.there(folder)
    assert account.settled()


def test_without_condstore_a_flag_of_an_old_message_is_found_within_a_day(
    configured: OpenAccount, neither: Dovecot
) -> None:
    account = configured(neither, folders=["INBOX"])
    account.fill(*(f"m{number:03}" for number in range(210)))
    account.sync()
    account.flag_there("m000", "+\\Seen")
    account.flag_there("m205", "+\\Seen")
    account.sync()
    assert account.here() == account.there(), "all are listed where anything changed"

    account.flag_there("m001", "+\\Seen")
    assert not account.sync()["changed"]
    _days_later(account, 0.9)
    assert not account.sync()["changed"]
    _days_later(account, 0.2)
    account.sync()

    assert account.here() == account.there()


def test_without_condstore_what_is_left_out_is_no_change(
    configured: OpenAccount, neither: Dovecot
) -> None:
    account = configured(neither, folders=["INBOX"], max_size=5000)
    account.deliver("a")
    account.server.deliver(account.user, message("large", b"x" * 6000 + b"\r\n"))
    account.sync()
    account.sync()

    assert "SELECT" not in names_of(account.said())


def test_without_condstore_a_connection_lost_over_the_flags_is_made_again(
    configured: OpenAccount, neither: Dovecot
) -> None:
    account = configured(neither)
    account.deliver("a", "b")
    account.fill("c", folder="Work")
    account.sync()
    account.flag_there("c", "+\\Seen", "Work")
    lost: list[bytes] = []

    def told(line: bytes) -> bytes:
        if b" FETCH (" in line and not lost:
            lost.append(line)
            raise Hangup(b"")
        return line

    with Liar(neither.imap) as liar:
        liar.told = told
        configured(neither, port=liar.port, tls="none").sync()

    assert lost
    assert account.here("Work") == ["c \\Seen"]


def test_without_condstore_what_stays_on_the_server_is_told_once_though_flags_have_changed(
    configured: OpenAccount, neither: Dovecot
) -> None:
    account = configured(neither, max_size=5000)
    account.deliver("a")
    account.server.deliver(account.user, message("large", b"x" * 6000))
    account.sync()
    account.flag_there("a", "+\\Seen")

    result = account.sync()

    assert account.here() == ["a \\Seen"]
    assert len(of(result, "INBOX")["skipped"]) == 1
