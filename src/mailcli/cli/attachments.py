"""`mailcli attachments`: list or save what came with messages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import Group, option
from mailcli.cli.selecting import messages, tell
from mailcli.errors import Exit

_LIST_EXAMPLE = """\b
Examples:
  mailcli attachments list 42
  mailcli attachments list last --all
  mailcli attachments list ~/Downloads/message.eml --json
"""
_SAVE_EXAMPLE = """\b
Examples:
  mailcli attachments save 42 --dir ~/Downloads
  mailcli attachments save 50-55 --dir invoices --match '*.pdf'
  mailcli attachments save 42 --dir . --part 2.1
  mailcli attachments save 'from:ada has:attachment' --dir ada
"""

_SELECTORS = click.argument("selectors", nargs=-1, required=True, metavar="SELECTOR...")
_CHOICE = (
    option("--match", metavar="GLOB", help="Only those with a name like this: '*.pdf'."),
    option("--part", "parts", multiple=True, metavar="N", help="This part, text too; repeatable."),
    option(
        "--all",
        "everything",
        is_flag=True,
        help="Also images in the text, signatures, and what is in forwarded messages.",
    ),
)


def _choosing(function: Callable[..., Any]) -> Callable[..., Any]:
    for choice in reversed(_CHOICE):
        function = choice(function)
    return function


@click.group(cls=Group)
def command() -> None:
    """List or save what came with messages."""


@command.command("list", cls=MailCommand, epilog=_LIST_EXAMPLE)
@_SELECTORS
@_choosing
@common_options(accounts="many")
def list_(
    common: Common,
    selectors: tuple[str, ...],
    match: str | None,
    parts: tuple[str, ...],
    everything: bool,
) -> Exit:
    """List the attachments of messages, with their sizes.

    SELECTOR is a number, a range (50-55), last, mid:<...>, a file, - for selectors on standard
    input, or a search in quotes.
    """
    from mailcli.app.attachments import Wanted, list_attachments
    from mailcli.cli.runtime import Runtime

    runtime = Runtime(common)
    wanted = Wanted(match, parts, everything)
    found = messages(runtime, runtime.offline_context, selectors)
    return tell(runtime, list_attachments(found, wanted))


@command.command("save", cls=MailCommand, epilog=_SAVE_EXAMPLE)
@_SELECTORS
@option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Save into this directory; it is made if need be.",
)
@_choosing
@option("--force", is_flag=True, help="Replace files that are there, instead of a suffix.")
@common_options(accounts="many", dry_run=True)
def save(  # noqa: PLR0913, PLR0917 - one argument for each option
    common: Common,
    selectors: tuple[str, ...],
    directory: Path,
    match: str | None,
    parts: tuple[str, ...],
    everything: bool,
    force: bool,
) -> Exit:
    """Save the attachments of messages into a directory.

    Names that senders gave are made safe, and a name that is taken gets a suffix: a-1.pdf.
    Forwarded messages become .eml files. SELECTOR is as for list.
    """
    from mailcli.app.attachments import Wanted, save_attachments
    from mailcli.cli.runtime import Runtime

    runtime = Runtime(common)
    result = save_attachments(
        messages(runtime, runtime.offline_context, selectors),
        Wanted(match, parts, everything),
        directory,
        force=force,
        dry_run=common.dry_run,
    )
    code = tell(runtime, result, asked=common.dry_run)
    if common.dry_run:
        runtime.printer.note("nothing was written: a dry run")
    return code
