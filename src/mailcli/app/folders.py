"""`folders`: the folders of IMAP accounts, with roles and counts."""

from collections.abc import Sequence
from pathlib import Path

from mailcli.app.context import Context
from mailcli.app.sessions import imap_session
from mailcli.config import Account
from mailcli.errors import MailError
from mailcli.imap.values import Folder
from mailcli.results import ErrorReport, FolderInfo, FoldersResult
from mailcli.store.maildir import Maildir
from mailcli.store.names import from_server


def folders(context: Context, accounts: Sequence[Account]) -> FoldersResult:
    """Return the folders of every account, INBOX first, then by name.

    An account that fails stops no other; why it failed stands in the result.
    """
    found: list[FolderInfo] = []
    errors = []
    for account in accounts:
        try:
            found += _folders(context, account)
        except MailError as exc:
            errors.append(ErrorReport.of(exc, account=account.name))
    return FoldersResult(tuple(found), tuple(errors))


def _folders(context: Context, account: Account) -> list[FolderInfo]:
    with imap_session(context, account) as session:
        prefix = session.personal_prefix()
        found = session.list_folders(counts=True)
    found.sort(key=lambda f: (f.name.upper() != "INBOX", f.name.casefold()))
    return [
        FolderInfo(
            account=account.name,
            name=f.name,
            delimiter=f.delimiter,
            role="inbox" if f.name.upper() == "INBOX" else f.role,
            subscribed=f.subscribed,
            selectable=f.selectable,
            messages=f.messages,
            unseen=f.unseen,
            path=_path(account, f, prefix),
        )
        for f in found
    ]


def _path(account: Account, folder: Folder, prefix: str) -> Path | None:
    """Return where the folder is mirrored, None where it is not."""
    try:
        name = from_server(folder.name, folder.delimiter, prefix=prefix)
        local = Maildir(account.maildir, account.layout).folder(name)
        return local.path if folder.selectable and local.exists() else None
    except MailError:  # a name that no path can have
        return None
