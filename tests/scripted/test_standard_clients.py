"""The example transcripts and the ordinary dialogues, played to the standard library's clients."""

import imaplib
import poplib
import smtplib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.dialogues import CAPABILITIES, Protocol, answer, goodbye, opening, script
from tests.support.scripted import Scripted

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
RECIPIENTS = ("ada@example.net", "bob@example.net", "eve@example.net")


def test_smtplib_submits_as_in_the_transcript(authority: Authority) -> None:
    values = dict(zip(("ada", "bob", "eve"), RECIPIENTS, strict=True))
    path = TRANSCRIPTS / "smtp_submission.txt"
    with (
        Scripted(path, certificate=authority.server(), host="localhost", values=values) as server,
        smtplib.SMTP(server.host, server.port, timeout=10) as client,
    ):
        client.starttls(context=authority.context())
        client.login("ada", "pw")
        refused = client.sendmail("ada@example.org", RECIPIENTS, "Subject: x\r\n\r\n.dot")
    assert refused == {"eve@example.net": (550, b"5.1.1 no such user here")}
    assert server.received["message"] == b"Subject: x\r\n\r\n..dot\r\n"
    assert not server.saw_before_tls("pw")


def test_poplib_fetches_as_in_the_transcript(authority: Authority) -> None:
    path = TRANSCRIPTS / "pop3_fetch.txt"
    with Scripted(
        path, tls="implicit", certificate=authority.server(), host="localhost"
    ) as server:
        context = authority.context()
        client = poplib.POP3_SSL(server.host, server.port, timeout=10, context=context)
        client.user("ada")
        client.pass_("pw")
        assert client.stat()[0] == 2
        assert client.uidl()[1] == [b"1 7f3a", b"2 7f3b"]
        letter = client.retr(1)[1]
        client.quit()
    assert letter[-4:] == [
        b"A line that begins with a dot is sent with one more:",
        b".so",
        b"",
        b"The end.",
    ]
    assert server.values["user"] == b"ada"


def test_imaplib_reads_and_appends_as_in_the_transcript(authority: Authority) -> None:
    path = TRANSCRIPTS / "imap_session.txt"
    with Scripted(path, certificate=authority.server(), host="localhost") as server:
        client = imaplib.IMAP4(server.host, server.port, timeout=10)
        client.starttls(authority.context())
        client.login("ada", "pw")
        assert client.select()[1] == [b"1"]
        fetched = client.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])")[1]
        client.append("Sent", r"(\Seen)", "", b"Subject: y\r\n\r\nbody\r\n")
        client.check()
        client.noop()
        client.logout()
    assert fetched[0][1].endswith(b"Subject: hello\r\n\r\nHello.\r\n")
    assert server.received["appended"] == b"Subject: y\r\n\r\nbody\r\n"


def by_smtplib(server: Scripted, authority: Authority, tls: str | None) -> None:
    context = authority.context()
    client = (
        smtplib.SMTP_SSL(server.host, server.port, timeout=10, context=context)
        if tls == "implicit"
        else smtplib.SMTP(server.host, server.port, timeout=10)
    )
    if tls == "starttls":
        client.starttls(context=context)
    client.login("ada", "pw")
    client.quit()


def by_poplib(server: Scripted, authority: Authority, tls: str | None) -> None:
    context = authority.context()
    client = (
        poplib.POP3_SSL(server.host, server.port, timeout=10, context=context)
        if tls == "implicit"
        else poplib.POP3(server.host, server.port, timeout=10)
    )
    if tls == "starttls":
        client.stls(context)
    client.capa()
    client.user("ada")
    client.pass_("pw")
    client.quit()


def by_imaplib(server: Scripted, authority: Authority, tls: str | None) -> None:
    context = authority.context()
    client = (
        imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=10)
        if tls == "implicit"
        else imaplib.IMAP4(server.host, server.port, timeout=10)
    )
    if tls == "starttls":
        client.starttls(context)
    client.authenticate("PLAIN", lambda _: b"\0ada\0pw")
    client.logout()


@pytest.mark.parametrize("tls", [None, "implicit", "starttls"])
@pytest.mark.parametrize(
    ("protocol", "client"),
    [("smtp", by_smtplib), ("pop3", by_poplib), ("imap", by_imaplib)],
    ids=["smtp", "pop3", "imap"],
)
def test_the_ordinary_opening_is_that_of_ordinary_clients(
    authority: Authority,
    protocol: Protocol,
    client: Callable[[Scripted, Authority, str | None], None],
    tls: None,
) -> None:
    text = script(opening(protocol, tls=tls), goodbye(protocol))
    with Scripted(text, certificate=authority.server(), host="localhost") as server:
        client(server, authority, tls)
    assert server.tls_established is (tls is not None)
    assert server.saw_before_tls("pw") is (tls is None)


def test_an_imap_quirk_is_stated_in_two_lines() -> None:
    text = script(
        opening("imap", names=(*CAPABILITIES["imap"], "ENABLE", "QRESYNC")),
        answer("ENABLE QRESYNC", status="OK but no ENABLED line"),
        answer("SELECT *", "0 EXISTS", "OK [HIGHESTMODSEQ 0] none yet"),
        goodbye("imap", required=False),
    )
    with Scripted(text) as server:
        client = imaplib.IMAP4(server.host, server.port, timeout=10)
        client.login("ada", "pw")
        assert client.enable("QRESYNC")[0] == "OK"
        assert client.response("ENABLED")[1] == [None]
        assert client.select()[1] == [b"0"]
        client.shutdown()
    assert b"QRESYNC" in server.sent
