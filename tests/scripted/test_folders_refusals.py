"""What a server may answer to a change of its folders, and what mailcli makes of it."""

import pytest

from mailcli.app.folder_changes import refusal
from mailcli.errors import MailError, Refused, TemporaryFailure
from mailcli.imap.session import CommandFailed, ImapSession
from tests.conftest import RunMailcli, WriteConfig
from tests.scripted.sessions import IMAP, opened
from tests.support.dialogues import answer, goodbye, opening, script
from tests.support.scripted import Scripted

LIST = script(
    answer('LIST "" "*"', r'LIST (\HasNoChildren) "/" INBOX', r'LIST () "/" Work'),
    answer('LSUB "" "*"', 'LSUB () "/" Work'),
)
COUNTS = script(
    answer("STATUS *", "STATUS INBOX (MESSAGES 0 UNSEEN 0)"),
    answer("STATUS *", "STATUS Work (MESSAGES 2 UNSEEN 1)"),
)
PLAIN = ("IMAP4rev1", "SASL-IR", "AUTH=PLAIN")

REFUSALS = {
    "create what exists": (
        ("--create", "New"),
        'CREATE "New"',
        "NO [ALREADYEXISTS] it exists",
        69,
        "see: mailcli folders",
    ),
    "create without a word why": (("--create", "New"), 'CREATE "New"', "NO no", 69, "no"),
    "create, not understood": (("--create", "New"), 'CREATE "New"', "BAD what", 69, "what"),
    "rename what vanished": (
        ("--rename", "Work", "New"),
        'RENAME "Work" "New"',
        "NO [NONEXISTENT] gone",
        66,
        "gone",
    ),
    "rename over quota": (
        ("--rename", "Work", "New"),
        'RENAME "Work" "New"',
        "NO [OVERQUOTA] full",
        69,
        "full",
    ),
    "delete what vanished": (
        ("--delete", "Work", "--yes"),
        'DELETE "Work"',
        "NO [NONEXISTENT] gone",
        66,
        "gone",
    ),
    "delete without the right to": (
        ("--delete", "Work", "--yes"),
        'DELETE "Work"',
        "NO [NOPERM] not yours",
        69,
        "not yours",
    ),
    "subscribe what vanished": (
        ("--subscribe", "Work"),
        'SUBSCRIBE "Work"',
        "NO [NONEXISTENT] gone",
        66,
        "gone",
    ),
    "unsubscribe": (("--unsubscribe", "Work"), 'UNSUBSCRIBE "Work"', "NO no", 69, "no"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_has_its_exit_code_and_the_list_follows(
    run_mailcli: RunMailcli, write_config: WriteConfig, name: str
) -> None:
    args, command, status, code, words = REFUSALS[name]
    conversation = script(
        opening("imap", names=PLAIN),
        script(LIST, COUNTS) if "--delete" in args else LIST,
        answer(command, status=status),
        LIST,
        COUNTS,
        goodbye("imap", required=False),
    )
    with Scripted(conversation) as server:
        place = {"host": server.host, "port": server.port, "tls": "none"}
        write_config(
            {"work": {"email": "a@b.example", "password_command": ["printf", "x"], "imap": place}}
        )
        done = run_mailcli("folders", *args)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert [line.split("\t")[1] for line in done.stdout.splitlines()] == ["INBOX", "Work"]


def _session(*lines: str) -> str:
    return script(opening("imap", names=PLAIN, logged_in=False), *lines)


def test_a_connection_lost_at_rename_is_temporary() -> None:
    conversation = _session('C: {tag} RENAME "a" "b"', "S: * BYE shutting down", "@cut")
    with (
        Scripted(conversation) as server,
        opened(IMAP, server) as session,
    ):
        assert isinstance(session, ImapSession)
        with pytest.raises(TemporaryFailure):
            session.rename(b"a", "b")


@pytest.mark.parametrize("octets", [b"a\r\nb DELETE x", b"a\0"])
def test_no_name_on_the_wire_carries_another_command(octets: bytes) -> None:
    with Scripted(_session()) as server, opened(IMAP, server) as session:
        assert isinstance(session, ImapSession)
        for ask in (
            lambda: session.delete(octets),
            lambda: session.rename(octets, "b"),
            lambda: session.subscribe(octets),
        ):
            with pytest.raises(Refused, match="NUL, CR or LF"):
                ask()


def test_a_new_name_is_encoded_and_quoted() -> None:
    conversation = _session(
        answer('RENAME "a" "say \\"&AOQ-\\" &- go"'), answer('CREATE "&ZeVnLIqe-"')
    )
    with Scripted(conversation) as server, opened(IMAP, server) as session:
        assert isinstance(session, ImapSession)
        assert session.rename(b"a", 'say "ä" & go') == b'say "&AOQ-" &- go'
        assert session.create("日本語") == b"&ZeVnLIqe-"


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [("NONEXISTENT", 66), ("ALREADYEXISTS", 69), ("NOPERM", 69), ("", 69)],
)
def test_a_response_code_decides_the_exit_code(code: str, exit_code: int) -> None:
    error: MailError = refusal(CommandFailed("no", code), "a")
    assert error.exit_code == exit_code
