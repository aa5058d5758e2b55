"""The help: complete, alike in every command, and fit for a narrow terminal."""

import re
import shlex

import click
import pytest
from tests.conftest import RunMailcli

from mailcli.cli import command as shared
from mailcli.cli.front import COMMANDS
from mailcli.cli.leaves import Leaf, leaves
from mailcli.cli.main import mailcli

LEAVES = list(leaves())
ENDS = [leaf for leaf in LEAVES if not isinstance(leaf.command, click.Group)]
USUAL = [leaf for leaf in ENDS if leaf.words[0] != "demo"]
"""The demo shows itself, and hands its commands' options on to others."""
each_command = pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: "-".join(leaf.words))
each_usual = pytest.mark.parametrize("leaf", USUAL, ids=lambda leaf: "-".join(leaf.words))
each_end = pytest.mark.parametrize("leaf", ENDS, ids=lambda leaf: "-".join(leaf.words))

COMMON = {
    *("--account", "--all-accounts", "--output", "--json", "--dry-run", "--quiet", "--verbose"),
    *("--trace", "--timeout", "--yes", "--no-input", "--config", "--color"),
}
"""Options that mean the same everywhere (README, "Options")."""


def context(leaf: Leaf) -> click.Context:
    root = click.Context(mailcli, info_name="mailcli")
    return click.Context(leaf.command, info_name=" ".join(leaf.words), parent=root)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says(name: str) -> None:
    command = mailcli.get_command(click.Context(mailcli), name)

    assert command is not None
    assert COMMANDS[name].help == command.get_short_help_str(100)
    assert (command.help or "").startswith(COMMANDS[name].help)


def test_no_other_name_is_a_command() -> None:
    assert mailcli.get_command(click.Context(mailcli), "nothing") is None


@each_usual
def test_a_command_shows_an_example_of_itself(leaf: Leaf) -> None:
    shown = (leaf.command.epilog or "") + (leaf.command.help or "")

    assert "Example" in shown
    assert f"mailcli {' '.join(leaf.words)}" in shown


@each_end
def test_an_example_is_a_command_line_that_parses(leaf: Leaf) -> None:
    for line in re.findall(r"\bmailcli [^\n<>|]*", leaf.command.epilog or ""):
        words = shlex.split(line.split("   ")[0])[1:]
        assert tuple(words[: len(leaf.words)]) == leaf.words
        leaf.command.make_context("mailcli", words[len(leaf.words) :])


@each_command
def test_every_option_says_what_it_does(leaf: Leaf) -> None:
    silent = [option.opts[0] for option in leaf.options if not option.help]

    assert not silent


@each_command
def test_a_help_text_is_a_sentence(leaf: Leaf) -> None:
    assert leaf.help.endswith(".")
    assert [o.help for o in leaf.options if o.help and o.help[0].isupper()]
    assert not [o.opts for o in leaf.options if not (o.help or "").endswith((".", ").", ")"))]


@pytest.mark.parametrize("name", sorted(COMMON))
def test_a_common_option_is_the_same_everywhere(name: str) -> None:
    meanings = {
        (tuple(o.opts), o.help, repr(o.type), o.is_flag, o.count, o.default)
        for leaf in LEAVES
        for o in leaf.options
        if name in o.opts
    }

    # One account or several is the one difference that a command may make.
    assert len(meanings) == (2 if name == "--account" else 1)


def test_every_shared_option_is_a_common_one() -> None:
    shared_names = {
        option.opts[-1]
        for option in map(shared._made, shared._SHARED)
        if isinstance(option, click.Option)
    }

    assert {max(names.split(), key=len) for names in shared_names} <= COMMON


@each_end
def test_no_command_takes_a_secret_as_an_option(leaf: Leaf) -> None:
    names = " ".join(spelling for option in leaf.options for spelling in option.opts)
    flags = {"--password-stdin", "--allow-plaintext"}

    assert not re.search("pass|secret|token", " ".join(set(names.split()) - flags))


@each_command
def test_help_fits_eighty_columns(leaf: Leaf) -> None:
    ctx = context(leaf)
    ctx.terminal_width = 80

    assert not [line for line in leaf.command.get_help(ctx).splitlines() if len(line) > 80]


def test_the_first_page_fits_a_terminal(run_mailcli: RunMailcli) -> None:
    done = run_mailcli("--help", env={"COLUMNS": "80"})

    assert done.returncode == 0
    assert not done.stderr
    assert not [line for line in done.stdout.splitlines() if len(line) > 80]
    assert len(done.stdout.splitlines()) <= 40
    for name, entry in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(entry.help)}$", done.stdout, re.MULTILINE)


def test_every_exit_code_is_on_the_first_page(run_mailcli: RunMailcli) -> None:
    from mailcli.errors import Exit

    text = run_mailcli("--help").stdout.partition("Exit codes:")[2]

    assert set(map(int, re.findall(r"\b(\d+) [a-z]", text))) == set(map(int, Exit))


def test_the_version_is_one_line(run_mailcli: RunMailcli) -> None:
    from mailcli import __version__

    done = run_mailcli("--version")

    assert (done.returncode, done.stdout, done.stderr) == (0, f"mailcli {__version__}\n", "")


@pytest.mark.parametrize("columns", [20, 60, 80, 100, 300])
def test_the_front_page_is_as_wide_as_the_terminal_within_reason(
    run_mailcli: RunMailcli, columns: int
) -> None:
    page = run_mailcli("--help", env={"COLUMNS": str(columns)}).stdout

    commands, exits = page.split("\n  Exit codes:\n")
    assert max(map(len, commands.splitlines())) <= max(53, min(columns, 100))
    assert all(f"\n  {name} " in commands for name in COMMANDS)
    words = " ".join(commands.split())
    assert all(entry.help in words for entry in COMMANDS.values())
    assert len(exits.splitlines()) == 5


def test_the_parser_shows_the_same_front_page(run_mailcli: RunMailcli) -> None:
    at_once = run_mailcli("--help").stdout

    assert at_once == run_mailcli("-h").stdout == run_mailcli("--help", "send").stdout
    assert run_mailcli("--version").stdout == run_mailcli("--version", "send").stdout
