"""A message that arrives, whoever writes it: our process (`staging`) or another one (`writer`)."""

from mailcli.model import SystemFlags
from mailcli.store.entries import NO_FLAGS


class Incoming:
    """A message that arrives: `write` it, `close` it, then deliver or `abandon` it.

    `size` is how many octets came, `sha256` their digest, once it is known.
    """

    __slots__ = ()

    size: int
    sha256: bytes

    def write(self, chunk: bytes) -> None:
        """Take the next octets from the wire. Raises: LocalError; the message is abandoned."""
        raise NotImplementedError

    def close(
        self,
        *,
        unique: str | None = None,
        flags: SystemFlags = NO_FLAGS,
        others: str = "",
        received: int | None = None,
    ) -> None:
        """Complete the message; see `Staged.close`. Raises: LocalError."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Take it away, unless it is delivered. Never fails, may be repeated."""
        raise NotImplementedError
