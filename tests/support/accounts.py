"""Accounts for mailcli's configuration file that point at the tests' own servers."""

import json
from collections.abc import Mapping
from typing import Any

from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.postfix import Postfix

Table = dict[str, Any]
"""A TOML table: strings, numbers, booleans, lists of them, and tables."""


def account(
    user: str,
    *,
    imap: Dovecot | None = None,
    pop: Dovecot | None = None,
    smtp: Postfix | None = None,
    tls: str = "implicit",
    host: str = "localhost",
    **more: Any,
) -> Table:
    """Return an account of `user` at these servers, to be changed as a test likes.

    `tls` is `implicit`, `starttls` or `none`; without TLS, SMTP needs no
    login, because Postfix offers none there. `more` are keys of the account.
    """
    table: Table = {"email": f"{user}@example.test", "password_command": ["printf", PASSWORD]}
    table |= more
    if imap is not None:
        port = imap.imaps if tls == "implicit" else imap.imap
        table["imap"] = _server(host, port, tls, ca_file=str(imap.authority.ca_pem))
    if pop is not None:
        port = pop.pop3s if tls == "implicit" else pop.pop3
        table["pop"] = _server(host, port, tls, ca_file=str(pop.authority.ca_pem))
    if smtp is not None:
        ports = {"implicit": smtp.submissions, "starttls": smtp.submission, "none": smtp.smtp}
        table["smtp"] = _server(host, ports[tls], tls, ca_file=str(smtp.authority.ca_pem))
        if tls == "none":
            table["smtp"]["auth"] = "none"
    return table


def _server(host: str, port: int, tls: str, *, ca_file: str) -> Table:
    server: Table = {"host": host, "port": port, "tls": tls}
    return server if tls == "none" else server | {"ca_file": ca_file}


def to_toml(table: Mapping[str, Any], prefix: tuple[str, ...] = ()) -> str:
    """Write a table as TOML 1.0; plain values come before the tables within it."""
    plain = [f"{key} = {_value(value)}" for key, value in table.items() if not _is_table(value)]
    inner = [
        f"\n[{'.'.join(json.dumps(part) for part in (*prefix, key))}]\n"
        + to_toml(value, (*prefix, key))
        for key, value in table.items()
        if _is_table(value)
    ]
    return "".join(line + "\n" for line in plain) + "".join(inner)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _value(value: object) -> str:
    # JSON's strings, numbers, booleans and lists of them are TOML's as well,
    # but for DEL, which no test has in its configuration.
    return json.dumps(value, ensure_ascii=False)
