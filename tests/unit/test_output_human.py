"""Output for people: what stands on the screen, at several widths, and that nothing steers it."""

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import pytest
from rich.cells import cell_len
from tests.support import results as samples
from tests.support.results import SAMPLES

from mailcli.model import Address
from mailcli.output import Color, Format, make_printer
from mailcli.output.human import Screen, date_text, marks_text, table_text
from mailcli.output.printer import screen_width, use_color
from mailcli.output.tables import table_of
from mailcli.output.words import size_text
from mailcli.results import (
    AccountsResult,
    CredentialChange,
    FoldersResult,
    FolderSync,
    ImapAccount,
    ImapResult,
    ListResult,
    PlannedAction,
    PopAccount,
    PopResult,
    RefusedRecipient,
    Result,
    SkippedImap,
)

PROJECT = Path(__file__).parents[2]


def shown(
    result: Result, *, width: int = 80, asked: bool = False, **options: Any
) -> tuple[str, str]:
    """Return what a person sees on stdout and on stderr."""
    stdout, stderr = io.StringIO(), io.StringIO()
    printer = make_printer(
        fmt=Format.TABLE,
        stdout=stdout,
        stderr=stderr,
        is_terminal=True,
        environ={"COLUMNS": str(width), "NO_COLOR": "1", "TERM": "xterm"},
        now=lambda: samples.NOW,
        **options,
    )
    printer.emit(result, asked=asked)
    return stdout.getvalue(), stderr.getvalue()


STDOUT = {
    "drafts-save": (
        "work: Draft 43 saved in Dra<U+001B>[2Jfts. To go on: mailcli drafts edit 43\n"
    ),
    "organise": "Moved 1 message to Ar<U+001B>[2Jchive.\nWould change 1 message: +seen -todo.\n",
    "send-queued": "Queued for bob@example.org as message 7. To send it: mailcli outbox flush\n",
    "outbox-list": """\
7  Hi ␛[31m, to bob@example.org and 1 other: next try 2024-03-02 09:34
   450 greylisted ␛[2J
8  Hi ␛[31m, to bob@example.org and 1 other: not confirmed, not sent again by itself
""",
    "outbox-drop": "Dropped 7 (Hi ␛[31m).\n",
    "outbox-flush": """\
7 (Hi): delivered to 1, not to 2 recipients
8 (no subject): not now
1 message left; --now tries them at once.
""",
    "send": "Delivered to bob@example.org, saved in Sent.\n",
    "send-partial": "Delivered to 2 of 4 recipients.\n",
    "send-unknown": "Sent, but not confirmed.\n",
    "send-preview": """\
Account: work
Server:  smtp.example.org:465
From:    ada@example.org
To:      bob@example.org
To:      eve@example.org

Subject: Hello

␛[31mHi.
""",
    "pop-fetch": """\
work: 3 fetched (12 kB), 5 kept on the server
home: no new mail, 1 skipped
  skipped U<U+001B>1: larger than 10 MB
""",
    "imap-sync": """\
work: 3 fetched, 1 flag change on the server, 12 deletions held back, 1 folder failed
  New: folder created
  INBOX: 3 fetched, 1 flag change on the server
  Old: 12 deletions held back
  Bad: failed
  Bad: skipped UID 5: cannot be read
home: up to date (1 folder)
""",
    "imap-sync-dry-run": """\
work: 3 actions planned
  New: folder to be created
  INBOX: fetch UID 17: 12 kB
  INBOX: upload 9:2,S
""",
    "imap-sync-verify": """\
work: 3 differences
  INBOX: UID 17 9:2,S with other octets: changed here
  INBOX: UID 18 with other flags: here none
  INBOX: <U+001B>7 missing on the server
home: no differences (1 folder)
""",
    "imap-sync-folders": """\
work: 2 moved
  Old: folder deleted
  Work → New: folder renamed
  New: 2 moved
  [Gmail]/All Mail: left out: shown once more
home: up to date (1 folder)
  Important: left out: shown once more
""",
    "folders": """\
Folder       Role  Messages  Unread  Notes
INBOX                  1200       3
日本語/名前  sent                    folders only
""",
    "folders-partly": """\
Folder  Role  Messages  Unread  Notes
INBOX             1200       3
""",
    "folders-changed": """\
Folder  Role   Messages  Unread   Size  Notes
INBOX   inbox      1200       3  15 MB
""",
    "list": """\
No.              Date  From           Folder      Subject
 12  ●  @       13:00  Ada Lovelace   work/INBOX  Notes on the Engine
 11   r!   2024-03-02  Lovelace, Ada  work/INBOX  [red]x[/red] :smile: ␛[31mred…
     D                 (unknown)      INBOX       (no subject)
""",
    "read": """\
From:     Ada Lovelace <ada@example.org>
To:       bob@example.org
Date:     Sat, 14 Nov 2026 13:00
Subject:  [red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m gnp.exe�
Folder:   work/INBOX, no. 12
✗ Sender FORGED, or sent past its own servers (DMARC fail, SPF pass, says
  mx.example.org)
✗ BAD [red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m gnp.exe�
✓ good signature by Ada
? part 1: good; the rest of the message is not signed
! the sender's name shows [red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m
  gnp.exe�

Dear Bob,
> [red]x[/red] :smile: ␛[31mred␛]0;t␇
        next\\x9b1m gnp.exe�

[9 quoted lines]
--\x20
Ada

│ From:    Carol
│
│ [red]x[/red] :smile: ␛[31mred␛]0;t␇
│         next\\x9b1m gnp.exe�

2 remote images not loaded

1 attachment
  2  [red]x[/red] :smile:
     <U+001B>[31mred<U+001B>]0;t<U+0007><U+000D><U+000A><U+0009>next<U+009B>1m
     <U+202E>gnp.exe<U+200B><U+D800> (image/png, 1.5 MB)
""",
    "read-several": """\
12  Sat, 14 Nov 2026 13:00  Ada Lovelace
Dear Bob [red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m gnp.exe�
────────────────────────────────────────────────────────────────────────────────
From: Ada Lovelace <ada@example.org>
X-Odd: [red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m gnp.exe�
✓ Sender verified: it comes from (DMARC pass, DKIM pass, SPF pass, says
  mx.example.org)

(no text)
""",
    "status": """\
work: 3 unread, 1 flagged, 1204 messages; 2 messages in the outbox
  imap-sync 2026-11-14 15:00: failed: login refused
  pop-fetch 2026-11-13 15:00: done
  Unread  Flagged  Messages  Folder
       3        1      1200  INBOX
       1                  4  Sent
home: 0 unread, 0 flagged, 0 messages
""",
    "attachments-list": """\
Message  Part    Size  Type             Name
     12  2     123 kB  application/pdf  Räksmörgås.pdf
     12  3.1      7 B  image/png        [red]x[/red] :smile: ␛[31mred␛]0;t␇ nex…
     12  4        0 B  message/rfc822   (no name)
""",
    "attachments-save": """\
Message  Part    Size  Type             Saved as
     12  2     2.0 MB  application/pdf  /home/ada/in/a.pdf
old.eml  1        9 B  application/pdf  /home/ada/in/a-1.pdf
""",
    "account-list": """\
work (default)
  Address  ada@example.org
  SMTP     smtp.example.org:465
  IMAP     imap.example.org:993
  Maildir  /mail/work

home
  POP3     pop.example.net:995
  Maildir  /mail/home
""",
    "account-password": "Password of work (imap) stored in SecretService Keyring.\n",
    "import": """\
Created the folder Old/[red]x.
Imported 1 message into INBOX.
Imported 1 message into Old/[red]x.
3 messages left out, already here; --again imports them once more.
""",
    "export": """\
Exported 2 messages (12 kB) to <U+001B>.mbox.
1 message left out, already there.
""",
}
STDERR = {
    "drafts-save": (
        "mailcli: warning: [red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m gnp.exe�:"
        " no HTML any more\n"
    ),
    "read-several": "mailcli: work: 42: no such message\n",
    "organise": (
        "undo: mailcli move 42 'IN BOX'\n"
        "mailcli: imap.example.org: login refused: ␛[2Jno\nhint: see the log\n"
    ),
    "outbox-flush": """\
mailcli: x@example.org: refused: 550 5.1.1 No such user ␛[1m
mailcli: y@example.org: refused for now: 450 greylisted
hint: try again later
mailcli: imap.example.org: login refused: ␛[2Jno
hint: see the log
mailcli: warning: no copy
""",
    "folders-changed": """\
work: created New
work: renamed Old to <U+001B>[2JOther, here as well
work: deleted Gone (1 message); what is here stays, until you remove it: /mail/Gone
work: deleted Top
work: would subscribe New
mailcli: imap.example.org: login refused: ␛[2Jno
hint: see the log
""",
    "send-unknown": "mailcli: work: no answer ␛[2J\nhint: ask\n",
    "folders-partly": """\
mailcli: imap.example.org: login refused: ␛[2Jno
hint: see the log
mailcli: work: no answer for 30 s
hint: try again later
""",
    "send-partial": """\
mailcli: x@example.org: refused: 550 5.1.1 No such user ␛[1m
mailcli: y@example.org: refused for now: 450 greylisted
hint: try again later
mailcli: warning: the copy could not be saved
""",
    "pop-fetch": """\
mailcli: bad: imap.example.org: login refused: ␛[2Jno
hint: see the log
""",
    "imap-sync": """\
mailcli: work: Old: 12 deletions are held back, nothing was deleted
hint: -n shows them; if they are meant: mailcli imap-sync -A work Old --allow-mass-delete
mailcli: work: Bad: no answer for 30 s
hint: try again later
mailcli: bad: imap.example.org: login refused: ␛[2Jno
hint: see the log
""",
    "import": """\
mailcli: [red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m gnp.exe\ufffd: no such file
mailcli: warning: [red]x[/red] :smile: ␛[31mred␛]0;t␇ next\\x9b1m gnp.exe\ufffd: cut
""",
    "imap-sync-verify": "mailcli: work: /mail/INBOX/cur/9:2,S: not as it was\n",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_person_sees(name: str) -> None:
    assert shown(SAMPLES[name][1]) == (STDOUT[name], STDERR.get(name, ""))


def test_accounts_are_a_table_where_it_fits() -> None:
    assert shown(samples.ACCOUNTS, width=120)[0].splitlines()[1] == (
        "work (default)  ada@example.org  smtp.example.org:465                       "
        "imap.example.org:993  /mail/work"
    )


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("result", [samples.LIST, samples.FOLDERS], ids=["list", "folders"])
def test_tables_never_exceed_the_screen(result: Result, width: int) -> None:
    long = "長い件名 long subject " * 20
    if isinstance(result, ListResult):
        other = samples.message(99999, subject=long, account="home", folder="Lists/" + long)
        result = ListResult((*result.messages, other))
    text = shown(result, width=width)[0]
    assert max(map(cell_len, text.splitlines())) <= width


def test_a_wide_screen_shows_addresses_and_folders_of_several_accounts() -> None:
    messages = (samples.message(1), samples.message(2, account="home", folder="POP"))
    text = shown(ListResult(messages), width=120)[0]
    assert "Ada Lovelace <ada@example.org>  work/INBOX  Notes" in text
    assert "home/POP" in text
    assert "home/POP" not in shown(ListResult(messages), width=60)[0]


def test_a_name_that_poses_as_an_address_does_not_hide_the_address() -> None:
    sender = Address("bank@bank.example", "eve@evil.example")
    text = shown(ListResult((samples.message(from_=(sender,)),)))[0]
    assert "eve@evil.example" in text
    assert "bank@bank.example" not in text


def test_markup_and_emoji_names_in_any_text_are_printed_literally() -> None:
    text = "[red]x[/red] [/] :smile: https://e.example"
    found = (
        shown(ListResult((samples.message(subject=text),)), width=120)[0],
        shown(FoldersResult((samples.FOLDERS.folders[0]._replace(name=text),)), width=120)[0],
        shown(AccountsResult((samples.ACCOUNTS.accounts[0]._replace(email=text),)))[0],
    )
    assert [text in each for each in found] == [True, True, True]


@pytest.mark.parametrize(
    ("flags", "attachments", "expected"),
    [
        pytest.param((), 0, "●   ", id="unread"),
        pytest.param(("seen",), 0, "    ", id="read"),
        pytest.param(("\\Seen", "\\Answered", "\\Flagged"), 2, " r!@", id="IMAP names"),
        pytest.param(("seen", "passed"), 0, " f  ", id="forwarded"),
        pytest.param(("draft",), 0, "D   ", id="draft"),
    ],
)
def test_marks(flags: tuple[str, ...], attachments: int, expected: str) -> None:
    message = samples.message(flags=flags, attachments=attachments)
    assert marks_text(message) == expected
    assert marks_text(message, unicode=False) == expected.replace("●", "N")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param(None, "", id="unknown"),
        pytest.param(samples.NOW - timedelta(hours=14), "01:00", id="today"),
        pytest.param(samples.NOW - timedelta(hours=16), "Fri 23:00", id="yesterday"),
        pytest.param(datetime(2026, 11, 8, 9, tzinfo=UTC), "Sun 10:00", id="six days ago"),
        pytest.param(datetime(2026, 11, 7, 9, tzinfo=UTC), " 7 Nov", id="a week ago"),
        pytest.param(datetime(2026, 11, 13, 23, 30, tzinfo=UTC), "00:30", id="today in this zone"),
        pytest.param(datetime(2026, 1, 2, tzinfo=UTC), " 2 Jan", id="this year"),
        pytest.param(datetime(2025, 12, 31, tzinfo=UTC), "2025-12-31", id="another year"),
        pytest.param(samples.NOW + timedelta(days=20), "2026-12-04", id="the future"),
        pytest.param(
            datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "9999-12-31", id="end of the calendar"
        ),
    ],
)
def test_dates_for_people(moment: datetime | None, expected: str) -> None:
    assert date_text(moment, samples.NOW) == expected


def test_dates_without_a_zone_are_utc() -> None:
    now = datetime(2026, 11, 14, 23, 0, tzinfo=timezone(timedelta(hours=9)))
    assert date_text(datetime(2026, 11, 14, 1, 0), now) == "10:00"


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (123_456_789, "123 MB"),
        (5_000_000_000, "5.0 GB"),
        (5_000_000_000_000, "5000 GB"),
    ],
)
def test_sizes_for_people(octets: int, expected: str) -> None:
    assert size_text(octets) == expected


@pytest.mark.parametrize(
    ("outcome", "accepted", "expected"),
    [
        ("unknown", 1, "Sent, but not confirmed.\n"),
        ("refused", 0, "Not delivered.\n"),
    ],
)
def test_other_outcomes_of_send(outcome: Any, accepted: int, expected: str) -> None:
    addresses = (Address("", "a@x"), Address("", "b@x"))[:accepted]
    result = samples.SENT._replace(outcome=outcome, accepted=addresses, saved=None)
    assert shown(result)[0] == expected


def test_quiet_leaves_out_what_was_done_but_not_data_or_failures() -> None:
    assert shown(samples.POP, quiet=True) == ("", STDERR["pop-fetch"])
    assert shown(samples.SENT, quiet=True) == ("", "")
    assert shown(samples.PLAN, quiet=True, asked=True) == (STDOUT["imap-sync-dry-run"], "")
    assert shown(samples.FOLDERS, quiet=True) == (STDOUT["folders"], "")


def test_an_empty_list_is_a_note_and_no_data() -> None:
    assert shown(ListResult(())) == ("", "Nothing to show.\n")
    assert shown(ListResult(()), quiet=True) == ("", "")


def test_notes_and_warnings_are_cleaned_and_on_stderr() -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    printer = make_printer(
        fmt=None, stdout=stdout, stderr=stderr, is_terminal=True, environ={}, quiet=False
    )
    printer.note("at \x1b[2J work")
    printer.warn("two\nlines")
    assert stderr.getvalue() == "at ␛[2J work\nmailcli: warning: two lines\n"
    assert stdout.getvalue() == ""


def test_an_account_that_failed_is_not_told_to_be_up_to_date() -> None:
    result = ImapResult((ImapAccount("work", error=samples.LOGIN),))
    assert shown(result)[0] == ""


def test_an_account_that_did_something_before_it_failed_says_so() -> None:
    account = PopAccount("work", fetched=1, bytes=10, error=samples.LOGIN)
    assert shown(PopResult((account,)))[0].startswith("work: 1 fetched (10 B)")


def test_a_dry_run_of_pop_fetch_does_not_tell_its_plan_as_done() -> None:
    account = PopAccount("work", fetched=2, bytes=10, deleted=1, kept=3, done=False)
    plan = "work: 2 to fetch (10 B), 1 to delete on the server, 3 to keep on the server\n"
    assert shown(PopResult((account,))) == (plan, "")


def test_a_dry_run_with_nothing_to_do_says_so() -> None:
    result = ImapResult((ImapAccount("work", (FolderSync("INBOX", actions=()),)),), "dry-run")
    assert shown(result) == ("work: nothing to do (1 folder)\n", "")


def test_a_plan_leaves_out_what_would_only_be_recorded() -> None:
    agree = PlannedAction("agree", 1, None, "both sides have seen")
    folder = FolderSync("INBOX", actions=(agree, PlannedAction("fetch", 2, None, "")))
    result = ImapResult((ImapAccount("work", (folder,)),), "dry-run")
    assert shown(result) == ("work: 1 action planned\n  INBOX: fetch UID 2\n", "")


def test_of_many_messages_with_the_same_action_only_the_number_is_told() -> None:
    many = tuple(PlannedAction("fetch", uid, None, "new on the server") for uid in range(1, 5))
    few = (
        PlannedAction("flags_remote", 9, Path("/mail/INBOX/cur/9:2,S"), "add seen"),
        PlannedAction("move", None, Path("/mail/INBOX/cur/7:2,"), "moved here from Work"),
    )
    folders = (FolderSync("INBOX", actions=(*many, *few)),)
    account = ImapAccount("work", folders, folders_created=("a", "b", "c", "d"))
    assert (
        shown(ImapResult((account,), "dry-run"))[0]
        == """\
work: 10 actions planned
  4 folders to be created
  INBOX: fetch 4 messages: new on the server
  INBOX: change flags on the server of UID 9: add seen
  INBOX: move 7:2,: moved here from Work
"""
    )


def test_every_kind_of_change_is_named() -> None:
    folder = FolderSync(
        "INBOX",
        appended=1,
        moved=1,
        flags_local=2,
        deleted_local=1,
        deleted_remote=3,
        changed=True,
    )
    text = shown(ImapResult((ImapAccount("work", (folder,), changed=True),)))[0]
    assert text.splitlines()[1] == (
        "  INBOX: 1 uploaded, 1 moved, 2 flag changes here,"
        " 1 deleted here, 3 deleted on the server"
    )


def test_messages_that_are_left_alone_are_no_news() -> None:
    skipped = tuple(SkippedImap(uid, None, "too large") for uid in range(1, 7))
    folders = (FolderSync("INBOX", skipped=skipped), FolderSync("Sent", skipped=skipped[:1]))
    assert (
        shown(ImapResult((ImapAccount("work", folders),)))[0]
        == """\
work: up to date (2 folders, 7 skipped)
  INBOX: skipped UID 1: too large
  INBOX: skipped UID 2: too large
  INBOX: skipped UID 3: too large
  INBOX: skipped 3 more: --json has them all
  Sent: skipped UID 1: too large
"""
    )


def test_a_pattern_that_fits_no_folder_is_not_told_to_be_up_to_date() -> None:
    assert (
        shown(ImapResult((ImapAccount("work"),)))[0]
        == "work: no folder is mirrored, or none fits what was asked for\n"
    )


@pytest.mark.parametrize(("kind", "column"), [("dry-run", "action"), ("verify", "difference")])
def test_a_plan_and_a_comparison_of_no_folder_have_their_own_columns(
    kind: Literal["dry-run", "verify"], column: str
) -> None:
    result = ImapResult((ImapAccount("work"),), kind)
    assert table_of(result).columns[2] == column


def test_a_plan_of_new_folders_alone_is_told_as_a_plan() -> None:
    result = ImapResult((ImapAccount("work", folders_created=("New",)),), "dry-run")
    assert shown(result)[0] == "work: 1 action planned\n  New: folder to be created\n"


def test_no_name_of_a_folder_fills_the_screen() -> None:
    folder = FolderSync("a" * 10_000 + "z", fetched=1, changed=True)
    line = shown(ImapResult((ImapAccount("work", (folder,), changed=True),)))[0].splitlines()[1]
    assert len(line) < 220
    assert line.endswith("aaz: 1 fetched")


def test_a_removed_password_says_from_where() -> None:
    change = CredentialChange("work", None, False, "Keyring")
    assert shown(change)[0] == "Password of work removed from Keyring.\n"


def test_an_old_locale_gets_letters_and_question_marks() -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    printer = make_printer(
        fmt=Format.TABLE,
        stdout=stdout,
        stderr=io.StringIO(),
        is_terminal=True,
        environ={"COLUMNS": "60"},
        now=lambda: samples.NOW,
    )
    printer.emit(ListResult((samples.message(1, flags=(), subject="naïve 日本"),)))
    assert isinstance(stdout.buffer, io.BytesIO)
    assert "  1  N     13:00  Ada Lovelace  naïve ??" in stdout.buffer.getvalue().decode("latin-1")


@pytest.mark.parametrize(
    ("color", "is_terminal", "environ", "expected"),
    [
        pytest.param("auto", True, {"TERM": "xterm"}, True, id="terminal"),
        pytest.param("auto", False, {"TERM": "xterm"}, False, id="pipe"),
        pytest.param("auto", True, {"TERM": "dumb"}, False, id="dumb terminal"),
        pytest.param("auto", True, {}, False, id="no TERM"),
        pytest.param("auto", True, {"TERM": "xterm", "NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param("auto", True, {"TERM": "xterm", "NO_COLOR": ""}, True, id="NO_COLOR empty"),
        pytest.param("auto", False, {"FORCE_COLOR": "1"}, True, id="FORCE_COLOR"),
        pytest.param("auto", False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, id="both"),
        pytest.param("always", False, {"NO_COLOR": "1"}, True, id="always"),
        pytest.param("never", True, {"TERM": "xterm", "FORCE_COLOR": "1"}, False, id="never"),
    ],
)
def test_color(color: str, is_terminal: bool, environ: dict[str, str], expected: bool) -> None:
    assert use_color(Color(color), is_terminal=is_terminal, environ=environ) is expected


def test_color_adds_escapes_of_ours_alone() -> None:
    stdout = io.StringIO()
    printer = make_printer(
        fmt=None,
        stdout=stdout,
        stderr=io.StringIO(),
        is_terminal=True,
        color=Color.ALWAYS,
        environ={"COLUMNS": "80"},
        now=lambda: samples.NOW,
    )
    printer.emit(samples.LIST)
    bare = stdout.getvalue()
    assert "\x1b[1m" in bare
    for ours in ("\x1b[0m", "\x1b[1m", "\x1b[2m"):
        bare = bare.replace(ours, "")
    plain = [line.rstrip() for line in bare.splitlines()]
    assert plain == STDOUT["list"].splitlines()


@pytest.mark.parametrize(
    ("columns", "expected"), [("60", 60), ("0", 80), ("wide", 80), ("", 80), ("²", 80)]
)
def test_width_without_a_terminal(columns: str, expected: int) -> None:
    assert screen_width(io.StringIO(), {"COLUMNS": columns}) == expected


CHILD = """
import sys
from mailcli.cli.boundary import Program, run
from mailcli.errors import Refused
from mailcli.output import make_printer
from pathlib import Path
from tests.support import results as samples

def main():
    printer = make_printer(
        fmt=None, stdout=sys.stdout, stderr=sys.stderr, is_terminal=True, environ={}
    )
    for _, result in samples.SAMPLES.values():
        printer.emit(result)
    printer.note(samples.HOSTILE)
    printer.warn(samples.HOSTILE)
    raise Refused(samples.HOSTILE, hint=samples.HOSTILE, account=samples.HOSTILE)

sys.exit(run(main, Program(sys.argv, sys.stdout, sys.stderr, Path)))
"""


def on_a_terminal(code: str, env: dict[str, str], *, width: int) -> tuple[str, int]:
    """Run Python code on a pseudo-terminal and return all that reached it, and the exit code."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=theirs, env=env
    ) as child:
        os.close(theirs)
        chunks = []
        try:
            while chunk := os.read(ours, 65536):
                chunks.append(chunk)
        except OSError:  # Linux's way to say that the last writer has gone
            pass
        finally:
            os.close(ours)
    return b"".join(chunks).decode("utf-8"), child.returncode


def test_hostile_texts_never_reach_a_real_terminal_raw(mailcli_env: dict[str, str]) -> None:
    env = {name: value for name, value in mailcli_env.items() if name != "COLUMNS"}
    env["PYTHONPATH"] += os.pathsep + str(PROJECT)
    text, code = on_a_terminal(CHILD, env, width=72)
    assert "␛[31mred" in text
    assert code == 69, text
    text = text.replace("\r\n", "")  # what a terminal makes of each line end
    assert {each for each in text if each < " " or "\x7f" <= each <= "\x9f"} == set()
    assert {"\u202e", "\u200b"} & set(text) == set()


def test_a_table_is_as_wide_as_the_real_terminal(mailcli_env: dict[str, str]) -> None:
    env = {name: value for name, value in mailcli_env.items() if name != "COLUMNS"}
    code = (
        "import sys; from mailcli.output.printer import screen_width;"
        "print(screen_width(sys.stdout, {}))"
    )
    assert on_a_terminal(code, env, width=72) == ("72\r\n", 0)


def test_a_permanent_refusal_repeats_no_status_code() -> None:
    refused = RefusedRecipient(Address("", "x@x"), True, 550, "5.1.1", "5.1.1 gone")
    result = samples.SENT._replace(outcome="refused", accepted=(), refused=(refused,))
    assert shown(result)[1] == "mailcli: x@x: refused: 550 5.1.1 gone\n"


def test_a_result_without_a_view_of_its_own_is_shown_by_its_columns() -> None:
    screen = Screen(80, color=False, unicode=True, now=samples.NOW)
    assert table_text(samples.CREDENTIAL, screen) == (
        "Account  Protocol  Stored  Backend\nwork     imap      yes     SecretService Keyring\n"
    )
    assert table_text(samples.POP, screen).startswith("work\n  Fetched  3\n  Bytes    12345\n")
