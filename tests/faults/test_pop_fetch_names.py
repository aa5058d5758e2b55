"""A maildrop whose unique-ids do not mean what they did: nothing is lost, nothing comes twice."""

from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.faults.test_pop_fetch_faults import MESSAGES
from tests.support import dialogues
from tests.support.certificates import Authority
from tests.support.faults import each
from tests.support.faults_effects import Mode
from tests.support.faults_ground import End, Ground
from tests.support.faults_walk import ERRORS, KILLS, Walk
from tests.support.local_mail import octets
from tests.support.scripted import Scripted

NEW = b"Subject: new\r\n\r\nnever seen before\r\n"


def _hold(start: End, left: End, end: End) -> None:
    """Hold that what was here stays, and that nothing comes that is not in the end."""
    here = left.counted(left.local)
    assert start.counted(start.local) <= here <= end.counted(end.local), "lost or doubled"
    assert left.server == start.server


def _begin(ground: Ground) -> Walk:
    """Return the walk of a fetch after every message there got another unique-id."""
    ground.configure("pop", ground.dovecot.pop3)
    ground.arguments = ("pop-fetch",)
    ground.dovecot.deliver(ground.user, *MESSAGES)
    assert ground.run().code == 0
    with ground.dovecot.connect(ground.user) as session:
        session.select("INBOX")
        session.store("1:*", "+FLAGS", "(\\Deleted)")
        session.expunge()
    ground.dovecot.deliver(ground.user, *MESSAGES, NEW)
    walk = Walk.begin(ground, _hold)
    assert len(walk.end.local) == len(MESSAGES) + 1
    return walk


@pytest.mark.parametrize("mode", [Mode.KILL_AFTER, Mode.ENOSPC])
def test_stopped_while_all_unique_ids_are_new(ground: Ground, mode: Mode) -> None:
    ground.batch = 1
    walk = _begin(ground)
    assert walk.disturb(each(mode, walk.effects, every=7))


@pytest.mark.soak
@pytest.mark.parametrize("mode", [*KILLS, *ERRORS])
@pytest.mark.parametrize("batch", [None, 1])
def test_stopped_anywhere_while_all_unique_ids_are_new(
    ground: Ground, mode: Mode, batch: int | None
) -> None:
    ground.batch = batch
    walk = _begin(ground)
    assert walk.disturb(each(mode, walk.effects))


@pytest.mark.parametrize(
    ("comes", "wanted"),
    [
        pytest.param("b: 2", [b"a: 1\r\n\r\n", b"b: 2\r\n\r\n"], id="another-message"),
        pytest.param("a: 1", [b"a: 1\r\n\r\n"], id="the-same-message"),
    ],
)
def test_a_unique_id_that_comes_back_after_its_message_was_deleted(
    run_mailcli: RunMailcli,
    write_config: WriteConfig,
    authority: Authority,
    home: Path,
    comes: str,
    wanted: list[bytes],
) -> None:
    """A server may give a unique-id again once its message is gone (RFC 1939 §7)."""
    for text in ("a: 1", comes):
        script = dialogues.script(
            dialogues.opening("pop3", tls="implicit"),
            "@unordered",
            *("C: UIDL", "S: +OK", "S: 1 again", "S: ."),
            "@or",
            *("C: LIST", "S: +OK", "S: 1 8", "S: ."),
            "@end",
            *("C: RETR 1", "S: +OK", rf"S! {text}\r\n\r\n.\r\n"),
            *("C: DELE 1", "S: +OK"),
            dialogues.goodbye("pop3"),
        )
        with Scripted(script, certificate=authority.server()) as server:
            pop = {"host": "localhost", "port": server.port, "ca_file": str(authority.ca_pem)}
            known = {"email": "a@b.example", "password_command": ["printf", "pw"]}
            write_config({"home": known | {"pop": pop}})
            done = run_mailcli("pop-fetch", "--delete")
        assert (done.returncode, done.stderr) == (0, "")

    assert octets(home / "Mail" / "home" / "INBOX") == wanted
