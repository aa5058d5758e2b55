"""The bench's ground: servers, the mail in them, and where contenders keep their files.

Everything lies on loopback and in temporary directories, and ends with the
`with` block. A mailbox is filled when the first row asks for it, and never changes after that.
"""

import json
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import count, islice
from pathlib import Path

from tests.bench.corpus import fingerprint, fingerprints, message
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot, dovecot
from tests.support.postfix import Postfix, postfix
from tests.support.processes import server_directory

_BATCH = 250  # messages in one APPEND
_FLAGS = ((), ("\\Seen",), ("\\Seen", "\\Answered"), ("\\Flagged",))
_LARGE = "message_size_limit = 200000000\nvirtual_mailbox_limit = 0"
_ATTIC = "attic"  # no user has that name
_numbers = count(1)
_DELIVERY_PATIENCE = 30.0  # seconds between acceptance and delivery


class Service(StrEnum):
    """What a contender connects to; all with TLS from the first byte (RFC 8314)."""

    SUBMISSIONS = "submissions"
    POP3S = "pop3s"
    IMAPS = "imaps"
    HANGS_UP = "hangs-up"
    """No server: it takes one octet and closes. So the time is that from the start to there."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A user's mail: the numbers of the corpus' messages in each folder."""

    user: str
    folders: tuple[tuple[str, range], ...]

    @property
    def size(self) -> int:
        """The number of messages in all folders."""
        return sum(len(numbers) for _, numbers in self.folders)

    def fingerprints(self) -> Counter[bytes]:
        """Count the fingerprints of all messages."""
        return fingerprints(message(number) for _, part in self.folders for number in part)


@dataclass(frozen=True, slots=True)
class Ground:
    """The running servers, and the directory in which contenders live."""

    directory: Path
    authority: Authority
    dovecot: Dovecot
    postfix: Postfix
    hanging_up: int = 0

    def port(self, service: Service) -> int:
        """Return where a service listens."""
        ports: dict[Service, int] = {
            Service.SUBMISSIONS: self.postfix.submissions,
            Service.POP3S: self.dovecot.pop3s,
            Service.IMAPS: self.dovecot.imaps,
            Service.HANGS_UP: self.hanging_up,
        }
        return ports[service]

    def fill(self, mailbox: Mailbox) -> None:
        """Put a mailbox on the server, unless it is there."""
        stamp = self.directory / f"{mailbox.user}.filled"
        if stamp.exists():
            return
        for folder, numbers in mailbox.folders:
            waiting = iter(numbers)
            while batch := list(islice(waiting, _BATCH)):
                flags = _FLAGS[batch[0] // _BATCH % len(_FLAGS)]
                raws = map(message, batch)
                self.dovecot.deliver(mailbox.user, *raws, folder=folder, flags=flags)
        stamp.write_text(json.dumps(mailbox.size))

    def count(self, user: str) -> int:
        """Count the messages in a user's INBOX on the server."""
        with self.dovecot.connect(user) as session:
            _, data = session.select(readonly=True)
            return int(data[0] or 0)

    def flagged(self, user: str) -> int:
        """Count the flagged messages in a user's INBOX on the server."""
        with self.dovecot.connect(user) as session:
            session.select(readonly=True)
            _, data = session.uid("SEARCH", "FLAGGED")
            return len(data[0].split())

    def flip_flag(self, user: str, uid: int) -> None:
        """Let somebody else flag a message in a user's INBOX, or take its flag away."""
        with self.dovecot.connect(user) as session:
            session.select()
            _, data = session.uid("SEARCH", "UID", str(uid), "FLAGGED")
            session.uid("STORE", str(uid), "-FLAGS" if data[0] else "+FLAGS", "(\\Flagged)")

    def newest_after(self, user: str, before: int) -> tuple[int, bytes]:
        """Wait until INBOX holds more than `before` messages; return their number and the newest.

        Acceptance is what a contender is timed for; delivery follows a moment later.
        """
        deadline = time.monotonic() + _DELIVERY_PATIENCE
        with self.dovecot.connect(user) as session:
            now = before
            while now <= before and time.monotonic() < deadline:
                _, answer = session.select(readonly=True)
                now = int(answer[0] or 0)
            if now <= before:
                return now, b""
            _, data = session.fetch(str(now), "(BODY.PEEK[])")
            return now, data[0][1] if isinstance(data[0], tuple) else b""

    def home(self, user: str, contender: str) -> Path:
        """Return a contender's home directory for the work on one mailbox."""
        home = self.directory / user / contender
        home.mkdir(parents=True, exist_ok=True)
        return home

    def wipe(self, user: str, contender: str) -> None:
        """Make a contender forget all that it fetched and knew.

        The files are kept until the end: ext4 takes no inode again that was freed a moment ago,
        and searches for others. Who comes next would pay for that, up to three times the work.
        """
        attic = self.directory / _ATTIC
        attic.mkdir(exist_ok=True)
        self.home(user, contender).rename(attic / str(next(_numbers)))


@contextmanager
def ground() -> Iterator[Ground]:
    """Start the servers and stop them in the end."""
    with ExitStack() as stack:
        authority = Authority(stack.enter_context(server_directory("bench-ca")))
        mail = stack.enter_context(server_directory("bench-imap"))
        imap = stack.enter_context(dovecot(mail, authority))
        queue = stack.enter_context(server_directory("bench-smtp"))
        smtp = stack.enter_context(postfix(queue, authority, imap, extra=_LARGE))
        homes = stack.enter_context(server_directory("bench"))
        port = stack.enter_context(hangs_up())
        yield Ground(homes, authority, imap, smtp, port)


@contextmanager
def hangs_up() -> Iterator[int]:
    """Give the port of what hears one octet on each connection, and ends it."""
    with socket.create_server(("localhost", 0)) as listener:
        thread = threading.Thread(target=_hear_one, args=(listener,), daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _hear_one(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            connection.recv(1)


def stored_files(tree: Path) -> Iterator[Path]:
    """Yield every message of every Maildir below `tree`."""
    for folder, _, names in os.walk(tree):
        if Path(folder).name in {"cur", "new"}:
            yield from (Path(folder, name) for name in names)


def stored_fingerprints(tree: Path) -> Counter[bytes]:
    """Count the fingerprints of every message of every Maildir below `tree`."""
    return Counter(fingerprint(path.read_bytes()) for path in stored_files(tree))
