"""A device: a home with a Maildir and a state of its own, where mailcli runs and others write.

mailcli runs in this process, by the entry point of its command line, since
starting Python would take ten times what a synchronisation takes. What other
programs do to the Maildir is done by plain calls, without any code of ours.
"""

import json
import os
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from tests.support.accounts import to_toml
from tests.support.local_mail import wire_octets
from tests.support.sync_world_mail import (
    LETTERS,
    NO_MARKS,
    Copies,
    Copy,
    Marks,
    content_of,
    with_line_ends,
)
from tests.support.sync_world_server import Place

_LETTER_OF = {mark: letter for letter, mark in LETTERS.items()}
_FOLDERS = ("folders_created", "folders_deleted", "folders_renamed", "error")
_SUBDIRECTORIES = ("cur", "new", "tmp")

MISCOUNTED = (
    "SELECT folder.name, agreed, COUNT(uid)"
    " FROM folder LEFT JOIN message ON message.folder = folder.id"
    " WHERE stamps NOTNULL GROUP BY folder.id HAVING agreed IS NOT COUNT(uid)"
    " OR SUM(message.uidvalidity != folder.uidvalidity) > 0"
)
"""Of a state: folders that are said to be at rest with so many messages, and have others."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run of `imap-sync --json` ended. `account` is empty where it printed nothing."""

    code: int
    account: Mapping[str, Any]
    err: str

    @property
    def changed(self) -> bool:
        """Whether it says that it changed anything."""
        return bool(self.account.get("changed"))

    @property
    def planned(self) -> list[tuple[str, str]]:
        """The actions of a dry run: folder and kind."""
        folders = self.account.get("folders", ())
        made = [(name, "create") for name in self.account.get("folders_created", ())]
        return made + [(f["name"], a["kind"]) for f in folders for a in f.get("actions") or ()]

    @property
    def brief(self) -> str:
        """What it did, in a few words."""
        told = [
            f"{folder['name']}: {key} {value}"
            for folder in self.account.get("folders", ())
            for key, value in folder.items()
            if key not in {"name", "changed", "actions"} and value
        ]
        made = [f"{key} {self.account[key]}" for key in _FOLDERS if self.account.get(key)]
        return f"exit {self.code}; " + ("; ".join([*made, *told]) or "nothing")

    def __str__(self) -> str:
        return f"exit {self.code}: {json.dumps(self.account)} {self.err}"


@dataclass(frozen=True, slots=True)
class Local:
    """A message file. `exact`: its octets are those of the content, bare LFs included."""

    path: Path
    copy: Copy
    exact: bool


class Device:
    """One home; `name` says which in a story. `runs` counts those in this process."""

    def __init__(self, name: str, home: Path) -> None:
        self.name = name
        self.home = home
        self.maildir = home / "Mail"
        self.runs = 0
        self._dropped = 0

    # -- mailcli -----------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """What mailcli's environment has of this device."""
        below = {"CONFIG": ".config", "STATE": ".state", "CACHE": ".cache"}
        places = {f"XDG_{name}_HOME": str(self.home / path) for name, path in below.items()}
        credentials = str(self.home / ".credentials")
        return {**places, "HOME": str(self.home), "CREDENTIALS_DIRECTORY": credentials}

    def configure(self, place: Place, **imap: Any) -> None:
        """Write the configuration: one account without TLS, and more keys of its server."""
        server = {"host": "127.0.0.1", "port": place.port, "tls": "none", "username": place.user}
        account = {
            "email": f"{place.user}@example.test",
            "maildir": str(self.maildir),
            "imap": {**server, **imap},
        }
        for directory in (".config/mailcli", ".credentials"):
            self.home.joinpath(directory).mkdir(parents=True, exist_ok=True, mode=0o700)
        text = to_toml({"accounts": {"a": account}})
        self.home.joinpath(".config/mailcli/config.toml").write_text(text, "utf-8")
        self.home.joinpath(".credentials/mailcli.a").write_text(place.password, "ascii")

    def sync(self, *args: str) -> Ran:
        """Run `imap-sync` in this process."""
        from mailcli.cli.boundary import Program, invoke, run
        from mailcli.cli.front import COMMANDS
        from mailcli.cli.main import mailcli

        self.runs += 1
        argv = ["mailcli", "imap-sync", "--json", *args]
        out, err = StringIO(), StringIO()
        with _environment(self.environment), redirect_stdout(out), redirect_stderr(err):
            program = Program(argv, sys.stdout, sys.stderr, lambda: self.home, COMMANDS)
            code = run(
                lambda: invoke(mailcli, argv[1:], prog_name="mailcli", environ=os.environ),
                program,
            )
        assert self.miscounted() == []
        return ran(code, out.getvalue(), err.getvalue())

    def lose_state(self) -> None:
        """Lose what both sides agreed on."""
        shutil.rmtree(self.home / ".state", ignore_errors=True)

    # -- looking -----------------------------------------------------------

    def miscounted(self) -> list[tuple[str, int, int]]:
        """Return the folders of whose messages the state says how many, and has others."""
        database = self.home / ".state/mailcli/a.db"
        if not database.exists():
            return []
        with closing(sqlite3.connect(database)) as state:
            return state.execute(MISCOUNTED).fetchall()

    def folders(self) -> list[str]:
        """Return the Maildir's folders by name, sorted."""
        found = (path.parent for path in self.maildir.rglob("cur") if path.is_dir())
        return sorted(str(path.relative_to(self.maildir)) for path in found)

    def files(self) -> list[Local]:
        """Return every message, in an order that does not depend on file names."""
        found = [self._read(name, path) for name in self.folders() for path in self._paths(name)]
        return sorted(found, key=lambda each: (each.copy[:2], sorted(each.copy.marks)))

    def copies(self) -> Copies:
        """Return what there is, without paths."""
        return Counter(each.copy for each in self.files())

    def temporary(self) -> list[Path]:
        """Return what lies in the folders' `tmp`."""
        return [
            path for name in self.folders() for path in (self.maildir / name / "tmp").iterdir()
        ]

    def tree(self) -> dict[str, tuple[int, int]]:
        """Return every file and directory of the Maildir with its inode and time of change.

        What is in `tmp` is left out: any run may clear away what a stopped one left.
        """
        found = (path for path in self.maildir.rglob("*") if "tmp" not in path.parts)
        stats = {path: path.lstat() for path in found}
        return {str(path): (stat.st_ino, stat.st_mtime_ns) for path, stat in stats.items()}

    def _paths(self, folder: str) -> list[Path]:
        return [path for sub in ("cur", "new") for path in (self.maildir / folder / sub).iterdir()]

    def _read(self, folder: str, path: Path) -> Local:
        raw = wire_octets(path)
        info = path.name.partition(":2,")[2]
        names = {**self._keywords(folder), **LETTERS}
        marks = frozenset(names[letter] for letter in info if letter in names)
        return Local(path, Copy(folder, content_of(raw), marks), raw == with_line_ends(raw))

    def _keywords(self, folder: str) -> dict[str, str]:
        """Return the keywords of a folder by their letters, as Dovecot's Maildirs have them."""
        path = self.maildir / folder / "dovecot-keywords"
        if not path.exists():
            return {}
        pairs = (line.split(" ", 1) for line in path.read_text("utf-8").splitlines())
        return {chr(ord("a") + int(number)): name for number, name in pairs}

    # -- other programs ----------------------------------------------------

    def drop(self, folder: str, raw: bytes, marks: Iterable[str] = ()) -> None:
        """Put a message where another program puts its mail, with the line ends of such files.

        Octets that mix line ends stay as they are.
        """
        text = raw.replace(b"\r\n", b"\n")
        if b"\r" in text or raw != with_line_ends(raw):
            text = raw
        info = self._info(folder, frozenset(marks))
        self._dropped += 1
        name = f"1.{self._dropped}.elsewhere{info}"
        path = self.maildir / folder / ("cur" if info else "new") / name
        path.write_bytes(text)

    def mark(self, file: Local, mark: str, *, on: bool) -> None:
        """Give a message another flag or keyword, or take one away."""
        marks = file.copy.marks | {mark} if on else file.copy.marks - {mark}
        self._rename(file, file.copy.folder, _unique(file), marks)

    def look(self, file: Local) -> None:
        """Move a message from `new` to `cur`, as every reader does that sees it."""
        self._rename(file, file.copy.folder, _unique(file), file.copy.marks)

    def move(self, file: Local, folder: str, *, renamed: bool) -> None:
        """Move a message to another folder, under its old base name or a new one."""
        unique = self._fresh() if renamed else _unique(file)
        self._rename(file, folder, unique, file.copy.marks)

    def rename(self, file: Local) -> None:
        """Give a message another base name."""
        self._rename(file, file.copy.folder, self._fresh(), file.copy.marks)

    def delete(self, file: Local) -> None:
        """Delete a message."""
        file.path.unlink()

    def create(self, folder: str) -> None:
        """Make a folder."""
        for name in _SUBDIRECTORIES:
            (self.maildir / folder / name).mkdir(parents=True)

    def rename_folder(self, old: str, new: str) -> None:
        """Give a folder, and all below it, another name."""
        (self.maildir / new).parent.mkdir(parents=True, exist_ok=True)
        (self.maildir / old).rename(self.maildir / new)

    def remove_folder(self, folder: str) -> None:
        """Delete a folder with all messages in it."""
        shutil.rmtree(self.maildir / folder)

    def _rename(self, file: Local, folder: str, unique: str, marks: Marks) -> None:
        info = self._info(folder, marks)
        subdirectory = "cur" if info or file.path.parent.name == "cur" else "new"
        if subdirectory == "cur":
            info = info or ":2,"
        target = self.maildir / folder / subdirectory / (unique + info)
        assert target == file.path or not target.exists()
        file.path.rename(target)

    def _fresh(self) -> str:
        self._dropped += 1
        return f"2.{self._dropped}.elsewhere"

    def _info(self, folder: str, marks: Marks) -> str:
        if marks == NO_MARKS:
            return ""
        letters = {_LETTER_OF.get(mark) or self._letter(folder, mark) for mark in marks}
        return ":2," + "".join(sorted(letters))

    def _letter(self, folder: str, keyword: str) -> str:
        """Return a keyword's letter in this folder, as another program would give it one."""
        known = self._keywords(folder)
        for letter, name in known.items():
            if name == keyword:
                return letter
        number = 1 + max((ord(letter) - ord("a") for letter in known), default=-1)
        with (self.maildir / folder / "dovecot-keywords").open("a", encoding="utf-8") as file:
            file.write(f"{number} {keyword}\n")
        return chr(ord("a") + number)


def ran(code: int, out: str, err: str) -> Ran:
    """Return a run's end from what it printed."""
    accounts = json.loads(out)["accounts"] if out.strip() else [{}]
    return Ran(code, accounts[0], err.strip())


def _unique(file: Local) -> str:
    return file.path.name.partition(":")[0]


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Have these variables for the block."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
