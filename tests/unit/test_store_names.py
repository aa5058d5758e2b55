"""Folder names: reversible, and never a path that leads anywhere else."""

import os
from pathlib import PurePosixPath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mailcli.errors import CannotCreate, ProtocolViolation, UsageError
from mailcli.model import Layout
from mailcli.store.names import (
    INBOX,
    MAX_COMPONENT,
    FolderName,
    Spellings,
    from_path,
    from_server,
    to_path,
    to_server,
)

_NASTY = ["..", ".", "cur", "NEW", "tmp", "%", "%2F", "%25", "a/b", "a.b", "\x00", "\x7f", "\x85"]
_NASTY += ["inbox", "INBOX", ".hidden", "ä", "郵", "\udcff", "\udcc3x", "a\\b", "~", "x" * 255]
_part = st.one_of(
    st.sampled_from(_NASTY),
    st.text(st.sampled_from("ab.%/2F5\x00\x1f\\é"), min_size=1, max_size=8),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
)
_parts = st.lists(_part, min_size=1, max_size=5)
_layouts = st.sampled_from(Layout)


def _name(parts: list[str]) -> FolderName:
    try:
        return from_server("\udcfe".join(parts), "\udcfe")
    except ProtocolViolation:
        assume(False)
        raise


def _path(name: FolderName, layout: Layout) -> PurePosixPath:
    try:
        return to_path(name, layout)
    except ProtocolViolation:
        assume(False)
        raise


@given(_parts, _layouts)
def test_every_path_leads_back_to_its_name(parts: list[str], layout: Layout) -> None:
    name = _name(parts)
    assert from_path(_path(name, layout), layout) == name


@given(_parts, _layouts)
def test_no_path_leaves_the_root_or_hits_a_message_directory(
    parts: list[str], layout: Layout
) -> None:
    path = _path(_name(parts), layout)
    text = str(path)
    assert not path.is_absolute()
    assert os.path.normpath(text) == text
    for directory in path.parts:
        assert directory != ".."
        assert directory.lower() not in {"cur", "new", "tmp"}
        assert len(os.fsencode(directory)) <= MAX_COMPONENT
        assert directory.isprintable() or not any(ord(c) < 32 or c == "\x7f" for c in directory)
    if layout is Layout.NESTED:
        assert not any(directory.startswith(".") for directory in path.parts)
    else:
        assert len(path.parts) <= 1


@given(_parts, _parts, _layouts)
def test_two_names_never_share_a_path(one: list[str], two: list[str], layout: Layout) -> None:
    first, second = _name(one), _name(two)
    assert (first == second) == (_path(first, layout) == _path(second, layout))


@given(_parts)
def test_the_text_form_leads_back_to_its_name(parts: list[str]) -> None:
    name = _name(parts)
    assert FolderName.parse(str(name)) == name


@given(
    st.text(st.sampled_from("ab.%/IiNBOX\\é"), min_size=1, max_size=12),
    st.sampled_from(["/", ".", "\\", None]),
    st.sampled_from(["", "INBOX.", "INBOX/", "Mail/", "~/mail/"]),
)
def test_the_name_made_for_the_server_comes_back_as_ours(
    listed: str, delimiter: str | None, prefix: str
) -> None:
    try:
        name = from_server(listed, delimiter, prefix=prefix)
        remote = to_server(name, delimiter, prefix=prefix)
    except (ProtocolViolation, CannotCreate):
        return
    assert from_server(remote, delimiter, prefix=prefix) == name


@given(st.text())
def test_any_text_from_a_server_is_a_name_or_refused(listed: str) -> None:
    try:
        assert from_server(listed, "/").parts
    except ProtocolViolation as refused:
        assert "folder" in refused.message  # noqa: PT017 - both outcomes are right


@pytest.mark.parametrize(
    ("listed", "delimiter", "prefix", "parts"),
    [
        ("Work/Clients", "/", "", ("Work", "Clients")),
        ("Work.Clients", ".", "", ("Work", "Clients")),
        ("Work/Clients", None, "", ("Work/Clients",)),
        ("inbox", "/", "", ("INBOX",)),
        ("Inbox/Sub", "/", "", ("INBOX", "Sub")),
        ("Work/inbox", "/", "", ("Work", "inbox")),
        ("INBOX.Sent", ".", "INBOX.", ("Sent",)),
        ("Inbox.Sent", ".", "INBOX.", ("Sent",)),
        ("INBOX", ".", "INBOX.", ("INBOX",)),
        ("INBOX.INBOX", ".", "INBOX.", ("INBOX", "INBOX")),
        ("user.bob", ".", "INBOX.", ("user", "bob")),
        ("Mail/a", "/", "Mail/", ("a",)),
        ("mail/a", "/", "Mail/", ("mail", "a")),
    ],
)
def test_server_names_become_ours(
    listed: str, delimiter: str | None, prefix: str, parts: tuple[str, ...]
) -> None:
    assert from_server(listed, delimiter, prefix=prefix) == FolderName(parts)


@pytest.mark.parametrize(
    ("parts", "nested", "maildirpp"),
    [
        (("INBOX",), "INBOX", "."),
        (("INBOX", "x"), "INBOX/x", ".INBOX.x"),
        (("Work", "Clients"), "Work/Clients", ".Work.Clients"),
        (("..", "..", "etc"), "%2E./%2E./etc", ".%2E%2E.%2E%2E.etc"),
        (("cur",), "%63ur", ".cur"),
        (("v1.2",), "v1.2", ".v1%2E2"),
        (("100%",), "100%25", ".100%25"),
        (("a/b",), "a%2Fb", ".a%2Fb"),
        (("a\x00\x85\udcff",), "a%00%C2%85%FF", ".a%00%C2%85%FF"),
    ],
)
def test_names_become_paths(parts: tuple[str, ...], nested: str, maildirpp: str) -> None:
    assert str(to_path(FolderName(parts), Layout.NESTED)) == nested
    assert str(to_path(FolderName(parts), Layout.MAILDIRPP)) == maildirpp


@pytest.mark.parametrize("listed", ["", "/a", "a/", "a//b", "\ud800", "\udcc3\udca4"])
def test_a_name_that_cannot_come_back_is_refused(listed: str) -> None:
    with pytest.raises(ProtocolViolation, match="folder"):
        from_server(listed, "/")


@pytest.mark.parametrize(
    "parts",
    [("x" * 256,), ("é" * 128,), ("%" * 86,), ("a",) * 51, ("x" * 250,) * 4],
    ids=["octets", "utf-8", "escaped", "deep", "long"],
)
def test_a_name_too_long_for_a_path_is_refused(parts: tuple[str, ...]) -> None:
    with pytest.raises(ProtocolViolation, match="too long") as refused:
        to_path(FolderName(parts), Layout.NESTED)
    assert len(refused.value.message) < 250


@pytest.mark.parametrize(
    ("path", "layout"),
    [
        ("100%", Layout.NESTED),
        ("%41", Layout.NESTED),
        ("Inbox", Layout.NESTED),
        ("..", Layout.NESTED),
        (".hidden", Layout.NESTED),
        ("%FF%C3%A4", Layout.NESTED),
        ("Work", Layout.MAILDIRPP),
        (".INBOX", Layout.MAILDIRPP),
        (".a..b", Layout.MAILDIRPP),
        (".a/b", Layout.MAILDIRPP),
    ],
)
def test_a_directory_that_no_name_leads_to_is_no_folder(path: str, layout: Layout) -> None:
    assert from_path(PurePosixPath(path), layout) is None


def test_a_folder_whose_name_holds_the_delimiter_cannot_go_to_the_server() -> None:
    with pytest.raises(CannotCreate, match="no possible name"):
        to_server(FolderName(("v1.2",)), ".")


def test_new_folders_go_into_the_personal_namespace_and_the_inbox_does_not() -> None:
    assert to_server(FolderName(("Work", "x")), ".", prefix="INBOX.") == "INBOX.Work.x"
    assert to_server(INBOX, ".", prefix="INBOX.") == "INBOX"


def test_a_typed_name_with_an_empty_component_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="not a folder name"):
        FolderName.parse("Work//x")


def _spelled(*texts: str) -> Spellings:
    return Spellings(map(PurePosixPath, texts))


@pytest.mark.parametrize(
    ("first", "path", "other"),
    [
        ("Work", "work", "Work"),
        ("caf\u00e9", "cafe\u0301", "caf\u00e9"),
        ("caf\u00e9", "CAFE\u0301", "caf\u00e9"),
        ("stra\u00dfe", "STRASSE", "stra\u00dfe"),
        ("Work/a", "work/b", "Work"),
        ("Work", "work/b", "Work"),
        ("Work", "Work", None),
        ("Work/a", "Work/b", None),
        ("Work", "Works", None),
    ],
)
def test_another_spelling_of_a_path_or_of_one_above_it_is_found(
    first: str, path: str, other: str | None
) -> None:
    found = _spelled(first).other(PurePosixPath(path))
    assert found == (PurePosixPath(other) if other else None)


def test_the_first_spelling_counts() -> None:
    spellings = _spelled("Work", "WORK", "work")
    assert {str(spellings.first(PurePosixPath(each))) for each in ("work", "wORK")} == {"Work"}
    assert spellings.first(PurePosixPath("Other")) == PurePosixPath("Other")
