"""What one run of `pop-fetch` is asked for, and what it makes of an account's configuration."""

from datetime import timedelta
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from mailcli.config import PopServer
from mailcli.pop.plan import Policy

RECENT = "recent:"
"""Before a user name, it asks Gmail for the mail of the last 30 days, fetched or not."""

_GMAIL = ("gmail.com", "googlemail.com")


def is_gmail(server: PopServer) -> bool:
    """Whether a maildrop is one of Gmail's."""
    host = server.endpoint.host.lower()
    return any(host == name or host.endswith(f".{name}") for name in _GMAIL)


def maildrop_of(server: PopServer) -> tuple[str, str]:
    """Return the host and user name that name the maildrop in the state.

    At Gmail it is the same with and without `RECENT`, and has the same unique-ids: who
    follows our hint must not get everything twice.
    """
    host, username = server.endpoint.host, server.login.username
    return host, username.removeprefix(RECENT) if is_gmail(server) else username


class Task(Enum):
    """What to do with the maildrops."""

    FETCH = auto()
    FORESEE = auto()  # a dry run
    MARK = auto()  # note what is there as seen, without fetching it
    STATUS = auto()  # count


class PopOptions(NamedTuple):
    """Options of a run; None leaves it to the account. Sizes are in octets.

    `deliver` is another Maildir to put mail into. `notify_after`: so many runs in a row must
    fail for now before that is said. `skip_if_running`: another run on the account is fine.
    `tell_again`: somebody reads this, so what was told before is told again.
    """

    task: Task = Task.FETCH
    keep: bool | timedelta | None = None
    max_size: int | None = None
    max_messages: int | None = None
    max_bytes: int | None = None
    deliver: Path | None = None
    notify_after: int | None = None
    skip_if_running: bool = False
    tell_again: bool = True

    def policy(self, server: PopServer) -> Policy:
        """Return what holds for one account: the options, then what it says itself."""
        return Policy(
            keep=server.keep if self.keep is None else self.keep,
            max_size=self.max_size or server.max_size,
            max_messages=self.max_messages or server.max_messages,
            max_octets=self.max_bytes or server.max_bytes,
        )
