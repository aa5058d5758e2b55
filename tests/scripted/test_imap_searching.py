"""Searches on a server: strings in quotes or as literals, short answers and long ones, headers."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from mailcli.errors import MailError, ProtocolViolation, Refused
from mailcli.imap.session import CommandFailed
from mailcli.imap.values import Headed
from mailcli.model import Flag, Flags, Keyword, Uid
from tests.scripted.imap import DONE, opened_folder, talking
from tests.support.dialogues import answer, script

FIELDS = "DATE FROM TO CC SUBJECT MESSAGE-ID CONTENT-TYPE"
HEADED = f"UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS ({FIELDS})]"


def found(*parts: str, keys: Sequence[bytes | str], can: tuple[str, ...] = ()) -> list[int]:
    with talking(opened_folder(), *parts, can=can) as session:
        session.select(b"INBOX", read_only=False)
        return list(session.search(keys))


def test_plain_text_goes_in_quotes() -> None:
    asked = answer(r'UID SEARCH SUBJECT "a \\ \"b" UNSEEN', "SEARCH 3 1")
    assert found(asked, keys=[b"SUBJECT ", r'a \ "b', b" UNSEEN"]) == [1, 3]


def test_other_text_waits_for_consent_to_its_literal() -> None:
    asked = script(
        "C: {tag} UID SEARCH CHARSET UTF-8 SUBJECT {7}",
        "S: + go on",
        "C: Größe TEXT {3}",
        "S: + go on",
        "C: 東 UNSEEN",
        "S: * SEARCH 2",
        DONE,
    )
    assert found(asked, keys=[b"SUBJECT ", "Größe", b" TEXT ", "東", b" UNSEEN"]) == [2]


@pytest.mark.parametrize("can", ["LITERAL+", "LITERAL-"])
def test_a_literal_goes_unasked_where_the_server_takes_that(can: str) -> None:
    asked = script(
        "C: {tag} UID SEARCH CHARSET UTF-8 SUBJECT {7+}", "C: Größe", "S: * SEARCH 2", DONE
    )
    assert found(asked, keys=[b"SUBJECT ", "Größe"], can=(can,)) == [2]


def test_a_server_that_does_not_know_the_charset_says_so_in_place_of_consent() -> None:
    asked = script(
        "C: {tag} UID SEARCH CHARSET UTF-8 SUBJECT {7}",
        "S: {tag} NO [BADCHARSET (US-ASCII)] ASCII only",
    )
    with pytest.raises(CommandFailed, match="ASCII only") as caught:
        found(asked, keys=[b"SUBJECT ", "Größe"])
    assert caught.value.response_code == "BADCHARSET"


def test_consent_that_comes_as_an_end_is_no_answer() -> None:
    asked = script("C: {tag} UID SEARCH CHARSET UTF-8 SUBJECT {7}", DONE)
    with pytest.raises(ProtocolViolation):
        found(asked, keys=[b"SUBJECT ", "Größe"])


def test_a_short_answer_is_asked_for_where_it_can_be_had() -> None:
    asked = answer('UID SEARCH RETURN (ALL) SUBJECT "x"', 'ESEARCH (TAG "{tag}") UID ALL 1:2,7')
    assert found(asked, keys=[b"SUBJECT ", "x"], can=("ESEARCH",)) == [1, 2, 7]


def test_an_empty_folder_is_not_asked() -> None:
    with talking(opened_folder(0)) as session:
        session.select(b"INBOX")
        assert not session.search([b"ALL"])


@pytest.mark.parametrize("key", ["a\r\nb", "a\0", "é\n", b"X\r\n"])
def test_no_key_breaks_out_of_its_line(key: bytes | str) -> None:
    with talking(opened_folder()) as session:
        session.select(b"INBOX")
        with pytest.raises(Refused, match="NUL, CR or LF"):
            session.search([b"SUBJECT ", key])


def test_headers_come_with_flags_size_and_dates() -> None:
    asked = script(
        f"C: {{tag}} UID FETCH 3,7 ({HEADED})",
        r"S: * 1 FETCH (UID 3 FLAGS (\Seen Work) INTERNALDATE"
        r' "02-Nov-2026 10:00:00 +0000" RFC822.SIZE 345'
        f" BODY[HEADER.FIELDS ({FIELDS})] {{12}}",
        "S: Subject: a",
        "S: )",
        "S: * 9 FETCH (FLAGS ())",
        rf'S: * 2 FETCH (BODY[HEADER.FIELDS ({FIELDS})] "" UID 7 FLAGS ())',
        DONE,
    )
    with talking(opened_folder(), asked) as session:
        session.select(b"INBOX")
        messages = list(session.fetch_headed([Uid(3), Uid(7)]))
    when = datetime(2026, 11, 2, 10, tzinfo=UTC)
    seen: Flags = frozenset({Flag.SEEN, Keyword("Work")})
    assert messages == [
        Headed(Uid(3), seen, 345, when, b"Subject: a\r\n"),
        Headed(Uid(7), frozenset(), 0, None, b""),
    ]


def test_headers_that_are_refused_are_an_error() -> None:
    asked = answer(f"UID FETCH 3 ({HEADED})", status="NO not now")
    with talking(opened_folder(), asked) as session:
        session.select(b"INBOX")
        with pytest.raises(MailError, match="not now"):
            list(session.fetch_headed([Uid(3)]))
