"""Open a wire to an endpoint: dial, and TLS at once where the endpoint says so."""

from mailcli.model import Endpoint, TlsMode
from mailcli.net.dial import dial
from mailcli.net.tls import context_for, secure
from mailcli.net.trace import Trace
from mailcli.net.wire import Wire


def connect(endpoint: Endpoint, *, timeout: float, trace: Trace) -> Wire:
    """Connect, and with implicit TLS verify the server before a byte is believed.

    `timeout` bounds connecting, the handshake and each later wait, in seconds.

    Raises: HostUnknown, TemporaryFailure, TlsFailed, ProtocolViolation, ConfigError.
    """
    if endpoint.tls.mode is not TlsMode.NONE:
        context_for(endpoint.tls)  # an unusable certificate file fails before anything is dialled
    sock = dial(endpoint, timeout=timeout)
    trace.note(f"connected to {endpoint}")
    sock.settimeout(timeout)
    if endpoint.tls.mode is TlsMode.IMPLICIT:
        sock = secure(sock, endpoint)
    wire = Wire(sock, endpoint, timeout=timeout, trace=trace)
    wire.note_tls()
    return wire
