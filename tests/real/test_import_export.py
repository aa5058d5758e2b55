"""`mailcli import` and `mailcli export` with files as other programs have them. No server."""

import contextlib
import fcntl
import mailbox
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.local_mail import (
    document,
    failure,
    letters,
    mail_files,
    mode,
    octets,
    put,
    snapshot,
)
from tests.support.need import need

LINE = b"From ada@example.org Mon Nov  2 10:00:00 2026\n"
FIRST = b"Subject: first\n\n>From me\nFrom you\n"
SECOND = b"Subject: second\nStatus: RO\nX-Status: AF\nX-Keywords: work todo\n\nbody\n"
MBOX = (
    LINE
    + FIRST.replace(b">From", b">>From").replace(b"\nFrom", b"\n>From")
    + b"\n"
    + LINE
    + SECOND
    + b"\n"
)
CREATE = ("--create", "--json")

Import = Callable[..., dict[str, object]]


@pytest.fixture
def maildir(write_config: WriteConfig, home: Path) -> Path:
    """The Maildir of the one account, which has no server at all; not made yet."""
    write_config({"work": {"email": "ada@example.org"}})
    return home / "Mail" / "work"


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    path = tmp_path / "a.mbox"
    path.write_bytes(MBOX)
    return path


def wire(raw: bytes) -> bytes:
    return raw.replace(b"\n", b"\r\n")


# -- import -----------------------------------------------------------------


def test_an_mbox_comes_in_with_its_flags_and_times(
    run_mailcli: RunMailcli, maildir: Path, mbox: Path
) -> None:
    done = run_mailcli("import", str(mbox), *CREATE)

    found = document(done, "import")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = (Path(each["path"]) for each in found["imported"])
    assert [first.read_bytes(), second.read_bytes()] == [FIRST, SECOND]
    assert (letters(first), letters(second)) == ("", "FRSab")
    assert first.parent.name == "new"
    assert {path.stat().st_mtime for path in (first, second)} == {1793613600.0}
    assert {mode(first), mode(second)} == {0o600}
    assert (maildir / "INBOX" / "dovecot-keywords").read_bytes() == b"0 todo\n1 work\n"
    assert mbox.read_bytes() == MBOX


def test_what_was_imported_is_not_imported_again(
    run_mailcli: RunMailcli, maildir: Path, mbox: Path
) -> None:
    run_mailcli("import", str(mbox), "--create")
    (seen,) = maildir.glob("INBOX/cur/*")
    seen.rename(seen.with_name(seen.name.partition(":")[0] + ":2,T"))
    before = snapshot(maildir)

    found = document(run_mailcli("import", str(mbox), "--json"), "import")

    assert (found["imported"], found["already"]) == ([], 2)
    assert {name: each[2] for name, each in snapshot(maildir).items()} == {
        name: each[2] for name, each in before.items()
    }
    again = document(run_mailcli("import", str(mbox), "--again", "--json"), "import")
    assert (len(again["imported"]), again["already"]) == (2, 0)
    assert len(mail_files(maildir / "INBOX")) == 4


def test_what_a_file_has_twice_is_there_twice_and_not_more(
    run_mailcli: RunMailcli, maildir: Path, mbox: Path, tmp_path: Path
) -> None:
    twice = tmp_path / "twice.mbox"
    twice.write_bytes(MBOX * 2)

    run_mailcli("import", str(mbox), str(twice), "--create")
    run_mailcli("import", str(twice), str(mbox))

    assert Counter(octets(maildir / "INBOX")) == {wire(FIRST): 2, wire(SECOND): 2}


def test_messages_are_numbered_where_there_is_an_index(
    run_mailcli: RunMailcli, maildir: Path, mbox: Path
) -> None:
    put(maildir / "INBOX", "1.x", b"Subject: x\n\n")
    run_mailcli("list")

    found = document(run_mailcli("import", str(mbox), "--json"), "import")

    listed = document(run_mailcli("list", "--json"), "list")["messages"]
    numbers = {each["path"]: each["id"] for each in listed}
    assert [each["id"] for each in found["imported"]] == [
        numbers[each["path"]] for each in found["imported"]
    ]


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        (b"a: b\n\nx\n", b"a: b\n\nx\n"),
        (b"a: b\r\n\r\nx\r\n", b"a: b\n\nx\n"),
        (b"a: b\r\n\r\nx\ny\r\n", b"a: b\r\n\r\nx\ny\r\n"),
        (b"a: b\n\nx\r", b"a: b\n\nx\r"),
        (b"", b""),
        (b"From here\n\nFrom there", b"From here\n\nFrom there"),
        (b"a: b\r\n\r\n" + b"x" * (1 << 20) + b"\r\n", b"a: b\n\n" + b"x" * (1 << 20) + b"\n"),
        (b"x\r\n" * 400_000 + b"odd\n", b"x\r\n" * 400_000 + b"odd\n"),
    ],
    ids=["LF", "CRLF", "mixed", "CR", "empty", "no header", "large", "large and mixed"],
)
def test_an_eml_file_is_stored_as_maildirs_store_it(
    run_mailcli: RunMailcli, maildir: Path, tmp_path: Path, raw: bytes, stored: bytes
) -> None:
    path = tmp_path / "a.EML"
    path.write_bytes(raw)
    os.utime(path, (1_600_000_000, 1_600_000_000))

    run_mailcli("import", str(path), "--create")

    (found,) = mail_files(maildir / "INBOX")
    assert found.read_bytes() == stored
    assert (found.stat().st_mtime, found.name.count(",V")) == (1_600_000_000.0, 0)


def test_standard_input_is_an_mbox_or_one_message(run_mailcli: RunMailcli, maildir: Path) -> None:
    one = run_mailcli("import", "-", "--create", stdin="Subject: one\n\nFrom me\n")
    two = run_mailcli("import", "-", stdin=MBOX)

    assert (one.returncode, two.returncode) == (0, 0)
    assert octets(maildir / "INBOX") == sorted(
        map(wire, [b"Subject: one\n\nFrom me\n", FIRST, SECOND])
    )


def test_a_tree_keeps_its_folders_and_their_keywords(
    run_mailcli: RunMailcli, maildir: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    put(old, "1.a:2,S", b"in: box\n\n")
    put(old / ".Work", "1.b:2,Sa", b"in: work\n\n")
    put(old / ".Work.Deep", "1.c", b"in: deep\n\n")
    (old / ".Work" / "dovecot-keywords").write_bytes(b"0 later\n")
    put(maildir / "Work", "9.z:2,a", b"x: y\n\n")
    (maildir / "Work" / "dovecot-keywords").write_bytes(b"0 other\n")

    refused = run_mailcli("import", str(old), "--json")
    found = document(run_mailcli("import", str(old), "--tree", *CREATE), "import")
    run_mailcli("import", str(old), "--folder", "Old", "--create")

    assert (refused.returncode, failure(refused)["code"]) == (2, "usage")
    assert found["folders_created"] == ["INBOX", "Work/Deep"]
    assert [each["folder"] for each in found["imported"]] == ["INBOX", "Work", "Work/Deep"]
    (work,) = maildir.glob("Work/cur/*.mailcli*")
    assert letters(work) == "Sb"
    assert (maildir / "Work" / "dovecot-keywords").read_bytes() == b"0 other\n1 later\n"
    assert octets(maildir / "Old" / "Work" / "Deep") == [b"in: deep\r\n\r\n"]
    assert octets(maildir / "Old") == [b"in: box\r\n\r\n"]


def test_a_dry_run_tells_and_changes_nothing(
    run_mailcli: RunMailcli, maildir: Path, mbox: Path
) -> None:
    found = document(run_mailcli("import", str(mbox), "-n", *CREATE), "import")

    assert (len(found["imported"]), found["done"], found["folders_created"]) == (
        2,
        False,
        ["INBOX"],
    )
    assert not maildir.exists()


def test_a_folder_that_is_not_there_is_an_error(
    run_mailcli: RunMailcli, maildir: Path, mbox: Path
) -> None:
    done = run_mailcli("import", str(mbox), "--folder", "No", "--json")

    assert (done.returncode, failure(done)["code"]) == (66, "not_found")
    assert "--create" in failure(done)["hint"]
    assert not maildir.exists()


@pytest.mark.parametrize(
    ("name", "raw", "code"),
    [
        ("a.mbox", b"Subject: x\n\n", 65),
        ("a", b"\x00\x01", 65),
        ("a", b"no header here\n", 65),
        ("", b"", 66),
    ],
    ids=["an mbox without a separator", "binary", "text", "missing"],
)
def test_what_is_no_mail_is_refused_and_stops_nothing_else(
    run_mailcli: RunMailcli, maildir: Path, mbox: Path, name: str, raw: bytes, code: int
) -> None:
    path = mbox.parent / "other" / (name or "none")
    path.parent.mkdir()
    if name:
        path.write_bytes(raw)

    done = run_mailcli("import", str(path), str(mbox), *CREATE)

    assert done.returncode == code
    assert failure(done)["exit_code"] == code
    assert len(document(done, "import")["imported"]) == 2
    assert len(mail_files(maildir / "INBOX")) == 2


def test_a_last_message_that_is_cut_comes_in_with_a_warning(
    run_mailcli: RunMailcli, maildir: Path, mbox: Path
) -> None:
    mbox.write_bytes(MBOX[:-4])

    done = run_mailcli("import", str(mbox), "--create")

    assert "may be cut" in done.stderr
    assert octets(maildir / "INBOX") == sorted([wire(FIRST), wire(SECOND[:-3])])


def test_another_run_on_the_account_is_waited_for_by_the_user(
    run_mailcli: RunMailcli, maildir: Path, mbox: Path
) -> None:
    state = Path(os.environ["XDG_STATE_HOME"]) / "mailcli"
    state.mkdir(parents=True)
    with (state / "work.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run_mailcli("import", str(mbox), *CREATE)

    assert (done.returncode, failure(done)["code"]) == (75, "locked")
    assert not maildir.exists()


# -- export -----------------------------------------------------------------


@pytest.fixture
def filled(maildir: Path) -> Path:
    """The INBOX with a few messages, as they are found."""
    inbox = maildir / "INBOX"
    put(inbox, "1.plain:2,FSa", b"Subject: a/b\n\nFrom me\n\n>From you\n")
    put(inbox, "2.new", b"Subject: new\n\nno end of line")
    put(inbox, "3.mixed:2,R", b"Subject: mixed\r\n\nx\r\n")
    put(inbox, "4.bare,V:2,PT", b"Subject: bare\n\nx\n")
    put(inbox, "5.empty", b"")
    (inbox / "dovecot-keywords").write_bytes(b"0 work\n")
    for number, path in enumerate(mail_files(inbox)):
        os.utime(path, (1_700_000_000 + number,) * 2)
    return inbox


def state_of(folder: Path) -> Counter[tuple[bytes, str, str, float]]:
    """Return what is to survive: octets, flags, keyword (there is one at most), mark, and time."""
    return Counter(
        (
            path.read_bytes(),
            letters(path),
            ",V" * (",V" in path.name),
            path.stat().st_mtime,
        )
        for path in mail_files(folder)
    )


@pytest.mark.parametrize(
    "target",
    [("a.mbox",), ("d/",), ("d", "--format", "eml"), ("d/", "--all-folders")],
    ids=["mbox", "maildir", "eml", "tree"],
)
def test_what_was_exported_is_imported_as_it_was(
    run_mailcli: RunMailcli, maildir: Path, filled: Path, tmp_path: Path, target: tuple[str, ...]
) -> None:
    to = str(tmp_path / target[0]) + "/" * target[0].endswith("/")
    whole = () if "--all-folders" in target else ("--folder", "INBOX")
    before = snapshot(filled)

    done = run_mailcli("export", *whole, "--to", to, *target[1:], "--json")
    run_mailcli("import", to, "--folder", "Back", "--create")

    assert len(document(done, "export")["exported"]) == 5
    assert snapshot(filled) == before
    back = maildir / "Back" / ("INBOX" if "--all-folders" in target else "")
    assert state_of(back) == state_of(filled)


def test_other_programs_see_the_same_messages_in_an_mbox(
    run_mailcli: RunMailcli, filled: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.mbox"
    run_mailcli("export", "--folder", "INBOX", "--to", str(path))

    with contextlib.closing(mailbox.mbox(path)) as box:
        found = [(str(each["Subject"] or ""), each.get_flags()) for each in box]
    assert found == [("a/b", "ROF"), ("new", ""), ("mixed", "OA"), ("bare", "OD"), ("", "")]
    assert mode(path) == 0o600


def test_mutt_sees_the_same_messages_in_an_mbox(
    run_mailcli: RunMailcli, filled: Path, tmp_path: Path, home: Path
) -> None:
    need("mutt", "script")
    path = tmp_path / "a.mbox"
    run_mailcli("export", "--folder", "INBOX", "--to", str(path))
    # It goes through all messages and has each piped through a command, without a terminal's help.
    seen = tmp_path / "seen"
    commands = (
        "set pipe_split pipe_decode=no wait_key=no quit delete=no;"
        f"push '<tag-pattern>~A<enter><tag-prefix><pipe-entry>cat>>{seen}<enter><exit>'"
    )
    subprocess.run(
        ["script", "-qec", f'mutt -n -F /dev/null -R -f {path} -e "{commands}"', "/dev/null"],
        env={**os.environ, "TERM": "xterm", "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )

    text = seen.read_bytes()
    assert text.count(b"X-Mailcli-Export: 1") == 5
    assert [line for line in text.splitlines() if line.startswith(b"Subject")] == [
        b"Subject: a/b",
        b"Subject: new",
        b"Subject: mixed",
        b"Subject: bare",
    ]


def test_an_eml_file_is_what_the_server_had(
    run_mailcli: RunMailcli, filled: Path, tmp_path: Path
) -> None:
    for number, name in enumerate(("1.plain", "4.bare", "3.mixed")):
        (source,) = filled.glob(f"cur/{name}*")
        run_mailcli("export", str(source), "--to", str(tmp_path / f"{number}.eml"))

    assert [(tmp_path / f"{number}.eml").read_bytes() for number in range(3)] == [
        b"Subject: a/b\r\n\r\nFrom me\r\n\r\n>From you\r\n",
        b"Subject: bare\n\nx\n",
        b"Subject: mixed\r\n\nx\r\n",
    ]
    assert (tmp_path / "0.eml").stat().st_mtime == 1_700_000_000


def test_eml_files_are_named_after_subjects_and_stay_in_the_directory(
    run_mailcli: RunMailcli, filled: Path, tmp_path: Path
) -> None:
    put(filled, "6.evil", b"Subject: ../../evil\x1b[2J\n\n")

    run_mailcli("export", "--folder", "INBOX", "--to", str(tmp_path / "d"), "--format", "eml")

    names = sorted(path.name for path in (tmp_path / "d").iterdir())
    assert names == [
        "00001 b.eml",
        "00002 new.eml",
        "00003 mixed.eml",
        "00004 bare.eml",
        "00005.eml",
        "00006 evil[2J.eml",
        "mailcli-export.jsonl",
    ]


def test_a_pipe_gets_the_messages_alone(run_mailcli: RunMailcli, filled: Path) -> None:
    (source,) = filled.glob("cur/1.plain*")

    mbox = run_mailcli("export", str(source), "--to", "-")
    one = run_mailcli("export", str(source), "--to", "-", "--format", "eml")

    assert mbox.stdout.startswith("From MAILER-DAEMON Tue Nov 14 22:13:20 2023\nX-Mailcli-Export")
    assert one.stdout.startswith("Subject: a/b")
    assert mbox.stderr == one.stderr == ""


def test_messages_of_an_mbox_are_exported_without_its_quoting(
    run_mailcli: RunMailcli, maildir: Path, mbox: Path, tmp_path: Path
) -> None:
    run_mailcli("export", str(mbox), "--to", str(tmp_path / "d"), "--format", "eml")

    found = [path.read_bytes() for path in sorted((tmp_path / "d").glob("*.eml"))]
    assert found == [wire(FIRST), wire(SECOND)]


def test_a_file_that_is_there_is_not_touched_unasked(
    run_mailcli: RunMailcli, filled: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(MBOX)
    whole = ("export", "--folder", "INBOX", "--to", str(path))

    refused = run_mailcli(*whole, "--json")
    assert (refused.returncode, failure(refused)["code"]) == (73, "cannot_create")
    assert path.read_bytes() == MBOX

    run_mailcli(*whole, "--append")
    assert path.read_bytes().startswith(MBOX)
    assert path.read_bytes().count(b"\nFrom MAILER-DAEMON") == 5

    run_mailcli(*whole, "--force")
    assert not path.read_bytes().startswith(MBOX)
    assert [each.name for each in tmp_path.iterdir()] == ["a.mbox"]


def test_appending_ends_what_the_last_message_left_open(
    run_mailcli: RunMailcli, filled: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(LINE + b"a: b\n\nno end")

    run_mailcli("export", "--folder", "INBOX", "--to", str(path), "--append")

    assert path.read_bytes().startswith(LINE + b"a: b\n\nno end\n\nFrom MAILER-DAEMON")


@pytest.mark.parametrize("left", [2, 100, 70_000], ids=str)
def test_what_a_killed_export_left_of_a_message_is_told_and_stays(
    run_mailcli: RunMailcli, maildir: Path, tmp_path: Path, left: int
) -> None:
    lines = b"From here\n" + b"some words\n" * 13_000
    put(maildir / "INBOX", "2.b.host:2,FS", b"Subject: long\n\n" + lines)
    path = tmp_path / "a.mbox"
    append = ("export", "--folder", "INBOX", "--to", str(path), "--append", "--json")

    def warnings() -> list[str]:
        found: list[str] = document(run_mailcli(*append), "export")["warnings"]
        return found

    assert (warnings(), warnings()) == ([], [])  # what is whole is not told
    whole = path.read_bytes()[:-1]  # without the empty line between messages
    path.write_bytes(whole[:-left])

    (told,) = warnings()

    assert told == f"{path}: the message before is there only in part: its export was stopped"
    assert path.read_bytes().startswith(whole[:-left] + b"\n")
    assert warnings() == []


def test_a_folder_that_another_export_writes_to_is_left_alone(
    run_mailcli: RunMailcli, filled: Path, tmp_path: Path
) -> None:
    export = ("export", "--folder", "INBOX", "--to", f"{tmp_path}/out/", "--append", "--json")
    assert run_mailcli(*export).returncode == 0
    held = [os.open(path, os.O_RDONLY) for path in (tmp_path / "out").rglob("tmp")]
    files = snapshot(tmp_path / "out")
    put(filled, "77.a.host:2,S", FIRST)
    try:
        for each in held:
            fcntl.flock(each, fcntl.LOCK_EX)
        done = run_mailcli(*export)
    finally:
        for each in held:
            os.close(each)

    assert (done.returncode, failure(done)["code"]) == (75, "temporary")
    assert snapshot(tmp_path / "out") == files
    assert len(document(run_mailcli(*export), "export")["exported"]) == 1


@pytest.mark.parametrize("kind", ["flock", "fcntl", "dotlock"])
def test_an_mbox_that_another_program_locks_is_left_alone(
    run_mailcli: RunMailcli, filled: Path, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(MBOX)
    with path.open("r+b") as held:
        if kind == "dotlock":
            (tmp_path / "a.mbox.lock").write_text("0:elsewhere")
        else:
            {"flock": fcntl.flock, "fcntl": fcntl.lockf}[kind](held, fcntl.LOCK_EX)
        done = run_mailcli("export", "--folder", "INBOX", "--to", str(path), "--append", "--json")

    assert (done.returncode, failure(done)["code"]) == (75, "temporary")
    assert path.read_bytes() == MBOX


def test_nothing_is_added_to_what_is_no_mbox(
    run_mailcli: RunMailcli, filled: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(b"notes\n")

    done = run_mailcli("export", "--folder", "INBOX", "--to", str(path), "--append")

    assert done.returncode == 65
    assert path.read_bytes() == b"notes\n"


def test_exporting_to_a_maildir_again_adds_what_is_new(
    run_mailcli: RunMailcli, filled: Path, tmp_path: Path
) -> None:
    to = str(tmp_path / "d") + "/"
    run_mailcli("export", "--folder", "INBOX", "--to", to)
    put(filled, "6.more", b"Subject: more\n\n")

    refused = run_mailcli("export", "--folder", "INBOX", "--to", to)
    done = run_mailcli("export", "--folder", "INBOX", "--to", to, "--append", "--json")

    assert refused.returncode == 73
    found = document(done, "export")
    assert (len(found["exported"]), found["already"]) == (1, 5)
    assert octets(tmp_path / "d") == octets(filled)


@pytest.mark.parametrize(
    "args",
    [
        ("--to", "a.mbox"),
        ("1", "--folder", "INBOX", "--to", "a.mbox"),
        ("--folder", "INBOX", "--to", "a.xyz"),
        ("--folder", "INBOX", "--to", "a.eml"),
        ("--folder", "INBOX", "--to", "a.mbox", "--append", "--force"),
        ("--folder", "INBOX", "--to", "-", "--format", "maildir"),
        ("--folder", "INBOX", "--to", "-", "--json"),
        ("--folder", "INBOX", "--to", "d/", "--force"),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused(
    run_mailcli: RunMailcli, filled: Path, args: tuple[str, ...]
) -> None:
    assert run_mailcli("export", *args).returncode == 2


def test_a_dry_run_of_an_export_writes_nothing(
    run_mailcli: RunMailcli, filled: Path, tmp_path: Path
) -> None:
    to = tmp_path / "a.mbox"

    done = run_mailcli("export", "--folder", "INBOX", "--to", str(to), "-n", "--json")

    found = document(done, "export")
    assert ([each["path"] for each in found["exported"]], found["done"]) == ([str(to)] * 5, False)
    assert not to.exists()


@pytest.mark.parametrize(
    "target", [("a.mbox",), ("a.eml",), ("d/",)], ids=["mbox", "eml", "maildir"]
)
def test_large_messages_come_back_as_they_were(
    run_mailcli: RunMailcli, maildir: Path, tmp_path: Path, target: tuple[str]
) -> None:
    # Lines that look like separators, and a lack of a last line end, where pieces are joined.
    line = b">From x\nFrom y\n" + b"z" * 49 + b"\n"
    source = put(maildir / "INBOX", "1.x:2,F", b"a: b\n\n" + line * 50_000 + b"end\n>")
    to = str(tmp_path / target[0]) + "/" * target[0].endswith("/")

    run_mailcli("export", str(source), "--to", to)
    done = run_mailcli("import", to, "--folder", "Back", "--create")

    assert (done.returncode, done.stderr) == (0, "")
    (back,) = mail_files(maildir / "Back")
    assert back.read_bytes() == source.read_bytes()
