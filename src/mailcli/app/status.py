"""`status`: how much is unread, and how the last runs ended. No connection."""

from collections.abc import Sequence
from contextlib import suppress

from mailcli.app.catalogue import Catalogue, catch_up, index_path, with_catalogue
from mailcli.app.context import Context
from mailcli.app.last_runs import last_runs
from mailcli.config import Account
from mailcli.errors import MailError
from mailcli.results.report import ErrorReport
from mailcli.results.state import AccountStatus, FolderStatus, StatusResult

_NOT_TO_READ = frozenset(
    {
        *("sent", "sent items", "sent messages", "sent mail", "drafts", "draft", "outbox"),
        *("trash", "deleted items", "deleted messages", "deleted", "bin"),
        *("junk", "spam", "junk e-mail", "junk email", "bulk mail"),
    }
)
"""Last components of folders' names whose unread messages nobody waits for."""


def status(context: Context, accounts: Sequence[Account], *, quick: bool) -> StatusResult:
    """Return what the index says of accounts, up to date with their Maildirs.

    With `quick`, for a prompt, only if that is little work; else as it was when last looked at.
    """
    if quick:
        if not index_path(context).exists():
            return StatusResult(())  # nobody has read any mail yet, and a prompt does not begin to
        with suppress(MailError):
            catch_up(context, accounts)

    def work(catalogue: Catalogue) -> StatusResult:
        found = tuple(_account(context, catalogue, each) for each in accounts)
        return StatusResult(found, tuple(catalogue.errors))

    return with_catalogue(context, accounts, work, refresh=not quick)


def _account(context: Context, catalogue: Catalogue, account: Account) -> AccountStatus:
    folders = tuple(
        FolderStatus(each.name, each.unread, each.flagged, each.total)
        for each in sorted(catalogue.index.folders(account.name), key=lambda each: each.name)
    )
    counted = [each for each in folders if _is_to_read(each.name)]
    return AccountStatus(
        account.name,
        unread=sum(each.unread for each in counted),
        flagged=sum(each.flagged for each in folders),
        total=sum(each.total for each in folders),
        outbox=_waiting(context, catalogue, account),
        folders=folders,
        runs=last_runs(context, account),
    )


def _is_to_read(folder: str) -> bool:
    return folder.rpartition("/")[2].casefold() not in _NOT_TO_READ


def _waiting(context: Context, catalogue: Catalogue, account: Account) -> int:
    """Count what waits in the outbox."""
    if not (context.state_dir / "outbox").exists():
        return 0  # nobody needs to know what an outbox is
    from mailcli.store.outbox import Outbox

    if not Outbox.exists_below(context.state_dir):
        return 0
    try:
        with Outbox.below(context.state_dir) as outbox:
            return outbox.count(account=account.name)
    except MailError as error:
        catalogue.errors.append(ErrorReport.of(error, account=account.name))
        return 0
