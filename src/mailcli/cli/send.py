"""`mailcli send`: parse, send one message, print what became of it."""

import sys
from pathlib import Path
from typing import Any

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.errors import Exit, NotFound, UsageError

_EXAMPLE = """\b
Examples:
  echo "The backup is done." | mailcli send -s "Backup" ada@example.org
  mailcli send -t ada@example.org -s "Report" -a report.pdf --body "See attached."
  mailcli send --raw < message.eml
"""


@click.command(cls=MailCommand, epilog=_EXAMPLE)
@click.argument("recipients", nargs=-1, metavar="[RECIPIENT]...")
@click.option("-s", "--subject", default="", metavar="TEXT", help="The subject.")
@click.option("-t", "--to", multiple=True, metavar="ADDRESS", help="A recipient; repeatable.")
@click.option("-c", "--cc", multiple=True, metavar="ADDRESS", help="A copy, seen by all.")
@click.option("-b", "--bcc", multiple=True, metavar="ADDRESS", help="A copy that nobody sees.")
@click.option("-r", "--from", "sender", metavar="ADDRESS", help="The author (the account's).")
@click.option(
    "-f", "--envelope-from", "envelope_sender", metavar="ADDRESS", help="Where bounces go."
)
@click.option(
    "-a",
    "--attach",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Attach a file; repeatable.",
)
@click.option(
    "-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A further header."
)
@click.option("--reply-to", multiple=True, metavar="ADDRESS", help="Where answers should go.")
@click.option("--body", metavar="TEXT", help="The text; else it is read from standard input.")
@click.option(
    "--body-file",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Read the text from a file.",
)
@click.option("--raw", is_flag=True, help="Standard input is a whole message; send it as it is.")
@click.option("--fcc", "sent_folder", metavar="FOLDER", help="Keep the copy in this folder.")
@click.option("--no-save", is_flag=True, help="Keep no copy.")
@common_options(accounts="one", network=True, dry_run=True)
def command(common: Common, **values: Any) -> Exit:  # noqa: ANN401 - see Request
    """Send one message over SMTP.

    The text comes from standard input unless --body or --body-file gives it. A copy is kept
    in the account's Sent folder; imap-sync uploads it.

    Every recipient is answered for by the server: those refused are named, the others get
    the message. Exit 67 says that some were refused for good, 75 that the rest may be tried
    again.
    """
    from mailcli.app.submit import Request, preview, submit
    from mailcli.cli.runtime import Runtime
    from mailcli.output.problems import exit_of

    runtime = Runtime(common)
    raw = values.pop("raw")
    text, message = _read_input(raw, values.pop("body"), values.pop("body_file"), values)
    request = Request(**values | {"save": not values.pop("no_save")}, text=text, raw=message)
    account = common.account[0] if common.account else None
    if common.dry_run:
        runtime.printer.emit(preview(runtime.context, request, account), asked=True)
        return Exit.OK
    result = submit(runtime.context, request, account)
    runtime.printer.emit(result)
    return exit_of(result)


def _read_input(
    raw: bool, body: str | None, body_file: Path | None, values: dict[str, Any]
) -> tuple[str, bytes | None]:
    """Return the text of a message to compose, or the octets of one to relay."""
    if raw:
        if body is not None or body_file is not None or values["attach"] or values["headers"]:
            raise UsageError("--raw sends a finished message: it takes no text and no parts")
        return "", _file(body_file)
    if body is not None and body_file is not None:
        raise UsageError("--body and --body-file contradict each other")
    if body is not None:
        return body, None
    return _decoded(_file(body_file)), None


def _decoded(octets: bytes) -> str:
    """Return text of unknown encoding: UTF-8 where it is, else Latin-1, which loses nothing."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _file(path: Path | None) -> bytes:
    if path is not None and str(path) != "-":
        try:
            return path.read_bytes()
        except FileNotFoundError as exc:
            raise NotFound(f"{path}: no such file") from exc
    if sys.stdin.isatty():
        click.echo("Type the text; end it with Ctrl-D on a line of its own.", err=True)
    return sys.stdin.buffer.read()
