"""The ground that the other tests stand on: real servers."""

import contextlib
import imaplib
import poplib
import signal
import smtplib
import subprocess
import sys
from collections.abc import Callable, Iterator
from email.utils import make_msgid
from pathlib import Path

import pytest
from tests.conftest import PROJECT
from tests.support.certificates import Authority
from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.need import need_root
from tests.support.ports import answers, is_taken
from tests.support.postfix import SIZE_LIMIT, Postfix
from tests.support.postfix import postfix as running_postfix
from tests.support.processes import (
    ServerUser,
    server_directory,
    session_members,
    wait_until,
)

CLIENT_NAME = "client.example.test"


def _message(*, body: bytes = b"Hello.\r\n", to: str = "u1@example.test") -> tuple[str, bytes]:
    message_id = make_msgid(domain="example.test")
    head = (
        f"From: Ada <ada@example.test>\r\nTo: {to}\r\nSubject: a test\r\n"
        f"Date: Mon, 5 Jan 2026 10:00:00 +0000\r\nMessage-ID: {message_id}\r\n\r\n"
    )
    return message_id, head.encode("ascii") + body


def _submit(postfix: Postfix, recipients: list[str], raw: bytes) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP_SSL(
        "localhost",
        postfix.submissions,
        local_hostname=CLIENT_NAME,
        context=postfix.authority.context(),
        timeout=30,
    ) as connection:
        connection.login("u1@example.test", PASSWORD)
        return connection.sendmail("u1@example.test", recipients, raw)


# Dovecot


def test_dovecot_gives_back_exactly_what_was_delivered(
    dovecot: Dovecot, account_user: str
) -> None:
    raws = [b"Subject: one\r\n\r\n.dot\r\n\xff\xfe 8bit\r\n", b"Subject: two\r\n\r\n"]

    uids = dovecot.deliver(account_user, *raws, flags=["\\Seen", "$Label1"])

    assert dovecot.messages(account_user) == raws
    assert dovecot.flags(account_user) == dict.fromkeys(uids, frozenset({"\\Seen", "$Label1"}))


def test_dovecot_has_the_usual_folders_and_new_ones(dovecot: Dovecot, account_user: str) -> None:
    dovecot.deliver(account_user, b"Subject: x\r\n\r\n", folder="Work/Clients")

    with dovecot.connect(account_user) as connection:
        _, data = connection.list()
    listing = b"\n".join(line for line in data if isinstance(line, bytes)).decode()

    for role in ("Drafts", "Sent", "Trash", "Junk", "Archive"):
        assert f"\\{role}) " in listing
    assert len(dovecot.messages(account_user, "Work/Clients")) == 1
    assert dovecot.messages(account_user, "No such folder") == []


def test_dovecot_users_do_not_see_one_another(
    dovecot: Dovecot, new_user: Callable[[], str]
) -> None:
    first, second = new_user(), new_user()

    dovecot.deliver(first, b"Subject: x\r\n\r\n")

    assert len(dovecot.messages(first)) == 1
    assert dovecot.messages(second) == []


def test_dovecot_offers_what_the_sessions_use(dovecot: Dovecot, account_user: str) -> None:
    with dovecot.connect(account_user) as connection:
        _, data = connection.capability()
    capability = data[0].split()

    for name in (b"CONDSTORE", b"QRESYNC", b"UIDPLUS", b"MOVE", b"LIST-STATUS", b"NOTIFY"):
        assert name in capability
    for name in (b"SPECIAL-USE", b"COMPRESS=DEFLATE", b"LITERAL+", b"IDLE", b"MULTIAPPEND"):
        assert name in capability


def test_dovecot_shows_the_same_mail_by_pop3_without_marking_it_seen(
    dovecot: Dovecot, account_user: str
) -> None:
    _, raw = _message(body=b".leading dot\r\n")
    [uid] = dovecot.deliver(account_user, raw)

    with _pop(dovecot, account_user) as connection:
        _, unique_ids, _ = connection.uidl()
        _, lines, _ = connection.retr(1)

    assert len(unique_ids) == 1
    assert b"".join(line + b"\r\n" for line in lines) == raw
    assert dovecot.flags(account_user) == {uid: frozenset()}


def test_dovecot_takes_an_access_token_and_refuses_a_stale_one(
    dovecot: Dovecot, account_user: str
) -> None:
    def log_in(token: str) -> None:
        answer = f"user={account_user}@example.test\x01auth=Bearer {token}\x01\x01".encode()
        context = dovecot.authority.context()
        with imaplib.IMAP4_SSL("localhost", dovecot.imaps, ssl_context=context) as connection:
            connection.authenticate("XOAUTH2", lambda _: answer)

    log_in(dovecot.token(account_user))
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        log_in(dovecot.token(account_user, lifetime=-10))


def test_dovecot_can_pretend_to_be_able_to_do_less(authority: Authority) -> None:
    with (
        server_directory("dovecot") as directory,
        running_dovecot(
            directory, authority, capability="IMAP4rev1 UIDPLUS", mail_location="maildir:~/Maildir"
        ) as server,
    ):
        server.deliver("u1", b"Subject: x\r\n\r\n")
        with server.connect("u1") as connection:
            _, data = connection.capability()

        assert data[-1] == b"IMAP4rev1 UIDPLUS"
        assert len(list(directory.joinpath("home", "u1", "Maildir").glob("*/*,S=*"))) == 1


def test_dovecot_runs_without_any_privilege(authority: Authority) -> None:
    with (
        server_directory("dovecot") as directory,
        running_dovecot(directory, authority) as server,
    ):
        server.deliver("u1", b"Subject: x\r\n\r\n")
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in session_members(server.pid)}

    assert owners == {ServerUser.current().uid}
    assert 0 not in owners


def test_dovecot_starts_where_the_whole_test_run_is_an_ordinary_user(tmp_path: Path) -> None:
    need_root()
    user = ServerUser.current()
    with server_directory("home") as directory:
        user.own(directory)
        done = subprocess.run(
            [sys.executable, "-c", _AS_ORDINARY_USER, str(user.uid), str(user.gid), directory],
            capture_output=True,
            text=True,
            cwd=PROJECT,
            timeout=60,
            check=False,
        )

    assert (done.returncode, done.stdout) == (0, "1 message\n"), done.stderr


# Everything is imported first: the interpreter itself may lie where only root can read.
_AS_ORDINARY_USER = """
import encodings.ascii, encodings.idna, os, pathlib, sys
from tests.support.certificates import Authority
from tests.support.dovecot import dovecot
from tests.support.processes import server_directory

os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[1]))
authority = Authority(pathlib.Path(sys.argv[3]))
with server_directory("dovecot") as directory, dovecot(directory, authority) as server:
    server.deliver("u1", b"Subject: x\\r\\n\\r\\n")
    print(len(server.messages("u1")), "message")
"""


def test_dovecot_stopped_leaves_no_process_and_no_port(authority: Authority) -> None:
    with server_directory("dovecot") as directory:
        with running_dovecot(directory, authority) as server:
            ports = (server.imap, server.imaps, server.pop3, server.pop3s, server.lmtp)
            connection = server.connect("u1")  # a session that never logs out
            assert all(map(answers, ports))

        assert session_members(server.pid) == []
        assert not any(map(is_taken, ports))
        connection.shutdown()
    assert not directory.exists()


def test_dovecot_ends_when_the_test_run_is_killed(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys, time\n"
        "from tests.support.certificates import Authority\n"
        "from tests.support.dovecot import dovecot\n"
        "from tests.support.processes import server_directory\n"
        "top = pathlib.Path(sys.argv[1])\n"
        "with dovecot(top, Authority(top)) as server:\n"
        "    print(server.pid, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with server_directory("dovecot") as directory:
        with subprocess.Popen(
            [sys.executable, "-c", script, directory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PROJECT,
        ) as run:
            assert run.stdout is not None
            pid = int(run.stdout.readline())
            assert session_members(pid)
            run.send_signal(signal.SIGKILL)

        wait_until(lambda: not session_members(pid), timeout=20, what="Dovecot to end")


def test_dovecot_that_cannot_start_says_why(authority: Authority) -> None:
    with (
        server_directory("dovecot") as directory,
        pytest.raises(RuntimeError, match="no_such_setting"),
        running_dovecot(directory, authority, extra="no_such_setting = 1"),
    ):
        pytest.fail("it started")


# Postfix


def test_mail_submitted_with_postfix_is_visible_by_imap_and_pop3(
    postfix: Postfix, dovecot: Dovecot, account_user: str
) -> None:
    message_id, raw = _message(body=b".dot\r\n\r\ntrailing \xe9\r\n")

    assert _submit(postfix, [f"{account_user}@example.test"], raw) == {}
    stored = postfix.wait_delivered(dovecot, account_user, message_id)

    assert stored.startswith(b"Return-Path: <u1@example.test>\r\n")
    assert stored.endswith(b"\r\n" + raw)
    with _pop(dovecot, account_user) as connection:
        _, lines, _ = connection.retr(1)
    assert b"".join(line + b"\r\n" for line in lines) == stored


def test_postfix_refuses_one_recipient_for_good_and_one_for_now(
    postfix: Postfix, dovecot: Dovecot, account_user: str
) -> None:
    message_id, raw = _message()
    good, bad, busy = (f"{name}@example.test" for name in (account_user, "reject", "later"))

    refused = _submit(postfix, [good, bad, busy], raw)

    assert {address: code for address, (code, _) in refused.items()} == {bad: 550, busy: 450}
    assert refused[bad][1].startswith(b"5.1.1 ")
    assert refused[busy][1].startswith(b"4.2.1 ")
    assert postfix.wait_delivered(dovecot, account_user, message_id)


def test_postfix_offers_the_extensions_that_submission_uses(postfix: Postfix) -> None:
    with _starttls(postfix) as connection:
        features = connection.esmtp_features

    assert features.keys() >= {"pipelining", "8bitmime", "smtputf8", "dsn", "chunking", "auth"}
    assert features["size"] == str(SIZE_LIMIT)
    assert {"PLAIN", "LOGIN", "SCRAM-SHA-256", "XOAUTH2"} <= set(features["auth"].split())


def test_postfix_takes_no_submission_without_a_login(postfix: Postfix) -> None:
    with _starttls(postfix) as connection:
        connection.mail("u1@example.test")
        code, _ = connection.rcpt("u2@example.test")

    assert code == 554


def test_postfix_offers_no_login_before_tls(postfix: Postfix) -> None:
    with smtplib.SMTP("localhost", postfix.submission, CLIENT_NAME, timeout=30) as connection:
        connection.ehlo()

        assert "starttls" in connection.esmtp_features
        assert "auth" not in connection.esmtp_features


def test_postfix_takes_mail_for_local_users_on_port_25_without_a_login(
    postfix: Postfix, dovecot: Dovecot, account_user: str
) -> None:
    message_id, raw = _message()

    with smtplib.SMTP("localhost", postfix.smtp, CLIENT_NAME, timeout=30) as connection:
        connection.sendmail("ada@example.org", [f"{account_user}@example.test"], raw)

    assert postfix.wait_delivered(dovecot, account_user, message_id).endswith(raw)


def test_postfix_stopped_leaves_no_process_and_no_port(
    authority: Authority, dovecot: Dovecot
) -> None:
    with server_directory("postfix") as directory:
        with running_postfix(directory, authority, dovecot) as server:
            ports = (server.smtp, server.submission, server.submissions)
            assert all(map(answers, ports))

        assert session_members(server.pid) == []
        assert not any(map(is_taken, ports))
    assert not directory.exists()


@contextlib.contextmanager
def _pop(dovecot: Dovecot, user: str) -> Iterator[poplib.POP3_SSL]:
    context = dovecot.authority.context()
    connection = poplib.POP3_SSL("localhost", dovecot.pop3s, context=context, timeout=30)
    try:
        connection.user(user)
        connection.pass_(PASSWORD)
        yield connection
        connection.quit()
    finally:
        connection.close()


@contextlib.contextmanager
def _starttls(postfix: Postfix) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("localhost", postfix.submission, CLIENT_NAME, timeout=30) as connection:
        connection.starttls(context=postfix.authority.context())
        connection.ehlo()
        yield connection
