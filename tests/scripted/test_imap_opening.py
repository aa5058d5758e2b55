"""Several folders opened in one go, to learn what has changed in each."""

from mailcli.errors import MailError, NotFound
from mailcli.imap.session import CommandFailed, FolderUnusable
from mailcli.imap.values import Selected, Since
from mailcli.model import Flag, UidValidity
from tests.scripted.imap import talking
from tests.support.dialogues import answer

CAN = ("ENABLE", "CONDSTORE", "QRESYNC")
ENABLED = answer("ENABLE CONDSTORE QRESYNC", "ENABLED CONDSTORE QRESYNC")
NUMBERS = ("3 EXISTS", "OK [UIDVALIDITY 9] valid", "OK [HIGHESTMODSEQ 75] highest")
SINCE = Since(UidValidity(9), 70)
NAMES = ("A", "B", "C")
ASKED = "\n".join(f'C: {{tag{n}}} SELECT "{n}" (QRESYNC (9 70))' for n in NAMES)


def said(name: str, *lines: str, status: str = "OK done") -> str:
    """Return what the server says to the SELECT of one folder."""
    return "\n".join([*(f"S: * {line}" for line in lines), f"S: {{tag{name}}} {status}"])


def opened(*parts: str, asked: str = ASKED) -> dict[bytes, Selected | MailError]:
    """Return what each of three folders tells to a server that answers when it has all."""
    with talking(ENABLED, asked, *parts, "@rest", can=CAN) as session:
        session.enable()
        return session.select_each([(name.encode(), SINCE) for name in NAMES])


def test_what_changed_in_several_folders_takes_one_round_trip() -> None:
    closed = "OK [CLOSED] the one before"
    found = opened(
        said("A", *NUMBERS, "1 FETCH (UID 5 FLAGS (\\Seen))"),
        said("B", "9 EXISTS", closed, *NUMBERS, "VANISHED (EARLIER) 4"),
        said("C", closed, *NUMBERS, "3 FETCH (UID 5 FLAGS (\\Flagged))"),
    )

    first, second, third = (found[name.encode()] for name in NAMES)
    assert isinstance(first, Selected)
    assert isinstance(second, Selected)
    assert isinstance(third, Selected)
    assert first.changes
    assert second.changes
    assert third.changes
    assert first.changes.flags == {5: {Flag.SEEN}}
    assert (second.exists, list(second.changes.vanished)) == (3, [4])
    assert third.changes.flags == {5: {Flag.FLAGGED}}, "of this folder alone"


def test_one_that_is_refused_or_unusable_stops_no_other() -> None:
    found = opened(
        said("A", status="NO [NONEXISTENT] gone"),
        said("B", "3 EXISTS", "OK [UIDVALIDITY 0] none"),
        said("C", *NUMBERS),
    )

    assert isinstance(found[b"A"], NotFound)
    assert isinstance(found[b"B"], FolderUnusable)
    assert isinstance(found[b"C"], Selected)


def test_the_last_one_stays_open_and_one_that_is_refused_leaves_none() -> None:
    for status, left in (("OK done", b"C"), ("NO not yours", None)):
        answers = (said("A", *NUMBERS), said("B", *NUMBERS), said("C", *NUMBERS, status=status))
        with talking(ENABLED, ASKED, *answers, "@rest", can=CAN) as session:
            session.enable()
            found = session.select_each([(name.encode(), SINCE) for name in NAMES])
            assert session.open_folder == left
        assert isinstance(found[b"C"], Selected if left else CommandFailed)


def test_one_that_is_not_understood_is_yet_to_be_asked_for() -> None:
    found = opened(said("A", *NUMBERS), said("B", status="BAD what"), said("C", *NUMBERS))

    assert found.keys() == {b"A", b"C"}


def test_a_connection_that_is_lost_is_told_once_and_the_rest_is_yet_to_be_asked_for() -> None:
    with talking(ENABLED, ASKED, said("A", *NUMBERS), "@bye * BYE enough", can=CAN) as s:
        s.enable()
        found = s.select_each([(name.encode(), SINCE) for name in NAMES])
        assert not s.is_open

    assert found.keys() == {b"A", b"B"}
    assert isinstance(found[b"A"], Selected)
    lost = found[b"B"]
    assert isinstance(lost, MailError)
    assert "enough" in lost.message
    assert "SELECT B" in lost.message


def test_answers_out_of_their_order_are_believed_no_further() -> None:
    found = opened(said("B", *NUMBERS))

    assert found.keys() == {b"A"}
    assert isinstance(found[b"A"], MailError)


def test_without_the_extension_nothing_is_asked() -> None:
    with talking("@rest", can=("CONDSTORE",)) as session:
        assert session.select_each([(b"A", SINCE), (b"B", SINCE)]) == {}


# -- the newest flags --------------------------------------------------------------------------

PEEKED = """C: {taga} EXAMINE "A"
C: {tagf} FETCH 4:* (UID FLAGS)
C: {tagb} EXAMINE "B"
C: {tagg} FETCH 1:* (UID FLAGS)
S: * 5 EXISTS
S: * OK [UIDVALIDITY 9] valid
S: {taga} OK done
"""


def newest(*lines: str) -> dict[bytes, set[int]]:
    """Return whose flags are told of two folders, with 5 and 2 messages, at most 2 of each."""
    with talking(PEEKED + "\n".join(lines), "@rest") as session:
        found = session.newest_flags([(b"A", 5), (b"B", 2)], count=2)
        assert session.open_folder is None
    return {name: set(flags) for name, (_, flags) in found.items()}


FLAGS = ("S: * 4 FETCH (UID 40 FLAGS ())", "S: * 5 FETCH (UID 50 FLAGS (\\Seen))")


def test_the_newest_flags_of_several_folders_take_one_round_trip() -> None:
    found = newest(
        *FLAGS,
        "S: {tagf} OK done",
        "S: * 2 EXISTS",
        "S: * OK [UIDVALIDITY 9] valid",
        "S: {tagb} OK done",
        "S: * 1 FETCH (UID 1 FLAGS (work))",
        "S: {tagg} OK done",
    )

    assert found == {b"A": {40, 50}, b"B": {1}}


def test_of_a_folder_that_is_refused_no_flags_are_told() -> None:
    found = newest(
        *FLAGS, "S: {tagf} OK done", "S: {tagb} NO not yours", "S: {tagg} BAD nothing is open"
    )

    assert found == {b"A": {40, 50}}


def test_of_a_folder_whose_flags_are_refused_none_are_told() -> None:
    found = newest("S: {tagf} NO busy", "S: {tagb} NO not yours", "S: {tagg} BAD nothing is open")

    assert found == {}
