"""`mailcli account`: list accounts, store and forget their passwords."""

import sys

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.option import Group, option
from mailcli.errors import Exit

_PROTOCOL = option(
    "--protocol",
    type=click.Choice(["smtp", "pop", "imap"]),
    help="Only for this protocol; else for the account as a whole.",
)


_LIST_EXAMPLE = """\b
Example:
  mailcli account list --json
"""
_SET_EXAMPLE = """\b
Examples:
  mailcli account set-password work
  mailcli account set-password work --protocol smtp --password-stdin < file
"""
_FORGET_EXAMPLE = """\b
Example:
  mailcli account forget-password work
"""


@click.group(cls=Group)
def command() -> None:
    """List accounts; store and forget their passwords."""


@command.command("list", cls=MailCommand, epilog=_LIST_EXAMPLE)
@common_options()
def list_accounts(common: Common) -> Exit:
    """List the configured accounts and their servers."""
    from mailcli.app.accounts import accounts
    from mailcli.cli.runtime import Runtime

    runtime = Runtime(common)
    runtime.printer.emit(accounts(runtime.config))
    return Exit.OK


@command.command("set-password", cls=MailCommand, epilog=_SET_EXAMPLE)
@click.argument("name", metavar="ACCOUNT")
@_PROTOCOL
@option("--password-stdin", is_flag=True, help="Read it from standard input, one line.")
@option(
    "--allow-plaintext",
    is_flag=True,
    help="Accept a keyring that keeps passwords readable on disk.",
)
@common_options()
def set_password(
    common: Common,
    name: str,
    protocol: str | None,
    password_stdin: bool,
    allow_plaintext: bool,
) -> Exit:
    """Store an account's password, or OAuth 2 token, in the keyring.

    It is asked for at the terminal, or read from standard input. It is never taken from an
    option, where other users could see it.
    """
    from mailcli.app.accounts import set_password as store
    from mailcli.cli.runtime import Runtime

    runtime = Runtime(common)
    secret = _read_password(runtime.interactive, name, password_stdin)
    result = store(runtime.context, name, protocol, secret, allow_plaintext=allow_plaintext)
    runtime.printer.emit(result)
    return Exit.OK


@command.command("forget-password", cls=MailCommand, epilog=_FORGET_EXAMPLE)
@click.argument("name", metavar="ACCOUNT")
@_PROTOCOL
@common_options()
def forget_password(common: Common, name: str, protocol: str | None) -> Exit:
    """Remove an account's password from the keyring."""
    from mailcli.app.accounts import forget_password as forget
    from mailcli.cli.runtime import Runtime

    runtime = Runtime(common)
    runtime.printer.emit(forget(runtime.context, name, protocol))
    return Exit.OK


def _read_password(interactive: bool, name: str, from_stdin: bool) -> str:
    from mailcli.errors import ConfirmationNeeded

    if from_stdin:
        line = sys.stdin.readline()
        return line.removesuffix("\n").removesuffix("\r")
    if not interactive:
        raise ConfirmationNeeded(
            "no terminal to ask for the password at", hint="pipe it in with --password-stdin"
        )
    return str(click.prompt(f"Password for {name}", hide_input=True, err=True))
