"""mailcli's own command lines, and the floors under them."""

import sys
from dataclasses import replace
from pathlib import Path

from mailcli.model import Address
from mailcli.store.outbox import Outbox, Queued, Recipient
from tests.bench.contenders import (
    OURS,
    PASSWORD,
    Command,
    Contender,
    Keeps,
    Scene,
    private_file,
)
from tests.bench.ground import Service

SOURCE = Path(__file__).parents[2] / "src"
RECIPIENT = "u2"
ELSEWHERE = "x@elsewhere.example"
"""Somebody for whom the server throws everything away."""
BODY = "".join(
    f"Line {number:03d} of a short report that nobody will read.\r\n" for number in range(40)
)
"""The text of the one message that the send rows submit."""
SUBJECT = "Nightly report"

_FLOORS = Path(__file__).with_name("floors.py")
_SECTION = {Service.SUBMISSIONS: "smtp", Service.POP3S: "pop", Service.IMAPS: "imap"}


def finished_message(user: str) -> bytes:
    """Return the message as programs want it that compose nothing."""
    return (
        f"From: {user}@example.test\r\nTo: {RECIPIENT}@example.test\r\nSubject: {SUBJECT}\r\n"
        "Date: Mon, 06 Jan 2020 10:00:00 +0000\r\n"
        "Message-ID: <report@example.test>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{BODY}"
    ).encode()


def plain(*arguments: str) -> Contender:
    """Return mailcli with arguments that need no account."""
    return Contender(OURS, lambda scene: _mailcli(scene, *arguments), keeps=Keeps.COUNT)


def complete(line: str) -> Contender:
    """Return mailcli completing the last word of a line, as a shell without our script asks."""

    def command(scene: Scene) -> Command:
        asked = {"_MAILCLI_COMPLETE": "bash_complete", "COMP_WORDS": line}
        last = str(len(line.split()) - 1)
        plain = _mailcli(scene)
        return replace(plain, env={**plain.env, **asked, "COMP_CWORD": last})

    return Contender(OURS, command, keeps=Keeps.COUNT)


def send() -> Contender:
    """Return mailcli composing and submitting one message, without a copy: msmtp keeps none."""

    def command(scene: Scene) -> Command:
        _configure(scene, Service.SUBMISSIONS)
        recipient = f"{RECIPIENT}@example.test"
        arguments = ("send", "-t", recipient, "-s", SUBJECT, "--no-save")
        return _mailcli(scene, *arguments, stdin=BODY.replace("\r\n", "\n").encode())

    return Contender(OURS, command, keeps=Keeps.COUNT)


def flush(count: int) -> Contender:
    """Return mailcli sending messages that are in its outbox before it starts."""

    def command(scene: Scene) -> Command:
        _configure(scene, Service.SUBMISSIONS)
        state = Path(scene.environment()["XDG_STATE_HOME"]) / "mailcli"
        octets = finished_message(scene.user)
        with Outbox.below(state) as outbox:
            for _ in range(count):
                outbox.add(_waiting(scene.user, len(octets)), [octets])
        return _mailcli(scene, "outbox", "flush")

    return Contender(OURS, command, keeps=Keeps.COUNT)


def _waiting(user: str, size: int) -> Queued:
    return Queued(
        id=0,
        account="bench",
        token="",
        sender=f"{user}@example.test",
        size=size,
        created=0,
        next_try=0,
        recipients=(Recipient(Address("", f"{RECIPIENT}@example.test")),),
    )


def send_file(octets: int) -> Contender:
    """Return mailcli sending an attachment, to somebody for whom the server throws it away."""

    def command(scene: Scene) -> Command:
        _configure(scene, Service.SUBMISSIONS)
        path = scene.home / "large.bin"
        with path.open("wb") as file:
            file.truncate(octets)
        arguments = ("send", ELSEWHERE, "-a", str(path), "--no-save", "--body", BODY)
        return _mailcli(scene, *arguments)

    return Contender(OURS, command, keeps=Keeps.COUNT)


def pop_fetch() -> Contender:
    """Return mailcli fetching a maildrop, keeping the mail on the server (its default)."""

    def command(scene: Scene) -> Command:
        _configure(scene, Service.POP3S)
        return _mailcli(scene, "pop-fetch")

    return Contender(OURS, command, keeps=Keeps.BYTES)


def imap_sync() -> Contender:
    """Return mailcli synchronising both ways."""

    def command(scene: Scene) -> Command:
        _configure(scene, Service.IMAPS)
        return _mailcli(scene, "imap-sync")

    return Contender(OURS, command, keeps=Keeps.BYTES)


def interpreter(*modules: str) -> Contender:
    """Return Python starting, importing modules of the library and click, and ending."""
    line = f"import {', '.join(modules)}" if modules else "pass"
    argv = (sys.executable, "-I", "-c", line)
    name = f"floor: python, {line}" if modules else "floor: python -I -c pass"
    return Contender(
        name, lambda scene: Command(argv, scene.environment()), keeps=Keeps.COUNT, is_floor=True
    )


def floor(kind: str, how: str) -> Contender:
    """Return one of the floors in `floors.py`; for `how` see there."""
    texts = {
        "nowhere": "read",
        "files": "read, write",
        "synced": "read, write, sync once",
        "durable": "read, write, fsync each",
    }

    def command(scene: Scene) -> Command:
        return _floor(scene, kind, str(scene.maildir), how)

    keeps = Keeps.COUNT if how == "nowhere" else Keeps.FILES
    return Contender(f"floor: {texts[how]}", command, keeps=keeps, is_floor=True)


def smtplib_script() -> Contender:
    """Return a script of a few lines around the standard library's smtplib."""

    def command(scene: Scene) -> Command:
        message = finished_message(scene.user)
        return _floor(scene, "smtp", f"{RECIPIENT}@example.test", stdin=message)

    return Contender("smtplib script", command, keeps=Keeps.COUNT)


def _floor(scene: Scene, kind: str, *rest: str, stdin: bytes = b"") -> Command:
    argv = (sys.executable, "-I", str(_FLOORS), kind, str(scene.port), str(scene.ca_file))
    return Command((*argv, scene.user, *rest), scene.environment(), stdin)


def _mailcli(scene: Scene, *arguments: str, stdin: bytes = b"") -> Command:
    environment = {**scene.environment(), "PYTHONPATH": str(SOURCE)}
    return Command((sys.executable, "-m", "mailcli", *arguments), environment, stdin)


def _configure(scene: Scene, service: Service) -> None:
    password = private_file(scene.home / "password", f"{PASSWORD}\n")
    folders = "" if scene.all_folders or service is not Service.IMAPS else 'folders = ["INBOX"]\n'
    private_file(
        scene.home / ".config/mailcli/config.toml",
        "[accounts.bench]\n"
        f'email = "{scene.user}@example.test"\n'
        f'maildir = "{scene.maildir}"\n'
        f'password_file = "{password}"\n'
        f"[accounts.bench.{_SECTION[service]}]\n"
        'host = "localhost"\n'
        f"port = {scene.port}\n"
        f'username = "{scene.user}"\n'
        f'ca_file = "{scene.ca_file}"\n'
        f"{folders}",
    )
