"""Uploads: with or without the server's consent, one by one, all at once, or in one command."""

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

import pytest

from mailcli.errors import LocalError, ProtocolViolation, Refused, TemporaryFailure
from mailcli.imap.connection import SHORT_CAP, UNASKED_CAP
from mailcli.imap.session import CommandFailed, MessageTooLarge
from mailcli.imap.uploads import FLIGHT_COUNT, Outcome
from mailcli.imap.values import Upload
from mailcli.model import Flag, Keyword
from tests.scripted.imap import knows, store, talking
from tests.support.dialogues import answer, goodbye, script
from tests.support.scripted import Scripted

LETTERS = [b"one\r\n", b"the second\r\n", b"3\r\n"]


def upload(raw: bytes) -> Upload:
    return Upload(lambda: [raw], len(raw), frozenset())


def uploads(raws: Iterable[bytes] = LETTERS) -> list[Upload]:
    return [upload(raw) for raw in raws]


def literal(number: int, plus: str = "") -> str:
    """Return how a client announces one of the letters and sends it."""
    return rf"() {{{len(LETTERS[number])}{plus}}}"


def _append_one(raw: bytes, *parts: str, can: tuple[str, ...]) -> Scripted:
    with Scripted(script(knows(*can), *parts)) as server, store(server) as session:
        session.append(b"INBOX", [raw], size=len(raw), flags=frozenset())
        session.logout()
    return server


# -- one -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("can", "size", "unasked"),
    [
        ((), 5, False),
        (("LITERAL-",), SHORT_CAP, True),
        (("LITERAL-",), SHORT_CAP + 1, False),
        (("LITERAL+",), SHORT_CAP + 1, True),
        (("LITERAL+",), UNASKED_CAP, True),
        (("LITERAL+",), UNASKED_CAP + 1, False),
        (("LITERAL+", "LITERAL-"), SHORT_CAP + 1, True),
    ],
)
def test_a_message_goes_unasked_as_far_as_the_server_takes_it(
    can: tuple[str, ...], size: int, unasked: bool
) -> None:
    plus = "+" if unasked else ""
    announced = f'C: {{tag}} APPEND "INBOX" () {{{size}{plus}}}'
    consent = [] if unasked else ["S: + go on"]
    taken = (f"C* {size} message", "C:", "S: {tag} OK done", goodbye("imap"))
    raw = b"x" * size
    server = _append_one(raw, announced, *consent, *taken, can=can)
    assert server.received["message"] == raw


def test_flags_keywords_and_the_date_go_along() -> None:
    zone = timezone(timedelta(hours=-3, minutes=-30))
    asked = r'C: {tag} APPEND "INBOX" (Work \Seen) " 3-Feb-2026 04:05:06 -0330" {5}'
    with talking(asked, "S: + go on", "C* 7", "S: {tag} OK done", "@rest") as session:
        session.append(
            b"INBOX",
            [b"hel", b"lo"],
            size=5,
            flags=frozenset({Flag.SEEN, Keyword("Work"), Keyword("two words")}),
            received=datetime(2026, 2, 3, 4, 5, 6, tzinfo=zone),
        )


# -- limits ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("can", "asked"),
    [
        (("APPENDLIMIT=10",), ()),
        (
            ("APPENDLIMIT",),
            (answer('STATUS "INBOX" (APPENDLIMIT)', "STATUS INBOX (APPENDLIMIT 10)"),),
        ),
    ],
)
def test_a_message_over_the_limit_is_not_sent(
    can: tuple[str, ...], asked: tuple[str, ...]
) -> None:
    taken = (r"C? {tag} APPEND .* \{10\}", "S: + go on", "C* 12", "S: {tag} OK done")
    with talking(*asked, *taken, "@rest", can=can) as session:
        for _ in range(2):  # the limit is asked for once
            with pytest.raises(Refused, match="11 octets, and the server takes 10") as caught:
                session.append(b"INBOX", [b"x" * 11], size=11, flags=frozenset())
            assert isinstance(caught.value, MessageTooLarge)
        session.append(b"INBOX", [b"x" * 10], size=10, flags=frozenset())


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (("STATUS INBOX (APPENDLIMIT NIL)",), "OK done"),
        (("STATUS INBOX ()",), "OK done"),
        ((), "OK done"),
        ((), "NO not now"),
    ],
)
def test_a_folder_that_tells_no_limit_has_none(said: tuple[str, ...], status: str) -> None:
    asked = answer('STATUS "INBOX" (APPENDLIMIT)', *said, status=status)
    taken = (r"C? {tag} APPEND .* \{11\}", "S: + go on", "C* 13", "S: {tag} OK done")
    with talking(asked, *taken, "@rest", can=("APPENDLIMIT",)) as session:
        session.append(b"INBOX", [b"x" * 11], size=11, flags=frozenset())


def test_among_several_only_the_one_over_the_limit_stays() -> None:
    with talking(
        r'C: {tag1} APPEND "INBOX" () {5+}',
        "C* 7",
        r'C: {tag2} APPEND "INBOX" () {3+}',
        "C* 5",
        "S: {tag1} OK [APPENDUID 9 8] done",
        "S: {tag2} OK [APPENDUID 9 9] done",
        "@rest",
        can=("LITERAL+", "APPENDLIMIT=10"),
    ) as session:
        first, second, third = session.append_many(b"INBOX", uploads())
    assert (first, third) == ((9, 8), (9, 9))
    assert isinstance(second, MessageTooLarge)


# -- several ---------------------------------------------------------------


def _appended(*parts: str, can: tuple[str, ...]) -> list[Outcome]:
    with talking(*parts, "@rest", can=can) as session:
        return session.append_many(b"INBOX", uploads())


def test_several_messages_go_in_one_command_where_the_server_takes_that() -> None:
    assert _appended(
        f'C: {{tag}} APPEND "INBOX" {literal(0, "+")}',
        "C* 5",
        f"C:  {literal(1, '+')}",
        "C* 12",
        f"C:  {literal(2, '+')}",
        "C* 3",
        "C:",
        "S: {tag} OK [APPENDUID 9 4,7:8] done",
        can=("MULTIAPPEND", "LITERAL+"),
    ) == [(9, 4), (9, 7), (9, 8)]


def test_one_command_waits_for_consent_to_each_message_where_it_must() -> None:
    assert _appended(
        f'C: {{tag}} APPEND "INBOX" {literal(0)}',
        "S: + one",
        "C* 5",
        f"C:  {literal(1)}",
        "S: + two",
        "C* 12",
        f"C:  {literal(2)}",
        "S: + three",
        "C* 3",
        "C:",
        "S: {tag} OK done",
        can=("MULTIAPPEND",),
    ) == [None, None, None]


@pytest.mark.parametrize(
    "code",
    ["[APPENDUID 9 4:5]", "[APPENDUID 9 4:7]", "[APPENDUID 9 4,4,5]", "[APPENDUID 0 4:6]"],
)
def test_places_that_do_not_fit_the_messages_are_none(code: str) -> None:
    found = _appended(
        f'C: {{tag}} APPEND "INBOX" {literal(0, "+")}',
        "C* 5",
        f"C:  {literal(1, '+')}",
        "C* 12",
        f"C:  {literal(2, '+')}",
        "C* 3",
        "C:",
        f"S: {{tag}} OK {code} done",
        can=("MULTIAPPEND", "LITERAL+"),
    )
    assert found == [None, None, None]


def _one_by_one(plus: str, *replies: str) -> list[str]:
    """Return how three messages come one by one, unasked (`+`) or not, and the replies."""
    lines = []
    for number, raw in enumerate(LETTERS):
        lines.append(f'C: {{tag{number}}} APPEND "INBOX" {literal(number, plus)}')
        lines += [] if plus else ["S: + go on"]
        lines.append(f"C* {len(raw) + 2}")
        lines += [] if plus else [f"S: {{tag{number}}} {replies[number]}"]
    if plus:
        lines += [f"S: {{tag{number}}} {reply}" for number, reply in enumerate(replies)]
    return lines


@pytest.mark.parametrize("verdict", ["NO [LIMIT] too many at once", "BAD what"])
def test_a_refusal_of_all_is_followed_by_one_try_for_each(verdict: str) -> None:
    found = _appended(
        r'C? {tag} APPEND "INBOX" .*',
        "C* 5",
        f"C:  {literal(1, '+')}",
        "C* 12",
        f"C:  {literal(2, '+')}",
        "C* 3",
        "C:",
        f"S: {{tag}} {verdict}",
        *_one_by_one("+", "OK [APPENDUID 9 4] a", "NO [OVERQUOTA] full", "OK [APPENDUID 9 5] c"),
        can=("MULTIAPPEND", "LITERAL+"),
    )
    assert (found[0], found[2]) == ((9, 4), (9, 5))
    assert isinstance(found[1], CommandFailed)
    assert "full" in found[1].message


def test_a_refusal_of_the_first_of_all_comes_before_it_is_sent() -> None:
    found = _appended(
        f'C: {{tag}} APPEND "INBOX" {literal(0)}',
        "S: {tag} NO [TRYCREATE] none such",
        *(
            line
            for number in range(3)
            for line in (
                f'C: {{tag}} APPEND "INBOX" {literal(number)}',
                "S: {tag} NO [TRYCREATE] none such",
            )
        ),
        can=("MULTIAPPEND",),
    )
    assert all(isinstance(one, CommandFailed) for one in found)


@pytest.mark.parametrize("plus", ["+", ""], ids=["unasked", "with consent"])
def test_without_multiappend_each_message_has_its_own_answer(plus: str) -> None:
    replies = ("OK [APPENDUID 9 4] a", "NO [OVERQUOTA] full", "OK c")
    can = ("LITERAL+",) if plus else ()
    found = _appended(*_one_by_one(plus, *replies), can=can)
    assert (found[0], found[2]) == ((9, 4), None)
    assert isinstance(found[1], CommandFailed)


def test_answers_to_messages_on_their_way_may_come_in_any_order() -> None:
    lines = _one_by_one(
        "+", "OK [APPENDUID 9 1] a", "OK [APPENDUID 9 2] b", "OK [APPENDUID 9 3] c"
    )
    assert _appended(*lines[:-3], *reversed(lines[-3:]), can=("LITERAL+",)) == [
        (9, 1),
        (9, 2),
        (9, 3),
    ]


def test_only_so_many_messages_are_on_their_way_at_once() -> None:
    many = FLIGHT_COUNT * 2
    message = ('C: {tag} APPEND "INBOX" () {5+}', "C* 7")
    first = [message[0].replace("tag", f"tag{n}") for n in range(FLIGHT_COUNT)]
    conversation = script(
        knows("LITERAL+"),
        *(line for head in first for line in (head, message[1])),
        *(f"S: {{tag{n}}} OK done" for n in range(FLIGHT_COUNT)),
        f"@repeat {FLIGHT_COUNT}",
        *message,
        "S: {tag} OK [APPENDUID 9 {count}] done",
        "@end",
        "@rest",
    )
    with Scripted(conversation) as server, store(server) as session:
        found = session.append_many(b"INBOX", uploads([b"hello"] * many))
    assert found == [None] * FLIGHT_COUNT + [(9, n) for n in range(1, FLIGHT_COUNT + 1)]


def test_no_messages_are_sent_with_no_command() -> None:
    with talking("@gone", can=("MULTIAPPEND",)) as session:
        assert session.append_many(b"INBOX", []) == []
        session.close()


# -- what goes wrong -----------------------------------------------------------


@pytest.mark.parametrize("can", [("MULTIAPPEND", "LITERAL+"), ("LITERAL+",), ()])
def test_a_message_of_another_size_ends_the_connection(can: tuple[str, ...]) -> None:
    wrong = Upload(lambda: [b"four"], 5, frozenset())
    parts = () if can else ("C~ {tag} APPEND *", "S: + go on")
    with talking(*parts, "@rest", can=can) as session:
        with pytest.raises(LocalError):
            session.append_many(b"INBOX", [wrong, upload(b"x")])
        with pytest.raises(TemporaryFailure):
            session.fetch_flags(1)


def test_a_server_that_asks_for_what_it_has_got_breaks_the_protocol() -> None:
    sent = (r'C: {tag} APPEND "INBOX" () {5+}', "C* 7", "S: + go on", "@rest")
    with talking(*sent, can=("LITERAL+",)) as session, pytest.raises(ProtocolViolation):
        session.append(b"INBOX", [b"hello"], size=5, flags=frozenset())


@pytest.mark.parametrize("end", ["@cut", "@drop", "@reset"])
def test_several_messages_whose_answers_are_lost_are_temporary(end: str) -> None:
    with (
        talking(*_one_by_one("+"), "S: {tag0} OK done", end, can=("LITERAL+",)) as session,
        pytest.raises(TemporaryFailure),
    ):
        session.append_many(b"INBOX", uploads())
