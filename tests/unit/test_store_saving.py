"""Files saved under names that strangers gave: whole, private, inside, and over nothing."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailcli.errors import CannotCreate, LocalError
from mailcli.store.saving import PlannedDirectory, SaveDirectory


def names(name: str) -> Callable[[int], str]:
    return lambda count: f"{name}-{count}" if count else name


def saved(path: Path, *named: str, overwrite: bool = False) -> list[str]:
    """Save a file for each name, with the name's place in it; return their names."""
    with SaveDirectory.open(path, overwrite=overwrite) as directory:
        return [
            directory.save(names(name), [str(place).encode()]).name
            for place, name in enumerate(named)
        ]


def contents(path: Path) -> dict[str, str]:
    return {each.name: each.read_text() for each in path.iterdir()}


def test_a_file_is_private_and_alone(tmp_path: Path) -> None:
    target = tmp_path / "new" / "deep"

    assert saved(target, "a") == ["a"]

    assert contents(target) == {"a": "0"}
    assert stat.S_IMODE((target / "a").stat().st_mode) == 0o600
    assert (target / "a").stat().st_nlink == 1


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")

    assert saved(tmp_path, "a", "a") == ["a-1", "a-2"]

    assert contents(tmp_path) == {"a": "mine", "a-1": "0", "a-2": "1"}


def test_what_was_there_is_replaced_on_request_but_nothing_of_this_run(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "a-1").write_text("old")

    assert saved(tmp_path, "a", "a", overwrite=True) == ["a", "a-1"]

    assert contents(tmp_path) == {"a": "0", "a-1": "1"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_no_symbolic_link_is_followed(tmp_path: Path, overwrite: bool) -> None:
    target, outside = tmp_path / "dir", tmp_path / "outside"
    target.mkdir()
    outside.write_text("mine")
    (target / "a").symlink_to(outside)
    (target / "b").symlink_to(tmp_path / "dangling")

    found = saved(target, "a", "b", overwrite=overwrite)

    assert found == (["a", "b"] if overwrite else ["a-1", "b-1"])
    assert outside.read_text() == "mine"
    assert not (tmp_path / "dangling").exists()
    assert not any((target / name).is_symlink() for name in found)


def test_a_directory_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()

    assert saved(tmp_path, "a") == ["a-1"]
    with pytest.raises((CannotCreate, LocalError), match="a"):
        saved(tmp_path, "a", overwrite=True)

    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "a-1"]


def test_where_there_are_no_hard_links_nothing_is_overwritten_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a").write_text("mine")
    (tmp_path / "a-1").symlink_to(tmp_path / "dangling")

    assert saved(tmp_path, "a", "b") == ["a-2", "b"]

    (tmp_path / "a-1").unlink()
    assert contents(tmp_path) == {"a": "mine", "a-2": "0", "b": "1"}


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        assert len(list(tmp_path.iterdir())) == 1
        raise LocalError("the disk is broken")

    with SaveDirectory.open(tmp_path) as directory, pytest.raises(LocalError, match="broken"):
        directory.save(names("a"), pieces())

    assert list(tmp_path.iterdir()) == []


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        assert not (tmp_path / "a").exists()
        yield b" more"

    with SaveDirectory.open(tmp_path) as directory:
        directory.save(names("a"), pieces())

    assert contents(tmp_path) == {"a": "half more"}


def test_where_no_file_can_be_made_the_error_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotCreate, match="file"), SaveDirectory.open(tmp_path / "file"):
        pytest.fail("opened")


def test_the_directory_stays_the_one_that_was_opened(tmp_path: Path) -> None:
    target = tmp_path / "dir"
    with SaveDirectory.open(target) as directory:
        target.rename(tmp_path / "moved")
        target.symlink_to(tmp_path)
        directory.save(names("a"), [b"x"])

    assert (tmp_path / "moved" / "a").exists()
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_plan_says_what_would_be(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "a").write_text("mine")
    plan = PlannedDirectory(tmp_path, overwrite=overwrite)

    planned = [plan.save(names(name), []).name for name in ("a", "b", "a", "b")]

    assert contents(tmp_path) == {"a": "mine"}
    assert planned == saved(tmp_path, "a", "b", "a", "b", overwrite=overwrite)
