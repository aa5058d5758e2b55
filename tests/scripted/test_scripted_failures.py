"""A client that deviates fails its test, which says where; and nothing outlives the test."""

import contextlib
import socket
import threading

import pytest

from tests.scripted.clients import all_of, connected, talk
from tests.support.certificates import Authority
from tests.support.scripted import Scripted, TranscriptFailure


def test_a_wrong_line_fails_the_test_and_says_where() -> None:
    text = "S: +OK ready\nC: STAT\nS: +OK 2 400\nC: UIDL\nS: +OK"
    with pytest.raises(TranscriptFailure) as raised, Scripted(text) as server:
        # The wrong line is answered by an ordinary end of the connection.
        assert talk(server, b"STAT\r\nLIST\r\n") == b"+OK ready\r\n+OK 2 400\r\n"
    assert str(raised.value) == (
        "the client did not follow the transcript\n\n"
        "connection 1, line 4 of the script:\n"
        "  expected  C: UIDL\n"
        "  received  C: LIST\n"
        "the conversation before it:\n"
        "  S: +OK ready\n"
        "  C: STAT\n"
        "  S: +OK 2 400"
    )


@pytest.mark.parametrize(
    ("text", "said", "told"),
    [
        pytest.param("C: A", b"", "received  the client left", id="left"),
        pytest.param("C: A", b"A", "after 'A' without a line end", id="half-a-line"),
        pytest.param("C: A", b"A\n", "expected  a line that ends in CRLF", id="bare-lf"),
        pytest.param("C: A", b"A\r\nB\r\n", "the transcript ends here", id="more-than-the-end"),
        pytest.param("C: A", b"\x1b[1m\xff\r\n", r"received  C: \x1b[1m\udcff", id="escaped"),
        pytest.param("C: A", b"x" * 300 + b"\r\n", "… (302 octets)", id="shortened"),
        pytest.param("C. x", b"text\r\n", "the end of the text", id="no-lone-dot"),
        pytest.param("C* 9", b"text", "4 octets, then the client left", id="too-few-octets"),
        pytest.param("C: A\n@literal", b"A\r\n", "a line that ends in a literal", id="no-literal"),
        pytest.param("@gone", b"A\r\n", "a client that leaves at once", id="talks-on"),
        pytest.param("@wait it", b"", "expected  the event it", id="no-event"),
    ],
)
def test_a_deviation_is_told_in_words(text: str, said: bytes, told: str) -> None:
    with Scripted(text, expect_failure=True) as server, connected(server) as client:
        client.sendall(said)
    assert told in str(server.failures[0])


def test_a_client_that_never_comes_is_missed() -> None:
    text = "S: a\n@connection 2\nS: b\n@connection 3 optional"
    with Scripted(text, expect_failure=True) as server:
        talk(server, b"")
    assert [(told.connection, told.expected) for told in server.failures] == [
        (2, "a client that connects")
    ]


def test_a_connection_too_many_is_told() -> None:
    with Scripted("", expect_failure=True) as server:
        talk(server, b"")
        assert talk(server, b"") == b""
    assert "expected  no further connection" in str(server.failures[0])


def test_a_client_that_is_silent_for_too_long_deviates() -> None:
    with (
        Scripted("C: A", patience=0.05, expect_failure=True) as server,
        connected(server) as client,
    ):
        assert all_of(client) == b""
    assert "nothing for 0.05 seconds" in str(server.failures[0])


@pytest.mark.parametrize("text", ["C: A", "@gone", "@tls refused"])
def test_a_client_that_is_still_connected_at_the_end_is_told_apart(
    authority: Authority, text: str
) -> None:
    with (
        contextlib.ExitStack() as after,
        Scripted(text, certificate=authority.server(), grace=0, expect_failure=True) as server,
    ):
        after.enter_context(connected(server))
    assert "nothing until the test was over" in str(server.failures[0])


def test_an_error_of_the_test_itself_is_not_hidden() -> None:
    def run() -> None:
        with Scripted("C: A") as server:
            talk(server, b"B\r\n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as raised:
        run()
    assert any("received  C: B" in note for note in raised.value.__notes__)


def test_a_failure_that_was_expected_must_come() -> None:
    with (
        pytest.raises(TranscriptFailure, match="was not meant to"),
        Scripted("C: A", expect_failure=True) as server,
    ):
        talk(server, b"A\r\n")


def test_nothing_is_left_when_the_context_ends() -> None:
    before = set(threading.enumerate())
    with Scripted("@stall forever") as server, connected(server):
        pass
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=10).close()
