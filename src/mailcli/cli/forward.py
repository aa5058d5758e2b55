"""`mailcli forward`: pass messages on."""

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
  mailcli forward 42 -t bob@example.org
  mailcli forward 42 -t bob@example.org --body "See below." --no-attachments
  mailcli forward 50-55 -t bob@example.org --as-attachment --body ""
  mailcli forward 'from:ada date:this-week' -t bob@example.org --as-attachment
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("selectors", nargs=-1, required=True, metavar="SELECTOR...")
@option("--as-attachment", "whole", is_flag=True, help="Attach the messages as they are.")
@option("--no-attachments", is_flag=True, help="Pass on the text without what is attached.")
@writing_options(
    *("to", "cc", "bcc", "body", "body-file", "html", "markdown", "subject", "from"),
    *("reply-to", "attach", "inline", "header", "fcc", "no-save", "queue", "queue-on-tempfail"),
    "draft",
)
@common_options(accounts="one", network=True, dry_run=True)
def command(
    common: Common,
    selectors: tuple[str, ...],
    whole: bool,
    no_attachments: bool,
    **values: Any,  # noqa: ANN401 - see Request
) -> Exit:
    """Pass messages on to others.

    Below your text stand the message's header in short, its text, and its attachments. With
    --as-attachment the messages are attached whole, as they are stored; only Bcc is left out.
    Once it was accepted, the messages are marked as passed on.

    The text comes from --body, --body-file or standard input, else from your editor.

    SELECTOR is a number, a range (50-55), last, mid:<...>, a file, - for selectors on standard
    input, or a search in quotes.
    """
    from mailcli.app.answering import Forward, forward, settled
    from mailcli.cli.runtime import Runtime

    if whole and no_attachments:
        raise UsageError("--as-attachment and --no-attachments contradict each other")
    if not (values["to"] or values["cc"] or values["bcc"] or values["draft"]):
        raise UsageError("nobody to forward to", hint="name somebody with --to")
    runtime = Runtime(common)
    request = request_of(**values)
    messages = selected(runtime, selectors)
    account = common.account[0] if common.account else None
    manner = Forward(whole=whole, attachments=not no_attachments)
    answering = forward(runtime.context, messages.found, request, account, manner)
    for warning in answering.warnings:
        runtime.printer.warn(warning)
    task = task_of(
        runtime,
        answering.account,
        draft=values["draft"],
        settle=lambda result: settled(answering, result, messages.given),
    )
    source = Source(values["body"], values["body_file"], stdin="-" not in selectors)
    return write(runtime, answering.request, source, task)
