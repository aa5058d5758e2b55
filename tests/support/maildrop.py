"""One account with a maildrop on a scripted server, and mailcli to run on it, in this process.

Without TLS, which has tests of its own: loopback counts as private.
"""

import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from tests.conftest import WriteConfig
from tests.support.dialogues import goodbye, script
from tests.support.local_mail import octets
from tests.support.schemas import fitting
from tests.support.scripted import Scripted

QUIT = goodbye("pop3")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def account(self) -> Any:
        """What the JSON says of the one account."""
        (only,) = fitting(json.loads(self.out), "pop-fetch")["accounts"]
        return only

    def counts(self, *names: str) -> tuple[int, ...]:
        """Return some counts of the one account."""
        account = self.account
        return tuple(account[name] for name in names)


@dataclass(frozen=True, slots=True)
class Maildrop:
    """The account `home`."""

    write_config: WriteConfig
    home: Path

    @property
    def inbox(self) -> Path:
        """The Maildir folder that receives the mail."""
        return self.home / "Mail" / "home" / "INBOX"

    @property
    def here(self) -> list[bytes]:
        """The messages in it, sorted."""
        return octets(self.inbox)

    def run(self, *args: str, port: int = 1, **pop: Any) -> Ran:
        """Run `pop-fetch --json` where there may be no server."""
        table = {"host": "127.0.0.1", "port": port, "tls": "none", **pop}
        home = {"email": "ada@b.example", "password_command": ["printf", "pw"], "pop": table}
        self.write_config({"home": home})
        return run("pop-fetch", *([] if "-q" in args else ["--json"]), *args)

    def fetch(self, server: Scripted | str, *args: str, **pop: Any) -> Ran:
        """Run `pop-fetch --json` against a server or a transcript; `pop` are keys of its table."""
        if isinstance(server, str):
            with Scripted(server) as playing:
                return self.fetch(playing, *args, **pop)
        return self.run(*args, port=server.port, host=server.host, **pop)


def run(*argv: str) -> Ran:
    """Run mailcli by the entry point of the command line."""
    from mailcli.cli.boundary import Program, invoke, run
    from mailcli.cli.front import COMMANDS
    from mailcli.cli.main import mailcli

    out, err = StringIO(), StringIO()
    with redirect_stderr(err), redirect_stdout(out):
        program = Program(["mailcli", *argv], sys.stdout, sys.stderr, Path.home, COMMANDS)
        code = run(lambda: invoke(mailcli, argv, prog_name="mailcli", environ=os.environ), program)
    return Ran(code, out.getvalue(), err.getvalue())


def opened(*names: str, login: str = "S: +OK welcome", greeting: str = "S: +OK ready") -> str:
    """Return a session up to the listing, where the server can do what is named.

    Without a name, the server is too old for the question.
    """
    able = names or ("UIDL", "USER", "PIPELINING")
    known = ["C: CAPA", "S: +OK", *(f"S: {name}" for name in able), "S: ."]
    return script(greeting, *known, "C: USER ada@b.example", "S: +OK", "C: PASS pw", login, *known)


def listing(*messages: tuple[str, int], numbers: list[int] | None = None) -> str:
    """Return UIDL and LIST; a message without a unique-id makes UIDL fail."""
    them = list(zip(numbers or range(1, len(messages) + 1), messages, strict=True))
    uidl = ["S: +OK", *(f"S: {n} {uidl}" for n, (uidl, _) in them), "S: ."]
    if any(not uidl for _, (uidl, _) in them):
        uidl = ["S: -ERR what?"]
    sizes = [f"S: {n} {size}" for n, (_, size) in them]
    return script("C: UIDL", *uidl, "C: LIST", "S: +OK", *sizes, "S: .")


def sent(number: int, content: str) -> str:
    """Return RETR and a message of one line."""
    return script(f"C: RETR {number}", "S: +OK", f"S: {content}", "S: .")


def deleted(*numbers: int) -> str:
    """Return DELE for each."""
    return script(*(f"C: DELE {number}\nS: +OK" for number in numbers))
