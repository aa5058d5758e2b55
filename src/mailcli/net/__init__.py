"""Connections: dialling, TLS, deadlines and the trace, once for all three protocols.

Nothing here knows SMTP, POP3 or IMAP. A protocol's session gets a `Wire` from
`connect` and hands it to the standard library's client as if it were a socket.
"""

from mailcli.net.connect import connect
from mailcli.net.trace import Trace
from mailcli.net.wire import WINDOW_OCTETS, Wire

__all__ = ["WINDOW_OCTETS", "Trace", "Wire", "connect"]
