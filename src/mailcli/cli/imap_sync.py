"""`mailcli imap-sync`: parse, synchronise, print what changed."""

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import option
from mailcli.errors import Exit

_EXAMPLE = """\b
Examples:
  mailcli imap-sync                 every folder of the account, both ways
  mailcli imap-sync INBOX Sent -n   what would be done in these two
  mailcli imap-sync --all-accounts --pull
  mailcli imap-sync --verify        compare both sides, change nothing
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("folders", nargs=-1, metavar="[FOLDER]...")
@option("--pull", is_flag=True, help="Change nothing on the server.")
@option("--push", is_flag=True, help="Change nothing in the Maildir.")
@option(
    "--allow-mass-delete",
    is_flag=True,
    help="Carry deletions even where they empty most of a folder.",
)
@option(
    "--full",
    is_flag=True,
    help="List every folder whole; distrust every shortcut, and repair.",
)
@option(
    "--jobs",
    type=click.IntRange(1, 16),
    metavar="N",
    help="Fetch over up to N connections at once; default: as the server bears, up to 4.",
)
@option(
    "--verify",
    is_flag=True,
    help="Compare both sides by content and report; change nothing.",
)
@common_options(accounts="many", network=True, dry_run=True)
def command(  # noqa: PLR0913 - one argument for each option
    common: Common,
    *,
    folders: tuple[str, ...],
    pull: bool,
    push: bool,
    allow_mass_delete: bool,
    full: bool,
    jobs: int | None,
    verify: bool,
) -> Exit:
    """Synchronise IMAP folders with the Maildir.

    New messages, flags, moves and deletions travel both ways; so do new and renamed folders. A
    message that was deleted on one side and changed on the other stays. Where more than ten
    messages and more than half of a folder would be deleted, or the folder has vanished, those
    deletions wait until they are confirmed (exit 3; with --dry-run, where they would).

    FOLDER is a name such as Work/Clients, or a pattern in quotes: 'Lists/*', '!Spam'.

    --verify reads every message on both sides and changes nothing. It exits 0 where all that
    differs is for the next run to carry or hold back, and 74 where a file is not what the server
    has.
    """
    from mailcli.app.sync_accounts import SyncOptions, imap_sync
    from mailcli.cli.runtime import Runtime
    from mailcli.errors import UsageError
    from mailcli.model import Protocol, SyncMode
    from mailcli.output.problems import exit_of

    if pull and push:
        raise UsageError("--pull and --push contradict each other")
    if verify and (pull or push or full or allow_mass_delete or jobs):
        raise UsageError("--verify changes nothing, and goes with no option that says what to")
    runtime = Runtime(common)
    context = runtime.context
    accounts = context.accounts(common.account, Protocol.IMAP, everyone=common.all_accounts)
    asked = common.dry_run
    if verify:
        from mailcli.app.imap_verify import imap_verify
        from mailcli.output.imap_table import differs

        result = imap_verify(context, accounts, folders)
        asked = asked or differs(result)
    else:
        mode = SyncMode.PULL if pull else SyncMode.PUSH if push else None
        options = SyncOptions(
            mode,
            allow_mass_delete=allow_mass_delete,
            full=full,
            dry_run=common.dry_run,
            jobs=jobs,
        )
        result = imap_sync(context, accounts, folders, options)
    runtime.printer.emit(result, asked=asked)
    return exit_of(result)
