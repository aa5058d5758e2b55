"""One account between a server and its Maildir, as the tests of single promises see it.

Both sides are told in the same words, one for each message: its subject and its flags by their
IMAP names, such as `a \\Seen work`; no code of ours reads them. A run tells what it said to the
server, command by command. It runs in this process, by the entry point of the command line:
starting Python takes ten times what a synchronisation takes.
"""

import json
import os
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from tests.conftest import WriteConfig
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.imap_sides import LETTERS, message, of
from tests.support.local_mail import letters, mail_files
from tests.support.schemas import fitting

OWN = ("Archive", "Drafts", "Junk", "Sent", "Trash")
"""What the tests' Dovecot makes for every user."""

QUIET = ["AUTHENTICATE", "ENABLE", "NAMESPACE", "LIST", "LOGOUT"]
"""All that a run says to that server when nothing has changed on either side."""

_TRAVELS = {"APPEND", "UID COPY", "UID MOVE"}
_SUBJECT = re.compile(rb"^Subject: (.*?)\r?$", re.MULTILINE)
_SAID = re.compile(r"C: [A-Za-z]+\d+ ((?:UID )?[A-Z]+)(.*?)(?: +#.*)?$")
_FLAG_OF = {letter: flag for flag, letter in LETTERS.items()}


@dataclass(frozen=True, slots=True)
class Said:
    """One command of a trace: its name, such as `UID MOVE`, and what follows."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class SyncedMaildir:
    """The Maildir of the account `work`, and mailcli to run on it."""

    maildir: Path

    def sync(self, *args: str, code: int = 0) -> Any:
        """Run `imap-sync`, check the exit code, and return what it says of the account."""
        ended, out, err = _run("imap-sync", "--json", *args)
        assert ended == code, (ended, out, err)
        assert code or not err
        (only,) = fitting(json.loads(out), "imap-sync")["accounts"]
        return only

    def run(self, *argv: str, code: int = 0) -> str:
        """Run a command, check the exit code, and return what it wrote."""
        ended, out, err = _run(*argv)
        assert ended == code, (ended, out, err)
        return out

    def delete_folder(self, folder: str) -> None:
        """Run `folders --delete`."""
        ended, out, err = _run("folders", "--delete", folder, "--yes")
        assert ended == 0, (out, err)

    def said(self, *args: str, code: int = 0) -> list[Said]:
        """Run `imap-sync` and return the commands that it sent, in their order."""
        trace = Path("~/trace").expanduser()
        trace.unlink(missing_ok=True)
        self.sync(f"--trace={trace}", *args, code=code)
        lines = trace.read_text("utf-8").splitlines()
        return [Said(found[1], found[2].strip()) for li in lines if (found := _SAID.match(li))]

    def settled(self, *args: str) -> bool:
        """Run once more; tell whether nothing was left to be done."""
        result = self.sync(*args)
        return not result["changed"] and not any(f["held_back"] for f in result["folders"])

    def lose_state(self) -> None:
        """Lose what both sides agreed on."""
        for path in Path("~/.local/state/mailcli").expanduser().glob("work.db*"):
            path.unlink()

    def here(self, folder: str = "INBOX") -> list[str]:
        """Return the messages of a Maildir folder, sorted."""
        path = self.maildir / folder
        names = keyword_names(path)
        return sorted(_told(p.read_bytes(), _flags(letters(p), names)) for p in mail_files(path))

    def file(self, subject: str, folder: str = "INBOX") -> Path:
        """Return the one file with a subject."""
        (found,) = (
            path
            for path in mail_files(self.maildir / folder)
            if _subject(path.read_bytes()) == subject
        )
        return found

    def file_inodes(self, folder: str = "INBOX") -> dict[str, int]:
        """Return the inode of each file of a Maildir folder, by its name without flags."""
        files = mail_files(self.maildir / folder)
        return {path.name.partition(":")[0]: path.stat().st_ino for path in files}

    def move_here(self, subject: str, source: str, target: str, *, name: str = "") -> Path:
        """Move a file to another folder, as another program does; return where it is then."""
        path = self.file(subject, source)
        new = self.maildir / target / path.parent.name / (name or path.name)
        for subdirectory in ("cur", "new", "tmp"):
            new.parents[1].joinpath(subdirectory).mkdir(parents=True, exist_ok=True)
        return path.rename(new)

    def flag_here(self, subject: str, flags: str, folder: str = "INBOX") -> Path:
        """Give a file exactly these letters."""
        return reflagged(self.file(subject, folder), flags)


@dataclass(frozen=True, slots=True)
class SyncAccount(SyncedMaildir):
    """The account `work` as a whole: its server, its Maildir, and mailcli between them."""

    server: Dovecot
    user: str

    def there(self, folder: str = "INBOX") -> list[str]:
        """Return the messages of a folder of the server, by its wire name, sorted."""
        raws = self.server.messages(self.user, folder)
        flags = self.server.flags(self.user, folder) if raws else {}
        found = zip(raws, (flags[uid] for uid in sorted(flags)), strict=True)
        return sorted(_told(raw, names) for raw, names in found)

    def uid(self, subject: str, folder: str = "INBOX") -> int:
        """Return the UID of the one message with a subject."""
        raws = self.server.messages(self.user, folder)
        uids = sorted(self.server.flags(self.user, folder))
        (found,) = (u for u, raw in zip(uids, raws, strict=True) if _subject(raw) == subject)
        return found

    def fill(self, *subjects: str, folder: str = "INBOX", flags: tuple[str, ...] = ()) -> None:
        """Deliver messages to the server, and bring them here."""
        self.deliver(*subjects, folder=folder, flags=flags)
        self.sync()

    def deliver(self, *subjects: str, folder: str = "INBOX", flags: tuple[str, ...] = ()) -> None:
        """Deliver messages to the server; a folder that is missing is made."""
        self.server.deliver(self.user, *map(message, subjects), folder=folder, flags=flags)

    def ask(self, folder: str | None, *command: str) -> None:
        """Say one command to the server, within a folder or none."""
        with self.server.connect(self.user) as other:
            if folder is not None:
                assert other.select(f'"{folder}"')[0] == "OK"
            name, *arguments = command
            if name == "UID":
                done, told = other.uid(*arguments)
            else:
                done, told = other.xatom(name, *arguments)
            assert done == "OK", told

    def move_there(self, subject: str, source: str, target: str) -> None:
        """Move a message on the server."""
        self.ask(source, "UID", "MOVE", str(self.uid(subject, source)), f'"{target}"')

    def flag_there(self, subject: str, change: str, folder: str = "INBOX") -> None:
        """Change flags on the server: `+\\Seen`, `-work`."""
        uid = str(self.uid(subject, folder))
        self.ask(folder, "UID", "STORE", uid, f"{change[0]}FLAGS.SILENT", f"({change[1:]})")

    def delete_there(self, subject: str, folder: str = "INBOX") -> None:
        """Remove a message from the server for good."""
        uid = str(self.uid(subject, folder))
        self.flag_there(subject, "+\\Deleted", folder)
        self.ask(folder, "UID", "EXPUNGE", uid)

    def folders_there(self) -> set[str]:
        """Return the server's folders by their wire names, without those that it makes itself."""
        with self.server.connect(self.user) as other:
            lines = [line for line in other.list()[1] if isinstance(line, bytes)]
        mail = [line.decode("ascii") for line in lines if b"\\Noselect" not in line]
        names = {re.sub(r'^.*"[/.]" ', "", line).strip('"') for line in mail}
        return {name for name in names if re.split("[/.]", name)[-1] not in {"INBOX", *OWN}}


def _run(*argv: str) -> tuple[int, str, str]:
    """Run mailcli; return its exit code, and what it said on stdout and stderr."""
    from mailcli.cli.boundary import Program, invoke, run
    from mailcli.cli.front import COMMANDS
    from mailcli.cli.main import mailcli

    out, err = StringIO(), StringIO()
    with redirect_stderr(err), redirect_stdout(out):
        program = Program(["mailcli", *argv], sys.stdout, sys.stderr, Path.home, COMMANDS)
        code = run(lambda: invoke(mailcli, argv, prog_name="mailcli", environ=os.environ), program)
    return code, out.getvalue(), err.getvalue()


def sync_account(
    server: Dovecot, user: str, write_config: WriteConfig, **imap: Any
) -> SyncAccount:
    """Write the account's configuration.

    `imap` are more keys of its IMAP table, but for `maildir` and `layout`.
    """
    maildir = Path(imap.pop("maildir", "~/Mail/work")).expanduser()
    layout = imap.pop("layout", "nested")
    tls = imap.get("tls", "implicit")
    table = account(user, imap=server, layout=layout, maildir=str(maildir), tls=tls)
    table["imap"].update(imap)
    write_config({"work": table})
    return SyncAccount(maildir, server, user)


def reflagged(path: Path, flags: str) -> Path:
    """Rename a file so that its name has exactly these letters."""
    return path.rename(path.parents[1] / "cur" / f"{path.name.partition(':')[0]}:2,{flags}")


def skipped(result: Any, folder: str = "INBOX") -> dict[int, str]:
    """Return what a run left alone in a folder, and why, by UID."""
    return {each["uid"]: each["reason"] for each in of(result, folder)["skipped"]}


def names_of(commands: list[Said]) -> list[str]:
    """Return the names of commands."""
    return [each.name for each in commands]


def travels(commands: list[Said]) -> list[str]:
    """Return the commands that make messages travel, bodies that are fetched among them."""
    return [
        "BODY" if each.name == "UID FETCH" else each.name
        for each in commands
        if each.name in _TRAVELS or (each.name == "UID FETCH" and "BODY" in each.arguments)
    ]


def keyword_names(folder: Path) -> dict[str, str]:
    """Return the keywords of a folder's letters, as Dovecot documents the file."""
    path = folder / "dovecot-keywords"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    pairs = (line.split(" ", 1) for line in lines)
    return {chr(ord("a") + int(number)): name for number, name in pairs}


def _flags(told: str, keywords: dict[str, str]) -> frozenset[str]:
    return frozenset(_FLAG_OF.get(letter) or keywords.get(letter, f"?{letter}") for letter in told)


def _told(raw: bytes, flags: frozenset[str]) -> str:
    return " ".join([_subject(raw), *sorted(flags)])


def _subject(raw: bytes) -> str:
    found = _SUBJECT.search(raw)
    assert found is not None
    return found[1].decode()
