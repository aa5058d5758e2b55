"""The completion script for zsh, on its own `_arguments`."""

from collections.abc import Iterator

import click

from mailcli.cli.front import COMMANDS
from mailcli.cli.leaves import (
    ACCOUNT_NAMES,
    Kind,
    Leaf,
    choices,
    kind_of,
    label,
    leaves,
    needs_equals,
    subcommands,
)

_SCRIPT = """\
#compdef mailcli
# zsh completion for mailcli; made by `make completions`, do not edit.

_mailcli_accounts() {
    local -aU accounts
    accounts=(${(f)"$({accounts}\\
        "${MAILCLI_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/mailcli/config.toml}" \\
        2>/dev/null)"})
    compadd -a accounts
}

_mailcli() {
    local -a commands
    local command
    if (( CURRENT == 2 )); then
        commands=(
{commands}
        )
        _describe -t commands 'mailcli command' commands
        compadd -- --help --version
        return
    fi
    command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
{cases}
    esac
}

_mailcli "$@"
"""


def zsh() -> str:
    """Return the script."""
    listed = "\n".join(f"            '{n}:{_quoted(e.help)}'" for n, e in COMMANDS.items())
    cases = "\n".join(_case(leaf) for leaf in leaves() if len(leaf.words) == 1)
    script = _SCRIPT.replace("{accounts}", ACCOUNT_NAMES)
    return script.replace("{commands}", listed).replace("{cases}", cases)


def _case(leaf: Leaf) -> str:
    subs = subcommands(leaf.words[0])
    inside = _group(leaf, subs) if subs else _arguments(leaf)
    return "\n".join([f"    {leaf.words[0]})", *(f"        {line}" for line in inside)]) + " ;;"


def _group(leaf: Leaf, subs: list[Leaf]) -> Iterator[str]:
    yield "if (( CURRENT == 2 )); then"
    yield "    commands=("
    yield from (f"        '{sub.words[1]}:{_quoted(sub.help)}'" for sub in subs)
    yield "    )"
    yield f"    _describe -t commands 'mailcli {leaf.words[0]} command' commands"
    yield "    compadd -- " + " ".join(max(option.opts, key=len) for option in leaf.options)
    yield "    return"
    yield "fi"
    yield "command=$words[2]"
    yield "shift words"
    yield "(( CURRENT-- ))"
    yield "case $command in"
    for sub in subs:
        yield f"{sub.words[1]})"
        yield from (f"    {line}" for line in _arguments(sub))
        yield "    ;;"
    yield "esac"


def _arguments(leaf: Leaf) -> Iterator[str]:
    specs = [*map(_option, leaf.options), *map(_argument, leaf.arguments)]
    yield "_arguments -s -S \\"
    yield from (f"    {spec} \\" for spec in specs[:-1])
    yield f"    {specs[-1]}"


def _option(option: click.Option) -> str:
    """Return a spec: `*` for what may be repeated, spellings, explanation, value."""
    many = "'*'" if option.multiple or option.count else ""
    spelled = [_spelled(option, spelling) for spelling in option.opts]
    names = "{" + ",".join(spelled) + "}" if len(spelled) > 1 else spelled[0]
    if not many and len(spelled) > 1:
        many = f"'({' '.join(option.opts)})'"
    return f"{many}{names}'[{_bracketed(option.help or '')}]{_value(option)}'"


def _spelled(option: click.Option, spelling: str) -> str:
    if needs_equals(option):
        return f"{spelling}=-" if spelling.startswith("--") else f"{spelling}-"
    takes_value = kind_of(option) is not Kind.NOTHING
    one_value = takes_value and option.nargs == 1
    return f"{spelling}=" if one_value and spelling.startswith("--") else spelling


def _value(option: click.Option) -> str:
    if kind_of(option) is Kind.NOTHING:
        return ""
    names = label(option).split(" ") if option.nargs > 1 else [label(option)]
    colon = "::" if needs_equals(option) else ":"
    return "".join(f"{colon}{name}:{_action(option)}" for name in names)


def _argument(argument: click.Argument) -> str:
    many = "*" if argument.nargs == -1 else "" if argument.required else ":"
    return f"'{many}:{label(argument)}:{_action(argument)}'"


def _action(parameter: click.Parameter) -> str:
    match kind_of(parameter):
        case Kind.ACCOUNT:
            return "_mailcli_accounts"
        case Kind.CHOICE:
            return f"({choices(parameter)})"
        case Kind.FILE:
            return "_files"
        case Kind.TEXT | Kind.NOTHING:
            return " "


def _bracketed(text: str) -> str:
    return _quoted(text).replace("[", "\\[").replace("]", "\\]")


def _quoted(text: str) -> str:
    return text.replace("'", "'\\''")
