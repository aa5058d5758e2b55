"""`mailcli imap-sync` on a real Dovecot: one device, and both sides looked at after every run."""

import errno
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.imap_sides import (
    Sync,
    change_flags,
    done,
    errors,
    here,
    mail,
    message,
    of,
    planned,
    server_state,
    syncing,
    there,
    uid_next,
)
from tests.support.local_mail import (
    failure,
    letters,
    mail_files,
    put,
    snapshot,
)
from tests.support.processes import server_directory
from tests.support.sync_account import QUIET, SyncAccount, names_of

from mailcli.cli.main import mailcli
from mailcli.model import Layout
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName


@pytest.fixture
def maildir(write_config: WriteConfig, dovecot: Dovecot, account_user: str) -> Path:
    """One account at the shared Dovecot; returns where its Maildir is to be."""
    write_config({"home": account(account_user, imap=dovecot)})
    return Path("~/Mail/home").expanduser()


@pytest.fixture
def sync(run_mailcli: RunMailcli) -> Sync:
    return syncing(run_mailcli)


@pytest.fixture
def database(home: Path) -> Path:
    return home / ".local" / "state" / "mailcli" / "home.db"


def records(database: Path) -> list[tuple[object, ...]]:
    """Return all that the state says about messages and uploads."""
    with closing(sqlite3.connect(database)) as state:
        tables = ("folder", "message", "append_intent")
        return [row for name in tables for row in state.execute(f"SELECT * FROM {name}")]  # noqa: S608 - names from here


def lose_state(database: Path) -> None:
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()


# -- what arrives --------------------------------------------------------------------------

AWKWARD = (
    message("plain"),
    message("dots", b".\r\n..\r\n...three\r\n"),
    message("long-lines", b"x" * 5000 + b"\r\n" + b"y" * 300_000 + b"\r\n"),
    message("8-bit", bytes(range(128, 256)) * 9 + b"\r\n"),
    message("bare-cr", b"one\rtwo\r\n"),
    message("no-line-end", b"the last line has no end"),
    message("empty-body", b""),
    message("literals", b"{5}\r\n* BYE\r\nm1 OK {3+}\r\n"),
    b"Subject: headers only\r\n",
    b"\r\n\r\n",
    b"x",
)

NESTED = {
    "Work": "Work",
    "Work/Clients": "Work/Clients",
    "Work/Clients/A B ": "Work/Clients/A B ",
    "INBOX/child": "INBOX/child",
    "&ZeVnLIqe-": "日本語",
    "&BB8EPgRHBEIEMA-/&MNUwqTDrMMA-": "Почта/フォルダ",
    "&-R&-D": "&R&D",
    "a.b": "a.b",
    "cur": "%63ur",
    "Work/new/tmp": "Work/%6Eew/%74mp",
    "50%": "50%25",
    "%2E%2E": "%252E%252E",
    ".hidden": "%2Ehidden",
    "x" * 200: "x" * 200,
}
MAILDIRPP = {
    "Work": ".Work",
    "Work/Clients": ".Work.Clients",
    "Work/Clients/A B ": ".Work.Clients.A B ",
    "INBOX/child": ".INBOX.child",
    "&ZeVnLIqe-": ".日本語",
    "&BB8EPgRHBEIEMA-/&MNUwqTDrMMA-": ".Почта.フォルダ",
    "&-R&-D": ".&R&D",
    "a.b": ".a%2Eb",
    "cur": ".cur",
    "Work/new/tmp": ".Work.new.tmp",
    "50%": ".50%25",
    "%2E%2E": ".%252E%252E",
    ".hidden": ".%2Ehidden",
    "x" * 200: "." + "x" * 200,
}


@pytest.mark.parametrize(
    ("layout", "inbox", "paths"),
    [("nested", "INBOX", NESTED), ("maildir++", ".", MAILDIRPP)],
    ids=["nested", "maildir++"],
)
def test_first_sync_brings_every_folder_and_the_second_changes_nothing(
    sync: Sync,
    write_config: WriteConfig,
    dovecot: Dovecot,
    account_user: str,
    layout: str,
    inbox: str,
    paths: dict[str, str],
) -> None:
    write_config({"home": account(account_user, imap=dovecot, layout=layout)})
    maildir = Path("~/Mail/home").expanduser()
    dovecot.deliver(account_user, message("INBOX"))
    for wire in paths:
        dovecot.deliver(account_user, message(wire), folder=wire)

    result = sync()

    assert here(maildir / inbox) == mail(message("INBOX"))
    for wire, path in paths.items():
        assert here(maildir / path) == mail(message(wire)), path
    assert set(done(result)) == {"INBOX", *map(str, _names(maildir, layout))} - _EMPTY
    assert result["changed"] is True
    assert set(result["folders_created"]) == set(map(str, _names(maildir, layout)))

    before, on_server = snapshot(maildir), server_state(dovecot, account_user)
    again = sync()
    assert (again["changed"], done(again)) == (False, {})
    assert snapshot(maildir) == before
    assert server_state(dovecot, account_user) == on_server


_EMPTY = {"Archive", "Drafts", "Junk", "Sent", "Trash"}
"""What Dovecot makes for every user."""


def _names(maildir: Path, layout: str) -> tuple[FolderName, ...]:
    return Maildir(maildir, Layout(layout)).folders().names


def test_every_octet_of_the_server_can_be_restored(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, *AWKWARD)
    there = sorted(sha256(raw).digest() for raw in dovecot.messages(account_user))
    assert there == sorted(sha256(raw).digest() for raw in AWKWARD), "what Dovecot stores"

    assert done(sync()) == {"INBOX": {"fetched": len(AWKWARD)}}

    folder = Maildir(maildir).folder(FolderName(("INBOX",)))
    restored = [b"".join(folder.open_wire(entry)) for entry in folder.scan()]
    assert sorted(sha256(raw).digest() for raw in restored) == there
    assert here(maildir / "INBOX") == mail(*AWKWARD)


# -- flags ---------------------------------------------------------------------------------

FLAGS = {
    # name: agreed, here, there, afterwards on both sides
    "nothing": ("S", "S", "S", "S"),
    "set here": ("", "S", "", "S"),
    "set there": ("", "", "F", "F"),
    "taken away here": ("FS", "S", "FS", "S"),
    "taken away there": ("FS", "FS", "F", "F"),
    "different flags on both sides": ("", "R", "F", "FR"),
    "one set here, another taken away there": ("S", "FS", "", "F"),
    "one taken away here, another set there": ("S", "", "RS", "R"),
    "the same on both sides": ("", "S", "S", "S"),
    "all of them here": ("", "DFPRST", "", "DFPRST"),
    "all of them there": ("", "", "DFPRST", "DFPRST"),
    "all of them taken away here": ("DFPRST", "", "DFPRST", ""),
    "passed here": ("", "P", "", "P"),
}


def test_flags_travel_both_ways_and_merge_one_by_one(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    _flagged(dovecot, account_user)
    sync()
    inbox = maildir / "INBOX"
    for uid, (name, (agreed, local, remote, _)) in enumerate(FLAGS.items(), 1):
        (path,) = (path for path in mail_files(inbox) if f"Subject: {name}\n" in path.read_text())
        assert letters(path) == agreed
        path.rename(inbox / "cur" / f"{path.name.partition(':')[0]}:2,{local}")
        _set(dovecot, account_user, uid, remote)

    result = sync()

    wanted = mail(*((message(name), flags[3]) for name, flags in FLAGS.items()))
    assert here(inbox) == wanted
    assert there(dovecot, account_user) == wanted
    changed_here = [name for name, (_, local, _, after) in FLAGS.items() if local != after]
    changed_there = [name for name, (_, _, remote, after) in FLAGS.items() if remote != after]
    assert done(result) == {
        "INBOX": {"flags_local": len(changed_here), "flags_remote": len(changed_there)}
    }
    assert done(sync()) == {}


_IMAP = {
    "D": "\\Draft",
    "F": "\\Flagged",
    "P": "$Forwarded",
    "R": "\\Answered",
    "S": "\\Seen",
    "T": "\\Deleted",
}


def _flagged(dovecot: Dovecot, user: str) -> None:
    for name, (agreed, *_) in FLAGS.items():
        dovecot.deliver(user, message(name), flags=[_IMAP[letter] for letter in agreed])


def _set(dovecot: Dovecot, user: str, uid: int, flags: str) -> None:
    with dovecot.connect(user) as connection:
        connection.select("INBOX")
        names = " ".join(_IMAP[letter] for letter in flags)
        connection.uid("STORE", str(uid), "FLAGS.SILENT", f"({names})")


def test_keywords_there_and_strange_letters_here_survive_a_change_of_flags(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message("a"), flags=["$Label1", "todo"])
    sync()
    (path,) = mail_files(maildir / "INBOX")
    assert letters(path) == "ab"
    path.rename(path.with_name(f"{path.name.partition(':')[0]}:2,RSabX"))
    change_flags(dovecot, account_user, "+\\Flagged", "1")

    sync()

    assert letters(*mail_files(maildir / "INBOX")) == "FRSXab"
    assert dovecot.flags(account_user) == {
        1: {"$Label1", "todo", "\\Answered", "\\Seen", "\\Flagged"}
    }


def test_many_flags_at_once_need_few_commands(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, *(message(f"m{n}") for n in range(600)))
    sync()
    for path in list(maildir.glob("INBOX/new/*")):
        path.rename(maildir / "INBOX" / "cur" / f"{path.name}:2,S")

    assert done(sync()) == {"INBOX": {"flags_remote": 600}}

    assert set(dovecot.flags(account_user).values()) == {frozenset({"\\Seen"})}


# -- what goes up --------------------------------------------------------------------------


def test_a_file_that_another_program_wrote_is_uploaded_exactly_once(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    sync()
    inbox = maildir / "INBOX"
    put(inbox, "1700000000.R1234.host:2,FRS", b"Subject: lf\n\nbody\n")
    put(inbox, "1700000001.R1235.host", b"Subject: crlf\r\n\r\nbody\r\n")
    put(inbox, "1700000002.R1236.host:2,", b"Subject: no end\n\nbody")
    put(inbox, "1700000003.R1237.host,S=40:2,P", b"Subject: 8-bit\n\n\xff\xfe\n")
    put(inbox, "1700000004.R1238.host:2,DTab", message("cr", b"a\rb\r\n"))
    before = snapshot(maildir)

    result = sync()

    wanted = mail(
        (b"Subject: lf\r\n\r\nbody\r\n", "FRS"),
        b"Subject: crlf\r\n\r\nbody\r\n",
        b"Subject: no end\r\n\r\nbody",
        (b"Subject: 8-bit\r\n\r\n\xff\xfe\r\n", "P"),
        (message("cr", b"a\rb\r\n"), "DT"),
    )
    assert there(dovecot, account_user) == here(inbox) == wanted
    assert done(result) == {"INBOX": {"appended": 5}}
    assert done(sync()) == {}
    assert snapshot(maildir) == before, "not even a name has changed"
    assert uid_next(dovecot, account_user) == 6


def test_equal_files_are_so_many_messages(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    for name in ("1.a.host", "1.b.host", "1.c.host:2,S"):
        put(maildir / "INBOX", name, b"Subject: twin\n\nbody\n")

    assert done(sync()) == {"INBOX": {"appended": 3}}

    twin = b"Subject: twin\r\n\r\nbody\r\n"
    assert there(dovecot, account_user) == mail(twin, twin, (twin, "S"))
    assert done(sync()) == {}


def test_a_message_that_is_on_both_sides_before_the_first_run_is_paired(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message("a"), flags=["\\Flagged"])
    path = put(maildir / "INBOX", "1.a.host:2,S", message("a").replace(b"\r\n", b"\n"))

    result = sync()

    assert done(result) == {"INBOX": {"flags_local": 1, "flags_remote": 1}}
    assert here(maildir / "INBOX") == there(dovecot, account_user) == mail((message("a"), "FS"))
    assert mail_files(maildir / "INBOX") == [path.with_name("1.a.host:2,FS")]


@pytest.mark.parametrize(
    ("layout", "folder", "nested"),
    [("nested", "Отчёты 2024", "Отчёты 2024/Q1&Q2"), ("maildir++", ".Отчёты", ".Отчёты.Q1&Q2")],
    ids=["nested", "maildir++"],
)
def test_a_folder_that_is_only_here_is_created_there_and_filled(
    sync: Sync,
    write_config: WriteConfig,
    dovecot: Dovecot,
    account_user: str,
    layout: str,
    folder: str,
    nested: str,
) -> None:
    write_config({"home": account(account_user, imap=dovecot, layout=layout)})
    maildir = Path("~/Mail/home").expanduser()
    put(maildir / nested, "1.a.host:2,S", b"Subject: a\n\n")
    put(maildir / folder, "1.b.host", b"Subject: b\n\n")

    result = sync()

    parent = folder.removeprefix(".")
    made_here = {"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"}
    assert {*result["folders_created"]} == {parent, f"{parent}/Q1&Q2", *made_here}
    assert done(result) == {parent: {"appended": 1}, f"{parent}/Q1&Q2": {"appended": 1}}
    listed = _wire_names(dovecot, account_user)
    assert len(listed) == 8
    (below,) = (name for name in listed if name.endswith("/Q1&-Q2"))
    assert there(dovecot, account_user, below) == mail((b"Subject: a\r\n\r\n", "S"))
    assert there(dovecot, account_user, below.partition("/")[0]) == mail(b"Subject: b\r\n\r\n")
    again = sync()
    assert (done(again), again["folders_created"], again["changed"]) == ({}, [], False)


def _wire_names(dovecot: Dovecot, user: str) -> list[str]:
    with dovecot.connect(user) as connection:
        lines = connection.list()[1]
    names = (line.decode("ascii") for line in lines if isinstance(line, bytes))
    return [name.partition('"/" ')[2].strip('"') for name in names]


def test_a_folder_name_that_the_server_refuses_stops_no_other(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    dotted = put(maildir / "%2E.", "1.a.host", b"Subject: a\n\n")
    put(maildir / "fine", "1.b.host", b"Subject: b\n\n")

    result = sync(code=69)

    assert errors(result) == {"..": 69}
    assert done(result) == {"fine": {"appended": 1}}
    assert dotted.exists()
    assert there(dovecot, account_user, "fine") == mail(b"Subject: b\r\n\r\n")


def test_a_file_that_the_server_refuses_stops_no_other(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    empty = put(maildir / "INBOX", "1.a.host:2,", b"")  # Dovecot saves no message of no octets
    put(maildir / "INBOX", "1.b.host:2,", b"Subject: b\n\n")

    result = sync(code=69)

    assert done(result) == {"INBOX": {"appended": 1}}
    assert errors(result) == {"INBOX": 69}
    (skipped,) = of(result, "INBOX")["skipped"]
    assert (skipped["path"], empty.exists()) == (str(empty), True)


def test_mail_that_pop_fetch_brought_is_never_uploaded(
    sync: Sync,
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    dovecot: Dovecot,
    account_user: str,
) -> None:
    write_config({"home": account(account_user, imap=dovecot, pop=dovecot)})
    maildir = Path("~/Mail/home").expanduser()
    dovecot.deliver(account_user, message("a"))
    assert run_mailcli("pop-fetch").returncode == 0

    result = sync()

    assert done(result) == {"INBOX": {"fetched": 1}}
    assert "POP" not in _wire_names(dovecot, account_user)
    assert here(maildir / "POP") == mail(message("a"))
    refused = sync("POP", code=66)
    assert errors(refused) == {"POP": 66}
    dovecot.deliver(account_user, message("b"), folder="POP")
    sync()
    assert here(maildir / "POP") == mail(message("a")), "nor is a folder of this name mixed in"


def test_an_uploaded_message_keeps_the_time_at_which_it_was_received(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    path = put(maildir / "Old", "1.a.host:2,S", b"Subject: a\n\n")
    os.utime(path, (1_044_068_706, 1_044_068_706))

    sync()

    with dovecot.connect(account_user) as connection:
        connection.select("Old", readonly=True)
        (told,) = connection.uid("FETCH", "1", "(INTERNALDATE)")[1]
    assert datetime(2003, 2, 1, 3, 5, 6, tzinfo=UTC) == _internal_date(told)


def _internal_date(told: bytes) -> datetime:
    date = re.search(rb'INTERNALDATE "([^"]+)"', told)
    assert date
    return datetime.strptime(date[1].decode("ascii"), "%d-%b-%Y %H:%M:%S %z")


# -- one way, and no way -------------------------------------------------------------------


def _pending(maildir: Path, dovecot: Dovecot, user: str) -> None:
    """Leave something to do of every kind, in both directions."""
    inbox = maildir / "INBOX"
    (seen,) = (path for path in mail_files(inbox) if "Subject: one" in path.read_text())
    seen.rename(inbox / "cur" / f"{seen.name}:2,S")
    put(inbox, "1.local.host:2,F", b"Subject: local\n\n")
    put(maildir / "Mine", "1.mine.host", b"Subject: mine\n\n")
    change_flags(dovecot, user, "+\\Answered", "2")
    dovecot.deliver(user, message("three"))
    dovecot.deliver(user, message("theirs"), folder="Theirs")


@pytest.fixture
def pending(sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str) -> Path:
    """An account that has something to do of every kind, in both directions; its Maildir."""
    dovecot.deliver(account_user, message("one"), message("two"))
    sync()
    _pending(maildir, dovecot, account_user)
    return maildir


LOCAL = b"Subject: local\r\n\r\n"
MINE = b"Subject: mine\r\n\r\n"
SETTLED = mail((message("one"), "S"), (message("two"), "R"), message("three"), (LOCAL, "F"))


def settled(maildir: Path, dovecot: Dovecot, user: str) -> bool:
    sides = [
        (here(maildir / "INBOX"), there(dovecot, user), SETTLED),
        (here(maildir / "Mine"), there(dovecot, user, "Mine"), mail(MINE)),
        (here(maildir / "Theirs"), there(dovecot, user, "Theirs"), mail(message("theirs"))),
    ]
    return all(local == remote == wanted for local, remote, wanted in sides)


def test_pull_changes_nothing_on_the_server_and_forgets_nothing(
    sync: Sync, pending: Path, dovecot: Dovecot, account_user: str
) -> None:
    before = server_state(dovecot, account_user)

    for wanted in ({"INBOX": {"fetched": 1, "flags_local": 1}, "Theirs": {"fetched": 1}}, {}):
        assert done(sync("--pull")) == wanted
        assert server_state(dovecot, account_user) == before

    assert here(pending / "INBOX") == SETTLED
    assert done(sync()) == {"INBOX": {"appended": 1, "flags_remote": 1}, "Mine": {"appended": 1}}
    assert settled(pending, dovecot, account_user)


def test_push_changes_no_file_and_forgets_nothing(
    sync: Sync, pending: Path, dovecot: Dovecot, account_user: str
) -> None:
    before = snapshot(pending)

    for wanted in ({"INBOX": {"appended": 1, "flags_remote": 1}, "Mine": {"appended": 1}}, {}):
        assert done(sync("--push")) == wanted
        assert snapshot(pending) == before

    assert there(dovecot, account_user) == SETTLED
    assert done(sync()) == {
        "INBOX": {"fetched": 1, "flags_local": 1},
        "Theirs": {"fetched": 1},
    }
    assert settled(pending, dovecot, account_user)


def test_pull_and_push_together_are_wrong_usage(run_mailcli: RunMailcli, maildir: Path) -> None:
    done = run_mailcli("imap-sync", "--pull", "--push")
    assert (done.returncode, done.stdout, maildir.exists()) == (2, "", False)


def test_a_dry_run_lists_everything_and_changes_neither_side(
    sync: Sync, pending: Path, dovecot: Dovecot, account_user: str, database: Path
) -> None:
    before, on_server = snapshot(pending), server_state(dovecot, account_user)
    recorded = records(database)

    result = sync("-n")

    assert sorted(planned(result)) == [
        ("INBOX", "agree"),
        ("INBOX", "agree"),
        ("INBOX", "append"),
        ("INBOX", "fetch"),
        ("INBOX", "flags_local"),
        ("INBOX", "flags_remote"),
        ("Mine", "append"),
        ("Theirs", "fetch"),
    ]
    assert result["folders_created"] == ["Mine", "Theirs"]
    assert (snapshot(pending), server_state(dovecot, account_user)) == (before, on_server)
    assert records(database) == recorded
    sync()
    assert settled(pending, dovecot, account_user)


def test_a_dry_run_of_an_account_that_was_never_synchronised_makes_no_maildir(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str, database: Path
) -> None:
    dovecot.deliver(account_user, message("a"))
    before = server_state(dovecot, account_user)

    assert planned(sync("-n")) == [("INBOX", "fetch")]

    assert (maildir.exists(), records(database)) == (False, [])
    assert server_state(dovecot, account_user) == before
    assert any("RECENT 1" in line for line in before)


def test_a_dry_run_tells_people_what_it_would_do(run_mailcli: RunMailcli, pending: Path) -> None:
    done = run_mailcli("imap-sync", "-n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Mine" in done.stdout
    assert "fetch" in done.stdout


# -- what got lost, and what is not what it was --------------------------------------------


def test_after_the_state_was_lost_everything_is_paired_and_nothing_comes_twice(
    sync: Sync, pending: Path, dovecot: Dovecot, account_user: str, database: Path
) -> None:
    sync()
    assert settled(pending, dovecot, account_user)
    before, on_server = snapshot(pending), server_state(dovecot, account_user, recent=False)
    recorded = records(database)
    lose_state(database)

    result = sync()

    assert (done(result), result["changed"]) == ({}, False)
    assert {n: s[:2] for n, s in snapshot(pending).items() if s[2]} == {
        name: found[:2] for name, found in before.items() if found[2]
    }
    assert server_state(dovecot, account_user, recent=False) == on_server
    assert len(records(database)) == len(recorded)
    assert done(sync()) == {}


def test_push_after_the_state_was_lost_uploads_nothing_a_second_time(
    sync: Sync, pending: Path, dovecot: Dovecot, account_user: str, database: Path
) -> None:
    sync()
    before, on_server = snapshot(pending), server_state(dovecot, account_user, recent=False)
    lose_state(database)

    assert done(sync("--push")) == {}

    assert snapshot(pending) == before
    assert server_state(dovecot, account_user, recent=False) == on_server
    assert done(sync("--push")) == {}
    assert done(sync()) == {}


def test_after_the_state_was_lost_flags_of_both_sides_are_kept(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str, database: Path
) -> None:
    dovecot.deliver(account_user, message("a"))
    sync()
    (path,) = mail_files(maildir / "INBOX")
    path.rename(maildir / "INBOX" / "cur" / f"{path.name}:2,R")
    change_flags(dovecot, account_user, "+\\Seen", "1")
    lose_state(database)

    sync()

    assert here(maildir / "INBOX") == there(dovecot, account_user) == mail((message("a"), "RS"))


def _begin_anew(dovecot: Dovecot, user: str, folder: str, *messages: bytes) -> None:
    """Give a folder another generation of UIDs."""
    with dovecot.connect(user) as connection:
        assert connection.delete(folder)[0] == "OK"
    dovecot.deliver(user, *messages, folder=folder)


def test_a_new_generation_of_uids_deletes_nothing_and_doubles_nothing(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    one, two, only_here, new = map(message, ("one", "two", "only-here", "new"))
    dovecot.deliver(account_user, one, two, only_here, folder="Work")
    sync()
    work = maildir / "Work"
    (path,) = (path for path in mail_files(work) if "Subject: one" in path.read_text())
    path.rename(work / "cur" / f"{path.name}:2,S")
    put(work, "1.a.host", b"Subject: fresh\n\n")
    fresh = b"Subject: fresh\r\n\r\n"
    files = {path.name.partition(":")[0] for path in mail_files(work)}
    _begin_anew(dovecot, account_user, "Work", new, two, one)

    result = sync()

    assert here(work) == mail((one, "S"), two, only_here, new, fresh)
    assert there(dovecot, account_user, "Work") == mail((one, "S"), two, new, fresh)
    assert files < {path.name.partition(":")[0] for path in mail_files(work)}
    assert done(result) == {"Work": {"fetched": 1, "appended": 1, "flags_remote": 1}}
    (left,) = of(result, "Work")["skipped"]
    assert "only-here" in Path(left["path"]).read_text()
    again = sync()
    assert (done(again), of(again, "Work")["skipped"]) == ({}, [left])
    assert there(dovecot, account_user, "Work") == mail((one, "S"), two, new, fresh)


def test_in_a_new_generation_of_uids_one_file_is_not_taken_for_two_messages(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", folder="Work")
    _begin_anew(mirrored.server, mirrored.user, "Work", message("a"), message("a"))

    assert done(mirrored.sync())["Work"]["fetched"] == 1

    assert mirrored.here("Work") == mirrored.there("Work") == ["a", "a"]
    assert mirrored.settled()


def test_a_new_generation_of_uids_and_a_lost_state_at_once(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str, database: Path
) -> None:
    one, two, new = map(message, ("one", "two", "new"))
    dovecot.deliver(account_user, one, two, folder="Work")
    sync()
    lose_state(database)
    _begin_anew(dovecot, account_user, "Work", two, one, new)

    assert done(sync()) == {"Work": {"fetched": 1}}

    assert here(maildir / "Work") == there(dovecot, account_user, "Work") == mail(one, two, new)
    assert done(sync()) == {}


def test_push_in_a_new_generation_of_uids_uploads_nothing_a_second_time(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    one, two = map(message, ("one", "two"))
    dovecot.deliver(account_user, one, folder="Work")
    put(maildir / "Work", "1.a.host", two.replace(b"\r\n", b"\n"))
    sync()
    _begin_anew(dovecot, account_user, "Work", two, one)
    before = snapshot(maildir)

    assert done(sync("--push")) == {}

    assert there(dovecot, account_user, "Work") == mail(one, two)
    assert snapshot(maildir) == before


def test_what_a_new_generation_left_behind_is_not_uploaded_under_another_name(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("kept", "lost", folder="Work")
    _begin_anew(mirrored.server, mirrored.user, "Work", message("kept"))
    mirrored.sync()
    mirrored.file("lost", "Work").rename(mirrored.maildir / "Work" / "cur" / "1.other.host:2,")

    result = mirrored.sync()

    assert "renumbered" in of(result, "Work")["skipped"][0]["reason"]
    assert (mirrored.here("Work"), mirrored.there("Work")) == (["kept", "lost"], ["kept"])


def test_push_in_a_new_generation_of_uids_tells_of_no_file_that_the_server_has(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("kept", "lost", folder="Work")
    _begin_anew(mirrored.server, mirrored.user, "Work", message("kept"))

    (left,) = of(mirrored.sync("--push"), "Work")["skipped"]

    assert left["path"] == str(mirrored.file("lost", "Work"))


def test_what_a_new_generation_left_behind_is_told_and_stays_when_that_one_is_gone_as_well(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", folder="Work")
    _begin_anew(mirrored.server, mirrored.user, "Work")
    mirrored.ask(None, "CREATE", "Work")
    mirrored.sync()
    mirrored.ask(None, "DELETE", "Work")
    for _ in range(2):
        (left,) = of(mirrored.sync(), "Work")["skipped"]
        assert left["path"] == str(mirrored.file("a", "Work"))
    put(mirrored.maildir / "Work", "1.new.host", b"Subject: new\n\n")

    mirrored.sync()

    assert (mirrored.here("Work"), mirrored.there("Work")) == (["a", "new"], ["new"])
    assert mirrored.settled()


def test_when_all_that_a_new_generation_left_behind_is_gone_runs_are_short_again(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("kept", "lost", folder="Work")
    _begin_anew(mirrored.server, mirrored.user, "Work", message("kept"))
    mirrored.sync()
    mirrored.file("lost", "Work").unlink()

    mirrored.sync()

    assert names_of(mirrored.said()) == QUIET


# -- what stands in the way ----------------------------------------------------------------


@pytest.mark.parametrize("left", ["nothing", "an empty directory"])
def test_a_maildir_that_is_gone_though_mail_was_stored_stops_the_run(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str, left: str
) -> None:
    dovecot.deliver(account_user, message("a"))
    sync()
    away = maildir.rename(maildir.with_name("unmounted"))
    if left != "nothing":
        maildir.mkdir()
    dovecot.deliver(account_user, message("b"))
    before = server_state(dovecot, account_user)

    result = sync(code=74)

    assert errors(result) == {"": 74}
    assert not list(maildir.glob("*"))
    assert server_state(dovecot, account_user) == before
    shutil.rmtree(maildir, ignore_errors=True)
    away.rename(maildir)
    assert done(sync()) == {"INBOX": {"fetched": 1}}
    assert here(maildir / "INBOX") == mail(message("a"), message("b"))


def test_a_push_before_there_is_any_maildir_does_not_make_the_next_run_miss_it(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message("a"))
    assert done(sync("--push")) == {}
    assert not maildir.exists()
    assert done(sync()) == {"INBOX": {"fetched": 1}}


def test_a_folder_that_is_a_symbolic_link_is_refused_and_the_others_are_not(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    put(elsewhere, "1.secret.host:2,", b"Subject: secret\n\n")
    before = snapshot(elsewhere)
    maildir.mkdir(parents=True)
    for name in ("Work", "Mine"):
        (maildir / name).symlink_to(elsewhere)
    dovecot.deliver(account_user, message("a"), folder="Work")
    dovecot.deliver(account_user, message("b"))

    result = sync(code=74)

    assert errors(result) == {"Work": 74, "Mine": 74}
    assert done(result) == {"INBOX": {"fetched": 1}}
    assert snapshot(elsewhere) == before
    assert "Mine" not in _wire_names(dovecot, account_user)
    assert there(dovecot, account_user, "Work") == mail(message("a"))


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> str:
    """What names have in them that the system opens and renames for nobody, not even for root."""
    really_open, really_rename = os.open, os.rename

    def open_(path: Any, *args: Any, **kwargs: Any) -> int:
        if "locked" in str(path):
            raise PermissionError(errno.EACCES, "locked", str(path))
        return really_open(path, *args, **kwargs)

    def rename(source: Any, target: Any) -> None:
        if "sealed" in str(source):
            raise PermissionError(errno.EACCES, "sealed", str(source))
        really_rename(source, target)

    monkeypatch.setattr(os, "open", open_)
    monkeypatch.setattr(os, "rename", rename)
    return "locked"


def test_a_file_that_cannot_be_read_or_renamed_stops_no_other(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str, locked: str
) -> None:
    inbox = maildir / "INBOX"
    put(inbox, "1.sealed.host:2,", b"Subject: sealed\n\n")
    put(inbox, "1.a.host:2,", b"Subject: a\n\n")
    sync()
    put(inbox, f"1.{locked}.host:2,", b"Subject: locked\n\n")
    put(inbox, "1.fresh.host:2,", b"Subject: fresh\n\n")
    change_flags(dovecot, account_user, "+\\Seen", "1:2")
    dovecot.deliver(account_user, message("new"))

    ended = CliRunner().invoke(mailcli, ["imap-sync", "--json"], standalone_mode=False)

    (account,) = json.loads(ended.stdout)["accounts"]
    assert ended.return_value == 74
    assert done(account) == {"INBOX": {"fetched": 1, "flags_local": 1, "appended": 1}}
    skipped = [Path(each["path"]).name for each in of(account, "INBOX")["skipped"]]
    assert skipped == ["1.sealed.host:2,", f"1.{locked}.host:2,"]
    assert len(there(dovecot, account_user)) == 4
    assert done(sync()) == {"INBOX": {"appended": 1, "flags_local": 1}}, "once they are open again"


def test_a_folder_that_does_not_exist_is_reported_and_the_others_are_done(
    run_mailcli: RunMailcli, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message("a"))
    dovecot.deliver(account_user, message("b"), folder="Work")

    done = run_mailcli("imap-sync", "Wrok", "INBOX")

    assert (done.returncode, done.stderr.count("\n")) == (66, 2)
    assert "Wrok: there is no such folder" in done.stderr
    assert "hint: did you mean Work?" in done.stderr
    assert here(maildir / "INBOX") == mail(message("a"))
    assert not (maildir / "Work").exists()


def test_folders_are_chosen_by_patterns_and_by_exact_names(
    sync: Sync, maildir: Path, dovecot: Dovecot, account_user: str
) -> None:
    for name in ("INBOX", "Work", "Work/A", "Work/A/x", "50%", "50 more"):
        dovecot.deliver(account_user, message(name), folder=name)
    assert set(done(sync("Work/%"))) == {"Work/A"}
    assert set(done(sync("50%"))) == {"50%"}
    assert set(done(sync("inbox"))) == {"INBOX"}
    assert set(done(sync("*", "!50*"))) == {"Work", "Work/A/x"}
    assert set(done(sync("50 more"))) == {"50 more"}


def test_a_wrong_password_is_77_and_touches_nothing(
    run_mailcli: RunMailcli, write_config: WriteConfig, dovecot: Dovecot, account_user: str
) -> None:
    table = account(account_user, imap=dovecot) | {"password_command": ["printf", "wrong"]}
    write_config({"home": table})

    done = run_mailcli("imap-sync", "--json")

    assert done.returncode == 77
    assert failure(done)["code"] == "login"
    assert "wrong" not in done.stdout + done.stderr
    assert not Path("~/Mail").expanduser().exists()


# -- lesser servers ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(authority: Authority) -> Iterator[Dovecot]:
    """A Dovecot that says it knows nothing beyond RFC 3501, and gives no APPENDUID to rely on."""
    with (
        server_directory("plain") as directory,
        running_dovecot(directory, authority, capability="IMAP4rev1") as server,
    ):
        yield server


def test_a_plain_server_is_synchronised_both_ways(
    sync: Sync, write_config: WriteConfig, plain: Dovecot, account_user: str
) -> None:
    write_config({"home": account(account_user, imap=plain)})
    maildir = Path("~/Mail/home").expanduser()
    plain.deliver(account_user, message("a"), folder="&ZeVnLIqe-/x")
    put(maildir / "Mine", "1.a.host:2,S", b"Subject: mine\n\n")

    assert done(sync()) == {"日本語/x": {"fetched": 1}, "Mine": {"appended": 1}}

    assert there(plain, account_user, "Mine") == mail((MINE, "S"))
    assert here(maildir / "日本語/x") == mail(message("a"))
    assert done(sync()) == {}
