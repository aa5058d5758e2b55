"""`mailcli search`: find messages in the local Maildir, or on the server."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import PathName, option
from mailcli.errors import Exit, UsageError

if TYPE_CHECKING:
    from mailcli.app.listing import Wanted
    from mailcli.cli.runtime import Runtime
    from mailcli.results import ListResult

_EPILOG = """\b
Words are found in names and addresses, subject, text, and names of files:
  a b, a OR b, -a     both; one of them; not. NOT a is -a, for shells
  invoice*            what begins so
  "two words"         in a row: keep the quotes from the shell
  from:(ada OR bob)   a key before parentheses holds for all inside

\b
Keys:
  from: to: cc:       who: whole addresses or words; to: is To, Cc and Bcc
  subject: body: file: list:   file: is an attachment's name, list: List-Id
  has:attachment  is:unread  is:flagged  is:answered  is:forwarded  is:draft
  keyword:NAME  folder:NAME  account:NAME   NAME in any case, or Lists/*
  date:WHEN  date:FROM..TO  date:FROM..     both ends belong to a range
  after:WHEN  before:WHEN     from that day on; before that day
  larger:1M  smaller:500k     in octets, k, M, G
  id:MESSAGE-ID

\b
Dates, in local time:
  today, yesterday, monday, last-friday, this-week, last-month, october,
  2026, 2026-10, 2026-10-05, 5.10.2026, 2026-10-05T14:30
  12h, 3d, 2w, 6mo, 1y    so long ago; alone it means "since then"

\b
Case and accents do not matter: cafe finds Café. Words are whole, but with *;
Chinese, Japanese, Korean and Thai are found by any characters in a row.

\b
Examples:
  mailcli search from:ada invoice has:attachment
  mailcli search 'subject:"annual report" date:2026-10..'
  mailcli search is:unread -folder:Spam
  mailcli search --path archive.mbox before:2020
  mailcli search --server 'from:ada@example.org after:2w'
"""

_NEGATED = re.compile(r"-([A-Za-z]{2,}:.*|[^\W\d_]\w+)", re.DOTALL)
_OPTIONS = re.compile(r"-[qv]*(?:[qvh]|A.*|o(?:table|tsv|json|jsonl))")


class _SearchCommand(MailCommand):
    """A command whose arguments may be `-from:ada` or `-invoice`, which no option looks like."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write such an argument as two that begin with no hyphen."""
        written: list[str] = []
        for at, arg in enumerate(args):
            if arg == "--":
                written += args[at:]
                break
            negated = None if _OPTIONS.fullmatch(arg) else _NEGATED.fullmatch(arg)
            written += ["NOT", negated[1]] if negated else [arg]
        return super().parse_args(ctx, written)


@click.command(cls=_SearchCommand, epilog=_EPILOG)
@click.argument("query", nargs=-1, required=True)
@option(
    "--path",
    type=PathName(),
    help="Search a Maildir, an mbox file or a message that belongs to no account.",
)
@option("--folder", metavar="NAME", help="Search this folder alone.")
@option("--all-folders", is_flag=True, help="Search every folder; with --server, too.")
@option("--server", is_flag=True, help="Ask the IMAP server, in INBOX unless told.")
@option("--threads", is_flag=True, help="Show the whole threads of what is found.")
@option("--limit", type=click.IntRange(min=1), metavar="N", help="Show the newest N.")
@option("--page", type=click.IntRange(min=1), metavar="N", help="Show the N-th page (1).")
@option("--fail-empty", is_flag=True, help="Exit with 66 where nothing is found.")
@common_options(accounts="many", network=True)
def command(common: Common, query: tuple[str, ...], **options: Any) -> Exit:  # noqa: ANN401 - whatever the options give
    """Find messages, here or on the server.

    Newest first. Searches what is here, in all folders, and asks no server. A first argument
    that is a path with a slash is searched in place of the accounts. With --server, the server
    looks: for parts of words, too, and by whole days of the sender; what is not here is shown
    without a number.
    """
    from mailcli.cli.runtime import Runtime
    from mailcli.output.problems import exit_of

    path, words = _without_path(options.pop("path"), query)
    _check(options, path)
    runtime = Runtime(common)
    fail_empty = options.pop("fail_empty")
    if options.pop("server"):
        result = _on_servers(runtime, " ".join(words), options)
    else:
        result = _here(runtime, path, " ".join(words), options)
    runtime.printer.emit(result)
    code = exit_of(result)
    return Exit.NOT_FOUND if fail_empty and not result.messages and code is Exit.OK else code


def _without_path(
    path: Path | None, query: tuple[str, ...]
) -> tuple[Path | None, tuple[str, ...]]:
    """Take a first argument that is a path off the query."""
    import os

    if path is None and len(query) > 1 and "/" in query[0] and os.path.lexists(query[0]):
        return Path(query[0]), query[1:]
    return path, query


def _check(options: dict[str, Any], path: Path | None) -> None:
    if options["folder"] and options["all_folders"]:
        raise UsageError("--folder and --all-folders contradict each other")
    if options["server"] and path is not None:
        raise UsageError("--server and a path contradict each other")
    if options["server"] and options["threads"]:
        raise UsageError("--threads needs messages that are here: leave --server out")


def _here(
    runtime: "Runtime", path: Path | None, text: str, options: dict[str, Any]
) -> "ListResult":
    from mailcli.app.listing import list_messages, list_path

    folder = options.pop("folder")
    if path is not None:
        context = runtime.offline_context
        return list_path(context, path, folder=folder, wanted=_wanted(runtime, text, options))
    wanted = _wanted(runtime, text, options)
    everyone = _is_about_accounts(runtime.common, wanted.query)
    accounts = list(runtime.config.accounts.values()) if everyone else runtime.accounts
    return list_messages(runtime.context, accounts, folder=folder, wanted=wanted)


def _is_about_accounts(common: Common, query: object) -> bool:
    """Whether the query chooses among all accounts, as no option does."""
    return common.all_accounts or (not common.account and "account:" in str(query))


def _wanted(runtime: "Runtime", text: str, options: dict[str, Any]) -> "Wanted":
    from mailcli.app.listing import Wanted
    from mailcli.app.queries import parsed
    from mailcli.cli.list import page_of

    limit, page = page_of(runtime.common, options["limit"], options["page"])
    query = parsed(runtime.offline_context, text)
    return Wanted(query=query, threads=options["threads"], limit=limit, page=page)


def _on_servers(runtime: "Runtime", text: str, options: dict[str, Any]) -> "ListResult":
    from mailcli.app.queries import parsed
    from mailcli.app.search import Asked, search_servers
    from mailcli.cli.list import page_of
    from mailcli.model import Protocol

    context, common = runtime.context, runtime.common
    query = parsed(context, text)
    limit, page = page_of(runtime.common, options["limit"], options["page"])
    named = options["folder"] or ("folder:" not in str(query) and "INBOX") or None
    asked = Asked(
        query,
        None if options["all_folders"] else named,
        most=None if limit is None else limit * page,
    )
    everyone = _is_about_accounts(common, query)
    accounts = context.accounts(common.account, Protocol.IMAP, everyone=everyone)
    answered = search_servers(context, accounts, asked)
    for note in answered.notes:
        runtime.printer.warn(f"search --server: {note}")
    return answered.page(limit, page)
