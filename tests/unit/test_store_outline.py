"""Files held against those that there should be, without holding either."""

from itertools import pairwise
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.errors import NotFound
from mailcli.store.folder import MaildirFolder
from mailcli.store.outline import MOST_PARTS, Outline

UNIQUES = [f"{number}.t.mailcli" for number in range(1000)]


def outline_of(*uniques: str, letters: str = "") -> Outline:
    outline = Outline(len(uniques))
    for unique in uniques:
        outline.expect(unique, letters)
    return outline


@pytest.fixture
def folder(tmp_path: Path) -> MaildirFolder:
    folder = MaildirFolder(tmp_path, PurePosixPath("INBOX"))
    folder.create()
    return folder


def test_what_is_as_expected_is_in_no_part_that_differs() -> None:
    outline = outline_of(*UNIQUES, letters="FS")
    parts = outline.differing(f"{unique}:2,FS" for unique in reversed(UNIQUES))
    assert not any(unique in parts for unique in UNIQUES)


@pytest.mark.parametrize("name", ["{}", "{}:2,", "{}:1,x", "{}:2,SF"])
def test_a_file_without_just_the_letters_that_are_expected_differs(name: str) -> None:
    parts = outline_of("u", letters="FS").differing([name.format("u")])
    assert "u" in parts


@pytest.mark.parametrize("name", ["u", "u:2,"])
def test_a_file_without_letters_is_the_same_with_and_without_the_empty_list(name: str) -> None:
    assert "u" not in outline_of("u").differing([name])


@pytest.mark.parametrize("about", [1, 2, 100])
def test_letters_that_two_files_have_exchanged_are_seen(about: int) -> None:
    for one, other in pairwise(UNIQUES):
        outline = Outline(about)
        outline.expect(one, "S")
        outline.expect(other, "F")
        parts = outline.differing([f"{one}:2,F", f"{other}:2,S"])
        assert one in parts
        assert other in parts


@given(st.sets(st.sampled_from(UNIQUES)), st.sets(st.sampled_from(UNIQUES)))
def test_every_file_that_is_missing_or_not_expected_differs(
    expected: set[str], there: set[str]
) -> None:
    parts = outline_of(*expected).differing(there)
    assert all(unique in parts for unique in expected ^ there)


@pytest.mark.parametrize("about", [len(UNIQUES), 10 * MOST_PARTS])
def test_few_files_are_looked_at_beside_those_that_differ(about: int) -> None:
    outline = Outline(about)
    for unique in UNIQUES:
        outline.expect(unique)
    parts = outline.differing(UNIQUES[1:])
    assert sum(unique in parts for unique in UNIQUES) < 20


def test_an_outline_of_few_files_has_few_parts() -> None:
    none_differ = outline_of("u").differing(["u"])
    assert not any(unique in none_differ for unique in UNIQUES)
    one_differs = outline_of("u").differing(["u", "v"])
    assert all(unique in one_differs for unique in UNIQUES)


def test_what_is_exposed_is_looked_at_though_it_is_as_expected() -> None:
    outline = outline_of("u")
    outline.expose("u")
    assert "u" in outline.differing(["u"])


def test_one_unique_name_under_two_file_names_differs() -> None:
    assert "u" in outline_of("u", letters="S").differing(["u", "u:2,S"])


def test_an_outline_of_names_alone_takes_a_file_with_any_letters() -> None:
    outline = Outline(1, with_letters=False)
    outline.expect("u")
    assert "u" not in outline.differing(["u:2,FSab"])


def test_a_folder_lists_what_differs_and_nothing_that_does_not(folder: MaildirFolder) -> None:
    for unique in UNIQUES:
        (folder.path / "cur" / f"{unique}:2,S").touch()
    outline = outline_of(*UNIQUES, letters="S")
    (folder.path / "cur" / f"{UNIQUES[7]}:2,S").rename(folder.path / "cur" / f"{UNIQUES[7]}:2,FS")
    (folder.path / "new" / "stray").touch()
    entries, parts, _ = folder.scan_differing(outline)
    names = {entry.name for entry in entries}
    assert names >= {f"{UNIQUES[7]}:2,FS", "stray"}
    assert len(names) < 20
    assert all(entry.unique in parts for entry in entries)


def test_a_file_that_goes_between_the_two_readings_makes_both_be_done_again(
    folder: MaildirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.path / "cur" / "u:2,S"
    path.touch()
    real = Outline.differing

    def differing(outline: Outline, names: object) -> object:
        found = real(outline, names)  # type: ignore[arg-type]
        path.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(Outline, "differing", differing)
    entries, parts, _ = folder.scan_differing(outline_of("u", letters="S"))
    assert entries == []
    assert "u" in parts


def test_a_folder_that_is_missing_is_not_one_that_differs(folder: MaildirFolder) -> None:
    (folder.path / "new").rmdir()
    with pytest.raises(NotFound):
        folder.scan_differing(Outline(0))


def test_a_listing_among_some_names_has_no_others(folder: MaildirFolder) -> None:
    for name in ("a:2,S", "b"):
        (folder.path / "cur" / name).touch()
    assert [entry.unique for entry in folder.scan(among={"b", "c"})] == ["b"]


@pytest.mark.parametrize(
    ("path", "letters"), [("new/u", ""), ("cur/u", ""), ("cur/u:2,", ""), ("cur/u:2,FS", "FS")]
)
def test_a_file_with_the_letters_that_it_had_is_located_without_a_listing(
    folder: MaildirFolder, path: str, letters: str
) -> None:
    (folder.path / path).touch()
    assert folder.path_of(folder.locate("u", letters)) == folder.path / path


def test_a_file_that_has_changed_since_is_located_as_it_was(folder: MaildirFolder) -> None:
    (folder.path / "cur" / "u:2,S").touch()
    assert folder.locate("u", "F").name == "u:2,F"
