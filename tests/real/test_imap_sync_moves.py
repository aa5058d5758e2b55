"""Moves that `imap-sync` carries: one MOVE there, one rename here, and never two copies."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import WriteConfig
from tests.real.conftest import OpenAccount
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.imap_profile_server import PASSWORD, USER, ProfileServer
from tests.support.imap_profiles import PROFILES
from tests.support.imap_sides import done, message, of, planned, uid_next
from tests.support.local_mail import mail_files, put, snapshot
from tests.support.processes import server_directory
from tests.support.sync_account import (
    SyncAccount,
    SyncedMaildir,
    keyword_names,
    names_of,
    skipped,
    travels,
)

from mailcli.app import folder_unsent
from mailcli.app.stores import hash_of
from mailcli.store.entries import Entry
from mailcli.store.folder import MaildirFolder

BASE = (
    "IMAP4rev1 SASL-IR LITERAL+ ENABLE NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE"
)
READS_ONLY = {"AUTHENTICATE", "ENABLE", "NAMESPACE", "LIST", "SELECT", "EXAMINE", "LOGOUT"}


# -- moved here ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "1700000000.M1P1.elsewhere:2,S"], ids=["same", "new"])
def test_a_file_moved_here_is_one_move_there(mirrored: SyncAccount, name: str) -> None:
    mirrored.fill("a", "b", flags=("\\Seen",))
    mirrored.fill("c", folder="Work")
    path = mirrored.move_here("a", "INBOX", "Work", name=name)

    commands = mirrored.said()

    assert travels(commands) == ["UID MOVE"]
    assert "UID EXPUNGE" not in names_of(commands)
    assert path.exists()
    assert mirrored.here() == mirrored.there() == ["b \\Seen"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a \\Seen", "c"]
    assert mirrored.settled()


def test_a_move_is_told_as_a_move_and_as_nothing_else(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")

    assert planned(mirrored.sync("-n")) == [("Work", "move")]
    result = mirrored.sync()

    assert done(result) == {"Work": {"moved": 1}}
    assert [f["deleted_local"] + f["deleted_remote"] for f in result["folders"]] == [0] * 7


def test_a_file_that_was_delivered_but_never_recorded_and_moved_here_is_moved_there(
    mirrored: SyncAccount,
) -> None:
    """A kill between the delivery and its record leaves such a file, and so does a lost state."""
    mirrored.fill("a", "b", flags=("work",))
    mirrored.fill("c", folder="Work", flags=("$Label1",))
    mirrored.lose_state()
    mirrored.move_here("a", "INBOX", "Work")

    assert ("Work", "move") in planned(mirrored.sync("-n"))
    commands = mirrored.said()

    assert travels(commands) == ["UID MOVE"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a work", "c $Label1"]
    assert mirrored.here() == mirrored.there() == ["b work"]
    assert mirrored.settled()


def test_after_the_state_was_lost_a_copy_that_is_on_both_sides_deletes_nothing(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    copy = mirrored.file("a")
    put(mirrored.maildir / "Work", f"{copy.name}:2,S", copy.read_bytes())
    mirrored.sync()
    mirrored.lose_state()
    copy.unlink()

    mirrored.sync()
    mirrored.sync()

    assert mirrored.here() == mirrored.there() == ["a", "b"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a \\Seen", "c"]
    assert mirrored.settled()


def test_a_file_moved_here_keeps_its_flags_and_keywords_there(mirrored: SyncAccount) -> None:
    mirrored.fill("a", flags=("\\Seen", "\\Flagged", "$Forwarded", "work", "$Label1"))
    mirrored.fill("b", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")

    mirrored.sync()

    assert mirrored.there("Work") == ["a $Forwarded $Label1 \\Flagged \\Seen work", "b"]


def test_letters_are_translated_to_those_of_the_new_folder(mirrored: SyncAccount) -> None:
    mirrored.fill("a", flags=("work", "home"))
    mirrored.fill("b", folder="Work", flags=("$Label1", "home"))
    mirrored.move_here("a", "INBOX", "Work")

    mirrored.sync()

    assert keyword_names(mirrored.maildir / "INBOX") == {"a": "home", "b": "work"}
    assert keyword_names(mirrored.maildir / "Work") == {"a": "$Label1", "b": "home", "c": "work"}
    assert mirrored.here("Work") == mirrored.there("Work") == ["a home work", "b $Label1 home"]


def test_letters_that_the_new_folder_does_not_have_yet_are_given_out_there(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", flags=("work",))
    mirrored.fill("b", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")

    mirrored.sync()

    assert mirrored.here("Work") == mirrored.there("Work") == ["a work", "b"]


def test_a_moved_message_keeps_the_time_at_which_it_was_received(mirrored: SyncAccount) -> None:
    mirrored.sync()
    path = put(mirrored.maildir / "Old", "1.a.host:2,S", b"Subject: a\n\n")
    put(mirrored.maildir / "Work", "1.b.host:2,S", b"Subject: b\n\n")
    os.utime(path, (1_044_068_706, 1_044_068_706))
    mirrored.sync()
    moved = mirrored.move_here("a", "Old", "Work")

    assert travels(mirrored.said()) == ["UID MOVE"]

    with mirrored.server.connect(mirrored.user) as other:
        other.select("Work", readonly=True)
        (told,) = other.uid("FETCH", str(mirrored.uid("a", "Work")), "(INTERNALDATE)")[1]
    assert b'INTERNALDATE "01-Feb-2003 03:05:06 +0000"' in told
    assert int(moved.stat().st_mtime) == 1_044_068_706


def test_a_file_moved_into_a_folder_that_is_new_here_is_one_move_there(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", "c")
    mirrored.move_here("a", "INBOX", "Fresh/Deeper")

    commands = mirrored.said()

    assert travels(commands) == ["UID MOVE"]
    assert mirrored.here("Fresh/Deeper") == mirrored.there("Fresh/Deeper") == ["a"]
    assert mirrored.here() == mirrored.there() == ["b", "c"]
    assert mirrored.settled()


def test_a_file_moved_away_and_back_before_the_run_is_nothing(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    mirrored.sync()
    mirrored.move_here("a", "INBOX", "Work")
    mirrored.move_here("a", "Work", "INBOX", name="1700000000.M2P2.back")

    assert set(names_of(mirrored.said())) <= READS_ONLY

    assert (mirrored.there(), mirrored.there("Work")) == (["a", "b"], ["c"])


@pytest.mark.parametrize("options", [(), ("--push",)], ids=["both ways", "push"])
def test_a_file_moved_here_to_a_folder_that_got_the_same_message_there_is_a_second_copy(
    mirrored: SyncAccount, options: tuple[str, ...]
) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    mirrored.deliver("a", folder="Work")
    mirrored.move_here("a", "INBOX", "Work", name="1.elsewhere:2,")

    mirrored.sync(*options)
    mirrored.sync()

    assert mirrored.here() == mirrored.there() == ["b"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "a", "c"]
    assert mirrored.settled()


def test_a_rename_within_a_folder_sends_nothing(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b")
    mirrored.sync()
    path = mirrored.file("a")
    path.rename(path.with_name("1700000000.M1P1.renamed"))
    before = snapshot(mirrored.maildir / "INBOX")

    assert set(names_of(mirrored.said())) <= READS_ONLY

    assert snapshot(mirrored.maildir / "INBOX") == before
    assert mirrored.settled()
    mirrored.flag_here("a", "F")
    mirrored.sync()
    assert mirrored.there() == ["a \\Flagged", "b"], "it is known by its new name"


def test_two_messages_that_change_places_are_two_moves(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", "d", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")
    mirrored.move_here("c", "Work", "INBOX")

    assert travels(mirrored.said()) == ["UID MOVE", "UID MOVE"]

    assert mirrored.here() == mirrored.there() == ["b", "c"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "d"]


def test_a_file_that_was_moved_and_flagged_is_moved_and_flagged_there(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", flags=("\\Flagged",))
    mirrored.fill("c", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")
    mirrored.flag_here("a", "RS", "Work")

    commands = mirrored.said()

    assert travels(commands) == ["UID MOVE"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a \\Answered \\Seen", "c"]
    assert mirrored.settled()


def test_moves_of_more_than_half_a_folder_are_no_deletions_and_are_not_held_back(
    mirrored: SyncAccount,
) -> None:
    subjects = [f"m{number:02}" for number in range(20)]
    mirrored.fill(*subjects)
    mirrored.fill("c", folder="Work")
    for subject in subjects[:18]:
        mirrored.move_here(subject, "INBOX", "Work")

    result = mirrored.sync()

    assert done(result) == {"Work": {"moved": 18}}
    assert mirrored.there("Work") == ["c", *subjects[:18]]
    assert mirrored.there() == subjects[18:]


def test_a_great_many_files_moved_at_once_travel_in_few_commands(mirrored: SyncAccount) -> None:
    subjects = [f"m{number:04}" for number in range(1200)]
    mirrored.fill(*subjects)
    mirrored.fill("c", folder="Work")
    for path in mail_files(mirrored.maildir / "INBOX"):
        path.rename(mirrored.maildir / "Work" / path.parent.name / path.name)

    commands = mirrored.said()

    assert set(travels(commands)) == {"UID MOVE"}
    assert len(commands) < 40
    assert mirrored.there("Work") == mirrored.here("Work") == ["c", *subjects]
    assert mirrored.there() == []
    assert mirrored.settled()


def test_a_file_moved_here_into_a_folder_that_was_deleted_there_makes_it_again(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", flags=("\\Seen",))
    mirrored.fill("c", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")
    mirrored.flag_there("a", "+\\Flagged")
    mirrored.ask(None, "DELETE", "Work")

    commands = mirrored.said("--allow-mass-delete")

    assert names_of(commands).count("UID MOVE") == 1
    assert mirrored.here("Work") == mirrored.there("Work")
    assert "a \\Flagged \\Seen" in mirrored.there("Work")
    assert mirrored.here() == mirrored.there() == ["b \\Seen"]
    assert mirrored.settled()


def test_of_equal_messages_as_many_are_moved_as_were_moved_here(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "a", "a", "b")
    mirrored.fill("c", folder="Work")
    for path in mail_files(mirrored.maildir / "INBOX"):
        if b"Subject: a" in path.read_bytes() and len(mail_files(path.parents[1])) > 2:
            path.rename(mirrored.maildir / "Work" / path.parent.name / path.name)

    commands = mirrored.said()

    assert travels(commands) == ["UID MOVE"]
    assert mirrored.here() == mirrored.there() == ["a", "b"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "a", "c"]
    assert mirrored.settled()


# -- moved there ---------------------------------------------------------------------------


def test_a_message_moved_there_is_one_rename_here(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b", flags=("\\Seen",))
    mirrored.fill("c", folder="Work")
    path = mirrored.file("a")
    inode = path.stat().st_ino
    mirrored.move_there("a", "INBOX", "Work")

    result = mirrored.sync()

    moved = mirrored.file("a", "Work")
    assert (moved.stat().st_ino, moved.name) == (inode, path.name)
    assert done(result) == {"Work": {"moved": 1}}
    assert of(result, "INBOX")["deleted_local"] == 0
    assert mirrored.here() == mirrored.there() == ["b \\Seen"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a \\Seen", "c"]
    assert mirrored.settled()


def test_letters_of_a_message_moved_there_are_translated_here(mirrored: SyncAccount) -> None:
    mirrored.fill("a", flags=("work", "home"))
    mirrored.fill("b", folder="Work", flags=("$Label1", "home"))
    inode = mirrored.file("a").stat().st_ino
    mirrored.move_there("a", "INBOX", "Work")

    mirrored.sync()

    assert mirrored.file("a", "Work").stat().st_ino == inode
    assert mirrored.here("Work") == mirrored.there("Work") == ["a home work", "b $Label1 home"]


def test_a_message_moved_there_into_a_new_folder_is_one_rename_here(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b", "c")
    inode = mirrored.file("a").stat().st_ino
    mirrored.ask(None, "CREATE", '"Fresh"')
    mirrored.move_there("a", "INBOX", "Fresh")

    mirrored.sync()

    assert mirrored.file("a", "Fresh").stat().st_ino == inode
    assert mirrored.here() == mirrored.there() == ["b", "c"]
    assert mirrored.settled()


def test_of_equal_messages_as_many_files_are_moved_as_were_moved_there(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "a", "a", "b")
    mirrored.fill("c", folder="Work")
    inodes = {path.stat().st_ino for path in mail_files(mirrored.maildir / "INBOX")}
    mirrored.ask("INBOX", "UID", "MOVE", "1,3", '"Work"')

    mirrored.sync()

    assert mirrored.here() == mirrored.there() == ["a", "b"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "a", "c"]
    now = [path.stat().st_ino for path in mail_files(mirrored.maildir / "Work")]
    assert len(inodes & set(now)) == 2
    assert mirrored.settled()


def test_a_file_that_another_program_rewrote_is_not_taken_for_the_message_that_was_moved_there(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    mirrored.file("a").write_bytes(b"Subject: rewritten\n\n")
    mirrored.move_there("a", "INBOX", "Work")

    mirrored.sync()
    mirrored.sync()

    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "c"]
    assert mirrored.here() == mirrored.there() == ["b", "rewritten"]


# -- moved on one side, changed on the other -----------------------------------------------


def test_moved_here_and_flagged_there_is_one_message_at_the_new_place_with_both(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", flags=("\\Seen",))
    mirrored.fill("c", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")
    mirrored.flag_here("a", "RS", "Work")
    mirrored.flag_there("a", "+\\Flagged work")

    commands = mirrored.said()

    wanted = ["a \\Answered \\Flagged \\Seen work", "c"]
    assert travels(commands) == ["UID MOVE"]
    assert mirrored.here("Work") == mirrored.there("Work") == wanted
    assert mirrored.here() == mirrored.there() == ["b \\Seen"]
    assert mirrored.settled()


def test_moved_there_and_flagged_here_is_one_message_at_the_new_place_with_both(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", flags=("\\Seen",))
    mirrored.fill("c", folder="Work")
    inode = mirrored.flag_here("a", "RS").stat().st_ino
    mirrored.move_there("a", "INBOX", "Work")
    mirrored.flag_there("a", "+\\Flagged work", "Work")

    commands = mirrored.said()

    wanted = ["a \\Answered \\Flagged \\Seen work", "c"]
    assert "APPEND" not in travels(commands)
    assert mirrored.here("Work") == mirrored.there("Work") == wanted
    assert mirrored.file("a", "Work").stat().st_ino == inode
    assert mirrored.here() == mirrored.there() == ["b \\Seen"]
    assert mirrored.settled()


def test_messages_that_change_places_there_are_moved_here_though_one_was_flagged(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a")
    mirrored.fill("b", folder="Work")
    mirrored.flag_here("a", "F")
    mirrored.move_there("a", "INBOX", "Work")
    mirrored.move_there("b", "Work", "INBOX")

    commands = mirrored.said()

    assert "APPEND" not in names_of(commands)
    assert mirrored.here() == mirrored.there() == ["b"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a \\Flagged"]
    assert mirrored.settled()


@pytest.mark.parametrize("flags", ["", "F"], ids=["untouched", "flagged"])
def test_a_message_moved_away_and_back_there_keeps_its_file_here(
    mirrored: SyncAccount, flags: str
) -> None:
    mirrored.fill("a", "b")
    mirrored.deliver("c", folder="Work")
    inode = mirrored.flag_here("a", flags).stat().st_ino
    mirrored.move_there("a", "INBOX", "Work")
    mirrored.move_there("a", "Work", "INBOX")

    commands = mirrored.said()

    assert "APPEND" not in names_of(commands)
    assert mirrored.here() == mirrored.there() == ["a \\Flagged" if flags else "a", "b"]
    assert mirrored.file("a").stat().st_ino == inode
    assert mirrored.settled()


def test_moved_to_the_same_folder_on_both_sides_is_nothing_to_do(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    inode = mirrored.move_here("a", "INBOX", "Work").stat().st_ino
    mirrored.move_there("a", "INBOX", "Work")

    commands = mirrored.said()

    assert not {"APPEND", "UID MOVE", "UID COPY", "UID EXPUNGE"} & set(names_of(commands))
    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "c"]
    assert mirrored.file("a", "Work").stat().st_ino == inode
    assert mirrored.here() == mirrored.there() == ["b"]
    assert mirrored.settled()


def test_moved_to_different_folders_the_server_wins_and_there_is_one_message(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", flags=("\\Seen",))
    mirrored.fill("c", folder="Work")
    mirrored.fill("d", folder="Home")
    inode = mirrored.move_here("a", "INBOX", "Work").stat().st_ino
    mirrored.move_there("a", "INBOX", "Home")

    commands = mirrored.said()

    assert "APPEND" not in names_of(commands)
    assert mirrored.here("Home") == mirrored.there("Home") == ["a \\Seen", "d"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["c"]
    assert mirrored.here() == mirrored.there() == ["b \\Seen"]
    assert mirrored.file("a", "Home").stat().st_ino == inode
    assert mirrored.settled()


def test_a_file_that_was_moved_to_the_same_folder_on_both_sides_is_not_taken_by_a_copy(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Home")
    mirrored.fill("d", folder="Work")
    mirrored.move_here("a", "INBOX", "Home")
    mirrored.ask("INBOX", "UID", "COPY", "1", '"Work"')
    mirrored.move_there("a", "INBOX", "Home")

    mirrored.sync()

    assert mirrored.here("Home") == mirrored.there("Home") == ["a", "c"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "d"]
    assert mirrored.here() == mirrored.there() == ["b"]
    assert mirrored.settled()


def test_letters_of_a_message_moved_to_different_folders_are_those_of_its_old_one(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", flags=("work",))
    mirrored.fill("c", folder="Work", flags=("$Label1",))
    mirrored.fill("d", folder="Home", flags=("home",))
    mirrored.move_here("a", "INBOX", "Work")
    mirrored.move_there("a", "INBOX", "Home")

    mirrored.sync()

    assert mirrored.here("Home") == mirrored.there("Home") == ["a work", "d home"]
    assert mirrored.settled()


# -- one way -------------------------------------------------------------------------------


def test_pull_leaves_a_move_that_was_made_here_for_the_next_run(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    path = mirrored.move_here("a", "INBOX", "Work")

    for _ in range(2):
        assert set(names_of(mirrored.said("--pull"))) <= READS_ONLY | {"UID FETCH"}
        assert path.exists()
        assert (mirrored.here(), mirrored.there()) == (["b"], ["a", "b"])

    assert travels(mirrored.said()) == ["UID MOVE"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "c"]
    assert mirrored.there() == ["b"]


@pytest.mark.parametrize("part", ["--pull", "INBOX"])
def test_a_run_that_may_not_move_does_not_fetch_again_what_was_moved_here_and_flagged_there(
    mirrored: SyncAccount, part: str
) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")
    mirrored.flag_there("a", "+\\Flagged")

    assert not done(mirrored.sync(part))
    mirrored.sync()

    assert mirrored.here() == mirrored.there() == ["b"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a \\Flagged", "c"]
    assert mirrored.settled()


def test_push_carries_a_move_that_was_made_here_and_changes_no_file(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b", flags=("work",))
    mirrored.fill("c", folder="Work", flags=("home",))
    mirrored.move_here("a", "INBOX", "Work")
    before = snapshot(mirrored.maildir)

    assert travels(mirrored.said("--push")) == ["UID MOVE"]

    assert snapshot(mirrored.maildir) == before
    assert mirrored.there("Work") == ["a work", "c home"]
    mirrored.sync()
    assert mirrored.here("Work") == mirrored.there("Work") == ["a work", "c home"]


def test_push_leaves_a_move_that_was_made_there_for_the_next_run(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    inode = mirrored.file("a").stat().st_ino
    mirrored.move_there("a", "INBOX", "Work")
    before = snapshot(mirrored.maildir)

    for _ in range(2):
        assert "APPEND" not in travels(mirrored.said("--push"))
        assert snapshot(mirrored.maildir) == before

    mirrored.sync()
    assert mirrored.file("a", "Work").stat().st_ino == inode
    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "c"]
    assert mirrored.here() == mirrored.there() == ["b"]


def test_push_does_not_upload_a_flagged_message_that_was_moved_there(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    mirrored.flag_here("a", "F")
    mirrored.move_there("a", "INBOX", "Work")

    assert "APPEND" not in names_of(mirrored.said("--push"))
    assert mirrored.here() == ["a \\Flagged", "b"]
    mirrored.sync()

    assert mirrored.here() == mirrored.there() == ["b"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a \\Flagged", "c"]
    assert mirrored.settled()


def test_pull_carries_a_move_that_was_made_there(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    inode = mirrored.file("a").stat().st_ino
    mirrored.move_there("a", "INBOX", "Work")

    assert set(names_of(mirrored.said("--pull"))) <= READS_ONLY | {"UID FETCH"}

    assert mirrored.file("a", "Work").stat().st_ino == inode
    assert mirrored.here() == ["b"]


# -- lesser servers ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def copying(authority: Authority) -> Iterator[Dovecot]:
    """A server that can copy and remove exactly what it is told, and cannot move."""
    with (
        server_directory("copying") as directory,
        running_dovecot(directory, authority, capability=f"{BASE} UIDPLUS") as server,
    ):
        yield server


@pytest.fixture(scope="module")
def appending(authority: Authority) -> Iterator[Dovecot]:
    """A server that can neither move nor remove exactly what it is told."""
    with (
        server_directory("appending") as directory,
        running_dovecot(directory, authority, capability=BASE) as server,
    ):
        yield server


def test_without_move_a_file_moved_here_is_copied_and_removed_there(
    configured: OpenAccount, copying: Dovecot
) -> None:
    mirrored = configured(copying)
    mirrored.fill("a", "b", "marked", flags=("\\Seen", "work"))
    mirrored.flag_there("marked", "+\\Deleted")
    mirrored.fill("c", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")

    commands = mirrored.said()

    assert travels(commands) == ["UID COPY"]
    assert names_of(commands).count("UID EXPUNGE") == 1
    assert mirrored.here("Work") == mirrored.there("Work") == ["a \\Seen work", "c"]
    marked = "marked \\Deleted \\Seen work"
    assert mirrored.here() == mirrored.there() == ["b \\Seen work", marked], "what others marked"
    assert mirrored.settled()


def test_without_move_a_message_moved_there_is_still_one_rename_here(
    configured: OpenAccount, copying: Dovecot
) -> None:
    mirrored = configured(copying)
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    inode = mirrored.file("a").stat().st_ino
    mirrored.ask("INBOX", "UID", "COPY", "1", '"Work"')
    mirrored.delete_there("a")

    mirrored.sync()

    assert mirrored.file("a", "Work").stat().st_ino == inode
    assert mirrored.here() == mirrored.there() == ["b"]
    assert mirrored.settled()


def test_without_move_and_uidplus_a_moved_file_is_uploaded_and_the_old_message_stays_and_is_said(
    configured: OpenAccount, appending: Dovecot
) -> None:
    mirrored = configured(appending)
    mirrored.fill("a", "b", flags=("\\Seen",))
    mirrored.fill("c", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")

    for appended in (1, 0):
        result = mirrored.sync()

        assert of(result, "Work")["appended"] == appended
        assert list(skipped(result)) == [1]
        assert "UIDPLUS" in skipped(result)[1]
        assert mirrored.here("Work") == mirrored.there("Work") == ["a \\Seen", "c"]
        assert mirrored.there() == ["a \\Seen", "b \\Seen"]
        assert mirrored.here() == ["b \\Seen"], "and it does not come back"
    assert uid_next(appending, mirrored.user, "Work") == 3


def test_without_move_and_uidplus_a_moved_file_keeps_its_keywords(
    configured: OpenAccount, appending: Dovecot
) -> None:
    mirrored = configured(appending)
    mirrored.fill("a", "b", flags=("work",))
    mirrored.fill("c", folder="Work", flags=("$Label1",))
    mirrored.move_here("a", "INBOX", "Work")

    mirrored.sync()

    assert mirrored.here("Work") == mirrored.there("Work") == ["a work", "c $Label1"]


def test_a_message_that_moves_there_to_a_file_of_the_same_name_gets_a_file_of_its_own(
    mirrored: SyncAccount,
) -> None:
    mirrored.deliver("b")
    mirrored.fill("a", folder="Work")
    path = mirrored.file("a", "Work")
    unique = path.name.partition(":")[0]
    shutil.copy(path, mirrored.maildir / "INBOX" / "cur" / f"{unique}:2,F")
    mirrored.sync()
    mirrored.move_there("a", "INBOX", "Work")

    mirrored.sync()

    assert mirrored.here("Work") == mirrored.there("Work") == ["a", r"a \Flagged"]
    assert len(mirrored.file_inodes("Work")) == 2
    assert mirrored.settled()


def test_without_copyuid_the_moved_messages_are_looked_up_by_their_octets(
    write_config: WriteConfig, home: Path
) -> None:
    """Proton Bridge: MOVE without telling where to (proton-bridge#170)."""
    with ProfileServer(PROFILES["Proton Bridge"]) as server:
        place = {"host": "127.0.0.1", "port": server.port, "tls": "none", "username": USER}
        write_config(
            {
                "work": {
                    "email": "a@b.test",
                    "password_command": ["printf", PASSWORD],
                    "imap": place,
                }
            }
        )
        mirrored = SyncedMaildir(home / "Mail" / "work")
        server.deliver(message("a"), message("a"), message("b"), flags=["\\Seen"])
        server.deliver(message("c"), message("a"), folder="Work")
        mirrored.sync()
        for path in mail_files(mirrored.maildir / "INBOX"):
            path.rename(mirrored.maildir / "Work" / path.parent.name / path.name)
        inodes = mirrored.file_inodes("Work")

        commands = mirrored.said()

        assert set(names_of(commands)) >= {"UID MOVE"}
        assert not {"APPEND", "UID COPY", "UID EXPUNGE"} & set(names_of(commands))
        assert server.held("INBOX") == []
        assert sorted(server.held("Work")) == sorted(map(message, ("a", "a", "a", "b", "c")))
        assert mirrored.file_inodes("Work") == inodes
        assert mirrored.settled()
        mirrored.flag_here("b", "FS", "Work")
        mirrored.sync()
        (flagged,) = (uid for uid, f in server.flags("Work").items() if "\\Flagged" in f)
        assert server.held("Work")[flagged - 1] == message("b"), "each is bound to its own"


# -- a run of the new folder alone ---------------------------------------------------------


def test_a_run_of_the_new_folder_alone_moves_and_does_nothing_else_in_the_old_one(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")
    mirrored.flag_there("a", "+\\Flagged")
    mirrored.deliver("new")
    mirrored.flag_here("b", "S")
    assert planned(mirrored.sync("-n", "Work")) == [("Work", "move")]

    commands = mirrored.said("Work")

    assert travels(commands) == ["UID MOVE"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a \\Flagged", "c"]
    assert (mirrored.here(), mirrored.there()) == (["b \\Seen"], ["b", "new"])
    mirrored.sync()
    assert mirrored.here() == mirrored.there() == ["b \\Seen", "new"]
    assert mirrored.settled()


@pytest.mark.parametrize("options", [("Work",), ("--push",)], ids=["alone", "push"])
def test_a_file_moved_here_waits_for_a_whole_run_where_its_message_was_moved_there_too(
    mirrored: SyncAccount, options: tuple[str, ...]
) -> None:
    mirrored.fill("a", "b")
    mirrored.deliver("d", folder="Other")
    mirrored.fill("c", folder="Work")
    mirrored.move_here("a", "INBOX", "Work", name="1.elsewhere:2,")
    mirrored.move_there("a", "INBOX", "Other")
    for _ in range(2):
        assert ("Work", "append") not in planned(mirrored.sync("-n", *options))
        (left,) = of(mirrored.sync(*options), "Work")["skipped"]
        assert left["path"] == str(mirrored.file("a", "Work"))
    assert mirrored.there("Work") == ["c"]

    mirrored.sync()

    everywhere = [name for name in ("INBOX", "Other", "Work") if "a" in mirrored.there(name)]
    assert everywhere == ["Other"]
    assert mirrored.here("Other") == ["a", "d"]
    assert mirrored.here("Work") == ["c"]
    assert mirrored.settled()


def test_a_file_moved_here_is_uploaded_by_a_whole_run_where_its_message_was_deleted_there(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")
    mirrored.delete_there("a")
    mirrored.sync("Work")
    assert mirrored.there("Work") == ["c"]

    mirrored.sync()

    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "c"]
    assert mirrored.settled()


def test_what_both_sides_lost_in_a_folder_is_known_again_after_runs_of_single_folders(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b")
    mirrored.deliver("d", folder="Other")
    mirrored.fill("c", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")
    mirrored.move_there("a", "INBOX", "Other")

    for folder in ("INBOX", "Work", "INBOX"):
        mirrored.sync(folder)
    mirrored.sync()

    assert mirrored.there("Work") == mirrored.here("Work") == ["c"]
    assert mirrored.there("Other") == mirrored.here("Other") == ["a", "d"]
    assert mirrored.settled()


def test_a_file_that_goes_away_while_moved_ones_are_looked_for_hides_no_other(
    mirrored: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirrored.fill("a", "b", "c")
    mirrored.fill("d", folder="Work")
    for subject in ("a", "b"):
        mirrored.move_here(subject, "INBOX", "Work")
    gone: list[Path] = []

    def removed_first(folder: MaildirFolder, entry: Entry) -> tuple[bytes, int]:
        if not gone:
            gone.append(folder.path_of(entry))
            gone[0].unlink()
        return hash_of(folder, entry)

    monkeypatch.setattr(folder_unsent, "hash_of", removed_first)
    mirrored.sync("INBOX")

    (left,) = set(mirrored.here("Work")) - {"d"}
    assert left in mirrored.there(), "its file waits for the upload"


def test_a_file_moved_back_to_a_folder_that_was_made_anew_meanwhile_is_moved_there_too(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a")
    mirrored.fill("b", "c", folder="Work")
    mirrored.sync()
    mirrored.move_there("b", "Work", "INBOX")
    mirrored.move_here("b", "Work", "INBOX", name="1.elsewhere:2,")
    mirrored.sync("INBOX")
    mirrored.ask(None, "RENAME", "Work", "Old")
    mirrored.ask(None, "CREATE", "Work")
    mirrored.move_here("b", "INBOX", "Work", name="1.elsewhere:2,")

    result = mirrored.sync()

    assert not of(result, "Work")["skipped"]
    assert mirrored.there("INBOX") == ["a"]
    assert "b" in [*mirrored.there("Work"), *mirrored.there("Old")]
    assert mirrored.settled()
