"""`mailcli send`: parse, send one message, print what became of it."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.errors import Exit, NotFound, UsageError

_EXAMPLE = """\b
Examples:
  echo "The backup is done." | mailcli send -s "Backup" ada@example.org
  mailcli send -t ada@example.org -s Report -a report.pdf --body "See there."
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
    help="Read it from a file.",
)
@click.option("--raw", is_flag=True, help="The input is a whole message; send it as it is.")
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
    from mailcli.app.submit import Request, prepare, preview, submit
    from mailcli.cli.runtime import Runtime
    from mailcli.output.problems import exit_of

    _refuse_contradictions(**values)
    raw, body, body_file = (values.pop(name) for name in ("raw", "body", "body_file"))
    values["save"] = not values.pop("no_save")
    runtime = Runtime(common)
    account = common.account[0] if common.account else None
    request = Request(**values, text=body or "")
    if body is None and not raw and _is_typed(body_file):
        prepare(runtime.context, request, account)  # tells what is wrong before a text is typed
    if raw:
        request = replace(request, raw=_read(body_file))
    elif body is None:
        request = replace(request, text=_decoded(_read(body_file)))
    if common.dry_run:
        runtime.printer.emit(preview(runtime.context, request, account), asked=True)
        return Exit.OK
    result = submit(runtime.context, request, account)
    runtime.printer.emit(result)
    return exit_of(result)


def _refuse_contradictions(
    *,
    raw: bool,
    body: str | None,
    body_file: Path | None,
    **values: Any,  # noqa: ANN401 - see Request
) -> None:
    fields = [name for name in ("attach", "headers", "reply_to", "subject") if values[name]]
    if raw and (fields or body is not None):
        raise UsageError("--raw sends a finished message: it takes no text and no fields")
    if body is not None and body_file is not None:
        raise UsageError("--body and --body-file contradict each other")


def _decoded(octets: bytes) -> str:
    """Return text of unknown encoding: UTF-8 where it is, else Latin-1, which loses nothing."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _is_typed(path: Path | None) -> bool:
    return (path is None or str(path) == "-") and sys.stdin.isatty()


def _read(path: Path | None) -> bytes:
    """Read a file, or standard input where none is named, or `-`."""
    if path is not None and str(path) != "-":
        try:
            return path.read_bytes()
        except FileNotFoundError as exc:
            raise NotFound(f"{path}: no such file") from exc
    if _is_typed(path):
        click.echo("Type the text; end it with Ctrl-D on a line of its own.", err=True)
    return sys.stdin.buffer.read()
