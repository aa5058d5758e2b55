"""`mailcli imap-sync` after losses: of the state, of the Maildir, of the server's numbering."""

from pathlib import Path

from tests.conftest import RunMailcli
from tests.support.dovecot import Dovecot
from tests.support.local_mail import mail_files, octets, put
from tests.support.mirror import Sync, by_subject, folder_of, mail, reflag


def lose_state(home: Path) -> None:
    for path in home.joinpath(".local", "state", "mailcli").glob("work.*"):
        path.unlink()


def test_a_lost_state_pairs_what_is_on_both_sides(
    sync: Sync, maildir: Path, home: Path, dovecot: Dovecot, user: str
) -> None:
    dovecot.deliver(user, mail(1), mail(1), mail(2), flags=["\\Seen"])
    sync()
    put(maildir / "INBOX", "1.foreign:2,S", b"Subject: 9\n\nuploaded\n")
    sync()
    lose_state(home)
    here = sorted(path.name for path in mail_files(maildir / "INBOX"))
    there = dovecot.messages(user)

    result = folder_of(sync(), "INBOX")

    assert (result["fetched"], result["appended"], result["changed"]) == (0, 0, False)
    assert sorted(path.name for path in mail_files(maildir / "INBOX")) == here
    assert dovecot.messages(user) == there
    assert sync()["changed"] is False


def test_flags_changed_meanwhile_survive_a_lost_state_on_both_sides(
    sync: Sync, maildir: Path, home: Path, dovecot: Dovecot, user: str
) -> None:
    (uid,) = dovecot.deliver(user, mail(2), flags=["\\Seen"])
    put(maildir / "INBOX", "1.foreign:2,S", b"Subject: 9\n\nuploaded\n")
    sync()
    lose_state(home)
    # One message is known by its name, the other only by its octets, which takes a second look.
    reflag(by_subject(maildir / "INBOX")["2"], "FS")

    sync()

    found = by_subject(maildir / "INBOX")
    assert found["2"].name.endswith(":2,FS")
    assert dovecot.flags(user)[uid] == frozenset({"\\Flagged", "\\Seen"})
    assert sync()["changed"] is False


def test_a_lost_maildir_stops_the_account(
    run_mailcli: RunMailcli, sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    dovecot.deliver(user, mail(1))
    sync()
    maildir.rename(maildir.with_name("elsewhere"))

    done = run_mailcli("imap-sync")

    assert done.returncode == 74
    assert "hint: mount its disk" in done.stderr
    assert not maildir.exists()
    assert dovecot.messages(user) == [mail(1)]


def renumber(dovecot: Dovecot, user: str, folder: str, *raws: bytes) -> None:
    """Make a folder anew, with another UIDVALIDITY."""
    with dovecot.connect(user) as connection:
        old = connection.status(folder, "(UIDVALIDITY)")[1]
        connection.delete(folder)
    dovecot.deliver(user, *raws, folder=folder, flags=["\\Seen"])
    with dovecot.connect(user) as connection:
        assert connection.status(folder, "(UIDVALIDITY)")[1] != old


def test_renumbered_folders_are_matched_by_content(
    sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    raws = [mail(1), mail(2), mail(2), mail(3, b"x" * 9000 + b"\r\n")]
    dovecot.deliver(user, *raws, folder="Work")
    sync()
    renumber(dovecot, user, "Work", *reversed(raws), mail(4))

    result = folder_of(sync(), "Work")

    assert (result["fetched"], result["appended"], result["skipped"]) == (1, 0, [])
    assert octets(maildir / "Work") == sorted([*raws, mail(4)])
    assert dovecot.messages(user, "Work") == [*reversed(raws), mail(4)]
    assert sync()["changed"] is False


def test_what_a_renumbered_folder_lacks_stays_here_and_is_said(
    sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    dovecot.deliver(user, mail(1), mail(2), folder="Work")
    sync()
    renumber(dovecot, user, "Work", mail(1))

    for _ in range(2):
        result = folder_of(sync(), "Work")

        left = by_subject(maildir / "Work")["2"]
        assert [each["path"] for each in result["skipped"]] == [str(left)]
        assert dovecot.messages(user, "Work") == [mail(1)]
        assert octets(maildir / "Work") == [mail(1), mail(2)]
        planned = folder_of(sync("-n"), "Work")
        assert (planned["actions"], planned["skipped"]) == ([], result["skipped"])


def test_a_folder_that_vanished_from_the_server_stays_here_and_is_said(
    run_mailcli: RunMailcli, sync: Sync, maildir: Path, dovecot: Dovecot, user: str
) -> None:
    dovecot.deliver(user, mail(1), folder="Work")
    dovecot.deliver(user, mail(2))
    sync()
    with dovecot.connect(user) as connection:
        connection.delete("Work")

    done = run_mailcli("imap-sync")

    assert done.returncode == 3
    assert "Work: the folder is gone on the server; nothing is deleted here" in done.stderr
    assert octets(maildir / "Work") == [mail(1)]
    assert dovecot.messages(user, "Work") == []
