"""`imap-sync --jobs`: messages come over several connections, and each of them once."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.real.conftest import OpenAccount
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.imap_sides import done, message
from tests.support.processes import server_directory
from tests.support.proxy import FaultProxy
from tests.support.sync_account import SyncAccount

SLOW = 0.00005
"""Seconds an octet: the run's own connection takes long, and others bring what they can."""

FAR = 0.02
"""Seconds one way: another connection is open long before the first has brought all."""


def subjects(count: int) -> list[str]:
    """Return the subjects of so many messages, in order."""
    return [f"m{number:04}" for number in range(count)]


def fill(mirrored: SyncAccount, count: int, *, octets: int = 10) -> list[str]:
    """Deliver messages of about so many octets, and return what is to be here of them."""
    body = b"x" * 70 + b"\r\n"
    names = subjects(count)
    raws = (message(name, body * (octets // len(body) + 1)) for name in names)
    mirrored.server.deliver(mirrored.user, *raws)
    return names


def leftovers(mirrored: SyncAccount) -> list[Path]:
    """Return the files of messages that are not complete."""
    return list(mirrored.maildir.glob("**/tmp/*"))


def logins(mirrored: SyncAccount) -> int:
    """Return how often the user has logged in by IMAP."""
    log = mirrored.server.log_text()
    return log.count(f"imap-login: Info: Login: user=<{mirrored.user}>")


def test_each_message_comes_once_over_as_many_connections_as_asked_for(
    configured: OpenAccount, dovecot: Dovecot
) -> None:
    names = fill(configured(), 120)
    with FaultProxy(dovecot.imaps, dribble=SLOW, faulty=1) as proxy:
        mirrored = configured(port=proxy.port)
        before = logins(mirrored)
        result = mirrored.sync("--jobs", "3")
        assert proxy.connections == logins(mirrored) - before == 3

        assert done(result) == {"INBOX": {"fetched": 120}}
        assert mirrored.here() == names
        assert leftovers(mirrored) == []

    mirrored = configured()
    assert done(mirrored.sync("--jobs", "3")) == {}


def test_connections_are_kept_from_folder_to_folder(
    configured: OpenAccount, dovecot: Dovecot
) -> None:
    mirrored = configured(folders=["INBOX", "A", "B"])
    for folder in ("INBOX", "A", "B"):
        mirrored.deliver(*subjects(160), folder=folder)
    with FaultProxy(dovecot.imaps, delay=FAR) as proxy:
        mirrored = configured(port=proxy.port, folders=["INBOX", "A", "B"])
        mirrored.sync("--jobs", "2")

        assert proxy.connections == 2
    for folder in ("INBOX", "A", "B"):
        assert mirrored.here(folder) == subjects(160)


def test_one_job_is_one_connection(configured: OpenAccount, dovecot: Dovecot) -> None:
    names = fill(configured(), 160)
    with FaultProxy(dovecot.imaps) as proxy:
        mirrored = configured(port=proxy.port)
        mirrored.sync("--jobs", "1")

        assert proxy.connections == 1
    assert mirrored.here() == names


def test_few_messages_come_over_one_connection_unless_more_are_asked_for(
    configured: OpenAccount, dovecot: Dovecot
) -> None:
    names = fill(configured(), 500)
    with FaultProxy(dovecot.imaps, delay=FAR) as proxy:
        mirrored = configured(port=proxy.port)
        mirrored.sync()

        assert proxy.connections == 1
    assert mirrored.here() == names


def test_very_many_that_are_waited_for_come_over_more_connections_unasked(
    configured: OpenAccount, dovecot: Dovecot
) -> None:
    names = fill(configured(), 2500)
    with FaultProxy(dovecot.imaps, delay=0.1) as proxy:
        mirrored = configured(port=proxy.port)
        result = mirrored.sync()

        assert 1 < proxy.connections <= 4
    assert done(result) == {"INBOX": {"fetched": 2500}}
    assert mirrored.here() == names
    assert configured().settled()


# -- what the server bears -------------------------------------------------------------------


@pytest.fixture(scope="module")
def sparing(authority: Authority) -> Iterator[Dovecot]:
    """A server that lets each user have one connection."""
    extra = "mail_max_userip_connections = 1"
    with (
        server_directory("sparing") as directory,
        running_dovecot(directory, authority, extra=extra) as server,
    ):
        yield server


def test_where_the_server_lets_in_one_connection_all_comes_over_that(
    configured: OpenAccount, sparing: Dovecot
) -> None:
    names = fill(configured(sparing), 160)
    with FaultProxy(sparing.imaps, delay=FAR) as proxy:
        mirrored = configured(sparing, port=proxy.port)
        result = mirrored.sync("--jobs", "4")

        assert proxy.connections == 2, "one that refuses is asked once"
    assert done(result) == {"INBOX": {"fetched": 160}}
    assert mirrored.here() == names
    assert "Maximum number of connections" in sparing.log_text()


def test_what_a_lost_connection_has_not_brought_comes_over_the_first(
    configured: OpenAccount, dovecot: Dovecot
) -> None:
    names = fill(configured(), 300, octets=10_000)
    # Behind the handshake and the login, in the middle of the first or second message.
    with FaultProxy(dovecot.imaps, delay=FAR, cut_after_server=15_000, spared=1) as proxy:
        mirrored = configured(port=proxy.port)
        result = mirrored.sync("--jobs", "2")

        assert proxy.tripped.is_set()
    assert done(result) == {"INBOX": {"fetched": 300}}
    assert mirrored.here() == names
    assert leftovers(mirrored) == []
    assert configured().settled()


def test_where_the_runs_own_connection_is_lost_it_is_opened_again_and_nothing_comes_twice(
    configured: OpenAccount, dovecot: Dovecot
) -> None:
    names = fill(configured(), 300, octets=10_000)
    with FaultProxy(dovecot.imaps, delay=FAR, cut_after_server=300_000, faulty=1) as proxy:
        mirrored = configured(port=proxy.port)
        mirrored.sync("--jobs", "2", code=75)
        assert proxy.tripped.is_set()

    assert leftovers(mirrored) == []
    kept = mirrored.here()
    assert 0 < len(kept) < 300, "what came is kept"
    mirrored = configured()
    assert done(mirrored.sync("--jobs", "2")) == {"INBOX": {"fetched": 300 - len(kept)}}
    assert mirrored.here() == names


def test_a_credential_is_asked_for_once_for_all_connections(
    configured: OpenAccount, dovecot: Dovecot, home: Path
) -> None:
    names = fill(configured(), 120)
    asked = home / "asked"
    command = ["sh", "-c", f"echo asked >> {asked}; echo pw"]
    with FaultProxy(dovecot.imaps, dribble=SLOW, faulty=1) as proxy:
        mirrored = configured(port=proxy.port, password_command=command)
        mirrored.sync("--jobs", "3")

        assert proxy.connections == 3
    assert mirrored.here() == names
    assert asked.read_text("ascii") == "asked\n"


# -- stopped in the middle -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)],
    ids=["kill", "terminate", "interrupt"],
)
def test_a_run_that_is_stopped_while_several_bring_mail_is_resumed(
    configured: OpenAccount,
    dovecot: Dovecot,
    mailcli_env: dict[str, str],
    number: signal.Signals,
    code: int,
) -> None:
    names = fill(configured(), 300, octets=10_000)
    # No connection brings more than a part, and all wait then.
    with FaultProxy(dovecot.imaps, delay=FAR, stall_after_server=600_000) as proxy:
        mirrored = configured(port=proxy.port)
        with subprocess.Popen(
            [sys.executable, "-m", "mailcli", "imap-sync", "--jobs", "2"],
            env=mailcli_env,
            stderr=subprocess.PIPE,
        ) as child:
            assert proxy.tripped.wait(30)
            child.send_signal(number)
            child.communicate(timeout=30)
        assert proxy.connections == 2

    assert child.returncode == code
    if number != signal.SIGKILL:
        assert leftovers(mirrored) == []
    mirrored = configured()
    mirrored.sync("--jobs", "2")
    assert mirrored.here() == names
    assert leftovers(mirrored) == []
    assert mirrored.settled()
