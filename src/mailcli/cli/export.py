"""`mailcli export`: messages into files of other programs."""

from typing import TYPE_CHECKING

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import option
from mailcli.cli.selecting import messages, tell, told_failures
from mailcli.errors import Exit

if TYPE_CHECKING:
    from mailcli.app.export_sources import Group
    from mailcli.cli.runtime import Runtime

_EXAMPLE = """\b
Examples:
  mailcli export 42 --to offer.eml
  mailcli export 'from:ada date:2026' --to ada.mbox
  mailcli export --folder Archive --to archive.mbox --append
  mailcli export --all-folders --to ~/backup/
  mailcli export last --to - --format eml | less
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("selectors", nargs=-1, metavar="[SELECTOR]...")
@option(
    "--to",
    required=True,
    metavar="PATH",
    help="Into this .mbox, .eml file or directory/; - for standard output.",
)
@option(
    "--format",
    "kind",
    type=click.Choice(["mbox", "eml", "maildir"]),
    help="Write this, whatever the path is called.",
)
@option("--folder", metavar="NAME", help="Export this folder, all of it.")
@option("--all-folders", is_flag=True, help="Export every folder, into a Maildir.")
@option("--append", is_flag=True, help="Add to an mbox or directory that is there.")
@option("--force", is_flag=True, help="Replace a file that is there.")
@common_options(accounts="many", dry_run=True)
def command(  # noqa: PLR0913, PLR0917 - one argument for each option
    common: Common,
    selectors: tuple[str, ...],
    to: str,
    kind: str | None,
    folder: str | None,
    all_folders: bool,
    append: bool,
    force: bool,
) -> Exit:
    """Export messages to an mbox, .eml files or a Maildir.

    SELECTOR is a number, a range (50-55), last, mid:<...>, a file, - for selectors on standard
    input, or a search in quotes. Flags and times go along. An mbox has lines quoted as mboxrd
    does; an .eml file is exactly what the server had. What import reads again is the same, octet
    for octet.
    """
    import sys

    from mailcli.app.exporting import STDOUT, Format, Wanted, export_mail, format_of
    from mailcli.cli.runtime import Runtime
    from mailcli.errors import UsageError

    if bool(selectors) + bool(folder) + all_folders != 1:
        raise UsageError(
            "say what to export: selectors, or --folder NAME, or --all-folders",
            hint="see: mailcli list",
        )
    is_stream = to == STDOUT
    if is_stream and not common.dry_run:
        if common.json or common.output:
            raise UsageError("standard output has the messages, so no --json or --output")
        if sys.stdout.isatty():
            raise UsageError("mail is not written to a terminal", hint="--to FILE, or a pipe")
    wanted = Wanted(
        to, format_of(to, Format(kind) if kind else None), append, force, common.dry_run
    )
    runtime = Runtime(common)
    groups = _groups(runtime, selectors, folder)
    result = export_mail(runtime.offline_context, groups, wanted, write=sys.stdout.buffer.write)
    if is_stream and not common.dry_run:
        sys.stdout.buffer.flush()
        return told_failures(runtime)
    return tell(runtime, result, asked=common.dry_run)


def _groups(runtime: "Runtime", selectors: tuple[str, ...], folder: str | None) -> "list[Group]":
    """Return the messages that are meant."""
    from mailcli.app.export_sources import of_folders, selected
    from mailcli.errors import UsageError

    if not selectors:
        accounts = runtime.accounts
        if len(accounts) != 1:
            raise UsageError("folders of one account at a time", hint="choose it with -A NAME")
        return of_folders(accounts[0], folder)
    return [selected(messages(runtime, runtime.offline_context, selectors))]
