"""mailcli through a link named `sendmail`: by hand, and started by cron, git and s-nail."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Protocol

import pytest
from tests.conftest import WriteConfig
from tests.real.conftest import NewUser
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.forks import Start, forks
from tests.support.need import need
from tests.support.ports import free_ports
from tests.support.postfix import Postfix

from mailcli.cli.sendmail import parse
from mailcli.errors import UsageError

Done = subprocess.CompletedProcess[str]


class Sendmail(Protocol):
    """Start the link as another program does."""

    def __call__(
        self, *args: str, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> Done: ...


@pytest.fixture
def link(home: Path) -> Path:
    """The link `sendmail`, to a start script as pip makes it."""
    script = home / "bin" / "mailcli"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nfrom mailcli.__main__ import main\nmain()\n")
    script.chmod(0o755)
    link = script.with_name("sendmail")
    link.symlink_to(script)
    return link


@pytest.fixture
def run(mailcli_env: dict[str, str], home: Path) -> Callable[..., Done]:
    """Run any program in the private environment."""

    def start(*command: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Done:
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            env={**mailcli_env, **(env or {})},
            cwd=home,
            check=False,
            timeout=60,
        )

    return start


@pytest.fixture
def sendmail(link: Path, mailcli_env: dict[str, str], home: Path) -> Sendmail:
    """Be the link, by a fork; who starts it below (git, s-nail, cron) starts the link itself."""

    def start(*args: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Done:
        environment = {**mailcli_env, **(env or {})}
        done = forks().run(Start(args, environment, str(home), name=str(link)), stdin.encode())
        out, err = done.stdout.decode(), done.stderr.decode()
        return Done(args, done.returncode, out, err)

    return start


def letter(to: str, message_id: str, *more: str) -> str:
    lines = ("From: Ada <ada@example.test>", f"To: {to}", f"Message-ID: <{message_id}>", *more)
    return "".join(f"{line}\n" for line in (*lines, "Subject: hello", "", "Hi.", ".", "End."))


# -- the command line ------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-t", {"read_recipients": True}),
        ("-ti", {"read_recipients": True, "ignore_dots": True}),
        ("-oi -f a@b.c x@y.z", {"ignore_dots": True, "envelope_sender": "a@b.c"}),
        ("-fa@b.c -- -x@y.z", {"envelope_sender": "a@b.c", "recipients": ["-x@y.z"]}),
        ("-r a@b.c", {"envelope_sender": "a@b.c"}),
        ("-i -FCronDaemon -B8BITMIME -oem root", {"recipients": ["root"], "ignore_dots": True}),
        ("-F Cron -om -odq x", {"recipients": ["x"], "delivery": "q"}),
        ("-N never -R HDRS x", {"notify": "never", "returned": "hdrs"}),
        ("-bp", {"mode": "p"}),
        ("-q30m", {"mode": "q"}),
        ("-bm -v x", {"mode": "m", "verbose": True}),
        ("x -i y", {"recipients": ["x", "y"], "ignore_dots": True}),
        ("-o i -X /dev/null -h 3 x", {"recipients": ["x"], "ignore_dots": True}),
    ],
)
def test_classic_options_are_understood(line: str, expected: dict[str, object]) -> None:
    options = parse(shlex.split(line))
    assert {name: getattr(options, name) for name in expected} == expected


@pytest.mark.parametrize("line", ["-f", "-Z", "--to x", "-tN"])
def test_other_options_are_wrong_usage(line: str) -> None:
    with pytest.raises(UsageError):
        parse(shlex.split(line))


@pytest.mark.parametrize(
    ("args", "stdin", "code"),
    [
        (("-Z",), "", 64),
        ((), "To: a@b.c\n\nx\n", 64),
        (("-bs",), "", 64),
        (("-bi",), "", 0),
        (("-N", "sometimes", "x@example.test"), "", 64),
        (("-t",), "Subject: nobody\n\nx\n", 65),
        (("-t",), "To: not an address\n\nx\n", 65),
        (("somebody",), "\nx\n", 65),
        (("reject@example.test",), "\nx\n", 67),
        (("later@example.test",), "\nx\n", 75),
        (("-R", "hdrs", "-N", "success", "u0@example.test"), "Subject: x\n\nx\n", 0),
    ],
)
def test_exit_codes_are_those_of_sysexits(
    sendmail: Sendmail, sending: Path, args: tuple[str, ...], stdin: str, code: int
) -> None:
    done = sendmail(*args, stdin=stdin)
    assert (done.returncode, done.stdout) == (code, "")
    assert bool(done.stderr) == bool(code)


def test_without_a_configuration_it_is_78(sendmail: Sendmail) -> None:
    assert sendmail("x@example.test", stdin="\nx\n").returncode == 78


# -- what goes where -------------------------------------------------------


def test_recipients_are_read_from_every_field_and_bcc_does_not_leave(
    sendmail: Sendmail, sending: Path, dovecot: Dovecot, postfix: Postfix, new_user: NewUser
) -> None:
    users = [new_user() for _ in range(5)]
    a, b, c, d, e = (f"{user}@example.test" for user in users)
    more = (f"To: group: {b}, Ada (of {a}) <{c}>;", f"BCC :\n\t{d}", "Cc: undisclosed:;")

    done = sendmail("-t", "-i", e, stdin=letter(a, f"{users[0]}-t@x.test", *more))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for user in users:
        raw = postfix.wait_delivered(dovecot, user, f"{users[0]}-t@x.test")
        assert d.encode() not in raw.partition(b"From: Ada")[2]
        assert raw.endswith(b"Hi.\r\n.\r\nEnd.\r\n")


def test_a_lone_dot_ends_the_message_unless_dots_are_ignored(
    sendmail: Sendmail, sending: Path, dovecot: Dovecot, postfix: Postfix, ada: str
) -> None:
    assert sendmail(f"{ada}@example.test", stdin=letter("x", f"{ada}-dot@x")).returncode == 0
    assert postfix.wait_delivered(dovecot, ada, f"{ada}-dot@x").endswith(b"\r\n\r\nHi.\r\n")


def test_a_resent_block_says_who_gets_it(
    sendmail: Sendmail, sending: Path, dovecot: Dovecot, postfix: Postfix, new_user: NewUser
) -> None:
    old, latest, hidden, earlier = (new_user() for _ in range(4))
    resent = (
        f"Resent-From: {old}@example.test\nResent-To: {latest}@example.test\n"
        f"Resent-Bcc: {hidden}@example.test\n"
        f"Resent-From: {old}@example.test\nResent-To: {earlier}@example.test\n"
    )
    stdin = resent + letter(f"{old}@example.test", f"{old}-resent@x")

    assert sendmail("-ti", stdin=stdin).returncode == 0

    for user in (latest, hidden):
        raw = postfix.wait_delivered(dovecot, user, f"{old}-resent@x")
        assert b"Resent-Bcc" not in raw
    assert dovecot.messages(old) == []
    assert dovecot.messages(earlier) == []


def test_local_names_mean_the_account_itself(
    sendmail: Sendmail, sending: Path, dovecot: Dovecot, postfix: Postfix, ada: str
) -> None:
    stdin = letter("root", f"{ada}-local@x").replace("Ada <ada@example.test>", "root (Cron)")
    done = sendmail("-t", "-i", "-f", "root", "grace", stdin=stdin, env={"LOGNAME": "grace"})
    assert (done.returncode, done.stderr) == (0, "")
    raw = postfix.wait_delivered(dovecot, ada, f"{ada}-local@x")
    assert raw.startswith(f"Return-Path: <{ada}@example.test>".encode())
    assert b"From: root (Cron)\r\nTo: root\r\n" in raw


def test_the_null_sender_of_a_report_is_kept(
    sendmail: Sendmail, sending: Path, dovecot: Dovecot, postfix: Postfix, ada: str
) -> None:
    args = ("-f", "<>", f"{ada}@example.test")
    assert sendmail(*args, stdin=letter("x", f"{ada}-null@x")).returncode == 0
    assert postfix.wait_delivered(dovecot, ada, f"{ada}-null@x").startswith(b"Return-Path: <>")


def test_the_account_follows_from_the_envelope_where_from_is_nobodys(
    sendmail: Sendmail,
    write_config: WriteConfig,
    dovecot: Dovecot,
    postfix: Postfix,
    new_user: NewUser,
) -> None:
    work, home = new_user(), new_user()
    down = account(work, smtp=postfix)
    down["smtp"]["port"] = free_ports(1)[0]
    write_config({"work": down, "home": account(home, smtp=postfix)}, default_account="work")
    stdin = letter(f"{home}@example.test", f"{home}-f@x")
    assert sendmail("-ti", stdin=stdin).returncode == 75
    assert sendmail("-ti", "-f", f"{home}+git@example.test", stdin=stdin).returncode == 0
    assert postfix.wait_delivered(dovecot, home, f"{home}-f@x")


# -- the queue -------------------------------------------------------------


def test_a_queued_message_is_listed_and_sent_by_q(
    sendmail: Sendmail, link: Path, sending: Path, dovecot: Dovecot, postfix: Postfix, ada: str
) -> None:
    done = sendmail("-odq", f"{ada}@example.test", stdin=letter("x", f"{ada}-q@x"))
    assert (done.returncode, done.stdout) == (0, "")
    assert "hello" in sendmail("-bp").stdout
    link.with_name("mailq").symlink_to(link)
    assert dovecot.messages(ada) == []
    assert sendmail("-q").returncode == 0
    assert postfix.wait_delivered(dovecot, ada, f"{ada}-q@x")
    assert sendmail("-bp").stdout == ""


# -- who starts it ---------------------------------------------------------


def test_git_sends_patches_with_it(
    run: Callable[..., Done],
    link: Path,
    sending: Path,
    home: Path,
    dovecot: Dovecot,
    postfix: Postfix,
    ada: str,
) -> None:
    need("git-send-email")
    me = f"Ada <{ada}@example.test>"
    identity = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": f"{ada}@example.test"}
    identity |= {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": f"{ada}@example.test"}
    tree = home / "tree"
    for command in (
        ("git", "init", "-q", str(tree)),
        ("git", "-C", str(tree), "commit", "-q", "--allow-empty", "-m", "first"),
        ("git", "-C", str(tree), "commit", "-q", "--allow-empty", "-m", "patch: Grüße an alle"),
        ("git", "-C", str(tree), "format-patch", "--always", "-q", "-1"),
    ):
        assert run(*command, env=identity).returncode == 0
    (patch,) = tree.glob("*.patch")

    done = run(
        *("git", "-C", str(tree), "send-email", f"--sendmail-cmd={link}", "--quiet"),
        *("--from", me, "--to", me, "--confirm=never", "--suppress-cc=all", str(patch)),
        env=identity,
    )

    assert done.returncode == 0, done.stderr
    message = message_from_bytes(postfix.wait_delivered(dovecot, ada, "git-send-email"))
    assert "[PATCH]" in str(message["Subject"])


def test_s_nail_sends_with_it(
    run: Callable[..., Done],
    link: Path,
    sending: Path,
    home: Path,
    dovecot: Dovecot,
    postfix: Postfix,
    ada: str,
) -> None:
    need("s-nail")
    me = f"{ada}@example.test"
    mta = link.with_name("mta")  # for root, s-nail takes HOME from the user database
    mta.write_text(f'#!/bin/sh\nHOME={home} exec {link} "$@"\n', "utf-8")
    mta.chmod(0o755)
    options = (f"-Smta={mta}", "-Sv15-compat=yes", f"-Sfrom={me}", "-Ssendwait")

    done = run("s-nail", "-:/", *options, "-s", "From s-nail", me, stdin="The text.\n")

    assert done.returncode == 0, done.stderr
    raw = postfix.wait_delivered(dovecot, ada, "From s-nail")
    assert raw.endswith(b"\r\n\r\nThe text.\r\n")


CRON = """\
From: root (Cron Daemon)
To: {to}
Subject: Cron <root@host> backup
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit
X-Cron-Env: <SHELL=/bin/sh>
X-Test: {to}-cron

done: größer
"""


def test_cron_mails_with_it(
    link: Path,
    sending: Path,
    home: Path,
    mailcli_env: dict[str, str],
    dovecot: Dovecot,
    postfix: Postfix,
    ada: str,
) -> None:
    """The command line, the message and the poor environment of Debian's cron."""
    to = f"{ada}@example.test"
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LOGNAME": "root", "SHELL": "/bin/sh"}
    python = {name: mailcli_env[name] for name in mailcli_env if name.startswith(("XDG", "PYTH"))}

    done = subprocess.run(
        ["/bin/sh", "-c", f"{link} -i -FCronDaemon -B8BITMIME -oem {to}"],
        input=CRON.format(to=to),
        env={**environ, **python},
        capture_output=True,
        text=True,
        cwd="/",
        start_new_session=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    raw = postfix.wait_delivered(dovecot, ada, f"{to}-cron")
    assert raw.endswith("done: größer\r\n".encode())
    assert os.fsencode("From: root (Cron Daemon)") in raw
