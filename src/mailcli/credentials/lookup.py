"""Find the password or token of a login: the order of the sources.

`password_command`, systemd's credentials, the keyring, `password_file`, a
prompt. A source that the user named and that fails is an error: sliding on to
the next would hide it. A keyring that cannot be reached is not: it may be open
tomorrow, and a password file is what helps meanwhile.
"""

import sys
from typing import TYPE_CHECKING

from mailcli.config import Account, Login
from mailcli.credentials import files, record
from mailcli.credentials.sources import BUS, Sources, checked, with_session_bus
from mailcli.errors import LoginFailed, MailError
from mailcli.model import Protocol, Secret

if TYPE_CHECKING:
    from mailcli.credentials.backends import KeyringTrouble


def find(account: Account, protocol: Protocol, *, sources: Sources) -> Secret:
    """Return the secret with which `account` logs in to its server of `protocol`.

    Not for a server whose `auth` is none: it has no secret.

    Raises:
        LoginFailed: no source has it, or one that was named failed; the hint says what helps.
        ConfigError: the account has no such server, or `password_file` is open to others.
    """
    server = account.server(protocol)
    try:
        return _find(account.name, protocol, server.login, sources)
    except MailError as error:
        error.of(account.name)
        raise


def _find(account: str, protocol: Protocol, login: Login, sources: Sources) -> Secret:
    if login.password_command is not None:
        from mailcli.credentials import command

        return command.ask(
            login.password_command,
            with_session_bus(sources.environ),  # `secret-tool` needs the bus as we do
            timeout=sources.command_timeout,
            alone=sources.prompt is None,
        )
    passed_on = files.from_systemd(account, protocol, sources.environ)
    if passed_on is not None:
        return passed_on
    stored = _in_keyring(account, protocol, sources)
    if isinstance(stored, Secret):
        return stored
    if login.password_file is not None:
        return files.from_file(login.password_file)
    if sources.prompt is not None:
        typed = sources.prompt(f"Password of {login.username} ({account}, {protocol}): ")
        return checked(typed, "the prompt")
    raise _nothing_answers(account, login, stored, sources)


def _in_keyring(
    account: str, protocol: Protocol, sources: Sources
) -> "Secret | KeyringTrouble | None":
    """Return the password that was stored, why it cannot be had now, or None."""
    if not record.read(sources.state_dir):
        return None
    from mailcli.credentials import vault

    return vault.look_up(account, protocol, sources)


def _nothing_answers(
    account: str, login: Login, stored: "KeyringTrouble | None", sources: Sources
) -> LoginFailed:
    """Return the error that names the ways that would work in this situation."""
    why = f"no password for {login.username}"
    files_and_commands = f"password_command or password_file in [accounts.{account}]"
    if _keyring_is_out_of_reach(stored, sources):
        return LoginFailed(
            f"{why}: no session bus here, so no keyring, and no terminal to ask at",
            hint=f"under cron or systemd set {files_and_commands}, "
            f"or LoadCredential=mailcli.{account}:FILE in the unit",
        )
    if stored is None:
        return LoginFailed(
            f"{why}: none is stored, and there is no terminal to ask at",
            hint=f"run `mailcli account set-password {account}`, or set {files_and_commands}",
        )
    return LoginFailed(
        f"{why}: {stored}, and there is no terminal to ask at",
        hint=f"unlock the keyring by logging in to the desktop, or set {files_and_commands}",
    )


def _keyring_is_out_of_reach(stored: "KeyringTrouble | None", sources: Sources) -> bool:
    if stored is not None:
        from mailcli.credentials.backends import Trouble

        return stored.reason is Trouble.NO_BUS
    # macOS keeps its keyring elsewhere.
    return sys.platform != "darwin" and not with_session_bus(sources.environ).get(BUS)
