"""The scripted server plays what is written and records what it hears."""

import pytest

from tests.scripted.clients import all_of, connected, talk
from tests.support.scripted import Scripted
from tests.support.template import unstuffed


def test_a_conversation_is_played_and_recorded() -> None:
    with Scripted("S: +OK ready\nC: STAT\nS: +OK 0 0\nC: QUIT\nS: +OK bye") as server:
        assert talk(server, b"STAT\r\nQUIT\r\n") == b"+OK ready\r\n+OK 0 0\r\n+OK bye\r\n"
    assert server.lines == (b"STAT", b"QUIT")
    assert server.sent == b"+OK ready\r\n+OK 0 0\r\n+OK bye\r\n"
    assert len(server.connections) == 1
    assert not server.failures


def test_octets_are_sent_as_they_are_and_as_often_as_asked() -> None:
    with Scripted(r"S! \x00\xff" + "\n" + r"S! 'ab\r\n' * 3") as server:
        assert talk(server, b"") == b"\0\xff" + b"ab\r\n" * 3


def test_a_tag_is_remembered_and_answered() -> None:
    with Scripted("C: {tag1} NOOP\nC: {tag2} CHECK\nS: {tag2} OK\nS: {tag1} OK") as server:
        assert talk(server, b"A1 NOOP\r\nB2 CHECK\r\n") == b"B2 OK\r\nA1 OK\r\n"


def test_values_come_from_the_test_and_from_the_client() -> None:
    text = r"C? USER (?P<user>\w+)" + "\nS: +OK {user} {host}"
    with Scripted(text, values={"host": "mail"}) as server:
        assert talk(server, b"USER ada\r\n") == b"+OK ada mail\r\n"
    assert server.values["user"] == b"ada"


def test_a_text_up_to_the_lone_dot_is_swallowed_as_sent() -> None:
    with Scripted("C. message\nS: 250 ok\nC. message\nS: 250 ok") as server:
        talk(server, b"a\r\n..\r\n\xff\n.\n\r\n.\r\n.\r\n")
    assert server.history("message") == (b"a\r\n..\r\n\xff\n.\n\r\n", b"")
    assert unstuffed(server.history("message")[0]) == b"a\r\n.\r\n\xff\n.\n\r\n"


def test_a_literal_is_invited_only_where_the_client_waits_for_that() -> None:
    text = "C~ * APPEND *\n@literal letter\nC:\n" * 2 + "S: done"
    with Scripted(text) as server:
        said = b"a APPEND x {2}\r\nhi\r\nb APPEND x {3+}\r\nyou\r\n"
        assert talk(server, said) == b"+ go ahead\r\ndone\r\n"
    assert server.history("letter") == (b"hi", b"you")
    assert server.received["letter"] == b"you"


def test_so_many_octets_are_swallowed_as_the_client_announced() -> None:
    with Scripted(r"C? SIZE (?P<size>\d+)" + "\nC* {size}\nC: END") as server:
        talk(server, b"SIZE 4\r\n\r\n\r\nEND\r\n")
    assert server.received == {"data": b"\r\n\r\n"}


@pytest.mark.parametrize(
    ("block", "said"),
    [
        pytest.param("@optional\nC: A\n@end", [b"", b"A"], id="optional"),
        pytest.param("@repeat\nC: A\n@or\nC: B\n@end", [b"", b"A", b"A B A"], id="repeat"),
        pytest.param("@repeat 2\nC: A\n@end", [b"A A"], id="repeat-exactly"),
        pytest.param("@choose\nC: A\n@or\nC: B\nC: C\n@end", [b"A", b"B C"], id="choose"),
        pytest.param("@unordered\nC: A\n@or\nC: B\n@end", [b"A B", b"B A"], id="unordered"),
        pytest.param(
            "@repeat\n@optional\nC: X\n@end\n@choose\nC: A\n@or\nC: B\n@end\n@end",
            [b"", b"X A B", b"B X A"],
            id="nested",
        ),
    ],
)
def test_a_block_takes_what_the_client_may_say(block: str, said: list[bytes]) -> None:
    for words in said:
        with Scripted(f"{block}\nC: END") as server:
            talk(server, b"".join(word + b"\r\n" for word in (*words.split(), b"END")))
        assert server.lines == (*words.split(), b"END")


@pytest.mark.parametrize(
    ("block", "said"),
    [
        pytest.param("@optional\nC: A\n@end", b"A A", id="optional-twice"),
        pytest.param("@repeat 2\nC: A\n@end", b"A", id="repeat-too-few"),
        pytest.param("@choose\nC: A\n@or\nC: B\n@end", b"", id="choose-none"),
        pytest.param("@unordered\nC: A\n@or\nC: B\n@end", b"A A", id="unordered-twice"),
    ],
)
def test_a_block_takes_nothing_else(block: str, said: bytes) -> None:
    with Scripted(f"{block}\nC: END", expect_failure=True) as server:
        talk(server, b"".join(word + b"\r\n" for word in (*said.split(), b"END")))


def test_rounds_are_counted() -> None:
    with Scripted("@repeat\nC: NEXT\nS: {count}\n@end") as server:
        assert talk(server, b"NEXT\r\nNEXT\r\n") == b"1\r\n2\r\n"


def test_each_connection_sees_its_own_section() -> None:
    text = "@connection 1\nS: one\n@connection 2\nS: two\n@connection *\nS: {connection}"
    with Scripted(text) as server:
        assert [talk(server, b"") for _ in range(4)] == [
            b"one\r\n",
            b"two\r\n",
            b"3\r\n",
            b"4\r\n",
        ]


def test_connections_may_be_open_at_the_same_time_and_wait_for_each_other() -> None:
    text = "@connection 1\n@wait second\nS: one\n@connection 2\nC: GO\n@signal second"
    with Scripted(text) as server, connected(server) as first:
        assert talk(server, b"GO\r\n") == b""
        assert all_of(first) == b"one\r\n"


def test_the_test_and_the_server_wait_for_each_other() -> None:
    with (
        Scripted("C: IDLE\n@signal idling\n@wait mail\nS: * 1 EXISTS") as server,
        connected(server) as client,
    ):
        client.sendall(b"IDLE\r\n")
        server.wait_for("idling")
        server.signal("mail")
        assert all_of(client) == b"* 1 EXISTS\r\n"


def test_ipv6_is_served() -> None:
    with Scripted("S: hello", host="::1") as server:
        assert talk(server, b"") == b"hello\r\n"
