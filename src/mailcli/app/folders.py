"""`folders`: the folders of IMAP accounts, with roles and counts."""

from collections.abc import Sequence

from mailcli.app.context import Context
from mailcli.app.sessions import imap_session
from mailcli.config import Account
from mailcli.errors import MailError
from mailcli.results import ErrorReport, FolderInfo, FoldersResult


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
