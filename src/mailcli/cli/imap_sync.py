"""`mailcli imap-sync`: parse, synchronise, print what changed."""

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.errors import Exit

_EXAMPLE = """\b
Examples:
  mailcli imap-sync                 every folder of the account, both ways
  mailcli imap-sync INBOX Sent -n   what would be done in these two
  mailcli imap-sync --all-accounts --pull
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("folders", nargs=-1, metavar="[FOLDER]...")
@click.option("--pull", is_flag=True, help="Change nothing on the server.")
@click.option("--push", is_flag=True, help="Change nothing in the Maildir.")
@click.option(
    "--allow-mass-delete",
    is_flag=True,
    help="Carry deletions even where they empty most of a folder.",
)
@common_options(accounts="many", network=True, dry_run=True)
def command(
    common: Common, folders: tuple[str, ...], pull: bool, push: bool, allow_mass_delete: bool
) -> Exit:
    """Synchronise IMAP folders with the Maildir.

    New messages, flags and deletions travel both ways; folders that exist only here are created
    on the server, and the other way round. A message that was deleted on one side and changed on
    the other stays. Where more than ten messages and more than half of a folder would be
    deleted, those deletions wait until they are confirmed (exit 3).
    """
    from mailcli.app.imap_sync import SyncOptions, imap_sync
    from mailcli.cli.runtime import Runtime
    from mailcli.errors import UsageError
    from mailcli.model import Protocol, SyncMode
    from mailcli.output.problems import exit_of

    if pull and push:
        raise UsageError("--pull and --push contradict each other")
    runtime = Runtime(common)
    context = runtime.context
    mode = SyncMode.PULL if pull else SyncMode.PUSH if push else None
    accounts = context.accounts(common.account, Protocol.IMAP, everyone=common.all_accounts)
    options = SyncOptions(mode, allow_mass_delete=allow_mass_delete, dry_run=common.dry_run)
    result = imap_sync(context, accounts, folders, options)
    runtime.printer.emit(result, asked=common.dry_run)
    return exit_of(result)
