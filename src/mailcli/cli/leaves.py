"""Every command with its options and arguments, for what is generated from them.

Loads all command modules, so nothing that a user starts imports this but
`mailcli completion`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import click

from mailcli.cli.command import OptionalValue
from mailcli.cli.front import COMMANDS
from mailcli.cli.main import mailcli
from mailcli.cli.option import PathName

ACCOUNT_NAMES = (
    "sed -n "
    r"""-e 's/^[[:space:]]*\["*accounts"*\."\([A-Za-z0-9._-]*\)".*/\1/p' """
    r"""-e 's/^[[:space:]]*\["*accounts"*\.\([A-Za-z0-9_-]*\)[].].*/\1/p' """
)
"""Prints the names of accounts from the configuration file that follows, some of them twice."""


class Kind(Enum):
    """What can stand as the value of an option or an argument."""

    NOTHING = "nothing"  # a flag
    ACCOUNT = "account"
    FILE = "file"
    CHOICE = "choice"
    TEXT = "text"  # nothing that could be guessed


@dataclass(frozen=True, slots=True)
class Leaf:
    """A command: its words, its short help, its options and arguments."""

    words: tuple[str, ...]
    help: str
    options: tuple[click.Option, ...]
    arguments: tuple[click.Argument, ...]
    command: click.Command


def leaves() -> Iterator[Leaf]:
    """Yield every command in the order of `--help`, groups before what is inside them."""
    context = click.Context(mailcli, info_name="mailcli", **mailcli.context_settings)
    for name, entry in COMMANDS.items():
        command = mailcli.get_command(context, name)
        assert command is not None  # noqa: S101 - it stands in the table
        yield _leaf((name,), command, entry.help, context)
        if isinstance(command, click.Group):
            inner = click.Context(command, info_name=name, parent=context)
            for sub in command.list_commands(inner):
                found = command.get_command(inner, sub)
                if found is not None:
                    yield _leaf((name, sub), found, found.get_short_help_str(80), inner)


def subcommands(name: str) -> list[Leaf]:
    """Return the commands of a group; empty for a command that is none."""
    return [leaf for leaf in leaves() if len(leaf.words) == 2 and leaf.words[0] == name]


def kind_of(parameter: click.Parameter) -> Kind:
    """Return what can stand as the value of an option or an argument."""
    if isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count):
        return Kind.NOTHING
    if "--account" in parameter.opts or parameter.metavar == "ACCOUNT":
        return Kind.ACCOUNT
    if isinstance(parameter.type, click.Choice):
        return Kind.CHOICE
    if isinstance(parameter.type, click.Path | PathName) or parameter.metavar == "FILE":
        return Kind.FILE
    return Kind.TEXT


def choices(parameter: click.Parameter) -> str:
    """Return the words to choose from, separated by blanks."""
    kind = parameter.type
    return " ".join(map(str, kind.choices)) if isinstance(kind, click.Choice) else ""


def needs_equals(option: click.Option) -> bool:
    """Whether a value may only stand behind `=`, because the option may stand alone."""
    return isinstance(option, OptionalValue)


def label(parameter: click.Parameter) -> str:
    """Return one lower-case word for a value, such as `address`."""
    return (parameter.metavar or parameter.name or "value").strip("[].'").split(":")[0].lower()


def _leaf(
    words: tuple[str, ...], command: click.Command, text: str, parent: click.Context
) -> Leaf:
    parameters = command.get_params(click.Context(command, info_name=words[-1], parent=parent))
    options = [p for p in parameters if isinstance(p, click.Option) and not p.hidden]
    arguments = [p for p in parameters if isinstance(p, click.Argument)]
    return Leaf(words, text, tuple(options), tuple(arguments), command)
