"""Folders: listed and counted in one round trip or as the server can, opened with what changed."""

from datetime import date

import pytest

from mailcli.errors import MailError, ProtocolViolation
from mailcli.imap.session import CommandFailed, FolderUnusable
from mailcli.imap.sets import UidSet
from mailcli.imap.values import Namespace, Namespaces, Since, Status
from mailcli.model import Flag, Uid, UidValidity
from tests.scripted.imap import DONE, knows, opened_folder, store, talking
from tests.support.dialogues import answer, script
from tests.support.scripted import Scripted

ALL = ("LIST-EXTENDED", "LIST-STATUS", "SPECIAL-USE", "CONDSTORE", "OBJECTID")
ITEMS = "MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ"
LIST = f'C: {{tag}} LIST "" "*" RETURN (CHILDREN SUBSCRIBED SPECIAL-USE STATUS ({ITEMS}))'
FULL = "(MESSAGES 3 UIDNEXT 8 UIDVALIDITY 9 HIGHESTMODSEQ 70 MAILBOXID (F-1))"

# -- listing ---------------------------------------------------------------


def _statuses(*parts: str, can: tuple[str, ...] = ALL) -> dict[str, Status | None]:
    with talking(*parts, "@rest", can=can) as session:
        return {folder.name: folder.status for folder in session.list_folders(counters=True)}


def test_all_that_tells_of_changes_comes_with_the_list() -> None:
    found = _statuses(
        LIST, 'S: * LIST (\\Subscribed) "/" INBOX', f"S: * STATUS INBOX {FULL}", DONE
    )
    assert found == {"INBOX": Status(3, 8, UidValidity(9), 70)}


def test_a_folder_that_list_status_left_out_is_asked_for() -> None:
    """MailKit#879."""
    found = _statuses(
        LIST,
        'S: * LIST () "/" INBOX',
        f"S: * STATUS INBOX {FULL}",
        'S: * LIST () "/" Work',
        r'S: * LIST (\NonExistent) "/" Gone',
        r'S: * LIST (\Noselect) "/" Top',
        DONE,
        answer(f'STATUS "Work" ({ITEMS})', "STATUS Work (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 4)"),
    )
    assert found["Work"] == Status(0, 1, UidValidity(4))
    assert found["Gone"] is None
    assert found["Top"] is None


def test_without_list_status_all_folders_are_asked_at_once() -> None:
    """The server answers the first question when it has the last."""
    asked = [f'C: {{tag{n}}} STATUS "box{n}" (MESSAGES UIDNEXT UIDVALIDITY)' for n in range(50)]
    said = [
        f"S: * STATUS box{n} (MESSAGES {n} UIDNEXT 60 UIDVALIDITY 1)\nS: {{tag{n}}} OK done"
        for n in range(50)
    ]
    boxes = [f'LIST () "/" box{n}' for n in range(50)]
    found = _statuses(
        'C: {tag} LIST "" "*"',
        'C: {tagl} LSUB "" "*"',
        *(f"S: * {box}" for box in boxes),
        DONE,
        'S: * LSUB () "/" box7',
        "S: {tagl} OK done",
        *asked,
        *said,
        can=(),
    )
    assert {name: status.messages for name, status in found.items() if status} == {
        f"box{n}": n for n in range(50)
    }


def test_more_questions_than_fit_the_window_wait_for_the_first_answers() -> None:
    count = 2000
    status = r"C? {tag} STATUS \"(?P<name>\S+)\" \(MESSAGES UIDNEXT UIDVALIDITY\)"
    conversation = script(
        knows(),
        'C: {tag} LIST "" "*"',
        "S! {boxes}",
        DONE,
        answer("LSUB *"),
        f"@repeat {count}",
        status,
        "S: * STATUS {name} (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3)",
        DONE,
        "@end",
        "@rest",
    )
    boxes = "".join(f'* LIST () "/" box{n}\r\n' for n in range(count))
    with Scripted(conversation, values={"boxes": boxes}) as server, store(server) as session:
        folders = session.list_folders(counters=True)
    assert len(folders) == count
    assert all(folder.status for folder in folders)


def test_answers_may_come_in_another_order_than_the_questions() -> None:
    found = _statuses(
        'C: {tag} LIST "" "*"',
        'C: {tagl} LSUB "" "*"',
        "S: {tagl} OK done",
        'S: * LIST () "/" a\nS: * LIST () "/" b',
        DONE,
        'C: {taga} STATUS "a" (MESSAGES UIDNEXT UIDVALIDITY)',
        'C: {tagb} STATUS "b" (MESSAGES UIDNEXT UIDVALIDITY)',
        "S: * STATUS b (MESSAGES 2 UIDNEXT 9 UIDVALIDITY 1)",
        "S: {tagb} OK done",
        "S: * STATUS a (MESSAGES 1 UIDNEXT 9 UIDVALIDITY 1)",
        "S: {taga} OK done",
        can=(),
    )
    assert {name: status and status.messages for name, status in found.items()} == {"a": 1, "b": 2}


def test_a_folder_that_refuses_its_status_stops_no_other() -> None:
    found = _statuses(
        answer("LIST *", 'LIST () "/" a', 'LIST () "/" b'),
        answer("LSUB *"),
        answer('STATUS "a" *', status="NO [NOPERM] not yours"),
        answer('STATUS "b" *', "STATUS b (MESSAGES 2 UIDNEXT 9 UIDVALIDITY 1)"),
        can=(),
    )
    assert found == {"a": None, "b": Status(2, 9, UidValidity(1))}


@pytest.mark.parametrize(
    "numbers",
    [
        "",
        "MESSAGES 3 UIDNEXT 8",
        "MESSAGES 3 UIDVALIDITY 9",
        "UIDNEXT 8 UIDVALIDITY 9",
        "MESSAGES 3 UIDNEXT 0 UIDVALIDITY 9",
        "MESSAGES 3 UIDNEXT 8 UIDVALIDITY 0",
        "MESSAGES 3 UIDNEXT 8 UIDVALIDITY 4294967296",
        "MESSAGES 3 UIDNEXT 4294967297 UIDVALIDITY 9",
        "MESSAGES 4294967296 UIDNEXT 8 UIDVALIDITY 9",
    ],
)
def test_a_status_without_a_number_that_is_needed_is_none(numbers: str) -> None:
    """Taken for zero it would mean that all messages are gone."""
    found = _statuses(LIST, 'S: * LIST () "/" INBOX', f"S: * STATUS INBOX ({numbers})", DONE)
    assert found == {"INBOX": None}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("HIGHESTMODSEQ 0", None),
        ("HIGHESTMODSEQ NIL", None),
        ("HIGHESTMODSEQ 99999999999999999999", None),
        ("HIGHESTMODSEQ 9223372036854775807", 2**63 - 1),
    ],
)
def test_a_mod_sequence_that_says_nothing_is_none(more: str, expected: int | None) -> None:
    """Purelymail says 0 for an empty folder; RFC 7162 has 63 bits."""
    said = f"S: * STATUS INBOX (MESSAGES 3 UIDNEXT 8 UIDVALIDITY 9 {more})"
    found = _statuses(LIST, 'S: * LIST () "/" INBOX', said, DONE)
    assert found == {"INBOX": Status(3, 8, UidValidity(9), expected)}


@pytest.mark.parametrize(
    "identifier", ["F-1", "()", "(F-1 F-2)", "NIL", '("a b")', "(" + "x" * 256 + ")"]
)
def test_a_mailbox_id_that_is_none_is_left_out(identifier: str) -> None:
    said = f"S: * STATUS INBOX (MESSAGES 3 UIDNEXT 8 UIDVALIDITY 9 MAILBOXID {identifier})"
    found = _statuses(LIST, 'S: * LIST () "/" INBOX', said, DONE)
    assert found == {"INBOX": Status(3, 8, UidValidity(9))}


def test_the_inbox_is_one_folder_in_any_case() -> None:
    found = _statuses(
        LIST, 'S: * LIST () "/" Inbox', 'S: * LIST () "/" INBOX', f"S: * STATUS INBOX {FULL}", DONE
    )
    assert found == {"Inbox": Status(3, 8, UidValidity(9), 70)}


def test_a_server_that_refuses_the_extended_list_is_asked_plainly() -> None:
    with talking(
        answer("LIST * RETURN *", status="BAD what"),
        answer('LIST "" "*"', r'LIST (\HasNoChildren) "/" INBOX', r"LIST (\HasChildren) NIL Top"),
        answer("LSUB *", 'LSUB () "/" inbox'),
        "@rest",
        can=("LIST-EXTENDED",),
    ) as session:
        inbox, top = session.list_folders()
    assert (inbox.subscribed, inbox.has_children, inbox.delimiter) == (True, False, "/")
    assert (top.subscribed, top.has_children, top.delimiter) == (False, True, None)


@pytest.mark.parametrize("refused", ["LIST", "LSUB"])
def test_a_listing_that_is_refused_is_no_empty_store(refused: str) -> None:
    """Zero folders would mean that all were deleted."""
    statuses = {"LIST": "OK done", "LSUB": "OK done"} | {refused: "NO not now"}
    parts = [answer(f'{name} "" "*"', status=status) for name, status in statuses.items()]
    with talking(*parts, "@rest") as session, pytest.raises(CommandFailed, match="not now"):
        session.list_folders()


def test_counts_and_counters_are_asked_for_together() -> None:
    items = "MESSAGES UIDNEXT UIDVALIDITY UNSEEN SIZE"
    with talking(
        f'C: {{tag}} LIST "" "*" RETURN (CHILDREN SUBSCRIBED STATUS ({items}))',
        'S: * LIST () "/" INBOX',
        "S: * STATUS INBOX (MESSAGES 3 UIDNEXT 8 UIDVALIDITY 9 UNSEEN 1 SIZE 500)",
        DONE,
        "@rest",
        can=("LIST-EXTENDED", "LIST-STATUS", "STATUS=SIZE"),
    ) as session:
        (inbox,) = session.list_folders(counts=True, counters=True)
    assert (inbox.messages, inbox.unseen, inbox.size) == (3, 1, 500)
    assert inbox.status == Status(3, 8, UidValidity(9))


# -- what both sides agree on ------------------------------------------------


def test_a_store_is_opened_in_one_round_trip() -> None:
    with talking(
        "C: {tage} ENABLE CONDSTORE QRESYNC",
        "C: {tagn} NAMESPACE",
        r'C? {tag} LIST "" "\*" RETURN \(CHILDREN SUBSCRIBED STATUS \(.* HIGHESTMODSEQ\)\)',
        "S: * ENABLED QRESYNC",
        "S: {tage} OK done",
        'S: * NAMESPACE (("INBOX." ".")) NIL (("Shared." "." "X" ("y"))("#news" NIL))',
        "S: {tagn} OK done",
        'S: * LIST () "." INBOX',
        "S: * STATUS INBOX (MESSAGES 3 UIDNEXT 8 UIDVALIDITY 9 HIGHESTMODSEQ 5)",
        DONE,
        "@rest",
        can=("ENABLE", "QRESYNC", "CONDSTORE", "NAMESPACE", "LIST-EXTENDED", "LIST-STATUS"),
    ) as session:
        namespaces, (inbox,) = session.open_store()
        assert session.enabled == {"QRESYNC", "CONDSTORE"}
    assert namespaces == Namespaces(
        personal=(Namespace("INBOX.", "."),),
        shared=(Namespace("Shared.", "."), Namespace("#news", None)),
    )
    assert inbox.status == Status(3, 8, UidValidity(9), 5)


def test_a_store_of_a_plain_server_is_opened_with_what_it_has() -> None:
    with talking(
        answer("LIST *", 'LIST () "/" INBOX'),
        answer("LSUB *"),
        answer("STATUS *", "STATUS INBOX (MESSAGES 3 UIDNEXT 8 UIDVALIDITY 9)"),
        "@rest",
    ) as session:
        namespaces, (inbox,) = session.open_store()
        assert session.enabled == frozenset()
    assert namespaces == Namespaces()
    assert inbox.status == Status(3, 8, UidValidity(9))


@pytest.mark.parametrize(
    ("said", "status", "expected"),
    [
        (("ENABLED CONDSTORE QRESYNC",), "OK done", {"CONDSTORE", "QRESYNC"}),
        (("ENABLED qresync",), "OK done", {"CONDSTORE", "QRESYNC"}),
        (("ENABLED CONDSTORE",), "OK done", {"CONDSTORE"}),
        (("ENABLED",), "OK done", set()),
        ((), "OK done", set()),  # iCloud
        ((), "BAD what", set()),
        ((), "NO not now", set()),
    ],
)
def test_only_what_the_server_confirms_is_enabled(
    said: tuple[str, ...], status: str, expected: set[str]
) -> None:
    enabling = answer("ENABLE CONDSTORE QRESYNC", *said, status=status)
    with talking(enabling, "@rest", can=("ENABLE", "CONDSTORE", "QRESYNC")) as session:
        assert session.enable() == session.enabled == expected


@pytest.mark.parametrize("can", [(), ("ENABLE",), ("QRESYNC", "CONDSTORE")])
def test_nothing_is_enabled_that_the_server_does_not_know(can: tuple[str, ...]) -> None:
    with talking("@gone", can=can) as session:
        assert session.enable() == frozenset()


def test_names_go_as_utf_8_once_that_is_enabled() -> None:
    with talking(
        answer("ENABLE UTF8=ACCEPT", "ENABLED UTF8=ACCEPT"),
        answer("LIST *", 'LIST () "/" "Entwürfe"', 'LIST () "/" "&APw-"'),
        answer("LSUB *"),
        answer('CREATE "Gelöscht"'),
        "@rest",
        can=("ENABLE", "UTF8=ACCEPT"),
    ) as session:
        session.enable(utf8=True)
        assert [folder.name for folder in session.list_folders()] == ["Entwürfe", "&APw-"]
        assert session.create("Gelöscht") == "Gelöscht".encode()


def test_names_stay_in_utf_7_where_utf_8_is_not_confirmed() -> None:
    with talking(
        answer("ENABLE UTF8=ACCEPT"),
        answer('CREATE "&APw-"'),
        "@rest",
        can=("ENABLE", "UTF8=ONLY"),
    ) as session:
        session.enable(utf8=True)
        session.create("ü")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("ID NIL",), {}),
        (("ID",), {}),
        ((), {}),
        (('ID ("name" "Dovecot" "Version" NIL)',), {"name": "Dovecot"}),
    ],
)
def test_the_server_says_what_it_is(said: tuple[str, ...], expected: dict[str, str]) -> None:
    asked = answer('ID ("name" "mailcli" "version" "*")', *said)
    with talking(asked, "@rest", can=("ID",)) as session:
        assert session.identify() == expected


def test_a_server_without_id_is_told_nothing() -> None:
    with talking("@gone") as session:
        assert session.identify() == {}


# -- opening ---------------------------------------------------------------

SINCE = Since(UidValidity(9), 70)
ENABLED = answer("ENABLE CONDSTORE QRESYNC", "ENABLED CONDSTORE QRESYNC")
QRESYNC = ("ENABLE", "CONDSTORE", "QRESYNC")
QUESTION = 'SELECT "INBOX" (QRESYNC (9 70))'
NUMBERS = ("3 EXISTS", "OK [UIDVALIDITY 9] valid", "OK [HIGHESTMODSEQ 75] highest")


def test_a_folder_tells_what_changed_since_a_state() -> None:
    with talking(
        ENABLED,
        answer(
            QUESTION,
            "OK [CLOSED] before",
            *NUMBERS,
            "OK [MAILBOXID (F-1)] id",
            "VANISHED (EARLIER) 1:4,4294967295",
            "VANISHED 6",
            "1 FETCH (UID 5 FLAGS (\\Seen) MODSEQ (71))",
            "2 FETCH (MODSEQ (75) FLAGS (\\Flagged Work) UID 8)",
            "3 FETCH (UID 9 FLAGS () X-NEW (a))",
        ),
        "@rest",
        can=QRESYNC,
    ) as session:
        session.enable()
        selected = session.select(b"INBOX", since=SINCE)
    assert selected.highestmodseq == 75
    assert selected.mailbox_id == "F-1"
    assert selected.changes
    assert selected.changes.flags.keys() == {5, 8, 9}
    assert selected.changes.flags[Uid(5)] == {Flag.SEEN}
    assert selected.changes.vanished == UidSet(((1, 4), (6, 6), (2**32 - 1, 2**32 - 1)))


@pytest.mark.parametrize(
    "lines",
    [
        ("3 EXISTS", "OK [UIDVALIDITY 10] valid", "OK [HIGHESTMODSEQ 75] highest"),
        ("3 EXISTS", "OK [UIDVALIDITY 9] valid", "OK [HIGHESTMODSEQ 69] went back"),
        ("3 EXISTS", "OK [UIDVALIDITY 9] valid", "OK [HIGHESTMODSEQ 0] none"),
        ("3 EXISTS", "OK [UIDVALIDITY 9] valid", "OK [NOMODSEQ] none"),
        ("3 EXISTS", "OK [UIDVALIDITY 9] valid"),
        (*NUMBERS, "VANISHED (EARLIER) 1:*"),
        (*NUMBERS, "VANISHED (EARLIER)"),
        (*NUMBERS, "VANISHED"),
        (*NUMBERS, "VANISHED 0"),
        (*NUMBERS, "VANISHED (EARLIER) 4294967296"),
        (*NUMBERS, "VANISHED (EARLIER) NIL"),
        (*NUMBERS, "VANISHED (EARLIER) 1, 2"),
        (*NUMBERS, "2 FETCH (FLAGS (\\Seen) MODSEQ (71))"),
    ],
)
def test_changes_that_are_in_doubt_are_none(lines: tuple[str, ...]) -> None:
    with talking(ENABLED, answer(QUESTION, *lines), "@rest", can=QRESYNC) as session:
        session.enable()
        selected = session.select(b"INBOX", since=SINCE)
    assert selected.changes is None
    assert selected.exists == 3


def test_what_is_said_of_the_folder_before_counts_for_nothing() -> None:
    with talking(
        ENABLED,
        answer(
            QUESTION,
            "9 EXISTS",
            "VANISHED 1:9",
            "1 FETCH (UID 5 FLAGS (\\Seen))",
            "OK [UIDVALIDITY 4] old",
            "OK [CLOSED] now the new one",
            *NUMBERS,
        ),
        "@rest",
        can=QRESYNC,
    ) as session:
        session.enable()
        selected = session.select(b"INBOX", since=SINCE)
    assert (selected.exists, selected.uidvalidity) == (3, 9)
    assert selected.changes
    assert not selected.changes.flags
    assert not selected.changes.vanished


def test_the_known_uids_go_along_where_they_fit() -> None:
    with talking(
        ENABLED,
        answer('SELECT "INBOX" (QRESYNC (9 70 1:5,8))', *NUMBERS),
        answer(QUESTION, *NUMBERS),
        "@rest",
        can=QRESYNC,
    ) as session:
        session.enable()
        for known in ([1, 2, 3, 4, 5, 8], range(1, 100_000, 2)):
            since = Since(UidValidity(9), 70, UidSet.of(known))
            assert session.select(b"INBOX", since=since).changes


def test_changes_are_asked_for_only_where_that_is_enabled() -> None:
    with talking(
        answer('SELECT "INBOX" (CONDSTORE)', *NUMBERS), "@rest", can=("CONDSTORE", "QRESYNC")
    ) as session:
        selected = session.select(b"INBOX", since=SINCE)
    assert selected.highestmodseq == 75
    assert selected.changes is None


def test_a_server_that_knows_no_parameters_is_asked_without_from_then_on() -> None:
    """MailKit#970."""
    with talking(
        answer('SELECT "INBOX" (CONDSTORE)', status="BAD what"),
        answer('SELECT "INBOX"', *NUMBERS),
        answer('EXAMINE "INBOX"', *NUMBERS),
        "@rest",
        can=("CONDSTORE",),
    ) as session:
        assert session.select(b"INBOX").highestmodseq == 75
        assert session.select(b"INBOX", read_only=True).read_only


def test_a_folder_that_is_refused_is_not_asked_for_twice() -> None:
    refused = answer('SELECT "INBOX" (CONDSTORE)', status="NO not yours")
    with talking(refused, "@gone", can=("CONDSTORE",)) as session:
        with pytest.raises(CommandFailed, match="not yours"):
            session.select(b"INBOX")
        session.close()


def test_a_mod_sequence_without_the_extension_is_worth_nothing() -> None:
    """Yahoo tells one, and knows no CHANGEDSINCE."""
    with talking(answer('SELECT "INBOX"', *NUMBERS), "@rest") as session:
        assert session.select(b"INBOX").highestmodseq is None


@pytest.mark.parametrize("code", ["[UIDNOTSTICKY]", "[UIDVALIDITY 0]"])
def test_a_folder_whose_uids_do_not_last_is_not_used_but_the_next_is(code: str) -> None:
    with talking(
        answer("SELECT *", "3 EXISTS", "OK [UIDVALIDITY 9] valid", f"NO {code} new each time")
        if "STICKY" in code
        else answer("SELECT *", "3 EXISTS", f"OK {code} none"),
        opened_folder(),
        "@rest",
    ) as session:
        with pytest.raises(FolderUnusable):
            session.select(b"Weird")
        assert session.select(b"INBOX").exists == 3


# -- in doubt, all of it -----------------------------------------------------


@pytest.mark.parametrize("sent", ["* BYE closing", "{tag9} OK what", "+ go on", "garbage"])
def test_what_nobody_waits_for_among_several_answers_ends_the_session(sent: str) -> None:
    parts = (answer("LIST *", 'LIST () "/" INBOX'), "C: {tagl} LSUB *".replace("*", '"" "*"'))
    broken = sent.replace("{tag9}", "z9")
    with talking(*parts, f"S: {broken}", "@rest") as session, pytest.raises(MailError):
        session.list_folders()


def test_a_day_is_written_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    with talking(
        opened_folder(),
        answer("UID SEARCH SINCE 3-Feb-2026", "SEARCH 5 7"),
        "@rest",
    ) as session:
        session.select(b"INBOX")
        assert list(session.search_since(date(2026, 2, 3))) == [5, 7]


def test_a_namespace_without_a_prefix_breaks_the_protocol() -> None:
    with (
        talking(answer("NAMESPACE", "NAMESPACE ((()))"), "@rest", can=("NAMESPACE",)) as session,
        pytest.raises(ProtocolViolation),
    ):
        session.namespaces()
