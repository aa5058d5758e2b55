"""What a run that brought mail does last: tells how it ended, and keeps the index up.

So that `list` finds little to do. Neither can fail the run, or keep it waiting: where there is
no index yet, much came, or somebody else writes, that is left to the next command that reads.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mailcli.app.context import Context
from mailcli.app.last_runs import record_run
from mailcli.config import Account
from mailcli.errors import MailError
from mailcli.results.report import ErrorReport

if TYPE_CHECKING:
    from mailcli.store.watch import OurChanges


def after_run(
    context: Context,
    account: Account,
    command: str,
    error: ErrorReport | None,
    *,
    changed: bool,
    ours: "Mapping[str, OurChanges] | None" = None,
) -> None:
    """Record how a run of `command` ended; where it changed anything, index that.

    `ours` is what it changed in folders, by name, that need not be listed for it.
    """
    record_run(context, account, command, error)
    if changed and (context.cache_dir / "index.db").exists():
        from mailcli.app.catalogue import catch_up

        try:
            catch_up(context, [account], ours)
        except MailError:
            context.notice(f"{account.name}: the index is left to the next list")
