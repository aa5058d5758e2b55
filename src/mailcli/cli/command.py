"""What every command shares: its options, defined once, and options with optional values."""

import functools
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from mailcli.cli.option import Command, Decorator, Option, PathName, option

STDERR = "-"
"""The value of `--trace` that stands for the terminal."""


class MailCommand(Command):
    """A command whose `--name[=VALUE]` options take a value only behind `=`.

    Click would otherwise take the next argument, a recipient perhaps, for the value.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Complete each such option that stands alone, then parse as click does."""
        return super().parse_args(ctx, list(self._completed(args)))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print what is this command's own before what all commands share."""
        own: list[tuple[str, str]] = []
        common: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record and isinstance(parameter, click.Option):  # arguments stand in the usage
                (common if is_shared(parameter) else own).append(record)
        for title, records in (("Options", own), ("Common options", common)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def _completed(self, args: list[str]) -> list[str]:
        options = {
            spelling: option
            for option in self.params
            if isinstance(option, click.Option)
            for spelling in option.opts
        }
        completed: list[str] = []
        rest = iter(args)
        for arg in rest:
            if arg == "--":
                return [*completed, arg, *rest]
            flags, spelling, value = _last_option(arg, options)
            option = options.get(spelling)
            if isinstance(option, OptionalValue):
                value = option.implied if value is None else value.removeprefix("=")
                completed += [*flags, f"{option.long_name}={value}"]
                continue
            completed += _in_full(arg, flags, spelling, value, options)
            if option and value is None and _takes_value(option):
                completed += itertools.islice(rest, option.nargs)
        return completed


def _last_option(
    arg: str, options: Mapping[str, click.Option]
) -> tuple[list[str], str, str | None]:
    """Return the flags in an argument, the option it ends with, and its value if that is there.

    `-nk30d` is a flag, `-k` and `30d`; `--keep` is no flag, `--keep` and no value.
    """
    if arg.startswith("--"):
        spelling, equals, value = arg.partition("=")
        return [], spelling, value if equals else None
    flags: list[str] = []
    for position, letter in enumerate(arg[1:] if arg.startswith("-") else "", start=2):
        spelling = f"-{letter}"
        if spelling not in options or _takes_value(options[spelling]):
            return flags, spelling, arg[position:] or None
        flags.append(spelling)
    return flags, "", None


def _in_full(
    arg: str,
    flags: list[str],
    spelling: str,
    value: str | None,
    options: Mapping[str, click.Option],
) -> list[str]:
    """Return short options as long ones: `-nA home` as `--dry-run`, `--account` and `home`.

    click looks for a long option first, and where there is none, for a name that is near: with
    difflib, and gettext for what it would say of it.
    """
    found = [*flags, spelling] if spelling else flags
    if arg.startswith("--") or not found or not all(each in options for each in found):
        return [arg]
    full = [max(options[each].opts, key=len) for each in found]
    return full if value is None else [*full[:-1], f"{full[-1]}={value}"]


def _takes_value(option: click.Option) -> bool:
    return not option.is_flag and not option.count


class OptionalValue(Option):
    """An option that may stand alone: `--name` or `--name=VALUE`, never `--name VALUE`."""

    def __init__(self, *args: Any, implied: str, **kwargs: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*args, **kwargs)
        self.implied = implied
        self.long_name = max(self.opts, key=len)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Show the value as optional."""
        record = super().get_help_record(ctx)
        if record is None:
            return None
        names, text = record
        head, _, metavar = names.rpartition(" ")
        return f"{head}[={metavar}]", text


class Common(NamedTuple):
    """The options that mean the same in every command; what one lacks has its default."""

    account: tuple[str, ...] = ()
    all_accounts: bool = False
    output: str | None = None
    json: bool = False
    dry_run: bool = False
    quiet: bool = False
    verbose: int = 0
    trace: str | None = None
    timeout: float = 30.0
    yes: bool = False
    no_input: bool = False
    config: Path | None = None
    color: str = "auto"


def _positive(_: click.Context, __: click.Parameter, value: float) -> float:
    if not 0 < value < float("inf"):
        raise click.BadParameter("must be a number of seconds above 0.")
    return value


_ACCOUNT = [
    option("-A", "--account", metavar="NAME", help="Use this account."),
]
_ACCOUNTS = [
    option("-A", "--account", metavar="NAME", multiple=True, help="Use this account; repeatable."),
    option("--all-accounts", is_flag=True, help="Use every account that it applies to."),
]
_DRY_RUN = [
    option("-n", "--dry-run", is_flag=True, help="Show what would be done; change nothing."),
]
_NETWORK = [
    option(
        "--trace",
        cls=OptionalValue,
        implied=STDERR,
        metavar="FILE",
        help="Show the protocol conversation, explained, without secrets.",
    ),
    option(
        "--timeout",
        type=float,
        callback=_positive,
        default=30.0,
        metavar="SECONDS",
        help="Wait at most so long for each answer (30).",
    ),
]
_EVERYWHERE = [
    option(
        "-o",
        "--output",
        type=click.Choice(["table", "tsv", "json", "jsonl"]),
        help="Write the result like this; at a terminal a table, else TSV.",
    ),
    option("--json", is_flag=True, help="Short for -o json."),
    option("-q", "--quiet", is_flag=True, help="Say only what went wrong."),
    option("-v", "--verbose", count=True, help="Say more; repeatable."),
    option("--yes", is_flag=True, help="Answer every question with yes."),
    option("--no-input", is_flag=True, help="Never ask; fail where it would be needed."),
    option(
        "--config",
        type=PathName(),
        metavar="FILE",
        help="Read this configuration file.",
    ),
    option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        help="Use colour (auto).",
    ),
]

_SHARED = [*_ACCOUNTS, *_DRY_RUN, *_NETWORK, *_EVERYWHERE]


def _made(decorator: Decorator) -> click.Parameter:
    """Return the option that a decorator adds."""

    def nothing() -> None:
        """Stand in for a command."""

    made: click.Parameter = decorator(nothing).__click_params__[0]  # type: ignore[attr-defined]
    return made


def is_shared(option: click.Option) -> bool:
    """Whether an option means the same in every command that has it."""
    known = {spelling for shared in map(_made, _SHARED) for spelling in shared.opts}
    return bool(known & set(option.opts)) or "--help" in option.opts


def common_options(
    *, accounts: str = "none", network: bool = False, dry_run: bool = False
) -> Decorator:
    """Give a command the common options and hand them to it as its first argument, a `Common`.

    `accounts` is `none`, `one` or `many`.
    """
    chosen = {"none": [], "one": _ACCOUNT, "many": _ACCOUNTS}[accounts]
    options = [
        *chosen,
        *(_DRY_RUN if dry_run else []),
        *(_NETWORK if network else []),
        *_EVERYWHERE,
    ]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(**values: Any) -> Any:  # noqa: ANN401 - whatever the options give
            return function(_take(values), **values)

        made: Callable[..., Any] = wrapper
        for each in reversed(options):
            made = each(made)
        return made

    return decorate


def _take(values: dict[str, Any]) -> Common:
    """Take the common options out of a command's values."""
    names = [name for name in Common._fields if name in values]
    found = {name: values.pop(name) for name in names}
    account = found.get("account", ())
    if not isinstance(account, tuple):
        found["account"] = (account,) if account else ()
    if found.get("json") and found.get("output") not in {None, "json"}:
        raise click.UsageError("--json and --output contradict each other.")
    return Common(**found)
