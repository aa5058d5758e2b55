"""Delivery: the durable order, full disks, names that are taken, and what is stored."""

import errno
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mailcli.errors import CannotCreate, LocalError
from mailcli.model import Flag
from mailcli.store.entries import NO_FLAGS, unique_name
from mailcli.store.files import CHUNK
from mailcli.store.folder import Delivered, MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX
from mailcli.store.staging import Staged

MESSAGE = b"Subject: x\r\n\r\nhello\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> MaildirFolder:
    folder = Maildir(tmp_path / "Mail").folder(INBOX)
    folder.create()
    return folder


def _stage(folder: MaildirFolder, token: str, wire: bytes = MESSAGE, step: int = 10_000) -> Staged:
    staged = folder.stage(unique_name(token, when=1_700_000_000))
    for at in range(0, len(wire), step):
        staged.write(wire[at : at + step])
    return staged


def _deliver(folder: MaildirFolder, token: str, wire: bytes = MESSAGE) -> Delivered:
    staged = _stage(folder, token, wire)
    staged.close()
    return folder.deliver([staged])[0]


def _files(folder: MaildirFolder) -> list[str]:
    return sorted(str(path.relative_to(folder.path)) for path in folder.path.glob("*/*"))


def _record(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[tuple[str, str]]:
    """Record calls of os: what was called, and the file name or the directory of what was hit."""
    calls: list[tuple[str, str]] = []

    def recorded(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(target: int | str, *args: object, **options: object) -> object:
            link = f"/proc/self/fd/{target}"
            calls.append((name, str(Path(link).readlink()) if isinstance(target, int) else target))
            return real(target, *args, **options)

        return call

    for name in names:
        monkeypatch.setattr(os, name, recorded(name, getattr(os, name)))
    return calls


def test_a_batch_is_written_then_durable_then_visible_then_its_directories_durable(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _record(monkeypatch, "write", "fsync", "link", "unlink")
    batch = [_stage(folder, token) for token in ("a", "b")]
    batch[0].close()
    batch[1].close(flags=frozenset({Flag.SEEN}))
    paths = [staged.path for staged in batch]
    folder.deliver(batch)
    assert calls == [
        *(("write", path) for path in paths),
        *(("fsync", path) for path in paths),
        ("link", paths[0]),
        ("unlink", paths[0]),
        ("link", paths[1]),
        ("unlink", paths[1]),
        ("fsync", str(folder.path / "cur")),
        ("fsync", str(folder.path / "new")),
    ]


def test_a_message_that_nobody_holds_any_more_is_taken_away(folder: MaildirFolder) -> None:
    staged = _stage(folder, "1")
    staged.close()
    assert Path(staged.path).exists()

    del staged

    assert _files(folder) == []


def test_a_message_without_flags_goes_to_new_and_one_with_flags_to_cur(
    folder: MaildirFolder,
) -> None:
    plain, flagged = _stage(folder, "a"), _stage(folder, "b")
    plain.close()
    flagged.close(flags=frozenset({Flag.SEEN, Flag.ANSWERED}), others="a")
    folder.deliver([plain, flagged])
    assert _files(folder) == [
        "cur/1700000000.b.mailcli:2,RSa",
        "new/1700000000.a.mailcli",
    ]


def test_digest_and_size_are_those_of_the_wire_and_the_file_has_lf(folder: MaildirFolder) -> None:
    delivered = _deliver(folder, "a")
    assert delivered.sha256 == sha256(MESSAGE).digest()
    assert delivered.size == len(MESSAGE)
    assert folder.path_of(delivered.entry).read_bytes() == MESSAGE.replace(b"\r\n", b"\n")
    assert b"".join(folder.open_wire(delivered.entry)) == MESSAGE


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"\n",
        b"a\nb\n",
        b"a\r\nb\n",
        b"a\r",
        MESSAGE * 10_000,
        MESSAGE * 10_000 + b"late\n",
        MESSAGE * 10_000 + b"\r",
        b"x" * (CHUNK - 1) + b"\r\n" + b"y",
    ],
    ids=["empty", "lf", "bare lf", "mixed", "cr", "long", "late lf", "late cr", "at the edge"],
)
@pytest.mark.parametrize("step", [1000, CHUNK, 10_000_000])
def test_every_message_is_restored_octet_by_octet(
    folder: MaildirFolder, wire: bytes, step: int
) -> None:
    staged = _stage(folder, "a", wire, step)
    staged.close()
    (delivered,) = folder.deliver([staged])
    assert b"".join(folder.open_wire(delivered.entry)) == wire
    assert delivered.sha256 == sha256(wire).digest()
    assert [path for path in _files(folder) if path.startswith("tmp")] == []


def test_a_message_with_lf_only_is_marked_and_stays_so_when_flagged(folder: MaildirFolder) -> None:
    delivered = _deliver(folder, "a", b"a\nb\n")
    assert delivered.entry.name == "1700000000.a.mailcli,V"
    flagged = folder.set_flags(delivered.entry, frozenset({Flag.SEEN}))
    assert flagged.token == "a"
    assert b"".join(folder.open_wire(flagged)) == b"a\nb\n"


def test_files_are_private_and_have_the_time_of_receipt(folder: MaildirFolder) -> None:
    staged = _stage(folder, "a")
    staged.close(received=1_600_000_000)
    (delivered,) = folder.deliver([staged])
    status = folder.path_of(delivered.entry).stat()
    assert status.st_mode & 0o777 == 0o600
    assert status.st_mtime == 1_600_000_000
    for path in (folder.path, folder.path.parent, *folder.path.iterdir()):
        assert path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_failing_write_leaves_nothing_and_is_a_local_error(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def write(descriptor: int, data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    staged = _stage(folder, "a")
    monkeypatch.setattr(os, "write", write)
    with pytest.raises(LocalError) as failed:
        staged.close()
    assert os.strerror(number) in failed.value.message
    assert str(folder.path) in failed.value.message
    assert bool(failed.value.hint) == (number != errno.EIO)
    assert _files(folder) == []


def test_a_disk_that_fills_up_while_a_message_is_turned_back_leaves_nothing(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = _stage(folder, "a", b"x\r\n" * CHUNK)
    real, left = os.write, [3]

    def write(descriptor: int, data: bytes) -> int:
        left[0] -= 1
        if not left[0]:
            raise OSError(errno.ENOSPC, "full")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(LocalError, match="No space left"):
        staged.write(b"\n" * CHUNK)
    assert _files(folder) == []


def test_a_message_that_cannot_be_turned_back_for_lack_of_files_leaves_nothing(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = _stage(folder, "a", b"x\r\n" * CHUNK)

    def refuse(*args: object) -> int:
        raise OSError(errno.EMFILE, "too many")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(LocalError, match="Too many open files"):
        staged.write(b"\n" * CHUNK)
    assert _files(folder) == []


def test_short_writes_lose_nothing(folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:3]))
    delivered = _deliver(folder, "a")
    assert b"".join(folder.open_wire(delivered.entry)) == MESSAGE


def test_when_one_file_cannot_be_made_durable_none_of_the_batch_is_visible(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [_stage(folder, token) for token in ("a", "b")]
    for staged in batch:
        staged.close()
    real, left = os.fsync, [2]

    def fsync(descriptor: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise OSError(errno.EIO, "broken")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(LocalError, match="Input/output error"):
        folder.deliver(batch)
    assert _files(folder) == []


def test_a_directory_that_cannot_be_made_durable_fails_the_delivery(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = _stage(folder, "a")
    staged.close()
    real, left = os.fsync, [2]

    def fsync(descriptor: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise OSError(errno.EIO, "broken")
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(LocalError, match=r"INBOX/new: Input/output error"):
            folder.deliver([staged])
    assert set(folder.tokens()) == {"a"}


def test_where_links_fail_in_the_middle_the_rest_is_abandoned_and_found_by_token(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [_stage(folder, token) for token in ("a", "b", "c")]
    for staged in batch:
        staged.close()
    real, left = os.link, [2]

    def link(source: str, target: str) -> None:
        left[0] -= 1
        if not left[0]:
            raise OSError(errno.ENOSPC, "full")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", link)
        with pytest.raises(LocalError, match="No space left"):
            folder.deliver(batch)
    assert _files(folder) == ["new/1700000000.a.mailcli"]
    assert set(folder.tokens()) == {"a"}


def test_without_hard_links_messages_are_renamed_and_still_overwrite_nothing(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(source: str, target: str) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", link)
    _deliver(folder, "a", b"one\r\n")
    _deliver(folder, "a", b"two\r\n")
    contents = {(folder.path / name).read_bytes() for name in _files(folder)}
    assert contents == {b"one\n", b"two\n"}


def test_other_content_under_a_taken_name_gets_a_number(folder: MaildirFolder) -> None:
    for wire in (b"one\r\n", b"two\r\n", b"three\n"):
        _deliver(folder, "a", wire)
        _deliver(folder, "b", wire)
    assert _files(folder) == [
        "new/1700000000.a+2.mailcli",
        "new/1700000000.a.mailcli",
        "new/1700000000.a.mailcli,V",
        "new/1700000000.b+2.mailcli",
        "new/1700000000.b.mailcli",
        "new/1700000000.b.mailcli,V",
    ]


def test_the_same_message_delivered_again_is_there_once(folder: MaildirFolder) -> None:
    first, second = _stage(folder, "a"), _stage(folder, "a")
    first.close()
    second.close()
    one, two = folder.deliver([first, second])
    assert one == two == _deliver(folder, "a")
    assert _files(folder) == ["new/1700000000.a.mailcli"]


def test_a_name_left_in_tmp_by_a_killed_run_is_in_nobodys_way(folder: MaildirFolder) -> None:
    number = int(_stage(folder, "a").path.rpartition(".")[2])
    (folder.path / "tmp" / f"1700000000.b.mailcli.{number + 1}").write_bytes(b"half a mess")
    delivered = _deliver(folder, "b")
    assert b"".join(folder.open_wire(delivered.entry)) == MESSAGE


def test_an_abandoned_message_leaves_nothing_and_cannot_be_delivered(
    folder: MaildirFolder,
) -> None:
    staged = _stage(folder, "a")
    staged.close()
    staged.abandon()
    staged.abandon()
    with pytest.raises(ValueError, match="not ready"):
        folder.deliver([staged])
    assert _files(folder) == []


def test_one_unfinished_message_keeps_the_whole_batch_from_being_visible(
    folder: MaildirFolder,
) -> None:
    done = _stage(folder, "a")
    done.close()
    with pytest.raises(ValueError, match="not ready"):
        folder.deliver([done, _stage(folder, "b")])
    assert _files(folder) == []


def test_a_block_that_fails_abandons_its_message(folder: MaildirFolder) -> None:
    def interrupted() -> None:
        with folder.stage(unique_name("a", when=1)) as staged:
            staged.write(MESSAGE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert _files(folder) == []


def test_no_file_stays_open(folder: MaildirFolder) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    _deliver(folder, "a")
    _deliver(folder, "b", b"x\r\n" * CHUNK + b"\n")
    _stage(folder, "c").abandon()
    list(folder.open_wire(folder.scan()[0]))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_an_empty_batch_is_delivered_without_effects(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _record(monkeypatch, "fsync", "link")
    assert folder.deliver([]) == []
    assert calls == []


def test_staging_into_a_folder_that_is_gone_cannot_create(tmp_path: Path) -> None:
    with pytest.raises(CannotCreate, match="No such file"):
        Maildir(tmp_path).folder(INBOX).stage(unique_name("a", when=1))


def test_only_our_own_leftovers_are_removed_from_tmp(folder: MaildirFolder) -> None:
    of_a_killed_run = _stage(folder, "a")
    of_a_killed_run.close()
    for name in ("1700000000.M1P2.host", "1.mailcli", "x.a.mailcli.1"):
        (folder.path / "tmp" / name).touch()
    assert folder.remove_stale_tmp() == 1
    assert _files(folder) == ["tmp/1.mailcli", "tmp/1700000000.M1P2.host", "tmp/x.a.mailcli.1"]


@pytest.mark.parametrize("when", ["before it is placed", "before it leaves tmp"])
def test_a_message_whose_file_another_run_takes_for_a_leftover_is_delivered(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    staged = folder.stage(unique_name("a", when=1))
    staged.write(b"Subject: a\r\n\r\n")
    staged.close(received=77)
    link = os.link

    def raced(source: str, target: str) -> None:
        monkeypatch.undo()
        if when == "before it is placed":
            assert folder.remove_stale_tmp() == 1
        link(source, target)
        if when == "before it leaves tmp":
            assert folder.remove_stale_tmp() == 1

    monkeypatch.setattr(os, "link", raced)

    (delivered,) = folder.deliver([staged])

    path = folder.path_of(delivered.entry)
    assert (path.read_bytes(), int(path.stat().st_mtime)) == (b"Subject: a\n\n", 77)
    assert _files(folder) == [f"new/{delivered.entry.name}"]


def test_what_is_found_by_token_is_made_durable_first(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered = _deliver(folder, "a")
    (folder.path / "new" / "1.M2P3.host").touch()
    calls = _record(monkeypatch, "fsync")
    assert folder.tokens() == {"a": delivered.entry}
    assert {path for _, path in calls} == {str(folder.path / "new"), str(folder.path / "cur")}


def test_a_token_is_found_after_another_program_has_flagged_the_message(
    folder: MaildirFolder,
) -> None:
    entry = _deliver(folder, "a").entry
    folder.path_of(entry).rename(folder.path / "cur" / f"{entry.name},S=20:2,S")
    assert folder.tokens()["a"].flags == {Flag.SEEN}


@pytest.mark.parametrize("token", ["", "a.b", "a/b", "a:b", "a,b", "a+b", "ä", "x" * 161])
def test_a_token_that_would_not_be_found_again_is_a_defect(token: str) -> None:
    with pytest.raises(ValueError, match="not a token"):
        unique_name(token, when=1)


def test_a_time_before_1970_still_makes_a_name_of_ours(folder: MaildirFolder) -> None:
    assert unique_name("a", when=-5) == "0.a.mailcli"
    staged = _stage(folder, "a")
    staged.close(flags=NO_FLAGS, received=-5)
    assert len(folder.deliver([staged])) == 1
