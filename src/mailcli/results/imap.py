"""What `imap-sync` returns."""

from pathlib import Path
from typing import Literal, NamedTuple

from mailcli.results.report import ErrorReport


class SkippedImap(NamedTuple):
    """A message that was not synchronised: by its UID or its path, and why."""

    uid: int | None
    path: Path | None
    reason: str


class PlannedAction(NamedTuple):
    """One line of a dry run or a comparison: what is to be done, or differs, of which message."""

    kind: str
    uid: int | None
    path: Path | None
    detail: str


class FolderSync(NamedTuple):
    """What one folder's synchronisation did.

    With a dry run, `actions` instead of counts; with `--verify`, `differences`.
    """

    name: str
    fetched: int = 0
    appended: int = 0
    moved: int = 0
    flags_local: int = 0
    flags_remote: int = 0
    deleted_local: int = 0
    deleted_remote: int = 0
    skipped: tuple[SkippedImap, ...] = ()
    held_back: int = 0
    changed: bool = False
    error: ErrorReport | None = None
    actions: tuple[PlannedAction, ...] | None = None
    differences: tuple[PlannedAction, ...] | None = None


class ImapAccount(NamedTuple):
    """What one account's synchronisation did."""

    account: str
    folders: tuple[FolderSync, ...] = ()
    folders_created: tuple[str, ...] = ()
    folders_deleted: tuple[str, ...] = ()
    folders_renamed: tuple[str, ...] = ()
    changed: bool = False
    error: ErrorReport | None = None


class ImapResult(NamedTuple):
    """The result of `imap-sync`: what it did, would do (`--dry-run`) or found to differ."""

    accounts: tuple[ImapAccount, ...]
    kind: Literal["sync", "dry-run", "verify"] = "sync"
