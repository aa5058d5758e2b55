"""What is noted of files with the letters of their folder, whatever becomes of these files.

A note is believed against what both sides agreed on. So one that is left over, or lost, gives a
message keywords that nobody gave it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.imap_sides import message
from tests.support.sync_account import SyncAccount, keyword_names

from mailcli.app.folder_moves import find_moves
from mailcli.store.state import StateStore


@pytest.fixture
def tagged(mirrored: SyncAccount) -> SyncAccount:
    """INBOX reads the letter `a` as work, `b` as home; Other has it the other way round."""
    mirrored.fill("first", flags=("work",))
    mirrored.fill("x", flags=("home",))
    mirrored.fill("y", folder="Other", flags=("home",))
    mirrored.fill("z", folder="Other", flags=("work",))
    assert keyword_names(mirrored.maildir / "INBOX") == {"a": "work", "b": "home"}
    assert keyword_names(mirrored.maildir / "Other") == {"a": "home", "b": "work"}
    mirrored.sync()
    assert notes() == []
    return mirrored


@contextmanager
def state() -> Iterator[StateStore]:
    """Open the state of the account."""
    with StateStore.open(Path("~/.local/state/mailcli/work.db").expanduser()) as opened:
        yield opened


def notes() -> list[str]:
    """Return the folders of which files are noted."""
    with state() as opened:
        return sorted(folder for folder, _ in opened.lettered())


def unique(account: SyncAccount, subject: str, folder: str = "INBOX") -> str:
    """Return the unique name of the file with a subject."""
    return account.file(subject, folder).name.partition(":")[0]


def moved_by_another_program(account: SyncAccount) -> list[str]:
    """Move a message with the letters that it has, and return what is in its folder then."""
    account.move_here("first", "INBOX", "Other")
    account.sync()
    account.sync()
    assert account.here("Other") == account.there("Other")
    return account.here("Other")


def test_a_move_that_fails_leaves_no_note(
    tagged: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: str | Path, target: str | Path) -> None:
        raise PermissionError(13, f"{source}, {target}")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refuse)
        tagged.run("move", "subject:first", "Other", code=74)

    assert notes() == []
    assert moved_by_another_program(tagged) == ["first work", "y home", "z work"]


def test_a_move_that_fails_leaves_the_note_of_where_the_file_is(
    tagged: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: str | Path, target: str | Path) -> None:
        raise PermissionError(13, f"{source}, {target}")

    tagged.run("flag", "subject:first", "+home", "-work")
    tagged.run("move", "subject:first", "Other")
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refuse)
        tagged.run("move", "subject:first", "Archive", code=74)

    assert notes() == ["Other"]
    tagged.sync()
    assert tagged.here("Other") == tagged.there("Other") == ["first home", "y home", "z work"]


@pytest.mark.parametrize("how", [(), ("--full",), ("Other",), ("--push",)], ids=" ".join)
@pytest.mark.parametrize("changed", ["", "there", "here"])
def test_a_note_of_a_move_that_was_killed_is_forgotten(
    tagged: SyncAccount, how: tuple[str, ...], changed: str
) -> None:
    with state() as opened:
        opened.note_lettered("Other", [unique(tagged, "first")])
    if changed == "there":
        tagged.flag_there("y", "+\\Seen", "Other")
    if changed == "here":
        tagged.flag_here("y", "Sa", "Other")
    tagged.sync("--dry-run", *how)
    assert notes() == ["Other"]

    tagged.sync(*how)

    assert notes() == []
    seen = "y \\Seen home" if changed else "y home"
    assert moved_by_another_program(tagged) == ["first work", seen, "z work"]


def test_notes_of_a_folder_that_is_not_to_be_seen_stay(tagged: SyncAccount, home: Path) -> None:
    tagged.run("flag", "subject:first", "+home", "-work")
    tagged.run("move", "subject:first", "Other")
    away = (tagged.maildir / "Other").rename(home / "unmounted")

    tagged.sync(code=3)
    assert notes() == ["Other"]

    away.rename(tagged.maildir / "Other")
    tagged.sync()
    tagged.sync()
    assert tagged.here("Other") == tagged.there("Other") == ["first home", "y home", "z work"]


def test_a_note_of_a_file_that_comes_while_a_run_looks_is_kept(
    tagged: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagged.run("flag", "subject:first", "+home", "-work")

    def move_meanwhile(*args: object, **kwargs: object) -> object:
        found = find_moves(*args, **kwargs)  # type: ignore[arg-type]
        tagged.run("move", "subject:first", "Other")
        return found

    with monkeypatch.context() as patch:
        patch.setattr("mailcli.app.imap_sync.find_moves", move_meanwhile)
        tagged.sync("--full")

    assert notes() == ["Other"]
    tagged.sync()
    assert tagged.here("Other") == ["first home", "y home", "z work"]


def test_a_note_that_a_run_removed_before_the_file_came_is_made_again(
    tagged: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename
    tagged.run("flag", "subject:first", "+home", "-work")

    def forgotten_before(source: str | Path, target: str | Path) -> None:
        with state() as opened:
            opened.forget_lettered(opened.lettered())
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", forgotten_before)
        tagged.run("move", "subject:first", "Other")

    assert notes() == ["Other"]
    tagged.sync()
    assert tagged.here("Other") == tagged.there("Other") == ["first home", "y home", "z work"]


def test_a_move_to_where_another_message_has_the_name_leaves_the_note_of_that_one(
    tagged: SyncAccount,
) -> None:
    name = unique(tagged, "first")
    tagged.run("flag", "subject:first", "+home", "-work")
    tagged.run("move", "subject:first", "Other")
    new = tagged.maildir / "INBOX" / "cur" / f"{name}:2,a"
    new.write_bytes(message("new"))

    tagged.run("move", str(new), "Other")

    assert notes() == ["Other", "Other"]
    tagged.sync()
    tagged.sync()
    there = ["first home", "new work", "y home", "z work"]
    assert tagged.here("Other") == tagged.there("Other") == there


def test_a_file_that_leaves_without_any_keyword_takes_its_note_along(tagged: SyncAccount) -> None:
    tagged.run("move", "subject:first", "Other")
    tagged.run("flag", "subject:first", "-work")
    assert notes() == ["Other"]

    tagged.run("move", "subject:first", "Archive")

    assert notes() == []
    tagged.sync()
    assert tagged.here("Archive") == tagged.there("Archive") == ["first"]


def test_a_change_is_kept_where_the_letters_are_by_chance_the_same(tagged: SyncAccount) -> None:
    """Another program brought the letter of work, which means home in this folder."""
    tagged.move_here("first", "INBOX", "Other")
    before = tagged.file("first", "Other")

    tagged.run("flag", "subject:first", "+home", "-work")

    assert tagged.file("first", "Other") == before
    tagged.sync()
    tagged.sync()
    assert tagged.here("Other") == tagged.there("Other") == ["first home", "y home", "z work"]
    assert tagged.settled()


def test_a_copy_keeps_its_note_when_it_is_moved_on(tagged: SyncAccount) -> None:
    """With its original gone, imap-sync takes it for that message moved."""
    tagged.run("flag", "subject:first", "+home", "-work")
    tagged.run("copy", "subject:first", "Third", "--create")
    tagged.run("move", "subject:first folder:Third", "Other")
    assert notes() == ["Other"]
    tagged.run("delete", "subject:first folder:INBOX", "--permanent", "--yes")

    tagged.sync()
    tagged.sync()

    assert tagged.here("Other") == tagged.there("Other") == ["first home", "y home", "z work"]
    assert tagged.here() == tagged.there() == ["x home"]
    assert notes() == []
