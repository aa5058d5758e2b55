"""`mailcli folders`: list an account's IMAP folders, and change which there are."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import option
from mailcli.errors import ConfirmationNeeded, Exit, UsageError

if TYPE_CHECKING:
    from mailcli.app.folder_plan import Wanted
    from mailcli.cli.runtime import Runtime
    from mailcli.results import FoldersResult

_EXAMPLE = """\b
Examples:
  mailcli folders
  mailcli folders --create Work/Clients --subscribe Work/Clients
  mailcli folders --rename Work/Clients Clients
  mailcli folders --delete Old -n
  mailcli folders --json | jq -r '.folders[] | select(.unseen > 0) | .name'
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@option("--create", metavar="NAME", multiple=True, help="Make a folder; repeatable.")
@option(
    "--rename",
    metavar="OLD NEW",
    nargs=2,
    help="Give a folder another name, with all inside it, here as well.",
)
@option(
    "--delete",
    metavar="NAME",
    multiple=True,
    help="Delete a folder and its messages on the server, after asking; repeatable.",
)
@option("--subscribe", metavar="NAME", multiple=True, help="Subscribe a folder; repeatable.")
@option("--unsubscribe", metavar="NAME", multiple=True, help="Unsubscribe a folder; repeatable.")
@option("--offline", is_flag=True, help="List what the last imap-sync saw; do not connect.")
@common_options(accounts="many", network=True, dry_run=True)
def command(  # noqa: PLR0913 - one argument for each option
    common: Common,
    *,
    create: tuple[str, ...],
    rename: tuple[str, str] | None,
    delete: tuple[str, ...],
    subscribe: tuple[str, ...],
    unsubscribe: tuple[str, ...],
    offline: bool,
) -> Exit:
    """List the IMAP folders of an account, or change them.

    With what each is for, the number of its messages, and how many of them are unread. Folders
    can be changed first; names are written like Work/Clients, whatever the server's separator.
    What is deleted on the server stays in the Maildir, and is not uploaded again.
    """
    from mailcli.app.folder_plan import Wanted
    from mailcli.app.folders import folders
    from mailcli.cli.runtime import Runtime
    from mailcli.model import Protocol
    from mailcli.output.problems import exit_of

    wanted = Wanted(create, rename or None, delete, subscribe, unsubscribe)
    wanted.check()
    if wanted and offline:
        raise UsageError("--offline only lists: a change needs the server")
    runtime = Runtime(common)
    if wanted:
        result = _change(runtime, wanted)
    else:
        context = runtime.context
        accounts = context.accounts(common.account, Protocol.IMAP, everyone=common.all_accounts)
        result = folders(context, accounts, offline=offline)
    runtime.printer.emit(result, asked=common.dry_run)
    return exit_of(result)


def _change(runtime: "Runtime", wanted: "Wanted") -> "FoldersResult":
    from mailcli.app.folder_changes import change_folders
    from mailcli.model import Protocol

    common = runtime.common
    if common.all_accounts or len(set(common.account)) > 1:
        raise UsageError("folders are changed in one account at a time", hint="choose it with -A")
    context = runtime.context
    (account,) = context.accounts(common.account, Protocol.IMAP, everyone=False)
    return change_folders(
        context, account, wanted, confirm=_confirm(runtime), dry_run=common.dry_run
    )


def _confirm(runtime: "Runtime") -> Callable[[str], None]:
    """Return what asks a question at the terminal; without one, only `--yes` answers."""

    def ask(question: str) -> None:
        from mailcli.message.clean import clean

        if runtime.common.yes:
            return
        if not runtime.interactive:
            raise ConfirmationNeeded(f"{question} Nobody is there to answer", hint="add --yes")
        if not click.confirm(clean(question), err=True):
            raise ConfirmationNeeded(f"{question} No: nothing was deleted")

    return ask
