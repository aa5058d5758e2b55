"""TLS from the first octet: who is believed, and what is said when nobody is."""

import contextlib
import socket
import ssl
import struct
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from mailcli.errors import (
    ConfigError,
    Exit,
    MailError,
    ProtocolViolation,
    TemporaryFailure,
    TlsFailed,
)
from mailcli.model import Endpoint, Protocol, TlsMode, TlsPolicy
from mailcli.net import Trace, connect
from tests.scripted.sessions import NEVER, SOON, endpoint
from tests.support.certificates import Authority, Certificate
from tests.support.scripted import Scripted

IMPLICIT = TlsMode.IMPLICIT


def _failure(place: Endpoint, timeout: float = NEVER) -> MailError:
    with pytest.raises(MailError) as caught:
        connect(place, timeout=timeout, trace=Trace())
    return caught.value


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_that_the_ca_vouches_for_is_believed(authority: Authority, host: str) -> None:
    said: list[str] = []
    with Scripted("S: ready", tls="implicit", certificate=authority.server()) as server:
        place = endpoint(server, mode=IMPLICIT, ca_file=authority.ca_pem, host=host)
        wire = connect(place, timeout=NEVER, trace=Trace(said.append))
        assert wire.secured
        assert wire.makefile().readline() == b"ready\r\n"
        wire.close()
    assert any("TLSv1.3" in line and f"verified for {host}" in line for line in said)


def test_a_server_on_ipv6_is_believed(authority: Authority) -> None:
    with Scripted(
        "S: ready", tls="implicit", certificate=authority.server(), host="::1"
    ) as server:
        place = endpoint(server, mode=IMPLICIT, ca_file=authority.ca_pem)
        wire = connect(place, timeout=NEVER, trace=Trace())
        assert wire.makefile().readline() == b"ready\r\n"
        wire.close()


@pytest.mark.parametrize(
    ("issue", "reason"),
    [
        (Authority.expired, "expired"),
        (Authority.wrong_name, "not valid for '127.0.0.1'"),
        (Authority.self_signed, "self[- ]signed"),
    ],
    ids=["expired", "wrong name", "self-signed"],
)
def test_a_bad_certificate_is_refused_with_host_and_reason(
    authority: Authority, issue: Callable[[Authority], Certificate], reason: str
) -> None:
    with Scripted("@tls refused", certificate=issue(authority)) as server:
        place = endpoint(server, mode=IMPLICIT, ca_file=authority.ca_pem)
        failure = _failure(place)
    assert isinstance(failure, TlsFailed)
    assert failure.exit_code is Exit.CONFIG
    assert failure.message.startswith(str(place))
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(failure.message)
    assert failure.hint


def test_an_unknown_ca_is_refused(authority: Authority) -> None:
    with Scripted("@tls refused", certificate=authority.server()) as server:
        failure = _failure(endpoint(server, mode=IMPLICIT))
    assert isinstance(failure, TlsFailed)
    assert "unable to get local issuer certificate" in failure.message


def test_a_pin_that_holds_replaces_ca_and_name(authority: Authority) -> None:
    certificate = authority.self_signed()
    said: list[str] = []
    with Scripted("S: ready", tls="implicit", certificate=certificate) as server:
        place = endpoint(server, mode=IMPLICIT, fingerprint=certificate.fingerprint)
        connect(place, timeout=NEVER, trace=Trace(said.append)).close()
    assert any("pinned certificate" in line for line in said)


def test_a_pin_that_does_not_hold_is_refused_whatever_the_ca_says(authority: Authority) -> None:
    pin = authority.self_signed().fingerprint
    with Scripted("@tls refused", certificate=authority.server()) as server:
        place = endpoint(server, mode=IMPLICIT, ca_file=authority.ca_pem, fingerprint=pin)
        failure = _failure(place)
    assert isinstance(failure, TlsFailed)
    assert "pinned" in failure.message


def test_an_old_tls_version_is_refused(authority: Authority) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.server()
    old.load_cert_chain(certificate.cert, certificate.key)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is the point
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with Scripted("@tls refused", certificate=old) as server:
        failure = _failure(endpoint(server, mode=IMPLICIT, ca_file=authority.ca_pem))
    assert isinstance(failure, TlsFailed)
    assert "1.2" in failure.hint


@pytest.mark.parametrize("greeting", ["220 ready", "+OK ready", "* OK ready", "HTTP/1.1 400 no"])
def test_a_server_without_tls_breaks_the_protocol(greeting: str) -> None:
    with Scripted(f"S: {greeting}\n@rest") as server:
        failure = _failure(endpoint(server, mode=IMPLICIT))
    assert isinstance(failure, ProtocolViolation)
    assert greeting not in failure.message
    assert "starttls" in failure.hint


def test_a_server_that_hangs_in_the_handshake_is_given_up() -> None:
    with Scripted("@stall forever") as server:
        failure = _failure(endpoint(server, mode=IMPLICIT), SOON)
    assert isinstance(failure, TemporaryFailure)
    assert "no answer in time" in failure.message


def test_a_handshake_that_trickles_is_given_up(authority: Authority) -> None:
    with Scripted(
        "@dribble 0.05\n@tls\n", certificate=authority.server(), expect_failure=True
    ) as server:
        failure = _failure(endpoint(server, mode=IMPLICIT, ca_file=authority.ca_pem), SOON)
    assert isinstance(failure, TemporaryFailure)
    assert "no answer in time" in failure.message


@pytest.mark.parametrize("end", ["@cut", "@reset"])
def test_a_server_that_leaves_in_the_handshake_is_temporary(end: str) -> None:
    with Scripted(end) as server:
        failure = _failure(endpoint(server, mode=IMPLICIT))
    assert isinstance(failure, TemporaryFailure)


@pytest.mark.parametrize("told", [True, False], ids=["told", "not yet told"])
@pytest.mark.parametrize("pinned", [True, False], ids=["pin", "CA"])
def test_a_connection_reset_before_the_handshake_is_never_taken_for_tls(
    authority: Authority, pinned: bool, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ssl wraps a socket that lost its peer without a word, and without TLS."""
    connected, reset = threading.Event(), threading.Event()

    def dial_and_wait(place: Endpoint, *, timeout: float) -> socket.socket:
        sock = socket.create_connection((place.host, place.port), timeout)
        connected.set()
        reset.wait(NEVER)
        if told:
            with contextlib.suppress(ConnectionResetError):
                sock.recv(1)
        sock.settimeout(timeout)
        return sock

    # The package's attribute of that name is the function.
    monkeypatch.setattr(sys.modules["mailcli.net.connect"], "dial", dial_and_wait)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def leave() -> None:
            client = listener.accept()[0]
            connected.wait(NEVER)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            reset.set()

        leaving = threading.Thread(target=leave)
        leaving.start()
        pin = bytes.fromhex(authority.server().fingerprint) if pinned else None
        policy = TlsPolicy(ca_file=authority.ca_pem, fingerprint=pin)
        failure = _failure(Endpoint(Protocol.SMTP, "127.0.0.1", listener.getsockname()[1], policy))
        leaving.join()
    assert isinstance(failure, TemporaryFailure)
    assert "handshake" in failure.message


def _asking_for_a_certificate(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.server()
    context.load_cert_chain(certificate.cert, certificate.key)
    context.load_verify_locations(authority.ca_pem)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_a_client_certificate_proves_who_we_are(authority: Authority) -> None:
    ours = authority.client()
    policy = TlsPolicy(ca_file=authority.ca_pem, client_cert=ours.cert, client_key=ours.key)
    context = _asking_for_a_certificate(authority)
    with Scripted("S: ready", tls="implicit", certificate=context) as server:
        place = Endpoint(Protocol.SMTP, server.host, server.port, policy)
        wire = connect(place, timeout=NEVER, trace=Trace())
        assert wire.makefile().readline() == b"ready\r\n"
        wire.close()


def test_a_client_certificate_that_is_missing_is_a_matter_of_configuration(
    authority: Authority,
) -> None:
    """TLS 1.3 tells only after the handshake, when the client reads (RFC 8446 §4.4.2)."""
    context = _asking_for_a_certificate(authority)
    with Scripted("@tls refused", certificate=context) as server:
        place = endpoint(server, mode=IMPLICIT, ca_file=authority.ca_pem)
        with pytest.raises(TlsFailed, match="certificate required") as caught:
            connect(place, timeout=NEVER, trace=Trace()).makefile().readline()
    assert str(place) in caught.value.message


@pytest.mark.parametrize("field", ["ca_file", "client_cert"])
def test_an_unusable_certificate_file_is_told_before_anything_is_dialled(
    field: str, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("not a certificate")
    for path in (broken, tmp_path / "missing.pem"):
        policy = TlsPolicy(ca_file=path) if field == "ca_file" else TlsPolicy(client_cert=path)
        failure = _failure(Endpoint(Protocol.SMTP, "127.0.0.1", 1, policy))
        assert isinstance(failure, ConfigError)
        assert str(path) in failure.message


def test_session_keys_are_never_written_down(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSLKEYLOGFILE would let everybody who can read that file read the password."""
    log = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    certificate = authority.server("localhost", "127.0.0.1", "keylog.example.test")
    policy = TlsPolicy(fingerprint=bytes.fromhex(certificate.fingerprint))
    with Scripted("S: ready", tls="implicit", certificate=certificate) as server:
        place = Endpoint(Protocol.SMTP, server.host, server.port, policy)
        connect(place, timeout=NEVER, trace=Trace()).close()
    assert not log.exists()
