"""Keywords that `imap-sync` carries, and the letters that other programs read them by."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.real.conftest import OpenAccount
from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot import dovecot as running_dovecot
from tests.support.dovecot_config import PLUGINS
from tests.support.imap_sides import done
from tests.support.local_mail import letters, put
from tests.support.processes import ServerUser, server_directory
from tests.support.sync_account import SyncAccount, keyword_names, names_of

from mailcli.store.folder import MaildirFolder
from mailcli.store.listing import Differing
from mailcli.store.outline import Outline

MANY = tuple(f"k{number:02}" for number in range(30))
"""More keywords than there are letters."""


def named(folder: Path, *names: str) -> None:
    """Give a folder's letters these meanings, as Dovecot would: the first is `a`."""
    lines = [f"{number} {name}\n" for number, name in enumerate(names)]
    folder.joinpath("dovecot-keywords").write_text("".join(lines), "utf-8")


# -- both ways -----------------------------------------------------------------------------


def test_keywords_set_there_are_letters_here_that_the_folder_explains(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", flags=("\\Seen", "work"))
    mirrored.fill("b", flags=("$Label1", "work"))

    assert keyword_names(mirrored.maildir / "INBOX") == {"a": "work", "b": "$Label1"}
    found = [letters(mirrored.file(subject)) for subject in ("a", "b")]
    assert found == ["Sa", "ab"]


def test_letters_given_here_are_keywords_there(mirrored: SyncAccount) -> None:
    mirrored.fill("a", "b")
    named(mirrored.maildir / "INBOX", "work", "home")
    mirrored.flag_here("a", "Fb")

    result = mirrored.sync()

    assert done(result) == {"INBOX": {"flags_remote": 1}}
    assert mirrored.there() == mirrored.here() == ["a \\Flagged home", "b"]
    assert mirrored.settled()


def test_a_new_file_is_uploaded_with_its_keywords(mirrored: SyncAccount) -> None:
    mirrored.sync()
    put(mirrored.maildir / "INBOX", "1.a.host:2,Sb", b"Subject: a\n\n")
    named(mirrored.maildir / "INBOX", "work", "home")

    assert done(mirrored.sync()) == {"INBOX": {"appended": 1}}

    assert mirrored.there() == mirrored.here() == ["a \\Seen home"]


def test_keywords_merge_one_by_one(mirrored: SyncAccount) -> None:
    mirrored.fill("a", flags=("one", "two"))
    named(mirrored.maildir / "INBOX", "one", "two", "three")
    mirrored.flag_here("a", "bc")  # without one, with three
    mirrored.flag_there("a", "-two")
    mirrored.flag_there("a", "+four")

    result = mirrored.sync()

    assert mirrored.here() == mirrored.there() == ["a four three"]
    assert done(result) == {"INBOX": {"flags_local": 1, "flags_remote": 1}}
    assert mirrored.settled()


def test_keywords_taken_away_on_either_side_are_taken_away_on_the_other(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", flags=("work",))
    mirrored.flag_here("a", "")
    mirrored.flag_there("b", "-work")

    mirrored.sync()

    assert mirrored.here() == mirrored.there() == ["a", "b"]
    assert mirrored.settled()


def test_after_the_state_was_lost_keywords_of_both_sides_are_kept(mirrored: SyncAccount) -> None:
    mirrored.fill("a", flags=("work",))
    named(mirrored.maildir / "INBOX", "work", "home")
    mirrored.flag_here("a", "ab")
    mirrored.flag_there("a", "+later")
    mirrored.lose_state()

    mirrored.sync()

    assert mirrored.here() == mirrored.there() == ["a home later work"]
    assert mirrored.settled()


def test_keywords_that_differ_in_case_alone_are_the_same(mirrored: SyncAccount) -> None:
    mirrored.fill("a", flags=("Work",))
    named(mirrored.maildir / "INBOX", "WORK", "home")
    mirrored.flag_here("a", "ab")

    result = mirrored.sync()

    assert done(result) == {"INBOX": {"flags_remote": 1}}
    assert mirrored.there() == ["a Work home"]
    assert letters(mirrored.file("a")) == "ab"
    assert mirrored.settled()


def test_letters_that_another_program_gave_out_anew_change_nothing(mirrored: SyncAccount) -> None:
    mirrored.fill("a", flags=("work",))
    mirrored.fill("b", flags=("home",))
    named(mirrored.maildir / "INBOX", "home", "other", "work")
    mirrored.flag_here("a", "c")
    mirrored.flag_here("b", "a")

    commands = mirrored.said()

    assert "UID STORE" not in names_of(commands)
    assert mirrored.there() == mirrored.here() == ["a work", "b home"]
    assert letters(mirrored.file("a")) == "c"


def test_letters_that_lost_their_meaning_cost_no_message_its_keywords(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", flags=("work",))
    (mirrored.maildir / "INBOX" / "dovecot-keywords").unlink()
    mirrored.deliver("c", flags=("work", "other"))
    mirrored.flag_there("a", "+\\Flagged")

    mirrored.sync()

    assert mirrored.there() == ["a \\Flagged work", "b work", "c other work"]
    assert mirrored.settled()


def test_letters_that_lose_their_meaning_while_files_are_listed_are_given_to_no_other_keyword(
    mirrored: SyncAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirrored.fill("a", "b", flags=("work",))
    mirrored.deliver("c", flags=("other",))

    def listed(folder: MaildirFolder, outline: Outline) -> Differing:
        found = scan_differing(folder, outline)
        folder.path.joinpath("dovecot-keywords").unlink(missing_ok=True)
        return found

    scan_differing = MaildirFolder.scan_differing
    monkeypatch.setattr(MaildirFolder, "scan_differing", listed)
    mirrored.sync()
    monkeypatch.undo()
    mirrored.sync()

    assert mirrored.there() == ["a work", "b work", "c other"]
    assert letters(mirrored.file("c")) == "b"


def test_a_letter_without_a_meaning_is_nobodys_keyword_and_stays(mirrored: SyncAccount) -> None:
    mirrored.fill("a", flags=("work",))
    mirrored.flag_here("a", "azX")

    commands = mirrored.said()

    assert "UID STORE" not in names_of(commands)
    assert letters(mirrored.file("a")) == "azX"
    mirrored.flag_there("a", "+home")
    mirrored.sync()
    assert letters(mirrored.file("a")) == "Xabz"


# -- more than there are letters -----------------------------------------------------------


def test_more_keywords_than_letters_lose_nothing_on_the_server(mirrored: SyncAccount) -> None:
    mirrored.fill("a", flags=MANY)
    assert len(keyword_names(mirrored.maildir / "INBOX")) == 26
    mirrored.flag_here("a", "S" + letters(mirrored.file("a")))

    mirrored.sync()

    assert mirrored.there() == [" ".join(["a", "\\Seen", *MANY])]
    assert mirrored.settled()


def test_keywords_without_a_letter_are_taken_away_and_added_there_all_the_same(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", flags=MANY)
    mirrored.flag_there("a", f"-{MANY[0]} {MANY[29]}")
    mirrored.flag_there("a", "+more")

    mirrored.sync()
    mirrored.flag_here("a", "F" + letters(mirrored.file("a")))
    mirrored.sync()

    assert mirrored.there() == [" ".join(["a", "\\Flagged", *MANY[1:29], "more"])]
    assert mirrored.settled()


def test_keywords_without_a_letter_go_along_with_a_move_on_either_side(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", "b", flags=MANY)
    mirrored.fill("c", "d", folder="Work")
    mirrored.move_here("a", "INBOX", "Work")
    mirrored.move_there("b", "INBOX", "Work")

    mirrored.sync()
    mirrored.flag_here("b", "F" + letters(mirrored.file("b", "Work")), "Work")
    mirrored.sync()

    wanted = [" ".join(["a", *MANY]), " ".join(["b", "\\Flagged", *MANY]), "c", "d"]
    assert mirrored.there("Work") == wanted
    assert mirrored.settled()


def test_a_keyword_that_has_a_letter_only_in_the_new_folder_survives_a_move_there(
    mirrored: SyncAccount,
) -> None:
    mirrored.fill("a", flags=MANY)
    mirrored.fill("b", folder="Work", flags=(MANY[-1],))
    mirrored.move_there("a", "INBOX", "Work")

    mirrored.sync()
    mirrored.sync()

    assert mirrored.there("Work") == [" ".join(["a", *MANY]), f"b {MANY[-1]}"]
    assert mirrored.settled()


# -- other programs on the same Maildir ----------------------------------------------------


@pytest.fixture
def shared(authority: Authority, configured: OpenAccount) -> Iterator[tuple[SyncAccount, Dovecot]]:
    """The account, and a Dovecot that serves its Maildir to somebody else."""
    with server_directory("shared") as directory:
        maildir = directory / "mail"
        location = f"maildir:{maildir}:LAYOUT=fs:INBOX={maildir}/INBOX"
        with running_dovecot(directory, authority, mail_location=location) as server:
            yield configured(maildir=maildir), server


def hand_over(mirrored: SyncAccount) -> None:
    """Let the Dovecot that serves the Maildir write to it."""
    ServerUser.current().own(mirrored.maildir)


def test_dovecot_shows_the_same_keywords_for_our_maildir(
    shared: tuple[SyncAccount, Dovecot],
) -> None:
    mirrored, other = shared
    mirrored.fill("a", flags=("work", "\\Seen"))
    mirrored.fill("b", flags=("$Label1", "home"))
    mirrored.fill("c", folder="Work", flags=("home",))
    hand_over(mirrored)

    seen = SyncAccount(mirrored.maildir, other, "u1")
    assert seen.there() == mirrored.there() == ["a \\Seen work", "b $Label1 home"]
    assert seen.there("Work") == mirrored.there("Work") == ["c home"]


def test_keywords_that_dovecot_changes_in_our_maildir_reach_the_server(
    shared: tuple[SyncAccount, Dovecot],
) -> None:
    mirrored, other = shared
    mirrored.fill("a", "b", flags=("work",))
    hand_over(mirrored)
    seen = SyncAccount(mirrored.maildir, other, "u1")
    seen.flag_there("a", "+later $Label2")
    seen.flag_there("b", "-work")

    mirrored.sync()

    assert mirrored.there() == seen.there() == ["a $Label2 later work", "b"]
    mirrored.flag_there("b", "+later mine")
    mirrored.sync()
    hand_over(mirrored)
    assert seen.there() == mirrored.there() == ["a $Label2 later work", "b later mine"]
    assert mirrored.settled()


def test_a_message_that_dovecot_moves_in_our_maildir_is_moved_there_with_its_keywords(
    shared: tuple[SyncAccount, Dovecot],
) -> None:
    mirrored, other = shared
    mirrored.fill("a", "b", flags=("work", "home"))
    mirrored.fill("c", folder="Work", flags=("home",))
    hand_over(mirrored)
    seen = SyncAccount(mirrored.maildir, other, "u1")
    seen.move_there("a", "INBOX", "Work")

    commands = mirrored.said()

    assert names_of(commands).count("UID MOVE") == 1
    assert "APPEND" not in names_of(commands)
    assert mirrored.there("Work") == seen.there("Work") == ["a home work", "c home"]
    assert mirrored.settled()


# -- letters of the folder that a file came from ---------------------------------------------


@pytest.fixture
def tagged(mirrored: SyncAccount) -> SyncAccount:
    """INBOX reads the letter `a` as work, Work reads it as $Label1; both are mirrored."""
    mirrored.fill("a", "b", flags=("work",))
    mirrored.fill("c", folder="Work", flags=("$Label1",))
    return mirrored


@pytest.mark.parametrize("options", [(), ("--push",)], ids=["both ways", "push"])
def test_a_file_moved_here_keeps_its_keywords_in_a_run_of_the_new_folder_alone(
    tagged: SyncAccount, options: tuple[str, ...]
) -> None:
    tagged.move_here("a", "INBOX", "Work")

    tagged.sync("Work", *options)

    assert tagged.there("Work") == ["a work", "c $Label1"]
    tagged.sync()
    assert tagged.here("Work") == tagged.there("Work") == ["a work", "c $Label1"]
    assert tagged.here() == tagged.there() == ["b work"]
    assert tagged.settled()


@pytest.mark.parametrize("options", [(), ("--push",)], ids=["both ways", "push"])
def test_a_file_moved_here_and_flagged_keeps_its_keywords_though_its_message_was_deleted_there(
    tagged: SyncAccount, options: tuple[str, ...]
) -> None:
    tagged.move_here("a", "INBOX", "Work")
    tagged.flag_here("a", "Fa", "Work")
    tagged.delete_there("a")

    tagged.sync(*options)

    tagged.sync()
    assert tagged.here("Work") == tagged.there("Work") == ["a \\Flagged work", "c $Label1"]
    assert tagged.here() == tagged.there() == ["b work"]
    assert tagged.settled()


def test_a_file_moved_to_the_same_folder_on_both_sides_keeps_its_keywords(
    tagged: SyncAccount,
) -> None:
    tagged.move_here("a", "INBOX", "Work")
    tagged.move_there("a", "INBOX", "Work")

    tagged.sync()

    assert tagged.here("Work") == tagged.there("Work") == ["a work", "c $Label1"]
    assert tagged.settled()


def test_letters_that_were_given_anew_in_the_new_folder_are_read_by_its_own_meaning(
    tagged: SyncAccount,
) -> None:
    named(tagged.maildir / "Work", "$Label1", "home")
    tagged.move_here("a", "INBOX", "Work")
    tagged.flag_here("a", "b", "Work")

    tagged.sync("Work")

    assert tagged.here("Work") == ["a home", "c $Label1"]
    # Work has no letter for work: that the file has none says nothing.
    assert tagged.there("Work") == ["a home work", "c $Label1"]


# -- a server that keeps none --------------------------------------------------------------


@pytest.fixture(scope="module")
def without_keywords(authority: Authority) -> Iterator[Dovecot]:
    """A server that keeps `\\Seen` and `\\Deleted` alone: PERMANENTFLAGS without `\\*`."""
    with server_directory("no-keywords") as directory:
        rights = directory / "rights"
        rights.write_text("* owner lrsteikxp\n", "ascii")
        extra = f"mail_plugins = acl\nplugin {{\n  acl = vfile:{rights}\n}}"
        plugins = ("acl", *PLUGINS)
        with running_dovecot(directory, authority, extra=extra, plugins=plugins) as server:
            yield server


def test_a_server_that_keeps_no_keywords_is_not_told_any_and_takes_none_away_here(
    configured: OpenAccount, without_keywords: Dovecot
) -> None:
    mirrored = configured(without_keywords)
    mirrored.fill("a", "b")
    named(mirrored.maildir / "INBOX", "work")
    mirrored.flag_here("a", "FSa")

    for sent in (1, 0):
        commands = mirrored.said()
        assert names_of(commands).count("UID STORE") == sent
        assert mirrored.there() == ["a \\Seen", "b"]
        assert mirrored.here() == ["a \\Flagged \\Seen work", "b"]


def test_a_server_that_keeps_no_keywords_costs_a_moved_message_none_here(
    configured: OpenAccount, without_keywords: Dovecot
) -> None:
    mirrored = configured(without_keywords)
    mirrored.fill("a", "b")
    mirrored.fill("c", folder="Work")
    named(mirrored.maildir / "INBOX", "work")
    mirrored.flag_here("a", "Fa")
    mirrored.sync()
    mirrored.move_there("a", "INBOX", "Work")

    mirrored.sync()

    assert mirrored.there("Work") == ["a", "c"]
    assert mirrored.here("Work") == ["a \\Flagged work", "c"]
    assert mirrored.settled()


def test_a_file_uploaded_to_a_server_that_keeps_no_keywords_comes_to_rest_with_all_its_flags(
    configured: OpenAccount, without_keywords: Dovecot
) -> None:
    mirrored = configured(without_keywords)
    mirrored.fill("b")
    named(mirrored.maildir / "INBOX", "work")
    put(mirrored.maildir / "INBOX", "1.a.host:2,FSa", b"Subject: a\n\n")

    assert done(mirrored.sync()) == {"INBOX": {"appended": 1}}

    for _ in range(2):
        assert mirrored.settled()
        assert mirrored.there() == ["a \\Seen", "b"]
        assert mirrored.here() == ["a \\Flagged \\Seen work", "b"]
