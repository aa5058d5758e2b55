"""Folders that are only here, as they are meant to be, and new mail that comes into them.

Either `folders --delete` deleted them on the server, or they are gone there and empty here while
the account lets no deletion of a folder travel.
"""

import pytest
from tests.real.conftest import OpenAccount
from tests.support.imap_sides import done, of, planned, server_state
from tests.support.local_mail import put, snapshot
from tests.support.sync_account import SyncAccount, names_of, travels


@pytest.fixture
def emptied(mirrored: SyncAccount) -> SyncAccount:
    """An account whose folder `Old` is gone on the server, and empty here."""
    mirrored.deliver("a", "b", "c")
    mirrored.ask(None, "CREATE", "Old")
    mirrored.sync()
    mirrored.ask(None, "DELETE", "Old")
    mirrored.sync()
    return mirrored


@pytest.fixture
def deleted(mirrored: SyncAccount) -> SyncAccount:
    """An account whose folder `Old` was deleted on the server by us; its two messages are here."""
    mirrored.deliver("a", "b", "c")
    mirrored.fill("old", "older", folder="Old")
    mirrored.delete_folder("Old")
    mirrored.sync()
    assert mirrored.folders_there() == set()
    return mirrored


@pytest.mark.parametrize("state", ["emptied", "deleted"])
def test_new_mail_makes_the_folder_there_again_and_is_uploaded_without_what_was_left_here(
    state: str, request: pytest.FixtureRequest
) -> None:
    mirrored: SyncAccount = request.getfixturevalue(state)
    left = mirrored.here("Old")
    put(mirrored.maildir / "Old", "1.new.host:2,F", b"Subject: new\n\n")

    result = mirrored.sync()

    assert result["folders_created"] == ["Old"]
    assert done(result) == {"Old": {"appended": 1}}
    assert mirrored.there("Old") == ["new \\Flagged"]
    assert mirrored.here("Old") == sorted([*left, "new \\Flagged"])
    assert mirrored.settled()


@pytest.mark.parametrize("state", ["emptied", "deleted"])
def test_a_message_moved_into_it_is_moved_there_and_does_not_travel(
    state: str, request: pytest.FixtureRequest
) -> None:
    mirrored: SyncAccount = request.getfixturevalue(state)
    left = mirrored.here("Old")
    mirrored.move_here("a", "INBOX", "Old")
    mirrored.move_here("b", "INBOX", "Old", name="1.other.host:2,")
    mirrored.flag_there("a", "+\\Flagged")

    commands = mirrored.said()

    assert set(travels(commands)) == {"UID MOVE"}
    assert mirrored.there("Old") == ["a \\Flagged", "b"]
    assert mirrored.here("Old") == sorted([*left, "a \\Flagged", "b"])
    assert mirrored.there() == mirrored.here() == ["c"]
    assert mirrored.settled()


@pytest.mark.parametrize("state", ["emptied", "deleted"])
def test_without_new_mail_it_stays_only_here_whatever_happens_to_its_files(
    state: str, request: pytest.FixtureRequest
) -> None:
    mirrored: SyncAccount = request.getfixturevalue(state)
    if mirrored.here("Old"):
        mirrored.flag_here("old", "F", "Old")
        path = mirrored.file("older", "Old")
        path.rename(path.with_name("1.renamed.host"))
    for _ in range(2):
        assert not mirrored.sync()["folders_created"]
        assert not mirrored.sync("-n")["folders_created"]
    assert mirrored.folders_there() == set()


def test_a_file_of_it_that_was_taken_out_and_put_back_is_new_mail(deleted: SyncAccount) -> None:
    deleted.move_here("old", "Old", "INBOX")
    deleted.sync()
    assert deleted.there() == ["a", "b", "c", "old"]
    deleted.move_here("old", "INBOX", "Old")

    deleted.sync()

    assert deleted.there("Old") == ["old"]
    assert deleted.here("Old") == ["old", "older"]
    assert deleted.there() == deleted.here() == ["a", "b", "c"]
    assert deleted.settled()


@pytest.mark.parametrize("state", ["emptied", "deleted"])
def test_a_dry_run_tells_that_it_would_be_made_and_what_would_come_into_it(
    state: str, request: pytest.FixtureRequest
) -> None:
    mirrored: SyncAccount = request.getfixturevalue(state)
    put(mirrored.maildir / "Old", "1.new.host", b"Subject: new\n\n")
    mirrored.move_here("a", "INBOX", "Old")
    before = snapshot(mirrored.maildir), server_state(mirrored.server, mirrored.user)

    result = mirrored.sync("-n")

    assert result["folders_created"] == ["Old"]
    assert sorted(planned(result)) == [("Old", "append"), ("Old", "move")]
    assert (snapshot(mirrored.maildir), server_state(mirrored.server, mirrored.user)) == before


@pytest.mark.parametrize("state", ["emptied", "deleted"])
def test_a_pull_leaves_it_and_what_was_moved_into_it_pending(
    state: str, request: pytest.FixtureRequest
) -> None:
    mirrored: SyncAccount = request.getfixturevalue(state)
    mirrored.move_here("a", "INBOX", "Old")
    put(mirrored.maildir / "Old", "1.new.host", b"Subject: new\n\n")
    mirrored.flag_there("a", "+\\Flagged")
    here = mirrored.here("Old")

    for args in (["--pull"], ["-n", "--pull"]):
        result = mirrored.sync(*args)
        assert not result["folders_created"]
        assert not done(result)
        assert planned(result) == [] if "-n" in args else True
    assert mirrored.folders_there() == set()
    assert (mirrored.here(), mirrored.here("Old")) == (["b", "c"], here)
    assert mirrored.there() == ["a \\Flagged", "b", "c"]

    mirrored.sync()
    assert mirrored.there("Old") == ["a \\Flagged", "new"]
    assert mirrored.there() == ["b", "c"]
    assert mirrored.settled()


@pytest.mark.parametrize("state", ["emptied", "deleted"])
def test_a_push_makes_it_again_and_changes_no_file(
    state: str, request: pytest.FixtureRequest
) -> None:
    mirrored: SyncAccount = request.getfixturevalue(state)
    mirrored.move_here("a", "INBOX", "Old")
    before = snapshot(mirrored.maildir)

    commands = mirrored.said("--push")

    assert travels(commands) == ["UID MOVE"]
    assert mirrored.there("Old") == ["a"]
    assert snapshot(mirrored.maildir) == before
    mirrored.sync()
    assert mirrored.settled()


@pytest.mark.parametrize("flagged", [False, True], ids=["as it was", "flagged there"])
def test_a_run_over_other_folders_alone_deletes_nothing_that_was_moved_into_it(
    deleted: SyncAccount, flagged: bool
) -> None:
    deleted.move_here("a", "INBOX", "Old")
    if flagged:
        deleted.flag_there("a", "+\\Flagged")
    a = "a \\Flagged" if flagged else "a"

    result = deleted.sync("INBOX")

    assert deleted.there() == [a, "b", "c"]
    assert deleted.here() == ["b", "c"]
    assert not result["folders_created"]
    deleted.sync()
    assert deleted.there("Old") == [a]
    assert deleted.here("Old") == [a, "old", "older"]
    assert deleted.there() == deleted.here() == ["b", "c"]
    assert deleted.settled()


def test_a_folder_that_the_server_will_not_have_loses_nothing_that_was_moved_into_it(
    configured: OpenAccount,
) -> None:
    mirrored = configured()
    mirrored.fill("a", "b")
    mirrored.move_here("a", "INBOX", "~x")
    mirrored.flag_there("a", "+\\Flagged")

    result = mirrored.sync(code=69)

    assert mirrored.there() == ["a \\Flagged", "b"]
    assert (mirrored.here(), mirrored.here("~x")) == (["b"], ["a"])
    assert not done(result)


def test_a_file_moved_to_a_folder_that_is_new_here_is_told_once(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b")
    mirrored.move_here("a", "INBOX", "Later")

    assert planned(mirrored.sync("-n")) == [("Later", "move")]

    assert of(mirrored.sync(), "Later")["moved"] == 1


def test_verify_tells_of_the_new_mail_alone(deleted: SyncAccount) -> None:
    assert all(not f["differences"] for f in deleted.sync("--verify")["folders"])
    put(deleted.maildir / "Old", "1.new.host", b"Subject: new\n\n")

    (found,) = of(deleted.sync("--verify"), "Old")["differences"]

    assert found["kind"] == "missing_there"
    assert found["path"].endswith("1.new.host")


def test_no_old_file_is_taken_for_deleted_where_the_server_gives_the_same_uids_again(
    deleted: SyncAccount,
) -> None:
    assert "RENAME" not in names_of(deleted.said())
    deleted.deliver("other", folder="Old")
    put(deleted.maildir / "Old", "1.new.host", b"Subject: new\n\n")

    deleted.sync()

    assert deleted.there("Old") == ["new", "other"]
    assert deleted.here("Old") == ["new", "old", "older", "other"]
    assert deleted.settled()
