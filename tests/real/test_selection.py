"""Selectors: what a command is told, and which messages it gets."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.local_mail import put

from mailcli.app.selection import Found, select
from mailcli.cli.command import Common
from mailcli.cli.runtime import Runtime
from mailcli.errors import NotFound, TemporaryFailure, UsageError
from mailcli.store.lock import AccountLock

Select = Callable[..., list[Found]]


@pytest.fixture
def inbox(write_config: WriteConfig, home: Path) -> Path:
    """The INBOX of the account work, with three messages; home has one of its own."""
    write_config(
        {"work": {"email": "ada@example.org"}, "home": {"email": "ada@example.net"}},
        default_account="work",
    )
    inbox = home / "Mail" / "work" / "INBOX"
    for number in (1, 2, 3):
        put(inbox, f"{number}.x.host:2,S", mail(f"work {number}"))
    put(home / "Mail" / "home" / "INBOX", "9.x.host", mail("home", day=9))
    return inbox


@pytest.fixture
def chosen(inbox: Path) -> Select:
    """Return a function that selects, among all accounts or those named."""

    def found(*selectors: str, stdin: Sequence[str] = (), accounts: str = "") -> list[Found]:
        context = Runtime(Common()).offline_context
        named = [context.config.accounts[name] for name in accounts.split()] or None
        return select(context, selectors, accounts=named, stdin=stdin)

    return found


def mail(subject: str, *, day: int = 2) -> bytes:
    return (
        f"From: Bob <bob@example.org>\nSubject: {subject}\nDate: {day} Nov 2026 10:00:00 +0100\n"
        f"Message-ID: <{subject.replace(' ', '.')}@example.org>\n\nthe body of {subject}\n"
    ).encode()


def octets(found: Found) -> bytes:
    with found.open() as stream:
        return stream.read()


def subjects(found: list[Found]) -> list[str]:
    return [each.info.subject for each in found]


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        (["2"], ["work 2"]),
        (["2-3"], ["work 2", "work 3"]),
        (["3", "1-2", "3"], ["work 3", "work 1", "work 2"]),
        (["last"], ["home"]),
        (["mid:<work.2@example.org>"], ["work 2"]),
        (["mid:work.2@example.org"], ["work 2"]),
        (["subject:work from:bob"], ["work 3", "work 2", "work 1"]),
        (["body:home"], ["home"]),
        (["2-90"], ["work 2", "work 3", "home"]),
    ],
    ids=str,
)
def test_a_selector_means(chosen: Select, selectors: list[str], expected: list[str]) -> None:
    assert subjects(chosen(*selectors)) == expected


def test_what_list_prints_is_a_selection(chosen: Select) -> None:
    lines = ["2\twork\tINBOX\t2026-11-02\n", "3 1\n", "\n"]

    assert subjects(chosen("-", stdin=lines)) == ["work 2", "work 3", "work 1"]


def test_a_line_without_a_number_is_the_path_in_it(chosen: Select, inbox: Path) -> None:
    path = inbox / "cur" / "2.x.host:2,S"
    cells = ["", "", "INBOX", *[""] * 11, str(path), "0"]

    assert subjects(chosen("-", stdin=["\t".join(cells) + "\n"])) == ["work 2"]


def test_a_line_without_number_and_path_is_66_and_says_what_it_is(chosen: Select) -> None:
    cells = ["", "work", "INBOX", *[""] * 4, "Not here", *[""] * 6, "", "0"]

    with pytest.raises(NotFound, match=r"without a number or path: work INBOX Not here 0"):
        chosen("-", stdin=["\t".join(cells) + "\n"])


def test_last_is_that_of_the_accounts_that_apply(chosen: Select) -> None:
    assert subjects(chosen("last", accounts="work")) == ["work 3"]


def test_a_path_in_the_maildir_of_an_account_is_a_message_of_it(
    chosen: Select, inbox: Path
) -> None:
    (found,) = chosen(str(inbox / "cur" / "2.x.host:2,S"))

    assert (found.number, found.account and found.account.name) == (2, "work")
    assert octets(found) == mail("work 2")


def test_a_path_elsewhere_is_a_message_of_no_account(chosen: Select, tmp_path: Path) -> None:
    path = tmp_path / "a message.eml"
    path.write_bytes(mail("alone"))

    (found,) = chosen(str(path))

    assert (found.number, found.account, found.where) == (None, None, None)
    assert (found.info.subject, found.info.path) == ("alone", path)
    assert octets(found) == mail("alone")


def test_an_mbox_is_all_its_messages_each_of_which_can_be_read(
    chosen: Select, tmp_path: Path
) -> None:
    path = tmp_path / "old.mbox"
    first = mail("one").replace(b"\n\n", b"\nStatus: RO\nX-Status: AF\n\n")
    path.write_bytes(b"From x Mon\n" + first + b"\nFrom y Tue\n" + mail("two") + b"\n")

    found = chosen(str(path))

    assert subjects(found) == ["one", "two"]
    assert [octets(each) for each in found] == [first, mail("two")]
    assert found[0].info.flags == ("answered", "flagged", "seen")
    with found[1].open() as stream:
        stream.seek(-4, os.SEEK_END)
        assert stream.read() == b"two\n"


def test_a_message_that_was_moved_meanwhile_is_found_by_its_number(
    chosen: Select, inbox: Path
) -> None:
    (before,) = chosen("1")
    put(inbox.parent / "Archive", "8.other.host", b"")
    before.path.rename(inbox.parent / "Archive" / "cur" / "1.x.host:2,FS")

    (found,) = chosen("1")

    assert (found.folder, found.info.flags) == ("Archive", ("flagged", "seen"))
    assert before.where is not None


@pytest.mark.parametrize("selector", ["77", "5-9", "mid:<no@x>", "./no.eml", "subject:none a"])
def test_a_selector_that_means_nothing_is_66_and_named(chosen: Select, selector: str) -> None:
    with pytest.raises(NotFound, match=selector.replace(".", r"\.")):
        chosen(selector)


@pytest.mark.parametrize("selector", ["77", "last", "mid:new@example.org", "subject:work or"])
def test_what_may_not_be_indexed_yet_is_75(chosen: Select, inbox: Path, selector: str) -> None:
    chosen("1")
    put(inbox, "4.x.host", mail("new"))
    context = Runtime(Common()).offline_context._replace(timeout=0.0)

    with AccountLock(context.state_dir / "numbers" / "lock"), pytest.raises(TemporaryFailure):
        select(context, [selector], accounts=None, stdin=None)


def test_a_number_that_is_there_waits_for_nobody(chosen: Select, inbox: Path) -> None:
    chosen("1")
    put(inbox, "4.x.host", mail("new"))
    context = Runtime(Common()).offline_context._replace(timeout=0.0)

    with AccountLock(context.state_dir / "numbers" / "lock"):
        assert subjects(select(context, ["1-2"], accounts=None, stdin=None)) == [
            "work 1",
            "work 2",
        ]


@pytest.mark.parametrize("selector", ["9-5", "1-99999999", "x", "4x", ""])
def test_what_is_no_selector_is_wrong_usage(chosen: Select, selector: str) -> None:
    with pytest.raises(UsageError):
        chosen(selector)


def test_without_any_account_a_path_is_read_and_nothing_written(
    home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "x.eml"
    path.write_bytes(mail("alone"))

    (found,) = select(Runtime(Common()).offline_context, [str(path)], accounts=None, stdin=None)

    assert found.info.subject == "alone"
    assert not (home / ".cache").exists()
    assert not (home / ".local").exists()


def test_what_list_prints_of_a_path_is_a_selection(
    run_mailcli: RunMailcli, inbox: Path, tmp_path: Path
) -> None:
    put(tmp_path / "Old", "1.o.host:2,S", mail("old one"))
    listed = run_mailcli("list", str(tmp_path / "Old"), "-o", "tsv")
    assert listed.stdout.startswith("\t")

    done = run_mailcli("read", "-", stdin=listed.stdout)

    assert (done.returncode, done.stderr) == (0, "")
    assert "the body of old one" in done.stdout


@pytest.mark.usefixtures("inbox")
def test_a_line_of_an_mbox_is_that_message_alone(run_mailcli: RunMailcli, tmp_path: Path) -> None:
    path = tmp_path / "old.mbox"
    path.write_bytes(b"".join(b"From x Mon\n" + mail(name) + b"\n" for name in ("a", "b", "c")))
    listed = run_mailcli("list", str(path), "-o", "tsv").stdout.splitlines(keepends=True)

    done = run_mailcli("read", "-", stdin="".join(listed[1:]))

    bodies = [line for line in done.stdout.splitlines() if line.startswith("the body of")]
    assert (bodies, done.stderr) == (["the body of b", "the body of c"], "")


@pytest.mark.usefixtures("inbox")
def test_a_line_of_an_mbox_whose_message_is_gone_is_66(
    run_mailcli: RunMailcli, tmp_path: Path
) -> None:
    path = tmp_path / "old.mbox"
    path.write_bytes(b"From x Mon\n" + mail("a") + b"\n")
    listed = run_mailcli("list", str(path), "-o", "tsv").stdout
    path.write_bytes(b"From x Mon\n" + mail("other") + b"\n")

    assert run_mailcli("read", "-", stdin=listed).returncode == 66


def test_a_message_that_a_line_names_by_its_number_is_marked_as_seen(
    run_mailcli: RunMailcli, inbox: Path
) -> None:
    put(inbox, "4.x.host:2,", mail("work 4"))
    listed = run_mailcli("list", "--limit", "1", "-o", "tsv").stdout

    done = run_mailcli("read", "-", stdin=listed)

    assert done.returncode == 0
    assert (inbox / "cur" / "4.x.host:2,S").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("export", "from:bob", "--to", "out.mbox"),
        ("flag", "from:bob", "+flagged"),
        ("attachments", "list", "from:bob"),
        ("read", "from:bob", "--peek"),
        ("read", "from:bob", "--raw", "--peek"),
        ("export", "last", "--to", "-"),
    ],
    ids=" ".join,
)
def test_a_folder_that_cannot_be_searched_is_named(
    run_mailcli: RunMailcli, inbox: Path, command: tuple[str, ...], tmp_path: Path
) -> None:
    unread = inbox.parent / "Unread"
    put(unread, "5.x.host:2,S", mail("unread"))
    unread.joinpath("cur").rename(tmp_path / "cur")
    unread.joinpath("cur").symlink_to(tmp_path / "cur")  # what nobody follows, not even root

    done = run_mailcli(*command, "-A", "work", cwd=tmp_path)

    assert done.returncode == 74
    assert f"{unread}/cur: a symbolic link" in done.stderr
    if command[0] == "read":
        assert done.stdout.count("the body of work") == 3


def test_a_folder_that_cannot_be_read_is_no_matter_for_a_message_by_its_number(
    run_mailcli: RunMailcli, inbox: Path, tmp_path: Path
) -> None:
    run_mailcli("list")
    unread = inbox.parent / "Unread"
    put(unread, "5.x.host:2,S", mail("unread"))
    unread.joinpath("cur").rename(tmp_path / "cur")
    unread.joinpath("cur").symlink_to(tmp_path / "cur")

    done = run_mailcli("flag", "1", "+flagged", "-q")

    assert (done.returncode, "Unread" in done.stderr) == (0, False)


@pytest.mark.parametrize("more", [(), ("--raw",), ("--part", "1")], ids=" ".join)
def test_of_several_messages_to_be_read_those_that_there_are_are_shown(
    run_mailcli: RunMailcli, inbox: Path, more: tuple[str, ...]
) -> None:
    run_mailcli("list")
    (inbox / "cur" / "2.x.host:2,S").unlink()

    done = run_mailcli("read", "1", "2", "77", "3", *more)

    assert done.returncode == 66
    assert [f"body of work {each}" in done.stdout for each in (1, 2, 3)] == [True, False, True]
    told = [line for line in done.stderr.splitlines() if line.startswith("mailcli: ")]
    assert [line.split(":")[1] for line in told] == [" 2", " 77"]


def test_where_nothing_is_left_to_be_read_the_first_is_named(
    run_mailcli: RunMailcli, inbox: Path
) -> None:
    assert inbox.exists()

    done = run_mailcli("read", "77", "78", "--raw")

    assert (done.returncode, done.stdout) == (66, "")
    assert done.stderr.startswith("mailcli: 77: no such message\n")
