"""`mailcli imap-sync` in company: two devices, `send`, `pop-fetch`, several accounts and runs."""

import fcntl
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.real.conftest import NewUser
from tests.support.accounts import account
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.local_mail import (
    document,
    failure,
    letters,
    mail_files,
    octets,
    put,
    snapshot,
    wire_octets,
)
from tests.support.mirror import Sync, by_subject, folder_of, mail, reflag
from tests.support.postfix import Postfix
from tests.support.processes import server_directory


def test_two_devices_converge(
    sync: Sync, maildir: Path, other_device: dict[str, str], dovecot: Dovecot, user: str
) -> None:
    dovecot.deliver(user, mail(1), mail(2), mail(3))
    other = Path(other_device["HOME"]) / "Mail" / "work"
    sync()
    sync(**other_device)
    for where, subject, flags in ((maildir, "1", "S"), (other, "2", "FS"), (other, "1", "R")):
        reflag(by_subject(where / "INBOX")[subject], flags)
    put(maildir / "Ideas", "1.a", b"Subject: from a\n\n")
    put(other / "INBOX", "1.b", b"Subject: from b\n\n")

    sync()
    sync(**other_device)
    sync()

    for folder in ("INBOX", "Ideas"):
        there = sorted(dovecot.messages(user, folder))
        assert octets(maildir / folder) == octets(other / folder) == there
    for where in (maildir, other):
        found = {name: letters(path) for name, path in by_subject(where / "INBOX").items()}
        assert found == {"1": "RS", "2": "FS", "3": "", "from b": ""}
    assert sync()["changed"] is False
    assert sync(**other_device)["changed"] is False


def test_what_one_device_sends_is_in_the_sent_folder_of_the_other(
    run_mailcli: RunMailcli,
    sync: Sync,
    write_config: WriteConfig,
    other_device: dict[str, str],
    dovecot: Dovecot,
    postfix: Postfix,
    user: str,
    home: Path,
) -> None:
    write_config({"work": account(user, imap=dovecot, smtp=postfix)})
    sync()
    hidden = "someone@example.org"
    done = run_mailcli("send", f"{user}@example.test", "-b", hidden, "--json", stdin="x")
    (copy,) = mail_files(home / "Mail" / "work" / "Sent")

    result = sync()
    sync(**other_device)

    assert done.returncode == 0
    assert folder_of(result, "Sent")["appended"] == 1
    (there,) = mail_files(Path(other_device["HOME"]) / "Mail" / "work" / "Sent")
    assert wire_octets(there) == wire_octets(copy) == dovecot.messages(user, "Sent")[0]
    assert (letters(there), letters(copy)) == ("S", "S")
    assert f"Bcc: {hidden}".encode() in there.read_bytes()
    assert sync()["changed"] is False


_OTHER_SENT = """
namespace inbox {
  mailbox Sent {
    auto = no
    special_use =
  }
  mailbox "Gesendete Objekte" {
    auto = create
    special_use = \\Sent
  }
}
"""


def test_the_server_s_own_sent_folder_takes_the_copy(
    run_mailcli: RunMailcli,
    sync: Sync,
    write_config: WriteConfig,
    postfix: Postfix,
    authority: Authority,
    home: Path,
    user: str,
) -> None:
    with (
        server_directory("sent") as directory,
        running_dovecot(directory, authority, extra=_OTHER_SENT) as server,
    ):
        write_config({"work": account(user, imap=server, smtp=postfix)})
        sync()
        done = run_mailcli("send", f"{user}@example.test", "--json", stdin="x")
        sync()

        folder = home / "Mail" / "work" / "Gesendete Objekte"
        assert document(done, "send")["saved"].startswith(str(folder / "cur"))
        assert len(server.messages(user, "Gesendete Objekte")) == 1


def test_mail_fetched_by_pop_is_never_uploaded(
    run_mailcli: RunMailcli,
    sync: Sync,
    write_config: WriteConfig,
    dovecot: Dovecot,
    user: str,
    new_user: NewUser,
    home: Path,
) -> None:
    other = new_user()
    dovecot.deliver(other, mail(1))
    table = account(user, imap=dovecot, pop=dovecot)
    table["pop"]["username"] = other
    write_config({"work": table})
    assert run_mailcli("pop-fetch").returncode == 0
    here = snapshot(home / "Mail" / "work" / "POP")

    result = sync()

    assert len(mail_files(home / "Mail" / "work" / "POP")) == 1
    assert "POP" not in {each["name"] for each in result["folders"]}
    assert "POP" not in result["folders_created"]
    assert dovecot.messages(user, "POP") == []
    assert snapshot(home / "Mail" / "work" / "POP") == here


_PREFIX = """
namespace inbox {
  separator = .
  prefix = INBOX.
}
"""


@pytest.mark.parametrize("layout", ["nested", "maildir++"])
def test_a_server_with_a_prefix_and_another_separator(
    sync: Sync,
    write_config: WriteConfig,
    authority: Authority,
    user: str,
    home: Path,
    layout: str,
) -> None:
    nested, root = layout == "nested", home / "Mail" / "work"
    with (
        server_directory("prefix") as directory,
        running_dovecot(directory, authority, extra=_PREFIX) as server,
    ):
        server.deliver(user, mail(1))
        server.deliver(user, mail(2), folder="INBOX.Work.Clients")
        write_config({"work": account(user, imap=server, layout=layout)})

        result = sync()

        assert {"INBOX", "Work/Clients", "Sent"} <= {each["name"] for each in result["folders"]}
        assert octets(root / "INBOX" if nested else root) == [mail(1)]
        assert octets(root / ("Work/Clients" if nested else ".Work.Clients")) == [mail(2)]

        put(root / ("Neu/Hier" if nested else ".Neu.Hier"), "1.a", b"Subject: x\n\n")
        assert sync()["folders_created"] == ["Neu/Hier"]
        assert server.messages(user, "INBOX.Neu.Hier") == [b"Subject: x\r\n\r\n"]
        assert sync()["changed"] is False
        # `mailcli folders` shows the server's name: it may be typed, too.
        assert sync("INBOX.Work.Clients")["folders"][0]["name"] == "Work/Clients"


# -- what is asked for, and what fails -------------------------------------------------


def test_only_the_folders_asked_for_are_synchronised(
    sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    dovecot.deliver(user, mail(1))
    dovecot.deliver(user, mail(2), folder="Work")
    dovecot.deliver(user, mail(3), folder="Work/Clients")

    names = [each["name"] for each in sync("Work*")["folders"]]

    assert names == ["Work", "Work/Clients"]
    assert not (maildir / "INBOX").exists()
    assert [each["name"] for each in sync("inbox")["folders"]] == ["INBOX"]


def test_a_folder_that_is_nowhere_is_66_and_the_others_are_synchronised(
    run_mailcli: RunMailcli, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    dovecot.deliver(user, mail(1))
    dovecot.deliver(user, mail(2), folder="Work")

    done = run_mailcli("imap-sync", "Wrk", "INBOX", "--json")

    assert done.returncode == 66
    assert failure(done)["code"] == "not_found"
    assert failure(done)["hint"] == "did you mean Work?"
    assert octets(maildir / "INBOX") == [mail(1)]
    assert not (maildir / "Wrk").exists()


def test_folders_left_out_by_the_configuration_stay_out(
    run_mailcli: RunMailcli,
    sync: Sync,
    write_config: WriteConfig,
    dovecot: Dovecot,
    user: str,
    home: Path,
) -> None:
    dovecot.deliver(user, mail(1), folder="Spam")
    table = account(user, imap=dovecot)
    table["imap"]["folders"] = ["*", "!Spam", "!Private*"]
    write_config({"work": table})
    put(home / "Mail" / "work" / "Private", "1.a", b"Subject: mine\n\n")

    sync()

    assert not (home / "Mail" / "work" / "Spam").exists()
    assert dovecot.messages(user, "Private") == []
    done = run_mailcli("imap-sync", "Spam")
    assert done.returncode == 66
    assert "the account leaves this folder out" in done.stderr


def test_one_account_that_fails_stops_no_other(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    dovecot: Dovecot,
    new_user: NewUser,
    home: Path,
) -> None:
    first, second = new_user(), new_user()
    dovecot.deliver(second, mail(1))
    bad = account(first, imap=dovecot, password_command=["printf", "wrong"])
    write_config({"bad": bad, "good": account(second, imap=dovecot)})

    done = run_mailcli("imap-sync", "--all-accounts")

    assert (done.returncode, done.stdout) == (77, "")
    assert done.stderr.startswith("mailcli: bad: imap localhost:")
    assert octets(home / "Mail" / "good" / "INBOX") == [mail(1)]


def test_a_second_run_at_the_same_time_is_75(
    run_mailcli: RunMailcli, maildir: Path, home: Path
) -> None:
    lock = home / ".local" / "state" / "mailcli" / "work.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        done = run_mailcli("imap-sync", "--json")

    assert done.returncode == 75
    assert failure(done)["code"] == "locked"
    assert not maildir.exists()
