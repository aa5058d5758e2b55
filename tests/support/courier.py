"""Courier's POP3 server on loopback: another one than Dovecot, with other habits.

It advertises LOGIN-DELAY and UTF8, names messages by their files, and counts sizes as it
likes. Debian does not install it beside Dovecot, so `.ci/servers` unpacks its packages into
`.servers`. Its login needs daemons of its own; so a few lines here greet, take any name and
password, and hand the connection over to it, as its own login does.
"""

import contextlib
import os
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.need import lack

_UNPACKED = Path(__file__).parents[2] / ".servers"
_PROGRAM = _UNPACKED / "usr/lib/courier/courier/courierpop3d"
_ABLE = b"+OK\r\nUIDL\r\nUSER\r\nPIPELINING\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Courier:
    """A running server of one maildrop, which is a Maildir."""

    port: int
    maildir: Path

    def put(self, *raws: bytes) -> None:
        """Add messages, with the line ends that Maildirs have."""
        count = len(self.there)
        for number, raw in enumerate(raws, count):
            self.maildir.joinpath("new", f"{number:06}.courier").write_bytes(raw)

    @property
    def there(self) -> list[bytes]:
        """The messages in it, by name."""
        files = sorted(self.maildir.glob("*/*.courier*"), key=lambda path: path.name)
        return [path.read_bytes() for path in files]


@contextlib.contextmanager
def courier(directory: Path) -> Iterator[Courier]:
    """Run Courier's server on a Maildir in `directory` and stop it in the end."""
    if not _PROGRAM.exists():
        lack("needs Courier: run .ci/servers, which unpacks Debian's courier-pop")
    maildir = directory / "courier"
    for name in ("cur", "new", "tmp"):
        maildir.joinpath(name).mkdir(parents=True)

    class Session(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            _serve(self.request.makefile("rwb", buffering=0), maildir)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Courier(server.server_address[1], maildir)
        finally:
            server.shutdown()
            thread.join()


def _serve(wire: socket.SocketIO, maildir: Path) -> None:
    """Take the login, octet by octet so as to read nothing beyond it, then let Courier speak."""
    wire.write(b"+OK Hello there.\r\n")
    while line := wire.readline():
        match line.split()[0].upper():
            case b"PASS":
                break
            case b"CAPA":
                wire.write(_ABLE)
            case _:
                wire.write(b"+OK Password required.\r\n")
    else:
        return
    libraries = {str(path.parent) for path in _UNPACKED.rglob("libcourier*.so*")}
    subprocess.run(
        [_PROGRAM, str(maildir)],
        stdin=wire.fileno(),
        stdout=wire.fileno(),
        stderr=subprocess.DEVNULL,
        env={**os.environ, "AUTHENTICATED": "u", "LD_LIBRARY_PATH": ":".join(sorted(libraries))},
        check=False,
    )
