"""An account whose next `imap-sync` has every kind of thing to do, on both sides at once.

Messages are named by what was done to them since both sides agreed, folders too.
"""

import os
import shutil
from collections import Counter
from pathlib import Path

from tests.support.dovecot import Dovecot
from tests.support.faults_ground import End, Ground, Messages, digest
from tests.support.faults_walk import Walk

FLAGGED = ("flagged here", "flagged there", "keyword here", "keyword there", "flags on both")
MOVED = ("moved here", "moved there")
GONE = ("deleted here", "deleted there")
SETTLED = (*FLAGGED, *MOVED, *GONE, "renamed", "untouched")
"""What is in INBOX on both sides before anything is done; UIDs count from 1."""

FOLDERS = ("OldHere", "OldThere", "GoneHere", "GoneThere")
"""Folders with one message each, beside INBOX and Projects, before anything is done."""

ALL = ("INBOX", "Projects", *FOLDERS, "NewHere", "NewThere", "MadeHere", "MadeThere")
LARGE = b"Subject: too large\r\n\r\n" + b"x" * 62 + b"\r\n"
LARGE *= 100


def message(name: str) -> bytes:
    """Return a message whose subject is its name."""
    identity = name.replace(" ", "-")
    text = f"Subject: {name}\r\nMessage-ID: <{identity}@example.test>\r\n\r\n{name}\r\n"
    return text.encode("ascii")


_NAMES = {
    digest(message(name)): name
    for name in (*SETTLED, *(f"in {folder}" for folder in ALL), "new here", "new there")
} | {digest(LARGE): "too large"}


def configure(ground: Ground, port: int | None = None) -> None:
    """Write the configuration: folders are deleted, too, and large messages stay there.

    A deletion of a whole folder is confirmed on the command line.
    """
    chosen = ", ".join(f'"{name}"' for name in ALL)
    more = (f"folders = [{chosen}]", "delete_folders = true", f"max_size = {len(LARGE) - 1}")
    ground.configure("imap", port or ground.dovecot.imap, *more)
    ground.arguments = ("imap-sync", "--allow-mass-delete")
    ground.folders = ALL


def begin(ground: Ground, *, goes_on: bool = False) -> Walk:
    """Return the walk of that run; `goes_on`: what disturbs it does not end it."""
    configure(ground)
    ground.dovecot.deliver(ground.user, *map(message, SETTLED))
    for folder in ("Projects", *FOLDERS):
        ground.dovecot.deliver(ground.user, message(f"in {folder}"), folder=folder)
    done = ground.run()
    assert done.code == 0, done.err
    _change_there(ground.dovecot, ground.user)
    _change_here(ground.maildir)
    return Walk.begin(ground, hold if goes_on else hold_once)


def hold(start: End, left: End, end: End) -> None:
    """Hold what is true of every stopped run.

    What is to stay is never gone, on either side, whichever folder it is in. Nothing is where it
    neither was nor is to be, nor there more often: so what is moved is for a while at both
    places at most, where the folder that it came from could not be looked into.
    """
    sides = ((start.local, left.local, end.local), (start.server, left.server, end.server))
    for before, now, after in sides:
        first, middle, last = map(_contents, (before, now, after))
        assert first & last <= middle, f"lost: {_names((first & last) - middle)}"
        places = start.counted(before) | end.counted(after)
        assert left.counted(now) <= places, f"alien: {left.counted(now) - places}"
        assert start.counted(before) & end.counted(after) <= left.counted(now), "out of place"


def hold_once(start: End, left: End, end: End) -> None:
    """Hold that, and that nothing is at two places: true of a run that ends where it stops."""
    hold(start, left, end)
    sides = ((start.local, left.local, end.local), (start.server, left.server, end.server))
    for side in sides:
        before, now, after = map(_contents, side)
        assert now <= before | after, f"doubled: {_names(now - (before | after))}"


def _contents(messages: Messages) -> Counter[str]:
    return Counter(digest for _, digest, _ in messages)


def _names(contents: Counter[str]) -> list[str]:
    return [_NAMES.get(each, each) for each in contents.elements()]


def named(messages: Messages) -> dict[str, tuple[str, str]]:
    """Return folder and flags of each message by its name."""
    letters_of = {"urgent": "a", "later": "b"}  # in INBOX's dovecot-keywords
    return {
        _NAMES[found]: (folder, letters_of.get(letters, letters))
        for folder, found, letters in messages
    }


# -- what is done there ------------------------------------------------------------------------


def _change_there(dovecot: Dovecot, user: str) -> None:
    dovecot.deliver(user, message("new there"), LARGE)
    dovecot.deliver(user, message("in MadeThere"), folder="MadeThere")
    with dovecot.connect(user) as session:
        session.select("INBOX")
        session.uid("STORE", _uid("flagged there"), "+FLAGS", "(\\Flagged)")
        session.uid("STORE", _uid("flags on both"), "+FLAGS", "(\\Flagged)")
        session.uid("STORE", _uid("keyword there"), "+FLAGS", "(later)")
        session.uid("STORE", _uid("deleted there"), "+FLAGS", "(\\Deleted)")
        session.uid("EXPUNGE", _uid("deleted there"))
        session.uid("MOVE", _uid("moved there"), "Projects")
        session.unselect()
        session.rename("OldThere", "NewThere")
        session.delete("GoneThere")


def _uid(name: str) -> str:
    return str(SETTLED.index(name) + 1)


# -- what is done here -------------------------------------------------------------------------


def _change_here(maildir: Path) -> None:
    """Do what other programs do in a Maildir."""
    inbox = maildir / "INBOX"
    files = {path.read_text().splitlines()[0][9:]: path for path in inbox.rglob("new/*")}
    inbox.joinpath("dovecot-keywords").write_text("0 urgent\n")
    os.utime(inbox / "dovecot-keywords", (0, 0))  # not in the second in which the run begins
    for name, letters in (("flagged here", "S"), ("flags on both", "R"), ("keyword here", "a")):
        files[name].rename(inbox / "cur" / f"{files[name].name}:2,{letters}")
    files["moved here"].rename(maildir / "Projects" / "cur" / f"{files['moved here'].name}:2,")
    files["renamed"].rename(inbox / "cur" / "1.renamed.elsewhere:2,")
    files["deleted here"].unlink()
    maildir.joinpath("OldHere").rename(maildir / "NewHere")
    shutil.rmtree(maildir / "GoneHere")
    for name in ("cur", "new", "tmp"):
        maildir.joinpath("MadeHere", name).mkdir(parents=True)
    _drop(maildir / "MadeHere" / "new" / "1.a.elsewhere", message("in MadeHere"))
    _drop(inbox / "new" / "1.b.elsewhere", message("new here"))


def _drop(path: Path, raw: bytes) -> None:
    """Put a file where another program puts its mail, with the line ends of such files."""
    path.write_bytes(raw.replace(b"\r\n", b"\n"))
