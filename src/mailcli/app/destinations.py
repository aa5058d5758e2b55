"""Folders that messages are to go to: those that a user names, and those that have a purpose."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from mailcli.app.context import Context
from mailcli.app.sent import folder_with_role
from mailcli.config import Account
from mailcli.errors import NotFound, UsageError
from mailcli.store.folder import MaildirFolder
from mailcli.store.maildir import Maildir
from mailcli.store.names import FolderName

Purpose = Literal["archive", "trash"]

_DEFAULTS: dict[Purpose, str] = {"archive": "Archive", "trash": "Trash"}


@dataclass(frozen=True, slots=True)
class Destination:
    """A folder of an account."""

    account: Account
    name: str
    where: MaildirFolder

    def is_here(self, account: Account, folder: str) -> bool:
        """Tell whether a folder of an account is this one."""
        return (account.name, folder) == (self.account.name, self.name)

    def holds(self, account: Account, folder: str) -> bool:
        """Tell whether a folder of an account is this one, or lies within it."""
        inside = FolderName.parse(folder).is_within(FolderName.parse(self.name))
        return account.name == self.account.name and inside


Say = Callable[[str], None]
"""Is told what was done beside what was asked for."""


def named_destination(context: Context, account: Account, text: str) -> Destination:
    """Return the folder that a user means, of messages of this account: FOLDER, ACCOUNT:FOLDER.

    Raises: UsageError (2) for what is no folder's name.
    """
    here = _destination(account, text)
    other, colon, name = text.partition(":")
    if not colon or other not in context.config.accounts or here.where.exists():
        return here
    return _destination(context.config.accounts[other], name)


def purposed_destination(context: Context, account: Account, purpose: Purpose) -> Destination:
    """Return an account's folder for a purpose.

    The one that the configuration names, else the server (SPECIAL-USE, RFC 6154) as the last
    imap-sync saw it, else the usual one.
    """
    name = account.archive if purpose == "archive" else account.trash
    name = name or folder_with_role(context, account, purpose)
    if not name and purpose == "trash" and account.imap is not None:
        name = account.imap.trash
    return _destination(account, name or _DEFAULTS[purpose])


def require(destination: Destination) -> None:
    """Raise NotFound (66), naming the nearest folder, where there is no such one."""
    if destination.where.exists():
        return
    account, name = destination.account, destination.name
    maildir = Maildir(account.maildir, account.layout)
    known = [str(each) for each in maildir.folders().names] if maildir.exists() else []
    folded = {each.casefold(): each for each in reversed(known)}
    near = get_close_matches(name.casefold(), folded, n=1)
    hint = f"did you mean {folded[near[0]]}? " if near else ""
    raise NotFound(
        f"there is no folder {name!r}", hint=f"{hint}--create makes it", account=account.name
    )


def make(destination: Destination, *, dry_run: bool, say: Say) -> None:
    """Make a folder, where it is not there yet, durably. Raises: CannotCreate (73), LocalError."""
    if not destination.name.isprintable():
        raise UsageError(f"folder name {destination.name!r} holds a control character")
    was_there = destination.where.exists()
    if not dry_run:
        destination.where.create()
    if was_there:
        return
    done = "would create" if dry_run else "created"
    say(f"{destination.account.name}: {done} the folder {destination.name}")


def _destination(account: Account, text: str) -> Destination:
    name = FolderName.parse(text)
    return Destination(account, str(name), Maildir(account.maildir, account.layout).folder(name))
