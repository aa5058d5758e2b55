"""What the tests of the IMAP session share: an open one, and what its server can do."""

import contextlib
from collections.abc import Iterator

from mailcli.imap.session import ImapSession
from tests.scripted.sessions import IMAP, NEVER, opened
from tests.support.dialogues import answer, capabilities, greeting, script
from tests.support.scripted import Scripted

DONE = "S: {tag} OK done"


class Kept:
    """A body that keeps what it is given."""

    def __init__(self) -> None:
        self.octets = b""

    def write(self, chunk: bytes) -> None:
        self.octets += chunk


@contextlib.contextmanager
def store(server: Scripted, *, timeout: float = NEVER) -> Iterator[ImapSession]:
    """Open a session; it is not logged in, which a scripted server does not ask for."""
    with opened(IMAP, server, timeout=timeout) as session:
        assert isinstance(session, ImapSession)
        yield session


def knows(*names: str) -> str:
    """Return the beginning of a conversation with a server that can do this."""
    return script(greeting("imap"), capabilities("imap", ("IMAP4rev1", *names)))


@contextlib.contextmanager
def talking(*parts: str, can: tuple[str, ...] = ()) -> Iterator[ImapSession]:
    """Open a session with a server that plays `parts`, all of which the client must hear."""
    with Scripted(script(knows(*can), *parts)) as server, store(server) as session:
        yield session


def opened_folder(exists: int = 3, *more: str, status: str = "OK [READ-WRITE] done") -> str:
    """Return the plain opening of a folder of generation 9."""
    return answer("SELECT *", f"{exists} EXISTS", "OK [UIDVALIDITY 9] valid", *more, status=status)
