"""What `send` composes beyond plain text, and how much it takes: on a real Postfix."""

import contextlib
import email.policy
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from functools import partial
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support import editing
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.local_mail import document, mail_files
from tests.support.postfix import Postfix

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def parsed(raw: bytes) -> EmailMessage:
    return BytesParser(EmailMessage, policy=email.policy.default).parsebytes(raw)


def text_of(part: MIMEPart) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def kinds(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


@pytest.fixture
def delivered(
    run_mailcli: RunMailcli, sending: Path, dovecot: Dovecot, postfix: Postfix, ada: str
) -> Callable[..., EmailMessage]:
    """Return what sends to the sender and gives what arrived."""

    def send(*args: str, stdin: str) -> EmailMessage:
        done = run_mailcli("send", f"{ada}@example.test", "--json", *args, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return parsed(postfix.wait_delivered(dovecot, ada, document(done, "send")["message_id"]))

    return send


# -- two forms of a text ---------------------------------------------------


def test_html_has_a_text_beside_it(delivered: Callable[..., EmailMessage]) -> None:
    page = "<p>Grüße, <b>you</b>.</p>\n"
    message = delivered("--html", stdin=page)
    assert kinds(message) == ["multipart/alternative", "text/plain", "text/html"]
    plain, html = message.iter_parts()
    assert text_of(plain) == "Grüße, you.\n"
    assert text_of(html) == page


def test_markdown_is_sent_as_it_is_and_as_html(delivered: Callable[..., EmailMessage]) -> None:
    text = "# News\n\n- **one**\n- two\n"
    message = delivered("--markdown", stdin=text)
    plain, html = message.iter_parts()
    assert text_of(plain) == text
    assert "<li><strong>one</strong></li>" in html.get_content()


def test_an_inline_image_is_found_by_its_content_id(
    delivered: Callable[..., EmailMessage], home: Path
) -> None:
    home.joinpath("the logo.png").write_bytes(PNG)
    home.joinpath("data.csv").write_bytes(b"1,2\n")
    text = "![Logo](<cid:the logo.png>)\n"

    message = delivered("--markdown", "--inline", "the logo.png", "-a", "data.csv", stdin=text)

    assert kinds(message) == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "multipart/related"),
        *("text/html", "image/png", "text/csv"),
    ]
    html = next(part for part in message.walk() if part.get_content_type() == "text/html")
    image = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert image.get_content() == PNG
    assert image.get_content_disposition() == "inline"
    found = re.search('src="cid:([^"]+)"', html.get_content())
    assert found
    assert image["Content-ID"] == f"<{found[1]}>"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--inline", "logo.png"), "--inline needs --html or --markdown"),
        (("--html", "--inline", "logo.png"), "the text does not show it"),
        (("--html", "--markdown"), "contradict"),
        (("--html", "--raw"), "--raw sends a finished message"),
    ],
)
def test_what_makes_no_sense_together_is_wrong_usage(
    run_mailcli: RunMailcli, sending: Path, home: Path, args: tuple[str, ...], words: str
) -> None:
    home.joinpath("logo.png").write_bytes(PNG)
    done = run_mailcli("send", "x@example.test", *args, stdin="<p>x</p>")
    assert done.returncode == 2
    assert words in done.stderr


def test_a_name_is_written_for_new_clients_and_for_old_ones(
    run_mailcli: RunMailcli, sending: Path, home: Path
) -> None:
    home.joinpath("Übersicht.pdf").write_bytes(b"x")
    done = run_mailcli("send", "-n", "x@example.test", "-a", "Übersicht.pdf", stdin="x")
    assert "filename*=utf-8''%C3%9Cbersicht.pdf" in done.stdout
    assert 'name="=?utf-8?b?w5xiZXJzaWNodC5wZGY=?="' in done.stdout


# -- the account's setting, reports ----------------------------------------


def test_an_account_whose_provider_keeps_copies_keeps_none_here(
    run_mailcli: RunMailcli, write_config: WriteConfig, postfix: Postfix, ada: str, home: Path
) -> None:
    write_config({"work": account(ada, smtp=postfix, save_sent=False)})
    args = ("send", f"{ada}@example.test", "--body", "x", "--json")
    assert document(run_mailcli(*args), "send")["saved"] is None
    assert document(run_mailcli(*args, "--fcc", "Kept"), "send")["saved"]
    assert len(mail_files(home.joinpath("Mail", "work", "Kept"))) == 1


def test_a_report_that_was_asked_for_comes(
    run_mailcli: RunMailcli, sending: Path, dovecot: Dovecot, postfix: Postfix, ada: str
) -> None:
    done = run_mailcli(
        *("send", f"{ada}@example.test", "--dsn-notify", "success", "--dsn-return", "hdrs"),
        *("-s", f"report {ada}", "--body", "x"),
    )
    assert done.returncode == 0, done.stderr
    report = parsed(postfix.wait_delivered(dovecot, ada, "multipart/report"))
    assert "message/delivery-status" in kinds(report)


@pytest.mark.parametrize("events", ["sometimes", "success,bounce"])
def test_an_event_that_is_none_is_wrong_usage(
    run_mailcli: RunMailcli, sending: Path, events: str
) -> None:
    done = run_mailcli("send", "x@example.test", "--dsn-notify", events, "--body", "x")
    assert done.returncode == 2


# -- much of it ------------------------------------------------------------


def test_ten_thousand_recipients_each_get_their_answer(
    run_mailcli: RunMailcli, sending: Path
) -> None:
    people = ",\n ".join(f"r{number}@elsewhere.example" for number in range(10_000))
    stdin = f"From: a@example.test\nTo: {people}\nBcc: reject@example.test\n\nx\n"
    done = run_mailcli("send", "--raw", "--json", stdin=stdin, timeout=200)
    result = document(done, "send")
    assert (done.returncode, len(result["accepted"])) == (67, 10_000)
    assert [each["address"]["email"] for each in result["refused"]] == ["reject@example.test"]


def peak_memory(*args: str, env: dict[str, str], cwd: Path) -> int:
    """Run mailcli and return the most octets of memory that it had at a time."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mailcli", *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=env,
        cwd=cwd,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * 1024


def test_a_large_attachment_takes_no_memory(
    mailcli_env: dict[str, str], sending: Path, home: Path
) -> None:
    with home.joinpath("large.bin").open("wb") as file:
        file.truncate(35_000_000)
    args = ("send", "x@elsewhere.example", "--body", "x")
    small = peak_memory(*args, env=mailcli_env, cwd=home)
    large = peak_memory(*args, "-a", "large.bin", env=mailcli_env, cwd=home)
    assert large - small < 8_000_000


@pytest.mark.soak
def test_an_attachment_of_500_mb_takes_no_memory(
    mailcli_env: dict[str, str], write_config: WriteConfig, home: Path
) -> None:
    octets = 500_000_000
    with home.joinpath("large.bin").open("wb") as file:
        file.truncate(octets)
    with discarding_server() as (port, taken):
        table = {"host": "127.0.0.1", "port": port, "tls": "none", "auth": "none"}
        write_config({"a": {"email": "a@b.example", "smtp": table}})
        args = ("send", "x@y.example", "--body", "x", "--no-save")
        small = peak_memory(*args, env=mailcli_env, cwd=home)
        large = peak_memory(*args, "-a", "large.bin", env=mailcli_env, cwd=home)
    assert taken[1] > octets * 4 / 3
    assert large - small < 8_000_000


@contextlib.contextmanager
def discarding_server() -> Iterator[tuple[int, list[int]]]:
    """Give the port of what takes messages and keeps none, and the octets of each."""
    taken: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_discard, args=(listener, taken), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1], taken
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _discard(listener: socket.socket, taken: list[int]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 hello\r\n")
            for line in lines:
                connection.sendall(b"354 go\r\n" if line == b"DATA\r\n" else b"250 ok\r\n")
                if line == b"DATA\r\n":
                    taken.append(sum(map(len, iter(lines.readline, b".\r\n"))))
                    connection.sendall(b"250 taken\r\n")
                elif line == b"QUIT\r\n":
                    break


# -- in an editor ----------------------------------------------------------


@pytest.fixture
def at_terminal(mailcli_env: dict[str, str], home: Path) -> Callable[..., tuple[int, str]]:
    """Run mailcli at a terminal, with an editor that is a shell script; give code and screen."""

    return partial(editing.at_terminal, environment=mailcli_env, home=home)


WRITE = """sed -i 's/^Subject:.*/Subject: Grüße/; s/^Cc:.*/X-Note: kept/' "$1"
echo 'written' >> "$1" """


def test_a_message_is_written_in_the_editor(
    at_terminal: Callable[..., tuple[int, str]],
    sending: Path,
    dovecot: Dovecot,
    postfix: Postfix,
    ada: str,
) -> None:
    code, screen = at_terminal(WRITE, "send", f"{ada}@example.test", "-s", "old")
    assert code == 0, screen
    (copy,) = mail_files(sending / "Sent")
    message = parsed(copy.read_bytes())
    assert (message["Subject"], message["X-Note"]) == ("Grüße", "kept")
    assert message.get_content() == "written\n"
    assert postfix.wait_delivered(dovecot, ada, str(message["Message-ID"]))


@pytest.mark.parametrize("script", ["true", ': > "$1"'], ids=["unchanged", "empty"])
def test_an_unchanged_or_empty_message_is_not_sent(
    at_terminal: Callable[..., tuple[int, str]], sending: Path, ada: str, script: str
) -> None:
    code, screen = at_terminal(script, "send", f"{ada}@example.test")
    assert code == 3
    assert "nothing was sent" in screen
    assert not sending.exists()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (WRITE.replace("Grüße/;", "x/; s/^To:.*/To: reject@example.test/;"), 67),
        (WRITE.replace("Grüße/;", "x/; s/^To:.*/To: nobody/;"), 65),
        (WRITE + "; exit 3", 3),
    ],
    ids=["refused", "invalid", "editor failed"],
)
def test_what_was_written_is_kept_until_it_is_sent(
    at_terminal: Callable[..., tuple[int, str]],
    sending: Path,
    mailcli_env: dict[str, str],
    ada: str,
    script: str,
    expected: int,
) -> None:
    code, screen = at_terminal(script, "send", f"{ada}@example.test")
    assert code == expected, screen
    (kept,) = Path(mailcli_env["XDG_STATE_HOME"], "mailcli").glob("message-*.eml")
    assert "written" in kept.read_text("utf-8")
    assert kept.name in json.dumps(screen)
