"""`mailcli archive`: move messages to the archive."""

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.organise import SELECTORS, selected, tell
from mailcli.errors import Exit

_EXAMPLE = """\b
Examples:
  mailcli archive 42 50-55
  mailcli archive 'is:read before:4w folder:INBOX'
  mailcli archive last -n
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("selectors", nargs=-1, required=True, metavar=SELECTORS)
@common_options(accounts="many", dry_run=True)
def command(common: Common, selectors: tuple[str, ...]) -> Exit:
    """Move messages to the archive.

    That is the folder that `archive` names in the configuration, else the one that the server
    has for it, else Archive; it is made if there is none. SELECTOR is a number, a range (50-55),
    last, mid:<...>, a file, - for selectors on standard input, or a search in quotes.
    """
    from mailcli.app.organising import archive
    from mailcli.cli.runtime import Runtime

    runtime = Runtime(common)
    found = selected(runtime, selectors)
    say = runtime.printer.note
    return tell(runtime, archive(runtime.context, found, dry_run=common.dry_run, say=say))
