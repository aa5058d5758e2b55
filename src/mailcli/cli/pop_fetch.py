"""`mailcli pop-fetch`: parse, fetch, print what came."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from mailcli.cli.command import Common, MailCommand, OptionalValue, common_options
from mailcli.cli.option import option
from mailcli.errors import Exit, UsageError

_EXAMPLE = """\b
Examples:
  mailcli pop-fetch                   new mail; the server keeps it
  mailcli pop-fetch --keep=30d        the server keeps it for 30 days
  mailcli pop-fetch --status          what is there, and what of it is new
  mailcli pop-fetch --all-accounts    from cron: silent where all is well
"""

_MAILDIR = "maildir:"


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@option(
    "-k",
    "--keep",
    cls=OptionalValue,
    implied="for ever",
    metavar="AGE",
    help="Leave mail on the server, for ever or until it was stored AGE ago.",
)
@option("--delete", is_flag=True, help="Delete on the server what is stored here.")
@option(
    "--delete-after",
    metavar="AGE",
    help="Delete there what was stored here AGE ago; as --keep=AGE.",
)
@option("--max-size", metavar="SIZE", help="Leave larger messages on the server.")
@option(
    "--max-messages",
    type=click.IntRange(1),
    metavar="N",
    help="Fetch at most N messages; the others come with later runs.",
)
@option("--max-bytes", metavar="SIZE", help="Fetch at most so much, but one message in any case.")
@option(
    "--mark-seen-only",
    is_flag=True,
    help="Fetch nothing; take what is there for seen, and never delete it.",
)
@option("--status", is_flag=True, help="Fetch nothing; count what is there and what is new.")
@option("--deliver", metavar="maildir:PATH", help="Put mail into this Maildir, not the account's.")
@option(
    "--notify-after",
    type=click.IntRange(1),
    metavar="N",
    help="Say nothing of failures that pass (exit 75) until N runs in a row have failed.",
)
@option(
    "--skip-if-running",
    is_flag=True,
    help="Where another run works on the account, skip it and exit 0.",
)
@common_options(accounts="many", network=True, dry_run=True)
def command(common: Common, **values: Any) -> Exit:  # noqa: ANN401 - whatever the options give
    """Fetch POP3 mail into the Maildir.

    Mail stays on the server unless the account or an option says otherwise. A message is
    deleted there only after it is safe on this disk.

    AGE is 90s, 15m, 12h, 30d or 2w, counted from when the message was stored here. SIZE is
    octets, or 500k, 10M, 2G.

    Where nobody watches (no terminal), success prints nothing, unless with -v or -o.
    """
    import sys

    from mailcli.app.pop_fetch import pop_fetch
    from mailcli.app.pop_options import PopOptions, Task
    from mailcli.cli.runtime import Runtime
    from mailcli.model import Protocol
    from mailcli.output.problems import exit_of

    task = Task[_task(common, values)]
    options = PopOptions(
        task=task,
        keep=_keep(values),
        max_size=_size("--max-size", values["max_size"]),
        max_messages=values["max_messages"],
        max_bytes=_size("--max-bytes", values["max_bytes"]),
        deliver=_maildir(values["deliver"]),
        notify_after=values["notify_after"],
        skip_if_running=values["skip_if_running"],
        tell_again=bool(sys.stdout.isatty() or common.verbose or common.json or common.output),
    )
    runtime = Runtime(common)
    context = runtime.context
    accounts = context.accounts(common.account, Protocol.POP3, everyone=common.all_accounts)
    result = pop_fetch(context, accounts, options)
    runtime.printer.emit(result, asked=task is not Task.FETCH)
    return exit_of(result)


def _task(common: Common, values: dict[str, Any]) -> str:
    """Return the name of the task that the options ask for."""
    only = [name for name in ("status", "mark_seen_only") if values[name]]
    if len(only) > 1 or (only and common.dry_run):
        raise UsageError("--status, --mark-seen-only and --dry-run exclude each other")
    if only:
        return {"status": "STATUS", "mark_seen_only": "MARK"}[only[0]]
    return "FORESEE" if common.dry_run else "FETCH"


def _keep(values: dict[str, Any]) -> bool | timedelta | None:
    """Return what the options say about keeping, None where they say nothing."""
    keep, delete, after = values["keep"], values["delete"], values["delete_after"]
    if sum(map(bool, (keep, delete, after))) > 1:
        raise UsageError("--keep, --delete and --delete-after contradict each other")
    if delete:
        return False
    if keep == "for ever":
        return True
    for name, text in (("--keep", keep), ("--delete-after", after)):
        if text is not None:
            return _age(name, text)
    return None


def _age(option: str, text: str) -> timedelta:
    from mailcli.config import parse_age

    try:
        return parse_age(text)
    except ValueError as exc:
        raise UsageError(f"{option}={text}: {exc}") from exc


def _size(option: str, text: str | None) -> int | None:
    from mailcli.config import parse_size

    if text is None:
        return None
    try:
        size = parse_size(text)
    except ValueError as exc:
        raise UsageError(f"{option}={text}: {exc}") from exc
    if not size:
        raise UsageError(f"{option}={text}: expected a size above 0")
    return size


def _maildir(text: str | None) -> Path | None:
    """Return the Maildir to deliver into."""
    if text is None:
        return None
    path = text.removeprefix(_MAILDIR)
    if not text.startswith(_MAILDIR) or not path:
        raise UsageError(f"--deliver={text}: expected maildir:PATH")
    return Path(path).expanduser().absolute()
