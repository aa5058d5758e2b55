"""`mailcli demo`: try everything, without an account and without a trace.

Everything but click is imported when it is used.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mailcli.cli.option import Group, option

if TYPE_CHECKING:
    from mailcli.demo.sandbox import Sandbox
    from mailcli.demo.servers import Ports

_HIGHEST_BASE = 65535 - 995


@click.group(name="demo", cls=Group, invoke_without_command=True)
@option("--pause", is_flag=True, help="Wait for Enter between the parts of the tour.")
@click.pass_context
def command(ctx: click.Context, *, pause: bool) -> None:
    """Try mailcli: servers on this machine, made-up mail, and a tour.

    Nothing is installed, no account is needed, nothing leaves this machine,
    and everything is removed at the end.
    """
    if ctx.invoked_subcommand is None:
        _tour(pause=pause)


@command.command()
@option(
    "--port-base",
    type=click.IntRange(1024, _HIGHEST_BASE),
    metavar="N",
    help="Listen on N+465 (SMTP), N+995 (POP3) and N+993 (IMAP); else on free ports.",
)
def serve(port_base: int | None) -> None:
    """Keep the servers up until Ctrl-C, for any mail program."""
    import threading

    from mailcli.demo.servers import Ports
    from mailcli.demo.visit import describe

    ports = None if port_base is None else Ports.above(port_base)
    with _sandbox(ports) as sandbox:
        click.echo(describe(sandbox))
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    click.echo("The demo has ended; everything is removed.", err=True)


@command.command()
@click.pass_context
def shell(ctx: click.Context) -> None:
    """Open a shell in which mailcli uses the demo's accounts."""
    from mailcli.demo.visit import open_shell

    with _sandbox() as sandbox:
        click.echo("Try: mailcli imap-sync, mailcli list, mailcli pop-fetch -A home", err=True)
        click.echo("Leave with: exit", err=True)
        code = open_shell(sandbox)
    ctx.exit(code)


@command.command(context_settings={"ignore_unknown_options": True})
@option("--empty", is_flag=True, help="Do not bring the mail into the Maildir first.")
@click.argument("words", metavar="COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def run(ctx: click.Context, words: tuple[str, ...], *, empty: bool) -> None:
    """Run one command with the demo's accounts, such as: demo run -- list.

    The mail is brought into the Maildir first, so that there is something to see.
    """
    from mailcli.demo.visit import run_once

    with _sandbox() as sandbox:
        code = run_once(sandbox, words, sync_first=not empty)
    ctx.exit(code)


def _tour(*, pause: bool) -> None:
    import sys

    from mailcli.demo.tour import child_runner, tour

    def wait() -> None:
        if pause and sys.stdin.isatty():
            click.prompt("\n(Enter to go on)", default="", show_default=False, err=True)

    with _sandbox(banner=False) as sandbox:
        tour(sandbox, sys.stdout, run=child_runner(sandbox), pause=wait)


@contextlib.contextmanager
def _sandbox(ports: "Ports | None" = None, *, banner: bool = True) -> "Iterator[Sandbox]":
    import os
    from datetime import UTC, datetime

    from mailcli.demo.sandbox import sandbox
    from mailcli.demo.tour import BANNER

    with sandbox(datetime.now(UTC), environ=os.environ, ports=ports) as made:
        if banner:
            click.echo(BANNER, err=True)
        yield made
