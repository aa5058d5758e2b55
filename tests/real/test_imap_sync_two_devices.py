"""`mailcli imap-sync` on two devices: two Maildirs and states, one real Dovecot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.imap_sides import done, here, mail, message, server_state, syncing, there
from tests.support.local_mail import letters, mail_files, put, snapshot
from tests.support.postfix import Postfix

Device = Callable[..., Any]
"""Synchronises one device and returns what the run says."""


@pytest.fixture
def maildirs(write_config: WriteConfig, dovecot: Dovecot, account_user: str) -> tuple[Path, Path]:
    """The Maildirs of the devices `a` and `b`."""
    write_config({name: account(account_user, imap=dovecot) for name in ("a", "b")})
    return Path("~/Mail/a").expanduser(), Path("~/Mail/b").expanduser()


@pytest.fixture
def a(run_mailcli: RunMailcli, maildirs: tuple[Path, Path]) -> Device:
    return lambda *args: syncing(run_mailcli)("-A", "a", *args)


@pytest.fixture
def b(run_mailcli: RunMailcli, maildirs: tuple[Path, Path]) -> Device:
    return lambda *args: syncing(run_mailcli)("-A", "b", *args)


def file(folder: Path, name: str) -> Path:
    """Return the file of a message by its subject."""
    found = [path for path in mail_files(folder) if f"Subject: {name}\n" in path.read_text()]
    (path,) = found
    return path


def flag(folder: Path, name: str, flags: str) -> None:
    """Give a message other flags, as another program would."""
    path = file(folder, name)
    path.rename(folder / "cur" / f"{path.name.partition(':')[0]}:2,{flags}")


def test_devices_that_change_everything_at_once_converge(
    a: Device, b: Device, maildirs: tuple[Path, Path], dovecot: Dovecot, account_user: str
) -> None:
    here_a, here_b = (maildir / "INBOX" for maildir in maildirs)
    for name, flags in (("one", ""), ("two", "\\Seen"), ("three", "")):
        dovecot.deliver(account_user, message(name), flags=[flags] if flags else [])
    a()
    b()
    flag(here_a, "one", "S")
    flag(here_b, "one", "F")
    flag(here_a, "two", "")
    flag(here_b, "two", "RS")
    flag(here_a, "three", "S")
    flag(here_b, "three", "S")
    put(here_a, "1.a.host:2,S", b"Subject: from a\n\n")
    put(here_b, "1.a.host:2,F", b"Subject: from b\n\n")  # the same name by chance
    put(maildirs[0] / "Work", "1.w.host", b"Subject: work a\n\n")
    put(maildirs[1] / "Work", "1.w.host", b"Subject: work b\n\n")

    for device in (a, b, a, b):
        device()

    wanted = mail(
        (message("one"), "FS"),
        (message("two"), "R"),
        (message("three"), "S"),
        (b"Subject: from a\r\n\r\n", "S"),
        (b"Subject: from b\r\n\r\n", "F"),
    )
    assert here(here_a) == here(here_b) == there(dovecot, account_user) == wanted
    work = mail(b"Subject: work a\r\n\r\n", b"Subject: work b\r\n\r\n")
    assert here(maildirs[0] / "Work") == here(maildirs[1] / "Work") == work
    assert there(dovecot, account_user, "Work") == work
    before = [snapshot(maildir) for maildir in maildirs], server_state(dovecot, account_user)
    assert (done(a()), done(b())) == ({}, {})
    assert before == (
        [snapshot(maildir) for maildir in maildirs],
        server_state(dovecot, account_user),
    )


def test_the_same_message_dropped_into_both_devices_is_one_message(
    a: Device, b: Device, maildirs: tuple[Path, Path], dovecot: Dovecot, account_user: str
) -> None:
    for maildir in maildirs:
        put(maildir / "Archive", "1.a.host:2,S", b"Subject: both\n\n")

    assert done(a()) == {"Archive": {"appended": 1}}
    assert done(b()) == {}

    both = mail((b"Subject: both\r\n\r\n", "S"))
    assert there(dovecot, account_user, "Archive") == both
    assert here(maildirs[1] / "Archive") == both


def test_flags_go_round_without_coming_back(
    a: Device, b: Device, maildirs: tuple[Path, Path], dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message("one"), flags=["\\Flagged", "\\Seen"])
    a()
    b()
    flag(maildirs[0] / "INBOX", "one", "S")

    assert done(a()) == {"INBOX": {"flags_remote": 1}}
    assert done(b()) == {"INBOX": {"flags_local": 1}}
    assert (done(a()), done(b())) == ({}, {})

    assert letters(file(maildirs[1] / "INBOX", "one")) == "S"
    assert there(dovecot, account_user) == mail((message("one"), "S"))


def test_a_device_that_only_pulls_and_one_that_only_pushes(
    a: Device, b: Device, maildirs: tuple[Path, Path], dovecot: Dovecot, account_user: str
) -> None:
    put(maildirs[0] / "Notes", "1.a.host:2,F", b"Subject: a\n\n")
    put(maildirs[1] / "Notes", "1.b.host", b"Subject: b\n\n")

    a("--push")
    b("--pull")

    assert there(dovecot, account_user, "Notes") == mail((b"Subject: a\r\n\r\n", "F"))
    assert here(maildirs[0] / "Notes") == mail((b"Subject: a\r\n\r\n", "F"))
    assert here(maildirs[1] / "Notes") == mail((b"Subject: a\r\n\r\n", "F"), b"Subject: b\r\n\r\n")


def test_a_message_moved_on_one_device_is_moved_on_the_other(
    a: Device, b: Device, maildirs: tuple[Path, Path], dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message("one"))
    a()
    b()
    path = file(maildirs[0] / "INBOX", "one")
    path.rename(maildirs[0] / "Archive" / "cur" / f"{path.name}:2,S")

    for device in (a, b, a):
        device()

    for maildir in maildirs:
        assert here(maildir / "INBOX") == mail()
        assert here(maildir / "Archive") == mail((message("one"), "S"))


def test_what_one_device_sends_is_in_the_sent_folder_of_the_other(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    dovecot: Dovecot,
    postfix: Postfix,
    account_user: str,
) -> None:
    table = account(account_user, imap=dovecot, smtp=postfix)
    write_config(dict.fromkeys(("a", "b"), table))
    sync = syncing(run_mailcli)
    sync("-A", "a")
    sent = run_mailcli(
        "send", "-A", "a", "-s", "Hello", f"{account_user}@example.test", stdin="Grüße\n"
    )
    assert sent.returncode == 0, sent.stderr

    assert done(sync("-A", "a"))["Sent"] == {"appended": 1}
    assert done(sync("-A", "b"))["Sent"] == {"fetched": 1}

    copies = [here(Path(f"~/Mail/{name}/Sent").expanduser()) for name in ("a", "b")]
    assert copies[0] == copies[1] == there(dovecot, account_user, "Sent")
    ((_, flags),) = copies[0]
    assert flags == "S"
