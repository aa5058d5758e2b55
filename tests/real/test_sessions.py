"""The three sessions against a real Dovecot and a real Postfix, by every way in."""

import contextlib
from collections.abc import Iterator

import pytest
from tests.support.certificates import Authority
from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.postfix import Postfix

from mailcli.errors import LoginFailed, MailError
from mailcli.imap.session import ImapSession
from mailcli.model import AuthKind, Endpoint, Flag, Protocol, Secret, TlsMode, TlsPolicy, Uid
from mailcli.net import Trace
from mailcli.pop.session import PopSession
from mailcli.sasl import Identity
from mailcli.smtp.envelope import Envelope
from mailcli.smtp.session import SmtpSession

NEVER = 30.0
LETTER = (
    b"From: ada@example.test\r\nMessage-ID: <%b@example.test>\r\n\r\n"
    b".dot\r\n..dots\r\n.\r\nend\r\n"
)

each_tls = pytest.mark.parametrize("mode", [TlsMode.IMPLICIT, TlsMode.STARTTLS], ids=str)
each_mechanism = pytest.mark.parametrize(
    "mechanisms",
    [("SCRAM-SHA-256",), ("PLAIN",), ("LOGIN",), ()],
    ids=["scram", "plain", "login", "own"],
)


class Kept:
    """A body that keeps what it is given."""

    def __init__(self) -> None:
        self.octets = b""

    def write(self, chunk: bytes) -> None:
        self.octets += chunk


def _policy(mode: TlsMode, authority: Authority) -> TlsPolicy:
    return TlsPolicy(mode, ca_file=authority.ca_pem)


def _identity(user: str, password: str = PASSWORD) -> Identity:
    return Identity(user, Secret(password))


@contextlib.contextmanager
def _smtp(postfix: Postfix, mode: TlsMode) -> Iterator[SmtpSession]:
    port = postfix.submissions if mode is TlsMode.IMPLICIT else postfix.submission
    place = Endpoint(Protocol.SMTP, "127.0.0.1", port, _policy(mode, postfix.authority))
    with contextlib.closing(SmtpSession.open(place, timeout=NEVER, trace=Trace())) as session:
        yield session


@contextlib.contextmanager
def _pop(dovecot: Dovecot, mode: TlsMode) -> Iterator[PopSession]:
    port = dovecot.pop3s if mode is TlsMode.IMPLICIT else dovecot.pop3
    place = Endpoint(Protocol.POP3, "localhost", port, _policy(mode, dovecot.authority))
    with contextlib.closing(PopSession.open(place, timeout=NEVER, trace=Trace())) as session:
        yield session


@contextlib.contextmanager
def _imap(dovecot: Dovecot, mode: TlsMode) -> Iterator[ImapSession]:
    port = dovecot.imaps if mode is TlsMode.IMPLICIT else dovecot.imap
    place = Endpoint(Protocol.IMAP, "localhost", port, _policy(mode, dovecot.authority))
    with contextlib.closing(ImapSession.open(place, timeout=NEVER, trace=Trace())) as session:
        yield session


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, mechanisms: tuple[str, ...]) -> None:
    """Know no other mechanisms; with none, the protocol's own login remains."""
    monkeypatch.setattr("mailcli.sasl.PRIVATE_MECHANISMS", mechanisms)


@each_tls
@each_mechanism
def test_imap_logs_in(
    dovecot: Dovecot, account_user: str, mode: TlsMode, mechanisms: tuple[str, ...], only: None
) -> None:
    with _imap(dovecot, mode) as session:
        session.login(AuthKind.PASSWORD, lambda: _identity(account_user))
        assert session.select(b"INBOX").exists == 0
        session.logout()


@each_tls
@each_mechanism
def test_pop_logs_in(
    dovecot: Dovecot, account_user: str, mode: TlsMode, mechanisms: tuple[str, ...], only: None
) -> None:
    with _pop(dovecot, mode) as session:
        session.login(AuthKind.PASSWORD, lambda: _identity(account_user))
        assert session.listing().messages == ()
        session.quit()


@each_tls
@pytest.mark.parametrize("mechanisms", [("SCRAM-SHA-256",), ("PLAIN",), ("LOGIN",)], ids=" ".join)
def test_smtp_logs_in(
    postfix: Postfix, account_user: str, mode: TlsMode, mechanisms: tuple[str, ...], only: None
) -> None:
    with _smtp(postfix, mode) as session:
        session.login(AuthKind.PASSWORD, lambda: _identity(account_user))
        session.quit()


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "stale"])
def test_a_token_opens_every_session_while_it_is_fresh(
    dovecot: Dovecot,
    postfix: Postfix,
    account_user: str,
    mechanism: str,
    fresh: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mailcli.sasl.TOKEN_MECHANISMS", (mechanism,))
    token = dovecot.token(account_user, lifetime=3600 if fresh else -3600)
    identity = _identity(account_user, token)
    expected = contextlib.nullcontext() if fresh else pytest.raises(LoginFailed)
    tls = TlsMode.IMPLICIT
    with _imap(dovecot, tls) as imap, _pop(dovecot, tls) as pop, _smtp(postfix, tls) as smtp:
        for session in (imap, pop, smtp):
            with expected:
                session.login(AuthKind.OAUTH2, lambda: identity)


@each_mechanism
def test_a_wrong_password_is_refused(
    dovecot: Dovecot, account_user: str, mechanisms: tuple[str, ...], only: None
) -> None:
    """One that is not ASCII, too: IMAP's own login then needs literals."""
    with (
        _imap(dovecot, TlsMode.IMPLICIT) as session,
        pytest.raises(MailError) as caught,
    ):
        session.login(AuthKind.PASSWORD, lambda: _identity(account_user, "fälsch"))
    # With SCRAM the server has no way of telling before its proof has failed.
    assert isinstance(caught.value, LoginFailed)


def test_a_message_makes_the_whole_way(
    postfix: Postfix, dovecot: Dovecot, account_user: str
) -> None:
    letter = LETTER % account_user.encode()
    envelope = Envelope(
        "ada@example.test",
        (f"{account_user}@example.test", "reject@example.test", "later@example.test"),
    )
    with _smtp(postfix, TlsMode.STARTTLS) as session:
        session.login(AuthKind.PASSWORD, lambda: _identity(account_user))
        submission = session.submit(envelope, [letter], size=len(letter))
        session.quit()
    assert submission.accepted == (f"{account_user}@example.test",)
    assert submission.refused["reject@example.test"].code == 550
    assert submission.refused["later@example.test"].code == 450
    arrived = postfix.wait_delivered(dovecot, account_user, f"<{account_user}@example.test>")
    assert arrived.endswith(letter)


def test_pop_gives_back_every_octet_and_deletes_at_goodbye(
    dovecot: Dovecot, account_user: str
) -> None:
    letters = [LETTER % b"one", b"Subject: long\r\n\r\n" + b"x" * 50_000 + b"\r\n.\r\n"]
    dovecot.deliver(account_user, *letters)
    for left in (letters, letters[1:]):
        with _pop(dovecot, TlsMode.IMPLICIT) as session:
            session.login(AuthKind.PASSWORD, lambda: _identity(account_user))
            listing = session.listing().messages
            assert [b"".join(chunks) for _, chunks in session.retrieve(listing)] == left
            assert [message.size for message in listing] == [len(letter) for letter in left]
            session.quit(listing[:1])


def test_imap_gives_back_every_octet_and_takes_flags_and_messages(
    dovecot: Dovecot, account_user: str
) -> None:
    first = dovecot.deliver(account_user, LETTER % b"one")[0]
    seen = frozenset({Flag.SEEN})
    with _imap(dovecot, TlsMode.STARTTLS) as session:
        session.login(AuthKind.PASSWORD, lambda: _identity(account_user))
        wire = session.create("Entwürfe & Co")
        selected = session.select(b"INBOX")
        session.change_flags([Uid(first)], seen, add=True)
        assert session.fetch_flags(selected.exists) == {Uid(first): seen}
        letter = LETTER % b"two"
        place = session.append(wire, [letter], size=len(letter), flags=seen)
        assert place is not None
        selected = session.select(wire)
        assert place[0] == selected.uidvalidity
        (fetched,) = session.fetch_messages([place[1]], Kept)
        assert isinstance(fetched.body, Kept)
        assert fetched.body.octets == letter
        assert fetched.flags == seen
        names = {f.name: f.messages for f in session.list_folders(counts=True)}
        assert names["Entwürfe & Co"] == 1
        assert names["INBOX"] == 1
        session.logout()


def test_imap_changes_very_many_flags_at_once(dovecot: Dovecot, account_user: str) -> None:
    """Their UIDs would not fit one command line of Dovecot's."""
    uid = Uid(dovecot.deliver(account_user, LETTER % b"one")[0])
    many = [uid, *(Uid(number) for number in range(uid + 2, 60_000, 2))]
    with _imap(dovecot, TlsMode.IMPLICIT) as session:
        session.login(AuthKind.PASSWORD, lambda: _identity(account_user))
        session.select(b"INBOX")
        session.change_flags(many, frozenset({Flag.FLAGGED}), add=True)
        assert session.fetch_flags(1)[uid] == {Flag.FLAGGED}
