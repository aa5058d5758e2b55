"""`mailcli folders`: list an account's IMAP folders."""

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.errors import Exit

_EXAMPLE = """\b
Examples:
  mailcli folders
  mailcli folders --json | jq -r '.folders[] | select(.unseen > 0) | .name'
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@common_options(accounts="many", network=True)
def command(common: Common) -> Exit:
    """List the IMAP folders of an account.

    With what each is for, the number of its messages, and how many of them are unread.
    """
    from mailcli.app.folders import folders
    from mailcli.cli.runtime import Runtime
    from mailcli.model import Protocol
    from mailcli.output.problems import exit_of

    runtime = Runtime(common)
    context = runtime.context
    accounts = context.accounts(common.account, Protocol.IMAP, everyone=common.all_accounts)
    result = folders(context, accounts)
    runtime.printer.emit(result)
    return exit_of(result)
