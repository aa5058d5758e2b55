"""What a command gets from the process: streams, environment, terminal, clock.

The one place that turns the common options into a printer and a context.
"""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

import click

from mailcli.cli.command import STDERR, Common
from mailcli.cli.streams import abandon_if_broken, until_it_fails
from mailcli.paths import Paths

if TYPE_CHECKING:
    from mailcli.app.context import Context, Progress
    from mailcli.config import Account, Config
    from mailcli.output.printer import Printer
    from mailcli.results import ErrorReport


class Runtime:
    """One command's run; what it does not ask for is never imported."""

    def __init__(self, common: Common) -> None:
        self.common = common
        self.failures: list[ErrorReport] = []
        self.paths = Paths.from_environ(os.environ, config=common.config)

    @cached_property
    def printer(self) -> "Printer":
        """The printer for the chosen output."""
        return self.printer_to(sys.stdout)

    def printer_to(self, stdout: TextIO) -> "Printer":
        """Return the printer for the chosen output, on a stream that stands for stdout."""
        from mailcli.output.printer import Color, Format, make_printer

        chosen = "json" if self.common.json else self.common.output
        return make_printer(
            fmt=Format(chosen) if chosen else None,
            stdout=stdout,
            stderr=sys.stderr,
            is_terminal=sys.stdout.isatty(),
            color=Color(self.common.color),
            quiet=self.common.quiet,
            verbose=self.common.verbose,
            environ=os.environ,
        )

    @property
    def zone(self) -> tzinfo:
        """The zone of the clock here."""
        return datetime.now().astimezone().tzinfo or UTC

    @cached_property
    def config(self) -> "Config":
        """The configuration, read and checked.

        Raises: ConfigError (78).
        """
        from mailcli.config import load

        config = load(self.paths.config_file, os.environ)
        for warning in config.warnings:
            self.printer.warn(warning)
        return config

    @property
    def accounts(self) -> "list[Account]":
        """The accounts that the options mean, whatever servers they have.

        Raises: ConfigError (78).
        """
        if self.common.all_accounts:
            return list(self.config.accounts.values())
        names: tuple[str | None, ...] = tuple(dict.fromkeys(self.common.account)) or (None,)
        return [self.config.account(name, os.environ) for name in names]

    @cached_property
    def context(self) -> "Context":
        """What use cases get.

        Raises: ConfigError (78).
        """
        return self._context(self.config)

    @cached_property
    def offline_context(self) -> "Context":
        """What use cases get that read here: without a configuration file there is no account.

        Raises: ConfigError (78) for a file that says something wrong, or that was asked for.
        """
        from mailcli.config import Config

        if self.common.config is None and not os.path.lexists(self.paths.config_file):
            return self._context(Config(None, None, {}))
        return self.context

    def _context(self, config: "Config") -> "Context":
        from mailcli.app.context import Context
        from mailcli.credentials import Sources

        sources = Sources(
            environ=os.environ, state_dir=self.paths.state_dir, prompt=self._prompt()
        )
        return Context(
            config=config,
            sources=sources,
            cache_dir=self.paths.cache_dir,
            timeout=self.common.timeout,
            now=lambda: datetime.now().astimezone(),
            trace=self._trace(),
            notice=self.printer.note if self.common.verbose else lambda _: None,
            progress=self._progress(),
        )

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to answer a question."""
        return not self.common.no_input and sys.stdin.isatty() and sys.stderr.isatty()

    def _progress(self) -> "Progress":
        """Return what shows how far transfers are: at a terminal where nothing else is said."""
        from mailcli.app.context import NoProgress

        common = self.common
        is_dumb = os.environ.get("TERM", "dumb") == "dumb"
        if common.quiet or common.verbose or common.trace == STDERR or is_dumb:
            return NoProgress()
        if not sys.stderr.isatty():
            return NoProgress()
        from time import monotonic

        from mailcli.output.printer import Color, use_color
        from mailcli.output.progress import TerminalProgress

        color = use_color(Color(common.color), is_terminal=True, environ=os.environ)
        return TerminalProgress(sys.stderr, color=color, clock=monotonic, environ=os.environ)

    def _prompt(self) -> Callable[[str], str] | None:
        if not self.interactive:
            return None
        return lambda text: str(click.prompt(text, hide_input=True, err=True))

    def _trace(self) -> Callable[[str], None] | None:
        """Return where trace lines go: to stderr, or to a private file that is made anew."""
        from mailcli.errors import CannotCreate

        target = self.common.trace
        if target is None:
            return None
        if target == STDERR:
            # Nobody can be told where warnings go the same way.
            return until_it_fails(
                lambda line: click.echo(line, err=True), lambda _: abandon_if_broken(sys.stderr)
            )
        try:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as exc:
            raise CannotCreate(f"{target}: {exc.strerror}") from exc
        # Unbuffered: what could not be written is not tried again when it is closed.
        file = click.get_current_context().with_resource(os.fdopen(descriptor, "wb", buffering=0))

        def write(line: str) -> None:
            file.write(f"{line}\n".encode())

        def give_up(exc: OSError) -> None:
            self.printer.warn(f"{target}: {exc.strerror}; the trace ends there")

        return until_it_fails(write, give_up)
