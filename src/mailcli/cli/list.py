"""`mailcli list`: show messages of the local Maildir."""

from pathlib import Path

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.errors import Exit

_EXAMPLE = """\b
Examples:
  mailcli list
  mailcli list --folder Sent --limit 5
  mailcli list ~/Mail/old --json
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("maildir", required=False, type=click.Path(path_type=Path))
@click.option("--folder", default=None, metavar="NAME", help="Show this folder (INBOX).")
@click.option("--all-folders", is_flag=True, help="Show every folder.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show the newest N.")
@common_options(accounts="many")
def command(
    common: Common,
    maildir: Path | None,
    folder: str | None,
    all_folders: bool,
    limit: int | None,
) -> Exit:
    """List messages of the local Maildir, newest first.

    Nothing is asked of a server. A MAILDIR path is listed without an account. At a terminal
    the newest screenful is shown, in a pipe everything.
    """
    import sys

    from mailcli.app.listing import list_messages, list_path
    from mailcli.cli.runtime import Runtime
    from mailcli.errors import UsageError
    from mailcli.output.problems import exit_of

    if folder and all_folders:
        raise UsageError("--folder and --all-folders contradict each other")
    if limit is None and sys.stdout.isatty() and not (common.json or common.output):
        import shutil

        limit = max(5, shutil.get_terminal_size().lines - 4)
    wanted = None if all_folders else folder or "INBOX"
    runtime = Runtime(common)
    if maildir is not None:
        result = list_path(maildir, folder=None if folder is None else wanted, limit=limit)
    else:
        result = list_messages(runtime.accounts, folder=wanted, limit=limit)
    runtime.printer.emit(result)
    return exit_of(result)
