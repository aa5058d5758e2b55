"""Keyword letters: what Dovecot's file says, and adding to it while others do too."""

import os
import string
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.errors import LocalError, TemporaryFailure
from mailcli.model import Keyword
from mailcli.store import dotlock, keyword_file
from mailcli.store.folder import MaildirFolder
from mailcli.store.keywords import NO_LETTERS, KeywordLetters, extended, parse
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX

JUNK, WORK, HOME = Keyword("$Junk"), Keyword("work"), Keyword("home")


@pytest.fixture
def folder(tmp_path: Path) -> MaildirFolder:
    folder = Maildir(tmp_path / "Mail").folder(INBOX)
    folder.create()
    return folder


@pytest.fixture
def file(folder: MaildirFolder) -> Path:
    return folder.path / "dovecot-keywords"


@pytest.fixture
def lock(folder: MaildirFolder) -> Path:
    return folder.path / "dovecot-uidlist.lock"


def _names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize(
    ("data", "names", "reserved"),
    [
        (b"", {}, ""),
        (b"0 $Junk\n1 work\n", {"a": JUNK, "b": WORK}, ""),
        (b"25 work", {"z": WORK}, ""),
        (b"26 work\n-1 home\nx\n\n", {}, ""),
        (b"0 $Junk\n0 work\n", {"a": JUNK}, ""),
        (b"0 work\n3 WORK\n", {"a": WORK}, "d"),
        (b"0\n1 \n2 two words\n3 a(b\n4 work\r\n", {}, "abcde"),
        (b"0 $Forwarded\n1 \\Seen\n", {}, "ab"),
        (b"0 \xff\xc3\xa9\n", {"a": Keyword("\udcffé")}, ""),
    ],
    ids=[
        *("nothing", "two", "the last without a line end", "no letters"),
        *("a letter twice", "a name twice", "no names", "system flags", "not UTF-8"),
    ],
)
def test_a_file_is_read_as_far_as_it_makes_sense(
    data: bytes, names: dict[str, Keyword], reserved: str
) -> None:
    assert parse(data) == KeywordLetters(names, frozenset(reserved))


@given(st.binary(max_size=200))
def test_no_file_is_an_error_and_none_is_changed_without_need(data: bytes) -> None:
    letters = parse(data)
    assert set(letters.names) | letters.reserved <= set(string.ascii_lowercase)
    assert extended(data, letters) == (data, letters)


def test_letters_and_keywords_stand_for_each_other_as_far_as_they_have_any() -> None:
    letters = KeywordLetters({"c": WORK, "a": JUNK})
    assert letters.letters_for([Keyword("WORK"), HOME, JUNK]) == "ac"
    assert letters.keywords_of("Xabc") == {JUNK, WORK}
    assert (letters.covers(Keyword("Work")), letters.covers(HOME)) == (True, False)


def test_a_new_keyword_gets_the_first_letter_that_nobody_uses() -> None:
    letters = KeywordLetters({"a": JUNK}, frozenset("b"))
    grown = letters.with_new([WORK, JUNK, HOME, Keyword("HOME")], avoid="aXd")
    assert grown == KeywordLetters({"a": JUNK, "c": HOME, "e": WORK}, frozenset("bd"))


def test_the_27th_keyword_has_no_letter() -> None:
    many = [Keyword(f"k{number:02}") for number in range(30)]
    letters = NO_LETTERS.with_new(many, avoid="")
    assert len(letters.names) == 26
    assert letters.letters_for(many) == string.ascii_lowercase
    assert not letters.covers(many[26])


@pytest.mark.parametrize("name", ["", "two words", "a\nb", "$forwarded", "\\Seen"])
def test_what_cannot_stand_in_the_file_gets_no_letter(name: str) -> None:
    assert NO_LETTERS.with_new([Keyword(name)], avoid="") == NO_LETTERS
    assert extended(b"", KeywordLetters({"a": Keyword(name)})) == (b"", NO_LETTERS)


def test_what_another_program_gave_away_meanwhile_counts() -> None:
    ours = KeywordLetters({"a": WORK, "b": HOME, "c": JUNK}, frozenset("d"))
    theirs = b"0 theirs\n2 Home\n9 odd name"
    data, letters = extended(theirs, ours)
    assert data == theirs + b"\n1 $Junk\n4 work\n"
    assert letters.names == {
        "a": Keyword("theirs"), "c": HOME, "b": JUNK, "e": WORK
    }  # fmt: skip
    assert letters.reserved == frozenset("dj")
    assert parse(data).names == letters.names


def test_a_folder_without_the_file_has_no_letters(folder: MaildirFolder) -> None:
    assert folder.keyword_letters() == NO_LETTERS


def test_letters_are_saved_and_read_again(folder: MaildirFolder, file: Path) -> None:
    odd = Keyword("\udcff")
    saved = folder.save_keyword_letters(NO_LETTERS.with_new([WORK, odd], avoid="b"))
    assert saved.names == {"a": WORK, "c": odd}
    assert folder.keyword_letters().names == saved.names
    assert file.read_bytes() == b"0 work\n2 \xff\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert _names(folder.path) == ["cur", "dovecot-keywords", "new", "tmp"]
    assert _names(folder.path / "tmp") == []


def test_saving_keeps_what_is_there_and_how_it_may_be_read(
    folder: MaildirFolder, file: Path
) -> None:
    file.write_bytes(b"x\n0 $Junk")
    file.chmod(0o640)
    os.utime(file, (9_000_000_000, 9_000_000_000))
    folder.save_keyword_letters(KeywordLetters({"a": WORK}))
    assert file.read_bytes() == b"x\n0 $Junk\n1 work\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.stat().st_mtime == 9_000_000_001  # Dovecot compares whole seconds


def test_saving_what_is_there_already_replaces_nothing(folder: MaildirFolder, file: Path) -> None:
    file.write_bytes(b"0 work\n")
    before = file.stat()
    folder.save_keyword_letters(KeywordLetters({"a": WORK}))
    assert file.stat() == before


@pytest.mark.parametrize("name", ["dovecot-keywords", "dovecot-uidlist.lock"])
def test_symbolic_links_are_refused(folder: MaildirFolder, tmp_path: Path, name: str) -> None:
    (tmp_path / "victim").write_bytes(b"0 work\n")
    (folder.path / name).symlink_to(tmp_path / "victim")
    with pytest.raises(LocalError, match="symbolic link"):
        folder.save_keyword_letters(KeywordLetters({"a": HOME}))
    assert (tmp_path / "victim").read_bytes() == b"0 work\n"


@pytest.mark.parametrize("name", ["dovecot-keywords", "dovecot-uidlist.lock"])
def test_what_is_no_file_stops_nothing_else(
    folder: MaildirFolder, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dotlock, "_WAIT_SECONDS", 0)
    os.mkfifo(folder.path / name)
    with pytest.raises((LocalError, TemporaryFailure), match=name):
        folder.save_keyword_letters(KeywordLetters({"a": HOME}))


def test_a_lock_that_another_program_holds_is_waited_for_and_kept(
    folder: MaildirFolder, file: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dotlock, "_WAIT_SECONDS", 0)
    for holder in (f"{os.getppid()}:{os.uname().nodename}", "1:elsewhere.invalid", "", "x:y"):
        lock.write_text(holder)
        with pytest.raises(TemporaryFailure, match="holds this lock"):
            folder.save_keyword_letters(KeywordLetters({"a": WORK}))
        assert lock.read_text() == holder
    assert not file.exists()
    assert _names(folder.path / "tmp") == []


def test_a_lock_that_is_released_meanwhile_is_taken(
    folder: MaildirFolder, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock.write_text("1:elsewhere.invalid")
    monkeypatch.setattr(time, "sleep", lambda _: lock.unlink())
    assert folder.save_keyword_letters(KeywordLetters({"a": WORK})).covers(WORK)
    assert not lock.exists()


def _dead_pid() -> int:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return child


@pytest.mark.parametrize("holder", ["dead", "ours"])
def test_a_lock_whose_holder_is_dead_is_overridden(
    folder: MaildirFolder, lock: Path, holder: str
) -> None:
    pid = _dead_pid() if holder == "dead" else os.getpid()
    lock.write_text(f"{pid}:{os.uname().nodename}")
    assert folder.save_keyword_letters(KeywordLetters({"a": WORK})).covers(WORK)
    assert not lock.exists()


def test_a_lock_that_nobody_touched_for_two_minutes_is_overridden(
    folder: MaildirFolder, lock: Path
) -> None:
    lock.write_text("1:elsewhere.invalid")
    os.utime(lock, (1_000_000_000, 1_000_000_000))
    assert folder.save_keyword_letters(KeywordLetters({"a": WORK})).covers(WORK)
    assert not lock.exists()


def test_a_lock_that_was_taken_for_stale_is_not_released_by_its_first_holder(
    folder: MaildirFolder, lock: Path
) -> None:
    with dotlock.Dotlock(str(lock).removesuffix(".lock"), scratch=str(folder.path / "tmp/x")):
        lock.rename(lock.with_name("kept"))  # so that its inode is not given to the next one
        lock.write_text("another")
    assert lock.read_text() == "another"


def test_a_name_given_away_between_reading_and_saving_is_kept(
    folder: MaildirFolder, file: Path
) -> None:
    ours = folder.keyword_letters().with_new([WORK], avoid="")
    file.write_bytes(b"0 theirs\n")
    assert folder.save_keyword_letters(ours).letters_for([WORK]) == "b"
    assert file.read_bytes() == b"0 theirs\n1 work\n"


def test_a_full_disk_leaves_the_file_as_it_was(
    folder: MaildirFolder, file: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(b"0 $Junk\n")

    def full(*_: object) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(keyword_file, "write_all", full)
    with pytest.raises(LocalError, match="No space left"):
        folder.save_keyword_letters(KeywordLetters({"b": WORK}))
    assert file.read_bytes() == b"0 $Junk\n"
    assert not lock.exists()
    folder.remove_stale_tmp()
    assert _names(folder.path / "tmp") == []
