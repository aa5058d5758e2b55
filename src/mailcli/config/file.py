"""The configuration file: TOML in, a checked `Config` out (TOML 1.0).

Reads the one file and never writes it. `interpret` is pure, so that programs
that edit the file can check what they are about to write.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import permutations
from pathlib import Path
from types import MappingProxyType

from mailcli import paths
from mailcli.config import parsers, servers
from mailcli.config.servers import PASSWORD_KEYS, Defaults
from mailcli.config.table import Table
from mailcli.config.values import Account, Config
from mailcli.errors import ConfigError
from mailcli.model import Layout, Protocol

TOP_KEYS = ("default_account", "accounts")
ACCOUNT_KEYS = (
    *("email", "aliases", "maildir", "layout", "sent", "save_sent", *PASSWORD_KEYS),
    *("authserv_id", "archive", "trash"),
    *(str(protocol) for protocol in Protocol),
)
_TOML_PLACE = r"(?s)(.*) \(at line (\d+), column (\d+)\)"


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Read and check the configuration file; `HOME` comes from `environ`.

    Raises:
        ConfigError: it is missing, unreadable, not TOML, or says something impossible.
    """
    text, warnings = _read(path)
    try:
        document = _parse(text)
        return interpret(document, path=path, home=paths.home(environ), warnings=warnings)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}", hint=error.hint) from None


def interpret(
    document: Mapping[str, object], *, path: Path, home: Path, warnings: tuple[str, ...] = ()
) -> Config:
    """Return what a TOML document means; relative paths start at the directory of `path`.

    Raises:
        ConfigError: a key is unknown, or a value is wrong; the message begins with its path.
    """
    locate = partial(paths.expand, home=home, base=path.parent)
    top = Table(document, known=TOP_KEYS)
    tables = top.table("accounts") or Table({})
    accounts = {name: _account(tables, name, locate, home=home) for name in tables}
    _check_names_apart(accounts)
    _check_maildirs_apart(accounts.values())
    default = top.text("default_account")
    if default is not None and default not in accounts:
        there_are = ", ".join(accounts) or "none"
        raise top.error("default_account", f"no account {default}; there are: {there_are}")
    return Config(path, default, MappingProxyType(accounts), warnings)


def _read(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read().decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"there is no configuration file {path}", hint="see README, or try `mailcli demo`"
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"cannot read the configuration file {path}: {reason}") from error
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text, as TOML demands") from None
    loose = f"{path} can be changed by other users: chmod go-w {path}"
    return text, (loose,) if mode & 0o022 else ()


def _parse(text: str) -> dict[str, object]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.fullmatch(_TOML_PLACE, str(error))
        what = f"line {place[2]}, column {place[3]}: {place[1]}" if place else str(error)
        raise ConfigError(what, hint="the file is TOML: https://toml.io") from None


def _account(tables: Table, name: str, locate: Callable[[str], Path], *, home: Path) -> Account:
    try:
        parsers.account_name(name)
    except ValueError as error:
        raise tables.error(name, str(error)) from None
    table = tables.table(name, known=ACCOUNT_KEYS) or Table({})
    email = table.parsed("email", parsers.address)
    defaults = Defaults(email.email if email else None, servers.passwords(table, locate), locate)
    account = Account(
        name,
        email,
        maildir=table.parsed("maildir", locate) or home / "Mail" / name,
        aliases=table.parsed_each("aliases", parsers.address),
        layout=table.choice("layout", Layout.NESTED),
        sent=table.text("sent"),
        save_sent=table.truth("save_sent", default=True),
        authserv_id=table.text("authserv_id"),
        archive=_purposed(table, "archive"),
        trash=_purposed(table, "trash"),
        smtp=servers.smtp_server(table, defaults),
        pop=servers.pop_server(table, defaults),
        imap=servers.imap_server(table, defaults),
    )
    _check_folders_apart(account)
    return account


def _purposed(table: Table, key: str) -> str | None:
    """Return the folder for a purpose that INBOX cannot have."""
    name = table.text(key)
    if name is not None and name.upper() == "INBOX":
        raise table.error(key, "expected a folder of its own, found INBOX")
    return name


def _check_folders_apart(account: Account) -> None:
    """Refuse a POP folder that imap-sync is told to mirror: neither would leave it alone."""
    if account.pop is None or account.imap is None:
        return
    # A pattern that happens to match is no conflict: imap-sync skips the POP folder.
    mirrored = {"INBOX", account.sent, account.imap.trash, *account.imap.folders}
    if account.pop.folder in mirrored:
        raise ConfigError(
            f"accounts.{account.name}.pop.folder: {account.pop.folder} belongs to imap, "
            "and POP mail needs a folder of its own",
            hint=f'the default, "{servers.POP_FOLDER_BESIDE_IMAP}", is a good name',
        )


def _check_names_apart(names: Iterable[str]) -> None:
    """Refuse `work.imap` beside `work`: `mailcli.work.imap` would be the credential of both."""
    known = set(names)
    for name in known:
        base, _, last = name.rpartition(".")
        if base in known and last in {*Protocol}:
            raise ConfigError(
                f"accounts.{name}: beside account {base}, this name would share its credentials",
                hint="rename one of the two",
            )


def _check_maildirs_apart(accounts: Iterable[Account]) -> None:
    """Refuse accounts that share a Maildir: each would delete or upload the other's mail."""
    places = [(account, Path(os.path.realpath(account.maildir))) for account in accounts]
    for (one, outer), (other, inner) in permutations(places, 2):
        if outer == inner:
            raise ConfigError(f"accounts.{other.name}.maildir: is that of account {one.name} too")
        # In the nested layout every directory below is a folder.
        if one.layout is Layout.NESTED and outer in inner.parents:
            raise ConfigError(
                f"accounts.{other.name}.maildir: lies inside that of account {one.name}"
            )
