"""The accounts that tests write into mailcli's configuration point at servers that answer."""

import socket
import ssl

import pytest
from tests.support.accounts import account
from tests.support.dovecot import Dovecot
from tests.support.postfix import Postfix


@pytest.mark.parametrize("tls", ["implicit", "starttls", "none"])
def test_an_account_points_at_the_servers(dovecot: Dovecot, postfix: Postfix, tls: str) -> None:
    greetings = {"imap": b"* OK", "pop": b"+OK", "smtp": b"220"}

    table = account("u1", imap=dovecot, pop=dovecot, smtp=postfix, tls=tls)

    for protocol, greeting in greetings.items():
        server = table[protocol]
        with socket.create_connection((server["host"], server["port"]), timeout=20) as wire:
            if tls == "implicit":
                context = ssl.create_default_context(cafile=server["ca_file"])
                with context.wrap_socket(wire, server_hostname=server["host"]) as secured:
                    assert secured.recv(len(greeting)) == greeting
            else:
                assert wire.recv(len(greeting)) == greeting


def test_an_account_takes_more_keys() -> None:
    table = account("u7", maildir="~/Mail/x")

    assert table == {
        "email": "u7@example.test",
        "password_command": ["printf", "pw"],
        "maildir": "~/Mail/x",
    }
