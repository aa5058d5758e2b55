"""What a POP3 server says that it can do (RFC 2449). Pure.

Lines that make no sense are left out, and so is what they would have promised.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_DAYS = re.compile(r"(\d{1,9})(?: USER)?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The server's capabilities by name, in capitals, each with its arguments.

    None at all: the server is too old for the question.
    """

    named: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> "Capabilities":
        """Read the lines of the answer to CAPA (RFC 2449 §5)."""
        words = [line.decode("ascii", "replace").split(maxsplit=1) for line in lines]
        return cls({w[0].upper(): w[1].strip() if len(w) > 1 else "" for w in words if w})

    def __contains__(self, name: str) -> bool:
        return name in self.named

    @property
    def mechanisms(self) -> list[str]:
        """The SASL mechanisms that can be used now (RFC 5034 §3)."""
        return self.named.get("SASL", "").split()

    @property
    def takes_user(self) -> bool:
        """Whether USER and PASS are worth a try: a server too old for CAPA cannot say so."""
        return "USER" in self.named or not self.named

    @property
    def pipelines(self) -> bool:
        """Whether commands may be sent ahead of the answers (RFC 2449 §6.6)."""
        return "PIPELINING" in self.named

    @property
    def login_delay(self) -> int:
        """Seconds that must lie between two logins; 0 where the server wants none (§6.5)."""
        return self._number("LOGIN-DELAY") or 0

    @property
    def expires_after(self) -> int | None:
        """Days that a message stays, fetched or not; None for ever, or unknown (§6.7).

        0: what was fetched may be gone with the end of the session.
        """
        return self._number("EXPIRE")

    def _number(self, name: str) -> int | None:
        found = _DAYS.fullmatch(self.named.get(name, ""))
        return int(found[1]) if found else None
