"""Files and folders whose names are not UTF-8: they are meant, shown and filed as others."""

import os
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.local_mail import document, mail_files, put

from mailcli.app import search
from mailcli.app.catalogue import Catalogue, with_catalogue
from mailcli.app.selection import select
from mailcli.cli.command import Common
from mailcli.cli.runtime import Runtime

LATIN = os.fsdecode(b"M\xfcll")


@pytest.fixture
def maildir(write_config: WriteConfig, home: Path) -> Path:
    """A Maildir with one message in a file with such a name."""
    write_config({"work": {"email": "ada@example.org"}})
    maildir = home / "Mail" / "work"
    put(maildir / "INBOX", f"1.{LATIN}.host:2,S", b"Subject: a\n\nbody\n")
    return maildir


def test_a_path_in_the_maildir_is_its_message(run_mailcli: RunMailcli, maildir: Path) -> None:
    (path,) = mail_files(maildir / "INBOX")

    done = run_mailcli("read", str(path), "--json")

    assert document(done, "read")["id"] == 1


def test_a_copy_to_such_a_folder_gets_a_number(run_mailcli: RunMailcli, maildir: Path) -> None:
    put(maildir / "M%FCll", "2.b.host:2,S", b"Subject: b\n\nbody\n")

    done = run_mailcli("copy", "1", LATIN, "--json")

    (changed,) = document(done, "organise")["changed"]
    assert (done.returncode, changed["id"]) == (0, 3)


def test_a_message_id_that_is_not_utf8_is_none_that_there_is(
    run_mailcli: RunMailcli, maildir: Path
) -> None:
    assert maildir.exists()

    done = run_mailcli("read", f"mid:{LATIN}")

    assert (done.returncode, done.stderr.splitlines()[0]) == (
        66,
        "mailcli: mid:M�ll: no such message",
    )


def test_a_server_finds_it_in_the_index(maildir: Path) -> None:
    context = Runtime(Common()).context

    def look(catalogue: Catalogue) -> str | None:
        (inbox,) = catalogue.index.folders("work")
        found = search._indexed(catalogue, inbox, f"1.{LATIN}.host")
        return found.subject if found else None

    assert maildir.exists()
    assert with_catalogue(context, [context.account(None)], look) == "a"


def test_last_is_the_newest_of_a_folder_with_such_a_name(maildir: Path) -> None:
    put(maildir / "M%FCll", "2.b.host:2,S", b"Subject: b\n\nbody\n")
    context = Runtime(Common()).context

    (found,) = select(context, ["last"], accounts=None, stdin=None, last_in=lambda _: LATIN)

    assert found.info.subject == "b"
