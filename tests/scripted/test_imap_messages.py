"""Messages in the open folder: listed in doubt or not, searched, fetched, flagged, moved."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from mailcli.errors import MailError, ProtocolViolation
from mailcli.imap.session import CommandFailed, FolderUnusable, ImapSession
from mailcli.imap.values import Details, Fetched, Moved
from mailcli.model import Flag, Flags, Keyword, Uid, UidValidity
from tests.scripted.imap import DONE, Kept, knows, opened_folder, store, talking
from tests.scripted.sessions import NEVER
from tests.support.dialogues import answer, script
from tests.support.scripted import Scripted

FLAGS = "UID FETCH 1:* (UID FLAGS)"
LETTER = b"Subject: hello\r\n\r\nHello.\r\n"


def uids(*numbers: int) -> list[Uid]:
    return [Uid(number) for number in numbers]


def _listed(*said: str, exists: int) -> Mapping[Uid, Flags]:
    with talking(answer(FLAGS, *said), "@rest") as session:
        return session.fetch_flags(exists)


# -- flags -----------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        r"1 FETCH (UID 5 FLAGS (\Seen Work))",
        r"1 FETCH (FLAGS (\Seen Work) UID 5)",
        r"1 FETCH (UID 5 FLAGS (\Seen Work) MODSEQ (12))",
        r"1 FETCH (UID 5 MODSEQ (12) FLAGS (\Seen Work))",
        r"1 FETCH (MODSEQ (12) UID 5 FLAGS (\Seen Work))",
        r"1 FETCH (MODSEQ (12) FLAGS (\Seen Work) UID 5)",
        r"1 FETCH (FLAGS (\Seen Work) MODSEQ (12) UID 5)",
        r"1 FETCH (FLAGS (\Seen Work) UID 5 MODSEQ (12))",
        r"1 FETCH (flags (\seen work) uid 5)",
        r"1 FETCH (FLAGS (\Seen  Work) UID 5 X-OTHER (a (b) {1}))".replace(" {1}", ""),
        r"1 FETCH (UID 5 FLAGS (\Seen Work \Recent \Unheard))",
    ],
)
def test_flags_are_read_in_any_order_and_spelling(line: str) -> None:
    assert _listed(line, exists=1) == {5: {Flag.SEEN, Keyword("Work")}}


@pytest.mark.parametrize(
    "line",
    [
        "1 FETCH (UID 0 FLAGS ())",
        "1 FETCH (UID 4294967296 FLAGS ())",
        "1 FETCH (UID 9999999999 FLAGS ())",
        "1 FETCH (UID 99999999999 FLAGS ())",
        "1 FETCH (FLAGS () UID 4294967296)",
        "1 FETCH (UID 5 FLAGS (NIL))",
        "1 FETCH (UID 5 FLAGS (a NIL))",
        "VANISHED 0",
        "VANISHED (EARLIER) 1:*",
    ],
)
def test_a_listing_with_an_impossible_uid_or_flag_breaks_the_protocol(line: str) -> None:
    with pytest.raises(ProtocolViolation) as caught:
        _listed(line, exists=1)
    assert not isinstance(caught.value, FolderUnusable)


def test_one_uid_for_two_messages_makes_the_folder_unusable_and_no_other() -> None:
    same = ("1 FETCH (UID 5 FLAGS ())", "2 FETCH (UID 5 FLAGS ())", "3 FETCH (UID 6 FLAGS ())")
    with talking(answer(FLAGS, *same), answer(FLAGS, same[0]), "@rest") as session:
        with pytest.raises(FolderUnusable, match="UID 5 for two messages"):
            session.fetch_flags(2)
        assert session.fetch_flags(1) == {5: frozenset()}


def test_flags_that_change_during_the_listing_are_told_again_and_count() -> None:
    """With CONDSTORE enabled the server adds the UID."""
    found = _listed(
        "1 FETCH (UID 5 FLAGS ())",
        "2 FETCH (UID 6 FLAGS ())",
        "1 FETCH (UID 5 FLAGS (\\Seen) MODSEQ (9))",
        "3 FETCH (UID 8 FLAGS ())",
        exists=3,
    )
    assert found == {5: {Flag.SEEN}, 6: frozenset(), 8: frozenset()}


def test_a_message_that_is_told_before_its_turn_is_no_second_one() -> None:
    lines = [f"{n} FETCH (UID {n} FLAGS ())" for n in (1, 3, 2, 3)]
    assert _listed(*lines, exists=3).keys() == {1, 2, 3}


def test_messages_that_vanish_during_the_listing_are_not_in_it() -> None:
    found = _listed(
        "1 FETCH (UID 5 FLAGS ())",
        "VANISHED 5,7",
        "1 FETCH (UID 8 FLAGS ())",
        exists=3,
    )
    assert found.keys() == {8}


def test_more_messages_that_vanish_than_there_are_make_the_folder_unusable() -> None:
    with pytest.raises(FolderUnusable, match="went away"):
        _listed("VANISHED 1:4294967295", exists=3)


def test_an_empty_folder_is_not_listed() -> None:
    with talking("@gone") as session:
        assert session.fetch_flags(0) == {}
        session.close()


def test_changed_flags_are_those_since_a_mod_sequence() -> None:
    with talking(
        answer(f"{FLAGS} (CHANGEDSINCE 70)", "2 FETCH (UID 6 FLAGS (\\Seen) MODSEQ (71))"),
        "@rest",
    ) as session:
        assert session.fetch_changed_flags(70) == {6: {Flag.SEEN}}


def test_nobody_asks_for_changes_since_nothing() -> None:
    with talking("@gone") as session:
        with pytest.raises(ValueError, match="0"):
            session.fetch_changed_flags(0)
        session.close()


# -- searches --------------------------------------------------------------


def _found(*parts: str, exists: int = 3, can: tuple[str, ...] = ()) -> list[Uid]:
    with talking(opened_folder(exists), *parts, "@rest", can=can) as session:
        session.select(b"INBOX")
        return list(session.search_uids())


def test_all_uids_come_as_ranges_where_the_server_can() -> None:
    asked = answer("UID SEARCH RETURN (ALL) ALL", 'ESEARCH (TAG "m3") UID ALL 4:5,9')
    assert _found(asked, can=("ESEARCH",)) == [4, 5, 9]


def test_ranges_that_the_server_gives_for_everything_take_no_memory() -> None:
    asked = answer("UID SEARCH *", 'ESEARCH (TAG "m3") UID ALL 1:4294967295')
    with talking(opened_folder(), asked, "@rest", can=("ESEARCH",)) as session:
        session.select(b"INBOX")
        found = session.search_uids()
    assert len(found) == 2**32 - 1
    assert Uid(77) in found


@pytest.mark.parametrize(
    "said",
    [
        ('ESEARCH (TAG "m3") UID COUNT 3',),  # iCloud
        ('ESEARCH (TAG "m2") UID ALL 1:3',),
        ('ESEARCH (TAG "m3") ALL 1:3',),
        ('ESEARCH (TAG "m3") UID ALL 1:*',),
        ('ESEARCH (TAG "m3") UID ALL 0:2',),
        ('ESEARCH (TAG "m3") UID ALL',),
        ("ESEARCH UID ALL 1:3",),
        ("ESEARCH",),
        (),
    ],
)
def test_a_short_answer_that_does_not_tell_is_asked_for_in_full(said: tuple[str, ...]) -> None:
    first = answer("UID SEARCH RETURN (ALL) ALL", *said)
    second = answer("UID SEARCH ALL", "SEARCH 4 9 5")
    assert _found(first, second, can=("ESEARCH",)) == [4, 5, 9]


@pytest.mark.parametrize("said", ['ESEARCH (TAG "m3") UID', 'ESEARCH (TAG "m3") UID COUNT 0'])
def test_a_short_answer_without_uids_found_none(said: str) -> None:
    assert _found(answer("UID SEARCH *", said), can=("ESEARCH",)) == []


def test_a_long_answer_is_asked_for_in_pieces_that_fit_a_line() -> None:
    numbers = [" ".join(map(str, range(start, start + 3))) for start in (1, 4_294_900_000)]
    assert _found(
        "C: {taga} UID SEARCH 1:50000 ALL",
        "C: {tagb} UID SEARCH 50001:100000 ALL",
        "C: {tagc} UID SEARCH 100001:* ALL",
        *(f"S: * SEARCH {some}" for some in numbers),
        "S: {taga} OK done\nS: * SEARCH",
        "S: {tagb} OK done\nS: * SEARCH 7",
        "S: {tagc} OK done",
        exists=120_000,
    ) == [1, 2, 3, 7, 4_294_900_000, 4_294_900_001, 4_294_900_002]


def test_an_empty_folder_is_not_searched() -> None:
    assert _found(exists=0) == []


# -- fetches ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("can", "item", "said", "expected"),
    [
        ((), "", "", None),
        (("OBJECTID",), " EMAILID", " EMAILID (M-1)", "M-1"),
        (("OBJECTID",), " EMAILID", " EMAILID NIL", None),
        (("X-GM-EXT-1",), " X-GM-MSGID", " X-GM-MSGID 1278455344230334865", "1278455344230334865"),
        (("X-GM-EXT-1", "OBJECTID"), " EMAILID", " EMAILID (M-1)", "M-1"),
    ],
)
def test_details_name_what_is_the_same_in_each_copy(
    can: tuple[str, ...], item: str, said: str, expected: str | None
) -> None:
    date = 'INTERNALDATE "17-Jul-1996 02:44:25 -0700"'
    with talking(
        answer(
            f"UID FETCH 5,7:8 (UID RFC822.SIZE INTERNALDATE{item})",
            f"1 FETCH (UID 5 RFC822.SIZE 44 {date}{said})",
            f"2 FETCH (RFC822.SIZE 0{said} UID 7)",
            "3 FETCH (UID 8 FLAGS ())",
        ),
        "@rest",
        can=can,
    ) as session:
        found = session.fetch_details(uids(8, 5, 7))
    moment = datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC)
    assert found == {5: Details(44, moment, expected), 7: Details(0, None, expected)}


def test_details_of_many_are_told_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("conversation", "messages"):
        monkeypatch.setattr(f"mailcli.imap.{module}.ANSWER_CAP", 1000)
    many = range(1, 5001)
    said = 'FETCH (UID %d RFC822.SIZE 4 INTERNALDATE "17-Jul-1996 02:44:25 -0700"'
    lines = [f"{uid} {said % uid}{' ' * 40})" for uid in many]
    with talking(
        answer("UID FETCH 1:5000 (UID RFC822.SIZE INTERNALDATE)", *lines), "@rest"
    ) as session:
        assert [uid for uid, _ in session.each_details(map(Uid, many))] == list(many)


def test_details_come_before_the_answer_is_over() -> None:
    told = "1 FETCH (UID 5 RFC822.SIZE 44)"
    with talking(
        "C: {tag} UID FETCH 5,7 (UID RFC822.SIZE INTERNALDATE)", f"S: * {told}", "@rest"
    ) as session:
        assert next(session.each_details(uids(5, 7))) == (5, Details(44, None, None))
        assert not session.is_open  # the rest of the answer would be taken for the next one


def test_messages_bring_what_is_the_same_in_each_copy() -> None:
    conversation = script(
        knows("OBJECTID"),
        "C: {tag} UID FETCH 7 (UID FLAGS INTERNALDATE EMAILID BODY.PEEK[])",
        "S: * 1 FETCH (UID 7 FLAGS () EMAILID (M-1) BODY[] {letter.literal})",
        DONE,
        "@rest",
    )
    with Scripted(conversation, values={"letter": LETTER}) as server, store(server) as session:
        (message,) = session.fetch_messages(uids(7), Kept)
    assert message.email_id == "M-1"


ORDINARY = '* 1 FETCH (UID 7 FLAGS () INTERNALDATE "17-Jul-1996 02:44:25 -0700" BODY[] '
"""How most messages begin."""


def _arrived(behind: str) -> list[Fetched]:
    fetch = "C: {tag} UID FETCH 7 (UID FLAGS INTERNALDATE BODY.PEEK[])"
    said = script(knows(), fetch, f"S: {ORDINARY}{{letter.literal}}{behind}", DONE, "@rest")
    with Scripted(said, values={"letter": LETTER}) as server, store(server) as session:
        return list(session.fetch_messages(uids(7), Kept))


@pytest.mark.parametrize("behind", [")", " MODSEQ (12))", " EMAILID (M-1))"])
def test_a_message_may_have_more_behind_its_body(behind: str) -> None:
    (message,) = _arrived(behind)
    assert (message.uid, message.size) == (7, len(LETTER))
    assert isinstance(message.body, Kept)
    assert message.body.octets == LETTER


@pytest.mark.parametrize("behind", ["", " BODY[] {letter.literal})", ") NIL"])
def test_a_message_that_does_not_end_breaks_the_protocol(behind: str) -> None:
    with pytest.raises(ProtocolViolation):
        _arrived(behind)


FAR = range(4_000_000_000, 4_000_000_400, 2)
"""More UIDs than one command names."""


def test_many_messages_are_asked_for_before_the_first_has_come() -> None:
    fetch = r"C? {tag%d} UID FETCH \d[\d,]+ \(UID FLAGS INTERNALDATE BODY.PEEK\[\]\)"
    conversation = script(
        knows(),
        fetch % 1,
        fetch % 2,
        "S: * 1 FETCH (UID 4000000000 FLAGS () BODY[] {letter.literal})",
        "S: {tag1} OK done",
        "S: * 2 FETCH (UID 4000000398 FLAGS () BODY[] {letter.literal})",
        "S: {tag2} OK done",
        "@rest",
    )
    with Scripted(conversation, values={"letter": LETTER}) as server, store(server) as session:
        messages = list(session.fetch_messages(map(Uid, FAR), Kept))
    assert [message.uid for message in messages] == [4_000_000_000, 4_000_000_398]
    lines = [line for line in server.lines if b"UID FETCH" in line]
    assert max(map(len, lines)) <= 8192
    assert [int(uid) for line in lines for uid in line.split()[3].split(b",")] == list(FAR)


def test_a_refusal_of_some_messages_comes_after_the_others() -> None:
    fetch = r"C? {tag%d} UID FETCH \d[\d,]+ \(.*\)"
    conversation = script(
        knows(),
        fetch % 1,
        fetch % 2,
        "S: {tag1} NO some could not be had",
        "S: * 2 FETCH (UID 4000000398 FLAGS () BODY[] {letter.literal})",
        "S: {tag2} OK done",
        answer(FLAGS, "1 FETCH (UID 7 FLAGS ())"),
        "@rest",
    )
    with Scripted(conversation, values={"letter": LETTER}) as server, store(server) as session:
        messages = session.fetch_messages(map(Uid, FAR), Kept)
        assert next(messages).uid == 4_000_000_398
        with pytest.raises(CommandFailed, match="some could not"):
            next(messages)
        assert session.fetch_flags(1) == {7: frozenset()}


# -- flags changed ---------------------------------------------------------


def test_keywords_go_along_and_those_that_no_command_can_say_do_not() -> None:
    flags: Flags = frozenset(
        {Flag.SEEN, *map(Keyword, ("Work", "$Junk", "two words", "a(b", "ü", "x]", "", "50%"))}
    )
    with talking(answer(r"UID STORE 7 +FLAGS.SILENT ($Junk Work \Seen)"), "@rest") as session:
        session.change_flags(uids(7), flags, add=True)


def test_where_no_flag_can_be_said_nothing_is() -> None:
    with talking("@gone") as session:
        session.change_flags(uids(7), frozenset({Keyword("two words")}), add=True)
        session.close()


def test_many_flags_are_changed_at_once_and_a_refusal_is_told_in_the_end() -> None:
    store_all = r"C: {tag%d} UID STORE %s +FLAGS.SILENT (\Seen)"
    with talking(
        store_all % (1, "1:500"),
        store_all % (2, "501:1000"),
        store_all % (3, "1001:1200"),
        "S: {tag1} OK done",
        "S: {tag2} NO [READ-ONLY] not here",
        "S: {tag3} OK done",
        "@rest",
    ) as session:
        with pytest.raises(CommandFailed, match="not here") as caught:
            session.change_flags(map(Uid, range(1, 1201)), frozenset({Flag.SEEN}), add=True)
        assert caught.value.response_code == "READ-ONLY"
        assert not caught.value.misunderstood


def test_nothing_is_expunged_where_not_all_could_be_marked() -> None:
    mark = r"UID STORE * +FLAGS.SILENT (\Deleted)"
    with (
        talking(answer(mark, status="NO not now"), "@gone", can=("UIDPLUS",)) as session,
        pytest.raises(CommandFailed),
    ):
        session.delete_messages(uids(7))


# -- moves -----------------------------------------------------------------


def _moved(*lines: str, verb: str = "MOVE", status: str = "OK done") -> Moved | None:
    with talking(answer(f'UID {verb} 7:9 "Trash"', *lines, status=status), "@rest") as session:
        carry = session.move if verb == "MOVE" else session.copy
        return carry(uids(9, 7, 8), b"Trash")


ALL_THREE = Moved(UidValidity(4), {Uid(7): Uid(21), Uid(8): Uid(22), Uid(9): Uid(23)})


@pytest.mark.parametrize("verb", ["MOVE", "COPY"])
def test_a_move_tells_where_messages_went_in_its_last_word(verb: str) -> None:
    assert _moved(verb=verb, status="OK [COPYUID 4 7:9 21:23] done") == ALL_THREE


def test_a_move_tells_where_messages_went_before_they_go() -> None:
    lines = ("OK [COPYUID 4 7:9 21:23] moved", "1 EXPUNGE", "VANISHED 8:9")
    assert _moved(*lines) == ALL_THREE


def test_the_places_of_moved_messages_come_in_the_order_that_is_written() -> None:
    found = _moved(status="OK [COPYUID 4 9,7 30,12] done")
    assert found == Moved(UidValidity(4), {Uid(9): Uid(30), Uid(7): Uid(12)})


@pytest.mark.parametrize(
    "code",
    [
        "",
        "[COPYUID 4 7:9] ",
        "[COPYUID 4 7:9 21:22] ",
        "[COPYUID 4 7:9 21:24] ",
        "[COPYUID 4 7:8 21,21] ",
        "[COPYUID 4 7,7 21:22] ",
        "[COPYUID 4 6:8 21:23] ",
        "[COPYUID 4 1:4294967295 1:4294967295] ",
        "[COPYUID 0 7:9 21:23] ",
        "[COPYUID 4294967296 7:9 21:23] ",
        "[COPYUID 4 7:9 0:2] ",
        "[COPYUID 4 7:9 21:*] ",
        "[COPYUID x 7:9 21:23] ",
        "[COPYUID 4 (7:9) (21:23)] ",
        "[COPYUID] ",
    ],
)
def test_places_of_moved_messages_that_cannot_be_are_none(code: str) -> None:
    assert _moved(status=f"OK {code}done") is None


def test_two_generations_of_one_folder_cannot_be() -> None:
    lines = ("OK [COPYUID 4 7 21] one", "OK [COPYUID 5 8 22] two")
    assert _moved(*lines) is None


def test_a_move_of_many_is_known_as_a_whole() -> None:
    with talking(
        'C: {tag1} UID MOVE 1:500 "Trash"',
        'C: {tag2} UID MOVE 501:600 "Trash"',
        "S: {tag1} OK [COPYUID 4 1:500 1001:1500] done",
        "S: {tag2} OK [COPYUID 4 501:600 1501:1600] done",
        "@rest",
    ) as session:
        found = session.move(map(Uid, range(1, 601)), b"Trash")
    assert found
    assert found.pairs == {Uid(n): Uid(n + 1000) for n in range(1, 601)}


def test_a_move_that_is_refused_is_told() -> None:
    with pytest.raises(CommandFailed, match="no such folder"):
        _moved(status="NO [TRYCREATE] no such folder")


def test_each_of_several_answers_has_the_whole_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that goes on in each wait, of which two fit into one time-out."""
    monkeypatch.setattr("mailcli.net.deadline.monotonic", itertools.count(0, NEVER * 0.6).__next__)
    sets = [f"{first}:{first + 499}" for first in range(1, 3001, 500)]
    commands = [f'C: {{tag{n}}} UID MOVE {some} "T"' for n, some in enumerate(sets)]
    answers = [f"@stall 0.02\nS: {{tag{n}}} OK done\n@flush" for n in range(6)]
    with talking(*commands, *answers, "@rest") as session:
        assert session.move(map(Uid, range(1, 3001)), b"T") is None


# -- in the middle of several --------------------------------------------------


@pytest.mark.parametrize("end", ["@cut", "@drop", "@reset", "S: * BYE closing\n@rest"])
def test_a_connection_that_ends_among_several_answers_is_a_failure(end: str) -> None:
    def change(session: ImapSession) -> None:
        session.change_flags(map(Uid, range(1, 1001)), frozenset({Flag.SEEN}), add=True)

    first = "C: {tag1} UID STORE 1:500 +FLAGS.SILENT (\\Seen)"
    with talking(first, "S: {tag1} OK done", end) as session, pytest.raises(MailError):
        change(session)
