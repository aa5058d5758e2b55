"""`mailcli outbox`: messages queued by `send --queue` and `--queue-on-tempfail`."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import Group, option
from mailcli.errors import Exit

if TYPE_CHECKING:
    from mailcli.app.outbox import FlushRequest
    from mailcli.cli.runtime import Runtime

_LIST_EXAMPLE = """\b
Example:
  mailcli outbox list --json
"""
_FLUSH_EXAMPLE = """\b
Examples:
  mailcli outbox flush
  mailcli outbox flush --now
  mailcli outbox flush --retry 3
"""
_DROP_EXAMPLE = """\b
Example:
  mailcli outbox drop 3
"""


@click.group(cls=Group)
def command() -> None:
    """List, send or drop messages that wait to be sent."""


@command.command("list", cls=MailCommand, epilog=_LIST_EXAMPLE)
@common_options(accounts="many")
def list_outbox(common: Common) -> Exit:
    """List what waits, who it is for, and why it was not sent yet.

    `waiting` is sent by the next flush that finds it due. `unknown` was sent, and the
    connection ended before the answer: it is never sent again by itself.
    """
    from mailcli.app.outbox import listed
    from mailcli.cli.runtime import Runtime

    runtime = Runtime(common)
    runtime.printer.emit(listed(runtime.context, common.account))
    return Exit.OK


@command.command("flush", cls=MailCommand, epilog=_FLUSH_EXAMPLE)
@click.argument("numbers", nargs=-1, type=int, metavar="[ID]...")
@option("--now", is_flag=True, help="Try all, also those that are not due yet.")
@option(
    "--retry", multiple=True, type=int, metavar="ID", help="Send an unknown one again; repeatable."
)
@option("--retry-unknown", is_flag=True, help="Send all unknown ones again.")
@common_options(accounts="many", network=True)
def flush_outbox(
    common: Common,
    numbers: tuple[int, ...],
    now: bool,
    retry: tuple[int, ...],
    retry_unknown: bool,
) -> Exit:
    """Send what waits and is due, over one connection for each account.

    After a failure a message waits 1 minute, then twice as long each time, up to 4 hours.
    After 5 days, or when the server refuses for good, a report is put into the INBOX.
    """
    from mailcli.app.outbox import FlushRequest, flush
    from mailcli.cli.runtime import Runtime
    from mailcli.output.problems import exit_of

    runtime = Runtime(common)
    request = FlushRequest(
        accounts=common.account,
        numbers=frozenset(numbers),
        retry=frozenset(retry),
        retry_unknown=retry_unknown,
        now=now,
    )
    request = replace(request, retry=request.retry | _asked(runtime, request))
    result = flush(runtime.context, request)
    runtime.printer.emit(result)
    return exit_of(result)


@command.command("drop", cls=MailCommand, epilog=_DROP_EXAMPLE)
@click.argument("numbers", nargs=-1, type=int, required=True, metavar="ID...")
@common_options()
def drop_outbox(common: Common, numbers: tuple[int, ...]) -> Exit:
    """Take messages out of the outbox for good; they are not sent."""
    from mailcli.app.outbox import drop
    from mailcli.cli.runtime import Runtime

    runtime = Runtime(common)
    runtime.printer.emit(drop(runtime.context, numbers))
    return Exit.OK


def _asked(runtime: "Runtime", request: "FlushRequest") -> frozenset[int]:
    """Ask, where somebody is there, which of the unknown ones to send again.

    `--yes` is no answer to this: it is given to flush what waits. `--retry-unknown` is one.
    """
    from mailcli.app.outbox import listed
    from mailcli.message.clean import clean

    if request.retry_unknown or runtime.common.yes or not runtime.interactive:
        return frozenset()
    found = set()
    for message in listed(runtime.context, runtime.common.account).messages:
        is_meant = not request.numbers or message.id in request.numbers
        if message.state == "unknown" and is_meant and message.id not in request.retry:
            text = f"Message {message.id} ({message.subject}) may have been delivered. Send again?"
            if click.confirm(clean(text), err=True):
                found.add(message.id)
    return frozenset(found)
