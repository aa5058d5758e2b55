"""`mailcli reply`: answer one message."""

from typing import Any

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.composing import request_of, writing_options
from mailcli.cli.option import option
from mailcli.cli.selecting import selected
from mailcli.cli.writing import Source, task_of, write
from mailcli.errors import Exit, UsageError

_EXAMPLE = """\b
Examples:
  mailcli reply 42
  mailcli reply 42 --all --body "Yes, at nine."
  echo "I agree." | mailcli reply last --list --no-quote
  mailcli reply 'from:ada subject:report' -a report.pdf --draft
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("selector", metavar="SELECTOR")
@option("--all", "to_all", is_flag=True, help="Also to all others who got the message.")
@option("--list", "to_list", is_flag=True, help="To the mailing list, and nobody else.")
@option("--quote/--no-quote", default=True, help="Quote the message, or do not (quote).")
@option("--top", is_flag=True, help="Put the text above the quotation, not below.")
@writing_options(
    *("body", "body-file", "html", "markdown", "subject", "cc", "bcc", "from", "reply-to"),
    *("attach", "inline", "header", "fcc", "no-save", "queue", "queue-on-tempfail", "draft"),
)
@common_options(accounts="one", network=True, dry_run=True)
def command(
    common: Common,
    selector: str,
    to_all: bool,
    to_list: bool,
    quote: bool,
    top: bool,
    **values: Any,  # noqa: ANN401 - see Request
) -> Exit:
    """Reply to a message.

    The reply goes where the message asks for it, else to its sender; to a message of your
    own, to those whom you wrote to. It never goes to yourself, unless nobody else is left.
    It is from the address that the message was sent to.

    The text comes from --body, --body-file or standard input, else from your editor, with
    the message quoted. Once the reply was accepted, the message is marked as answered.

    SELECTOR is a number, last, mid:<...>, a file, or a search in quotes.
    """
    from mailcli.app.answering import Reply, reply_to, settled, wish_of
    from mailcli.cli.runtime import Runtime

    if to_all and to_list:
        raise UsageError("--all and --list contradict each other")
    if selector == "-" and values["body"] is None and values["body_file"] is None:
        raise UsageError("standard input names the message: use --body or --body-file")
    runtime = Runtime(common)
    request = request_of(**values)
    messages = selected(runtime, (selector,))
    if len(messages.found) > 1:
        count = len(messages.found)
        raise UsageError(f"{selector}: {count} messages", hint="reply to one, by its number")
    account = common.account[0] if common.account else None
    manner = Reply(wish_of(to_all=to_all, to_list=to_list), quotes=quote, on_top=top)
    answering = reply_to(runtime.context, messages.found[0], request, account, manner)
    for warning in answering.warnings:
        runtime.printer.warn(warning)
    task = task_of(
        runtime,
        answering.account,
        draft=values["draft"],
        settle=lambda result: settled(answering, result, messages.given),
    )
    source = Source(values["body"], values["body_file"])
    return write(runtime, answering.request, source, task)
