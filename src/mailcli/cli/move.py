"""`mailcli move`: move messages to another folder."""

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import option
from mailcli.cli.organise import file_messages
from mailcli.errors import Exit

_EXAMPLE = """\b
Examples:
  mailcli move 42 Work/Clients
  mailcli move 42 50-55 Projects/2026 --create
  mailcli move 'from:ada before:2025' home:Archive
  mailcli move last Invoices -n
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("words", nargs=-1, required=True, metavar="SELECTOR... FOLDER")
@option("--create", is_flag=True, help="Make the folder if there is none of that name.")
@common_options(accounts="many", dry_run=True)
def command(common: Common, words: tuple[str, ...], *, create: bool) -> Exit:
    """Move messages to another folder.

    FOLDER is one of the account that the messages are in; ACCOUNT:FOLDER is one of another
    account, to which they are copied before they go here. SELECTOR is a number, a range (50-55),
    last, mid:<...>, a file, - for selectors on standard input, or a search in quotes.
    """
    from mailcli.app.organising import move

    return file_messages(common, words, create=create, action=move)
