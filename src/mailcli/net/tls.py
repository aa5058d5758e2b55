"""TLS for every connection: one factory, verified, 1.2 or newer.

A certificate is checked against the system's CAs or `ca_file` and by
subjectAltName (RFC 9525 §6.3), or against a pin, which then replaces both.
There is no third way: no option turns the check off. RFC 8314, RFC 8997.
"""

import functools
import socket
import ssl
from pathlib import Path

from mailcli.errors import ConfigError, MailError, ProtocolViolation, TemporaryFailure, TlsFailed
from mailcli.model import Endpoint, TlsMode, TlsPolicy
from mailcli.net.dial import encoded

_NOT_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "UNEXPECTED_MESSAGE"}


@functools.lru_cache
def context_for(policy: TlsPolicy) -> ssl.SSLContext:
    """Return the context that enforces a policy; made once per policy and process.

    Not `ssl.create_default_context`: it obeys SSLKEYLOGFILE, which would write down what
    decrypts the password, and since Python 3.13 it asks for extensions that private CAs
    made by hand often lack, while the same ca_file must work on every version.

    Raises: ConfigError when a certificate file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    if policy.ca_file:
        _load_authorities(context, policy.ca_file)
    else:
        context.load_default_certs()
    if policy.fingerprint:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the pin is checked instead, in secure()
    if policy.client_cert:
        _load_client_certificate(context, policy)
    return context


def _load_authorities(context: ssl.SSLContext, ca_file: Path) -> None:
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as exc:
        raise ConfigError(f"ca_file {ca_file} cannot be used: {_reason(exc)}") from exc
    # An intermediate CA, or the server's own certificate, is as good an anchor as a root.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


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
        sock.getpeername()  # with its peer lost, ssl would skip the handshake without a word
        tls = context.wrap_socket(sock, server_hostname=encoded(endpoint.host))
    except (OSError, ValueError) as exc:
        sock.close()
        _close_half_made(exc)
        raise _handshake_error(exc, endpoint) from exc
    if tls.version() is None:  # lost between the two lines above
        tls.close()
        raise _handshake_error(ssl.SSLEOFError(), endpoint)
    if endpoint.tls.fingerprint:
        _check_pin(tls, endpoint, endpoint.tls.fingerprint)
    return tls


def _close_half_made(failure: BaseException) -> None:
    """Close the socket that ssl had begun to make when a reset came (CPython forgets to)."""
    import traceback

    for frame, _ in traceback.walk_tb(failure.__traceback__):
        made = frame.f_locals.get("self")
        if isinstance(made, ssl.SSLSocket):
            made.close()


def _check_pin(tls: ssl.SSLSocket, endpoint: Endpoint, pin: bytes) -> None:
    import hashlib
    import hmac

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


def reading_error(exc: ssl.SSLError, where: str) -> MailError:
    """Sort an error that came after the handshake; TLS 1.3 judges our certificate only then."""
    reason = exc.reason or ""
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return TlsFailed(
            f"{where}: the server does not accept who we are: {_reason(exc)}",
            hint="set client_cert, and client_key, to what the server's operator gave you",
        )
    return TemporaryFailure(f"{where}: connection lost: {_reason(exc)}")


def _mode_hint(endpoint: Endpoint) -> str:
    if endpoint.tls.mode is TlsMode.IMPLICIT:
        return 'this port may want tls = "starttls", or another port be meant'
    return ""


def _reason(exc: Exception) -> str:
    if isinstance(exc, ssl.SSLError) and exc.reason:
        return exc.reason.replace("_", " ").lower()
    return getattr(exc, "strerror", None) or str(exc)
