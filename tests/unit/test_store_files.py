"""Durable primitives: the order of effects, and errors that name what to do."""

import errno
import os
from pathlib import Path

import pytest

from mailcli.errors import CannotCreate, LocalError
from mailcli.store.files import fsync_directory, local_error, make_private_directory


def _record(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    calls: list[tuple[str, str]] = []
    mkdir, fsync = os.mkdir, os.fsync

    def recorded_mkdir(path: Path, mode: int) -> None:
        calls.append(("mkdir", str(path)))
        mkdir(path, mode)

    def recorded_fsync(descriptor: int) -> None:
        calls.append(("fsync", str(Path(f"/proc/self/fd/{descriptor}").readlink())))
        fsync(descriptor)

    monkeypatch.setattr(os, "mkdir", recorded_mkdir)
    monkeypatch.setattr(os, "fsync", recorded_fsync)
    return calls


def test_each_directory_is_durable_before_the_next_is_made_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _record(monkeypatch)
    make_private_directory(tmp_path / "a" / "b")
    assert calls == [
        ("fsync", str(tmp_path.parent)),
        ("mkdir", str(tmp_path / "a")),
        ("fsync", str(tmp_path)),
        ("mkdir", str(tmp_path / "a" / "b")),
        ("fsync", str(tmp_path / "a")),
    ]


def test_a_directory_that_is_there_is_made_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _record(monkeypatch)
    make_private_directory(tmp_path)
    assert calls == [("fsync", str(tmp_path.parent))]


def test_directories_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_private_directory(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    for path in (tmp_path / "a", tmp_path / "a" / "b"):
        assert path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("what", ["file", "dangling link"])
def test_something_else_of_that_name_cannot_create(tmp_path: Path, what: str) -> None:
    path = tmp_path / "a"
    path.touch() if what == "file" else path.symlink_to("nowhere")
    with pytest.raises(CannotCreate, match="File exists"):
        make_private_directory(path)


def test_a_directory_made_by_another_program_meanwhile_is_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.mkdir

    def mkdir(path: Path, mode: int) -> None:
        real(path, mode)
        raise FileExistsError(errno.EEXIST, "made twice")

    monkeypatch.setattr(os, "mkdir", mkdir)
    make_private_directory(tmp_path / "a")
    assert (tmp_path / "a").is_dir()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_without_fsync_of_directories_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    tried = []

    def fsync(descriptor: int) -> None:
        tried.append(descriptor)
        raise OSError(number, "no such thing here")

    monkeypatch.setattr(os, "fsync", fsync)
    fsync_directory(tmp_path)
    assert len(tried) == 1


def test_a_directory_that_the_disk_did_not_take_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(LocalError, match="Input/output error"):
        fsync_directory(tmp_path)


def test_a_directory_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="No such file"):
        fsync_directory(tmp_path / "gone")


@pytest.mark.parametrize(
    ("number", "creating", "kind", "hinted"),
    [
        (errno.ENOSPC, True, LocalError, "space"),
        (errno.EDQUOT, False, LocalError, "quota"),
        (errno.EFBIG, False, LocalError, "limit"),
        (errno.EACCES, True, CannotCreate, "belong to you"),
        (errno.EACCES, False, LocalError, "belong to you"),
        (errno.EROFS, True, CannotCreate, "read-only"),
        (errno.EMFILE, True, LocalError, "ulimit"),
        (errno.EIO, False, LocalError, ""),
    ],
)
def test_an_error_names_the_path_the_cause_and_the_next_step(
    number: int, creating: bool, kind: type[LocalError | CannotCreate], hinted: str
) -> None:
    error = local_error(OSError(number, "x"), Path("/mail/a"), creating=creating)
    assert type(error) is kind
    assert error.message == f"/mail/a: {os.strerror(number)}"
    assert hinted in error.hint
