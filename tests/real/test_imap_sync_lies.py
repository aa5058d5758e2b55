"""`imap-sync` on a real Dovecot whose answers are changed on the way: what a broken server says.

After each lie both sides still have every message once, and an honest run makes good.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import RunMailcli, WriteConfig
from tests.support.dovecot import Dovecot
from tests.support.imap_sides import Sync, change_flags, done, errors, here, message, of, syncing
from tests.support.imap_sides import there as on_server
from tests.support.liar import Liar
from tests.support.local_mail import mail_files, put

NAMES = [f"m{number}" for number in range(1, 13)]
"""Twelve messages: more than ten, so that losing all of them is no small thing."""


@dataclass
class Both:
    """One account, its two sides and the liar between them: INBOX has `NAMES`, Work one more."""

    dovecot: Dovecot
    user: str
    maildir: Path
    liar: Liar
    sync: Sync

    def alike(self, *folders: str) -> None:
        """Assert that both sides hold the same, and that nothing is there twice."""
        for folder in folders or ("INBOX", "Work"):
            assert here(self.maildir / folder) == on_server(self.dovecot, self.user, folder)
        for side in (self.here(), self.there()):
            assert max(side.values()) == 1, side

    def here(self) -> Any:
        return sum((here(self.maildir / name) for name in ("INBOX", "Work")), start=here(Path()))

    def there(self) -> Any:
        names = ("INBOX", "Work")
        return sum((on_server(self.dovecot, self.user, n) for n in names), start=here(Path()))

    def file(self, name: str) -> Path:
        """Return the file of a message in INBOX."""
        found = mail_files(self.maildir / "INBOX")
        return next(p for p in found if f"Subject: {name}\n" in p.read_text())

    def rest(self) -> None:
        """Assert that two more honest runs make good, and that the second does nothing."""
        self.liar.honest()
        self.sync()
        assert self.sync()["changed"] is False
        self.alike()


@pytest.fixture
def both(
    dovecot: Dovecot,
    account_user: str,
    write_config: WriteConfig,
    run_mailcli: RunMailcli,
    home: Path,
) -> Iterator[Both]:
    with Liar(dovecot.imap) as liar:
        imap = {"host": "127.0.0.1", "port": liar.port, "tls": "none", "username": account_user}
        table = {"email": "a@b.example", "password_command": ["printf", "pw"]}
        write_config({"home": table | {"imap": imap | {"folders": ["INBOX", "Work", "Fresh"]}}})
        dovecot.deliver(account_user, *map(message, NAMES))
        dovecot.deliver(account_user, message("work"), folder="Work")
        made = Both(dovecot, account_user, home / "Mail" / "home", liar, syncing(run_mailcli))
        made.sync()
        yield made


def after(pattern: bytes, more: bytes) -> Callable[[bytes], bytes]:
    """Return a change that says more behind each line that matches."""
    return lambda line: line + (more if re.search(pattern, line) else b"")


def instead(pattern: bytes, other: bytes) -> Callable[[bytes], bytes]:
    """Return a change that replaces what matches in each line."""
    return lambda line: re.sub(pattern, other, line)


def test_a_new_message_that_is_withheld_is_told_and_comes_later(both: Both) -> None:
    both.dovecot.deliver(both.user, message("m13"), message("m14"))
    both.liar.asked = instead(rb"UID FETCH 13:14 (.*BODY)", rb"UID FETCH 13 \1")

    result = both.sync()

    assert done(result) == {"INBOX": {"fetched": 1}}
    reason = "the server sent no message"
    assert of(result, "INBOX")["skipped"] == [{"uid": 14, "path": None, "reason": reason}]
    both.rest()


# -- what is said to be gone -------------------------------------------------------------------


@pytest.mark.parametrize("gone", ["1:4294967295", "2", "0", "x"])
def test_vanished_for_what_is_there_deletes_nothing(both: Both, gone: str) -> None:
    change_flags(both.dovecot, both.user, "+\\Flagged", "3")
    both.liar.told = after(rb"\[HIGHESTMODSEQ", b"* VANISHED (EARLIER) %b\r\n" % gone.encode())

    both.sync()

    assert len(mail_files(both.maildir / "INBOX")) == 12
    both.rest()
    assert sum(letters == "F" for _, letters in both.here()) == 1


def test_vanished_with_a_number_of_messages_that_fits_deletes_nothing(both: Both) -> None:
    change_flags(both.dovecot, both.user, "+\\Flagged", "3")
    lies = iter([b"11"])

    def told(line: bytes) -> bytes:
        if line == b"* 12 EXISTS\r\n":
            number = next(lies, None)
            return b"* VANISHED (EARLIER) 7\r\n* 11 EXISTS\r\n" if number else line
        return line

    both.liar.told = told
    assert of(both.sync(), "INBOX")["deleted_local"] == 0, "listed again, it is there"
    both.rest()


def test_a_folder_that_shrinks_during_the_listing_is_left_alone(both: Both) -> None:
    shutil.move(both.file("m1"), both.maildir.parent)
    lost = re.compile(rb"\* (?:[4-9]|1\d) FETCH \(UID \d+ FLAGS")
    both.liar.told = lambda line: b"* 3 EXISTS\r\n" if lost.match(line) else line

    assert errors(both.sync("--full", code=76)) == {"INBOX": 76}

    assert len(mail_files(both.maildir / "INBOX")) == 11
    assert len(both.there()) == 13, "nor is anything deleted there"
    both.rest()


def test_expunges_without_end_delete_nothing(both: Both) -> None:
    both.liar.told = after(rb"\* 12 FETCH \(UID \d+ FLAGS", b"* 1 EXPUNGE\r\n" * 20)

    assert errors(both.sync("--full", code=76)) == {"INBOX": 76}

    assert len(mail_files(both.maildir / "INBOX")) == 12
    both.rest()


def test_a_folder_that_is_nonexistent_is_held(both: Both) -> None:
    both.liar.told = instead(rb"^\* LIST \((.*)\) (.*Work)", rb"* LIST (\\NonExistent \1) \2")

    assert errors(both.sync(code=3)) == {"Work": 3}

    assert len(mail_files(both.maildir / "Work")) == 1
    both.rest()


# -- counters that lie -------------------------------------------------------------------------


def test_counters_that_say_nothing_has_changed_are_found_out_by_full(both: Both) -> None:
    kept: list[bytes] = []

    def told(line: bytes) -> bytes:
        if line.startswith(b"* STATUS INBOX "):
            kept.append(line)
            return kept[0]
        return line

    both.liar.told = told
    both.sync()
    both.dovecot.deliver(both.user, message("new"))
    change_flags(both.dovecot, both.user, "+\\Flagged", "3")

    assert both.sync()["changed"] is False
    assert done(both.sync("--full")) == {"INBOX": {"fetched": 1, "flags_local": 1}}
    both.rest()


def test_counters_that_say_something_has_changed_change_nothing(both: Both) -> None:
    rounds = iter(range(1, 1000))
    both.liar.told = lambda line: re.sub(
        rb"(STATUS .*HIGHESTMODSEQ) \d+", lambda found: b"%b %d" % (found[1], next(rounds)), line
    )

    for _ in range(3):
        assert both.sync()["changed"] is False
    both.rest()


@pytest.mark.parametrize("numbers", [b"(MESSAGES 12)", b"(MESSAGES x)"])
def test_counters_that_are_missing_or_nonsense_are_no_agreement(
    both: Both, numbers: bytes
) -> None:
    change_flags(both.dovecot, both.user, "+\\Flagged", "3")
    both.liar.told = instead(rb"^(\* STATUS INBOX) .*\r\n", rb"\1 %b\r\n" % numbers)

    both.sync()

    both.rest()
    assert sum(letters == "F" for _, letters in both.here()) == 1


# -- moves -------------------------------------------------------------------------------------

PLACES = {
    "nonsense": rb"[COPYUID x y z]",
    "too short": rb"[COPYUID \1]",
    "too few": rb"[COPYUID \1 \2 2]",
    "foreign": rb"[COPYUID \1 900:901 \3]",
    "of another generation": rb"[COPYUID 1 \2 \3]",
    "of messages that were there before": rb"[COPYUID \1 \2 1,2]",
    "all the same": rb"[COPYUID \1 \2 2,2]",
    "in another order": rb"[COPYUID \1 \2 3,2]",
    "of messages to come": rb"[COPYUID \1 \2 3:4]",
    "of none": rb"[COPYUID \1 \2 900:901]",
    "not told": b"",
}


@pytest.mark.parametrize("said", PLACES.values(), ids=PLACES)
def test_new_uids_that_cannot_be_make_no_message_twice(both: Both, said: bytes) -> None:
    for name in ("m1", "m2"):
        shutil.move(both.file(name), both.maildir / "Work" / "cur")
    both.liar.told = instead(rb"\[COPYUID (\S+) (\S+) (\S+)\]", said)

    both.sync()

    assert max(both.here().values()) == 1
    assert len(mail_files(both.maildir / "Work")) == 3
    both.rest()
    assert len(mail_files(both.maildir / "Work")) == 3
    assert len(both.there()) == 13


UPLOADED = {
    "nonsense": rb"[APPENDUID x y]",
    "zero": rb"[APPENDUID \1 0]",
    "of another generation": rb"[APPENDUID 1 \2]",
    "of a message that was there before": rb"[APPENDUID \1 1]",
    "of a message to come": rb"[APPENDUID \1 3]",
    "of none": rb"[APPENDUID \1 900]",
    "not told": b"",
}


@pytest.mark.parametrize("said", UPLOADED.values(), ids=UPLOADED)
def test_a_uid_that_an_upload_cannot_have_makes_no_message_twice(both: Both, said: bytes) -> None:
    put(both.maildir / "Work", "1.new.host:2,S", message("new").replace(b"\r\n", b"\n"))
    both.liar.told = instead(rb"\[APPENDUID (\S+) (\S+)\]", said)

    both.sync()
    both.sync()

    both.rest()
    assert len(mail_files(both.maildir / "Work")) == 2


WRONG = rb"\[(APPENDUID \S+|COPYUID \S+ \S+) 2\]"


@pytest.mark.parametrize("how", ["uploaded", "moved"])
@pytest.mark.parametrize("change", ["none", "flagged", "deleted"])
@pytest.mark.parametrize("mode", ["both ways", "--push"])
def test_another_message_is_not_taken_for_ours_by_a_uid_that_was_told(
    both: Both, how: str, change: str, mode: str
) -> None:
    """The answer says 3, which is the next message's: ours is 2."""
    path = both.maildir / "Work" / "cur" / "1.new.host:2,"
    if how == "moved":
        shutil.move(both.file("m1"), path)
    else:
        path.write_bytes(message("new").replace(b"\r\n", b"\n"))
    both.liar.told = instead(WRONG, rb"[\1 3]")
    both.sync()
    both.liar.honest()
    both.dovecot.deliver(both.user, message("another"), folder="Work")
    if change == "flagged":
        path.rename(path.with_name("1.new.host:2,F"))
    elif change == "deleted":
        path.unlink()

    both.sync(*([mode] if mode == "--push" else []))

    held = [raw for raw in both.dovecot.messages(both.user, "Work") if b": another" in raw]
    assert held == [message("another")]
    both.sync()
    both.rest()
    assert b"another" in b"".join(p.read_bytes() for p in mail_files(both.maildir / "Work"))


@pytest.mark.parametrize("how", ["uploaded", "moved"])
@pytest.mark.parametrize("other", ["--allow-mass-delete", "--push", "--pull", "-n"])
def test_a_file_is_not_deleted_because_its_upload_was_told_a_uid_of_none(
    both: Both, how: str, other: str
) -> None:
    mail_files(both.maildir / "Work")[0].unlink()  # deletions are made in the same run
    path = both.maildir / "Work" / "cur" / "1.new.host:2,S"
    if how == "moved":
        shutil.move(both.file("m1"), path)
    else:
        path.write_bytes(message("new").replace(b"\r\n", b"\n"))
    both.liar.told = instead(WRONG, rb"[\1 900]")
    both.sync()
    both.liar.honest()

    both.sync(other)

    both.rest()
    assert path.exists()


def removed_before(both: Both, command: bytes) -> Callable[[bytes], bytes]:
    """Return a change that lets another client remove m1 just before a command arrives."""

    def change(line: bytes) -> bytes:
        if command in line:
            with both.dovecot.connect(both.user) as other:
                other.select("INBOX")
                other.uid("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
                other.uid("EXPUNGE", "1")
        return line

    return change


def test_a_message_that_is_gone_just_before_its_move_is_75_and_stays_at_its_new_place(
    both: Both,
) -> None:
    shutil.move(both.file("m1"), both.maildir / "Work" / "cur")
    both.liar.asked = removed_before(both, b"UID MOVE")

    assert errors(both.sync(code=75)) == {"INBOX": 75}

    both.rest()
    assert len(mail_files(both.maildir / "Work")) == 2


def test_a_move_of_nothing_that_is_answered_with_ok_loses_nothing(both: Both) -> None:
    shutil.move(both.file("m1"), both.maildir / "Work" / "cur")
    both.liar.asked = removed_before(both, b"UID MOVE")
    both.liar.told = instead(rb"^(m\d+) NO \[EXPUNGEISSUED\].*\r\n", rb"\1 OK done\r\n")

    both.sync()

    both.rest()
    assert len(mail_files(both.maildir / "Work")) == 2


def test_a_move_that_does_nothing_and_is_answered_with_ok_is_made_by_an_upload(
    both: Both,
) -> None:
    shutil.move(both.file("m1"), both.maildir / "Work" / "cur")
    both.liar.asked = instead(rb"UID MOVE .*\r\n", b"NOOP\r\n")

    both.sync()

    both.alike()
    assert len(mail_files(both.maildir / "Work")) == 2
    assert on_server(both.dovecot, both.user).total() == 11
    both.rest()


def test_a_move_that_is_refused_after_it_moved_part_is_completed_later(both: Both) -> None:
    for name in ("m1", "m2", "m3"):
        shutil.move(both.file(name), both.maildir / "Work" / "cur")
    both.liar.asked = instead(rb"UID MOVE 1:3 ", b"UID MOVE 2 ")
    both.liar.told = instead(rb"^(m\d+) OK (?:\[.*\] )?Move.*\r\n", rb"\1 NO [LIMIT] enough\r\n")

    assert errors(both.sync(code=69)) == {"INBOX": 69}
    assert max(both.there().values()) == 1

    both.rest()
    assert len(mail_files(both.maildir / "Work")) == 4
    assert len(on_server(both.dovecot, both.user, "Work")) == 4


@pytest.mark.parametrize("lost", [b"UID MOVE", b"UID FETCH", b"APPEND", b"UID EXPUNGE"])
def test_an_answer_in_words_of_another_protocol_is_76(both: Both, lost: bytes) -> None:
    shutil.move(both.file("m1"), both.maildir / "Work" / "cur")
    both.file("m2").unlink()
    both.maildir.joinpath("INBOX", "new", "1.a.elsewhere").write_bytes(b"Subject: n\n\nnew\n")
    spoken = False

    def asked(line: bytes) -> bytes:
        nonlocal spoken
        spoken = spoken or b" " + lost in line
        return line

    def told(line: bytes) -> bytes:
        return b"250 2.0.0 Ok\r\n" if spoken and re.match(rb"m\d+ ", line) else line

    both.liar.asked, both.liar.told = asked, told
    both.sync(code=76)
    both.liar.honest()
    both.rest()
    assert len(both.there()) == 13
    assert len(on_server(both.dovecot, both.user, "Work")) == 2


# -- renames -----------------------------------------------------------------------------------


def test_a_refused_question_about_a_renamed_folder_does_not_end_the_run(both: Both) -> None:
    with both.dovecot.connect(both.user) as other:
        other.rename("Work", "Fresh")
    both.dovecot.deliver(both.user, message("m13"))
    both.liar.asked = instead(
        rb"UID FETCH (\S+) \(.*RFC822.SIZE.*\r\n", rb'UID COPY \1 "Nowhere"\r\n'
    )

    result = both.sync()

    assert result["error"] is None
    assert done(result) == {"Fresh": {"moved": 1}, "INBOX": {"fetched": 1}}
    both.liar.honest()
    assert both.sync()["changed"] is False
    both.alike("INBOX", "Fresh")


# -- identity ----------------------------------------------------------------------------------


def test_a_mailboxid_that_all_folders_share_proves_no_rename(both: Both) -> None:
    def told(line: bytes) -> bytes:
        line = line.replace(b"[CAPABILITY IMAP4rev1", b"[CAPABILITY IMAP4rev1 OBJECTID")
        return line + (b"* OK [MAILBOXID (same)] id\r\n" if b"[UIDVALIDITY" in line else b"")

    both.liar.told, both.liar.asked = told, instead(b" EMAILID", b"")
    both.sync("--full")
    with both.dovecot.connect(both.user) as other:
        other.delete("Work")
    both.dovecot.deliver(both.user, message("quite another"), folder="Fresh")

    result = both.sync(code=3)

    assert (errors(result), result["folders_renamed"]) == ({"Work": 3}, [])
    assert len(mail_files(both.maildir / "Work")) == 1
    assert len(mail_files(both.maildir / "Fresh")) == 1


def renumbered(both: Both) -> Callable[[bytes], bytes]:
    """Make Work anew and empty, synchronise it; return a change that says its old UIDVALIDITY."""
    with both.dovecot.connect(both.user) as other:
        (old,) = other.status("Work", "(UIDVALIDITY)")[1]
        other.delete("Work")
        other.create("Work")
        (new,) = other.status("Work", "(UIDVALIDITY)")[1]
    both.sync()
    assert len(mail_files(both.maildir / "Work")) == 1, "it stays here"
    numbers = [re.search(rb"UIDVALIDITY \d+", told) for told in (new, old)]
    before, after = (found[0] for found in numbers if found)
    return lambda line: line.replace(before, after)


def test_a_message_that_comes_back_with_its_uidvalidity_is_fetched_once(both: Both) -> None:
    both.liar.told = renumbered(both)
    both.dovecot.deliver(both.user, message("work"), folder="Work")
    both.sync()
    both.liar.asked = instead(rb"BODY", b"NOTHING")

    assert both.sync()["changed"] is False

    both.alike("Work")


@pytest.mark.parametrize("letters", ["", "S"])
def test_a_file_without_a_message_is_left_alone_where_a_uidvalidity_comes_back(
    both: Both, letters: str
) -> None:
    both.liar.told = renumbered(both)
    both.dovecot.deliver(both.user, message("other"), message("another"), folder="Work")
    with both.dovecot.connect(both.user) as other:
        other.select("Work")
        other.uid("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
        other.uid("EXPUNGE", "1")
    (path,) = mail_files(both.maildir / "Work")
    path = path.rename(both.maildir / "Work" / "cur" / f"1.renamed.host:2,{letters}")

    both.sync()
    both.sync()

    assert path.exists()
    assert len(mail_files(both.maildir / "Work")) == 2
    assert on_server(both.dovecot, both.user, "Work").total() == 1


def test_a_message_that_came_after_its_folder_was_opened_is_not_taken_for_an_upload(
    both: Both,
) -> None:
    """It has the UID that the answer to the upload tells."""
    both.dovecot.deliver(both.user, message("another"), folder="Work")
    path = put(both.maildir / "Work", "1.new.host", message("new").replace(b"\r\n", b"\n"))
    lies = {b"[UIDNEXT 3]": b"[UIDNEXT 2]", b" 3] Append": b" 2] Append"}
    told: list[bytes] = []

    def lie(line: bytes) -> bytes:
        for true, false in lies.items():
            if true in line:
                told.append(false)
                line = line.replace(true, false)
        return line

    both.liar.told = lie
    both.sync()
    both.liar.honest()
    assert {*told} == {*lies.values()}
    change_flags(both.dovecot, both.user, "+\\Flagged", "2", folder="Work")

    both.sync()

    (flagged,) = (p for p in mail_files(both.maildir / "Work") if p.name.endswith(":2,F"))
    assert b"Subject: another" in flagged.read_bytes()
    assert path.exists()
    both.rest()


def test_what_changes_there_during_a_run_that_looks_twice_is_listed_by_the_next(
    both: Both,
) -> None:
    put(both.maildir / "INBOX", "1.new.host", message("new").replace(b"\r\n", b"\n"))
    asked: list[bytes] = []

    def flagged_before_an_upload(line: bytes) -> bytes:
        asked.append(line)
        if b" APPEND " in line:
            change_flags(both.dovecot, both.user, "+\\Flagged", "3")
        return line

    both.liar.asked = flagged_before_an_upload
    both.liar.told = instead(rb"\[APPENDUID \S+ \S+\] ", b"")
    both.sync()
    seen = len(asked)

    both.sync()

    whole = b"UID FETCH 1:* (UID FLAGS)\r\n"
    assert any(line.endswith(whole) for line in asked[seen:])
    assert sum(letters == "F" for _, letters in both.here()) == 1
    both.rest()
