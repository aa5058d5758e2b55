"""The wire: one connected socket as the standard library's mail clients need it.

smtplib, poplib and imaplib write with `sendall` and read lines from
`makefile`; the wire gives them both and adds what they lack: a deadline for
each whole reply, a cap on its size, errors that say where, the trace, STARTTLS
that refuses injected bytes, and the one place that lets a credential out.
It never decides what to say.
"""

import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from time import monotonic

from mailcli.errors import MailError, ProtocolViolation, TemporaryFailure, TlsFailed
from mailcli.model import Endpoint
from mailcli.net.deadline import Patience
from mailcli.net.deflate import Deflate
from mailcli.net.inlet import Inlet
from mailcli.net.reader import Reader
from mailcli.net.tls import reading_error, secure
from mailcli.net.trace import Trace

BUFFER = 256 * 1024
"""Octets read from the socket at once."""

CHUNK = 64 * 1024
"""Octets handed to the socket at once; each chunk must leave within the time-out."""

LINE_CAP = 1024 * 1024
"""Octets in one line; poplib's own limit, 2,048, is below what real mail holds."""

REPLY_CAP = 1024 * 1024
"""Octets in one reply that is not a transfer."""

PROGRESS = 4096
"""Octets that a transfer must bring within each time-out (about 136 octets a second)."""

WINDOW_OCTETS = 16 * 1024
"""Octets of commands that may be on their way. They fit into the buffers of any connection, so
that we never wait for a server to take them that itself waits for us to take its answers."""


class _Blamed(ProtocolViolation):
    """A violation that says which server, and what was going on."""


class Wire:
    """A connection to one endpoint; `phase` says what it is busy with, for errors."""

    def __init__(
        self, sock: socket.socket, endpoint: Endpoint, *, timeout: float, trace: Trace
    ) -> None:
        self.endpoint = endpoint
        self.trace = trace
        self.phase = "greeting"
        self.waited = 0.0  # seconds in which nothing was done but to wait for what comes
        self.secured = isinstance(sock, ssl.SSLSocket)
        self._sock = sock
        self._inlet = Inlet()
        self._timeout = timeout
        self._cap = REPLY_CAP
        self._is_transfer = False
        self._deflate: Deflate | None = None
        self._reader = Reader(self, buffer=BUFFER, line_cap=LINE_CAP)
        self.await_reply()

    # -- reading -----------------------------------------------------------

    def makefile(self, mode: str = "rb", buffering: int | None = None) -> Reader:
        """Return the one reader of this wire, whatever the mode asked for."""
        del mode, buffering
        return self._reader

    def await_reply(self) -> None:
        """Start the clock for the next whole reply, or for the transfer that is going on."""
        self._patience = Patience(self._timeout)
        self._left = self._cap
        self._progress = 0

    def await_next(self) -> None:
        """Start the clock anew for the next of several replies, which have one cap together."""
        self._patience = Patience(self._timeout)
        self._progress = 0

    @contextlib.contextmanager
    def transfer(self, cap: int) -> Iterator[None]:
        """Read up to `cap` octets at any pace that makes progress, instead of one reply.

        The command that asks for them may be sent before or within.
        """
        self._cap, self._is_transfer = cap, True
        self.await_reply()
        try:
            yield
        finally:
            self._cap, self._is_transfer = REPLY_CAP, False
            self.await_reply()

    def receive_into(self, buffer: memoryview) -> int:
        """Fill a buffer from the socket once, with at least one octet.

        Raises: TemporaryFailure (75) when the time is over or the server leaves, TlsFailed
            (78) when it does not accept our certificate, ProtocolViolation (76) when a
            reply outgrows its cap. The connection is then closed: what may still come
            would be taken for the answer to the next command.
        """
        try:
            count = self._receive(buffer)
            self._account_for(count)
        except TimeoutError:
            self.close()
            raise self.failure("no complete answer in time") from None
        except MailError:
            self.close()
            raise
        return count

    def receive_soon(self, buffer: memoryview, seconds: float) -> int | None:
        """Fill a buffer as `receive_into` does; None where nothing comes within the seconds.

        Then the connection goes on: nothing was due.
        """
        self._patience = Patience(seconds)
        try:
            return self._receive(buffer)
        except TimeoutError:
            return None
        except MailError:
            self.close()
            raise

    def await_data(self, seconds: float) -> bool:
        """Wait until the server says something of its own accord; return whether it did.

        The clock for the whole of what it says starts then.
        """
        found = self._reader.arrives_within(seconds)
        self.await_reply()
        return found

    def _receive(self, buffer: memoryview) -> int:
        """Fill a buffer with what came, inflated if need be. Raises: TimeoutError; MailError."""
        if self._deflate is None:
            return self._receive_raw(buffer)
        with self.blaming():
            while not (data := self._deflate.inflate(len(buffer))):
                raw = memoryview(bytearray(BUFFER))
                self._deflate.feed(bytes(raw[: self._receive_raw(raw)]))
        buffer[: len(data)] = data
        return len(data)

    def _receive_raw(self, buffer: memoryview) -> int:
        if self._patience.spent():
            raise TimeoutError
        began = monotonic()
        try:
            count = self._inlet.receive(self._sock, buffer, self._patience.left())
        except TimeoutError:
            raise
        except ssl.SSLError as exc:
            raise reading_error(exc, self.where) from exc
        except OSError as exc:
            raise self.failure(f"connection lost: {exc.strerror or exc}") from exc
        finally:
            spent = monotonic() - began
            self._patience.spend(spent)
            self.waited += spent
        if not count:
            raise self.failure("the server closed the connection")
        if self._is_transfer:
            count += self._inlet.receive_more(self._sock, buffer[count:])
        return count

    def _account_for(self, count: int) -> None:
        self._left -= count
        if self._left < -BUFFER:  # the buffer may already hold what belongs to the next reply
            raise self.violation("the answer never ends")
        self._progress += count
        if self._is_transfer and self._progress >= PROGRESS:
            self._progress = 0
            self._patience = Patience(self._timeout)

    # -- writing -----------------------------------------------------------

    def sendall(self, data: bytes) -> None:
        """Send a command and start the clock for its reply."""
        self.trace.sent(data)
        self._send(data)
        self.await_reply()

    def send_data(self, data: bytes) -> None:
        """Send message data, of which the trace shows only the size."""
        self.trace.bulk("C", len(data))
        self._send(data)
        self.await_reply()

    def send_credential(self, data: bytes, shown: bytes) -> None:
        """Send a line that holds a credential; `shown` stands in for it in the trace.

        This is the only way out for a credential, and it checks the connection first.

        Raises: TlsFailed (78) when the connection is not verified TLS.
        """
        self.require_privacy()
        self.trace.sent(shown)
        self._send(data)
        self.await_reply()

    def require_privacy(self) -> None:
        """Refuse to go on towards a login that an eavesdropper could read.

        Raises: TlsFailed (78) unless TLS is verified, the peer is this machine, or
            the account says `allow_cleartext_password`.
        """
        if self.secured and isinstance(self._sock, ssl.SSLSocket) and self._sock.version():
            return
        if self.endpoint.tls.allow_cleartext_password or self._peer_is_local():
            return
        raise TlsFailed(
            f"{self.endpoint}: no credential is sent over an unencrypted connection",
            hint='set tls = "implicit" or "starttls"; allow_cleartext_password = true '
            "lifts this rule for good",
        )

    def _peer_is_local(self) -> bool:
        if self.endpoint.proxy:
            return False
        try:
            return ipaddress.ip_address(self._sock.getpeername()[0]).is_loopback
        except (OSError, ValueError):
            return False

    def _send(self, data: bytes) -> None:
        view = memoryview(self._deflate.deflate(data) if self._deflate else data)
        try:
            for start in range(0, len(view), CHUNK):
                self._sock.settimeout(self._timeout)
                self._sock.sendall(view[start : start + CHUNK])
        except TimeoutError:
            self.close()  # half a command is out
            raise self.failure("the server does not take what we send") from None
        except OSError as exc:
            self.close()
            raise self.failure(f"connection lost: {exc.strerror or exc}") from exc

    def start_compression(self) -> None:
        """Compress both ways from now on, after the server agreed to COMPRESS (RFC 4978).

        What it sent behind its agreement is compressed already.
        """
        self._deflate = Deflate(self._reader.take_pending())
        self.trace.note("compressed from here on")

    # -- TLS ---------------------------------------------------------------

    def start_tls(self) -> None:
        """Upgrade the connection after the server agreed to STARTTLS or STLS.

        Anything that came before the handshake behind the server's answer was put there
        by somebody on the way, or by a server that cannot be trusted (RFC 3207 §6,
        USENIX Security 2021 "Why TLS Is Better Without STARTTLS").

        Raises: ProtocolViolation (76) for such bytes; what `tls.secure` raises.
        """
        self.phase = "STARTTLS"
        if self._reader.pending() or self._unread():
            raise self.violation("the server sent data between its STARTTLS answer and TLS")
        self._sock.settimeout(self._timeout)
        self._sock = secure(self._sock, self.endpoint)
        self.secured = True
        self.note_tls()
        self.await_reply()

    def note_tls(self) -> None:
        """Tell the trace what the handshake agreed on."""
        if isinstance(self._sock, ssl.SSLSocket):
            cipher = self._sock.cipher()
            proof = "pinned certificate" if self.endpoint.tls.fingerprint else "verified for"
            self.trace.note(
                f"{self._sock.version()} with {cipher[0] if cipher else 'no cipher'}, "
                f"{proof} {self.endpoint.host}"
            )

    def _unread(self) -> bool:
        self._sock.setblocking(False)
        try:
            return bool(self._sock.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    # -- ending and telling ------------------------------------------------

    def close(self) -> None:
        """Close the socket; never raises."""
        with contextlib.suppress(OSError):
            self._sock.close()

    def interrupt(self) -> None:
        """End the connection under another thread that uses it, and closes it; never raises.

        Closing the socket would not wake that thread, nor may TLS be taken off meanwhile, as
        `ssl` does in its own `shutdown`: what is under way would then pass for plain text.
        """
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    @property
    def is_open(self) -> bool:
        """Whether anything can still be said: nothing has closed the connection here."""
        return self._sock.fileno() >= 0

    def shutdown(self, how: int) -> None:
        """Shut the socket down as the standard library's clients expect."""
        self._sock.shutdown(how)

    def quote(self, words: bytes | str) -> str:
        """Return the server's own words for an error text, marked when TLS does not vouch."""
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        text = self.trace.redact(text.strip())[:500]
        return f"server said: {text}" if self.secured else f"server said (unverified): {text}"

    @property
    def where(self) -> str:
        """Name the server and what was going on, as errors begin."""
        return f"{self.endpoint.protocol.value} {self.endpoint}: {self.phase}"

    def failure(self, why: str) -> MailError:
        """Return the error for something that may go better next time."""
        return TemporaryFailure(f"{self.where}: {why}")

    def violation(self, why: str) -> MailError:
        """Return the error for a server that breaks the protocol."""
        return _Blamed(f"{self.where}: {why}")

    @contextlib.contextmanager
    def blaming(self) -> Iterator[None]:
        """Say where, in a violation found by a parser, which knows no server.

        What it quotes behind a colon is left out: that may be half a secret, or from before TLS.
        """
        try:
            yield
        except _Blamed:
            raise
        except ProtocolViolation as exc:
            raise self.violation(exc.message.partition(":")[0]) from exc
