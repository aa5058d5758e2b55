"""`mailcli pop-fetch` on a real Dovecot, and on a scripted server where it must misbehave."""

import fcntl
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.real.conftest import NewUser
from tests.support import dialogues
from tests.support.accounts import account
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
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
from tests.support.processes import wait_until
from tests.support.scripted import Scripted


def message(number: int, body: bytes = b"Hello.\r\n") -> bytes:
    return (
        b"From: a@b.example\r\nSubject: %d\r\nMessage-ID: <%d@x>\r\n\r\n"
        % (
            number,
            number,
        )
        + body
    )


@pytest.fixture
def configured(write_config: WriteConfig, dovecot: Dovecot, account_user: str) -> Path:
    """One account with a maildrop; returns its INBOX."""
    write_config({"home": account(account_user, pop=dovecot)})
    return Path("~/Mail/home/INBOX").expanduser()


@pytest.fixture
def database(home: Path) -> Path:
    """Where the account's state is."""
    return home / ".local" / "state" / "mailcli" / "home.db"


def counts(result: object) -> dict[str, int]:
    assert isinstance(result, dict)
    (only,) = result["accounts"]
    assert only["error"] is None, only["error"]
    return {name: only[name] for name in ("fetched", "bytes", "deleted", "kept")}


AWKWARD = {
    "plain": message(1),
    "dots": message(2, b".\r\n..\r\n...three\r\n.x\r\n"),
    "long-lines": message(
        3, b"x" * 2047 + b"\r\n" + b"y" * 5000 + b"\r\n" + b"z" * 200_000 + b"\r\n"
    ),
    "8-bit": message(4, bytes(range(128, 256)) * 9 + b"\r\n"),
    "empty-body": message(5, b""),
    "header-only": b"Subject: 6\r\n",
    "blank-lines": message(7, b"\r\n\r\n\r\n"),
    "no-line-end": message(8, b"the last line has no end"),
    "dot-at-the-end": message(9, b"text\r\n."),
    "from-line": message(10, b"From the start\r\n>From quoted\r\n"),
    "spaces": message(11, b"  leading\r\ntrailing  \r\n\t\r\n"),
}


def test_every_octet_arrives_as_it_was(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, *AWKWARD.values())

    done = run_mailcli("pop-fetch", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    # POP3 cannot tell whether a last line had its CRLF (RFC 1939 §3): it always has one here.
    wanted = [raw if raw.endswith(b"\r\n") else raw + b"\r\n" for raw in AWKWARD.values()]
    assert octets(configured) == sorted(wanted)
    assert counts(document(done, "pop-fetch")) == {
        "fetched": len(AWKWARD),
        "bytes": sum(map(len, wanted)),
        "deleted": 0,
        "kept": len(AWKWARD),
    }
    assert dovecot.messages(account_user) == list(AWKWARD.values()), "kept on the server"


def test_new_mail_is_private_and_unread(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message(1))

    run_mailcli("pop-fetch")

    (path,) = mail_files(configured)
    assert (path.parent.name, letters(path), mode(path)) == ("new", "", 0o600)
    assert mode(configured) == 0o700
    assert list(configured.joinpath("tmp").iterdir()) == []


def test_a_second_run_fetches_nothing_and_touches_nothing(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message(1), message(2))
    run_mailcli("pop-fetch")
    before = snapshot(configured)

    done = run_mailcli("pop-fetch", "--json")

    assert counts(document(done, "pop-fetch")) == {
        "fetched": 0,
        "bytes": 0,
        "deleted": 0,
        "kept": 2,
    }
    assert snapshot(configured) == before


def test_only_what_is_new_is_fetched_though_files_were_moved_and_flagged(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message(1), message(2))
    run_mailcli("pop-fetch")
    first, second = mail_files(configured)
    first.rename(configured / "cur" / f"{first.name}:2,S")
    second.unlink()
    dovecot.deliver(account_user, message(3))

    done = run_mailcli("pop-fetch", "--json")

    assert counts(document(done, "pop-fetch"))["fetched"] == 1
    assert len(mail_files(configured)) == 2, "what was deleted here does not come back"


@pytest.mark.parametrize("how", ["--delete", "--keep=0s", "config"])
def test_mail_is_deleted_on_the_server_once_it_is_here(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    dovecot: Dovecot,
    account_user: str,
    home: Path,
    how: str,
) -> None:
    table = account(account_user, pop=dovecot)
    if how == "config":
        table["pop"]["keep"] = False
    write_config({"home": table})
    dovecot.deliver(account_user, message(1), message(2))

    done = run_mailcli("pop-fetch", "--json", *([how] if how != "config" else []))

    assert counts(document(done, "pop-fetch")) | {"bytes": 0} == {
        "fetched": 2,
        "bytes": 0,
        "deleted": 2,
        "kept": 0,
    }
    assert dovecot.messages(account_user) == []
    assert octets(home / "Mail" / "home" / "INBOX") == [message(1), message(2)]


def test_an_option_overrides_the_configuration(
    run_mailcli: RunMailcli, write_config: WriteConfig, dovecot: Dovecot, account_user: str
) -> None:
    table = account(account_user, pop=dovecot)
    table["pop"]["keep"] = False
    write_config({"home": table})
    dovecot.deliver(account_user, message(1))

    done = run_mailcli("pop-fetch", "--keep", "--json")

    assert counts(document(done, "pop-fetch"))["kept"] == 1
    assert len(dovecot.messages(account_user)) == 1


def test_mail_fetched_before_is_deleted_later_without_another_fetch(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message(1), message(2))
    run_mailcli("pop-fetch")

    done = run_mailcli("pop-fetch", "--delete", "--json")

    assert counts(document(done, "pop-fetch")) == {
        "fetched": 0,
        "bytes": 0,
        "deleted": 2,
        "kept": 0,
    }
    assert len(mail_files(configured)) == 2


def test_an_age_counts_from_when_the_message_was_stored(
    run_mailcli: RunMailcli,
    configured: Path,
    database: Path,
    dovecot: Dovecot,
    account_user: str,
) -> None:
    dovecot.deliver(account_user, message(1), message(2))
    run_mailcli("pop-fetch", "--keep=30d")
    assert len(dovecot.messages(account_user)) == 2
    with closing(sqlite3.connect(database)) as state, state:
        oldest = "SELECT min(uidl) FROM pop_message"
        state.execute(
            f"UPDATE pop_message SET stored_at = stored_at - 31 * 86400 WHERE uidl = ({oldest})"  # noqa: S608 - no value in it
        )

    done = run_mailcli("pop-fetch", "--keep=30d", "--json")

    assert counts(document(done, "pop-fetch")) | {"bytes": 0} == {
        "fetched": 0,
        "bytes": 0,
        "deleted": 1,
        "kept": 1,
    }
    assert len(dovecot.messages(account_user)) == 1
    assert len(mail_files(configured)) == 2


@pytest.mark.parametrize("more", [(), ("--delete",)])
def test_a_dry_run_changes_neither_side(
    run_mailcli: RunMailcli,
    configured: Path,
    dovecot: Dovecot,
    account_user: str,
    more: tuple[str, ...],
) -> None:
    dovecot.deliver(account_user, message(1), message(2))

    done = run_mailcli("pop-fetch", "-n", "--json", *more)

    result = counts(document(done, "pop-fetch"))
    assert (result["fetched"], result["deleted"]) == (2, 2 if more else 0)
    assert document(done, "pop-fetch")["accounts"][0]["done"] is False
    assert not configured.parent.exists()
    assert len(dovecot.messages(account_user)) == 2


def test_a_dry_run_speaks_in_a_pipe(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message(1))

    done = run_mailcli("pop-fetch", "-n")

    assert done.stdout.split("\t")[:2] == ["home", "1"]


@pytest.mark.parametrize("delivered", [0, 2])
def test_success_is_silent_in_a_pipe(
    run_mailcli: RunMailcli,
    configured: Path,
    dovecot: Dovecot,
    account_user: str,
    delivered: int,
) -> None:
    dovecot.deliver(account_user, *map(message, range(delivered)))

    done = run_mailcli("pop-fetch")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_one_account_that_fails_stops_no_other(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    dovecot: Dovecot,
    new_user: NewUser,
    home: Path,
) -> None:
    first, second, third = new_user(), new_user(), new_user()
    for user in (first, third):
        dovecot.deliver(user, message(1))
    write_config(
        {
            "one": account(first, pop=dovecot),
            "two": account(second, pop=dovecot, password_command=["printf", "wrong"]),
            "three": account(third, pop=dovecot),
            "none": account("u1", imap=dovecot),
        }
    )

    done = run_mailcli("pop-fetch", "--all-accounts")

    assert (done.returncode, done.stdout) == (77, "")
    (line, hint) = done.stderr.splitlines()
    assert line.startswith("mailcli: two: pop localhost:")
    assert hint.startswith("hint: check the user name")
    for name in ("one", "three"):
        assert octets(home / "Mail" / name / "INBOX") == [message(1)]


def test_the_json_of_several_accounts_has_each_with_its_error(
    run_mailcli: RunMailcli, write_config: WriteConfig, dovecot: Dovecot, new_user: NewUser
) -> None:
    write_config(
        {
            "good": account(new_user(), pop=dovecot),
            "bad": account(new_user(), pop=dovecot, password_command=["false"]),
        }
    )

    done = run_mailcli("pop-fetch", "-A", "bad", "-A", "good", "--json")

    accounts = document(done, "pop-fetch")["accounts"]
    assert [each["account"] for each in accounts] == ["bad", "good"]
    assert accounts[0]["error"]["code"] == "login"
    assert accounts[1]["error"] is None
    assert failure(done) == accounts[0]["error"]


def test_an_account_without_a_maildrop_names_those_that_have_one(
    run_mailcli: RunMailcli, write_config: WriteConfig, dovecot: Dovecot
) -> None:
    both = {"one": account("u1", imap=dovecot), "two": account("u2", pop=dovecot)}
    write_config(both)

    done = run_mailcli("pop-fetch", "-A", "one")

    assert done.returncode == 78
    assert done.stderr.endswith("or choose with -A one that has it: two\n")


def test_a_second_run_at_the_same_time_is_75(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, account_user: str, home: Path
) -> None:
    dovecot.deliver(account_user, message(1))
    lock = home / ".local" / "state" / "mailcli" / "home.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        done = run_mailcli("pop-fetch", "--json")

    assert done.returncode == 75
    assert failure(done)["code"] == "locked"
    assert not configured.exists()


def test_a_lost_state_doubles_nothing(
    run_mailcli: RunMailcli,
    configured: Path,
    database: Path,
    dovecot: Dovecot,
    account_user: str,
) -> None:
    dovecot.deliver(account_user, message(1), message(2))
    run_mailcli("pop-fetch")
    first, _ = mail_files(configured)
    first.rename(configured / "cur" / f"{first.name}:2,FS")
    for path in database.parent.glob("home.*"):
        path.unlink()
    dovecot.deliver(account_user, message(3))

    done = run_mailcli("pop-fetch", "--json")

    assert counts(document(done, "pop-fetch"))["fetched"] == 1
    assert octets(configured) == [message(1), message(2), message(3)]


def test_mail_that_others_put_there_is_left_alone(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, account_user: str
) -> None:
    foreign = put(configured, "1700000000.M1P2.host:2,S", b"Subject: foreign\n\nx\n")
    before = foreign.stat()
    dovecot.deliver(account_user, message(1))

    run_mailcli("pop-fetch", "--delete")

    assert foreign.stat() == before
    assert len(mail_files(configured)) == 2


def test_the_mail_of_an_account_with_imap_goes_to_a_folder_of_its_own(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    dovecot: Dovecot,
    account_user: str,
    home: Path,
) -> None:
    write_config({"both": account(account_user, pop=dovecot, imap=dovecot)})
    dovecot.deliver(account_user, message(1))

    assert run_mailcli("pop-fetch").returncode == 0

    assert octets(home / "Mail" / "both" / "POP") == [message(1)]
    assert not (home / "Mail" / "both" / "INBOX").exists()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_each_way_of_connecting_fetches(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    dovecot: Dovecot,
    account_user: str,
    home: Path,
    tls: str,
) -> None:
    write_config({"home": account(account_user, pop=dovecot, tls=tls)})
    dovecot.deliver(account_user, message(1))

    done = run_mailcli("pop-fetch")

    assert (done.returncode, done.stderr) == (0, "")
    assert len(mail_files(home / "Mail" / "home" / "INBOX")) == 1


def test_a_maildir_that_is_gone_is_not_begun_anew(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, account_user: str
) -> None:
    dovecot.deliver(account_user, message(1))
    run_mailcli("pop-fetch")
    configured.parent.rename(configured.parent.with_name("elsewhere"))

    done = run_mailcli("pop-fetch", "--delete")

    assert done.returncode == 74
    assert "hint: mount its disk" in done.stderr
    assert len(dovecot.messages(account_user)) == 1


def test_several_hundred_messages_arrive_whole(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, account_user: str
) -> None:
    raws = [message(number, b"x" * number + b"\r\n") for number in range(450)]
    dovecot.deliver(account_user, *raws)

    done = run_mailcli("pop-fetch", "--delete", "--json")

    assert counts(document(done, "pop-fetch"))["deleted"] == 450
    assert octets(configured) == sorted(raws)
    assert dovecot.messages(account_user) == []


# -- servers that do odd things --------------------------------------------------


@pytest.fixture
def scripted(authority: Authority) -> Callable[..., Scripted]:
    """Return a function that makes a scripted maildrop, which the test enters."""

    def make(*parts: str, **options: object) -> Scripted:
        script = dialogues.script(dialogues.opening("pop3", tls="implicit"), *parts)
        return Scripted(script, certificate=authority.server(), **options)  # type: ignore[arg-type] # a test's own

    return make


@pytest.fixture
def use(write_config: WriteConfig, authority: Authority) -> Callable[[Scripted], Path]:
    """Return a function that points the account at a scripted server; it gives the INBOX."""

    def configure(server: Scripted) -> Path:
        table = {"host": "localhost", "port": server.port, "ca_file": str(authority.ca_pem)}
        write_config(
            {"home": {"email": "a@b.example", "password_command": ["printf", "pw"], "pop": table}}
        )
        return Path("~/Mail/home/INBOX").expanduser()

    return configure


def listing(*messages: tuple[str, int]) -> str:
    """Return the part in which the client asks what there is: unique-ids and sizes."""
    uidls = [f"S: {n} {uidl}" for n, (uidl, _) in enumerate(messages, 1)]
    sizes = [f"S: {n} {size}" for n, (_, size) in enumerate(messages, 1)]
    return dialogues.script(
        "@unordered",
        "C: UIDL",
        "S: +OK",
        *uidls,
        "S: .",
        "@or",
        "C: LIST",
        "S: +OK",
        *sizes,
        "S: .",
        "@end",
    )


def retrieved(number: int, octets_: str) -> str:
    return dialogues.script(f"C: RETR {number}", "S: +OK", f"S! {octets_}")


QUIT = dialogues.goodbye("pop3")


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        pytest.param(r"a: b\n\nbare\n", b"a: b\n\nbare\n\r\n", id="bare-lf"),
        pytest.param(r"a: b\r\rx\r", b"a: b\r\rx\r\r\n", id="bare-cr"),
        pytest.param(r"a: b\r\n\nmixed\r\nx", b"a: b\r\n\nmixed\r\nx\r\n", id="mixed"),
        pytest.param(r"a: \0b\r\n\r\n\xff\x00", b"a: \0b\r\n\r\n\xff\0\r\n", id="nul"),
        pytest.param(r"..\r\n", b".\r\n\r\n", id="dot-alone"),
    ],
)
def test_what_no_message_should_hold_is_kept_exactly(
    run_mailcli: RunMailcli,
    scripted: Callable[..., Scripted],
    use: Callable[[Scripted], Path],
    sent: str,
    wanted: bytes,
) -> None:
    with scripted(
        listing(("one", len(wanted))), retrieved(1, rf"{sent}\r\n.\r\n"), QUIT
    ) as server:
        inbox = use(server)
        done = run_mailcli("pop-fetch")

    assert (done.returncode, done.stderr) == (0, "")
    assert octets(inbox) == [wanted]


def test_a_known_unique_id_of_another_size_is_new_mail(
    run_mailcli: RunMailcli, scripted: Callable[..., Scripted], use: Callable[[Scripted], Path]
) -> None:
    with scripted(listing(("one", 7)), retrieved(1, r"a: 1\r\n\r\n.\r\n"), QUIT) as server:
        inbox = use(server)
        run_mailcli("pop-fetch")
    with scripted(listing(("one", 8)), retrieved(1, r"a: 12\r\n\r\n.\r\n"), QUIT) as server:
        use(server)
        done = run_mailcli("pop-fetch", "--json")

    assert counts(document(done, "pop-fetch"))["fetched"] == 1
    assert octets(inbox) == [b"a: 1\r\n\r\n", b"a: 12\r\n\r\n"]


def test_when_all_unique_ids_are_new_mail_is_matched_by_content(
    run_mailcli: RunMailcli, scripted: Callable[..., Scripted], use: Callable[[Scripted], Path]
) -> None:
    one, two = r"a: 1\r\n\r\n.\r\n", r"a: 2\r\n\r\n.\r\n"
    with scripted(
        listing(("A", 8), ("B", 8)), retrieved(1, one), retrieved(2, two), QUIT
    ) as server:
        inbox = use(server)
        run_mailcli("pop-fetch")
    before = snapshot(inbox / "new")
    with scripted(
        listing(("X", 8), ("Y", 8), ("Z", 8)),
        retrieved(1, one),
        retrieved(2, two),
        retrieved(3, r"a: 3\r\n\r\n.\r\n"),
        QUIT,
    ) as server:
        use(server)
        done = run_mailcli("pop-fetch", "--json")

    result = counts(document(done, "pop-fetch"))
    assert (result["fetched"], result["kept"]) == (1, 3)
    assert octets(inbox) == [b"a: 1\r\n\r\n", b"a: 2\r\n\r\n", b"a: 3\r\n\r\n"]
    assert before.items() <= (snapshot(inbox / "new") | {".": before["."]}).items()


def test_a_message_that_the_server_refuses_is_skipped_and_said(
    run_mailcli: RunMailcli, scripted: Callable[..., Scripted], use: Callable[[Scripted], Path]
) -> None:
    with scripted(
        listing(("A", 8), ("B", 8)),
        dialogues.script("C: RETR 1", "S: -ERR \x1b[31mlocked"),
        retrieved(2, r"a: 2\r\n\r\n.\r\n"),
        QUIT,
    ) as server:
        inbox = use(server)
        done = run_mailcli("pop-fetch")

    assert done.returncode == 69
    assert "locked" in done.stderr
    assert "\x1b" not in done.stderr
    assert octets(inbox) == [b"a: 2\r\n\r\n"]


def test_a_cut_within_a_message_keeps_those_before_it(
    run_mailcli: RunMailcli, scripted: Callable[..., Scripted], use: Callable[[Scripted], Path]
) -> None:
    with scripted(
        listing(("A", 8), ("B", 80)),
        retrieved(1, r"a: 1\r\n\r\n.\r\n"),
        dialogues.script("C: RETR 2", "S: +OK", r"S! a: 2\r\nhalf", "@cut"),
    ) as server:
        inbox = use(server)
        done = run_mailcli("pop-fetch", "--delete")

    assert done.returncode == 75
    assert octets(inbox) == [b"a: 1\r\n\r\n"]
    assert list(inbox.joinpath("tmp").iterdir()) == []


def test_nothing_counts_as_deleted_before_quit_is_answered(
    run_mailcli: RunMailcli, scripted: Callable[..., Scripted], use: Callable[[Scripted], Path]
) -> None:
    with scripted(
        listing(("A", 8)),
        retrieved(1, r"a: 1\r\n\r\n.\r\n"),
        dialogues.script("C: DELE 1", "S: +OK", "C: QUIT", "@cut"),
    ) as server:
        inbox = use(server)
        done = run_mailcli("pop-fetch", "--delete", "--json")
    (result,) = document(done, "pop-fetch")["accounts"]
    assert (done.returncode, result["fetched"], result["deleted"]) == (75, 1, 0)

    with scripted(listing(("A", 8)), dialogues.script("C: DELE 1", "S: +OK"), QUIT) as server:
        use(server)
        done = run_mailcli("pop-fetch", "--delete", "--json")

    assert counts(document(done, "pop-fetch"))["deleted"] == 1
    assert octets(inbox) == [b"a: 1\r\n\r\n"]


def test_a_run_that_is_terminated_says_so_and_loses_nothing(
    mailcli_env: dict[str, str],
    scripted: Callable[..., Scripted],
    use: Callable[[Scripted], Path],
) -> None:
    with scripted(
        listing(("A", 8), ("B", 9)),
        retrieved(1, r"a: 1\r\n\r\n.\r\n"),
        dialogues.script(
            "C: RETR 2", "S: +OK", r"S! a: 2", "@flush", "@signal half", "@stall forever"
        ),
    ) as server:
        inbox = use(server)
        with subprocess.Popen(
            [sys.executable, "-m", "mailcli", "pop-fetch", "--delete"],
            env=mailcli_env,
            stderr=subprocess.PIPE,
        ) as child:
            server.wait_for("half")
            # Both were asked for together: the first is whole once the second is begun.
            begun = inbox / "tmp"
            wait_until(lambda: len(list(begun.glob("*"))) == 2, timeout=20, what="the second")
            child.terminate()
            _, told = child.communicate(timeout=30)

    assert child.returncode == 128 + 15
    assert told == b"mailcli: ended by SIGTERM\n"
    assert octets(inbox) == [b"a: 1\r\n\r\n"]
    assert list(inbox.joinpath("tmp").iterdir()) == []
