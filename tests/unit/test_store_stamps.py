"""Time stamps that stand for a folder's files: when they prove something, and when not."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mailcli.store.stamps import Clock, Stamps, ask_clock, read_stamps

SECOND = 1_000_000_000
NOON = 1_700_000_000 * SECOND + 123_456_789


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one message and its keywords."""
    path = tmp_path / "Mail" / "INBOX"
    for name in ("cur", "new", "tmp"):
        (path / name).mkdir(parents=True)
    (path / "cur" / "1.a:2,S").write_bytes(b"a")
    (path / "dovecot-keywords").write_text("0 work\n")
    return path


def text_of(folder: Path) -> str:
    """Return what the state would hold of a folder."""
    stamps = read_stamps(str(folder))
    assert stamps is not None
    return stamps.text


def stamps_at(*changed: int, modified: int | None = None, device: int = 1) -> Stamps:
    """Return the stamps of a folder that was changed at these times."""
    first = changed[0] if modified is None else modified
    return Stamps("", frozenset({device}), (first, *changed[1:]), changed)


# -- what changes them -------------------------------------------------------------------------


def _deliver(folder: Path) -> None:
    (folder / "tmp" / "2.b").write_bytes(b"b")
    (folder / "tmp" / "2.b").rename(folder / "new" / "2.b")


def _flag(folder: Path) -> None:
    (folder / "cur" / "1.a:2,S").rename(folder / "cur" / "1.a:2,FS")


def _remove(folder: Path) -> None:
    (folder / "cur" / "1.a:2,S").unlink()


def _give_a_letter(folder: Path) -> None:
    (folder / "tmp" / "keywords").write_text("0 work\n1 home\n")
    (folder / "tmp" / "keywords").replace(folder / "dovecot-keywords")


def _forget_letters(folder: Path) -> None:
    (folder / "dovecot-keywords").unlink()


def _deliver_and_set_the_time_back(folder: Path) -> None:
    before = (folder / "new").stat()
    _deliver(folder)
    os.utime(folder / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (folder / "new").stat().st_mtime_ns == before.st_mtime_ns


def _restore_a_copy(folder: Path) -> None:
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    shutil.rmtree(folder)
    copy.rename(folder)


@pytest.mark.parametrize(
    "change",
    [
        _deliver,
        _flag,
        _remove,
        _give_a_letter,
        _forget_letters,
        _deliver_and_set_the_time_back,
        _restore_a_copy,
    ],
)
def test_whatever_another_program_does_changes_the_stamps(
    folder: Path, change: Callable[[Path], None]
) -> None:
    before = text_of(folder)
    _let_the_clock_move(folder)

    change(folder)

    assert text_of(folder) != before


def test_what_is_written_to_tmp_or_read_changes_nothing(folder: Path) -> None:
    before = text_of(folder)
    _let_the_clock_move(folder)

    (folder / "tmp" / "2.b").write_bytes(b"b")
    (folder / "cur" / "1.a:2,S").read_bytes()
    list((folder / "cur").iterdir())

    assert text_of(folder) == before


@pytest.mark.parametrize("name", ["cur", "new"])
def test_a_folder_that_is_half_missing_has_none(folder: Path, name: str) -> None:
    shutil.rmtree(folder / name)

    assert read_stamps(str(folder)) is None


def test_a_link_in_the_place_of_a_directory_has_none(folder: Path) -> None:
    (folder / "cur").rename(folder / "elsewhere")
    (folder / "cur").symlink_to("elsewhere")

    assert read_stamps(str(folder)) is None


# -- when they are trusted ---------------------------------------------------------------------


def test_a_change_within_the_step_of_the_clock_is_not_told_and_so_not_trusted(
    folder: Path,
) -> None:
    """Two changes in one step leave equal stamps: the first of them must not be trusted."""
    hidden = 0
    for number in range(50):
        (folder / "new" / f"{number}.x").write_bytes(b"x")
        clock = ask_clock(folder, scratch=folder)
        listed = read_stamps(str(folder))
        (folder / "new" / f"{number}.y").write_bytes(b"y")
        assert clock is not None
        assert listed is not None
        if text_of(folder) == listed.text:
            hidden += 1
            assert not listed.are_older_than(clock)
    print(f"{hidden} of 50 changes were hidden")  # noqa: T201 - how coarse the clock is


def test_stamps_of_a_folder_at_rest_are_trusted(folder: Path) -> None:
    _let_the_clock_move(folder)
    clock = ask_clock(folder, scratch=folder)
    stamps = read_stamps(str(folder))
    assert clock is not None
    assert stamps is not None
    assert stamps.are_older_than(clock)


@pytest.mark.parametrize(
    ("stamps", "trusted"),
    [
        pytest.param(stamps_at(NOON - 1), True, id="older"),
        pytest.param(stamps_at(NOON), False, id="the same step"),
        pytest.param(stamps_at(NOON + SECOND), False, id="the clock was set back since"),
        pytest.param(stamps_at(NOON - 1, NOON), False, id="one of several in the same step"),
        pytest.param(stamps_at(NOON - 1, modified=NOON), False, id="modified in the same step"),
        pytest.param(stamps_at(NOON - 1, modified=0), True, id="a time that was set back"),
        pytest.param(
            stamps_at(NOON - 1, modified=NOON + SECOND), False, id="a time of the future"
        ),
        pytest.param(stamps_at(NOON - 1, device=2), False, id="another file system"),
        pytest.param(
            stamps_at(NOON // SECOND * SECOND - SECOND), False, id="whole seconds tell too little"
        ),
    ],
)
def test_stamps_are_trusted_when_any_later_change_would_show(
    stamps: Stamps, *, trusted: bool
) -> None:
    assert stamps.are_older_than(Clock(1, NOON, NOON)) is trusted


# -- the clock ---------------------------------------------------------------------------------


def test_the_clock_leaves_nothing_behind(folder: Path) -> None:
    own = folder.with_name("own")
    own.mkdir()
    before = folder.stat().st_mtime_ns, sorted(folder.iterdir())

    assert ask_clock(folder, scratch=own) is not None

    assert (folder.stat().st_mtime_ns, sorted(folder.iterdir())) == before
    assert list(own.iterdir()) == []


def test_what_a_killed_run_left_of_the_clock_does_not_tell_the_time(folder: Path) -> None:
    left = folder / ".mailcli-clock"
    left.write_bytes(b"")
    old = left.stat().st_ctime_ns
    _let_the_clock_move(folder)

    clock = ask_clock(folder, scratch=folder)

    assert clock is not None
    assert clock.changed_ns > old
    assert not left.exists()


def test_the_clock_is_that_of_the_maildirs_file_system(folder: Path) -> None:
    with TemporaryDirectory(dir="/dev/shm") as elsewhere:
        clock = ask_clock(folder, scratch=Path(elsewhere))
        other = ask_clock(Path(elsewhere), scratch=folder)

    assert clock is not None
    assert other is not None
    assert (clock.device, other.device) == (folder.stat().st_dev, Path("/dev/shm").stat().st_dev)


def test_where_nothing_can_be_written_the_clock_says_nothing(folder: Path) -> None:
    assert ask_clock(folder / "missing", scratch=folder) is None


def _let_the_clock_move(folder: Path) -> None:
    """Wait until the clock of the file system says something else."""
    first = ask_clock(folder, scratch=folder)
    assert first is not None
    while (now := ask_clock(folder, scratch=folder)) and now.changed_ns <= first.changed_ns:
        pass
