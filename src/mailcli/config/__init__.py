"""The configuration: one TOML file, read once, checked whole, then frozen.

`load` gives a `Config` or a `ConfigError` that names the key by its path.
"""

from mailcli.config.file import interpret, load
from mailcli.config.units import parse_age, parse_size
from mailcli.config.values import (
    Account,
    Config,
    ImapServer,
    Login,
    PopServer,
    Server,
    SmtpServer,
)

__all__ = [
    "Account",
    "Config",
    "ImapServer",
    "Login",
    "PopServer",
    "Server",
    "SmtpServer",
    "interpret",
    "load",
    "parse_age",
    "parse_size",
]
