"""What is said of messages that were organised, and the commands that take it back."""

from pathlib import Path

import pytest

from mailcli.output.organising import organised_lines, undo_commands
from mailcli.results import ChangedMessage, OrganisedResult

FLAGGED = ChangedMessage(
    *(1, "work", "flagged", "INBOX", Path("/m/INBOX/cur/1"), None, None), flags=(), keywords=()
)
MOVED = FLAGGED._replace(action="moved", from_="INBOX", to="Archive", folder="Archive")


def result(*changed: ChangedMessage) -> OrganisedResult:
    return OrganisedResult(changed)


def test_only_what_was_really_changed_is_taken_back() -> None:
    found = result(
        FLAGGED._replace(id=4, added=("seen",)),
        FLAGGED._replace(id=9, added=("seen", "todo"), removed=("flagged",)),
        FLAGGED._replace(id=2, added=("seen",)),
    )

    assert undo_commands(found) == [
        "mailcli flag 2 4 -seen",
        "mailcli flag 9 +flagged -seen -todo",
    ]


def test_numbers_in_a_row_become_a_range() -> None:
    numbers = (7, 5, 1, 2, 6, 9)

    assert undo_commands(result(*(MOVED._replace(id=n) for n in numbers))) == [
        "mailcli move 1 2 5-7 9 INBOX"
    ]


def test_messages_go_back_to_where_each_came_from() -> None:
    found = result(MOVED, MOVED._replace(id=2, from_="Work/A b"), MOVED._replace(id=3))

    assert undo_commands(found) == ["mailcli move 1 3 INBOX", "mailcli move 2 'Work/A b'"]


def test_a_message_without_a_number_is_named_by_its_file() -> None:
    found = result(FLAGGED._replace(id=None, added=("$x",), path=Path("/m/a b")))

    assert undo_commands(found) == ["mailcli flag '/m/a b' '-$x'"]


def test_a_keyword_that_looks_like_an_option_stands_behind_dashes() -> None:
    assert undo_commands(result(FLAGGED._replace(added=("nv",)))) == ["mailcli flag 1 -- -nv"]


def test_a_copy_is_taken_back_by_its_deletion_and_a_deletion_for_good_by_nothing() -> None:
    copied = MOVED._replace(id=8, action="copied")
    gone = MOVED._replace(action="deleted", to=None)

    assert undo_commands(result(copied, gone)) == ["mailcli delete --permanent 8"]


def test_nothing_is_to_be_taken_back_after_a_dry_run() -> None:
    assert undo_commands(result(MOVED._replace(done=False))) == []


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        ((), ["Nothing to change."]),
        ((MOVED, MOVED._replace(id=2)), ["Moved 2 messages to Archive."]),
        ((MOVED._replace(done=False),), ["Would move 1 message to Archive."]),
        ((MOVED._replace(action="copied"),), ["Copied 1 message to Archive."]),
        ((MOVED._replace(action="deleted", to=None),), ["Deleted 1 message for good."]),
        ((FLAGGED._replace(added=("seen",)),), ["Changed 1 message: +seen."]),
        (
            (MOVED._replace(from_="work:INBOX", account="home"),),
            ["Moved 1 message to home:Archive."],
        ),
        ((MOVED._replace(to="\x1b[2JA"),), ["Moved 1 message to <U+001B>[2JA."]),
    ],
)
def test_what_was_done_is_one_line(changed: tuple[ChangedMessage, ...], lines: list[str]) -> None:
    assert organised_lines(result(*changed)) == lines
