"""Which steps follow from what is wanted and what the server lists."""

import pytest

from mailcli.app.folder_plan import (
    Create,
    Delete,
    Listed,
    Plan,
    Rename,
    Step,
    Subscribe,
    Wanted,
    plan,
)
from mailcli.errors import MailError, UsageError
from mailcli.imap.names import encode
from mailcli.imap.values import Folder
from mailcli.store.names import FolderName


def _folder(name: str, delimiter: str, *, subscribed: bool = True) -> Folder:
    selectable = not name.startswith("(")
    name = name.strip("()")
    return Folder(encode(name), name, delimiter, None, subscribed, selectable)


SLASHES = Listed.of(
    [_folder(n, "/") for n in ("INBOX", "Work", "Work/日本", "Work/a/b", "Workshop", "(Top)")], ""
)
DOTS = Listed.of([_folder(n, ".") for n in ("INBOX", "INBOX.Work", "INBOX.Work.日本")], "INBOX.")
FLAT = Listed.of([Folder(b"INBOX", "INBOX", None, None, True, True)], "")


def _told(made: Plan) -> list[str]:
    return [_step(step) for step in made.steps] + [_error(error) for error in made.errors]


def _step(step: Step) -> str:
    match step:
        case Create():
            return f"create {step.server_name}"
        case Rename():
            inner = [step.moved(folder).decode() for folder in step.subscribed]
            return f"rename {step.folder.name} {step.server_name} {inner}"
        case Delete():
            return f"delete {step.folder.name}"
        case Subscribe():
            return f"{'+' if step.on else '-'}{step.wire.decode()}"


def _error(error: MailError) -> str:
    return f"{error.exit_code:d} {error.hint}"


@pytest.mark.parametrize(
    ("wanted", "listed", "expected"),
    [
        (Wanted(create=("a/ü", "a/ü")), SLASHES, ["create a/ü"]),
        (Wanted(create=("a/ü",)), DOTS, ["create INBOX.a.ü"]),
        (Wanted(create=("Top",)), SLASHES, ["create Top"]),
        (Wanted(create=("Work", "x")), SLASHES, ["create x", "69 see: mailcli folders"]),
        (
            Wanted(create=("a.b",)),
            DOTS,
            ["73 write it like Work/Clients, whatever separates names on the server"],
        ),
        (
            Wanted(create=("a/b",)),
            FLAT,
            ["73 write it like Work/Clients, whatever separates names on the server"],
        ),
        (
            Wanted(rename=("Work", "x/y")),
            SLASHES,
            ["rename Work x/y ['x/y', 'x/y/&ZeVnLA-', 'x/y/a/b']"],
        ),
        (
            Wanted(rename=("INBOX.Work", "Büro")),
            DOTS,
            ["rename INBOX.Work INBOX.Büro ['INBOX.B&APw-ro', 'INBOX.B&APw-ro.&ZeVnLA-']"],
        ),
        (Wanted(rename=("Wörk", "x")), SLASHES, ["66 did you mean Work?"]),
        (Wanted(rename=("Work", "Workshop")), SLASHES, ["69 see: mailcli folders"]),
        (Wanted(delete=("Workshop",)), SLASHES, ["delete Workshop"]),
        (
            Wanted(delete=("Work", "Work/a/b", "Work/日本")),
            SLASHES,
            ["delete Work/a/b", "delete Work/日本", "delete Work"],
        ),
        (
            Wanted(delete=("Work", "Work/a/b")),
            SLASHES,
            ["delete Work/a/b", "2 delete what is inside as well: --delete Work/日本"],
        ),
        (Wanted(subscribe=("Work",)), DOTS, ["+INBOX.Work"]),
        (Wanted(subscribe=("zzz",)), DOTS, ["66 see: mailcli folders"]),
        (Wanted(unsubscribe=("gone/ü",)), DOTS, ["-INBOX.gone.&APw-"]),
        (
            Wanted(create=("ü",), subscribe=("ü",), delete=("Workshop",)),
            SLASHES,
            ["create ü", "+&APw-", "delete Workshop"],
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_the_steps_that_follow(wanted: Wanted, listed: Listed, expected: list[str]) -> None:
    assert _told(plan(wanted, listed)) == expected


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(rename=("a", "b"), create=("c",)),
        Wanted(rename=("a", "b"), unsubscribe=("a",)),
        Wanted(rename=("inbox", "b")),
        Wanted(rename=("a", "INBOX")),
        Wanted(rename=("a", "a")),
        Wanted(rename=("a", "a/b")),
        Wanted(rename=("a/b", "a")),
        Wanted(create=("a",), delete=("a",)),
        Wanted(subscribe=("a",), unsubscribe=("a",)),
        Wanted(subscribe=("a",), delete=("a",)),
        Wanted(delete=("Inbox",)),
        Wanted(create=("a//b",)),
        Wanted(create=("",)),
        Wanted(create=("a\nb",)),
        Wanted(rename=("a", "b\x1b[2J")),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(wanted: Wanted) -> None:
    with pytest.raises(UsageError):
        wanted.check()


def test_a_folder_that_the_server_spells_like_the_inbox_is_not_deleted_either() -> None:
    assert _told(plan(Wanted(delete=("inbox",)), SLASHES))[0].startswith("2 ")


def test_two_folders_of_one_name_are_the_first() -> None:
    listed = Listed.of([_folder("INBOX.a", "."), _folder("a", ".")], "INBOX.")
    assert listed.folders[FolderName(("a",))].name == "INBOX.a"
