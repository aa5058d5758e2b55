"""The completion script for bash 4 and newer.

bash splits `--option=value` into three words, and expands what `compgen -W` is
given: no word here comes from anywhere but our own tables and names that can
hold nothing to expand.
"""

from collections.abc import Iterable, Iterator

import click

from mailcli.cli.front import COMMANDS
from mailcli.cli.leaves import (
    ACCOUNT_NAMES,
    Kind,
    Leaf,
    choices,
    kind_of,
    leaves,
    needs_equals,
    subcommands,
)

_HEAD = """\
# bash completion for mailcli; made by `make completions`, do not edit.

_mailcli_accounts() {
    {accounts}\\
        "${MAILCLI_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/mailcli/config.toml}" \\
        2>/dev/null | sort -u
}

_mailcli_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_mailcli_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_mailcli() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local command=${COMP_WORDS[1]} words
    COMPREPLY=()
    if (( COMP_CWORD == 1 )); then
        _mailcli_words "{commands} --help --version" "$cur"
        return
    fi
    if [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}=
    elif [[ $cur == = ]]; then
        cur= prev+==
    fi
"""

_TAIL = """\
}

complete -F _mailcli mailcli
"""


def bash() -> str:
    """Return the script."""
    head = _HEAD.replace("{accounts}", ACCOUNT_NAMES).replace("{commands}", " ".join(COMMANDS))
    body = [
        *_case("$command", (line for name in COMMANDS for line in _group(name))),
        *_case('"$command $prev"', (line for leaf in leaves() for line in _values(leaf))),
        "if [[ $cur == -* ]]; then",
        *(f"    {line}" for line in _case("$command", map(_options, leaves()))),
        '    _mailcli_words "$words" "$cur"',
        "    return",
        "fi",
        *_case("$command", (line for leaf in leaves() for line in _arguments(leaf))),
    ]
    return head + "".join(f"    {line}\n" for line in body) + _TAIL


def _case(word: str, lines: Iterable[str]) -> list[str]:
    return [f"case {word} in", *lines, "esac"]


def _group(name: str) -> Iterator[str]:
    """Yield what completes the second word of a group, or takes it into the command's name."""
    subs = " ".join(leaf.words[1] for leaf in subcommands(name))
    if subs:
        own = next(leaf for leaf in leaves() if leaf.words == (name,))
        yield f"{name})"
        yield "    if (( COMP_CWORD == 2 )); then"
        yield f'        _mailcli_words "{subs} {_spelled(own)}" "$cur"'
        yield "        return"
        yield "    fi"
        yield '    command+=" ${COMP_WORDS[2]}" ;;'


def _values(leaf: Leaf) -> Iterator[str]:
    """Yield how the value of each option is completed; text is left alone."""
    for option in leaf.options:
        if kind_of(option) is not Kind.NOTHING:
            name = " ".join(leaf.words)
            pattern = "|".join(f'"{name} {spelling}"' for spelling in _leading(option))
            yield f"{pattern}) {_reply(option)}return ;;"


def _leading(option: click.Option) -> Iterator[str]:
    """Yield what may stand before the option's value."""
    for spelling in option.opts:
        if not needs_equals(option):
            yield spelling
        if spelling.startswith("--"):
            yield f"{spelling}="


def _reply(parameter: click.Parameter) -> str:
    match kind_of(parameter):
        case Kind.ACCOUNT:
            return '_mailcli_words "$(_mailcli_accounts)" "$cur"; '
        case Kind.CHOICE:
            return f'_mailcli_words "{choices(parameter)}" "$cur"; '
        case Kind.FILE:
            return '_mailcli_files "$cur"; '
        case Kind.TEXT | Kind.NOTHING:
            return ""


def _options(leaf: Leaf) -> str:
    return f'"{" ".join(leaf.words)}") words="{_spelled(leaf)}" ;;'


def _spelled(leaf: Leaf) -> str:
    """Return the options as typed; a long one stands for its short one, too."""
    return " ".join(max(option.opts, key=len) for option in leaf.options)


def _arguments(leaf: Leaf) -> Iterator[str]:
    reply = "".join(map(_reply, leaf.arguments[:1]))
    if reply:
        yield f'"{" ".join(leaf.words)}") {reply.removesuffix("; ")} ;;'
