"""`mailcli send`: parse, send one message, print what became of it."""

from typing import Any

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.composing import request_of, writing_options
from mailcli.cli.writing import Source, send, task_of, write
from mailcli.errors import Exit

_EXAMPLE = """\b
Examples:
  echo "The backup is done." | mailcli send -s "Backup" ada@example.org
  mailcli send -t ada@example.org -s Report -a report.pdf --body "See there."
  mailcli send --raw < message.eml
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("recipients", nargs=-1, metavar="[RECIPIENT]...")
@writing_options(
    "subject",
    "to",
    "cc",
    "bcc",
    "from",
    "envelope-from",
    "attach",
    "header",
    "reply-to",
    "body",
    "body-file",
    "html",
    "markdown",
    "inline",
    "raw",
    "read-recipients",
    "fcc",
    "no-save",
    "queue",
    "queue-on-tempfail",
    "dsn-notify",
    "dsn-return",
    "draft",
)
@common_options(accounts="one", network=True, dry_run=True)
def command(common: Common, **values: Any) -> Exit:  # noqa: ANN401 - see Request
    """Send one message over SMTP.

    The text comes from standard input unless --body or --body-file gives it. A copy is kept
    in the account's Sent folder; imap-sync uploads it.

    Every recipient is answered for by the server: those refused are named, the others get
    the message. Exit 67 says that some were refused for good, 75 that the rest may be tried
    again.
    """
    from mailcli.cli.runtime import Runtime

    request = request_of(**values)
    runtime = Runtime(common)
    account = common.account[0] if common.account else None
    if values["raw"]:
        return send(runtime, request, account, dry_run=common.dry_run)
    source = Source(values["body"], values["body_file"])
    return write(runtime, request, source, task_of(runtime, account, draft=values["draft"]))
