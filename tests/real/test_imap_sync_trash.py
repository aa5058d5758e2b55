"""`deleted = "trash"`: what is deleted here is moved to the trash folder there."""

from collections.abc import Iterator

import pytest
from tests.real.conftest import OpenAccount
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.imap_sides import of
from tests.support.local_mail import mail_files
from tests.support.processes import server_directory
from tests.support.sync_account import SyncAccount, names_of, skipped

BASE = (
    "IMAP4rev1 SASL-IR LITERAL+ ENABLE NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE"
)


@pytest.fixture
def kept(configured: OpenAccount) -> SyncAccount:
    """The account with two messages on both sides; what is deleted goes to the trash."""
    mirrored = configured(deleted="trash")
    mirrored.fill("a", "b", flags=("\\Seen", "work"))
    return mirrored


def test_what_is_deleted_here_is_moved_to_the_trash_there(kept: SyncAccount) -> None:
    kept.file("a").unlink()

    commands = kept.said()

    assert names_of(commands).count("UID MOVE") == 1
    assert not {"UID EXPUNGE", "UID STORE", "APPEND"} & set(names_of(commands))
    assert (kept.there(), kept.there("Trash")) == (["b \\Seen work"], ["a \\Seen work"])


def test_what_is_in_the_trash_there_comes_here_as_any_other_message(kept: SyncAccount) -> None:
    kept.file("a").unlink()
    kept.sync()
    kept.sync()

    assert kept.here() == kept.there() == ["b \\Seen work"]
    assert kept.here("Trash") == kept.there("Trash") == ["a \\Seen work"]
    assert kept.settled()


def test_it_is_told_as_a_deletion(kept: SyncAccount) -> None:
    kept.file("a").unlink()

    result = kept.sync()

    assert of(result, "INBOX")["deleted_remote"] == 1


def test_what_is_deleted_in_the_trash_itself_is_gone_for_good(kept: SyncAccount) -> None:
    kept.fill("old", folder="Trash")
    kept.file("old", "Trash").unlink()

    commands = kept.said()

    assert "UID MOVE" not in names_of(commands)
    assert names_of(commands).count("UID EXPUNGE") == 1
    assert kept.there("Trash") == []


def test_what_is_moved_to_the_trash_here_is_moved_there_once(kept: SyncAccount) -> None:
    inode = kept.move_here("a", "INBOX", "Trash").stat().st_ino

    assert names_of(kept.said()).count("UID MOVE") == 1

    assert kept.there("Trash") == kept.here("Trash") == ["a \\Seen work"]
    assert kept.file("a", "Trash").stat().st_ino == inode
    assert kept.settled()


def test_what_is_deleted_there_is_not_put_into_the_trash_here(kept: SyncAccount) -> None:
    kept.delete_there("a")

    kept.sync()

    assert (kept.here(), kept.here("Trash"), kept.there("Trash")) == (["b \\Seen work"], [], [])


def test_another_folder_is_the_trash_where_the_account_names_it(configured: OpenAccount) -> None:
    mirrored = configured(deleted="trash", trash="Bin/日本")
    mirrored.deliver("old", folder="Bin/&ZeVnLA-")
    mirrored.fill("a", "b")
    mirrored.file("a").unlink()
    mirrored.file("old", "Bin/日本").unlink()

    mirrored.sync()

    assert mirrored.there("Bin/&ZeVnLA-") == ["a"]
    assert (mirrored.there(), mirrored.there("Trash")) == (["b"], [])


def test_without_the_folder_that_the_account_names_nothing_is_expunged(
    configured: OpenAccount,
) -> None:
    mirrored = configured(deleted="trash", trash="Bin")
    mirrored.fill("a", "b")
    mirrored.file("a").unlink()

    for _ in range(2):
        result = mirrored.sync()

        assert mirrored.there() == ["a", "b"]
        assert list(skipped(result)) == [1]
        assert "trash" in skipped(result)[1]
    mirrored.ask(None, "CREATE", '"Bin"')
    mirrored.sync()
    assert (mirrored.there(), mirrored.there("Bin")) == (["b"], ["a"])


def test_more_than_half_a_folder_is_held_back_for_the_trash_as_well(
    configured: OpenAccount,
) -> None:
    mirrored = configured(deleted="trash")
    mirrored.fill(*(f"m{number:02}" for number in range(20)))
    for path in mail_files(mirrored.maildir / "INBOX")[:11]:
        path.unlink()

    assert of(mirrored.sync(code=3), "INBOX")["held_back"] == 11
    assert mirrored.there("Trash") == []
    mirrored.sync("--allow-mass-delete")
    assert (len(mirrored.there()), len(mirrored.there("Trash"))) == (9, 11)


@pytest.fixture(scope="module")
def copying(authority: Authority) -> Iterator[Dovecot]:
    """A server that can copy and remove exactly what it is told, and cannot move."""
    with (
        server_directory("copying") as directory,
        running_dovecot(directory, authority, capability=f"{BASE} UIDPLUS") as server,
    ):
        yield server


def test_without_move_what_is_deleted_here_is_copied_to_the_trash_and_then_removed(
    configured: OpenAccount, copying: Dovecot
) -> None:
    mirrored = configured(copying, deleted="trash")
    mirrored.fill("a", "b", "marked")
    mirrored.flag_there("marked", "+\\Deleted")
    mirrored.file("a").unlink()

    commands = mirrored.said()

    assert [n for n in names_of(commands) if n in {"UID COPY", "UID EXPUNGE"}] == [
        "UID COPY",
        "UID EXPUNGE",
    ]
    assert (mirrored.there(), mirrored.there("Trash")) == (["b", "marked \\Deleted"], ["a"])
    mirrored.sync()
    assert mirrored.here("Trash") == ["a"]
