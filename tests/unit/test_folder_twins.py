"""Folders of a server that share a directory on a file system that ignores case."""

from pathlib import Path

import pytest

from mailcli.app.folder_twins import as_spelled, refused_twins
from mailcli.errors import Exit
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName


class Folding(Maildir):
    """A Maildir on a file system that ignores case and normalisation: none is at hand."""

    def folds_names(self) -> bool:
        return True


def names(*texts: str) -> list[FolderName]:
    return [FolderName.parse(text) for text in texts]


@pytest.mark.parametrize(
    ("known", "there", "refused"),
    [
        ((), ("Work", "work"), {"work"}),
        ((), ("work", "Work", "WORK"), {"Work", "WORK"}),
        (("work",), ("Work", "work"), {"Work"}),
        (("Work",), ("work",), {"work"}),
        ((), ("caf\u00e9", "cafe\u0301"), {"cafe\u0301"}),
        ((), ("Work", "work/Clients"), {"work/Clients"}),
        ((), ("Work", "Works", "Work/a", "Work/A"), {"Work/A"}),
    ],
)
def test_the_second_spelling_is_refused_where_both_are_one_directory(
    tmp_path: Path, known: tuple[str, ...], there: tuple[str, ...], refused: set[str]
) -> None:
    found = refused_twins(Folding(tmp_path), names(*known), names(*there))

    assert set(map(str, found)) == refused
    assert {error.exit_code for error in found.values()} == {Exit.PROTOCOL}


def test_all_spellings_are_mirrored_where_each_has_its_directory(tmp_path: Path) -> None:
    assert refused_twins(Maildir(tmp_path), [], names("Work", "work", "WORK")) == {}
    assert not list(tmp_path.iterdir()), "nothing is left of what it took to find out"


def test_a_folder_that_is_listed_in_another_spelling_is_the_one_that_is_known(
    tmp_path: Path,
) -> None:
    found, known = names("cafe\u0301", "work", "Mine"), names("caf\u00e9", "Work", "Theirs")

    assert as_spelled(Folding(tmp_path), found, known) == set(names("caf\u00e9", "Work", "Mine"))
    assert as_spelled(Maildir(tmp_path), found, known) == set(found)


def test_where_nothing_can_be_made_nothing_is_taken_for_the_same(tmp_path: Path) -> None:
    assert not Maildir(tmp_path / "not" / "there").folds_names()
    assert not list(tmp_path.iterdir())
