"""The sum of a folder's file names: it follows our own changes, and shows those of others."""

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.errors import NotFound
from mailcli.model import Flag
from mailcli.store.entries import Entry, unique_name
from mailcli.store.folder import MaildirFolder
from mailcli.store.name_sum import NameSum
from mailcli.store.outline import Outline

NAMES = st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=8)


def sum_of(*names: str) -> str:
    total = NameSum()
    total.add_all(names)
    return total.text


def made(root: Path, name: str) -> MaildirFolder:
    folder = MaildirFolder(root, PurePosixPath(name))
    folder.create()
    folder.names = NameSum()
    return folder


def delivered(folder: MaildirFolder, token: str, raw: bytes = b"a\n") -> Entry:
    staged = folder.stage(unique_name(token, when=1))
    staged.write(raw)
    staged.close()
    (found,) = folder.deliver([staged])
    return found.entry


@pytest.fixture
def folder(tmp_path: Path) -> MaildirFolder:
    """An empty folder of which the sum is known."""
    return made(tmp_path, "INBOX")


def is_right(folder: MaildirFolder) -> bool:
    return folder.names is not None and folder.sum_names().text == folder.names.text


def test_a_sum_is_the_same_in_every_process_since_it_is_recorded() -> None:
    assert sum_of("1.t.mailcli:2,S") == (
        "650f023c88ebc2987595c1a2e36e90894b6f459cda38f49e612ccd15a742ad3d"
    )


@given(NAMES, NAMES)
def test_what_is_added_and_taken_in_any_order_leaves_the_sum_of_the_rest(
    kept: list[str], gone: list[str]
) -> None:
    total = NameSum(sum_of(*gone))
    for name in kept:
        total.add(name)
    for name in gone:
        total.take(name)
    assert total.text == sum_of(*reversed(kept))


@given(NAMES, NAMES)
def test_other_names_have_another_sum(some: list[str], others: list[str]) -> None:
    assert (sum_of(*some) == sum_of(*others)) == (sorted(some) == sorted(others))


def test_two_files_that_exchange_their_letters_make_another_sum() -> None:
    assert sum_of("1.a:2,F", "2.b:2,S") != sum_of("1.a:2,S", "2.b:2,F")


def test_names_that_no_text_can_be_are_summed_up_too() -> None:
    assert sum_of("\udcff:2,") != sum_of("\udcfe:2,")


def test_names_that_pass_by_are_summed_up(folder: MaildirFolder) -> None:
    names = [f"{number}.t:2,S" for number in range(1201)]
    for name in names:
        (folder.path / "cur" / name).touch()
    assert folder.scan_differing(Outline(0)).names.text == sum_of(*names)
    assert folder.sum_names().text == sum_of(*names)


def test_hidden_files_and_directories_are_no_messages(folder: MaildirFolder) -> None:
    (folder.path / "new" / ".hidden").touch()
    (folder.path / "cur" / "directory").mkdir()
    assert is_right(folder)


def test_a_folder_that_is_missing_has_no_sum(folder: MaildirFolder) -> None:
    (folder.path / "new").rmdir()
    with pytest.raises(NotFound):
        folder.sum_names()


def test_the_sum_follows_what_we_do(folder: MaildirFolder, tmp_path: Path) -> None:
    first, second = delivered(folder, "one"), delivered(folder, "two")
    other = made(tmp_path, "Work")
    assert is_right(folder)
    first = folder.set_flags(first, frozenset({Flag.SEEN}), others="a")
    assert is_right(folder)
    adopted = other.adopt(first, folder, others="")
    assert is_right(folder)
    assert is_right(other)
    assert other.remove(adopted)
    assert folder.remove(second)
    assert is_right(folder)
    assert is_right(other)
    assert sum_of() == folder.sum_names().text


def test_the_sum_follows_a_file_that_is_there_already(
    folder: MaildirFolder, tmp_path: Path
) -> None:
    other = made(tmp_path, "Work")
    entry = delivered(folder, "one")
    delivered(other, "one")
    delivered(folder, "one")
    delivered(folder, "one", b"others\n")
    assert is_right(folder)
    other.adopt(entry, folder, others="")
    assert is_right(folder)
    assert is_right(other)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_name_that_another_program_gives_is_not_in_the_sum(
    folder: MaildirFolder, when: str
) -> None:
    entry = delivered(folder, "one")
    there = folder.path_of(entry)
    if when == "before":
        there = there.rename(folder.path / "cur" / f"{entry.unique}:2,F")
    folder.set_flags(entry, frozenset({Flag.SEEN}))
    if when == "after":
        (found,) = folder.scan()
        folder.path_of(found).rename(folder.path / "cur" / f"{entry.unique}:2,")
    assert not is_right(folder)
