"""An ordinary message on arrival: read at once, and as the general parser would read it."""

import pytest

from mailcli.imap import answers, responses
from mailcli.imap.arrival import Head, head
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
    'UID 7 FLAGS (a(b) INTERNALDATE " 1-Jan-2020 10:00:00 +0000"',
    "UID 7 FLAGS () INTERNALDATE NIL",
    "UID 7 FLAGS ()",
]


def line(told: str) -> bytes:
    return f"* 3 FETCH ({told} BODY[] {{5}}\r\n".encode()


def begun(told: str) -> Head:
    found = head(line(told))
    assert found is not None
    return found


@pytest.mark.parametrize("told", ORDINARY)
def test_an_ordinary_message_is_what_the_general_parser_would_make_of_it(told: str) -> None:
    message = begun(told).message(BODY.body)
    general = answers.attributes(responses.parse([line(told), BODY, b")\r\n"]))
    assert message is not None
    assert (message.uid, message.flags) == (answers.uid(general), answers.flags(general))
    assert message.internal_date == answers.internal_date(general)
    assert (message.body, message.size, message.email_id) == (BODY.body, 5, None)


@pytest.mark.parametrize("told", OTHER)
def test_anything_else_is_left_to_the_general_parser(told: str) -> None:
    assert head(line(told)) is None


def test_so_is_a_uid_that_cannot_be() -> None:
    told = 'UID 4294967296 FLAGS () INTERNALDATE " 1-Jan-2020 10:00:00 +0000"'
    assert begun(told).message(BODY.body) is None


def test_so_is_a_response_without_a_body() -> None:
    assert head(b"* 3 FETCH (UID 7 FLAGS ())\r\n") is None
