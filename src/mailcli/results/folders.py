"""What `folders` returns."""

from pathlib import Path
from typing import Literal, NamedTuple

from mailcli.results.report import ErrorReport


class FolderInfo(NamedTuple):
    """One IMAP folder. `role` is its special use (RFC 6154), such as `sent`."""

    account: str
    name: str
    delimiter: str | None
    role: str | None
    subscribed: bool
    selectable: bool
    messages: int | None
    unseen: int | None
    path: Path | None
    size: int | None = None


class FolderChange(NamedTuple):
    """One change to a folder of the server, `done` or in a dry run only planned.

    `messages` are those deleted with it; `path` is where the folder lies here afterwards.
    """

    account: str
    action: Literal["created", "renamed", "deleted", "subscribed", "unsubscribed"]
    name: str
    new_name: str | None = None
    messages: int | None = None
    path: Path | None = None
    done: bool = True


class FoldersResult(NamedTuple):
    """The result of `folders`: those of every account that answered, and why others did not.

    `changes` are what was changed before the folders were listed.
    """

    folders: tuple[FolderInfo, ...]
    errors: tuple[ErrorReport, ...] = ()
    changes: tuple[FolderChange, ...] = ()
