"""`pop-fetch` and servers that do what they should not: nothing lost, doubled or deleted."""

from collections import deque
from itertools import pairwise
from pathlib import Path

import pytest

from mailcli.net import WINDOW_OCTETS
from tests.conftest import WriteConfig
from tests.support.dialogues import script
from tests.support.maildrop import QUIT, Maildrop, deleted, listing, opened, sent
from tests.support.scripted import Scripted

WIRE_A, WIRE_B, WIRE_C = b"a: 1\r\n", b"b: 2\r\n", b"c: 3\r\n"


@pytest.fixture
def drop(write_config: WriteConfig, home: Path) -> Maildrop:
    return Maildrop(write_config, home)


def plain(*parts: str) -> str:
    return script(opened(), *parts)


# -- unique-ids that cannot be relied on ----------------------------------------


def test_without_unique_ids_mail_comes_once_and_the_cost_is_named(drop: Maildrop) -> None:
    both = (listing(("", 6), ("", 6)), sent(1, "a: 1"), sent(2, "b: 2"))
    first = drop.fetch(plain(*both, QUIT))
    again = drop.fetch(plain(*both, QUIT))

    assert first.counts("fetched", "kept") == (2, 2)
    assert again.counts("fetched", "kept") == (0, 2)
    assert drop.here == [WIRE_A, WIRE_B]
    assert (first.code, again.code) == (0, 0)
    (warning,) = again.account["warnings"]
    assert "every run fetches all" in warning


def test_without_unique_ids_two_messages_of_the_same_octets_are_two(drop: Maildrop) -> None:
    both = (listing(("", 6), ("", 6)), sent(1, "a: 1"), sent(2, "a: 1"))
    drop.fetch(plain(*both, QUIT))
    drop.fetch(plain(*both, QUIT))
    assert drop.here == [WIRE_A, WIRE_A]

    more = (*both, sent(3, "a: 1"))
    drop.fetch(plain(listing(("", 6), ("", 6), ("", 6)), *more[1:], QUIT))
    assert drop.here == [WIRE_A] * 3


def test_without_unique_ids_delete_removes_what_the_run_brought(drop: Maildrop) -> None:
    ran = drop.fetch(plain(listing(("", 6)), sent(1, "a: 1"), deleted(1), QUIT), "--delete")
    assert ran.counts("fetched", "deleted", "kept") == (1, 1, 0)
    assert drop.here == [WIRE_A]


def test_unique_ids_that_cannot_be_told_now_are_not_taken_for_none(drop: Maildrop) -> None:
    drop.fetch(plain(listing(("A", 6)), sent(1, "a: 1"), QUIT))
    ran = drop.fetch(plain("C: UIDL", "S: -ERR [SYS/TEMP] later", "@rest"), "--delete")
    assert (ran.code, ran.counts("fetched", "deleted")) == (75, (0, 0))
    assert "[SYS/TEMP] later" in ran.account["error"]["message"]
    assert ran.account["warnings"] == []


def test_without_unique_ids_an_age_deletes_nothing(drop: Maildrop) -> None:
    for _ in range(2):
        ran = drop.fetch(plain(listing(("", 6)), sent(1, "a: 1"), QUIT), "--keep=0s")
        assert ran.counts("deleted", "kept") == (0, 1)
    assert drop.here == [WIRE_A]


def test_mail_is_known_again_when_a_server_begins_to_have_unique_ids(drop: Maildrop) -> None:
    drop.fetch(plain(listing(("", 6)), sent(1, "a: 1"), QUIT))
    ran = drop.fetch(plain(listing(("A", 6)), sent(1, "a: 1"), QUIT))
    assert ran.counts("fetched", "kept") == (0, 1)
    assert drop.fetch(plain(listing(("A", 6)), QUIT)).counts("fetched", "kept") == (0, 1)
    assert drop.here == [WIRE_A]


def test_a_killed_run_without_unique_ids_is_found_out_by_the_next(drop: Maildrop) -> None:
    """As after a crash between the file and its record: the state knows nothing."""
    drop.fetch(plain(listing(("", 6)), sent(1, "a: 1"), QUIT))
    for path in drop.home.joinpath(".local/state/mailcli").glob("home.db*"):
        path.unlink()
    ran = drop.fetch(plain(listing(("", 6), ("", 6)), sent(1, "a: 1"), sent(2, "b: 2"), QUIT))
    assert ran.counts("fetched", "kept") == (1, 2)
    assert drop.here == [WIRE_A, WIRE_B]


def test_a_repeated_unique_id_is_told_apart_by_content_and_never_deleted(drop: Maildrop) -> None:
    there = (listing(("same", 6), ("same", 6), ("own", 6)), sent(1, "a: 1"), sent(2, "b: 2"))
    first = drop.fetch(plain(*there, sent(3, "c: 3"), deleted(3), QUIT), "--delete")
    again = drop.fetch(plain(*there, sent(3, "c: 3"), deleted(3), QUIT), "--delete")

    assert first.counts("fetched", "deleted", "kept") == (3, 1, 2)
    assert first.code == 0
    assert len(first.account["warnings"]) == 1
    assert again.counts("fetched", "deleted", "kept") == (0, 1, 2)
    assert drop.here == [WIRE_A, WIRE_B, WIRE_C]


def test_when_all_unique_ids_change_nothing_is_deleted_and_it_is_said_once(
    drop: Maildrop,
) -> None:
    one, two = sent(1, "a: 1"), sent(2, "b: 2")
    drop.fetch(plain(listing(("A", 6), ("B", 6)), one, two, QUIT))
    changed = drop.fetch(plain(listing(("X", 6), ("Y", 6)), one, two, QUIT), "--delete")
    after = drop.fetch(plain(listing(("X", 6), ("Y", 6)), deleted(1, 2), QUIT), "--delete")

    assert changed.counts("fetched", "deleted", "kept") == (0, 0, 2)
    (warning,) = changed.account["warnings"]
    assert "other unique-ids" in warning
    assert after.counts("deleted") == (2,)
    assert after.account["warnings"] == []
    assert drop.here == [WIRE_A, WIRE_B]


def test_a_run_that_was_stopped_while_all_unique_ids_were_others_is_gone_on_with(
    drop: Maildrop,
) -> None:
    one, two = sent(1, "a: 1"), sent(2, "b: 2")
    drop.fetch(plain(listing(("A", 6), ("B", 6)), one, two, QUIT))
    there = listing(("X", 6), ("Y", 6), ("Z", 6))
    half = script("C: RETR 2", "S: +OK", "S: half", "@cut")
    stopped = script("@connection 1", opened(), there, one, half)
    stopped += script("@connection 2", opened(greeting="S: -ERR [SYS/TEMP] later").split("C:")[0])
    assert drop.fetch(stopped).code == 75

    ran = drop.fetch(plain(there, two, sent(3, "c: 3"), QUIT), "--delete")
    assert ran.counts("fetched", "deleted", "kept") == (1, 0, 3)
    assert drop.here == [WIRE_A, WIRE_B, WIRE_C]


def test_a_standing_warning_is_not_repeated_to_nobody(drop: Maildrop) -> None:
    both = plain(listing(("", 6)), sent(1, "a: 1"), QUIT)
    told = [drop.fetch(both, "-q").err.count("no unique-ids") for _ in range(3)]
    assert told == [1, 0, 0]


# -- messages that cannot be had --------------------------------------------------


@pytest.mark.parametrize("end", ["@cut", "@drop", "@reset"])
@pytest.mark.parametrize("delete", [True, False])
def test_a_message_that_ends_the_session_keeps_no_other_away(
    drop: Maildrop, end: str, delete: bool
) -> None:
    first = script(
        "@connection 1",
        opened(),
        listing(("A", 6), ("B", 6), ("C", 6)),
        sent(1, "a: 1"),
        script("C: RETR 2", "S: +OK", "S: half", end),
    )
    second = script(
        "@connection 2",
        opened(),
        listing(("A", 6), ("B", 6), ("C", 6)),
        sent(3, "c: 3"),
        deleted(3, 1) if delete else "",
        QUIT,
    )
    ran = drop.fetch(script(first, second), *(["--delete"] if delete else []))

    assert ran.code == 75
    assert ran.counts("fetched", "deleted", "kept") == ((2, 2, 0) if delete else (2, 0, 2))
    assert [each["uidl"] for each in ran.account["skipped"]] == ["B"]
    assert drop.here == [WIRE_A, WIRE_C]


@pytest.mark.parametrize("names", ["ABC", ["", "", ""]], ids=["unique-ids", "none"])
def test_a_refused_message_is_asked_for_once_however_many_sessions_follow(
    drop: Maildrop, names: list[str]
) -> None:
    there = script(opened(), listing(*((name, 6) for name in names)))
    refused = script("C: RETR 1", "S: -ERR [SYS/TEMP] later")
    broken = script("C: RETR 2", "S: +OK", "S: half", "@cut")
    first = script("@connection 1", there, refused, broken)
    ran = drop.fetch(script(first, "@connection 2", there, sent(3, "c: 3"), QUIT))
    assert (ran.code, ran.counts("fetched", "kept")) == (75, (1, 1))
    assert [each["uidl"] for each in ran.account["skipped"]] == list(names[:2])
    assert drop.here == [WIRE_C]


def test_where_only_refused_messages_are_left_no_other_session_begins(drop: Maildrop) -> None:
    refused = script("C: RETR 1", "S: -ERR [SYS/TEMP] later")
    broken = script("C: RETR 2", "S: +OK", "S: half", "@cut")
    ran = drop.fetch(plain(listing(("A", 6), ("B", 6)), refused, broken))
    assert (ran.code, ran.counts("fetched")) == (75, (0,))
    assert [each["uidl"] for each in ran.account["skipped"]] == ["A", "B"]


def test_without_unique_ids_too_a_broken_message_keeps_no_other_away(drop: Maildrop) -> None:
    there = listing(("", 6), ("", 6), ("", 6))
    begin = script(opened(), there, sent(1, "a: 1"))
    first = script("@connection 1", begin, script("C: RETR 2", "S: +OK", "S: half", "@cut"))
    second = script("@connection 2", begin, sent(3, "c: 3"), QUIT)
    ran = drop.fetch(script(first, second))
    assert (ran.code, ran.counts("fetched", "kept")) == (75, (2, 2))
    assert drop.here == [WIRE_A, WIRE_C]


def test_a_server_that_breaks_every_message_is_given_up(drop: Maildrop) -> None:
    ids = [(f"m{n}", 6) for n in range(9)]
    broken = [
        script(f"@connection {n}", opened(), listing(*ids), f"C: RETR {n}", "@cut")
        for n in (1, 2, 3)
    ]
    ran = drop.fetch(script(*broken))
    assert (ran.code, ran.counts("fetched")) == (75, (0,))
    assert len(ran.account["skipped"]) == 3


def test_an_unstuffed_dot_costs_its_own_message_alone(drop: Maildrop) -> None:
    """The rest of the message looks like an answer, and must not become another's content."""
    cut_short = script("C: RETR 1", "S: +OK", "S: a: 1", "S: .", "S: +OK", "S: forged", "S: .")
    begin = script(opened(), listing(("A", 30), ("B", 6)))
    first = script("@connection 1", begin, cut_short, sent(2, "b: 2"), "@rest")
    second = script("@connection 2", begin, sent(2, "b: 2"), deleted(2), QUIT)
    ran = drop.fetch(script(first, second), "--delete")
    assert ran.code == 76
    assert [each["uidl"] for each in ran.account["skipped"]] == ["A"]
    assert "announced 30 octets and sent 6" in ran.account["skipped"][0]["reason"]
    assert drop.here == [WIRE_B]


def test_a_lone_message_that_comes_short_needs_no_other_session(drop: Maildrop) -> None:
    ran = drop.fetch(plain(listing(("A", 30)), sent(1, "a: 1"), QUIT), "--delete")
    assert (ran.code, ran.counts("fetched", "deleted")) == (76, (0, 0))
    assert not drop.inbox.joinpath("new").is_dir() or drop.here == []


def test_lines_that_make_no_sense_cost_their_message_and_are_told(drop: Maildrop) -> None:
    odd = script(
        *("C: UIDL", "S: +OK", "S: 1 A", "S: two B", "S: 3 C", "S: ."),
        *("C: LIST", "S: +OK", "S: 1 6", "S: 2 6", "S: 3 six", "S: ."),
    )
    ran = drop.fetch(plain(odd, sent(1, "a: 1"), deleted(1), QUIT), "--delete")
    assert ran.code == 76
    assert ran.counts("fetched", "deleted") == (1, 1)
    assert "malformed" in ran.account["error"]["message"]
    assert drop.here == [WIRE_A]


@pytest.mark.parametrize(
    ("words", "code"), [("[SYS/TEMP] later", 75), ("[SYS/PERM] broken", 69), ("no", 69)]
)
def test_a_message_that_is_refused_says_whether_it_passes(
    drop: Maildrop, words: str, code: int
) -> None:
    refused = script("C: RETR 1", f"S: -ERR {words}")
    ran = drop.fetch(plain(listing(("A", 6), ("B", 6)), refused, sent(2, "b: 2"), QUIT))
    assert (ran.code, ran.counts("fetched")) == (code, (1,))


def test_a_server_that_deletes_what_was_fetched_gets_no_quit_before_it_is_here(
    drop: Maildrop,
) -> None:
    expires = opened("UIDL", "USER", "EXPIRE 0")
    ran = drop.fetch(script(expires, listing(("A", 30)), sent(1, "a: 1"), "@gone"))
    assert ran.code == 76


@pytest.mark.parametrize("answer", ["S: -ERR not now\n@rest", "@cut", "S: what?\n@rest"])
def test_a_goodbye_that_fails_is_nothing_where_nothing_was_to_be_deleted(
    drop: Maildrop, answer: str
) -> None:
    ran = drop.fetch(plain(listing(("A", 6)), sent(1, "a: 1"), "C: QUIT", answer))
    assert (ran.code, ran.counts("fetched", "kept")) == (0, (1, 1))


def test_a_refused_deletion_leaves_the_others_done(drop: Maildrop) -> None:
    two = (listing(("A", 6), ("B", 6)), sent(1, "a: 1"), sent(2, "b: 2"))
    ran = drop.fetch(plain(*two, "C: DELE 1", "S: -ERR locked", deleted(2), QUIT), "--delete")
    assert (ran.code, ran.counts("deleted")) == (69, (1,))
    after = drop.fetch(plain(listing(("A", 6)), deleted(1), QUIT), "--delete")
    assert after.counts("fetched", "deleted") == (0, 1)


def test_a_warning_names_all_that_share_a_unique_id_though_one_ends_the_session(
    drop: Maildrop,
) -> None:
    there = listing(("same", 6), ("same", 7), ("same", 8))
    first = script(opened(), there, "C: RETR 1", "S: +OK", "S: half", "@cut")
    second = script(opened(), there, sent(2, "b: 22"), sent(3, "c: 333"), QUIT)
    ran = drop.fetch(script("@connection 1", first, "@connection 2", second))
    assert ran.counts("fetched", "kept") == (2, 2)
    assert "these 3 are told apart" in ran.account["warnings"][0]


# -- pipelining --------------------------------------------------------------------


@pytest.mark.parametrize("able", [True, False], ids=["pipelined", "one by one"])
def test_commands_go_ahead_only_where_the_server_says_so(drop: Maildrop, able: bool) -> None:
    """Commands that go ahead arrive before an answer to the first of them is sent."""
    ids = [(f"m{n}", 6) for n in range(1, 4)]
    names = ("UIDL", "USER", "PIPELINING") if able else ("UIDL", "USER")
    retrieved = [sent(n, f"a: {n}") for n in (1, 2, 3)]
    server = Scripted(script(opened(*names), listing(*ids), *retrieved, deleted(1, 2, 3), QUIT))
    trace = drop.home / "trace"
    with server:
        drop.fetch(server, "--delete", f"--trace={trace}")

    lines = trace.read_text("utf-8").splitlines()
    said = [line[:1] for line in lines if line[:2] in {"C:", "S:"}]
    turns = sum(a == "S" and b == "C" for a, b in pairwise(said))
    # CAPA, USER, PASS, then {CAPA UIDL LIST}, {RETR...}, {DELE... QUIT}; or each on its own.
    assert turns == (6 if able else 3 + 3 + 3 + 4)


def test_commands_go_ahead_only_so_far(drop: Maildrop) -> None:
    """Or client and server, each with full buffers, could wait for the other to read."""
    count = WINDOW_OCTETS // len("RETR 1000\r\n") * 2
    there = listing(*((f"m{n}", 6) for n in range(1000, 1000 + count)))
    retrieved = [sent(n, "a: 1") for n in range(1, count + 1)]
    trace = drop.home / "trace"
    numbers = range(1, count + 1)
    whole = script(opened(), there, *retrieved, deleted(*numbers), QUIT)
    assert drop.fetch(whole, "--delete", f"--trace={trace}").counts("deleted") == (count,)

    lines = trace.read_text("utf-8").splitlines()
    for command in ("RETR", "DELE"):
        assert 0 < _ahead(lines, command) <= WINDOW_OCTETS + len("RETR 1000\r\n")


def _ahead(lines: list[str], command: str) -> int:
    """Return how many octets of a command were at most on their way without an answer."""
    sizes: deque[int] = deque()
    most = 0
    for line in lines:
        if line.startswith(f"C: {command} "):
            said = line.removeprefix("C: ").partition("#")[0].rstrip()
            sizes.append(len(said) + len("\r\n"))
        elif line.startswith("S: +OK") and sizes:
            sizes.popleft()
        most = max(most, sum(sizes))
    return most
