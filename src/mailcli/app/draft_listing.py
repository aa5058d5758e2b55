"""`drafts list`: what lies in the folders for drafts."""

from collections.abc import Sequence

from mailcli.app.context import Context
from mailcli.app.drafts import drafts_folder
from mailcli.app.listing import Wanted, list_messages
from mailcli.config import Account
from mailcli.errors import NotFound
from mailcli.results import ErrorReport, ListResult, MessageInfo


def list_drafts(context: Context, accounts: Sequence[Account]) -> ListResult:
    """Return the drafts of accounts, newest first; a folder that is not there holds none."""
    found: list[MessageInfo] = []
    errors: list[ErrorReport] = []
    for account in accounts:
        folder = drafts_folder(context, account)
        try:
            one = list_messages(context, [account], folder=folder, wanted=Wanted())
        except NotFound:
            continue
        found += one.messages
        errors += one.errors
    found.sort(key=_moment, reverse=True)
    return ListResult(tuple(found), tuple(errors))


def _moment(message: MessageInfo) -> float:
    return message.date.timestamp() if message.date else 0.0
