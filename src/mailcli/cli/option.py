"""What stands for click's own options, paths and `--help`, and begins sooner.

click has `inspect` tidy each help, and asks gettext for a translation of each of its own texts:
together a sixth of the time of a short command. What mailcli says is English, and tidy already.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Option(click.Option):
    """An option whose help is printed as it is written."""

    def __init__(self, *args: Any, help: str | None = None, **settings: Any) -> None:  # noqa: A002, ANN401 - click's own
        super().__init__(*args, **settings)
        self.help = help


def option(*names: str, cls: type[Option] = Option, **settings: Any) -> Decorator:  # noqa: ANN401 - click's own
    """Give a command an option, as `click.option` does."""
    return click.option(*names, cls=cls, **settings)


def page_option(names: list[str], page: Callable[[click.Context], str], help: str) -> Option:  # noqa: A002
    """Return an option that prints something and ends the run, whatever else was asked for."""

    def show(context: click.Context, _: click.Parameter, value: bool) -> None:
        if value and not context.resilient_parsing:
            click.echo(page(context), color=context.color)
            context.exit()

    return Option(names, is_flag=True, expose_value=False, is_eager=True, callback=show, help=help)


class PathName(click.ParamType):  # type: ignore[type-arg]  # generic in newer ones alone
    """A path that need not be there, as a `Path`; who uses it says what is wrong with it."""

    name = "path"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's own
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """Return the path."""
        del param, ctx
        return Path(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Leave it to the shell, which knows its files."""
        from click.shell_completion import CompletionItem

        del ctx, param
        return [CompletionItem(incomplete, type="file")]


class Command(click.Command):
    """A command with a `--help` of ours."""

    _help_page: Option | None = None

    def get_help_option(self, ctx: click.Context) -> Option | None:
        """Return the option, always the same one."""
        if self._help_page is None:
            names = [*self.get_help_option_names(ctx), "help_page"]
            self._help_page = page_option(
                names, click.Context.get_help, "Show this message and exit."
            )
        return self._help_page


class Group(Command, click.Group):
    """A group of such commands."""

    command_class = Command
