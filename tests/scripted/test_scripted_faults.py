"""The scripted server misbehaves on cue: in TLS, and in everything else."""

import contextlib
import ssl

import pytest

from tests.scripted.clients import all_of, connected, talk, within_tls
from tests.support.certificates import Authority
from tests.support.scripted import Scripted


def test_implicit_tls_comes_before_the_greeting(authority: Authority) -> None:
    with (
        Scripted("S: hello\nC: hi", tls="implicit", certificate=authority.server()) as server,
        connected(server) as client,
        within_tls(authority, client) as secure,
    ):
        assert secure.recv(100) == b"hello\r\n"
        secure.sendall(b"hi\r\n")
        assert all_of(secure) == b""
    assert server.tls_established
    assert server.credential_bytes_before_tls == b""
    assert server.lines == (b"hi",)


def test_a_connection_is_upgraded_where_the_script_says(authority: Authority) -> None:
    text = "C: STLS\nS: +OK\n@tls\nC: PASS secret\nS: +OK in"
    files = authority.server()
    with (
        Scripted(text, certificate=(files.cert, files.key)) as server,
        connected(server) as client,
    ):
        client.sendall(b"STLS\r\n")
        assert client.recv(100) == b"+OK\r\n"
        with within_tls(authority, client) as secure:
            secure.sendall(b"PASS secret\r\n")
            assert all_of(secure) == b"+OK in\r\n"
    assert server.credential_bytes_before_tls == b"STLS\r\n"
    assert not server.saw_before_tls("secret")


@pytest.mark.parametrize("said", [b"PASS secret", b"AUTH PLAIN AGFkYQBzZWNyZXQ="])
def test_a_secret_outside_tls_is_found_in_base64_too(said: bytes) -> None:
    with Scripted("C~ *") as server:
        talk(server, said + b"\r\n")
    assert server.saw_before_tls("secret")
    assert not server.tls_established


def test_injected_octets_share_the_segment_of_the_reply(authority: Authority) -> None:
    text = "C: STLS\nS: +OK\n@inject +OK injected\\r\\n\n@gone"
    with Scripted(text, certificate=authority.server()) as server, connected(server) as client:
        client.sendall(b"STLS\r\n")
        assert client.recv(100) == b"+OK\r\n+OK injected\r\n"


def test_a_handshake_may_begin_before_the_reply(authority: Authority) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_tls = authority.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client_tls.do_handshake()
    text = "C: STLS\nS: +OK\n@tls"
    with Scripted(text, certificate=authority.server()) as server, connected(server) as client:
        client.sendall(b"STLS\r\n" + outgoing.read())
        assert client.recv(5) == b"+OK\r\n"
        while True:
            incoming.write(client.recv(65_536))
            try:
                client_tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                continue
        client.sendall(outgoing.read())
    assert server.tls_established
    assert server.credential_bytes_before_tls == b"STLS\r\n"


@pytest.mark.parametrize("broken", ["expired", "wrong_name", "self_signed"])
def test_a_client_may_refuse_the_certificate(authority: Authority, broken: str) -> None:
    certificate = getattr(authority, broken)()
    with (
        Scripted("@tls refused", certificate=certificate) as server,
        connected(server) as client,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        within_tls(authority, client)
    assert not server.tls_established


def test_a_client_may_leave_after_the_handshake_as_one_that_pins_does(
    authority: Authority,
) -> None:
    with (
        Scripted("@tls refused", certificate=authority.server()) as server,
        connected(server) as client,
    ):
        within_tls(authority, client).close()
    assert server.tls_established


def test_a_client_that_talks_where_it_should_refuse_deviates(authority: Authority) -> None:
    with (
        Scripted("@tls refused", certificate=authority.server(), expect_failure=True) as server,
        connected(server) as client,
        within_tls(authority, client) as secure,
    ):
        secure.sendall(b"PASS pw\r\n")
        assert all_of(secure) == b""
    assert "C: PASS pw" in str(server.failures[0])


def test_a_server_context_of_the_test_decides_what_is_offered(authority: Authority) -> None:
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(authority.server().cert, authority.server().key)
    offered.maximum_version = ssl.TLSVersion.TLSv1_2
    with Scripted("@tls refused", certificate=offered) as server, connected(server) as client:
        wanted = authority.context()
        wanted.minimum_version = ssl.TLSVersion.TLSv1_3
        with pytest.raises(ssl.SSLError, match=r"(?i)protocol version"):
            wanted.wrap_socket(client, server_hostname="localhost")


def test_a_client_that_talks_in_the_clear_where_tls_begins_is_caught(
    authority: Authority,
) -> None:
    with (
        Scripted("@tls", certificate=authority.server(), expect_failure=True) as server,
        connected(server) as client,
    ):
        client.sendall(b"PASS secret\r\n")
        all_of(client)
    assert server.saw_before_tls("secret")
    assert "expected  a TLS handshake" in str(server.failures[0])


def test_cut_is_an_ordinary_end_within_tls_and_drop_is_a_truncation(authority: Authority) -> None:
    def end(how: str) -> bytes:
        with (
            Scripted(f"@tls\n{how}", certificate=authority.server()) as server,
            connected(server) as client,
        ):
            context = authority.context()
            secure = context.wrap_socket(
                client, server_hostname="localhost", suppress_ragged_eofs=False
            )
            with secure:
                return secure.recv(1)

    assert end("@cut") == b""
    with pytest.raises(ssl.SSLEOFError):
        end("@drop")


def test_a_connection_is_cut_within_a_line_whatever_the_client_says_then() -> None:
    with Scripted("C: RETR 1\nS! +OK 100 oct\n@cut") as server:
        assert talk(server, b"RETR 1\r\nRETR 2\r\n") == b"+OK 100 oct"


def test_a_connection_is_reset() -> None:
    with Scripted("C: DATA\n@reset") as server, connected(server) as client:
        client.sendall(b"DATA\r\n")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_bye_is_said_and_meant() -> None:
    with Scripted("@bye * BYE too busy") as server:
        assert talk(server, b"") == b"* BYE too busy\r\n"


def test_a_stalling_server_is_left_by_its_client_and_asks_no_more() -> None:
    with Scripted("S: +OK\n@stall forever") as server, connected(server) as client:
        assert client.recv(100) == b"+OK\r\n"
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_a_stall_ends_and_the_conversation_goes_on() -> None:
    with Scripted("C: A\n@stall 0.01\nS: b\nC: C") as server:
        assert talk(server, b"A\r\nC\r\n") == b"b\r\n"


def test_a_deaf_server_blocks_the_client_that_writes() -> None:
    with Scripted("@deaf forever") as server, connected(server) as client:
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.sendall(b"x" * (64 << 20))


def test_a_dribbling_server_sends_octet_by_octet() -> None:
    with Scripted("@dribble 60\nS: +OK") as server, connected(server) as client:
        assert client.recv(100) == b"+"


def test_a_dribbling_server_dribbles_within_tls(authority: Authority) -> None:
    with (
        Scripted("@tls\n@dribble 60\nS: +OK", certificate=authority.server()) as server,
        connected(server) as client,
        within_tls(authority, client) as secure,
    ):
        assert secure.recv(100) == b"+"


def test_a_dribbling_server_says_it_all_in_the_end() -> None:
    with Scripted("@dribble 0.001\nS: +OK\n@dribble off\nC: A\nS: +OK") as server:
        assert talk(server, b"A\r\n") == b"+OK\r\n+OK\r\n"


def test_an_endless_listing_ends_with_the_client() -> None:
    with (
        Scripted('@endless * LIST () "/" box{count}') as server,
        connected(server) as client,
        client.makefile("rb") as lines,
    ):
        first = [lines.readline() for _ in range(3000)]
    assert first[0] == b'* LIST () "/" box1\r\n'
    assert first[-1] == b'* LIST () "/" box3000\r\n'


def test_an_endless_line_has_no_end() -> None:
    with Scripted("S! +OK\n@endless! x") as server, connected(server) as client:
        taken = b""
        while len(taken) < 100_000:
            taken += client.recv(65_536)
    assert taken.startswith(b"+OKxxx")
    assert b"\n" not in taken


def test_a_client_that_takes_everything_deviates() -> None:
    with (
        Scripted("@endless x", cap=100_000, expect_failure=True) as server,
        connected(server) as client,
    ):
        assert len(all_of(client)) > 100_000
    assert "expected  a client that gives up" in str(server.failures[0])


def test_what_comes_in_two_segments_is_flushed_between() -> None:
    with (
        Scripted("S: one\n@flush\n@signal said\n@wait heard\nS: two") as server,
        connected(server) as client,
    ):
        server.wait_for("said")
        assert client.recv(100) == b"one\r\n"
        server.signal("heard")
        assert all_of(client) == b"two\r\n"


def test_the_rest_does_not_matter() -> None:
    with Scripted("S: hello\n@rest") as server, connected(server) as client:
        client.sendall(b"whatever\r\nit says\r\n")
    assert server.lines == (b"whatever", b"it says")
