"""What `flag`, `move`, `copy`, `archive` and `delete` return."""

from pathlib import Path
from typing import Literal, NamedTuple

from mailcli.results.report import ErrorReport


class ChangedMessage(NamedTuple):
    """A message that was changed, or in a dry run would be (`done` is off), as it is then.

    `from_` and `to` are folders; with another account than `account` as ACCOUNT:FOLDER. A new
    flag leaves both out, and of a message that was removed for good `to` is None, and `path` where
    its file was. `id` is the number by which it is known now: a copy's own. `added` and `removed`
    are the flags and keywords that it did not have before, and has no more.
    """

    id: int | None
    account: str
    action: Literal["flagged", "moved", "copied", "deleted"]
    folder: str
    path: Path
    from_: str | None
    to: str | None
    flags: tuple[str, ...]
    keywords: tuple[str, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    done: bool = True


class OrganisedResult(NamedTuple):
    """The result of the commands that organise: what was changed, and what could not be."""

    changed: tuple[ChangedMessage, ...]
    errors: tuple[ErrorReport, ...] = ()
