"""What every use case gets: configuration, places, clock, trace, and how to log in."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Protocol as Interface

from mailcli.config import Account, Config
from mailcli.errors import ConfigError, MailError
from mailcli.model import Protocol

if TYPE_CHECKING:
    from mailcli.credentials import Sources
    from mailcli.net.trace import Trace


class Step(Interface):
    """Is told what has passed: octets, and of how many messages they were the last."""

    def __call__(self, octets: int, *, messages: int = 1) -> None:
        """Take note of a message, or with none of a piece of one."""


class Progress(Interface):
    """Shows somebody how far a transfer is; transfers may be parts of one another."""

    def transfer(
        self,
        name: str,
        *,
        messages: Callable[[], int],
        octets: int | None = None,
        here: int = 0,
    ) -> AbstractContextManager[Step]:
        """Begin a transfer; gives what is to be told the octets of each message that passed.

        `messages` is asked, where anybody looks, for how many there are in all; `here` of them
        an earlier run brought, which broke off. `octets` are all that are to come, if known.
        """


class NoProgress:
    """Nobody looks."""

    @contextmanager
    def transfer(
        self,
        name: str,
        *,
        messages: Callable[[], int],
        octets: int | None = None,
        here: int = 0,
    ) -> Iterator[Step]:
        """Do as `Progress` says, and show nothing."""
        del name, messages, octets, here
        yield _ignore


def _ignore(octets: int, *, messages: int = 1) -> None:
    """Do as `Step` says, for nobody."""
    del octets, messages


@dataclass(frozen=True, slots=True)
class Context:
    """The outside of a use case. `timeout` is in seconds; `trace` takes finished lines.

    `notice` is told what goes on, one short line at a time, for whoever wants to see it.
    `progress` shows how far a transfer is.
    """

    config: Config
    sources: "Sources"
    cache_dir: Path
    timeout: float
    now: Callable[[], datetime]
    trace: Callable[[str], None] | None = None
    notice: Callable[[str], None] = lambda _: None
    progress: Progress = field(default_factory=NoProgress)

    @property
    def state_dir(self) -> Path:
        """The directory of state databases, locks and reports."""
        return self.sources.state_dir

    def unix_time(self) -> int:
        """Return the time in whole seconds since 1970."""
        return int(self.now().timestamp())

    def new_trace(self) -> "Trace":
        """Return the trace for one connection."""
        from mailcli.net.trace import Trace

        return Trace(self.trace)

    def account(self, name: str | None) -> Account:
        """Return the account meant by a name, or the one that applies without.

        Raises: ConfigError (78).
        """
        return self.config.account(name, self.sources.environ)

    def accounts(
        self, names: tuple[str, ...], protocol: Protocol, *, everyone: bool
    ) -> list[Account]:
        """Return the accounts meant by options, in the order given, each once.

        `everyone` stands for all accounts that have a server of the protocol. With neither,
        the account that applies is meant; failing that, the only one with such a server.

        Raises: ConfigError (78).
        """
        able = [a for a in self.config.accounts.values() if _has(a, protocol)]
        if everyone:
            if not able:
                raise ConfigError(f"no account has a [{protocol}] server")
            return able
        if names:
            return [self.account(name) for name in dict.fromkeys(names)]
        chosen = self._implied(able)
        return [chosen or self.account(None)]

    def _implied(self, able: list[Account]) -> Account | None:
        implied = self.sources.environ.get("MAILCLI_ACCOUNT") or self.config.default_account
        return able[0] if not implied and len(able) == 1 else None


def _has(account: Account, protocol: Protocol) -> bool:
    return getattr(account, protocol.value) is not None


@dataclass(frozen=True, slots=True)
class Passing:
    """Octets on their way out, anew each time they are read; each piece is told when gone."""

    octets: Iterable[bytes]
    step: Step

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.octets:
            yield piece
            self.step(len(piece), messages=0)


@contextmanager
def named(account: Account) -> Iterator[None]:
    """Name the account in every error that passes."""
    try:
        yield
    except MailError as exc:
        raise exc.of(account.name) from exc.__cause__
