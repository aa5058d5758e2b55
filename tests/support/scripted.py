"""A loopback server that plays a transcript, and fails the test whose client does not.

`tests/transcripts/README.md` describes the language. The server speaks no
protocol of its own: the same one serves SMTP, POP3 and IMAP, well-behaved or
not. It lives as long as its context and never longer: at the end it waits a
moment for the client to finish, ends every connection and joins its threads.
"""

import base64
import binascii
import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from tests.support.scripted_player import Player
from tests.support.scripted_record import Connection, Failure, Stage
from tests.support.scripted_wire import Cues, Wire
from tests.support.steps import Action, Do, Script, Section
from tests.support.template import TranscriptError, to_octets
from tests.support.transcript import parse

_GRACE: Final = 2.0  # seconds for a client to finish what it began, once the test is over
_PATIENCE: Final = 20.0
_CAP: Final = 64 << 20


class CertificateFiles(Protocol):
    """A certificate and its key, as `tests.support.certificates` makes them."""

    @property
    def cert(self) -> Path:
        """The chain, PEM."""

    @property
    def key(self) -> Path:
        """The private key, PEM."""


Certificate = CertificateFiles | tuple[Path, Path] | ssl.SSLContext


class TranscriptFailure(AssertionError):
    """The client did not follow the transcript."""


class Scripted:
    """Plays `script`, a text or a file, to the clients that connect within the context.

    `values` fill placeholders; `tls="implicit"` is `@tls` before the first
    greeting; `certificate` is needed for either. `patience` bounds each wait in
    seconds, `grace` what a client may take to finish once the test is over, `cap`
    what `@endless` sends, in octets. With `expect_failure` the context ends well
    only if the client deviates.

    Raises: `TranscriptError` for a wrong script; at the end `TranscriptFailure`.
    """

    def __init__(
        self,
        script: str | Path,
        *,
        tls: str | None = None,
        certificate: Certificate | None = None,
        host: str = "127.0.0.1",
        values: Mapping[str, str | bytes] | None = None,
        patience: float = _PATIENCE,
        grace: float = _GRACE,
        cap: int = _CAP,
        expect_failure: bool = False,
    ) -> None:
        if tls not in {None, "implicit"}:
            raise ValueError("tls is None or 'implicit'; STARTTLS stands in the transcript")
        self._script = _parsed(script)
        given = {name: _octets(value) for name, value in (values or {}).items()}
        self._values = self._script.texts | given
        self._script.check(self._values)
        self._implicit = tls is not None
        if (self._implicit or self._script.needs_tls) and certificate is None:
            raise TranscriptError(f"{self._script.name}: TLS needs a certificate")
        self.host = host
        self.port = 0
        self.connections: list[Connection] = []
        self._refused: list[Failure] = []
        self._expect_failure = expect_failure
        self._certificate = certificate
        self._limits = (patience, cap)
        self._grace = grace
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Listen; `port` is a free one."""
        self._cues = Cues()
        context = None if self._certificate is None else _context(self._certificate)
        self._stage = Stage(self._script.name, self._cues, context, *self._limits)
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, 0), family=family, backlog=64)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all connections and raise what went wrong, unless the test failed by itself."""
        self._cues.end()
        self._join(self._grace if error is None else 0.0)
        self._listener.close()
        self._cues.close()
        told = "\n\n".join(map(str, self.failures))
        if error is not None:
            if told:
                error.add_note(f"the scripted server saw:\n{told}")
        elif self._expect_failure and not told:
            raise TranscriptFailure("the client followed the transcript, but was not meant to")
        elif told and not self._expect_failure:
            raise TranscriptFailure(f"the client did not follow the transcript\n\n{told}")

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What clients did that they should not, and connections that were never made."""
        played = [failure for each in self.connections for failure in each.failures]
        return (*played, *self._refused, *(self._missing() if self._cues.over else ()))

    @property
    def lines(self) -> tuple[bytes, ...]:
        """All lines that clients sent, without CRLF, by connection."""
        return tuple(line for each in self.connections for line in each.lines)

    @property
    def sent(self) -> bytes:
        """All that was meant for clients, `@endless` aside, by connection."""
        return b"".join(bytes(each.sent) for each in self.connections)

    @property
    def received(self) -> dict[str, bytes]:
        """What was swallowed under each name, the last of that name."""
        return {
            name: kept[-1] for each in self.connections for name, kept in each.received.items()
        }

    @property
    def values(self) -> dict[str, bytes]:
        """What the placeholders stand for by now, the last of each name."""
        return {name: value for each in self.connections for name, value in each.values.items()}

    @property
    def tls_established(self) -> bool:
        """Whether there were connections, and all of them completed a TLS handshake."""
        return bool(self.connections) and all(each.tls_established for each in self.connections)

    @property
    def credential_bytes_before_tls(self) -> bytes:
        """All octets that clients sent outside TLS: what a credential must not be among."""
        return b"".join(each.before_tls for each in self.connections)

    def history(self, name: str) -> tuple[bytes, ...]:
        """Return all that was swallowed under a name."""
        return tuple(raw for each in self.connections for raw in each.received.get(name, ()))

    def saw_before_tls(self, secret: str) -> bool:
        """Return whether a secret was sent outside TLS: as it is, or within base64."""
        wanted = to_octets(secret)
        plain = self.credential_bytes_before_tls
        return wanted in plain or any(wanted in _decoded(word) for word in plain.split())

    def signal(self, name: str) -> None:
        """Let `@wait NAME` go on."""
        self._cues.give(name)

    def wait_for(self, name: str) -> None:
        """Wait until a connection has come to `@signal NAME`.

        Raises: `AssertionError` when none does.
        """
        assert self._cues.wait(name, self._limits[0]), f"no connection came to @signal {name}"

    def _accept(self) -> None:
        """Take connections until the end of the test, and those made just before it."""
        while True:
            over = self._cues.over
            listener = self._listener.fileno()
            watched = [listener] if over else [listener, self._cues.fileno()]
            ready = select.select(watched, [], [], 0 if over else None)[0]
            if listener in ready:
                with contextlib.suppress(ConnectionError):
                    self._serve(self._listener.accept()[0])
            elif over:
                return

    def _serve(self, client: socket.socket) -> None:
        number = len(self.connections) + len(self._refused) + 1
        section = self._script.section(number)
        if section is None:
            client.close()
            told = ("no further connection", f"connection {number}")
            self._refused.append(Failure(self._script.name, number, 0, *told))
            return
        wire = Wire(client, self._cues, patience=self._limits[0])
        values = self._values | {"connection": b"%d" % number, "count": b"1"}
        connection = Connection(number, wire, values)
        self.connections.append(connection)
        played = _within_tls(section) if self._implicit else section
        self._start(lambda: Player(connection, self._stage).play(played))

    def _missing(self) -> list[Failure]:
        made = len(self.connections)
        wanted = [s.number for s in self._script.sections if s.number and not s.optional]
        told = ("a client that connects", "no connection")
        return [Failure(self._script.name, n, 0, *told) for n in wanted if n > made]

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=f"scripted {self._script.name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _join(self, grace: float) -> None:
        self._threads[0].join()  # accepts: no connection is added from here on
        deadline = time.monotonic() + grace
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for connection in self.connections:
            connection.wire.abort()
        for thread in self._threads:
            thread.join()


def _parsed(script: str | Path) -> Script:
    if isinstance(script, Path):
        return parse(script.read_text("utf-8"), script.name)
    return parse(script)


def _octets(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else to_octets(value)


def _context(certificate: Certificate) -> ssl.SSLContext:
    if isinstance(certificate, ssl.SSLContext):
        return certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if isinstance(certificate, tuple):
        context.load_cert_chain(*certificate)
    else:
        context.load_cert_chain(certificate.cert, certificate.key)
    return context


def _within_tls(section: Section) -> Section:
    """Return the section with `@tls` before it, unless it says so itself."""
    first = section.steps[0] if section.steps else None
    if isinstance(first, Do) and first.action is Action.TLS:
        return section
    steps = (Do(0, Action.TLS, ""), *section.steps)
    return Section(section.number, steps, section.optional)


def _decoded(word: bytes) -> bytes:
    try:
        return base64.b64decode(word, validate=True)
    except binascii.Error:
        return b""
