"""Letters of keywords, as Dovecot writes and reads them in a Maildir of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.processes import ServerUser, server_directory

from mailcli.model import Flag, Keyword, Layout
from mailcli.store.folder import MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import INBOX

USER = "u1"
WORK, HOME, JUNK = Keyword("work"), Keyword("Home"), Keyword("$Junk")


@pytest.fixture
def server(authority: Authority) -> Iterator[Dovecot]:
    with (
        server_directory("letters") as directory,
        running_dovecot(directory, authority, mail_location="maildir:~/Maildir") as server,
    ):
        yield server


def _inbox(server: Dovecot) -> MaildirFolder:
    root = server.directory / "home" / USER / "Maildir"
    return Maildir(root, Layout.MAILDIRPP).folder(INBOX)


def _hand_over(path: Path) -> None:
    ServerUser.current().own(path)


def test_keywords_that_dovecot_set_are_read_from_its_letters(server: Dovecot) -> None:
    server.deliver(USER, b"Subject: 1\r\n\r\n", flags=["work", "\\Seen", "Home"])
    inbox = _inbox(server)
    letters = inbox.keyword_letters()
    (entry,) = inbox.scan()
    assert letters.keywords_of(entry.others) == {WORK, HOME}


def test_dovecot_reads_the_letters_that_we_gave(server: Dovecot) -> None:
    (uid,) = server.deliver(USER, b"Subject: 1\r\n\r\n", flags=["work"])
    inbox = _inbox(server)
    with server.connect(USER) as connection:  # it knows the file as it was
        connection.select()
        letters = inbox.keyword_letters()
        letters = inbox.save_keyword_letters(letters.with_new([JUNK], avoid=""))
        (entry,) = inbox.scan()
        others = letters.letters_for([WORK, JUNK])
        inbox.set_flags(entry, frozenset({Flag.SEEN}), others=others)
        _hand_over(inbox.path)
        connection.noop()
        connection.uid("STORE", str(uid), "+FLAGS", "(later)")
    assert server.flags(USER) == {uid: {"work", "$Junk", "later", "\\Seen"}}
    assert inbox.keyword_letters().names.items() > letters.names.items()
    (entry,) = inbox.scan()
    later = Keyword("later")
    assert inbox.keyword_letters().keywords_of(entry.others) == {WORK, JUNK, later}
