"""`mailcli list`: show messages of the local Maildir."""

from pathlib import Path
from typing import Any

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import PathName, option
from mailcli.errors import Exit

_EXAMPLE = """\b
Marks: N or dot unread, D draft, r answered, f forwarded, ! flagged, @ files

\b
Examples:
  mailcli list --unread
  mailcli list --folder Sent --limit 5 --page 2
  mailcli list --threads --all-folders
  mailcli list ~/Mail/old --json
  mailcli list archive.mbox
"""

PAGE = 50
"""Messages on a page, where `--page` is given in a pipe."""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("path", required=False, type=PathName())
@option("--folder", default=None, metavar="NAME", help="Show this folder (INBOX).")
@option("--all-folders", is_flag=True, help="Show every folder.")
@option("--unread", is_flag=True, help="Only what was not read yet.")
@option("--flagged", is_flag=True, help="Only what is flagged.")
@option("--from", "sender", metavar="TEXT", help="Only from whom these words name.")
@option("--threads", is_flag=True, help="Show whole threads, newest first.")
@option("--limit", type=click.IntRange(min=1), metavar="N", help="Show the newest N.")
@option("--page", type=click.IntRange(min=1), metavar="N", help="Show the N-th page (1).")
@common_options(accounts="many")
def command(common: Common, path: Path | None, **options: Any) -> Exit:  # noqa: ANN401 - whatever the options give
    """List messages of the local Maildir, newest first.

    Nothing is asked of a server. A PATH is listed without an account: a Maildir, one folder of
    it, an mbox file or one message. At a terminal the newest screenful is shown, in a pipe
    everything.
    """
    from mailcli.app.listing import Wanted, list_messages, list_path
    from mailcli.cli.runtime import Runtime
    from mailcli.errors import UsageError
    from mailcli.output.problems import exit_of

    folder, all_folders = options.pop("folder"), options.pop("all_folders")
    if folder and all_folders:
        raise UsageError("--folder and --all-folders contradict each other")
    limit, page = page_of(common, options.pop("limit"), options.pop("page"))
    wanted = Wanted(**options, limit=limit, page=page)
    runtime = Runtime(common)
    if path is not None:
        result = list_path(runtime.offline_context, path, folder=folder, wanted=wanted)
    else:
        place = None if all_folders else folder or "INBOX"
        result = list_messages(runtime.context, runtime.accounts, folder=place, wanted=wanted)
    runtime.printer.emit(result)
    return exit_of(result)


def page_of(common: Common, limit: int | None, page: int | None) -> tuple[int | None, int]:
    """Return how many messages a page has, None for all, and which page is wanted."""
    return limit or _screenful(common) or (PAGE if page else None), page or 1


def _screenful(common: Common) -> int | None:
    """Return how many messages fit the terminal; None where there is none."""
    import sys

    if not sys.stdout.isatty() or common.json or common.output:
        return None
    import shutil  # it imports every compressor there is

    return max(5, shutil.get_terminal_size().lines - 4)
