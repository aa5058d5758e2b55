"""The completion script for fish: one line for each command and option."""

from collections.abc import Iterator

import click

from mailcli.cli.leaves import (
    ACCOUNT_NAMES,
    Kind,
    Leaf,
    choices,
    kind_of,
    leaves,
    needs_equals,
)

_HEAD = """\
# fish completion for mailcli; made by `make completions`, do not edit.

function __mailcli_accounts
    set -l directory $HOME/.config
    test -n "$XDG_CONFIG_HOME"; and set directory $XDG_CONFIG_HOME
    set -l file $directory/mailcli/config.toml
    test -n "$MAILCLI_CONFIG"; and set file $MAILCLI_CONFIG
    {accounts}\\
        $file 2>/dev/null | sort -u
end

# Whether the words before the cursor begin with the ones given, behind `mailcli`.
function __mailcli_at
    set -l words (commandline -opc)
    set -e words[1]
    for number in (seq (count $argv))
        test "$words[$number]" = "$argv[$number]"; or return 1
    end
end

# The same, and nothing else is typed yet.
function __mailcli_right_after
    set -l words (commandline -opc)
    test (count $words) -eq (math (count $argv) + 1); and __mailcli_at $argv
end

complete -c mailcli -f
complete -c mailcli -n __mailcli_right_after -l help -d 'Show this message and exit.'
complete -c mailcli -n __mailcli_right_after -l version -d 'Show the version and exit.'
"""


def fish() -> str:
    """Return the script."""
    lines = [line for leaf in leaves() for line in _leaf(leaf)]
    return _HEAD.replace("{accounts}", ACCOUNT_NAMES) + "\n".join(lines) + "\n"


def _leaf(leaf: Leaf) -> Iterator[str]:
    *parents, name = leaf.words
    after = " ".join(["__mailcli_right_after", *parents])
    yield f"complete -c mailcli -n '{after}' -a {name} -d '{_quoted(leaf.help)}'"
    where = "__mailcli_right_after" if isinstance(leaf.command, click.Group) else "__mailcli_at"
    at = f"complete -c mailcli -n '{where} {' '.join(leaf.words)}'"
    yield from (f"{at} {_option(option)}" for option in leaf.options)
    yield from (f"{at} {offer}" for offer in map(_offer, leaf.arguments[:1]) if offer)


def _option(option: click.Option) -> str:
    names = " ".join(
        f"-l {spelling[2:]}" if spelling.startswith("--") else f"-s {spelling[1:]}"
        for spelling in option.opts
    )
    value = ""
    if kind_of(option) is not Kind.NOTHING and not needs_equals(option):
        needs = "-r" if kind_of(option) is Kind.FILE else "-x"
        value = f" {needs} {_offer(option)}".rstrip()
    return f"{names}{value} -d '{_quoted(option.help or '')}'"


def _offer(parameter: click.Parameter) -> str:
    """Return what fish offers for a value; nothing for text."""
    match kind_of(parameter):
        case Kind.ACCOUNT:
            return "-a '(__mailcli_accounts)'"
        case Kind.CHOICE:
            return f"-a '{choices(parameter)}'"
        case Kind.FILE:
            return "-F"
        case Kind.TEXT | Kind.NOTHING:
            return ""


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
