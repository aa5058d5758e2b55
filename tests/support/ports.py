"""Free TCP ports on loopback.

They are chosen below the range from which the kernel gives out client ports,
so that no outgoing connection can take one between the check and its use.
"""

import contextlib
import errno
import random
import socket

_FIRST, _LAST = 15_000, 32_000
_choose = random.SystemRandom()


def free_ports(count: int) -> list[int]:
    """Return different ports on which nothing listens now."""
    ports: list[int] = []
    while len(ports) < count:
        port = _choose.randint(_FIRST, _LAST)
        if port not in ports and not is_taken(port):
            ports.append(port)
    return ports


def is_taken(port: int) -> bool:
    """Tell whether something listens on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise
    return False


def answers(port: int) -> bool:
    """Tell whether a connection to a loopback port is accepted."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False
