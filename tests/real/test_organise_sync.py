"""What `imap-sync` makes of messages that mailcli organised: moves, uploads, flags, deletions."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import RunMailcli
from tests.support.imap_sides import done
from tests.support.local_mail import document
from tests.support.sync_account import SyncAccount, keyword_names, names_of, travels

Organise = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def organise(run_mailcli: RunMailcli) -> Organise:
    """Return a function that runs a command and returns what it changed."""

    def run(*args: str) -> list[dict[str, Any]]:
        ended = run_mailcli(*args, "--json")
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
        changed: list[dict[str, Any]] = document(ended, "organise")["changed"]
        return changed

    return run


def test_a_move_is_one_move_on_the_server(mirrored: SyncAccount, organise: Organise) -> None:
    mirrored.fill("a", "b", "c", flags=("\\Seen",))
    organise("move", "subject:a OR subject:b", "Work", "--create")

    commands = mirrored.said()

    assert travels(commands) == ["UID MOVE"]
    assert mirrored.there("Work") == mirrored.here("Work") == ["a \\Seen", "b \\Seen"]
    assert mirrored.here() == mirrored.there() == ["c \\Seen"]
    assert mirrored.settled()


def test_a_copy_is_uploaded_and_the_original_stays(
    mirrored: SyncAccount, organise: Organise
) -> None:
    mirrored.fill("a", flags=("\\Flagged", "todo"))
    mirrored.fill("other", folder="Work", flags=("home",))
    organise("copy", "subject:a", "Work")

    assert done(mirrored.sync())["Work"] == {"appended": 1}

    assert mirrored.here() == mirrored.there() == ["a \\Flagged todo"]
    assert mirrored.here("Work") == mirrored.there("Work") == ["a \\Flagged todo", "other home"]
    assert mirrored.settled()


def test_a_copy_in_its_own_folder_becomes_a_second_message_there(
    mirrored: SyncAccount, organise: Organise
) -> None:
    mirrored.fill("a")
    organise("copy", "last", "INBOX")
    mirrored.sync()
    assert mirrored.here() == mirrored.there() == ["a", "a"]
    assert mirrored.settled()


def test_flags_and_keywords_reach_the_server(mirrored: SyncAccount, organise: Organise) -> None:
    mirrored.fill("a", "b", flags=("\\Flagged", "old"))
    organise("flag", "subject:a", "+seen", "-flagged", "+new", "-old")

    assert done(mirrored.sync()) == {"INBOX": {"flags_remote": 1}}

    assert mirrored.here() == mirrored.there() == ["a \\Seen new", "b \\Flagged old"]
    assert mirrored.settled()


def test_archive_and_trash_are_the_folders_that_the_server_marks(
    mirrored: SyncAccount, organise: Organise
) -> None:
    mirrored.fill("a", "b")
    (archived,) = organise("archive", "subject:a")
    (deleted,) = organise("delete", "subject:b")
    assert (archived["to"], deleted["to"]) == ("Archive", "Trash")

    mirrored.sync()

    assert (mirrored.there("Archive"), mirrored.there("Trash"), mirrored.there()) == (
        ["a"],
        ["b"],
        [],
    )
    assert mirrored.settled()


def test_what_is_deleted_for_good_is_expunged_there_and_nothing_else(
    mirrored: SyncAccount, organise: Organise
) -> None:
    mirrored.fill("a", "b", "c")
    mirrored.flag_there("c", "+\\Deleted")
    organise("delete", "subject:a", "--permanent", "--yes")

    commands = mirrored.said()

    assert "UID EXPUNGE" in names_of(commands)
    assert "EXPUNGE" not in names_of(commands)
    assert mirrored.there() == mirrored.here() == ["b", "c \\Deleted"]


def test_a_mass_deletion_is_held_back_by_the_sync(
    mirrored: SyncAccount, run_mailcli: RunMailcli
) -> None:
    mirrored.fill(*map(str, range(12)))
    assert run_mailcli("delete", "1-12", "--permanent", "--yes").returncode == 0

    mirrored.sync(code=3)

    assert len(mirrored.there()) == 12


# -- keywords ------------------------------------------------------------------------------


@pytest.fixture
def tagged(mirrored: SyncAccount) -> SyncAccount:
    """INBOX reads the letter `a` as work, `b` as home; Other has it the other way round."""
    mirrored.fill("first", flags=("work",))
    mirrored.fill("x", flags=("home",))
    mirrored.fill("y", folder="Other", flags=("home",))
    mirrored.fill("z", folder="Other", flags=("work",))
    assert keyword_names(mirrored.maildir / "INBOX") == {"a": "work", "b": "home"}
    assert keyword_names(mirrored.maildir / "Other") == {"a": "home", "b": "work"}
    return mirrored


def test_keywords_go_along_with_a_move_whatever_their_letters(
    tagged: SyncAccount, organise: Organise
) -> None:
    organise("move", "subject:first", "Other")
    assert tagged.here("Other") == ["first work", "y home", "z work"]

    tagged.sync()

    assert tagged.there("Other") == tagged.here("Other") == ["first work", "y home", "z work"]
    assert tagged.settled()


@pytest.mark.parametrize("how", [(), ("Other",), ("--push",)], ids=["all", "target", "push"])
@pytest.mark.parametrize("way", [("Other",), ("New", "Other")], ids=["one move", "two moves"])
def test_a_keyword_that_was_changed_before_the_move_is_not_taken_back(
    tagged: SyncAccount, organise: Organise, how: tuple[str, ...], way: tuple[str, ...]
) -> None:
    """The letter of the new keyword there is that of the old one where the message was."""
    organise("flag", "subject:first", "+home", "-work")
    for folder in way:
        organise("move", "subject:first", folder, "--create")
    assert tagged.here("Other") == ["first home", "y home", "z work"]

    tagged.sync(*how)
    tagged.sync()

    assert tagged.here("Other") == tagged.there("Other") == ["first home", "y home", "z work"]
    assert tagged.settled()


def test_a_keyword_that_was_changed_after_the_move_is_not_taken_back(
    tagged: SyncAccount, organise: Organise
) -> None:
    organise("move", "subject:first", "Other")
    organise("flag", "subject:first", "+home", "-work")
    assert tagged.here("Other") == ["first home", "y home", "z work"]

    tagged.sync()
    tagged.sync()

    assert tagged.here("Other") == tagged.there("Other") == ["first home", "y home", "z work"]
    assert tagged.settled()


def test_a_keyword_without_a_letter_goes_along_and_gets_one_where_there_is_room(
    mirrored: SyncAccount, organise: Organise
) -> None:
    many = tuple(f"k{number:02}" for number in range(27))
    mirrored.fill("a", flags=many)
    mirrored.fill("b", folder="Work", flags=("k26",))

    organise("move", "subject:a", "Work")
    mirrored.sync()

    told = " ".join(["a", *many])
    assert mirrored.there("Work") == sorted([told, "b k26"])
    mirrored.sync()
    assert mirrored.there("Work") == sorted([told, "b k26"])
    assert mirrored.settled()


def test_a_keyword_that_has_no_letter_here_cannot_be_set_or_taken_away_and_none_is_lost(
    mirrored: SyncAccount, run_mailcli: RunMailcli
) -> None:
    many = tuple(f"k{number:02}" for number in range(27))
    mirrored.fill("a", flags=many)
    mirrored.fill("b")

    for args in (("subject:b", "+k26"), ("subject:a", "-k26")):
        ended = run_mailcli("flag", *args, "--json")
        assert ended.returncode == 73
        assert "k26" in json.loads(ended.stderr)["error"]["message"]

    assert mirrored.settled()
    assert mirrored.there() == [" ".join(["a", *many]), "b"]


def test_a_letter_that_is_given_to_a_keyword_is_written_on_all_that_have_it(
    mirrored: SyncAccount, organise: Organise
) -> None:
    mirrored.fill("a", "b", flags=("todo",))
    mirrored.fill("c")
    mirrored.flag_here("a", "")
    mirrored.flag_here("b", "")
    (mirrored.maildir / "INBOX" / "dovecot-keywords").unlink()  # now they have it without a letter

    organise("flag", "1-3", "+todo")
    mirrored.sync()

    assert mirrored.here() == mirrored.there() == ["a todo", "b todo", "c todo"]


def test_a_file_that_another_program_moved_has_the_keywords_that_it_had(
    tagged: SyncAccount, organise: Organise
) -> None:
    tagged.move_here("first", "INBOX", "Other")  # with a letter that means home there
    organise("flag", "subject:first", "+todo")
    assert tagged.here("Other") == ["first todo work", "y home", "z work"]

    tagged.sync()
    tagged.sync()

    assert tagged.here("Other") == tagged.there("Other") == ["first todo work", "y home", "z work"]


def test_a_file_that_another_program_moved_keeps_its_keywords_when_it_moves_on(
    tagged: SyncAccount, organise: Organise
) -> None:
    tagged.move_here("first", "INBOX", "Other")
    organise("move", "subject:first", "Third", "--create")

    tagged.sync()

    assert tagged.here("Third") == tagged.there("Third") == ["first work"]
    assert tagged.settled()


def test_a_copy_that_is_left_alone_by_its_original_has_the_keywords_that_it_was_given(
    tagged: SyncAccount, organise: Organise
) -> None:
    """With its original gone, imap-sync takes it for that message moved."""
    organise("flag", "subject:first", "+home", "-work")
    organise("copy", "subject:first", "Other")
    organise("delete", "subject:first folder:INBOX", "--permanent", "--yes")

    tagged.sync()
    tagged.sync()

    assert tagged.here("Other") == tagged.there("Other") == ["first home", "y home", "z work"]
    assert tagged.here() == tagged.there() == ["x home"]


def test_a_folder_on_another_disk_is_reached_by_a_copy(
    tagged: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which takes a mount, so the system's answer is made up."""
    tagged.run("flag", "subject:first", "+home", "-work")
    rename = os.rename

    def refuse(source: str | Path, target: str | Path) -> None:
        if Path(source).parents[1] != Path(target).parents[1]:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refuse)
        tagged.run("move", "subject:first", "Other")

    assert tagged.here("Other") == ["first home", "y home", "z work"]
    assert tagged.here() == ["x home"]
    assert travels(tagged.said()) == ["UID MOVE"]
    tagged.sync()
    assert tagged.here("Other") == tagged.there("Other") == ["first home", "y home", "z work"]


def test_a_move_to_the_trash_and_back_leaves_nothing_to_be_done(
    tagged: SyncAccount, organise: Organise, home: Path
) -> None:
    (deleted,) = organise("delete", "subject:first")
    organise("move", str(deleted["id"]), "INBOX")
    assert tagged.here() == ["first work", "x home"]
    assert travels(tagged.said()) == []
    assert tagged.settled()
