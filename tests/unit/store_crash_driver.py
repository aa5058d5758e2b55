"""Change a Maildir again and again, killed before and after each effect of the change.

`python store_crash_driver.py CHANGE DIRECTORY` leaves one Maildir per kill in
`DIRECTORY/before-K` and `DIRECTORY/after-K`, and prints how many effects there
are. The process forks for each, so that the interpreter starts only once.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailcli.model import Flag, Keyword
from mailcli.store.entries import unique_name
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX, FolderName

EFFECTS = ("open", "write", "fsync", "link", "rename", "unlink", "mkdir", "rmdir", "utime")

ARCHIVE = FolderName(("Archive",))
MESSAGES = {
    "one": b"Subject: one\r\n\r\none\r\n",
    "bare": b"Subject: bare\n\nbare\n",
    "late": b"x\r\n" * 40_000 + b"odd\r",  # turned back after it was written converted
}
FLAGS = {"one": frozenset[Flag](), "bare": frozenset({Flag.SEEN}), "late": frozenset[Flag]()}


def deliver(root: Path, tokens: list[str]) -> None:
    """Deliver some of the messages as one batch."""
    folder = Maildir(root).folder(INBOX)
    folder.create()
    batch = []
    for token in tokens:
        staged = folder.stage(unique_name(token, when=1_700_000_000))
        for at in range(0, len(MESSAGES[token]), 30_000):
            staged.write(MESSAGES[token][at : at + 30_000])
        staged.close(flags=FLAGS[token], received=1_600_000_000)
        batch.append(staged)
    folder.deliver(batch)


def prepare_keywords(root: Path) -> None:
    """Make a folder whose keywords have letters."""
    folder = Maildir(root).folder(INBOX)
    folder.create()
    (folder.path / "dovecot-keywords").write_bytes(b"0 $Junk\n")


def keywords(root: Path) -> None:
    """Give one more keyword a letter."""
    folder = Maildir(root).folder(INBOX)
    letters = folder.keyword_letters().with_new([Keyword("work")], avoid="")
    folder.save_keyword_letters(letters)


def prepare_adoption(root: Path) -> None:
    """Deliver some messages beside an empty folder."""
    deliver(root, list(MESSAGES))
    Maildir(root).folder(ARCHIVE).create()


def adopt(root: Path) -> None:
    """Move all messages to another folder."""
    source, target = Maildir(root).folder(INBOX), Maildir(root).folder(ARCHIVE)
    for entry in source.scan():
        target.adopt(entry, source, others="")
    target.sync()
    source.sync()


def prepare_removal(root: Path) -> None:
    """Make a folder that holds no message, but what programs leave."""
    folder = Maildir(root).folder(ARCHIVE)
    folder.create()
    folder.stage(unique_name("stale", when=0)).close()
    for name in ("dovecot-uidlist", "dovecot.index.log", "maildirfolder"):
        (folder.path / name).touch()


def remove(root: Path) -> None:
    """Remove it."""
    Maildir(root).folder(ARCHIVE).remove_empty()


def _nothing(_root: Path) -> None:
    """Begin with no Maildir at all."""


CHANGES: dict[str, tuple[Callable[[Path], None], Callable[[Path], None]]] = {
    "deliver": (_nothing, lambda root: deliver(root, list(MESSAGES))),
    "adopt": (prepare_adoption, adopt),
    "keywords": (prepare_keywords, keywords),
    "remove": (prepare_removal, remove),
}
"""By name: what is there before, and what is killed."""


def _kill_at(number: int, *, before: bool) -> None:
    done = 0

    def wrapped(real: Callable[..., Any]) -> Callable[..., Any]:
        def effect(*args: object, **options: object) -> object:
            nonlocal done
            done += 1
            if before and done == number:
                os.kill(os.getpid(), signal.SIGKILL)
            result = real(*args, **options)
            if done == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return effect

    for name in EFFECTS:
        setattr(os, name, wrapped(getattr(os, name)))


def _survives(change: str, root: Path, number: int, *, before: bool) -> bool:
    prepare, run = CHANGES[change]
    prepare(root)
    child = os.fork()
    if child == 0:
        try:
            _kill_at(number, before=before)
            run(root)
        except BaseException:  # noqa: BLE001 - a child must not go on as a second driver
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the change failed instead of being killed")
    return not os.WIFSIGNALED(status)


def main(change: str, directory: Path) -> None:
    """Kill at effect 1, 2, 3 … until a run ends by itself."""
    for before in (True, False):
        number = 1
        when = "before" if before else "after"
        while not _survives(change, directory / f"{when}-{number}", number, before=before):
            number += 1
        sys.stdout.write(f"{when} {number - 1}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
