"""`mailcli outbox`: queued, sent once, told about, on a real Postfix and on scripted servers."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.real.conftest import NewUser
from tests.support import dialogues
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.local_mail import document, failure, letters, mail_files, mode, octets
from tests.support.ports import free_ports
from tests.support.postfix import Postfix
from tests.support.scripted import Scripted
from tests.support.terminal import at_terminal

from mailcli.store.lock import AccountLock

DAY = 24 * 3600


@pytest.fixture
def database(home: Path, mailcli_env: dict[str, str]) -> Path:
    """Where the outbox is."""
    state = mailcli_env.get("XDG_STATE_HOME", str(home / ".local/state"))
    return Path(state) / "mailcli" / "outbox" / "outbox.db"


def age(database: Path, seconds: int) -> None:
    """Let a time go by for all that is in the outbox."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE message SET created = created - ?1, next_try = next_try - ?1", (seconds,)
        )


def waits(run_mailcli: RunMailcli) -> list[dict[str, Any]]:
    """Return what is in the outbox."""
    found = document(run_mailcli("outbox", "list", "--json"), "outbox-list")
    return list(found["messages"])


def flush(run_mailcli: RunMailcli, *args: str) -> tuple[int, Any]:
    """Flush and return the exit code and the document."""
    done = run_mailcli("outbox", "flush", "--json", *args)
    return done.returncode, document(done, "outbox-flush")


# -- in and out ------------------------------------------------------------


def test_a_queued_message_is_kept_private_and_sent_by_the_next_flush(
    run_mailcli: RunMailcli,
    sending: Path,
    database: Path,
    dovecot: Dovecot,
    postfix: Postfix,
    ada: str,
    new_user: NewUser,
) -> None:
    hidden = f"{new_user()}@example.test"
    queued = run_mailcli(
        *("send", "--queue", f"Ada <{ada}@example.test>", "-b", hidden, "-s", "Grüße"),
        "--json",
        stdin="The text.\n",
    )
    result = document(queued, "send")
    assert (queued.returncode, queued.stderr, result["outcome"]) == (0, "", "queued")
    assert result["queued"][0] == {"name": "Ada", "email": f"{ada}@example.test"}
    (waiting,) = waits(run_mailcli)
    assert (waiting["id"], waiting["state"]) == (result["outbox_id"], "waiting")
    assert (waiting["subject"], waiting["tries"], waiting["error"]) == ("Grüße", 0, None)
    assert {mode(path) for path in database.parent.iterdir()} == {0o600}
    assert not sending.exists()

    code, flushed = flush(run_mailcli)

    assert code == 0
    (message,) = flushed["messages"]
    assert (message["outcome"], message["message_id"]) == ("delivered", result["message_id"])
    assert [a["email"] for a in message["accepted"]] == [f"{ada}@example.test", hidden]
    raw = postfix.wait_delivered(dovecot, ada, result["message_id"])
    assert b"\nbcc:" not in raw.lower()
    (path,) = mail_files(sending / "Sent")
    assert letters(path) == "S"
    assert f"Bcc: {hidden}".encode() in path.read_bytes()
    assert waits(run_mailcli) == []
    assert [each.name for each in database.parent.glob("*.eml")] == []


def test_a_server_that_cannot_be_reached_queues_the_message_where_that_is_asked_for(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    database: Path,
    dovecot: Dovecot,
    postfix: Postfix,
    ada: str,
) -> None:
    table = account(ada, smtp=postfix)
    right, table["smtp"]["port"] = table["smtp"]["port"], free_ports(1)[0]
    write_config({"work": table})

    done = run_mailcli(
        "send", "--queue-on-tempfail", f"{ada}@example.test", "--json", stdin="The text.\n"
    )

    result = document(done, "send")
    assert (done.returncode, result["outcome"]) == (0, "queued")
    assert "queued for later" in result["warnings"][0]
    assert flush(run_mailcli)[1]["messages"] == [], "it is not due yet"
    code, flushed = flush(run_mailcli, "--now")
    assert (code, flushed["messages"][0]["outcome"]) == (75, "deferred")
    assert flushed["left"][0]["tries"] == 1
    table["smtp"]["port"] = right
    write_config({"work": table})
    age(database, 61)
    code, flushed = flush(run_mailcli)
    assert (code, flushed["messages"][0]["outcome"]) == (0, "delivered")
    assert postfix.wait_delivered(dovecot, ada, result["message_id"])


def test_only_the_deferred_recipient_is_queued_and_the_copy_is_kept_once(
    run_mailcli: RunMailcli, sending: Path, ada: str
) -> None:
    done = run_mailcli(
        *("send", "--queue-on-tempfail", f"{ada}@example.test", "later@example.test", "--json"),
        stdin="x",
    )
    result = document(done, "send")
    assert (done.returncode, result["outcome"]) == (0, "queued")
    assert [each["email"] for each in result["accepted"]] == [f"{ada}@example.test"]
    assert [each["email"] for each in result["queued"]] == ["later@example.test"]
    (waiting,) = waits(run_mailcli)
    assert [each["email"] for each in waiting["recipients"]] == ["later@example.test"]
    assert waiting["error"].startswith("450 ")
    assert flush(run_mailcli)[1]["messages"] == [], "it waits, as after any failure"
    assert len(mail_files(sending / "Sent")) == 1


def test_what_was_accepted_is_told_where_the_rest_cannot_be_queued(
    run_mailcli: RunMailcli, sending: Path, ada: str, database: Path
) -> None:
    database.parent.parent.mkdir(parents=True, exist_ok=True)
    database.parent.write_text("in the way")
    done = run_mailcli(
        *("send", "--queue-on-tempfail", f"{ada}@example.test", "later@example.test", "--json"),
        stdin="x",
    )
    result = document(done, "send")
    assert (done.returncode, result["outcome"]) == (75, "partial")
    assert [each["email"] for each in result["accepted"]] == [f"{ada}@example.test"]
    assert (result["queued"], len(mail_files(sending / "Sent"))) == ([], 1)
    (warning,) = result["warnings"]
    assert warning.startswith("not queued: ")


def test_the_copy_waits_with_the_queued_where_nobody_is_known_to_have_it(
    run_mailcli: RunMailcli, point_at: Callable[[Scripted], None], home: Path
) -> None:
    group = ("C: RCPT TO:<x@y.example>", "S: 250 ok", "C: RCPT TO:<later@y.example>", "S: 450 no")
    conversation = "\n".join(
        [
            "@connection 1",
            dialogues.script(OPENING, "C? MAIL FROM:.*", "S: 250 ok", *group),
            dialogues.script("C: DATA", "S: 354 go", "C. message", "@cut"),
            "@connection 2",
            dialogues.script(OPENING, TAKEN.replace("x@", "later@"), dialogues.goodbye("smtp")),
        ]
    )
    with Scripted(conversation) as server:
        point_at(server)
        done = run_mailcli(
            *("send", "--queue-on-tempfail", "x@y.example", "later@y.example"), stdin="x"
        )
        assert (done.returncode, "later@y.example" in done.stderr) == (75, False)
        assert not mail_files(home / "Mail" / "a" / "Sent")
        assert flush(run_mailcli, "--now")[0] == 0
    assert len(mail_files(home / "Mail" / "a" / "Sent")) == 1


def test_refused_for_good_is_67_even_if_the_rest_is_queued(
    run_mailcli: RunMailcli, sending: Path
) -> None:
    done = run_mailcli(
        *("send", "--queue-on-tempfail", "reject@example.test", "later@example.test", "--json"),
        stdin="x",
    )
    assert (done.returncode, failure(done)["code"]) == (67, "recipient_refused")
    assert document(done, "send")["outcome"] == "queued"


def test_a_queued_message_refused_for_good_comes_back_as_a_report(
    run_mailcli: RunMailcli, sending: Path, ada: str
) -> None:
    args = ("send", "--queue", "-s", "News", f"{ada}@example.test", "reject@example.test")
    run_mailcli(*args, stdin="x")

    code, flushed = flush(run_mailcli)

    assert (code, flushed["messages"][0]["outcome"]) == (67, "partial")
    assert waits(run_mailcli) == []
    (raw,) = octets(sending / "INBOX")
    report = message_from_bytes(raw)
    assert report.get_content_type() == "multipart/report"
    text, status, header = (part.as_string() for part in _parts(report))
    assert report["Subject"] == "Not delivered: News"
    assert "reject@example.test\n    550 5.1.1" in text
    assert "reject@example.test" in status
    assert f"{ada}@example.test" not in text
    assert "Subject: News" in header


def test_each_of_several_messages_gets_its_own_answers_from_a_server_that_pipelines(
    run_mailcli: RunMailcli, sending: Path, dovecot: Dovecot, postfix: Postfix, ada: str
) -> None:
    me, never, later = (f"{ada}@example.test", "reject@example.test", "later@example.test")
    everybody: list[tuple[str, ...]] = [(me,), (never,), (later,), (me, never), (me,)]
    for number, people in enumerate(everybody):
        run_mailcli("send", "--queue", *people, "-s", f"{ada} {number}", stdin=f"text {number}\n")

    code, flushed = flush(run_mailcli)

    assert code == 67
    outcomes = [message["outcome"] for message in flushed["messages"]]
    assert outcomes == ["delivered", "refused", "deferred", "partial", "delivered"]
    for number in (0, 3, 4):
        raw = postfix.wait_delivered(dovecot, ada, f"{ada} {number}")
        assert raw.endswith(f"\r\n\r\ntext {number}\r\n".encode())
    assert [message["subject"] for message in waits(run_mailcli)] == [f"{ada} 2"]
    assert len(mail_files(sending / "Sent")) == 3


@pytest.mark.parametrize("lacking", ["INBOX", "the message"])
def test_a_report_that_cannot_be_written_stops_no_other_message(
    run_mailcli: RunMailcli, sending: Path, database: Path, ada: str, lacking: str
) -> None:
    run_mailcli("send", "--queue", "reject@example.test", "-s", "one", stdin="x")
    if lacking == "INBOX":
        sending.mkdir(parents=True)
        sending.joinpath("INBOX").write_text("in the way")
    else:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE recipient SET state = 'refused', text = '550 no'")
        for path in database.parent.glob("*.eml"):
            path.unlink()
    run_mailcli("send", "--queue", f"{ada}@example.test", "-s", "two", stdin="x")

    code, flushed = flush(run_mailcli)

    outcomes = {m["subject"]: m["outcome"] for m in flushed["messages"]}
    tried = {"one": "refused"} if lacking == "INBOX" else {}
    assert outcomes == {**tried, "two": "delivered"}
    (error,) = flushed["errors"]
    assert (error["account"], error["exit_code"] in {73, 74}) == ("work", True)
    assert code in {67, 73, 74}
    (left,) = waits(run_mailcli)
    assert (left["subject"], left["state"]) == ("one", "done")
    if lacking == "INBOX":
        sending.joinpath("INBOX").unlink()
        assert flush(run_mailcli)[0] == 0
        assert (waits(run_mailcli), len(octets(sending / "INBOX"))) == ([], 1)


def test_a_deferred_message_waits_twice_as_long_each_time(
    run_mailcli: RunMailcli, sending: Path, database: Path
) -> None:
    run_mailcli("send", "--queue", "later@example.test", stdin="x")
    waited = []
    for _ in range(10):
        code, _ = flush(run_mailcli, "--now")
        assert code == 75
        with closing(sqlite3.connect(database)) as connection:
            ((seconds,),) = connection.execute("SELECT next_try - tried FROM message")
        waited.append(seconds)
    assert waited == [60, 120, 240, 480, 960, 1920, 3840, 7680, 14400, 14400]


def test_after_five_days_it_is_given_up_with_a_report(
    run_mailcli: RunMailcli, sending: Path, database: Path
) -> None:
    run_mailcli("send", "--queue", "later@example.test", "-s", "Old", stdin="x")
    age(database, 5 * DAY)

    code, flushed = flush(run_mailcli)

    assert code == 75
    assert flushed["messages"][0]["outcome"] == "refused"
    assert waits(run_mailcli) == []
    (raw,) = octets(sending / "INBOX")
    assert b"450 4.2.1" in raw


def test_a_dropped_message_is_not_sent(
    run_mailcli: RunMailcli, sending: Path, database: Path
) -> None:
    for subject in ("one", "two"):
        run_mailcli("send", "--queue", "later@example.test", "-s", subject, stdin="x")

    done = run_mailcli("outbox", "drop", "1", "--json")

    assert [m["subject"] for m in document(done, "outbox-drop")["dropped"]] == ["one"]
    assert [message["subject"] for message in waits(run_mailcli)] == ["two"]
    assert len(list(database.parent.glob("*.eml"))) == 1
    assert run_mailcli("outbox", "drop", "1").returncode == 66


def test_of_several_messages_either_all_are_dropped_or_none(
    run_mailcli: RunMailcli, write_config: WriteConfig, database: Path
) -> None:
    server = {"host": "127.0.0.1", "port": 9, "tls": "none", "auth": "none"}
    write_config({name: {"email": f"{name}@b.example", "smtp": server} for name in ("a", "b")})
    for name in ("a", "b"):
        run_mailcli("send", "--queue", "-A", name, "x@y.example", "-s", name, stdin="x")
    with AccountLock(database.parents[1] / "b.outbox.lock"):
        assert run_mailcli("outbox", "drop", "1", "2").returncode == 75
    assert run_mailcli("outbox", "drop", "1", "3").returncode == 66
    assert [message["subject"] for message in waits(run_mailcli)] == ["a", "b"]
    assert run_mailcli("outbox", "drop", "1", "2", "1").returncode == 0
    assert (waits(run_mailcli), list(database.parent.glob("*.eml"))) == ([], [])


def test_nothing_to_flush_is_silent(run_mailcli: RunMailcli, sending: Path) -> None:
    done = run_mailcli("outbox", "flush")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_litter_of_a_killed_queueing_is_removed(
    run_mailcli: RunMailcli, sending: Path, database: Path
) -> None:
    run_mailcli("send", "--queue", "later@example.test", stdin="x")
    litter = database.with_name("abcdef.eml")
    litter.write_bytes(b"half a mess")
    flush(run_mailcli)
    assert not litter.exists()
    assert len(list(database.parent.glob("*.eml"))) == 1


def _parts(message: Message) -> list[Message]:
    found = message.get_payload()
    assert isinstance(found, list)
    return [part for part in found if isinstance(part, Message)]


# -- one connection, and its end -------------------------------------------

LETTER = """\
C? MAIL FROM:.*
S: 250 ok
C: RCPT TO:<x@y.example>
S: 250 ok
C: DATA
S: 354 go
C. message
"""
TAKEN = LETTER + "S: 250 taken\n"
OPENING = dialogues.opening("smtp", logged_in=False)
SLOW = dialogues.opening("smtp", logged_in=False, names=("SIZE 10485760",))
"""The beginning with a server that does not announce PIPELINING."""

GROUP = ("C? MAIL FROM:.*", "C: RCPT TO:<x@y.example>", "C: DATA")
TAKES = ("S: 250 ok", "S: 250 ok", "S: 354 go", "C. message")
BEHIND = ("C: RSET", *GROUP, "S: 250 taken")
"""All of the next group is read before the message before it is answered."""


def all_taken(count: int) -> str:
    """Return what a server that pipelines hears and says when it takes so many messages."""
    between = (*BEHIND, "S: 250 ok", *TAKES)
    return dialogues.script(*GROUP, *TAKES, *between * (count - 1), "S: 250 taken")


@pytest.fixture
def point_at(write_config: WriteConfig) -> Callable[[Scripted], None]:
    """Return what points the one account at a scripted server."""

    def write(server: Scripted) -> None:
        table = {"host": server.host, "port": server.port, "tls": "none", "auth": "none"}
        write_config({"a": {"email": "a@b.example", "smtp": table}})

    return write


def forget_answers(database: Path) -> None:
    """Let the outcome of all that is in the outbox be unknown."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE recipient SET state = 'unknown'")


def flush_at_terminal(environ: dict[str, str], typed: bytes, *args: str) -> tuple[int, str]:
    """Flush where somebody types; return the exit code and what stands at the terminal."""
    screen = at_terminal(
        ["outbox", "flush", *args], environ, columns=100, stdin=typed, elsewhere={1}
    )
    return screen.code, screen.text


def queue(run_mailcli: RunMailcli, *subjects: str) -> None:
    for subject in subjects:
        run_mailcli("send", "--queue", "x@y.example", "-s", subject, stdin="x")


@pytest.mark.parametrize(
    "parts",
    [(OPENING, all_taken(3)), (SLOW, TAKEN, TAKEN, TAKEN)],
    ids=["pipelined", "one by one"],
)
def test_all_messages_go_over_one_connection(
    run_mailcli: RunMailcli, point_at: Callable[[Scripted], None], parts: tuple[str, ...]
) -> None:
    with Scripted(dialogues.script(*parts, dialogues.goodbye("smtp"))) as server:
        point_at(server)
        queue(run_mailcli, "one", "two", "three")
        code, flushed = flush(run_mailcli)
    assert (code, len(server.connections)) == (0, 1)
    assert [m["outcome"] for m in flushed["messages"]] == ["delivered"] * 3


def test_a_message_cut_after_its_final_dot_is_unknown_until_the_user_decides(
    run_mailcli: RunMailcli, point_at: Callable[[Scripted], None]
) -> None:
    conversation = "\n".join(
        [
            "@connection 1",
            dialogues.script(OPENING, LETTER, "@cut"),
            "@connection 2",
            dialogues.script(OPENING, TAKEN, dialogues.goodbye("smtp")),
            "@connection 3",
            dialogues.script(OPENING, TAKEN, dialogues.goodbye("smtp")),
        ]
    )
    with Scripted(conversation) as server:
        point_at(server)
        queue(run_mailcli, "one", "two")
        code, flushed = flush(run_mailcli)
        assert (code, [m["outcome"] for m in flushed["messages"]]) == (
            75,
            ["unknown", "delivered"],
        )
        assert flushed["messages"][0]["error"]["code"] == "outcome_unknown"
        for args in ((), ("--now",), ("1",)):
            code, flushed = flush(run_mailcli, *args)
            assert (code, flushed["messages"]) == (0, []), "never by itself"
        assert [m["state"] for m in waits(run_mailcli)] == ["unknown"]
        code, flushed = flush(run_mailcli, "--retry", "1")
    assert (code, flushed["messages"][0]["outcome"]) == (0, "delivered")
    assert waits(run_mailcli) == []


@pytest.mark.parametrize("heard", range(4))
def test_a_cut_after_a_dot_leaves_what_was_begun_behind_it_for_another_connection(
    run_mailcli: RunMailcli, point_at: Callable[[Scripted], None], heard: int
) -> None:
    behind = BEHIND[:-1][:heard]
    conversation = "\n".join(
        [
            "@connection 1",
            dialogues.script(OPENING, *GROUP, *TAKES, *behind, "@drop"),
            "@connection 2",
            dialogues.script(OPENING, all_taken(1), dialogues.goodbye("smtp")),
        ]
    )
    with Scripted(conversation) as server:
        point_at(server)
        queue(run_mailcli, "one", "two")
        code, flushed = flush(run_mailcli)
    assert code == 75
    outcomes = [(m["subject"], m["outcome"]) for m in flushed["messages"]]
    assert outcomes == [("one", "unknown"), ("two", "delivered")]
    assert [m["state"] for m in waits(run_mailcli)] == ["unknown"]


@pytest.mark.parametrize("more", [(), ("--now",)])
def test_only_the_messages_that_are_named_are_sent(
    run_mailcli: RunMailcli, point_at: Callable[[Scripted], None], more: tuple[str, ...]
) -> None:
    with Scripted(dialogues.script(OPENING, TAKEN, dialogues.goodbye("smtp"))) as server:
        point_at(server)
        queue(run_mailcli, "one", "two", "three")
        code, flushed = flush(run_mailcli, "2", *more)
    assert (code, [m["subject"] for m in flushed["messages"]]) == (0, ["two"])
    assert [m["subject"] for m in waits(run_mailcli)] == ["one", "three"]


@pytest.mark.parametrize(
    ("args", "asked", "sent"),
    [
        (("2",), [2], {"two"}),
        ((), [1, 2], {"one", "two"}),
        (("--retry", "1"), [2], {"one", "two"}),
        (("--yes", "--retry", "1"), [], {"one"}),
        (("2", "--retry-unknown"), [], {"two"}),
    ],
)
def test_at_a_terminal_flush_asks_whether_what_is_unknown_is_sent_again(
    run_mailcli: RunMailcli,
    point_at: Callable[[Scripted], None],
    mailcli_env: dict[str, str],
    database: Path,
    args: tuple[str, ...],
    asked: list[int],
    sent: set[str],
) -> None:
    conversation = dialogues.script(OPENING, all_taken(len(sent)), dialogues.goodbye("smtp"))
    with Scripted(conversation) as server:
        point_at(server)
        queue(run_mailcli, "one", "two")
        forget_answers(database)
        code, said = flush_at_terminal(mailcli_env, b"y\n" * len(asked), *args)
    assert code == 0, said
    assert [int(n) for n in re.findall(r"Message (\d+) .*? Send again\?", said)] == asked
    assert {m["subject"] for m in waits(run_mailcli)} == {"one", "two"} - sent


def test_yes_to_everything_sends_nothing_again(
    run_mailcli: RunMailcli,
    sending: Path,
    mailcli_env: dict[str, str],
    database: Path,
) -> None:
    queue(run_mailcli, "one")
    forget_answers(database)
    code, said = flush_at_terminal(mailcli_env, b"", "--yes")
    assert (code, "again" in said) == (0, False)
    assert [m["state"] for m in waits(run_mailcli)] == ["unknown"]


@pytest.mark.parametrize("cut_at", ["MAIL", "RCPT", "DATA"])
def test_a_message_cut_before_its_final_dot_is_sent_again(
    run_mailcli: RunMailcli, point_at: Callable[[Scripted], None], cut_at: str
) -> None:
    lines = LETTER.splitlines()
    cut = next(number for number, line in enumerate(lines) if cut_at in line)
    conversation = "\n".join(
        [
            "@connection 1",
            dialogues.script(OPENING, *lines[: cut + 1], "@cut"),
            "@connection 2",
            dialogues.script(OPENING, TAKEN, dialogues.goodbye("smtp")),
        ]
    )
    with Scripted(conversation) as server:
        point_at(server)
        queue(run_mailcli, "one")
        assert flush(run_mailcli)[0] == 75
        assert flush(run_mailcli, "--now")[0] == 0


def test_a_server_that_lets_nobody_in_says_nothing_about_the_messages(
    run_mailcli: RunMailcli, point_at: Callable[[Scripted], None]
) -> None:
    with Scripted("S: 554 go away\n@cut\n") as server:
        point_at(server)
        queue(run_mailcli, "one", "two")
        done = run_mailcli("outbox", "flush")
    assert done.returncode == 69
    assert done.stderr.count("554 go away") == 1
    assert [m["state"] for m in waits(run_mailcli)] == ["waiting", "waiting"]
    assert len(server.connections) == 1


def test_a_second_flush_leaves_the_first_alone(
    run_mailcli: RunMailcli, point_at: Callable[[Scripted], None], database: Path
) -> None:
    conversation = dialogues.script(OPENING, TAKEN, dialogues.goodbye("smtp"))
    with Scripted(conversation) as server:
        point_at(server)
        queue(run_mailcli, "one")
        with AccountLock(database.parents[1] / "a.outbox.lock"):
            done = run_mailcli("outbox", "flush", "--json")
            assert run_mailcli("outbox", "drop", "1").returncode == 75
        assert (done.returncode, failure(done)["code"]) == (75, "locked")
        assert not server.connections
        assert flush(run_mailcli)[0] == 0


@pytest.mark.parametrize("end", ["@bye 421 4.7.0 too many messages", "@cut"])
@pytest.mark.parametrize(
    "first",
    [(OPENING, *GROUP, *TAKES, *BEHIND), (SLOW, TAKEN, r"C? MAIL FROM:.*")],
    ids=["pipelined", "one by one"],
)
def test_a_server_that_ends_the_connection_between_messages_is_asked_anew(
    run_mailcli: RunMailcli,
    point_at: Callable[[Scripted], None],
    first: tuple[str, ...],
    end: str,
) -> None:
    conversation = "\n".join(
        [
            "@connection 1",
            dialogues.script(*first, end),
            "@connection 2",
            dialogues.script(OPENING, TAKEN, dialogues.goodbye("smtp")),
        ]
    )
    with Scripted(conversation) as server:
        point_at(server)
        queue(run_mailcli, "one", "two")
        code, flushed = flush(run_mailcli)
    assert (code, [m["outcome"] for m in flushed["messages"]]) == (0, ["delivered"] * 2)
