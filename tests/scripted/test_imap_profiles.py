"""Well-known servers with their quirks: the session does the right thing, and a run loses nothing.

First the session alone, then whole runs of `mailcli imap-sync` against each server.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailcli.imap.session import CommandFailed, ImapSession, MessageTooLarge
from mailcli.imap.values import Since, Status, Upload
from mailcli.model import (
    AuthKind,
    Endpoint,
    Flag,
    Protocol,
    Secret,
    TlsMode,
    TlsPolicy,
    Uid,
)
from mailcli.net import Trace
from mailcli.sasl import Identity
from tests.conftest import RunMailcli, WriteConfig
from tests.scripted.imap import Kept
from tests.scripted.sessions import NEVER
from tests.support.imap_profile_server import AHEAD, PASSWORD, USER, ProfileServer
from tests.support.imap_profiles import PROFILES
from tests.support.imap_sides import message
from tests.support.local_mail import document, mail_files, octets, put

ONE, TWO, THREE, FOUR = map(message, ("one", "two", "three", "four"))

each_server = pytest.mark.parametrize("name", PROFILES)


@contextlib.contextmanager
def serving(name: str) -> Iterator[tuple[ProfileServer, ImapSession]]:
    """Play a profile and log in."""
    with ProfileServer(PROFILES[name]) as server:
        place = Endpoint(Protocol.IMAP, "127.0.0.1", server.port, TlsPolicy(TlsMode.NONE))
        session = ImapSession.open(place, timeout=NEVER, trace=Trace())
        with contextlib.closing(session):
            session.login(AuthKind.PASSWORD, lambda: Identity(USER, Secret(PASSWORD)))
            yield server, session


def statuses(session: ImapSession) -> dict[str, Status | None]:
    return {folder.name: folder.status for folder in session.list_folders(counters=True)}


# -- the session -------------------------------------------------------------


@each_server
def test_every_folder_is_listed_with_its_counters(name: str) -> None:
    """Neither a missing STATUS nor a missing extension makes a folder empty."""
    with serving(name) as (server, session):
        server.deliver(ONE, TWO)
        server.deliver(THREE, folder="Work")
        _, folders = session.open_store()
    found = {folder.name: folder.status for folder in folders}
    assert found.keys() == {"INBOX", "Work"}
    assert [status.messages if status else None for status in found.values()] == [2, 1]


@each_server
def test_messages_are_all_found_by_each_way_of_looking(name: str) -> None:
    with serving(name) as (server, session):
        uids = server.deliver(ONE, TWO, THREE)
        server.flag(uids[1], "\\Seen", "Work")
        session.enable()
        selected = session.select(b"INBOX")
        assert selected.exists == 3
        assert list(session.search_uids()) == uids
        flags = session.fetch_flags(selected.exists)
        assert list(flags) == uids
        assert Flag.SEEN in flags[Uid(uids[1])]
        details = session.fetch_details(flags)
        assert [details[uid].size for uid in flags] == list(map(len, (ONE, TWO, THREE)))
        bodies = {m.uid: m.body for m in session.fetch_messages(flags, Kept)}
        found = [body.octets for body in bodies.values() if isinstance(body, Kept)]
        assert found == [ONE, TWO, THREE]


@each_server
def test_uploads_arrive_once_whatever_the_server_takes(name: str) -> None:
    with serving(name) as (server, session):
        raws = [ONE, TWO, THREE]
        uploads = [Upload(lambda raw=raw: [raw], len(raw), frozenset()) for raw in raws]  # type: ignore[misc]
        outcomes = session.append_many(b"INBOX", uploads)
        assert server.held() == raws
        told = name != "Proton Bridge"
        assert [outcome is not None for outcome in outcomes] == [told] * 3
        assert not any(isinstance(outcome, CommandFailed) for outcome in outcomes)


@pytest.mark.parametrize("name", ["iCloud", "careless"])
def test_changes_that_nobody_can_trust_are_none(name: str) -> None:
    with serving(name) as (server, session):
        server.deliver(ONE, TWO)
        session.enable()
        before = session.select(b"INBOX")
        server.deliver(THREE)
        known = before.highestmodseq
        assert known
        after = session.select(b"INBOX", since=Since(before.uidvalidity, known))
        assert after.changes is None
        assert after.exists == 3
        assert len(session.fetch_flags(3)) == 3
        assert session.enabled == ({"CONDSTORE", "QRESYNC"} if name == "careless" else set())


def test_capabilities_that_a_proxy_cut_are_asked_for_again() -> None:
    with serving("iCloud") as (server, session):
        assert {"IMAP4REV1", "UIDPLUS", "SPECIAL-USE"} <= session.capabilities
    assert sum("CAPABILITY" in line for line in server.commands) == 2


def test_parameters_that_are_not_understood_are_left_out_from_then_on() -> None:
    with serving("iCloud") as (server, session):
        for _ in range(3):
            session.select(b"INBOX")
    assert [line.split(" ", 1)[1] for line in server.commands if "SELECT" in line] == [
        'SELECT "INBOX" (CONDSTORE)',
        *['SELECT "INBOX"'] * 3,
    ]


def test_a_mod_sequence_that_nobody_announced_is_not_used() -> None:
    with serving("Yahoo") as (server, session):
        server.deliver(ONE)
        assert session.select(b"INBOX").highestmodseq is None
        status = statuses(session)["INBOX"]
        assert status
        assert status.highestmodseq is None


def test_a_uidnext_far_ahead_is_only_a_number() -> None:
    with serving("Yahoo") as (server, session):
        (uid,) = server.deliver(ONE)
        selected = session.select(b"INBOX")
        assert selected.uidnext == uid + 1 + AHEAD
        assert list(session.fetch_messages([Uid(selected.uidnext)], Kept)) == []
        assert list(session.fetch_flags(1)) == [uid]


def test_a_missing_uidnext_is_none() -> None:
    with serving("chatmail") as (server, session):
        server.deliver(ONE)
        assert session.select(b"INBOX").uidnext is None


def test_a_mod_sequence_of_nothing_is_none() -> None:
    with serving("Purelymail") as (server, session):
        assert session.select(b"INBOX").highestmodseq is None
        found = statuses(session)["INBOX"]
        assert found
        assert found.highestmodseq is None
        server.deliver(ONE)
        assert session.select(b"INBOX").highestmodseq


def test_an_arrival_shows_in_the_counters_though_the_mod_sequence_stalls() -> None:
    with serving("Hostinger") as (server, session):
        server.deliver(ONE)
        before = statuses(session)["INBOX"]
        server.deliver(TWO)
        after = statuses(session)["INBOX"]
        assert before
        assert after
        assert before.highestmodseq == after.highestmodseq
        assert before != after


def test_netease_is_told_who_we_are_before_a_folder_is_opened() -> None:
    with serving("NetEase") as (server, session):
        server.deliver(ONE)
        assert session.select(b"INBOX").exists == 1


def test_no_other_server_is_told() -> None:
    for name in PROFILES.keys() - {"NetEase"}:
        with serving(name) as (server, session):
            session.select(b"INBOX")
        assert not any(line.split()[1] == "ID" for line in server.commands)


def test_gmail_names_a_message_in_all_its_folders() -> None:
    with serving("Gmail") as (server, session):
        server.deliver(ONE, TWO)
        server.deliver(ONE, folder="Label")
        found = []
        for folder in (b"INBOX", b"Label"):
            selected = session.select(folder)
            details = session.fetch_details(session.fetch_flags(selected.exists))
            found.append([one.email_id for one in details.values()])
        assert found[0][0] == found[1][0] != found[0][1]
        (message,) = session.fetch_messages([Uid(1)], Kept)
        assert message.email_id == found[1][0]


def test_gmail_takes_no_message_over_its_limit() -> None:
    with serving("Gmail") as (server, session):
        with pytest.raises(MessageTooLarge):
            session.append(b"INBOX", [], size=35_651_585, flags=frozenset())
        assert not any("APPEND" in line for line in server.commands)


def test_messages_that_exchange_cannot_give_do_not_keep_the_others_back() -> None:
    with serving("Exchange") as (server, session):
        uids = server.deliver(ONE, TWO, THREE)
        server.unfetchable = {uids[1]}
        session.select(b"INBOX")
        messages = session.fetch_messages(map(Uid, uids), Kept)
        assert [next(messages).uid, next(messages).uid] == [uids[0], uids[2]]
        with pytest.raises(CommandFailed, match="could not be FETCHed"):
            next(messages)
        assert len(session.fetch_flags(3)) == 3


def test_an_expunge_that_is_refused_removes_nothing() -> None:
    with serving("Proton Bridge") as (server, session):
        (uid,) = server.deliver(ONE)
        session.select(b"INBOX")
        with pytest.raises(CommandFailed, match="not implemented"):
            session.delete_messages([Uid(uid)])
        assert server.held() == [ONE]
        session.create("Trash")
        assert session.move([Uid(uid)], b"Trash") is None
        assert (server.held(), server.held("Trash")) == ([], [ONE])


# -- whole runs --------------------------------------------------------------

Run = Callable[..., Any]


@pytest.fixture
def maildir(home: Path) -> Path:
    return home / "Mail" / "home"


@pytest.fixture
def server(name: str, write_config: WriteConfig) -> Iterator[ProfileServer]:
    with ProfileServer(PROFILES[name]) as played:
        imap = {"host": "127.0.0.1", "port": played.port, "tls": "none", "username": USER}
        account = {"email": "a@b.example", "password_command": ["printf", PASSWORD]}
        write_config({"home": account | {"imap": imap}})
        yield played


@pytest.fixture
def sync(run_mailcli: RunMailcli) -> Run:
    """Run `imap-sync --json`, which must end with one of `codes`; returns the only account."""

    def run(*args: str, codes: tuple[int, ...] = (0,)) -> Any:
        done = run_mailcli("imap-sync", "--json", *args)
        assert done.returncode in codes, (done.stdout, done.stderr)
        (only,) = document(done, "imap-sync")["accounts"]
        return only

    return run


def alike(server: ProfileServer, maildir: Path, *folders: str) -> None:
    """Hold both sides against one another: the same octets, each as often."""
    for folder in folders or ("INBOX",):
        assert Counter(octets(maildir / folder)) == Counter(server.held(folder))


@each_server
def test_both_sides_hold_the_same_after_each_run(
    name: str, server: ProfileServer, sync: Run, maildir: Path
) -> None:
    """Arrivals and uploads; nothing lost, nothing doubled, and then nothing to do."""
    server.deliver(ONE, TWO)
    server.deliver(THREE, folder="Work")
    sync()
    alike(server, maildir, "INBOX", "Work")

    put(maildir / "INBOX", "1.a", FOUR.replace(b"\r\n", b"\n"))
    server.deliver(message("five"))
    for _ in range(3):
        sync()
    alike(server, maildir, "INBOX", "Work")
    assert len(server.held()) == 4

    sizes = len(server.commands)
    assert not sync()["changed"]
    assert not any("APPEND" in line for line in server.commands[sizes:])


@each_server
def test_flags_and_deletions_of_others_come_here(
    name: str, server: ProfileServer, sync: Run, maildir: Path
) -> None:
    uids = server.deliver(ONE, TWO, THREE)
    sync()
    server.flag(uids[0], "\\Seen")
    server.remove(uids[1])
    sync()
    sync()
    alike(server, maildir)
    assert sum(path.name.endswith(":2,S") for path in mail_files(maildir / "INBOX")) == 1


@each_server
def test_a_deletion_here_removes_that_message_there_or_says_why_not(
    name: str, server: ProfileServer, sync: Run, maildir: Path
) -> None:
    uids = server.deliver(ONE, TWO, THREE)
    server.deliver(FOUR, folder="Trash")
    sync()
    server.flag(uids[2], "\\Deleted")
    for path in mail_files(maildir / "INBOX"):
        if b"Subject: two" in path.read_bytes():
            path.unlink()
    sync(codes=(0, 69))
    sync(codes=(0, 69))
    left = server.held() + server.held("Trash")
    assert {ONE, THREE, FOUR} <= set(left)
    assert Counter(left).most_common(1)[0][1] == 1
    if name not in {"plain", "Proton Bridge"}:
        assert TWO not in server.held()
