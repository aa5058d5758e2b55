"""What `pop-fetch` returns."""

from typing import NamedTuple

from mailcli.results.report import ErrorReport


class SkippedPop(NamedTuple):
    """A message left on the server, and why."""

    uidl: str
    reason: str


class MaildropStatus(NamedTuple):
    """What a maildrop holds, and how much of it is new; None where that cannot be told."""

    messages: int
    bytes: int
    new: int | None
    new_bytes: int | None


class PopAccount(NamedTuple):
    """What one account's POP3 run did. `bytes` counts octets as the server sent them.

    `waiting` are new messages left for a later run, `marked` those marked as seen without
    being fetched. `muted`: the error passes by itself and is not worth a word yet. All of it is
    `done`, or in a dry run only planned.
    """

    account: str
    fetched: int = 0
    bytes: int = 0
    deleted: int = 0
    kept: int = 0
    skipped: tuple[SkippedPop, ...] = ()
    error: ErrorReport | None = None
    waiting: int = 0
    marked: int = 0
    warnings: tuple[str, ...] = ()
    status: MaildropStatus | None = None
    muted: bool = False
    done: bool = True


class PopResult(NamedTuple):
    """The result of `pop-fetch`."""

    accounts: tuple[PopAccount, ...]
