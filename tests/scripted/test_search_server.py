"""What odd servers answer to `mailcli search --server`, and what comes of it."""

from subprocess import CompletedProcess
from typing import Protocol

import pytest

from tests.conftest import RunMailcli, WriteConfig
from tests.scripted.test_imap_searching import HEADED
from tests.support.dialogues import answer, goodbye, opening, script
from tests.support.local_mail import document
from tests.support.scripted import Scripted

PLAIN = ("IMAP4rev1", "SASL-IR", "AUTH=PLAIN")
LIST = script(
    answer(
        'LIST "" "*"',
        r'LIST () "/" INBOX',
        r'LIST () "/" Work',
        r'LIST (\Noselect) "/" Top',
        r'LIST () "/" "a//b"',
    ),
    answer('LSUB "" "*"'),
)
OPENED = ("3 EXISTS", "OK [UIDVALIDITY 9] valid")


class Search(Protocol):
    """Search a server that plays these parts of a conversation, behind its list of folders."""

    def __call__(self, *args: str, parts: tuple[str, ...]) -> CompletedProcess[str]: ...


@pytest.fixture
def search(run_mailcli: RunMailcli, write_config: WriteConfig) -> Search:
    def run(*args: str, parts: tuple[str, ...]) -> CompletedProcess[str]:
        talk = script(opening("imap", names=PLAIN), LIST, *parts, goodbye("imap", required=False))
        with Scripted(talk) as server:
            place = {"host": server.host, "port": server.port, "tls": "none"}
            command = ["printf", "x"]
            write_config(
                {"work": {"email": "a@b.example", "password_command": command, "imap": place}}
            )
            return run_mailcli("search", "--server", *args)

    return run


def test_a_server_of_ascii_alone_is_told_apart_from_one_that_finds_nothing(
    search: Search,
) -> None:
    refused = script(
        "C: {tag} UID SEARCH CHARSET UTF-8 TEXT {5}",
        "S: {tag} NO [BADCHARSET (US-ASCII)] no such charset",
    )

    done = search("café", parts=(answer('EXAMINE "INBOX"', *OPENED), refused))

    assert (done.returncode, done.stdout) == (69, "")
    assert "no such charset" in done.stderr
    assert "leave --server out" in done.stderr


def test_a_folder_that_cannot_be_opened_stops_no_other(search: Search) -> None:
    fields = HEADED.partition("BODY.PEEK")[2]
    done = search(
        *("--all-folders", "--json", "x"),
        parts=(
            answer('EXAMINE "INBOX"', status="NO [NOPERM] not yours"),
            answer('EXAMINE "Work"', *OPENED),
            answer('UID SEARCH TEXT "x"', "SEARCH 4"),
            answer(f"UID FETCH 4 ({HEADED})", f'1 FETCH (UID 4 FLAGS () BODY{fields} "")'),
        ),
    )

    result = document(done, "list")
    assert done.returncode == 69
    assert [(each["folder"], each["date"]) for each in result["messages"]] == [("Work", None)]
    assert "not yours" in result["errors"][0]["message"]


def test_a_message_that_went_meanwhile_is_not_shown(search: Search) -> None:
    done = search(
        "x",
        parts=(
            answer('EXAMINE "INBOX"', *OPENED),
            answer('UID SEARCH TEXT "x"', "SEARCH 4"),
            answer(f"UID FETCH 4 ({HEADED})"),
        ),
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_no_folder_can_mean_is_not_asked(search: Search) -> None:
    done = search("folder:none", "x", parts=())

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_hostile_headers_are_harmless(search: Search) -> None:
    fields = HEADED.partition("BODY.PEEK")[2]
    done = search(
        "x",
        parts=(
            answer('EXAMINE "INBOX"', *OPENED),
            answer('UID SEARCH TEXT "x"', "SEARCH 4"),
            script(
                f"C: {{tag}} UID FETCH 4 ({HEADED})",
                f"S: * 1 FETCH (UID 4 FLAGS () RFC822.SIZE 5 BODY{fields} {{40}}",
                r"S! Subject: a\x1b[31mb\r\nDate: never\r\nFrom: \xff\r\n",
                "S: )",
                "S: {tag} OK done",
            ),
        ),
    )

    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert done.stdout.count("\n") == 1
