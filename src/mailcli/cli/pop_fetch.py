"""`mailcli pop-fetch`: parse, fetch, print what came."""

from datetime import timedelta

import click

from mailcli.cli.command import Common, MailCommand, OptionalValue, common_options
from mailcli.errors import Exit, UsageError

_EXAMPLE = """\b
Examples:
  mailcli pop-fetch                   new mail; the server keeps it
  mailcli pop-fetch --keep=30d        the server keeps it for 30 days
  mailcli pop-fetch --all-accounts    from cron: silent where all is well
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.option(
    "-k",
    "--keep",
    cls=OptionalValue,
    implied="for ever",
    metavar="AGE",
    help="Leave mail on the server, for ever or until it was stored AGE ago.",
)
@click.option("--delete", is_flag=True, help="Delete on the server what is stored here.")
@common_options(accounts="many", network=True, dry_run=True)
def command(common: Common, keep: str | None, delete: bool) -> Exit:
    """Fetch POP3 mail into the Maildir.

    Mail stays on the server unless the account or an option says otherwise. A message is
    deleted there only after it is safe on this disk.
    """
    from mailcli.app.pop_fetch import pop_fetch
    from mailcli.cli.runtime import Runtime
    from mailcli.model import Protocol
    from mailcli.output.problems import exit_of

    policy = _keep(keep, delete)
    runtime = Runtime(common)
    context = runtime.context
    accounts = context.accounts(common.account, Protocol.POP3, everyone=common.all_accounts)
    result = pop_fetch(context, accounts, keep=policy, dry_run=common.dry_run)
    runtime.printer.emit(result, asked=common.dry_run)
    return exit_of(result)


def _keep(keep: str | None, delete: bool) -> bool | timedelta | None:
    """Return what the options say about keeping, None where they say nothing."""
    if keep and delete:
        raise UsageError("--keep and --delete contradict each other")
    if delete:
        return False
    if keep is None or keep == "for ever":
        return None if keep is None else True
    from mailcli.config import parse_age

    try:
        return parse_age(keep)
    except ValueError as exc:
        raise UsageError(f"--keep={keep}: {exc}") from exc
