"""`mailcli send`: parse, send one message, print what became of it."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.streams import abandon_if_broken
from mailcli.errors import Exit, UsageError

if TYPE_CHECKING:
    from mailcli.app.outgoing import Request
    from mailcli.cli.runtime import Runtime
    from mailcli.model import Notify

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
@click.option("--html", is_flag=True, help="The text is HTML; plain text is made from it, too.")
@click.option("--markdown", is_flag=True, help="The text is Markdown; HTML is made from it, too.")
@click.option(
    "--inline",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="An image that the HTML shows as cid:NAME; repeatable.",
)
@click.option("--raw", is_flag=True, help="The input is a whole message; send it as it is.")
@click.option(
    "--read-recipients", is_flag=True, help="With --raw, send to those in its header, too."
)
@click.option("--fcc", "sent_folder", metavar="FOLDER", help="Keep the copy in this folder.")
@click.option("--no-save", is_flag=True, help="Keep no copy.")
@click.option("--queue", is_flag=True, help="Put it into the outbox; outbox flush sends it.")
@click.option(
    "--queue-on-tempfail", is_flag=True, help="Put it there where it cannot be sent for now."
)
@click.option(
    "--dsn-notify",
    metavar="EVENTS",
    help="Ask for reports: never, or success, failure and delay with commas between.",
)
@click.option(
    "--dsn-return",
    type=click.Choice(["hdrs", "full"]),
    help="What a report brings back of the message.",
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

    request = _request(**values)
    runtime = Runtime(common)
    account = common.account[0] if common.account else None
    body, body_file = values["body"], values["body_file"]
    if body is not None or values["raw"]:
        return send(runtime, request, account, dry_run=common.dry_run)
    if not _is_typed(body_file):
        request = request._replace(text=_decoded(b"".join(_chunks(body_file))))
        return send(runtime, request, account, dry_run=common.dry_run)
    return _write(runtime, request, account, body_file)


def _write(
    runtime: "Runtime", request: "Request", account: str | None, body_file: Path | None
) -> Exit:
    """Let the user at the terminal write the text: in the editor, where they have named one."""
    from mailcli.app.outgoing import prepare
    from mailcli.cli.editor import editor_of, written

    dry_run = runtime.common.dry_run
    if body_file is None and runtime.interactive and (editor := editor_of(os.environ)):
        with written(request, editor, runtime.paths.state_dir) as message:
            code = send(runtime, message.request, account, dry_run=dry_run)
            message.sent = code is Exit.OK and not dry_run
            if not message.sent:
                runtime.printer.warn(f"what you wrote is kept in {message.path}")
            return code
    empty = request._replace(inline=())
    prepare(runtime.context, empty, account)  # tells what is wrong before a text is typed
    request = request._replace(text=_decoded(b"".join(_chunks(body_file))))
    return send(runtime, request, account, dry_run=dry_run)


def send(runtime: "Runtime", request: "Request", account: str | None, *, dry_run: bool) -> Exit:
    """Send or show one message and print what became of it."""
    from mailcli.app.submit import preview, submit
    from mailcli.output.problems import exit_of

    if dry_run:
        runtime.printer.emit(preview(runtime.context, request, account), asked=True)
        return Exit.OK
    result = submit(runtime.context, request, account)
    try:
        runtime.printer.emit(result)
        sys.stdout.flush()
    except OSError as exc:  # the message has gone: nobody should be told to try again
        abandon_if_broken(sys.stdout)
        with contextlib.suppress(OSError):
            if not isinstance(exc, BrokenPipeError):  # a reader that left wants to know no more
                runtime.printer.warn(f"what became of the message is not told: {exc.strerror}")
        abandon_if_broken(sys.stderr)
    return exit_of(result)


def _request(**values: Any) -> "Request":  # noqa: ANN401 - see Request
    """Return what the options ask for, but for what is read from standard input."""
    from mailcli.app.outgoing import Queue, Relay, Request
    from mailcli.app.rich_text import Form
    from mailcli.model import Return

    _refuse_contradictions(**values)
    own = {name: values[name] for name in Request._fields if name in values}
    html, markdown = values["html"], values["markdown"]
    always, sometimes = values["queue"], values["queue_on_tempfail"]
    returned = values["dsn_return"]
    return Request(
        **own
        | {
            "text": values["body"] or "",
            "form": Form.HTML if html else Form.MARKDOWN if markdown else Form.PLAIN,
            "relay": Relay(_chunks(values["body_file"]), values["read_recipients"])
            if values["raw"]
            else None,
            "save": not values["no_save"],
            "queue": Queue.ALWAYS if always else Queue.ON_TEMPFAIL if sometimes else Queue.NEVER,
            "notify": parse_notify(values["dsn_notify"]),
            "returned": Return(returned) if returned else None,
        }
    )


def parse_notify(text: str | None) -> "tuple[Notify, ...]":
    """Read the events of --dsn-notify. Raises: UsageError (2)."""
    from mailcli.model import Notify

    names = [name.strip().lower() for name in text.split(",")] if text else []
    unknown = [name for name in names if name not in {*Notify}]
    if unknown:
        raise UsageError(f"--dsn-notify: {unknown[0]!r} is none of {', '.join(Notify)}")
    return tuple(map(Notify, dict.fromkeys(names)))


def _refuse_contradictions(
    *,
    raw: bool,
    body: str | None,
    body_file: Path | None,
    **values: Any,  # noqa: ANN401 - see Request
) -> None:
    own = ("attach", "headers", "reply_to", "subject", "html", "markdown", "inline")
    fields = [name for name in own if values[name]]
    if raw and (fields or body is not None):
        raise UsageError("--raw sends a finished message: it takes no text and no fields")
    if values["html"] and values["markdown"]:
        raise UsageError("--html and --markdown contradict each other")
    if values["read_recipients"] and not raw:
        raise UsageError("--read-recipients needs --raw: there is no header to read")
    if values["queue"] and values["queue_on_tempfail"]:
        raise UsageError("--queue and --queue-on-tempfail contradict each other")
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


def _chunks(path: Path | None) -> Iterator[bytes]:
    """Read a file, or standard input where none is named, or `-`, in pieces."""
    from mailcli.app.outgoing import octets_of, pieces_of

    if path is None or str(path) == "-":
        if _is_typed(path):
            click.echo("Type the text; end it with Ctrl-D on a line of its own.", err=True)
        yield from pieces_of(sys.stdin.buffer)
    else:
        yield from octets_of(path)
