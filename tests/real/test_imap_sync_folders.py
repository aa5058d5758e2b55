"""Folders made, renamed and deleted on one side, and what `imap-sync` does on the other."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import WriteConfig
from tests.real.conftest import OpenAccount
from tests.support.accounts import account
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.imap_sides import done, errors, of
from tests.support.local_mail import put, snapshot
from tests.support.processes import server_directory
from tests.support.sync_account import SyncAccount, names_of, travels

from mailcli.model import Uid
from mailcli.store.records import DeleteIntent
from mailcli.store.state import StateStore

DOTS = "namespace inbox {\n  separator = .\n  prefix = INBOX.\n}"


@pytest.fixture(scope="module")
def dots(authority: Authority) -> Iterator[Dovecot]:
    """A server whose folders are all below INBOX, with dots between the levels."""
    with (
        server_directory("dots") as directory,
        running_dovecot(directory, authority, extra=DOTS) as server,
    ):
        yield server


@dataclass(frozen=True, slots=True)
class Ground:
    """An account, and how both sides spell a folder that we call `a/b`."""

    mirrored: SyncAccount
    separator: str
    prefix: str
    nested: bool

    def wire(self, name: str) -> str:
        return self.prefix + name.replace("/", self.separator)

    def path(self, name: str) -> str:
        return name if self.nested else "." + name.replace("/", ".")

    def here(self, name: str) -> list[str]:
        return self.mirrored.here(self.path(name))

    def there(self, name: str) -> list[str]:
        return self.mirrored.there(self.wire(name))

    def create_there(self, name: str) -> None:
        self.mirrored.ask(None, "CREATE", f'"{self.wire(name)}"')

    def rename_there(self, old: str, new: str) -> None:
        self.mirrored.ask(None, "RENAME", f'"{self.wire(old)}"', f'"{self.wire(new)}"')

    def rename_here(self, old: str, new: str, *below: str) -> None:
        """Rename a folder as another program does: with all that is `below` it."""
        names = [(old, new)]
        if not self.nested:
            names += [(f"{old}/{inner}", f"{new}/{inner}") for inner in below]
        for source, target in names:
            target_path = self.mirrored.maildir / self.path(target)
            target_path.parent.mkdir(parents=True, exist_ok=True)
            (self.mirrored.maildir / self.path(source)).rename(target_path)


@pytest.fixture(params=["nested", "maildir++", "dots below INBOX"])
def ground(request: pytest.FixtureRequest, configured: OpenAccount, dots: Dovecot) -> Ground:
    """Each kind of server and of Maildir in turn; folders may be deleted."""
    if request.param == "dots below INBOX":
        mirrored = configured(dots, delete_folders=True)
        return Ground(mirrored, ".", "INBOX.", nested=True)
    mirrored = configured(layout=request.param, delete_folders=True)
    return Ground(mirrored, "/", "", nested=request.param == "nested")


# -- made ----------------------------------------------------------------------------------


def test_a_folder_made_there_is_made_here_even_with_nothing_in_it(mirrored: SyncAccount) -> None:
    mirrored.sync()
    mirrored.ask(None, "CREATE", '"Work/Clients"')

    result = mirrored.sync()

    assert result["folders_created"] == ["Work/Clients"]
    assert mirrored.maildir.joinpath("Work", "Clients", "cur").is_dir()
    assert mirrored.settled()


def test_a_folder_made_here_is_made_there_even_with_nothing_in_it(ground: Ground) -> None:
    mirrored = ground.mirrored
    mirrored.sync()
    for subdirectory in ("cur", "new", "tmp"):
        (mirrored.maildir / ground.path("Work/日本") / subdirectory).mkdir(parents=True)

    result = mirrored.sync()

    assert result["folders_created"] == ["Work/日本"]
    assert ground.wire("Work/&ZeVnLA-") in mirrored.folders_there()
    assert mirrored.settled()


def test_a_dry_run_tells_which_folders_would_be_made_and_makes_none(mirrored: SyncAccount) -> None:
    mirrored.sync()
    put(mirrored.maildir / "Mine", "1.a.host", b"Subject: a\n\n")
    mirrored.deliver("b", folder="Theirs")
    before = snapshot(mirrored.maildir)

    result = mirrored.sync("-n")

    assert sorted(result["folders_created"]) == ["Mine", "Theirs"]
    assert mirrored.folders_there() == {"Theirs"}
    assert snapshot(mirrored.maildir) == before


# -- renamed -------------------------------------------------------------------------------


def test_a_folder_renamed_there_is_one_rename_here(ground: Ground) -> None:
    mirrored = ground.mirrored
    mirrored.deliver("a", "b", folder=ground.wire("Work"))
    mirrored.fill("c", folder=ground.wire("Work/Clients"))
    inodes = mirrored.file_inodes(ground.path("Work"))
    ground.rename_there("Work", "B&APw-ro")

    commands = mirrored.said()

    assert travels(commands) == []
    assert mirrored.file_inodes(ground.path("Büro")) == inodes
    assert ground.here("Büro") == ["a", "b"]
    assert ground.here("Büro/Clients") == ["c"]
    assert not (mirrored.maildir / ground.path("Work") / "cur").exists()
    assert mirrored.settled()


def test_a_folder_renamed_here_is_one_rename_there(ground: Ground) -> None:
    mirrored = ground.mirrored
    mirrored.deliver("a", "b", folder=ground.wire("Work"))
    mirrored.fill("c", folder=ground.wire("Work/Clients"))
    ground.rename_here("Work", "Archive/Büro", "Clients")

    commands = mirrored.said()

    assert travels(commands) == []
    assert names_of(commands).count("RENAME") == 1
    assert ground.there("Archive/B&APw-ro") == ["a", "b"]
    assert ground.there("Archive/B&APw-ro/Clients") == ["c"]
    assert ground.wire("Work") not in mirrored.folders_there()
    assert mirrored.settled()


def test_a_folder_that_was_renamed_on_both_sides_has_the_servers_name_and_no_message_twice(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", folder="Old")
    inodes = mirrored.file_inodes("Old")
    mirrored.flag_here("a", "F", "Old")
    (mirrored.maildir / "Old").rename(mirrored.maildir / "Mine")
    mirrored.ask(None, "RENAME", "Old", "Theirs")

    assert not {"APPEND", "UID MOVE"} & set(names_of(mirrored.said()))

    assert mirrored.here("Theirs") == mirrored.there("Theirs") == ["a \\Flagged", "b"]
    assert mirrored.file_inodes("Theirs") == inodes
    assert mirrored.here("Mine") == mirrored.there("Mine") == []
    assert mirrored.settled()


def test_a_rename_is_told_as_one_and_stops_nothing(mirrored: SyncAccount) -> None:
    mirrored.fill("a", folder="Work")
    mirrored.ask(None, "RENAME", '"Work"', '"Office"')
    before = snapshot(mirrored.maildir)

    planned = mirrored.sync("-n")
    assert planned["folders_renamed"] == ["Work → Office"]
    assert snapshot(mirrored.maildir) == before

    result = mirrored.sync()
    assert result["folders_renamed"] == ["Work → Office"]
    assert (result["folders_created"], result["folders_deleted"]) == ([], [])
    assert (done(result), result["changed"]) == ({}, True)


def test_what_happened_in_a_renamed_folder_is_carried_after_the_rename(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", "c", "d", folder="Work")
    mirrored.flag_here("a", "S", "Work")
    put(mirrored.maildir / "Work", "1.new.host", b"Subject: mine\n\n")
    mirrored.file("c", "Work").unlink()
    mirrored.ask(None, "RENAME", '"Work"', '"Office"')
    mirrored.flag_there("b", "+\\Flagged", "Office")
    mirrored.deliver("theirs", folder="Office")

    result = mirrored.sync()

    wanted = ["a \\Seen", "b \\Flagged", "d", "mine", "theirs"]
    assert mirrored.here("Office") == mirrored.there("Office") == wanted
    assert result["folders_renamed"] == ["Work → Office"]
    assert mirrored.settled()


def test_a_renamed_folder_stays_subscribed(mirrored: SyncAccount) -> None:
    mirrored.fill("a", folder="Work")
    mirrored.ask(None, "SUBSCRIBE", '"Work"')
    (mirrored.maildir / "Work").rename(mirrored.maildir / "Office")

    mirrored.sync()

    with mirrored.server.connect(mirrored.user) as other:
        told = [line for line in other.lsub()[1] if isinstance(line, bytes)]
    assert sum(b"Office" in line for line in told) == 1
    assert not any(b"Work" in line for line in told)


def test_pull_makes_a_rename_here_and_leaves_one_that_was_made_here(mirrored: SyncAccount) -> None:
    mirrored.deliver("a", folder="Mine")
    mirrored.fill("b", folder="Theirs")
    inodes = mirrored.file_inodes("Theirs")
    (mirrored.maildir / "Mine").rename(mirrored.maildir / "Mine too")
    mirrored.ask(None, "RENAME", '"Theirs"', '"Theirs too"')

    assert "RENAME" not in names_of(mirrored.said("--pull"))

    assert mirrored.file_inodes("Theirs too") == inodes
    assert mirrored.folders_there() == {"Mine", "Theirs too"}
    commands = mirrored.said()
    assert (travels(commands), names_of(commands).count("RENAME")) == ([], 1)
    assert mirrored.folders_there() == {"Mine too", "Theirs too"}


def test_push_makes_a_rename_there_and_leaves_one_that_was_made_there(
    mirrored: SyncAccount,
) -> None:
    mirrored.deliver("a", folder="Mine")
    mirrored.fill("b", folder="Theirs")
    inodes = mirrored.file_inodes("Theirs")
    (mirrored.maildir / "Mine").rename(mirrored.maildir / "Mine too")
    mirrored.ask(None, "RENAME", '"Theirs"', '"Theirs too"')
    before = snapshot(mirrored.maildir)

    commands = mirrored.said("--push")

    assert (travels(commands), names_of(commands).count("RENAME")) == ([], 1)
    assert snapshot(mirrored.maildir) == before
    mirrored.sync()
    assert mirrored.file_inodes("Theirs too") == inodes
    assert mirrored.folders_there() == {"Mine too", "Theirs too"}


# -- deleted -------------------------------------------------------------------------------


@pytest.mark.parametrize("delete_folders", [False, True], ids=["kept", "deleted"])
def test_an_empty_folder_deleted_here_goes_there_where_the_account_allows_it(
    configured: OpenAccount, delete_folders: bool
) -> None:
    mirrored = configured(delete_folders=delete_folders)
    mirrored.ask(None, "CREATE", '"Work"')
    mirrored.sync()
    shutil.rmtree(mirrored.maildir / "Work")

    result = mirrored.sync()

    assert result["folders_deleted"] == (["Work"] if delete_folders else [])
    assert mirrored.folders_there() == (set() if delete_folders else {"Work"})
    assert (mirrored.maildir / "Work").exists() is not delete_folders
    assert mirrored.settled()


@pytest.mark.parametrize("delete_folders", [False, True], ids=["kept", "deleted"])
def test_an_empty_folder_deleted_there_goes_here_where_the_account_allows_it(
    configured: OpenAccount, delete_folders: bool
) -> None:
    mirrored = configured(delete_folders=delete_folders)
    mirrored.ask(None, "CREATE", '"Work"')
    mirrored.sync()
    mirrored.ask(None, "DELETE", '"Work"')

    result = mirrored.sync()

    assert result["folders_deleted"] == (["Work"] if delete_folders else [])
    assert (mirrored.maildir / "Work").exists() is not delete_folders
    assert mirrored.settled()
    assert mirrored.folders_there() == set(), "nor is it made there again"


@pytest.mark.parametrize("delete_folders", [False, True], ids=["kept", "deleted"])
def test_a_folder_deleted_here_is_held_back_until_it_is_confirmed(
    configured: OpenAccount, delete_folders: bool
) -> None:
    mirrored = configured(delete_folders=delete_folders)
    mirrored.fill("a", "b", folder="Work")
    mirrored.deliver("c")
    shutil.rmtree(mirrored.maildir / "Work")

    for _ in range(2):
        result = mirrored.sync(code=3)
        assert (errors(result), of(result, "Work")["held_back"]) == ({"Work": 3}, 2)
        assert mirrored.there("Work") == ["a", "b"]
    assert mirrored.here() == ["c"], "the others are done"

    result = mirrored.sync("--allow-mass-delete")
    assert mirrored.there("Work") == []
    assert result["folders_deleted"] == (["Work"] if delete_folders else [])
    assert mirrored.folders_there() == (set() if delete_folders else {"Work"})
    mirrored.sync()
    assert mirrored.settled()


@pytest.mark.parametrize("delete_folders", [False, True], ids=["kept", "deleted"])
def test_a_folder_deleted_there_is_held_back_until_it_is_confirmed(
    configured: OpenAccount, delete_folders: bool
) -> None:
    mirrored = configured(delete_folders=delete_folders)
    mirrored.fill("a", "b", folder="Work")
    mirrored.deliver("c")
    mirrored.ask(None, "DELETE", '"Work"')

    for _ in range(2):
        result = mirrored.sync(code=3)
        assert (errors(result), of(result, "Work")["held_back"]) == ({"Work": 3}, 2)
        assert mirrored.here("Work") == ["a", "b"]
    assert mirrored.here() == ["c"], "the others are done"

    result = mirrored.sync("--allow-mass-delete")
    assert mirrored.here("Work") == []
    assert result["folders_deleted"] == (["Work"] if delete_folders else [])
    assert (mirrored.maildir / "Work").exists() is not delete_folders
    assert mirrored.settled()
    assert mirrored.folders_there() == set(), "nor is it made there again"


def test_a_folder_deleted_there_that_comes_back_needs_no_confirmation(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", folder="Work")
    mirrored.ask(None, "DELETE", '"Work"')
    mirrored.sync(code=3)
    mirrored.deliver("a", "b", folder="Work")

    mirrored.sync()

    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "b"]
    assert mirrored.settled()


def test_a_folder_deleted_there_is_had_again_by_the_way_that_the_hint_tells(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", folder="Work")
    mirrored.ask(None, "DELETE", '"Work"')
    (work,) = (each for each in mirrored.sync(code=3)["folders"] if each["name"] == "Work")
    assert "give its directory here another name" in work["error"]["hint"]
    (mirrored.maildir / "Work").rename(mirrored.maildir / "Again")

    mirrored.sync()

    assert mirrored.here("Again") == mirrored.there("Again") == ["a", "b"]
    assert mirrored.settled()


def test_what_a_folder_made_anew_there_lacks_is_uploaded_once_it_is_moved_as_told(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", folder="Work")
    mirrored.ask(None, "DELETE", '"Work"')
    mirrored.ask(None, "CREATE", '"Work"')
    (work,) = (each for each in mirrored.sync()["folders"] if each["name"] == "Work")
    (left,) = work["skipped"]
    assert left["reason"].endswith("to upload it, move it to another folder")
    mirrored.move_here("a", "Work", "Archive")

    mirrored.sync()

    assert mirrored.there("Archive") == ["a"]
    assert mirrored.settled()


def test_a_folder_deleted_there_with_something_newer_here_is_made_again_there(
    configured: OpenAccount,
) -> None:
    mirrored = configured(delete_folders=True)
    mirrored.fill("a", "b", folder="Work")
    mirrored.ask(None, "DELETE", '"Work"')
    put(mirrored.maildir / "Work", "1.new.host", b"Subject: new\n\n")

    mirrored.sync(code=3)
    assert mirrored.here("Work") == ["a", "b", "new"]
    result = mirrored.sync("--allow-mass-delete")

    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "b", "new"]
    assert result["folders_deleted"] == []
    assert mirrored.settled()


def test_a_folder_deleted_here_with_something_newer_there_is_made_again_here(
    configured: OpenAccount,
) -> None:
    mirrored = configured(delete_folders=True)
    mirrored.fill("a", "b", folder="Work")
    shutil.rmtree(mirrored.maildir / "Work")
    mirrored.flag_there("a", "+\\Flagged", "Work")

    mirrored.sync(code=3)
    result = mirrored.sync("--allow-mass-delete")

    assert mirrored.here("Work") == mirrored.there("Work") == ["a \\Flagged", "b"]
    assert result["folders_deleted"] == []
    assert mirrored.settled()


def test_what_comes_back_has_not_the_mark_of_a_deletion_that_was_killed(
    configured: OpenAccount,
) -> None:
    """A run was killed between the mark and UID EXPUNGE; then the whole folder went."""
    mirrored = configured(delete_folders=True)
    mirrored.fill("a", "b", folder="Work")
    with StateStore.open(Path("~/.local/state/mailcli/work.db").expanduser()) as state:
        folder = state.folder("Work")
        assert folder
        intent = DeleteIntent(folder.uidvalidity, Uid(mirrored.uid("a", "Work")), on_server=True)
        state.add_deletions(folder.id, [intent])
    mirrored.flag_there("a", "+\\Deleted", "Work")
    shutil.rmtree(mirrored.maildir / "Work")
    mirrored.deliver("new", folder="Work")

    mirrored.sync("--allow-mass-delete")

    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "b", "new"]
    assert mirrored.settled()


def test_a_run_over_a_folder_alone_that_was_deleted_here_makes_all_of_it_again_here(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", folder="Work")
    shutil.rmtree(mirrored.maildir / "Work")
    mirrored.deliver("new", folder="Work")

    mirrored.sync("Work", "--allow-mass-delete")

    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "b", "new"]
    assert mirrored.settled()


def test_of_nested_folders_only_those_that_were_deleted_here_go_there(ground: Ground) -> None:
    mirrored = ground.mirrored
    for name in ("Work", "Work/A", "Work/A/x", "Work/B"):
        ground.create_there(name)
    mirrored.sync()
    for name in ("Work/A/x", "Work/A"):
        shutil.rmtree(mirrored.maildir / ground.path(name))

    result = mirrored.sync()

    assert set(result["folders_deleted"]) == {"Work/A", "Work/A/x"}
    assert mirrored.folders_there() == {ground.wire("Work"), ground.wire("Work/B")}
    assert mirrored.settled()


def test_of_nested_folders_only_those_that_were_deleted_there_go_here(ground: Ground) -> None:
    mirrored = ground.mirrored
    for name in ("Work", "Work/A", "Work/A/x", "Work/B"):
        ground.create_there(name)
    mirrored.sync()
    for name in ("Work/A/x", "Work/A"):
        mirrored.ask(None, "DELETE", f'"{ground.wire(name)}"')

    result = mirrored.sync()

    assert set(result["folders_deleted"]) == {"Work/A", "Work/A/x"}
    left = [(mirrored.maildir / ground.path(name)).exists() for name in ("Work", "Work/B")]
    gone = [(mirrored.maildir / ground.path(name)).exists() for name in ("Work/A", "Work/A/x")]
    assert (left, gone) == ([True, True], [False, False])
    assert mirrored.settled()


def test_a_folder_whose_messages_were_all_moved_elsewhere_may_go_without_a_stop(
    configured: OpenAccount,
) -> None:
    mirrored = configured(delete_folders=True)
    mirrored.fill("a", "b", folder="Work")
    mirrored.fill("c")
    mirrored.move_here("a", "Work", "INBOX")
    mirrored.move_here("b", "Work", "INBOX")
    shutil.rmtree(mirrored.maildir / "Work")

    commands = mirrored.said()

    assert set(travels(commands)) == {"UID MOVE"}
    assert mirrored.there() == mirrored.here() == ["a", "b", "c"]
    assert mirrored.folders_there() == set()


def test_a_folder_that_was_never_here_does_not_count_as_deleted_here(
    configured: OpenAccount,
) -> None:
    mirrored = configured(delete_folders=True)
    mirrored.ask(None, "CREATE", '"Theirs"')
    put(mirrored.maildir / "Mine", "1.a.host", b"Subject: a\n\n")
    for _ in range(2):
        mirrored.sync("--push")
        assert not (mirrored.maildir / "Theirs").exists()

    mirrored.sync()

    assert mirrored.folders_there() == {"Mine", "Theirs"}
    assert (mirrored.maildir / "Theirs").exists()


def test_empty_folders_stay_there_when_the_whole_maildir_is_gone(configured: OpenAccount) -> None:
    mirrored = configured(delete_folders=True)
    mirrored.ask(None, "CREATE", '"Theirs"')
    mirrored.sync()
    shutil.rmtree(mirrored.maildir)
    mirrored.maildir.mkdir()

    mirrored.sync()

    assert mirrored.folders_there() == {"Theirs"}


@pytest.mark.parametrize("one_way", ["--pull", "--push"])
def test_a_one_way_run_deletes_no_folder_on_the_side_that_it_leaves_alone(
    configured: OpenAccount, one_way: str
) -> None:
    mirrored = configured(delete_folders=True)
    for name in ("Mine", "Theirs"):
        mirrored.ask(None, "CREATE", f'"{name}"')
    mirrored.sync()
    shutil.rmtree(mirrored.maildir / "Mine")
    mirrored.ask(None, "DELETE", '"Theirs"')

    result = mirrored.sync(one_way, "--allow-mass-delete")

    pulls = one_way == "--pull"
    assert result["folders_deleted"] == (["Theirs"] if pulls else ["Mine"])
    assert (mirrored.maildir / "Theirs").exists() is not pulls
    assert mirrored.folders_there() == ({"Mine"} if pulls else set())

    mirrored.sync()
    assert mirrored.folders_there() == set(), "what one run leaves alone, it leaves to the next"
    assert not any((mirrored.maildir / name).exists() for name in ("Mine", "Theirs"))


def test_push_does_not_make_a_folder_again_that_was_deleted_here_and_emptied_there(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a")
    mirrored.fill("b", folder="Work")
    mirrored.move_there("b", "Work", "INBOX")
    mirrored.deliver("c", folder="Work")
    shutil.rmtree(mirrored.maildir / "Work")
    before = snapshot(mirrored.maildir)

    result = mirrored.sync("--push")

    assert result["folders_created"] == []
    assert snapshot(mirrored.maildir) == before


def test_what_was_lost_here_while_its_folder_had_another_name_there_comes_with_the_new_name(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("x", "y", folder="Work")
    mirrored.fill("a", folder="Work/Sub")
    mirrored.sync()
    mirrored.ask(None, "RENAME", "Work", "Lists")
    mirrored.file("a", "Work/Sub").unlink()
    mirrored.sync("--push")
    mirrored.ask(None, "RENAME", "Lists", "Office")

    mirrored.sync()

    assert mirrored.here("Office/Sub") == mirrored.there("Office/Sub")
    assert mirrored.settled()


# -- chosen --------------------------------------------------------------------------------


def test_only_subscribed_folders_are_mirrored_where_the_account_asks_for_it(
    configured: OpenAccount,
) -> None:
    mirrored = configured(subscribed_only=True)
    mirrored.deliver("i")
    for name in ("Work", "Other"):
        mirrored.deliver(name, folder=name)
    mirrored.ask(None, "SUBSCRIBE", '"Work"')
    put(mirrored.maildir / "Mine", "1.a.host", b"Subject: mine\n\n")

    result = mirrored.sync()

    assert (mirrored.here(), mirrored.here("Work")) == (["i"], ["Work"])
    assert not (mirrored.maildir / "Other").exists()
    (left_out,) = (f for f in result["folders"] if f["name"] == "Other")
    assert [each["reason"] for each in left_out["skipped"]] == ["it is not subscribed"]
    assert mirrored.there("Mine") == ["mine"]
    with mirrored.server.connect(mirrored.user) as other:
        assert b"Mine" in b"".join(line for line in other.lsub()[1] if isinstance(line, bytes))
    assert mirrored.settled()


def test_a_folder_that_is_no_longer_subscribed_stays_as_it_is_on_both_sides(
    configured: OpenAccount,
) -> None:
    mirrored = configured(subscribed_only=True)
    mirrored.deliver("a", folder="Work")
    mirrored.ask(None, "SUBSCRIBE", '"Work"')
    mirrored.sync()
    mirrored.ask(None, "UNSUBSCRIBE", '"Work"')
    mirrored.deliver("b", folder="Work")

    mirrored.sync()

    assert (mirrored.here("Work"), mirrored.there("Work")) == (["a"], ["a", "b"])


def test_folders_that_the_account_excludes_are_touched_on_neither_side(
    configured: OpenAccount,
) -> None:
    mirrored = configured(folders=["*", "!Lists/*"])
    mirrored.deliver("a", folder="Lists/a")
    mirrored.deliver("b", folder="Work")
    put(mirrored.maildir / "Lists" / "mine", "1.a.host", b"Subject: mine\n\n")

    mirrored.sync()

    assert mirrored.here("Work") == ["b"]
    assert mirrored.folders_there() - {"Lists"} == {"Lists/a", "Work"}
    assert not (mirrored.maildir / "Lists" / "a").exists()


def test_the_folder_of_pop_mail_is_touched_on_neither_side(
    write_config: WriteConfig, mirrored: SyncAccount
) -> None:
    table = account(mirrored.user, imap=mirrored.server, pop=mirrored.server)
    table["pop"]["folder"] = "Fetched"
    write_config({"work": table})
    put(mirrored.maildir / "Fetched", "1.a.host", b"Subject: fetched\n\n")
    mirrored.deliver("a", "b")
    mirrored.sync()
    mirrored.move_here("a", "INBOX", "Fetched")
    before = snapshot(mirrored.maildir / "Fetched")

    mirrored.sync()

    assert snapshot(mirrored.maildir / "Fetched") == before
    assert mirrored.folders_there() == set()
    assert mirrored.there() == ["b"], "for the server, it is deleted"


def test_a_directory_that_is_spelled_as_no_folder_is_told_and_not_left_out_in_silence(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a")
    for name in ("50% off", "New", "inbox"):
        put(mirrored.maildir / name, "1.a.host", b"Subject: mine\n\n")
    result = mirrored.sync(code=73)
    hints = {each["name"]: each["error"]["hint"] for each in result["folders"] if each["error"]}
    assert hints == {
        "50% off": "the folder 50% off lies in 50%25 off here: give the directory that name",
        "New": "the folder New lies in %4Eew here: give the directory that name",
        "inbox": "the folder INBOX lies in INBOX here: move the messages there",
    }
    (mirrored.maildir / "New").rename(mirrored.maildir / "%4Eew")
    mirrored.sync(code=73)
    assert mirrored.there("New") == ["mine"]


def test_a_directory_with_a_name_that_the_account_excludes_is_no_failure(
    configured: OpenAccount,
) -> None:
    mirrored = configured(folders=["*", "!New"])
    mirrored.fill("a")
    put(mirrored.maildir / "New", "1.a.host", b"Subject: mine\n\n")
    assert not errors(mirrored.sync())
