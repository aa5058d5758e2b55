"""An ordinary message on arrival: read at once, and as the general parser would read it."""

import pytest

from mailcli.imap import answers, responses
from mailcli.imap.arrival import ordinary
from mailcli.imap.responses import Streamed

BODY = Streamed(object(), 5)
ORDINARY = [
    'UID 7 FLAGS (\\Seen $Junk) INTERNALDATE " 1-Jan-2020 10:00:00 +0100"',
    'UID 4294967295 FLAGS () INTERNALDATE "31-Dec-1999 23:59:59 -0530"',
    'UID 7 FLAGS (\\Recent) INTERNALDATE "31-Jun-2020 10:00:00 +0000"',
    'UID 7 FLAGS () MODSEQ (12) INTERNALDATE " 1-Jan-2020 10:00:00 +0000"',
    'UID 7 MODSEQ (12) FLAGS () INTERNALDATE " 1-Jan-2020 10:00:00 +0000"',
]
OTHER = [
    'FLAGS () UID 7 INTERNALDATE " 1-Jan-2020 10:00:00 +0000"',
    'UID 0 FLAGS () INTERNALDATE " 1-Jan-2020 10:00:00 +0000"',
    'UID 4294967296 FLAGS () INTERNALDATE " 1-Jan-2020 10:00:00 +0000"',
    'UID 7 FLAGS (a(b) INTERNALDATE " 1-Jan-2020 10:00:00 +0000"',
    "UID 7 FLAGS () INTERNALDATE NIL",
    "UID 7 FLAGS ()",
]


def pieces(told: str, tail: bytes = b")\r\n") -> list[bytes | Streamed]:
    return [f"* 3 FETCH ({told} BODY[] {{5}}\r\n".encode(), BODY, tail]


@pytest.mark.parametrize("told", ORDINARY)
def test_an_ordinary_message_is_what_the_general_parser_would_make_of_it(told: str) -> None:
    message = ordinary(pieces(told))
    general = answers.attributes(responses.parse(pieces(told)))
    assert message is not None
    assert (message.uid, message.flags) == (answers.uid(general), answers.flags(general))
    assert message.internal_date == answers.internal_date(general)
    assert (message.body, message.size, message.email_id) == (BODY.body, 5, None)


@pytest.mark.parametrize("told", OTHER)
def test_anything_else_is_left_to_the_general_parser(told: str) -> None:
    assert ordinary(pieces(told)) is None


@pytest.mark.parametrize("tail", [b" FLAGS (\\Seen))\r\n", b")", b"\r\n"])
def test_so_is_what_has_more_or_less_behind_the_body(tail: bytes) -> None:
    assert ordinary(pieces(ORDINARY[0], tail)) is None


def test_so_is_a_response_without_a_body() -> None:
    assert ordinary([b"* 3 FETCH (UID 7 FLAGS ())\r\n"]) is None
