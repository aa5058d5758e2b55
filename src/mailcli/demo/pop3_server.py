"""The demo's POP3 server: one client's connection (RFC 1939).

With CAPA and response codes (RFC 2449), and AUTH PLAIN (RFC 5034). The
maildrop is the INBOX that IMAP shows. As the RFC has it, one client holds it
at a time, and what it deletes goes when it says QUIT: after a cut connection
all is as before.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable, Iterable

from mailcli.demo.mailbox import INBOX, DemoUser, Folder, Mailbox, Message

CAPABILITIES = ("USER", "SASL PLAIN", "TOP", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE")


class Maildrop:
    """INBOX as POP3 clients share it: one after the other."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.taken = False


class _Refused(Exception):
    """The command cannot be done: -ERR."""


class Pop3Session:
    """One connection, from the greeting to the goodbye."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        maildrop: Maildrop,
        user: DemoUser,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._maildrop = maildrop
        self._user = user
        self._username: bytes | None = None
        self._messages: list[Message] | None = None
        """The maildrop as it was at login, by number; None before."""
        self._deleted: set[int] = set()
        self._over = False

    async def serve(self) -> None:
        """Greet, then answer command by command until the client leaves."""
        self._send("+OK mailcli demo, POP3")
        try:
            while not self._over:
                await self._writer.drain()
                line = (await self._reader.readuntil(b"\n")).rstrip(b"\r\n")
                try:
                    await self._answer(line)
                except _Refused as refusal:
                    self._send(f"-ERR {refusal}")
            await self._writer.drain()
        finally:
            if self._messages is not None:
                self._maildrop.taken = False

    async def _answer(self, line: bytes) -> None:
        name, _, argument = line.partition(b" ")
        command = name.decode("ascii", "replace").upper()
        if command == "AUTH" and self._messages is None:
            await self._auth(argument)
            return
        actions = self._actions()
        if command not in actions:
            when = "before login" if self._messages is None else "here"
            raise _Refused(f"no such command {when}")
        actions[command](argument)

    def _actions(self) -> dict[str, Callable[[bytes], None]]:
        """Return what can be done in the present state (RFC 1939 §4, §5)."""
        always = {"CAPA": self._capa, "QUIT": self._quit}
        if self._messages is None:
            return {**always, "USER": self._take_name, "PASS": self._pass}
        return {
            **always,
            "STAT": self._stat,
            "LIST": self._list,
            "UIDL": self._uidl,
            "RETR": self._retr,
            "TOP": self._top,
            "DELE": self._dele,
            "RSET": self._rset,
            "NOOP": lambda _: self._send("+OK"),
        }

    # Logging in

    def _capa(self, _: bytes) -> None:
        self._send_lines("this is what I can do", CAPABILITIES)

    def _take_name(self, argument: bytes) -> None:
        self._username = argument
        self._send("+OK and the password?")

    def _pass(self, argument: bytes) -> None:
        if self._username is None:
            raise _Refused("USER comes first")
        username, self._username = self._username, None
        self._admit(username, argument)

    async def _auth(self, argument: bytes) -> None:
        mechanism, _, initial = argument.partition(b" ")
        if mechanism.upper() != b"PLAIN":
            raise _Refused("PLAIN is the mechanism here")
        if not initial:
            self._send("+ ")
            await self._writer.drain()
            initial = (await self._reader.readuntil(b"\n")).rstrip(b"\r\n")
        try:
            response = base64.b64decode(initial, validate=True)
        except binascii.Error:
            raise _Refused("not base64") from None
        _, username, password = [*response.split(b"\0"), b"", b""][:3]
        self._admit(username, password)

    def _admit(self, username: bytes, password: bytes) -> None:
        if not self._user.matches(username, password):
            raise _Refused("[AUTH] wrong user name or password")
        if self._maildrop.taken:
            raise _Refused("[IN-USE] another client holds the maildrop")
        self._maildrop.taken = True
        self._messages = list(self._inbox.messages.values())
        self._send(f"+OK {len(self._messages)} messages")

    # The maildrop

    @property
    def _inbox(self) -> Folder:
        return self._maildrop.mailbox.folder(INBOX)

    def _present(self) -> list[tuple[int, Message]]:
        numbered = enumerate(self._messages or [], 1)
        return [(number, message) for number, message in numbered if number not in self._deleted]

    def _message(self, argument: bytes) -> tuple[int, Message]:
        for number, message in self._present():
            if argument == b"%d" % number:
                return number, message
        raise _Refused("no such message")

    def _stat(self, _: bytes) -> None:
        sizes = [len(message.raw) for _, message in self._present()]
        self._send(f"+OK {len(sizes)} {sum(sizes)}")

    def _list(self, argument: bytes) -> None:
        self._tell_each(argument, lambda message: str(len(message.raw)))

    def _uidl(self, argument: bytes) -> None:
        self._tell_each(argument, self._inbox.unique_id)

    def _tell_each(self, argument: bytes, what: Callable[[Message], str]) -> None:
        if argument:
            number, message = self._message(argument)
            self._send(f"+OK {number} {what(message)}")
        else:
            told = [f"{number} {what(message)}" for number, message in self._present()]
            self._send_lines(f"{len(told)} messages", told)

    def _retr(self, argument: bytes) -> None:
        _, message = self._message(argument)
        self._send(f"+OK {len(message.raw)} octets")
        self._send_text(message.raw)

    def _top(self, argument: bytes) -> None:
        """Send the header and the first lines of the body (RFC 1939 §7)."""
        number, _, count = argument.partition(b" ")
        if not count.isdigit():
            raise _Refused("TOP takes a message and a number of lines")
        _, message = self._message(number)
        header, separator, body = message.raw.partition(b"\r\n\r\n")
        lines = body.splitlines(keepends=True)[: int(count)]
        self._send("+OK the top of it")
        self._send_text(header + separator + b"".join(lines))

    def _dele(self, argument: bytes) -> None:
        number, _ = self._message(argument)
        self._deleted.add(number)
        self._send("+OK gone when you QUIT")

    def _rset(self, _: bytes) -> None:
        self._deleted.clear()
        self._send("+OK nothing is deleted")

    def _quit(self, _: bytes) -> None:
        messages = self._messages or []
        self._maildrop.mailbox.remove(self._inbox, [messages[n - 1].uid for n in self._deleted])
        self._send("+OK goodbye")
        self._over = True

    def _send(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")

    def _send_lines(self, status: str, lines: Iterable[str]) -> None:
        self._send(f"+OK {status}")
        for line in lines:
            self._send(line)
        self._send(".")

    def _send_text(self, text: bytes) -> None:
        """Send a multi-line response, dot-stuffed (RFC 1939 §3)."""
        stuffed = text.replace(b"\r\n.", b"\r\n..")
        if stuffed.startswith(b"."):
            stuffed = b"." + stuffed
        if not stuffed.endswith(b"\r\n"):
            stuffed += b"\r\n"
        self._writer.write(stuffed + b".\r\n")
