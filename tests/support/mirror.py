"""What the tests of `imap-sync` look at: messages, results by folder, the server's state."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.dovecot import Dovecot
from tests.support.local_mail import mail_files

Sync = Callable[..., Any]
"""Runs `imap-sync`, which must go well and say nothing, and returns the account's result."""


def mail(number: int, body: bytes = b"Hello.\r\n") -> bytes:
    """Return a message as a server has it."""
    head = b"From: a@b.example\r\nSubject: %d\r\nMessage-ID: <%d@x>\r\n\r\n" % (number, number)
    return head + body


def folder_of(result: Any, name: str) -> Any:
    """Return what an account's result says of one folder."""
    (only,) = [each for each in result["folders"] if each["name"] == name]
    return only


def by_subject(folder: Path) -> dict[str, Path]:
    """Return the messages of a folder by their subjects."""
    found = {}
    for path in mail_files(folder):
        subject = re.search(rb"^Subject: (.*?)\r?$", path.read_bytes(), re.MULTILINE)
        assert subject is not None
        found[subject[1].decode()] = path
    return found


def reflag(path: Path, flags: str) -> None:
    """Give a message these flags, as another program would."""
    path.rename(path.parents[1] / "cur" / f"{path.name.partition(':')[0]}:2,{flags}")


def server_state(dovecot: Dovecot, user: str) -> dict[str, object]:
    """Return all that can change in a user's folders, as the server tells it."""
    found: dict[str, object] = {}
    with dovecot.connect(user) as connection:
        _, listing = connection.list()
        for line in listing:
            assert isinstance(line, bytes)
            name = line.split(b' "/" ')[1].strip(b'"').decode()
            found[name] = None
            if b"\\Noselect" not in line:
                items = "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)"
                found[name] = connection.status(f'"{name}"', items)[1]
    return found
