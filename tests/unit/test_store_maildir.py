"""Folders and their listings, while other programs do as they please."""

import itertools
import os
from pathlib import Path, PurePosixPath

import pytest

from mailcli.errors import CannotCreate, LocalError, NotFound, TemporaryFailure
from mailcli.model import Flag, Flags, Layout
from mailcli.store import listing
from mailcli.store.entries import NO_FLAGS, Entry, Subdirectory, info
from mailcli.store.folder import MaildirFolder
from mailcli.store.listing import untrusted_for
from mailcli.store.maildir import Maildir, SkippedDirectory
from mailcli.store.names import INBOX, FolderName

SEEN = frozenset({Flag.SEEN})


@pytest.fixture
def maildir(tmp_path: Path) -> Maildir:
    return Maildir(tmp_path / "Mail")


@pytest.fixture
def folder(maildir: Maildir) -> MaildirFolder:
    folder = maildir.folder(INBOX)
    folder.create()
    return folder


def _put(folder: MaildirFolder, name: str, content: bytes = b"a\n") -> Path:
    path = folder.path / name
    path.write_bytes(content)
    return path


def _names(entries: list[Entry]) -> list[str]:
    return sorted(f"{entry.subdirectory}/{entry.name}" for entry in entries)


@pytest.mark.parametrize(
    ("name", "flags", "others"),
    [
        ("1.x.h", NO_FLAGS, ""),
        ("1.x.h:2,", NO_FLAGS, ""),
        ("1.x.h:2,FS", frozenset({Flag.FLAGGED, Flag.SEEN}), ""),
        ("1.x.h:2,DFPRST", frozenset(Flag), ""),
        ("1.x.h:2,SbaX", SEEN, "Xab"),
        ("1.x.h:2,SS", SEEN, ""),
        ("1.x.h:1,S", NO_FLAGS, ""),
        ("1.x.h:", NO_FLAGS, ""),
    ],
)
def test_a_file_name_tells_flags_and_other_letters(name: str, flags: Flags, others: str) -> None:
    entry = Entry("cur", name)
    assert (entry.unique, entry.flags, entry.others) == ("1.x.h", flags, others)


def test_letters_stand_in_ascii_order() -> None:
    assert info(frozenset(Flag), "baX") == ":2,DFPRSTXab"


def test_scan_lists_messages_of_new_and_cur_and_nothing_else(folder: MaildirFolder) -> None:
    for name in ("new/1.a.h", "cur/2.b.h:2,S", "cur/3.c.h", "cur/.hidden", "tmp/4.d.h"):
        _put(folder, name)
    (folder.path / "cur" / "directory").mkdir()
    (folder.path / "cur" / "link").symlink_to(folder.path / "new/1.a.h")
    assert _names(folder.scan()) == ["cur/2.b.h:2,S", "cur/3.c.h", "new/1.a.h"]


def test_scan_tells_inode_size_and_time_when_asked(folder: MaildirFolder) -> None:
    status = _put(folder, "new/1.a.h", b"abc").stat()
    expected = Entry("new", "1.a.h", status.st_ino, 3, status.st_mtime_ns)
    assert folder.scan(stat=True) == [expected]
    assert folder.scan() == [Entry("new", "1.a.h")]


def test_a_name_that_is_not_utf_8_is_listed_and_opened(folder: MaildirFolder) -> None:
    _put(folder, os.fsdecode(b"cur/1.\xff.h:2,"))
    (entry,) = folder.scan()
    assert b"".join(folder.open_wire(entry)) == b"a\r\n"


def test_one_message_under_two_names_is_listed_once(folder: MaildirFolder) -> None:
    _put(folder, "new/1.a.h")
    _put(folder, "cur/1.a.h:2,S")
    assert _names(folder.scan()) == ["cur/1.a.h:2,S"]


@pytest.mark.parametrize("missing", ["new", "cur"])
def test_a_missing_directory_is_an_error_and_not_an_empty_folder(
    folder: MaildirFolder, missing: str
) -> None:
    (folder.path / missing).rmdir()
    assert not folder.exists()
    with pytest.raises(NotFound, match="no such Maildir folder"):
        folder.scan()


def test_a_message_renamed_between_two_reads_is_not_missed(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _put(folder, "cur/1.a.h:2,")
    real = os.scandir

    def scandir(directory: str) -> object:
        if directory.endswith("cur") and path.exists():  # into new, which was read already
            path.rename(folder.path / "new" / "1.a.h")
        return real(directory)

    monkeypatch.setattr(os, "scandir", scandir)
    assert _names(folder.scan()) == ["new/1.a.h"]


def test_a_message_that_vanishes_while_it_is_looked_at_is_looked_for_again(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _put(folder, "cur/1.a.h:2,")
    real = listing._with_status

    def with_status(item: "os.DirEntry[str]", subdirectory: Subdirectory) -> Entry | None:
        if path.exists():
            path.rename(f"{path}S")
        return real(item, subdirectory)

    monkeypatch.setattr(listing, "_with_status", with_status)
    (entry,) = folder.scan(stat=True)
    assert entry.flags == SEEN
    assert entry.size == 2


def test_a_folder_that_never_rests_is_a_temporary_failure(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, numbers = os.scandir, itertools.count()

    def scandir(directory: str) -> object:
        found = real(directory)
        _put(folder, f"cur/{next(numbers)}.a.h:2,")
        return found

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(TemporaryFailure, match="keeps changing"):
        folder.scan()


@pytest.mark.parametrize(
    ("modified", "now", "wait"),
    [
        (5_000_000_001, 5_000_000_001, 20_000_000),
        (5_000_000_001, 5_015_000_001, 5_000_000),
        (5_000_000_001, 5_020_000_001, 0),
        (5_000_000_000, 5_500_000_000, 1_500_000_000),
        (5_000_000_000, 7_000_000_000, 0),
        (6_000_000_001, 5_000_000_000, 0),
    ],
    ids=["now", "recent", "old enough", "whole seconds", "old whole seconds", "future"],
)
def test_a_fresh_time_stamp_proves_nothing_yet(modified: int, now: int, wait: int) -> None:
    assert untrusted_for(modified, now_ns=now) == wait


def test_flags_are_set_by_moving_to_cur_and_other_letters_stay(folder: MaildirFolder) -> None:
    _put(folder, "new/1.a.h")
    _put(folder, "cur/2.b.h:2,TXb")
    for entry in folder.scan(stat=True):
        flagged = folder.set_flags(entry, SEEN)
        assert flagged.flags == SEEN
        assert flagged.inode == folder.path_of(flagged).stat().st_ino
    assert _names(folder.scan()) == ["cur/1.a.h:2,S", "cur/2.b.h:2,SXb"]


def test_other_letters_are_replaced_when_given(folder: MaildirFolder) -> None:
    _put(folder, "cur/1.a.h:2,Sb")
    (entry,) = folder.scan()
    assert folder.set_flags(entry, SEEN, others="ca").name == "1.a.h:2,Sac"


@pytest.mark.parametrize(
    ("others", "expected"),
    [("b", "bx"), ("", "x"), ("bcx", "bcx"), ("c", "cx")],
    ids=["unchanged", "removed", "added", "exchanged"],
)
def test_letters_set_meanwhile_by_another_program_stay(
    folder: MaildirFolder, others: str, expected: str
) -> None:
    path = _put(folder, "cur/1.a.h:2,Sb")
    (entry,) = folder.scan()
    path.rename(folder.path / "cur" / "1.a.h:2,Sbx")
    assert folder.set_flags(entry, SEEN | {Flag.FLAGGED}, others=others).others == expected


def test_a_letter_that_another_program_took_away_stays_away(folder: MaildirFolder) -> None:
    path = _put(folder, "cur/1.a.h:2,Sab")
    (entry,) = folder.scan()
    path.rename(folder.path / "cur" / "1.a.h:2,Sa")
    assert folder.set_flags(entry, SEEN, others="abc").name == "1.a.h:2,Sac"


def test_flags_that_are_set_already_rename_nothing(folder: MaildirFolder) -> None:
    _put(folder, "new/1.a.h")
    (entry,) = folder.scan()
    assert folder.set_flags(entry, NO_FLAGS) == entry
    assert _names(folder.scan()) == ["new/1.a.h"]


def test_flags_set_meanwhile_by_another_program_stay(folder: MaildirFolder) -> None:
    path = _put(folder, "cur/1.a.h:2,FR")
    (entry,) = folder.scan()
    path.rename(folder.path / "cur" / "1.a.h:2,FRTx")
    changed = folder.set_flags(entry, frozenset({Flag.ANSWERED, Flag.SEEN}))
    assert changed.name == "1.a.h:2,RSTx"


def test_the_same_change_by_another_program_is_no_error(folder: MaildirFolder) -> None:
    path = _put(folder, "new/1.a.h")
    (entry,) = folder.scan()
    path.rename(folder.path / "cur" / "1.a.h:2,S")
    assert folder.set_flags(entry, SEEN).name == "1.a.h:2,S"


def test_flags_of_a_message_that_is_gone_are_not_found(folder: MaildirFolder) -> None:
    path = _put(folder, "new/1.a.h")
    (entry,) = folder.scan()
    path.unlink()
    with pytest.raises(NotFound, match="gone"):
        folder.set_flags(entry, SEEN)
    with pytest.raises(NotFound, match="gone"):
        list(folder.open_wire(entry))


def test_setting_flags_overwrites_no_other_file(folder: MaildirFolder) -> None:
    _put(folder, "new/1.a.h", b"one")
    _put(folder, "cur/1.a.h:2,S", b"two")
    with pytest.raises(LocalError, match="exists"):
        folder.set_flags(Entry("new", "1.a.h"), SEEN)
    assert (folder.path / "cur/1.a.h:2,S").read_bytes() == b"two"
    assert (folder.path / "new/1.a.h").read_bytes() == b"one"


def test_a_message_is_removed_and_no_other(folder: MaildirFolder) -> None:
    path, other = _put(folder, "cur/1.a.h:2,S"), _put(folder, "cur/2.b.h:2,S")
    (entry,) = (entry for entry in folder.scan() if entry.unique == "1.a.h")
    assert folder.remove(entry)
    assert (path.exists(), other.exists()) == (False, True)
    assert folder.remove(entry)  # gone is gone


def test_a_message_seen_by_nobody_is_removed_from_where_it_went(folder: MaildirFolder) -> None:
    path = _put(folder, "new/1.a.h")
    (entry,) = folder.scan()
    path = path.rename(folder.path / "cur" / "1.a.h:2,")
    assert folder.remove(entry)
    assert not path.exists()


@pytest.mark.parametrize("name", ["1.a.h:2,F", "1.a.h:2,Sa"])
def test_a_message_that_another_program_changed_is_not_removed(
    folder: MaildirFolder, name: str
) -> None:
    path = _put(folder, "cur/1.a.h:2,S")
    (entry,) = folder.scan()
    path = path.rename(folder.path / "cur" / name)
    assert not folder.remove(entry)
    assert path.exists()


def test_a_message_is_read_although_another_program_renamed_it(folder: MaildirFolder) -> None:
    path = _put(folder, "new/1.a.h", b"a\nb\n")
    (entry,) = folder.scan()
    path.rename(folder.path / "cur" / "1.a.h:2,S")
    assert b"".join(folder.open_wire(entry)) == b"a\r\nb\r\n"


def test_a_symbolic_link_in_place_of_a_message_is_not_read(
    folder: MaildirFolder, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (folder.path / "cur" / "1.a.h:2,").symlink_to(tmp_path / "secret")
    with pytest.raises(LocalError):
        list(folder.open_wire(Entry("cur", "1.a.h:2,")))


def test_a_folder_is_made_once_and_may_be_made_again(maildir: Maildir) -> None:
    folder = maildir.folder(FolderName(("Work", "Clients")))
    assert not folder.exists()
    folder.create()
    folder.create()
    assert folder.exists()
    assert folder.scan() == []
    assert maildir.folders().names == (FolderName(("Work", "Clients")),)


def test_a_folder_half_made_is_completed(maildir: Maildir) -> None:
    folder = maildir.folder(INBOX)
    (folder.path / "tmp").mkdir(parents=True)
    assert maildir.folders().names == ()
    folder.create()
    assert folder.exists()


def test_a_file_in_the_way_of_a_folder_cannot_create(maildir: Maildir) -> None:
    maildir.root.mkdir()
    (maildir.root / "INBOX").touch()
    with pytest.raises(CannotCreate, match="INBOX"):
        maildir.folder(INBOX).create()


@pytest.mark.parametrize("link", ["Work", "Work/Clients", "Work/Clients/cur"])
def test_symbolic_links_below_the_root_are_refused(maildir: Maildir, link: str) -> None:
    folder = maildir.folder(FolderName(("Work", "Clients")))
    folder.create()
    moved = maildir.root.parent / "elsewhere"
    (maildir.root / link).rename(moved)
    (maildir.root / link).symlink_to(moved)
    for use in (folder.exists, folder.create, folder.scan, folder.remove_stale_tmp):
        with pytest.raises(LocalError, match="symbolic link"):
            use()


def test_the_root_itself_may_be_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "Mail").symlink_to("real")
    folder = Maildir(tmp_path / "Mail").folder(INBOX)
    folder.create()
    assert folder.exists()


@pytest.mark.parametrize("layout", Layout)
def test_every_folder_made_is_found(tmp_path: Path, layout: Layout) -> None:
    maildir = Maildir(tmp_path / "Mail", layout)
    names = [("INBOX",), ("INBOX", "x"), ("Work",), ("Work", "a.b"), ("Deep", "er", "cur")]
    for parts in names:
        maildir.folder(FolderName(parts)).create()
    assert {name.parts for name in maildir.folders().names} == set(names)
    assert maildir.folders().skipped == ()


def test_what_is_no_folder_is_left_out_and_what_looks_like_one_is_told(maildir: Maildir) -> None:
    maildir.folder(INBOX).create()
    MaildirFolder(maildir.root, PurePosixPath("100%")).create()
    (maildir.root / "INBOX" / "dovecot").mkdir()
    (maildir.root / ".notmuch" / "cur").mkdir(parents=True)
    (maildir.root / "linked").symlink_to(maildir.root / "INBOX")
    (maildir.root / "dangling").symlink_to("nowhere")
    (maildir.root / "file").touch()
    found = maildir.folders()
    assert found.names == (INBOX,)
    assert set(found.skipped) == {
        SkippedDirectory(
            maildir.root / "100%", "not a folder name of mailcli", FolderName(("100%",))
        ),
        SkippedDirectory(maildir.root / "linked", "a symbolic link"),
        SkippedDirectory(maildir.root / "dangling", "a symbolic link"),
    }


def test_a_missing_root_is_an_error_and_not_a_maildir_without_folders(maildir: Maildir) -> None:
    assert not maildir.exists()
    with pytest.raises(NotFound, match="no such Maildir"):
        maildir.folders()


each_layout = pytest.mark.parametrize("layout", Layout)


def _tree(root: Path, layout: Layout, *names: str) -> Maildir:
    maildir = Maildir(root, layout)
    for name in names:
        maildir.folder(FolderName.parse(name)).create()
    return maildir


@each_layout
def test_a_rename_takes_along_what_is_inside_and_nothing_else(
    tmp_path: Path, layout: Layout
) -> None:
    maildir = _tree(tmp_path / "m", layout, "INBOX", "Work", "Work/ä/b", "Workshop")
    kept = maildir.folder(FolderName.parse("Work/ä/b")).path / "new" / "1"
    kept.write_bytes(b"x")
    assert maildir.rename(FolderName.parse("Work"), FolderName.parse("Old/Büro"))
    found = set(map(str, maildir.folders().names))
    assert found == {"INBOX", "Old/Büro", "Old/Büro/ä/b", "Workshop"}
    moved = maildir.folder(FolderName.parse("Old/Büro/ä/b")).path / "new" / "1"
    assert moved.read_bytes() == b"x"


@each_layout
def test_a_folder_that_is_not_here_cannot_be_renamed_here(tmp_path: Path, layout: Layout) -> None:
    maildir = _tree(tmp_path / "m", layout, "INBOX")
    assert not maildir.rename(FolderName.parse("Work"), FolderName.parse("Old"))
    assert not Maildir(tmp_path / "none", layout).rename(FolderName(("a",)), FolderName(("b",)))
    assert list(map(str, maildir.folders().names)) == ["INBOX"]


@each_layout
def test_a_rename_overwrites_nothing(tmp_path: Path, layout: Layout) -> None:
    maildir = _tree(tmp_path / "m", layout, "Work", "Old")
    with pytest.raises(CannotCreate, match="exists already"):
        maildir.check_rename(FolderName.parse("Work"), FolderName.parse("Old"))
    assert not maildir.rename(FolderName.parse("Work"), FolderName.parse("Old"))
    assert list(map(str, maildir.folders().names)) == ["Old", "Work"]


def test_a_rename_follows_no_link(tmp_path: Path) -> None:
    maildir = _tree(tmp_path / "m", Layout.NESTED, "Work")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "m" / "Link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocalError, match="symbolic link"):
        maildir.rename(FolderName.parse("Work"), FolderName.parse("Link/Work"))
    with pytest.raises(LocalError, match="symbolic link"):
        maildir.rename(FolderName.parse("Link"), FolderName.parse("Other"))


def test_a_rename_that_was_stopped_half_way_is_completed(tmp_path: Path) -> None:
    maildir = _tree(tmp_path / "m", Layout.MAILDIRPP, "INBOX", "Office", "Work/Clients")
    assert maildir.rename(FolderName.parse("Work"), FolderName.parse("Office"))
    assert list(map(str, maildir.folders().names)) == ["INBOX", "Office", "Office/Clients"]
