"""`mailcli imap-sync --verify` against servers that send other messages than they did, or none."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import RunMailcli, WriteConfig
from tests.support.certificates import Authority
from tests.support.dialogues import answer, goodbye, opening, script
from tests.support.imap_sides import errors, message, of, syncing
from tests.support.local_mail import snapshot
from tests.support.scripted import Scripted

ONE, TWO = message("one"), message("two")
NOTHING = r"S! * 1 FETCH (UID 1 FLAGS () BODY[] NIL)\r\n"
NUMBERS = answer("UID SEARCH ALL", "SEARCH 1 2")
FLAGS = answer("UID FETCH 1:* (UID FLAGS)", "1 FETCH (UID 1 FLAGS ())", "2 FETCH (UID 2 FLAGS ())")


def body(uid: int, raw: bytes) -> str:
    octets = "".join(f"\\x{octet:02x}" for octet in raw)
    return rf"S! * 1 FETCH (UID {uid} FLAGS () BODY[] {{{len(raw)}}}\r\n{octets})\r\n"


def connection(number: int, verb: str, *bodies: str, more: str = "") -> str:
    """Return a connection that opens INBOX, with two messages, and sends bodies."""
    return "\n".join(
        (
            f"@connection {number}",
            opening("imap", tls="implicit"),
            script('C: {tag} LIST "" "*"', 'S: * LIST () "/" INBOX', "S: {tag} OK done"),
            answer("LSUB *"),
            answer("STATUS *", status="NO not now"),
            answer(f"{verb} *", "2 EXISTS", "OK [UIDVALIDITY 7] ok", "OK [UIDNEXT 3] ok"),
            NUMBERS if number == 1 else FLAGS,
            script(
                "C: {tag} UID FETCH 1:2 (UID FLAGS INTERNALDATE BODY.PEEK[])",
                *bodies,
                "S: {tag} OK done",
            ),
            more,
            goodbye("imap", required=False),
        )
    )


FIRST = connection(1, "SELECT", body(1, ONE), body(2, TWO))


@contextmanager
def served(transcript: str, write_config: WriteConfig, authority: Authority) -> Iterator[None]:
    with Scripted(transcript, certificate=authority.server()) as server:
        imap = {"host": "localhost", "port": server.port, "ca_file": str(authority.ca_pem)}
        known = {"email": "a@b.example", "password_command": ["printf", "pw"]}
        write_config({"home": known | {"imap": imap}})
        yield


@pytest.mark.parametrize("changed_here", [False, True], ids=["there", "on both sides"])
def test_a_message_that_the_server_alters_is_told(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    authority: Authority,
    home: Path,
    changed_here: bool,
) -> None:
    second = connection(2, "EXAMINE", body(1, b"Altered: yes\r\n" + ONE), body(2, TWO))
    sync, maildir = syncing(run_mailcli), home / "Mail" / "home"
    with served(f"{FIRST}\n{second}", write_config, authority):
        sync()
        (path,) = (p for p in maildir.glob("INBOX/*/*") if b"one" in p.read_bytes())
        if changed_here:
            path.write_bytes(b"Subject: changed\n\n")
        before = snapshot(maildir)
        result = sync("--verify", code=74)

    (difference,) = of(result, "INBOX")["differences"]
    assert (difference["kind"], difference["uid"]) == ("octets", 1)
    assert difference["detail"] == (
        "both sides have other octets than they had"
        if changed_here
        else "the server sends other octets than it did"
    )
    assert ("server alters" in of(result, "INBOX")["error"]["hint"]) is not changed_here
    assert snapshot(maildir) == before


@pytest.mark.parametrize(
    ("still", "code", "kinds"),
    [("SEARCH 1 2", 76, []), ("SEARCH 2", 0, ["missing_there"])],
    ids=["withheld", "expunged meanwhile"],
)
def test_a_message_that_does_not_come_is_withheld_unless_it_has_gone(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    authority: Authority,
    still: str,
    code: int,
    kinds: list[str],
) -> None:
    odd = (NOTHING, body(2, TWO), body(2, ONE), body(7, b"Never asked for."))
    second = connection(2, "EXAMINE", *odd, more=answer("UID SEARCH *", still))
    sync = syncing(run_mailcli)
    with served(f"{FIRST}\n{second}", write_config, authority):
        sync()
        result = sync("--verify", code=code)

    inbox = of(result, "INBOX")
    assert [each["kind"] for each in inbox["differences"]] == kinds
    assert errors(result) == ({"INBOX": 76} if code else {})
    assert [each["uid"] for each in inbox["skipped"]] == ([1] if code else [])
