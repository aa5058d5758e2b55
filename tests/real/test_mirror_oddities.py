"""`mailcli imap-sync` on a scripted server that does what no server should."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support import dialogues
from tests.support.certificates import Authority
from tests.support.local_mail import document, mail_files, octets, put
from tests.support.mirror import folder_of
from tests.support.scripted import Scripted

from mailcli.app.folder_sync import UPLOAD_SET

Serve = Callable[..., Scripted]
OPENING = dialogues.opening("imap", tls="implicit")
BYE = dialogues.goodbye("imap", required=False)


@pytest.fixture
def serve(write_config: WriteConfig, authority: Authority) -> Iterator[Serve]:
    """Return a function that starts a scripted mail store and points the account at it."""
    with ExitStack() as stack:

        def start(*parts: str) -> Scripted:
            script = dialogues.script("@connection 1", OPENING, *parts)
            server = stack.enter_context(Scripted(script, certificate=authority.server()))
            table = {"host": "localhost", "port": server.port, "ca_file": str(authority.ca_pem)}
            command = ["printf", "pw"]
            write_config({"work": {"email": "a@b.c", "password_command": command, "imap": table}})
            return server

        yield start


@pytest.fixture
def root(home: Path) -> Path:
    """The account's Maildir."""
    return home / "Mail" / "work"


def listing(*names: str) -> str:
    """Return the part in which the client asks for the folders; names as IMAP writes them."""
    listed = [f'LIST () "/" {name}' for name in names]
    asked = dialogues.answer('LIST "" "*"', *listed), dialogues.answer("LSUB *")
    return dialogues.script(*asked, dialogues.counters())


def opened(exists: int) -> str:
    numbers = (f"{exists} EXISTS", "OK [UIDVALIDITY 7] ok", f"OK [UIDNEXT {exists + 1}] ok")
    return dialogues.answer("SELECT *", *numbers, status="OK [READ-WRITE] done")


def flags(*uids: int) -> str:
    listed = [f"{number} FETCH (UID {uid} FLAGS ())" for number, uid in enumerate(uids, 1)]
    return dialogues.answer("UID FETCH 1:* *FLAGS*", *listed)


def escaped(raw: bytes) -> str:
    return "".join(f"\\x{octet:02x}" for octet in raw)


def test_a_message_that_breaks_all_rules_is_restored_exactly(
    run_mailcli: RunMailcli, serve: Serve, root: Path
) -> None:
    odd = b"Subject: odd\nbare\r\rmixed\r\n\0nul \xff\n"
    bare = b"Subject: bare\n\nonly LF\n"
    serve(
        listing("INBOX"),
        opened(2),
        dialogues.answer("UID SEARCH ALL", "SEARCH 1 2"),
        "C~ {tag} UID FETCH *",
        rf"S! * 1 FETCH (UID 1 FLAGS (\\Seen) BODY[] {{{len(odd)}}}\r\n{escaped(odd)})\r\n",
        rf"S! * 2 FETCH (FLAGS () UID 2 BODY[] {{{len(bare)}}}\r\n{escaped(bare)})\r\n",
        "S: {tag} OK done",
        BYE,
    )

    done = run_mailcli("imap-sync")

    assert (done.returncode, done.stderr) == (0, "")
    assert octets(root / "INBOX") == sorted([odd, bare])


HOSTILE = {
    '"../../outside"': "%2E./%2E./outside",
    '"cur"': "%63ur",
    '"/etc/passwd"': None,
    '"a//b"': None,
    '".hidden"': "%2Ehidden",
    '"esc\x1b[31m"': "esc%1B[31m",
}


def test_hostile_folder_names_lead_nowhere_and_stop_no_other(
    run_mailcli: RunMailcli, serve: Serve, root: Path, home: Path
) -> None:
    wanted = {"INBOX", *filter(None, HOSTILE.values())}
    serve(listing("INBOX", *HOSTILE), *[opened(0)] * len(wanted), BYE)

    done = run_mailcli("imap-sync", "--json")

    assert done.returncode == 76
    made = {path.parent for path in home.rglob("cur") if path.is_dir()}
    assert {str(path.relative_to(root)) for path in made} == wanted
    assert {path.name for path in home.iterdir()} <= {
        "Mail",
        ".cache",
        ".config",
        ".local",
        ".run",
    }
    assert "\x1b" not in done.stdout + done.stderr


def test_a_name_in_an_unknown_encoding_is_kept_as_it_is(
    run_mailcli: RunMailcli, serve: Serve, root: Path
) -> None:
    server = serve(
        "C~ {tag} LIST *",
        r'S! * LIST () "/" INBOX\r\n* LIST () "/" "latin-\xe9"\r\n',
        "S: {tag} OK done",
        dialogues.answer("LSUB *"),
        dialogues.counters(),
        opened(0),
        opened(0),
        BYE,
    )

    done = run_mailcli("imap-sync")

    assert (done.returncode, done.stderr) == (0, "")
    assert any(line.endswith(b'SELECT "latin-\xe9"') for line in server.lines)
    assert (root / "latin-%E9" / "cur").is_dir()


def test_a_folder_that_cannot_be_opened_stops_no_other(
    run_mailcli: RunMailcli, serve: Serve, root: Path
) -> None:
    serve(
        listing("INBOX", '"Locked"', '"Work"'),
        opened(0),
        dialogues.answer("SELECT *", status="NO [NOPERM] not yours"),
        opened(0),
        BYE,
    )

    done = run_mailcli("imap-sync", "--json")

    (result,) = document(done, "imap-sync")["accounts"]
    assert done.returncode == 69
    assert "not yours" in folder_of(result, "Locked")["error"]["message"]
    assert (root / "Work" / "cur").is_dir()


def test_a_folder_that_cannot_be_made_stops_no_other(
    run_mailcli: RunMailcli, serve: Serve, root: Path
) -> None:
    put(root / "Alpha", "1.a", b"Subject: x\n\n")
    put(root / "Beta", "1.a", b"")
    serve(
        listing("INBOX"),
        opened(0),
        dialogues.answer('CREATE "Alpha"', status="NO [NOPERM] not here"),
        dialogues.answer('CREATE "Beta"'),
        opened(0),
        # Sent without being asked for: the octets have left before the refusal comes.
        dialogues.script("C~ {tag} APPEND *", "@literal none", "C:", "S: {tag} NO [LIMIT] empty"),
        BYE,
    )

    done = run_mailcli("imap-sync", "--json")

    (result,) = document(done, "imap-sync")["accounts"]
    assert done.returncode == 69
    assert result["folders_created"] == ["INBOX", "Beta"]
    assert "not here" in folder_of(result, "Alpha")["error"]["message"]
    assert "empty" in folder_of(result, "Beta")["skipped"][0]["reason"]


def test_an_incomplete_listing_is_no_proof_of_absence(
    run_mailcli: RunMailcli, serve: Serve, root: Path
) -> None:
    put(root / "INBOX", "1.a", b"Subject: x\n\n")
    serve(listing("INBOX"), opened(3), flags(1), "@rest")

    done = run_mailcli("imap-sync")

    assert done.returncode == 76
    assert len(mail_files(root / "INBOX")) == 1


def test_an_upload_whose_answer_was_lost_is_not_repeated(
    run_mailcli: RunMailcli, serve: Serve, root: Path
) -> None:
    put(root / "INBOX", "1.a", b"Message-ID: <q@x>\n\nbody\n")
    sent = b"Message-ID: <q@x>\r\n\r\nbody\r\n"
    lost = serve(
        *(listing("INBOX"), opened(0), "C~ {tag} APPEND *", "@literal sent", "C:", "@cut"),
        *("@connection 2", OPENING, BYE),  # for the other folders, of which there are none
    )
    assert run_mailcli("imap-sync").returncode == 75
    serve(
        listing("INBOX"),
        opened(1),
        flags(1),
        dialogues.answer("UID SEARCH *", "SEARCH 1"),
        "C~ {tag} UID FETCH 1 *",
        rf"S! * 1 FETCH (UID 1 FLAGS () BODY[] {{{len(sent)}}}\r\n{escaped(sent)})\r\n",
        "S: {tag} OK done",
        BYE,
    )

    done = run_mailcli("imap-sync")

    assert (done.returncode, done.stderr) == (0, "")
    assert lost.received["sent"] == sent
    assert octets(root / "INBOX") == [sent]


def test_uploads_stop_where_the_quota_is_used_up(
    run_mailcli: RunMailcli, serve: Serve, root: Path
) -> None:
    for number in range(UPLOAD_SET + 2):
        put(root / "INBOX", f"{number}.a", b"Subject: x\n\n")
    refusal = ("C~ {tag} APPEND *", "@literal sent", "C:", "S: {tag} NO [OVERQUOTA] full")
    server = serve(
        listing("INBOX"),
        opened(0),
        *refusal * UPLOAD_SET,  # they are on their way together
        BYE,
    )

    done = run_mailcli("imap-sync")

    assert done.returncode == 69
    assert "INBOX: imap localhost:" in done.stderr
    assert len(server.history("sent")) == UPLOAD_SET
