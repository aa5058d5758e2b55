"""Messages that are moved to where the same message is already: both stay."""

import errno
import os
import shlex
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.local_mail import document, mail_files, put
from tests.support.sync_account import keyword_names

from mailcli.app.organising import Target, move
from mailcli.app.selection import select
from mailcli.cli.command import Common
from mailcli.cli.runtime import Runtime
from mailcli.errors import LocalError
from mailcli.store import copying
from mailcli.store.folder import MaildirFolder

RAW = b"Subject: a\nMessage-ID: <a@x>\n\nbody\n"


@pytest.fixture
def maildir(write_config: WriteConfig, home: Path) -> Path:
    """A Maildir with one message twice: seen in INBOX, flagged in Archive."""
    write_config({"work": {"email": "ada@example.org"}})
    maildir = home / "Mail" / "work"
    put(maildir / "INBOX", "1.a.host:2,S", RAW)
    put(maildir / "Archive", "1.a.host:2,F", RAW)
    return maildir


def listed(run_mailcli: RunMailcli) -> dict[int, tuple[str, list[str], list[str]]]:
    found = document(run_mailcli("list", "--all-folders", "--json"), "list")["messages"]
    return {each["id"]: (each["folder"], each["flags"], each["keywords"]) for each in found}


def test_a_message_moved_onto_its_twin_keeps_number_flags_and_keywords_and_is_moved_back(
    run_mailcli: RunMailcli, maildir: Path
) -> None:
    before = listed(run_mailcli)
    (mine,) = (number for number, where in before.items() if where[0] == "INBOX")
    (twin,) = before.keys() - {mine}
    assert run_mailcli("flag", str(mine), "+todo").returncode == 0

    moved = run_mailcli("move", str(mine), "Archive")

    assert moved.returncode == 0
    names = [path.name for path in mail_files(maildir / "Archive")]
    assert names == ["1.a.host+2:2,Sa", "1.a.host:2,F"]
    assert keyword_names(maildir / "Archive") == {"a": "todo"}
    assert listed(run_mailcli) == {
        mine: ("Archive", ["seen"], ["todo"]),
        twin: ("Archive", ["flagged"], []),
    }
    (undo,) = (line for line in moved.stderr.splitlines() if line.startswith("undo: mailcli "))
    assert run_mailcli(*shlex.split(undo)[2:]).returncode == 0
    assert listed(run_mailcli) == {
        mine: ("INBOX", ["seen"], ["todo"]),
        twin: ("Archive", ["flagged"], []),
    }


def test_what_was_renamed_is_made_durable_though_a_copy_fails(
    maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk of another file system that is full takes a mount, so both answers are made up."""
    put(maildir / "INBOX", "2.far.host:2,S", RAW)
    context = Runtime(Common()).offline_context
    paths = [str(path) for path in mail_files(maildir / "INBOX")]
    found = select(context, paths, accounts=None, stdin=None)
    rename, synced = os.rename, list[str]()

    def refuse(source: Path, target: str) -> None:
        if "far" in str(source):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, target)

    def fail(*_: object) -> None:
        raise LocalError("disk full")

    monkeypatch.setattr(os, "rename", refuse)
    monkeypatch.setattr(copying, "copy_messages", fail)
    monkeypatch.setattr(MaildirFolder, "sync", lambda folder: synced.append(folder.path.name))

    result = move(context, found, Target("Archive"), say=print)

    assert [each.flags for each in result.changed] == [("seen",)]
    assert [each.message for each in result.errors] == ["disk full"]
    assert synced == ["Archive", "INBOX"]
