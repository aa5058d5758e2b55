"""`mailcli import`: mail of other programs into the Maildir."""

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import option
from mailcli.errors import Exit

_EXAMPLE = """\b
Examples:
  mailcli import archive.mbox --folder Archive
  mailcli import ~/Downloads/*.eml
  mailcli import ~/old/Maildir --tree --create -n
  mailcli import ~/.thunderbird/abc.default/Mail/Local*/Sent --folder Sent
  ssh old cat /var/mail/ada | mailcli import - --folder Old --create
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@option(
    "--folder", metavar="NAME", help="Into this folder (INBOX); of a tree, all folders below it."
)
@option("--tree", is_flag=True, help="Into folders named as those of the Maildir are.")
@option("--create", is_flag=True, help="Make folders that are not there.")
@option("--again", is_flag=True, help="Import once more what is here already.")
@common_options(accounts="one", dry_run=True)
def command(
    common: Common,
    paths: tuple[str, ...],
    folder: str | None,
    tree: bool,
    create: bool,
    again: bool,
) -> Exit:
    """Import an mbox, .eml files or a Maildir.

    PATH is an mbox, an .eml file, a directory of them, a Maildir or one folder of it, or - for an
    mbox or one message on standard input. Flags and times come along. What was imported before is
    left out, so an import that was stopped can be repeated. Nothing is changed where the mail
    comes from.
    """
    import sys

    from mailcli.app.import_sources import Where
    from mailcli.app.importing import Wanted, import_mail
    from mailcli.cli.runtime import Runtime
    from mailcli.errors import UsageError
    from mailcli.output.problems import exit_of

    if folder and tree:
        raise UsageError("--folder and --tree contradict each other")
    if paths.count("-") > 1:
        raise UsageError("standard input can be read once")
    where = Where.of(folder, tree=tree)
    runtime = Runtime(common)
    result = import_mail(
        runtime.context,
        runtime.accounts[0],
        paths,
        Wanted(where, create=create, again=again, dry_run=common.dry_run),
        stdin=sys.stdin.buffer if "-" in paths else None,
    )
    runtime.printer.emit(result, asked=common.dry_run)
    return exit_of(result)
