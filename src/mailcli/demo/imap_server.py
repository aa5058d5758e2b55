"""The demo's IMAP server: one client's connection (RFC 3501, IMAP4rev1).

With UIDPLUS (RFC 4315), MOVE (RFC 6851), SPECIAL-USE (RFC 6154), LIST-STATUS
(RFC 5819), SASL-IR (RFC 4959), LITERAL- (RFC 7888), ID (RFC 2971), NAMESPACE
(RFC 2342), UNSELECT (RFC 3691) and IDLE (RFC 2177). It is not complete:
ENVELOPE and BODYSTRUCTURE are missing, there are no quotas and no access lists.

Our own, because pymap 0.36.7 does not serve: it parses messages and writes
them again, ends their lines with LF, and keeps no reference to its
connections' tasks, so that Python 3.13 was seen to collect them while in use.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable

from mailcli.demo.imap_commands import Command, Commands, Refused, exactly, parse
from mailcli.demo.imap_syntax import SyntaxRefused, literal_size, octets, tokens, word
from mailcli.demo.mailbox import DemoUser, FolderRefusal, Mailbox

CAPABILITIES = (
    "IMAP4rev1 LITERAL- SASL-IR ID NAMESPACE UIDPLUS MOVE SPECIAL-USE LIST-EXTENDED "
    "LIST-STATUS IDLE UNSELECT AUTH=PLAIN AUTH=LOGIN"
)
_MAX_LITERAL = 64 * 1024 * 1024


class ImapSession:
    """One connection, from the greeting to the goodbye."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        mailbox: Mailbox,
        user: DemoUser,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._mailbox = mailbox
        self._user = user
        self._known = False
        self._over = False
        self._commands = Commands(mailbox, self._send)
        self._always: dict[str, Callable[[Command], str]] = {
            "CAPABILITY": self._capability,
            "ID": self._id,
            "LOGIN": self._login,
            "LOGOUT": self._logout,
            "NOOP": lambda _: "nothing done",
        }

    async def serve(self) -> None:
        """Greet, then answer command by command until the client leaves."""
        self._send(f"* OK [CAPABILITY {CAPABILITIES}] mailcli demo, IMAP4rev1".encode())
        while not self._over:
            await self._writer.drain()
            tag = "*"
            try:
                line, literals = await self._read_command()
                tag = line.partition(b" ")[0].decode("ascii", "replace")
                await self._answer(parse(tokens(line, literals)))
            except SyntaxRefused as refusal:
                self._send(f"{tag} BAD {refusal}".encode())
            except (Refused, FolderRefusal) as refusal:
                self._send(f"{tag} NO {refusal}".encode())
        await self._writer.drain()

    async def _read_command(self) -> tuple[bytes, list[bytes]]:
        """Read one line; where it announces a literal, that and the rest of the line, too."""
        line = part = await self._read_line()
        literals: list[bytes] = []
        while (announced := literal_size(part)) is not None:
            size, waits = announced
            if size > _MAX_LITERAL:
                raise ConnectionError("a literal too large")
            if waits:
                self._send(b"+ go on")
                await self._writer.drain()
            literals.append(await self._reader.readexactly(size))
            part = await self._read_line()
            line += part
        return line, literals

    async def _read_line(self) -> bytes:
        return (await self._reader.readuntil(b"\n")).rstrip(b"\r\n")

    async def _answer(self, command: Command) -> None:
        if (action := self._always.get(command.name)) is not None:
            told = action(command)
        elif command.name == "AUTHENTICATE":
            told = await self._authenticate(command)
        elif not self._known:
            raise SyntaxRefused("log in first")
        elif command.name == "IDLE":
            told = await self._idle(command)
        else:
            told = self._commands.run(command)
        if not self._over:
            self._commands.tell_news(command)
        self._send(f"{command.tag} OK {told}".encode())

    # Any state (RFC 3501 §6.1) and logging in (§6.2)

    def _capability(self, _: Command) -> str:
        self._send(f"* CAPABILITY {CAPABILITIES}".encode())
        return "that is what I can do"

    def _id(self, _: Command) -> str:
        self._send(b'* ID ("name" "mailcli demo")')
        return "pleased to meet you"

    def _logout(self, _: Command) -> str:
        self._send(b"* BYE see you")
        self._over = True
        return "goodbye"

    def _login(self, command: Command) -> str:
        username, password = exactly(command, 2)
        return self._admit(octets(username), octets(password))

    async def _authenticate(self, command: Command) -> str:
        mechanism, *initial = [word(arg) for arg in command.args] or [""]
        match mechanism.upper():
            case "PLAIN":
                response = _decoded(initial[0]) if initial else await self._challenge(b"")
                _, username, password = [*response.split(b"\0"), b"", b""][:3]
            case "LOGIN":
                username = _decoded(initial[0]) if initial else await self._challenge(b"Username:")
                password = await self._challenge(b"Password:")
            case _:
                raise Refused("[CANNOT] PLAIN and LOGIN are the mechanisms here")
        return self._admit(username, password)

    async def _challenge(self, text: bytes) -> bytes:
        self._send(b"+ " + base64.b64encode(text))
        await self._writer.drain()
        line = await self._read_line()
        if line == b"*":
            raise SyntaxRefused("given up")
        return _decoded(line.decode("ascii", "replace"))

    def _admit(self, username: bytes, password: bytes) -> str:
        if self._known:
            raise SyntaxRefused("logged in already")
        if not self._user.matches(username, password):
            raise Refused("[AUTHENTICATIONFAILED] wrong user name or password")
        self._known = True
        return f"[CAPABILITY {CAPABILITIES}] welcome"

    async def _idle(self, command: Command) -> str:
        """Tell what changes until the client says DONE (RFC 2177 §3)."""
        changed = asyncio.Event()
        unwatch = self._mailbox.watch(changed.set)
        done = asyncio.ensure_future(self._read_line())
        self._send(b"+ idling")
        try:
            while not done.done():
                self._commands.tell_news(command)
                await self._writer.drain()
                change = asyncio.ensure_future(changed.wait())
                await asyncio.wait({done, change}, return_when=asyncio.FIRST_COMPLETED)
                change.cancel()
                changed.clear()
        finally:
            unwatch()
            done.cancel()
        if done.result().upper() != b"DONE":
            raise SyntaxRefused("DONE is expected here")
        return "idled"

    def _send(self, line: bytes) -> None:
        self._writer.write(line + b"\r\n")


def _decoded(text: str) -> bytes:
    try:
        return b"" if text == "=" else base64.b64decode(text, validate=True)
    except binascii.Error:
        raise SyntaxRefused("not base64") from None
