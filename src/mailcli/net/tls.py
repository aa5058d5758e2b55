"""TLS for every connection: one factory, verified, 1.2 or newer.

A certificate is checked against the system's CAs or `ca_file` and by
subjectAltName (RFC 9525 §6.3), or against a pin, which then replaces both.
There is no third way: no option turns the check off. RFC 8314, RFC 8997.
"""

import functools
import hashlib
import hmac
import socket
import ssl

from mailcli.errors import ConfigError, MailError, ProtocolViolation, TemporaryFailure, TlsFailed
from mailcli.model import Endpoint, TlsMode, TlsPolicy

_NOT_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "UNEXPECTED_MESSAGE"}


@functools.lru_cache
def context_for(policy: TlsPolicy) -> ssl.SSLContext:
    """Return the context that enforces a policy; made once per policy and process.

    Raises: ConfigError when a certificate file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=policy.ca_file)
    except (OSError, ssl.SSLError) as exc:
        raise ConfigError(f"ca_file {policy.ca_file} cannot be used: {_reason(exc)}") from exc
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    if policy.ca_file:
        # Python 3.13 made this the default; private CAs made by hand often lack the
        # extensions that it asks for, and the same file must work on every version.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if policy.fingerprint:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the pin is checked instead, in secure()
    if policy.client_cert:
        _load_client_certificate(context, policy)
    return context


def _load_client_certificate(context: ssl.SSLContext, policy: TlsPolicy) -> None:
    assert policy.client_cert is not None  # noqa: S101 - for the type checker
    try:
        context.load_cert_chain(policy.client_cert, policy.client_key)
    except (OSError, ssl.SSLError) as exc:
        raise ConfigError(
            f"client_cert {policy.client_cert} cannot be used: {_reason(exc)}",
            hint="it must be a PEM file; the key may stand in the same file or in client_key",
        ) from exc


def secure(sock: socket.socket, endpoint: Endpoint) -> ssl.SSLSocket:
    """Do the handshake and return the verified TLS socket.

    The socket's own time-out bounds the whole handshake.

    Raises: TlsFailed (78) when certificate, version or pin does not hold,
        ProtocolViolation (76) when the peer does not speak TLS,
        TemporaryFailure (75) when it goes away or stalls.
    """
    context = context_for(endpoint.tls)
    try:
        tls = context.wrap_socket(sock, server_hostname=endpoint.host)
    except (OSError, ValueError) as exc:
        sock.close()
        raise _handshake_error(exc, endpoint) from exc
    if endpoint.tls.fingerprint:
        _check_pin(tls, endpoint, endpoint.tls.fingerprint)
    return tls


def _check_pin(tls: ssl.SSLSocket, endpoint: Endpoint, pin: bytes) -> None:
    leaf = tls.getpeercert(binary_form=True) or b""
    if not hmac.compare_digest(hashlib.sha256(leaf).digest(), pin):
        tls.close()
        raise TlsFailed(
            f"{endpoint}: the certificate is not the one pinned by fingerprint",
            hint="ask the server's operator for the new SHA-256 fingerprint, by another channel",
        )


def _handshake_error(exc: OSError | ValueError, endpoint: Endpoint) -> MailError:
    """Sort a failed handshake by what the user can do about it."""
    where = f"{endpoint}: TLS handshake"
    match exc:
        case ssl.SSLCertVerificationError():
            return TlsFailed(
                f"{endpoint}: certificate not accepted: {exc.verify_message}",
                hint="check host in the configuration; for a private CA set ca_file, "
                "or pin the certificate with fingerprint",
            )
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return TemporaryFailure(f"{where}: the server closed the connection")
        case ssl.SSLError() if exc.reason in _NOT_TLS:
            return ProtocolViolation(f"{where}: the answer is not TLS", hint=_mode_hint(endpoint))
        case ssl.SSLError() | ValueError():
            return TlsFailed(
                f"{where}: {_reason(exc)}",
                hint="the server must offer TLS 1.2 or newer",
            )
        case TimeoutError():
            return TemporaryFailure(f"{where}: no answer in time")
        case _:
            return TemporaryFailure(f"{where}: {_reason(exc)}")


def _mode_hint(endpoint: Endpoint) -> str:
    if endpoint.tls.mode is TlsMode.IMPLICIT:
        return 'this port may want tls = "starttls", or another port be meant'
    return ""


def _reason(exc: Exception) -> str:
    if isinstance(exc, ssl.SSLError) and exc.reason:
        return exc.reason.replace("_", " ").lower()
    return getattr(exc, "strerror", None) or str(exc)
