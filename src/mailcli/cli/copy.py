"""`mailcli copy`: copy messages to a folder."""

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import option
from mailcli.cli.organise import file_messages
from mailcli.errors import Exit

_EXAMPLE = """\b
Examples:
  mailcli copy 42 Work/Clients
  mailcli copy last home:Keep --create
  mailcli copy 50-55 Reports -n
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("words", nargs=-1, required=True, metavar="SELECTOR... FOLDER")
@option("--create", is_flag=True, help="Make the folder if there is none of that name.")
@common_options(accounts="many", dry_run=True)
def command(common: Common, words: tuple[str, ...], *, create: bool) -> Exit:
    """Copy messages to a folder.

    FOLDER is one of the account that the messages are in, ACCOUNT:FOLDER one of another account.
    A copy is a message of its own, with a number of its own. SELECTOR is as for move.
    """
    from mailcli.app.organising import copy

    return file_messages(common, words, create=create, action=copy)
