"""`mailcli send` on a real Postfix that delivers into a real Dovecot."""

import email.policy
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.real.conftest import NewUser
from tests.support import dialogues
from tests.support.accounts import Table, account
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.local_mail import (
    document,
    failure,
    letters,
    mail_files,
    mode,
    octets,
    snapshot,
    wire_octets,
)
from tests.support.ports import free_ports
from tests.support.postfix import Postfix
from tests.support.processes import wait_until
from tests.support.scripted import Scripted


@pytest.fixture
def configured(write_config: WriteConfig, postfix: Postfix, ada: str) -> Path:
    """One account of the sender; returns its Maildir."""
    write_config({"work": account(ada, smtp=postfix, email=f"Ada Lovelace <{ada}@example.test>")})
    return Path("~/Mail/work").expanduser()


def parsed(raw: bytes) -> EmailMessage:
    return BytesParser(EmailMessage, policy=email.policy.default).parsebytes(raw)


def text_of(raw: bytes) -> str:
    """Return the decoded text of a message, with the line ends of text."""
    return str(parsed(raw).get_content()).replace("\r\n", "\n")


def own_part(raw: bytes, first: bytes) -> bytes:
    """Return a delivered message from the first field that we wrote."""
    return raw[raw.index(first) :]


def sent_id(maildir: Path) -> str:
    (path,) = mail_files(maildir / "Sent")
    return str(parsed(path.read_bytes())["Message-ID"])


def test_everybody_gets_the_message_and_nobody_learns_of_bcc(
    run_mailcli: RunMailcli,
    configured: Path,
    dovecot: Dovecot,
    postfix: Postfix,
    new_user: NewUser,
) -> None:
    to, cc, bcc = (f"{new_user()}@example.test" for _ in range(3))

    done = run_mailcli(
        *("send", "-t", f"Bob <{to}>", "-c", cc, "-b", f"Hidden One <{bcc}>"),
        *("-s", "Hello", "--json"),
        stdin="The text.\n",
    )

    result = document(done, "send")
    assert (done.returncode, done.stderr) == (0, "")
    assert result["outcome"] == "delivered"
    assert result["accepted"] == [
        {"name": "Bob", "email": to},
        {"name": "", "email": cc},
        {"name": "Hidden One", "email": bcc},
    ]
    assert (result["refused"], result["warnings"]) == ([], [])
    for address in (to, cc, bcc):
        user = address.partition("@")[0]
        raw = postfix.wait_delivered(dovecot, user, result["message_id"])
        ours = own_part(raw, b"Date: ")
        assert b"\nbcc:" not in ours.lower()
        assert bcc.encode() not in ours
        assert b"Hidden" not in ours
        assert text_of(raw) == "The text.\n"


def test_the_copy_keeps_bcc_and_is_seen_and_private(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, postfix: Postfix, ada: str
) -> None:
    done = run_mailcli("send", "-b", f"{ada}@example.test", "-s", "x", "--body", "y", "--json")

    result = document(done, "send")
    (path,) = mail_files(configured / "Sent")
    copy, wire = path.read_bytes(), postfix.wait_delivered(dovecot, ada, result["message_id"])
    assert result["saved"] == str(path)
    assert (letters(path), mode(path), path.parent.name) == ("S", 0o600, "cur")
    assert f"Bcc: {ada}@example.test\n".encode() in copy
    assert own_part(wire, b"Date: ") == wire_octets(path).split(b"\r\n", 1)[1]


def test_one_refused_for_good_is_67_and_the_other_gets_it(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, postfix: Postfix, ada: str
) -> None:
    done = run_mailcli(
        *("send", f"{ada}@example.test", "reject@example.test", "-s", "x", "--json"), stdin="y"
    )

    result = document(done, "send")
    (refused,) = result["refused"]
    assert done.returncode == 67
    assert result["outcome"] == "partial"
    assert result["accepted"] == [{"name": "", "email": f"{ada}@example.test"}]
    assert refused["address"] == {"name": "", "email": "reject@example.test"}
    assert (refused["permanent"], refused["code"], refused["enhanced"]) == (True, 550, "5.1.1")
    assert "no such user" in refused["text"]
    assert failure(done)["code"] == "recipient_refused"
    assert postfix.wait_delivered(dovecot, ada, result["message_id"])
    assert len(mail_files(configured / "Sent")) == 1


def test_a_refusal_is_one_line_that_quotes_the_server(
    run_mailcli: RunMailcli, configured: Path, ada: str
) -> None:
    done = run_mailcli("send", f"{ada}@example.test", "reject@example.test", stdin="y")

    assert done.returncode == 67
    assert done.stderr == (
        "mailcli: reject@example.test: refused: 550 5.1.1 <reject@example.test>: "
        "Recipient address rejected: no such user\n"
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [(row[0], row[3], row[4]) for row in rows] == [
        ("partial", f"{ada}@example.test", "accepted"),
        ("partial", "reject@example.test", "refused"),
    ]


def test_all_deferred_is_75_and_nothing_is_kept(run_mailcli: RunMailcli, configured: Path) -> None:
    done = run_mailcli("send", "later@example.test", "--json", stdin="y")

    assert done.returncode == 75
    assert document(done, "send")["outcome"] == "refused"
    assert failure(done)["code"] == "recipient_deferred"
    assert not configured.exists()


def test_refused_and_deferred_together_is_67(run_mailcli: RunMailcli, configured: Path) -> None:
    done = run_mailcli("send", "later@example.test", "reject@example.test", stdin="y")

    assert done.returncode == 67
    assert "later@example.test: refused for now: 450 4.2.1" in done.stderr
    assert not configured.exists()


RAW = (
    b"Received: by nobody\r\nFrom: Ada <%(from)s>\r\nTo: %(to)s\r\nBcc: %(bcc)s,\r\n"
    b"\tother@example.org\r\nSubject: \xc3\xa9 raw   spaces \r\nResent-Bcc: x@example.org\r\n"
    b"X-Odd:\t tab\r\nMessage-ID: <%(id)s>\r\n\r\n.\r\n..dots\r\n\xff\xfe 8 bit\r\n"
    b"no line end"
)


def test_raw_changes_nothing_but_line_ends_and_bcc(
    run_mailcli: RunMailcli,
    configured: Path,
    dovecot: Dovecot,
    postfix: Postfix,
    new_user: NewUser,
) -> None:
    to, bcc = new_user(), new_user()
    values = {b"from": b"x@example.test", b"id": b"%b-raw@example.test" % to.encode()}
    values |= {b"to": f"{to}@example.test".encode(), b"bcc": f"{bcc}@example.test".encode()}
    raw = RAW % values

    done = run_mailcli("send", "--raw", stdin=raw.replace(b"\r\n", b"\n"))

    assert (done.returncode, done.stderr) == (0, "")
    hidden = raw.index(b"Bcc:"), raw.index(b"Subject:")
    wanted = raw[: hidden[0]] + raw[hidden[1] :]
    wanted = wanted.replace(b"Resent-Bcc: x@example.org\r\n", b"") + b"\r\n"
    for user in (to, bcc):
        delivered = postfix.wait_delivered(dovecot, user, values[b"id"].decode())
        assert own_part(delivered, b"Received: by nobody") == wanted
    assert not configured.exists(), "a relayed message leaves no copy"


def test_raw_goes_to_the_recipients_given_instead(
    run_mailcli: RunMailcli,
    configured: Path,
    dovecot: Dovecot,
    postfix: Postfix,
    new_user: NewUser,
) -> None:
    user, named = new_user(), f"{new_user()}@example.test"
    message = f"From: a@example.test\nTo: {named}\nMessage-ID: <{user}@x.test>\n\nhi\n"

    done = run_mailcli("send", "--raw", f"{user}@example.test", "--json", stdin=message)

    result = document(done, "send")
    assert [each["email"] for each in result["accepted"]] == [f"{user}@example.test"]
    assert result["message_id"] == f"<{user}@x.test>"
    assert b"hi\r\n" in postfix.wait_delivered(dovecot, user, result["message_id"])


def test_attachments_come_back_equal(
    run_mailcli: RunMailcli,
    configured: Path,
    dovecot: Dovecot,
    postfix: Postfix,
    ada: str,
    home: Path,
) -> None:
    files = {
        "table.csv": b"a,b\r\n1,2\n.\r\n",
        "Übersicht 'Q3' \"x\";.bin": bytes(range(256)) * 300,
        "empty": b"",
        "message.eml": b"Subject: inner\r\n\r\n8 bit: \xff\r\n",
    }
    for name, content in files.items():
        home.joinpath(name).write_bytes(content)

    done = run_mailcli(
        *("send", f"{ada}@example.test", "--json", "--body", "See there."),
        *(word for name in files for word in ("-a", home / name)),
    )

    raw = postfix.wait_delivered(dovecot, ada, document(done, "send")["message_id"])
    found = {
        part.get_filename(): part.get_payload(decode=True)
        for part in parsed(raw).iter_attachments()
    }
    assert done.returncode == 0
    assert found == files


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain\n",
        "no line end",
        ".\n..\n.x\n\n.\n",
        "Grüße — 日本語 🎉\n" * 20,
        "x" * 5000 + "\n",
        "From here\n\ttab \n trailing  \n",
        "crlf\r\nlines\r\n",
    ],
    ids=["empty", "ascii", "no-end", "dots", "8-bit", "long", "odd", "crlf"],
)
def test_a_text_comes_back_as_it_was(
    run_mailcli: RunMailcli,
    configured: Path,
    dovecot: Dovecot,
    postfix: Postfix,
    ada: str,
    text: str,
) -> None:
    done = run_mailcli("send", f"{ada}@example.test", "-s", "Grüße: 日本語", "--json", stdin=text)

    raw = postfix.wait_delivered(dovecot, ada, document(done, "send")["message_id"])
    assert done.returncode == 0
    assert parsed(raw)["Subject"] == "Grüße: 日本語"
    wanted = text.replace("\r\n", "\n")
    assert text_of(raw) == (wanted if wanted.endswith("\n") else f"{wanted}\n")


def test_octets_that_are_no_utf_8_are_sent_as_latin_1(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, postfix: Postfix, ada: str
) -> None:
    done = run_mailcli("send", f"{ada}@example.test", "--json", stdin=b"caf\xe9\n")

    raw = postfix.wait_delivered(dovecot, ada, document(done, "send")["message_id"])
    assert text_of(raw) == "café\n"


def test_the_body_may_come_from_a_file(
    run_mailcli: RunMailcli,
    configured: Path,
    dovecot: Dovecot,
    postfix: Postfix,
    ada: str,
    home: Path,
) -> None:
    home.joinpath("text").write_text("from a file\n")

    done = run_mailcli("send", f"{ada}@example.test", "--body-file", "text", "--json", stdin="no")

    raw = postfix.wait_delivered(dovecot, ada, document(done, "send")["message_id"])
    assert text_of(raw) == "from a file\n"


def test_further_headers_and_reply_to_arrive(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, postfix: Postfix, ada: str
) -> None:
    done = run_mailcli(
        *("send", f"{ada}@example.test", "-H", "X-Job: backup", "-H", "References: <a@b> <c@d>"),
        *("--reply-to", "Ops <ops@example.org>", "--body", "x", "--json"),
    )

    raw = postfix.wait_delivered(dovecot, ada, document(done, "send")["message_id"])
    message = parsed(raw)
    assert message["X-Job"] == "backup"
    assert message["References"] == "<a@b> <c@d>"
    assert message["Reply-To"] == "Ops <ops@example.org>"


def test_the_envelope_has_its_own_sender(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, postfix: Postfix, ada: str
) -> None:
    done = run_mailcli(
        *("send", f"{ada}@example.test", "-f", "bounces@example.test", "--body", "x", "--json")
    )

    raw = postfix.wait_delivered(dovecot, ada, document(done, "send")["message_id"])
    assert raw.startswith(b"Return-Path: <bounces@example.test>")
    assert parsed(raw)["From"] == f"Ada Lovelace <{ada}@example.test>"


# -- before anything is sent ---------------------------------------------------


def test_a_dry_run_opens_no_connection_and_shows_the_exact_message(
    run_mailcli: RunMailcli, write_config: WriteConfig
) -> None:
    with Scripted("S: 220 ready", expect_failure=True) as server:
        table = {"host": server.host, "port": server.port, "tls": "none", "auth": "none"}
        write_config({"a": {"email": "a@b.example", "smtp": table}})

        done = run_mailcli(
            "send", "-n", "x@y.example", "-b", "h@y.example", "-s", "S", stdin="T\n"
        )

        assert not server.connections
    assert done.returncode == 0
    message = parsed(done.stdout.encode())
    assert (message["To"], message["Subject"], message["Bcc"]) == ("x@y.example", "S", None)
    assert text_of(done.stdout.encode()) == "T\n"
    assert "To: h@y.example\n" in done.stderr


def test_a_dry_run_fits_its_schema_and_saves_nothing(
    run_mailcli: RunMailcli, configured: Path
) -> None:
    done = run_mailcli("send", "-n", "x@y.example", "--json", stdin="T\n")

    preview = document(done, "send-preview")
    assert preview["recipients"] == ["x@y.example"]
    assert preview["message"].endswith("\r\n\r\nT\r\n")
    assert not configured.exists()


INVALID = {
    "subject": ("-s", "a\nBcc: evil@example.org"),
    "subject-cr": ("-s", "a\rb"),
    "header": ("-H", "X-A: b\nBcc: evil@example.org"),
    "header-name": ("-H", "X A: b"),
    "from": ("-r", "a@b.example\nBcc: evil@example.org"),
    "to": ("-t", "a@b.example\n, evil@example.org"),
    "cc": ("-c", "a@b.example\r\nX: y"),
    "envelope": ("-f", "a@b.example> SIZE=1"),
    "reply-to": ("--reply-to", "a@b.example\nX: y"),
    "ambiguous": ("-t", "a@b.example c@d.example"),
    "no address": ("-t", "ada"),
    "own header": ("-H", "Bcc: evil@example.org"),
    "second date": ("-H", "Date: now"),
}


@pytest.mark.parametrize("args", INVALID.values(), ids=list(INVALID))
def test_what_cannot_stand_in_a_message_is_65_and_nothing_is_sent(
    run_mailcli: RunMailcli, write_config: WriteConfig, home: Path, args: tuple[str, ...]
) -> None:
    with Scripted("S: 220 ready", expect_failure=True) as server:
        table = {"host": server.host, "port": server.port, "tls": "none", "auth": "none"}
        write_config({"a": {"email": "a@b.example", "smtp": table}})

        done = run_mailcli("send", "ok@example.test", "--body", "x", "--json", *args)

        assert not server.connections
    assert (done.returncode, done.stdout) == (65, "")
    assert failure(done)["code"] == "invalid_message"
    assert not (home / "Mail").exists()


def test_no_recipient_is_65(run_mailcli: RunMailcli, configured: Path) -> None:
    done = run_mailcli("send", "-s", "x", stdin="y")

    assert done.returncode == 65
    assert done.stderr == "mailcli: the message has no recipient\nhint: name one with --to\n"


@pytest.mark.parametrize("option", ["-a", "--body-file"])
def test_a_missing_file_is_66(run_mailcli: RunMailcli, configured: Path, option: str) -> None:
    done = run_mailcli("send", "a@example.test", option, "/nowhere/at all", stdin="x")

    assert done.returncode == 66
    assert done.stderr == "mailcli: /nowhere/at all: no such file\n"


def test_attaching_what_looks_like_a_header_hints_at_the_option(
    run_mailcli: RunMailcli, configured: Path
) -> None:
    done = run_mailcli("send", "a@example.test", "-a", "X-Job: backup", stdin="x")

    assert done.returncode == 2
    assert "-H 'Name: value'" in done.stderr


# -- which account -------------------------------------------------------------


@pytest.fixture
def two_accounts(
    write_config: WriteConfig, postfix: Postfix, new_user: NewUser
) -> dict[str, Table]:
    """Two accounts that send; `home` has an alias, `work` is the default."""
    work, home = new_user(), new_user()
    tables = {
        "work": account(work, smtp=postfix),
        "home": account(home, smtp=postfix, aliases=[f"{home}+lists@example.test"]),
    }
    write_config(tables, default_account="work")
    return tables


def chosen(run_mailcli: RunMailcli, *args: str, stdin: str = "x", **more: str) -> str:
    done = run_mailcli("send", "-n", "--json", "x@y.example", *args, stdin=stdin, env=more)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["account"])


def test_the_account_follows_from_the_sender(
    run_mailcli: RunMailcli, two_accounts: dict[str, Table]
) -> None:
    own = two_accounts["home"]["email"]
    (alias,) = two_accounts["home"]["aliases"]

    assert chosen(run_mailcli) == "work"
    assert chosen(run_mailcli, "-r", own) == "home"
    assert chosen(run_mailcli, "-r", f"Lists <{alias.upper()}>") == "home"
    assert chosen(run_mailcli, "-r", "stranger@example.org") == "work"
    assert chosen(run_mailcli, "-A", "work", "-r", own) == "work"
    assert chosen(run_mailcli, MAILCLI_ACCOUNT="home") == "home"
    assert chosen(run_mailcli, "--raw", stdin=f"From: {alias}\n\nx\n") == "home"


def test_a_sender_of_no_account_is_told_with_those_that_were_tried(
    run_mailcli: RunMailcli, two_accounts: dict[str, Table], write_config: WriteConfig
) -> None:
    write_config(two_accounts)
    done = run_mailcli("send", "-n", "-r", "stranger@example.org", "x@y.example", stdin="x")
    assert done.returncode == 78
    assert "no account sends as stranger@example.org; tried: work, home" in done.stderr


def test_the_date_is_of_the_zone_where_it_was_written(
    run_mailcli: RunMailcli, configured: Path
) -> None:
    del configured
    done = run_mailcli("send", "-n", "x@y.example", stdin="x", env={"TZ": "Asia/Kolkata"})
    assert re.match(r"Date: [^\r]* \+0530\r?\n", done.stdout)


# -- what goes wrong -----------------------------------------------------------


def test_a_wrong_password_is_77(
    run_mailcli: RunMailcli, write_config: WriteConfig, postfix: Postfix, ada: str
) -> None:
    table = account(ada, smtp=postfix, password_command=["printf", "wrong-secret"])
    write_config({"work": table})

    done = run_mailcli("send", f"{ada}@example.test", "--json", stdin="x")

    error = failure(done)
    assert (done.returncode, done.stdout) == (77, "")
    assert (error["code"], error["account"]) == ("login", "work")
    assert "wrong-secret" not in done.stderr
    assert f"{ada}@example.test" in error["hint"]


def test_a_certificate_of_another_authority_is_78(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    postfix: Postfix,
    ada: str,
    tmp_path: Path,
) -> None:
    table = account(ada, smtp=postfix)
    table["smtp"]["ca_file"] = str(Authority(tmp_path).ca_pem)
    write_config({"work": table})

    done = run_mailcli("send", f"{ada}@example.test", "--trace", "--json", stdin="x")

    assert done.returncode == 78
    assert '"code": "tls"' in done.stderr
    assert "AUTH" not in done.stderr
    assert "220 " not in done.stdout


@pytest.mark.parametrize("tls", ["implicit", "starttls", "none"])
def test_each_way_of_connecting_delivers(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    dovecot: Dovecot,
    postfix: Postfix,
    ada: str,
    tls: str,
) -> None:
    write_config({"work": account(ada, smtp=postfix, tls=tls)})

    done = run_mailcli("send", f"{ada}@example.test", "--json", stdin=tls)

    assert done.returncode == 0, done.stderr
    raw = postfix.wait_delivered(dovecot, ada, document(done, "send")["message_id"])
    assert text_of(raw) == f"{tls}\n"


def test_a_refused_connection_is_75(run_mailcli: RunMailcli, write_config: WriteConfig) -> None:
    (port,) = free_ports(1)
    server = {"host": "127.0.0.1", "port": port, "tls": "none", "auth": "none"}
    write_config({"a": {"email": "a@b.example", "smtp": server}})

    done = run_mailcli("send", "x@y.example", "--json", stdin="x")

    assert done.returncode == 75
    assert failure(done)["code"] == "temporary"
    assert f"127.0.0.1:{port}" in failure(done)["message"]


_RESOLVER = """
import socket, sys
code = getattr(socket, sys.argv.pop(1))
def answer(*args, **options):
    raise socket.gaierror(code, "told by the test")
socket.getaddrinfo = answer
from mailcli.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("answer", "code", "exit_code"),
    [("EAI_NONAME", "host_unknown", 68), ("EAI_AGAIN", "temporary", 75)],
)
def test_an_unknown_host_is_68_and_a_deaf_resolver_75(
    mailcli_env: dict[str, str],
    write_config: WriteConfig,
    home: Path,
    answer: str,
    code: str,
    exit_code: int,
) -> None:
    server = {"host": "no-such-host.invalid", "auth": "none"}
    write_config({"a": {"email": "a@b.example", "smtp": server}})

    # What the real resolver says depends on the machine's network.
    done = subprocess.run(
        [sys.executable, "-c", _RESOLVER, answer, "send", "x@y.example", "--json"],
        input="x",
        capture_output=True,
        text=True,
        env=mailcli_env,
        cwd=home,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stdout) == (exit_code, "")
    assert failure(done)["code"] == code
    assert "no-such-host.invalid" in failure(done)["message"]


@pytest.fixture
def scripted_account(
    write_config: WriteConfig, authority: Authority
) -> Callable[[Scripted], Path]:
    """Return a function that points the one account at a scripted server; it gives the Maildir."""

    def write(server: Scripted) -> Path:
        table = {"host": "localhost", "port": server.port, "ca_file": str(authority.ca_pem)}
        write_config(
            {"a": {"email": "a@b.example", "password_command": ["printf", "pw"], "smtp": table}}
        )
        return Path("~/Mail/a").expanduser()

    return write


def smtp(authority: Authority, *parts: str) -> Scripted:
    script = dialogues.script(dialogues.opening("smtp", tls="implicit"), *parts)
    return Scripted(script, certificate=authority.server())


ENVELOPE = """\
C? (?i)MAIL FROM:<.*>.*
S: 250 ok
C? (?i)RCPT TO:<.*>
S: 250 ok
c: DATA
S: 354 go on
"""


def test_a_cut_after_the_final_dot_is_unknown_and_not_saved(
    run_mailcli: RunMailcli, scripted_account: Callable[[Scripted], Path], authority: Authority
) -> None:
    with smtp(authority, ENVELOPE, "C. message", "@cut") as server:
        maildir = scripted_account(server)
        done = run_mailcli("send", "x@y.example", "--json", stdin="The text.\n")

    result = document(done, "send")
    assert done.returncode == 75
    assert (result["outcome"], result["accepted"], result["saved"]) == ("unknown", [], None)
    assert failure(done)["code"] == "outcome_unknown"
    assert b"The text." in server.received["message"]
    assert not maildir.exists()
    assert len(server.connections) == 1, "nothing is sent again by itself"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_final_dot_leaves_nobody_in_the_belief_that_nothing_was_sent(
    mailcli_env: dict[str, str],
    scripted_account: Callable[[Scripted], Path],
    authority: Authority,
    number: signal.Signals,
) -> None:
    with smtp(authority, ENVELOPE, "C. message", "@stall forever") as server:
        scripted_account(server)
        with subprocess.Popen(
            [sys.executable, "-m", "mailcli", "send", "x@y.example", "--body", "x"],
            stderr=subprocess.PIPE,
            env=mailcli_env,
            text=True,
        ) as process:
            wait_until(lambda: "message" in server.received, timeout=30, what="the final dot")
            process.send_signal(number)
            _, words = process.communicate(timeout=30)

    assert process.returncode == 128 + number
    assert words.endswith("; the message may or may not have been accepted\n")


def test_an_unknown_outcome_is_told_once_in_words(
    run_mailcli: RunMailcli, scripted_account: Callable[[Scripted], Path], authority: Authority
) -> None:
    with smtp(authority, ENVELOPE, "C. message", "@reset") as server:
        scripted_account(server)
        done = run_mailcli("send", "x@y.example", stdin="The text.\n")

    assert done.returncode == 75
    assert done.stderr.count("mailcli: ") == 1
    assert "may or may not have been accepted" in done.stderr
    assert "hint: " in done.stderr


@pytest.mark.parametrize(
    ("reply", "exit_code", "code"),
    [("554 5.7.1 spam", 69, "refused"), ("451 4.3.0 later", 75, "temporary")],
)
def test_a_message_that_is_refused_as_a_whole_is_an_error(
    run_mailcli: RunMailcli,
    scripted_account: Callable[[Scripted], Path],
    authority: Authority,
    reply: str,
    exit_code: int,
    code: str,
) -> None:
    parts = (ENVELOPE, "C. message", f"S: {reply}", "@rest")
    with smtp(authority, *parts) as server:
        maildir = scripted_account(server)
        done = run_mailcli("send", "x@y.example", "--json", stdin="x")

    assert (done.returncode, done.stdout) == (exit_code, "")
    assert failure(done)["code"] == code
    assert reply[4:] in failure(done)["message"]
    assert not maildir.exists()


@pytest.mark.parametrize("end", ["@cut", "@reset", "C~ QUIT\n@drop"])
def test_an_accepted_message_stays_accepted_however_the_session_ends(
    run_mailcli: RunMailcli,
    scripted_account: Callable[[Scripted], Path],
    authority: Authority,
    end: str,
) -> None:
    parts = (ENVELOPE, "C. message", "S: 250 2.0.0 taken", end)
    with smtp(authority, *parts) as server:
        maildir = scripted_account(server)
        done = run_mailcli("send", "x@y.example", stdin="x")

    assert (done.returncode, done.stderr) == (0, "")
    assert len(mail_files(maildir / "Sent")) == 1


@pytest.mark.parametrize(
    ("args", "redirect", "warning"),
    [
        ("--trace=/dev/full", "", "/dev/full: No space left on device; the trace ends there"),
        ("--trace", "2>/dev/full", ""),
        ("", ">/dev/full", "what became of the message is not told: No space left on device"),
    ],
    ids=["trace in a file", "trace on stderr", "result"],
)
def test_an_accepted_message_stays_accepted_where_nothing_can_be_written(
    mailcli_env: dict[str, str],
    sending: Path,
    home: Path,
    ada: str,
    args: str,
    redirect: str,
    warning: str,
) -> None:
    command = ("-m", "mailcli", "send", f"{ada}@example.test", "--body", "x", *args.split())
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {redirect}', sys.executable, *command],
        capture_output=True,
        text=True,
        env=mailcli_env,
        cwd=home,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0
    assert done.stderr == (f"mailcli: warning: {warning}\n" if warning else "")
    assert len(mail_files(sending / "Sent")) == 1


def test_an_accepted_message_stays_accepted_where_nobody_reads_the_result(
    mailcli_env: dict[str, str], sending: Path, home: Path, ada: str
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "mailcli", "send", f"{ada}@example.test", "--body", "x"],
            stdout=writing,
            stderr=subprocess.PIPE,
            env=mailcli_env,
            cwd=home,
            check=False,
            timeout=60,
        )
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (0, b"")
    assert len(mail_files(sending / "Sent")) == 1


def test_a_copy_that_cannot_be_saved_is_a_warning(
    run_mailcli: RunMailcli, configured: Path, dovecot: Dovecot, postfix: Postfix, ada: str
) -> None:
    configured.parent.mkdir(parents=True)
    configured.write_text("a file stands where the Maildir should be")

    done = run_mailcli("send", f"{ada}@example.test", "--json", stdin="x")

    result = document(done, "send")
    assert done.returncode == 0
    assert (result["outcome"], result["saved"]) == ("delivered", None)
    assert len(result["warnings"]) == 1
    assert postfix.wait_delivered(dovecot, ada, result["message_id"])


def test_a_copy_that_cannot_be_saved_is_told_on_stderr(
    run_mailcli: RunMailcli, configured: Path, ada: str
) -> None:
    configured.parent.mkdir(parents=True)
    configured.write_text("a file stands where the Maildir should be")

    done = run_mailcli("send", f"{ada}@example.test", stdin="x")

    assert done.returncode == 0
    assert done.stderr.startswith("mailcli: warning: sent, but no copy was saved: ")


# -- the copy ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "folder"),
    [((), "Sent"), (("--fcc", "Work/Out"), "Work/Out"), (("--no-save",), None)],
)
def test_the_copy_goes_where_it_is_wanted(
    run_mailcli: RunMailcli, configured: Path, ada: str, args: tuple[str, ...], folder: str | None
) -> None:
    done = run_mailcli("send", f"{ada}@example.test", *args, stdin="x")

    saved = {str(p.parents[1].relative_to(configured)) for p in configured.rglob("cur/*")}
    assert done.returncode == 0
    assert saved == ({folder} if folder else set())


def test_the_configured_sent_folder_is_used_in_its_layout(
    run_mailcli: RunMailcli, write_config: WriteConfig, postfix: Postfix, ada: str, home: Path
) -> None:
    table = account(ada, smtp=postfix, sent="Gesendet/2026", layout="maildir++", maildir="~/M")
    write_config({"work": table})

    assert run_mailcli("send", f"{ada}@example.test", stdin="x").returncode == 0

    assert len(octets(home / "M" / ".Gesendet.2026")) == 1


def test_a_run_that_fails_leaves_the_maildir_as_it_was(
    run_mailcli: RunMailcli, configured: Path, ada: str
) -> None:
    run_mailcli("send", f"{ada}@example.test", stdin="x")
    before = snapshot(configured)

    assert run_mailcli("send", "reject@example.test", stdin="x").returncode == 67

    assert snapshot(configured) == before


def test_quiet_says_nothing_at_all_where_all_is_well(
    run_mailcli: RunMailcli, configured: Path, ada: str
) -> None:
    done = run_mailcli("send", "-q", f"{ada}@example.test", stdin="x")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
