"""`mailcli status`: what is unread, and how the last runs ended."""

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import option
from mailcli.errors import Exit

_EXAMPLE = """\b
Examples:
  mailcli status
  mailcli status --short              for a prompt or a status bar
  mailcli status -A work --json
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@option("--short", is_flag=True, help="One line: accounts with unread mail, and how much.")
@option("--rebuild-index", is_flag=True, help="First read all mail anew.")
@common_options(accounts="many")
def command(common: Common, short: bool, rebuild_index: bool) -> Exit:
    """Show what is unread, and how the last runs ended.

    All accounts, unless some are named, and what waits in the outbox. Nothing is asked of a
    server. What is sent, junk, in the trash or a draft does not count as unread.
    """
    from mailcli.app.catalogue import forget_index
    from mailcli.app.status import status
    from mailcli.cli.runtime import Runtime
    from mailcli.output.problems import exit_of

    runtime = Runtime(common)
    named = common.account and not common.all_accounts
    accounts = runtime.accounts if named else list(runtime.config.accounts.values())
    if rebuild_index:
        forget_index(runtime.context)
    result = status(runtime.context, accounts, quick=short)
    if short and not (common.json or common.output):
        line = "  ".join(
            f"{each.account} {each.unread}" for each in result.accounts if each.unread
        )
        if line:
            click.echo(line)
        return Exit.OK
    runtime.printer.emit(result)
    return exit_of(result)
