"""`mailcli delete`: move messages to the trash, or delete them for good."""

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import option
from mailcli.cli.organise import SELECTORS, confirming, selected, tell
from mailcli.errors import Exit

_EXAMPLE = """\b
Examples:
  mailcli delete 42 50-55
  mailcli delete 'folder:Trash before:4w' --yes
  mailcli delete 42 --permanent
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("selectors", nargs=-1, required=True, metavar=SELECTORS)
@option("--permanent", is_flag=True, help="Delete for good, after asking.")
@common_options(accounts="many", dry_run=True)
def command(common: Common, selectors: tuple[str, ...], *, permanent: bool) -> Exit:
    """Move messages to the trash, or delete them for good.

    The trash is the folder that `trash` names in the configuration, else the one that the server
    has for it, else Trash; it is made if there is none. What is in it already is deleted for
    good, after asking. SELECTOR is a number, a range (50-55), last, mid:<...>, a file, - for
    selectors on standard input, or a search in quotes.
    """
    from mailcli.app.organising import delete
    from mailcli.cli.runtime import Runtime

    runtime = Runtime(common)
    result = delete(
        runtime.context,
        selected(runtime, selectors),
        permanent=permanent,
        confirm=confirming(runtime),
        dry_run=common.dry_run,
        say=runtime.printer.note,
    )
    return tell(runtime, result)
