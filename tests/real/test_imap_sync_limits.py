"""What an account leaves on the server, by `max_size` and `max_age`."""

import time

import pytest
from tests.real.conftest import OpenAccount
from tests.support.imap_sides import done, message
from tests.support.local_mail import put
from tests.support.sync_account import QUIET, SyncAccount, names_of, skipped

LARGE = b"x" * 70 + b"\r\n"
DAY = 86_400


def deliver_large(mirrored: SyncAccount, subject: str, folder: str = "INBOX") -> None:
    """Deliver a message of more than 5,000 octets."""
    mirrored.server.deliver(mirrored.user, message(subject, LARGE * 70), folder=folder)


def deliver_old(mirrored: SyncAccount, subject: str, days: int) -> None:
    """Deliver a message that came so many days ago."""
    with mirrored.server.connect(mirrored.user) as other:
        received = time.time() - days * DAY
        assert other.append("INBOX", "", received, message(subject))[0] == "OK"


# -- by size -------------------------------------------------------------------------------


def test_what_is_too_large_stays_there_and_each_run_says_so(configured: OpenAccount) -> None:
    mirrored = configured(max_size=5000)
    mirrored.deliver("small")
    deliver_large(mirrored, "large")

    for fetched in ({"INBOX": {"fetched": 1}}, {}, {}):
        result = mirrored.sync()

        assert done(result) == fetched
        assert list(skipped(result)) == [2]
        assert "max_size" in skipped(result)[2]
        assert (mirrored.here(), mirrored.there()) == (["small"], ["large", "small"])


def test_a_dry_run_says_what_is_too_large_and_fetches_nothing(configured: OpenAccount) -> None:
    mirrored = configured(max_size=5000)
    mirrored.deliver("small")
    deliver_large(mirrored, "large")
    mirrored.sync()
    deliver_large(mirrored, "larger")

    result = mirrored.sync("-n")

    (inbox,) = (f for f in result["folders"] if f["name"] == "INBOX")
    assert inbox["actions"] == []
    assert list(skipped(result)) == [2, 3]


@pytest.mark.parametrize("limit", [{}, {"max_size": "1M"}], ids=["none", "a higher one"])
def test_what_was_too_large_is_fetched_when_the_limit_is_lifted(
    configured: OpenAccount, limit: dict[str, str]
) -> None:
    mirrored = configured(max_size=5000)
    deliver_large(mirrored, "large")
    mirrored.sync()
    mirrored = configured(**limit)

    result = mirrored.sync()

    assert done(result) == {"INBOX": {"fetched": 1}}
    assert mirrored.here() == mirrored.there() == ["large"]
    assert mirrored.settled()


def test_a_limit_that_is_set_later_takes_away_nothing_that_is_here(
    configured: OpenAccount,
) -> None:
    mirrored = configured()
    deliver_large(mirrored, "large")
    mirrored.fill("small")
    mirrored = configured(max_size=5000)
    mirrored.flag_there("large", "+\\Flagged")

    result = mirrored.sync()

    assert done(result) == {"INBOX": {"flags_local": 1}}
    assert mirrored.here() == mirrored.there() == ["large \\Flagged", "small"]
    assert mirrored.settled()


def test_flags_of_what_was_left_there_are_never_touched(configured: OpenAccount) -> None:
    mirrored = configured(max_size=5000)
    mirrored.deliver("small")
    deliver_large(mirrored, "large")
    mirrored.sync()
    mirrored.flag_there("large", "+\\Flagged work")

    commands = mirrored.said()

    assert "UID STORE" not in names_of(commands)
    assert mirrored.there() == ["large \\Flagged work", "small"]
    assert mirrored.here() == ["small"]


def test_what_was_left_there_and_deleted_there_is_simply_gone(configured: OpenAccount) -> None:
    mirrored = configured(max_size=5000)
    mirrored.deliver("small")
    deliver_large(mirrored, "large")
    mirrored.sync()
    mirrored.delete_there("large")

    result = mirrored.sync()

    assert (done(result), skipped(result)) == ({}, {})
    assert mirrored.here() == mirrored.there() == ["small"]
    assert mirrored.settled()


def test_deletions_here_leave_alone_what_was_left_there(configured: OpenAccount) -> None:
    mirrored = configured(max_size=5000)
    mirrored.deliver("one", "two")
    deliver_large(mirrored, "large")
    mirrored.sync()
    mirrored.file("one").unlink()
    mirrored.file("two").unlink()

    mirrored.sync()

    assert mirrored.there() == ["large"]
    mirrored.sync("--allow-mass-delete")
    assert mirrored.there() == ["large"]


def test_what_was_left_there_and_moved_there_is_left_at_its_new_place(
    configured: OpenAccount,
) -> None:
    mirrored = configured(max_size=5000)
    deliver_large(mirrored, "large")
    mirrored.fill("c", folder="Work")
    mirrored.move_there("large", "INBOX", "Work")

    result = mirrored.sync()

    assert (list(skipped(result)), list(skipped(result, "Work"))) == ([], [2])
    assert mirrored.here("Work") == ["c"]
    assert mirrored.there("Work") == ["c", "large"]


def test_a_large_file_that_is_new_here_is_uploaded(configured: OpenAccount) -> None:
    mirrored = configured(max_size=5000)
    put(mirrored.maildir / "INBOX", "1.a.host", message("large", LARGE * 70))

    assert done(mirrored.sync()) == {"INBOX": {"appended": 1}}

    assert mirrored.settled()
    assert mirrored.here() == mirrored.there() == ["large"]


def test_what_was_too_large_and_is_put_here_by_hand_is_paired_and_stays(
    configured: OpenAccount,
) -> None:
    mirrored = configured(max_size=5000)
    mirrored.deliver("small")
    deliver_large(mirrored, "large")
    mirrored.sync()
    raw = message("large", LARGE * 70).replace(b"\r\n", b"\n")
    path = put(mirrored.maildir / "INBOX", "1.large.host:2,S", raw)

    commands = mirrored.said()

    assert "APPEND" not in names_of(commands)
    for _ in range(2):
        assert path.exists()
        assert mirrored.here() == mirrored.there() == ["large \\Seen", "small"]
        assert mirrored.settled()


def test_after_the_state_was_lost_a_large_message_that_is_here_is_not_uploaded_again(
    configured: OpenAccount,
) -> None:
    mirrored = configured()
    deliver_large(mirrored, "large")
    mirrored.fill("small")
    mirrored = configured(max_size=5000)
    mirrored.lose_state()

    result = mirrored.sync()

    assert done(result) == {}
    assert mirrored.here() == mirrored.there() == ["large", "small"]
    assert mirrored.settled()


def test_after_the_state_was_lost_a_large_file_of_another_program_is_not_uploaded_again(
    configured: OpenAccount,
) -> None:
    mirrored = configured(max_size=5000)
    put(mirrored.maildir / "INBOX", "1.a.host", message("large", LARGE * 70))
    mirrored.sync()
    mirrored.lose_state()

    result = mirrored.sync()

    assert done(result) == {}
    assert mirrored.here() == mirrored.there() == ["large"]
    assert mirrored.settled()


def test_in_a_new_generation_of_uids_a_large_file_is_paired(configured: OpenAccount) -> None:
    mirrored = configured()
    deliver_large(mirrored, "large", folder="Work")
    mirrored.sync()
    mirrored = configured(max_size=5000)
    mirrored.ask(None, "DELETE", '"Work"')
    deliver_large(mirrored, "large", folder="Work")

    mirrored.sync()

    assert mirrored.here("Work") == mirrored.there("Work") == ["large"]
    mirrored.flag_here("large", "S", "Work")
    mirrored.sync()
    assert mirrored.there("Work") == ["large \\Seen"]


def test_a_large_message_that_is_moved_there_is_one_rename_here(configured: OpenAccount) -> None:
    mirrored = configured()
    deliver_large(mirrored, "large")
    mirrored.fill("c", folder="Work")
    mirrored = configured(max_size=5000)
    inode = mirrored.file("large").stat().st_ino
    mirrored.move_there("large", "INBOX", "Work")

    mirrored.sync()

    assert mirrored.here("Work") == mirrored.there("Work") == ["c", "large"]
    assert mirrored.file("large", "Work").stat().st_ino == inode
    assert mirrored.here() == []


@pytest.mark.parametrize("partial", [["Work"], ["--push"]], ids=["partial", "push"])
@pytest.mark.parametrize("here", ["F", ""], ids=["flagged", "untouched"])
def test_a_large_message_that_was_moved_there_is_not_left_out_for_good_by_a_partial_run(
    configured: OpenAccount, partial: list[str], here: str
) -> None:
    mirrored = configured()
    deliver_large(mirrored, "large")
    mirrored.fill("c", folder="Work")
    mirrored = configured(max_size=5000)
    inode = mirrored.file("large").stat().st_ino
    mirrored.move_there("large", "INBOX", "Work")
    mirrored.sync(*partial)
    mirrored.flag_here("large", here)

    commands = mirrored.said()

    assert "APPEND" not in names_of(commands)
    told = "large \\Flagged" if here else "large"
    assert mirrored.here("Work") == mirrored.there("Work") == ["c", told]
    assert mirrored.file("large", "Work").stat().st_ino == inode
    assert mirrored.here() == mirrored.there() == []
    assert mirrored.settled()
    assert names_of(mirrored.said()) == QUIET


def test_push_neither_uploads_nor_deletes_for_what_was_left_there(
    configured: OpenAccount,
) -> None:
    mirrored = configured(max_size=5000)
    mirrored.deliver("small")
    deliver_large(mirrored, "large")
    mirrored.sync()
    for _ in range(2):
        assert done(mirrored.sync("--push")) == {}
        assert mirrored.there() == ["large", "small"]
    put(mirrored.maildir / "INBOX", "1.large.host", message("large", LARGE * 70))

    commands = mirrored.said("--push")

    assert "APPEND" not in names_of(commands)
    assert mirrored.here() == mirrored.there() == ["large", "small"]
    assert mirrored.settled()


# -- by age --------------------------------------------------------------------------------


def test_what_is_too_old_stays_there_in_silence(configured: OpenAccount) -> None:
    mirrored = configured(max_age="30d")
    deliver_old(mirrored, "old", 40)
    deliver_old(mirrored, "young", 20)

    for fetched in ({"INBOX": {"fetched": 1}}, {}):
        result = mirrored.sync()
        assert (done(result), skipped(result)) == (fetched, {})
        assert (mirrored.here(), mirrored.there()) == (["young"], ["old", "young"])


def test_what_was_too_old_is_fetched_when_the_limit_is_lifted(configured: OpenAccount) -> None:
    mirrored = configured(max_age="30d")
    deliver_old(mirrored, "old", 40)
    deliver_old(mirrored, "older", 400)
    mirrored.sync()
    mirrored = configured(max_age="60d")

    assert done(mirrored.sync()) == {"INBOX": {"fetched": 1}}

    assert mirrored.here() == ["old"]


def test_a_limit_of_age_deletes_nothing_of_what_is_here_and_carries_its_changes(
    configured: OpenAccount,
) -> None:
    mirrored = configured()
    deliver_old(mirrored, "old", 40)
    deliver_old(mirrored, "older", 50)
    mirrored.sync()
    mirrored = configured(max_age="30d")
    mirrored.flag_here("old", "F")
    mirrored.file("older").unlink()

    mirrored.sync()

    assert mirrored.here() == mirrored.there() == ["old \\Flagged"]
    assert mirrored.settled()


def test_after_the_state_was_lost_an_old_message_that_is_here_is_not_uploaded_again(
    configured: OpenAccount,
) -> None:
    mirrored = configured()
    deliver_old(mirrored, "old", 40)
    mirrored.sync()
    mirrored = configured(max_age="30d")
    mirrored.lose_state()

    assert done(mirrored.sync()) == {}

    assert mirrored.here() == mirrored.there() == ["old"]


def test_a_run_in_which_nothing_changed_opens_no_folder_for_what_was_left_there(
    configured: OpenAccount,
) -> None:
    mirrored = configured(max_age="30d", max_size=5000)
    deliver_old(mirrored, "old", 40)
    deliver_large(mirrored, "large")
    mirrored.fill("small")

    assert names_of(mirrored.said()) == QUIET
    assert list(skipped(mirrored.sync())) == [2]
