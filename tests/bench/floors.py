"""The floors: what the same work costs with next to no protocol logic in the way.

Run as a script of its own (`python -I floors.py KIND …`), so that a floor pays
for its interpreter like everyone else. Each prints the number of messages that
it moved. They trust the server blindly and keep nothing; never use them for mail.

    floors.py pop   PORT CA USER TARGET HOW     RETR of everything, pipelined
    floors.py imap  PORT CA USER TARGET HOW     one FETCH of everything in INBOX
    floors.py smtp  PORT CA USER RECIPIENT      smtplib, one message from standard input

HOW is `nowhere`, `files` (written into TARGET), `synced` (made durable by one call at the end) or
`durable` (by one fsync for each file).
"""

import os
import smtplib
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

_HOST = "localhost"
_PASSWORD = "pw"
_WINDOW = 200  # RETR commands in flight: enough to hide the round trip
_BLOCK = 1 << 18


def main(kind: str, port: str, ca_file: str, user: str, *rest: str) -> None:
    """Run one floor and print how many messages it moved."""
    context = ssl.create_default_context(cafile=ca_file)
    if kind == "smtp":
        _send(context, int(port), user, rest[0])
        print(1)  # noqa: T201 - the script's result
        return
    target, how = rest
    keep = _keeper(Path(target), how)
    count = 0
    with (
        socket.create_connection((_HOST, int(port))) as plain,
        context.wrap_socket(plain, server_hostname=_HOST) as tls,
    ):
        for raw in {"pop": _retrieve, "imap": _fetch}[kind](tls, user):
            count += 1
            keep(count, raw)
    if how == "synced":
        os.sync()
    print(count)  # noqa: T201 - the script's result


def _keeper(target: Path, how: str) -> Callable[[int, bytes], None]:
    """Return what is done with each message."""
    if how == "nowhere":
        return lambda _number, _raw: None
    target.mkdir(parents=True, exist_ok=True)
    folder = os.fspath(target)

    def write(number: int, raw: bytes) -> None:
        with open(f"{folder}/{number}", "wb") as file:  # noqa: PTH123 - Path.open costs a third more
            file.write(raw)
            if how == "durable":
                file.flush()
                os.fsync(file.fileno())

    return write


def _retrieve(tls: ssl.SSLSocket, user: str) -> Iterator[bytes]:
    """Yield every message of a maildrop; the dots are left stuffed (RFC 1939 §3)."""
    buffer = bytearray()
    _until(tls, buffer, b"\r\n")
    for command in (f"USER {user}", f"PASS {_PASSWORD}"):
        tls.sendall(f"{command}\r\n".encode())
        _until(tls, buffer, b"\r\n")
    tls.sendall(b"STAT\r\n")
    total = int(_until(tls, buffer, b"\r\n").split()[1])
    asked = 0
    for number in range(1, total + 1):
        if number > asked - _WINDOW // 2 and asked < total:
            more = range(asked + 1, min(asked + _WINDOW, total) + 1)
            tls.sendall(b"".join(b"RETR %d\r\n" % wanted for wanted in more))
            asked = more[-1]
        _, _, raw = _until(tls, buffer, b"\r\n.\r\n").partition(b"\r\n")
        yield raw[:-3]
    tls.sendall(b"QUIT\r\n")
    _until(tls, buffer, b"\r\n")


def _until(tls: ssl.SSLSocket, buffer: bytearray, mark: bytes) -> bytes:
    """Take from the stream everything up to and with `mark`."""
    searched = 0
    while (found := buffer.find(mark, searched)) < 0:
        searched = max(0, len(buffer) - len(mark) + 1)
        block = tls.recv(_BLOCK)
        if not block:
            sys.exit("the server closed the connection")
        buffer += block
    end = found + len(mark)
    taken = bytes(buffer[:end])
    del buffer[:end]
    return taken


def _fetch(tls: ssl.SSLSocket, user: str) -> Iterator[bytes]:
    """Yield every message of INBOX: one command, literals as they come (RFC 3501 §4.3)."""
    file = tls.makefile("rb", buffering=_BLOCK)
    file.readline()
    for command in (f"LOGIN {user} {_PASSWORD}", "EXAMINE INBOX"):
        tls.sendall(f"a {command}\r\n".encode())
        while not file.readline().startswith(b"a "):
            pass
    tls.sendall(b"a UID FETCH 1:* (BODY.PEEK[])\r\n")
    while not (line := file.readline()).startswith(b"a "):
        if not line:
            sys.exit("the server closed the connection")
        if line.endswith(b"}\r\n"):
            yield file.read(int(line[line.rindex(b"{") + 1 : -3]))
    tls.sendall(b"a LOGOUT\r\n")
    file.readline()


def _send(context: ssl.SSLContext, port: int, user: str, recipient: str) -> None:
    """Submit standard input as it is, the way the library's own documentation does."""
    with smtplib.SMTP_SSL(_HOST, port, context=context) as server:
        server.login(user, _PASSWORD)
        server.sendmail(f"{user}@example.test", [recipient], sys.stdin.buffer.read())


if __name__ == "__main__":
    main(*sys.argv[1:])
