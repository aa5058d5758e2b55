"""`mailcli imap-sync` on a real Dovecot: exact octets, both ways, one way, and no way at all."""

import re
import time
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.local_mail import (
    document,
    letters,
    mail_files,
    mode,
    octets,
    put,
    snapshot,
)
from tests.support.mirror import Sync, by_subject, folder_of, mail, reflag, server_state

AWKWARD = [
    mail(1),
    mail(2, b".\r\n..\r\n"),
    mail(3, b"x" * 300_000 + b"\r\n"),
    mail(4, bytes(range(128, 256)) + b"\r\n"),
    mail(5, b""),
    mail(6, b"no line end"),
    mail(7, b"trailing  \r\n\r\n\r\n"),
    b"Subject: no body at all\r\n",
    b"no header: at all? {12}\r\n)\r\n",
    b"x",
]
SEEN, FLAGGED = frozenset({"\\Seen"}), frozenset({"\\Flagged"})


# -- the first time ----------------------------------------------------------------


def test_every_octet_arrives_as_it_was(
    sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    dovecot.deliver(user, *AWKWARD)

    result = sync()

    assert octets(maildir / "INBOX") == sorted(dovecot.messages(user)) == sorted(AWKWARD)
    assert folder_of(result, "INBOX")["fetched"] == len(AWKWARD)
    assert result["changed"] is True


NAMES = {
    "Work/Clients": "Work/Clients",
    "日本語/名前": "&ZeVnLIqe-/&VA1STQ-",
    "Größe & Maß": "Gr&APYA3w-e &- Ma&AN8-",
    "a.b": "a.b",
    "New": "New",
    "with space": "with space",
    "%41": "%41",
    "кириллица": "&BDoEOARABDgEOwQ7BDgERgQw-",
}


def test_folders_of_every_script_arrive_under_their_names(
    sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    for number, wire in enumerate(NAMES.values()):
        dovecot.deliver(user, mail(number), folder=wire)

    result = sync()

    assert set(NAMES) <= {each["name"] for each in result["folders"]}
    paths = {name: name for name in NAMES} | {"%41": "%2541", "New": "%4Eew"}
    for number, name in enumerate(NAMES):
        assert octets(maildir / paths[name]) == [mail(number)], name
    assert sync()["changed"] is False


def test_flags_and_dates_come_along(
    sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    dovecot.deliver(user, mail(1), flags=["\\Seen", "\\Answered", "\\Flagged"])
    dovecot.deliver(user, mail(2), flags=["\\Draft", "\\Deleted", "$Forwarded", "todo"])
    dovecot.deliver(user, mail(3))

    sync()

    found = by_subject(maildir / "INBOX")
    assert {name: (p.parent.name, letters(p)) for name, p in found.items()} == {
        "1": ("cur", "FRS"),
        "2": ("cur", "DPTa"),
        "3": ("new", ""),
    }
    assert (maildir / "INBOX" / "dovecot-keywords").read_text() == "0 todo\n"
    assert {mode(path) for path in found.values()} == {0o600}
    assert all(abs(path.stat().st_mtime - time.time()) < 3600 for path in found.values())


def test_a_second_run_changes_nothing_at_all(
    sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    dovecot.deliver(user, mail(1), mail(2), flags=["\\Seen"])
    dovecot.deliver(user, mail(3), folder="Work/Clients")
    sync()
    here, there = snapshot(maildir), server_state(dovecot, user)

    result = sync()

    assert result["changed"] is False
    assert not any(each["changed"] or each["skipped"] for each in result["folders"])
    assert snapshot(maildir) == here
    assert server_state(dovecot, user) == there


def test_success_is_silent_in_a_pipe(
    run_mailcli: RunMailcli, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    dovecot.deliver(user, mail(1))

    for _ in range(2):
        done = run_mailcli("imap-sync")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# -- both ways ---------------------------------------------------------------------


def test_flags_travel_both_ways_and_merge_one_by_one(
    sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    one, two = dovecot.deliver(user, mail(1), mail(2), flags=["\\Flagged"])
    sync()
    found = by_subject(maildir / "INBOX")
    reflag(found["1"], "FS")
    reflag(found["2"], "")
    with dovecot.connect(user) as connection:
        connection.select("INBOX")
        connection.uid("STORE", f"{one}", "-FLAGS", "(\\Flagged)")
        connection.uid("STORE", f"{one},{two}", "+FLAGS", "(\\Answered)")

    result = folder_of(sync(), "INBOX")

    assert dovecot.flags(user) == {
        one: frozenset({"\\Seen", "\\Answered"}),
        two: frozenset({"\\Answered"}),
    }
    now = {name: letters(path) for name, path in by_subject(maildir / "INBOX").items()}
    assert now == {"1": "RS", "2": "R"}
    assert (result["flags_local"], result["flags_remote"]) == (2, 2)
    assert sync()["changed"] is False


def test_keywords_and_letters_of_others_are_never_dropped(
    sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    (uid,) = dovecot.deliver(user, mail(1), flags=["$Label1", "todo"])
    sync()
    (path,) = mail_files(maildir / "INBOX")
    reflag(path, "Sab")

    sync()

    assert dovecot.flags(user) == {uid: frozenset({"$Label1", "todo", "\\Seen"})}
    assert letters(*mail_files(maildir / "INBOX")) == "Sab"


def test_a_new_file_is_uploaded_exactly_with_its_flags(
    sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    sync()
    raw = mail(1, b"caf\xe9\r\n.\r\nend")
    put(maildir / "INBOX", "1700000000.M1P1.host:2,FS", raw.replace(b"\r\n", b"\n"))
    put(maildir / "INBOX", "1700000001.M2P1.host", raw)
    before = snapshot(maildir / "INBOX")

    result = folder_of(sync(), "INBOX")

    assert result["appended"] == 2
    assert dovecot.messages(user) == [raw, raw]
    assert sorted(dovecot.flags(user).values(), key=len) == [frozenset(), SEEN | FLAGGED]
    assert snapshot(maildir / "INBOX") == before
    assert sync()["changed"] is False


def test_a_folder_that_is_only_here_is_made_there(
    sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    sync()
    put(maildir / "Neu" / "日本", "1.a:2,S", b"Subject: x\n\ny\n")
    put(maildir / "R&D", "2.a", b"Subject: z\n\ny\n")

    result = sync()

    assert set(result["folders_created"]) == {"Neu/日本", "R&D"}
    assert dovecot.messages(user, "Neu/&ZeVnLA-") == [b"Subject: x\r\n\r\ny\r\n"]
    assert dovecot.messages(user, "R&-D") == [b"Subject: z\r\n\r\ny\r\n"]
    assert sync()["changed"] is False


def test_a_file_that_the_server_will_not_have_stops_no_other(
    run_mailcli: RunMailcli, sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    sync()
    empty = put(maildir / "INBOX", "1.a", b"")  # Dovecot: cannot save a message of no octets
    put(maildir / "INBOX", "2.b", b"Subject: good\n\n")

    done = run_mailcli("imap-sync", "--json")

    (result,) = document(done, "imap-sync")["accounts"]
    assert done.returncode == 69
    assert dovecot.messages(user) == [b"Subject: good\r\n\r\n"]
    (skipped,) = folder_of(result, "INBOX")["skipped"]
    assert (skipped["uid"], skipped["path"]) == (None, str(empty))


def test_files_renamed_by_others_are_recognised(
    sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    dovecot.deliver(user, mail(1), mail(2))
    sync()
    reflag(by_subject(maildir / "INBOX")["1"], "")

    result = folder_of(sync(), "INBOX")

    assert (result["fetched"], result["appended"], result["changed"]) == (0, 0, False)


# -- one way, and no way -------------------------------------------------------------

READS = {
    *("AUTHENTICATE", "LOGIN", "CAPABILITY", "NAMESPACE", "ENABLE", "ID", "LIST", "LSUB"),
    *("EXAMINE", "STATUS", "UID FETCH", "UID SEARCH", "NOOP", "LOGOUT", "COMPRESS", "NOTIFY"),
}


def commands(trace: str) -> set[str]:
    """Return the commands that a trace shows."""
    return {
        found[1].upper()
        for line in trace.splitlines()
        if (found := re.match(r"C: \S+ (UID \w+|[A-Z]+)", line))
    }


@pytest.fixture
def both_changed(sync: Sync, maildir: Path, dovecot: Dovecot, user: str) -> tuple[int, ...]:
    """Something new and changed on either side; returns the UIDs of the two first messages."""
    uids = dovecot.deliver(user, mail(1), mail(2))
    sync()
    reflag(by_subject(maildir / "INBOX")["1"], "S")
    with dovecot.connect(user) as connection:
        connection.select("INBOX")
        connection.uid("STORE", f"{uids[1]}", "+FLAGS", "(\\Flagged)")
    put(maildir / "INBOX", "1.here", b"Subject: here\n\n")
    put(maildir / "OnlyHere", "2.here", b"Subject: only here\n\n")
    dovecot.deliver(user, mail(3))
    dovecot.deliver(user, mail(4), folder="OnlyThere")
    return tuple(uids)


def test_pull_sends_no_command_that_writes(
    run_mailcli: RunMailcli,
    both_changed: tuple[int, ...],
    maildir: Path,
    dovecot: Dovecot,
    user: str,
) -> None:
    there = server_state(dovecot, user)

    done = run_mailcli("imap-sync", "--pull", "--trace")

    assert done.returncode == 0
    assert commands(done.stderr) <= READS
    assert "UID FETCH" in commands(done.stderr)
    assert server_state(dovecot, user) == there
    found = {name: letters(path) for name, path in by_subject(maildir / "INBOX").items()}
    assert found == {"1": "S", "2": "F", "3": "", "here": ""}
    assert octets(maildir / "OnlyThere") == [mail(4)]


def test_push_changes_no_file(
    run_mailcli: RunMailcli,
    both_changed: tuple[int, ...],
    maildir: Path,
    dovecot: Dovecot,
    user: str,
) -> None:
    here = snapshot(maildir)

    done = run_mailcli("imap-sync", "--push")

    assert (done.returncode, done.stderr) == (0, "")
    assert snapshot(maildir) == here
    one, two = both_changed
    flags = dovecot.flags(user)
    assert (flags[one], flags[two]) == (SEEN, FLAGGED)
    assert b"Subject: here\r\n\r\n" in dovecot.messages(user)
    assert dovecot.messages(user, "OnlyHere") == [b"Subject: only here\r\n\r\n"]


def test_one_way_runs_forget_nothing_of_the_other_way(
    sync: Sync, both_changed: tuple[int, ...], maildir: Path, dovecot: Dovecot, user: str
) -> None:
    sync("--pull")
    sync("--push")
    sync()

    assert octets(maildir / "INBOX") == sorted(dovecot.messages(user))
    assert octets(maildir / "OnlyHere") == dovecot.messages(user, "OnlyHere")
    one, two = both_changed
    flags = dovecot.flags(user)
    assert (flags[one], flags[two]) == (SEEN, FLAGGED)
    assert letters(by_subject(maildir / "INBOX")["2"]) == "F"
    assert sync()["changed"] is False


@pytest.mark.parametrize("one_way", ["pull", "push"])
def test_the_configuration_can_say_one_way(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    both_changed: tuple[int, ...],
    maildir: Path,
    dovecot: Dovecot,
    user: str,
    one_way: str,
) -> None:
    table = account(user, imap=dovecot)
    table["imap"]["mode"] = one_way
    write_config({"work": table})
    here, there = snapshot(maildir), server_state(dovecot, user)

    assert run_mailcli("imap-sync").returncode == 0

    assert (snapshot(maildir) == here) is (one_way == "push")
    assert (server_state(dovecot, user) == there) is (one_way == "pull")


def test_a_dry_run_lists_everything_and_changes_nothing(
    run_mailcli: RunMailcli,
    both_changed: tuple[int, ...],
    maildir: Path,
    dovecot: Dovecot,
    user: str,
    home: Path,
) -> None:
    here, there = snapshot(maildir), server_state(dovecot, user)

    done = run_mailcli("imap-sync", "-n", "--json", "--trace=trace")

    (result,) = document(done, "imap-sync")["accounts"]
    one, two = both_changed
    planned = {
        (each["name"], action["kind"], action["uid"])
        for each in result["folders"]
        for action in each["actions"]
    }
    assert planned == {
        ("INBOX", "flags_remote", one),
        ("INBOX", "flags_local", two),
        ("INBOX", "agree", one),
        ("INBOX", "agree", two),
        ("INBOX", "fetch", max(dovecot.flags(user))),
        ("INBOX", "append", None),
        ("OnlyHere", "append", None),
        ("OnlyThere", "fetch", 1),
    }
    assert result["folders_created"] == ["OnlyHere", "OnlyThere"]
    assert (snapshot(maildir), server_state(dovecot, user)) == (here, there)
    assert commands((home / "trace").read_text("utf-8")) <= READS


def test_a_dry_run_of_the_first_synchronisation_makes_no_maildir(
    run_mailcli: RunMailcli, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    dovecot.deliver(user, mail(1))

    done = run_mailcli("imap-sync", "-n")

    lines = done.stdout.splitlines()
    assert lines[-1] == "work\tINBOX\tfetch\t1\t\tnew on the server"
    assert {line.split("\t")[2] for line in lines[:-1]} == {"folder-created"}
    assert not maildir.exists()
