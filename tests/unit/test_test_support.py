"""Certificates, ports, samples of effects, and the rule about what a machine lacks."""

import contextlib
import socket
import ssl
import threading

import pytest
from tests.support import need as need_module
from tests.support.certificates import Authority, Certificate
from tests.support.faults import Effect, Fault, each, kills, turns
from tests.support.faults_effects import Mode
from tests.support.need import need
from tests.support.ports import free_ports, is_taken


def _handshake(certificate: Certificate, client: ssl.SSLContext) -> str | None:
    """Return the TLS version agreed on in one handshake over a socket pair."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate.cert, certificate.key)
    near, far = socket.socketpair()

    def serve() -> None:
        with far, contextlib.suppress(OSError), server.wrap_socket(far, server_side=True):
            pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with near, client.wrap_socket(near, server_hostname="localhost") as wrapped:
            return wrapped.version()
    finally:
        thread.join()


def test_a_server_certificate_passes_the_strict_checks(authority: Authority) -> None:
    assert _handshake(authority.server(), authority.context()) == "TLSv1.3"


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        ("expired", "certificate has expired"),
        ("wrong_name", "Hostname mismatch"),
        ("self_signed", "self.signed certificate"),
    ],
)
def test_a_broken_certificate_fails_for_its_own_reason(
    authority: Authority, kind: str, complaint: str
) -> None:
    certificate = getattr(authority, kind)()

    with pytest.raises(ssl.SSLCertVerificationError, match=complaint):
        _handshake(certificate, authority.context())


def test_a_certificate_is_made_once_and_knows_its_fingerprint(authority: Authority) -> None:
    first, again = authority.server("localhost"), authority.server("localhost")

    assert first == again
    assert len(bytes.fromhex(first.fingerprint)) == 32
    assert first.fingerprint != authority.client().fingerprint


# What a machine may lack, and small helpers


def test_a_missing_program_fails_the_test_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="no-such-program"):
        need("sh", "no-such-program")


def test_a_missing_program_skips_the_test_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(need_module, "_MORE_PLACES", ())
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(pytest.skip.Exception, match="apt-get install dovecot-imapd postfix"):
        need("postfix", "imap")


def test_free_ports_are_different_and_free() -> None:
    ports = free_ports(20)

    assert len(set(ports)) == 20
    with socket.create_server(("127.0.0.1", ports[0])):
        assert is_taken(ports[0])
        assert not is_taken(ports[1])


EFFECTS = [Effect(kind) for kind in ("create", *["write"] * 30, "send", "reply", "link", "fsync")]


@pytest.mark.parametrize("every", [2, 5, 12, 100])
@pytest.mark.parametrize("mode", [Mode.KILL_AFTER, Mode.EIO, Mode.DISK_FULL, Mode.SIGTERM])
def test_a_sample_strikes_each_kind_of_effect_and_no_fewer_than_asked_for(
    mode: Mode, every: int
) -> None:
    may_fail = [effect for effect in EFFECTS if mode is not Mode.EIO or effect.can_fail]

    struck = [EFFECTS[fault.at - 1] for fault in each(mode, EFFECTS, every=every)]

    assert {effect.kind for effect in struck} == {effect.kind for effect in may_fail}
    assert len(may_fail) / every <= len(struck) < len(may_fail)


@pytest.mark.parametrize("every", [2, 5, 12])
def test_faults_that_take_turns_all_come_and_strike_each_kind(every: int) -> None:
    modes = (Mode.EIO, Mode.ENOSPC, Mode.SIGINT)

    faults = list(turns(modes, EFFECTS, every=every))

    assert {fault.mode for fault in faults} == set(modes)
    assert {EFFECTS[fault.at - 1] for fault in faults} == set(EFFECTS)
    assert all(EFFECTS[f.at - 1].can_fail for f in faults if f.mode is not Mode.SIGINT)


def test_all_strikes_each_effect() -> None:
    count = len(EFFECTS)

    assert list(each(Mode.SIGINT, EFFECTS)) == [Fault(Mode.SIGINT, n + 1) for n in range(count)]
    assert len(list(turns((Mode.SIGINT, Mode.SIGTERM), EFFECTS, every=1))) == 2 * count
    assert len(list(kills(EFFECTS))) == count + 1
    assert len(list(turns((Mode.EIO,), EFFECTS))) == count - 2
