"""Deletions that `imap-sync` carries, and those that it must not, on a real Dovecot."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as run_dovecot
from tests.support.local_mail import document, letters, mail_files
from tests.support.processes import server_directory

BASE = "IMAP4rev1 SASL-IR LITERAL+ ENABLE IDLE NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE"


def message(number: int) -> bytes:
    return f"Message-ID: <{number}@example.test>\r\nSubject: {number}\r\n\r\n{number}\r\n".encode()


def number_of(raw: bytes) -> int:
    return int(raw.split(b"Subject: ")[1].split()[0])


@dataclass
class Mirror:
    """One account: its server, its Maildir, and mailcli between them."""

    server: Dovecot
    user: str
    maildir: Path
    run: RunMailcli

    def sync(self, *options: str, code: int = 0) -> dict[str, Any]:
        """Run, check the exit code, and return the folders of the result by name."""
        done = self.run("imap-sync", "--json", *options)
        assert done.returncode == code, done.stderr
        (result,) = document(done, "imap-sync")["accounts"]
        assert result["error"] is None
        return {folder["name"]: folder for folder in result["folders"]}

    def fill(self, count: int, folder: str = "INBOX") -> None:
        """Put messages 1 to `count` on both sides."""
        self.server.deliver(self.user, *map(message, range(1, count + 1)), folder=folder)
        self.sync()
        assert self.here(folder) == list(range(1, count + 1))

    def here(self, folder: str = "INBOX") -> list[int]:
        return sorted(number_of(path.read_bytes()) for path in mail_files(self.maildir / folder))

    def there(self, folder: str = "INBOX") -> list[int]:
        return sorted(number_of(raw) for raw in self.server.messages(self.user, folder))

    def file(self, number: int, folder: str = "INBOX") -> Path:
        found = (
            p for p in mail_files(self.maildir / folder) if number_of(p.read_bytes()) == number
        )
        return next(found)

    def delete_here(self, *numbers: int, folder: str = "INBOX") -> None:
        for number in numbers:
            self.file(number, folder).unlink()

    def delete_there(self, uids: str, folder: str = "INBOX") -> None:
        self.store(uids, "\\Deleted", folder)
        with self.server.connect(self.user) as other:
            other.select(folder)
            other.uid("EXPUNGE", uids)

    def store(self, uids: str, flag: str, folder: str = "INBOX") -> None:
        with self.server.connect(self.user) as other:
            other.select(folder)
            other.uid("STORE", uids, "+FLAGS", f"({flag})")

    def mark_here(self, number: int, flags: str, folder: str = "INBOX") -> None:
        path = self.file(number, folder)
        path.rename(self.maildir / folder / "cur" / f"{path.name.partition(':')[0]}:2,{flags}")


@pytest.fixture
def mirror(
    dovecot: Dovecot, account_user: str, write_config: WriteConfig, run_mailcli: RunMailcli
) -> Mirror:
    return mirror_of(dovecot, account_user, write_config, run_mailcli)


def mirror_of(
    server: Dovecot, user: str, write_config: WriteConfig, run: RunMailcli, **imap: Any
) -> Mirror:
    table = account(user, imap=server)
    table["imap"].update(imap)
    write_config({"work": table})
    return Mirror(server, user, Path("~/Mail/work").expanduser(), run)


def test_deletions_travel_both_ways(mirror: Mirror) -> None:
    mirror.fill(4)
    mirror.delete_here(1)
    mirror.delete_there("2")
    done = mirror.sync()["INBOX"]
    assert (done["deleted_local"], done["deleted_remote"], done["changed"]) == (1, 1, True)
    assert mirror.here() == mirror.there() == [3, 4]
    again = mirror.sync()["INBOX"]
    assert (again["deleted_local"], again["deleted_remote"], again["changed"]) == (0, 0, False)


def test_dry_run_lists_deletions_and_does_none(mirror: Mirror) -> None:
    mirror.fill(4)
    mirror.delete_here(1)
    mirror.delete_there("2")
    path = mirror.file(2)
    planned = mirror.sync("-n")["INBOX"]["actions"]
    told = [(action["kind"], action["uid"], action["path"]) for action in planned]
    assert told == [("delete_remote", 1, None), ("delete_local", 2, str(path))]
    assert (mirror.here(), mirror.there()) == ([2, 3, 4], [1, 3, 4])


def test_a_message_deleted_here_and_changed_there_stays(mirror: Mirror) -> None:
    mirror.fill(2)
    mirror.delete_here(1)
    mirror.store("1", "\\Flagged")
    done = mirror.sync()["INBOX"]
    assert (done["fetched"], done["deleted_remote"]) == (1, 0)
    assert mirror.here() == mirror.there() == [1, 2]
    assert letters(mirror.file(1)) == "F"


def test_a_message_deleted_there_and_changed_here_stays(mirror: Mirror) -> None:
    mirror.fill(2)
    mirror.delete_there("1")
    mirror.mark_here(1, "FS")
    done = mirror.sync()["INBOX"]
    assert (done["appended"], done["deleted_local"]) == (1, 0)
    assert mirror.here() == mirror.there() == [1, 2]
    assert {"\\Flagged", "\\Seen"} in mirror.server.flags(mirror.user).values()
    assert mirror.sync()["INBOX"]["changed"] is False


def test_what_others_marked_as_deleted_is_mirrored_and_never_expunged(mirror: Mirror) -> None:
    mirror.fill(3)
    mirror.store("2", "\\Deleted")
    mirror.delete_here(1)
    mirror.sync()
    assert mirror.there() == mirror.here() == [2, 3]
    assert letters(mirror.file(2)) == "T"
    mirror.delete_here(2)
    mirror.sync()
    assert mirror.there() == [3]


@pytest.mark.parametrize(("mode", "other"), [("--pull", "--push"), ("--push", "--pull")])
def test_a_one_way_run_leaves_the_other_deletion_pending(
    mirror: Mirror, mode: str, other: str
) -> None:
    mirror.fill(4)
    mirror.delete_here(1)
    mirror.delete_there("2")
    for _ in range(2):
        mirror.sync(mode)
        assert mirror.here() == ([3, 4] if mode == "--pull" else [2, 3, 4])
        assert mirror.there() == ([1, 3, 4] if mode == "--pull" else [3, 4])
    mirror.sync(other)
    assert mirror.here() == mirror.there() == [3, 4]


def test_too_many_deletions_wait_until_they_are_confirmed(mirror: Mirror) -> None:
    mirror.fill(20)
    mirror.delete_here(*range(1, 12))
    mirror.delete_there("20")
    mirror.server.deliver(mirror.user, message(21))
    done = mirror.sync(code=3)["INBOX"]
    assert (done["held_back"], done["deleted_remote"]) == (11, 0)
    assert (done["fetched"], done["deleted_local"]) == (1, 1)
    assert mirror.sync(code=3)["INBOX"]["held_back"] == 11
    assert mirror.there() == [*range(1, 20), 21]
    kinds = [action["kind"] for action in mirror.sync("-n", code=3)["INBOX"]["actions"]]
    assert kinds == ["hold"] * 11
    assert mirror.sync("--allow-mass-delete")["INBOX"]["deleted_remote"] == 11
    assert mirror.here() == mirror.there() == [*range(12, 20), 21]


def test_too_many_deletions_on_the_server_wait_until_they_are_undone(mirror: Mirror) -> None:
    mirror.fill(12)
    mirror.delete_there("1:12")
    assert mirror.sync(code=3)["INBOX"]["held_back"] == 12
    assert mirror.here() == list(range(1, 13))
    for number in range(1, 13):
        mirror.mark_here(number, "F")
    assert mirror.sync()["INBOX"]["appended"] == 12
    assert mirror.there() == list(range(1, 13))


def test_trash_and_junk_may_be_emptied_at_once(mirror: Mirror) -> None:
    for folder in ("Trash", "Junk"):
        mirror.fill(12, folder)
    mirror.delete_there("1:12", "Trash")
    mirror.delete_here(*range(1, 13), folder="Junk")
    done = mirror.sync()
    assert (done["Trash"]["deleted_local"], done["Junk"]["deleted_remote"]) == (12, 12)


def test_another_share_needs_confirmation_where_the_account_says_so(
    dovecot: Dovecot, account_user: str, write_config: WriteConfig, run_mailcli: RunMailcli
) -> None:
    mirror = mirror_of(dovecot, account_user, write_config, run_mailcli, max_delete=0.1)
    mirror.fill(50)
    mirror.delete_here(*range(1, 12))
    assert mirror.sync(code=3)["INBOX"]["held_back"] == 11


@pytest.mark.parametrize("count", [1, 12])
def test_a_folder_that_is_gone_here_deletes_nothing(mirror: Mirror, count: int) -> None:
    mirror.fill(count, "Work")
    shutil.rmtree(mirror.maildir / "Work")
    for _ in range(2):
        done = mirror.sync(code=3)["Work"]
        assert done["held_back"] == count
        assert "Work: the folder is gone" in done["error"]["message"]
        assert not (mirror.maildir / "Work").exists()
    assert mirror.there("Work") == list(range(1, count + 1))
    mirror.sync("--allow-mass-delete")
    assert mirror.there("Work") == mirror.here("Work") == []


def test_a_folder_that_is_gone_here_and_has_new_mail_comes_back_whole(mirror: Mirror) -> None:
    mirror.fill(2, "Work")
    shutil.rmtree(mirror.maildir / "Work")
    mirror.server.deliver(mirror.user, message(3), folder="Work")
    mirror.sync(code=3)
    mirror.sync("--allow-mass-delete")
    assert mirror.there("Work") == mirror.here("Work") == [1, 2, 3]


def test_directories_without_mail_where_the_maildir_was_delete_nothing(mirror: Mirror) -> None:
    mirror.fill(3)
    aside = mirror.maildir.rename(mirror.maildir.with_name("aside"))
    mirror.maildir.joinpath("INBOX").mkdir(parents=True)
    mirror.sync(code=3)
    mirror.maildir.rename(mirror.maildir.with_name("other"))
    aside.rename(mirror.maildir)
    mirror.sync()
    assert mirror.there() == mirror.here() == [1, 2, 3]


@pytest.mark.parametrize("keeps_name", [True, False])
def test_a_message_moved_here_is_afterwards_at_the_new_place_alone(
    mirror: Mirror, keeps_name: bool
) -> None:
    mirror.fill(2)
    mirror.fill(1, "Work")
    path = mirror.file(2)
    name = path.name if keeps_name else "1.elsewhere"
    path.rename(mirror.maildir / "Work" / path.parent.name / name)
    mirror.sync()
    assert mirror.here() == mirror.there() == [1]
    assert mirror.here("Work") == mirror.there("Work") == [1, 2]
    assert not any(folder["changed"] for folder in mirror.sync().values())


def test_a_message_moved_to_a_folder_left_out_this_time_is_not_deleted_before_it_is_uploaded(
    mirror: Mirror,
) -> None:
    mirror.fill(2)
    mirror.fill(1, "Work")
    mirror.file(2).rename(mirror.maildir / "Work" / "cur" / "1.elsewhere:2,S")
    done = mirror.sync("INBOX")["INBOX"]
    assert (done["deleted_remote"], [each["uid"] for each in done["skipped"]]) == (0, [2])
    assert mirror.there() == [1, 2]
    mirror.sync()
    assert (mirror.there(), mirror.there("Work")) == ([1], [1, 2])


def test_a_message_moved_there_is_afterwards_at_the_new_place_alone(mirror: Mirror) -> None:
    mirror.fill(2)
    mirror.fill(1, "Work")
    with mirror.server.connect(mirror.user) as other:
        other.select("INBOX")
        other.uid("MOVE", "2", "Work")
    mirror.sync()
    assert mirror.here() == mirror.there() == [1]
    assert mirror.here("Work") == mirror.there("Work") == [1, 2]


def test_nothing_is_deleted_when_the_uids_are_of_another_generation(mirror: Mirror) -> None:
    mirror.fill(3, "Work")
    with mirror.server.connect(mirror.user) as other:
        other.delete("Work")
    mirror.server.deliver(mirror.user, message(1), folder="Work")
    mirror.delete_here(3, folder="Work")
    done = mirror.sync()["Work"]
    assert (done["deleted_local"], done["deleted_remote"]) == (0, 0)
    assert (mirror.here("Work"), mirror.there("Work")) == ([1, 2], [1])
    mirror.sync()
    assert (mirror.here("Work"), mirror.there("Work")) == ([1, 2], [1])
    mirror.delete_here(1, folder="Work")
    mirror.sync()
    assert (mirror.here("Work"), mirror.there("Work")) == ([2], [])


@pytest.fixture(params=["", " MOVE"], ids=["nothing", "move"])
def limited(
    authority: Authority, request: pytest.FixtureRequest
) -> Iterator[tuple[Dovecot, bool]]:
    """A server that can expunge only together with what others marked; whether it can move."""
    with (
        server_directory("limited") as directory,
        run_dovecot(directory, authority, capability=BASE + request.param) as server,
    ):
        yield server, bool(request.param)


def test_without_uidplus_nothing_is_expunged(
    limited: tuple[Dovecot, bool],
    new_user: Callable[[], str],
    write_config: WriteConfig,
    run_mailcli: RunMailcli,
) -> None:
    server, can_move = limited
    mirror = mirror_of(server, new_user(), write_config, run_mailcli)
    mirror.fill(3)
    mirror.store("3", "\\Deleted")
    mirror.delete_here(1)
    mirror.delete_there("2")
    done = mirror.sync()["INBOX"]
    mirror.sync()
    assert (mirror.here(), done["deleted_local"]) == ([3], 1)
    if can_move:
        assert (mirror.there(), mirror.there("Trash")) == ([3], [1])
        assert mirror.here("Trash") == [1]
    else:
        assert mirror.there() == [1, 3]
        assert "UIDPLUS" in done["skipped"][0]["reason"]
