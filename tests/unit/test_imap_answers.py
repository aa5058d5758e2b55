"""What answers mean, by the RFCs' own examples; and that only our own error escapes any octets."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.imap_examples import CONDITIONS, DATA
from tests.support.imap_rfc_examples import TOLD

from mailcli.errors import ProtocolViolation
from mailcli.imap import answers, folder_answers, responses
from mailcli.imap.answers import Answer
from mailcli.imap.folder_answers import Told
from mailcli.imap.listing import FlagListing
from mailcli.imap.responses import Condition, Data, Response, Streamed
from mailcli.imap.sets import UidSet
from mailcli.imap.values import Details, Folder, Moved, Namespace, Namespaces, Since, Status
from mailcli.model import Uid, UidValidity

OK = Condition(b"m1", "OK", "", [], "done")


@pytest.mark.parametrize(
    ("line", "expected"),
    [(line, value) for _, line, value in TOLD],
    ids=[f"{where} {line[:24]}" for where, line, _ in TOLD],
)
def test_examples_of_the_rfcs_are_read_as_they_are_meant(line: str, expected: Response) -> None:
    assert responses.parse([line.encode() + b"\r\n"]) == expected


# -- what they mean ----------------------------------------------------------


def answer(*lines: str, final: str = "m1 OK done") -> Answer:
    found = [responses.parse([f"{line}\r\n".encode()]) for line in (*lines, final)]
    last = found.pop()
    assert isinstance(last, Condition)
    return Answer(found, last)


def test_of_what_is_enabled_only_the_confirmation_counts() -> None:
    told = "* CAPABILITY IMAP4rev1 ENABLE CONDSTORE QRESYNC"
    assert answers.enabled(answer(told)) == frozenset()
    assert answers.enabled(answer("* ENABLED CONDSTORE")) == {"CONDSTORE"}
    assert answers.enabled(answer("* ENABLED QRESYNC")) == {"CONDSTORE", "QRESYNC"}


def test_namespaces_have_prefixes_and_delimiters() -> None:
    line = '* NAMESPACE (("" "/")) (("~" "/")) (("#public/" "/" "X" ("y"))("&APw-." NIL))'
    assert folder_answers.namespaces(answer(line)) == Namespaces(
        (Namespace("", "/"),),
        (Namespace("~", "/"),),
        (Namespace("#public/", "/"), Namespace("ü.", None)),
    )
    assert folder_answers.namespaces(answer()) == Namespaces()


def test_places_and_pairs_are_those_of_the_examples() -> None:
    appended = answer(final="A003 OK [APPENDUID 38505 3955] APPEND completed")
    assert answers.places(appended, 1) == [(38505, 3955)]
    several = answer(final="A003 OK [APPENDUID 38505 3955:3957] APPEND completed")
    assert answers.places(several, 3) == [(38505, 3955), (38505, 3956), (38505, 3957)]
    assert answers.places(several, 1) == [None]
    asked = {Uid(304), Uid(319), Uid(320), Uid(400)}
    copied = answer(final="A004 OK [COPYUID 38505 304,319:320 3956:3958] Done")
    assert answers.moved([copied], asked) == Moved(
        UidValidity(38505), {Uid(304): Uid(3956), Uid(319): Uid(3957), Uid(320): Uid(3958)}
    )
    assert answers.moved([copied], {Uid(304)}) is None


def test_a_status_with_everything_is_read() -> None:
    line = "* STATUS a (UIDVALIDITY 9 UIDNEXT 8 MESSAGES 7 HIGHESTMODSEQ 6 MAILBOXID (F-5))"
    told = folder_answers.statuses([answer(line)])[b"a"]
    assert folder_answers.status(told) == Status(7, 8, UidValidity(9), 6)


def test_a_search_in_short_belongs_to_its_command() -> None:
    line = '* ESEARCH (TAG "A301") UID ALL 17,900,901'
    found = answers.uids_in_short(answer(line, final="A301 OK done"))
    assert found == UidSet.of([17, 900, 901])
    assert answers.uids_in_short(answer(line)) is None


def test_details_are_told_by_uid() -> None:
    lines = (
        '* 1 FETCH (UID 5 RFC822.SIZE 44 INTERNALDATE "nonsense" EMAILID (M-1))',
        "* 2 FETCH (RFC822.SIZE 45 FLAGS ())",
        "* 3 FETCH (UID 7 X-GM-MSGID 12 RFC822.SIZE 46)",
    )
    assert [answers.details(response) for response in answer(*lines).untagged] == [
        (5, Details(44, None, "M-1")),
        None,
        (7, Details(46, None, "12")),
    ]


# -- any octets --------------------------------------------------------------

CORPUS = [
    *(line.encode() + b"\r\n" for _, line, _ in TOLD),
    *(wire for wire, _ in CONDITIONS.values()),
    *(wire for wire, _ in DATA.values()),
    *(
        b"* OK [UIDVALIDITY 9] valid\r\n",
        b"* STATUS a (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3 UNSEEN 4 SIZE 5 APPENDLIMIT 6)\r\n",
        b"* 1 FETCH (UID 5 FLAGS (\\Seen Work) MODSEQ (12))\r\n",
        b'* 1 FETCH (UID 5 RFC822.SIZE 9 INTERNALDATE "17-Jul-1996 02:44:25 -0700")\r\n',
        b"* OK [COPYUID 1 1:2 3:4] moved\r\n",
        b"* OK [MAILBOXID (F-1)] id\r\n",
    ),
]
SINCE = Since(UidValidity(9), 1)
FOLDER = Folder(b"a", "a", "/", None, subscribed=False, selectable=True)


def _listed(found: Answer) -> None:
    listing = FlagListing(3)
    for response in found.untagged:
        listing.heed(response)
    listing.doubt()


def _statuses(found: Answer) -> None:
    told: Told
    for told in folder_answers.statuses([found]).values():
        folder_answers.told_about(FOLDER, told)


def _changes(found: Answer) -> None:
    selected = folder_answers.selected(found, read_only=False)
    folder_answers.changes(selected, SINCE, {}, found.data("VANISHED"))


MEANINGS: list[Callable[[Answer], Any]] = [
    answers.capabilities,
    answers.enabled,
    answers.identity,
    answers.uids_found,
    answers.uids_in_short,
    lambda found: [answers.details(response) for response in found.untagged],
    lambda found: answers.places(found, 2),
    lambda found: answers.moved([found], {Uid(1), Uid(2)}),
    folder_answers.folders,
    lambda found: folder_answers.folders(found, utf8=True),
    folder_answers.subscribed,
    lambda found: folder_answers.append_limit([found]),
    folder_answers.namespaces,
    _listed,
    _statuses,
    _changes,
]


def pieces_of(wire: bytes) -> list[bytes | Streamed]:
    """Cut octets into lines and literals as a session does; the last may be short."""
    pieces: list[bytes | Streamed] = []
    while True:
        line, newline, wire = wire.partition(b"\r\n")
        pieces.append(line + newline)
        size = responses.literal_size(line + newline)
        if size is None:
            return pieces
        pieces.append(wire[:size])
        wire = wire[size:]


@st.composite
def mutated(draw: st.DrawFn, corpus: list[bytes] = CORPUS) -> bytes:
    """Return a response that a server sends, with some octets taken out, put in or repeated."""
    wire = draw(st.sampled_from(corpus))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(wire)))
        end = draw(st.integers(start, min(len(wire), start + 12)))
        put_in = draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from([b"(", b")", b'"', b" ", b"NIL", b"0", b"*", b":", b","]),
                st.sampled_from([b"99999999999999999999", b"{3}\r\n", b"[", b"]", b"\\"]),
                st.just(wire[start:end] * 2),
            )
        )
        wire = wire[:start] + put_in + wire[end:]
    return wire


@given(st.lists(mutated(), min_size=1, max_size=5))
@example([b"* NAMESPACE ((NIL NIL)) ((() ())) (NIL)\r\n"])
@example([b"* 1 FETCH (UID 4294967295 FLAGS ())\r\n", b"* 4294967295 FETCH (UID 1 FLAGS ())\r\n"])
@example([b"* VANISHED " + b"1," * 200_000 + b"1\r\n"])
@example([b"* VANISHED " + b"1:" * 200_000 + b"1\r\n"])
@example([b"* OK [COPYUID 1 " + b"1:4294967295," * 9_000 + b"1 1] x\r\n"])
@example([b"* 1 FETCH (FLAGS (" + b"a " * 200_000 + b"\r\n"])
@example([b"* 1 FETCH (MODSEQ (" + b"1" * 200_000 + b")\r\n"])
@example([b'* 1 FETCH (UID 1 RFC822.SIZE 1 INTERNALDATE "' + b"1-" * 200_000 + b'")\r\n'])
def test_whatever_a_server_says_only_a_protocol_violation_escapes(wires: list[bytes]) -> None:
    heard: list[Response] = []
    listing = FlagListing(3)
    for wire in wires:
        with contextlib.suppress(ProtocolViolation):
            listing.take(wire)
        with contextlib.suppress(ProtocolViolation):
            heard.append(responses.parse(pieces_of(wire)))
    last = next((r for r in heard if isinstance(r, Condition)), OK)
    for meaning in MEANINGS:
        with contextlib.suppress(ProtocolViolation):
            meaning(Answer(heard, last))


ORDINARY = [
    rb"* 1 FETCH (UID 5 FLAGS (\Seen Work))" + b"\r\n",
    rb"* 2 FETCH (FLAGS ($Forwarded) UID 4294967295)" + b"\r\n",
    rb"* 3 FETCH (MODSEQ (12) FLAGS () UID 7)" + b"\r\n",
    rb"* 4 FETCH (UID 8 MODSEQ (9223372036854775807) FLAGS (NIL a))" + b"\r\n",
    rb"* 5 FETCH (UID 9 FLAGS ([a] \*) MODSEQ (1))" + b"\r\n",
]


@given(mutated(ORDINARY))
def test_the_short_way_of_reading_flags_comes_to_the_same_as_the_long_one(wire: bytes) -> None:
    short = FlagListing(3)
    try:
        if not short.take(wire):
            return
        outcome: object = short.found
    except ProtocolViolation:
        outcome = None
    long = FlagListing(3)
    try:
        response = responses.parse(pieces_of(wire))
        assert isinstance(response, Data)
        long.heed(response)
        expected: object = long.found
    except ProtocolViolation:
        expected = None
    assert outcome == expected
