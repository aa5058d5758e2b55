"""A private Dovecot 2.3 on loopback: IMAP, POP3 and LMTP, run by an ordinary user.

Users are u1 to u999, each with the password `pw`; what follows an `@` in a
user name is ignored. A failed login costs half a second, nothing is made
durable, and everything ends with `stop` or with the test run.
"""

import contextlib
import imaplib
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from pathlib import Path

from tests.support import oauth
from tests.support.certificates import Authority, Certificate
from tests.support.dovecot_config import MECHANISMS, PLUGINS, Ports, Settings, configuration
from tests.support.need import find, lack, need
from tests.support.ports import free_ports
from tests.support.processes import ServerProcess, ServerUser

PASSWORD = "pw"
USERS = 999


class Dovecot:
    """A running Dovecot: its ports, and short cuts for what a test does behind mailcli's back."""

    def __init__(
        self, directory: Path, authority: Authority, ports: Ports, process: ServerProcess
    ) -> None:
        self.directory = directory
        self.authority = authority
        self.imap, self.imaps, self.pop3, self.pop3s, self.lmtp = astuple(ports)
        self.auth_socket = directory / "run" / "auth-postfix"
        self._process = process

    @property
    def pid(self) -> int:
        """Process id of the master, and of its session."""
        return self._process.pid

    def connect(self, user: str) -> imaplib.IMAP4:
        """Return a logged-in IMAP connection; as a context manager it logs out.

        Without TLS, which takes longer than all that most tests say here.
        """
        connection = imaplib.IMAP4("127.0.0.1", self.imap, timeout=30)
        try:
            connection.login(user, PASSWORD)
        except BaseException:
            connection.shutdown()
            raise
        return connection

    def deliver(
        self, user: str, *raws: bytes, folder: str = "INBOX", flags: Iterable[str] = ()
    ) -> list[int]:
        """Append messages exactly as they are, in one go, and return their UIDs.

        Dovecot keeps lines that end in CRLF; a bare LF it would turn into CRLF.
        The folder is created when missing; its name is the one on the wire.
        """
        if not raws:
            return []
        with self.connect(user) as connection:
            if folder != "INBOX":
                connection.create(_quoted(folder))  # NO when it exists
            return _append(connection, raws, folder=folder, flags=flags)

    def messages(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """Return all messages of a folder in UID order; none is marked as seen."""
        with self.connect(user) as connection:
            status, _ = connection.select(_quoted(folder), readonly=True)
            if status != "OK":
                return []
            _, data = connection.uid("FETCH", "1:*", "(BODY.PEEK[])")
            return [item[1] for item in data if isinstance(item, tuple)]

    def flags(self, user: str, folder: str = "INBOX") -> dict[int, frozenset[str]]:
        """Return each message's flags and keywords by UID, `\\Recent` left out."""
        with self.connect(user) as connection:
            connection.select(_quoted(folder), readonly=True)
            _, data = connection.uid("FETCH", "1:*", "(FLAGS)")
        found = {}
        for line in data:
            if isinstance(line, bytes) and (match := _FLAGS.search(line)):
                names = frozenset(match["flags"].decode("ascii").split())
                found[int(match["uid"])] = names - {"\\Recent"}
        return found

    def token(self, user: str, *, lifetime: int = 3600) -> str:
        """Return an OAuth 2.0 access token that lets this user log in, for `lifetime` seconds."""
        return oauth.token(user, lifetime=lifetime)

    def log_text(self) -> str:
        """Return what Dovecot has logged."""
        return self._process.log_text()

    def stop(self) -> None:
        """End Dovecot with all its processes; a second time does nothing."""
        self._process.stop()


@contextlib.contextmanager
def dovecot(
    directory: Path,
    authority: Authority,
    *,
    capability: str | None = None,
    mechanisms: Sequence[str] = MECHANISMS,
    mail_location: str = "sdbox:~/mail",
    plugins: Sequence[str] = PLUGINS,
    certificate: Certificate | None = None,
    extra: str = "",
) -> Iterator[Dovecot]:
    """Run a Dovecot in `directory` (see `processes.server_directory`) and stop it in the end.

    `capability` replaces the IMAP capability after login; `extra` is more of
    dovecot.conf. Raises: RuntimeError when it does not come up.
    """
    server = start(
        directory,
        authority,
        settings=Settings(capability, tuple(mechanisms), mail_location, tuple(plugins), extra),
        certificate=certificate or authority.server(),
    )
    try:
        yield server
    finally:
        server.stop()


def start(
    directory: Path, authority: Authority, *, settings: Settings, certificate: Certificate
) -> Dovecot:
    """Write the configuration, start Dovecot and wait for its greetings."""
    need("dovecot", "imap", "pop3", "lmtp", "setpriv")
    program = _program()
    user, ports = ServerUser.current(), Ports(*free_ports(5))
    _lay_out(directory, certificate)
    config = directory / "dovecot.conf"
    config.write_text(configuration(directory, ports, user, settings), "utf-8")
    log = directory / "dovecot.log"
    log.touch()
    user.own(directory)
    process = ServerProcess([str(program), "-F", "-c", str(config)], log=log, user=user)
    try:
        process.wait_for_greeting(ports.imap, b"* OK")
        process.wait_for_greeting(ports.pop3, b"+OK")
        process.wait_for_greeting(ports.lmtp, b"220")
    except BaseException:
        process.stop()
        raise
    return Dovecot(directory, authority, ports, process)


def _program() -> Path:
    program = find("dovecot")
    assert program is not None
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    if not version.stdout.startswith("2.3."):
        lack(f"needs Dovecot 2.3, whose configuration 2.4 does not read; here is {version.stdout}")
    return program


def _lay_out(directory: Path, certificate: Certificate) -> None:
    for name in ("run", "state", "home"):
        directory.joinpath(name).mkdir()
    shutil.copyfile(certificate.cert, directory / "cert.pem")
    shutil.copyfile(certificate.key, directory / "key.pem")
    lines = [f"u{number}:{{PLAIN}}{PASSWORD}::::::\n" for number in range(1, USERS + 1)]
    directory.joinpath("passwd").write_text("".join(lines), "ascii")
    oauth.write_validation(directory / "oauth")


def _append(
    connection: imaplib.IMAP4, raws: Sequence[bytes], *, folder: str, flags: Iterable[str]
) -> list[int]:
    # imaplib's own append rewrites line ends; MULTIAPPEND (RFC 3502) with
    # LITERAL+ (RFC 7888) also needs one round trip only.
    listed = f" ({' '.join(flags)})"
    command = [f"put APPEND {_quoted(folder)}".encode("ascii")]
    command += [f"{listed} {{{len(raw)}+}}\r\n".encode("ascii") + raw for raw in raws]
    connection.send(b"".join([*command, b"\r\n"]))
    while not (line := connection.readline()).startswith(b"put "):
        if not line:
            raise connection.abort("the connection ended within APPEND")
    appended = re.search(rb"\[APPENDUID \d+ ([\d:,]+)\]", line)
    if appended is None:
        raise connection.error(line.decode("ascii", "replace"))
    return _uids(appended[1].decode("ascii"))


def _uids(uid_set: str) -> list[int]:
    uids: list[int] = []
    for part in uid_set.split(","):
        first, _, last = part.partition(":")
        uids.extend(range(int(first), int(last or first) + 1))
    return uids


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_FLAGS = re.compile(rb"UID (?P<uid>\d+) FLAGS \((?P<flags>[^)]*)\)")
