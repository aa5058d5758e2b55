"""`folders`: the folders of IMAP accounts, with roles and counts."""

from collections.abc import Sequence

from mailcli.app.context import Context, named
from mailcli.app.sessions import imap_session
from mailcli.config import Account
from mailcli.results import FolderInfo, FoldersResult


def folders(context: Context, accounts: Sequence[Account]) -> FoldersResult:
    """Return the folders of every account, INBOX first, then by name.

    Raises: MailError for the first account that fails.
    """
    return FoldersResult(tuple(info for a in accounts for info in _folders(context, a)))


def _folders(context: Context, account: Account) -> list[FolderInfo]:
    with named(account), imap_session(context, account) as session:
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
            path=None,
        )
        for f in found
    ]
