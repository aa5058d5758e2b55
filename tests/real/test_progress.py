"""Progress of a real transfer: at a terminal it is shown, in a pipe nothing is."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.real.conftest import OpenAccount
from tests.support import terminal
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.imap_sides import message
from tests.support.postfix import Postfix
from tests.support.proxy import FaultProxy
from tests.support.sync_account import SyncAccount

FAR = 0.3
"""Seconds in each direction: the first message comes later than the patience of 0.5 s."""

NEAR = 4
"""The turn of which it is far from then on: before are TLS and the login, shown by nobody."""

LARGE = b"x" * 70 + b"\r\n"


def at_terminal(args: tuple[str, ...], environ: Mapping[str, str]) -> str:
    """Run mailcli with a terminal of 100 columns for stderr, and return what is drawn there."""
    screen = terminal.at_terminal(
        args, {**environ, "TERM": "xterm"}, columns=100, elsewhere={0, 1}
    )
    assert screen.code == 0, screen.text
    return screen.text


@pytest.mark.parametrize("protocol", ["imap", "pop"])
def test_at_a_terminal_a_transfer_shows_how_far_it_is(
    dovecot: Dovecot,
    account_user: str,
    write_config: WriteConfig,
    mailcli_env: dict[str, str],
    protocol: str,
) -> None:
    dovecot.deliver(account_user, *(message(f"m{n}", LARGE * 700) for n in range(60)))
    port = dovecot.imaps if protocol == "imap" else dovecot.pop3s
    with FaultProxy(port, delay=FAR, near=NEAR) as proxy:
        table = account(account_user, imap=dovecot) if protocol == "imap" else None
        table = table or account(account_user, pop=dovecot)
        table[protocol]["port"] = proxy.port
        write_config({"work": table})
        verb = "imap-sync" if protocol == "imap" else "pop-fetch"
        drawn = at_terminal((verb,), mailcli_env)

    assert "/60" in drawn
    assert re.search(r"\d [kM]B  [\d.]+ [kM]B/s", drawn), "octets, and how fast they come"
    assert ("INBOX" in drawn) == (protocol == "imap")


def test_a_transfer_that_broke_off_says_where_it_goes_on(
    mirrored: SyncAccount, configured: OpenAccount, dovecot: Dovecot, mailcli_env: dict[str, str]
) -> None:
    raws = [message(f"m{number:02}", LARGE * 150) for number in range(60)]
    mirrored.server.deliver(mirrored.user, *raws)
    with FaultProxy(dovecot.imaps, cut_after_server=400_000) as proxy:
        configured(port=proxy.port).sync(code=75)
    kept = len(mirrored.here())
    assert 0 < kept < 60

    with FaultProxy(dovecot.imaps, delay=FAR, near=NEAR) as proxy:
        configured(port=proxy.port)
        drawn = at_terminal(("imap-sync",), mailcli_env)

    assert f"resumed after {kept}" in drawn
    assert "/60" in drawn


LETTER = ("u@elsewhere.example", "--body", "x" * 70)
SENT_NOW = (("send", *LETTER, "-a", "large.bin"),)
QUEUED = (("send", "--queue", *LETTER, "-a", "large.bin"), ("outbox", "flush"))


@pytest.fixture
def far_sender(
    postfix: Postfix,
    account_user: str,
    write_config: WriteConfig,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """An account that sends to a server far away, and a file to send in the current directory."""
    monkeypatch.chdir(home)
    home.joinpath("large.bin").write_bytes(b"x" * 3_000_000)
    table = account(account_user, smtp=postfix)
    with FaultProxy(table["smtp"]["port"], delay=FAR, near=NEAR) as proxy:
        table["smtp"]["port"] = proxy.port
        write_config({"work": table})
        yield


@pytest.mark.usefixtures("far_sender")
@pytest.mark.parametrize("commands", [SENT_NOW, QUEUED], ids=["send", "outbox flush"])
def test_at_a_terminal_a_large_message_shows_how_far_it_is(
    mailcli_env: dict[str, str], commands: tuple[tuple[str, ...], ...]
) -> None:
    *before, last = commands
    for command in before:
        at_terminal(command, mailcli_env)

    drawn = at_terminal(last, mailcli_env)

    assert re.search(r"work .*[\d.]+ [kM]B of 4\.1 MB  [\d.]+ [kM]B/s", drawn), drawn
    assert "\x1b[" not in at_terminal((*SENT_NOW[0], "-q"), mailcli_env)


@pytest.mark.usefixtures("far_sender")
def test_in_a_pipe_a_large_message_shows_nothing(run_mailcli: RunMailcli) -> None:
    assert run_mailcli(*SENT_NOW[0]).stderr == ""


@pytest.mark.parametrize("option", ["-q", "-v"])
def test_with_other_words_or_none_it_shows_nothing(
    dovecot: Dovecot,
    account_user: str,
    write_config: WriteConfig,
    mailcli_env: dict[str, str],
    option: str,
) -> None:
    dovecot.deliver(account_user, message("a"))
    with FaultProxy(dovecot.imaps, delay=FAR, near=NEAR) as proxy:
        table = account(account_user, imap=dovecot)
        table["imap"]["port"] = proxy.port
        write_config({"work": table})

        assert "\x1b[" not in at_terminal(("imap-sync", option), mailcli_env)


def test_in_a_pipe_it_shows_nothing(
    dovecot: Dovecot, account_user: str, write_config: WriteConfig, run_mailcli: RunMailcli
) -> None:
    dovecot.deliver(account_user, message("a"))
    with FaultProxy(dovecot.imaps, delay=FAR, near=NEAR) as proxy:
        table = account(account_user, imap=dovecot)
        table["imap"]["port"] = proxy.port
        write_config({"work": table})

        assert run_mailcli("imap-sync").stderr == ""
