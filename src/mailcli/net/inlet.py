"""What comes over a socket: waited for, and then all of it that is there.

The `ssl` module gives one TLS record at a time, however large the buffer, and servers make small
ones: Dovecot's have 4 KiB. Setting a time-out and asking again for each of them would be a
tenth of a first synchronisation's work.
"""

import socket
import ssl


class Inlet:
    """The receiving end of one connection, whose socket may be replaced by one with TLS."""

    def __init__(self) -> None:
        self._failure: OSError | None = None

    def receive(self, sock: socket.socket, buffer: memoryview, seconds: float) -> int:
        """Fill a buffer with what comes first; 0 at the end. Raises: TimeoutError, OSError."""
        if self._failure is not None:
            raise self._failure
        sock.settimeout(seconds)
        return sock.recv_into(buffer)

    def receive_more(self, sock: socket.socket, buffer: memoryview) -> int:
        """Fill a buffer with what has come besides, and wait for nothing.

        What goes wrong is raised when the next octets are asked for: these came whole.
        """
        count = 0
        if isinstance(sock, ssl.SSLSocket):
            sock.settimeout(0)
            try:
                while count < len(buffer) and (more := sock.recv_into(buffer[count:])):
                    count += more
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            except OSError as exc:
                self._failure = exc
        return count
