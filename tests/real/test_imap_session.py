"""The IMAP session on a real Dovecot with all that it can, and cut down to less and less.

Whatever the server announces, the session must come to the same; only what cannot be known
without an extension may be missing.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.certificates import Authority
from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.processes import server_directory

from mailcli.imap.session import CommandFailed, ImapSession
from mailcli.imap.values import Since, Status, Upload
from mailcli.model import (
    AuthKind,
    Endpoint,
    Flag,
    Flags,
    Keyword,
    Protocol,
    Secret,
    TlsMode,
    TlsPolicy,
    Uid,
    UidValidity,
)
from mailcli.net import Trace
from mailcli.sasl import Identity

SEEN = frozenset({Flag.SEEN})
PLAIN = "IMAP4rev1"
CUT = {
    "plain": PLAIN,
    "condstore": f"{PLAIN} CONDSTORE ENABLE UIDPLUS ESEARCH",
    "short literals": f"{PLAIN} UIDPLUS LITERAL- MOVE LIST-EXTENDED SPECIAL-USE NAMESPACE",
}


class Kept:
    """A body that keeps what it is given."""

    def __init__(self) -> None:
        self.octets = b""

    def write(self, chunk: bytes) -> None:
        self.octets += chunk


def letter(number: int) -> bytes:
    return b"From: ada@example.test\r\nMessage-ID: <%d@example.test>\r\n\r\n%d\r\n" % (
        number,
        number,
    )


@dataclass(frozen=True, slots=True)
class Ground:
    """A server, one of its users, and how a session with it is opened."""

    server: Dovecot
    user: str

    @contextlib.contextmanager
    def session(self, trace: Trace | None = None) -> Iterator[ImapSession]:
        policy = TlsPolicy(TlsMode.IMPLICIT, ca_file=self.server.authority.ca_pem)
        place = Endpoint(Protocol.IMAP, "localhost", self.server.imaps, policy)
        session = ImapSession.open(place, timeout=30, trace=trace or Trace())
        with contextlib.closing(session):
            session.login(AuthKind.PASSWORD, lambda: Identity(self.user, Secret(PASSWORD)))
            yield session

    def change_flags(self, uid: int, change: str, *, folder: str = "INBOX") -> None:
        """Change flags behind the session's back."""
        with self.server.connect(self.user) as other:
            other.select(folder)
            other.uid("STORE", str(uid), f"{change[0]}FLAGS", f"({change[1:]})")

    def expunge(self, uid: int) -> None:
        with self.server.connect(self.user) as other:
            other.select("INBOX")
            other.uid("STORE", str(uid), "+FLAGS", "(\\Deleted)")
            other.expunge()


@pytest.fixture(scope="module", params=["all", *CUT])
def server(
    request: pytest.FixtureRequest, authority: Authority, dovecot: Dovecot
) -> Iterator[Dovecot]:
    if request.param == "all":
        yield dovecot
        return
    with (
        server_directory("cut") as directory,
        running_dovecot(directory, authority, capability=CUT[request.param]) as cut,
    ):
        yield cut


@pytest.fixture
def ground(server: Dovecot, new_user: Callable[[], str]) -> Ground:
    return Ground(server, new_user())


@pytest.fixture
def full(dovecot: Dovecot, account_user: str) -> Ground:
    """The server that can do all."""
    return Ground(dovecot, account_user)


def test_every_folder_has_its_counters(ground: Ground) -> None:
    ground.server.deliver(ground.user, letter(1), letter(2))
    ground.server.deliver(ground.user, letter(3), folder="Work")
    with ground.session() as session:
        namespaces, folders = session.open_store()
        again = {f.name: f.status for f in session.list_folders(counters=True)}
    found = {folder.name: folder.status for folder in folders}
    assert found == again
    inbox, work = found["INBOX"], found["Work"]
    assert isinstance(inbox, Status)
    assert (inbox.messages, inbox.uidnext) == (2, 3)
    assert isinstance(work, Status)
    assert (work.messages, work.uidnext) == (1, 2)
    assert bool(inbox.highestmodseq) == ("CONDSTORE" in session.capabilities)
    assert bool(namespaces.personal) == ("NAMESPACE" in session.capabilities)
    assert {"INBOX", "Sent", "Trash"} <= found.keys()


def test_counters_move_with_each_change(ground: Ground) -> None:
    first, second = ground.server.deliver(ground.user, letter(1), letter(2))
    changes: list[Callable[[], object]] = [
        lambda: ground.expunge(second),
        lambda: ground.server.deliver(ground.user, letter(3)),
    ]
    with ground.session() as session:
        session.open_store()
        if "CONDSTORE" in session.capabilities:
            changes.append(lambda: ground.change_flags(first, "+\\Seen"))
        seen = [_inbox(session)]
        for change in changes:
            change()
            seen.append(_inbox(session))
    assert len(set(seen)) == len(seen)


def _inbox(session: ImapSession) -> Status | None:
    return next(f.status for f in session.list_folders(counters=True) if f.name == "INBOX")


def test_uploads_moves_and_copies_are_found_where_they_went(ground: Ground) -> None:
    """Dovecot tells where also without UIDPLUS."""
    raws = [letter(number) for number in range(120)]
    work: Flags = frozenset({Flag.FLAGGED, Keyword("Work")})
    received = datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
    uploads = [
        Upload(lambda raw=raw: [raw[:9], raw[9:]], len(raw), work, received)  # type: ignore[misc]
        for raw in raws
    ]
    with ground.session() as session:
        wire = session.create("Elsewhere")
        places = session.append_many(b"INBOX", uploads)
        selected = session.select(b"INBOX")
        assert selected.exists == 120
        uids = list(session.search_uids())
        found = {
            m.uid: m.body.octets
            for m in session.fetch_messages(uids, Kept)
            if isinstance(m.body, Kept)
        }
        assert [found[uid] for uid in uids] == raws
        assert set(session.fetch_flags(120).values()) == {work}
        details = session.fetch_details(uids)
        assert {one.internal_date for one in details.values()} == {received}
        assert [details[uid].size for uid in uids] == list(map(len, raws))
        assert places == [(selected.uidvalidity, uid) for uid in uids]

        copied = session.copy(uids[:3], wire)
        if "MOVE" in session.capabilities:
            moved = session.move(uids[3:5], wire)
            assert list(session.search_uids()) == uids[:3] + uids[5:]
        else:
            moved = session.copy(uids[3:5], wire)
        there = session.select(wire)
        assert copied is not None
        assert moved is not None
        assert copied.uidvalidity == there.uidvalidity
        pairs = copied.pairs | moved.pairs
        assert pairs.keys() == set(uids[:5])
        after = {
            m.uid: m.body.octets
            for m in session.fetch_messages(pairs.values(), Kept)
            if isinstance(m.body, Kept)
        }
    assert {old: after[new] for old, new in pairs.items()} == {old: found[old] for old in pairs}


def test_a_search_by_day_finds_what_came_since(ground: Ground) -> None:
    now = datetime.now(UTC)
    with ground.session() as session:
        for days in (0, 3, 30):
            raw = letter(days)
            session.append(
                b"INBOX", [raw], size=len(raw), flags=SEEN, received=now - timedelta(days=days)
            )
        session.select(b"INBOX")
        assert list(session.search_since((now - timedelta(days=10)).date())) == [1, 2]


def test_a_search_by_any_keys_finds_the_same_whatever_the_server_can(ground: Ground) -> None:
    subjects = ("plain", "=?utf-8?q?Gr=C3=B6=C3=9Fe?=", "=?utf-8?q?gr=C3=B6=C3=9Fer?=")
    raws = [f"Subject: {each}\r\n\r\nx\r\n".encode() for each in subjects]
    uids = ground.server.deliver(ground.user, *raws)
    with ground.session() as session:
        session.select(b"INBOX", read_only=True)
        assert list(session.search([b"SUBJECT ", "GRÖßE"])) == uids[1:]
        assert list(session.search([b"NOT SUBJECT ", "größe", b" UNSEEN"])) == uids[:1]
        assert list(session.search([b"OR SUBJECT ", "pl", b" SUBJECT ", "ßer"])) == uids[::2]
        assert not session.search([b"SEEN"])
        headed = {each.uid: each for each in session.fetch_headed([Uid(uid) for uid in uids])}
    assert [headed[Uid(uid)].size for uid in uids] == list(map(len, raws))
    assert headed[Uid(uids[0])].header.strip() == b"Subject: plain"


def test_many_messages_by_scattered_uids_come_all(ground: Ground) -> None:
    """More than one command names."""
    uids = ground.server.deliver(ground.user, *map(letter, range(3_000)))
    wanted = [Uid(uid) for uid in uids[::2]]
    with ground.session() as session:
        session.select(b"INBOX", read_only=True)
        found = [message.uid for message in session.fetch_messages(wanted, Kept)]
    assert sorted(found) == wanted  # Dovecot may work on several commands at once


def test_a_refusal_among_many_commands_is_told_and_the_session_goes_on(ground: Ground) -> None:
    uids = [Uid(uid) for uid in ground.server.deliver(ground.user, *map(letter, range(1_100)))]
    with ground.session() as session:
        session.select(b"INBOX", read_only=True)
        with pytest.raises(CommandFailed):
            session.copy(uids, b"Nowhere")
        with pytest.raises(CommandFailed):
            session.select(b"Nowhere")
        assert session.select(b"INBOX").exists == 1_100


# -- what changed since ------------------------------------------------------


def test_what_changed_since_a_state_is_told_by_select(full: Ground) -> None:
    uids = full.server.deliver(full.user, *map(letter, range(10)))
    with full.session() as session:
        assert session.enable() == {"CONDSTORE", "QRESYNC"}
        before = session.select(b"INBOX")
        assert before.highestmodseq is not None
        since = Since(before.uidvalidity, before.highestmodseq)

        nothing = session.select(b"INBOX", since=since)
        assert nothing.changes is not None
        assert (nothing.changes.flags, list(nothing.changes.vanished)) == ({}, [])

        full.change_flags(uids[4], "+\\Seen Work")
        full.expunge(uids[2])
        (new,) = full.server.deliver(full.user, letter(99))
        after = session.select(b"INBOX", since=since)
        assert after.changes is not None
        assert after.changes.flags == {
            Uid(uids[4]): {Flag.SEEN, Keyword("Work")},
            Uid(new): frozenset(),
        }
        assert list(after.changes.vanished) == [uids[2]]
        assert after.exists == 10
        assert session.fetch_changed_flags(since.modseq) == after.changes.flags
        assert session.fetch_flags(after.exists).keys() == set(session.search_uids())

        other = session.select(b"INBOX", since=replace(since, uidvalidity=UidValidity(1)))
        assert other.changes is None


def test_only_changed_flags_are_told_where_there_is_only_condstore(
    server: Dovecot, new_user: Callable[[], str]
) -> None:
    ground = Ground(server, new_user())
    uids = ground.server.deliver(ground.user, *map(letter, range(3)))
    with ground.session() as session:
        session.enable()
        before = session.select(b"INBOX")
        if before.highestmodseq is None:
            assert "CONDSTORE" not in session.capabilities
            return
        ground.change_flags(uids[1], "+\\Flagged")
        after = session.select(b"INBOX", since=Since(before.uidvalidity, before.highestmodseq))
        assert (after.changes is not None) == ("QRESYNC" in session.enabled)
        found = session.fetch_changed_flags(before.highestmodseq)
    assert found == {Uid(uids[1]): {Flag.FLAGGED}}


def test_a_store_with_everything_is_opened_in_one_round_trip(full: Ground) -> None:
    lines: list[str] = []
    with full.session(Trace(lines.append)) as session:
        lines.clear()
        session.open_store()
    said = [line[0] for line in lines if line[:2] in {"C:", "S:"}]
    assert said.index("S") == 3, lines[:5]
    assert "C" not in said[3:]


# -- compressed, and waiting -------------------------------------------------


def test_a_compressed_connection_carries_the_same(full: Ground) -> None:
    raws = [letter(number) + b"x" * 70 * number + b"\r\n" for number in range(300)]
    full.server.deliver(full.user, *raws[:150])
    uploads = [
        Upload(lambda raw=raw: [raw], len(raw), SEEN)  # type: ignore[misc]
        for raw in raws[150:]
    ]
    with full.session() as session:
        assert session.compress()
        session.append_many(b"INBOX", uploads)
        selected = session.select(b"INBOX")
        uids = list(session.fetch_flags(selected.exists))
        bodies = [message.body for message in session.fetch_messages(uids, Kept)]
        session.logout()
    assert [body.octets for body in bodies if isinstance(body, Kept)] == raws


def test_news_of_the_open_folder_come_by_themselves(full: Ground) -> None:
    with full.session() as session:
        session.select(b"INBOX")
        news = session.idle(30)
        full.server.deliver(full.user, letter(1))
        arrived = next(news)
        assert (arrived.name, arrived.number) == ("EXISTS", 1)
        news.close()  # type: ignore[attr-defined]  # it is a generator
        assert list(session.search_uids()) == [1]
