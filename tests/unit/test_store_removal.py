"""Removing a folder: only one that holds nothing, whatever happens meanwhile."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mailcli.errors import LocalError
from mailcli.model import Layout
from mailcli.store.folder import MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName

WORK, CLIENTS = FolderName(("Work",)), FolderName(("Work", "Clients"))
each_layout = pytest.mark.parametrize("layout", Layout)


@pytest.fixture
def maildir(tmp_path: Path) -> Maildir:
    return Maildir(tmp_path / "Mail")


@pytest.fixture
def work(maildir: Maildir) -> MaildirFolder:
    folder = maildir.folder(WORK)
    folder.create()
    return folder


def _put(folder: MaildirFolder, name: str) -> Path:
    path = folder.path / name
    path.write_bytes(b"a\n")
    return path


@each_layout
def test_an_empty_folder_is_removed(tmp_path: Path, layout: Layout) -> None:
    maildir = Maildir(tmp_path / "Mail", layout)
    folder = maildir.folder(CLIENTS)
    folder.create()
    maildir.folder(WORK).create()
    assert folder.remove_empty()
    assert not folder.path.exists()
    assert maildir.folders().names == (WORK,)
    assert folder.remove_empty()  # gone is gone


def test_what_means_nothing_without_messages_goes_too(work: MaildirFolder) -> None:
    for name in ("tmp/0.t.mailcli.1", "dovecot-uidlist", "dovecot.index.cache", "maildirfolder"):
        _put(work, name)
    assert work.remove_empty()
    assert not work.path.exists()


@each_layout
def test_folders_inside_stay(tmp_path: Path, layout: Layout) -> None:
    maildir = Maildir(tmp_path / "Mail", layout)
    work, clients = maildir.folder(WORK), maildir.folder(CLIENTS)
    work.create()
    clients.create()
    message = _put(clients, "new/1.a.h")
    index = _put(work, "dovecot-uidlist")
    assert work.remove_empty()
    assert (message.exists(), index.exists(), work.exists()) == (True, False, False)
    assert maildir.folders().names == (CLIENTS,)


@pytest.mark.parametrize(
    "name",
    [
        *("new/1.a.h", "cur/1.a.h:2,ST", "cur/.hidden", "tmp/1.under-way.h"),
        *("notes.txt", ".mbsyncstate", "courierimapuiddb"),
    ],
)
def test_a_folder_that_anything_lies_in_stays_as_it_is(work: MaildirFolder, name: str) -> None:
    paths = [_put(work, name), _put(work, "tmp/0.t.mailcli.1"), _put(work, "dovecot-uidlist")]
    assert not work.remove_empty()
    assert all(path.exists() for path in paths)
    assert work.exists()


def test_a_symbolic_link_inside_is_something(work: MaildirFolder, tmp_path: Path) -> None:
    (work.path / "dovecot-uidlist").symlink_to(tmp_path)
    assert not work.remove_empty()
    (work.path / "new").rename(tmp_path / "elsewhere")
    (work.path / "new").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocalError, match="symbolic link"):
        work.remove_empty()


def test_what_is_no_folder_is_not_made_one(maildir: Maildir) -> None:
    work = maildir.folder(WORK)
    work.path.mkdir(parents=True)
    kept = _put(work, "notes.txt")
    assert not work.remove_empty()
    assert list(work.path.iterdir()) == [kept]


def _when_removing(
    monkeypatch: pytest.MonkeyPatch, directory: str, act: Callable[[], object]
) -> None:
    real = os.rmdir

    def rmdir(path: str) -> None:
        if path.endswith(f"/{directory}"):
            act()
        real(path)

    monkeypatch.setattr(os, "rmdir", rmdir)


@pytest.mark.parametrize(
    ("directory", "name"),
    [("tmp", "tmp/1.a.h"), ("tmp", "new/1.a.h"), ("new", "new/1.a.h"), ("cur", "cur/1.a.h:2,")],
    ids=["a delivery begins", "a delivery ends", "a delivery ends late", "a message is seen"],
)
def test_a_message_that_comes_meanwhile_keeps_the_folder(
    work: MaildirFolder, monkeypatch: pytest.MonkeyPatch, directory: str, name: str
) -> None:
    _when_removing(monkeypatch, directory, lambda: _put(work, name))
    assert not work.remove_empty()
    assert (work.path / name).exists()
    assert work.exists()


def test_a_refusal_of_the_system_leaves_a_folder(
    work: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    _when_removing(monkeypatch, "cur", refuse)
    with pytest.raises(LocalError, match="Permission denied"):
        work.remove_empty()
    assert work.exists()


def test_a_folder_made_inside_at_the_last_moment_stays(
    work: MaildirFolder, maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    _when_removing(monkeypatch, "Work", lambda: maildir.folder(CLIENTS).create())
    assert work.remove_empty()
    assert maildir.folders().names == (CLIENTS,)
