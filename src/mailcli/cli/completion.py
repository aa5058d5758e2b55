"""`mailcli completion`: print the completion script for a shell."""

import click

from mailcli.cli.option import Command
from mailcli.errors import Exit

_EXAMPLE = """\b
Examples:
  mailcli completion bash > ~/.local/share/bash-completion/completions/mailcli
  mailcli completion zsh > ~/.zfunc/_mailcli
  mailcli completion fish > ~/.config/fish/completions/mailcli.fish
"""


@click.command(cls=Command, epilog=_EXAMPLE)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> Exit:
    """Print the completion script for a shell.

    The script completes commands, options and account names without starting mailcli.
    """
    from mailcli.cli.generate import SCRIPTS

    click.echo(SCRIPTS[shell](), nl=False)
    return Exit.OK
