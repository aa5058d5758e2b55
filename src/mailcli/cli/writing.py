"""Where the text of a message comes from, and what is done with what was written.

Shared by `send`, `reply`, `forward` and `drafts`.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from mailcli.cli.streams import abandon_if_broken
from mailcli.errors import Exit

if TYPE_CHECKING:
    from mailcli.app.drafts import Rest
    from mailcli.app.found import Found
    from mailcli.app.outgoing import Request
    from mailcli.cli.runtime import Runtime
    from mailcli.results import SendResult

    Settle = Callable[[SendResult], SendResult]


class Source(NamedTuple):
    """Where the text comes from; without `stdin` it is never read from there."""

    body: str | None = None
    body_file: Path | None = None
    stdin: bool = True


class Task(NamedTuple):
    """What is done with a message; `check` tells what is wrong before a text is typed."""

    act: Callable[["Request"], Exit]
    check: Callable[["Request"], object]


def write(runtime: "Runtime", request: "Request", source: Source, task: Task) -> Exit:
    """Get the text of a message, from the user if need be, and do what is to be done with it."""
    if source.body is not None or (source.body_file is None and not source.stdin):
        return task.act(request)
    if not is_typed(source.body_file):
        text = decoded(b"".join(chunks_of(source.body_file)))
        return task.act(request._replace(text=text))
    from mailcli.cli.editor import editor_of

    editor = editor_of(os.environ)
    if source.body_file is None and runtime.interactive and editor:
        return edit(runtime, _with_quote(request), editor, task.act)
    task.check(request._replace(inline=()))
    text = decoded(b"".join(chunks_of(source.body_file)))
    return task.act(request._replace(text=text))


def edit(
    runtime: "Runtime",
    request: "Request",
    editor: list[str],
    act: Callable[["Request"], Exit],
) -> Exit:
    """Let the user write in the editor; what was written stays in a file until it is done."""
    from mailcli.cli.editor import written

    with written(request, editor, runtime.paths.state_dir) as message:
        code = act(message.request)
        message.sent = code is Exit.OK and not runtime.common.dry_run
        if not message.sent:
            runtime.printer.warn(f"what you wrote is kept in {message.path}")
        return code


def _with_quote(request: "Request") -> "Request":
    """Put what is quoted into the text, for the user to cut and to answer between the lines."""
    from mailcli.app.rich_text import Form

    if request.quote is None or request.form is not Form.PLAIN:
        return request
    return request._replace(text=request.quote.beside(""), quote=None)


def save_draft(
    runtime: "Runtime",
    request: "Request",
    account: str | None,
    *,
    dry_run: bool,
    replaces: "Found | None" = None,
    body: "Rest | None" = None,
) -> Exit:
    """Save or show a draft, and print where it is."""
    from mailcli.app.drafts import preview, save

    if dry_run:
        shown = preview(runtime.context, request, account, replaces=replaces, body=body)
        runtime.printer.emit(shown, asked=True)
        return Exit.OK
    runtime.printer.emit(save(runtime.context, request, account, replaces=replaces, body=body))
    return Exit.OK


def task_of(
    runtime: "Runtime",
    account: str | None,
    *,
    draft: bool = False,
    settle: "Settle | None" = None,
) -> Task:
    """Return what is done with a message: it is sent, or saved as a draft."""
    dry_run = runtime.common.dry_run
    context = runtime.context
    if draft:
        from mailcli.app.drafts import preview as check_draft

        return Task(
            lambda request: save_draft(runtime, request, account, dry_run=dry_run),
            lambda request: check_draft(context, request, account),
        )
    from mailcli.app.outgoing import prepare

    return Task(
        lambda request: send(runtime, request, account, dry_run=dry_run, settle=settle),
        lambda request: prepare(context, request, account),
    )


def send(
    runtime: "Runtime",
    request: "Request",
    account: str | None,
    *,
    dry_run: bool,
    settle: "Settle | None" = None,
) -> Exit:
    """Send or show one message and print what became of it; `settle` sees it before."""
    from mailcli.app.submit import preview, submit

    if dry_run:
        runtime.printer.emit(preview(runtime.context, request, account), asked=True)
        return Exit.OK
    result = submit(runtime.context, request, account)
    return tell(runtime, settle(result) if settle else result)


def tell(runtime: "Runtime", result: "SendResult") -> Exit:
    """Print what became of a message, whatever becomes of stdout."""
    from mailcli.output.problems import exit_of

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


def decoded(octets: bytes) -> str:
    """Return text of unknown encoding: UTF-8 where it is, else Latin-1, which loses nothing."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def is_typed(path: Path | None) -> bool:
    """Tell whether somebody at a terminal would have to type what a path stands for."""
    return (path is None or str(path) == "-") and sys.stdin.isatty()


def chunks_of(path: Path | None) -> Iterator[bytes]:
    """Read a file, or standard input where none is named, or `-`, in pieces."""
    from mailcli.app.outgoing import octets_of, pieces_of

    if path is None or str(path) == "-":
        if is_typed(path):
            click.echo("Type the text; end it with Ctrl-D on a line of its own.", err=True)
        yield from pieces_of(sys.stdin.buffer)
    else:
        yield from octets_of(path)
