"""The state database: what is committed stays, what fails says what to do."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailcli.errors import CannotCreate, LocalError, TemporaryFailure
from mailcli.model import Flag, Keyword, Uid, UidValidity, UniqueId, keywords_of
from mailcli.store.records import (
    AppendIntent,
    DeleteIntent,
    FolderCounts,
    LeftOut,
    Look,
    MessageRow,
    PopRecord,
    PopSource,
)
from mailcli.store.state import StateStore

DIGEST = bytes(range(32))
RECORD = PopRecord(UniqueId("u1"), 100, DIGEST, "t1", "INBOX", 1_700_000_000)
ROW = MessageRow(
    UidValidity(7),
    Uid(1),
    "1.t.mailcli",
    frozenset({Flag.SEEN, Flag.FLAGGED, Keyword("$Junk"), Keyword("work")}),
    100,
    DIGEST,
)
INTENT = AppendIntent("1.x.h", DIGEST, 100, "<a@b>", UidValidity(7), 12)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "work.sqlite"


def _record_and_be_interrupted(state: StateStore, source: int) -> None:
    state.record_pop(source, [RECORD])
    raise KeyboardInterrupt


@pytest.fixture
def state(path: Path) -> Iterator[StateStore]:
    with StateStore.open(path) as state:
        yield state


def test_the_database_is_private_and_durable(path: Path, state: StateStore) -> None:
    state.pop_source("pop.example.org", "ada")
    assert path.parent.stat().st_mode & 0o777 == 0o700
    files = list(path.parent.iterdir())
    assert len(files) == 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "user_version")
    values = [next(iter(state._rows(f"PRAGMA {pragma}")))[0] for pragma in pragmas]
    assert values == ["wal", 2, 1, 5000, len(StateStore.migrations)]


def test_a_database_that_others_could_read_is_made_private(path: Path) -> None:
    StateStore.open(path).close()
    path.chmod(0o644)
    StateStore.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_recorded_is_there_after_opening_again(path: Path) -> None:
    with StateStore.open(path) as state:
        source = state.pop_source("pop.example.org", "ada")
        state.record_pop(source.id, [RECORD])
    with StateStore.open(path) as state:
        assert state.pop_source("pop.example.org", "ada") == source
        assert state.pop_seen(source.id) == {("u1", 100): RECORD}


def test_a_transaction_that_fails_leaves_nothing(state: StateStore) -> None:
    source = state.pop_source("h", "u").id
    with pytest.raises(KeyboardInterrupt), state.transaction():
        _record_and_be_interrupted(state, source)
    assert state.pop_seen(source) == {}
    state.record_pop(source, [RECORD])
    assert len(state.pop_seen(source)) == 1


def test_a_transaction_inside_another_is_part_of_it(state: StateStore) -> None:
    source = state.pop_source("h", "u").id

    def interrupted() -> None:
        with state.transaction():
            with state.transaction():
                state.record_pop(source, [RECORD._replace(size=99)])
            _record_and_be_interrupted(state, source)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert state.pop_seen(source) == {}


def test_a_killed_process_leaves_what_it_committed_and_nothing_else(path: Path) -> None:
    child = f"""
import os, signal
from pathlib import Path
from mailcli.store.state import StateStore
state = StateStore.open(Path({str(path)!r}))
state.save_folder("committed", uidvalidity=1, uidnext=1)
with state.transaction():
    state.save_folder("pending", uidvalidity=1, uidnext=1)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    source = str(Path(__file__).parents[2] / "src")
    command = [sys.executable, "-c", child]
    run = subprocess.run(command, env={"PYTHONPATH": source}, check=False, timeout=60)
    assert run.returncode == -9
    with StateStore.open(path) as state:
        assert [row.name for row in state.folders()] == ["committed"]
        assert list(state._rows("PRAGMA integrity_check")) == [("ok",)]


def test_sources_are_told_apart_by_host_and_user(state: StateStore) -> None:
    one, two, three = (state.pop_source(*key) for key in (("h", "u"), ("h", "v"), ("g", "u")))
    assert len({one.id, two.id, three.id}) == 3
    state.record_pop(one.id, [RECORD])
    assert state.pop_seen(two.id) == {}


def test_a_source_tells_whether_deliveries_are_under_way(state: StateStore) -> None:
    source = state.pop_source("h", "u")
    assert source == PopSource(source.id, "h", "u", False)
    state.set_delivering(source.id, "INBOX")
    assert state.pop_source("h", "u") == source._replace(delivering=True, target="INBOX")
    state.set_delivering(source.id, None)
    assert state.pop_source("h", "u") == source._replace(target="INBOX")


def test_a_source_tells_whether_all_unique_ids_were_taken_for_others(state: StateStore) -> None:
    source = state.pop_source("h", "u")
    state.set_delivering(source.id, "INBOX", renaming=True)
    known = state.pop_source("h", "u")
    assert known == source._replace(delivering=True, renaming=True, target="INBOX")
    state.set_delivering(source.id, "INBOX")
    assert not state.pop_source("h", "u").renaming


def test_failures_are_counted_in_a_row(state: StateStore) -> None:
    source = state.pop_source("h", "u").id
    assert [state.count_failure(source, failed) for failed in (True, True)] == [1, 2]
    assert state.count_failure(source, False) == 0
    assert state.count_failure(source, True) == 1


def test_a_known_uidl_with_another_size_is_another_message(state: StateStore) -> None:
    source = state.pop_source("h", "u").id
    other = RECORD._replace(size=101, token="t2")
    state.record_pop(source, [RECORD, other])
    state.mark_deleted(source, [(RECORD.uidl, 100)])
    assert state.pop_seen(source) == {
        ("u1", 100): RECORD._replace(deleted=True),
        ("u1", 101): other,
    }
    state.forget_pop(source, [(RECORD.uidl, 100)])
    assert list(state.pop_seen(source)) == [("u1", 101)]


def test_a_message_recorded_again_replaces_its_record(state: StateStore) -> None:
    source = state.pop_source("h", "u").id
    state.record_pop(source, [RECORD._replace(deleted=True)])
    state.record_pop(source, [RECORD])
    assert state.pop_seen(source) == {("u1", 100): RECORD}


def test_folder_counters_are_saved_and_replaced(state: StateStore) -> None:
    assert state.folder("Work/x") is None
    number = state.save_folder("Work/x", uidvalidity=UidValidity(7), uidnext=12)
    same = state.save_folder(
        "Work/x", uidvalidity=UidValidity(2**32 - 1), uidnext=2**32, highestmodseq=2**63 - 1
    )
    assert number == same
    row = state.folder("Work/x")
    assert row is not None
    assert (row.id, row.uidvalidity, row.uidnext) == (number, 2**32 - 1, 2**32)
    assert row.highestmodseq == 2**63 - 1


def test_messages_are_saved_replaced_and_forgotten(state: StateStore) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    second = ROW._replace(uid=Uid(2), flags=frozenset())
    state.save_messages(folder, [second, ROW])
    assert list(state.messages(folder)) == [ROW, second]
    moved = ROW._replace(unique="other", flags=frozenset({Flag.DELETED}))
    state.save_messages(folder, [moved])
    state.forget_messages(folder, UidValidity(7), [Uid(2)])
    assert list(state.messages(folder)) == [moved]


def test_keywords_are_recorded_in_the_case_in_which_each_message_has_them(
    state: StateStore,
) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    spelled = ["work", "Work", "WORK"]
    rows = [
        ROW._replace(uid=Uid(uid), unique=f"u{uid}", flags=frozenset({Flag.SEEN, Keyword(name)}))
        for uid, name in enumerate(spelled, start=1)
    ]
    state.save_messages(folder, rows)
    found = sorted(state.messages(folder), key=lambda row: row.uid)
    assert [next(iter(keywords_of(row.flags))).imap for row in found] == spelled


def test_messages_are_read_among_some_files_alone_or_in_outline(state: StateStore) -> None:
    folder = state.save_folder("INBOX", uidvalidity=UidValidity(7), uidnext=4)
    other = ROW._replace(uid=Uid(2), unique="2.t.mailcli", held=True)
    state.save_messages(folder, [other, ROW])
    assert list(state.messages(folder, among={other.unique})) == [other]
    assert list(state.outlines(folder)) == [
        (each.uidvalidity, each.uid, each.unique, each.flags, each.held) for each in (ROW, other)
    ]


def test_the_known_uids_are_those_of_messages_and_of_what_was_left_out(state: StateStore) -> None:
    folder = state.save_folder("INBOX", uidvalidity=UidValidity(7), uidnext=4)
    state.save_messages(folder, [ROW, ROW._replace(uidvalidity=UidValidity(6), uid=Uid(5))])
    left = [LeftOut(UidValidity(7), uid, 100, None) for uid in (ROW.uid, Uid(3))]
    state.save_left_out(folder, left)
    assert list(state.known_uids(folder, UidValidity(7))) == [ROW.uid, Uid(3)]


def test_messages_of_another_uidvalidity_stay_apart(state: StateStore) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(8), uidnext=1)
    other = ROW._replace(uidvalidity=UidValidity(8), sha256=bytes(32))
    state.save_messages(folder, [ROW, other])
    state.forget_messages(folder, UidValidity(7), [ROW.uid])
    assert list(state.messages(folder)) == [other]


def test_a_renamed_folder_keeps_its_messages_and_a_forgotten_one_does_not(
    state: StateStore,
) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    state.save_messages(folder, [ROW])
    state.add_intents(folder, [INTENT])
    state.rename_folder(folder, "b")
    assert [row.name for row in state.folders()] == ["b"]
    assert list(state.messages(folder)) == [ROW]
    state.forget_folder(folder)
    assert list(state.messages(folder)) == []
    assert state.intents(folder) == []


def test_what_the_server_says_of_a_folder_is_kept_and_ends_its_detachment(
    state: StateStore,
) -> None:
    folder = state.save_folder("Work/x", uidvalidity=UidValidity(7), uidnext=1)
    state.set_detached(folder, True)
    (row,) = state.folders()
    assert (row.server_name, row.delimiter, row.subscribed, row.detached) == (
        *(None, None, False),
        True,
    )
    state.save_place(folder, server_name="INBOX.Work.\udcff", delimiter=".", subscribed=True)
    (row,) = state.folders()
    assert (row.server_name, row.delimiter) == ("INBOX.Work.\udcff", ".")
    assert (row.subscribed, row.detached) == (True, False)
    state.set_subscribed(folder, False)
    state.rename_folder(folder, "b")
    (row,) = state.folders()
    assert (row.name, row.server_name, row.subscribed) == ("b", None, False)


def test_counts_are_those_of_the_present_uids(state: StateStore) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    state.save_folder("empty", uidvalidity=UidValidity(7), uidnext=1)
    unseen = ROW._replace(uid=Uid(ROW.uid + 1), flags=frozenset(), unique="2.u.h", size=5)
    seen = ROW._replace(flags=frozenset({Flag.SEEN}), size=7)
    former = ROW._replace(uidvalidity=UidValidity(6))
    state.save_messages(folder, [seen, unseen, former])
    assert state.folder_counts() == {folder: FolderCounts(messages=2, unseen=1, size=12)}


def test_renames_are_kept_until_dropped(state: StateStore) -> None:
    first = state.add_rename("a", "b\udcff")
    second = state.add_rename("c", "d")
    assert state.renames() == [first, second]
    assert (first.old, first.new) == ("a", "b\udcff")
    state.drop_rename(first)
    assert state.renames() == [second]


def test_a_database_of_the_first_version_keeps_its_folders(path: Path) -> None:
    class First(StateStore):
        migrations = StateStore.migrations[:1]

    with First.open(path) as first:
        sql = "INSERT INTO folder (name, uidvalidity, uidnext, role) VALUES (?, ?, ?, ?)"
        first._write(sql, [("a", 7, 3, "sent")])
    with StateStore.open(path) as state:
        (row,) = state.folders()
    assert (row.name, row.uidvalidity, row.uidnext, row.role) == ("a", 7, 3, "sent")
    assert (row.server_name, row.delimiter, row.subscribed, row.detached) == (
        *(None, None, False),
        False,
    )


def test_a_database_of_the_third_version_keeps_its_content(path: Path) -> None:
    class Third(StateStore):
        migrations = StateStore.migrations[:3]

    with Third.open(path) as third:
        third._write(
            "INSERT INTO folder (name, uidvalidity, uidnext, highestmodseq, server_name)"
            " VALUES (?, ?, ?, ?, ?)",
            [("a", 7, 3, 99, "INBOX.a")],
        )
        third._write(
            "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(1, 7, 1, "1.t.mailcli", "FS", "$Junk work", 100, DIGEST)],
        )
        third.add_deletions(1, [DeleteIntent(UidValidity(7), Uid(1), on_server=True)])
    with StateStore.open(path) as state:
        (row,) = state.folders()
        assert (row.name, row.uidnext, row.highestmodseq, row.server_name) == (
            "a",
            3,
            99,
            "INBOX.a",
        )
        assert (row.messages, row.mailbox_id) == (None, None)
        assert list(state.messages(row.id)) == [ROW]
        assert len(state.deletions(row.id)) == 1
        assert state.left_out(row.id) == []


def test_a_folder_is_found_by_its_name_and_by_its_id(state: StateStore) -> None:
    first, second = (
        state.save_folder(name, uidvalidity=UidValidity(7), uidnext=1) for name in ("a", "b")
    )
    for name, number in (("a", first), ("b", second)):
        row = state.folder(name)
        assert row is not None
        assert (row.id, row.name) == (number, name)
        assert state.folder_by_id(number) == row
    assert (state.folder("A"), state.folder_by_id(second + 1)) == (None, None)


def test_shortcuts_last_only_until_the_folder_is_saved_without(state: StateStore) -> None:
    state.save_folder(
        "a", uidvalidity=UidValidity(7), uidnext=12, messages=0, mailbox_id="F-1\udcff"
    )
    row = state.folder("a")
    assert row is not None
    assert (row.messages, row.mailbox_id) == (0, "F-1\udcff")
    state.save_folder("a", uidvalidity=UidValidity(7), uidnext=12)
    row = state.folder("a")
    assert row is not None
    assert (row.messages, row.mailbox_id) == (None, None)


def test_the_name_of_a_content_is_kept_with_its_message(state: StateStore) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    named = ROW._replace(uid=Uid(2), email_id="M-1")
    state.save_messages(folder, [ROW, named])
    assert list(state.messages(folder)) == [ROW, named]


def test_messages_left_out_are_kept_until_forgotten(state: StateStore) -> None:
    folder, other = (
        state.save_folder(name, uidvalidity=UidValidity(7), uidnext=1) for name in ("a", "b")
    )
    big = LeftOut(UidValidity(7), Uid(1), 2**40, 1_700_000_000)
    old = LeftOut(UidValidity(7), Uid(2), 10, None)
    former = big._replace(uidvalidity=UidValidity(6))
    state.save_left_out(folder, [old, big, former])
    state.save_left_out(folder, [big])
    state.save_left_out(other, [big])
    assert state.left_out(folder) == [former, big, old]
    state.forget_left_out(folder, UidValidity(7), [Uid(1), Uid(3)])
    assert state.left_out(folder) == [former, old]
    state.retire_messages(folder, UidValidity(7))
    assert state.left_out(folder) == []
    assert state.left_out(other) == [big]


def test_a_message_moved_is_recorded_there_and_no_more_here(state: StateStore) -> None:
    source, target = (
        state.save_folder(name, uidvalidity=UidValidity(7), uidnext=1) for name in ("a", "b")
    )
    stays = ROW._replace(uid=Uid(2))
    state.save_messages(source, [ROW, stays])
    state.add_deletions(source, [DeleteIntent(UidValidity(7), Uid(1), on_server=True)])
    moved = ROW._replace(uidvalidity=UidValidity(8), uid=Uid(40))
    state.move_message(source, ROW, target, moved)
    assert list(state.messages(source)) == [stays]
    assert list(state.messages(target)) == [moved]
    assert state.deletions(source) == []


def test_a_move_that_is_interrupted_leaves_the_message_where_it_was(
    state: StateStore,
) -> None:
    source = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    state.save_messages(source, [ROW])
    with pytest.raises(sqlite3.IntegrityError):  # no folder of that id
        state.move_message(source, ROW, source + 1, ROW)
    assert list(state.messages(source)) == [ROW]


def test_upload_intents_are_kept_until_dropped(state: StateStore) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    bare = INTENT._replace(unique="2.y.h", message_id=None, uidnext_before=None)
    state.add_intents(folder, [INTENT, bare])
    assert state.intents(folder) == [INTENT, bare]
    state.drop_intents(folder, [INTENT.unique])
    assert state.intents(folder) == [bare]


def test_a_second_intent_for_one_file_is_a_defect(state: StateStore) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    with pytest.raises(sqlite3.IntegrityError):
        state.add_intents(folder, [INTENT, INTENT])
    assert state.intents(folder) == []


def test_names_that_were_never_decoded_come_back(state: StateStore) -> None:
    odd = "a\udcff\u00e9"
    folder = state.save_folder(odd, uidvalidity=UidValidity(7), uidnext=1)
    row = ROW._replace(unique=odd, flags=frozenset({Keyword(odd)}))
    intent = INTENT._replace(unique=odd, message_id=odd)
    record = RECORD._replace(uidl=UniqueId(odd), folder=odd)
    source = state.pop_source("h", odd).id
    state.save_messages(folder, [row])
    state.add_intents(folder, [intent])
    state.record_pop(source, [record])
    state.mark_deleted(source, [(record.uidl, record.size)])
    assert state.folder(odd) is not None
    assert list(state.messages(folder)) == [row]
    assert state.intents(folder) == [intent]
    assert state.pop_seen(source) == {(odd, 100): record._replace(deleted=True)}


def test_a_file_that_is_no_database_may_be_moved_away(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(LocalError, match="damaged") as failed:
        StateStore.open(path)
    assert "move it away" in failed.value.hint
    assert "no mail is lost" in failed.value.hint
    assert path.read_bytes().startswith(b"not a database")


def test_a_database_damaged_inside_is_told_apart_from_a_defect(path: Path) -> None:
    with StateStore.open(path) as state:
        source = state.pop_source("h", "u").id
        state.record_pop(source, (RECORD._replace(size=size) for size in range(2000)))
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(LocalError, match="damaged"), StateStore.open(path) as state:
        state.pop_seen(source)


def test_a_database_of_a_newer_mailcli_is_left_alone(path: Path) -> None:
    with StateStore.open(path) as state:
        state._connection.execute("PRAGMA user_version=99")
    with pytest.raises(LocalError, match="newer version") as failed:
        StateStore.open(path)
    assert "update mailcli" in failed.value.hint
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)
    connection.close()


def test_an_older_database_is_brought_up_to_date_with_its_content(path: Path) -> None:
    class Newer(StateStore):
        migrations = (*StateStore.migrations, ("ALTER TABLE folder ADD COLUMN extra TEXT",))

    with StateStore.open(path) as state:
        state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    with Newer.open(path) as newer:
        assert list(newer._rows("SELECT name, extra FROM folder")) == [("a", None)]
        assert list(newer._rows("PRAGMA user_version")) == [(len(Newer.migrations),)]


def test_a_database_of_version_4_has_its_folders_listed_anew(path: Path) -> None:
    class Version4(StateStore):
        migrations = StateStore.migrations[:4]

    with Version4.open(path) as old:
        old._connection.execute("INSERT INTO folder (name, messages) VALUES ('a', 3)")
    with StateStore.open(path) as state:
        (folder,) = state.folders()
        assert (folder.messages, folder.stamps) == (3, None)


def test_a_database_of_version_5_has_no_file_noted_for_its_letters(path: Path) -> None:
    class Version5(StateStore):
        migrations = StateStore.migrations[:5]

    with Version5.open(path) as old:
        old._connection.execute("INSERT INTO folder (name) VALUES ('a')")
    with StateStore.open(path) as state:
        assert [folder.name for folder in state.folders()] == ["a"]
        assert state.lettered() == set()


def test_files_are_noted_for_their_letters_until_they_are_bound_or_gone(
    state: StateStore,
) -> None:
    state.note_lettered("a", [ROW.unique, "2.x"])
    state.note_lettered("b\udcff", [ROW.unique])
    state.note_lettered("a", ["2.x"])
    assert state.lettered() == {("a", ROW.unique), ("a", "2.x"), ("b\udcff", ROW.unique)}

    a = state.save_folder("a", uidvalidity=ROW.uidvalidity, uidnext=1)
    state.save_messages(a, [ROW])
    assert state.lettered() == {("a", "2.x"), ("b\udcff", ROW.unique)}

    state.forget_lettered([("a", "2.x")])
    assert state.lettered() == {("b\udcff", ROW.unique)}
    state.note_lettered("a", [ROW.unique])  # which was bound before the note could be made
    assert state.lettered() == {("b\udcff", ROW.unique)}


def test_a_note_of_a_bound_file_does_not_come_back_when_the_message_goes_elsewhere(
    state: StateStore,
) -> None:
    a = state.save_folder("a", uidvalidity=ROW.uidvalidity, uidnext=1)
    b = state.save_folder("b\udcff", uidvalidity=ROW.uidvalidity, uidnext=1)
    state.note_lettered("a", [ROW.unique])
    state.note_lettered("b\udcff", [ROW.unique, "2.x"])
    state.save_messages(a, [ROW])
    assert state.lettered() == {("b\udcff", ROW.unique), ("b\udcff", "2.x")}

    state.move_message(a, ROW, b, ROW)
    assert state.lettered() == {("b\udcff", "2.x")}
    state.forget_messages(b, ROW.uidvalidity, [ROW.uid])
    assert state.lettered() == {("b\udcff", "2.x")}


def test_notes_go_along_with_their_folder(state: StateStore) -> None:
    a = state.save_folder("a\udcff", uidvalidity=ROW.uidvalidity, uidnext=1)
    b = state.save_folder("b", uidvalidity=ROW.uidvalidity, uidnext=1)
    state.note_lettered("a\udcff", ["1.x", "2.x"])
    state.note_lettered("b", ["1.x"])
    state.note_lettered("c", ["1.x"])  # of a folder that was here before

    state.rename_folder(a, "c")
    assert state.lettered() == {("c", "1.x"), ("c", "2.x"), ("b", "1.x")}
    state.forget_folder(a)
    assert state.lettered() == {("b", "1.x")}
    state.forget_folder(b)
    assert state.lettered() == set()


def test_the_keywords_that_were_agreed_on_are_told_with_folder_and_file(
    state: StateStore,
) -> None:
    a = state.save_folder("a", uidvalidity=ROW.uidvalidity, uidnext=1)
    keywords = frozenset({Keyword("todo"), Keyword("$Label1")})
    tagged = ROW._replace(uid=Uid(99), unique="9.x", flags=keywords | {Flag.SEEN})
    state.save_messages(a, [ROW._replace(flags=frozenset()), tagged])

    assert list(state.agreed_keywords()) == [("a", "9.x", keywords)]


@pytest.mark.parametrize(
    "change",
    [
        lambda state, a: state.save_messages(a, [ROW]),
        lambda state, a: state.forget_messages(a, ROW.uidvalidity, [ROW.uid]),
        lambda state, a: state.retire_messages(a, ROW.uidvalidity),
        lambda state, a: state.move_message(a, ROW, a + 1, ROW),
        lambda state, _: state.save_folder("a", uidvalidity=ROW.uidvalidity, uidnext=2),
    ],
    ids=["saved", "forgotten", "retired", "moved", "folder"],
)
def test_whatever_changes_a_folders_record_drops_its_stamps(
    state: StateStore, change: Callable[[StateStore, int], None]
) -> None:
    first, _, other = (
        state.save_folder(name, uidvalidity=UidValidity(7), uidnext=1) for name in ("a", "b", "c")
    )
    state.save_messages(first, [ROW])
    state.save_stamps({first: Look("as agreed", "1f", 1), other: Look("the other's", "2e", 0)})
    assert [row.stamps for row in state.folders()] == ["as agreed", None, "the other's"]
    assert [row.agreed for row in state.folders()] == [1, None, 0]

    change(state, first)

    assert [row.stamps for row in state.folders()] == [None, None, "the other's"]


def test_what_is_left_out_for_its_size_is_found_among_what_is_too_old(state: StateStore) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    old, young, undated = (
        LeftOut(UidValidity(7), Uid(uid), 100, received)
        for uid, received in ((1, 1000), (2, 2000), (3, None))
    )
    former = LeftOut(UidValidity(6), Uid(2), 100, 2000)
    state.save_left_out(folder, [old, young, undated, former])

    def found(oldest: int | None) -> set[Uid]:
        return {each.uid for each in state.left_out_since(folder, UidValidity(7), oldest)}

    assert found(2000) == {2, 3}
    assert found(2001) == {3}
    assert found(None) == {1, 2, 3}


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    class Broken(StateStore):
        migrations = (*StateStore.migrations, ("CREATE TABLE more (a)", "CREATE TABLE more (a)"))

    StateStore.open(path).close()
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        Broken.open(path)
    with StateStore.open(path) as state:
        assert list(state._rows("SELECT * FROM sqlite_master WHERE name = 'more'")) == []


def test_a_deletion_is_open_until_its_message_is_forgotten(state: StateStore) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    state.save_messages(folder, [ROW, ROW._replace(uid=Uid(2))])
    intents = [DeleteIntent(UidValidity(7), Uid(uid), on_server=uid > 1) for uid in (1, 2, 3)]
    state.add_deletions(folder, intents)
    state.add_deletions(folder, intents)
    assert state.deletions(folder) == intents
    state.forget_messages(folder, UidValidity(7), [Uid(1)])
    assert state.deletions(folder) == intents[1:]
    assert [row.uid for row in state.messages(folder)] == [2]
    state.drop_deletions(folder, intents[1:2])
    assert state.deletions(folder) == intents[2:]
    assert [row.uid for row in state.messages(folder)] == [2]


def test_a_retired_generation_keeps_its_messages_apart(state: StateStore) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    for unique in ("first", "second"):
        state.save_messages(folder, [ROW._replace(unique=unique)])
        state.retire_messages(folder, UidValidity(7))
    assert [(row.uidvalidity, row.unique) for row in state.messages(folder)] == [
        *((-2, "second"), (-1, "first"))
    ]


def test_a_full_disk_leaves_the_last_committed_state(state: StateStore) -> None:
    source = state.pop_source("h", "u").id
    ((pages,),) = state._rows("PRAGMA page_count")
    list(state._rows(f"PRAGMA max_page_count={pages}"))
    with pytest.raises(LocalError, match="no space left") as failed:
        state.record_pop(source, (RECORD._replace(size=size) for size in range(2000)))
    assert failed.value.hint
    assert state.pop_seen(source) == {}
    list(state._rows("PRAGMA max_page_count=100000"))
    state.record_pop(source, [RECORD])
    assert len(state.pop_seen(source)) == 1


def test_a_database_kept_busy_is_a_temporary_failure(path: Path, state: StateStore) -> None:
    with (
        state.transaction(),
        StateStore.open(path, busy_seconds=0) as other,
        pytest.raises(TemporaryFailure, match="another process"),
    ):
        other.pop_source("h", "u")


def test_a_directory_in_the_way_cannot_be_opened(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(CannotCreate, match="Is a directory"):
        StateStore.open(path)


def test_messages_are_found_by_name_however_many_are_asked_for(state: StateStore) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    rows = [ROW._replace(uid=Uid(uid), unique=f"{uid}.\udcff") for uid in range(1, 2001)]
    former = ROW._replace(uidvalidity=UidValidity(6), uid=Uid(1), unique="1.\udcff")
    state.save_messages(folder, [*rows, former])

    wanted = [row.unique for row in rows[1:]]
    found = set(state.named(folder, UidValidity(7), [*wanted, "nobody's"]))

    assert found == {(row.uid, row.unique) for row in rows[1:]}


def test_messages_of_one_generation_are_found_by_ranges_of_uids(state: StateStore) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    rows = [ROW._replace(uidvalidity=UidValidity(7), uid=Uid(uid)) for uid in (1, 3, 4, 9)]
    former = ROW._replace(uidvalidity=UidValidity(6), uid=Uid(3))
    state.save_messages(folder, [*rows, former])

    assert list(state.messages_in(folder, UidValidity(7), [(2, 4), (9, 99)])) == rows[1:]


def test_what_is_left_out_and_a_message_all_the_same_is_not_left_alone(state: StateStore) -> None:
    folder = state.save_folder("a", uidvalidity=UidValidity(7), uidnext=1)
    state.save_messages(folder, [ROW._replace(uidvalidity=UidValidity(7), uid=Uid(1))])
    left = [LeftOut(UidValidity(7), Uid(uid), 100, None) for uid in (1, 2)]
    state.save_left_out(folder, [*left, LeftOut(UidValidity(6), Uid(3), 100, None)])

    assert state.left_alone(folder, UidValidity(7)) == [2]
    assert sorted(state.known_uids(folder, UidValidity(7))) == [1, 2]


def test_rows_that_nobody_wants_any_more_say_nothing_when_the_file_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", told.append)
    with StateStore.open(tmp_path / "a.db") as state:
        rows = state._rows("SELECT 1 UNION SELECT 2")
        assert next(rows) == (1,)

    del rows

    assert told == []


@pytest.fixture
def fsyncs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is made durable through `os`, as it happens."""
    done: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        done.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)

    monkeypatch.setattr(os, "fsync", noted)
    return done


def test_a_new_file_and_its_directory_are_durable_before_anything_is_in_it(
    path: Path, fsyncs: list[str]
) -> None:
    StateStore.open(path).close()

    assert fsyncs[-1] == path.parent.name
    assert path.parent.parent.name in fsyncs


def test_what_a_killed_run_made_is_made_durable_by_the_next_one(
    path: Path, fsyncs: list[str]
) -> None:
    path.parent.mkdir()
    path.touch()

    StateStore.open(path).close()

    assert fsyncs == [path.parent.parent.name, path.parent.name]


def test_what_was_written_is_durable_already_and_opened_without_waiting_for_the_disk(
    path: Path, fsyncs: list[str]
) -> None:
    StateStore.open(path).close()
    fsyncs.clear()

    StateStore.open(path).close()

    assert not fsyncs
