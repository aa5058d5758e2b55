"""The safety stop of `imap-sync`: remembered until it is confirmed or undone."""

import shutil
from pathlib import Path

import pytest
from tests.real.conftest import OpenAccount
from tests.support.imap_sides import done, of, planned
from tests.support.local_mail import mail_files, put
from tests.support.sync_account import SyncAccount, skipped

SUBJECTS = [f"m{number:02}" for number in range(20)]
NEW = [f"n{number:03}" for number in range(100)]


@pytest.fixture
def aside(mirrored: SyncAccount) -> Path:
    """Eleven of twenty messages taken away here; where they are now."""
    mirrored.fill(*SUBJECTS)
    aside = mirrored.maildir.with_name("aside")
    aside.mkdir()
    for subject in SUBJECTS[:11]:
        path = mirrored.file(subject)
        path.rename(aside / path.name)
    return aside


def test_deletions_that_were_held_back_stay_so_when_new_mail_makes_them_few(
    mirrored: SyncAccount, aside: Path
) -> None:
    assert of(mirrored.sync(code=3), "INBOX")["held_back"] == 11
    mirrored.deliver(*NEW)

    for fetched in (100, 0, 0):
        inbox = of(mirrored.sync(code=3), "INBOX")
        assert (inbox["held_back"], inbox["deleted_remote"]) == (11, 0)
        assert inbox["fetched"] == fetched
    assert mirrored.there() == [*SUBJECTS, *NEW]


def test_deletions_that_were_held_back_are_made_when_they_are_confirmed(
    mirrored: SyncAccount, aside: Path
) -> None:
    mirrored.sync(code=3)
    mirrored.deliver(*NEW)
    mirrored.sync(code=3)

    result = mirrored.sync("--allow-mass-delete")

    assert of(result, "INBOX")["deleted_remote"] == 11
    assert mirrored.here() == mirrored.there() == [*SUBJECTS[11:], *NEW]
    mirrored.sync()
    mirrored.file("m11").unlink()
    mirrored.sync()
    assert mirrored.there() == [*SUBJECTS[12:], *NEW], "and the next is not held back"


def test_deletions_that_were_held_back_are_forgotten_when_the_files_come_back(
    mirrored: SyncAccount, aside: Path
) -> None:
    mirrored.sync(code=3)
    mirrored.deliver(*NEW)
    mirrored.sync(code=3)
    for path in aside.iterdir():
        shutil.move(path, mirrored.maildir / "INBOX" / "cur" / f"{path.name.split(':')[0]}:2,")

    result = mirrored.sync()

    assert done(result) == {}
    assert mirrored.here() == mirrored.there() == [*SUBJECTS, *NEW]
    assert mirrored.settled()


def test_when_most_files_come_back_the_few_that_are_left_are_deletions(
    mirrored: SyncAccount, aside: Path
) -> None:
    mirrored.sync(code=3)
    for path in sorted(aside.iterdir())[1:]:
        shutil.move(path, mirrored.maildir / "INBOX" / "cur" / f"{path.name.split(':')[0]}:2,")

    result = mirrored.sync()

    assert of(result, "INBOX")["deleted_remote"] == 1
    assert len(mirrored.there()) == 19


def test_deletions_there_that_were_held_back_stay_so_when_new_files_make_them_few(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill(*SUBJECTS)
    mirrored.ask("INBOX", "UID", "STORE", "1:11", "+FLAGS", "(\\Deleted)")
    mirrored.ask("INBOX", "UID", "EXPUNGE", "1:11")
    assert of(mirrored.sync(code=3), "INBOX")["held_back"] == 11
    for number, subject in enumerate(NEW):
        put(mirrored.maildir / "INBOX", f"1.{number}.host", f"Subject: {subject}\n\n".encode())

    for _ in range(2):
        inbox = of(mirrored.sync(code=3), "INBOX")
        assert (inbox["held_back"], inbox["deleted_local"]) == (11, 0)
    assert len(mail_files(mirrored.maildir / "INBOX")) == 120
    mirrored.sync("--allow-mass-delete")
    assert mirrored.here() == mirrored.there() == [*SUBJECTS[11:], *NEW]


@pytest.mark.parametrize("options", [["--pull"], ["-n"], ["Work"]], ids=["pull", "dry", "other"])
def test_a_run_that_could_not_make_the_deletions_does_not_forget_that_they_were_held_back(
    mirrored: SyncAccount, aside: Path, options: list[str]
) -> None:
    mirrored.sync(code=3)
    mirrored.deliver(*NEW)
    mirrored.deliver("w", folder="Work")
    mirrored.sync(*options, code=3 if options == ["-n"] else 0)

    assert of(mirrored.sync(code=3), "INBOX")["held_back"] == 11
    assert mirrored.there() == [*SUBJECTS, *NEW]


# -- moved here, but not yet on the server ---------------------------------------------------


def moved_away(mirrored: SyncAccount, folder: str, count: int = 15) -> None:
    """Fill INBOX, and move most of it to another folder here."""
    mirrored.fill(*SUBJECTS)
    for subject in SUBJECTS[:count]:
        mirrored.move_here(subject, "INBOX", folder)


@pytest.mark.parametrize("count", [3, 15])
def test_what_was_moved_to_a_folder_that_was_not_asked_for_is_no_deletion(
    mirrored: SyncAccount, count: int
) -> None:
    mirrored.deliver("c", folder="Work")
    moved_away(mirrored, "Work", count)

    assert planned(mirrored.sync("-n", "INBOX")) == []
    inbox = of(mirrored.sync("INBOX"), "INBOX")

    assert (inbox["held_back"], inbox["deleted_remote"]) == (0, 0)
    assert {each["reason"] for each in inbox["skipped"]} == {
        "moved here to a folder that is not uploaded yet: stays until it is"
    }
    assert len(inbox["skipped"]) == count
    assert mirrored.there() == SUBJECTS
    assert done(mirrored.sync()) == {"Work": {"moved": count}}
    assert mirrored.here("Work") == mirrored.there("Work") == ["c", *SUBJECTS[:count]]
    assert mirrored.settled()


def test_what_was_deleted_beside_what_was_moved_is_counted_alone(mirrored: SyncAccount) -> None:
    mirrored.deliver("c", folder="Work")
    moved_away(mirrored, "Work", 8)
    for subject in SUBJECTS[8:11]:
        mirrored.file(subject).unlink()

    inbox = of(mirrored.sync("INBOX"), "INBOX")

    assert (inbox["held_back"], inbox["deleted_remote"]) == (0, 3)
    assert mirrored.there() == [*SUBJECTS[:8], *SUBJECTS[11:]]


def test_what_was_moved_out_of_the_mirror_is_deleted_and_so_held_back(
    configured: OpenAccount,
) -> None:
    mirrored = configured(folders=["*", "!Private"])
    moved_away(mirrored, "Private")

    assert set(planned(mirrored.sync("-n", code=3))) == {("INBOX", "hold")}
    assert of(mirrored.sync(code=3), "INBOX")["held_back"] == 15

    assert mirrored.there() == SUBJECTS
    assert of(mirrored.sync("--allow-mass-delete"), "INBOX")["deleted_remote"] == 15
    assert mirrored.there() == SUBJECTS[15:]
    assert len(mail_files(mirrored.maildir / "Private")) == 15


# -- a folder that cannot be read ------------------------------------------------------------


@pytest.mark.parametrize("part", [[], ["INBOX"]], ids=["all", "another folder alone"])
def test_deletions_wait_for_a_folder_that_cannot_be_read_and_say_for_which(
    mirrored: SyncAccount, part: list[str]
) -> None:
    mirrored.fill("a", "b", "c")
    mirrored.fill("w", folder="Work")
    cur = mirrored.maildir / "Work" / "cur"
    cur.rename(mirrored.maildir.with_name("elsewhere"))
    cur.symlink_to(mirrored.maildir.with_name("elsewhere"))
    mirrored.file("a").unlink()
    mirrored.delete_there("b")

    result = mirrored.sync(*part, code=74)

    inbox = of(result, "INBOX")
    reason = skipped(result)[1]
    assert reason.startswith("deleted here, or moved to Work, which cannot be read: stays until")
    assert f"{cur}: a symbolic link" in reason
    assert inbox["error"]["message"] == reason
    assert mirrored.there() == ["a", "c"]
    if part:
        assert mirrored.here() == ["c"], "what was moved there would be listed"
    else:
        assert "every folder" in skipped(result)[2]
        assert mirrored.here() == ["b", "c"]
    cur.unlink()
    mirrored.maildir.with_name("elsewhere").rename(cur)
    mirrored.sync()
    assert mirrored.here() == mirrored.there() == ["c"]
    assert mirrored.settled()


def test_a_folder_that_is_not_mirrored_need_not_be_read_for_deletions(
    configured: OpenAccount,
) -> None:
    mirrored = configured(folders=["*", "!Private"])
    mirrored.fill("a", "b")
    mirrored.maildir.joinpath("Private").mkdir()
    for name in ("new", "tmp"):
        mirrored.maildir.joinpath("Private", name).mkdir()
    mirrored.maildir.joinpath("Private", "cur").symlink_to(mirrored.maildir / "INBOX" / "cur")
    mirrored.file("a").unlink()

    mirrored.sync()

    assert mirrored.here() == mirrored.there() == ["b"]
