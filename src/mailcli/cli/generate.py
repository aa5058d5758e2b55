"""Completion scripts and the manual page, made from the commands themselves.

`python -m mailcli.cli.generate` writes them into `completions` and `docs/man`,
where they are committed; a test holds them against the commands. The scripts
know every command and option and read account names from the configuration
file with sed, so that pressing TAB never starts Python.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from mailcli import __version__
from mailcli.cli.main import COMMANDS, SECTIONS, mailcli

_ACCOUNTS = (
    r"sed -n 's/^[[:space:]]*\[accounts\.\([A-Za-z0-9_-]*\)\].*/\1/p' "
    '"${MAILCLI_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/mailcli/config.toml}" 2>/dev/null'
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A command that does something: its words, its short help and its options."""

    words: tuple[str, ...]
    help: str
    options: tuple[click.Option, ...]
    command: click.Command


def leaves() -> Iterator[Leaf]:
    """Yield every command, those inside groups too."""
    context = click.Context(mailcli, info_name="mailcli")
    for name, entry in COMMANDS.items():
        command = mailcli.get_command(context, name)
        assert command is not None  # noqa: S101 - it stands in the table
        yield _leaf((name,), command, entry.help)
        if isinstance(command, click.Group):
            inner = click.Context(command, info_name=name, parent=context)
            for sub in command.list_commands(inner):
                found = command.get_command(inner, sub)
                if found is not None:
                    yield _leaf((name, sub), found, found.get_short_help_str(80))


def _leaf(words: tuple[str, ...], command: click.Command, text: str) -> Leaf:
    context = click.Context(command, info_name=words[-1])
    options = [p for p in command.get_params(context) if isinstance(p, click.Option)]
    return Leaf(words, text, tuple(o for o in options if not o.hidden), command)


def _spellings(option: click.Option) -> list[str]:
    return [*option.opts, *option.secondary_opts]


def _kind(option: click.Option) -> str:
    """What the value of an option is: an account, a file, one of some words, or anything."""
    if "--account" in option.opts:
        return "account"
    if isinstance(option.type, click.Choice):
        return "choice"
    if isinstance(option.type, click.Path):
        return "file"
    return "none" if option.is_flag or option.count else "text"


def _choices(option: click.Option) -> str:
    return " ".join(map(str, option.type.choices)) if isinstance(option.type, click.Choice) else ""


def _subcommands(name: str) -> list[str]:
    return [leaf.words[1] for leaf in leaves() if leaf.words[0] == name and len(leaf.words) == 2]


# -- bash -------------------------------------------------------------------


def bash() -> str:
    """Return the script for bash 4 and newer."""
    names = " ".join(COMMANDS)
    cases = "\n".join(_bash_case(leaf) for leaf in leaves())
    values = "\n".join(sorted(set(_bash_values())))
    groups = "\n".join(f"        {name}) words_at=2 ;;" for name in COMMANDS if _subcommands(name))
    return f"""\
# bash completion for mailcli; made by `make completions`, do not edit.
_mailcli_accounts() {{
    {_ACCOUNTS}
}}

_mailcli() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} words_at=1 command
    COMPREPLY=()
    if [[ $COMP_CWORD -eq 1 ]]; then
        COMPREPLY=($(compgen -W "{names} --help --version" -- "$cur"))
        return
    fi
    case "${{COMP_WORDS[1]}} $prev" in
{values}
    esac
    case ${{COMP_WORDS[1]}} in
{groups}
    esac
    command=${{COMP_WORDS[1]}}
    if [[ $words_at -eq 2 && $COMP_CWORD -gt 2 ]]; then
        command="$command ${{COMP_WORDS[2]}}"
    fi
    case $command in
{cases}
    esac
    if [[ $cur != -* && ${{#COMPREPLY[@]}} -eq 0 ]]; then
        COMPREPLY=($(compgen -f -- "$cur"))
    fi
}}
complete -o filenames -F _mailcli mailcli
"""


def _bash_case(leaf: Leaf) -> str:
    words = [spelling for option in leaf.options for spelling in _spellings(option)]
    if len(leaf.words) == 1:
        words = [*_subcommands(leaf.words[0]), *words]
    listed = " ".join([*words, "--help"])
    return f'        "{" ".join(leaf.words)}") COMPREPLY=($(compgen -W "{listed}" -- "$cur")) ;;'


def _bash_values() -> Iterator[str]:
    """Yield a case for each option whose value can be completed."""
    for leaf in leaves():
        for option in leaf.options:
            reply = {
                "account": 'compgen -W "$(_mailcli_accounts)" -- "$cur"',
                "choice": f'compgen -W "{_choices(option)}" -- "$cur"',
                "file": 'compgen -f -- "$cur"',
            }.get(_kind(option))
            if reply and not _optional(option):
                pattern = "|".join(f'"{leaf.words[0]} {s}"' for s in _spellings(option))
                yield f"        {pattern}) COMPREPLY=($({reply})); return ;;"


def _optional(option: click.Option) -> bool:
    return hasattr(option, "implied")


# -- zsh --------------------------------------------------------------------


def zsh() -> str:
    """Return the script for zsh."""
    names = "\n".join(f"        '{n}:{_zsh_text(e.help)}'" for n, e in COMMANDS.items())
    cases = "\n".join(_zsh_case(name) for name in COMMANDS)
    return f"""\
#compdef mailcli
# zsh completion for mailcli; made by `make completions`, do not edit.
_mailcli_accounts() {{
    local -a accounts
    accounts=(${{(f)"$({_ACCOUNTS})"}})
    compadd -a accounts
}}

_mailcli() {{
    local -a commands
    commands=(
{names}
    )
    if (( CURRENT == 2 )); then
        _describe -t commands 'mailcli command' commands
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
{cases}
    esac
}}

_mailcli "$@"
"""


def _zsh_case(name: str) -> str:
    found = {leaf.words: leaf for leaf in leaves() if leaf.words[0] == name}
    own = _zsh_arguments(found[(name,)])
    subs = [leaf for words, leaf in found.items() if len(words) == 2]
    if not subs:
        return f"        {name}) {own} ;;"
    inner = "\n".join(
        f"                {leaf.words[1]}) {_zsh_arguments(leaf)} ;;" for leaf in subs
    )
    listed = " ".join(leaf.words[1] for leaf in subs)
    return f"""\
        {name})
            if (( CURRENT == 2 )); then
                compadd {listed}
                return
            fi
            case $words[2] in
{inner}
            esac ;;"""


def _zsh_arguments(leaf: Leaf) -> str:
    specs = [spec for option in leaf.options for spec in _zsh_specs(option)]
    return " ".join(["_arguments -s", *specs, "'*:file:_files'"])


def _zsh_specs(option: click.Option) -> Iterator[str]:
    text = _zsh_text(option.help or "")
    value = {
        "account": ":account:_mailcli_accounts",
        "choice": f":value:({_choices(option)})",
        "file": ":file:_files",
        "text": ":value: ",
    }.get(_kind(option), "")
    for spelling in _spellings(option):
        name = f"{spelling}=-" if _optional(option) and spelling.startswith("--") else spelling
        many = "*" if option.multiple or option.count else ""
        yield f"'{many}{name}[{text}]{value}'"


def _zsh_text(text: str) -> str:
    return text.replace("'", "`").replace("[", "(").replace("]", ")").replace(":", "\\:")


# -- fish -------------------------------------------------------------------


def fish() -> str:
    """Return the script for fish."""
    lines = [
        "# fish completion for mailcli; made by `make completions`, do not edit.",
        "function __mailcli_accounts",
        "    set -l file $MAILCLI_CONFIG",
        "    set -q XDG_CONFIG_HOME; or set -l XDG_CONFIG_HOME $HOME/.config",
        '    test -n "$file"; or set file $XDG_CONFIG_HOME/mailcli/config.toml',
        r"    sed -n 's/^[[:space:]]*\[accounts\.\([A-Za-z0-9_-]*\)\].*/\1/p' $file 2>/dev/null",
        "end",
    ]
    for leaf in leaves():
        lines += _fish_leaf(leaf)
    return "\n".join(lines) + "\n"


def _fish_leaf(leaf: Leaf) -> Iterator[str]:
    name = leaf.words[-1]
    if len(leaf.words) == 1:
        condition = "__fish_use_subcommand"
        scope = f"__fish_seen_subcommand_from {name}"
    else:
        condition = f"__fish_seen_subcommand_from {leaf.words[0]}"
        scope = f"{condition}; and __fish_seen_subcommand_from {name}"
    yield f"complete -c mailcli -n '{condition}' -f -a {name} -d '{_fish_text(leaf.help)}'"
    for option in leaf.options:
        yield f"complete -c mailcli -n '{scope}' {_fish_option(option)}"


def _fish_option(option: click.Option) -> str:
    names = " ".join(
        f"-l {s.removeprefix('--')}" if s.startswith("--") else f"-s {s.removeprefix('-')}"
        for s in _spellings(option)
    )
    value = {
        "account": " -x -a '(__mailcli_accounts)'",
        "choice": f" -x -a '{_choices(option)}'",
        "file": " -r",
        "text": " -x",
    }.get(_kind(option), "")
    if _optional(option):
        value = ""
    return f"{names}{value} -d '{_fish_text(option.help or '')}'"


def _fish_text(text: str) -> str:
    return text.replace("'", "`")


SCRIPTS: dict[str, Callable[[], str]] = {"bash": bash, "zsh": zsh, "fish": fish}


def main() -> None:
    """Write all generated files into this checkout."""
    from mailcli.cli.manual import manual

    root = Path(__file__).resolve().parents[3]
    files = {
        "completions/mailcli.bash": bash(),
        "completions/_mailcli": zsh(),
        "completions/mailcli.fish": fish(),
        "docs/man/mailcli.1": manual(list(leaves()), SECTIONS, __version__),
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
