"""The index and the numbers of messages, while other programs do as they like with the Maildir."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.dovecot import Dovecot
from tests.support.local_mail import document, put
from tests.support.sync_account import sync_account

Numbers = Callable[..., dict[str, int]]


@pytest.fixture
def mail_dir(write_config: WriteConfig, home: Path) -> Path:
    """The Maildir of the one account, not made yet."""
    write_config({"work": {"email": "ada@example.org"}})
    return home / "Mail" / "work"


@pytest.fixture
def numbers(run_mailcli: RunMailcli, mail_dir: Path) -> Numbers:
    """Return a function that lists all folders and gives each subject's number."""

    def listed(*more: str) -> dict[str, int]:
        done = run_mailcli("list", "--all-folders", "--json", *more)
        assert (done.returncode, done.stderr) == (0, "")
        return {each["subject"]: each["id"] for each in document(done, "list")["messages"]}

    return listed


def mail(subject: str, *fields: str, message_id: str | None = None) -> bytes:
    lines = [
        "From: Bob <bob@example.org>",
        f"Subject: {subject}",
        "Date: Mon, 02 Nov 2026 10:00:00 +0100",
        f"Message-ID: <{message_id or subject.replace(' ', '.')}@example.org>",
        *fields,
    ]
    return ("\n".join(lines) + "\n\nbody\n").encode()


def database(home: Path) -> Path:
    return home / ".cache" / "mailcli" / "index.db"


def numbers_file(home: Path) -> Path:
    return home / ".local" / "state" / "mailcli" / "numbers" / "numbers.db"


def lose(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def test_numbers_follow_the_order_of_delivery(mail_dir: Path, numbers: Numbers) -> None:
    for when in (300, 100, 200):
        put(mail_dir / "INBOX", f"{when}.x.host", mail(str(when)))

    assert numbers() == {"100": 1, "200": 2, "300": 3}


def test_a_number_stays_when_another_program_moves_the_file(
    mail_dir: Path, numbers: Numbers
) -> None:
    path = put(mail_dir / "INBOX", "1.a.host:2,S", mail("a"))
    put(mail_dir / "Archive", "2.b.host:2,S", mail("b"))
    before = numbers()

    path.rename(mail_dir / "Archive" / "cur" / path.name)

    assert numbers() == before


def test_a_number_stays_when_flags_change(mail_dir: Path, numbers: Numbers) -> None:
    path = put(mail_dir / "INBOX", "1.a.host", mail("a"))
    before = numbers()

    path.rename(mail_dir / "INBOX" / "cur" / "1.a.host:2,FS")

    assert numbers("--flagged") == before
    assert numbers("--unread") == {}


def test_a_number_stays_when_a_message_is_copied_with_another_header_and_deleted(
    mail_dir: Path, numbers: Numbers
) -> None:
    path = put(mail_dir / "INBOX", "1.a.host:2,S", mail("a"))
    put(mail_dir / "INBOX", "2.b.host:2,S", mail("b"))
    before = numbers()

    put(mail_dir / "Archive", "9.new.host:2,S", mail("a", "X-Label: later", "Status: RO"))
    path.unlink()

    assert numbers() == before


def test_two_files_of_one_unique_name_are_one_message_whose_number_stays(
    mail_dir: Path, numbers: Numbers
) -> None:
    put(mail_dir / "INBOX", "1.a.host", mail("a"))
    put(mail_dir / "INBOX", "1.a.host:2,S", mail("a"))
    put(mail_dir / "INBOX", "1.a.host:2,FS", mail("a"))
    assert numbers() == {"a": 1}

    put(mail_dir / "INBOX", "2.b.host:2,S", mail("b"))

    assert numbers() == {"a": 1, "b": 2}
    assert numbers("--unread") == {}


def test_of_two_files_of_one_unique_name_the_other_is_left(
    mail_dir: Path, numbers: Numbers
) -> None:
    path = put(mail_dir / "INBOX", "1.a.host", mail("a"))
    before = numbers()
    put(mail_dir / "INBOX", "1.a.host:2,S", mail("a"))
    assert numbers() == before

    path.unlink()

    assert numbers() == before
    assert numbers("--unread") == {}


def test_a_name_that_is_no_text_is_known_again(mail_dir: Path, numbers: Numbers) -> None:
    path = put(mail_dir / "INBOX", "1.\udcff.host:2,\udcfe", mail("a"))
    put(mail_dir / "INBOX", "2.b.host:2,S", mail("b"))
    gone = put(mail_dir / "INBOX", "3.\udcff.host:2,S", mail("c"))
    assert numbers() == {"a": 1, "b": 2, "c": 3}

    gone.unlink()
    assert numbers() == {"a": 1, "b": 2}
    path.rename(path.with_name("1.\udcff.host:2,FS"))

    assert numbers("--flagged") == {"a": 1}


def test_a_copy_is_a_message_of_its_own(
    run_mailcli: RunMailcli, mail_dir: Path, numbers: Numbers
) -> None:
    path = put(mail_dir / "INBOX", "1.a.host:2,S", mail("a"))
    before = numbers()["a"]

    put(mail_dir / "Archive", path.name, path.read_bytes())

    found = document(run_mailcli("list", "--all-folders", "--json"), "list")["messages"]
    assert {each["folder"]: each["id"] for each in found} == {"INBOX": before, "Archive": 2}


def test_a_number_is_never_given_again(mail_dir: Path, numbers: Numbers) -> None:
    path = put(mail_dir / "INBOX", "1.a.host", mail("a"))
    assert numbers() == {"a": 1}
    path.unlink()
    assert numbers() == {}

    put(mail_dir / "INBOX", "2.b.host", mail("b"))

    assert numbers() == {"b": 2}


def test_a_message_that_comes_back_has_the_number_that_it_had(
    mail_dir: Path, numbers: Numbers
) -> None:
    path = put(mail_dir / "INBOX", "1.a.host", mail("a"))
    put(mail_dir / "INBOX", "2.b.host", mail("b"))
    before = numbers()
    path.unlink()
    numbers()

    put(mail_dir / "INBOX", "7.other.host", mail("a"))

    assert numbers() == before


def copies(mail_dir: Path) -> None:
    """Two folders with the same two messages, under the same names."""
    for folder in ("INBOX", "Archive"):
        put(mail_dir / folder, "1.a.host:2,S", mail(f"a in {folder}", message_id="a"))
        put(mail_dir / folder, "2.b.host:2,S", mail(f"b in {folder}", message_id="b"))


def test_numbers_survive_the_index(mail_dir: Path, numbers: Numbers, home: Path) -> None:
    copies(mail_dir)
    before = numbers()
    moved = mail_dir / "INBOX" / "cur" / "2.b.host:2,S"
    moved.rename(mail_dir / "Archive" / "cur" / "2.b.host.moved:2,S")

    lose(database(home))

    assert numbers() == before


def test_numbers_survive_the_state_as_long_as_there_is_an_index(
    mail_dir: Path, numbers: Numbers, home: Path
) -> None:
    copies(mail_dir)
    put(mail_dir / "INBOX", "3.c.host", mail("c"))
    before = numbers()
    (mail_dir / "INBOX" / "new" / "3.c.host").unlink()
    numbers()

    lose(numbers_file(home))
    put(mail_dir / "INBOX", "4.d.host", mail("d"))

    after = numbers()
    assert after.pop("d") == 6
    assert after == {subject: number for subject, number in before.items() if subject != "c"}


def test_an_index_of_other_numbers_is_not_believed(
    mail_dir: Path, numbers: Numbers, home: Path, tmp_path: Path
) -> None:
    put(mail_dir / "INBOX", "1.a.host", mail("a"))
    numbers()
    shutil.copy(database(home), tmp_path / "old")
    lose(database(home))
    lose(numbers_file(home))
    put(mail_dir / "INBOX", "0.b.host", mail("b"))
    assert numbers() == {"b": 1, "a": 2}

    lose(database(home))
    shutil.copy(tmp_path / "old", database(home))
    put(mail_dir / "INBOX", "3.c.host", mail("c"))

    assert numbers() == {"b": 1, "a": 2, "c": 3}


@pytest.mark.parametrize("octets", [b"", b"no database", b"SQLite format 3\0" + bytes(5000)])
def test_a_damaged_index_is_built_anew(
    mail_dir: Path, numbers: Numbers, home: Path, octets: bytes
) -> None:
    put(mail_dir / "INBOX", "1.a.host", mail("a"))
    before = numbers()
    lose(database(home))

    database(home).write_bytes(octets)

    assert numbers() == before
    assert sqlite3.connect(database(home)).execute("SELECT number FROM message").fetchall()


def test_an_index_of_another_version_is_built_anew(
    mail_dir: Path, numbers: Numbers, home: Path
) -> None:
    put(mail_dir / "INBOX", "1.a.host", mail("a"))
    before = numbers()
    with sqlite3.connect(database(home)) as connection:
        connection.execute("DROP TABLE message")
        connection.execute("PRAGMA user_version=99")
    connection.close()

    assert numbers() == before


def test_a_damaged_page_in_the_midst_of_the_index_is_found_and_built_anew(
    mail_dir: Path, numbers: Numbers, home: Path
) -> None:
    for each in range(50):
        put(mail_dir / "INBOX", f"{each}.a.host", mail(f"message {each}"))
    before = numbers()
    with sqlite3.connect(database(home)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    octets = bytearray(database(home).read_bytes())
    for place in range(4096, len(octets), 4096):
        octets[place : place + 64] = b"\xff" * 64
    database(home).write_bytes(octets)

    assert numbers() == before


def test_without_a_cache_directory_there_is_a_list_all_the_same(
    run_mailcli: RunMailcli, mail_dir: Path, numbers: Numbers, home: Path
) -> None:
    put(mail_dir / "INBOX", "1.a.host", mail("a"))
    (home / ".cache").write_text("this is no directory")

    assert numbers() == {"a": 1}
    assert numbers() == {"a": 1}


def test_without_a_state_directory_there_is_a_list_without_numbers(
    mail_dir: Path, numbers: Numbers, home: Path
) -> None:
    put(mail_dir / "INBOX", "1.a.host", mail("a"))
    put(mail_dir / "INBOX", "2.b.host", mail("b"))
    (home / ".local").write_text("this is no directory")

    assert numbers() == {"a": None, "b": None}


def test_on_a_full_disk_there_is_a_list_with_the_numbers_that_are_known(
    mail_dir: Path, numbers: Numbers, mailcli_env: Mapping[str, str]
) -> None:
    put(mail_dir / "INBOX", "1.a.host", mail("a"))
    assert numbers() == {"a": 1}
    put(mail_dir / "INBOX", "2.b.host", mail("b"))
    limit = ["sh", "-c", 'ulimit -f 0; exec "$0" -m mailcli "$@"', sys.executable]

    done = subprocess.run(
        [*limit, "list", "--json"], env=dict(mailcli_env), capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert b'"id": 1' in done.stdout
    assert b'"id": null' in done.stdout


def test_two_processes_index_at_once(
    mailcli_env: Mapping[str, str], mail_dir: Path, numbers: Numbers
) -> None:
    for each in range(1200):
        put(mail_dir / "INBOX", f"{each}.a.host", mail(f"message {each}"))
    command = [sys.executable, "-m", "mailcli", "list", "--limit", "2000", "--json"]

    both = [
        subprocess.Popen(command, env=dict(mailcli_env), stdout=subprocess.PIPE) for _ in range(2)
    ]
    outputs = [each.communicate()[0] for each in both]

    assert [each.returncode for each in both] == [0, 0]
    assert outputs[0] == outputs[1]
    assert sorted(numbers().values()) == list(range(1, 1201))


def test_a_file_that_was_dropped_into_the_folder_in_the_same_moment_is_seen(
    mail_dir: Path, numbers: Numbers
) -> None:
    for each in range(5):
        put(mail_dir / "INBOX", f"{each}.a.host", mail(str(each)))
        assert len(numbers()) == each + 1


def test_a_folder_that_is_gone_takes_its_messages_along(mail_dir: Path, numbers: Numbers) -> None:
    put(mail_dir / "INBOX", "1.a.host", mail("a"))
    put(mail_dir / "Old", "2.b.host", mail("b"))
    assert numbers() == {"a": 1, "b": 2}

    shutil.rmtree(mail_dir / "Old")
    assert numbers() == {"a": 1}

    put(mail_dir / "Newer", "2.b.host", mail("b"))
    assert numbers() == {"a": 1, "b": 2}


def test_numbers_survive_a_lost_state_and_moves_on_the_server(
    run_mailcli: RunMailcli, dovecot: Dovecot, account_user: str, write_config: WriteConfig
) -> None:
    work = sync_account(dovecot, account_user, write_config)

    def listed() -> dict[str, int]:
        done = run_mailcli("list", "--all-folders", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        return {each["subject"]: each["id"] for each in document(done, "list")["messages"]}

    work.fill("one", "two", "three")
    work.fill("four", folder="Archive")
    before = listed()
    work.move_there("two", "INBOX", "Archive")
    work.flag_there("three", "+\\Flagged")
    work.lose_state()
    work.sync()

    assert listed() == before

    for path in [*work.maildir.glob("*/cur/*"), *work.maildir.glob("*/new/*")]:
        path.unlink()
    work.lose_state()
    assert listed() == {}
    work.sync()

    assert listed() == before


def test_an_index_of_messages_that_are_mostly_gone_is_built_anew(
    mail_dir: Path, numbers: Numbers, home: Path
) -> None:
    for each in range(1100):
        put(mail_dir / "INBOX", f"{each}.a.host", mail(f"message {each}"))
    before = numbers()
    for each in range(1050):
        (mail_dir / "INBOX" / "new" / f"{each}.a.host").unlink()
    left = {subject: number for subject, number in before.items() if number > 1050}

    assert numbers() == left
    assert not database(home).exists()
    assert numbers() == left
    assert database(home).exists()


def test_an_account_may_be_called_as_our_files_are(
    run_mailcli: RunMailcli, write_config: WriteConfig, home: Path
) -> None:
    write_config({"numbers": {"email": "a@example.org"}, "index": {"email": "b@example.org"}})
    put(home / "Mail" / "numbers" / "INBOX", "1.a.host", mail("a"))

    run_mailcli("send", "--queue", "-A", "numbers", "--body", "x", "x@example.org")
    done = run_mailcli("list", "-A", "numbers", "--json")

    assert document(done, "list")["messages"][0]["id"] == 1
    assert not (home / ".local" / "state" / "mailcli" / "numbers.db").exists()
