"""`flag`, `move`, `copy`, `archive` and `delete` on Maildirs without a server."""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.local_mail import (
    document,
    failure,
    mail_files,
    octets,
    put,
    snapshot,
    wire_octets,
)
from tests.support.sync_account import SyncedMaildir, keyword_names

from mailcli.model import UidValidity
from mailcli.store.state import StateStore

Organise = Callable[..., list[dict[str, Any]]]
Files = Callable[[str], list[str]]


def mail(subject: str) -> bytes:
    return f"From: b@example.org\nSubject: {subject}\nMessage-ID: <{subject}@x>\n\nbody\n".encode()


@pytest.fixture
def work(write_config: WriteConfig, home: Path) -> Path:
    """The Maildir of the account `work`, with three messages; `home` has none."""
    write_config(
        {"work": {"email": "ada@example.org"}, "home": {"email": "ada@example.net"}},
        default_account="work",
    )
    maildir = home / "Mail" / "work"
    for number, subject in enumerate("abc", start=1):
        put(maildir / "INBOX", f"{number}.{subject}.host", mail(subject))
    return maildir


@pytest.fixture
def organise(run_mailcli: RunMailcli, work: Path) -> Organise:
    """Return a function that runs a command and returns what it changed."""

    def run(*args: str, code: int = 0, stdin: str = "") -> list[dict[str, Any]]:
        done = run_mailcli(*args, "--json", stdin=stdin)
        assert done.returncode == code, (done.stdout, done.stderr)
        changed: list[dict[str, Any]] = document(done, "organise")["changed"]
        return changed

    assert run_mailcli("list", "--json").returncode == 0
    return run


@pytest.fixture
def files(work: Path) -> Files:
    """Return a function that gives the file names of a folder, with their directory."""

    def names(folder: str) -> list[str]:
        return [f"{path.parent.name}/{path.name}" for path in mail_files(work / folder)]

    return names


@pytest.fixture
def undone(run_mailcli: RunMailcli) -> Callable[[CompletedProcess[str]], None]:
    """Return a function that runs the commands that a command named for taking it back."""

    def undo(done: CompletedProcess[str]) -> None:
        assert done.returncode == 0, done.stderr
        lines = [line for line in done.stderr.splitlines() if line.startswith("undo: mailcli ")]
        assert lines
        for line in lines:
            again = run_mailcli(*shlex.split(line)[2:], "--yes")
            assert again.returncode == 0, again.stderr

    return undo


# -- flag ----------------------------------------------------------------------------------


def test_flags_are_set_and_taken_away_by_renaming(organise: Organise, files: Files) -> None:
    (changed,) = organise("flag", "1", "+seen", "+flagged", "+answered")
    assert (changed["flags"], changed["added"]) == (["answered", "flagged", "seen"],) * 2
    assert files("INBOX") == ["cur/1.a.host:2,FRS", "new/2.b.host", "new/3.c.host"]

    (changed,) = organise("flag", "-flagged", "1", "-draft")
    assert changed["removed"] == ["flagged"]
    assert files("INBOX")[0] == "cur/1.a.host:2,RS"


def test_a_result_says_all_of_a_changed_message(organise: Organise, work: Path) -> None:
    assert organise("flag", "2", "+seen", "+todo") == [
        {
            "id": 2,
            "account": "work",
            "action": "flagged",
            "folder": "INBOX",
            "path": str(work / "INBOX" / "cur" / "2.b.host:2,Sa"),
            "from": None,
            "to": None,
            "flags": ["seen"],
            "keywords": ["todo"],
            "added": ["seen", "todo"],
            "removed": [],
            "done": True,
        }
    ]


def test_keywords_get_the_letters_that_the_folder_explains(
    organise: Organise, work: Path, files: Files
) -> None:
    organise("flag", "1-2", "+$Label1")
    organise("flag", "2", "+todo", "-$label1")

    assert keyword_names(work / "INBOX") == {"a": "$Label1", "b": "todo"}
    assert files("INBOX") == ["cur/1.a.host:2,a", "cur/2.b.host:2,b", "new/3.c.host"]


def test_messages_that_are_as_they_should_be_are_left_alone(
    organise: Organise, work: Path
) -> None:
    organise("flag", "1", "+seen", "+todo")
    before = snapshot(work)

    assert organise("flag", "1", "+seen", "+todo", "-flagged", "-other") == []

    assert snapshot(work) == before


def test_a_27th_keyword_is_refused_and_says_why(
    organise: Organise, run_mailcli: RunMailcli, work: Path
) -> None:
    organise("flag", "1", *(f"+k{n:02}" for n in range(26)))
    before = snapshot(work)

    done = run_mailcli("flag", "1", "2", "+one-more", "+seen", "--json")

    assert done.returncode == 73
    assert failure(done)["message"] == (
        "INBOX: no letter is left for the keyword one-more: a Maildir folder has 26 keywords"
    )
    assert snapshot(work) == before


def test_a_letter_that_another_program_uses_is_not_given_away(
    organise: Organise, work: Path, files: Files
) -> None:
    put(work / "INBOX", "4.d.host:2,a", mail("d"))

    organise("flag", "1", "+todo")

    assert keyword_names(work / "INBOX") == {"b": "todo"}
    assert files("INBOX")[0] == "cur/1.a.host:2,b"


def test_a_search_and_standard_input_select_what_is_flagged(
    organise: Organise, run_mailcli: RunMailcli
) -> None:
    listed = run_mailcli("list").stdout
    assert [each["id"] for each in organise("flag", "-", "+seen", stdin=listed)] == [3, 2, 1]
    assert [each["id"] for each in organise("flag", "subject:b is:read", "-seen")] == [2]


def test_undoing_flags_gives_back_just_those_that_were_changed(
    organise: Organise,
    run_mailcli: RunMailcli,
    files: Files,
    undone: Callable[[CompletedProcess[str]], None],
) -> None:
    organise("flag", "1", "+seen", "+todo")
    organise("flag", "3", "+flagged")
    before = [name.partition(":2,")[2] for name in files("INBOX")]

    undone(run_mailcli("flag", "1-3", "+seen", "-flagged", "-todo"))

    assert [name.partition(":2,")[2] for name in files("INBOX")] == before


# -- move and copy -------------------------------------------------------------------------


def test_a_move_is_a_rename_and_the_number_stays(
    organise: Organise, work: Path, files: Files, run_mailcli: RunMailcli
) -> None:
    organise("flag", "2", "+seen")
    put(work / "Archive", "9.z.host", mail("z"))
    inode = mail_files(work / "INBOX")[1].stat().st_ino

    (changed,) = organise("move", "2", "Archive")

    assert (changed["id"], changed["from"], changed["to"]) == (2, "INBOX", "Archive")
    assert files("Archive") == ["cur/2.b.host:2,S", "new/9.z.host"]
    assert Path(changed["path"]).stat().st_ino == inode
    listed = document(run_mailcli("list", "--folder", "Archive", "--json"), "list")["messages"]
    assert {each["subject"]: each["id"] for each in listed} == {"b": 2, "z": 4}


def test_a_new_message_that_is_moved_stays_new(organise: Organise, files: Files) -> None:
    organise("move", "1", "Work/Clients", "--create")
    assert files("Work/Clients") == ["new/1.a.host"]


def test_a_missing_folder_is_an_error_that_names_the_nearest(
    organise: Organise, run_mailcli: RunMailcli, work: Path
) -> None:
    organise("move", "1", "Work/Clients", "--create")
    before = snapshot(work)

    done = run_mailcli("move", "2", "work/client")

    assert done.returncode == 66
    assert "there is no folder 'work/client'" in done.stderr
    assert "did you mean Work/Clients?" in done.stderr
    assert snapshot(work) == before


def test_keywords_go_along_by_name_whatever_their_letters(
    organise: Organise, work: Path, files: Files
) -> None:
    organise("flag", "1", "+one")
    organise("flag", "2", "+two", "+three")
    organise("move", "2", "Archive", "--create")
    assert keyword_names(work / "Archive") == {"a": "three", "b": "two"}

    organise("move", "1", "Archive")

    assert files("Archive") == ["cur/1.a.host:2,c", "cur/2.b.host:2,ab"]
    organise("move", "1-2", "INBOX")
    assert files("INBOX")[:2] == ["cur/1.a.host:2,a", "cur/2.b.host:2,bc"]
    assert keyword_names(work / "INBOX") == {"a": "one", "b": "three", "c": "two"}


def test_a_message_that_would_lose_a_keyword_stays_and_others_move(
    organise: Organise, run_mailcli: RunMailcli, files: Files
) -> None:
    organise("move", "3", "Full", "--create")
    organise("flag", "3", *(f"+k{n:02}" for n in range(26)))
    organise("flag", "1", "+precious")

    done = run_mailcli("move", "1", "2", "Full", "--json")

    assert done.returncode == 73
    assert [each["id"] for each in document(done, "organise")["changed"]] == [2]
    assert "no letter is left for the keyword precious" in failure(done)["message"]
    assert files("INBOX") == ["cur/1.a.host:2,a"]


def test_a_move_to_where_a_message_is_does_nothing(organise: Organise, work: Path) -> None:
    before = snapshot(work)
    assert organise("move", "1-3", "inbox") == []
    assert snapshot(work) == before


def test_a_move_is_undone_by_the_command_that_it_names(
    organise: Organise,
    run_mailcli: RunMailcli,
    files: Files,
    undone: Callable[[CompletedProcess[str]], None],
) -> None:
    organise("move", "2", "Other Mail", "--create")
    before = files("INBOX"), files("Other Mail")

    undone(run_mailcli("move", "1-3", "Both", "--create"))

    assert (files("INBOX"), files("Other Mail")) == before


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("7.x.host:2,FS", mail("x")),
        ("7.x.host:2,", mail("x").replace(b"\n", b"\r\n")),
        ("7.x.mailcli,V:2,S", mail("x")),
        ("7.x.host", b"Subject: x\n\nmixed\r\nends\rand no last\x00\xff"),
        ("7.x.host", b""),
    ],
    ids=["lf", "crlf", "marked", "mixed", "empty"],
)
def test_a_copy_has_the_octets_flags_and_time_of_its_original_under_another_name(
    organise: Organise, work: Path, name: str, raw: bytes
) -> None:
    path = put(work / "INBOX", name, raw)
    os.utime(path, ns=(1_000_000_001, 1_234_567_890_123_456_789))

    (changed,) = organise("copy", str(path), "Kept", "--create")

    copied = Path(changed["path"])
    assert copied.read_bytes() == raw
    assert octets(work / "Kept") == [wire_octets(path)]
    assert copied.stat().st_mtime_ns == path.stat().st_mtime_ns
    assert copied.name.partition(":")[0] != path.name.partition(":")[0]
    assert copied.name.partition(":2,")[2] == path.name.partition(":2,")[2]
    assert changed["id"] == 5
    assert list((work / "Kept" / "tmp").iterdir()) == []


def test_a_copy_in_its_own_folder_is_a_second_message(organise: Organise, files: Files) -> None:
    (changed,) = organise("copy", "1", "INBOX")
    assert (changed["id"], changed["from"], changed["to"]) == (4, "INBOX", "INBOX")
    assert len(files("INBOX")) == 4


def test_a_copy_is_undone_by_the_command_that_it_names(
    organise: Organise,
    run_mailcli: RunMailcli,
    files: Files,
    undone: Callable[[CompletedProcess[str]], None],
) -> None:
    undone(run_mailcli("copy", "1-2", "Kept", "--create"))
    assert (files("Kept"), len(files("INBOX"))) == ([], 3)


def test_a_message_moves_to_another_account_with_flags_and_keywords(
    organise: Organise,
    run_mailcli: RunMailcli,
    home: Path,
    files: Files,
    undone: Callable[[CompletedProcess[str]], None],
) -> None:
    organise("flag", "1", "+seen", "+todo")

    done = run_mailcli("move", "1", "home:Keep", "--create")

    (path,) = mail_files(home / "Mail" / "home" / "Keep")
    assert path.name.endswith(":2,Sa")
    assert keyword_names(home / "Mail" / "home" / "Keep") == {"a": "todo"}
    assert len(files("INBOX")) == 2
    undone(done)
    assert len(files("INBOX")) == 3
    assert mail_files(home / "Mail" / "home" / "Keep") == []


def test_a_folder_with_a_colon_is_meant_where_there_is_one(
    organise: Organise, files: Files, home: Path
) -> None:
    put(home / "Mail" / "work" / "home:Keep", "9.z.host", mail("z"))
    organise("move", "1", "home:Keep")
    assert files("home:Keep") == ["new/1.a.host", "new/9.z.host"]


def test_a_file_of_no_account_is_never_changed(
    organise: Organise, run_mailcli: RunMailcli, home: Path
) -> None:
    path = home / "x.eml"
    path.write_bytes(mail("x"))

    done = run_mailcli("flag", str(path), "1", "+seen", "--json")

    assert done.returncode == 2
    assert [each["id"] for each in document(done, "organise")["changed"]] == [1]
    assert "a message of no account is not changed" in failure(done)["message"]
    assert path.read_bytes() == mail("x")


# -- archive and delete --------------------------------------------------------------------


def test_archive_and_delete_make_their_folders_and_say_so(
    organise: Organise, run_mailcli: RunMailcli, files: Files
) -> None:
    assert "work: created the folder Archive" in run_mailcli("archive", "1").stderr
    assert "work: created the folder Trash" in run_mailcli("delete", "2").stderr
    assert (files("Archive"), files("Trash")) == (["new/1.a.host"], ["new/2.b.host"])
    assert "created" not in run_mailcli("delete", "3").stderr


def test_the_configuration_names_other_folders(
    organise: Organise, write_config: WriteConfig, files: Files
) -> None:
    write_config({"work": {"email": "ada@example.org", "archive": "Old/2026", "trash": "Bin"}})
    organise("archive", "1")
    organise("delete", "2")
    assert (files("Old/2026"), files("Bin")) == (["new/1.a.host"], ["new/2.b.host"])


def test_the_folder_that_the_server_marks_comes_after_the_one_that_is_configured(
    organise: Organise, write_config: WriteConfig, home: Path, run_mailcli: RunMailcli
) -> None:
    imap = {"host": "localhost", "port": 1}
    with StateStore.open(home / ".local" / "state" / "mailcli" / "work.db") as state:
        for name, role in (("Bin", "trash"), ("Old", "archive")):
            state.save_folder(name, uidvalidity=UidValidity(1), uidnext=1, role=role)

    write_config({"work": {"email": "ada@example.org", "imap": imap}})
    assert [each["to"] for each in organise("archive", "1")] == ["Old"]
    assert [each["to"] for each in organise("delete", "2")] == ["Bin"]
    write_config({"work": {"email": "ada@example.org", "imap": imap, "trash": "Mine"}})
    assert [each["to"] for each in organise("delete", "3")] == ["Mine"]


def test_the_trash_folder_of_the_server_table_counts_where_the_server_marks_none(
    organise: Organise, write_config: WriteConfig
) -> None:
    imap = {"host": "localhost", "port": 1, "trash": "Deleted Items"}
    write_config({"work": {"email": "ada@example.org", "imap": imap}})
    assert [each["to"] for each in organise("delete", "3")] == ["Deleted Items"]


def test_flags_are_changed_though_the_state_is_damaged(
    organise: Organise, write_config: WriteConfig, home: Path, run_mailcli: RunMailcli
) -> None:
    write_config({"work": {"email": "a@b.example", "imap": {"host": "localhost", "port": 1}}})
    (home / ".local" / "state" / "mailcli" / "work.db").write_bytes(b"no database" * 1000)

    assert len(organise("flag", "1-3", "+seen")) == 3
    assert run_mailcli("flag", "1", "+todo").returncode == 74


@pytest.mark.parametrize("key", ["archive", "trash"])
def test_inbox_is_no_folder_for_a_purpose(
    run_mailcli: RunMailcli, write_config: WriteConfig, key: str
) -> None:
    write_config({"work": {"email": "ada@example.org", key: "inbox"}})
    assert run_mailcli("list").returncode == 78


def test_what_is_in_the_trash_goes_for_good_only_after_confirmation(
    organise: Organise, run_mailcli: RunMailcli, work: Path, files: Files
) -> None:
    organise("delete", "1")
    before = snapshot(work)

    done = run_mailcli("delete", "1-2")

    assert (done.returncode, "Delete 1 message for good?" in done.stderr) == (3, True)
    assert snapshot(work) == before
    changed = organise("delete", "1-2", "--yes")
    assert [(each["action"], each["to"]) for each in changed] == [
        ("deleted", None),
        ("moved", "Trash"),
    ]
    assert (files("Trash"), files("INBOX")) == (["new/2.b.host"], ["new/3.c.host"])


def test_permanent_deletion_asks_wherever_the_message_is(
    organise: Organise, run_mailcli: RunMailcli, files: Files
) -> None:
    assert run_mailcli("delete", "1", "--permanent").returncode == 3
    assert len(files("INBOX")) == 3

    done = run_mailcli("delete", "1", "--permanent", "--yes")

    assert (done.returncode, "undo" in done.stderr) == (0, False)
    assert (files("INBOX"), files("Trash")) == (["new/2.b.host", "new/3.c.host"], [])
    assert run_mailcli("flag", "1", "+seen").returncode == 66


# -- in common -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        ("flag", "1-3", "+seen", "+todo"),
        ("move", "1-3", "New", "--create"),
        ("copy", "1-3", "New", "--create"),
        ("copy", "1-3", "home:New", "--create"),
        ("move", "1-3", "home:New", "--create"),
        ("archive", "1-3"),
        ("delete", "1-3"),
        ("delete", "1-3", "--permanent"),
    ],
    ids=" ".join,
)
def test_a_dry_run_says_what_would_be_done_and_changes_nothing(
    organise: Organise, run_mailcli: RunMailcli, home: Path, args: tuple[str, ...]
) -> None:
    before = snapshot(home / "Mail")

    changed = organise(*args, "-n")

    assert [each["done"] for each in changed] == [False] * 3
    assert snapshot(home / "Mail") == before
    done = run_mailcli(*args, "-n")
    assert "nothing was changed: a dry run" in done.stderr
    assert "undo" not in done.stderr


def test_a_file_that_is_renamed_after_it_was_selected_is_found(
    organise: Organise, work: Path, files: Files
) -> None:
    """The index still has the old name: nothing was listed since."""
    path = work / "INBOX" / "new" / "1.a.host"
    path.rename(work / "INBOX" / "cur" / "1.a.host:2,F")

    organise("flag", "1", "+seen")

    assert files("INBOX")[0] == "cur/1.a.host:2,FS"


class Listings:
    """Counts how often directories are listed in this process, while it is told to."""

    def __init__(self) -> None:
        self._count: int | None = None
        sys.addaudithook(self._hear)

    def during(self, work: Callable[[], object]) -> int:
        self._count = 0
        work()
        count, self._count = self._count, None
        return count

    def _hear(self, event: str, _: object) -> None:
        if self._count is not None and event in {"os.listdir", "os.scandir"}:
            self._count += 1


@pytest.mark.parametrize(
    "args",
    [("flag", "+seen", "+todo"), ("move", "Archive"), ("copy", "Archive"), ("delete",)],
    ids=" ".join,
)
def test_how_often_directories_are_listed_does_not_grow_with_the_messages(
    work: Path, run_mailcli: RunMailcli, args: tuple[str, ...]
) -> None:
    for number in range(4, 301):
        put(work / "INBOX", f"{number}.x.host", mail(f"m{number}"))
    for folder in ("Archive", "Trash"):
        put(work / folder, "999.y.host:2,S", mail(folder))
    assert run_mailcli("list", "--limit", "1").returncode == 0
    account, listings = SyncedMaildir(work), Listings()
    first, *rest = args

    few = listings.during(lambda: account.run(first, "1-3", *rest))
    many = listings.during(lambda: account.run(first, "4-300", *rest))

    # Whether the index looks once more is the clock's doing; 297 messages would show.
    assert few > 0
    assert many < few + 10
