"""Messages that are moved to where the same message is already: both stay."""

import shlex
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.local_mail import document, mail_files, put
from tests.support.sync_account import keyword_names

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
