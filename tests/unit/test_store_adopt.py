"""A message taken from another folder of the same Maildir: one rename, and nothing overwritten."""

import errno
import os
from pathlib import Path

import pytest

from mailcli.errors import LocalError, NotFound, TemporaryFailure
from mailcli.model import Flag
from mailcli.store.entries import Entry
from mailcli.store.files import OtherFileSystem
from mailcli.store.folder import MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX, FolderName


@pytest.fixture
def inbox(tmp_path: Path) -> MaildirFolder:
    folder = Maildir(tmp_path / "Mail").folder(INBOX)
    folder.create()
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> MaildirFolder:
    folder = Maildir(tmp_path / "Mail").folder(FolderName(("Archive",)))
    folder.create()
    return folder


def _put(folder: MaildirFolder, name: str, content: bytes = b"a\n") -> Entry:
    path = folder.path / name
    path.write_bytes(content)
    return next(entry for entry in folder.scan() if entry.name == path.name)


def _names(folder: MaildirFolder) -> list[str]:
    return sorted(f"{entry.subdirectory}/{entry.name}" for entry in folder.scan())


@pytest.mark.parametrize(
    ("name", "others", "expected"),
    [
        ("new/1.a.h", "", "new/1.a.h"),
        ("new/1.a.h", "c", "cur/1.a.h:2,c"),
        ("cur/1.a.h:2,FS", "", "cur/1.a.h:2,FS"),
        ("cur/1.a.h:2,FSa", "b", "cur/1.a.h:2,FSb"),
        ("cur/1.a.h:2,FSa", "", "cur/1.a.h:2,FS"),
        ("cur/1.a.h", "", "cur/1.a.h"),
        ("cur/1.t.mailcli,V:2,S", "", "cur/1.t.mailcli,V:2,S"),
    ],
)
def test_a_message_keeps_name_flags_time_and_inode(
    inbox: MaildirFolder, archive: MaildirFolder, name: str, others: str, expected: str
) -> None:
    entry = _put(inbox, name)
    os.utime(inbox.path_of(entry), (1_000_000_000, 1_000_000_000))
    before = inbox.path_of(entry).stat()
    adopted = archive.adopt(entry, inbox, others=others)
    assert (_names(inbox), _names(archive)) == ([], [expected])
    assert f"{adopted.subdirectory}/{adopted.name}" == expected
    after = archive.path_of(adopted).stat()
    assert (after.st_ino, after.st_mtime) == (before.st_ino, before.st_mtime)


def test_flags_set_meanwhile_by_another_program_come_along(
    inbox: MaildirFolder, archive: MaildirFolder
) -> None:
    entry = _put(inbox, "new/1.a.h")
    inbox.path_of(entry).rename(inbox.path / "cur" / "1.a.h:2,S")
    assert archive.adopt(entry, inbox, others="b").flags == {Flag.SEEN}
    assert (_names(inbox), _names(archive)) == ([], ["cur/1.a.h:2,Sb"])


def test_letters_set_meanwhile_by_another_program_are_not_guessed_at(
    inbox: MaildirFolder, archive: MaildirFolder
) -> None:
    entry = _put(inbox, "cur/1.a.h:2,a")
    inbox.path_of(entry).rename(inbox.path / "cur" / "1.a.h:2,ab")
    with pytest.raises(TemporaryFailure, match="keywords"):
        archive.adopt(entry, inbox, others="c")
    assert (_names(inbox), _names(archive)) == (["cur/1.a.h:2,ab"], [])


def test_a_message_that_is_gone_is_not_found(inbox: MaildirFolder, archive: MaildirFolder) -> None:
    entry = _put(inbox, "cur/1.a.h:2,")
    inbox.path_of(entry).unlink()
    with pytest.raises(NotFound, match="gone"):
        archive.adopt(entry, inbox, others="")


def test_a_missing_target_is_an_error_and_leaves_the_message(
    inbox: MaildirFolder, archive: MaildirFolder
) -> None:
    entry = _put(inbox, "cur/1.a.h:2,")
    (archive.path / "cur").rmdir()
    for there in (None, dict[str, Entry]()):
        with pytest.raises((NotFound, LocalError)):
            archive.adopt(entry, inbox, others="", there=there)
    assert _names(inbox) == ["cur/1.a.h:2,"]


@pytest.mark.parametrize("known", [True, False])
def test_the_same_message_under_any_flags_stays_the_only_one(
    inbox: MaildirFolder, archive: MaildirFolder, known: bool
) -> None:
    entry, there = _put(inbox, "cur/1.a.h:2,S"), _put(archive, "cur/1.a.h:2,F")
    given = {"1.a.h": there} if known else None
    assert archive.adopt(entry, inbox, others="", there=given) == there
    assert (_names(inbox), _names(archive)) == ([], ["cur/1.a.h:2,F"])


@pytest.mark.parametrize("known", [True, False])
def test_the_same_message_is_kept_beside_it_where_they_are_not_to_be_merged(
    inbox: MaildirFolder, archive: MaildirFolder, known: bool
) -> None:
    entry, there = _put(inbox, "cur/1.a.h:2,S"), _put(archive, "cur/1.a.h:2,F")
    given = {"1.a.h": there} if known else None
    assert archive.adopt(entry, inbox, others="b", there=given, merge=False).unique == "1.a.h+2"
    assert (_names(inbox), _names(archive)) == ([], ["cur/1.a.h+2:2,Sb", "cur/1.a.h:2,F"])


@pytest.mark.parametrize(
    ("taken", "name", "expected"),
    [
        (["cur/1.a.h:2,"], "cur/1.a.h:2,S", "1.a.h+2:2,S"),
        (["cur/1.a.h:2,S", "new/1.a.h+2"], "new/1.a.h", "1.a.h+3"),
        (["cur/1.a.h,S=2:2,"], "cur/1.a.h,S=2:2,S", "1.a.h+2,S=2:2,S"),
        (["cur/1.t.mailcli,V:2,"], "cur/1.t.mailcli,V:2,", "1.t+2.mailcli,V:2,"),
    ],
)
def test_other_content_of_that_name_is_kept_and_the_message_numbered(
    inbox: MaildirFolder, archive: MaildirFolder, taken: list[str], name: str, expected: str
) -> None:
    for each in taken:
        _put(archive, each, b"other\n")
    adopted = archive.adopt(_put(inbox, name), inbox, others="")
    assert adopted.name == expected
    assert archive.path_of(adopted).read_bytes() == b"a\n"
    assert [(archive.path / each).read_bytes() for each in taken] == [b"other\n"] * len(taken)
    assert len(archive.scan()) == len(taken) + 1


def test_a_name_that_is_taken_unknown_to_the_caller_is_not_overwritten(
    inbox: MaildirFolder, archive: MaildirFolder
) -> None:
    _put(archive, "cur/1.a.h:2,", b"other\n")
    entry = _put(inbox, "cur/1.a.h:2,")
    adopted = archive.adopt(entry, inbox, others="", there={})
    assert adopted.name == "1.a.h+2:2,"
    assert (archive.path / "cur/1.a.h:2,").read_bytes() == b"other\n"


def test_another_file_system_is_told_apart(
    inbox: MaildirFolder, archive: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    entry = _put(inbox, "cur/1.a.h:2,")
    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(OtherFileSystem):
        archive.adopt(entry, inbox, others="")
    assert _names(inbox) == ["cur/1.a.h:2,"]


def test_a_message_renamed_at_the_last_moment_is_followed(
    inbox: MaildirFolder, archive: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, real = _put(inbox, "new/1.a.h"), os.rename

    def rename(source: Path, target: str) -> None:
        if source.name == "1.a.h" and source.exists():
            real(source, inbox.path / "cur" / "1.a.h:2,R")
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    assert archive.adopt(entry, inbox, others="").flags == {Flag.ANSWERED}
    assert (_names(inbox), _names(archive)) == ([], ["cur/1.a.h:2,R"])
