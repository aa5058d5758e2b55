"""`mailcli flag`: set flags and keywords of messages, or take them away."""

import click

from mailcli.cli.command import Common, common_options
from mailcli.cli.organise import FlagCommand, selected, tell
from mailcli.errors import Exit

_EXAMPLE = """\b
Examples:
  mailcli flag 42 +flagged
  mailcli flag 42 50-55 +seen -todo
  mailcli flag 'from:ada is:unread' +seen
  mailcli flag - +seen < numbers.txt
"""


@click.command(cls=FlagCommand, epilog=_EXAMPLE)
@click.argument("words", nargs=-1, required=True, metavar="SELECTOR... CHANGE...")
@common_options(accounts="many", dry_run=True)
def command(common: Common, words: tuple[str, ...]) -> Exit:
    """Set flags and keywords of messages, or take them away.

    CHANGE is +NAME or -NAME. Flags are seen, flagged, answered, draft, forwarded and deleted; any
    other name is a keyword, such as $Label1 or todo. SELECTOR is a number, a range (50-55), last,
    mid:<...>, a file, - for selectors on standard input, or a search in quotes. What looks like
    an option goes behind --.
    """
    from mailcli.app.flag_change import parse_changes, split_changes
    from mailcli.app.flagging import flag
    from mailcli.cli.runtime import Runtime

    changes, selectors = split_changes(words)
    if not changes:
        raise click.UsageError("Missing a change: +seen, -flagged, +todo.")
    if not selectors:
        raise click.UsageError("Missing a message: a number, last, a search in quotes.")
    change = parse_changes(changes)
    runtime = Runtime(common)
    found = selected(runtime, tuple(selectors))
    return tell(runtime, flag(runtime.context, found, change, dry_run=common.dry_run))
