"""The demo's servers on loopback, asked by the standard library's clients."""

import contextlib
import imaplib
import poplib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mailcli.demo import servers
from mailcli.demo.mailbox import DemoUser, Mailbox
from mailcli.demo.servers import HOST, Ports, Servers, serving
from mailcli.errors import CannotCreate, ConfigError, Exit

USER = DemoUser("ada@demo.example", "pw")
NOW = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)
RAW = b"Subject: 8-bit \xfc\r\nX-Odd:no space\r\n\r\n.dot\r\nbare\nlf\r\n\x1b[2J\r\n"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox(7)


@pytest.fixture
def running(mailbox: Mailbox) -> Iterator[Servers]:
    with serving(mailbox, USER) as found:
        yield found


@pytest.fixture
def trust(running: Servers) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=running.ca_pem.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    return context


@pytest.fixture
def smtp(running: Servers, trust: ssl.SSLContext) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP_SSL(HOST, running.ports.smtp, context=trust, timeout=20) as client:
        yield client


@pytest.fixture
def pop(running: Servers, trust: ssl.SSLContext) -> Iterator[poplib.POP3]:
    client = poplib.POP3_SSL(HOST, running.ports.pop, context=trust, timeout=20)
    with contextlib.closing(client):
        yield client


@pytest.fixture
def imap(running: Servers, trust: ssl.SSLContext) -> Iterator[imaplib.IMAP4]:
    client = imaplib.IMAP4_SSL(HOST, running.ports.imap, ssl_context=trust, timeout=20)
    with client:
        yield client


def inbox(mailbox: Mailbox) -> list[bytes]:
    return [message.raw for message in mailbox.folder("INBOX").messages.values()]


def test_all_three_protocols_show_the_same_octets(
    mailbox: Mailbox, smtp: smtplib.SMTP, pop: poplib.POP3, imap: imaplib.IMAP4
) -> None:
    smtp.login(USER.address, "pw")
    smtp.ehlo_or_helo_if_needed()
    smtp.mail("ada@demo.example")
    smtp.rcpt("anybody@elsewhere.example")
    smtp.putcmd("DATA")
    smtp.getreply()
    smtp.send(RAW.replace(b"\r\n.", b"\r\n..") + b".\r\n")
    assert smtp.getreply()[0] == 250

    (stored,) = inbox(mailbox)
    assert stored.endswith(RAW)
    assert stored.startswith(b"Return-Path: <ada@demo.example>\r\nReceived: from ")

    imap.login(USER.address, "pw")
    imap.select()
    _, data = imap.uid("FETCH", "1:*", "(RFC822.SIZE BODY.PEEK[])")
    assert isinstance(data[0], tuple)
    assert data[0][1] == stored

    pop.user(USER.address)
    pop.pass_("pw")
    pop._putcmd("RETR 1")  # type: ignore[attr-defined]  # retr() would cut it into lines
    assert pop._getresp() == b"+OK %d octets" % len(stored)  # type: ignore[attr-defined]  # same
    assert pop.file.read(len(stored) + 4) == stored.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def test_smtp_refuses_for_good_and_for_now_by_recipient(
    mailbox: Mailbox, smtp: smtplib.SMTP
) -> None:
    smtp.login(USER.address, "pw")
    to = ["ada@demo.example", "nobody@demo.example", "busy@demo.example"]
    refused = smtp.sendmail("ada@demo.example", to, b"Subject: x\r\n\r\nx\r\n")
    assert {address: answer[0] for address, answer in refused.items()} == {to[1]: 550, to[2]: 450}
    assert refused[to[1]][1].startswith(b"5.1.1 ")
    assert refused[to[2]][1].startswith(b"4.2.1 ")
    assert len(inbox(mailbox)) == 1


def test_smtp_takes_mail_only_after_login(mailbox: Mailbox, smtp: smtplib.SMTP) -> None:
    smtp.ehlo()
    assert smtp.mail("ada@demo.example")[0] == 530
    with pytest.raises(smtplib.SMTPAuthenticationError):
        smtp.login(USER.address, "wrong")
    assert inbox(mailbox) == []


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_smtp_login_by_each_mechanism(smtp: smtplib.SMTP, mechanism: str) -> None:
    smtp.ehlo()
    assert mechanism in smtp.esmtp_features["auth"].split()
    smtp.user, smtp.password = USER.address, "pw"
    method = smtp.auth_plain if mechanism == "PLAIN" else smtp.auth_login
    code, _ = smtp.auth(mechanism, method)
    assert code == 235


def test_pop_deletes_at_quit_and_imap_hears_of_it(
    mailbox: Mailbox, pop: poplib.POP3, imap: imaplib.IMAP4
) -> None:
    for number in (1, 2):
        mailbox.add(mailbox.folder("INBOX"), b"Subject: %d\r\n\r\n" % number, NOW)
    imap.login(USER.address, "pw")
    imap.select()
    pop.user(USER.address)
    pop.pass_("pw")
    pop.dele(1)
    assert pop.stat() == (1, 14)
    assert len(inbox(mailbox)) == 2

    pop.quit()

    assert inbox(mailbox) == [b"Subject: 2\r\n\r\n"]
    imap.noop()
    assert imap.response("EXPUNGE") == ("EXPUNGE", [b"1"])


def test_pop_forgets_deletions_when_the_connection_breaks_or_is_reset(
    mailbox: Mailbox, running: Servers, trust: ssl.SSLContext, pop: poplib.POP3
) -> None:
    mailbox.add(mailbox.folder("INBOX"), RAW, NOW)
    pop.user(USER.address)
    pop.pass_("pw")
    pop.dele(1)
    pop.close()  # no QUIT

    with contextlib.closing(
        poplib.POP3_SSL(HOST, running.ports.pop, context=trust, timeout=20)
    ) as again:
        _log_in_once_free(again)
        again.dele(1)
        again.rset()
        again.quit()
    assert inbox(mailbox) == [RAW]


def _log_in_once_free(client: poplib.POP3) -> None:
    """Log in; the server may not have heard yet that the client before has gone."""
    while True:
        client.user(USER.address)
        try:
            client.pass_("pw")
        except poplib.error_proto as refusal:
            if b"[IN-USE]" not in refusal.args[0]:
                raise
        else:
            return


def test_pop_unique_ids_stay_and_never_come_back(mailbox: Mailbox, pop: poplib.POP3) -> None:
    folder = mailbox.folder("INBOX")
    first = mailbox.add(folder, RAW, NOW)
    kept = mailbox.add(folder, RAW, NOW)
    mailbox.remove(folder, [first.uid])
    last = mailbox.add(folder, RAW, NOW)
    pop.user(USER.address)
    pop.pass_("pw")
    ids = [line.split()[1].decode() for line in pop.uidl()[1]]
    assert ids == [folder.unique_id(kept), folder.unique_id(last)]
    assert folder.unique_id(first) not in ids


def test_pop_tells_its_capabilities_and_answers_pipelined_commands(
    mailbox: Mailbox, pop: poplib.POP3
) -> None:
    mailbox.add(mailbox.folder("INBOX"), b"Subject: x\r\n\r\none\r\ntwo\r\n", NOW)
    assert {"TOP", "UIDL", "PIPELINING", "RESP-CODES", "USER"} <= pop.capa().keys()
    assert pop.capa()["SASL"] == ["PLAIN"]
    pop.sock.sendall(b"AUTH PLAIN AGFkYUBkZW1vLmV4YW1wbGUAcHc=\r\nSTAT\r\nTOP 1 1\r\nNOOP\r\n")
    answers = [pop.file.readline() for _ in range(8)]
    assert answers[:2] == [b"+OK 1 messages\r\n", b"+OK 1 24\r\n"]
    assert answers[3:] == [b"Subject: x\r\n", b"\r\n", b"one\r\n", b".\r\n", b"+OK\r\n"]


def test_pop_lets_in_one_client_at_a_time_with_the_right_password(
    mailbox: Mailbox, running: Servers, trust: ssl.SSLContext, pop: poplib.POP3
) -> None:
    pop.user(USER.address)
    with pytest.raises(poplib.error_proto, match="AUTH"):
        pop.pass_("wrong")
    with pytest.raises(poplib.error_proto):
        pop.stat()
    pop.user(USER.address)
    pop.pass_("pw")
    other = poplib.POP3_SSL(HOST, running.ports.pop, context=trust, timeout=20)
    with contextlib.closing(other):
        other.user(USER.address)
        with pytest.raises(poplib.error_proto, match="IN-USE"):
            other.pass_("pw")


def test_imap_login_is_refused_with_a_wrong_password(imap: imaplib.IMAP4) -> None:
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        imap.login(USER.address, "wrong")
    imap.send(b'x LIST "" *\r\n')
    assert imap.readline() == b"x BAD log in first\r\n"


def test_imap_authenticates_with_plain(imap: imaplib.IMAP4) -> None:
    imap.authenticate("PLAIN", lambda _: b"\0ada@demo.example\0pw")
    assert imap.select()[0] == "OK"


def test_imap_takes_a_literal_with_nothing_behind_it_and_goes_on(
    mailbox: Mailbox, imap: imaplib.IMAP4
) -> None:
    imap.login(USER.address, "pw")
    for raw in (b"one{3}", b"two\r\n{3}\r\n"):
        assert imap.append("INBOX", "", "", raw)[0] == "OK"
    assert inbox(mailbox) == [b"one{3}", b"two\r\n{3}\r\n"]


def test_imap_idle_tells_new_mail_at_once(
    mailbox: Mailbox, imap: imaplib.IMAP4, smtp: smtplib.SMTP
) -> None:
    imap.login(USER.address, "pw")
    imap.select()
    imap.send(b"x IDLE\r\n")
    assert imap.readline() == b"+ idling\r\n"
    smtp.login(USER.address, "pw")
    smtp.sendmail("ada@demo.example", ["ada@demo.example"], b"Subject: x\r\n\r\nx\r\n")
    assert imap.readline() == b"* 1 EXISTS\r\n"
    imap.send(b"DONE\r\n")
    assert imap.readline() == b"x OK idled\r\n"


def test_the_servers_listen_on_loopback_only_and_are_gone_afterwards(mailbox: Mailbox) -> None:
    with serving(mailbox, USER) as found:
        for port in (found.ports.smtp, found.ports.pop, found.ports.imap):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", port), timeout=20)
    for port in (found.ports.smtp, found.ports.pop, found.ports.imap):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, port), timeout=20)


def test_clients_that_stay_do_not_keep_the_servers_from_ending(mailbox: Mailbox) -> None:
    clients = contextlib.ExitStack()
    with clients, serving(mailbox, USER) as found:
        trust = ssl.create_default_context(cadata=found.ca_pem.decode())
        for port in (found.ports.smtp, found.ports.pop, found.ports.imap):
            plain = socket.create_connection((HOST, port), timeout=20)
            client = clients.enter_context(trust.wrap_socket(plain, server_hostname=HOST))
            assert client.recv(1)  # the greeting: the session has begun


def test_a_certificate_of_another_run_is_not_trusted(
    mailbox: Mailbox, running: Servers, trust: ssl.SSLContext
) -> None:
    with serving(mailbox, USER) as other, pytest.raises(ssl.SSLCertVerificationError):
        poplib.POP3_SSL(HOST, other.ports.pop, context=trust, timeout=20)


def test_a_port_that_is_taken_is_an_error_with_a_hint(mailbox: Mailbox, running: Servers) -> None:
    wanted = Ports(imap=running.ports.imap)
    with pytest.raises(CannotCreate) as caught, serving(mailbox, USER, ports=wanted):
        pass
    assert str(running.ports.imap) in caught.value.message
    assert "--port-base" in caught.value.hint


def test_ports_above_a_base_are_the_well_known_ones() -> None:
    assert Ports.above(20000) == Ports(20465, 20995, 20993)


def test_without_the_extra_the_error_says_how_to_install_it_from_the_checkout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(servers, "find_spec", lambda name: None if name == "trustme" else name)
    with pytest.raises(ConfigError, match="not installed: trustme") as caught:
        servers.need_extra()
    assert caught.value.exit_code == Exit.CONFIG
    assert "pip install '.[demo]'" in caught.value.hint
