"""A connection through a SOCKS5 proxy: the proxy resolves the name, TLS still names the server."""

import pytest

from mailcli.errors import TemporaryFailure, TlsFailed
from mailcli.imap.session import ImapSession
from mailcli.model import AuthKind, Endpoint, Protocol, Secret, TlsMode, TlsPolicy
from mailcli.net import Trace
from mailcli.sasl import Identity
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.ports import free_ports
from tests.support.socks import socks_proxy


def _endpoint(dovecot: Dovecot, authority: Authority, proxy: str) -> Endpoint:
    policy = TlsPolicy(TlsMode.IMPLICIT, ca_file=authority.ca_pem)
    return Endpoint(Protocol.IMAP, "localhost", dovecot.imaps, policy, proxy=proxy)


def test_a_session_runs_through_the_proxy_which_resolves_the_name(
    dovecot: Dovecot, authority: Authority, account_user: str
) -> None:
    with socks_proxy() as proxy:
        endpoint = _endpoint(dovecot, authority, proxy.url)
        session = ImapSession.open(endpoint, timeout=10, trace=Trace())
        session.login(AuthKind.PASSWORD, lambda: Identity(account_user, Secret("pw")))
        assert "INBOX" in {folder.name for folder in session.list_folders()}
        session.logout()
        assert proxy.asked == [("localhost", dovecot.imaps)]


def test_the_certificate_is_checked_against_the_server_and_not_the_proxy(
    dovecot: Dovecot, authority: Authority
) -> None:
    with socks_proxy() as proxy:
        endpoint = _endpoint(dovecot, authority, proxy.url)._replace(host="other.example")
        with pytest.raises(TlsFailed, match=r"other\.example"):
            ImapSession.open(endpoint, timeout=10, trace=Trace())
        assert proxy.asked == [("other.example", dovecot.imaps)]


def test_a_password_is_never_trusted_to_a_proxy_without_tls(
    dovecot: Dovecot, authority: Authority, account_user: str
) -> None:
    with socks_proxy() as proxy:
        endpoint = _endpoint(dovecot, authority, proxy.url)._replace(
            port=dovecot.imap,
            tls=TlsPolicy(TlsMode.NONE),
        )
        session = ImapSession.open(endpoint, timeout=10, trace=Trace())
        with pytest.raises(TlsFailed, match="unencrypted"):
            session.login(AuthKind.PASSWORD, lambda: Identity(account_user, Secret("pw")))
        session.close()


def test_a_proxy_that_is_not_there_is_a_temporary_failure(
    dovecot: Dovecot, authority: Authority
) -> None:
    (port,) = free_ports(1)
    endpoint = _endpoint(dovecot, authority, f"socks5://127.0.0.1:{port}")
    with pytest.raises(TemporaryFailure, match="proxy"):
        ImapSession.open(endpoint, timeout=5, trace=Trace())
