"""STARTTLS in all three protocols: stripped, refused, injected, or with the wrong server.

The cases are those of "Why TLS Is Better Without STARTTLS" (USENIX Security 2021).
In each, no credential may have left, and what was learnt before TLS must count for nothing.
"""

import pytest

from mailcli.errors import Exit, LoginFailed, MailError, ProtocolViolation, TlsFailed
from mailcli.model import AuthKind, TlsMode
from mailcli.net import Trace, Wire, connect
from mailcli.sasl import Identity
from tests.scripted.sessions import (
    ADA,
    IMAP,
    NEVER,
    PASSWORD,
    Speaker,
    ada,
    each_protocol,
    endpoint,
    opened,
)
from tests.support.certificates import Authority
from tests.support.dialogues import capabilities, greeting, login, opening, script, starttls
from tests.support.scripted import Scripted

_OFFER = {"smtp": "STARTTLS", "pop3": "STLS", "imap": "STARTTLS"}
_ASK = {"smtp": "c: STARTTLS", "pop3": "C: STLS", "imap": "C: {tag} STARTTLS"}
_YES = {
    "smtp": "S: 220 2.0.0 ready",
    "pop3": "S: +OK begin TLS",
    "imap": "S: {tag} OK begin TLS",
}
_NO = {
    "smtp": "S: 454 4.7.0 not \x1b[31mtoday",
    "pop3": "S: -ERR not \x1b[31mtoday",
    "imap": "S: {tag} NO not \x1b[31mtoday",
}
_FAKES = {
    "smtp": r"250-fake\r\n250 AUTH PLAIN\r\n",
    "pop3": r"+OK fake\r\nSASL PLAIN\r\n.\r\n",
    "imap": r"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n",
}


def _offered(speaker: Speaker, *more: str) -> str:
    names = {"smtp": ("8BITMIME",), "pop3": ("UIDL",), "imap": ("IMAP4rev1",)}[speaker.name]
    return script(
        greeting(speaker.name), capabilities(speaker.name, (*names, *more, _OFFER[speaker.name]))
    )


def _failure(speaker: Speaker, server: Scripted, authority: Authority) -> MailError:
    """Open and log in, which must fail, and without a credential."""
    asked: list[str] = []

    def identify() -> Identity:
        asked.append("the credential")
        return ADA

    with (
        pytest.raises(MailError) as caught,
        opened(speaker, server, TlsMode.STARTTLS, authority=authority) as session,
    ):
        session.login(AuthKind.PASSWORD, identify)
    assert not asked
    assert not server.saw_before_tls(PASSWORD)
    return caught.value


@each_protocol
def test_starttls_protects_the_login(speaker: Speaker, authority: Authority) -> None:
    conversation = opening(speaker.name, tls="starttls")
    with Scripted(conversation, certificate=authority.server()) as server:
        with opened(speaker, server, TlsMode.STARTTLS, authority=authority) as session:
            session.login(AuthKind.PASSWORD, ada)
        assert server.tls_established
    assert not server.saw_before_tls(PASSWORD)


@each_protocol
def test_starttls_that_is_not_offered_ends_the_run(speaker: Speaker, authority: Authority) -> None:
    plain = script(greeting(speaker.name), capabilities(speaker.name), "@gone")
    with Scripted(plain) as server:
        failure = _failure(speaker, server, authority)
    assert isinstance(failure, TlsFailed)
    assert failure.exit_code is Exit.CONFIG
    assert "implicit" in failure.hint


@each_protocol
def test_starttls_that_is_refused_ends_the_run(speaker: Speaker, authority: Authority) -> None:
    refused = script(_offered(speaker), _ASK[speaker.name], _NO[speaker.name], "@gone")
    with Scripted(refused) as server:
        failure = _failure(speaker, server, authority)
    assert isinstance(failure, TlsFailed)
    assert "server said (unverified): " in failure.message
    assert "today" in failure.message


@each_protocol
@pytest.mark.parametrize("later", ["", "@flush"], ids=["same segment", "next segment"])
def test_octets_behind_the_answer_end_the_run(
    speaker: Speaker, authority: Authority, later: str
) -> None:
    said = _FAKES[speaker.name]
    injected = script(
        _offered(speaker),
        _ASK[speaker.name],
        _YES[speaker.name],
        later,
        f"S! {said}" if later else f"@inject {said}",
        "@rest",
    )
    with Scripted(injected) as server:
        failure = _failure(speaker, server, authority)
    assert isinstance(failure, ProtocolViolation)
    assert failure.exit_code is Exit.PROTOCOL
    assert "fake" not in failure.message


@each_protocol
def test_octets_that_come_when_the_answer_was_read_end_the_run(
    speaker: Speaker, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They wait in the socket, not in a buffer."""
    injected = script(
        _offered(speaker),
        _ASK[speaker.name],
        _YES[speaker.name],
        "@wait answered",
        f"S! {_FAKES[speaker.name]}",
        "@signal injected",
        "@rest",
    )
    with Scripted(injected) as server:
        upgrade = Wire.start_tls

        def start_tls(wire: Wire) -> None:
            server.signal("answered")
            server.wait_for("injected")
            upgrade(wire)

        monkeypatch.setattr(Wire, "start_tls", start_tls)
        failure = _failure(speaker, server, authority)
    assert isinstance(failure, ProtocolViolation)
    assert "between its STARTTLS answer and TLS" in failure.message


@each_protocol
def test_a_wrong_certificate_ends_the_run(speaker: Speaker, authority: Authority) -> None:
    wrong = script(_offered(speaker), _ASK[speaker.name], _YES[speaker.name], "@tls refused")
    with Scripted(wrong, certificate=authority.wrong_name()) as server:
        failure = _failure(speaker, server, authority)
    assert isinstance(failure, TlsFailed)
    assert "not valid for '127.0.0.1'" in failure.message


@each_protocol
def test_mechanisms_offered_before_tls_are_forgotten(
    speaker: Speaker, authority: Authority
) -> None:
    before = {"smtp": "AUTH PLAIN", "pop3": "SASL PLAIN", "imap": "AUTH=PLAIN"}[speaker.name]
    nothing = {"smtp": ("HELP",), "pop3": ("TOP",), "imap": ("IMAP4rev1", "LOGINDISABLED")}
    forgetful = script(
        _offered(speaker, before),
        starttls(speaker.name),
        capabilities(speaker.name, nothing[speaker.name]),
        "@rest",
    )
    with Scripted(forgetful, certificate=authority.server()) as server:
        failure = _failure(speaker, server, authority)
        assert server.lines[-1].upper() != b"AUTH"
    assert isinstance(failure, LoginFailed)
    assert not server.saw_before_tls(PASSWORD)


@each_protocol
def test_a_login_before_tls_needs_loopback_or_leave(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The peer is made to look like another machine."""
    monkeypatch.setattr(Wire, "_peer_is_local", lambda _: False)
    plain = script(greeting(speaker.name), capabilities(speaker.name), "@gone")
    with (
        Scripted(plain) as server,
        opened(speaker, server) as session,
        pytest.raises(TlsFailed) as caught,
    ):
        session.login(AuthKind.PASSWORD, ada)
    assert caught.value.exit_code is Exit.CONFIG
    assert not server.saw_before_tls(PASSWORD)


@each_protocol
def test_a_login_without_tls_is_possible_on_loopback(speaker: Speaker) -> None:
    plain = script(opening(speaker.name, logged_in=False), login(speaker.name), "@rest")
    if speaker.name == "pop3":
        plain = script(opening("pop3", logged_in=True))
    with Scripted(plain) as server, opened(speaker, server) as session:
        session.login(AuthKind.PASSWORD, ada)
    assert server.saw_before_tls(PASSWORD)


def test_a_preauthenticated_greeting_ends_the_run(authority: Authority) -> None:
    """It would leave no room for STARTTLS (CVE-2020-14093)."""
    with Scripted("S: * PREAUTH welcome\n@gone") as server:
        failure = _failure(IMAP, server, authority)
    assert isinstance(failure, ProtocolViolation)


@each_protocol
def test_words_from_before_tls_are_marked_in_errors(
    speaker: Speaker, authority: Authority
) -> None:
    busy = {
        "smtp": "421 4.3.2 call 555-FRAUD",
        "pop3": "-ERR call 555-FRAUD",
        "imap": "* BYE call 555-FRAUD",
    }
    with Scripted(f"S: {busy[speaker.name]}\n@cut") as server:
        failure = _failure(speaker, server, authority)
    assert "server said (unverified): " in failure.message
    assert failure.exit_code is Exit.TEMPORARY


@each_protocol
def test_garbage_from_before_tls_is_marked_in_errors(
    speaker: Speaker, authority: Authority
) -> None:
    with Scripted("S: call 555-FRAUD now\n@rest") as server:
        failure = _failure(speaker, server, authority)
    assert isinstance(failure, ProtocolViolation)
    assert "FRAUD" not in failure.message.replace("server said (unverified): call 555-FRAUD", "")


def test_the_wire_refuses_a_credential_outside_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a session believes: this is the last gate."""
    monkeypatch.setattr(Wire, "_peer_is_local", lambda _: False)
    with Scripted("S: ready\n@gone") as server:
        wire = connect(endpoint(server), timeout=NEVER, trace=Trace())
        with pytest.raises(TlsFailed):
            wire.send_credential(b"PASS secret\r\n", b"PASS ***")
        wire.close()
    assert server.credential_bytes_before_tls == b""
