"""Where runs are disturbed: one account on a real server, put back to its start for each run.

`Ground` saves a start (client and server), runs mailcli on it, and reads the end:
`End` holds everything that two runs must have in common, however they got there.
"""

import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from hashlib import sha256
from imaplib import IMAP4
from pathlib import Path

from mailcli.model import Flag
from mailcli.store.maildir import Maildir
from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.faults import UNDISTURBED, Effect, Fault, Job, Outcome, Runner
from tests.support.processes import ServerUser, wait_until

Messages = tuple[tuple[str, str, str], ...]
"""Messages as sorted (folder, start of the SHA-256 digest, letters of the flags)."""

_LETTERS = {flag.imap: flag.letter for flag in Flag}
_TABLES = {
    "pop_message": "uidl, size, hex(sha256), folder",
    "message": "uidvalidity, uid, base_flags, keywords, size, hex(sha256)",
    "append_intent": "unique_name",
    "delete_intent": "uid, on_server",
    "rename_intent": "old, new",
    "left_out": "uid, size",
    "folder": "name, uidvalidity, detached",
}


@dataclass(frozen=True, slots=True)
class End:
    """What a run left: messages here and there, files in `tmp`, rows of the state, folders."""

    local: Messages
    server: Messages
    temporary: tuple[str, ...]
    state: tuple[tuple[object, ...], ...]
    folders_here: tuple[str, ...] = ()
    folders_there: tuple[str, ...] = ()

    def counted(self, messages: Messages) -> Counter[tuple[str, str]]:
        """Count messages by folder and content, whatever their flags."""
        return Counter((folder, digest) for folder, digest, _ in messages)

    def unlike(self, other: "End") -> str:
        """Tell what this one lacks of another, and what it has instead."""
        told = []
        for field in fields(self):
            mine, wanted = (Counter(getattr(end, field.name)) for end in (self, other))
            if mine != wanted:
                lacks, has = list((wanted - mine).elements()), list((mine - wanted).elements())
                told.append(f"{field.name}: lacks {lacks}, has {has}")
        return "; ".join(told)


class Ground:
    """One account, `a`, whose client lives in `home` and whose server is a Dovecot."""

    def __init__(self, dovecot: Dovecot, user: str, directory: Path, runner: Runner) -> None:
        self.dovecot = dovecot
        self.user = user
        self.home = directory / "client"
        self.maildir = self.home / "Mail" / "a"
        self.folders: tuple[str, ...] = ("INBOX",)
        self.arguments: tuple[str, ...] = ()
        self.batch: int | None = None
        self.beside = False
        self._runner = runner
        self._saved = directory / "saved"
        self._credentials = directory / "credentials"
        self._server_home = dovecot.directory / "home" / user
        self._sessions = _Sessions(dovecot.directory / "dovecot.log", user)
        self.home.joinpath(".config", "mailcli").mkdir(parents=True)
        self._credentials.mkdir(mode=0o700)
        self._credentials.joinpath("mailcli.a").write_text(PASSWORD, "ascii")

    def configure(self, protocol: str, port: int, *more: str, maildir: Path | None = None) -> None:
        """Write the configuration: the account, and its one server without TLS."""
        lines = [
            "[accounts.a]",
            f'email = "{self.user}@example.test"',
            f'maildir = "{maildir or self.maildir}"',
            f"[accounts.a.{protocol}]",
            'host = "127.0.0.1"',
            f'username = "{self.user}"',
            'tls = "none"',
            f"port = {port}",
            *more,
        ]
        path = self.home / ".config" / "mailcli" / "config.toml"
        path.write_text("\n".join(lines) + "\n", "utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """What mailcli's environment has of this account."""
        below = {"CONFIG": ".config", "STATE": ".local/state", "CACHE": ".cache"}
        places = {f"XDG_{name}_HOME": str(self.home / path) for name, path in below.items()}
        return {
            **places,
            "HOME": str(self.home),
            "CREDENTIALS_DIRECTORY": str(self._credentials),
        }

    # -- start -------------------------------------------------------------

    def save(self) -> None:
        """Keep client and server as they are now: every disturbed run starts from here."""
        self.settle()
        shutil.rmtree(self._saved, ignore_errors=True)
        shutil.copytree(self.home, self._saved / "client")
        shutil.copytree(self._server_home, self._saved / "server")

    def restore(self) -> None:
        """Bring client and server back to what was saved."""
        self.settle()
        for live, saved in ((self.home, "client"), (self._server_home, "server")):
            shutil.rmtree(live)
            shutil.copytree(self._saved / saved, live)
        ServerUser.current().own(self._server_home)

    # -- runs --------------------------------------------------------------

    def run(self, fault: Fault = UNDISTURBED) -> Outcome:
        """Run mailcli once; when it returns, the server has done what it was told."""
        outcome = self._runner.run(self._job, fault)
        self._sessions.expected += _logged_in(outcome.effects)
        self.settle()
        return outcome

    @contextmanager
    def paused(self, *, at: int) -> Iterator[tuple[int, list[Outcome]]]:
        """Hold a run at an effect for the block; see `Runner.paused`."""
        with self._runner.paused(self._job, at=at) as held:
            yield held

    @property
    def _job(self) -> Job:
        return Job(self.arguments, self.environment, batch=self.batch, beside=self.beside)

    def run_under(self, *prefix: str) -> subprocess.CompletedProcess[str]:
        """Run mailcli as a user does, a whole Python, under another program such as strace."""
        return subprocess.run(
            [*prefix, sys.executable, "-m", "mailcli", *self.arguments],
            env={**self._runner.environment, **self.environment},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            cwd=self.home,
            timeout=60,
            check=False,
        )

    def settle(self) -> None:
        """Wait for the end of every session: what a killed client sent is still carried out."""
        wait_until(self._sessions.are_over, timeout=20, what="the sessions at Dovecot to end")

    # -- end ---------------------------------------------------------------

    def end(self) -> End:
        """Read what there is once the server is at rest; a damaged state database fails."""
        self.settle()
        with self.dovecot.connect(self.user) as session:
            self._sessions.expected += 1
            server, folders = sorted(self._remote(session)), sorted(_listed(session))
        return End(
            tuple(sorted(self._local())),
            tuple(server),
            tuple(sorted(path.name for path in self.maildir.glob("**/tmp/*"))),
            tuple(self._state()),
            tuple(map(str, Maildir(self.maildir).folders().names))
            if self.maildir.is_dir()
            else (),
            tuple(folders),
        )

    def tree(self) -> dict[str, tuple[int, int]]:
        """Return every file and directory of the Maildir with its inode and time of change."""
        stats = {path: path.lstat() for path in self.maildir.rglob("*")}
        return {str(path): (stat.st_ino, stat.st_mtime_ns) for path, stat in stats.items()}

    def _local(self) -> Iterator[tuple[str, str, str]]:
        if not self.maildir.is_dir():
            return
        maildir = Maildir(self.maildir)
        for name in maildir.folders().names:
            folder = maildir.folder(name)
            for entry in folder.scan():
                letters = "".join(sorted(flag.letter for flag in entry.flags)) + entry.others
                yield str(name), digest(b"".join(folder.open_wire(entry))), letters

    def _remote(self, session: IMAP4) -> Iterator[tuple[str, str, str]]:
        for folder in self.folders:
            if session.select(folder, readonly=True)[0] != "OK":
                continue
            _, data = session.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])")
            for head, raw in (item for item in data if isinstance(item, tuple)):
                names = set(_FLAGS.findall(head)[0].decode("ascii").split()) - {"\\Recent"}
                yield folder, digest(raw), "".join(sorted(_LETTERS.get(n, n) for n in names))

    def _state(self) -> Iterator[tuple[object, ...]]:
        path = self.home / ".local/state/mailcli/a.db"
        if not path.exists():
            return
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
            for table in sorted(tables & _TABLES.keys()):
                rows = database.execute(f"SELECT {_TABLES[table]} FROM {table}")  # noqa: S608 - our own table above
                yield from sorted((table, *row) for row in rows)


def _listed(session: IMAP4) -> Iterator[str]:
    for line in session.list()[1]:
        if isinstance(line, bytes):
            yield line.decode("ascii").rpartition(" ")[2]


_FLAGS = re.compile(rb"FLAGS \(([^)]*)\)")


class _Sessions:
    """The sessions of one user, as Dovecot's log tells them; it is read on from where it was.

    `expected` is how many must have begun by now: a login is logged a moment after it is
    answered.
    """

    def __init__(self, log: Path, user: str) -> None:
        self.expected = 0
        self._log = log
        self._offset = 0
        name = re.escape(user).encode()
        self._login = re.compile(rb"Login: user=<%b>.* session=<([^>]+)>" % name)
        self._end = re.compile(rb"\(%b\)<\d+><([^>]+)>: Info: (?:Disconnected|Logged out)" % name)
        self._begun: set[bytes] = set()
        self._ended: set[bytes] = set()

    def are_over(self) -> bool:
        """Tell whether all that were expected have begun, and all that began have ended."""
        with self._log.open("rb") as log:
            log.seek(self._offset)
            lines, newline, _ = log.read().rpartition(b"\n")
        self._offset += len(lines) + len(newline)
        self._begun.update(self._login.findall(lines))
        self._ended.update(self._end.findall(lines))
        if len(self._begun) < self.expected or not self._begun <= self._ended:
            return False
        self.expected = len(self._begun)
        return True


def digest(raw: bytes) -> str:
    """Return the start of a message's SHA-256 digest, enough to tell messages apart."""
    return sha256(raw).hexdigest()[:12]


def _logged_in(effects: Sequence[Effect]) -> bool:
    """Whether a run came past its login: it had an answer that there is only behind it."""
    answered = [
        effect.what[0] for effect in effects if effect.kind == "reply" and len(effect.what) == 1
    ]
    return bool({"UIDL", "NAMESPACE", "SELECT"} & {words.split(" ")[0] for words in answered})
