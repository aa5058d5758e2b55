"""Which folders are not as the index has them, told by their time stamps."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mailcli.config import Account
from mailcli.errors import MailError
from mailcli.results.report import ErrorReport
from mailcli.store.folder import MaildirFolder
from mailcli.store.index import Index
from mailcli.store.index_rows import IndexedFolder
from mailcli.store.maildir import Maildir


@dataclass(frozen=True, slots=True)
class Listing:
    """A folder that is not as the index has it; `where` is None for one that is gone.

    `account` is "" for a Maildir of no account, `root` the Maildir's.
    """

    account: str
    root: Path
    name: str
    where: MaildirFolder | None
    known: IndexedFolder | None


def changed_folders(
    index: Index, accounts: Sequence[Account], errors: list[ErrorReport]
) -> list[Listing]:
    """Return the folders that are not as the index has them, in the Maildirs of accounts."""
    return [listing for account in accounts for listing in _changed_of(index, account, errors)]


def _changed_of(index: Index, account: Account, errors: list[ErrorReport]) -> list[Listing]:
    known = {each.name: each for each in index.folders(account.name)}
    maildir = Maildir(account.maildir, account.layout)
    try:
        names = maildir.folders().names if maildir.exists() else ()
        there = {str(name): maildir.folder(name) for name in names}
    except MailError as error:
        errors.append(ErrorReport.of(error, account=account.name))
        return []
    gone = [
        Listing(account.name, account.maildir, name, None, known[name])
        for name in sorted(known.keys() - there.keys())
    ]
    return gone + [
        Listing(account.name, account.maildir, name, folder, known.get(name))
        for name, folder in there.items()
        if not _is_as_indexed(folder, known.get(name))
    ]


def _is_as_indexed(folder: MaildirFolder, known: IndexedFolder | None) -> bool:
    if known is None or known.stamps is None:
        return False
    try:
        stamps = folder.stamps()
    except MailError:
        return False  # listing it says what is wrong
    return stamps is not None and stamps.text == known.stamps
