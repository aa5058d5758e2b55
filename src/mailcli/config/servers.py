"""A server's table: endpoint, TLS policy, login, and what its protocol adds.

Pure. Combinations that cannot be meant are refused here, each by its path.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from mailcli.config import parsers
from mailcli.config.table import Table
from mailcli.config.units import parse_age, parse_size
from mailcli.config.values import Command, ImapServer, Login, PopServer, SmtpServer
from mailcli.model import (
    DEFAULT_PORTS,
    AuthKind,
    DeletePolicy,
    Endpoint,
    Protocol,
    SyncMode,
    TlsMode,
    TlsPolicy,
)

PASSWORD_KEYS = ("password_command", "password_file")
SERVER_KEYS = (
    *("host", "tls", "port", "username", "auth", "ca_file", "fingerprint"),
    *("client_cert", "client_key", "allow_cleartext_password", "proxy"),
    *PASSWORD_KEYS,
)
KEYS = {
    Protocol.SMTP: SERVER_KEYS,
    Protocol.POP3: (
        *(*SERVER_KEYS, "keep", "folder", "max_size", "max_messages", "max_bytes", "after_fetch"),
    ),
    Protocol.IMAP: (
        *(*SERVER_KEYS, "folders", "subscribed_only", "mode", "max_delete", "delete_folders"),
        *("deleted", "trash", "max_size", "max_age", "compress"),
    ),
}
POP_FOLDER_BESIDE_IMAP = "POP"


class Passwords(NamedTuple):
    """Where a table says that the password comes from."""

    command: Command | None = None
    file: Path | None = None


class Defaults(NamedTuple):
    """What a server's table falls back on: the account's address and password source."""

    username: str | None
    passwords: Passwords
    locate: Callable[[str], Path]


def smtp_server(account: Table, defaults: Defaults) -> SmtpServer | None:
    """Return the account's submission server, if it has one."""
    table = account.table("smtp", known=KEYS[Protocol.SMTP])
    if table is None:
        return None
    return SmtpServer(_endpoint(table, Protocol.SMTP, defaults), _login(table, defaults))


def pop_server(account: Table, defaults: Defaults) -> PopServer | None:
    """Return the account's maildrop; beside IMAP its mail goes to a folder of its own."""
    table = account.table("pop", known=KEYS[Protocol.POP3])
    if table is None:
        return None
    default = POP_FOLDER_BESIDE_IMAP if "imap" in account else "INBOX"
    folder = table.text("folder") or default
    return PopServer(
        _endpoint(table, Protocol.POP3, defaults),
        _login(table, defaults),
        keep=_keep(table),
        # INBOX alone is the same name in any case (RFC 3501 §5.1).
        folder="INBOX" if folder.upper() == "INBOX" else folder,
        max_size=_size(table, "max_size"),
        max_messages=table.number("max_messages", low=1, high=2**31),
        max_bytes=_size(table, "max_bytes"),
        after_fetch=_command(table, "after_fetch", defaults.locate),
    )


def imap_server(account: Table, defaults: Defaults) -> ImapServer | None:
    """Return the account's IMAP server, if it has one."""
    table = account.table("imap", known=KEYS[Protocol.IMAP])
    if table is None:
        return None
    return ImapServer(
        _endpoint(table, Protocol.IMAP, defaults),
        _login(table, defaults),
        folders=_folders(table),
        mode=table.choice("mode", SyncMode.TWO_WAY),
        max_delete=_share(table, "max_delete"),
        folders_given=any(not pattern.startswith("!") for pattern in table.texts("folders")),
        subscribed_only=table.truth("subscribed_only", default=False),
        delete_folders=table.truth("delete_folders", default=False),
        deleted=table.choice("deleted", DeletePolicy.EXPUNGE),
        trash=_trash(table),
        max_size=_size(table, "max_size"),
        max_age=_age(table, "max_age"),
        compress=table.truth("compress", default=False),
    )


def passwords(table: Table, locate: Callable[[str], Path]) -> Passwords:
    """Return the password sources that stand in one table."""
    return Passwords(
        _command(table, "password_command", locate), table.parsed("password_file", locate)
    )


def _endpoint(table: Table, protocol: Protocol, defaults: Defaults) -> Endpoint:
    host = table.parsed("host", parsers.host)
    if host is None:
        raise table.error("host", "is missing")
    tls = _tls(table, defaults.locate)
    port = table.number("port", low=1, high=65535) or DEFAULT_PORTS[protocol, tls.mode]
    return Endpoint(protocol, host, port, tls, table.parsed("proxy", parsers.proxy))


def _tls(table: Table, locate: Callable[[str], Path]) -> TlsPolicy:
    policy = TlsPolicy(
        mode=table.choice("tls", TlsMode.IMPLICIT),
        ca_file=table.parsed("ca_file", locate),
        fingerprint=table.parsed("fingerprint", parsers.fingerprint),
        client_cert=table.parsed("client_cert", locate),
        client_key=table.parsed("client_key", locate),
        allow_cleartext_password=table.truth("allow_cleartext_password", default=False),
    )
    if policy.ca_file and policy.fingerprint:
        raise table.error("fingerprint", "replaces ca_file: keep one of the two")
    if policy.client_key and not policy.client_cert:
        raise table.error("client_key", "needs client_cert, the certificate that it belongs to")
    if policy.mode is TlsMode.NONE:
        for key in ("ca_file", "fingerprint", "client_cert", "client_key"):
            if key in table:
                raise table.error(key, 'has no meaning without TLS (tls = "none")')
    return policy


def _login(table: Table, defaults: Defaults) -> Login:
    auth = table.choice("auth", AuthKind.PASSWORD)
    username = table.text("username") or defaults.username or ""
    if not username and auth is not AuthKind.NONE:
        raise table.error("username", "is missing, and the account has no email to take")
    if auth is AuthKind.EXTERNAL and "client_cert" not in table:
        raise table.error("auth", '"external" needs client_cert, the certificate to log in with')
    # A protocol that names a source of its own inherits none: the account's command
    # must not win over the file that stands right here.
    own = any(key in table for key in PASSWORD_KEYS)
    source = passwords(table, defaults.locate) if own else defaults.passwords
    return Login(username, auth, source.command, source.file)


def _command(table: Table, key: str, locate: Callable[[str], Path]) -> Command | None:
    value: object = table.take(key, str, list, expected="a string or a list of strings")
    if value is None:
        return None
    words = _words(table, key, value)
    if not words or not words[0]:
        raise table.error(key, "is empty")
    if any("\0" in word for word in words):
        raise table.error(key, "holds a NUL character")
    # The one thing a shell would do that people rely on: `~/bin/mail-password`.
    program = str(locate(words[0])) if words[0].startswith("~/") else words[0]
    return Command((program, *words[1:]))


def _words(table: Table, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return table.parsed(key, parsers.command) or ()
    words: list[Any] = value
    if not all(isinstance(word, str) for word in words):
        raise table.error(key, "expected a list of strings, found something else in it")
    return tuple(words)


def _keep(table: Table) -> bool | timedelta:
    expected = 'true, false or an age such as "30d"'
    value: object = table.take("keep", bool, str, expected=expected)
    if isinstance(value, str):
        age = table.parsed("keep", parse_age)
        return True if age is None else age
    return value is not False


def _folders(table: Table) -> tuple[str, ...]:
    if "folders" not in table:
        return ("*",)
    patterns = table.texts("folders")
    if not patterns or "!" in patterns:
        raise table.error("folders", 'expected patterns such as "*", "Work/*" or "!Spam"')
    # Only exclusions: everything but these, as anybody would read it.
    return ("*", *patterns) if all(p.startswith("!") for p in patterns) else patterns


def _trash(table: Table) -> str | None:
    name = table.text("trash")
    if name is not None and name.upper() == "INBOX":
        raise table.error("trash", "expected a folder for deleted mail, found INBOX")
    return name


def _size(table: Table, key: str) -> int | None:
    expected = 'a size such as "10M", or octets, more than 0'
    value: object = table.take(key, str, int, expected=expected)
    size = table.parsed(key, parse_size) if isinstance(value, str) else value
    if size is None:
        return None
    if not isinstance(size, int) or size <= 0:
        raise table.error(key, f"expected {expected}; found {value}")
    return size


def _age(table: Table, key: str) -> timedelta | None:
    expected = 'an age such as "90d", more than 0'
    value = table.take(key, str, expected=expected)
    age = None if value is None else table.parsed(key, parse_age)
    if age is not None and not age:
        raise table.error(key, f"expected {expected}; found {value}")
    return age


def _share(table: Table, key: str) -> float | None:
    expected = "a share from 0 to 1, such as 0.5"
    value = table.take(key, float, int, expected=expected)
    if value is None:
        return None
    if not 0 <= value <= 1:
        raise table.error(key, f"expected {expected}, found {value}")
    return float(value)
